"""Word documents as programs see them that know no content controls."""

import io
import zipfile

from lxml import etree

BODY = "word/document.xml"
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def without_controls(document: bytes) -> bytes:
    """A DOCX with the content of its controls in their place, and without bookmarks."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as package, zipfile.ZipFile(target, "w") as plain:
        for name in package.namelist():
            content = package.read(name)
            plain.writestr(name, unwrapped(content) if name == BODY else content)
    return target.getvalue()


def unwrapped(part: bytes) -> bytes:
    root = etree.fromstring(part)
    for control in list(root.iter(f"{W}sdt")):
        for node in control.find(f"{W}sdtContent"):
            control.addprevious(node)
        control.getparent().remove(control)
    for mark in list(root.iter(f"{W}bookmarkStart", f"{W}bookmarkEnd")):
        mark.getparent().remove(mark)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
