"""Where on a filled PDF each value stands, where one signs, and where the code is.

Boxes are left, top, right, bottom in points, y from the top of the page.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from formsvc.documents.press.layouts import Layout
from formsvc.documents.press.sheets import BOTTOM, HEAD, TOP

Box = tuple[float, float, float, float]
_CLEAR: Final = 1.0
_QUIET: Final = 18  # parts of the code's height that are clear around it
_UNDER_TITLE: Final = 6.0  # clear above a text, below what stands over it


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a value stands on a page whose rows have grown: between `left` and `right`, beside all
    others of its `row`; how far down is told by the texts."""

    pointer: str
    left: float
    right: float
    row: int


@dataclass(frozen=True, slots=True)
class Areas:
    """A page of a filled PDF. `code` has the QR code at its right end.

    `values` are the boxes by pointer; where rows have grown there are `slots` instead, in the order
    in which they are drawn: on this page and on those that follow without any.
    """

    values: tuple[tuple[str, Box], ...] = ()
    hands: tuple[Box, ...] = ()
    code: Box | None = None
    slots: tuple[Slot, ...] = ()

    def with_hand(self, box: Box) -> "Areas":
        """With one more place to write by hand: `box` is left, top, width, height."""
        left, top, width, height = box
        return replace(self, hands=(*self.hands, (left, top, left + width, top + height)))


def of_sheets(
    layout: Layout, sheets: Sequence[Mapping[str, Any]], flow: Sequence[object] | None
) -> tuple[Areas, ...]:
    """The areas of every page: each sheet is one, but where rows have grown over several pages, of
    which `flow` has one entry each."""
    if flow is None:
        return tuple(_of_sheet(layout, sheet) for sheet in sheets)
    drawn = [layout.json["pages"][sheet["page"]] for sheet in sheets if "value" not in sheet]
    codes = {_code(page) for page in drawn}
    code = codes.pop() if len(codes) == 1 else None
    first, *others = (Areas(code=code) for _ in flow)
    return replace(first, slots=_slots(drawn)), *others


def _of_sheet(layout: Layout, sheet: Mapping[str, Any]) -> Areas:
    page, known = layout.json["pages"][sheet["page"]], layout.pages[sheet["page"]]
    code = _code(page)
    if "value" in sheet:
        return Areas(tuple(_texts(sheet, known.width, known.height)), (), code)
    if sheet["grown"]:
        return Areas((), (), code, _slots([page]))
    areas = Areas(tuple((name, box) for name, box, _ in _fields(page)), (), code)
    for place in known.signatures:
        areas = areas.with_hand(place.box)
    return areas


def _slots(pages: Sequence[Mapping[str, Any]]) -> tuple[Slot, ...]:
    rows: dict[object, int] = {}
    return tuple(
        Slot(name, box[0], box[2], rows.setdefault((number, row), len(rows)))
        for number, page in enumerate(pages)
        for name, box, row in _fields(page)
    )


def _texts(sheet: Mapping[str, Any], width: float, height: float) -> Iterator[tuple[str, Box]]:
    """The texts of a 附页, each from below its title to above the next one's."""
    all = [sheet, *sheet["below"]]
    # What stands above, the name of whom it is about, is of no text.
    tops = [TOP - _UNDER_TITLE, *(text["top"] - _UNDER_TITLE for text in sheet["below"])]
    ends = [*(text["top"] - HEAD + _CLEAR for text in sheet["below"]), height - BOTTOM]
    for text, top, end in zip(all, tops, ends, strict=True):
        yield text["pointer"], (sheet["left"] - _CLEAR, top, width - sheet["right"] + _CLEAR, end)


def _code(page: Mapping[str, Any]) -> Box | None:
    if page.get("code") is None:
        return None
    left, top, width, height = page["code"]
    return left, top, left + width, top + height


def qr_square(layout: Layout) -> Box | None:
    """Where the QR code itself is, which is alike on all pages: as program.typ draws it."""
    box = _code(layout.json["pages"][0])
    if box is None:
        return None
    quiet = (box[3] - box[1]) / _QUIET
    return box[2] - (box[3] - box[1]) + quiet, box[1] + quiet, box[2] - quiet, box[3] - quiet


def _fields(page: Mapping[str, Any]) -> Iterator[tuple[str, Box, object]]:
    """Every field's pointer and box, put where its band and cell stand, and what tells its row."""
    top = page["top"]
    for number, band in enumerate(page["bands"]):
        table = band.get("table")
        if table is None:
            for name, box in _placed(band.get("items", ()), 0.0, top):
                yield name, box, (number, box[1])
            top += band["height"]
            continue
        for cell in table["cells"]:
            row, column, _, _ = cell["at"]
            left = table["x"] + sum(table["columns"][:column])
            for name, box in _placed(cell["items"], left, top + sum(table["rows"][:row])):
                yield name, box, (number, row)
        top += sum(table["rows"])


def _placed(
    items: Sequence[Mapping[str, Any]], left: float, top: float
) -> Iterator[tuple[str, Box]]:
    for item in items:
        if "field" in item:
            x, y, width, height = item["box"]
            box = (left + x - _CLEAR, top + y - _CLEAR, left + x + width + _CLEAR,
                   top + y + height + _CLEAR)  # fmt: skip
            yield item["field"], box
