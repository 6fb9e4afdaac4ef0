"""Ruling lines → tables: which lines belong together, and which cells they make.

Lengths are points, y grows upwards; rows and columns are counted from 0, from the top left.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from formsvc.documents.authoring.rectangles import Box, Drawn, Rule
from formsvc.errors import TemplateError

_NEAR: Final = 1.5  # lines nearer than that are one, or touch


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell and how many rows and columns it spans."""

    row: int
    column: int
    rows: int
    columns: int
    box: Box


@dataclass(frozen=True, slots=True)
class Grid:
    """A ruled table: the places of its lines, left to right and top to bottom, and its cells.

    `stroke` is the thickness of its lines, `frame` that of those around it.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    cells: tuple[Cell, ...]
    stroke: float
    frame: float

    @property
    def box(self) -> Box:
        return Box(self.xs[0], self.ys[-1], self.xs[-1], self.ys[0])


def grids(page: Drawn) -> list[Grid]:
    """The tables of a page, from the top. TemplateError for a cell that is no rectangle."""
    found = []
    for across, down in _connected(page):
        if len(across) > 1 and len(down) > 1:
            xs, ys = _places(down), _places(across)[::-1]
            strokes = [page.strokes[rule] for rule in (*across, *down)]
            cells = tuple(_cells(xs, ys, across, down))
            found.append(Grid(xs, ys, cells, min(strokes), max(strokes)))
    return sorted(found, key=lambda grid: -grid.ys[0])


def loose(page: Drawn, found: Iterable[Grid]) -> list[Rule]:
    """Lines across that belong to no table: what is written on stands above them."""
    boxes = [grid.box for grid in found]
    return [rule for rule in page.across if not any(_belongs(rule, box) for box in boxes)]


def _belongs(rule: Rule, box: Box) -> bool:
    place, start, end = rule
    is_beside = box.left - _NEAR <= start and end <= box.right + _NEAR
    return is_beside and box.bottom - _NEAR <= place <= box.top + _NEAR


def _connected(page: Drawn) -> list[tuple[list[Rule], list[Rule]]]:
    """Groups of lines that touch: (across, down)."""
    groups: list[tuple[list[Rule], list[Rule]]] = []
    for rule, is_down in [(r, False) for r in page.across] + [(r, True) for r in page.down]:
        across, down = ([], [rule]) if is_down else ([rule], [])
        rest = []
        for group in groups:
            if any(_touch(rule, other) for other in group[0 if is_down else 1]):
                across += group[0]
                down += group[1]
            else:
                rest.append(group)
        groups = [*rest, (across, down)]
    return groups


def _touch(one: Rule, other: Rule) -> bool:
    return (
        other[1] - _NEAR <= one[0] <= other[2] + _NEAR
        and one[1] - _NEAR <= other[0] <= one[2] + _NEAR
    )


def _places(rules: Iterable[Rule]) -> tuple[float, ...]:
    """The different places of lines, ascending."""
    places: list[float] = []
    for place in sorted(rule[0] for rule in rules):
        if not places or place - places[-1] > _NEAR:
            places.append(place)
    return tuple(places)


def _cells(
    xs: Sequence[float], ys: Sequence[float], across: list[Rule], down: list[Rule]
) -> Iterator[Cell]:
    """Squares of the grid, joined where no line is between them."""
    taken: set[tuple[int, int]] = set()
    for row in range(len(ys) - 1):
        for column in range(len(xs) - 1):
            if (row, column) in taken:
                continue
            last = column
            while last + 2 < len(xs) and not _ruled(down, xs[last + 1], ys[row], ys[row + 1]):
                last += 1
            end = row
            while end + 2 < len(ys) and not _ruled(across, ys[end + 1], xs[column], xs[column + 1]):
                end += 1
            squares = {(r, c) for r in range(row, end + 1) for c in range(column, last + 1)}
            if squares & taken:
                raise TemplateError(f"the cell at row {row + 1} of a table is not a rectangle")
            taken |= squares
            box = Box(xs[column], ys[end + 1], xs[last + 1], ys[row])
            yield Cell(row, column, end - row + 1, last - column + 1, box)


def _ruled(rules: Iterable[Rule], place: float, one: float, other: float) -> bool:
    """Whether a line at a place runs along the middle between two others."""
    middle = (one + other) / 2
    return any(abs(rule[0] - place) <= _NEAR and rule[1] <= middle <= rule[2] for rule in rules)
