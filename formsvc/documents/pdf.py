"""Fill a PDF template: text set into its fields, flattened, with embedded subset fonts.

A template is taken apart once; a fill lays the texts out and writes a new file around the
template's ready objects.  The same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from formsvc.documents import pdftemplate
from formsvc.documents.fonts import FontSet
from formsvc.documents.pdfcomposition import Composer, Composition, Problem, Sheet
from formsvc.documents.pdfparts import (
    Attachment,
    Code,
    catalogue,
    code_places,
    draw_code,
    information,
)
from formsvc.documents.pdftemplate import CODE_FIELD, PAGE_FIELD, Page, box_array
from formsvc.documents.pdfwriter import EmbeddedFonts, PdfWriter, number, text_string
from formsvc.documents.printpack import Printed, pack
from formsvc.documents.textstyle import Align
from formsvc.documents.typesetting import Layout, Typesetter
from formsvc.errors import FormsvcError, TemplateError

__all__ = [
    "Attachment",
    "Code",
    "PdfTemplate",
    "Printed",
    "Problem",
    "UnprintableError",
    "pack",
]

CodeFor = Callable[[int, int], Code]

_DRAFT, _DRAFT_SIZE, _DRAFT_GREY = "草稿", 170.0, 0.9
_DIAGONAL = 0.7071
_CODE_FLOOR = 4.5


class UnprintableError(FormsvcError):
    """``fill`` prints a text whole or not at all; ``problems`` says what stands in the way."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(", ".join(problem.field for problem in problems))
        self.problems = tuple(problems)


class PdfTemplate:
    """A fillable PDF, prepared. Safe to share by threads.

    ``overflow`` maps fields that may go on with a 附页 to their labels; ``optional`` maps page
    indexes to the pointer without whose values the page is left out; ``count`` counts 字;
    ``names`` maps an office's own field names to pointers.  Raises ``TemplateError``.
    """

    def __init__(
        self,
        path: Path,
        fonts: FontSet,
        overflow: Mapping[str, str] | None = None,
        *,
        optional: Mapping[int, str] | None = None,
        count: Callable[[str], int] = len,
        names: Mapping[str, str] | None = None,
    ) -> None:
        self.path = path
        self._parts = pdftemplate.load(path, names)
        self._fonts = fonts
        self._composer = Composer(self.pages, fonts, overflow or {}, optional or {}, count)
        self._require(overflow or {})

    @property
    def pages(self) -> tuple[Page, ...]:
        """The template's pages with their fields."""
        return self._parts.pages

    @property
    def field_names(self) -> frozenset[str]:
        """All fields that take a value."""
        names = {field.name for page in self.pages for field in page.fields}
        return frozenset(names - {PAGE_FIELD, CODE_FIELD})

    def problems(self, values: Mapping[str, str]) -> tuple[Problem, ...]:
        """What of these values could not be printed."""
        return self._compose(values, "").problems

    def fill(
        self,
        values: Mapping[str, str],
        *,
        title: str,
        author: str,
        owner: str = "",
        draft: bool = False,
        code: CodeFor | None = None,
        attachment: Attachment | None = None,
        signature_fields: bool = False,
    ) -> bytes:
        """A flat PDF with ``values`` (field → text, "\\n" between paragraphs) in its fields.

        ``owner`` heads extra sheets; ``code`` gives the proof code of page n of N.
        Raises ``UnprintableError`` when a text does not fit or has characters without a glyph, and
        ``TemplateError`` when a value has no field.
        """
        composition = self._compose(values, owner)
        if composition.problems:
            raise UnprintableError(composition.problems)
        sheets = composition.sheets
        writer = PdfWriter(self._parts.prefix, self._parts.offsets)
        painter = _Painter(self._composer.setter, EmbeddedFonts(self._fonts), draft, code)
        contents = [
            writer.stream(painter.paint(sheet, index, len(sheets)).encode("ascii"))
            for index, sheet in enumerate(sheets, 1)
        ]
        resources = f"/Font<<{painter.fonts.write(writer)}>>"
        root, tree = writer.reserve(), writer.reserve()
        pages, signatures = [], []
        for sheet, content in zip(sheets, contents, strict=True):
            page = writer.reserve()
            signing = _write_signatures(writer, sheet, page) if signature_fields else []
            _write_page(
                writer,
                page,
                sheet,
                f"/Parent {tree} 0 R/Contents {content} 0 R",
                resources,
                signing,
            )
            pages.append(page)
            signatures.extend(signing)
        writer.add(f"<</Type/Pages/Count {len(pages)}/Kids[{_references(pages)}]>>", tree)
        info, metadata = information(writer, title, author)
        catalogue(writer, root, tree, metadata, attachment, signatures)
        return writer.finish(root, info)

    def _compose(self, values: Mapping[str, str], owner: str) -> Composition:
        self._require(values)
        return self._composer.compose(values, owner)

    def _require(self, names: Mapping[str, str]) -> None:
        unknown = sorted(set(names) - self.field_names)
        if unknown:
            raise TemplateError(f"{self.path}: no field {', '.join(unknown)}")


