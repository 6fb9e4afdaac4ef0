"""The tables of a document laid out: which square stands beside and below which.

A square is a cell, or a paragraph outside of tables. Tables within cells are tables of their own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from formsvc.errors import UnreadableDocument
from formsvc.intake.labels import tree
from formsvc.intake.labels.tree import W

_COLUMNS: Final = 200  # Word has 63
_SQUARES: Final = 5_000  # a long form has 500
_CHARACTERS: Final = 300_000  # of all squares; a field has at most 20,000
_TABLES: Final = 1_000
_WITHIN: Final = 20  # tables within tables
_AREA: Final = 400_000  # places of all grids together


@dataclass(frozen=True, slots=True)
class Square:
    """A cell with its place on its table's grid, or a paragraph (`table` 0, one a row).

    `cell` counts in the row from 1; `around` is the number of the square around its table, -1 for
    none. Lines of the text are parted by \\n.
    """

    number: int
    table: int
    row: int
    column: int
    rows: int
    columns: int
    cell: int
    text: str
    around: int = -1

    @property
    def place(self) -> str:
        if not self.table:
            return f"表格外第{self.row + 1}段"
        return f"第{self.table}张表第{self.row + 1}行第{self.cell}格"


@dataclass(frozen=True)
class Sheet:
    """All squares in reading order; `aside` is what is said outside of them: (where, text)."""

    squares: tuple[Square, ...]
    aside: tuple[tuple[str, str], ...]
    covered: Mapping[tuple[int, int, int], Square] = field(repr=False)
    width: Mapping[int, int] = field(repr=False)  # columns of a table
    height: Mapping[int, int] = field(repr=False)

    def at(self, table: int, row: int, column: int) -> Square | None:
        """The square that covers a place of a table's grid."""
        return self.covered.get((table, row, column)) if table else None

    def right(self, square: Square) -> Square | None:
        return self.at(square.table, square.row, square.column + square.columns)

    def below(self, square: Square) -> Square | None:
        return self.at(square.table, square.row + square.rows, square.column)

    def left(self, square: Square) -> Square | None:
        return self.at(square.table, square.row, square.column - 1)

    def above(self, square: Square) -> Square | None:
        return self.at(square.table, square.row - 1, square.column)

    def row(self, square: Square) -> Iterator[Square]:
        """The squares that begin or go on in a square's first row, from the left."""
        seen = None
        for column in range(self.width.get(square.table, 0)):
            found = self.at(square.table, square.row, column)
            if found is not None and found is not seen:
                yield found
            seen = found

    def rows_beside(self, square: Square) -> list[list[Square]]:
        """What begins to the right of a square, row by row as high as it is."""
        column = square.column + square.columns
        rows = []
        for row in range(square.row, square.row + square.rows):
            first = self.at(square.table, row, column)
            if first is not None and first.row == row:
                rows.append([each for each in self.row(first) if each.column >= column])
        return rows

    def inside(self, square: Square) -> list[list[Square]]:
        """The rows of the tables within a square."""
        return self._rows_inside.get(square.number, [])

    @cached_property
    def _rows_inside(self) -> dict[int, list[list[Square]]]:
        rows: dict[tuple[int, int, int], list[Square]] = {}
        for each in self.squares:
            if each.around >= 0:
                rows.setdefault((each.around, each.table, each.row), []).append(each)
        found: dict[int, list[list[Square]]] = {}
        for (around, _, _), row in rows.items():
            found.setdefault(around, []).append(row)
        return found


def sheet(raw: bytes) -> Sheet:
    """A DOCX laid out. UnreadableDocument when it cannot or may not be read."""
    document = tree.opened(raw)
    layout = _Layout()
    layout.read(document.body)
    for where, root in document.aside:
        read = [tree.text_of(paragraph) for paragraph in root.iter(W + "p")]
        layout.say(where, "\n".join(text for text, _, _ in read))
        layout.say("划去的文字", "\n".join(struck for _, _, struck in read))
    return layout.sheet()


@dataclass
class _Open:
    """A cell while the rows that it is merged over are still being read."""

    row: int
    column: int
    columns: int
    cell: int
    text: str
    slot: int  # its place in the reading order
    around: int
    rows: int = 1


