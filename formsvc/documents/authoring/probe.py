"""form.docx with a character in the place of every value, and what LibreOffice makes of it.

A character that the form does not use stands in for every placeholder. LibreOffice converts the
form three times, with these characters, without, and as people see it: the first conversion says
where every placeholder comes to stand and which ruling lines are around it. In the first two the
text of a part that is there only sometimes has a colour of its own, which moves nothing.
"""

import io
import itertools
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from lxml import etree

from formsvc.documents import docx
from formsvc.documents.archive import Archive
from formsvc.documents.authoring import office
from formsvc.documents.authoring.rectangles import CLEAR, Drawn, measured
from formsvc.documents.authoring.wordstyles import Placement, Styles
from formsvc.documents.headers import is_page_number
from formsvc.documents.segments import PART
from formsvc.errors import TemplateError
from formsvc.forms import Form

PAGE_FIELD: Final = "/_page"
CODE_FIELD: Final = "/_code"
_SENTINEL = re.compile("\ue000([^\ue001]*)\ue001")
_PARTS = re.compile(r"word/(?:document|header\d*|footer\d*)\.xml")
# Rare, in every Chinese font of this machine, and not a twin of a radical (as U+4E00 is).
_FIRST_TOKEN: Final = 0x3447
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@dataclass(frozen=True, slots=True)
class Spot:
    """One place in the DOCX where a value stands, and the part of the paper that it is in; of a
    page number, whose form it says that the page is."""

    pointer: str
    placement: Placement
    part: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A form as drawn: `drawn` has a token at every site, `blank` nothing; `pdf` is for people.

    `fonts` are the texts of the DOCX's paragraphs without spaces, each with its font; `parts`
    those of the paper that are there only sometimes, by the colour of their text.
    """

    sites: Mapping[str, Spot]
    drawn: Sequence[Drawn]
    blank: Sequence[Drawn]
    pdf: bytes
    fonts: Sequence[tuple[str, str]]
    parts: Mapping[int, str]


def draw(form: Form) -> Drawing:
    """Both conversions. TemplateError when LibreOffice fails or lines move as values are put in."""
    members = _rendered(form)
    sites, probe, fonts, parts = _probe(members)
    drawn, bare = map(measured, office.convert((probe, _blank(members))))
    (shown,) = office.convert((docx.prepared(form).unfilled(_count(form, sites, drawn)),))
    bare = [_unnumbered(page, number, sites) for page, number in zip(bare, drawn, strict=False)]
    _same_layout(form, drawn, bare, re.compile(f"[{''.join(sites)}]"))
    if len(measured(shown)) != len(bare):
        raise TemplateError(f"{form.docx}: has other pages when its rows are numbered")
    return Drawing(sites, drawn, bare, shown, fonts, parts)


def _count(form: Form, sites: Mapping[str, Spot], drawn: Sequence[Drawn]) -> int:
    """How many pages the form itself has, without 填报信息."""
    places = docx.prepared(form).places(form.blank_rows) | {PAGE_FIELD}
    own = {token for token, spot in sites.items() if spot.pointer in places}
    return 1 + max(number for number, page in enumerate(drawn)
                   if any(char.text in own for char in page.chars))  # fmt: skip


def _rendered(form: Form) -> dict[str, bytes]:
    """The members of the DOCX with a sentinel at every site."""
    template = docx.DocxForm(form)
    shown = template.shown({name: f"\ue000{name}\ue001" for name in template.drawn()})
    with zipfile.ZipFile(io.BytesIO(shown)) as package:
        return {name: package.read(name) for name in package.namelist()}


def _probe(
    members: dict[str, bytes],
) -> tuple[dict[str, Spot], bytes, list[tuple[str, str]], dict[int, str]]:
    """The sites by their token, the DOCX with a token at every site, its fonts and parts.

    Gives the texts of the members the colours of their parts.
    """
    used = set("".join(part.decode("utf-8", "ignore") for part in members.values()))
    free = (chr(code) for code in itertools.count(_FIRST_TOKEN) if chr(code) not in used)
    styles = Styles(members)
    sites: dict[str, Spot] = {}
    fonts: list[tuple[str, str]] = []
    parts: dict[str, int] = {}
    marked = dict(members)
    for name in filter(_PARTS.fullmatch, members):
        root = etree.fromstring(members[name])
        inside = _coloured(root, parts)
        members[name] = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
        for paragraph in root.iter(f"{_W}p"):
            _mark(paragraph, styles, sites, free, inside.get(paragraph, ""))
        fonts += styles.fonts(root)
        marked[name] = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    colours = {colour: part for part, colour in parts.items()}
    return sites, Archive(marked).with_members({}), fonts, colours


def _coloured(root: Any, parts: dict[str, int]) -> dict[Any, str]:
    """Give every run in a part the part's colour; the paragraphs of parts."""
    inside: list[str] = []
    found: dict[Any, str] = {}
    for node in list(root.iter(etree.Comment, f"{_W}p")):
        if node.tag is etree.Comment:
            name = node.text.removeprefix(PART)
            if name:
                inside.append(name)
            else:
                inside.pop()
        elif inside:
            found[node] = inside[-1]
            colour = parts.setdefault(inside[-1], len(parts) + 1)
            for run in node.iter(f"{_W}r"):
                properties = run.find(f"{_W}rPr")
                if properties is None:
                    properties = etree.Element(f"{_W}rPr")
                    run.insert(0, properties)
                for old in properties.findall(f"{_W}color"):
                    properties.remove(old)
                etree.SubElement(properties, f"{_W}color").set(f"{_W}val", f"{colour:06X}")
    return found


