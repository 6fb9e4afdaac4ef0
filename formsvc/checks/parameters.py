"""The types of parameters that kinds of rules take, and the places that operands name.

A parameter type reads a value of form.toml strictly, says it in Chinese, and describes it for
editors as JSON Schema. `Wrong` says what is not right (English, for authors).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final

import jsonschema_rs

from formsvc.forms import Field, Form
from formsvc.writing.notation import yuan

Schema = dict[str, Any]
Rows = tuple[bool, ...]
Speaker = Callable[[Field], str]
"""How a field is called: by its label, in quotation marks or without."""
Arguments = Mapping[str, Any]

# Where an operand may stand.
_OUTSIDE: Final[Rows] = (False,)
_IN_ROWS: Final[Rows] = (True,)
_ANYWHERE: Final[Rows] = (False, True)
_POINTER: Final[Schema] = {"type": "string", "pattern": "^/"}


class Wrong(Exception):
    """A parameter is not what its kind takes."""


class Unjudged(Exception):
    """A rule cannot be judged; carries the reason (Chinese)."""


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


def place(form: Form, field: Field) -> Place:
    """Compile a field's pointer to getters; `*` gathers every row into a list."""
    tokens = field.tokens
    if field.list:
        star = tokens.index("*")
        outer, inner, rows = tokens[:star], tokens[star + 1 :], form.fields[field.list].label

        def get(data: Any) -> Any:
            return [_descend(row, inner, field.label) for row in _descend(data, outer, rows)]

    elif len(tokens) == 2:
        first, second = tokens

        def get(data: Any) -> Any:
            try:
                return data[first][second]
            except (KeyError, TypeError):
                raise Unjudged(f"“{field.label}”没有填写。") from None

    else:

        def get(data: Any) -> Any:
            return _descend(data, tokens, field.label)

    def find(data: Any) -> Any:
        try:
            return get(data)
        except Unjudged:
            return None

    return Place(field, get, find)


def _descend(data: Any, tokens: Iterable[str], label: str) -> Any:
    for token in tokens:
        try:
            data = data[token]
        except (KeyError, TypeError):
            raise Unjudged(f"“{label}”没有填写。") from None
    return data


class Parameter(ABC):
    """Base of all types of parameters."""

    schema: Schema

    @abstractmethod
    def read(self, value: Any, form: Form, earlier: Arguments) -> Any:
        """The value as its kind uses it; `earlier` are the parameters before. Raises Wrong."""

    def say(self, value: Any, speaker: Speaker, arguments: Arguments) -> str:
        """The value in Chinese."""
        return str(value)

    def places(self, value: Any) -> Iterator[Place]:
        """The operands in it."""
        yield from ()


@dataclass(frozen=True)
class Operand(Parameter):
    """A pointer to a field of one of these kinds (or types); `rows` says where it may stand."""

    kinds: frozenset[str]
    rows: Rows
    enumerated: bool = False

    schema = _POINTER

    def accepts(self, field: Field) -> bool:
        """Whether a field may be the operand."""
        known = bool(self.kinds & {field.kind, field.type})
        return known and bool(field.list) in self.rows and bool(field.choices) >= self.enumerated

    def read(self, value: Any, form: Form, earlier: Arguments) -> Place:
        if not isinstance(value, str) or value not in form.fields:
            raise Wrong(f"pointer {value!r} is not in schema.json")
        if value in form.lists or not self.accepts(form.fields[value]):
            raise Wrong(f"{value} is no {self._wanted()}")
        return place(form, form.fields[value])

    def _wanted(self) -> str:
        what = " or ".join(sorted(self.kinds)) + (" with an enum" if self.enumerated else "")
        where = {_OUTSIDE: " outside of lists", _IN_ROWS: " in a list"}.get(self.rows, "")
        return f"field of {what}{where}"

    def say(self, value: Place, speaker: Speaker, arguments: Arguments) -> str:
        return speaker(value.field)

    def places(self, value: Place) -> Iterator[Place]:
        yield value


@dataclass(frozen=True)
class Plain(Parameter):
    """A value of these types that a JSON Schema allows; `what` is the same in words."""

    types: tuple[type, ...]
    what: str
    schema: Schema
    spoken: Callable[[Any], str] = str

    def read(self, value: Any, form: Form, earlier: Arguments) -> Any:
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


MONEY: Final = Plain(
    (int, Decimal),
    "an amount in 元 with at most two decimals",
    {"type": "number", "minimum": 0, "maximum": 10**12, "multipleOf": 0.01},
    yuan,
)
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

    def read(self, value: Any, form: Form, earlier: Arguments) -> list[str]:
        texts: list[str] = TEXTS.read(value, form, earlier)
        field = earlier[self.of].field
        _refuse_unknown(value, form.fields.get(f"{field.pointer}/*", field).choices)
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

    def read(self, value: Any, form: Form, earlier: Arguments) -> tuple[Any, ...]:
        if not isinstance(value, list) or not value:
            raise Wrong("must be a list of pointers")
        read = tuple(self.each.read(each, form, earlier) for each in value)
        if len({repr(each) for each in value}) < len(value):
            raise Wrong("names a field twice")
        return read

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

    def read(self, value: Any, form: Form, earlier: Arguments) -> dict[str, Any]:
        if not isinstance(value, dict) or not value:
            raise Wrong("must be a table")
        return {name: self.each.read(given, form, earlier) for name, given in value.items()}

    def say(self, value: Mapping[str, Any], speaker: Speaker, arguments: Arguments) -> str:
        return "、".join(self.each.say(each, speaker, arguments) for each in value.values())

    def places(self, value: Mapping[str, Any]) -> Iterator[Place]:
        for each in value.values():
            yield from self.each.places(each)


