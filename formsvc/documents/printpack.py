"""Many filled documents, in several copies, as one PDF for the printer.

Lengths are points (1 pt = 1/72 in).
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

import pikepdf

from formsvc.documents.fonts import FontSet
from formsvc.documents.pdfwriter import EmbeddedFonts, PdfWriter
from formsvc.documents.typesetting import Layout, Typesetter

_LABEL_SIZE = 8.0
# From the page's upper left corner; the proof code is at the right.
_LABEL_LEFT, _LABEL_TOP = 36.0, 24.0
_LABEL_NAME = pikepdf.Name("/FormsvcCopy")


@dataclass(frozen=True, slots=True)
class Printed:
    """A filled document and the bookmark that leads to it."""

    title: str
    pdf: bytes


def pack(
    documents: Iterable[Printed],
    fonts: FontSet,
    *,
    title: str,
    copies: int = 1,
    duplex: bool = False,
) -> bytes:
    """Merge documents, each ``copies`` times (一式几份), with a bookmark for each.

    Copies are numbered at the page edge when there are several.  With ``duplex`` each copy is
    padded to whole sheets, so that the next one starts on a front side.  What the documents carry
    stays attached, named with their number.
    """
    target = pikepdf.new()
    labels = _labels(target, fonts, copies) if copies > 1 else []
    marks = []
    for number, document in enumerate(documents, 1):
        mark = pikepdf.OutlineItem(document.title, len(target.pages))
        with pikepdf.open(io.BytesIO(document.pdf)) as source:
            starts = [_append(target, source, duplex) for _ in range(copies)]
            count = len(source.pages)
            _attach(target, source, number)
        for (text, label), start in zip(labels, starts, strict=False):
            for page in target.pages[start : start + count]:
                _stamp(target, page, label)
            mark.children.append(pikepdf.OutlineItem(text, start))
        marks.append(mark)
    with target.open_outline() as outline:
        outline.root.extend(marks)
    target.docinfo["/Title"] = title
    target.Root.Lang = pikepdf.String("zh-CN")
    stream = io.BytesIO()
    target.save(stream, deterministic_id=True, min_version="1.7")
    return stream.getvalue()


def _label(copy: int, copies: int) -> str:
    return f"第 {copy} 份 / 共 {copies} 份"


def _append(target: pikepdf.Pdf, source: pikepdf.Pdf, duplex: bool) -> int:
    """Append one copy, and a blank page if it ends on a front side; returns where it starts."""
    start = len(target.pages)
    for page in source.pages:
        target.pages.append(page)
    if duplex and len(target.pages) % 2:
        left, bottom, right, top = _edges(target.pages[-1])
        target.add_blank_page(page_size=(right - left, top - bottom))
    return start


def _attach(target: pikepdf.Pdf, source: pikepdf.Pdf, number: int) -> None:
    for name, file in source.attachments.items():
        numbered = f"{number}-{name}"
        copied = pikepdf.AttachedFileSpec(
            target,
            file.get_file().read_bytes(),
            description=file.description,
            filename=numbered,
            mime_type=file.get_file().mime_type,
            creation_date="",
            mod_date="",
        )
        target.attachments[numbered] = copied


def _stamp(target: pikepdf.Pdf, page: pikepdf.Page, label: pikepdf.Object) -> None:
    """Print a copy's number on a page; what the page shares with other copies stays as it is."""
    resources = dict(page.obj.Resources.items())
    forms = dict(resources["/XObject"].items()) if "/XObject" in resources else {}
    resources["/XObject"] = pikepdf.Dictionary({**forms, str(_LABEL_NAME): label})
    page.obj.Resources = pikepdf.Dictionary(resources)
    left, _, _, top = _edges(page)
    place = f"q 1 0 0 1 {left + _LABEL_LEFT:.2f} {top - _LABEL_TOP:.2f} cm {_LABEL_NAME} Do Q"
    page.contents_add(target.make_stream(place.encode("ascii")))


def _edges(page: pikepdf.Page) -> tuple[float, float, float, float]:
    left, bottom, right, top = (float(edge) for edge in page.mediabox.as_list())
    return left, bottom, right, top


def _labels(target: pikepdf.Pdf, fonts: FontSet, copies: int) -> list[tuple[str, pikepdf.Object]]:
    """For each copy its number, as text and as a Form XObject that starts at the origin."""
    setter, embedded, writer = Typesetter(fonts), EmbeddedFonts(fonts), PdfWriter()
    contents, widths = [], []
    for copy in range(1, copies + 1):
        text = _label(copy, copies)
        line = setter.line(text, 0.0, 0.0, _LABEL_SIZE)
        widths.append(setter.width(text, _LABEL_SIZE))
        contents.append(
            writer.stream(embedded.show(Layout(_LABEL_SIZE, (line,)), 0.0, 0.0).encode("ascii"))
        )
    resources = embedded.write(writer)
    tree = writer.reserve()
    pages = [
        writer.add(
            f"<</Type/Page/Parent {tree} 0 R/Contents {content} 0 R"
            f"/MediaBox[0 {-_LABEL_SIZE} {width:.2f} {_LABEL_SIZE}]"
            f"/Resources<</Font<<{resources}>>>>>>"
        )
        for content, width in zip(contents, widths, strict=True)
    ]
    kids = " ".join(f"{page} 0 R" for page in pages)
    writer.add(f"<</Type/Pages/Count {copies}/Kids[{kids}]>>", tree)
    root, info = writer.add(f"<</Type/Catalog/Pages {tree} 0 R>>"), writer.add("<<>>")
    with pikepdf.open(io.BytesIO(writer.finish(root, info))) as source:
        return [
            (_label(copy, copies), target.copy_foreign(page.as_form_xobject()))
            for copy, page in enumerate(source.pages, 1)
        ]
