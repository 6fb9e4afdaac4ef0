"""What people typed into a page ↔ the submission that it means.

Entries are texts by pointer, as typed; a list of choices is a list of texts. An empty text means
that the value is absent. What cannot be read as its type stays text, so that the check says so.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from werkzeug.datastructures import MultiDict

from formsvc import pointers
from formsvc.findings import Finding
from formsvc.forms import FORM, Field, Form, answers

Entries = dict[str, str | list[str]]

_ROW = re.compile(r"/([0-9]{1,4})(?=/)")


def posted(form: Form, sent: MultiDict[str, str]) -> Entries:
    """The entries of a posted page; rows without any text are left out."""
    entries: Entries = {}
    for name in sent:
        field = form.field(name)
        if (
            field is None
            or field.computed
            or field not in form.leaves
            or "*" in name
            or bool(field.list) != bool(_ROW.search(name))
        ):
            continue
        if field.type == "array":
            entries[name] = [value for value in sent.getlist(name) if value]
        else:
            entries[name] = sent.getlist(name)[-1].replace("\r\n", "\n").replace("\r", "\n")
    return _without_blank_rows(entries)


def read(form: Form, entries: Entries) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """The data that the entries mean, and findings for those that could mean several things.

    Parts that the form demands are there, if empty. Ticked choices are taken as they are.
    """
    data: dict[str, Any] = {FORM[1:]: form.id}
    findings: list[Finding] = []
    for field in form.fields.values():
        if field.required and field.type == "object" and not field.list:
            pointers.set_(data, field.pointer, {})
    for name, entry in sorted(entries.items(), key=lambda item: form.place(item[0])):
        if (known := form.field(name)) is None:
            continue
        value, found = (
            (entry or None, ()) if isinstance(entry, list) else answers.read(form, name, entry)
        )
        findings += found
        if value is not None:
            _make_rows(data, known, name)
            pointers.set_(data, name, value)
    return data, tuple(findings)


def _make_rows(data: dict[str, Any], field: Field, name: str) -> None:
    """Make the rows before that of a field: empty ones have no entries."""
    row = _ROW.search(name)
    for number in range(int(row[1]) if field.list and row else 0):
        place = f"{field.list}/{number}"
        if pointers.get(data, place) is pointers.MISSING:
            pointers.set_(data, place, {})


def entered(form: Form, data: object) -> Entries:
    """A submission as the texts that one types into a page; without what has no place there."""
    entries: Entries = {}
    for field in (each for each in form.leaves if not each.computed):
        for name in field.places(data):
            value = pointers.get(data, name)
            if isinstance(value, list):
                if items := [text(item) for item in value if not isinstance(item, dict | list)]:
                    entries[name] = items
            elif value is not pointers.MISSING and not isinstance(value, dict):
                entries[name] = text(value)
    return entries


def rows(entries: Mapping[str, object], pointer: str) -> int:
    """How many rows of a list have entries."""
    inside = pointer + "/"
    return 1 + max(
        (int(name[len(inside) :].partition("/")[0]) for name in entries if name.startswith(inside)),
        default=-1,
    )


def without_row(entries: Entries, row: str) -> Entries:
    """The entries without one row, `/project/budget/1`, and those below it moved up."""
    return _without_blank_rows(
        {name: entry for name, entry in entries.items() if not name.startswith(row + "/")}
    )


def _without_blank_rows(entries: Entries) -> Entries:
    kept: Entries = {}
    numbers: dict[str, dict[str, int]] = {}
    filled = {
        name[: row.end()]
        for name, entry in entries.items()
        if (row := _ROW.search(name)) and "".join(entry).strip()
    }
    for name, entry in sorted(entries.items(), key=_by_row):
        row = _ROW.search(name)
        if row is None:
            kept[name] = entry
        elif name[: row.end()] in filled:
            numbered = numbers.setdefault(name[: row.start()], {})
            number = numbered.setdefault(row.group(1), len(numbered))
            kept[f"{name[: row.start()]}/{number}{name[row.end() :]}"] = entry
    return kept


def _by_row(item: tuple[str, object]) -> int:
    row = _ROW.search(item[0])
    return int(row.group(1)) if row else -1


def text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return "" if value is None else str(value)
