"""The types of parameters that kinds of rules take, and the places that operands name.

A parameter type reads a value of form.toml strictly, says it in Chinese, and describes it for
editors as JSON Schema. `Wrong` says what is not right (English, for authors).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import jsonschema_rs

from formsvc.forms import Field
from formsvc.forms.places import Place, Speaker, Unjudged, Wrong, listed_in, place
from formsvc.forms.terms import Reader, Term, amount_said, bound_rows

__all__ = ["Place", "Speaker", "Unjudged", "Wrong"]

Schema = dict[str, Any]
Arguments = Mapping[str, Any]

_POINTER: Final[Schema] = {"type": "string", "pattern": "^/"}


class Parameter(ABC):
    """Base of all types of parameters."""

    schema: Schema

    @abstractmethod
    def read(self, value: Any, reader: Reader, earlier: Arguments) -> Any:
        """The value as its kind uses it; `earlier` are the parameters before. Raises Wrong."""

    def rows(self, value: Any, reader: Reader) -> str:
        """The list through which the value, as written, takes the rule row by row; "" for none."""
        return ""

    def say(self, value: Any, speaker: Speaker, arguments: Arguments) -> str:
        """The value in Chinese."""
        return str(value)

    def places(self, value: Any) -> Iterator[Place]:
        """The operands in it."""
        yield from ()


@dataclass(frozen=True)
class Operand(Parameter):
    """A pointer to a field of one of these kinds (or types).

    One into a list makes the rule go row by row, unless it `gathers` the cells of all rows.
    """

    kinds: frozenset[str]
    enumerated: bool = False
    gathers: bool = False

    schema = _POINTER

    def accepts(self, field: Field) -> bool:
        """Whether a field may be the operand."""
        known = not self.kinds or bool(self.kinds & {field.kind, field.type})
        return known and bool(field.choices) >= self.enumerated

    def read(self, value: Any, reader: Reader, earlier: Arguments) -> Place:
        if not isinstance(value, str) or value not in reader.fields:
            raise Wrong(f"pointer {value!r} is not in schema.json")
        field, array = reader.fields[value], listed_in(reader.fields, value)
        if not self.accepts(field) or (self.kinds and _is_rows(value, reader)):
            raise Wrong(f"{value} is no {self._wanted()}")
        if self.gathers and not array:
            raise Wrong(f"{value} stands in no list")
        if not self.gathers and array not in ("", reader.rows):
            raise Wrong(f"{value} stands in another list than the rest of the rule")
        return place(reader.fields, field, "" if self.gathers else reader.rows)

    def rows(self, value: Any, reader: Reader) -> str:
        return "" if self.gathers else listed_in(reader.fields, value)

    def _wanted(self) -> str:
        what = " or ".join(sorted(self.kinds)) + (" with an enum" if self.enumerated else "")
        return f"field of {what}"

    def say(self, value: Place, speaker: Speaker, arguments: Arguments) -> str:
        return speaker(value.field)

    def places(self, value: Place) -> Iterator[Place]:
        yield value


def _is_rows(pointer: str, reader: Reader) -> bool:
    row = reader.fields.get(f"{pointer}/*")
    return row is not None and row.type == "object"


@dataclass(frozen=True, eq=False)
class Plain(Parameter):
    """A value of these types that a JSON Schema allows; `what` is the same in words."""

    types: tuple[type, ...]
    what: str
    schema: Schema
    spoken: Callable[[Any], str] = str

    def read(self, value: Any, reader: Reader, earlier: Arguments) -> Any:
        try:
            allowed = type(value) in self.types and jsonschema_rs.is_valid(self.schema, value)
        except ValueError:
            allowed = False
        if not allowed:
            raise Wrong(f"must be {self.what}")
        return value

    def say(self, value: Any, speaker: Speaker, arguments: Arguments) -> str:
        return self.spoken(value)


def whole(least: int, most: int) -> Plain:
    """A whole number within bounds."""
    schema = {"type": "integer", "minimum": least, "maximum": most}
    return Plain((int,), f"a whole number from {least} to {most}", schema)


TEXTS: Final = Plain(
    (list,),
    "a list of texts, each once",
    {"type": "array", "minItems": 1, "uniqueItems": True,
     "items": {"type": "string", "pattern": "\\S"}},
    "、".join,
)  # fmt: skip


@dataclass(frozen=True)
class Members(Parameter):
    """A list of texts, each a value that the field of the parameter `of` may have."""

    of: str
    schema = TEXTS.schema

    def read(self, value: Any, reader: Reader, earlier: Arguments) -> list[str]:
        texts: list[str] = TEXTS.read(value, reader, earlier)
        field = earlier[self.of].field
        refuse_unknown(value, reader.fields.get(f"{field.pointer}/*", field).choices)
        return texts

    def say(self, value: list[str], speaker: Speaker, arguments: Arguments) -> str:
        return "、".join(value)


@dataclass(frozen=True)
class Several(Parameter):
    """A list of parameters of one type."""

    each: Parameter

    @property
    def schema(self) -> Schema:  # type: ignore[override]  # a constant of each instance
        return {"type": "array", "minItems": 1, "uniqueItems": True, "items": self.each.schema}

    def read(self, value: Any, reader: Reader, earlier: Arguments) -> tuple[Any, ...]:
        if not isinstance(value, list) or not value:
            raise Wrong("must be a list")
        read = tuple(self.each.read(each, reader, earlier) for each in value)
        if len({repr(each) for each in value}) < len(value):
            raise Wrong("names a field twice")
        return read

    def rows(self, value: Any, reader: Reader) -> str:
        found = (self.each.rows(each, reader) for each in _listed(value))
        return next(filter(None, found), "")

    def say(self, value: Iterable[Any], speaker: Speaker, arguments: Arguments) -> str:
        return "、".join(self.each.say(each, speaker, arguments) for each in value)

    def places(self, value: Iterable[Any]) -> Iterator[Place]:
        for each in value:
            yield from self.each.places(each)


@dataclass(frozen=True)
class Table(Parameter):
    """A table of parameters of one type, by names of the author's own."""

    each: Parameter

    @property
    def schema(self) -> Schema:  # type: ignore[override]  # a constant of each instance
        return {"type": "object", "minProperties": 1, "additionalProperties": self.each.schema}

    def read(self, value: Any, reader: Reader, earlier: Arguments) -> dict[str, Any]:
        if not isinstance(value, dict) or not value:
            raise Wrong("must be a table")
        return {name: self.each.read(given, reader, earlier) for name, given in value.items()}

    def rows(self, value: Any, reader: Reader) -> str:
        given = value.values() if isinstance(value, dict) else ()
        return next(filter(None, (self.each.rows(each, reader) for each in given)), "")

    def say(self, value: Mapping[str, Any], speaker: Speaker, arguments: Arguments) -> str:
        return "、".join(self.each.say(each, speaker, arguments) for each in value.values())

    def places(self, value: Mapping[str, Any]) -> Iterator[Place]:
        for each in value.values():
            yield from self.each.places(each)


