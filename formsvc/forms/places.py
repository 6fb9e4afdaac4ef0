"""Fields as operands: where rules, guards and computed values find what they read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from formsvc.forms.fields import Field

Speaker = Callable[[Field], str]
"""How a field is called: by its label, in quotation marks or without."""
Fields = Mapping[str, Field]

# In the scope of one row the row stands beside the data under a name that no field can have.
ROW: Final = "*"


class Wrong(Exception):
    """What an author wrote is not what is taken there (English)."""


class Unjudged(Exception):
    """Something cannot be judged or computed; carries the reason (Chinese)."""


@dataclass(frozen=True, slots=True)
class Place:
    """A field as an operand. `get` raises Unjudged; `find` answers None instead."""

    field: Field
    get: Callable[[Any], Any]
    find: Callable[[Any], Any]

    @property
    def label(self) -> str:
        return self.field.label

    @property
    def pointer(self) -> str:
        return self.field.pointer


def in_row(data: Any, row: Any) -> dict[str, Any]:
    """The scope of one row: the data, and the row beside it."""
    return {**data, ROW: row}


def place(fields: Fields, field: Field, rows: str = "") -> Place:
    """Compile a field's pointer to getters.

    In the scope of a row of `rows` a pointer into that list finds the row's cell; else `*` gathers
    every row into a list.
    """
    tokens = field.tokens
    if field.list and field.list == rows:
        tokens = tokens[len(fields[rows].tokens) :]
    if field.list in ("", rows):
        return Place(field, _getter(tokens, field), _finder(tokens))
    array = fields[field.list]
    start = len(array.tokens)

    def get(data: Any) -> Any:
        found = descend(data, tokens[:start], array)
        return [descend(row, tokens[start + 1 :], field) for row in found]

    def find(data: Any) -> Any:
        try:
            return get(data)
        except Unjudged:
            return None

    return Place(field, get, find)


def _getter(tokens: tuple[str, ...], field: Field) -> Callable[[Any], Any]:
    if len(tokens) != 2:
        return lambda data: descend(data, tokens, field)
    first, second = tokens
    reason = str(missing(field))

    def get(data: Any) -> Any:
        try:
            return data[first][second]
        except (KeyError, TypeError):
            raise Unjudged(reason) from None

    return get


def _finder(tokens: tuple[str, ...]) -> Callable[[Any], Any]:
    def find(data: Any) -> Any:
        try:
            for token in tokens:
                data = data[token]
        except (KeyError, TypeError):
            return None
        return data

    return find


def descend(data: Any, tokens: Iterable[str], field: Field) -> Any:
    """The value below `data`; Unjudged, naming the field, where there is none."""
    for token in tokens:
        try:
            data = data[token]
        except (KeyError, TypeError):
            raise missing(field) from None
    return data


def missing(field: Field) -> Unjudged:
    """Why what reads a field cannot be judged when it is not there."""
    return Unjudged(f"“{field.label}”{'还算不出来' if field.computed else '没有填写'}。")


def listed_in(fields: Fields, pointer: Any) -> str:
    """The list that a pointer leads into; "" for none, and for what is no pointer to a field."""
    return fields[pointer].list if isinstance(pointer, str) and pointer in fields else ""
