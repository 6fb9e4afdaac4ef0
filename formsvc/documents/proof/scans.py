"""Scans of our papers: which submission, edition and pages they are, by the codes on the pages.

A scan carries no data and its picture is not compared; what its codes say can be trusted only where
they are signed.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from formsvc import sandbox
from formsvc.documents.formats import is_picture
from formsvc.documents.pictures import opened, packed
from formsvc.documents.proof import codes
from formsvc.documents.proof.marks import DIGEST_CHARS, Mark, parse_mark
from formsvc.errors import UnreadableDocument
from formsvc.forms import Form

_DPI: Final = 200
_MOST_PAGES: Final = 60
_CPU: Final = 40  # seconds: a page takes up to half a second
_PAGE_PIXELS: Final = 10_000_000

sandbox.preload(__name__)


@dataclass(frozen=True, slots=True)
class Scan:
    """The codes of ours that were found, page by page, in the order of the pages."""

    pages: tuple[tuple[Mark, ...], ...]

    @property
    def marks(self) -> tuple[Mark, ...]:
        return tuple(mark for page in self.pages for mark in page)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One submission in a scan: its code, the pages found, those missing and those doubled."""

    mark: Mark
    found: tuple[int, ...]
    missing: tuple[int, ...]
    doubled: tuple[int, ...]

    @property
    def is_whole(self) -> bool:
        return not (self.missing or self.doubled)


def scanned(raw: bytes) -> Scan:
    """A PNG, JPEG or PDF looked through for codes. UnreadableDocument when it cannot be opened."""
    found = json.loads(sandbox.run_limited(look, raw, cpu=_CPU, wall=2.0 * _CPU))
    pages = []
    for texts in found:
        marks: dict[str, Mark] = {}
        for text in texts:
            with suppress(UnreadableDocument):
                marks[text] = parse_mark(text)
        pages.append(tuple(marks.values()))
    return Scan(tuple(pages))


def look(raw: bytes) -> bytes:
    """The texts of the QR codes of every page, as JSON; for a process that can be killed."""
    if is_picture(raw):
        return json.dumps([codes.within(codes.picture(raw))]).encode()
    found = []
    with opened(raw) as document:
        if len(document) > _MOST_PAGES:
            message = f"扫描件超过 {_MOST_PAGES} 页，请分成几个文件。"
            raise UnreadableDocument(message)
        for page in document:
            width, height = page.get_size()
            scale = min(_DPI / 72, (_PAGE_PIXELS / max(width * height, 1)) ** 0.5)
            bitmap = page.render(scale=scale, grayscale=True)
            found.append(codes.of_pixels(packed(bitmap), bitmap.width, bitmap.height))
    return json.dumps(found).encode()


def leaves(scan: Scan) -> tuple[Leaf, ...]:
    """The submissions in a scan, in the order in which they come."""
    found: dict[tuple[str, str, str], list[Mark]] = {}
    for mark in scan.marks:
        key = (mark.form, mark.edition.upper(), mark.proof[:DIGEST_CHARS])
        found.setdefault(key, []).append(mark)
    return tuple(map(_leaf, found.values()))


def _leaf(marks: Sequence[Mark]) -> Leaf:
    counts = Counter(mark.page for mark in marks if mark.page)
    pages = max(mark.pages for mark in marks)
    missing = tuple(number for number in range(1, pages + 1) if number not in counts)
    doubled = tuple(sorted(number for number, count in counts.items() if count > 1))
    return Leaf(marks[0], tuple(sorted(counts)), missing, doubled)


def told(scan: Scan, forms: Mapping[tuple[str, str], Form]) -> str:
    """What a scan is, in Chinese; "" when no code of ours was found."""
    return "".join(_told(leaf, forms) for leaf in leaves(scan))


def _told(leaf: Leaf, forms: Mapping[tuple[str, str], Form]) -> str:
    mark = leaf.mark
    form = forms.get((mark.form, mark.edition.upper()))
    title = f"《{form.title}》" if form else f"“{mark.form}”（本系统没有这种表）"
    digest = mark.label.split("\n")[1].split(" ")[0]
    said = f"这是{title}，版次 {mark.edition}，校验码 {digest}；"
    if not leaf.found:
        return f"{said}由 Word 打印，页上没有页码可查。"
    said += f"共 {leaf.mark.pages} 页，找到第 {_listed(leaf.found)} 页"
    said += f"，缺第 {_listed(leaf.missing)} 页" if leaf.missing else ""
    said += f"，第 {_listed(leaf.doubled)} 页重复" if leaf.doubled else ""
    return f"{said}。"


def by_name(forms: Iterable[Form]) -> dict[tuple[str, str], Form]:
    """Forms by the names that codes hold."""
    return {(form.id, form.edition.upper()): form for form in forms}


def _listed(numbers: Iterable[int]) -> str:
    return "、".join(map(str, numbers))
