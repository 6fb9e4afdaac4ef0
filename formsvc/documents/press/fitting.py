"""How large a text is set in its place, and how much of it goes there.

Widths of characters say for most texts at once that they fit, or that they do not; only where
that is close the typesetter measures. Lengths are points, widths of texts em.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate
from math import ceil, floor
from typing import Any, Final

from formsvc.documents.press.breaks import (
    AFTER_DOT,
    BOUNDARY,
    INDENT,
    SLACK,
    SPACING,
    Breaks,
    costs,
)
from formsvc.documents.press.fonts import Fonts
from formsvc.documents.press.layouts import Site
from formsvc.documents.press.typesetter import Typesetter

_STEP: Final = 0.5
FLOOR: Final = 9.0  # of paragraphs, and of one line in a cell that has room for several
_CELL_FLOOR: Final = 7.5
_SMALLEST, _NARROWEST = 7.0, 1.05  # of a cell, rather than refuse a text
_LEADING, _CELL_LEADING = 1.5, 1.2  # where the DOCX gives no distance of lines
_PADDING: Final = 2.0
_AIR: Final = 1.0  # above and below the lines of a cell that has several
_TOLERANCE: Final = 0.01
WIDEST: Final = 1.5  # of a character with what is around it; hardly any is wider than 1
_WAYS: Final = 16  # prefixes measured at once

Piece = str | list[str]


@dataclass(frozen=True, slots=True)
class Setting:
    """A text as it is set. `rest` does not fit; it begins `inside` a paragraph when one was cut."""

    size: float
    pitch: float
    texts: tuple[str, ...]
    fits: bool = True
    grown: bool = False


class Fitter:
    """Fits texts with one typesetter; safe to share between threads."""

    def __init__(self, typesetter: Typesetter) -> None:
        self._typesetter = typesetter
        self._fonts: Fonts = typesetter.fonts
        self._runs: dict[tuple[str, str, bool], Breaks] = {}

    def fit(self, site: Site, text: str, *, measures: bool = True) -> Setting:
        """The largest setting that has room; at the floor, one that does not fit.

        In a cell, and without measuring, the largest that has room however its lines are ended:
        the same in Word and PDF. A cell's text is measured only when there is none such.
        """
        if len(text) <= _short(site) and text.isprintable() and (line := text.strip()):
            return Setting(site.size, pitch(site, site.size), (line,))
        if measures and not site.block:
            careful = self.fit(site, text, measures=False)
            if careful.fits and not careful.grown:
                return careful
        texts = paragraphs(text, site.block)
        setting = Setting(site.size, pitch(site, site.size), texts)
        for size, step, most in _trials(site):
            room = min(most, capacity(site, size, step))
            setting = Setting(size, step, texts, grown=site.most > 0 and (site.block or most > 1))
            if room < len(texts):
                continue
            if room == 1 == len(texts) and not measures and self._wraps(site, texts[0], size):
                continue
            if self._takes_less(site, texts, size, room):
                return setting
            low, high = self._bounds(site, texts, size)
            if high <= room:
                return setting
            if measures and low <= room and self.lines(site, setting) <= room:
                return setting
        return replace(setting, fits=False)

    def surely_fits(self, site: Site, text: str) -> bool:
        """Whether widths alone say so; whatever can be, without looking where lines may end."""
        if not site.block and text.isprintable():  # is one line
            spaces = 0 if text.isascii() else len(BOUNDARY.findall(text))
            width = sum(self._fonts.widths(text, site.font)) + SPACING * spaces
            if width <= safe_width(site):
                return True
        texts = paragraphs(text, site.block)
        rooms = _rooms(site)
        return self._takes_less(site, texts, *rooms[-1]) or any(
            self._bounds(site, texts, size)[1] <= room for size, room in rooms
        )

    def lines(self, site: Site, setting: Setting) -> int:
        """How many lines the typesetter makes of a setting."""
        return self._lines(site, [setting], site.width)[0]

    def cut(
        self, site: Site, setting: Setting, room: int, width: float, *, fills: bool = False
    ) -> tuple[Setting, Setting, bool]:
        """What of a setting goes into `room` lines, the rest, and whether that starts inside a
        paragraph. Unless it `fills` the room, no last line of a paragraph goes over alone."""
        singles = [replace(setting, texts=(text,)) for text in setting.texts]
        counts = self._lines(site, singles, width)
        ends = list(accumulate(counts))
        number = sum(end <= room for end in ends)
        if number == len(ends):
            return setting, replace(setting, texts=()), False
        text, count = setting.texts[number], counts[number]
        free = room - (ends[number] - count)
        if count - free == 1 and not fills:
            free -= 1
        end = self._longest(site, singles[number], free, width) if free > 0 else 0
        head, tail = text[:end], text[end:]
        first = (*setting.texts[:number], *((head,) if head else ()))
        rest = (tail, *setting.texts[number + 1 :]) if head else setting.texts[number:]
        return replace(setting, texts=first), replace(setting, texts=rest), bool(head)

    def excess(self, site: Site, setting: Setting) -> str:
        """The end of a text that does not fit; all of it where not even a character does."""
        room = capacity(site, setting.size, setting.pitch)
        if room < 1:
            return "\n".join(setting.texts)
        _, rest, _ = self.cut(site, setting, room, site.width, fills=True)
        return "\n".join(rest.texts)

    def value(self, site: Site, setting: Setting) -> dict[str, Any]:
        """A setting for the typesetter."""
        measure = (site.width - 2 * _PADDING) / setting.size
        texts = [self._pieces(site, text, measure) for text in setting.texts]
        one = not site.block and sum(map(len, setting.texts)) * WIDEST <= measure
        return {"size": setting.size, "pitch": setting.pitch, "texts": texts, "one": one}

    def _takes_less(self, site: Site, texts: Sequence[str], size: float, room: int) -> bool:
        """Whether texts surely take at most `room` lines, by what their characters cost.

        A line is only as much shorter than it could be as the token is wide that begins the next.
        """
        limit = (site.width - 2 * _PADDING) / size - SLACK - 2 * (1 + SPACING)
        if limit <= 0 or room < 2:
            return False
        table = costs(self._fonts, site.font)
        for text in texts:
            if not site.block and AFTER_DOT.search(text):  # a name, which breaks but there
                return False
            spaces = 2 * SPACING * len(BOUNDARY.findall(text))
            room -= int((sum(map(table.__getitem__, text)) + spaces + INDENT) / limit) + 1
        return room >= 0

    def _wraps(self, site: Site, text: str, size: float) -> bool:
        """Whether a text of one paragraph may take more than a line."""
        measure = (site.width - 2 * _PADDING + _TOLERANCE) / size
        return len(text) * WIDEST > measure and self._run(site, text).most > measure

    def _lines(self, site: Site, settings: Sequence[Setting], width: float) -> list[int]:
        style = {"font": site.font, "indent": site.indent, "justify": site.block}
        wide = replace(site, width=width)
        heights = self._typesetter.heights([
            {"width": width - 2 * _PADDING, "style": style, "value": self.value(wide, setting)}
            for setting in settings
        ])  # fmt: skip
        return [
            round((height - setting.size) / setting.pitch) + 1
            for height, setting in zip(heights, settings, strict=True)
        ]

    def _longest(self, site: Site, setting: Setting, room: int, width: float) -> int:
        """Where the longest beginning of a paragraph that takes no more lines ends."""
        (text,) = setting.texts
        run = self._run(site, text)
        ends = run.ends
        if run.widest * setting.size > width - 2 * _PADDING:
            ends = list(range(1, len(text) + 1))
        low, high = 0, len(ends)  # ends[:low] fit, ends[high:] do not
        while high - low > 1:
            step = max(1, (high - low) // _WAYS)
            tried = list(range(low + step, high, step))
            heads = [replace(setting, texts=(text[: ends[at - 1]].rstrip(),)) for at in tried]
            counts = self._lines(site, heads, width)
            fitting = [at for at, count in zip(tried, counts, strict=True) if count <= room]
            low = max(fitting, default=low)
            high = min([at for at in tried if at > low], default=high)
        return ends[low - 1] if low else 0

    def _bounds(self, site: Site, texts: Sequence[str], size: float) -> tuple[int, int]:
        """How few and how many lines a text takes at a size."""
        measure = (site.width - 2 * _PADDING + _TOLERANCE) / size
        if len(texts) == 1 and len(texts[0]) * WIDEST <= measure and not site.indent:
            return 1, 1
        both = [self._run(site, text).lines(measure, site.indent) for text in texts]
        return sum(low for low, _ in both), sum(high for _, high in both)

    def _run(self, site: Site, text: str) -> Breaks:
        key = (text, site.font, site.block)
        run = self._runs.get(key)
        if run is None:
            run = self._runs[key] = Breaks(text, site.font, self._fonts, block=site.block)
        return run

    def _pieces(self, site: Site, text: str, measure: float) -> list[Piece]:
        """Texts, and lists where it matters between which parts a line may end: the parts of a
        name, and all characters of a word that is longer than a line."""
        if len(text) * WIDEST <= measure:
            return [text] if text else []
        run = self._run(site, text)
        if run.widest <= measure and not run.wholes:
            return [text]
        pieces: list[Piece] = []
        for start, end, width in zip([0, *run.ends], run.ends, run.widths, strict=False):
            token = text[start:end]
            if width > measure and len(token) > 1:
                pieces.append(list(token))
            elif end in run.wholes:
                pieces.append([token])
            elif pieces and isinstance(pieces[-1], str):
                pieces[-1] += token
            else:
                pieces.append(token)
        return pieces


def paragraphs(text: str, block: bool) -> tuple[str, ...]:
    """A value as lines; a place for paragraphs keeps empty ones and indents, as Word does."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    lines = plain.split("\n")
    if block:
        return tuple(line.rstrip() for line in lines)
    return tuple(line for line in map(str.strip, lines) if line)


