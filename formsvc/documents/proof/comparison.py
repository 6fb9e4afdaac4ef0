"""Whether a document shows what it should, and where it does not."""

import difflib
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pikepdf

from formsvc.documents.headers import is_page_number
from formsvc.documents.pictures import opened
from formsvc.documents.printing import is_text
from formsvc.documents.proof.carriage import Format, package, xml
from formsvc.documents.proof.foreign import foreign
from formsvc.errors import UnreadableDocument
from formsvc.forms import Form

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_BODY: Final = "word/document.xml"
_EDGE = re.compile(r"word/(?:header|footer|footnotes|endnotes|comments)\d*\.xml")
_SPACE = re.compile(r"\s+")
_BREAKS: Final = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n"}
# What changes the look of a text, or adds to it, without being text.
_DISGUISES: Final = frozenset(
    f"{_W}{name}"
    for name in (
        "vanish", "webHidden", "del", "ins", "strike", "dstrike", "color", "drawing", "pict",
        "object", "sym", "altChunk", "numPr",
    )
)  # fmt: skip
_SCALE: Final = 60 / 72  # 60 dpi shows a changed stroke of the smallest text
_LONGEST: Final = 4000  # characters compared one by one; beyond this a region is one difference
_COSTLIEST: Final = 300_000  # pairs of equal characters in such a region
_OCCURRENCES: Final = 100


@dataclass(frozen=True, slots=True)
class Appearance:
    """What a reader sees of a document: its text, marks that alter or add to it, and, of a PDF,
    size and picture of every page."""

    text: str
    marks: Mapping[str, int]
    pages: tuple[str, ...] = ()

    def shows(self, other: "Appearance") -> bool:
        """Whether this, found, shows what the other, expected, does."""
        return (
            self.text == other.text
            and self.pages == other.pages
            and not Counter(self.marks) - Counter(other.marks)
        )


def appearance(raw: bytes, format: Format) -> Appearance:
    """How a document looks. UnreadableDocument when it cannot be read."""
    if format == "docx":
        members = package(raw)
        return Appearance(_docx_text(members), _disguises(members))
    return Appearance(_pdf_text(raw), _annotations(raw), _pictures(raw))


def compared(payload: bytes) -> bytes:
    """A document beside our own fills of its data: (pointers, foreign things) as JSON, null when
    nothing differs from one of them. Bytes to bytes, for a process that can be killed.

    Pointers are those whose text differs, none when something else does. `payload` is `beside`'s.
    UnreadableDocument when the document cannot be read.
    """
    head, _, rest = payload.partition(b"\n")
    about = json.loads(head)
    files, place = [], 0
    for size in about["sizes"]:
        files.append(rest[place : place + size])
        place += size
    found, *ours = files
    seen = appearance(found, about["format"])
    differing: list[Any] = []
    for expected in ours:
        shown = appearance(expected, about["format"])
        things = foreign(expected, found, about["format"])
        if seen.shows(shown) and not things:
            return b"null"
        texts = (shown.text, seen.text) if shown.text != seen.text else ("", "")
        differing.append((sorted(_pointers(*texts, about["boxes"], about["values"])), things))
    # What is not ours at all is so beside the final document and beside the draft.
    pointers, things = min(differing, key=lambda each: len(each[1]))
    return json.dumps([differing[0][0] or pointers, things]).encode()


def beside(
    found: bytes, ours: Sequence[bytes], format: Format, form: Form, values: Mapping[str, str]
) -> bytes:
    """The payload for `compared`: a document, and our own fills of the form with `values`."""
    about = {
        "format": format,
        "sizes": [len(found), *map(len, ours)],
        "boxes": {
            box.name: [
                part.in_row(row) if part.list else part.pointer
                for part, _ in box.parts
                for row in range(int(values.get(part.list) or 0) if part.list else 1)
            ]
            for box in form.boxes
        },
        "values": {name: text for name, text in values.items() if is_text(form, name)},
    }
    return b"".join((json.dumps(about).encode(), b"\n", found, *ours))


# what a reader sees


def _docx_text(members: Mapping[str, bytes]) -> str:
    """The body's text, then that of headers and footers, which Word renames as it saves."""
    if _BODY not in members:
        raise UnreadableDocument("Word 文档没有正文，无法读取。")
    edges = {_part_text(xml(content)) for name, content in members.items() if _EDGE.fullmatch(name)}
    return "\f".join((_part_text(xml(members[_BODY])), *sorted(edges - {""})))


