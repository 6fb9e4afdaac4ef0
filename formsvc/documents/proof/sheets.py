"""Where a PDF shows something else than our own fill of its data, page by page, and what.

What stands where our own values do is read from there, so that it does not matter how an editor
put it there: a text in the page, one painted over, a note on top. Boxes are those of
`formsvc.documents.press.areas`.
"""

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from functools import cached_property
from math import isfinite
from typing import Any, Final

import pikepdf
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from formsvc.documents.pictures import opened, packed
from formsvc.documents.press.areas import Areas, Box, Slot
from formsvc.documents.press.sheets import CONTINUED
from formsvc.documents.proof import codes, grown
from formsvc.documents.proof.alignment import UNCLEAR, Shown, added, changes
from formsvc.documents.proof.marks import DIGEST_CHARS
from formsvc.documents.proof.units import bare
from formsvc.errors import UnreadableDocument

_SCALE: Final = 60 / 72  # 60 dpi shows a changed stroke of the smallest text
_CODE_SCALE: Final = 300 / 72
_NOTICED: Final = 8  # levels of grey
_STILL: Final = 0.6  # points that a character may have moved and be in its place
_EDGE: Final = 20.0  # points that a seal may reach over the box that it belongs in
_LEAST_INK, _MOST_INK = 0.4, 2.5  # of what our own fonts give
_MOST_CHARACTERS: Final = 400_000
_BAND: Final = 12.0  # points
_APART: Final = 6  # characters between two differences
_PRINTED: Final = re.compile(
    rf"FS1/[^\s/]{{1,80}}/\S{{1,40}}\s+"
    rf"((?:[A-Z2-7]{{5}}-?){{{DIGEST_CHARS // 5}}})\s+([0-9]{{1,4}})/"
)
_COPY: Final = re.compile(r"第[0-9]{1,2}份/共[0-9]{1,2}份")
_BY_HAND: Final = frozenset(
    {"/FreeText", "/Stamp", "/Ink", "/Text", "/Square", "/Circle", "/Line", "/Highlight"}
)
_EVERYWHERE: Final[Box] = (-1e9, -1e9, 1e9, 1e9)
_UNSEEN: Final = frozenset({"/Link", "/Popup"})  # nothing to be read; `foreign` names what they do


def payload(
    found: bytes, ours: bytes, areas: Sequence[Areas], values: Mapping[str, str],
    pages: Sequence[int | None] | None = None,
) -> bytes:  # fmt: skip
    """What `differing` takes; `pages` are those of `found` to look at, by default all."""
    head = {
        "size": len(ours),
        "areas": [
            [area.values, area.hands, area.code, [astuple(slot) for slot in area.slots]]
            for area in areas
        ],
        "values": dict(values),
        "pages": pages,
    }
    return b"".join((json.dumps(head).encode(), b"\n", ours, found))


def differing(raw: bytes) -> bytes:
    """A `Shown` as JSON, for a process that can be killed. UnreadableDocument for a broken PDF."""
    line, _, rest = raw.partition(b"\n")
    head = json.loads(line)
    ours, found = rest[: head["size"]], rest[head["size"] :]
    areas = [
        Areas(tuple((name, tuple(box)) for name, box in values), tuple(map(tuple, hands)),
              tuple(code) if code else None, tuple(Slot(*slot) for slot in slots))
        for values, hands, code, slots in head["areas"]
    ]  # fmt: skip
    seen = _Seen(head["values"])
    with opened(ours) as own, opened(found) as other:
        pages = _matched(own, other) if head["pages"] is None else head["pages"]
        notes = _notes(found)
        for number in range(len(own)):
            place: int | None = pages[number] if number < len(pages) else None
            if place is None:
                seen.beside.append(f"（缺第 {number + 1} 页）")
                continue
            area = areas[number] if number < len(areas) else Areas()
            seen.compare(own[number], other[place], area, number + 1)
            seen.notes(notes.get(place, ()), area)
        more = len(other) - len(own) if head["pages"] is None else len(pages) - len(own)
        if more > 0:
            seen.beside.append(f"（多出 {more} 页）")
    return seen.shown().to_json()


