"""form.docx → fillable form.pdf and layout.json, for authors of forms.

Needs LibreOffice; a service never runs it. Lengths are points (1 pt = 1/72 in).
"""

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pikepdf

from formsvc.documents import docx
from formsvc.documents.authoring import acroform, layout
from formsvc.documents.authoring.acroform import SOURCE, Widget
from formsvc.documents.authoring.probe import CODE_FIELD, PAGE_FIELD, Drawing, draw
from formsvc.documents.authoring.rectangles import CLEAR, TYPED, Box, Drawn, beside, rectangle
from formsvc.documents.authoring.wordstyles import Placement
from formsvc.documents.press import layouts
from formsvc.documents.segments import NUMBER
from formsvc.errors import TemplateError
from formsvc.forms import Form

__all__ = ["Built", "build", "verify"]

_EDGE: Final = 14.0  # printers do not print on the outer 5 mm
_CODE_HEIGHT: Final = (28.0, 50.0)
_MM: Final = 72 / 25.4
_SEAL: Final = "盖章"
_SEAL_SIDE: Final = 45 * _MM  # a seal is 40 to 42 mm across


@dataclass(frozen=True, slots=True)
class Built:
    """What the press and people fill in: `pdf` by hand on screen, `layout` (JSON) by the press."""

    pdf: bytes
    layout: str


def build(form: Form) -> Built:
    """Both, the same bytes for the same DOCX and the same LibreOffice.

    TemplateError when LibreOffice fails, when the layout moves as values are put in, when two
    fields would overlap, or when the margins leave no room for the proof code.
    """
    if form.pdf_names is not None:
        raise TemplateError(f"{form.pdf}: is the office's own, as [pdf] in form.toml says")
    template = docx.read(form.docx)
    drawing = draw(form)
    fields = list(_widgets(form, drawing))
    _apart(form, fields, drawing.blank)
    places = docx.prepared(form).places(form.blank_rows) | {PAGE_FIELD}
    printed = [widget for widget in fields if widget.pointer in places]
    drawing = _cut(drawing, 1 + max(widget.page for widget in printed))
    signatures = list(_signatures(form, drawing.blank))
    digest = hashlib.sha256(template).hexdigest()
    shown = [
        widget for widget in fields
        if widget.pointer != PAGE_FIELD and not widget.pointer.endswith(NUMBER)
    ]  # fmt: skip
    return Built(
        acroform.assemble(form, drawing.pdf, (*shown, *signatures), digest),
        layout.describe(form, drawing, printed, signatures, _codes(form, drawing), digest),
    )


def _cut(drawing: Drawing, pages: int) -> Drawing:
    """The form itself, without 填报信息: what is filled and sealed."""
    return replace(drawing, drawn=drawing.drawn[:pages], blank=drawing.blank[:pages])


def verify(form: Form, names: Mapping[str, str] | None = None) -> None:
    """TemplateError when form.pdf or layout.json was built from another form.docx, when a pointer
    that form.docx prints has no field, or when a field has no pointer.

    `names` maps the field names of a PDF that an office made itself to pointers; such a PDF is
    not compared with form.docx, but has to have the same fields.
    """
    template = docx.prepared(form)
    for path in (form.pdf, form.layout) if names is None else (form.pdf,):
        if not path.is_file():
            own = " (or put your own PDF there)" if path == form.pdf else ""
            raise TemplateError(f"{path}: is missing{own}; run: formsvc template build {form.id}")
    try:
        with pikepdf.open(form.pdf) as pdf:
            source = str(pdf.docinfo.get(SOURCE, ""))
            fields = {(names or {}).get(name, name) for name in acroform.field_names(pdf)}
    except (OSError, pikepdf.PdfError) as error:
        raise TemplateError(f"{form.pdf}: {error}") from error
    if names is None:
        _same_source(form, form.pdf.name, source, template.digest)
        _same_source(form, layouts.NAME, layouts.load(form).source, template.digest)
    known = {*form.printable, *form.ticks, PAGE_FIELD, CODE_FIELD}
    # Of a PDF of its own an office has to have all the rows that there can be.
    rows = form.blank_rows if names is None else {name: form.room(name) for name in form.lists}
    wanted = template.places(rows).intersection(form.printable)
    signatures = {place.name for place in form.signatures}
    wanted |= signatures if names is None else set()
    for pointer in sorted(wanted - fields):
        raise TemplateError(f"{form.pdf}: {pointer} of {form.docx.name} has no field")
    for name in sorted(fields - known - signatures):
        raise TemplateError(f"{form.pdf}: field {name!r} is not in the form")


def _same_source(form: Form, name: str, source: str, digest: str) -> None:
    if source != digest:
        raise TemplateError(
            f"{form.templates / name}: was not built from the present {form.docx.name};"
            f" run: formsvc template build {form.id}"
        )


def _widgets(form: Form, drawing: Drawing) -> Iterator[Widget]:
    unseen = set(drawing.sites)
    for number, page in enumerate(drawing.drawn):
        for char in page.chars:
            if site := drawing.sites.get(char.text):
                unseen.discard(char.text)
                box = rectangle(site.placement, char, page, form.is_block(site.pointer))
                yield Widget(site.pointer, number, box, site.placement, site.part)
    for token in unseen:
        pointer = drawing.sites[token].pointer
        raise TemplateError(f"{form.docx}: {pointer} does not show on any page")


def _apart(form: Form, widgets: Sequence[Widget], blank: Sequence[Drawn]) -> None:
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


def _codes(form: Form, drawing: Drawing) -> list[Box]:
    """The proof code's place on every page, the same on all pages of one size."""
    found: dict[tuple[float, float], Box] = {}
    for page in drawing.drawn:
        size = (page.width, page.height)
        if size not in found:
            alike = [each for each in drawing.drawn if (each.width, each.height) == size]
            found[size] = _code(form, drawing, alike)
    return [found[page.width, page.height] for page in drawing.drawn]


def _code(form: Form, drawing: Drawing, pages: Sequence[Drawn]) -> Box:
    """At the right of the wider free margin."""
    page = pages[0]
    sites = [site for page in pages for char in page.chars
             if (site := drawing.sites.get(char.text))]  # fmt: skip
    margin = next((site.placement.page_margins[1] for site in sites), _EDGE)
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
    return Box(page.width / 2, bottom, page.width - margin, bottom + min(height, most))


def _signatures(form: Form, pages: Sequence[Drawn]) -> Iterator[Widget]:
    for place in form.signatures:
        found = [(number, *there) for number, page in enumerate(pages)
                 if (there := beside(place.beside, page))]  # fmt: skip
        if len(found) != 1:
            raise TemplateError(
                f"{form.docx}: signature {place.name}: {place.beside!r} begins"
                f" {len(found)} boxes, not one"
            )
        number, box, char = found[0]
        inside = "".join(each.text for each in pages[number].chars if box.holds(*each.box.centre))
        if _SEAL in inside and min(box.right - box.left, box.top - box.bottom) < _SEAL_SIDE:
            raise TemplateError(
                f"{form.docx}: signature {place.name}: the box has"
                f" {(box.right - box.left) / _MM:.0f} × {(box.top - box.bottom) / _MM:.0f} mm;"
                f" a seal needs 45 × 45 mm clear"
            )
        at = (round(char.box.left, 2), round(pages[number].height - char.baseline, 2))
        yield Widget(place.name, number, box, Placement(), at=at)
