"""Policy values that are tried out: a file of them → programmes that hold them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from formsvc.errors import FormError
from formsvc.forms.loading import TomlFile
from formsvc.forms.programme import PolicyValue, Programme


@dataclass(frozen=True, slots=True)
class TriedValue:
    """A value that is to hold from a day; `place` says where in the file it stands."""

    programme: str
    id: str
    since: date
    value: Any
    place: str


class _ValuesFile(TomlFile):
    kind = "values"


def tried(path: Path, text: str, programmes: Iterable[Programme]) -> tuple[TriedValue, ...]:
    """The values in a file, each for the programme that has one of its id.

    FormError, with file and place, for a value that no programme has or that several have.
    """
    file, known = _ValuesFile(path, text), list(programmes)
    found: list[TriedValue] = []
    for entry, place in file.entries("value"):
        wanted = entry.get("programme")
        having = [each.id for each in known if entry["id"] in each.values]
        if wanted is not None and wanted not in [each.id for each in known]:
            names = ", ".join(each.id for each in known)
            file.fail(f"{place}: programme", f"there is no {wanted!r}; known: {names}")
        having = [id for id in having if wanted in (None, id)]
        if not having:
            names = ", ".join(sorted({id for each in known for id in each.values}))
            file.fail(place, f"no such value; known: {names}")
        if len(having) > 1:
            file.fail(place, f"say by `programme` whose value it is: {', '.join(having)}")
        since = date.fromisoformat(entry["since"])
        if any((each.programme, each.id, each.since) == (having[0], entry["id"], since)
               for each in found):  # fmt: skip
            file.fail(place, f"is given twice for {since}")
        found.append(TriedValue(having[0], entry["id"], since, entry["value"], f"{path}: {place}"))
    return tuple(found)


def holding(
    programmes: Mapping[str, Programme], values: Iterable[TriedValue]
) -> dict[str, Programme]:
    """The programmes with these values: one of the same day is replaced, another one is added."""
    changed = dict(programmes)
    for each in values:
        programme = changed[each.programme]
        before = programme.values[each.id]
        like = [value for value in before if value.since <= each.since][-1:] or [before[0]]
        new: PolicyValue = replace(like[0], since=each.since, value=each.value, note="")
        others = [value for value in before if value.since != each.since]
        ordered = tuple(sorted((*others, new), key=lambda value: value.since))
        changed[each.programme] = replace(programme, values={**programme.values, each.id: ordered})
    return changed


def refused(value: TriedValue, error: FormError) -> FormError:
    """The complaint about a value that a rule cannot take."""
    return FormError(f"{value.place}: value: {error}")
