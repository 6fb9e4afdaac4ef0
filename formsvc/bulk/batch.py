"""Many submissions → reports, over any concurrent.futures.Executor.

The input is cut into chunks by count and size alone, so that the same input always gives the same
chunks. A chunk may be worked on any number of times: its result is a function of its bytes, and
is on disk whole or not at all. Then a second pass compares submissions with each other, and the
chunks are put together in the order of the input.
"""

import hashlib
import os
import shutil
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

from formsvc.bulk.comparison import Comparisons, Entry, Meetings
from formsvc.bulk.earlier import KEYS, PEOPLE, SALT, withdrawn
from formsvc.bulk.index import Span
from formsvc.bulk.lines import Line, Row
from formsvc.bulk.outputs import documents
from formsvc.bulk.results import INDEX, KEPT, REPORTS, Results, reports_of
from formsvc.catalogue import Catalogue, Checked, load_forms
from formsvc.documents import HOUSE, Format, Press
from formsvc.errors import ConfigError
from formsvc.findings import Report
from formsvc.forms import Shelf, built_in
from formsvc.intake.items import Item
from formsvc.intake.registers import unpacked
from formsvc.storage import Folder, keep_private
from formsvc.writing import jsonl
from formsvc.writing.masking import masked
from formsvc.writing.texts import clean

_WORK: Final = ".formsvc"
_RAWS: Final = "places"
_CHUNK_ITEMS, _CHUNK_BYTES = 200, 1_000_000
_SALT_LABEL: Final = b"formsvc keys 1"
# What a result is made with, by the endings of files.
_JUDGING: Final = frozenset({".json", ".toml", ".docx", ".pdf", ".py", ".typ"})

Values = tuple[str, str] | None
"""A file of policy values that are tried out: its name and its text."""
Progress = Callable[[int], None]
"""Told how many submissions are done."""


