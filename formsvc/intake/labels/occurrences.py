"""Where the labels of a form stand on a paper, and which places belong to each of them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import Final, Literal

from formsvc.intake.labels import ticks, words
from formsvc.intake.labels.grid import Sheet, Square
from formsvc.intake.labels.sections import path
from formsvc.intake.labels.sites import Description

Way = Literal["in", "right", "below", "rows", "next"]
Piece = tuple[int, int, int]  # number of a square, from where, to where in its text

_LABEL: Final = 40  # characters of a square that may be a label alone
_ALIKE: Final = 0.6
_SURELY_ALIKE: Final = 0.75
_INLINE: Final = 2_000  # characters of a square in which unknown labels are looked for
_UNKNOWN = re.compile(r"(?<!\S)([^\s:;,。()]{2,12})[ \t]*:")
_LINE: Final = 60  # characters of a paragraph that begins with a label and a gap
_RUN: Final = 40  # cells that one value may be parted over
_MOST: Final = 2_000  # labels on a paper
CELL: Final = "\t"  # between the cells of a row of a list


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A label on a paper. `known` is the form's label that it is, `alike` how exactly, up to 1.

    The value in its own square would stand from `end` to `until`. `is_whole`: the square holds
    nothing else. `is_firm`: nothing but a label looks so; `is_cut`: an unknown label follows.
    """

    square: Square
    known: str
    alike: float
    note: str
    start: int
    end: int
    until: int
    is_whole: bool
    is_firm: bool
    is_cut: bool
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Blank:
    """A place where the value of a label may stand. `more` goes on beside it; `rows` are those of
    a list. `ends_at` is the label that ends a text of several paragraphs. `has_labels`: what stands
    there has labels of its own, as only a box of several fields has. `below` is what the next cell
    under it goes on with, which has no label. `is_list`: the text has a line for each row of a
    table that stands there."""

    way: Way
    text: str
    pieces: tuple[Piece, ...]
    more: tuple[str, ...] = ()
    rows: tuple[Square, ...] = ()
    ends_at: Occurrence | None = None
    has_labels: bool = False
    below: str = ""
    is_list: bool = False

    @property
    def key(self) -> tuple[int, int]:
        return self.pieces[0][:2]


