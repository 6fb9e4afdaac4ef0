"""Subsets of CFF and TrueType fonts, small and quick to assemble.

Making a subset with a general font library costs hundreds of milliseconds for a CJK font.  Here a
glyph's outline is cut out of the mapped font once, its subroutines are written out in line and
its hints dropped (print resolutions do not need them), and the result is kept; a document's
subset is then little more than a join.  Sources: Adobe Technical Notes 5176 (CFF) and
5177 (Type 2 charstrings); OpenType 1.9 for glyf.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import accumulate

from formsvc.documents.opentype import Face, FontError

_NUMBER_FIRST, _SHORT = 32, 28
_CALL_LOCAL, _RETURN, _ESCAPE, _END, _CALL_GLOBAL = 10, 11, 12, 14, 29
_STEMS = frozenset({1, 3, 18, 23})
_MASKS = frozenset({19, 20})
_FLEXES = frozenset({34, 35, 36, 37})
_MAX_DEPTH = 10

_CHARSET, _CHARSTRINGS, _PRIVATE, _LOCAL_SUBRS = 15, 17, 18, 19
_FONT_MATRIX, _ROS, _FD_ARRAY, _FD_SELECT = 0x0C07, 0x0C1E, 0x0C24, 0x0C25


class _Index:
    """A CFF INDEX left where it is: only the offsets asked for are read."""

    def __init__(self, data: bytes | memoryview, place: int) -> None:
        self._data = data
        self.count: int = struct.unpack_from(">H", data, place)[0]
        self._size = data[place + 2] if self.count else 1
        self._offsets = place + 3
        self._base = self._offsets + (self.count + 1) * self._size - 1
        self.end = self._base + self._offset(self.count) if self.count else place + 2

    def _offset(self, index: int) -> int:
        start = self._offsets + index * self._size
        return int.from_bytes(self._data[start : start + self._size], "big")

    def __getitem__(self, index: int) -> bytes:
        if not 0 <= index < self.count:
            raise FontError(f"CFF index {index} of {self.count}")
        start, end = self._offset(index), self._offset(index + 1)
        return bytes(self._data[self._base + start : self._base + end])


def _dict(raw: bytes) -> dict[int, tuple[list[float], bytes]]:
    """Operator → operands, and operands as they stand; real numbers are kept only raw."""
    entries: dict[int, tuple[list[float], bytes]] = {}
    operands: list[float] = []
    place = start = 0
    while place < len(raw):
        first = raw[place]
        if first <= 21:
            size = 2 if first == _ESCAPE else 1
            key = 0x0C00 | raw[place + 1] if first == _ESCAPE else first
            entries[key] = (operands, raw[start:place])
            place += size
            start, operands = place, []
            continue
        if first == 30:
            end = place + 1
            while raw[end] & 0x0F != 0x0F and raw[end] >> 4 != 0x0F:
                end += 1
            operands.append(0.0)
            place = end + 1
            continue
        value, place = _number(raw, place)
        operands.append(value)
    return entries


def _matrix(entries: dict[int, tuple[list[float], bytes]]) -> bytes:
    """The FontMatrix entry as it stands; empty when it is the default."""
    if _FONT_MATRIX not in entries:
        return b""
    return entries[_FONT_MATRIX][1] + _operator(_FONT_MATRIX)


def _number(raw: bytes, place: int) -> tuple[int, int]:
    first = raw[place]
    if first == 28:
        return struct.unpack_from(">h", raw, place + 1)[0], place + 3
    if first == 29:
        return struct.unpack_from(">i", raw, place + 1)[0], place + 5
    if first <= 246:
        return first - 139, place + 1
    if first <= 250:
        return (first - 247) * 256 + raw[place + 1] + 108, place + 2
    return -(first - 251) * 256 - raw[place + 1] - 108, place + 2


def _integer(value: int) -> bytes:
    return b"\x1d" + struct.pack(">i", value)


def _operator(key: int) -> bytes:
    return bytes((_ESCAPE, key & 0xFF)) if key > 0xFF else bytes((key,))


def _index(items: Sequence[bytes]) -> bytes:
    if not items:
        return b"\0\0"
    ends = list(accumulate(map(len, items), initial=1))
    size = (ends[-1].bit_length() + 7) // 8
    if size == 3:  # four bytes pack in one call, three do not
        size = 4
    if size <= 2:
        offsets = struct.pack(f">{len(ends)}{'BH'[size - 1]}", *ends)
    else:
        offsets = struct.pack(f">{len(ends)}I", *ends)
    return b"".join((struct.pack(">HB", len(items), size), offsets, *items))


class CffOutlines:
    """Outlines of a CFF font; ``subset`` returns a CID-keyed CFF font whose CIDs are 0, 1, 2 …"""

    subtype = "CIDFontType0"

    def __init__(self, face: Face) -> None:
        start = face.place("CFF ")
        data = memoryview(face.data)[start:]
        names = _Index(data, data[2])
        tops = _Index(data, names.end)
        strings = _Index(data, tops.end)
        self._global = _Index(data, strings.end)
        top = _dict(tops[0])
        self._matrix = _matrix(top)
        self._box = struct.pack(">4h", *face.bbox)
        self._charstrings = _Index(data, int(top[_CHARSTRINGS][0][0]))
        self._data = data
        self._fonts: list[tuple[bytes, bytes, _Index | None]] = []
        self._select: bytes = bytes(self._charstrings.count)
        if _FD_ARRAY in top:
            array = _Index(data, int(top[_FD_ARRAY][0][0]))
            for index in range(array.count):
                self._fonts.append(self._font(_dict(array[index])))
            self._select = self._read_select(int(top[_FD_SELECT][0][0]))
        else:
            self._fonts.append(self._font({_PRIVATE: top[_PRIVATE]}))
        self._glyphs: dict[int, bytes] = {}

    def subset(self, glyphs: Sequence[int], name: str) -> bytes:
        """A bare CFF font program with ``.notdef`` and the given glyphs, in this order."""
        order = (0, *glyphs)
        cached = self._glyphs
        outlines = []
        for glyph in order:
            outline = cached.get(glyph)
            if outline is None:
                outline = cached[glyph] = self._outline(glyph)
            outlines.append(outline)
        select = b"\0" + bytes(map(self._select.__getitem__, order))
        return self._assemble(name.encode("ascii"), _index(outlines), select, len(order))

    def _assemble(self, name: bytes, outlines: bytes, select: bytes, count: int) -> bytes:
        head = b"\x01\x00\x04\x04" + _index([name])
        tail = _index([b"Adobe", b"Identity"]) + b"\0\0"
        charset = b"\x02" + struct.pack(">HH", 1, count - 2) if count > 1 else b"\0"
        place = len(head) + len(_index([self._top(count, 0, 0, 0, 0)])) + len(tail)
        select_place = place + len(charset)
        outlines_place = select_place + len(select)
        fonts_place = outlines_place + len(outlines)
        top = self._top(count, place, select_place, outlines_place, fonts_place)
        fonts = self._font_array(fonts_place)
        return b"".join((head, _index([top]), tail, charset, select, outlines, fonts))

    def _top(self, count: int, charset: int, select: int, outlines: int, fonts: int) -> bytes:
        ros = struct.pack(">BhBhB", 28, 391, 28, 392, 139)
        box = b"".join(b"\x1c" + self._box[i : i + 2] for i in range(0, 8, 2))
        pairs = (
            (_CHARSET, charset),
            (_FD_SELECT, select),
            (_CHARSTRINGS, outlines),
            (_FD_ARRAY, fonts),
        )
        return b"".join(
            (
                ros,
                _operator(_ROS),
                self._matrix,
                box,
                b"\x05",
                _integer(count),
                b"\x0c\x22",
                *(_integer(value) + _operator(key) for key, value in pairs),
            )
        )

    def _font_array(self, place: int) -> bytes:
        def dicts(start: int) -> Iterator[bytes]:
            for matrix, private, _ in self._fonts:
                yield matrix + _integer(len(private)) + _integer(start) + _operator(_PRIVATE)
                start += len(private)

        size = len(_index(list(dicts(0))))
        privates = b"".join(private for _, private, _ in self._fonts)
        return _index(list(dicts(place + size))) + privates

    def _font(
        self, entries: dict[int, tuple[list[float], bytes]]
    ) -> tuple[bytes, bytes, _Index | None]:
        size, start = (int(value) for value in entries[_PRIVATE][0])
        private = _dict(bytes(self._data[start : start + size]))
        local = private.pop(_LOCAL_SUBRS, None)
        raw = b"".join(operands + _operator(key) for key, (_, operands) in private.items())
        subrs = _Index(self._data, start + int(local[0][0])) if local else None
        return _matrix(entries), raw, subrs

    def _read_select(self, place: int) -> bytes:
        data, count = self._data, self._charstrings.count
        if data[place] == 0:
            return bytes(data[place + 1 : place + 1 + count])
        ranges = struct.unpack_from(">H", data, place + 1)[0]
        rows = [struct.unpack_from(">HB", data, place + 3 + 3 * i) for i in range(ranges)]
        ends = [first for first, _ in rows[1:]] + [count]
        return b"".join(
            bytes((fd,)) * (end - first) for (first, fd), end in zip(rows, ends, strict=True)
        )

    def _outline(self, glyph: int) -> bytes:
        if not 0 <= glyph < self._charstrings.count:
            raise FontError(f"glyph {glyph} of {self._charstrings.count}")
        local = self._fonts[self._select[glyph]][2]
        writer = _Flattener(self._global, local)
        writer.run(self._charstrings[glyph], 0)
        return b"".join(writer.out)


class _Flattener:
    """Copies one Type 2 charstring: subroutines in line, stem hints and hint masks left out."""

    def __init__(self, global_subrs: _Index, local_subrs: _Index | None) -> None:
        self.out: list[bytes] = []
        self._arguments: list[bytes] = []
        self._stems = 0
        self._width_seen = False
        self._global = global_subrs
        self._local = local_subrs

    def run(self, code: bytes, depth: int) -> bool:
        """Copy ``code``; true once the glyph has ended."""
        if depth > _MAX_DEPTH:
            raise FontError("CFF subroutines nest too deep")
        place, arguments = 0, self._arguments
        while place < len(code):
            first = code[place]
            if first >= _NUMBER_FIRST or first == _SHORT:
                size = _number_size(first)
                arguments.append(code[place : place + size])
                place += size
                continue
            place += 1
            if first in (_CALL_LOCAL, _CALL_GLOBAL):
                if self.run(self._subroutine(first == _CALL_GLOBAL), depth + 1):
                    return True
            elif first == _RETURN:
                return False
            elif first in _STEMS:
                self._hint()
            elif first in _MASKS:
                self._hint()
                place += (self._stems + 7) // 8
            elif first == _ESCAPE:
                self._escape(code[place])
                place += 1
            else:
                self._emit(bytes((first,)))
                if first == _END:
                    return True
        return False

    def _subroutine(self, is_global: bool) -> bytes:
        subrs = self._global if is_global else self._local
        if subrs is None:
            raise FontError("CFF call of a missing subroutine")
        bias = 107 if subrs.count < 1240 else 1131 if subrs.count < 33900 else 32768
        return subrs[_number(self._arguments.pop(), 0)[0] + bias]

    def _hint(self) -> None:
        arguments = self._arguments
        self._stems += len(arguments) // 2
        if not self._width_seen and len(arguments) % 2:
            self.out.append(arguments[0])
        self._width_seen = True
        arguments.clear()

    def _escape(self, operator: int) -> None:
        if operator not in _FLEXES:
            raise FontError(f"CFF operator 12 {operator} is not supported")
        self._emit(bytes((_ESCAPE, operator)))

    def _emit(self, operator: bytes) -> None:
        self._width_seen = True
        self.out.extend(self._arguments)
        self.out.append(operator)
        self._arguments.clear()


def _number_size(first: int) -> int:
    if first == _SHORT:
        return 3
    if first <= 246:
        return 1
    return 5 if first == 255 else 2
