"""The fields of a form: the nodes of its schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from formsvc import pointers

# What every submission says of itself: its form, and its edition when it is not the newest.
FORM: Final = "/form"
EDITION: Final = "/edition"


@dataclass(frozen=True, slots=True)
class Field:
    """One node of a schema below the root. `pointer` has `*` where an array is entered.

    `schema` is the node with its `$ref` resolved and merged.
    """

    pointer: str
    label: str
    schema: Mapping[str, Any]
    required: bool

    @property
    def type(self) -> str:
        """The JSON type."""
        return str(self.schema.get("type", "string"))

    @property
    def kind(self) -> str:
        """What the value means: date, money, paragraphs, id-number …, or else the JSON type."""
        return str(self.schema.get("format") or self.type)

    @property
    def hint(self) -> str:
        """What is allowed, for people; "" when the schema does not say."""
        return str(self.schema.get("description", ""))

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that it may have; none when there is no such list."""
        return tuple(self.schema.get("enum", ()))

    @property
    def computed(self) -> bool:
        """Whether the form works it out itself, so that nobody types it in."""
        return self.schema.get("readOnly") is True

    @property
    def tokens(self) -> tuple[str, ...]:
        return pointers.parse(self.pointer)

    @property
    def list(self) -> str:
        """The pointer of the list in whose rows the field stands; "" for a field of no list."""
        outer, inside, _ = self.pointer.partition("/*")
        return outer if inside else ""

    def in_row(self, row: int) -> str:
        """The field's pointer in a row, counted from 0."""
        return self.pointer.replace("/*", f"/{row}", 1)

    def places(self, data: object) -> tuple[str, ...]:
        """The field's pointers in a submission: one, or one for each row that there is."""
        if not self.list:
            return (self.pointer,)
        rows = pointers.get(data, self.list)
        return tuple(map(self.in_row, range(len(rows)))) if isinstance(rows, list) else ()
