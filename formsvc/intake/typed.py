"""A fillable PDF that somebody typed into → its submission.

What stands in the boxes is read as it is printed: 2024年9月1日, 98,000元, and the ways in which
people write the same. What cannot be read so is kept as text, for the check to point at.
"""

import io
import json
from collections.abc import Mapping
from typing import Any, Final

from formsvc import pointers
from formsvc.documents import boxes
from formsvc.documents.boxes import MOST
from formsvc.documents.controls import TICKED, TICKS
from formsvc.errors import UnreadableDocument
from formsvc.forms import Form, answers
from formsvc.submissions import MAX_BYTES

SOURCE: Final = "/FormsvcSource"
_READ: Final = frozenset({"/Tx", "/Ch", "/Btn"})
_OFF: Final = "/Off"
_LISTED: Final = "、"
_LONGEST: Final = 40  # characters of a label in a message


def fields(raw: bytes) -> bytes:
    """Field name → typed text of a PDF's AcroForm, as JSON, and its source; for the sandbox.

    UnreadableDocument when the PDF cannot be read.
    """
    import pypdf  # noqa: PLC0415  # a tenth of a second that only this function needs
    from pypdf.errors import PyPdfError  # noqa: PLC0415  # as above

    try:
        reader = pypdf.PdfReader(io.BytesIO(raw))
        texts = {
            name: TICKED if field.field_type == "/Btn" else text
            for name, field in (reader.get_fields() or {}).items()
            if field.field_type in _READ and (text := _text(field)) and text != _OFF
        }
        source = str(reader.metadata.get(SOURCE, "")) if reader.metadata else ""
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise UnreadableDocument("PDF 已损坏或加了密，无法打开。") from error
    if any(len(text) > MOST for text in texts.values()) or sum(map(len, texts)) > MAX_BYTES:
        raise UnreadableDocument(f"PDF 中有一栏超过 {MOST:,} 个字符，请删减后再提交。")
    return json.dumps([source, texts]).encode()


def _text(field: Any) -> str:
    """What stands in a field; of one with several places, what was written into these: pdf.js
    leaves the field itself as it was. UnreadableDocument where they say different things."""
    places = (place.get_object().get("/V") for place in field.get("/Kids", ()))
    said = dict.fromkeys(str(text) for text in places if text)
    if len(said) > 1:
        label = str(field.get("/TU", field.get("/T", "")))[:_LONGEST]
        raise UnreadableDocument(f"“{label}”在表中不止一处，各处填写的不一样；请改成一样的再提交。")
    return next(iter(said), str(field.value or ""))


def submission(form: Form, texts: Mapping[str, str]) -> dict[str, Any]:
    """Typed texts by pointer → data of the form's shape, with what was left empty left out."""
    data: dict[str, Any] = {"form": form.id}
    texts = {**texts, **_ticked(form, texts)}
    for name in sorted(texts.keys() & {*form.printable, *form.fields}, key=form.place):
        for pointer, text in boxes.parts(form, name, texts[name]).items():
            # What is unclear, or longer than its field may be, stays text: the schema points at it.
            value = text
            if boxes.is_short(form, pointer, text):
                value, _ = answers.read(form, pointer, text)
            if value is not None:
                pointers.set_(data, pointer, value)
    return data


def _ticked(form: Form, texts: Mapping[str, str]) -> dict[str, str]:
    """The lists of which something is ticked, as they are written in one line."""
    chosen: dict[str, list[str]] = {}
    for name, (field, choice) in form.ticks.items():
        if not TICKS.isdisjoint(texts.get(name, "")):
            chosen.setdefault(field.pointer, []).append(choice)
    return {pointer: _LISTED.join(choices) for pointer, choices in chosen.items()}
