"""Values by the names that docxtpl uses: the oracle of the Word forms, and a peer in time."""

from collections.abc import Mapping
from typing import Any

from formsvc import Form, pointers


def names(form: Form, values: Mapping[str, str]) -> dict[str, Any]:
    """Values by pointer as nested names: `/a/b` is `{{ a.b }}`.

    Paragraphs are separated by "\\a", which docxtpl turns into a new paragraph. A list stands
    under its name with every row that the paper has room for, and is false when none is given.
    """
    tree: dict[str, Any] = {}
    for pointer, text in values.items():
        *parents, last = pointers.parse(pointer)
        place = tree
        for parent in parents:
            place = place.setdefault(parent, {})
        field = form.field(pointer)
        is_block = field is not None and field.kind == "paragraphs"
        place[last] = text.replace("\n", "\a") if is_block else text
    for *parents, last in map(pointers.parse, form.lists):
        place = tree
        for parent in parents:
            place = place[parent]
        place[last] = _Rows(place[last].values())
    return tree


class _Rows(list[Mapping[str, str]]):
    """All printed rows of a list; true when any of them holds something."""

    def __bool__(self) -> bool:
        return any(any(row.values()) for row in self)
