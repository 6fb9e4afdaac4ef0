"""Schema field → widget: what a page needs to know to ask for a value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from formsvc.checks import explain
from formsvc.checks.kinds import Hint
from formsvc.forms import Field, Form, Section

# Up to this many options stand side by side; more go into a drop-down.
_RADIO_LIMIT: Final = 4
_TEXT_KINDS: Final[Mapping[str, str]] = {
    "money": "money",
    "date": "date",
    "integer": "number",
    "number": "number",
    "paragraphs": "paragraphs",
    "id-number": "code",
    "credit-code": "code",
}
# What browsers may fill in by themselves (WCAG 2.2, 1.3.5), by the last word of a pointer.
_AUTOCOMPLETE: Final[Mapping[str, str]] = {
    "/person/name": "name",
    "/person/birth_date": "bday",
    "/person/mobile": "tel",
    "/person/phone": "tel",
    "/person/email": "email",
    "/person/address": "street-address",
    "/person/postcode": "postal-code",
}


@dataclass(frozen=True, slots=True)
class Option:
    """A choice: what is sent and what is read."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Control:
    """How one field is asked for.

    `kind`: line, paragraphs, money, number, date, code, radio, select, checks, rows, or computed:
    shown, but not asked for.
    `limit` is the 字数 limit, 0 for none. `columns` are the widgets of one row of `rows`,
    of which there are at `most` that many. `asked_by` is the label of the field whose value says
    whether this one is asked for.
    """

    field: Field
    kind: str
    options: tuple[Option, ...] = ()
    examples: tuple[str, ...] = ()
    limit: int = 0
    columns: tuple["Control", ...] = ()
    most: int = 0
    hint: str = ""
    asked_by: str = ""

    @property
    def pointer(self) -> str:
        return self.field.pointer

    @property
    def label(self) -> str:
        return self.field.label

    @property
    def required(self) -> bool:
        return self.field.required

    @property
    def wide(self) -> bool:
        """Whether the widget needs the whole width of a page."""
        long = sum(len(option.label) for option in self.options) > 24
        return self.kind in ("paragraphs", "checks", "rows") or (self.kind == "radio" and long)

    @property
    def numeric(self) -> bool:
        """Whether a phone should show its number keys first."""
        return self.kind in ("number", "date") or str(
            self.field.schema.get("pattern", "")
        ).startswith(("^[0-9]", "^1[3-9][0-9]", "^[ -]*([0-9]"))

    @property
    def autocomplete(self) -> str:
        return _AUTOCOMPLETE.get(self.pointer, "off")


# A page takes more ways of writing than JSON does, so it says so in its own words.
_HINTS: Final[Mapping[str, str]] = {
    "money": "最多两位小数，没有则填 0",
    "date": "如 2024-09-01",
    "computed": "由系统计算，不必填写",
}


@lru_cache(64)
def widgets(form: Form, on: date) -> tuple[tuple[Section, tuple[Control, ...]], ...]:
    """(section, widgets) with the hints of a day's rules.

    Sections stand in the order of the paper, and so do the fields of each, but that one which says
    what another should be, or whether it is asked for, comes before it.
    """
    hints, leads = explain.hints(form, on), explain.leads(form, on)
    return tuple(
        (section, tuple(_widget(form, field, hints) for field in _asked(section.fields, leads)))
        for section in form.sections
    )


def _asked(fields: Sequence[Field], leads: Mapping[str, Sequence[str]]) -> list[Field]:
    """The fields of a section in the order in which they are asked for."""
    waiting = {field.pointer: field for field in fields}
    asked: list[Field] = []

    def ask(pointer: str) -> None:
        if field := waiting.pop(pointer, None):
            for before in leads.get(pointer, ()):
                ask(before)
            asked.append(field)

    for field in fields:
        ask(field.pointer)
    return asked


def _widget(form: Form, field: Field, hints: Mapping[str, Hint]) -> Control:
    """The widget with its hint; that one writes one line goes without saying."""
    ruled = hints.get(field.pointer, Hint(field.pointer))
    kind, options = _kind(form, field)
    said = _HINTS.get(kind) or field.hint
    obvious = form.common["$defs"].get("line", {}).get("description")
    return Control(
        field,
        kind,
        options,
        examples=tuple(map(str, field.schema.get("examples", ()))) if not options else (),
        limit=ruled.words,
        columns=tuple(_widget(form, cell, hints) for cell in form.lists.get(field.pointer, ())),
        most=int(field.schema.get("maxItems", 0)) if field.type == "array" else 0,
        hint="" if said == obvious else said,
        asked_by=ruled.decided_by,
    )


def _kind(form: Form, field: Field) -> tuple[str, tuple[Option, ...]]:
    """How a field is asked for, and the options that it offers."""
    if field.computed:
        return "computed", ()
    if field.pointer in form.lists:
        return "rows", ()
    if field.type == "array":
        choices = form.fields[f"{field.pointer}/*"].choices
        return ("checks", _options(choices)) if choices else ("line", ())
    if field.type == "boolean":
        return "radio", (Option("true", "是"), Option("false", "否"))
    if field.choices:
        few = len(field.choices) <= _RADIO_LIMIT
        return "radio" if few else "select", _options(field.choices)
    return _TEXT_KINDS.get(field.kind, "line"), ()


def _options(choices: Iterable[str]) -> tuple[Option, ...]:
    return tuple(Option(choice, choice) for choice in choices)
