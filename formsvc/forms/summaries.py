"""How a form is made from many submissions of another form, or from the register, as declared."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, Final, NoReturn

from formsvc.errors import FormError
from formsvc.forms.fields import Field
from formsvc.forms.form import Form, SummarySpec, Taken

REGISTER: Final = "register"

Fail = Callable[[str, str], NoReturn]
"""(place, what): refuses a file."""


def declared(
    table: Mapping[str, Any] | None, known: Mapping[str, Field], fail: Fail
) -> SummarySpec | None:
    """[summary] of a form.toml, its own side verified; None when there is none."""
    if table is None:
        return None
    rows = known.get(table["rows"])
    if rows is None or rows.type != "array" or f"{rows.pointer}/*" not in known:
        fail("[summary]: rows", f"{table['rows']!r} is no list of schema.json")
    sources: dict[str, list[Taken]] = {"row": [], "head": []}
    for key, found in sources.items():
        for name, source in table.get(key, {}).items():
            pointer = f"{rows.pointer}/*{name}" if key == "row" else name
            target = known.get(pointer)
            if target is None or target.computed or (key == "head" and target.list):
                fail(f"[summary]: {key}", f"{name!r} is no field that can be filled in")
            found.append(Taken(target, source))
    if table["of"] == REGISTER and sources["head"]:
        fail("[summary]: head", "a register says nothing of the whole")
    return SummarySpec(table["of"], rows, tuple(sources["row"]), tuple(sources["head"]))


def verify(form: Form, forms: Iterable[Form], columns: type) -> None:
    """What a form's summary takes over is there, and of the same kind. FormError names it.

    `columns` is the dataclass of a person on the register.
    """
    spec = form.summary
    if spec is None:
        return
    where = f"{form.toml}: [summary]"
    if spec.of == REGISTER:
        known = {field.name for field in fields(columns)}
        for taken in spec.row:
            if taken.name not in known:
                names = ", ".join(sorted(known))
                raise FormError(f"{where}: row: {taken.name!r} is none of {names}")
        return
    summed = [each for each in forms if each.id == spec.of]
    if not summed:
        raise FormError(f"{where}: of: there is no form {spec.of!r}")
    for taken in (*spec.row, *spec.head):
        found = summed[-1].fields.get(taken.name)
        if found is None or found.list or found.type in ("object", "array"):
            raise FormError(f"{where}: {taken.name!r} is no single field of {spec.of}")
        if found.type != taken.target.type:
            raise FormError(f"{where}: {taken.name!r} is no {taken.target.type}")
