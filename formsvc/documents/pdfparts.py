"""Parts of a PDF that are not text in a box: catalogue, metadata, attachment, proof code."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from xml.sax.saxutils import escape

from formsvc.documents.pdftemplate import Rect
from formsvc.documents.pdfwriter import PdfWriter, number, text_string

PRODUCER = "formsvc"
_QUIET = 2  # modules kept clear around a QR code inside its rectangle
_DARK = re.compile(rb"[^\0]+")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file carried by the document: its submission as data."""

    name: str
    media_type: str
    data: bytes
    description: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """What proves a page: one line of text, and the same as QR modules (true is dark)."""

    text: str
    modules: Sequence[bytes]


def catalogue(
    writer: PdfWriter,
    root: int,
    pages: int,
    metadata: int,
    attachment: Attachment | None,
    signatures: Sequence[int],
) -> None:
    """Write the document catalogue as object ``root``."""
    entries = [
        f"/Type/Catalog/Pages {pages} 0 R/Metadata {metadata} 0 R/Lang(zh-CN)"
        "/ViewerPreferences<</DisplayDocTitle true>>"
    ]
    if attachment:
        file = _attach(writer, attachment)
        name = text_string(attachment.name)
        entries.append(f"/Names<</EmbeddedFiles<</Names[{name} {file} 0 R]>>>>/AF[{file} 0 R]")
    if signatures:
        entries.append(f"/AcroForm<</Fields[{' '.join(f'{key} 0 R' for key in signatures)}]>>")
    writer.add(f"<<{''.join(entries)}>>", root)


def _attach(writer: PdfWriter, attachment: Attachment) -> int:
    data = attachment.data
    kind = "".join(
        char if char.isalnum() or char in ".-" else f"#{ord(char):02X}"
        for char in attachment.media_type
    )
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    stream = writer.stream(
        data, f"/Type/EmbeddedFile/Subtype/{kind}/Params<</Size {len(data)}/CheckSum<{digest}>>>"
    )
    name = text_string(attachment.name)
    return writer.add(
        f"<</Type/Filespec/F{name}/UF{name}/Desc{text_string(attachment.description)}"
        f"/AFRelationship/Data/EF<</F {stream} 0 R/UF {stream} 0 R>>>>"
    )


def information(writer: PdfWriter, title: str, author: str) -> tuple[int, int]:
    """Write the Info dictionary and the same as XMP; returns both numbers. No dates: no clock."""
    info = writer.add(
        f"<</Title{text_string(title)}/Author{text_string(author)}/Producer({PRODUCER})>>"
    )
    packet = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:pdf="http://ns.adobe.com/pdf/1.3/">'
        "<dc:format>application/pdf</dc:format>"
        "<dc:language><rdf:Bag><rdf:li>zh-CN</rdf:li></rdf:Bag></dc:language>"
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt>'
        f"</dc:title><dc:creator><rdf:Seq><rdf:li>{escape(author)}</rdf:li></rdf:Seq></dc:creator>"
        f"<pdf:Producer>{PRODUCER}</pdf:Producer>"
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    )
    metadata = writer.stream(packet.encode("utf-8"), "/Type/Metadata/Subtype/XML", compress=False)
    return info, metadata


def code_places(rect: Rect, at_right: bool) -> tuple[Rect, Rect]:
    """The QR code's square and the text's box: beside it in a wide rectangle, else below."""
    if rect.width >= 2 * rect.height:
        edge = rect.right - rect.height if at_right else rect.left + rect.height
        first = Rect(rect.left, rect.bottom, edge, rect.top)
        second = Rect(edge, rect.bottom, rect.right, rect.top)
        return (second, first) if at_right else (first, second)
    side = min(rect.width, rect.height - 10)
    left = (rect.left + rect.right - side) / 2
    square = Rect(left, rect.top - side, left + side, rect.top)
    return square, Rect(rect.left, rect.bottom, rect.right, rect.top - side)


def draw_code(modules: Sequence[bytes], square: Rect) -> str:
    """Path operators for a QR code: one rectangle for each run of dark modules."""
    scale = square.width / (len(modules) + 2 * _QUIET)
    rows = "".join([_draw_row(bytes(line)) for line in modules])
    corner = f"{number(square.left)} {number(square.top)}"
    return f"q {scale:.4f} 0 0 {scale:.4f} {corner} cm 1 0 0 1 {_QUIET} -{_QUIET} cm\n{rows}Q\n"


def _draw_row(row: bytes) -> str:
    """Go down one module and fill the dark runs there."""
    rectangles = "".join([_rectangle(run.span()) for run in _DARK.finditer(row)])
    return f"1 0 0 1 0 -1 cm {rectangles}f\n" if rectangles else "1 0 0 1 0 -1 cm\n"


@cache
def _rectangle(span: tuple[int, int]) -> str:
    start, end = span
    return f"{start} 0 {end - start} 1 re "
