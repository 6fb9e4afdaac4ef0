"""form.docx → fillable form.pdf, for authors of forms. Needs LibreOffice; a service never runs it.

A character that the form does not use stands in for every placeholder. LibreOffice converts the
form twice, with these characters and without: the first conversion says where every placeholder
comes to stand and which ruling lines are around it, the second is the page that people see.
Lengths are points (1 pt = 1/72 in), y grows upwards. AcroForm: ISO 32000-1, 12.7.
"""

import hashlib
import io
import itertools
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pikepdf
from docxtpl import DocxTemplate
from lxml import etree
from pikepdf import Array, Dictionary, Name, String

from formsvc.documents import docx, office
from formsvc.documents.printing import printed
from formsvc.documents.rectangles import CLEAR, TYPED, Box, Page, beside, measured, rectangle
from formsvc.documents.wordstyles import Placement, Styles, is_page_number
from formsvc.errors import TemplateError
from formsvc.forms import Form

PAGE_FIELD: Final = "/_page"
CODE_FIELD: Final = "/_code"
SOURCE: Final = "/FormsvcSource"
_SENTINEL = re.compile("\ue000([^\ue001]*)\ue001")
_PLACEHOLDER = re.compile(r"\{\{-?\s*([\w.]+)")
_PARTS = re.compile(r"word/(?:document|header\d*|footer\d*)\.xml")
# Rare, in every Chinese font of this machine, and not a twin of a radical (as U+4E00 is).
_FIRST_TOKEN: Final = 0x3447
_EDGE: Final = 14.0  # printers do not print on the outer 5 mm
_CODE_HEIGHT: Final = (28.0, 50.0)
_HIDDEN, _PRINTED = 2, 4
_READ_ONLY, _MULTILINE = 1, 1 << 12
_DEEPEST: Final = 32
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@dataclass(frozen=True, slots=True)
class _Site:
    """One place in the DOCX where a value stands."""

    pointer: str
    placement: Placement


@dataclass(frozen=True, slots=True)
class _Widget:
    pointer: str
    page: int
    box: Box
    placement: Placement


def build(form: Form) -> bytes:
    """The fillable PDF of a form; the same bytes for the same DOCX and the same LibreOffice.

    TemplateError when LibreOffice fails, when the layout moves as values are put in, when two
    fields would overlap, or when the margins leave no room for the proof code.
    """
    if form.pdf_names is not None:
        raise TemplateError(f"{form.pdf}: is the office's own, as [pdf] in form.toml says")
    template = _read(form)
    sites, probe = _probe(form, template)
    tokens = re.compile(f"[{''.join(sites)}]")
    pages, plain = office.convert((probe, _without(probe, tokens)))
    drawn, blank = measured(pages), measured(plain)
    _same_layout(form, drawn, blank, tokens)
    widgets = list(_widgets(form, sites, drawn))
    _apart(form, widgets, blank)
    widgets += _codes(form, drawn, sites.values())
    widgets += _signatures(form, blank)
    return _assemble(form, plain, widgets, hashlib.sha256(template).hexdigest())


def verify(form: Form, names: Mapping[str, str] | None = None) -> None:
    """TemplateError when form.pdf was built from another form.docx, when a pointer that form.docx
    prints has no field, or when a field has no pointer.

    `names` maps the field names of a PDF that an office made itself to pointers; such a PDF is
    not compared with form.docx, but has to have the same fields.
    """
    template = _read(form)
    try:
        with pikepdf.open(form.pdf) as pdf:
            source = str(pdf.docinfo.get(SOURCE, ""))
            fields = {(names or {}).get(name, name) for name in _field_names(pdf)}
    except (OSError, pikepdf.PdfError) as error:
        raise TemplateError(f"{form.pdf}: {error}") from error
    if names is None and source != hashlib.sha256(template).hexdigest():
        raise TemplateError(
            f"{form.pdf}: was not built from the present {form.docx.name};"
            f" run: formsvc template build {form.id}"
        )
    known = {*printed(form, {}), PAGE_FIELD, CODE_FIELD}
    wanted = known.intersection(docx.placeholders(form))
    signatures = {place.name for place in form.signatures}
    wanted |= signatures if names is None else set()
    for pointer in sorted(wanted - fields):
        raise TemplateError(f"{form.pdf}: {pointer} of {form.docx.name} has no field")
    for name in sorted(fields - known - signatures):
        raise TemplateError(f"{form.pdf}: field {name!r} is not in the form")