@dataclass(frozen=True, slots=True)
class Job:
    """What every chunk is worked on with. `secrets` key the digests: this run's, then earlier.

    `people` keys the digests of ID numbers: the same in batches that are to be compared by them,
    b"" for this run's secret. With `keeps` the submissions are kept beside the reports, and what
    was worked out with them, for what is made from them later.
    `register` is a packed one (formsvc.intake.registers), b"" for none. With
    `values`, a file's name and text, what is tried out holds instead of the programmes' values.
    """

    on: date
    shelves: tuple[Shelf, ...] = ()
    formats: tuple[Format, ...] = ()
    press: Press = HOUSE
    secrets: tuple[bytes, ...] = (b"",)
    people: bytes = b""
    keeps: bool = False
    register: bytes = b""
    values: Values = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive items; `first` is the number of the first one, from 1."""

    number: int
    first: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Worked:
    """What came of one item: its line, entries for the comparisons, the names of its documents."""

    row: Row
    line: bytes
    entries: tuple[tuple[Entry, ...], ...]
    documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """A worked chunk as it is kept: `items`, in JSON the row, the entries and the names of the
    documents of every submission; the `lines` of all; and the documents by their path."""

    items: bytes
    lines: bytes
    documents: tuple[tuple[str, bytes], ...] = ()


# One chunk, in any process


Loaded = tuple[Catalogue, Comparisons]


def loaded(shelves: tuple[Shelf, ...] = (), press: Press = HOUSE, values: Values = None) -> Loaded:
    """The forms and what compares them, loaded and verified once in a process.

    Raises FormError; without shelves, what comes with formsvc.
    """
    return _once(shelves, press, values)  # a cache tells what is left out from what is given


@cache
def _once(shelves: tuple[Shelf, ...], press: Press, values: Values) -> Loaded:
    if values is None:
        catalogue = load_forms(*shelves, press=press)
    else:
        catalogue = loaded(shelves, press)[0].with_values(*values)
    return catalogue, Comparisons(catalogue)


def work(job: Job, chunk: Chunk) -> Result:
    """Check every item of a chunk. A function of its arguments, at home in any process."""
    forms = loaded(job.shelves, job.press, job.values)
    files: list[tuple[str, bytes]] = []
    worked = [
        check_item(forms, job, item, number, files)
        for number, item in enumerate(chunk.items, chunk.first)
    ]
    items = jsonl.value([(each.row, each.entries, each.documents) for each in worked])
    return Result(items, b"".join(each.line for each in worked), tuple(files))


def check_item(
    forms: Loaded,
    job: Job,
    item: Item,
    number: int,
    files: list[tuple[str, bytes]] | None = None,
    *,
    across: bool = True,
) -> Worked:
    """Check one item; with `files`, fill its documents too when it is clean.

    Without `across`, comparisons are said to be skipped, as in a single check.
    """
    catalogue, comparisons = forms
    checked = Checked(None, Report("", ""), None)
    if item.raw is not None:
        checked = catalogue.check(item.raw, on=item.on or job.on, register=unpacked(job.register))
    data, report = checked.data, checked.report.preceded_by(item.findings)
    form = checked.form if data is not None else None
    entries: Sequence[Sequence[Entry]] = [[] for _ in job.secrets]
    if form:
        judged, entries = comparisons.judge(form, data, report, job.secrets)
        report = judged if across else report
    source = masked(clean(item.source))
    line = Line.of(number, source, Checked(data, report, form), masked(item.unit), job.people)
    made: list[tuple[str, bytes]] = []
    if files is not None and job.formats and form and report.ok:
        line, made = documents.filled(line, form, data, job.formats, job.press)
        files += made
    names = tuple(name for name, _ in made)
    return Worked(Row.of(line), line.to_json(), tuple(map(tuple, entries)), names)


# Chunks of the input


def chunks(items: Iterable[Item]) -> Iterator[Chunk]:
    """Cut the input; the same input always gives the same chunks."""
    held: list[Item] = []
    size = number = count = 0
    for item in items:
        held.append(item)
        size += len(item.raw or b"")
        if len(held) == _CHUNK_ITEMS or size >= _CHUNK_BYTES:
            yield Chunk(number, count + 1, tuple(held))
            number, count, size, held = number + 1, count + len(held), 0, []
    if held:
        yield Chunk(number, count + 1, tuple(held))


def salt(first: Chunk | None) -> bytes:
    """This run's secret: another one for every input, and the same when a run is resumed."""
    return hashlib.sha256(_SALT_LABEL + _digest(first.items if first else ())).digest()


def _digest(items: Iterable[Item]) -> bytes:
    digest = hashlib.sha256()
    for item in items:
        about = repr((item.source, item.unit, item.findings, item.raw is None, item.on)).encode()
        for part in (about, item.raw or b""):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def _fingerprint(job: Job) -> bytes:
    """What a result depends on besides its chunk: the rules, the templates, the day, the keys."""
    asked = repr((job.on, job.formats, job.secrets, job.people, job.register, job.values)).encode()
    return hashlib.sha256(asked + _judged_by(job.shelves)).digest()


@cache
def _judged_by(shelves: tuple[Shelf, ...]) -> bytes:
    """The digest of all files that a result is made with, taken once in a process: as the forms."""
    digest = hashlib.sha256()
    roots = (
        root for shelf in shelves or (built_in(),) for root in (shelf.schemas, shelf.templates)
    )
    for root in (*roots, Path(__file__).parent.parent):
        for path in sorted(path for path in root.rglob("*.*") if path.suffix in _JUDGING):
            digest.update(path.read_bytes())
    return digest.digest()


# A batch