def _blank(members: Mapping[str, bytes]) -> bytes:
    parts = {
        name: _SENTINEL.sub("", content.decode()).encode()
        for name, content in members.items()
        if _PARTS.fullmatch(name)
    }
    return Archive({**members, **parts}).with_members({})


def _unnumbered(page: Drawn, probe: Drawn, sites: Mapping[str, Spot]) -> Drawn:
    """A blank page without the number that LibreOffice put where the probe has a token."""
    lines = [
        char.baseline
        for char in probe.chars
        if char.text in sites and sites[char.text].pointer == PAGE_FIELD
    ]
    kept = [char for char in page.chars
            if not any(abs(char.baseline - line) < CLEAR for line in lines)]  # fmt: skip
    return replace(page, chars=tuple(kept))


def _mark(
    paragraph: Any, styles: Styles, sites: dict[str, Spot], free: Iterator[str], part: str
) -> None:
    """Put a token in the place of every sentinel, and one in the place of a page number."""
    if is_page_number(paragraph):
        runs = paragraph.findall(f"{_W}r")
        text = next(run.find(f"{_W}t") for run in runs if run.find(f"{_W}t") is not None)
        token = next(free)
        named = _SENTINEL.search("".join(node.text or "" for node in paragraph.iter(f"{_W}t")))
        owner = named[1] if named else ""
        sites[token] = Spot(PAGE_FIELD, styles.placement(text, text.text or ""), owner=owner)
        text.text = token
        for child in list(paragraph):
            if child is not text.getparent() and child.tag != f"{_W}pPr":
                paragraph.remove(child)
        return
    for text in paragraph.iter(f"{_W}t"):
        while found := _SENTINEL.search(text.text or ""):
            token = next(free)
            placement = styles.placement(text, found[0])
            sites[token] = Spot(found[1], placement, part)
            text.text = text.text.replace(found[0], token, 1)


def _same_layout(
    form: Form, probe: Sequence[Drawn], blank: Sequence[Drawn], tokens: re.Pattern[str]
) -> None:
    """Values must not move a line or a label up or down, or onto another page."""
    if len(probe) != len(blank):
        raise TemplateError(f"{form.docx}: has other pages when values are put in")
    for number, (one, other) in enumerate(zip(probe, blank, strict=True), 1):
        lines = [sorted((*page.across, *page.down)) for page in (one, other)]
        labels = [
            sorted((char.text, round(char.baseline)) for char in page.chars
                   if not tokens.match(char.text))
            for page in (one, other)
        ]  # fmt: skip
        moved = any(
            abs(a - b) > CLEAR
            for before, after in zip(*lines, strict=False)
            for a, b in zip(before, after, strict=True)
        )
        if moved or len(lines[0]) != len(lines[1]) or labels[0] != labels[1]:
            raise TemplateError(f"{form.docx}: page {number}: lines move when values are put in")
