"""Where on a filled PDF each value stands, where one signs, and where the code is.

Boxes are left, top, right, bottom in points, y from the top of the page.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from formsvc.documents.press.layouts import Layout
from formsvc.documents.press.sheets import BOTTOM, HEAD, TOP

Box = tuple[float, float, float, float]
_CLEAR: Final = 1.0
_QUIET: Final = 18  # parts of the code's height that are clear around it
_UNDER_TITLE: Final = 6.0  # clear above a text, below what stands over it


@dataclass(frozen=True, slots=True)
class Areas:
    """A page of a filled PDF. `code` has the QR code at its right end.

    `values` are the boxes by pointer; on a page whose rows have grown there are none: what stands
    there is told by its text.
    """

    values: tuple[tuple[str, Box], ...] = ()
    hands: tuple[Box, ...] = ()
    code: Box | None = None
    pointers: tuple[str, ...] = ()


def of_sheets(
    layout: Layout, sheets: Sequence[Mapping[str, Any]], flows: bool
) -> tuple[Areas, ...]:
    """The areas of every sheet that was drawn; () where rows have grown over several pages."""
    return () if flows else tuple(_of_sheet(layout, sheet) for sheet in sheets)


def _of_sheet(layout: Layout, sheet: Mapping[str, Any]) -> Areas:
    page, known = layout.json["pages"][sheet["page"]], layout.pages[sheet["page"]]
    code = _code(page)
    if "value" in sheet:
        values = tuple(_texts(sheet, known.width, known.height))
        return Areas(values, (), code, tuple(pointer for pointer, _ in values))
    pointers = tuple(dict.fromkeys(site.pointer for site in known.sites))
    if sheet["grown"]:
        return Areas((), (), code, pointers)
    hands = tuple(
        (left, top, left + width, top + height)
        for left, top, width, height in (place.box for place in known.signatures)
    )
    return Areas(tuple(_fields(page)), hands, code, pointers)


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


def _fields(page: Mapping[str, Any]) -> Iterator[tuple[str, Box]]:
    """Every field's box, put where its band and cell stand."""
    top = page["top"]
    for band in page["bands"]:
        table = band.get("table")
        if table is None:
            yield from _placed(band.get("items", ()), 0.0, top)
            top += band["height"]
            continue
        for cell in table["cells"]:
            row, column, _, _ = cell["at"]
            left = table["x"] + sum(table["columns"][:column])
            yield from _placed(cell["items"], left, top + sum(table["rows"][:row]))
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
