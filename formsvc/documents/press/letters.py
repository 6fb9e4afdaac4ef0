"""A letter: a filled DOCX of plain paragraphs and tables, drawn as PDF from what it says of itself.

The one source of a letter is its DOCX, which clerks edit; fonts, sizes, distances and indents are
read from it. Lengths are points. ISO/IEC 29500-1, 17.3 and 17.4. TemplateError for what a letter
does not have: pictures, text boxes, cells merged downwards.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import docx
from docx.document import Document
from docx.oxml.ns import qn

from formsvc.documents.press.fonts import BODY, Fonts, role
from formsvc.documents.press.typesetter import Typesetter
from formsvc.errors import TemplateError

_TWIPS: Final = 20.0
_STROKE: Final = 0.5
_LEADING: Final = 1.3  # where a paragraph does not say how far its lines are apart
_FIELDS: Final = {"PAGE": "page", "NUMPAGES": "pages"}
_FOREIGN: Final = tuple(map(qn, ("w:drawing", "w:pict", "w:object", "w:vMerge")))


def draw(package: bytes, title: str, setter: Typesetter) -> bytes:
    """The letter as PDF/A-3a and PDF/UA-1, the same bytes for the same letter."""
    return setter.letter(_job(docx.Document(io.BytesIO(package)), title, setter.fonts))


def _job(letter: Document, title: str, fonts: Fonts) -> dict[str, Any]:
    if any(next(letter.element.body.iter(name), None) is not None for name in _FOREIGN):
        raise TemplateError(
            "a letter with pictures, text boxes or merged cells is drawn in Word only"
        )
    reader = _Reader(letter, fonts)
    section = letter.sections[0]
    pages = (section.page_width, section.page_height, section.left_margin, section.right_margin,
             section.top_margin, section.bottom_margin)  # fmt: skip
    width, height, left, right, top, bottom = (length.pt if length else 0.0 for length in pages)
    foot = [reader.paragraph(each._p) for each in section.footer.paragraphs]
    return {
        "title": fonts.showable(title),
        "width": width, "height": height,
        "left": left, "right": right, "top": top, "bottom": bottom,
        "foot": foot, "foot_at": section.footer_distance.pt if section.footer_distance else 0.0,
        "blocks": list(reader.blocks(letter.element.body)),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Reader:
    letter: Document
    fonts: Fonts

    def blocks(self, parent: Any) -> Iterator[dict[str, Any]]:
        """The paragraphs and tables of a body or cell. The first paragraph, when it is centred, is
        the heading of all; what is kept with a table or text after it, and not set as text, heads
        that."""
        base = None
        for number, element in enumerate(parent.iterchildren(qn("w:p"), qn("w:tbl"))):
            if element.tag == qn("w:tbl"):
                yield self.table(element)
                continue
            block = self.paragraph(element)
            font = block["runs"][0]["font"] if block["runs"] else BODY
            if number == 0 and block["align"] == "center":
                block["heading"] = 1
            elif block["runs"] and _is_on(element.pPr, "w:keepNext") and font not in (BODY, base):
                block["heading"] = 2
            yield block

    def table(self, element: Any) -> dict[str, Any]:
        grid = element.find(qn("w:tblGrid"))
        rows = list(element.iterchildren(qn("w:tr")))
        heads = [row for row in rows if _is_on(row.find(qn("w:trPr")), "w:tblHeader")]
        return {
            "columns": [_twips(column, "w:w") for column in grid],
            "heads": len(heads),
            "stroke": _STROKE,
            "rows": [[self._cell(cell) for cell in row.iterchildren(qn("w:tc"))] for row in rows],
        }

    def _cell(self, cell: Any) -> dict[str, Any]:
        properties = cell.find(qn("w:tcPr"))
        span = properties.find(qn("w:gridSpan")) if properties is not None else None
        return {
            "columns": 1 if span is None else int(span.get(qn("w:val"))),
            "blocks": [self.paragraph(each) for each in cell.iterchildren(qn("w:p"))],
        }

    def paragraph(self, element: Any) -> dict[str, Any]:
        properties = element.pPr
        spacing = None if properties is None else properties.find(qn("w:spacing"))
        indent = None if properties is None else properties.find(qn("w:ind"))
        align = None if properties is None else properties.find(qn("w:jc"))
        runs = list(self._runs(element))
        size = max((run["size"] for run in runs), default=self._size(None))
        exact = spacing is not None and spacing.get(qn("w:lineRule")) in ("exact", "atLeast")
        return {
            "runs": runs,
            "size": size,
            "pitch": max(_twips(spacing, "w:line") if exact else _LEADING * size, size),
            "before": _twips(spacing, "w:before"),
            "after": _twips(spacing, "w:after"),
            "first": _twips(indent, "w:firstLine"),
            "left": _twips(indent, "w:left"),
            "right": _twips(indent, "w:right"),
            "align": {"center": "center", "right": "right", "end": "right"}.get(
                align.get(qn("w:val")) if align is not None else "", "left"
            ),
            "justify": align is not None and align.get(qn("w:val")) == "both",
            "keep": _is_on(properties, "w:keepNext"),
        }

    def _runs(self, paragraph: Any) -> Iterator[dict[str, Any]]:
        """Runs of one kind each; a field of page numbers is a run without a text of its own."""
        field, is_result = "", False
        for run in paragraph.iter(qn("w:r")):
            properties = run.find(qn("w:rPr"))
            style = {
                "font": self._font(properties),
                "size": self._size(properties),
                "bold": _is_on(properties, "w:b"),
                "color": self._color(properties),
            }
            text = ""
            for part in run:
                if part.tag == qn("w:fldChar"):
                    kind = part.get(qn("w:fldCharType"))
                    is_result = kind == "separate"
                    if kind == "end" and field in _FIELDS:
                        yield {**style, "text": "", "field": _FIELDS[field]}
                    field = "" if kind == "end" else field
                elif part.tag == qn("w:instrText"):
                    field = (part.text or "").split()[0] if (part.text or "").split() else ""
                elif part.tag == qn("w:t") and not (is_result and field in _FIELDS):
                    text += part.text or ""
                elif part.tag == qn("w:tab"):
                    text += "\u3000"
                elif part.tag == qn("w:br"):
                    text += "\n"
            if text:
                yield {**style, "text": self.fonts.showable(text)}

    def _font(self, properties: Any) -> str:
        fonts = None if properties is None else properties.find(qn("w:rFonts"))
        name = None if fonts is None else fonts.get(qn("w:eastAsia")) or fonts.get(qn("w:ascii"))
        return role(name or self._normal("w:rFonts", "w:eastAsia") or BODY)

    def _size(self, properties: Any) -> float:
        size = None if properties is None else properties.find(qn("w:sz"))
        return int(size.get(qn("w:val")) if size is not None
                   else self._normal("w:sz", "w:val") or 21) / 2  # fmt: skip

    def _color(self, properties: Any) -> str:
        color = None if properties is None else properties.find(qn("w:color"))
        value = "000000" if color is None else color.get(qn("w:val"))
        return "000000" if value == "auto" else value

    def _normal(self, tag: str, attribute: str) -> str | None:
        """What the normal style says."""
        found = self.letter.styles["Normal"].element.find(f"{qn('w:rPr')}/{qn(tag)}")
        return None if found is None else found.get(qn(attribute))


def _twips(element: Any, attribute: str) -> float:
    return float((None if element is None else element.get(qn(attribute))) or 0) / _TWIPS


def _is_on(properties: Any, tag: str) -> bool:
    found = None if properties is None else properties.find(qn(tag))
    return found is not None and found.get(qn("w:val")) not in ("0", "false", "off")