class LabelReader:
    """A paper read with the eyes of one form."""

    def __init__(self, sheet: Sheet, form: Description) -> None:
        self.sheet = sheet
        self._form = form
        self._labels = {label for site in form["sites"] for label in site["labels"]}
        self._blocks = {
            label
            for site in form["sites"]
            if site["name"] in form["fields"]
            and form["fields"][site["name"]]["kind"] == "paragraphs"
            for label in site["labels"]
        }
        self._sections = {section for site in form["sites"] for section in site["path"]}
        self._printed = frozenset(form["printed"])
        self._blank = frozenset(form["blank"])
        self._headings = {words.label(line)[0] for line in form["printed"]} - self._labels
        self._choices = {
            words.bare(choice) for shape in form["fields"].values() for choice in shape["choices"]
        }
        stops = {
            words.label(line)[0] for line in form["printed"] if line[-1] == ":" and len(line) < 20
        }
        self._stops = stops - self._labels
        self._columns: dict[int, tuple[Square, ...]] = {}
        self._open_rows: dict[tuple[int, int], bool] = {}
        self._pattern = words.pattern(self._labels | self._stops)

    # labels

    @cached_property
    def occurrences(self) -> list[Occurrence]:
        """All labels, in reading order."""
        whole = [found for square in self.sheet.squares if (found := self._whole(square))]
        alone = {occurrence.square.number for occurrence in whole}
        texts = self._texts(whole, alone)
        inline = [
            found
            for square in self.sheet.squares
            if square.number not in alone and square.number not in texts
            for found in self._inline(square)
        ]
        alike = [
            found
            for square in self.sheet.squares
            if square.number not in alone and square.number not in texts
            if (found := self._alike(square))
        ]
        every = sorted([*whole, *inline, *alike], key=lambda each: (each.square.number, each.start))
        return every[:_MOST]

    def _texts(self, whole: list[Occurrence], alone: set[int]) -> set[int]:
        """The squares that hold the long text of a label beside or above them."""
        found = set()
        for occurrence in whole:
            if occurrence.known in self._blocks:
                right = self.sheet.right(occurrence.square)
                below = self.sheet.below(occurrence.square)
                if right is not None and right.number not in alone:
                    found.add(right.number)
                elif below is not None and below.number not in alone | self._begun(below):
                    found.add(below.number)
        return found

    def _begun(self, square: Square) -> set[int]:
        """The square, when it begins with a label of its own."""
        begins = self._pattern.match(words.same_length(square.text))
        return {square.number} if begins and begins["colon"] else set()

    def _whole(self, square: Square) -> Occurrence | None:
        if not 0 < len(square.text) <= 4 * _LABEL:
            return None
        plain = words.bare(square.text)
        if plain in self._printed and not self._labels & set(words.forms_of(plain)[-1:]):
            return None  # as 单位（盖章） is, which is not 单位 with a note
        for form in words.forms_of(square.text):
            if form in self._labels:
                return self._occurrence(square, form, 1.0, 0, len(square.text), is_whole=True)
        return None

    def _alike(self, square: Square) -> Occurrence | None:
        """A square that is nearly a label and no printed one."""
        text = square.text.strip()
        if not square.table or not 1 < len(text) <= _LABEL or words.bare(text) in self._printed:
            return None
        plain, _ = words.label(text)
        known, alike = self._nearest(plain)
        if alike < _ALIKE or not re.search("[一-龥]{2}", plain):
            return None
        if plain in self._choices or plain in self._headings:
            return None
        return self._occurrence(square, known, alike, 0, len(square.text), is_whole=True)

    def _nearest(self, label: str) -> tuple[str, float]:
        if len(label) > _LABEL or label in self._stops:
            return "", 0.0
        best = max(
            self._labels, key=lambda known: (words.likeness(known, label), known), default=""
        )
        return best, words.likeness(best, label)

    def _inline(self, square: Square) -> Iterator[Occurrence]:
        """The labels with a value behind them in the same square."""
        marks = list(self._marks(square))
        for mark, following in zip_longest(marks, marks[1:]):
            known, alike, found, is_firm = mark
            if not known:
                continue
            until = following[2].start() if following else len(square.text)
            is_cut = following is not None and not following[0] and not following[3]
            yield self._occurrence(
                square, known, alike, found.start(), found.end(), until=until,
                note=found.groupdict().get("note") or "", is_firm=is_firm, is_cut=is_cut,
            )  # fmt: skip

    def _marks(self, square: Square) -> Iterator[tuple[str, float, re.Match[str], bool]]:
        """(known label or "", how alike, where, whether firm) of all that looks like a label."""
        text = words.same_length(square.text)
        found: list[tuple[str, float, re.Match[str], bool]] = []
        for match in self._pattern.finditer(text):
            known = words.bare(match["label"])
            if match["note"] and known + match["note"] not in self._labels:
                known = "" if words.bare(match[0]) in self._printed else known
            has_colon = bool(match["colon"])
            at_line = text[: match.start()].rpartition("\n")[2].strip() == ""
            heads = at_line and not text[: match.start()].strip() and bool(square.table)
            ends_line = text[match.end() : match.end() + 1] in ("", "\n")
            if not has_colon and not (at_line and (not ends_line or heads)):
                continue
            is_line = not square.table and at_line and len(text) <= _LINE
            is_firm = has_colon or is_line or (heads and ends_line and known in self._blocks)
            found.append((known if known in self._labels else "", 1.0, match, is_firm or not known))
        if len(text) <= _INLINE:
            taken = [(match.start(), match.end()) for _, _, match, _ in found]
            for match in _UNKNOWN.finditer(text):
                if not any(start < match.end() and match.start() < end for start, end in taken):
                    known, alike = self._nearest(words.label(match[1])[0])
                    stands = words.label(match[1])[0] in self._stops
                    found.append((known if alike >= _ALIKE else "", alike, match, stands))
        found.sort(key=lambda mark: mark[2].start())
        in_block = False
        for mark in found:
            if in_block and mark[0] not in self._blocks and not (mark[3] and not mark[0]):
                continue
            in_block = in_block or mark[0] in self._blocks
            yield mark

    def _occurrence(
        self, square: Square, known: str, alike: float, start: int, end: int, *,
        until: int = 0, note: str = "", is_whole: bool = False, is_firm: bool = True,
        is_cut: bool = False,
    ) -> Occurrence:  # fmt: skip
        around = tuple(each for each in path(self.sheet, square) if each in self._sections)
        note = words.label(square.text)[1] if is_whole else note
        return Occurrence(
            square, known, alike, note, start, end, max(until, end), is_whole, is_firm, is_cut,
            around,
        )  # fmt: skip

    # places

    @cached_property
    def _labelled(self) -> set[int]:
        """The squares that begin with a label and its value."""
        return {
            occurrence.square.number
            for occurrence in self.occurrences
            if not occurrence.is_whole and occurrence.is_firm and occurrence.start == 0
        }

    @cached_property
    def _taken(self) -> set[int]:
        """The squares that are labels or print, and so no values."""
        found = {
            occurrence.square.number
            for occurrence in self.occurrences
            if occurrence.is_whole and occurrence.alike >= _SURELY_ALIKE
        }
        found |= self._labelled
        for square in self.sheet.squares:
            plain = words.bare(square.text)
            if plain.isdecimal() or words.is_unwritten(plain):
                continue
            is_print = plain in self._printed or plain in self._blank
            if is_print or words.label(square.text)[0] in self._headings:
                found.add(square.number)
        return found

    def is_open(self, square: Square | None) -> bool:
        """Whether a square may hold a value."""
        return square is not None and (
            square.number not in self._taken or words.bare(square.text) in self._choices
        )

    def blanks(self, occurrence: Occurrence) -> list[Blank]:
        """The places that a label may have its value in."""
        found = []
        if not occurrence.is_whole:
            inline = self._behind(occurrence)
            found.append(inline)
            if not words.is_unwritten(inline.text):
                return found
        square = occurrence.square
        if not square.table:
            return found + self._following(occurrence)
        if occurrence.until < len(square.text.rstrip()) or (
            not occurrence.is_whole and square.text[: occurrence.start].strip()
        ):
            return found
        return found + self._right(square) + self._below(square)

    def _behind(self, occurrence: Occurrence) -> Blank:
        """What stands behind a label, without the print that ends the square."""
        number = occurrence.square.number
        text = occurrence.square.text[occurrence.end : occurrence.until]
        lines = text.split("\n")
        while len(lines) > 1 and (
            words.is_unwritten(lines[-1]) or words.bare(lines[-1]) in self._printed
        ):
            lines.pop()
        text = "\n".join(lines)
        return Blank("in", text, ((number, occurrence.end, occurrence.end + len(text)),))

    def _following(self, occurrence: Occurrence) -> list[Blank]:
        """The paragraphs under a label outside of tables, up to the next label or table."""
        begun = {each.square.number: each for each in self.occurrences if each.start == 0}
        squares: list[Square] = []
        ends_at = None
        for square in self.sheet.squares[occurrence.square.number + 1 :]:
            if square.table or square.number in begun or square.number in self._taken:
                ends_at = begun.get(square.number)
                break
            squares.append(square)
            if occurrence.known not in self._blocks and square.text.strip():
                break
        if not any(square.text.strip() for square in squares):
            return []
        text = "\n".join(square.text for square in squares).strip("\n")
        pieces = tuple((each.number, 0, len(each.text)) for each in squares)
        return [Blank("next", text, pieces, ends_at=ends_at)]

    def _right(self, square: Square) -> list[Blank]:
        following = self.sheet.right(square)
        if square.rows > 1 and (choices := self._choices_beside(square)):
            return choices
        run: list[Square] = []
        if following is not None and following.number in self._labelled:
            piece = (following.number, 0, len(following.text))
            return [Blank("right", following.text, (piece,), has_labels=True)]
        while following is not None and self.is_open(following) and len(run) < _RUN:
            if following.row < square.row:
                break  # it begins beside the label of a row above
            run.append(following)
            following = self.sheet.right(following)
        filled = [each for each in run if not words.is_unwritten(each.text)]
        if not run:
            return []
        if len(filled) > 3 and all(len(words.bare(each.text)) == 1 for each in filled):
            text = "".join(words.bare(each.text) for each in filled)  # a digit a cell
            return [Blank("right", text, tuple((s.number, 0, len(s.text)) for s in run))]
        more = tuple(each.text for each in run[1:] if not words.is_unwritten(each.text))
        piece = (run[0].number, 0, len(run[0].text))
        beside = Blank("right", run[0].text, (piece,), more, below=self._goes_on(square, run[0]))
        return [beside, *self._list_beside(square, run[0])]

    def _list_beside(self, label: Square, square: Square) -> Iterator[Blank]:
        """The rows of a table in the cell beside a label, or beside one as high as they are, where
        nothing in them is a label of its own."""
        is_alone = words.is_unwritten(square.text)
        rows = (self.sheet.inside(square) if is_alone else []) or self.sheet.rows_beside(label)
        squares = [each for row in rows for each in row]
        if len(squares) < 2 or not all(map(self.is_open, squares)):
            return
        text = "\n".join(CELL.join(each.text.replace("\n", " ") for each in row) for row in rows)
        pieces = tuple((each.number, 0, len(each.text)) for each in squares)
        yield Blank("right", text, pieces, is_list=True)

    def _goes_on(self, label: Square, square: Square) -> str:
        """What stands under a value with no label to its left: the value may be in two cells."""
        below = self.sheet.below(square)
        if below is None or not self.is_open(below) or words.is_unwritten(below.text):
            return ""
        left = self.sheet.left(below)
        is_bare = left is None or left is label or left.rows > below.rows
        return below.text if is_bare or words.is_unwritten(left.text if left else "") else ""

    def _choices_beside(self, square: Square) -> list[Blank]:
        """A label as high as several rows, each with a box to tick and a choice in cells."""
        column = square.column + square.columns
        lines: list[str] = []
        pieces: list[Piece] = []
        for row in range(square.row, square.row + square.rows):
            mark = self.sheet.at(square.table, row, column)
            choice = self.sheet.right(mark) if mark is not None and mark.rows == 1 else None
            if mark is None or choice is None or not ticks.is_mark(mark.text):
                return []
            lines.append(f"{words.bare(mark.text)}{choice.text}")
            pieces += [(each.number, 0, len(each.text)) for each in (mark, choice)]
        return [Blank("right", "\n".join(lines), tuple(pieces))]

    def _below(self, square: Square) -> list[Blank]:
        rows = self._column(square)
        if not rows:
            return []
        first = rows[0]
        pieces = ((first.number, 0, len(first.text)),)
        return [
            Blank("below", first.text, pieces, below=self._goes_on(square, first)),
            Blank("rows", first.text, pieces, rows=rows),
        ]

    def _column(self, square: Square) -> tuple[Square, ...]:
        """The squares right below one that may hold values, as wide as it is."""
        if square.number not in self._columns:
            self._columns[square.number] = tuple(self._under(square))
        return self._columns[square.number]

    def _under(self, square: Square) -> Iterator[Square]:
        below = self._aligned(square)
        is_first = True
        while below is not None and self.is_open(below) and (is_first or self._is_open_row(below)):
            yield below
            is_first = False
            below = self._aligned(below)

    def _aligned(self, square: Square) -> Square | None:
        """The square below one: as wide, or the same in number of a row of as many, whose borders
        somebody has moved."""
        below = self.sheet.below(square)
        if below is None or (below.column, below.columns) == (square.column, square.columns):
            return below
        row, under = list(self.sheet.row(square)), list(self.sheet.row(below))
        is_alike = len(row) == len(under) and all(each.rows == 1 for each in (*row, *under))
        return under[row.index(square)] if is_alike and len(row) > 2 else None

    def _is_open_row(self, square: Square) -> bool:
        """Whether a row goes on with a list: one with a label of its own, such as 合计, ends it."""
        row = (square.table, square.row)
        if row not in self._open_rows:
            squares = [each for each in self.sheet.row(square) if each.row == square.row]
            self._open_rows[row] = all(self.is_open(each) or _is_number(each) for each in squares)
        return self._open_rows[row]

    @cached_property
    def _ways(self) -> Mapping[tuple[int, int], str]:
        """For each row of a table that holds labels alone in their squares: where values stand."""
        counts: dict[tuple[int, int], list[int]] = {}
        for occurrence in self.occurrences:
            square = occurrence.square
            if square.table and occurrence.is_whole and occurrence.alike >= _SURELY_ALIKE:
                count = counts.setdefault((square.table, square.row), [0, 0, 0])
                count[0] += 1
                count[1] += self.is_open(self.sheet.right(square))
                count[2] += bool(self._column(square))
        return {row: _way(*count) for row, count in counts.items()}

    def way(self, occurrence: Occurrence) -> str:
        """Where the value of a label stands by the look of its row; "" when that is not plain."""
        square = occurrence.square
        right, below = self.is_open(self.sheet.right(square)), bool(self._column(square))
        if right != below:
            return "right" if right else "below"
        return self._ways.get((square.table, square.row), "")


def _way(labels: int, right: int, below: int) -> str:
    if right == labels and below < labels:
        return "right"
    if below == labels and right < labels:
        return "below"
    return ""


def _is_number(square: Square) -> bool:
    return words.bare(square.text).isdecimal()
