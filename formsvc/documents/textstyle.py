"""How a box wants its text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

FLOOR, CELL_FLOOR, STEP = 9.0, 7.5, 0.5


class Align(Enum):
    LEFT = 0
    CENTRE = 1
    RIGHT = 2


class Vertical(Enum):
    TOP = "/Top"
    MIDDLE = "/Center"
    BOTTOM = "/Bottom"


@dataclass(frozen=True, slots=True)
class Style:
    """Sizes in points, leading as a multiple of the size.

    Where `vertical` or `indented` is None, the box's own shape decides.
    """

    size: float = 12.0
    align: Align = Align.LEFT
    multiline: bool = False
    leading: float = 1.5
    cell_leading: float = 1.2
    cell_lines: int = 3
    padding: float = 2.0
    floor: float = FLOOR
    cell_floor: float = CELL_FLOOR
    vertical: Vertical | None = None
    indented: bool | None = None
    justified: bool = True

    def sizes(self, lowest: float) -> Iterator[float]:
        """From the wanted size down to ``lowest`` in half points."""
        size = self.size
        while size > lowest:
            yield size
            size -= STEP
        yield min(self.size, lowest)