class Batch:
    """One batch, written into a folder. `resume` goes on where an earlier run was interrupted."""

    def __init__(self, folder: Folder, job: Job, *, resume: bool = False) -> None:
        if not resume and (folder.exists(REPORTS) or folder.exists(_WORK)):
            raise ConfigError("目录里已有批量审核的结果；请换一个目录，或加 --resume 接着做。")
        self.folder = folder
        self.job = job
        self.count = self.size = 0  # items, and bytes of their reports
        self._chunks = 0
        self._raws: list[tuple[int, int]] = []

    def check(
        self,
        items: Iterable[Item],
        executor: Executor,
        *,
        at_once: int,
        progress: Progress = lambda done: None,
    ) -> None:
        """The first pass: every chunk's result on disk. At most `at_once` chunks are in memory."""
        if not self.job.keeps:
            self._check(items, executor, at_once, progress)
            return
        with self.folder.create(KEPT) as stream:
            self._check(self._kept(items, stream), executor, at_once, progress)

    def _kept(self, items: Iterable[Item], stream: IO[bytes]) -> Iterator[Item]:
        """The same items, each one's bytes written to the stream and their places remembered."""
        for item in items:
            raw = item.raw or b""
            self._raws.append((stream.tell(), len(raw)))
            stream.write(raw)
            yield item

    def _check(
        self, items: Iterable[Item], executor: Executor, at_once: int, progress: Progress
    ) -> None:
        waiting: deque[tuple[Chunk, bytes, Future[Result] | None]] = deque()
        fingerprint = b""
        for chunk in chunks(items):
            if chunk.number == 0:
                own = salt(chunk)
                secrets, people = (own, *self.job.secrets[1:]), self.job.people or own
                self.job = replace(self.job, secrets=secrets, people=people)
                fingerprint = _fingerprint(self.job)
            digest = hashlib.sha256(fingerprint + _digest(chunk.items)).digest()
            future = (
                None if self._is_done(chunk, digest) else executor.submit(work, self.job, chunk)
            )
            waiting.append((chunk, digest, future))
            if len(waiting) >= at_once:
                self._write(*waiting.popleft(), progress)
        while waiting:
            self._write(*waiting.popleft(), progress)

    def _is_done(self, chunk: Chunk, digest: bytes) -> bool:
        name = _chunk_name(chunk.number)
        if not self.folder.exists(name):
            return False
        with self.folder.open(name) as stream:
            header = jsonl.read(stream.readline())
        if header["digest"] == digest.hex():
            return True
        for _, _, names in header["items"]:
            self._withdraw(names)
        return False

    def _write(
        self, chunk: Chunk, digest: bytes, future: "Future[Result] | None", progress: Progress
    ) -> None:
        if future is not None:
            result = future.result()
            for name, content in result.documents:
                with self.folder.create(name, flush=False) as stream:
                    stream.write(content)
            if result.documents:
                self.folder.flush()
            with self.folder.create(_chunk_name(chunk.number)) as stream:
                stream.write(b'{"digest":"%s","items":' % digest.hex().encode())
                stream.writelines((result.items, b"}\n", result.lines))
        with self.folder.open(_chunk_name(chunk.number)) as stream:
            head = len(stream.readline())
            self.size += stream.seek(0, os.SEEK_END) - head
        self._chunks = chunk.number + 1
        self.count += len(chunk.items)
        progress(self.count)

    def compare(self, earlier: Sequence[Iterable[Mapping[str, Any]]] = ()) -> Results:
        """The second pass: reports.jsonl, keys.jsonl and its salt; what came of it all.

        `earlier` holds the rows of earlier keys files, in the order of the job's secrets.
        """
        catalogue, comparisons = loaded(self.job.shelves, self.job.press, self.job.values)
        results = Results(self.folder, catalogue, self.job.on, reports=self._next_reports())
        gone = withdrawn(self.folder)
        with closing(Meetings(catalogue, comparisons, self.job.on)) as meetings:
            for run, rows in enumerate(earlier, 1):
                meetings.add_earlier(run, rows)
            for header, _ in self._worked():
                for row, entries, _ in header["items"]:
                    number, source, form, *_ = row
                    if number not in gone:
                        runs = [[Entry(*entry) for entry in each] for each in entries]
                        meetings.add(number, form, source, runs, f"第 {number} 份")
            self._assemble(results, meetings, gone)
            with self.folder.create(KEYS) as stream:
                for keys in meetings.rows():
                    stream.write(jsonl.line(keys))
        for name, secret in ((SALT, self.job.secrets[0]), (PEOPLE, self.job.people)):
            with self.folder.create(name) as stream:
                keep_private(stream)
                stream.write(secret.hex().encode() + b"\n")
        return results

    def _next_reports(self) -> str:
        """What the reports are written to: beside those that somebody may be reading."""
        if not self.folder.exists(INDEX):
            return REPORTS
        _, _, number = reports_of(self.folder).partition(f"{REPORTS}.")
        return f"{REPORTS}.{int(number or 0) + 1}"

    def put(self, number: int, item: Item) -> None:
        """Check one submission of a batch that is done in the place of another; then `compare`.

        The batch keeps its submissions. What it was checked with before is read from its folder.
        """
        self._remember()
        chunk = next(each for each in range(self._chunks) if number in self._numbers(each))
        worked = check_item(loaded(self.job.shelves, self.job.press), self.job, item, number)
        with self.folder.open(_chunk_name(chunk)) as stream:
            header, lines = jsonl.read(stream.readline()), stream.readlines()
        place = [row[0] for row, *_ in header["items"]].index(number)
        header["items"][place] = (worked.row, worked.entries, worked.documents)
        lines[place] = worked.line
        with self.folder.create(_chunk_name(chunk)) as stream:
            stream.write(jsonl.line(header))
            stream.writelines(lines)
        raw = item.raw or b""
        with self.folder.open(KEPT) as old, self.folder.create(KEPT) as new:
            shutil.copyfileobj(old, new)  # the places of the others stay
            self._raws[number - 1] = (new.tell(), len(raw))
            new.write(raw)

    def again(self) -> Results:
        """The second pass of a batch that is done, once more: without what was withdrawn."""
        self._remember()
        return self.compare()

    def _remember(self) -> None:
        """What the first pass left in the folder."""
        if self._chunks:
            return
        while self.folder.exists(_chunk_name(self._chunks)):
            self._chunks += 1
        with self.folder.open(SALT) as salt, self.folder.open(PEOPLE) as people:
            own, known = (bytes.fromhex(each.read().decode("ascii")) for each in (salt, people))
        self.job = replace(self.job, secrets=(own,), people=known)
        with self.folder.open(_RAWS) as stream:
            self._raws = [tuple(each) for each in jsonl.read(stream.read())]

    def _numbers(self, chunk: int) -> list[int]:
        with self.folder.open(_chunk_name(chunk)) as stream:
            return [row[0] for row, *_ in jsonl.read(stream.readline())["items"]]

    def _assemble(self, results: Results, meetings: Meetings, gone: Collection[int]) -> None:
        met = iter(meetings.findings())
        number, found = next(met, (0, []))
        place = 0
        with self.folder.create(results.reports) as stream:
            for header, lines in self._worked():
                for values, _, names in header["items"]:
                    raw, row = lines.readline(), Row(*values)
                    if row.number in gone:
                        continue
                    if row.number == number:
                        form = results.form(row)
                        line = Line.from_json(raw)
                        line = line.with_findings(found, form) if form else line
                        raw, row = line.to_json(), Row.of(line)
                        if row.errors:
                            self._withdraw(names)
                        number, found = next(met, (0, []))
                    stream.write(raw)
                    kept = self._raws[row.number - 1] if self._raws else (0, 0)
                    results.index.add(row, Span(place, len(raw), *kept))
                    place += len(raw)
        results.index.finish()
        if self._raws:
            with self.folder.create(_RAWS) as stream:
                stream.write(jsonl.value(self._raws))

    def _withdraw(self, names: Iterable[str]) -> None:
        for name in names:
            self.folder.remove(name)

    def finish(self) -> None:
        """Take away what only an interrupted run needs, and one that is mended afterwards."""
        self.folder.remove(_WORK)

    def _worked(self) -> Iterator[tuple[dict[str, Any], IO[bytes]]]:
        for number in range(self._chunks):
            with self.folder.open(_chunk_name(number)) as stream:
                yield jsonl.read(stream.readline()), stream


def _chunk_name(number: int) -> str:
    return f"{_WORK}/chunk-{number:06d}"