def _matched(own: Any, other: Any) -> list[int | None]:
    """The pages of a document by their order; where some are missing, by the numbers printed."""
    if len(other) >= len(own):
        return list(range(len(other)))
    places = [(printed_place(page), at) for at, page in enumerate(other)]
    numbers = {place[1]: at for place, at in places if place}
    return [numbers.get(number) for number in range(1, len(own) + 1)]


def printed_place(page: Any) -> tuple[str, int] | None:
    """The digest and the number that a page prints; ("", 0) of an empty page, None of another."""
    text = page.get_textpage().get_text_range()
    if found := _PRINTED.search(text):
        return found[1].replace("-", ""), int(found[2])
    return None if text.strip() else ("", 0)


class _Seen:
    """What differs, gathered page by page."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._texts = values
        self.values: dict[str, str] = {}
        self.beside: list[str] = []
        self.written: list[str] = []
        self.codes: list[str] = []
        self.is_restyled = False
        self._taken: dict[str, int] = {}  # characters of a text whose parts were looked at
        self._slots: tuple[Slot, ...] = ()  # those that stand on this page or a later one

    def shown(self) -> Shown:
        return Shown(
            tuple(self.values.items()), tuple(dict.fromkeys(self.beside)),
            tuple(dict.fromkeys(self.written)), tuple(self.codes), self.is_restyled,
        )  # fmt: skip

    def compare(self, own: Any, other: Any, areas: Areas, number: int) -> None:
        if any(abs(a - b) > 1 for a, b in zip(own.get_size(), other.get_size(), strict=True)):
            self.beside.append(f"（第 {number} 页的大小不同）")
            return
        ours, theirs = _Page(own), _Page(other)
        if areas.slots:
            self._slots = areas.slots
        if not areas.values:
            boxed, self._slots = grown.boxes(ours.characters, self._slots, self._texts)
            areas = replace(areas, values=boxed)
        for name, box in areas.values:
            self._value(name, ours.within(box), theirs.within(box))
        for box in areas.hands:
            self._by_hand(ours.within(box), theirs.within(box))
        boxes = [*(box for _, box in areas.values), *areas.hands]
        if areas.code:
            boxes.append(areas.code)
            if bare(ours.within(areas.code)) != bare(theirs.within(areas.code)):
                self.codes.append(f"{number} ")
        self._outside(ours.outside(boxes), theirs.outside(boxes))
        if ours.is_like(theirs):
            self._look(_Picture(own), _Picture(other), areas, number, other)
        else:
            self._look_at_values((ours, _Picture(own)), (theirs, _Picture(other)), areas)

    def _value(self, name: str, expected: str, found: str) -> None:
        """What is found where a value, or the next part of one, is expected."""
        whole, part = bare(self._texts.get(name, "")), bare(expected).removesuffix(CONTINUED)
        at = -1 if part == whole else whole.find(part, self._taken.get(name, 0))
        if at >= 0:
            self._taken[name] = at + len(part)
        if bare(expected) == bare(found):
            return
        if at < 0:
            self.values.setdefault(name, found)
            return
        # All of the text, with what was found of it so far; what comes after is not known yet.
        known, rest = self.values.get(name, whole), whole[at:]
        before = known.removesuffix(rest) if known.endswith(rest) else whole[:at]
        after = rest[len(part) :]
        self.values[name] = before + bare(found).removesuffix(CONTINUED) + after

    def _by_hand(self, expected: str, found: str) -> None:
        if bare(expected) != bare(found):
            more = added(bare(expected), bare(found))
            (self.beside if more is None else self.written).append(more or found)

    def _outside(self, expected: str, found: str) -> None:
        if expected == found:
            return
        found = _COPY.sub("", found, count=1)
        self.beside += [found[c:d] or expected[a:b] for a, b, c, d in _regions(expected, found)]

    def _look(
        self, ours: "_Picture", theirs: "_Picture", areas: Areas, number: int, other: Any
    ) -> None:
        """Whether a page on which every character is in its place also looks as it should."""
        for x, y in ours.differences(theirs):
            if areas.code and _holds(areas.code, x, y, 2):
                if not any(code.startswith(f"{number} ") for code in self.codes):
                    self.codes.append(f"{number} {_code(other, areas.code)}")
            elif name := next((name for name, box in areas.values if _holds(box, x, y)), ""):
                self.values.setdefault(name, UNCLEAR)
            elif any(_holds(box, x, y, _EDGE) for box in areas.hands):
                self.written.append("（印章或手写）")
            else:
                self.beside.append(f"（第 {number} 页画面有改动）")

    def _look_at_values(
        self, ours: tuple["_Page", "_Picture"], theirs: tuple["_Page", "_Picture"], areas: Areas
    ) -> None:
        """Whether the values of a page that is set differently can be read as they should."""
        for name, box in areas.values:
            if name in self.values or not self._texts.get(name):
                continue
            if ours[0].is_like(theirs[0], box):
                looks = ours[1].is_same(theirs[1], box)
            else:
                self.is_restyled = True
                looks = ours[1].has_like_ink(theirs[1], box)
            if not looks:
                self.values[name] = UNCLEAR

    def notes(self, notes: Sequence[tuple[str, Box, str]], areas: Areas) -> None:
        """What was put on top of a page: (kind, box, text)."""
        for kind, box, text in notes:
            x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            under = [name for name, area in areas.values if _meet(area, box)]
            if kind in _UNSEEN:
                continue
            if kind in _BY_HAND and any(_holds(hand, x, y) for hand in areas.hands):
                self.written.append(text or "（印章或批注）")
            elif under:
                for name in under:
                    self.values[name] = text or UNCLEAR
            else:
                self.beside.append(f"批注{kind}：{text}" if text else f"批注{kind}")


def _regions(expected: str, found: str) -> Iterator[tuple[int, int, int, int]]:
    """Where two texts differ; what only a few characters hold apart is one region."""
    held: tuple[int, int, int, int] | None = None
    for kind, a, b, c, d in changes(expected, found):
        if kind == "equal":
            continue
        if held and a - held[1] < _APART:
            held = (held[0], b, held[2], d)
            continue
        if held:
            yield held
        held = (a, b, c, d)
    if held:
        yield held


class _Page:
    """A page's characters with where they stand, y from the top."""

    def __init__(self, page: Any) -> None:
        text = page.get_textpage()
        count = text.count_chars()
        if count > _MOST_CHARACTERS:
            raise UnreadableDocument("PDF 的一页上文字太多，已拒绝读取。")
        self._text, self._height = text, page.get_height()
        self.characters: list[tuple[str, float, float]] = []
        for index in range(count):
            character = chr(pdfium.FPDFText_GetUnicode(text, index))
            if not character.isspace():
                left, bottom, right, top = text.get_charbox(index)
                self.characters.append(
                    (character, (left + right) / 2, self._height - (top + bottom) / 2)
                )

    def within(self, box: Box) -> str:
        left, top, right, bottom = box
        found = self._text.get_text_bounded(left, self._height - bottom, right, self._height - top)
        return "\n".join(found.replace("\x02", "-").split("\r\n")).strip()

    def outside(self, boxes: Sequence[Box]) -> str:
        held = {index for box in boxes for index in self._held(box)}
        return "".join(
            character
            for index, (character, _, _) in enumerate(self.characters)
            if index not in held
        )

    def is_like(self, other: "_Page", box: Box = _EVERYWHERE) -> bool:
        """Whether every character, or those in a box, stands where it stands on the other page."""
        ours, theirs = self._in(box), other._in(box)
        return len(ours) == len(theirs) and all(
            one[0] == two[0] and abs(one[1] - two[1]) < _STILL and abs(one[2] - two[2]) < _STILL
            for one, two in zip(ours, theirs, strict=True)
        )

    def _in(self, box: Box) -> list[tuple[str, float, float]]:
        if box == _EVERYWHERE:
            return self.characters
        return [self.characters[index] for index in self._held(box)]

    def _held(self, box: Box) -> list[int]:
        """The places in `characters` of those in a box."""
        near = (self._bands.get(band, ()) for band in range(_band(box[1]), _band(box[3]) + 1))
        return sorted(index for band in near for index, x, y in band if _holds(box, x, y))

    @cached_property
    def _bands(self) -> dict[int, list[tuple[int, float, float]]]:
        """The characters by how far down they stand: a page has hundreds of boxes to look into."""
        bands: dict[int, list[tuple[int, float, float]]] = {}
        for index, (_, x, y) in enumerate(self.characters):
            if isfinite(y):
                bands.setdefault(_band(y), []).append((index, x, y))
        return bands