def pitch(site: Site, size: float) -> float:
    """Distance of lines at a size."""
    if site.pitch:
        return round(site.pitch * size / site.size, 3)
    return (_LEADING if site.block else _CELL_LEADING) * size


def capacity(site: Site, size: float, step: float) -> int:
    """How many lines a place holds: paragraphs may fill it, lines of a cell keep some air."""
    height = site.most or site.height
    if site.block:
        return max(0, floor((height - size + _TOLERANCE) / step) + 1)
    lines = floor((height - 2 * _AIR + _TOLERANCE) / step)
    return max(1 if size <= height else 0, lines)


@cache
def safe_width(site: Site, paragraphs: int = 1) -> float:
    """How wide a text of so many paragraphs may be, in em, so that a cell surely has room for it
    at some size; 0 for places that take paragraphs of any number.

    Two lines that follow each other are together wider than one, or the second would not begin.
    """
    if site.block:
        return 0.0
    rooms = [0.0]
    for size, step, most in _trials(site):
        measure = (site.width - 2 * _PADDING) / size
        lines = min(most, capacity(site, size, step))
        if lines == paragraphs == 1:
            rooms.append(measure)
        else:
            rooms.append((lines - paragraphs + 2) // 2 * (measure - 2 * SLACK))
    return max(rooms)


@cache
def _rooms(site: Site) -> tuple[tuple[float, int], ...]:
    """The sizes to try, each with how many lines there are."""
    return tuple(
        (size, min(most, capacity(site, size, step))) for size, step, most in _trials(site)
    )


@cache
def _smallest(site: Site) -> tuple[float, int]:
    """At the smallest size: a line's width in em, less what the best may leave and a Han; how many
    lines there are."""
    *_, (size, step, most) = _trials(site)
    limit = (site.width - 2 * _PADDING) / size - SLACK - 2 * (1 + SPACING)
    return limit, min(most, capacity(site, size, step))


@cache
def _short(site: Site) -> int:
    """How many characters a cell has room for in one line at its full size, whatever they are."""
    size, step, _ = next(_trials(site))
    if site.block or site.indent or capacity(site, size, step) < 1:
        return 0
    return floor((site.width - 2 * _PADDING + _TOLERANCE) / size / WIDEST)


def plainly_fits(site: Site, text: str) -> bool:
    """Whether a text fits at its full size even if every character were as wide as a Han."""
    measure = (site.width - 2 * _PADDING) / site.size
    if not site.block and "\n" not in text:
        return len(text) * WIDEST <= measure
    lines = sum(ceil((len(line) * 1.1 + INDENT) / (measure - 2)) or 1 for line in text.split("\n"))
    return lines <= capacity(site, site.size, pitch(site, site.size))


def _trials(site: Site) -> Iterator[tuple[float, float, int]]:
    """Size, distance and number of lines to try: in a cell one line while it is readable, then
    more, at last the smallest and narrowest that can still be read."""
    if site.block:
        yield from ((size, pitch(site, size), 1000) for size in _sizes(site.size, FLOOR))
        return
    yield from ((size, pitch(site, size), 1) for size in _sizes(site.size, FLOOR))
    if site.most:  # the row grows before it is hard to read
        yield FLOOR, pitch(site, FLOOR), 1000
        return
    yield from ((size, pitch(site, size), 1000) for size in _sizes(site.size, _CELL_FLOOR))
    yield _SMALLEST, _NARROWEST * _SMALLEST, 1000


def _sizes(size: float, lowest: float) -> Iterator[float]:
    while size > lowest:
        yield size
        size -= _STEP
    yield min(size, lowest)
