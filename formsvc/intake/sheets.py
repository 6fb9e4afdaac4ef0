"""Submissions → a sheet with a row a person, and the blank sheet to fill offline.

The rows of a long list stand on a sheet of its own, a row each: beside one another they would need
thousands of columns, which nobody fills in and no spreadsheet has.
"""

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
from formsvc.forms import EDITION, Field, Form

# Sheets that are added for people.
GUIDE, OPTIONS = "填写说明", "选项"
# On the sheet of a list: to which row of the first sheet a row belongs.
BELONGS: Final = "属于第几行"
_BELONGS_HINT: Final = (
    "这一行属于第一张工作表的第几行（照最左边的行号，第一份是 2）；只填一份时不必填写"
)
_MOST_CELLS: Final = 60  # of a list whose rows stand side by side
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
    """A form's columns in the order of the paper; the rows of a short list stand side by side."""
    long = long_lists(form)
    return tuple(each for each in all_columns(form) if each.field.list not in long)


@cache
def long_lists(form: Form) -> Mapping[str, tuple[Column, ...]]:
    """The lists that have a sheet of their own, by pointer, with its columns: of the first row."""
    return {
        name: tuple(Column(field.in_row(0), field.label, field, 0) for field in fields)
        for name, fields in form.lists.items()
        if form.room(name) * len(fields) > _MOST_CELLS
    }


@cache
def all_columns(form: Form) -> tuple[Column, ...]:
    """As `columns`, with the rows of every list side by side: a table may have any of them."""
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


class _Book:
    """An XLSX in the making: its looks, and the hidden sheet that choices are taken from."""

    def __init__(self, form: Form, on: date, stream: io.BytesIO) -> None:
        import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415  # when wanted

        self.form, self.on = form, on
        book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False})
        book.set_properties({"title": form.title, "created": datetime(2000, 1, 1)})
        self.looks = {
            "required": book.add_format({"bold": True, "bg_color": "#F8D7C4", "text_wrap": True,
                                         "border": 1, "valign": "top"}),
            "optional": book.add_format({"bg_color": "#E4ECF4", "text_wrap": True, "border": 1,
                                         "valign": "top"}),
            "text": book.add_format({"num_format": "@", "valign": "top"}),
            "number": book.add_format({"num_format": "0.##", "valign": "top"}),
        }  # fmt: skip
        self.book = book
        self.first = self.sheet(sheet_name(form))
        self.details = {name: self.sheet(list_sheet(form, name)) for name in long_lists(form)}
        self._guide, self._options = book.add_worksheet(GUIDE), book.add_worksheet(OPTIONS)
        self._options.hide()
        self._lists = self._guided = 0
        for place, (title, width) in enumerate(
            (("栏目", 28), ("要求", 8), ("说明", 80), ("位置", 32))
        ):
            self._guide.set_column(place, place, width)
            self._guide.write_string(0, place, title, self.looks["optional"])
        self._guide.freeze_panes(1, 0)

    def sheet(self, name: str) -> Any:
        sheet = self.book.add_worksheet(name)
        sheet.freeze_panes(1, 1)
        sheet.set_row(0, 32)
        return sheet

    def head(self, sheet: Any, place: int, column: Column) -> None:
        """One column's heading, width, cell format, drop-down and hint."""
        numeric = column.field.type in ("number", "integer")
        width = 36 if column.field.kind == "paragraphs" else max(12, len(column.heading) * 2 + 2)
        sheet.set_column(place, place, width, self.looks["number" if numeric else "text"])
        look = self.looks["required" if self.needs(column) else "optional"]
        sheet.write_string(0, place, column.heading, look)
        rule: dict[str, Any] = {"validate": "any"}
        if choices := _choices(column.field):
            rule = {"validate": "list", "source": self._source(choices)}
            if not column.field.choices and column.field.type != "boolean":
                rule["error_type"] = "information"
        rule["input_title"] = column.heading[:32]
        rule["input_message"] = (explain.hint(self.form, column.field, self.on) or "选填")[:255]
        sheet.data_validation(1, place, _MOST_ROWS, place, rule)

    def head_of_list(self, sheet: Any) -> None:
        """The column that says to whom a row belongs."""
        sheet.set_column(0, 0, 12, self.looks["number"])
        sheet.write_string(0, 0, BELONGS, self.looks["optional"])
        rule = {"validate": "any", "input_title": BELONGS, "input_message": _BELONGS_HINT}
        sheet.data_validation(1, 0, _MOST_ROWS, 0, rule)

    def needs(self, column: Column) -> bool:
        """Whether a column has to be filled in; in a list, of every row that there is."""
        field = column.field
        return field.required if field.list else self.form.is_required(field)

    def guide(self, heading: str, needed: bool, said: str, pointer: str) -> None:
        """A line of the sheet that says what is asked for."""
        self._guided += 1
        for place, text in enumerate((heading, "必填" if needed else "选填", said, pointer)):
            self._guide.write_string(self._guided, place, text)

    def _source(self, choices: list[str]) -> str:
        for number, choice in enumerate(choices):
            self._options.write_string(number, self._lists, choice)
        letter = _letters(self._lists)
        self._lists += 1
        return f"={OPTIONS}!${letter}$1:${letter}${len(choices)}"


