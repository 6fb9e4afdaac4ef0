"""Empty fields to sign in, put into a filled document that stays PDF/A-3a and PDF/UA-1.

PDF/UA-1 (ISO 14289-1) 7.18.4: a widget stands in the structure as a Form, and its page's tabs
follow the structure. PDF/A-3 (ISO 19005-3) 6.3: it prints and has an appearance.
"""

import ctypes
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import pikepdf
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
from pikepdf import Array, Dictionary, Name, String

from formsvc.documents.pictures import opened
from formsvc.documents.press.layouts import Layout, SignatureBox

# A page of a document, how high it is, and a place on it.
Place = tuple[int, float, SignatureBox]

_PRINTED: Final = 4
_NEAR: Final = 1.0


def placed(layout: Layout, pages: Sequence[int | None]) -> list[Place]:
    """Every place to sign, where the layout has it; `pages` are the layout's, sheet by sheet.

    A 附页 has None in their place.
    """
    return [
        (sheet, layout.pages[number].height, box)
        for sheet, number in enumerate(pages) if number is not None
        for box in layout.pages[number].signatures
    ]  # fmt: skip


def found(raw: bytes, layout: Layout, pages: Sequence[int | None]) -> list[Place]:
    """Every place to sign where rows have moved it: beside its label, the last time that it stands
    in its column."""
    places: list[Place] = []
    wanted = [(layout.pages[number].height, box) for number in pages if number is not None
              for box in layout.pages[number].signatures]  # fmt: skip
    with opened(raw) as document:
        for height, box in wanted:
            x, y = box.at
            seen = [
                (number, place)
                for number, page in enumerate(document)
                for place in _labels(page.get_textpage(), box.label, x)
            ]
            if seen:
                number, baseline = seen[-1]
                left, top, width, tall = box.box
                moved = round(height - baseline - y, 2)
                places.append((number, height, replace(box, box=(left, top + moved, width, tall))))
    return places


def _labels(text: Any, label: str, x: float) -> Iterator[float]:
    """The baselines on which a label begins at a place."""
    left, baseline = ctypes.c_double(), ctypes.c_double()
    codes = [pdfium.FPDFText_GetUnicode(text, index) for index in range(text.count_chars())]
    shown = [index for index, code in enumerate(codes) if not chr(code).isspace()]
    whole = "".join(chr(codes[index]) for index in shown)
    at = -1
    while (at := whole.find(label, at + 1)) >= 0:
        pdfium.FPDFText_GetCharOrigin(text, shown[at], left, baseline)
        if abs(left.value - x) < _NEAR:
            yield baseline.value


def with_fields(raw: bytes, places: Sequence[Place]) -> bytes:
    """The document with a field at every place to sign. The same document gives the same bytes."""
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(raw)) as pdf:
        fields = Array()
        for number, height, place in places:
            fields.append(_field(pdf, pdf.pages[number].obj, place, height))
        if len(fields):
            pdf.Root.AcroForm = Dictionary(Fields=fields)
        pdf.save(target, deterministic_id=True, min_version="1.7",
                 object_stream_mode=pikepdf.ObjectStreamMode.generate)  # fmt: skip
    return target.getvalue()


def _field(pdf: pikepdf.Pdf, page: Any, place: SignatureBox, height: float) -> Any:
    left, top, width, tall = place.box
    tree = pdf.Root.StructTreeRoot
    key = int(tree.ParentTreeNextKey)
    field = pdf.make_indirect(Dictionary(
        Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, T=String(place.name),
        TU=String(f"{place.name}签章"), F=_PRINTED, P=page, StructParent=key,
        Rect=Array([left, height - top - tall, left + width, height - top]),
    ))  # fmt: skip
    field.AP = Dictionary(N=pdf.make_stream(
        b"", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, width, tall])
    ))  # fmt: skip
    whole = tree.K[0] if isinstance(tree.K, Array) else tree.K
    element = pdf.make_indirect(Dictionary(
        Type=Name.StructElem, S=Name.Form, P=whole, Pg=page,
        K=Dictionary(Type=Name.OBJR, Obj=field, Pg=page),
    ))  # fmt: skip
    whole.K = Array([*(whole.K if isinstance(whole.K, Array) else [whole.K]), element])
    pikepdf.NumberTree(tree.ParentTree)[key] = element
    tree.ParentTreeNextKey = key + 1
    page.Annots = Array([*page.get("/Annots", Array()), field])
    page.Tabs = Name.S
    return field
