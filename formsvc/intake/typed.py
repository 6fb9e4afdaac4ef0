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
from formsvc.errors import UnreadableDocument
from formsvc.forms import Field, Form, PrintBox, answers
from formsvc.submissions import MAX_BYTES

SOURCE: Final = "/FormsvcSource"
_MOST: Final = 20_000  # characters of a text, as in every field
_SHORT: Final = 400  # characters of an amount, a day, a choice …, blanks included
_AROUND: Final = 1_000  # characters of a box beside its values: labels and amounts in words
# An amount in words, as it is printed beside its figures.
_IN_WORDS = re.compile(r"（大写：[^（）\n]{0,60}）")


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
    if any(len(text) > _MOST for text in texts.values()) or sum(map(len, texts)) > MAX_BYTES:
        raise UnreadableDocument(f"PDF 中有一栏超过 {_MOST:,} 个字符，请删减后再提交。")
    return json.dumps([source, texts]).encode()


def submission(form: Form, texts: Mapping[str, str]) -> dict[str, Any]:
    """Typed texts by pointer → data of the form's shape, with what was left empty left out."""
    data: dict[str, Any] = {"form": form.id}
    boxes = {box.name: box for box in form.boxes}
    for name in sorted(texts.keys() & set(form.printable), key=form.place):
        for pointer, text in _values(form, boxes.get(name), name, texts[name]):
            # What is unclear, or longer than its field may be, stays text: the schema points at it.
            value = text
            if len(text) <= _longest(form.field(pointer)):
                value, _ = answers.read(form, pointer, text)
            if value is not None:
                pointers.set_(data, pointer, value)
    return data


def _values(form: Form, box: PrintBox | None, name: str, text: str) -> Iterator[tuple[str, str]]:
    """(pointer, text) of what a place holds; a box of a list has a row in every line."""
    if box is None or not box.list:
        yield from _parts(form, box, name, text)
        return
    lines = list(filter(None, map(str.strip, re.split(r"[\r\n]+", text))))
    for row, line in enumerate(lines[: form.room(box.list)]):
        for pointer, part in _parts(form, box, name, line):
            if part:
                yield pointer.replace("/*/", f"/{row}/", 1), part


def _parts(form: Form, box: PrintBox | None, name: str, text: str) -> Iterator[tuple[str, str]]:
    """(pointer, text) of what one box holds; all of it for the first field when it does not fit."""
    if box is None:
        if form.field(name):
            yield name, text
        return
    fields, literals = _without_words(box)
    if len(text) > sum(map(_longest, fields)) + _AROUND:
        yield fields[0].pointer, text
        return
    parts = _split(_IN_WORDS.sub("", text).strip(), literals)
    if parts is None:
        yield fields[0].pointer, text
        return
    # A field that stands twice in a box is read where it stands first.
    first: dict[str, str] = {}
    for field, part in zip(fields, parts, strict=True):
        first.setdefault(field.pointer, part)
    yield from first.items()


def _longest(field: Field | None) -> int:
    """How many characters are looked at before the schema has said what is too long."""
    if field is None or field.type == "array":
        return _MOST
    return int(field.schema.get("maxLength", _SHORT))


def _without_words(box: PrintBox) -> tuple[list[Field], list[str]]:
    """A box's fields and the literals around them, without the amounts in words."""
    fields, literals = [], [box.literals[0]]
    for (field, as_words), literal in zip(box.parts, box.literals[1:], strict=True):
        if as_words:
            literals[-1] += literal
        else:
            fields.append(field)
            literals.append(literal)
    return fields, literals


def _split(text: str, literals: list[str]) -> list[str] | None:
    """What stands between literals, one more than there are parts; None when one is missing.

    A blank stands for any blanks. Takes time in proportion to the text.
    """
    first, *between, last = (literal.strip(" ") for literal in literals)
    if not text.startswith(first) or not text.endswith(last):
        return None
    parts, rest = [], text.removeprefix(first).removesuffix(last)
    for literal, raw in zip(between, literals[1:-1], strict=True):
        pair = rest.split(literal or None, 1) if raw else ()
        if len(pair) < 2:
            return None
        parts.append(pair[0])
        rest = pair[1]
    return [*parts, rest]
