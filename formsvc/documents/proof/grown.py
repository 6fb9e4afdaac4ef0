"""Where the values stand on a page whose rows have grown: told by our own texts, in their order."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from formsvc.documents.press.areas import Box, Slot
from formsvc.documents.proof.units import bare

_CLEAR: Final = 12.0  # points above and below the middles of a row's lines that are the row's too

Character = tuple[str, float, float]
"""A character with the middle of its box, y from the top."""


def boxes(
    characters: Sequence[Character], slots: Sequence[Slot], values: Mapping[str, str]
) -> tuple[tuple[tuple[str, Box], ...], tuple[Slot, ...]]:
    """The box of every slot whose row is on a page, from our own fill, and the slots that are not.

    A box reaches from side to side of its cell and over all of its row: what is written there
    belongs to no other value. A row of which no text is found is not on the page.
    """
    rows: dict[int, list[list[float]]] = {}
    for row, heights in _found(characters, slots, values):
        rows.setdefault(row, []).append(heights)
    texts = Counter(slot.row for slot in slots if bare(values.get(slot.pointer, "")))
    # What is found of a row alone, the 1 of an amount in the number of a page, is not that row.
    ends = {
        row: (min(map(min, found)), max(map(max, found)))
        for row, found in rows.items()
        if 2 * len(found) > texts[row]
    }
    columns = {
        (left, right): sorted(y for _, x, y in characters if left <= x <= right)
        for left, right in {(slot.left, slot.right) for slot in slots}
    }
    placed = tuple(
        (slot.pointer, _reach(columns[slot.left, slot.right], slot, *ends[slot.row]))
        for slot in slots
        if slot.row in ends
    )
    return placed, tuple(slot for slot in slots if slot.row not in ends)


def _found(
    characters: Sequence[Character], slots: Sequence[Slot], values: Mapping[str, str]
) -> Iterator[tuple[int, list[float]]]:
    """The row of every text that is found, and how far down its characters are."""
    whole = "".join(character for character, _, _ in characters)
    if len(whole) != len(characters):  # a glyph of several characters: nothing has its place
        return
    at = 0
    for slot in slots:
        text = bare(values.get(slot.pointer, ""))
        start = whole.find(text, at) if text else -1
        while start >= 0:
            places = characters[start : start + len(text)]
            if all(slot.left <= x <= slot.right for _, x, _ in places):
                yield slot.row, [y for _, _, y in places]
                at = start + len(text)
                break
            start = whole.find(text, start + 1)


def _reach(beside: Sequence[float], slot: Slot, top: float, bottom: float) -> Box:
    """A cell: half way to what else stands above and below it, or a little beyond its row."""
    first, after = bisect_left(beside, top), bisect_right(beside, bottom)
    above = beside[first - 1] if first else -_CLEAR
    below = beside[after] if after < len(beside) else bottom + 2 * _CLEAR
    up, down = min((top - above) / 2, _CLEAR), min((below - bottom) / 2, _CLEAR)
    return slot.left, top - up, slot.right, bottom + down