@dataclass(frozen=True)
class Ranges(Parameter):
    """For each value that the field of `by` may have, a lowest and a highest amount in 元."""

    by: str

    schema = {
        "type": "object", "minProperties": 1,
        "additionalProperties": {
            "type": "array", "minItems": 2, "maxItems": 2, "items": MONEY.schema,
        },
    }  # fmt: skip

    def read(self, value: Any, form: Form, earlier: Arguments) -> dict[str, tuple[Any, Any]]:
        if not isinstance(value, dict):
            raise Wrong("must be a table")
        choices = earlier[self.by].field.choices
        _refuse_unknown(value, choices)
        if missing := [choice for choice in choices if choice not in value]:
            raise Wrong(f"nothing is said for {missing[0]!r}")
        return {choice: self._range(given, choice, form) for choice, given in value.items()}

    def _range(self, given: Any, choice: str, form: Form) -> tuple[Any, Any]:
        low, high = given if isinstance(given, list) and len(given) == 2 else (None, None)
        try:
            if MONEY.read(low, form, {}) > MONEY.read(high, form, {}):
                raise Wrong("the lowest amount is above the highest")
        except Wrong as wrong:
            raise Wrong(f"{choice}: {wrong}") from None
        return low, high

    def say(self, value: Mapping[str, Any], speaker: Speaker, arguments: Arguments) -> str:
        return "；".join(f"{choice} {said_range(*given)}" for choice, given in value.items())


def said_range(low: Any, high: Any) -> str:
    """Two amounts as a range, or as one amount where they are the same."""
    return yuan(low) if low == high else f"{yuan(low)}至{yuan(high)}"


@dataclass(frozen=True)
class Assigned(Parameter):
    """Some of the values that the field of `by` may have → a name in the table of `among`."""

    by: str
    among: str

    schema = {"type": "object", "additionalProperties": {"type": "string"}}

    def read(self, value: Any, form: Form, earlier: Arguments) -> dict[str, str]:
        if not isinstance(value, dict):
            raise Wrong("must be a table")
        _refuse_unknown(value, earlier[self.by].field.choices)
        for choice, name in value.items():
            if not isinstance(name, str) or name not in earlier[self.among]:
                raise Wrong(f"{choice}: {name!r} is none of {', '.join(earlier[self.among])}")
        return value

    def say(self, value: Mapping[str, str], speaker: Speaker, arguments: Arguments) -> str:
        groups: dict[str, list[str]] = {}
        for choice, name in value.items():
            groups.setdefault(name, []).append(choice)
        return "；".join(
            f"{'、'.join(choices)}填写{speaker(arguments[self.among][name].field)}"
            for name, choices in groups.items()
        )


def _refuse_unknown(given: Iterable[str], known: tuple[str, ...]) -> None:
    for each in given:
        if known and each not in known:
            raise Wrong(f"{each!r} is no value of that field")


Text = Annotated[Place, Operand(frozenset({"string", "paragraphs"}), _OUTSIDE)]
Sum = Annotated[Place, Operand(frozenset({"money"}), _OUTSIDE)]
Sums = Annotated[tuple[Place, ...], Several(Operand(frozenset({"money"}), _ANYWHERE))]
Day = Annotated[Place, Operand(frozenset({"date"}), _OUTSIDE)]
Year = Annotated[Place, Operand(frozenset({"integer"}), _OUTSIDE)]
Choice = Annotated[Place, Operand(frozenset({"string"}), _OUTSIDE, enumerated=True)]
Flag = Annotated[Place, Operand(frozenset({"boolean"}), _OUTSIDE)]
Listed = Annotated[Place, Operand(frozenset({"array"}), _OUTSIDE)]
Cells = Annotated[Place, Operand(frozenset({"string"}), _IN_ROWS)]
IdNumber = Annotated[Place, Operand(frozenset({"id-number"}), _OUTSIDE)]
Fields = Annotated[dict[str, Place], Table(Operand(frozenset({"string"}), _OUTSIDE))]
Amount = Annotated[int | Decimal, MONEY]
Count = Annotated[int, whole(1, 100_000)]
Percent = Annotated[int, whole(0, 100)]
Months = Annotated[int, whole(1, 1200)]
Years = Annotated[int, whole(1, 100)]
Age = Annotated[int, whole(0, 150)]
Yes = Annotated[
    bool, Plain((bool,), "true or false", {"type": "boolean"}, lambda yes: "是" if yes else "否")
]
Words = Annotated[list[str], TEXTS]
