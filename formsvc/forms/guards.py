"""Where something holds: a field is given, has a value, is one of several, or is large enough."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from formsvc import pointers


@dataclass(frozen=True, slots=True)
class Guard:
    """`test` is present, equals, in or at_least, `value` what it compares with."""

    pointer: str
    test: str
    value: Any

    def holds(self, data: object, on: date) -> bool:
        """Whether a submission is such; what is missing or of another type is not."""
        found = pointers.get(data, self.pointer)
        is_given = found is not pointers.MISSING and found not in (None, "", [], {})
        if self.test == "present":
            return is_given is bool(self.value)
        if self.test == "at_least":
            try:
                return is_given and bool(found >= self.value)
            except TypeError:
                return False
        return is_given and found in (self.value if self.test == "in" else [self.value])


def guard(table: Mapping[str, Any]) -> Guard:
    """Of a `when` in form.toml: its field and one test."""
    ((test, value),) = ((key, value) for key, value in table.items() if key != "field")
    return Guard(table["field"], test, value)
