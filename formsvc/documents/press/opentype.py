"""What characters an OpenType file has, how wide they are, and what it calls itself.

A font collection of 25 MB is mapped, not read: a process that fills its first form touches a few
hundred kilobytes.  Table layouts: OpenType 1.9 (ISO/IEC 14496-22), chapters cmap, hmtx, name.
Fonts come from the operator's folders and are trusted; a damaged one raises ``FontError``.
"""

from __future__ import annotations

import mmap
import struct
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

from formsvc.errors import ConfigError

_MACINTOSH, _WINDOWS = 1, 3
_RESTRICTED_LICENCE = 0x0002
_NAMES = frozenset({1, 4, 6, 16})


class FontError(ConfigError):
    """A font file that cannot be used."""


class Face:
    """One face of a font file."""

    def __init__(self, path: Path, data: mmap.mmap, offset: int) -> None:
        self.path = path
        self.data = data
        count = struct.unpack_from(">H", data, offset + 4)[0]
        self._tables: dict[str, tuple[int, int]] = {}
        for index in range(count):
            tag, _, start, length = struct.unpack_from(">4sIII", data, offset + 12 + 16 * index)
            self._tables[tag.decode("latin-1")] = (start, length)
        head, hhea = self._place("head"), self._place("hhea")
        self._units_per_em: int = struct.unpack_from(">H", data, head + 18)[0]
        self._metrics: int = struct.unpack_from(">H", data, hhea + 34)[0]
        self._cmap: CharacterMap | None = None

    def _place(self, tag: str) -> int:
        try:
            return self._tables[tag][0]
        except KeyError:
            raise FontError(f"{self.path.name}: no {tag} table") from None

    def _table(self, tag: str) -> bytes:
        """A whole table; empty when the face has none."""
        start, length = self._tables.get(tag, (0, 0))
        return self.data[start : start + length]

    def advance(self, glyph: int) -> float:
        """Advance width of a glyph, in em."""
        index = min(glyph, self._metrics - 1)
        width: int = struct.unpack_from(">H", self.data, self._place("hmtx") + 4 * index)[0]
        return width / self._units_per_em

    @property
    def cmap(self) -> CharacterMap:
        if self._cmap is None:
            self._cmap = CharacterMap(self._table("cmap"))
        return self._cmap

    @property
    def names(self) -> frozenset[str]:
        """Family, full and PostScript names in every language, as an office would write them."""
        named = _names(self._table("name"))
        return frozenset(text for key, text in named if key in _NAMES)

    @property
    def may_embed(self) -> bool:
        """Whether the licence bits allow embedding (OS/2 fsType, "restricted" is 2 alone)."""
        table = self._table("OS/2")
        if len(table) < 10:
            return True
        flags: int = struct.unpack_from(">H", table, 8)[0]
        return flags & 0x000F != _RESTRICTED_LICENCE


def open_faces(path: Path) -> list[Face]:
    """All faces of a .ttf, .otf or .ttc file."""
    try:
        with path.open("rb") as stream:
            data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        if data[:4] != b"ttcf":
            return [Face(path, data, 0)]
        count = struct.unpack_from(">I", data, 8)[0]
        offsets = struct.unpack_from(f">{count}I", data, 12)
        return [Face(path, data, offset) for offset in offsets]
    except (OSError, ValueError, struct.error) as fault:
        raise FontError(f"{path}: {fault}") from fault


def _names(table: bytes) -> Iterator[tuple[int, str]]:
    if len(table) < 6:
        return
    _, count, storage = struct.unpack_from(">3H", table, 0)
    for index in range(count):
        platform, _, _, key, length, start = struct.unpack_from(">6H", table, 6 + 12 * index)
        raw = table[storage + start : storage + start + length]
        if platform == _MACINTOSH:
            yield key, raw.decode("mac_roman", "replace")
        else:
            yield key, raw.decode("utf-16-be", "replace")


class CharacterMap:
    """Character → glyph, formats 4, 12 and 14."""

    def __init__(self, table: bytes) -> None:
        self._table = table
        places = self._subtables()
        self._variants = places.get((0, 5))
        self._groups: list[tuple[int, int, int]] = []
        for key in ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3), (0, 2), (0, 1), (0, 0)):
            if key in places and self._read(places[key]):
                break
        self._starts = [group[0] for group in self._groups]

    def get(self, code: int) -> int:
        """Glyph of a code point; 0 when there is none."""
        index = bisect_right(self._starts, code) - 1
        if index < 0:
            return 0
        first, last, glyph = self._groups[index]
        return glyph + code - first if code <= last and glyph else 0

    def variant(self, code: int, selector: int) -> int:
        """Glyph of a base character with a variation selector; 0 when the font has none."""
        if self._variants is None:
            return 0
        table, base = self._table, self._variants
        count = struct.unpack_from(">I", table, base + 6)[0]
        for index in range(count):
            record = base + 10 + 11 * index
            if int.from_bytes(table[record : record + 3], "big") != selector:
                continue
            default, other = struct.unpack_from(">II", table, record + 3)
            if default and self._is_default(base + default, code):
                return self.get(code)
            return self._other(base + other, code) if other else 0
        return 0

    def _subtables(self) -> dict[tuple[int, int], int]:
        if len(self._table) < 4:
            return {}
        count = struct.unpack_from(">H", self._table, 2)[0]
        records = (struct.unpack_from(">HHI", self._table, 4 + 8 * i) for i in range(count))
        return {(platform, encoding): place for platform, encoding, place in records}

    def _read(self, place: int) -> bool:
        kind = struct.unpack_from(">H", self._table, place)[0]
        if kind == 12:
            count = struct.unpack_from(">I", self._table, place + 12)[0]
            flat = struct.unpack_from(f">{3 * count}I", self._table, place + 16)
            self._groups = list(zip(flat[::3], flat[1::3], flat[2::3], strict=True))
        elif kind == 4:
            self._groups = sorted(self._segments(place))
        return bool(self._groups)

    def _segments(self, place: int) -> Iterator[tuple[int, int, int]]:
        table = self._table
        count = struct.unpack_from(">H", table, place + 6)[0] // 2
        row = f">{count}H"
        ends = struct.unpack_from(row, table, place + 14)
        starts = struct.unpack_from(row, table, place + 16 + 2 * count)
        deltas = struct.unpack_from(row, table, place + 16 + 4 * count)
        ranges = place + 16 + 6 * count
        offsets = struct.unpack_from(row, table, ranges)
        for index, (first, last) in enumerate(zip(starts, ends, strict=True)):
            for code in range(first, last + 1):
                glyph = code
                if offsets[index]:
                    cell = ranges + 2 * index + offsets[index] + 2 * (code - first)
                    if cell + 2 > len(table):
                        continue
                    glyph = struct.unpack_from(">H", table, cell)[0]
                    if not glyph:
                        continue
                yield code, code, (glyph + deltas[index]) & 0xFFFF

    def _is_default(self, place: int, code: int) -> bool:
        table = self._table
        count = struct.unpack_from(">I", table, place)[0]
        for index in range(count):
            record = place + 4 + 4 * index
            first = int.from_bytes(table[record : record + 3], "big")
            if first <= code <= first + table[record + 3]:
                return True
        return False

    def _other(self, place: int, code: int) -> int:
        table = self._table
        count = struct.unpack_from(">I", table, place)[0]
        for index in range(count):
            record = place + 4 + 5 * index
            if int.from_bytes(table[record : record + 3], "big") == code:
                glyph: int = struct.unpack_from(">H", table, record + 3)[0]
                return glyph
        return 0
