"""Text into a box: lines with positions, in good Chinese typography. Knows nothing of PDF.

A text is measured once, in thousandths of the font size; lines are then broken at any size by
binary search, so that trying size after size costs almost nothing.  Points (1 pt = 1/72 in) are
used for boxes and results; y grows upwards from the bottom of the box.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from math import floor
from operator import add, getitem, sub
from typing import NamedTuple

from formsvc.documents.fonts import FontSet, Glyph, clusters
from formsvc.documents.linebreaking import HALF, NEVER_LAST, PAIRS, Kind, kind_of
from formsvc.documents.textstyle import Align, Style, Vertical

_CELL_PREFERRED = 9.0
_CELL_AIR = 1.0  # points above and below the lines of a cell that has several
EM_MIDDLE = 0.38  # middle of the em box above the baseline: (0.88 − 0.12) / 2
_EM_TOP, _EM_BOTTOM = 0.88, 0.12
_BELOW = 0.2  # LibreOffice leaves a fifth of a line below the baseline, whatever the font
_INDENT = 2000
_PARAGRAPH_BOX = 4  # a box of so many lines is for paragraphs: indented, filled from the top
_PARAGRAPH_WIDTH = 10  # characters in a line that leave room for an indent
_MAX_STRETCH = 300  # wider gaps look worse than a ragged line
_TOLERANCE = 0.01
_APOSTROPHE = "’"
_BLANKS = " \u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))  # Zs


class Run(NamedTuple):
    """Glyphs that follow each other, each ``spacing`` points further than its advance."""

    glyphs: Sequence[Glyph]
    spacing: float


class Line(NamedTuple):
    """``x`` and ``y`` of the first glyph's origin, in points from the box's lower left corner."""

    x: float
    y: float
    runs: tuple[Run, ...]

    @property
    def text(self) -> str:
        return "".join([glyph.text for run in self.runs for glyph in run.glyphs])


@dataclass(frozen=True, slots=True)
class Layout:
    """A text set at ``size`` points; ``rest`` is what did not fit."""

    size: float
    lines: tuple[Line, ...]
    rest: str = ""
    goes_on: bool = False  # rest starts inside a paragraph


class _Unit(NamedTuple):
    """A glyph with what line breaking needs; ``trim`` is dropped at the end of a line."""

    glyph: Glyph
    kind: Kind
    advance: int
    trim: int


class _Slice(NamedTuple):
    """One line before it is placed: units first to last; the next line starts at following."""

    paragraph: Paragraph
    first: int
    last: int
    following: int
    is_first: bool
    is_last: bool


class Paragraph:
    """One paragraph measured: where each unit starts and ends, where lines may break."""

    def __init__(self, units: Sequence[_Unit]) -> None:
        self.glyphs = [unit[0] for unit in units]
        self.kinds = kinds = [unit[1] for unit in units]
        pairs = list(map(getitem, map(PAIRS.__getitem__, kinds), kinds[1:]))
        self.gaps = [pair[1] for pair in pairs]
        glue = chain((0,), [gap[0] for gap in self.gaps])
        self.ends = list(accumulate(map(add, [unit[2] for unit in units], glue)))
        self._line_ends = list(map(sub, self.ends, [unit[3] for unit in units]))
        self._cuts = [
            index for index, (left, right) in enumerate(pairwise(self.gaps), 1) if left is not right
        ]
        if len({glyph.font for glyph in self.glyphs}) > 1:
            self._cuts = sorted({*self._cuts, *self._font_changes()})
        self._breaks = [index for index, pair in enumerate(pairs, 1) if pair[0]]
        if Kind.SPACE in kinds:
            self._drop_spaces()
        self._breaks.append(len(units))
        self._break_ends = [self._line_ends[index - 1] for index in self._breaks if index]

    def _drop_spaces(self) -> None:
        """Spaces are no part of a line's end, nor a break after an opening mark (LB14)."""
        kinds, ends = self.kinds, self._line_ends
        for index in range(1, len(kinds)):
            if kinds[index] is Kind.SPACE:
                ends[index] = ends[index - 1]
        self._breaks = [
            index
            for index in self._breaks
            if kinds[index - 1] is not Kind.SPACE
            or kinds[self._last_before(index) - 1] not in NEVER_LAST
        ]

    def _font_changes(self) -> Iterator[int]:
        for index, (left, right) in enumerate(pairwise(self.glyphs), 1):
            if left.font != right.font:
                yield index

    def _last_before(self, index: int) -> int:
        kinds = self.kinds
        while index > 1 and kinds[index - 1] is Kind.SPACE:
            index -= 1
        return index

    def end(self, last: int) -> int:
        """Where a line ends that holds the units before ``last``: a full-width mark is halved."""
        end: int = self._line_ends[last - 1]
        return end

    def start(self, first: int) -> int:
        """Where a line starts: an opening mark's left half is outside the line."""
        return self.left(first) + (HALF if self.kinds[first] is Kind.OPEN else 0)

    def left(self, index: int) -> int:
        """Where a unit's own width starts."""
        end: int = self.ends[index]
        return end - self.glyphs[index].advance

    def runs(self, first: int, last: int, size: float, extra: float) -> Iterator[Run]:
        """Units first to last in runs of equal font and distance; ``extra`` stretches them."""
        cuts = self._cuts[bisect_right(self._cuts, first) : bisect_left(self._cuts, last)]
        for start, end in pairwise((first, *cuts, last)):
            spacing = 0.0
            if start < last - 1:
                glue, stretches = self.gaps[start]
                spacing = (glue + extra if stretches else glue) * size / 1000
            yield Run(self.glyphs[start:end], spacing)

    def lines(self, width: float, indent: int, goes_on: bool = False) -> Iterator[_Slice]:
        """Break into lines of ``width`` thousandths."""
        count, first = len(self.kinds), 0
        is_first = not goes_on
        while first < count:
            limit = self.start(first) + width - (indent if is_first else 0)
            last, following = self._break(first, limit)
            yield _Slice(self, first, last, following, is_first, following >= count)
            first, is_first = following, False

    def _break(self, first: int, limit: float) -> tuple[int, int]:
        """End of the line, and start of the next."""
        choice = bisect_right(self._break_ends, limit) - 1
        if choice >= 0 and self._breaks[choice] > first:
            following = self._breaks[choice]
            return self._last_before(following), following
        following = max(first + 1, bisect_right(self.ends, limit))
        return max(first + 1, self._last_before(following)), self._skip_spaces(following)

    def _skip_spaces(self, index: int) -> int:
        while index < len(self.kinds) and self.kinds[index] is Kind.SPACE:
            index += 1
        return index


