"""A drawn form as layout.json: what the press draws, in the order in which it is read.

Lengths are points; in the layout y grows downwards from the page, band or cell that a thing is in.
`press/layouts.py` says what every key means.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from formsvc.documents.authoring import rows
from formsvc.documents.authoring.acroform import Widget
from formsvc.documents.authoring.grids import Cell, Grid, grids, loose
from formsvc.documents.authoring.probe import PAGE_FIELD, Drawing
from formsvc.documents.authoring.rectangles import Box, Char, Drawn
from formsvc.errors import TemplateError
from formsvc.forms import Form

_ALIGN: Final = ("left", "center", "right")
_VERTICAL: Final = {"Top": "top", "Center": "horizon", "Bottom": "bottom"}
_BASELINE: Final = 3.0  # characters of one line stand on baselines nearer than this
_MIDDLE: Final = 0.38  # of the size, from the baseline up to the middle of a character
_GAP: Final = 0.15  # of the size; a wider one is not by chance
_AUTOMATIC: Final = 0.35  # of the size; between Han and Latin the press leaves that by itself
_STRETCHED: Final = 1.02  # of its natural width; a longer line is justified
_OFF_CENTRE: Final = 1.5
_TITLE: Final = 18.0  # a centred line in larger type than this, outside of tables, is a heading
_RESERVE: Final = 24.0  # free above the page number, when rows grow beyond a page

_Placed = tuple[float, float, dict[str, Any]]
"""An item with where it is read: how far down, and where from the left."""


@dataclass(frozen=True, slots=True)
class _Line:
    """Characters on one baseline with nothing else between them."""

    chars: tuple[Char, ...]

    @property
    def left(self) -> float:
        return self.chars[0].box.left

    @property
    def right(self) -> float:
        return self.chars[-1].box.right

    @property
    def baseline(self) -> float:
        return self.chars[0].baseline

    @property
    def size(self) -> float:
        return self.chars[0].size

    @property
    def text(self) -> str:
        return "".join(char.text for char in self.chars)


def describe(
    form: Form,
    drawing: Drawing,
    fields: Sequence[Widget],
    signatures: Sequence[Widget],
    codes: Sequence[Box],
    digest: str,
) -> str:
    """layout.json: one thing a line, so that a change can be read in a diff."""
    pages = []
    for number, page in enumerate(drawing.blank):
        own = [widget for widget in fields if widget.page == number]
        pages.append(_Describer(form, drawing, page, number).page(own, signatures, codes[number]))
    return f"{_json({'source': digest, 'pages': pages}, 0)}\n"


class _Describer:
    """One page."""

    def __init__(self, form: Form, drawing: Drawing, page: Drawn, number: int) -> None:
        self._form = form
        self._fonts = drawing.fonts
        self._parts = drawing.parts
        self._page = page
        self._number = number
        owner = next((spot.owner for spot in drawing.sites.values() if spot.owner), "")
        self._owner = {"owner": owner} if owner not in ("", form.person.pointer) else {}

    def page(
        self, fields: Sequence[Widget], signatures: Iterable[Widget], code: Box
    ) -> dict[str, Any]:
        page, found = self._page, grids(self._page)
        inside = [widget for widget in fields if widget.pointer != PAGE_FIELD]
        numbers = [widget for widget in fields if widget.pointer == PAGE_FIELD]
        top = max([*(char.box.top for char in page.chars), *(grid.ys[0] for grid in found)])
        end = min([*(char.box.bottom for char in page.chars), *(grid.ys[-1] for grid in found)])
        foot = max([widget.box.top for widget in numbers], default=end)
        whole: dict[str, Any] = {
            "size": [_r(page.width), _r(page.height)],
            "top": _r(page.height - top),
            "bottom": _r(min(end, foot + _RESERVE) - 1),
        }
        when = _only(self._parts_in(Box(0, 0, page.width, page.height), inside))
        if when:
            whole["when"] = when
        for widget in numbers:
            box, size = widget.box, widget.placement.size
            middle = (box.top + box.bottom) / 2 - _MIDDLE * size
            whole["number"] = {
                "x": _r((box.left + box.right) / 2), "y": _r(page.height - middle),
                "size": size, "font": widget.placement.font, **self._owner,
            }  # fmt: skip
        beside = {place.name: place.beside for place in self._form.signatures}
        whole["code"] = self._place(code, Box(0, 0, page.width, page.height))
        whole["signatures"] = [
            {
                "name": widget.pointer,
                "box": self._place(widget.box, Box(0, 0, 0, page.height)),
                "label": beside[widget.pointer], "at": [_r(place) for place in widget.at],
            }
            for widget in signatures if widget.page == self._number
        ]  # fmt: skip
        whole["bands"] = [
            {key: value for key, value in band.items() if key != "when" or value not in ("", when)}
            for band in _joined(list(self._bands(found, inside, top, end)))
        ]
        return whole

    def _bands(
        self, found: Sequence[Grid], fields: Sequence[Widget], top: float, end: float
    ) -> Iterator[dict[str, Any]]:
        """From the top: what stands between tables, and tables."""
        rules = loose(self._page, found)
        y = top
        for grid in [*found, None]:
            bottom = grid.ys[0] if grid else end
            for band, part in self._strips(Box(0, bottom, self._page.width, y), fields):
                own = [rule for rule in rules if band.bottom <= rule[0] < band.top]
                items = self._items(band, fields, own)
                if (grid and (band.top - band.bottom > 0 or items)) or items:
                    yield {"height": _r(band.top - band.bottom), "when": part, "items": items}
            if grid:
                table = self._table(grid, fields)
                yield {"when": table.pop("when", ""), "table": table}
                y = grid.ys[-1]

    def _strips(self, band: Box, fields: Sequence[Widget]) -> Iterator[tuple[Box, str]]:
        """A band cut where a part of the paper begins or ends."""
        things = [
            (char.box.top, char.box.bottom, self._parts.get(char.colour, ""))
            for char in self._page.chars if _within(char, band)
        ]  # fmt: skip
        things += [
            (widget.box.top, widget.box.bottom, widget.part)
            for widget in fields if band.holds(*widget.box.centre)
        ]  # fmt: skip
        top, lowest, part = band.top, band.top, ""
        for number, (above, below, own) in enumerate(sorted(things, reverse=True)):
            if own != part and number:
                cut = (lowest + min(above, lowest)) / 2
                yield Box(band.left, cut, band.right, top), part
                top = cut
            part, lowest = own, min(lowest, below)
        yield Box(band.left, band.bottom, band.right, top), part

    def _parts_in(self, box: Box, fields: Iterable[Widget]) -> set[str]:
        """The parts of the paper that what stands in a box belongs to; "" for what is always
        there."""
        chars = (char for char in self._page.chars if _within(char, box))
        found = {self._parts.get(char.colour, "") for char in chars}
        return found | {widget.part for widget in fields if box.holds(*widget.box.centre)}

    def _table(self, grid: Grid, fields: Sequence[Widget]) -> dict[str, Any]:
        cells = [
            {
                "at": [cell.row, cell.column, cell.rows, cell.columns],
                "items": self._items(cell.box, fields, (), cell),
            }
            for cell in grid.cells
        ]  # fmt: skip
        heights = [_r(a - b) for a, b in zip(grid.ys, grid.ys[1:], strict=False)]
        parts = self._row_parts(grid, fields)
        name, listed = rows.of_list(self._form, cells)
        if name:
            cells = rows.once(self._form, cells, listed)
            del heights[listed[0] + 1 : listed[-1] + 1], parts[listed[0] + 1 : listed[-1] + 1]
        table: dict[str, Any] = {
            "x": _r(grid.xs[0]),
            "columns": [_r(b - a) for a, b in zip(grid.xs, grid.xs[1:], strict=False)],
            "rows": heights,
            "stroke": grid.stroke,
            "frame": grid.frame,
        }
        if name:
            table["list"] = {"name": name, "row": listed[0], "blank": len(listed)}
        if len({*parts}) == 1:
            table["when"] = parts[0]
        elif any(parts):
            table["parts"] = parts
        first = listed[0] if name else 0
        table["heads"] = rows.heads(cells, len(grid.xs) - 1, first)
        table["cells"] = cells
        return table

    def _row_parts(self, grid: Grid, fields: Sequence[Widget]) -> list[str]:
        """The part of the paper that each row of a table belongs to."""
        parts: list[str] = []
        for row in range(len(grid.ys) - 1):
            own = [cell for cell in grid.cells if cell.row <= row < cell.row + cell.rows]
            found = set().union(*(self._parts_in(cell.box, fields) for cell in own))
            if len(found) > 1:
                raise TemplateError(
                    f"{self._form.docx}: page {self._number + 1}: a cell spans rows inside and"
                    f" outside of {'、'.join(sorted(filter(None, found)))}"
                )
            parts.append(found.pop() if found else parts[-1] if parts else "")
        return parts

    def _items(
        self, box: Box, fields: Sequence[Widget], rules: Iterable[Any], cell: Cell | None = None
    ) -> list[dict[str, Any]]:
        """Labels, lines and fields in a box, as they are read."""
        chars = [char for char in self._page.chars if _within(char, box)]
        fields = [widget for widget in fields if box.holds(*widget.box.centre)]
        placed: list[_Placed] = []
        beside = [self._reading(widget, box)[0] for widget in fields]
        for block in _blocks(_lines(chars), [box.top - y for y in beside]):
            first = block[0]
            middle = box.top - first.baseline - _MIDDLE * first.size
            placed.append((middle, first.left, self._label(block, box, cell)))
        for place, start, stop in rules:
            stroke = self._page.strokes[place, start, stop]
            # PDFium reckons that a line reaches beyond its ends by its thickness.
            left, length = start + stroke - box.left, stop - start - 2 * stroke
            rule = [_r(left), _r(box.top - place), _r(length)]
            placed.append((box.top - place, 0.0, {"rule": rule, "stroke": stroke}))
        for widget in fields:
            placed.append((*self._reading(widget, box), self._field(widget, box)))
        return [item for _, _, item in _ordered(placed)]

    def _label(self, block: Sequence[_Line], box: Box, cell: Cell | None) -> dict[str, Any]:
        first = block[0]
        middle = (box.left + box.right) / 2
        is_centred = all(abs((line.left + line.right) / 2 - middle) < _OFF_CENTRE for line in block)
        left = min(line.left for line in block)
        label: dict[str, Any] = {
            "x": _r((middle if is_centred else left) - box.left),
            "y": _r(box.top - first.baseline),
            "size": first.size,
            "font": self._font(first.text),
            "lines": [
                _parts(line, 0.0 if is_centred else line.left - left) for line in block
            ],
        }  # fmt: skip
        if is_centred:
            label["align"] = "center"
        if len(block) > 1:
            label["pitch"] = _r(block[0].baseline - block[1].baseline)
        if "Bold" in first.chars[0].face:
            label["bold"] = True
        if (
            len(block) > 1
            and not is_centred
            and any(_natural(line) * _STRETCHED < _width(line) for line in block)
        ):
            label["width"] = _r(max(line.right for line in block) - left)
        if cell is None and is_centred and first.size >= _TITLE:
            label["heading"] = 1 if self._number == 0 else 2
        return label

    def _font(self, text: str) -> str:
        """Of the paragraph that a line comes from: the shortest that holds it."""
        found = [(len(whole), font) for whole, font in self._fonts if text in whole]
        return min(found, default=(0, ""))[1]

    def _field(self, widget: Widget, box: Box) -> dict[str, Any]:
        placement = widget.placement
        field: dict[str, Any] = {
            "field": widget.pointer,
            "box": self._place(widget.box, box),
            "size": placement.size,
            "font": placement.font,
            "align": _ALIGN[placement.align],
            "vertical": self._vertical(widget),
        }
        if placement.leading:
            field["pitch"] = placement.leading
        if self._form.is_block(widget.pointer):
            field |= {
                "block": True,
                "indent": placement.is_indented,
                "justify": placement.is_justified,
            }
        return field

    def _vertical(self, widget: Widget) -> str:
        """A box that is one line of its cell is as high as a line."""
        if widget.placement.is_alone:
            return _VERTICAL[widget.placement.vertical]
        return "top" if self._form.is_block(widget.pointer) else "horizon"

    def _reading(self, widget: Widget, box: Box) -> tuple[float, float]:
        """Where a reader meets a field's first line."""
        half = widget.placement.pitch / 2
        y = {
            "top": widget.box.top - half,
            "horizon": (widget.box.top + widget.box.bottom) / 2,
            "bottom": widget.box.bottom + half,
        }[self._vertical(widget)]
        return box.top - y, widget.box.left

    def _place(self, box: Box, around: Box) -> list[float]:
        """Left, top, width, height."""
        return [
            _r(box.left - around.left), _r(around.top - box.top),
            _r(box.right - box.left), _r(box.top - box.bottom),
        ]  # fmt: skip


