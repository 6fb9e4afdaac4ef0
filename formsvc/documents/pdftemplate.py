"""A fillable PDF taken apart once: where its fields are, and its pages as reusable objects.

Field names are JSON Pointers (``/person/name``).  Two names are reserved on every page that has
them: ``/_page`` is where 第 x 页 共 y 页 is printed, ``/_code`` where the proof code is.
AcroForm: ISO 32000-1, 12.7.  Coordinates are points in the page's own space.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pikepdf

from formsvc.documents.pdfwriter import HEADER, number
from formsvc.documents.textstyle import Align, Style, Vertical
from formsvc.errors import TemplateError

PAGE_FIELD, CODE_FIELD = "/_page", "/_code"
A4 = (0.0, 0.0, 595.28, 841.89)
_MULTILINE = 1 << 12
_APPEARANCE = re.compile(r"([\d.]{1,20})\s{1,20}Tf")
_DEFAULT_SIZE = 10.5  # 五号, for a field whose size is "auto"
_MAX_DEPTH = 32
_ANY_NUMBER = 1000


@dataclass(frozen=True, slots=True)
class Rect:
    """Left, bottom, right, top in points."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom


@dataclass(frozen=True, slots=True)
class Field:
    """One place where a value is printed."""

    name: str
    page: int
    rect: Rect
    style: Style


@dataclass(frozen=True, slots=True)
class Page:
    """A template page: its box, its fields, and the number of its content as a Form XObject."""

    box: tuple[float, float, float, float]
    content: int
    fields: tuple[Field, ...]
    signatures: tuple[Field, ...]

    def reserved(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)


@dataclass(frozen=True, slots=True)
class Parts:
    """A template ready for use: ``prefix`` holds its objects, ``offsets`` where each one is."""

    pages: tuple[Page, ...]
    prefix: bytes
    offsets: tuple[int, ...]


def load(path: Path, names: Mapping[str, str] | None = None) -> Parts:
    """Take a fillable PDF apart; ``names`` maps an office's own field names to pointers.

    Raises ``TemplateError`` naming the file and the place.
    """
    try:
        with pikepdf.open(path) as source:
            found = [
                _page_fields(source, number, page, names or {}, path)
                for number, page in enumerate(source.pages)
            ]
            boxes = [_box(page) for page in source.pages]
            prefix, offsets, contents = _objects(source)
    except (pikepdf.PdfError, OSError, KeyError, ValueError, TypeError) as fault:
        raise TemplateError(f"{path}: {fault}") from fault
    pages = tuple(
        Page(box, content, tuple(fields), tuple(signatures))
        for box, content, (fields, signatures) in zip(boxes, contents, found, strict=True)
    )
    return Parts(pages, prefix, offsets)


def _objects(source: pikepdf.Pdf) -> tuple[bytes, tuple[int, ...], list[int]]:
    """The pages' contents and all they need, written as the beginning of a PDF file."""
    target = pikepdf.new()
    forms = [target.copy_foreign(page.as_form_xobject(False)) for page in source.pages]
    target.Root.Forms = pikepdf.Array(forms)
    stream = io.BytesIO()
    target.save(stream, object_stream_mode=pikepdf.ObjectStreamMode.disable, static_id=True)
    with pikepdf.open(stream) as plain:
        contents = [form.objgen[0] for form in plain.Root.Forms]
        parts, offsets, size = [HEADER], [], len(HEADER)
        skipped = {plain.Root.objgen[0], plain.Root.Pages.objgen[0]}
        for index, item in enumerate(plain.objects, 1):
            body = b"null" if index in skipped else _body(item)
            part = b"%d 0 obj\n%b\nendobj\n" % (index, body)
            parts.append(part)
            offsets.append(size)
            size += len(part)
    return b"".join(parts), tuple(offsets), contents


def _body(item: Any) -> bytes:
    if not isinstance(item, pikepdf.Stream):
        return bytes(item.unparse(resolved=True))
    raw = item.read_raw_bytes()
    entries = item.stream_dict
    entries["/Length"] = len(raw)
    return b"%b\nstream\n%b\nendstream" % (entries.unparse(resolved=True), raw)


def _box(page: pikepdf.Page) -> tuple[float, float, float, float]:
    left, bottom, right, top = (float(edge) for edge in page.mediabox.as_list())
    return min(left, right), min(bottom, top), max(left, right), max(bottom, top)


def _page_fields(
    source: pikepdf.Pdf, index: int, page: pikepdf.Page, names: Mapping[str, str], path: Path
) -> tuple[list[Field], list[Field]]:
    fields: list[Field] = []
    signatures: list[Field] = []
    if int(page.obj.get("/Rotate", 0)) % 360:
        raise TemplateError(f"{path}: page {index + 1} is rotated")
    for widget in page.obj.get("/Annots", []):
        if widget.get("/Subtype") != "/Widget":
            continue
        own = _name(widget)
        kind = _inherited(widget, "/FT")
        if kind not in ("/Tx", "/Sig"):
            raise TemplateError(f"{path}: page {index + 1}: field {own} is not a text field")
        field = Field(names.get(own, own), index, _rect(widget), _style(source, widget))
        (signatures if kind == "/Sig" else fields).append(field)
    return fields, signatures


def _ancestors(widget: Any) -> Iterator[Any]:
    node = widget
    for _ in range(_MAX_DEPTH):
        if node is None:
            return
        yield node
        node = node.get("/Parent")


def _inherited(widget: Any, key: str) -> Any:
    return next((node[key] for node in _ancestors(widget) if key in node), None)


def _name(widget: Any) -> str:
    return ".".join(str(node["/T"]) for node in reversed(list(_ancestors(widget))) if "/T" in node)


def _rect(widget: Any) -> Rect:
    left, bottom, right, top = (float(edge) for edge in widget["/Rect"])
    return Rect(min(left, right), min(bottom, top), max(left, right), max(bottom, top))


def _style(source: pikepdf.Pdf, widget: Any) -> Style:
    form = source.Root.get("/AcroForm")
    appearance = _inherited(widget, "/DA") or (form.get("/DA") if form is not None else "")
    size = _APPEARANCE.search(str(appearance))
    flags = int(_inherited(widget, "/Ff") or 0)
    style = Style(
        size=(float(size[1]) if size else 0.0) or _DEFAULT_SIZE,
        align=Align(int(_inherited(widget, "/Q") or 0)),
        multiline=bool(flags & _MULTILINE),
    )
    own = widget.get("/FormsvcStyle")
    return style if own is None else _detailed(style, own)


def _detailed(style: Style, own: Any) -> Style:
    """With what `authoring` knew from Word and AcroForm has no words for."""
    leading = float(own.get("/Leading", 0)) / style.size
    return replace(
        style,
        multiline=bool(own["/Block"]),
        leading=leading or style.leading,
        cell_leading=leading or style.cell_leading,
        cell_lines=_ANY_NUMBER,
        vertical=Vertical(str(own["/VAlign"])),
        indented=bool(own["/Indent"]),
        justified=bool(own["/Justify"]),
    )


def box_array(box: tuple[float, float, float, float]) -> str:
    """A rectangle as a PDF array."""
    return f"[{' '.join(map(number, box))}]"
