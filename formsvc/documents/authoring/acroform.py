"""A drawn form with its fields as a fillable PDF. AcroForm: ISO 32000-1, 12.7."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from formsvc.documents.authoring.rectangles import Box
from formsvc.documents.authoring.wordstyles import Placement
from formsvc.forms import Form

SOURCE: Final = "/FormsvcSource"
_HIDDEN, _PRINTED = 2, 4
_MULTILINE: Final = 1 << 12
_DEEPEST: Final = 32


@dataclass(frozen=True, slots=True)
class Widget:
    """A place to fill in, or to sign, on a page counted from 0, in a part of the paper.

    `at` is where the label of a place to sign begins.
    """

    pointer: str
    page: int
    box: Box
    placement: Placement
    part: str = ""
    at: tuple[float, float] = (0.0, 0.0)


def assemble(form: Form, plain: bytes, widgets: Sequence[Widget], digest: str) -> bytes:
    """The drawn pages of `plain` with these fields; `digest` is that of the DOCX."""
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
            is_signature = bool(Name.Sig == field.FT)
            own.update(_annotation(widget, is_signature=is_signature))
            if not is_signature:
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
    label = labels.get(pointer) or form.label(pointer)
    return Dictionary(FT=Name.Tx, T=String(pointer), TU=String(label))


def _annotation(widget: Widget, *, is_signature: bool) -> Dictionary:
    """A widget with what a viewer needs.

    A place to sign is hidden in the blank, where people type: it is shown in filled documents
    that ask for it.
    """
    box = widget.box
    annotation = Dictionary(
        Type=Name.Annot,
        Subtype=Name.Widget,
        Rect=Array([round(edge, 2) for edge in (box.left, box.bottom, box.right, box.top)]),
        F=_HIDDEN if is_signature else _PRINTED,
    )
    if not is_signature:
        annotation.Q = widget.placement.align
        annotation.DA = String(f"/Song {widget.placement.size:g} Tf 0 g")
    return annotation


def _flags(form: Form, widget: Widget) -> int:
    """For people who type: text may wrap where a cell has room for two lines."""
    kind = form.field(widget.pointer)
    is_text = kind is None or (kind.kind == "string" and not {"enum", "pattern"} & {*kind.schema})
    lines = (widget.box.top - widget.box.bottom) // widget.placement.pitch
    if form.is_block(widget.pointer):
        return _MULTILINE
    return _MULTILINE if is_text and lines >= 2 and widget.placement.vertical != "Bottom" else 0


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


def field_names(pdf: pikepdf.Pdf) -> Iterator[str]:
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