def _part_text(root: Any) -> str:
    return "\n".join(_paragraph_text(paragraph) for paragraph in root.iter(f"{_W}p")).strip("\n")


def _paragraph_text(paragraph: Any) -> str:
    text = "".join(
        node.text or "" if node.tag == f"{_W}t" else _BREAKS[node.tag]
        for node in paragraph.iter(f"{_W}t", *_BREAKS)
        if next(node.iterancestors(f"{_W}p")) is paragraph
        and next(node.iterancestors(f"{_W}tabs"), None) is None
    )
    return re.sub("[0-9]+", "", text) if is_page_number(paragraph) else text


def _disguises(members: Mapping[str, bytes]) -> Counter[str]:
    return Counter(node.tag for node in xml(members[_BODY]).iter() if node.tag in _DISGUISES)


def _pdf_text(raw: bytes) -> str:
    """Page by page, without spaces: a PDF has none, readers guess them."""
    with opened(raw) as document:
        return "\f".join(_bare(page.get_textpage().get_text_range()) for page in document)


def _pictures(raw: bytes) -> tuple[str, ...]:
    """Size and digest of every page's picture."""
    with opened(raw) as document:
        return tuple(
            f"{page.get_size()} {hashlib.sha256(_pixels(page)).hexdigest()}" for page in document
        )


def _pixels(page: Any) -> bytes:
    picture = page.render(scale=_SCALE, grayscale=True, draw_annots=False, may_draw_forms=False)
    return bytes(picture.buffer)


def _annotations(raw: bytes) -> Counter[str]:
    """Notes and fields on the pages, but not signatures."""
    found: Counter[str] = Counter()
    try:
        with pikepdf.open(io.BytesIO(raw)) as pdf:
            for page in pdf.pages:
                for note in page.obj.get("/Annots", pikepdf.Array()):
                    parent = note.get("/Parent", pikepdf.Dictionary())
                    if note.get("/FT", parent.get("/FT")) != pikepdf.Name.Sig:
                        found[str(note.get("/Subtype"))] += 1
    except (pikepdf.PdfError, AttributeError, TypeError, ValueError) as error:
        raise UnreadableDocument("PDF 已损坏，无法读取。") from error
    return found


# where it differs


def _pointers(
    expected: str, found: str, boxes: Mapping[str, list[str]], values: Mapping[str, str]
) -> set[str]:
    """The fields whose text stands at the differences."""
    expected, found = _bare(expected), _bare(found)
    pointers: set[str] = set()
    for start, end in _changes(expected, found):
        fields = {name: text for name, text in values.items() if name not in boxes}
        at = _at(expected, start, end, fields)
        if not at:
            named = _at(expected, start, end, {name: values[name] for name in boxes})
            at = {pointer for name in named for pointer in boxes[name]}
        pointers |= at
    return pointers


def _at(expected: str, start: int, end: int, values: Mapping[str, str]) -> set[str]:
    """The longest values that stand in or beside a range of the text."""
    near = [
        (place, place + len(text), pointer)
        for pointer, value in values.items()
        if (text := _bare(value))
        for place in _places(expected, text)
        if place <= end and start <= place + len(text)
    ]
    inside = [spot for spot in near if spot[0] < end and start < spot[1]] or near
    return {
        pointer
        for first, last, pointer in inside
        if not any(a <= first and last <= b and (a, b) != (first, last) for a, b, _ in inside)
    }


def _places(text: str, part: str) -> Iterator[int]:
    place = text.find(part)
    for _ in range(_OCCURRENCES):
        if place < 0:
            return
        yield place
        place = text.find(part, place + 1)


def _changes(expected: str, found: str) -> Iterator[tuple[int, int]]:
    """Ranges of the expected text that were changed; empty where something was put in."""
    head = _common(expected, found)
    tail = _common(expected[head:][::-1], found[head:][::-1])
    ours, theirs = expected[head : len(expected) - tail], found[head : len(found) - tail]
    if not ours and not theirs:
        return
    if max(len(ours), len(theirs)) > _LONGEST or _cost(ours, theirs) > _COSTLIEST:
        yield head, head + len(ours)
        return
    matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
    for kind, start, end, _, _ in matcher.get_opcodes():
        if kind != "equal":
            yield head + start, head + end


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


def _bare(text: str) -> str:
    return _SPACE.sub("", text)
