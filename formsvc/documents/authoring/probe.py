"""form.docx with a character in the place of every value, and what LibreOffice makes of it.

A character that the form does not use stands in for every placeholder. LibreOffice converts the
form twice, with these characters and without: the first conversion says where every placeholder
comes to stand and which ruling lines are around it, the second is the page that people see.
"""

import io
import itertools
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from docxtpl import DocxTemplate
from lxml import etree

from formsvc.documents import docx
from formsvc.documents.authoring import office
from formsvc.documents.authoring.rectangles import CLEAR, Page, measured
from formsvc.documents.authoring.wordstyles import Placement, Styles
from formsvc.documents.headers import is_page_number
from formsvc.documents.printing import printed
from formsvc.errors import TemplateError
from formsvc.forms import Form

PAGE_FIELD: Final = "/_page"
CODE_FIELD: Final = "/_code"
_SENTINEL = re.compile("\ue000([^\ue001]*)\ue001")
_PLACEHOLDER = re.compile(r"\{\{-?\s*([\w.]+)")
_PARTS = re.compile(r"word/(?:document|header\d*|footer\d*)\.xml")
# Rare, in every Chinese font of this machine, and not a twin of a radical (as U+4E00 is).
_FIRST_TOKEN: Final = 0x3447
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@dataclass(frozen=True, slots=True)
class Site:
    """One place in the DOCX where a value stands."""

    pointer: str
    placement: Placement


@dataclass(frozen=True, slots=True)
class Drawing:
    """A form as drawn: `drawn` has a token at every site, `blank` (and `pdf`) nothing.

    `fonts` are the texts of the DOCX's paragraphs without spaces, each with its font.
    """

    sites: Mapping[str, Site]
    drawn: Sequence[Page]
    blank: Sequence[Page]
    pdf: bytes
    fonts: Sequence[tuple[str, str]]


def draw(form: Form, template: bytes) -> Drawing:
    """Both conversions. TemplateError when LibreOffice fails or lines move as values are put in."""
    members = _rendered(form, template)
    sites, probe, fonts = _probe(members)
    named = set(_named(template))
    for pointer in sorted(named - {site.pointer for site in sites.values()}):
        raise TemplateError(f"{form.docx}: {pointer} does not show when every value is given")
    pages, plain = office.convert((probe, _blank(members)))
    drawn, blank = measured(pages), measured(plain)
    blank = [_unnumbered(page, number, sites) for page, number in zip(blank, drawn, strict=False)]
    _same_layout(form, drawn, blank, re.compile(f"[{''.join(sites)}]"))
    return Drawing(sites, drawn, blank, plain, fonts)


def _named(template: bytes) -> Iterator[str]:
    opened = DocxTemplate(io.BytesIO(template))
    opened.init_docx()
    for name in _PLACEHOLDER.findall(opened.patch_xml(opened.get_xml())):
        yield f"/{'/'.join(name.split('.'))}"


def _rendered(form: Form, template: bytes) -> dict[str, bytes]:
    """The members of the DOCX with a sentinel at every site."""
    values = {pointer: f"\ue000{pointer}\ue001" for pointer in printed(form, {})}
    opened = DocxTemplate(io.BytesIO(template))
    opened.render(docx.context(form, values), docx.environment(), autoescape=True)
    rendered = io.BytesIO()
    opened.save(rendered)
    with zipfile.ZipFile(rendered) as package:
        return {name: package.read(name) for name in package.namelist()}


def _probe(
    members: Mapping[str, bytes],
) -> tuple[dict[str, Site], bytes, list[tuple[str, str]]]:
    """The sites by their token, the DOCX with a token at every site, and its fonts."""
    used = set("".join(part.decode("utf-8", "ignore") for part in members.values()))
    free = (chr(code) for code in itertools.count(_FIRST_TOKEN) if chr(code) not in used)
    styles = Styles(members)
    sites: dict[str, Site] = {}
    fonts: list[tuple[str, str]] = []
    marked = dict(members)
    for name in filter(_PARTS.fullmatch, members):
        root = etree.fromstring(members[name])
        for paragraph in root.iter(f"{_W}p"):
            _mark(paragraph, styles, sites, free)
        fonts += styles.fonts(root)
        marked[name] = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return sites, _packed(marked), fonts


def _blank(members: Mapping[str, bytes]) -> bytes:
    parts = {
        name: _SENTINEL.sub("", content.decode()).encode()
        for name, content in members.items()
        if _PARTS.fullmatch(name)
    }
    return _packed({**members, **parts})


def _unnumbered(page: Page, probe: Page, sites: Mapping[str, Site]) -> Page:
    """A blank page without the number that LibreOffice put where the probe has a token."""
    lines = [
        char.baseline
        for char in probe.chars
        if char.text in sites and sites[char.text].pointer == PAGE_FIELD
    ]
    kept = [char for char in page.chars
            if not any(abs(char.baseline - line) < CLEAR for line in lines)]  # fmt: skip
    return replace(page, chars=tuple(kept))


def _mark(paragraph: Any, styles: Styles, sites: dict[str, Site], free: Iterator[str]) -> None:
    """Put a token in the place of every sentinel, and one in the place of a page number."""
    if is_page_number(paragraph):
        runs = paragraph.findall(f"{_W}r")
        text = next(run.find(f"{_W}t") for run in runs if run.find(f"{_W}t") is not None)
        token = next(free)
        sites[token] = Site(PAGE_FIELD, styles.placement(text, text.text or ""))
        text.text = token
        for child in list(paragraph):
            if child is not text.getparent() and child.tag != f"{_W}pPr":
                paragraph.remove(child)
        return
    for text in paragraph.iter(f"{_W}t"):
        while found := _SENTINEL.search(text.text or ""):
            token = next(free)
            placement = styles.placement(text, found[0])
            sites[token] = Site(found[1], placement)
            text.text = text.text.replace(found[0], token, 1)


def _packed(members: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return packed.getvalue()


def _same_layout(
    form: Form, probe: Sequence[Page], blank: Sequence[Page], tokens: re.Pattern[str]
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
