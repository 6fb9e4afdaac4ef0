"""What is surely so of a submission that meets its schema, as expressions of Python.

They are put together of words that stand in our own modules; whatever an author wrote is bound to a
name as an object. An expression is true only where the plain way round comes to the same; whoever
cannot write such a one raises Doubtful.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from formsvc.forms.fields import Field
from formsvc.forms.places import Place

# Decimal's 28 digits hold sums and products of two such amounts exactly.
_LARGEST: Final = 10**12
_CENT: Final = Decimal("0.01")


class Doubtful(Exception):
    """No expression says it surely."""


class Leaves:
    """The values of a submission by the names of the variables that hold them.

    `optional` are the variables that are None where nothing is given, `days` those of the same
    values as dates. `bound` are the objects that other names stand for. `on` is the day of the
    check.
    """

    def __init__(
        self, variables: Mapping[str, str], optional: frozenset[str], bound: dict[str, Any]
    ) -> None:
        self._variables = variables
        self._optional = optional
        self._bound = bound
        self._asked: dict[str, Field | None] = {}

    def lacking(self) -> list[tuple[str, Field | None]]:
        """Expressions for what the others, since the last call, need and may not have, in the order
        in which it was asked for; the field where its lack alone is why nothing can be judged."""
        asked, self._asked = self._asked, {}
        return [(f"{name} is None", field) for name, field in asked.items()]

    def find(self, place: Place) -> str:
        """A value that may be None."""
        name = self._variables.get(place.pointer)
        if name is None or place.field.computed:
            raise Doubtful
        return name

    def value(self, place: Place) -> str:
        """A value that has to be given. Values are asked for in the order in which the plain way
        round gets them, so that it is the same that is said to be lacking."""
        return self._given(self.find(place), place.field)

    def spare(self, place: Place) -> str:
        """A value that may be lacking, but then nothing is sure."""
        return self._given(self.find(place), None)

    def _given(self, name: str, field: Field | None) -> str:
        if name in self._optional:
            self._asked.setdefault(name, field)
        return name

    def day(self, place: Place) -> str:
        """A date that has to be given, as a date."""
        self.value(place)
        return self.found_day(place)

    def found_day(self, place: Place) -> str:
        """A date as a date, or None."""
        if place.field.kind != "date":
            raise Doubtful
        return day_of(self.find(place))

    def number(self, place: Place) -> str:
        """A number that has to be given, and that a rule reads exactly as it is written."""
        if not is_exact(place.field):
            raise Doubtful
        return self.value(place)

    def cells(self, array: Field, cell: Field) -> str:
        """The values of a column that every row has, as a list."""
        key = cell.tokens[len(array.tokens) + 1 :]
        rows = self._variables.get(array.pointer)
        if rows is None or len(key) != 1 or not cell.required or cell.computed:
            raise Doubtful
        return f"[row[{self.bind(key[0])}] for row in {self._given(rows, array)}]"

    def bind(self, thing: Any) -> str:
        """The name of an object."""
        name = f"c{len(self._bound)}"
        self._bound[name] = thing
        return name


def is_exact(field: Field) -> bool:
    """Whether a field's schema lets whole numbers and hundredths of a modest size through alone."""
    schema = field.schema
    for bound in (schema.get("minimum"), schema.get("maximum")):
        if not isinstance(bound, int) or abs(bound) > _LARGEST:
            return False
    return field.type == "integer" or (
        field.type == "number" and Decimal(str(schema.get("multipleOf", 0))) == _CENT
    )


def is_plain(number: int | Decimal) -> bool:
    """Whether a number is of a modest size, in hundredths: what is worked out with it is exact."""
    return -_LARGEST <= number <= _LARGEST and not Decimal(number) % _CENT


def day_of(variable: str) -> str:
    """The variable that holds a date as a date."""
    return f"d{variable}"


def unsure(leaves: Leaves) -> str:
    """What can never be said surely."""
    raise Doubtful


Sure = Callable[[Leaves], str]
"""Writes an expression; raises Doubtful."""
