"""XLSX and CSV rows ↔ submissions: one a row, columns headed by label or JSON Pointer."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from formsvc import pointers
from formsvc.catalogue import Catalogue
from formsvc.errors import UnreadableDocument
from formsvc.findings import Finding, Severity
from formsvc.forms import answers
from formsvc.forms.form import Field, Form
from formsvc.intake.zipfiles import ZipReader
from formsvc.sandbox import run_limited
from formsvc.submissions import encoded
from formsvc.writing.texts import clean

MAX_ROWS: Final = 20_000
MAX_COLUMNS: Final = 300
_BEYOND: Final = 10
# Reading 5,000 rows of 45 columns takes openpyxl 3 s: a table may take longer than a document.
_CPU, _WALL = 30, 60.0
_MAX_PARTS, _MAX_PACKAGE = 200, 200_000_000
_BLOCK: Final = 1 << 16
_TYPED: Final = frozenset({"number", "integer", "boolean"})
# Excel keeps 15 significant digits of a number.
_EXACT: Final = 10**15
# Sheets that `formsvc blank` adds for people.
GUIDE, OPTIONS = "填写说明", "选项"

Cell = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Row:
    """One submission as JSON bytes; `place` says where it stood in the file (Chinese)."""

    place: str
    raw: bytes | None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a form's table: a concrete pointer, its heading, and the field it fills."""

    pointer: str
    heading: str
    field: Field


@cache
def columns(form: Form) -> tuple[Column, ...]:
    """A form's columns in the order of the paper; the rows of a list stand side by side."""
    found = [
        (pointer, field)
        for section in form.sections
        for placed in section.fields
        for pointer, field in _leaves(form, placed)
    ]
    labels = [form.label(pointer) for pointer, _ in found]
    often = Counter(labels)
    sections = {f.pointer: section.title for section in form.sections for f in section.fields}
    headings = [
        label if often[label] == 1 else f"{sections.get(pointer, '')}·{label}"
        for label, (pointer, _) in zip(labels, found, strict=True)
    ]
    often = Counter(headings)
    return tuple(
        Column(pointer, heading if often[heading] == 1 else pointer, field)
        for heading, (pointer, field) in zip(headings, found, strict=True)
    )


def rows(content: bytes, name: str, catalogue: Catalogue) -> Iterator[Row]:
    """The submissions in an XLSX or CSV file; blank rows are passed over.

    Raises UnreadableDocument when the file as a whole cannot be read. XLSX is parsed in a process
    of its own.
    """
    if name.lower().endswith(".csv"):
        sheets = [(_stem(name), _csv(content))]
    else:
        sheets = json.loads(run_limited(_xlsx, content, cpu=_CPU, wall=_WALL))
    for title, cells in sheets:
        if title in (GUIDE, OPTIONS) or not cells:
            continue
        place = "" if name.lower().endswith(".csv") else f"工作表“{clean(title)}”"
        yield from _sheet(title, cells, place, catalogue)


def _sheet(title: str, cells: list[Any], place: str, catalogue: Catalogue) -> Iterator[Row]:
    headings = ["" if cell is None else str(_plain(cell)).strip() for cell in cells[0]]
    form = _form(title, headings, catalogue)
    if form is None:
        names = "、".join(form.title for form in catalogue.values())
        message = f"认不出{place}是哪一种表（{names}），请用 formsvc blank 给出的表头。"
        finding = Finding("input.table", Severity.ERROR, "", "提交的文件", message)
        yield Row(f"{place}第 1 行".strip(), None, (finding,))
        return
    known = {key: column for column in columns(form) for key in (column.heading, column.pointer)}
    for number, row in enumerate(cells[1:], 2):
        if any(cell is not None and cell != "" for cell in row):
            yield _row(form, known, headings, row, f"{place}第 {number} 行")


def _form(title: str, headings: list[str], catalogue: Catalogue) -> Form | None:
    """The form by the sheet's title, else the one that knows most of the headings."""
    given = [heading for heading in headings if heading]
    scores = {}
    for form in catalogue.values():
        known = {key for column in columns(form) for key in (column.heading, column.pointer)}
        scores[form.id] = sum(heading in known for heading in given)
        if scores[form.id] and title in (form.id, _sheet_name(form)):
            return form
    best = max(scores, key=lambda name: scores[name])
    alone = list(scores.values()).count(scores[best]) == 1
    return catalogue[best] if alone and scores[best] * 2 >= max(len(given), 1) else None


