"""A drawn page as ruling lines and characters, and the field rectangle around a character.

Lengths are points (1 pt = 1/72 in), y grows upwards.
"""

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from formsvc.documents.authoring.wordstyles import Placement

TYPED: Final = 2.0  # what viewers, and formsvc, keep clear inside a field, left and right
CLEAR: Final = 1.0  # from a ruling line's middle to a field
_BETWEEN: Final = 0.25  # from one line's field to the middle between lines
_RULE: Final = 3.0  # thicker is a box, not a line
_LONGEST_NAME: Final = 128
_EM_MIDDLE: Final = 0.38  # above the baseline: (0.88 − 0.12) / 2


Rule = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """Left, bottom, right, top."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def centre(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in it."""
        return self.left <= x <= self.right and self.bottom <= y <= self.top

    def overlaps(self, other: "Box") -> bool:
        return (
            min(self.right, other.right) - max(self.left, other.left) > 0.1
            and min(self.top, other.top) - max(self.bottom, other.bottom) > 0.1
        )


@dataclass(frozen=True, slots=True)
class Char:
    """`face` is the PostScript name of the font that drew it, `colour` as 0xRRGGBB."""

    text: str
    box: Box
    baseline: float
    size: float = 0.0
    face: str = ""
    colour: int = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """What LibreOffice drew: ruling lines as (place, from, to), and characters.

    `strokes` gives the thickness of every ruling line.
    """

    width: float
    height: float
    across: tuple[Rule, ...]
    down: tuple[Rule, ...]
    chars: tuple[Char, ...]
    strokes: Mapping[Rule, float]


def measured(raw: bytes) -> list[Drawn]:
    """What a PDF draws, page by page."""
    document = pypdfium2.PdfDocument(raw)
    try:
        return [_measure(page) for page in document]
    finally:
        document.close()


def _measure(page: Any) -> Drawn:
    across, down, strokes = [], [], {}
    for item in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_PATH]):
        left, bottom, right, top = item.get_bounds()
        if top - bottom < _RULE < right - left:
            across.append(((bottom + top) / 2, left, right))
            strokes[across[-1]] = _stroke(item)
        elif right - left < _RULE < top - bottom:
            down.append(((left + right) / 2, bottom, top))
            strokes[down[-1]] = _stroke(item)
    text = page.get_textpage()
    chars = tuple(_char(text, index) for index in range(text.count_chars()))
    seen = tuple(char for char in chars if char.text.strip())
    width, height = page.get_size()
    return Drawn(width, height, tuple(across), tuple(down), seen, strokes)


def _stroke(item: Any) -> float:
    width = ctypes.c_float()
    pdfium.FPDFPageObj_GetStrokeWidth(item.raw, width)
    return round(width.value, 2)


def _char(text: Any, index: int) -> Char:
    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(text, index, x, y)
    code = pdfium.FPDFText_GetUnicode(text, index)
    _, bottom, _, top = text.get_charbox(index)
    left, _, right, _ = text.get_charbox(index, loose=True)
    size = round(pdfium.FPDFText_GetFontSize(text, index), 2)
    box = Box(left, bottom, right, top)
    return Char(chr(code), box, y.value, size, _face(text, index), _colour(text, index))


def _colour(text: Any, index: int) -> int:
    red, green, blue, _ = parts = [ctypes.c_uint() for _ in range(4)]
    pdfium.FPDFText_GetFillColor(text, index, *parts)
    return red.value << 16 | green.value << 8 | blue.value


def _face(text: Any, index: int) -> str:
    name, flags = ctypes.create_string_buffer(_LONGEST_NAME), ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(text, index, name, _LONGEST_NAME, flags)
    return name.value.decode("utf-8", "replace")


def beside(label: str, page: Drawn) -> tuple[Box, Char] | None:
    """The place to the right of a label, in its cell or, if it is alone there, in the next; and
    the label's first character.

    As high as the cell, for a seal is put over what stands there; but below what comes before
    the label. None when no line of the page begins with the label in a cell.
    """
    text, at = "".join(char.text for char in page.chars), -1
    while (at := text.find(label, at + 1)) >= 0:
        chars = page.chars[at : at + len(label)]
        if at and _adjoins(page.chars[at - 1], chars[0]):
            continue
        x, y = chars[0].box.left, (chars[0].box.top + chars[-1].box.bottom) / 2
        cell = _box_at(x, y, page)
        if cell is None:
            continue
        inside = [char for char in page.chars if _within(cell, char)]
        left, is_first = max(char.box.right for char in chars), inside[0] == chars[0]
        if len(inside) == len(chars):
            left = cell.right
            cell = _box_at(left + CLEAR, y, page)
        if cell is not None:
            place = Box(left + CLEAR, cell.bottom + CLEAR, cell.right - CLEAR, cell.top - CLEAR)
            return place if is_first else _free(place, y, page), chars[0]
    return None


