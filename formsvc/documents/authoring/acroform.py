"""A drawn form with its fields as a fillable PDF. AcroForm: ISO 32000-1, 12.7.

Choices are drop-downs, true and false too (a box without a tick could not tell 否 from nothing
said), and lists of choices boxes to tick. The font that people type in is put in when the blank is
delivered (`press/typing.py`): the file in the repository stays small.
"""

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
_READ_ONLY: Final = 1
_MULTILINE: Final = 1 << 12
_COMBO, _EDIT = 1 << 17, 1 << 18
_LINE: Final = 1.4  # height of a field of one line, in its size: a size of 0 fills the height
TICKED: Final = "/Yes"
_UNTICKED: Final = "/Off"
_TRUTHS: Final = ("是", "否")
_BOX: Final = 9.0  # side of a box to tick, in points
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
            own.update(_annotation(form, widget, field))
            if Name.Btn == field.FT:
                own.AP = Dictionary(N=_boxes(pdf, widget.box))
                own.AS = Name(_UNTICKED)
            elif Name.Sig != field.FT:
                field.Ff = int(field.get("/Ff", 0)) | _flags(form, widget)
                own.AP = Dictionary(N=_empty(pdf, own.Rect))
            if several:
                field.Kids = field.get("/Kids", Array())
                field.Kids.append(own)
            page.obj.Annots.append(own)
        for page in pages:
            page.obj.Annots = Array(sorted(page.obj.Annots, key=_read))
            page.obj.Tabs = Name.R
        pdf.Root.AcroForm = Dictionary(
            Fields=Array(fields.values()),
            DA=String("/Song 0 Tf 0 g"),
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


def _read(annotation: Any) -> tuple[float, float]:
    """Where it is read: row by row, from the left. Tops of one row differ by little."""
    left, bottom, _, top = map(float, annotation.Rect)
    return -round((bottom + top) / 2 / _ROW), left


_ROW: Final = 6.0


def _empty(pdf: pikepdf.Pdf, edges: Any) -> Any:
    """The appearance of an empty field. Without it viewers look for the font already now."""
    left, bottom, right, top = map(float, edges)
    size = Array([0, 0, round(right - left, 2), round(top - bottom, 2)])
    return pdf.make_stream(b"", Type=Name.XObject, Subtype=Name.Form, BBox=size)


def _boxes(pdf: pikepdf.Pdf, box: Box) -> Any:
    """A box without and with a tick, drawn: no font is needed."""
    width, height = box.right - box.left, box.top - box.bottom
    x, y = (width - _BOX) / 2, (height - _BOX) / 2
    square = f"0.7 w {x:.2f} {y:.2f} {_BOX} {_BOX} re S"
    tick = f"1.2 w {x + 1.8:.2f} {y + 4.5:.2f} m {x + 3.8:.2f} {y + 2:.2f} l"
    tick = f"{tick} {x + 7.4:.2f} {y + 7.4:.2f} l S"

    def drawn(content: str) -> Any:
        edges = Array([0, 0, round(width, 2), round(height, 2)])
        return pdf.make_stream(
            f"q {content} Q".encode(), Type=Name.XObject, Subtype=Name.Form, BBox=edges,
        )  # fmt: skip

    return Dictionary({_UNTICKED: drawn(square), TICKED: drawn(f"{square} {tick}")})


def _field(form: Form, pointer: str) -> Dictionary:
    if pointer in {place.name for place in form.signatures}:
        return Dictionary(FT=Name.Sig, T=String(pointer))
    head = {"/T": String(pointer), "/TU": String(_label(form, pointer))}
    if pointer in form.ticks:
        return Dictionary({**head, "/FT": Name.Btn, "/V": Name(_UNTICKED)})
    if _is_computed(form, pointer):
        return Dictionary({**head, "/FT": Name.Tx, "/Ff": _READ_ONLY})
    known = form.field(pointer)
    if known is None:
        return Dictionary({**head, "/FT": Name.Tx})
    choices = _TRUTHS if known.type == "boolean" else known.choices
    suggested = tuple(map(str, known.schema.get("examples", ())))
    if choices or suggested:
        flags = _COMBO if choices else _COMBO | _EDIT
        options = Array([String(each) for each in choices or suggested])
        return Dictionary({**head, "/FT": Name.Ch, "/Ff": flags, "/Opt": options})
    most = known.schema.get("maxLength") if known.type == "string" else None
    limit = {"/MaxLen": int(most)} if most else {}
    return Dictionary({**head, "/FT": Name.Tx, **limit})


def _is_computed(form: Form, pointer: str) -> bool:
    """Whether nothing of what stands in a place is typed in."""
    known = form.field(pointer)
    if known is not None:
        return known.computed
    parts = [part for box in form.boxes if box.name == pointer for part, _ in box.parts]
    return bool(parts) and all(part.computed for part in parts)


def _label(form: Form, pointer: str) -> str:
    if pointer in form.ticks:
        field, choice = form.ticks[pointer]
        return f"{field.label}：{choice}"
    labels = {box.name: box.label for box in form.boxes}
    return labels.get(pointer) or form.label(pointer)


def _annotation(form: Form, widget: Widget, field: Any) -> Dictionary:
    """A widget with what a viewer needs.

    A place to sign is hidden in the blank, where people type: it is shown in filled documents
    that ask for it. A size of 0 lets a viewer set what is too long smaller; it would set a short
    text as high as the field, so a field of one line is no higher than its line.
    """
    box, placement = widget.box, widget.placement
    is_line = field.FT in (Name.Tx, Name.Ch) and not _flags(form, widget)
    height = min(box.top - box.bottom, _LINE * placement.size) if is_line else box.top - box.bottom
    free = box.top - box.bottom - height
    bottom = box.bottom + {"Top": free, "Center": free / 2, "Bottom": 0.0}[placement.vertical]
    annotation = Dictionary(
        Type=Name.Annot,
        Subtype=Name.Widget,
        Rect=Array([round(edge, 2) for edge in (box.left, bottom, box.right, bottom + height)]),
        F=_HIDDEN if Name.Sig == field.FT else _PRINTED,
    )
    if field.FT in (Name.Tx, Name.Ch):
        annotation.Q = placement.align
        annotation.DA = String("/Song 0 Tf 0 g")
    return annotation


def _flags(form: Form, widget: Widget) -> int:
    """For people who type: text may wrap where a cell has room for two lines."""
    kind = form.field(widget.pointer)
    if kind and (kind.choices or kind.type == "boolean" or "examples" in kind.schema):
        return 0
    is_text = kind is None or (kind.kind == "string" and "pattern" not in kind.schema)
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