class _Painter:
    """Content streams of one document's pages."""

    def __init__(
        self, setter: Typesetter, fonts: EmbeddedFonts, draft: bool, code: CodeFor | None
    ) -> None:
        self._setter = setter
        self.fonts = fonts
        self._draft = draft
        self._code = code

    def paint(self, sheet: Sheet, index: int, count: int) -> str:
        """Watermark, the template's page, values, page number and proof code, in this order."""
        parts = [self._watermark(sheet.page)] if self._draft else []
        if not sheet.is_extra:
            parts.append("q /P Do Q\n")
        parts.extend(self.fonts.show(placed.layout, placed.x, placed.y) for placed in sheet.texts)
        parts.append(self._page_number(sheet.page, index, count))
        if self._code:
            parts.append(self._proof(sheet.page, self._code(index, count)))
        return "".join(parts)

    def _watermark(self, page: Page) -> str:
        left, bottom, right, top = page.box
        line = self._setter.line(_DRAFT, 0.0, -_DRAFT_SIZE / 3, _DRAFT_SIZE, Align.CENTRE)
        turn = f"{_DIAGONAL} {_DIAGONAL} -{_DIAGONAL} {_DIAGONAL}"
        middle = f"{number((left + right) / 2)} {number((bottom + top) / 2)}"
        text = self.fonts.show(Layout(_DRAFT_SIZE, (line,)), 0.0, 0.0)
        return f"q {_DRAFT_GREY} g {turn} {middle} cm\n{text}Q\n"

    def _page_number(self, page: Page, index: int, count: int) -> str:
        field = page.reserved(PAGE_FIELD)
        if field is None:
            return ""
        rect = field.rect
        text = f"第 {index} 页 共 {count} 页"
        layout = self._setter.layout(text, rect.width, rect.height, field.style)
        return self.fonts.show(layout, rect.left, rect.bottom)

    def _proof(self, page: Page, code: Code) -> str:
        field = page.reserved(CODE_FIELD)
        if field is None:
            return ""
        square, line = code_places(field.rect, field.style.align is Align.RIGHT)
        style = replace(field.style, cell_floor=_CODE_FLOOR)
        layout = self._setter.layout(code.text, line.width, line.height, style)
        return draw_code(code.modules, square) + self.fonts.show(layout, line.left, line.bottom)


def _write_page(
    writer: PdfWriter, page: int, sheet: Sheet, links: str, fonts: str, signatures: Sequence[int]
) -> None:
    template = sheet.page
    content = "" if sheet.is_extra else f"/XObject<</P {template.content} 0 R>>"
    entries = [
        f"<</Type/Page{links}/MediaBox{box_array(template.box)}/Resources<<{fonts}{content}>>"
    ]
    if signatures:
        entries.append(f"/Annots[{_references(signatures)}]")
    writer.add("".join((*entries, ">>")), page)


def _write_signatures(writer: PdfWriter, sheet: Sheet, page: int) -> list[int]:
    if sheet.is_extra:
        return []
    return [
        writer.add(
            f"<</Type/Annot/Subtype/Widget/FT/Sig/T{text_string(field.name)}/F 4/P {page} 0 R"
            f"/Rect{box_array((r.left, r.bottom, r.right, r.top))}>>"
        )
        for field in sheet.page.signatures
        for r in (field.rect,)
    ]


def _references(numbers: Sequence[int]) -> str:
    return " ".join([f"{number} 0 R" for number in numbers])