def _adjoins(one: Char, other: Char) -> bool:
    return abs(one.baseline - other.baseline) < _RULE and other.box.left - one.box.right < _RULE


def _within(cell: Box, char: Char) -> bool:
    return cell.left < char.box.left < cell.right and cell.bottom < char.baseline < cell.top


def _free(box: Box, y: float, page: Drawn) -> Box:
    """What of a box, at the height `y`, is clear of text above and below."""
    near = [char.box for char in page.chars if box.overlaps(char.box)]
    bottom = max([box.bottom, *(other.top for other in near if other.top < y)])
    top = min([box.top, *(other.bottom for other in near if other.bottom > y)])
    return Box(box.left, bottom, box.right, top)


def rectangle(placement: Placement, char: Char, page: Drawn, block: bool) -> Box:
    """The cell around a token if it stands there alone, else the rest of its line."""
    cell = _inside(_cell(placement, char, page), placement)
    if placement.is_alone:
        return cell
    middle = char.baseline + _EM_MIDDLE * placement.size
    bottom, top = _line(placement, middle, [
        other.baseline + _EM_MIDDLE * placement.size
        for other in page.chars
        if cell.left < other.box.left < cell.right
    ])  # fmt: skip
    if placement.in_cell:
        bottom, top = max(bottom, cell.bottom), min(top, cell.top)
    right = cell.right
    for other in page.chars:
        if other.box.left >= char.box.right and bottom < other.baseline < top:
            right = min(right, other.box.left - CLEAR)
    left = max(cell.left, char.box.left - TYPED) if placement.follows_text else cell.left
    if block:
        below = [
            other.box.top for other in page.chars
            if cell.left < other.box.left < cell.right and cell.bottom < other.box.top < bottom
        ]  # fmt: skip
        bottom = max([cell.bottom, *below])
    return Box(left, bottom, right, top)


def _line(placement: Placement, middle: float, others: list[float]) -> tuple[float, float]:
    """Bottom and top of a line, halfway to the lines around it but not higher than its pitch."""
    near = placement.size / 2
    above = min((y for y in others if y > middle + near), default=middle + placement.pitch)
    below = max((y for y in others if y < middle - near), default=middle - placement.pitch)
    pitch = placement.pitch
    return (
        middle - min(pitch, middle - below) / 2 + _BETWEEN,
        middle + min(pitch, above - middle) / 2 - _BETWEEN,
    )


def _cell(placement: Placement, char: Char, page: Drawn) -> Box:
    """The ruling lines around a token; where there are none, the sizes that the DOCX gives."""
    x, y = char.box.centre
    if not placement.in_cell:
        half = placement.pitch / 2
        middle = char.baseline + _EM_MIDDLE * placement.size
        before, after = placement.page_margins
        return Box(before, middle - half, page.width - after, middle + half)
    if ruled := _box_at(x, y, page):
        return ruled
    _, bottom, _, top = _ruled(x, y, page)
    left, right = _open_sides(placement, char, x)
    height = max(placement.row_height, placement.pitch)
    if bottom is None or y - bottom > height + CLEAR:
        bottom = (top - height) if top is not None else y - height / 2
    if top is None or top - bottom > height + CLEAR:
        top = bottom + height
    return Box(left, bottom, right, top)


def _box_at(x: float, y: float, page: Drawn) -> Box | None:
    left, bottom, right, top = _ruled(x, y, page)
    if left is None or bottom is None or right is None or top is None:
        return None
    return Box(left, bottom, right, top)


def _ruled(x: float, y: float, page: Drawn) -> tuple[float | None, ...]:
    """Left, bottom, right, top: the ruling lines around a point."""
    columns = [place for place, start, end in page.down if start <= y <= end]
    rows = [place for place, start, end in page.across if start <= x <= end]
    return (
        max((place for place in columns if place < x), default=None),
        max((place for place in rows if place < y), default=None),
        min((place for place in columns if place > x), default=None),
        min((place for place in rows if place > y), default=None),
    )


def _open_sides(placement: Placement, char: Char, x: float) -> tuple[float, float]:
    width, margins = placement.cell_width, placement.cell_margins
    if placement.align == 1:
        return x - width / 2, x + width / 2
    if placement.align == 2:
        return char.box.right + margins.right - width, char.box.right + margins.right
    return char.box.left - margins.left, char.box.left - margins.left + width


def _inside(cell: Box, placement: Placement) -> Box:
    if not placement.in_cell:
        return cell
    margins = placement.cell_margins
    return Box(
        cell.left + max(CLEAR, margins.left - TYPED),
        cell.bottom + max(CLEAR, margins.bottom),
        cell.right - max(CLEAR, margins.right - TYPED),
        cell.top - max(CLEAR, margins.top),
    )
