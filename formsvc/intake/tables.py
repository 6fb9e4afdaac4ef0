"""XLSX and CSV rows → submissions: one a row, columns headed by label or JSON Pointer. The rows of
long lists stand on sheets of their own."""

import csv
import io
import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import jiter

from formsvc import pointers, sandbox
from formsvc.catalogue import Catalogue
from formsvc.errors import UnreadableDocument
from formsvc.findings import Finding, Severity
from formsvc.forms import EDITION, FORM, Form, answers
from formsvc.intake.items import Item, refused
from formsvc.intake.sheets import (
    BELONGS,
    GUIDE,
    OPTIONS,
    Column,
    all_columns,
    is_risky,
    list_sheet,
    long_lists,
    sheet_name,
)
from formsvc.intake.zipfiles import ZipReader
from formsvc.sandbox import run_limited
from formsvc.submissions import encoded
from formsvc.writing.texts import clean

SUFFIXES: Final = (".xlsx", ".csv")
MAX_ROWS: Final = 20_000
MAX_COLUMNS: Final = 300
MAX_CELLS: Final = 500_000
MAX_TEXT: Final = 18_000_000  # bytes of all cells, repeated ones each time: less than an answer
MAX_SHEETS: Final = 50
HEAD_WITHIN: Final = 10  # rows: a list may have a title above its headings
_BEYOND: Final = 10
# Reading 5,000 rows of 45 columns takes openpyxl 3 s: a table may take longer than a document.
_CPU, _WALL = 10, 20.0
_MAX_PARTS, _MAX_PACKAGE = 200, 200_000_000
_BLOCK: Final = 1 << 16
_TYPED: Final = frozenset({"number", "integer", "boolean"})
_DIGITS: Final = 8  # of a row's number, at most
# Excel keeps 15 significant digits of a number.
_EXACT: Final = 10**15

Cell = str | int | float | bool | None

sandbox.preload(__name__)


def items(content: bytes, name: str, catalogue: Catalogue) -> Iterator[Item]:
    """The submissions in an XLSX or CSV file; blank rows are passed over.

    Raises UnreadableDocument when the file as a whole cannot be read. It is parsed in a process
    of its own.
    """
    lines = _lines(content, name)
    details = Details(_parsed(lines))
    for title, sheet in groupby(_parsed(lines), key=itemgetter(0)):
        if title not in (GUIDE, OPTIONS) and title not in details:
            place = f"{name} 工作表“{clean(title)}”" if title else f"{name} "
            yield from _sheet(title or _stem(name), sheet, place, catalogue, details)
    for title, number, said in details.left():
        yield refused(f"{name} 工作表“{clean(title)}”第 {number} 行", "input.table", said)


def rows(content: bytes, name: str) -> Iterator[Any]:
    """[sheet's title, row's number, [cell …]] of an XLSX or CSV file, parsed in the sandbox.

    Cells are as JSON keeps them; see `plain`. Raises UnreadableDocument.
    """
    return _parsed(_lines(content, name))


def _lines(content: bytes, name: str) -> bytes:
    parser = _csv if name.lower().endswith(".csv") else _xlsx
    return run_limited(parser, content, cpu=_CPU, wall=_WALL)


def _parsed(lines: bytes) -> Iterator[Any]:
    return map(jiter.from_json, io.BytesIO(lines))


def _sheet(
    title: str, rows: Iterator[Any], place: str, catalogue: Catalogue, details: "Details"
) -> Iterator[Item]:
    _, first, head = next(rows)
    headings = _headings(head)
    form = _form(title, headings, catalogue)
    if form is None:
        names = "、".join(form.title for form in catalogue.values())
        message = f"认不出是哪一种表（{names}），请用 formsvc blank 给出的表头。"
        yield refused(f"{place}第 {first} 行", "input.table", message)
        return
    known = _known(form)
    given = deque(rows)
    alone = given[0][1] if len(given) == 1 else None
    while given:
        _, number, row = given.popleft()
        data, findings = _data(form, known, headings, row)
        findings += details.fill(form, number, alone == number, data)
        yield Item(f"{place}第 {number} 行", encoded(data), tuple(findings))


def _headings(head: list[Any]) -> list[str]:
    return ["" if cell is None else str(plain(cell)).strip() for cell in head]


@cache
def _known(form: Form) -> Mapping[str, Column]:
    """A form's columns by heading and by pointer; those of lists may all stand side by side."""
    return {key: each for each in all_columns(form) for key in (each.heading, each.pointer)}


def _form(title: str, headings: list[str], catalogue: Catalogue) -> Form | None:
    """The form by the sheet's title, else the one that knows most of the headings."""
    given = [heading for heading in headings if heading]
    scores = {}
    for form in catalogue.values():
        scores[form.id] = sum(heading in _known(form) for heading in given)
        if scores[form.id] and title in (form.id, sheet_name(form)):
            return form
    best = max(scores, key=lambda name: scores[name])
    alone = list(scores.values()).count(scores[best]) == 1
    return catalogue[best] if alone and scores[best] * 2 >= max(len(given), 1) else None