def write(form: Form, on: date, submissions: Iterable[object] = ()) -> bytes:
    """An XLSX with a row for each submission; without any, the blank sheet to fill offline.

    Choices are drop-downs, limits (those of a day) are shown where one types, and texts stay texts.
    Each long list has a sheet of its own.
    """
    stream = io.BytesIO()
    made = _Book(form, on, stream)
    # The blank sheet does not ask for what the form works out itself.
    shown = [each for each in columns(form) if submissions != () or not each.field.computed]
    edition = form.fields.get(EDITION)
    if submissions != () and edition:
        shown.append(Column(EDITION, edition.label, edition, None))
    for place, column in enumerate(shown):
        made.head(made.first, place, column)
        said = explain.hint(form, column.field, on)
        made.guide(column.heading, made.needs(column), said, column.pointer)
    cells = {
        name: [each for each in of_row if submissions != () or not each.field.computed]
        for name, of_row in long_lists(form).items()
    }
    for name, sheet in made.details.items():
        label = form.fields[name].label
        said = f"在工作表“{list_sheet(form, name)}”，一行一项，最多 {form.room(name)} 行"
        made.guide(label, form.is_required(form.fields[name]), said, name)
        made.guide(f"{label}·{BELONGS}", False, _BELONGS_HINT, "")
        made.head_of_list(sheet)
        for place, column in enumerate(cells[name], 1):
            made.head(sheet, place, column)
            said = explain.hint(form, column.field, on)
            made.guide(f"{label}·{column.heading}", made.needs(column), said, column.field.pointer)
    below = dict.fromkeys(cells, 0)
    for number, data in enumerate(submissions, 1):
        for place, column in enumerate(shown):
            _write(made, made.first, number, place, pointers.get(data, column.pointer), column)
        for name, sheet in made.details.items():
            rows = pointers.get(data, name)
            for row in range(len(rows) if isinstance(rows, list) else 0):
                below[name] += 1
                sheet.write_number(below[name], 0, number + 1, made.looks["number"])
                for place, column in enumerate(cells[name], 1):
                    value = pointers.get(data, column.field.in_row(row))
                    _write(made, sheet, below[name], place, value, column)
    made.book.close()
    return stream.getvalue()


def _write(made: _Book, sheet: Any, row: int, place: int, value: object, column: Column) -> None:
    if value is pointers.MISSING or value is None:
        return
    if isinstance(value, bool):
        value = "是" if value else "否"
    elif isinstance(value, list):
        value = "、".join(map(str, value))
    if isinstance(value, str):
        sheet.write_string(row, place, value, made.looks["text"])
    else:
        sheet.write_number(row, place, value, made.looks["number"])


def _choices(field: Field) -> list[str]:
    if field.type == "boolean":
        return ["是", "否"]
    return [str(choice) for choice in field.choices or field.schema.get("examples", ())]


def sheet_name(form: Form) -> str:
    """The title of a form's sheet."""
    return _titled(form.title)


def list_sheet(form: Form, name: str) -> str:
    """The title of the sheet of a long list, by its pointer; no two of a workbook are alike."""
    labels = [sheet_name(form), GUIDE, OPTIONS]
    labels += [_titled(form.fields[each].label) for each in long_lists(form)]
    title = _titled(form.fields[name].label)
    return title if labels.count(title) == 1 else _titled(pointers.parse(name)[-1])


def _titled(text: str) -> str:
    return re.sub(r"[\[\]:*?/\\]", "", text)[:31]


def _letters(place: int) -> str:
    """0 → A, 26 → AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
