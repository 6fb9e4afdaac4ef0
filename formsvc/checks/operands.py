"""What rule kinds are made of: places in a submission, breaches, declared messages."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from formsvc.findings import Amount
from formsvc.forms.form import Field


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


class Breach(NamedTuple):
    """A rule not met: where, what was found and allowed, and the words for the message."""

    pointer: str
    words: Mapping[str, object]
    value: Amount | None = None
    limit: Amount | None = None
    message: str = "message"
    warning: bool = False


Breaches = Iterable[Breach]
Evaluate = Callable[[Any, date], Breaches]
MET: Final[tuple[Breach, ...]] = ()
MESSAGES: Final[dict[str, Mapping[str, frozenset[str]]]] = {}


def says(**names: str) -> Callable[[Callable[..., Evaluate]], Callable[..., Evaluate]]:
    """Declare a kind's messages in form.toml and the names that each may use in braces."""

    def declare(kind: Callable[..., Evaluate]) -> Callable[..., Evaluate]:
        MESSAGES[kind.__name__] = {key: frozenset(text.split()) for key, text in names.items()}
        return kind

    return declare


def place(field: Field, rows: str = "") -> Place:
    """Compile a field's pointer to getters; `*` gathers every row into a list called `rows`."""
    tokens = tuple(field.pointer[1:].split("/"))
    if "*" in tokens:
        star = tokens.index("*")
        outer, inner = tokens[:star], tokens[star + 1 :]

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