def _read(form: Form) -> bytes:
    try:
        return form.docx.read_bytes()
    except OSError as error:
        raise TemplateError(f"{form.docx}: {error}") from error


# the DOCX


def _probe(form: Form, template: bytes) -> tuple[dict[str, _Site], bytes]:
    """The sites by their token, and the DOCX with a token at every site."""
    values = {pointer: f"\ue000{pointer}\ue001" for pointer in printed(form, {})}
    opened = DocxTemplate(io.BytesIO(template))
    opened.init_docx()
    named = _PLACEHOLDER.findall(opened.patch_xml(opened.get_xml()))
    opened.render(docx.context(form, values), docx.environment(), autoescape=True)
    rendered = io.BytesIO()
    opened.save(rendered)
    with zipfile.ZipFile(rendered) as package:
        members = {name: package.read(name) for name in package.namelist()}
    used = set("".join(part.decode("utf-8", "ignore") for part in members.values()))
    free = (chr(code) for code in itertools.count(_FIRST_TOKEN) if chr(code) not in used)
    styles = Styles(members)
    sites: dict[str, _Site] = {}
    for name in filter(_PARTS.fullmatch, members):
        root = etree.fromstring(members[name])
        for paragraph in root.iter(f"{_W}p"):
            _mark(paragraph, styles, sites, free)
        members[name] = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    shown = {site.pointer for site in sites.values()}
    for pointer in sorted({f"/{'/'.join(name.split('.'))}" for name in named} - shown):
        raise TemplateError(f"{form.docx}: {pointer} does not show when every value is given")
    return sites, _packed(members)


def _mark(paragraph: Any, styles: Styles, sites: dict[str, _Site], free: Iterator[str]) -> None:
    """Put a token in the place of every sentinel, and one in the place of a page number."""
    if is_page_number(paragraph):
        runs = paragraph.findall(f"{_W}r")
        text = next(run.find(f"{_W}t") for run in runs if run.find(f"{_W}t") is not None)
        token = next(free)
        sites[token] = _Site(PAGE_FIELD, styles.placement(text, text.text or ""))
        text.text = token
        for child in list(paragraph):
            if child is not text.getparent() and child.tag != f"{_W}pPr":
                paragraph.remove(child)
        return
    for text in paragraph.iter(f"{_W}t"):
        while found := _SENTINEL.search(text.text or ""):
            token = next(free)
            placement = styles.placement(text, found[0])
            sites[token] = _Site(found[1], placement)
            text.text = text.text.replace(found[0], token, 1)