class NoGlyphError(Exception):
    """A text has a character that no font can print; ``FontSet.missing`` names them all."""


class _Units(dict[str, _Unit]):
    """Cluster → unit, measured when first met."""

    def __init__(self, fonts: FontSet) -> None:
        super().__init__()
        self._fonts = fonts

    def __missing__(self, cluster: str) -> _Unit:
        glyph = self._fonts.glyph(cluster)
        if glyph is None:
            raise NoGlyphError(cluster)
        kind = kind_of(cluster, glyph.advance)
        trim = HALF if kind is Kind.CLOSE else 0
        unit = self[cluster] = _Unit(glyph, kind, glyph.advance, trim)
        return unit


def _narrow_apostrophes(units: list[_Unit], narrow: _Unit) -> None:
    """An apostrophe inside a Latin word is the same character as a full-width quotation mark."""
    for index in range(1, len(units) - 1):
        if units[index].glyph.text == _APOSTROPHE:
            around = units[index - 1].kind, units[index + 1].kind
            if around == (Kind.LATIN, Kind.LATIN):
                units[index] = narrow


class Typesetter:
    """Sets texts in one font set; raises ``NoGlyphError`` for characters that it lacks."""

    def __init__(self, fonts: FontSet) -> None:
        self.fonts = fonts
        self._units = _Units(fonts)
        narrow = fonts.narrow(_APOSTROPHE)
        self._narrow = _Unit(narrow, Kind.LATIN, narrow.advance, 0) if narrow else None

    def layout(self, text: str, width: float, height: float, style: Style) -> Layout:
        """Set a text in a box of ``width`` × ``height`` points, as large as ``style`` allows."""
        if style.multiline:
            return self._block(text, width, height, style)
        return self._cell(text, width, height, style)

    def flow(
        self, text: str, width: float, height: float, style: Style, goes_on: bool = False
    ) -> Iterator[Layout]:
        """Set a text at the style's own size in as many boxes as it takes, from the top.

        With ``goes_on`` it starts inside a paragraph, so without indent.
        """
        box = _Box(width, height, style.padding, _indent(width, style), Vertical.TOP)
        slices = _broken(self._paragraphs(text), box.measure(style.size), box.indent, goes_on)
        room = max(1, _capacity(height, style.size, style.leading))
        for first in range(0, len(slices), room):
            part = slices[first : first + room]
            yield Layout(style.size, box.place(part, style, style.size, style.leading))

    def line(self, text: str, x: float, y: float, size: float, align: Align = Align.LEFT) -> Line:
        """One line of text at a point."""
        paragraph = self._paragraph(text)
        count = len(paragraph.kinds)
        width = paragraph.ends[-1] * size / 1000 if count else 0.0
        start = {Align.LEFT: x, Align.CENTRE: x - width / 2, Align.RIGHT: x - width}[align]
        runs = paragraph.runs(0, count, size, 0.0) if count else ()
        return Line(start, y, tuple(runs))

    def width(self, text: str, size: float) -> float:
        """Length of a line of text in points."""
        paragraph = self._paragraph(text)
        return paragraph.ends[-1] * size / 1000 if paragraph.kinds else 0.0

    def _block(self, text: str, width: float, height: float, style: Style) -> Layout:
        paragraphs = self._paragraphs(text)
        is_large = _capacity(height, style.size, style.leading) >= _PARAGRAPH_BOX
        indent = _indent(width, style) if is_large or style.indented else 0
        vertical = style.vertical or (Vertical.TOP if is_large else Vertical.MIDDLE)
        box = _Box(width, height, style.padding, indent, vertical)
        slices: list[_Slice] = []
        room, size = 0, style.size
        for size in style.sizes(style.floor):
            slices = _broken(paragraphs, box.measure(size), indent)
            room = _capacity(height, size, style.leading)
            if len(slices) <= room and _inside(slices, box.measure(size)):
                return Layout(size, box.place(slices, style, size, style.leading))
        if not _inside(slices, box.measure(size)):
            room = 0
        lines = box.place(slices[:room], style, size, style.leading)
        return Layout(size, lines, *_rest(slices[room:]))

    def _cell(self, text: str, width: float, height: float, style: Style) -> Layout:
        paragraphs = self._paragraphs(text)
        box = _Box(width, height, style.padding, 0, style.vertical or Vertical.MIDDLE)
        slices: list[_Slice] = []
        size = style.size
        for size, most in _cell_trials(style):
            slices = _broken(paragraphs, box.measure(size), 0)
            room = min(most, _cell_capacity(height, size, style))
            if len(slices) <= room and _inside(slices, box.measure(size)):
                return Layout(size, box.place(slices, style, size, style.cell_leading))
        room = min(style.cell_lines, max(1, _cell_capacity(height, size, style)))
        if not _inside(slices, box.measure(size)):
            room = 0
        lines = box.place(slices[:room], style, size, style.cell_leading)
        return Layout(size, lines, *_rest(slices[room:]))

    def _paragraphs(self, text: str) -> list[Paragraph]:
        plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
        stripped = (line.strip(_BLANKS) for line in plain.split("\n"))
        return [self._paragraph(line) for line in stripped if line]

    def _paragraph(self, line: str) -> Paragraph:
        units = list(map(self._units.__getitem__, clusters(line)))
        if _APOSTROPHE in line and self._narrow:
            _narrow_apostrophes(units, self._narrow)
        return Paragraph(units)