def _lines(chars: Iterable[Char]) -> list[_Line]:
    """From the top; a line ends where the size or the font changes."""
    rows: list[list[Char]] = []
    for char in sorted(chars, key=lambda char: -char.baseline):
        if rows and rows[-1][0].baseline - char.baseline < _BASELINE:
            rows[-1].append(char)
        else:
            rows.append([char])
    return [_Line(tuple(sorted(row, key=lambda char: char.box.left))) for row in rows]


def _blocks(lines: Sequence[_Line], fields: Sequence[float]) -> Iterator[list[_Line]]:
    """Lines of one size at one distance are one label, but one beside a field is by itself."""
    block: list[_Line] = []
    was_beside = False
    for line in lines:
        middle = line.baseline + _MIDDLE * line.size
        is_beside = any(abs(middle - y) < 2 * _BASELINE for y in fields)
        if block and (is_beside or was_beside or not _continues(block, line)):
            yield block
            block = []
        block.append(line)
        was_beside = is_beside
    if block:
        yield block


def _continues(block: Sequence[_Line], line: _Line) -> bool:
    last = block[-1]
    pitch = last.baseline - line.baseline
    if abs(last.size - line.size) > 0.1 or pitch > 2.2 * line.size:
        return False
    return len(block) < 2 or abs(block[0].baseline - block[1].baseline - pitch) < 0.5


