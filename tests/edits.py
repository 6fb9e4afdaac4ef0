"""Papers of ours that somebody wrote into: one place of one document at a time."""

import copy
import io
import zipfile
from collections.abc import Mapping

from lxml import etree

from formsvc.documents.proof import carriage

BODY = "word/document.xml"
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


class Written:
    """A DOCX whose places can be written over, each time in a fresh copy."""

    def __init__(self, content: bytes) -> None:
        self.members = carriage.package(content)
        self.root = etree.fromstring(self.members[BODY])
        # A text of several paragraphs has a control for each: the last one is written into.
        self.places: dict[str, int] = {}
        for number, control in enumerate(self.root.iter(f"{W}sdt")):
            tag = control.find(f"{W}sdtPr/{W}tag").get(f"{W}val")
            if tag not in self.places or "".join(control.itertext(f"{W}t")).strip():
                self.places[tag] = number

    def ending(self, tag: str, end: str) -> bytes:
        """The document with another last character in the place of this tag, or its first one."""
        return self.endings({tag: end})

    def endings(self, ends: Mapping[str, str]) -> bytes:
        """The same of several places."""
        root = copy.deepcopy(self.root)
        controls = [*root.iter(f"{W}sdt")]
        for tag, end in ends.items():
            content = controls[self.places[tag]].find(f"{W}sdtContent")
            texts = [node for node in content.iter(f"{W}t") if (node.text or "").strip()]
            if texts:
                texts[-1].text = texts[-1].text.rstrip()[:-1] + end
            else:
                etree.SubElement(next(content.iter(f"{W}r")), f"{W}t").text = end
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as package:  # not compressed: it is read at once
            for name, member in {**self.members, BODY: etree.tostring(root)}.items():
                package.writestr(name, member)
        return packed.getvalue()