@dataclass(frozen=True)
class Amounts(Parameter):
    """An amount as formsvc.forms.terms reads it: a number, a field, a sum, a share …"""

    schema = {"$ref": "#/$defs/amount"}

    def read(self, value: Any, reader: Reader, earlier: Arguments) -> Term:
        return reader.number(value)

    def rows(self, value: Any, reader: Reader) -> str:
        return bound_rows(reader.fields, value)

    def say(self, value: Term, speaker: Speaker, arguments: Arguments) -> str:
        if value.constant is None:
            return value.say(speaker)
        return amount_said(value.constant, money=any(
            isinstance(each, Term) and each.money for each in arguments.values()))  # fmt: skip

    def places(self, value: Term) -> Iterator[Place]:
        yield from value.places


@dataclass(frozen=True)
class Addend(Amounts):
    """An amount that is added up with others; a column of a list adds up its rows."""

    def read(self, value: Any, reader: Reader, earlier: Arguments) -> Term:
        return reader.part(value)

    def rows(self, value: Any, reader: Reader) -> str:
        return ""


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else ()


def refuse_unknown(given: Iterable[str], known: tuple[str, ...]) -> None:
    """Raises Wrong for what a field with an enum cannot hold."""
    for each in given:
        if known and each not in known:
            raise Wrong(f"{each!r} is no value of that field")


Anything = Annotated[Place, Operand(frozenset())]
Text = Annotated[Place, Operand(frozenset({"string", "paragraphs"}))]
Sum = Annotated[Place, Operand(frozenset({"money"}))]
Total = Annotated[Place, Operand(frozenset({"money", "integer"}))]
Money = Annotated[Term, Amounts()]
Sums = Annotated[tuple[Term, ...], Several(Addend())]
Day = Annotated[Place, Operand(frozenset({"date"}))]
Anchor = Annotated[Place, Operand(frozenset({"date", "integer"}))]
Year = Annotated[Place, Operand(frozenset({"integer"}))]
Choice = Annotated[Place, Operand(frozenset({"string"}), enumerated=True)]
Flag = Annotated[Place, Operand(frozenset({"boolean"}))]
Listed = Annotated[Place, Operand(frozenset({"array"}))]
Cells = Annotated[Place, Operand(frozenset({"string"}), gathers=True)]
Years = Annotated[Place, Operand(frozenset({"integer"}), gathers=True)]
Columns = Annotated[
    tuple[Place, ...], Several(Operand(frozenset({"string", "integer"}), gathers=True))
]
IdNumber = Annotated[Place, Operand(frozenset({"id-number"}))]
IdNumbers = Annotated[Place, Operand(frozenset({"id-number"}), gathers=True)]
Fields = Annotated[dict[str, Place], Table(Operand(frozenset({"string"})))]
Count = Annotated[int, whole(1, 100_000)]
Months = Annotated[int, whole(1, 1200)]
Days = Annotated[int, whole(0, 366)]
Age = Annotated[int, whole(0, 150)]
Yes = Annotated[
    bool, Plain((bool,), "true or false", {"type": "boolean"}, lambda yes: "是" if yes else "否")
]
Words = Annotated[list[str], TEXTS]
