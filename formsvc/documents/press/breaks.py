"""Where the lines of a text may end, and how wide is what stands between; widths are em."""

import re
from functools import cache, cached_property
from itertools import accumulate
from math import ceil
from operator import sub
from typing import Final

from formsvc.documents.press.fonts import Fonts

INDENT: Final = 2.0
SPACING: Final = 0.25  # between Han and Latin
SLACK: Final = 1.0  # by which the best line may be shorter than it could be
_FEW: Final = 4.0  # characters in a line, so that one with its signs may be too wide

_HAN: Final = "\u2e80-\u2fff\u3005-\u3007\u3021-\u30ff\u3100-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff21-\uff3a\uff41-\uff5a\uff10-\uff19\U00020000-\U0003ffff"  # noqa: E501
_OPEN: Final = "（《「『【〔〖〈‘“｛［〝〘〚(\\[{￥￡＄￦№＃$£¥€"
_CLOSE: Final = "，。、；：）》」』】〕〗〉’”｝］〞〟．｡､〙〛！？％‰℃℉・·•‧々〻…—～〜"
_WORD: Final = f"[^\\s{_HAN}{_OPEN}{_CLOSE}]+(?:[{_OPEN}][^\\s{_HAN}{_OPEN}{_CLOSE}]+)*"
_GLUE: Final = "\u00a0\u2007\u202f"  # blanks that no line ends at
# A sign of share or degree holds on to what is written after it without a blank.
_PER: Final = "％‰℃℉"
# A sign of currency holds on to the number before it and to what comes after.
_CURRENCY: Final = "￥￡＄￦№＃$£¥€"
_TOKEN: Final = (
    f"[{_OPEN}]*(?:[{_HAN}]|{_WORD}(?:[{_CURRENCY}]+(?:[{_HAN}]|{_WORD})?)*)?"
    f"(?:[{_CLOSE}]*(?:[{_PER}]{_WORD}|[{_GLUE}]+(?:[{_HAN}]|{_WORD})?))*"
    f"[{_CLOSE}]*[^\\S{_GLUE}]*"
)
_HAN_CHARACTER: Final = re.compile(f"[{_HAN}]")
_HOLDING: Final = frozenset(_PER + _CURRENCY + _GLUE)
_FULL_WIDTH: Final = re.compile("[（《「『【〔〖〈‘“｛［，。、；：）》」』】〕〗〉’”｝］．！？]")
BOUNDARY: Final = re.compile(
    f"(?<=[{_HAN}])(?=[0-9A-Za-z\u00c0-\u04ff])|(?<=[0-9A-Za-z\u00c0-\u04ff])(?=[{_HAN}])"
)
_NAME: Final = f"(?<![{_HAN}])[{_HAN}]++(?:[·•‧][{_HAN}]++)++"
AFTER_DOT: Final = re.compile("(?<=[·•‧])")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of so many characters that compiling it is felt, compiled on first use."""
    return re.compile(pattern)


class Costs(dict[str, float]):
    """How much of a line a character may take, in em: what is not Han twice, since with the token
    that it stands in it may leave the line before as much shorter; what holds Han together too."""

    def __init__(self, fonts: Fonts, font: str) -> None:
        super().__init__()
        self._fonts, self._font = fonts, font

    def __missing__(self, char: str) -> float:
        (width,) = self._fonts.widths(char, self._font)
        if _HAN_CHARACTER.match(char):
            cost = max(width, 1.0)
        else:
            cost = 2 * width + (2.0 if char in _HOLDING else 0.0)
        self[char] = cost
        return cost


costs = cache(Costs)


class Breaks:
    """A paragraph with the places where its lines may end, and how wide it is up to each, in em."""

    def __init__(self, text: str, font: str, fonts: Fonts, *, block: bool) -> None:
        self._text, self._block = text, block
        self._characters = fonts.widths(text, font)
        self._boundaries = [boundary.start() for boundary in BOUNDARY.finditer(text)]
        self.most = sum(self._characters) + SPACING * len(self._boundaries)

    @cached_property
    def _split(self) -> tuple[list[int], frozenset[int]]:
        return _ends(self._text, self._block)

    @property
    def ends(self) -> list[int]:
        return self._split[0]

    @property
    def wholes(self) -> frozenset[int]:
        return self._split[1]

    @cached_property
    def _marks(self) -> list[float]:
        widths = self._characters.copy()
        for boundary in self._boundaries:
            widths[boundary] += SPACING
        reached = list(accumulate(widths, initial=0.0))
        return [reached[end] for end in self.ends]

    @cached_property
    def widths(self) -> list[float]:
        """Of the parts that end at `ends`."""
        return list(map(sub, self._marks, [0.0, *self._marks]))

    @cached_property
    def widest(self) -> float:
        return max(self.widths, default=0.0)

    @cached_property
    def _least(self) -> float:
        signs, spaces = len(_FULL_WIDTH.findall(self._text)), self._text.count(" ")
        return sum(self._characters) - 0.5 * signs - 0.2 * spaces

    def lines(self, measure: float, is_indented: bool) -> tuple[int, int]:
        """How few and how many lines of a measure in em."""
        indent = INDENT if is_indented else 0.0
        if self.most + indent <= measure:
            return 1, 1
        low = max(1, min(ceil((self._least + indent) / measure), len(self.ends)))
        if measure < _FEW + indent:  # lines may run over where they cannot be broken
            low = 1
        return low, max(low, self._greedy(measure, indent))

    def _greedy(self, measure: float, indent: float) -> int:
        """Lines when each takes whole tokens, and is as short as the best may be."""
        limit = measure - SLACK
        lines, start, before = 1, -indent, 0.0
        for mark in self._marks:
            if mark - start > limit:
                if mark - before > limit:  # is cut wherever the line ends
                    lines += ceil((mark - start) / max(limit - 1, 0.5)) - 1
                    start = mark - limit
                else:
                    lines, start = lines + 1, before
            before = mark
        return lines


def _ends(text: str, block: bool) -> tuple[list[int], frozenset[int]]:
    """Where lines may end; and where what ends there has to be kept whole: names of persons in
    cells break after their dots only."""
    tokens = _compiled(_TOKEN)
    names = [] if block or not AFTER_DOT.search(text) else list(_compiled(_NAME).finditer(text))
    if not names:
        return list(accumulate(map(len, filter(None, tokens.findall(text))))), frozenset()
    ends: list[int] = []
    wholes: list[int] = []
    at = 0
    for name in names:
        ends += [match.end() for match in tokens.finditer(text, at, name.start()) if match[0]]
        parts = accumulate(map(len, AFTER_DOT.split(name[0])), initial=name.start())
        wholes += list(parts)[1:]
        ends += wholes[-len(AFTER_DOT.split(name[0])) :]
        at = name.end()
    ends += [match.end() for match in tokens.finditer(text, at) if match[0]]
    return ends, frozenset(wholes)
