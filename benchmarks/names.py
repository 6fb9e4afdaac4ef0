"""Values by the names that docxtpl uses: the oracle of the Word forms, and a peer in time."""

from collections.abc import Mapping
from typing import Any

from formsvc import Form, pointers


def names(form: Form, values: Mapping[str, str]) -> dict[str, Any]:
    """Values by pointer as nested names: `/a/b` is `{{ a.b }}`.

    Paragraphs are separated by "\\a", which docxtpl turns into a new paragraph. A list stands
    under its name with the rows that are given, a part of the paper under its own name.
    """
    tree: dict[str, Any] = {}
    for pointer, text in values.items():
        if not pointer.startswith("/"):
            tree[pointer] = text
            continue
        field = form.field(pointer)
        shown: Any = text
        if field is not None and field.kind == "paragraphs":
            shown = text.replace("\n", "\a")
        if pointer in form.lists:
            shown = [
                {
                    column.tokens[-1]: values.get(column.in_row(row), "")
                    for column in form.lists[pointer]
                }
                for row in range(int(text or 0))
            ]
        elif field is not None and field.list:
            continue
        *parents, last = pointers.parse(pointer)
        place = tree
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = shown
    return tree
