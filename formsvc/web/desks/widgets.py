"""Schema field → widget: what a page needs to know to ask for a value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from formsvc.forms import Field, Form, RuleSpec

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
class Widget:
    """How one field is asked for.

    `kind`: line, paragraphs, money, number, date, code, radio, select, checks or rows.
    `limit` is the 字数 limit, 0 for none. `columns` are the widgets of one row of `rows`,
    of which there are at `most` that many. `asked_by` is the label of the field whose value says
    whether this one is asked for.
    """

    field: Field
    kind: str
    options: tuple[Option, ...] = ()
    examples: tuple[str, ...] = ()
    limit: int = 0
    columns: tuple["Widget", ...] = ()
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
}


@cache
def widgets(form: Form) -> tuple[tuple[str, tuple[Widget, ...]], ...]:
    """(section title, widgets) in the order of the paper."""
    return tuple(
        (section.title, tuple(_widget(form, field) for field in section.fields))
        for section in form.sections
    )


def rules_of(form: Form, kind: str) -> Iterator[RuleSpec]:
    """The form's rules of one kind: what a page shows of them is read from their parameters."""
    return (rule for rule in form.rules if rule.kind == kind)


def _widget(form: Form, field: Field) -> Widget:
    """The widget with its hint; that one writes one line goes without saying."""
    widget = _plain(form, field)
    said = _HINTS.get(widget.kind) or field.hint
    obvious = form.common["$defs"].get("line", {}).get("description")
    asked_by = [
        form.fields[rule.parameters["by"]].label
        for rule in rules_of(form, "one_of_by")
        if field.pointer in rule.parameters["choices"].values()
    ]
    hint = "" if said == obvious else said
    return replace(widget, hint=hint, asked_by=next(iter(asked_by), ""))


def _plain(form: Form, field: Field) -> Widget:
    schema = field.schema
    if schema.get("type") == "array":
        return _list(form, field)
    if schema.get("type") == "boolean":
        return Widget(field, "radio", (Option("true", "是"), Option("false", "否")))
    if "enum" in schema:
        options = _options(schema)
        return Widget(field, "radio" if len(options) <= _RADIO_LIMIT else "select", options)
    limits = [
        rule.parameters["limit"]
        for rule in rules_of(form, "word_limit")
        if rule.parameters["field"] == field.pointer
    ]
    return Widget(
        field,
        _TEXT_KINDS.get(field.kind, "line"),
        examples=tuple(map(str, schema.get("examples", ()))),
        limit=min(limits, default=0),
    )


def _list(form: Form, field: Field) -> Widget:
    items = form.fields[f"{field.pointer}/*"]
    most = int(field.schema.get("maxItems", 0))
    if "enum" in items.schema:
        return Widget(field, "checks", _options(items.schema))
    inside = f"{field.pointer}/*/"
    columns = tuple(
        _widget(form, cell) for pointer, cell in form.fields.items() if pointer.startswith(inside)
    )
    return Widget(field, "rows", columns=columns, most=most)


def _options(schema: Mapping[str, Any]) -> tuple[Option, ...]:
    return tuple(Option(str(value), str(value)) for value in schema["enum"])
