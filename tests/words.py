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


def body(document: bytes) -> str:
    """The body as it is read: without controls and bookmarks, each run as long as its look."""
    root = etree.fromstring(zipfile.ZipFile(io.BytesIO(without_controls(document))).read(BODY))
    for paragraph in list(root.iter(f"{W}p")):
        join_runs(paragraph)
    return etree.canonicalize(etree.tostring(root, encoding="unicode"))


def join_runs(paragraph) -> None:
    """Adjacent runs of one look as one, adjacent texts of a run as one, empty ones left out."""
    before = None
    for run in paragraph.findall(f"{W}r"):
        look = etree.tostring(run.find(f"{W}rPr")) if run.find(f"{W}rPr") is not None else b""
        if before is not None and run.getprevious() is before[0] and look == before[1]:
            before[0].extend(child for child in run if child.tag != f"{W}rPr")
            paragraph.remove(run)
        else:
            before = run, look
    for run in paragraph.findall(f"{W}r"):
        for text in run.findall(f"{W}t"):
            previous = text.getprevious()
            if previous is not None and previous.tag == f"{W}t":
                previous.text = (previous.text or "") + (text.text or "")
                run.remove(text)
        for text in run.findall(f"{W}t"):
            if not text.text:
                run.remove(text)
        if not len(run) or (len(run) == 1 and run[0].tag == f"{W}rPr"):
            paragraph.remove(run)
