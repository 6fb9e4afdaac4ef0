"""Which cells and lines of a document stand for which of our own form's.

Labels that both print once hold the paper together. Between two of them, where there are as many
as there should be, each stands for the one in its place, so that of several edits in a row every
one is told at its own field; elsewhere what stayed the same says what came and went.
"""

import difflib
import itertools
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

from formsvc.documents.proof.units import Stretch, Unit, bare

Pair = tuple[Sequence[Unit], Sequence[Stretch]]


def differing(ours: Sequence[Unit], theirs: Sequence[Stretch]) -> Iterator[Pair]:
    """Runs of units and of stretches that stand for them and differ."""
    texts = [bare(unit.text) for unit in ours], [bare(piece.text) for piece in theirs]
    ends = [(-1, -1), *_anchors(ours, *texts), (len(ours), len(theirs))]
    for (a, c), (b, d) in itertools.pairwise(ends):
        for first, last, start, end in _between(texts[0][a + 1 : b], texts[1][c + 1 : d]):
            yield (
                ours[a + 1 + first : a + 1 + last],
                theirs[c + 1 + start : c + 1 + end],
            )


def _anchors(
    units: Sequence[Unit], ours: Sequence[str], theirs: Sequence[str]
) -> list[tuple[int, int]]:
    """The places of labels that stand once on either side, in an order that both have."""
    counts, known = Counter(ours), Counter(theirs)
    places = {text: at for at, text in enumerate(theirs) if known[text] == 1}
    found = [
        (at, places[text])
        for at, (unit, text) in enumerate(zip(units, ours, strict=True))
        if text in places and counts[text] == 1 and not any(name for name, _ in unit.parts)
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


def _between(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Opcodes as difflib's of what differs; one for each place where each stands in its own."""
    in_place = sum(one == two for one, two in zip(ours, theirs, strict=False))
    if len(ours) == len(theirs) == in_place:
        return
    matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
    stayed = sum(block.size for block in matcher.get_matching_blocks())
    # Where a line went and another came elsewhere, hardly any would be in its place.
    if len(ours) == len(theirs) and 2 * in_place + 2 >= stayed:
        for at, (one, two) in enumerate(zip(ours, theirs, strict=True)):
            if one != two:
                yield at, at + 1, at, at + 1
        return
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            yield a, b, c, d