def _without(package: bytes, tokens: re.Pattern[str]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    for name in filter(_PARTS.fullmatch, members):
        members[name] = tokens.sub("", members[name].decode()).encode()
    return _packed(members)


def _packed(members: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return packed.getvalue()


# the two drawings


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


# rectangles


def _widgets(form: Form, sites: Mapping[str, _Site], pages: Sequence[Page]) -> Iterator[_Widget]:
    unseen = set(sites)
    for number, page in enumerate(pages):
        for char in page.chars:
            if site := sites.get(char.text):
                unseen.discard(char.text)
                block = _is_block(form, site.pointer)
                box = rectangle(site.placement, char, page, block)
                yield _Widget(site.pointer, number, box, site.placement)
    for token in unseen:
        raise TemplateError(f"{form.docx}: {sites[token].pointer} does not show on any page")


def _apart(form: Form, widgets: Sequence[_Widget], blank: Sequence[Page]) -> None:
    """Fields must stand on nothing: not on each other, and not on a label."""
    for one, other in itertools.combinations(widgets, 2):
        if one.page == other.page and one.box.overlaps(other.box):
            raise TemplateError(
                f"{form.docx}: page {one.page + 1}: {one.pointer} and {other.pointer} overlap"
            )
    for widget in widgets:
        # A full-width colon before a field has an empty right half.
        box = replace(widget.box, left=widget.box.left + TYPED + CLEAR)
        for char in blank[widget.page].chars:
            if box.overlaps(char.box):
                raise TemplateError(
                    f"{form.docx}: page {widget.page + 1}: {char.text!r} moves as"
                    f" {widget.pointer} is filled in; put a tab stop or a cell between them"
                )


def _codes(form: Form, pages: Sequence[Page], sites: Any) -> Iterator[_Widget]:
    """The proof code's place, the same on every page: at the right of the wider free margin."""
    page = pages[0]
    highest = max(char.box.top for page in pages for char in page.chars)
    lowest = min(char.box.bottom for page in pages for char in page.chars)
    highest = max([highest, *(place for page in pages for place, *_ in page.across)]) + 4
    lowest = min([lowest, *(place for page in pages for place, *_ in page.across)]) - 4
    least, most = _CODE_HEIGHT
    height = page.height - _EDGE - highest
    bottom = highest
    if height < least:
        height = lowest - _EDGE
        bottom = max(_EDGE, lowest - most)
    if height < least:
        raise TemplateError(f"{form.docx}: no margin has {least:g} pt free for the proof code")
    placement = Placement(align=2, size=7)
    right = page.width - next(iter(sites)).placement.page_margins[1]
    box = Box(page.width / 2, bottom, right, bottom + min(height, most))
    for number in range(len(pages)):
        yield _Widget(CODE_FIELD, number, box, placement)


def _signatures(form: Form, pages: Sequence[Page]) -> Iterator[_Widget]:
    for place in form.signatures:
        found = [(number, box) for number, page in enumerate(pages)
                 if (box := beside(place.beside, page))]  # fmt: skip
        if len(found) != 1:
            raise TemplateError(
                f"{form.docx}: signature {place.name}: {place.beside!r} begins"
                f" {len(found)} boxes, not one"
            )
        yield _Widget(place.name, *found[0], Placement())


# the PDF


def _assemble(form: Form, plain: bytes, widgets: Sequence[_Widget], digest: str) -> bytes:
    with pikepdf.open(io.BytesIO(plain)) as pdf:
        pages = list(pdf.pages)
        for page in pages:
            page.obj.MediaBox, page.obj.Resources = page.mediabox, page.resources
            page.obj.Annots = Array()
        fields: dict[str, Any] = {}
        for widget in widgets:
            page = pages[widget.page]
            several = sum(other.pointer == widget.pointer for other in widgets) > 1
            field = fields.get(widget.pointer)
            if field is None:
                field = fields[widget.pointer] = pdf.make_indirect(_field(form, widget.pointer))
            own = pdf.make_indirect(Dictionary(Parent=field)) if several else field
            own.P = page.obj
            if Name.Sig == field.FT:
                own.update(_signature(widget))
            else:
                own.update(_annotation(form, widget))
                field.Ff = int(field.get("/Ff", 0)) | _flags(form, widget)
                own.AP = Dictionary(N=_empty(pdf, widget.box))
            if several:
                field.Kids = field.get("/Kids", Array())
                field.Kids.append(own)
            page.obj.Annots.append(own)
        pdf.Root.AcroForm = Dictionary(
            Fields=Array(fields.values()),
            DA=String("/Song 10.5 Tf 0 g"),
            DR=Dictionary(Font=Dictionary(Song=pdf.make_indirect(_song()))),
        )
        for holder, key in (
            (pdf.Root, "/OpenAction"), (pdf.Root, "/Metadata"), (pdf.Root, "/Outlines"),
            (pdf.trailer, "/ID"), (pdf.trailer, "/DocChecksum"),
        ):  # fmt: skip
            if key in holder:
                del holder[key]
        pdf.Root.Lang = String("zh-CN")
        pdf.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
        del pdf.docinfo
        pdf.docinfo["/Title"] = form.title
        pdf.docinfo["/Producer"] = "formsvc"
        pdf.docinfo[SOURCE] = digest
        target = io.BytesIO()
        pdf.save(target, static_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return target.getvalue()


def _empty(pdf: pikepdf.Pdf, box: Box) -> Any:
    """The appearance of an empty field. Without it viewers look for the font already now."""
    size = Array([0, 0, round(box.right - box.left, 2), round(box.top - box.bottom, 2)])
    return pdf.make_stream(b"", Type=Name.XObject, Subtype=Name.Form, BBox=size)


def _field(form: Form, pointer: str) -> Dictionary:
    if pointer in {place.name for place in form.signatures}:
        return Dictionary(FT=Name.Sig, T=String(pointer))
    labels = {box.name: box.label for box in form.boxes}
    labels |= {PAGE_FIELD: "页码", CODE_FIELD: "校验码"}
    label = labels.get(pointer) or form.label(pointer)
    return Dictionary(FT=Name.Tx, T=String(pointer), TU=String(label))


def _signature(widget: _Widget) -> Dictionary:
    """Hidden in the blank, where people type: it is shown in filled documents that ask for it."""
    box = widget.box
    return Dictionary(
        Type=Name.Annot,
        Subtype=Name.Widget,
        Rect=Array([round(edge, 2) for edge in (box.left, box.bottom, box.right, box.top)]),
        F=_HIDDEN,
    )


def _annotation(form: Form, widget: _Widget) -> Dictionary:
    """A widget with what a viewer needs, and /FormsvcStyle with what only formsvc needs."""
    placement, box = widget.placement, widget.box
    style = Dictionary(
        Block=_is_block(form, widget.pointer),
        Indent=placement.is_indented,
        Justify=placement.is_justified,
        VAlign=Name(f"/{_vertical(form, widget)}"),
    )
    if placement.leading:
        style.Leading = placement.leading
    return Dictionary(
        Type=Name.Annot,
        Subtype=Name.Widget,
        Rect=Array([round(edge, 2) for edge in (box.left, box.bottom, box.right, box.top)]),
        F=_HIDDEN if widget.pointer in (PAGE_FIELD, CODE_FIELD) else _PRINTED,
        Q=placement.align,
        DA=String(f"/Song {placement.size:g} Tf 0 g"),
        FormsvcStyle=style,
    )


def _vertical(form: Form, widget: _Widget) -> str:
    """Where the text stands in its box; a box that is one line of its cell is as high as a line."""
    if widget.placement.is_alone:
        return widget.placement.vertical
    return "Top" if _is_block(form, widget.pointer) else "Center"


def _flags(form: Form, widget: _Widget) -> int:
    """For people who type: text may wrap where a cell has room for two lines."""
    if widget.pointer in (PAGE_FIELD, CODE_FIELD):
        return _READ_ONLY
    kind = form.field(widget.pointer)
    is_text = kind is None or (kind.kind == "string" and not {"enum", "pattern"} & {*kind.schema})
    lines = (widget.box.top - widget.box.bottom) // widget.placement.pitch
    if _is_block(form, widget.pointer):
        return _MULTILINE
    return _MULTILINE if is_text and lines >= 2 and widget.placement.vertical != "Bottom" else 0


def _is_block(form: Form, pointer: str) -> bool:
    field = form.field(pointer)
    return field is not None and field.kind == "paragraphs"


def _song() -> Dictionary:
    """宋体 as every viewer for Chinese has it, not embedded. ISO 32000-1, 9.7.5.2: Adobe-GB1."""
    system = Dictionary(Registry=String("Adobe"), Ordering=String("GB1"), Supplement=4)
    descriptor = Dictionary(
        Type=Name.FontDescriptor, FontName=Name("/STSong-Light"), Flags=6,
        FontBBox=Array([-25, -254, 1000, 880]), ItalicAngle=0, Ascent=880, Descent=-120,
        CapHeight=880, StemV=93,
    )  # fmt: skip
    descendant = Dictionary(
        Type=Name.Font, Subtype=Name.CIDFontType0, BaseFont=Name("/STSong-Light"),
        CIDSystemInfo=system, FontDescriptor=descriptor, DW=1000,
        W=Array([1, 95, 500, 814, 939, 500]),
    )  # fmt: skip
    return Dictionary(
        Type=Name.Font, Subtype=Name.Type0, BaseFont=Name("/STSong-Light"),
        Encoding=Name("/UniGB-UCS2-H"), DescendantFonts=Array([descendant]),
    )  # fmt: skip


def _field_names(pdf: pikepdf.Pdf) -> Iterator[str]:
    """Full names of all fields that have a widget. ISO 32000-1, 12.7.3.2."""
    for page in pdf.pages:
        for widget in page.obj.get("/Annots", Array()):
            if widget.get("/Subtype") == Name.Widget:
                yield ".".join(reversed(list(_partial_names(widget))))


def _partial_names(widget: Any) -> Iterator[str]:
    node = widget
    for _ in range(_DEEPEST):
        if node is None:
            return
        if "/T" in node:
            yield str(node["/T"])
        node = node.get("/Parent")
