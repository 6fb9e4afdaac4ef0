"""Which cells and lines of a document stand for which of our own form's.

Labels that both print once hold the paper together. Between two of them, where there are as many
as there should be, each stands for the one in its place, so that of several edits in a row every
one is told at its own field; elsewhere what stayed the same says what came and went.
"""

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise, takewhile

from formsvc.documents.proof.units import CELL, Stretch, Unit, bare

Places = tuple[int, int, int, int]
"""From where to where of ours, and of theirs."""


def differing(ours: Sequence[Unit], theirs: Sequence[Stretch]) -> Iterator[Places]:
    """Runs of units and of stretches that stand for them and differ."""
    texts = [bare(unit.text) for unit in ours], [bare(piece.text) for piece in theirs]
    ends = [(-1, -1), *_anchors(ours, *texts), (len(ours), len(theirs))]
    for (a, c), (b, d) in pairwise(ends):
        known, found = texts[0][a + 1 : b], texts[1][c + 1 : d]
        kinds = {unit.kind for unit in ours[a + 1 : b]} | {one.kind for one in theirs[c + 1 : d]}
        starts = _starts(ours[a + 1 : b])
        for places in _between(known, found, cells=kinds == {CELL}):
            first, last, start, end = _by_rows(known, found, places, starts)
            yield a + 1 + first, a + 1 + last, c + 1 + start, c + 1 + end


def _anchors(
    units: Sequence[Unit], ours: Sequence[str], theirs: Sequence[str]
) -> list[tuple[int, int]]:
    """The places of labels that stand once on either side, in an order that both have; the number
    of a row is none, since rows are moved."""
    counts, known = Counter(ours), Counter(theirs)
    places = {text: at for at, text in enumerate(theirs) if known[text] == 1}
    found = [
        (at, places[text])
        for at, (unit, text) in enumerate(zip(units, ours, strict=True))
        if text in places and counts[text] == 1 and not text.isdecimal()
        if not any(name for name, _ in unit.parts)
    ]
    return _rising(found)


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of pairs in which the second places rise as the first ones do."""
    lasts: list[int] = []  # of the rising parts of each length: the lowest second place at the end
    ends: list[int] = []  # … and which pair that is
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(lasts, place)
        lasts[length : length + 1] = [place]
        ends[length : length + 1] = [number]
        before.append(ends[length - 1] if length else -1)
    found = []
    number = ends[-1] if ends else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]


def _between(ours: Sequence[str], theirs: Sequence[str], *, cells: bool) -> Iterator[Places]:
    """Opcodes as difflib's of what differs; one for each place where each stands in its own."""
    in_place = sum(one == two for one, two in zip(ours, theirs, strict=False))
    if len(ours) == len(theirs) == in_place:
        return
    matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
    # Where a line went and another came elsewhere, hardly any would be in its place; cells come
    # and go by rows, and what stands in the second one then is what the paper says there.
    if len(ours) == len(theirs) and (cells or 2 * in_place + 2 >= _stayed(matcher)):
        for at, (one, two) in enumerate(zip(ours, theirs, strict=True)):
            if one != two:
                yield at, at + 1, at, at + 1
        return
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            yield a, b, c, d


def _by_rows(
    ours: Sequence[str], theirs: Sequence[str], places: Places, starts: Collection[int]
) -> Places:
    """What came or went, moved along what is alike at both its ends so that it begins a row: of
    two rows that end alike, the end of the first and all but the end of the second is neither."""
    a, b, c, d = places
    if a < b and c < d:
        return places
    texts, start, end = (ours, a, b) if a < b else (theirs, c, d)
    most = min(len(ours) - b, len(theirs) - d)
    back = takewhile(lambda by: texts[start - by] == texts[end - by], range(1, min(a, c) + 1))
    on = takewhile(lambda by: texts[start + by - 1] == texts[end + by - 1], range(1, most + 1))
    steps = (0, *(-by for by in back), *on)
    step = next((step for step in steps if a + step in starts), 0)
    return a + step, b + step, c + step, d + step


def _starts(units: Sequence[Unit]) -> frozenset[int]:
    """The places at which the rows of a list begin, or end: with their number, if they have one."""
    found, last = set(), None
    for at, unit in enumerate(units):
        row = _row_of(next((name for name, _ in unit.parts if name), ""))
        if unit.text.isdecimal() and row is None:
            continue
        if row != last:
            is_numbered = at > 0 and units[at - 1].text.isdecimal() and row is not None
            found.add(at - is_numbered)
            last = row
    return frozenset(found)


def _row_of(pointer: str) -> str | None:
    """The pointer of the row that a field stands in."""
    tokens = pointer.split("/")
    ends = (at for at, token in enumerate(tokens, 1) if token.isascii() and token.isdigit())
    end = next(ends, None)
    return None if end is None else "/".join(tokens[:end])


def _stayed(matcher: difflib.SequenceMatcher[str]) -> int:
    return sum(block.size for block in matcher.get_matching_blocks())