@dataclass(frozen=True, slots=True)
class _Box:
    width: float
    height: float
    padding: float
    indent: int
    vertical: Vertical

    def measure(self, size: float) -> float:
        """Line length in thousandths of the size."""
        return (self.width - 2 * self.padding + _TOLERANCE) * 1000 / size

    def place(
        self, slices: Sequence[_Slice], style: Style, size: float, leading: float
    ) -> tuple[Line, ...]:
        pitch = leading * size
        above = (self.height - size - (len(slices) - 1) * pitch) / 2
        below = _BELOW * pitch - _EM_BOTTOM * size
        if self.vertical is Vertical.TOP:
            above = min(above, pitch - size - below)
        elif self.vertical is Vertical.BOTTOM:
            above = max(above, 2 * above - below)
        first = self.height - above - _EM_TOP * size
        return tuple(
            self._place(slot, first - number * pitch, style, size)
            for number, slot in enumerate(slices)
        )

    def _place(self, slot: _Slice, y: float, style: Style, size: float) -> Line:
        paragraph = slot.paragraph
        indent = self.indent if slot.is_first else 0
        start = paragraph.start(slot.first)
        slack = self.measure(size) - indent - (paragraph.end(slot.last) - start)
        offset, extra = float(indent - (start - paragraph.left(slot.first))), 0.0
        if style.align is Align.CENTRE:
            offset += slack / 2
        elif style.align is Align.RIGHT:
            offset += slack
        elif style.multiline and style.justified and not slot.is_last:
            extra = _stretch(slot, slack)
        runs = tuple(paragraph.runs(slot.first, slot.last, size, extra))
        return Line(self.padding + offset * size / 1000, y, runs)