class _Layout:
    def __init__(self) -> None:
        self._order: list[Square | None] = []
        self._aside: list[tuple[str, str]] = []
        self._width: dict[int, int] = {}
        self._height: dict[int, int] = {}
        self._outside = 0

    def say(self, where: str, text: str) -> None:
        if text.strip():
            self._aside.append((where, text.strip()))

    def read(self, container: Any, depth: int = 0) -> None:
        """The paragraphs and tables of the body, or of a box with tables in it."""
        joined = ""
        for part in tree.parts(container):
            if part.tag == W + "tbl":
                self._table(part, -1, depth)
            elif part.tag == W + "p":
                text, boxes, struck = tree.text_of(part)
                joined += text
                self.say("划去的文字", struck)
                if not _goes_on(part):
                    self._paragraph(joined)
                    joined = ""
                for box in boxes:
                    self.read(box, depth + 1)
        if joined:
            self._paragraph(joined)

    def _paragraph(self, text: str) -> None:
        square = Square(self._slot(), 0, self._outside, 0, 1, 1, 1, text)
        self._outside += 1
        self._order[square.number] = square

    def _slot(self) -> int:
        if len(self._order) >= _SQUARES:
            raise UnreadableDocument("Word 文档的段落和表格太多，已拒绝读取：请只填写表格本身。")
        self._order.append(None)
        return len(self._order) - 1

    def _table(self, table: Any, around: int, depth: int) -> None:
        number = len(self._width) + 1
        if number > _TABLES or depth > _WITHIN:
            raise UnreadableDocument("Word 文档的表格太多或嵌套太深，已拒绝读取。")
        self._width[number] = 0
        merged: dict[int, _Open] = {}
        row = 0
        for part in tree.parts(table):
            if part.tag == W + "tr" and not tree.is_deleted(part.find(W + "trPr")):
                merged = self._row(part, number, row, merged, around, depth)
                row += 1
        for cell in merged.values():
            self._close(cell, number)
        self._height[number] = row

    def _row(
        self, row: Any, table: int, index: int, above: dict[int, _Open], around: int, depth: int
    ) -> dict[int, _Open]:
        """Read a row; the cells of the one above that it does not go on are closed."""
        column = tree.number(row.find(W + "trPr"), "gridBefore", 0, _COLUMNS)
        here: dict[int, _Open] = {}
        count = 0
        last: _Open | None = None
        for part in tree.parts(row):
            properties = part.find(W + "tcPr")
            if part.tag != W + "tc" or tree.is_deleted(properties) or column >= _COLUMNS:
                continue
            span = max(tree.number(properties, "gridSpan", 1, _COLUMNS), 1)
            span = min(span, _COLUMNS - column)
            goes_on = _merge(properties, "vMerge") == "continue"
            if _merge(properties, "hMerge") == "continue" and last is not None:
                last.columns += span
                last.text = "\n".join(filter(None, (last.text, self._cell(part, -1, depth))))
            elif goes_on and column in above:
                count += 1
                last = above.pop(column)
                last.rows += 1
                here[column] = last
                self.say("合并单元格里看不见的文字", self._cell(part, -1, depth))
            else:
                count += 1
                slot = self._slot()
                text = self._cell(part, slot, depth)
                last = _Open(index, column, span, count, text, slot, around)
                here[column] = last
            column += span
        for cell in above.values():
            self._close(cell, table)
        self._width[table] = max(self._width[table], column)
        return here

    def _close(self, cell: _Open, table: int) -> None:
        self._order[cell.slot] = Square(
            cell.slot, table, cell.row, cell.column, cell.rows, cell.columns, cell.cell,
            cell.text, cell.around,
        )  # fmt: skip

    def _cell(self, cell: Any, slot: int, depth: int) -> str:
        """The text of a cell; a table of one cell within it is a frame, and part of the text."""
        lines: list[str] = []
        goes_on = False
        for part in tree.parts(cell):
            if (
                part.tag == W + "tbl"
                and (inner := _only_cell(part)) is not None
                and depth < _WITHIN
            ):
                lines.append(self._cell(inner, slot, depth + 1))
            elif part.tag == W + "tbl":
                self._table(part, slot, depth + 1)
            elif part.tag == W + "p":
                text, boxes, struck = tree.text_of(part)
                self.say("划去的文字", struck)
                if goes_on:
                    lines[-1] += text
                else:
                    lines.append(text)
                goes_on = _goes_on(part)
                if depth < _WITHIN:
                    lines.extend(self._cell(box, slot, depth + 1) for box in boxes)
        return "\n".join(lines).strip("\n")

    def sheet(self) -> Sheet:
        squares = tuple(square for square in self._order if square is not None)
        area = sum(square.rows * square.columns for square in squares)
        if area > _AREA or sum(len(square.text) for square in squares) > _CHARACTERS:
            raise UnreadableDocument("Word 文档的表格或文字太多，已拒绝读取：请只填写表格本身。")
        covered = {
            (square.table, row, column): square
            for square in squares
            if square.table
            for row in range(square.row, square.row + square.rows)
            for column in range(square.column, square.column + square.columns)
        }
        return Sheet(squares, tuple(self._aside), covered, self._width, self._height)


def _only_cell(table: Any) -> Any:
    """The cell of a table that has one, else None."""
    rows = [part for part in tree.parts(table) if part.tag == W + "tr"]
    if len(rows) != 1:
        return None
    cells = [part for part in tree.parts(rows[0]) if part.tag == W + "tc"]
    return cells[0] if len(cells) == 1 else None


def _merge(properties: Any, name: str) -> str:
    found = None if properties is None else properties.find(W + name)
    return "" if found is None else str(found.get(W + "val", "continue"))


def _goes_on(paragraph: Any) -> bool:
    """Whether the end of a paragraph is deleted, so that the next one goes on in its line."""
    return tree.is_deleted(paragraph.find(f"{W}pPr/{W}rPr"))
