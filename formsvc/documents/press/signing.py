"""Empty fields to sign in, put into a filled document that stays PDF/A-3a and PDF/UA-1.

PDF/UA-1 (ISO 14289-1) 7.18.4: a widget stands in the structure as a Form, and its page's tabs
follow the structure. PDF/A-3 (ISO 19005-3) 6.3: it prints and has an appearance.
"""

import io
from collections.abc import Sequence, Set
from typing import Any, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from formsvc.documents.press.layouts import Layout, SignatureBox

_PRINTED: Final = 4


def with_fields(raw: bytes, layout: Layout, pages: Sequence[int | None], names: Set[str]) -> bytes:
    """The document with a field at every place to sign of these names; `pages` are the layout's,
    sheet by sheet.

    A 附页 has None in their place. The same document gives the same bytes.
    """
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(raw)) as pdf:
        fields = Array()
        for sheet, number in zip(pdf.pages, pages, strict=False):
            if number is not None:
                places = layout.pages[number].signatures
                for place in (each for each in places if each.name in names):
                    fields.append(_field(pdf, sheet.obj, place, layout.pages[number].height))
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