def _stretch(slot: _Slice, slack: float) -> float:
    gaps = sum([gap[1] for gap in slot.paragraph.gaps[slot.first : slot.last - 1]])
    extra = slack / gaps if gaps else 0.0
    return extra if 0 < extra <= _MAX_STRETCH else 0.0


def _broken(
    paragraphs: Sequence[Paragraph], measure: float, indent: int, goes_on: bool = False
) -> list[_Slice]:
    return [
        slot
        for number, paragraph in enumerate(paragraphs)
        for slot in paragraph.lines(measure, indent, goes_on and not number)
    ]


def _indent(width: float, style: Style) -> int:
    """首行缩进 of justified paragraphs."""
    if style.indented is not None:
        return _INDENT if style.indented else 0
    is_wide = width >= _PARAGRAPH_WIDTH * style.size
    return _INDENT if is_wide and style.align is Align.LEFT else 0


def _capacity(height: float, size: float, leading: float) -> int:
    """How many lines fit; the leading above the first and below the last line may be cut."""
    return max(0, floor((height - size + _TOLERANCE) / (leading * size) + 1))


def _cell_capacity(height: float, size: float, style: Style) -> int:
    """How many lines a cell holds: one as long as its characters fit, more with some air."""
    lines = floor((height - 2 * _CELL_AIR + _TOLERANCE) / (style.cell_leading * size))
    return max(1 if size <= height else 0, lines)


def _inside(slices: Sequence[_Slice], measure: float) -> bool:
    """Whether even the widest single character fits the measure."""
    return all(
        slot.last - slot.first > 1
        or slot.paragraph.end(slot.last) - slot.paragraph.start(slot.first) <= measure
        for slot in slices
    )


def _cell_trials(style: Style) -> Iterator[tuple[float, int]]:
    """Size and number of lines to try: one line while it is readable, then more lines."""
    yield from ((size, 1) for size in style.sizes(_CELL_PREFERRED))
    yield from ((size, style.cell_lines) for size in style.sizes(style.cell_floor))


def _rest(slices: Sequence[_Slice]) -> tuple[str, bool]:
    """The text of lines that did not fit, and whether it starts inside a paragraph."""
    if not slices:
        return "", False
    parts: list[str] = []
    for slot in slices:
        if slot.is_first and parts:
            parts.append("\n")
        glyphs = slot.paragraph.glyphs[slot.first : slot.following]
        parts.extend(glyph.text for glyph in glyphs)
    return "".join(parts), not slices[0].is_first