def _data(
    form: Form, known: Mapping[str, Column], headings: list[str], row: list[Any]
) -> tuple[dict[str, object], list[Finding]]:
    data: dict[str, object] = {FORM[1:]: form.id}
    findings: list[Finding] = []
    filled: dict[str, list[int]] = {}
    for heading, cell in zip(headings, row, strict=False):
        if cell is None or cell == "" or heading in ("表单", FORM):
            continue
        if heading in (EDITION, form.label(EDITION)):
            data[EDITION[1:]] = str(plain(cell))
            continue
        if heading in (EDITION, form.label(EDITION)):
            data[EDITION[1:]] = str(plain(cell))
            continue
        column = known.get(heading)
        if column is None:
            # The schema then says that there is no such field.
            data[clean(heading) or "（没有列名）"] = plain(cell)
            continue
        value, found = _value(form, column, cell)
        if value is None:
            continue
        pointer = column.pointer
        if column.row is not None:
            # Rows left blank close up.
            rows = filled.setdefault(column.field.list, [])
            rows += [] if column.row in rows else [column.row]
            pointer = column.field.in_row(rows.index(column.row))
        pointers.set_(data, pointer, value)
        findings += (replace(finding, pointer=pointer) for finding in found)
    return data, findings


class Details:
    """The sheets of long lists, each row of which says to which row of the first sheet it belongs;
    `title in details` tells them from others."""

    def __init__(self, rows: Iterator[Any]) -> None:
        self._heads: dict[str, list[str]] = {}
        self._rows: dict[str, dict[int | None, list[tuple[int, list[Any]]]]] = {}
        self._faults: list[tuple[str, int, str]] = []
        seen: set[str] = set()
        for title, number, row in rows:
            if title not in seen and BELONGS in (headings := _headings(row)):
                self._heads[title] = headings
                self._rows[title] = {}
            elif title in self._heads:
                self._add(title, number, row)
            seen.add(title)

    def __contains__(self, title: str) -> bool:
        return title in self._heads

    def _add(self, title: str, number: int, row: list[Any]) -> None:
        place = self._heads[title].index(BELONGS)
        cell = plain(row[place]) if place < len(row) else None
        whole = str(cell).strip() if cell not in (None, "") else ""
        if whole and not (whole.isascii() and whole.isdigit() and len(whole) < _DIGITS):
            self._faults.append((title, number, f"“{BELONGS}”应是第一张工作表的行号，如 2。"))
            return
        owner = int(whole) if whole else None
        self._rows[title].setdefault(owner, []).append((number, row))

    def fill(
        self, form: Form, owner: int, is_alone: bool, data: dict[str, object]
    ) -> list[Finding]:
        """Put the rows that belong to a row of the first sheet into its submission."""
        findings: list[Finding] = []
        for name, cells in long_lists(form).items():
            belonging = self._rows.get(list_sheet(form, name), {})
            given = belonging.pop(owner, [])
            given += belonging.pop(None, []) if is_alone else []
            if not given:
                continue
            known = {key: cell for cell in cells for key in (cell.heading, cell.field.pointer)}
            listed = pointers.get(data, name)
            first = len(listed) if isinstance(listed, list) else 0
            for at, (_, row) in enumerate(sorted(given, key=itemgetter(0)), first):
                findings += self._row(form, name, known, row, at, data)
        return findings

    def _row(
        self,
        form: Form,
        name: str,
        known: Mapping[str, Column],
        row: list[Any],
        at: int,
        data: dict[str, object],
    ) -> Iterator[Finding]:
        filled = False
        for heading, cell in zip(self._heads[list_sheet(form, name)], row, strict=False):
            if cell is None or cell == "" or heading == BELONGS:
                continue
            column = known.get(heading)
            if column is None:
                pointer = f"{name}/{at}" + pointers.format([clean(heading) or "（没有列名）"])
                value: object = plain(cell)
                found: tuple[Finding, ...] = ()
            else:
                pointer = column.field.in_row(at)
                value, found = _value(form, replace(column, pointer=pointer), cell)
            if value is not None:
                pointers.set_(data, pointer, value)
                filled = True
                yield from (replace(each, pointer=pointer) for each in found)
        if not filled:
            pointers.set_(data, f"{name}/{at}", {})

    def left(self) -> Iterator[tuple[str, int, str]]:
        """(sheet, row, why) of all that belongs to nothing."""
        yield from self._faults
        for title, rows in self._rows.items():
            for owner, given in rows.items():
                said = (
                    f"没有写明属于第一张工作表的第几行，请填写“{BELONGS}”。"
                    if owner is None
                    else f"第一张工作表第 {owner} 行没有填写，或者不是有这张名单的表。"
                )
                yield from ((title, number, said) for number, _ in given)


# Cells → values


