"""A fillable PDF that somebody typed into → its submission.

What stands in the boxes is read as it is printed: 2024年9月1日, 98,000元, and the ways in which
people write the same. What cannot be read so is kept as text, for the check to point at.
"""

import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from formsvc import pointers
from formsvc.documents.printing import printed
from formsvc.errors import UnreadableDocument
from formsvc.forms import Field, Form, Printed
from formsvc.writing.notation import written_date, written_number, written_year

SOURCE: Final = "/FormsvcSource"


def fields(raw: bytes) -> bytes:
    """Field name → typed text of a PDF's AcroForm, as JSON, and its source; for the sandbox.

    UnreadableDocument when the PDF cannot be read.
    """
    import pypdf  # noqa: PLC0415  # a tenth of a second that only this function needs
    from pypdf.errors import PyPdfError  # noqa: PLC0415  # as above

    try:
        reader = pypdf.PdfReader(io.BytesIO(raw))
        texts = {
            name: str(field.value)
            for name, field in (reader.get_fields() or {}).items()
            if field.field_type == "/Tx" and field.value
        }
        source = str(reader.metadata.get(SOURCE, "")) if reader.metadata else ""
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise UnreadableDocument("PDF 已损坏或加了密，无法打开。") from error
    return json.dumps([source, texts]).encode()


def submission(form: Form, texts: Mapping[str, str]) -> dict[str, Any]:
    """Typed texts by pointer → data of the form's shape, with what was left empty left out."""
    data: dict[str, Any] = {"form": form.id}
    boxes = {box.name: box for box in form.boxes}
    known = printed(form, {})
    for name in sorted(texts.keys() & known.keys(), key=form.place):
        text = texts[name].replace("\r\n", "\n").replace("\r", "\n").strip()
        for field, part in _parts(form, boxes.get(name), name, text):
            if part not in ("", []):
                pointers.set_(data, field, part)
    return data


def _parts(form: Form, box: Printed | None, name: str, text: str) -> Iterator[tuple[str, Any]]:
    if not text:
        return
    if box is None:
        field = form.field(name)
        if field:
            yield name, value(field, text)
        return
    pattern = "".join(
        re.escape(literal).replace(r"\ ", r"\s+") + ("(.*?)" if number < len(box.parts) else "")
        for number, literal in enumerate(box.literals)
    )
    found = re.fullmatch(rf"\s*{pattern}\s*", text, re.DOTALL)
    first = box.parts[0][0]
    groups = found.groups() if found else (text,)
    seen: set[str] = set()
    for (field, as_words), part in zip(box.parts, groups or (text,), strict=False):
        if not as_words and field.pointer not in seen:
            seen.add(field.pointer)
            yield (field if found else first).pointer, value(field, part.strip())


def value(field: Field, text: str) -> Any:
    """A typed text as the value that its field wants; the text itself when it is not one."""
    match field.kind:
        case "money":
            return written_number(text)
        case "integer":
            return written_year(text)
        case "date":
            return written_date(text)
        case "array":
            return [part for part in re.split(r"[、，,\n]", text) if part.strip()]
        case "boolean":
            return {"是": True, "否": False}.get(text, text)
        case _:
            return text
