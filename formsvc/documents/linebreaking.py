"""Where a Chinese line may break, and how far apart its characters stand.

Line breaking follows Unicode UAX #14, cut down to what forms need, with the 避头尾 of
W3C "Requirements for Chinese Text Layout" (clreq) 3.1.3: no line starts with a closing mark or
ends with an opening one.  Spacing follows clreq 3.1.6 (adjacent full-width punctuation is set
half-width) and 3.2.5 (a quarter em between Han and Latin).  Lengths are thousandths of the size.
"""

from __future__ import annotations

import unicodedata
from enum import IntEnum
from typing import NamedTuple

HALF, QUARTER = 500, 250


class Kind(IntEnum):
    """How a unit behaves beside its neighbours; a cut-down UAX #14 line breaking class."""

    HAN = 0  # full width, breaks on both sides
    OPEN = 1  # full-width opening mark, blank on its left
    CLOSE = 2  # full-width closing mark, blank on its right
    NO_START = 3  # ！？％々ー: never first in a line
    NO_END = 4  # ￥№: never last in a line
    LEADER = 5  # ……
    DASH = 6  # ——
    LATIN = 7  # letters and digits of narrow scripts
    SYMBOL = 8  # other narrow signs
    LATIN_OPEN = 9
    LATIN_CLOSE = 10
    HYPHEN = 11  # a word may break after it
    QUOTE = 12  # " and ': may open or close
    SPACE = 13
    GLUE = 14  # no-break space


_BY_CHARACTER: dict[str, Kind] = {}
for _kind, _characters in {
    Kind.OPEN: "（《「『【〔〖〈‘“｛［〝〘〚",
    Kind.CLOSE: "，。、；：）》」』】〕〗〉’”｝］〞〟．｡､〙〛",
    Kind.NO_START: (
        "！？％‰℃℉・·•‧々〻ーゝゞヽヾ〜～‼⁇⁈⁉￠ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ"
    ),
    Kind.NO_END: "￥￡＄￦№＃",
    Kind.LEADER: "…⋯‥",
    Kind.LATIN_OPEN: "([{$£¥€<",
    Kind.LATIN_CLOSE: ")]},.;:!?%>°′″",
    Kind.HYPHEN: "-‐–/",
    Kind.QUOTE: "\"'",
    Kind.GLUE: "\u00a0\u202f\u2007\u2011",
}.items():
    _BY_CHARACTER.update(dict.fromkeys(_characters, _kind))
_BY_CHARACTER["——"] = Kind.DASH

_NEVER_FIRST = frozenset({Kind.CLOSE, Kind.NO_START, Kind.LEADER, Kind.LATIN_CLOSE, Kind.HYPHEN})
NEVER_LAST = frozenset({Kind.OPEN, Kind.NO_END, Kind.LATIN_OPEN})
_WORD = frozenset({Kind.LATIN, Kind.SYMBOL, Kind.LATIN_OPEN, Kind.LATIN_CLOSE, Kind.HYPHEN})
_NARROW = _WORD | {Kind.QUOTE}
_SPACED = frozenset({Kind.LATIN})
_STICKY = frozenset({Kind.GLUE, Kind.QUOTE})


def kind_of(text: str, advance: int) -> Kind:
    """The kind of one unit of ``advance`` thousandths."""
    kind = _BY_CHARACTER.get(text)
    if kind is not None:
        if kind in (Kind.OPEN, Kind.CLOSE) and advance < 900:
            return Kind.LATIN_OPEN if kind is Kind.OPEN else Kind.LATIN_CLOSE
        return kind
    first = text[0]
    category = unicodedata.category(first)
    if category == "Zs":
        return Kind.SPACE
    if unicodedata.east_asian_width(first) in "WF":
        return Kind.HAN
    if advance >= 900 and category[0] != "L" and unicodedata.east_asian_width(first) == "A":
        return Kind.HAN
    return Kind.LATIN if category[0] in "LN" else Kind.SYMBOL


class Gap(NamedTuple):
    """The distance between two units. Equal gaps are one object."""

    glue: int  # added to the advance; negative where punctuation is compressed
    stretches: bool  # may grow to justify a line


class Pair(NamedTuple):
    """What happens between two units."""

    breaks: bool  # a line may end between them
    gap: Gap


_GAPS: dict[Gap, Gap] = {}


def _pair(left: Kind, right: Kind) -> Pair:
    gap = Gap(_glue(left, right), _stretches(left, right))
    return Pair(_breaks(left, right), _GAPS.setdefault(gap, gap))


def _breaks(left: Kind, right: Kind) -> bool:
    if right is Kind.SPACE or right in _NEVER_FIRST or left in NEVER_LAST:
        return left is Kind.HYPHEN and right is Kind.LATIN
    if left is Kind.SPACE:
        return right is not Kind.GLUE
    if left in _STICKY or right in _STICKY:
        return False
    if left in _WORD and right in _WORD:
        return left is Kind.HYPHEN and right is Kind.LATIN
    return (left, right) != (Kind.DASH, Kind.DASH)


def _glue(left: Kind, right: Kind) -> int:
    if left is Kind.CLOSE and right in (Kind.CLOSE, Kind.OPEN):
        return -HALF
    if left is Kind.OPEN and right is Kind.OPEN:
        return -HALF
    if (left is Kind.HAN and right in _SPACED) or (left in _SPACED and right is Kind.HAN):
        return QUARTER
    return 0


def _stretches(left: Kind, right: Kind) -> bool:
    if left in _NARROW and right in _NARROW:
        return False
    if left is right and left in (Kind.LEADER, Kind.DASH):
        return False
    return Kind.GLUE not in (left, right) and right is not Kind.SPACE


PAIRS = tuple(tuple(_pair(left, right) for right in Kind) for left in Kind)
