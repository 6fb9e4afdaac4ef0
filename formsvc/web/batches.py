"""Many submissions in one run: read, checked, kept sealed; found again by number.

A run holds `items` (each submission's bytes as they came and its report, one after the other) and
`index` (a row a submission: whose it is, what was found, where its item lies).
"""

import io
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import IO, Any, Final

from formsvc import pointers, submissions
from formsvc.across import Comparisons, Meetings
from formsvc.catalogue import Catalogue
from formsvc.errors import UnreadableDocument
from formsvc.findings import Report, Severity
from formsvc.reading import submission_in
from formsvc.sources import Item, items, refused
from formsvc.texts import clean
from formsvc.web.runs import Run

MOST: Final = 20_000
_DOCUMENTS: Final = (".docx", ".pdf")
_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One submission in the index. `form` is "" when it could not be told.

    `rules` are the ids of what was found, errors first; `place` is (offset, length) of the
    submission and of the report in `items`.
    """

    number: int
    source: str
    form: str
    person: str
    unit: str
    errors: int
    warnings: int
    rules: tuple[str, ...]
    place: tuple[int, ...]

    @property
    def state(self) -> str:
        """error, warning, ok, or unread when there is no submission to speak of."""
        if not self.form:
            return "unread"
        return "error" if self.errors else "warning" if self.warnings else "ok"


@dataclass(frozen=True, slots=True)
class Found:
    """One submission of a batch with its report, as the report's JSON has it."""

    row: Row
    raw: bytes
    report: dict[str, Any]

    @property
    def data(self) -> object:
        return submissions.parse(self.raw).data


class Batch:
    """A run that is done, for reading."""

    def __init__(self, run: Run, catalogue: Catalogue) -> None:
        self.run = run
        self._catalogue = catalogue
        with run.folder.open("index") as stream:
            head = json.load(stream)
        self.on = date.fromisoformat(head["on"])
        self.names: list[str] = head["names"]
        self.rows = [_row(values) for values in head["rows"]]
        self._met: dict[str, list[dict[str, Any]]] = head["met"]

    def found(self, rows: Iterable[Row]) -> Iterator[Found]:
        """The items of these rows."""
        with self.run.folder.open("items") as stream:
            for row in rows:
                yield self._found(stream, row)

    def item(self, number: int) -> Found | None:
        if not 0 < number <= len(self.rows):
            return None
        return next(self.found([self.rows[number - 1]]))

    @property
    def clean(self) -> list[Row]:
        """The rows without errors, which may be printed."""
        return [row for row in self.rows if row.form and not row.errors]

    def _found(self, stream: IO[bytes], row: Row) -> Found:
        start, length, report_start, report_length = row.place
        stream.seek(start)
        raw = stream.read(length)
        stream.seek(report_start)
        report = json.loads(stream.read(report_length))
        if met := self._met.get(str(row.number)):
            form = self._catalogue[row.form]
            report["findings"].extend(met)
            report["findings"].sort(key=lambda finding: form.place(finding["pointer"]))
            report["ok"] = not row.errors
        return Found(row, raw, report)


class Reading:
    """The work of a run: check every submission, compare them, write items and index."""

    def __init__(self, catalogue: Catalogue, comparisons: Comparisons, on: date) -> None:
        self._catalogue = catalogue
        self._comparisons = comparisons
        self._on = on
        self._secret = [secrets.token_bytes(32)]
        self._meetings = Meetings(catalogue, comparisons)
        self._rows: list[Row] = []

    def read(self, run: Run, files: list[tuple[str, bytes]]) -> None:
        """Files are (name, content); the run's label and counts tell how far it is."""
        with run.folder.create("items") as stream:
            for item in self._items(files):
                self._rows.append(self._checked(stream, len(self._rows) + 1, item))
                run.tell("已检查", len(self._rows))
        run.tell("正在比对")
        met = dict(self._meetings.findings())
        self._meetings.close()
        rows = [_with(row, met.get(row.number, [])) for row in self._rows]
        head = {
            "on": self._on.isoformat(),
            "names": [name for name, _ in files],
            "rows": [[getattr(row, name) for name in Row.__slots__] for row in rows],
            "met": met,
        }
        run.folder.write("index", json.dumps(head, ensure_ascii=False).encode())

    def _items(self, files: list[tuple[str, bytes]]) -> Iterator[Item]:
        """What the files hold, to the limit of a batch."""
        for name, content in files:
            for item in _file_items(name, content, self._catalogue):
                if len(self._rows) >= MOST:
                    message = f"一批最多 {MOST:,} 份，从这里起没有读取。"
                    yield refused(item.source, "input.many", message)
                    return
                yield item

    def _checked(self, stream: IO[bytes], number: int, item: Item) -> Row:
        raw, report, form, data = item.raw or b"", Report("", "", item.findings), None, None
        if item.raw is not None:
            data, checked = self._catalogue.check(raw, on=self._on)
            report = checked.preceded_by(item.findings)
            form = self._catalogue.of(data)
        source = clean(item.source)
        if form:
            report, entries = self._comparisons.judge(form, data, report, self._secret)
            self._meetings.add(number, form.id, source, entries)
        text = json.dumps(report.to_dict(), ensure_ascii=False).encode()
        start = stream.tell()
        stream.write(raw + text)
        row = Row(
            number=number,
            source=source,
            form=form.id if form else "",
            person=_said(data, form.person.pointer) if form else "",
            unit=_said(data, form.unit.pointer) if form else "",
            errors=0,
            warnings=0,
            rules=(),
            place=(start, len(raw), start + len(raw), len(text)),
        )
        return _with(row, [finding.to_dict() for finding in report.findings])


def _row(values: list[Any]) -> Row:
    named = dict(zip(Row.__slots__, values, strict=True))
    return Row(**{**named, "rules": tuple(named["rules"]), "place": tuple(named["place"])})


def _with(row: Row, findings: Sequence[Mapping[str, Any]]) -> Row:
    """The row with these findings counted in."""
    errors = [f["rule"] for f in findings if f["severity"] == Severity.ERROR]
    warnings = [f["rule"] for f in findings if f["severity"] != Severity.ERROR]
    return replace(
        row,
        errors=row.errors + len(errors),
        warnings=row.warnings + len(warnings),
        rules=tuple(dict.fromkeys((*row.rules, *errors, *warnings))),
    )


def _file_items(name: str, content: bytes, catalogue: Catalogue) -> Iterator[Item]:
    """What an uploaded file holds; a document that this service made holds one submission."""
    if name.lower().endswith(_DOCUMENTS):
        try:
            yield Item(name, submission_in(content, catalogue))
        except UnreadableDocument as problem:
            yield refused(name, "input.document", str(problem))
    else:
        yield from items(io.BytesIO(content), name, catalogue)


def _said(data: object, pointer: str) -> str:
    value = pointers.get(data, pointer)
    return clean(value)[:_NAME] if isinstance(value, str) else ""