def _parts(line: _Line, indent: float) -> list[str | float]:
    """Texts, and between them the gaps that are no accident."""
    parts: list[str | float] = [_r(indent)] if indent > 1 else []
    parts.append(line.chars[0].text)
    for one, other in zip(line.chars, line.chars[1:], strict=False):
        gap = other.box.left - one.box.right
        automatic = _AUTOMATIC if one.text.isascii() != other.text.isascii() else _GAP
        if gap > automatic * line.size:
            if one.text.isascii() and other.text.isascii():
                parts[-1] = f"{parts[-1]} {other.text}"
            else:
                parts += [_r(gap), other.text]
        else:
            parts[-1] = f"{parts[-1]}{other.text}"
    return parts


def _natural(line: _Line) -> float:
    return sum(char.box.right - char.box.left for char in line.chars)


def _width(line: _Line) -> float:
    """Of a line without the gaps that are part of its text."""
    gaps = [part for part in _parts(line, 0.0) if isinstance(part, float)]
    return line.right - line.left - sum(gaps)


def _ordered(placed: list[_Placed]) -> list[_Placed]:
    """Row by row, from the left."""
    rows: list[list[_Placed]] = []
    for item in sorted(placed, key=lambda item: item[0]):
        if rows and item[0] - rows[-1][0][0] < 2 * _BASELINE:
            rows[-1].append(item)
        else:
            rows.append([item])
    return [item for row in rows for item in sorted(row, key=lambda item: item[1])]


def _within(char: Char, box: Box) -> bool:
    return box.holds((char.box.left + char.box.right) / 2, char.baseline + _MIDDLE * char.size)


def _joined(bands: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The bands, with the gaps inside a part of the paper made part of it."""
    for one, gap, other in zip(bands, bands[1:], bands[2:], strict=False):
        if not gap.get("items", True) and one["when"] == other["when"]:
            gap["when"] = one["when"]
    return bands


def _only(parts: set[str]) -> str:
    """The part that all belongs to; "" where there is none, or another."""
    return next(iter(parts)) if len(parts) == 1 else ""


def _r(value: float) -> float:
    return round(value, 2)


def _json(value: Any, depth: int) -> str:
    """JSON with a line for every item."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) < 100:
        return flat
    if isinstance(value, dict) and not value.keys() & {"lines", "field"}:
        inner = [f"{json.dumps(key)}: {_json(item, depth + 1)}" for key, item in value.items()]
    elif isinstance(value, list) and isinstance(value[0], dict):
        inner = [_json(item, depth + 1) for item in value]
    else:
        return flat
    pad = "\n" + " " * depth
    return f"{flat[0]}{pad} {f',{pad} '.join(inner)}{pad}{flat[-1]}"
