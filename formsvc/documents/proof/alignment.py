"""Where a document shows something else than our own form with its data would, and what.

Cells and lines are set beside each other first, so that only what differs is looked at closely;
within a cell the printed labels are what holds the parts apart.
"""

import difflib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from formsvc.documents.proof import pairing
from formsvc.documents.proof.units import CELL, CODES, EDGE, Stretch, Unit, bare, is_open

UNCLEAR: Final = "（看不清：被遮盖或涂改）"
_LONGEST: Final = 4000  # characters compared one by one; beyond this a region is one difference
_COSTLIEST: Final = 300_000  # pairs of equal characters in such a region

Parts = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Shown:
    """How a document differs: (pointer, the text that stands there) for each value, each once;
    texts beside the values that came or went; what was written where one writes by hand.

    Also the codes that are not ours, "page text", whether a PDF is set in other fonts, and the
    texts of cells that there are too many.
    """

    values: tuple[tuple[str, str], ...] = ()
    beside: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    is_restyled: bool = False
    more: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        parts = [
            self.values, self.beside, self.written, self.codes, self.is_restyled, self.more,
        ]  # fmt: skip
        return json.dumps(parts).encode()

    @classmethod
    def from_json(cls, raw: bytes) -> "Shown":
        values, beside, written, codes, is_restyled, more = json.loads(raw)
        pairs = tuple((name, text) for name, text in values)
        return cls(pairs, tuple(beside), tuple(written), tuple(codes), is_restyled, tuple(more))

    def __bool__(self) -> bool:
        return self != Shown()


def shows(expected: Sequence[Unit], found: Sequence[Stretch]) -> bool:
    """Whether a document shows exactly what is expected."""
    return _texts(expected) == _texts(found)


def _texts(units: Sequence[Unit | Stretch]) -> tuple[list[str], set[str]]:
    body = [bare(unit.text) for unit in units if unit.kind != EDGE]
    return body, {bare(unit.text) for unit in units if unit.kind == EDGE} - {""}


def payload(expected: Sequence[Unit], found: Sequence[Stretch], labels: Iterable[str]) -> bytes:
    """What `differing` takes: `labels` are those beside which one signs."""
    ours = [[unit.kind, unit.parts] for unit in expected]
    theirs = [[piece.kind, piece.text] for piece in found]
    return json.dumps([ours, theirs, [*labels]]).encode()


def differing(raw: bytes) -> bytes:
    """A `Shown` as JSON, for a process that can be killed."""
    ours, theirs, labels = json.loads(raw)
    expected = [Unit(kind, tuple((name, text) for name, text in parts)) for kind, parts in ours]
    return differences(expected, [Stretch(*piece) for piece in theirs], labels).to_json()


def differences(
    expected: Sequence[Unit], found: Sequence[Stretch], labels: Sequence[str] = ()
) -> Shown:
    """How a document differs from what is expected."""
    seen = _Seen()
    body = [unit for unit in expected if unit.kind != EDGE]
    pieces = [piece for piece in found if piece.kind != EDGE]
    is_hand = [
        is_open(unit, before, labels) for unit, before in zip(body, [None, *body[:-1]], strict=True)
    ]
    for a, b, c, d in pairing.differing(body, pieces):
        theirs = pieces[c:d]
        if b - a == d - c:
            for unit, piece, hand in zip(body[a:b], theirs, is_hand[a:b], strict=True):
                seen.compare(unit.parts, piece.text, hand)
        elif a == b:
            seen.add(theirs, a > 0 and is_hand[a - 1] and body[a - 1].kind != CELL)
        else:
            parts = [part for unit in body[a:b] for part in unit.parts]
            seen.compare(parts, "\n".join(piece.text for piece in theirs), all(is_hand[a:b]))
    _edges(seen, expected, found)
    values = tuple(seen.values.items())
    beside, written, more = map(tuple, (seen.beside, seen.written, seen.more))
    return Shown(values, beside, written, tuple(seen.codes), more=more)


def _edges(seen: "_Seen", expected: Sequence[Unit], found: Sequence[Stretch]) -> None:
    """Headers and footers, which editors rename and repeat as they save."""
    ours = {bare(unit.text): unit for unit in expected if unit.kind == EDGE}
    theirs = {bare(piece.text): piece for piece in found if piece.kind == EDGE}
    left = [ours[text] for text in ours if text and text not in theirs]
    for text in sorted(theirs):
        if text and text not in ours:
            nearest = max(left, key=lambda unit: _likeness(bare(unit.text), text), default=None)
            if nearest is None:
                seen.beside.append(theirs[text].text)
            else:
                left.remove(nearest)
                seen.compare(nearest.parts, theirs[text].text, is_hand=False)
    seen.beside += [unit.text for unit in left]


def _likeness(one: str, other: str) -> int:
    return sum((Counter(one[:_LONGEST]) & Counter(other[:_LONGEST])).values())