def _value(form: Form, column: Column, cell: Any) -> tuple[object, tuple[Finding, ...]]:
    """A cell as its field wants it, and what is wrong with it. What cannot be turned stays.

    None for a blank text. Numbers, dates and truths that the spreadsheet keeps as such are taken
    as they are, but where the field wants a text.
    """
    type = column.field.type
    value = plain(cell)
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


def plain(cell: Any) -> Cell:
    """A cell as JSON: dates as ISO text, whole numbers without a fraction."""
    if isinstance(cell, dict):
        return str(cell["date"])
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e21:
        return int(cell)
    if isinstance(cell, str):
        # The mark that spreadsheets put before text that would be a formula.
        return cell[1:] if cell[:1] == "'" and is_risky(cell[1:]) else cell
    return cell  # type: ignore[no-any-return]  # int, float, bool or None, from JSON


# Files → cells


class _Rows:
    """Rows as lines of JSON, [sheet, number, [cell …]], counted against the limits; a sheet's
    first row, and every other one that has something in it."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._cells = self._text = 0

    def add(self, title: str, number: int, row: Sequence[object]) -> None:
        filled = [place for place, cell in enumerate(row, 1) if cell is not None and cell != ""]
        self._cells += len(filled)
        if number > 1 and not filled:
            return
        cells = [*map(_jsonable, row[: max(filled, default=0)])]
        line = json.dumps([title, number, cells], ensure_ascii=False)
        self._lines.append(line.encode("utf-8", "replace"))
        self._text += len(self._lines[-1])
        if len(self._lines) > MAX_ROWS + MAX_SHEETS:
            raise UnreadableDocument(_too_many())
        if self._cells > MAX_CELLS or self._text > MAX_TEXT:
            message = f"表格超过 {MAX_CELLS:,} 格或 {MAX_TEXT:,} 字节的文字，请分成几个文件。"
            raise UnreadableDocument(message)

    def answer(self) -> bytes:
        return b"\n".join(self._lines)


def _csv(content: bytes) -> bytes:
    """Runs in a process of its own: the rows of a CSV; its one sheet has no title."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030", "replace")
    found = _Rows()
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline="")), 1):
            _check_width(row)
            found.add("", number, row)
    except csv.Error:
        raise UnreadableDocument("不是正确的 CSV，请另存为 XLSX 或 UTF-8 的 CSV。") from None
    return found.answer()


def _xlsx(content: bytes) -> bytes:
    """Runs in a process of its own: the rows of all sheets."""
    import openpyxl  # noqa: PLC0415  # not before an XLSX arrives

    if (sheets := check_package(content)) > MAX_SHEETS:
        raise UnreadableDocument(f"有 {sheets:,} 张工作表，最多 {MAX_SHEETS} 张。")
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    found = _Rows()
    for sheet in book.worksheets:
        width = _width(sheet)
        for number, row in enumerate(sheet.iter_rows(values_only=True, max_col=width), 1):
            if number > MAX_ROWS * 5:
                raise UnreadableDocument(_too_many())
            found.add(sheet.title, number, row)
    return found.answer()


def _width(sheet: Any) -> int:
    """How many columns to read: those of the first rows, and some to find what has no heading."""
    heads = list(sheet.iter_rows(values_only=True, max_row=HEAD_WITHIN, max_col=MAX_COLUMNS + 1))
    for row in heads:
        _check_width(row)
    headed = [place for row in heads for place, cell in enumerate(row, 1) if cell is not None]
    return min(max(headed, default=0) + _BEYOND, MAX_COLUMNS)


def _check_width(row: Sequence[object]) -> None:
    """Nothing is left out in silence. UnreadableDocument when a row has more than is read."""
    if any(cell is not None and cell != "" for cell in row[MAX_COLUMNS:]):
        raise UnreadableDocument(
            f"表格超过 {MAX_COLUMNS} 列。名单请填在单独的工作表里，一行一项，"
            "按空白表（Excel）的样子；多余的列请删去。"
        )


def check_package(content: bytes) -> int:
    """Refuse an Office file with too many parts, too much in them, or a DOCTYPE in any.

    How many sheets it lists: several may name one part.
    """
    reader = ZipReader(io.BytesIO(content), max_bytes=_MAX_PACKAGE)
    if len(reader.members) > _MAX_PARTS:
        raise UnreadableDocument(f"文件的组成部分太多，最多 {_MAX_PARTS} 个。")
    sheets = 0
    for member in reader.members:
        if member.fault:
            raise UnreadableDocument(member.fault)
        with reader.open(member) as stream:
            tail = b""
            while block := stream.read(_BLOCK):
                window = (tail + block).replace(b"\0", b"")
                if b"<!DOCTYPE" in window or b"<!ENTITY" in window:
                    raise UnreadableDocument("文件里有不允许的 XML 声明，不予读取。")
                sheets += block.count(b"sheetId=") if member.name == "xl/workbook.xml" else 0
                tail = block[-64:]
    return sheets


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
