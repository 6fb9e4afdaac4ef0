"""What a page says beside a field while one types: 字数, 大写, totals, which box is asked for, what
is meant by what was typed, what it should be by another field, by an office's list.

The rules themselves say it, in the code that checks them; amounts are said in words too.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from formsvc import pointers
from formsvc.checks import checker
from formsvc.checks.kinds import Aside
from formsvc.checks.listing import Listed
from formsvc.checks.register import Register
from formsvc.documents.printing import text_of
from formsvc.forms import Field, Form
from formsvc.forms.guards import is_given
from formsvc.web.desks import entries as typed
from formsvc.web.desks.entries import Entries
from formsvc.writing import written
from formsvc.writing.notation import is_amount, yuan_in_words

Asides = Mapping[str, list[Aside]]

OFFER = "offer"


def asides(
    form: Form, data: Mapping[str, Any], on: date, entries: Entries, register: Register | None
) -> Asides:
    """By pointer, in the order in which they are shown."""
    found: dict[str, list[Aside]] = defaultdict(list)
    for pointer, entry in entries.items():
        field = form.field(pointer)
        if field and isinstance(entry, str):
            found[pointer] += _mends(field, pointer, entry)
    for rule in checker(form).rules(on):
        for aside in rule.asides(data):
            found[aside.pointer].append(aside)
        if register and isinstance(rule.kind, Listed):
            for aside in rule.kind.offers(register, data):
                found[aside.pointer].append(aside)
    for field in form.leaves:
        for pointer in field.places(data) if field.kind == "money" else ():
            value: Any = pointers.get(data, pointer)
            if is_amount(value) and value >= 0:
                found[pointer].append(Aside(pointer, f"大写：{yuan_in_words(value)}"))
    for aside in _dependents(form, data):
        found[aside.pointer].append(aside)
    return {pointer: each for pointer, each in found.items() if each}


def offers(shown: Asides) -> dict[str, tuple[str, str]]:
    """What empty fields are filled with, by pointer, and the words for why."""
    return {
        pointer: offered[0]
        for pointer, found in shown.items()
        if (offered := [(each.put, each.text) for each in found if each.tone == OFFER])
    }


def _mends(field: Field, pointer: str, entry: str) -> Iterator[Aside]:
    """What a text means that is written in another way than on paper; each way it could mean."""
    if field.kind == "paragraphs" or field.type == "array" or not entry.strip():
        return
    meant = written.value(entry, type=field.type, kind=field.kind)
    line = entry.strip()
    for value in meant.readings or (meant.value,):
        put, shown = typed.text(value), _shown(field, value)
        if line in (put, shown, shown.removesuffix("元")):
            continue
        if field.kind == "date" and not meant.readings:  # taken in any way of writing
            yield Aside(pointer, shown)
        else:
            yield Aside(pointer, f"{line} → {shown}", "mend", put)


def _shown(field: Field, value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if field.kind == "money" and is_amount(value):
        return text_of(field, value)
    return text_of(field, value) if field.kind == "date" else typed.text(value)


def _dependents(form: Form, data: Mapping[str, Any]) -> Iterator[Aside]:
    """What has become required because something else was filled in."""
    groups = {field.pointer: field.schema for field in form.fields.values() if not field.list}
    for around, schema in {"": form.schema, **groups}.items():
        for given, wanted in schema.get("dependentRequired", {}).items():
            first = around + pointers.format([given])
            for name in wanted if is_given(_value(data, first)) else ():
                pointer = around + pointers.format([name])
                if not is_given(_value(data, pointer)):
                    said = f"填了{form.label(first)}，现在必须填写此项"
                    yield Aside(pointer, said, "wanted")


def _value(data: Mapping[str, Any], pointer: str) -> Any:
    value = pointers.get(data, pointer)
    return None if value is pointers.MISSING else value