class _Seen:
    """What differs, gathered unit by unit."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.beside: list[str] = []
        self.written: list[str] = []
        self.codes: list[str] = []
        self.more: list[str] = []

    def add(self, pieces: Sequence[Stretch], is_hand: bool) -> None:
        """What stands between our own units; `is_hand` below one in which one writes by hand."""
        texts = [piece.text for piece in pieces if bare(piece.text)]
        if any(piece.kind == CELL for piece in pieces):
            self.more += ["、".join(texts)] if texts else []
        else:
            (self.written if is_hand else self.beside).extend(texts)

    def compare(self, parts: Parts, shown: str, is_hand: bool) -> None:
        expected = "".join(text for _, text in parts)
        if bare(expected) == bare(shown):
            return
        if is_hand:
            more = added(bare(expected), bare(shown))
            (self.beside if more is None else self.written).append(more or shown)
            return
        for name, ours, theirs in apart(parts, shown):
            if bare(ours) == bare(theirs):
                continue
            if name in CODES:
                self.codes.append(f"0 {theirs}")
            elif name:
                self.values.setdefault(name, theirs)
            else:
                self.beside.append(theirs.strip() or ours)


def added(expected: str, found: str) -> str | None:
    """What was put in between the characters of a text; None where some of them are gone."""
    more, place = [], 0
    for character in found:
        if place < len(expected) and character == expected[place]:
            place += 1
        else:
            more.append(character)
    return "".join(more) if place == len(expected) else None


def apart(parts: Parts, shown: str) -> list[tuple[str, str, str]]:
    """(pointer, our text, their text) of a text that should consist of `parts`, by its labels;
    by its characters where a label is gone."""
    text = _Text(shown)
    cuts = _by_labels(parts, text)
    if cuts is None:
        cuts = _by_characters(parts, text)
    return [
        (name, ours, text.between(start, end))
        for (name, ours), (start, end) in zip(parts, cuts, strict=True)
    ]


class _Text:
    """A text, and its bare characters by their places in it."""

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self.places = [at for at, character in enumerate(raw) if not character.isspace()]
        self.bare = "".join(raw[at] for at in self.places)

    def between(self, start: int, end: int) -> str:
        return self.raw[self.places[start] : self.places[end - 1] + 1] if start < end else ""


def _by_labels(parts: Parts, text: _Text) -> list[tuple[int, int]] | None:
    """Where each part stands; None where a label is missing, or two values touch."""
    labels = [bare(ours) for name, ours in parts if not name]
    names = [bool(name) for name, _ in parts]
    if any(one and other for one, other in pairwise(names)):
        return None
    places, at = [], 0
    for number, label in enumerate(labels):
        is_first = number == 0 and bool(parts) and not parts[0][0]
        is_last = number + 1 == len(labels) and not parts[-1][0]
        place = text.bare.find(label, at)
        if is_first and place != 0:
            return None
        if is_last:
            place = len(text.bare) - len(label) if text.bare.endswith(label) else -1
        if place < at:
            return None
        places.append((place, place + len(label)))
        at = place + len(label)
    cuts, taken = [], 0
    for number, (name, _) in enumerate(parts):
        if not name:
            cuts.append(places[taken])
            taken += 1
            continue
        start = cuts[-1][1] if cuts else 0
        end = places[taken][0] if number + 1 < len(parts) else len(text.bare)
        cuts.append((start, end))
    return cuts


def _by_characters(parts: Parts, text: _Text) -> list[tuple[int, int]]:
    """Where each part stands, as the characters that stayed say it."""
    expected = "".join(bare(ours) for _, ours in parts)
    moved = _moved(expected, text.bare)
    cuts, at, before = [], 0, 0
    for name, ours in parts:
        at += len(bare(ours))
        # What was put in between a label and a value belongs to the value.
        end = moved[at][1 if name else 0]
        cuts.append((before, max(end, before)))
        before = cuts[-1][1]
    if cuts:
        cuts[-1] = (cuts[-1][0], len(text.bare))
    return cuts


def _moved(expected: str, found: str) -> list[tuple[int, int]]:
    """For every place between the expected characters, the first and last place found for it."""
    size = len(expected)
    moved: list[tuple[int, int]] = [(0, 0)] * (size + 1)
    for kind, a, b, c, d in changes(expected, found):
        if kind == "equal":
            for at in range(a, b + 1):
                low = moved[a][0] if at == a and a else c + at - a
                moved[at] = (low if at == a else c + at - a, c + at - a)
        else:
            low = moved[a][0] if a else 0
            moved[a] = (low, d if a == b else c)
            for at in range(a + 1, b):
                moved[at] = (c, c)
            if b > a:
                moved[b] = (d, d)
    return moved


def changes(expected: str, found: str) -> Iterator[tuple[str, int, int, int, int]]:
    """Opcodes as difflib's, in a time that has a limit."""
    head = _common(expected, found)
    tail = _common(expected[head:][::-1], found[head:][::-1])
    ours, theirs = expected[head : len(expected) - tail], found[head : len(found) - tail]
    if head:
        yield "equal", 0, head, 0, head
    if max(len(ours), len(theirs)) > _LONGEST or _cost(ours, theirs) > _COSTLIEST:
        yield "replace", head, head + len(ours), head, head + len(theirs)
    elif ours or theirs:
        matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
        for kind, a, b, c, d in matcher.get_opcodes():
            yield kind, head + a, head + b, head + c, head + d
    if tail:
        yield "equal", len(expected) - tail, len(expected), len(found) - tail, len(found)


def _cost(one: str, other: str) -> int:
    """How many pairs of equal characters a comparison looks at, each time that it looks."""
    counts = Counter(other)
    return sum(count * counts[character] for character, count in Counter(one).items())


def _common(one: str, other: str) -> int:
    """Length of the common beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def merged(carried: str, shown: str) -> str:
    """A changed text as it is meant: what stayed as it is carried, with its spaces and paragraphs,
    and what is new as it is shown."""
    ours, theirs = _Text(carried), _Text(shown)
    pieces: list[str] = []
    for kind, a, b, c, d in changes(ours.bare, theirs.bare):
        if kind == "equal":
            start = ours.places[a] if a else 0
            end = ours.places[b] if b < len(ours.places) else len(carried)
            pieces.append(carried[start:end])
        else:
            pieces.append(theirs.between(c, d))
            if kind == "replace" and b < len(ours.places):
                pieces.append(carried[ours.places[b - 1] + 1 : ours.places[b]])
    return "".join(pieces)
