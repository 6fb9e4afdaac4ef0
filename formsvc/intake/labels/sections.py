"""Under which headings a square stands: merged cells to its left, ruled-off rows above, a title."""

from typing import Final

from formsvc.intake.labels import words
from formsvc.intake.labels.grid import Sheet, Square

_HEADING: Final = 30  # characters
_DEPTH: Final = 3


def path(sheet: Sheet, square: Square, depth: int = _DEPTH) -> tuple[str, ...]:
    """Labels of the sections around a square, the nearest first; none outside of tables."""
    if not square.table:
        return ()
    found = [
        words.label(left.text)[0]
        for left in sheet.row(square)
        if left.column < square.column and left.rows > square.rows and _is_short(left)
    ]
    found += _heading(sheet, square)
    if square.around >= 0 and depth:
        around = sheet.squares[square.around]
        left = sheet.left(around)
        found += [words.label(each.text)[0] for each in (left, around) if each and _is_short(each)]
        found += path(sheet, around, depth - 1)
    return tuple(filter(None, found))


def _is_short(square: Square) -> bool:
    return len(square.text) <= _HEADING


def _heading(sheet: Sheet, square: Square) -> list[str]:
    """The nearest row above that is one short cell."""
    row = square.row - 1
    while row >= 0:
        first = sheet.at(square.table, row, 0)
        if first is None:
            row -= 1
            continue
        alone = first.columns >= sheet.width[square.table]
        if alone and first.rows == 1 and _is_short(first) and first.text.strip():
            return [words.label(first.text)[0]]
        row = first.row - 1
    return []
