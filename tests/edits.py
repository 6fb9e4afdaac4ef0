"""Papers of ours that somebody wrote into: one place of one document at a time."""

import copy
import io
import re
import zipfile
from collections.abc import Iterable, Iterator

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
        root = copy.deepcopy(self.root)
        content = [*root.iter(f"{W}sdt")][self.places[tag]].find(f"{W}sdtContent")
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


def few(places: Iterable[str]) -> Iterator[str]:
    """All places, but of the rows of a list the first, the middle and the last."""
    rows: dict[str, list[str]] = {}
    for place in places:
        rows.setdefault(re.sub(r"/[0-9]+(?=/|$)", "/*", place), []).append(place)
    for same in rows.values():
        yield from dict.fromkeys((same[0], same[len(same) // 2], same[-1]))