def _band(y: float) -> int:
    return int(y // _BAND)


class _Picture:
    """A page as it looks, grey, at 60 dpi."""

    def __init__(self, page: Any) -> None:
        bitmap = page.render(scale=_SCALE, grayscale=True, draw_annots=False, may_draw_forms=False)
        self._pixels = bytes(bitmap.buffer)
        self._stride, self._width, self._height = bitmap.stride, bitmap.width, bitmap.height

    def _rows(self) -> Iterator[bytes]:
        for start in range(0, self._stride * self._height, self._stride):
            yield self._pixels[start : start + self._width]

    def differences(self, other: "_Picture") -> Iterator[tuple[float, float]]:
        """Points at which the two look different."""
        for y, (one, two) in enumerate(zip(self._rows(), other._rows(), strict=False)):
            if one != two:
                for x, (a, b) in enumerate(zip(one, two, strict=False)):
                    if abs(a - b) > _NOTICED:
                        yield (x + 0.5) / _SCALE, (y + 0.5) / _SCALE

    def is_same(self, other: "_Picture", box: Box) -> bool:
        ours, theirs = self._part(box), other._part(box)
        return len(ours) == len(theirs) and all(
            one == two or all(abs(a - b) <= _NOTICED for a, b in zip(one, two, strict=False))
            for one, two in zip(ours, theirs, strict=True)
        )

    def has_like_ink(self, other: "_Picture", box: Box) -> bool:
        own, found = self._ink(box), other._ink(box)
        return _LEAST_INK * own <= found <= _MOST_INK * own + 1

    def _ink(self, box: Box) -> int:
        return sum(255 * len(row) - sum(row) for row in self._part(box))

    def _part(self, box: Box) -> list[bytes]:
        left, top, right, bottom = (max(0, round(edge * _SCALE)) for edge in box)
        starts = (y * self._stride for y in range(top, min(bottom, self._height)))
        return [self._pixels[at + left : at + min(right, self._width)] for at in starts]


def _code(page: Any, box: Box) -> str:
    """The QR code that a page prints, "" where none can be read."""
    width, height = page.get_size()
    left = box[2] - (box[3] - box[1])
    crop = (left - 6, max(height - box[3] - 6, 0), max(width - box[2] - 6, 0), max(box[1] - 6, 0))
    bitmap = page.render(scale=_CODE_SCALE, grayscale=True, crop=crop)
    found = codes.of_pixels(packed(bitmap), bitmap.width, bitmap.height)
    return found[0] if found else ""


def _holds(box: Box, x: float, y: float, more: float = 0) -> bool:
    return box[0] - more <= x <= box[2] + more and box[1] - more <= y <= box[3] + more


def _meet(one: Box, two: Box) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def _notes(raw: bytes) -> dict[int, list[tuple[str, Box, str]]]:
    """By page: kind, box and text of every note or field, but not of signatures."""
    found: dict[int, list[tuple[str, Box, str]]] = {}
    try:
        with pikepdf.open(io.BytesIO(raw)) as pdf:
            for number, page in enumerate(pdf.pages):
                top = float(page.mediabox[3])
                for note in page.obj.get("/Annots", pikepdf.Array()):
                    parent = note.get("/Parent", pikepdf.Dictionary())
                    if note.get("/FT", parent.get("/FT")) == pikepdf.Name.Sig:
                        continue
                    left, bottom, right, upper = map(float, note.get("/Rect", [0, 0, 0, 0]))
                    box = (min(left, right), top - max(bottom, upper), max(left, right),
                           top - min(bottom, upper))  # fmt: skip
                    text = str(note.get("/Contents", note.get("/V", "")))[:2000]
                    found.setdefault(number, []).append((str(note.get("/Subtype")), box, text))
    except (pikepdf.PdfError, AttributeError, TypeError, ValueError) as error:
        raise UnreadableDocument("PDF 已损坏，无法读取。") from error
    return found
