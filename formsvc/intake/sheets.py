"""Submissions → a sheet with a row a person, and the blank sheet to fill offline."""

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from formsvc import pointers
from formsvc.checks import explain
from formsvc.forms import Field, Form

# Sheets that are added for people.
GUIDE, OPTIONS = "填写说明", "选项"
_MOST_ROWS: Final = 20_000
_RISKY: Final = frozenset("=+-@\t\r＝＋－＠")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a form's table: a concrete pointer, its heading, the field it fills, and in a
    list the row, counted from 0."""

    pointer: str
    heading: str
    field: Field
    row: int | None


@cache
def columns(form: Form) -> tuple[Column, ...]:
    """A form's columns in the order of the paper; the rows of a list stand side by side."""
    found = [
        entry for section in form.sections for field in section.fields
        for entry in _columns(form, field)
    ]  # fmt: skip
    labels = [form.label(pointer) for pointer, *_ in found]
    often = Counter(labels)
    sections = {f.pointer: section.title for section in form.sections for f in section.fields}
    headings = [
        label if often[label] == 1 else f"{sections.get(pointer, '')}·{label}"
        for label, (pointer, *_) in zip(labels, found, strict=True)
    ]
    often = Counter(headings)
    return tuple(
        Column(pointer, heading if often[heading] == 1 else pointer, field, row)
        for heading, (pointer, field, row) in zip(headings, found, strict=True)
    )


def _columns(form: Form, field: Field) -> Iterator[tuple[str, Field, int | None]]:
    """(concrete pointer, field, row) of a placed field, or of the rows of its list."""
    if field.pointer not in form.lists:
        yield field.pointer, field, None
        return
    for row in range(form.room(field.pointer)):
        for cell in form.lists[field.pointer]:
            yield cell.in_row(row), cell, row


def is_risky(text: str) -> bool:
    """Whether a spreadsheet would take a text for a formula."""
    return text[:1] in _RISKY and text != ""


def write(form: Form, on: date, submissions: Iterable[object] = ()) -> bytes:
    """An XLSX with a row for each submission; without any, the blank sheet to fill offline.

    Choices are drop-downs, limits (those of a day) are shown where one types, and texts stay texts.
    """
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415  # when wanted

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"title": form.title, "created": datetime(2000, 1, 1)})
    looks = {
        "required": book.add_format({"bold": True, "bg_color": "#F8D7C4", "text_wrap": True,
                                     "border": 1, "valign": "top"}),
        "optional": book.add_format({"bg_color": "#E4ECF4", "text_wrap": True, "border": 1,
                                     "valign": "top"}),
        "text": book.add_format({"num_format": "@", "valign": "top"}),
        "number": book.add_format({"num_format": "0.##", "valign": "top"}),
    }  # fmt: skip
    sheet = book.add_worksheet(sheet_name(form))
    guide, options = book.add_worksheet(GUIDE), book.add_worksheet(OPTIONS)
    options.hide()
    sheet.freeze_panes(1, 1)
    sheet.set_row(0, 32)
    # The blank sheet does not ask for what the form works out itself.
    shown = [each for each in columns(form) if submissions != () or not each.field.computed]
    for place, column in enumerate(shown):
        _head(sheet, options, place, column, form, looks, on)
    _guide(guide, form, shown, looks, on)
    for number, data in enumerate(submissions, 1):
        for place, column in enumerate(shown):
            _write(sheet, number, place, pointers.get(data, column.pointer), column, looks)
    book.close()
    return stream.getvalue()


def _head(
    sheet: Any,
    options: Any,
    place: int,
    column: Column,
    form: Form,
    looks: Mapping[str, Any],
    on: date,
) -> None:
    """One column's heading, width, cell format, drop-down and hint."""
    numeric = column.field.type in ("number", "integer")
    width = 36 if column.field.kind == "paragraphs" else max(12, len(column.heading) * 2 + 2)
    sheet.set_column(place, place, width, looks["number" if numeric else "text"])
    look = looks["required" if form.is_required(column.field) else "optional"]
    sheet.write_string(0, place, column.heading, look)
    rule: dict[str, Any] = {"validate": "any"}
    if choices := _choices(column.field):
        for number, choice in enumerate(choices):
            options.write_string(number, place, choice)
        letter = _letters(place)
        rule = {"validate": "list", "source": f"={OPTIONS}!${letter}$1:${letter}${len(choices)}"}
        if not column.field.choices and column.field.type != "boolean":
            rule["error_type"] = "information"
    rule["input_title"] = column.heading[:32]
    rule["input_message"] = (explain.hint(form, column.field, on) or "选填")[:255]
    sheet.data_validation(1, place, _MOST_ROWS, place, rule)


def _guide(
    sheet: Any, form: Form, shown: Iterable[Column], looks: Mapping[str, Any], on: date
) -> None:
    for place, (title, width) in enumerate((("栏目", 28), ("要求", 8), ("说明", 80), ("位置", 32))):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, title, looks["optional"])
    sheet.freeze_panes(1, 0)
    for number, column in enumerate(shown, 1):
        needed = "必填" if form.is_required(column.field) else "选填"
        texts = (column.heading, needed, explain.hint(form, column.field, on), column.pointer)
        for place, text in enumerate(texts):
            sheet.write_string(number, place, text)


def _write(
    sheet: Any, row: int, place: int, value: object, column: Column, looks: Mapping[str, Any]
) -> None:
    if value is pointers.MISSING or value is None:
        return
    if isinstance(value, bool):
        value = "是" if value else "否"
    elif isinstance(value, list):
        value = "、".join(map(str, value))
    if isinstance(value, str):
        sheet.write_string(row, place, value, looks["text"])
    else:
        sheet.write_number(row, place, value, looks["number"])


def _choices(field: Field) -> list[str]:
    if field.type == "boolean":
        return ["是", "否"]
    return [str(choice) for choice in field.choices or field.schema.get("examples", ())]


def sheet_name(form: Form) -> str:
    """The title of a form's sheet."""
    return re.sub(r"[\[\]:*?/\\]", "", form.title)[:31]


def _letters(place: int) -> str:
    """0 → A, 26 → AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