def _row(
    form: Form, known: Mapping[str, Column], headings: list[str], row: list[Any], place: str
) -> Row:
    data: dict[str, object] = {"form": form.id}
    lists: dict[str, dict[str, dict[str, object]]] = {}
    findings: list[Finding] = []
    for heading, cell in zip(headings, row, strict=False):
        if cell is None or cell == "" or heading in ("表单", "/form"):
            continue
        column = known.get(heading)
        if column is None:
            # The schema then says that there is no such field.
            data[clean(heading) or "（没有列名）"] = _plain(cell)
            continue
        value, found = _value(form, column, cell)
        if value is None:
            continue
        pointer = column.pointer
        if "/*/" in column.field.pointer:
            array, _, inner = column.field.pointer.partition("/*/")
            number = column.pointer[len(array) + 1 :].partition("/")[0]
            entries = lists.setdefault(array, {})
            entries.setdefault(number, {})[inner] = value
            # Rows left blank close up.
            pointer = f"{array}/{list(entries).index(number)}/{inner}"
        else:
            pointers.set_(data, pointer, value)
        findings += (replace(finding, pointer=pointer) for finding in found)
    for array, entries in lists.items():
        pointers.set_(data, array, list(entries.values()))
    return Row(place, encoded(data), tuple(findings))


# Cells → values


def _value(form: Form, column: Column, cell: Any) -> tuple[object, tuple[Finding, ...]]:
    """A cell as its field wants it, and what is wrong with it. What cannot be turned stays.

    None for a blank text. Numbers, dates and truths that the spreadsheet keeps as such are taken
    as they are, but where the field wants a text.
    """
    type = column.field.schema.get("type", "string")
    value = _plain(cell)
    if isinstance(value, bool):
        value = value if type in _TYPED else "是" if value else "否"
    elif isinstance(value, int) and abs(value) >= _EXACT and type == "string":
        return str(value), (_lost(form, column.pointer),)
    if isinstance(value, str) or type not in _TYPED:
        return answers.read(form, column.pointer, str(value))
    return value, ()


def _lost(form: Form, pointer: str) -> Finding:
    label = form.label(pointer)
    message = f"{label}存成了数字，末尾几位已经丢失；请把这一列设为“文本”后重新填写。"
    return Finding("input.number-cell", Severity.ERROR, pointer, label, message)


def _plain(cell: Any) -> Cell:
    """A cell as JSON: dates as ISO text, whole numbers without a fraction."""
    if isinstance(cell, dict):
        return str(cell["date"])
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e21:
        return int(cell)
    if isinstance(cell, str):
        # The mark that spreadsheets put before text that would be a formula.
        return cell[1:] if cell[:1] == "'" and is_risky(cell[1:]) else cell
    return cell  # type: ignore[no-any-return]  # int, float, bool or None, from JSON


def is_risky(text: str) -> bool:
    """Whether a spreadsheet would take a text for a formula."""
    return text[:1] in _RISKY and text != ""


_RISKY: Final = frozenset("=+-@\t\r＝＋－＠")


# Files → cells


