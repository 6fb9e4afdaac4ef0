"""report.xlsx: what a reviewer reads. Summary with a chart, findings, submissions, rule × unit.

Every text is written as text: nothing in it is ever a formula. Memory stays flat where the folder
has a place for scratch.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from itertools import chain
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import xlsxwriter  # type: ignore[import-untyped]

from formsvc.bulk.changes import NAMES, Change, by_unit
from formsvc.bulk.lines import Line
from formsvc.bulk.marks import DECISIONS, Decision
from formsvc.bulk.results import NO_UNIT, Results
from formsvc.bulk.titles import Titles
from formsvc.findings import Severity, plain_number
from formsvc.intake.sheets import is_risky
from formsvc.writing.notation import long_date

NAME: Final = "report.xlsx"
MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_TEXT: Final = 32_767
MAX_ROWS: Final = 1_000_000
# Excel opens no sheet with more than 65,530 links.
MAX_LINKS: Final = 65_000
_CHARTED: Final = 15
_LINE: Final = 15
_MOST_LINES: Final = 8
_SUMMARY, _FINDINGS, _ITEMS, _UNITS, _CHANGES = "汇总", "问题", "申报", "规则与单位", "变化"

Cells = Sequence[object]


class _Sheets:
    """A workbook with its looks; `fill` writes a table with a frozen head and a filter."""

    def __init__(self, stream: IO[bytes], scratch: Path | None, on: date) -> None:
        place = (
            {"constant_memory": True, "tmpdir": str(scratch)} if scratch else {"in_memory": True}
        )
        plain = dict.fromkeys(
            ("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False
        )
        self.book = xlsxwriter.Workbook(stream, {**place, **plain})
        self._links: Counter[str] = Counter()
        self.book.set_properties({"title": "批量审核结果", "created": datetime.combine(on, time())})
        add = self.book.add_format
        self.head = add(
            {
                "bold": True,
                "bg_color": "#DCE6F1",
                "bottom": 1,
                "text_wrap": True,
                "valign": "vcenter",
            }
        )
        self.title = add({"bold": True, "font_size": 16})
        self.text = add({"valign": "top", "text_wrap": True})
        # Quoted, a text stays a text even when the sheet is saved as CSV and opened again.
        self.risky = add({"valign": "top", "text_wrap": True, "quote_prefix": True})
        self.link = add({"valign": "top", "font_color": "#0563C1", "underline": 1})
        self.left = add({"align": "left", "num_format": "#,##0"})
        self.share = add({"num_format": "0.0%", "align": "left"})
        self.error = add({"valign": "top", "font_color": "#B00020", "bold": True})
        self.warning = add({"valign": "top", "font_color": "#9A6700"})
        self.note = add({"valign": "top", "font_color": "#1F5FA8"})
        self.severities = {
            Severity.ERROR.label: self.error,
            Severity.WARNING.label: self.warning,
            Severity.NOTE.label: self.note,
        }

    def page(self, name: str, widths: Iterable[int]) -> Any:
        """A sheet that prints on landscape A4, all columns on one page."""
        sheet = self.book.add_worksheet(name)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        return sheet

    def sheet(self, name: str, head: Sequence[tuple[str, int]]) -> Any:
        sheet = self.page(name, (width for _, width in head))
        sheet.repeat_rows(0)
        for column, (text, _) in enumerate(head):
            sheet.write_string(0, column, text, self.head)
        sheet.freeze_panes(1, 0)
        return sheet

    def fill(self, name: str, head: Sequence[tuple[str, int]], rows: Iterable[Cells]) -> None:
        """As many sheets as the rows need: `name`, `name 2` …"""
        sheet, number, part = self.sheet(name, head), 0, 1
        for row in rows:
            if number == MAX_ROWS:
                sheet.autofilter(0, 0, number, len(head) - 1)
                part, number = part + 1, 0
                sheet = self.sheet(f"{name} {part}", head)
            number += 1
            sheet.set_row(number, _LINE * _lines_of(row, head))
            for column, value in enumerate(row):
                self.write(sheet, number, column, value)
        sheet.autofilter(0, 0, number, len(head) - 1)

    def write(self, sheet: Any, row: int, column: int, value: object, look: Any = None) -> None:
        match value:
            case None | "":
                return
            case _Link(target=target, text=text):
                self._links[sheet.name] += 1
                if self._links[sheet.name] > MAX_LINKS:
                    sheet.write_string(row, column, text, self.text)
                else:
                    sheet.write_url(row, column, target, self.link, string=shown(text))
            case int() | float():
                sheet.write_number(row, column, value, look or self.text)
            case _:
                text = shown(str(value))
                look = look or self.severities.get(text, self.text)
                sheet.write_string(row, column, text, self.risky if is_risky(text) else look)


class _Link(NamedTuple):
    """A cell that leads somewhere: `internal:'问题'!A2` or `external:documents/…`."""

    target: str
    text: str


def _lines_of(row: Cells, head: Sequence[tuple[str, int]]) -> int:
    """How many lines the fullest cell of a row needs, at most _MOST_LINES."""
    # A Chinese character has three bytes in UTF-8 and is two columns wide.
    needed = [
        len(value.encode("utf-8", "replace")) * 2 // 3 // width + 1
        for value, (_, width) in zip(row, head, strict=True)
        if isinstance(value, str)
    ]
    return min(max(needed, default=1), _MOST_LINES)


def shown(text: str) -> str:
    """A text that fits a cell; one that does not says how long it is and where it stands whole."""
    if len(text) <= MAX_TEXT:
        return text
    tail = f"……（共 {len(text):,} 个字符，全文见 reports.jsonl）"
    return text[: MAX_TEXT - len(tail)] + tail


def write(
    results: Results,
    letters: Mapping[str, str] | None = None,
    changed: Iterable[Change] | None = None,
) -> None:
    """Write report.xlsx into the batch's folder.

    `letters` gives each employer's 退回通知 by its name, `changed` what became of the findings of
    an earlier batch.
    """
    with results.folder.scratch() as scratch, results.folder.create(NAME) as stream:
        sheets = _Sheets(stream, scratch, results.on)
        summary = sheets.page(_SUMMARY, (44, 12, 12, 12, 28))
        _summary(sheets, summary, results)
        sheets.fill(_FINDINGS, _FINDINGS_HEAD, _rows(results.lines(), results.titles))
        sheets.fill(_ITEMS, _ITEMS_HEAD, _item_rows(results, letters or {}))
        _units(sheets, results)
        if changed is not None:
            sheets.fill(_CHANGES, _CHANGES_HEAD, _changed_rows(changed, results.titles))
        sheets.book.close()


def of_lines(lines: Iterable[Line], titles: Titles) -> bytes:
    """The findings of a few reports as a workbook."""
    stream = io.BytesIO()
    sheets = _Sheets(stream, None, date(2000, 1, 1))
    sheets.fill(_FINDINGS, _FINDINGS_HEAD, _rows(lines, titles))
    sheets.book.close()
    return stream.getvalue()


def of_changes(stream: IO[bytes], changed: Iterable[Change], titles: Titles, on: date) -> None:
    """What became of an earlier batch's findings, by employer, as a workbook of its own."""
    rows = _changed_rows(changed, titles)
    write_tables(stream, None, on, [(_CHANGES, _CHANGES_HEAD, rows)])


