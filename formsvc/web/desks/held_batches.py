"""Many submissions in one run: read, checked, kept sealed; found again by number.

A run's folder holds what `formsvc.bulk` writes, the submissions' bytes as they came, and an index:
a row a submission, saying whose it is, what was found, and where its bytes and its report lie.
"""

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import IO, Any, Final, NamedTuple

import jiter

from formsvc import submissions
from formsvc.bulk import batch as bulk
from formsvc.bulk import changes, executors
from formsvc.bulk.batch import REPORTS, Job
from formsvc.bulk.index import Ledger
from formsvc.catalogue import Catalogue
from formsvc.findings import Severity
from formsvc.intake.sources import Item, items, refused
from formsvc.web.runs.runs import Run
from formsvc.writing.texts import clean

MOST: Final = 20_000
INDEX: Final = "index"
_RAW: Final = "submissions"
_NAMES: Final = "names"
_LONGEST: Final = 60
# Below this many bytes starting processes takes longer than the work.
_HERE: Final = 1_000_000


class Row(NamedTuple):
    """One submission in the index. `form` is "" when it could not be told.

    `rules` are the ids of what was found, errors first; `place` is (offset, length) of the
    submission and of the report in their files.
    """

    number: int
    source: str
    form: str
    person: str
    unit: str
    errors: int
    warnings: int
    rules: Sequence[str]
    place: Sequence[int]

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

    def __init__(self, run: Run) -> None:
        self.run = run
        head = jiter.from_json(run.folder.read(INDEX))
        self.on = date.fromisoformat(head["on"])
        self.rows = [Row._make(values) for values in head["rows"]]

    def found(self, rows: Iterable[Row]) -> Iterator[Found]:
        """The items of these rows."""
        with self.run.folder.open(_RAW) as raws, self.run.folder.open(REPORTS) as reports:
            for row in rows:
                raw_at, raw_length, report_at, report_length = row.place
                raws.seek(raw_at)
                reports.seek(report_at)
                report = jiter.from_json(reports.read(report_length))["report"]
                yield Found(row, raws.read(raw_length), report)

    def item(self, number: int) -> Found | None:
        if not 0 < number <= len(self.rows):
            return None
        return next(self.found([self.rows[number - 1]]))

    @property
    def clean(self) -> list[Row]:
        """The rows without errors, which may be printed."""
        return [row for row in self.rows if row.form and not row.errors]


def title(run: Run) -> str:
    """What a run is known by: the name of its file, or of the first of several."""
    if not run.folder.exists(_NAMES):
        return "上传的一批"
    names = json.loads(run.folder.read(_NAMES))
    return f"{names[0]} 等 {len(names)} 个文件" if len(names) > 1 else str(names[0])


def is_read(run: Run) -> bool:
    """Whether a run has got as far as a batch."""
    return run.folder.exists(INDEX)


def read(run: Run, files: list[tuple[str, bytes]], job: Job, catalogue: Catalogue) -> None:
    """The work of a run: check every submission in the files, compare them, write the index.

    Files are (name, content). What fits one chunk is checked here, more in processes beside.
    """
    names = [clean(name)[:_LONGEST] for name, _ in files]
    run.folder.write(_NAMES, json.dumps(names).encode())
    batch = bulk.Run(run.folder, job)
    workers = 1 if sum(len(content) for _, content in files) < _HERE else None
    with run.folder.create(_RAW) as raws, executors.opened(workers, None) as (executor, at_once):
        places: list[tuple[int, int]] = []
        submissions_ = _kept(raws, places, _items(files, catalogue))
        batch.check(
            submissions_,
            executor,
            at_once=at_once,
            progress=lambda done: run.tell("已检查", done),
        )
    run.tell("正在比对")
    batch.compare()
    batch.finish()
    head = {"on": job.on.isoformat(), "rows": list(_rows(run, places))}
    run.folder.write(INDEX, json.dumps(head, ensure_ascii=False).encode())


def _items(files: list[tuple[str, bytes]], catalogue: Catalogue) -> Iterator[Item]:
    """What the files hold, to the limit of a batch."""
    count = 0
    for name, content in files:
        for item in items(io.BytesIO(content), name, catalogue):
            if count == MOST:
                message = f"一批最多 {MOST:,} 份，从这里起没有读取。"
                yield refused(item.source, "input.many", message)
                return
            count += 1
            yield item


def _kept(
    stream: IO[bytes], places: list[tuple[int, int]], found: Iterable[Item]
) -> Iterator[Item]:
    """The same items, each one's bytes written to the stream and their places remembered."""
    for item in found:
        raw = item.raw or b""
        places.append((stream.tell(), len(raw)))
        stream.write(raw)
        yield item


def _rows(run: Run, places: list[tuple[int, int]]) -> Iterator[Row]:
    start = 0
    with run.folder.open(REPORTS) as stream:
        for line, raw in zip(stream, places, strict=True):
            value = json.loads(line)
            findings = value["report"]["findings"]
            errors = [f["rule"] for f in findings if f["severity"] == Severity.ERROR]
            warnings = [f["rule"] for f in findings if f["severity"] != Severity.ERROR]
            yield Row(
                number=value["number"],
                source=value["source"],
                form=value["report"]["form"],
                person=value["person"],
                unit=value["unit"],
                errors=len(errors),
                warnings=len(warnings),
                rules=tuple(dict.fromkeys(errors + warnings)),
                place=(*raw, start, len(line)),
            )
            start += len(line)


def changes_since(run: Run, earlier: Run) -> list[dict[str, Any]]:
    """What became of an earlier run's findings, one a finding, as `formsvc.changes` tells it.

    Reckoned once: the answer is kept with the run.
    """
    name = f"changes/{earlier.id}"
    if not run.folder.exists(name):
        with closing(Ledger(run.folder)) as ledger:
            changes.write(run.folder, earlier.folder, ledger)
        run.folder.write(name, run.folder.read(changes.NAME))
    with run.folder.open(name) as stream:
        return [json.loads(line) for line in stream]
