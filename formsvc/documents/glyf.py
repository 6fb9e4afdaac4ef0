"""Subsets of TrueType fonts: glyphs renumbered, composite parts carried along.

Source: OpenType 1.9, chapters glyf, loca, head, hhea, hmtx, maxp.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from formsvc.documents.opentype import Face, FontError

_WORDS, _SCALE, _MORE, _XY_SCALE, _TWO_BY_TWO = 0x01, 0x08, 0x20, 0x40, 0x80
_COPIED = ("cvt ", "fpgm", "prep")


class GlyfOutlines:
    """Outlines of a TrueType font; ``subset`` returns a font whose glyphs are 0, 1, 2 …"""

    subtype = "CIDFontType2"

    def __init__(self, face: Face) -> None:
        self._face = face
        self._start = face.place("glyf")
        self._long = struct.unpack_from(">h", face.table("head"), 50)[0] == 1
        self._loca = face.place("loca")
        self._glyphs: dict[int, bytes] = {}

    def subset(self, glyphs: Sequence[int], name: str) -> bytes:
        """A TrueType font program with ``.notdef`` and the given glyphs, in this order."""
        order = [0, *glyphs]
        numbers = {glyph: index for index, glyph in reversed(list(enumerate(order)))}
        for glyph in order:  # grows while parts of composites are found
            for _, part in _components(self._outline(glyph)):
                if part not in numbers:
                    numbers[part] = len(order)
                    order.append(part)
        outlines = [_renumbered(self._outline(glyph), numbers) for glyph in order]
        return self._assemble(order, outlines)

    def _outline(self, glyph: int) -> bytes:
        outline = self._glyphs.get(glyph)
        if outline is None:
            if not 0 <= glyph < self._face.glyph_count:
                raise FontError(f"glyph {glyph} of {self._face.glyph_count}")
            data = self._face.data
            if self._long:
                start, end = struct.unpack_from(">2I", data, self._loca + 4 * glyph)
            else:
                halves = struct.unpack_from(">2H", data, self._loca + 2 * glyph)
                start, end = 2 * halves[0], 2 * halves[1]
            outline = data[self._start + start : self._start + end]
            outline += b"\0" * (-len(outline) % 4)
            self._glyphs[glyph] = outline
        return outline

    def _assemble(self, order: Sequence[int], outlines: Sequence[bytes]) -> bytes:
        face = self._face
        count = len(order)
        places = list(accumulate(map(len, outlines), initial=0))
        head = bytearray(face.table("head"))
        struct.pack_into(">I", head, 8, 0)
        struct.pack_into(">h", head, 50, 1)
        hhea = bytearray(face.table("hhea"))
        struct.pack_into(">H", hhea, 34, count)
        maxp = bytearray(face.table("maxp"))
        struct.pack_into(">H", maxp, 4, count)
        tables = {
            "glyf": b"".join(outlines),
            "head": bytes(head),
            "hhea": bytes(hhea),
            "hmtx": b"".join(
                struct.pack(">Hh", face.advance(g), self._bearing(o))
                for g, o in zip(order, outlines, strict=True)
            ),
            "loca": struct.pack(f">{count + 1}I", *places),
            "maxp": bytes(maxp),
        }
        tables.update((tag, face.table(tag)) for tag in _COPIED if face.has(tag))
        return _container(tables)

    @staticmethod
    def _bearing(outline: bytes) -> int:
        left: int = struct.unpack_from(">h", outline, 2)[0] if outline else 0
        return left


def _components(outline: bytes) -> Iterator[tuple[int, int]]:
    """Offset and glyph of each part of a composite glyph."""
    if not outline or struct.unpack_from(">h", outline, 0)[0] >= 0:
        return
    place, flags = 10, _MORE
    while flags & _MORE:
        flags, glyph = struct.unpack_from(">2H", outline, place)
        yield place + 2, glyph
        place += 8 if flags & _WORDS else 6
        if flags & _SCALE:
            place += 2
        elif flags & _XY_SCALE:
            place += 4
        elif flags & _TWO_BY_TWO:
            place += 8


def _renumbered(outline: bytes, numbers: Mapping[int, int]) -> bytes:
    parts = list(_components(outline))
    if not parts:
        return outline
    copy = bytearray(outline)
    for place, glyph in parts:
        struct.pack_into(">H", copy, place, numbers[glyph])
    return bytes(copy)


def _container(tables: Mapping[str, bytes]) -> bytes:
    count = len(tables)
    power = count.bit_length() - 1
    head = struct.pack(">I4H", 0x00010000, count, 16 << power, power, (count - (1 << power)) * 16)
    place = 12 + 16 * count
    records, bodies = [], []
    for tag, table in sorted(tables.items()):
        padded = table + b"\0" * (-len(table) % 4)
        total = sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF
        records.append(struct.pack(">4s3I", tag.encode("ascii"), total, place, len(table)))
        bodies.append(padded)
        place += len(padded)
    return b"".join((head, *records, *bodies))