def write_tables(
    stream: IO[bytes],
    scratch: Path | None,
    on: date,
    tables: Iterable[tuple[str, Sequence[tuple[str, int]], Iterable[Cells]]],
) -> None:
    """A workbook of tables, each its name, its headings with their widths, and its rows."""
    sheets = _Sheets(stream, scratch, on)
    for name, head, rows in tables:
        sheets.fill(name, head, rows)
    sheets.book.close()


def as_csv(lines: Iterable[Line], titles: Titles) -> str:
    """The findings of a few reports as CSV; what a spreadsheet took for a formula is quoted."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([name for name, _ in _FINDINGS_HEAD])
    for row in _rows(lines, titles):
        cells = ["" if cell is None else cell for cell in row]
        writer.writerow([f"'{c}" if isinstance(c, str) and is_risky(c) else c for c in cells])
    return stream.getvalue()


_FINDINGS_HEAD = (
    ("序号", 8), ("单位", 28), ("姓名", 12), ("表", 22), ("程度", 7), ("栏目", 20),
    ("问题与改法", 60), ("依据", 34), ("条款", 14), ("要求", 40), ("现值", 12), ("限值", 12),
    ("规则", 30), ("来源", 40),
)  # fmt: skip
_ITEMS_HEAD = (
    ("序号", 8), ("单位", 28), ("姓名", 12), ("表", 22), ("检查结果", 10), ("错误", 7),
    ("请核对", 7), ("提示", 7), ("未检查的规则", 12), ("处理", 8), ("备注", 30), ("明细", 10),
    ("退回通知", 14), ("来源", 50),
)  # fmt: skip
_CHANGES_HEAD = (
    ("单位", 28), ("姓名", 12), ("表", 22), ("变化", 12), ("程度", 7), ("栏目", 20),
    ("问题与改法", 60), ("规则", 30), ("来源", 40),
)  # fmt: skip


def _summary(sheets: _Sheets, sheet: Any, results: Results) -> None:
    totals = results.index.totals()
    decided = Counter(mark.decision for mark in results.marks.values())
    sheet.set_row(0, 26)
    sheet.write_string(0, 0, "批量审核结果", sheets.title)
    pairs: list[Cells] = [
        ("收件日期（按这一天检查）", long_date(results.on)),
        ("申报份数", totals.submissions), ("单位数", totals.units),
        ("没有问题", totals.passed), ("其中要核对", totals.warned),
        ("有问题", totals.submissions - totals.passed), ("合格率", totals.share),
        ("错误处数", totals.errors), ("请核对处数", totals.warnings),
        ("提示处数", totals.notes),
        *((f"已标“{label}”", decided[decision]) for decision, label in DECISIONS.items()
          if decided[decision]),
    ]  # fmt: skip
    for row, (name, value) in enumerate(pairs, 1):
        sheets.write(sheet, row, 0, name)
        sheets.write(sheet, row, 1, value, sheets.share if name == "合格率" else sheets.left)
    forms = [
        (results.catalogue.title(form) or "认不出是哪一种表", count, passed, count - passed)
        for form, count, passed in results.index.forms()
    ]
    row = _block(sheets, sheet, len(pairs) + 2, ("表", "份数", "没有问题", "有问题"), forms)
    rules = results.index.rules()
    titles = _rule_titles(results)
    listed = [
        (titles[rule], count, items, Severity(severity).label, label)
        for rule, severity, label, count, items in rules
    ]
    head = ("规则", "处数", "份数", "程度", "多见于哪一栏")
    _block(sheets, sheet, row + 1, head, listed)
    if rules:
        _chart(sheets, sheet, row + 2, min(len(rules), _CHARTED))


def _rule_titles(results: Results) -> dict[str, str]:
    """What the rules that were found are called."""
    rules = (rule for rule, *_ in results.index.rules())
    return results.titles.rules((form for form, *_ in results.index.forms()), rules)


def _block(sheets: _Sheets, sheet: Any, row: int, head: Cells, rows: Sequence[Cells]) -> int:
    """A small table; the row after it."""
    for number, cells in enumerate([head, *rows]):
        for column, value in enumerate(cells):
            sheets.write(sheet, row + number, column, value, sheets.head if not number else None)
    return row + len(rows) + 1


def _chart(sheets: _Sheets, sheet: Any, first: int, count: int) -> None:
    chart = sheets.book.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": "处数",
            "categories": [_SUMMARY, first, 0, first + count - 1, 0],
            "values": [_SUMMARY, first, 1, first + count - 1, 1],
            "fill": {"color": "#4472C4"},
            "gap": 40,
            "data_labels": {"value": True},
        }
    )
    chart.set_title({"name": "最常见的问题（处）", "name_font": {"size": 12}})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True, "num_font": {"size": 9}})
    chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
    chart.set_size({"width": 760, "height": 120 + 26 * count})
    sheet.insert_chart("G2", chart)


def _rows(lines: Iterable[Line], titles: Titles) -> Iterable[Cells]:
    """One row a finding, as _FINDINGS_HEAD has it."""
    for line in lines:
        title = titles.form(line.report.form)
        for finding in line.report.findings:
            cited = finding.citation
            source = (cited.regulation, cited.article, cited.summary) if cited else (None,) * 3
            yield (
                line.number, line.unit, line.person, title, finding.severity.label,
                finding.label, finding.message, *source, plain_number(finding.value),
                plain_number(finding.limit), titles.rule(line.report.form, finding.rule),
                line.source,
            )  # fmt: skip


def _changed_rows(changes: Iterable[Change], titles: Titles) -> Iterable[Cells]:
    """One row a change, by employer, as _CHANGES_HEAD has it."""
    for changed in chain.from_iterable(by_unit(changes).values()):
        for change in changed.changes:
            about: Cells = (None,) * 4
            if found := change.finding:
                rule = titles.rule(change.form, found.rule)
                about = (found.severity.label, found.label, found.message, rule)
            yield (
                change.unit, change.person, titles.form(change.form), NAMES[change.kind], *about,
                change.source,
            )  # fmt: skip


def _item_rows(results: Results, letters: Mapping[str, str]) -> Iterable[Cells]:
    """One row a submission, as _ITEMS_HEAD has it; findings are counted to link to the first."""
    before = 0
    for line in results.index.rows():
        verdict = "有问题" if line.errors else "要核对" if line.warnings else "没有问题"
        letter = letters.get(line.unit) if line.errors else None
        mark = results.marks.get(line.number, Decision())
        part, row = divmod(before, MAX_ROWS)
        sheet = f"{_FINDINGS} {part + 1}" if part else _FINDINGS
        found = line.errors + line.warnings + line.notes
        before += found
        yield (
            line.number, line.unit, line.person, results.catalogue.title(line.form), verdict,
            line.errors, line.warnings, line.notes, line.skipped, mark.label, mark.remark,
            _Link(f"internal:'{sheet}'!A{row + 2}", "查看") if found else None,
            _Link(f"external:{letter}", "退回通知") if letter else None,
            line.source,
        )  # fmt: skip


def _units(sheets: _Sheets, results: Results) -> None:
    """Rule × unit, the employers with the most errors first."""
    rules = [rule for rule, *_ in results.index.rules()][:_MAX_RULES]
    counts = results.index.rules_of_units()
    head = [("单位", 34), ("份数", 8), ("没有问题", 8), ("合格率", 8), ("错误", 8), ("请核对", 8)]
    titles = _rule_titles(results)
    head += [(titles[rule], 16) for rule in rules]
    rows = (
        (unit or NO_UNIT, count, passed, f"{passed / count:.0%}", errors, warnings,
         *(counts.get((unit, rule)) for rule in rules))
        for unit, count, passed, errors, warnings in results.index.units()
    )  # fmt: skip
    sheets.fill(_UNITS, head, rows)


_MAX_RULES = 200