def _csv(content: bytes) -> list[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030", "replace")
    cells = []
    try:
        for row in csv.reader(io.StringIO(text, newline="")):
            cells.append(row[:MAX_COLUMNS])
            if len(cells) > MAX_ROWS + 1:
                raise UnreadableDocument(_too_many())
    except csv.Error:
        raise UnreadableDocument("不是正确的 CSV，请另存为 XLSX 或 UTF-8 的 CSV。") from None
    return cells


def _xlsx(content: bytes) -> bytes:
    """Runs in a process of its own: [[title, [[cell …] …]] …] as JSON."""
    import openpyxl  # noqa: PLC0415  # not before an XLSX arrives

    check_package(content)
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    sheets, count = [], 0
    for sheet in book.worksheets:
        cells: list[list[object]] = []
        width = _width(sheet)
        for row in sheet.iter_rows(values_only=True, max_col=width):
            cells.append([_jsonable(cell) for cell in row])
            count += any(cell is not None for cell in row)
            if count > MAX_ROWS + len(book.worksheets) or len(cells) > MAX_ROWS * 5:
                raise UnreadableDocument(_too_many())
        sheets.append([sheet.title, cells])
    return json.dumps(sheets, ensure_ascii=False).encode("utf-8", "replace")


def _width(sheet: Any) -> int:
    """How many columns to read: those with a heading, and some to find what has none."""
    head = next(sheet.iter_rows(values_only=True, max_row=1, max_col=MAX_COLUMNS), ())
    headed = [place for place, cell in enumerate(head, 1) if cell is not None]
    return min(max(headed, default=0) + _BEYOND, MAX_COLUMNS)


def check_package(content: bytes) -> None:
    """Refuse an Office file with too many parts, too much in them, or a DOCTYPE in any."""
    reader = ZipReader(io.BytesIO(content), max_bytes=_MAX_PACKAGE)
    if len(reader.members) > _MAX_PARTS:
        raise UnreadableDocument(f"文件的组成部分太多，最多 {_MAX_PARTS} 个。")
    for member in reader.members:
        if member.fault:
            raise UnreadableDocument(member.fault)
        with reader.open(member) as stream:
            tail = b""
            while block := stream.read(_BLOCK):
                window = (tail + block).replace(b"\0", b"")
                if b"<!DOCTYPE" in window or b"<!ENTITY" in window:
                    raise UnreadableDocument("文件里有不允许的 XML 声明，不予读取。")
                tail = block[-64:]


def _jsonable(cell: object) -> object:
    if isinstance(cell, datetime):
        return {"date": cell.date().isoformat()}
    if isinstance(cell, date):
        return {"date": cell.isoformat()}
    if cell is None or isinstance(cell, str | int | bool):
        return cell
    if isinstance(cell, float) and cell == cell and abs(cell) != float("inf"):
        return cell
    return str(cell)


def _too_many() -> str:
    return f"表格超过 {MAX_ROWS:,} 行，请分成几个文件。"


def _stem(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[0]


# Submissions → a sheet


def write(form: Form, submissions: Iterable[object] = ()) -> bytes:
    """An XLSX with a row for each submission; without any, the blank sheet to fill offline.

    Choices are drop-downs, limits are shown where one types, and texts stay texts.
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
    sheet = book.add_worksheet(_sheet_name(form))
    guide, options = book.add_worksheet(GUIDE), book.add_worksheet(OPTIONS)
    options.hide()
    sheet.freeze_panes(1, 1)
    sheet.set_row(0, 32)
    for place, column in enumerate(columns(form)):
        _head(sheet, options, place, column, form, looks)
    _guide(guide, form, looks)
    for number, data in enumerate(submissions, 1):
        for place, column in enumerate(columns(form)):
            _write(sheet, number, place, pointers.get(data, column.pointer), column, looks)
    book.close()
    return stream.getvalue()


def _head(
    sheet: Any, options: Any, place: int, column: Column, form: Form, looks: Mapping[str, Any]
) -> None:
    """One column's heading, width, cell format, drop-down and hint."""
    numeric = column.field.schema.get("type") in ("number", "integer")
    width = 36 if column.field.kind == "paragraphs" else max(12, len(column.heading) * 2 + 2)
    sheet.set_column(place, place, width, looks["number" if numeric else "text"])
    look = looks["required" if _is_required(form, column.field) else "optional"]
    sheet.write_string(0, place, column.heading, look)
    rule: dict[str, Any] = {"validate": "any"}
    if choices := _choices(column.field):
        for number, choice in enumerate(choices):
            options.write_string(number, place, choice)
        letter = _letters(place)
        rule = {"validate": "list", "source": f"={OPTIONS}!${letter}$1:${letter}${len(choices)}"}
        if "enum" not in column.field.schema and column.field.schema.get("type") != "boolean":
            rule["error_type"] = "information"
    rule["input_title"] = column.heading[:32]
    rule["input_message"] = (hint(form, column.field) or "选填")[:255]
    sheet.data_validation(1, place, MAX_ROWS, place, rule)


def _guide(sheet: Any, form: Form, looks: Mapping[str, Any]) -> None:
    for place, (title, width) in enumerate((("栏目", 28), ("要求", 8), ("说明", 80), ("位置", 32))):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, title, looks["optional"])
    sheet.freeze_panes(1, 0)
    for number, column in enumerate(columns(form), 1):
        needed = "必填" if _is_required(form, column.field) else "选填"
        texts = (column.heading, needed, hint(form, column.field), column.pointer)
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


def hint(form: Form, field: Field) -> str:
    """What is allowed in a field, from its schema and the rules that limit it alone."""
    said: list[str] = [field.hint] if field.hint else []
    for rule in form.rules:
        if rule.parameters.get("field") == field.pointer and rule.kind in _LIMITS:
            said.append(_LIMITS[rule.kind](rule.parameters["limit"]))
    if field.schema.get("type") == "array":
        said.append("可填多项，用顿号隔开")
        said.append("、".join(map(str, field.schema.get("items", {}).get("enum", ()))))
    return "；".join(part for part in said if part)


_LIMITS: Final[Mapping[str, Callable[[int], str]]] = {
    "word_limit": lambda limit: f"不超过 {limit} 字",
    "at_most": lambda limit: f"不超过 {limit:,} 元",
}


def _choices(field: Field) -> list[str]:
    if field.schema.get("type") == "boolean":
        return ["是", "否"]
    return [str(choice) for choice in field.schema.get("enum") or field.schema.get("examples", ())]


def _leaves(form: Form, field: Field) -> Iterator[tuple[str, Field]]:
    """(concrete pointer, field) of a placed field; a list of objects gives those of its rows."""
    inner = [f for name, f in form.fields.items() if name.startswith(f"{field.pointer}/*/")]
    if not inner:
        yield field.pointer, field
        return
    for row in range(int(field.schema.get("maxItems", 10))):
        for cell in inner:
            yield cell.pointer.replace("*", str(row)), cell


def _is_required(form: Form, field: Field) -> bool:
    """Whether a field and every object around it must be given."""
    parents = pointers.parse(field.pointer)[:-1]
    around = [form.fields[pointers.format(parents[: n + 1])] for n in range(len(parents))]
    return field.required and all(parent.required for parent in around)


def _sheet_name(form: Form) -> str:
    return re.sub(r"[\[\]:*?/\\]", "", form.title)[:31]


def _letters(place: int) -> str:
    """0 → A, 26 → AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
