"""A printed box in which several fields stand → the texts of the fields."""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Final

from formsvc.documents.printing import without_empty
from formsvc.forms import Field, Form, PrintBox

MOST: Final = 20_000  # characters of a text, as in every field
_SHORT: Final = 400  # characters of an amount, a day, a choice …, blanks included
_AROUND: Final = 1_000  # characters of a box beside its values: labels and amounts in words
_MARK: Final = "\ufdd0"  # a noncharacter: in no submission
_MOST_PARTS: Final = 6
# An amount in words, as it is printed beside its figures.
_IN_WORDS = re.compile(r"（大写：[^（）\n]{0,60}）")


def parts(form: Form, name: str, text: str) -> dict[str, str]:
    """What stands at a pointer, or in a box of several fields, by the fields' pointers."""
    box = next((box for box in form.boxes if box.name == name), None)
    return dict(_apart(form, box, name, text))


def _apart(form: Form, box: PrintBox | None, name: str, text: str) -> Iterator[tuple[str, str]]:
    """(pointer, text) of what one box holds; all of it for the first field when it does not fit."""
    if box is None:
        if form.field(name):
            yield name, text
        return
    if box.list:
        lines = [line for line in map(str.strip, re.split(r"[\r\n]+", text)) if line]
        for row, line in enumerate(lines[: form.room(box.list)]):
            yield from _in_row(box, row, line)
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


def _in_row(box: PrintBox, row: int, line: str) -> Iterator[tuple[str, str]]:
    """(pointer, text) of a line of a box of a list, in which empty parts were left out."""
    fields = [field for field, _ in box.parts]
    for missing in _subsets(len(fields)):
        marks = ["" if at in missing else _MARK for at in range(len(fields))]
        there = [field for at, field in enumerate(fields) if at not in missing]
        parts = _split(line, without_empty(box, marks).split(_MARK))
        if parts is not None and all(parts):
            yield from ((field.in_row(row), part) for field, part in zip(there, parts, strict=True))
            return
    yield fields[0].in_row(row), line


def _subsets(size: int) -> Iterator[tuple[int, ...]]:
    """What may be missing of so many parts: nothing, then one, the last first; never the first."""
    most = range(size - 1, 0, -1)
    for count in range(size if size <= _MOST_PARTS else 1):
        yield from combinations(most, count)


def is_short(form: Form, pointer: str, text: str) -> bool:
    """Whether a text is no longer than what its field may hold."""
    return len(text) <= _longest(form.field(pointer))


def _longest(field: Field | None) -> int:
    """How many characters are looked at before the schema has said what is too long."""
    if field is None or field.type == "array":
        return MOST
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
