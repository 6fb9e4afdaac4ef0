"""Many submissions → reports, over any concurrent.futures.Executor.

The input is cut into chunks by count and size alone, so that the same input always gives the same
chunks. A chunk may be worked on any number of times: its result is a function of its bytes, and
is on disk whole or not at all. Then a second pass compares submissions with each other, and the
chunks are put together in the order of the input.
"""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

import jiter

from formsvc import documents, pointers
from formsvc.bulk.comparison import Comparisons, Entry, Meetings
from formsvc.catalogue import Catalogue, data_folder, load_forms
from formsvc.delivery import safe_name
from formsvc.documents import HOUSE, Format, Press, Unprintable
from formsvc.errors import ConfigError
from formsvc.findings import Report, Severity
from formsvc.forms.form import Form
from formsvc.intake.sources import Item
from formsvc.storage import Folder, keep_private
from formsvc.writing.texts import clean

REPORTS: Final = "reports.jsonl"
KEYS: Final = "keys.jsonl"
SALT: Final = "keys.salt"
DOCUMENTS: Final = "documents"
NO_UNIT: Final = "未写明单位"
_WORK: Final = ".formsvc"
_CHUNK_ITEMS, _CHUNK_BYTES = 200, 1_000_000
_SALT_LABEL: Final = b"formsvc keys 1"

Progress = Callable[[int], None]
"""Told how many submissions are done."""


@dataclass(frozen=True, slots=True)
class Job:
    """What every chunk is worked on with. `secrets` key the digests: this run's, then earlier."""

    on: date
    schemas: Path | None = None
    templates: Path | None = None
    formats: tuple[Format, ...] = ()
    press: Press = HOUSE
    secrets: tuple[bytes, ...] = (b"",)
    across: bool = True


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive items; `first` is the number of the first one, from 1."""

    number: int
    first: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one item. `line` is its line of reports.jsonl, without the newline."""

    source: str
    form: str
    line: str
    ok: bool
    entries: tuple[tuple[Entry, ...], ...]
    documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """A worked chunk, with the documents of its clean submissions by their path."""

    checked: tuple[Checked, ...]
    documents: tuple[tuple[str, bytes], ...] = ()


# One chunk, in any process


Loaded = tuple[Catalogue, Comparisons]


@cache
def loaded(schemas: Path | None, templates: Path | None) -> Loaded:
    """The forms and what compares them, loaded and verified once in a process.

    Raises FormError; None stands for what comes with formsvc.
    """
    catalogue = load_forms(schemas, templates)
    return catalogue, Comparisons(catalogue, schemas or data_folder("schemas"))


def work(job: Job, chunk: Chunk) -> Result:
    """Check every item of a chunk. A function of its arguments, at home in any process."""
    forms = loaded(job.schemas, job.templates)
    files: list[tuple[str, bytes]] = []
    checked = [
        check_item(forms, job, item, number, files)
        for number, item in enumerate(chunk.items, chunk.first)
    ]
    return Result(tuple(checked), tuple(files))


def check_item(
    forms: Loaded,
    job: Job,
    item: Item,
    number: int,
    files: list[tuple[str, bytes]] | None = None,
) -> Checked:
    """Check one item; with `files`, fill its documents too when it is clean."""
    catalogue, comparisons = forms
    data: object = None
    report = Report("", "", item.findings)
    if item.raw is not None:
        data, report = catalogue.check(item.raw, on=job.on)
        report = report.preceded_by(item.findings)
    form = catalogue.get(report.form) if data is not None else None
    entries: Sequence[Sequence[Entry]] = [[] for _ in job.secrets]
    if form:
        judged, entries = comparisons.judge(form, data, report, job.secrets)
        report = judged if job.across else report
    made: list[tuple[str, bytes]] = []
    if files is not None and form and report.ok:
        report, made = _documents(job, form, data, report, number)
        files += made
    line = json.dumps(
        {
            "number": number,
            "source": clean(item.source),
            "unit": (said(data, form.unit.pointer) if form else "") or item.unit,
            "person": said(data, form.person.pointer) if form else "",
            "report": report.to_dict(),
        },
        ensure_ascii=False,
    )
    names = tuple(name for name, _ in made)
    return Checked(item.source, report.form, line, report.ok, tuple(map(tuple, entries)), names)


def said(data: object, pointer: str) -> str:
    """A text of a submission on one line, for headings and lists; "" when there is none."""
    value = pointers.get(data, pointer)
    return " ".join(clean(value).split())[:200] if isinstance(value, str) else ""


def _documents(
    job: Job, form: Form, data: object, report: Report, number: int
) -> tuple[Report, list[tuple[str, bytes]]]:
    unit, person = said(data, form.unit.pointer), said(data, form.person.pointer)
    made = []
    try:
        for format in job.formats:
            name = document_name(form, unit, person, number, format)
            made.append((name, documents.fill(form, data, format, press=job.press)))
    except Unprintable as unprintable:
        return report.preceded_by(unprintable.findings), []
    return report, made


def unit_folder(unit: str) -> str:
    """The folder of an employer's documents, safe on every file system."""
    return f"{DOCUMENTS}/{safe_name(unit) or NO_UNIT}"


def document_name(form: Form, unit: str, person: str, number: int, format: Format) -> str:
    """Where a submission's document lies: its number keeps it apart from all others."""
    stem = "-".join(filter(None, (f"{number:06d}", safe_name(form.title), safe_name(person))))
    return f"{unit_folder(unit)}/{stem}.{format}"


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
        about = repr((item.source, item.unit, item.findings, item.raw is None)).encode()
        for part in (about, item.raw or b""):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def _fingerprint(job: Job) -> bytes:
    """What a result depends on besides its chunk: the rules, the templates, the day, the keys."""
    digest = hashlib.sha256(repr((job.on, job.formats, job.secrets, job.across)).encode())
    schemas = job.schemas or data_folder("schemas")
    templates = job.templates or data_folder("templates")
    for root in (schemas, templates, Path(__file__).parent.parent):
        for path in sorted(path for path in root.rglob("*.*") if path.suffix in _JUDGING):
            digest.update(path.read_bytes())
    return digest.digest()


_JUDGING = {".json", ".toml", ".docx", ".pdf", ".py"}


# A run


class Run:
    """One batch, written into a folder. `resume` goes on where an earlier run was interrupted."""

    def __init__(self, folder: Folder, job: Job, *, resume: bool = False) -> None:
        if not resume and (folder.exists(REPORTS) or folder.exists(_WORK)):
            raise ConfigError("目录里已有批量审核的结果；请换一个目录，或加 --resume 接着做。")
        self.folder = folder
        self.job = job
        self.count = 0
        self._chunks = 0

    def check(
        self,
        items: Iterable[Item],
        executor: Executor,
        *,
        at_once: int,
        progress: Progress = lambda done: None,
    ) -> None:
        """The first pass: every chunk's result on disk. At most `at_once` chunks are in memory."""
        waiting: deque[tuple[Chunk, bytes, Future[Result] | None]] = deque()
        fingerprint = b""
        for chunk in chunks(items):
            if chunk.number == 0:
                self.job = replace(self.job, secrets=(salt(chunk), *self.job.secrets[1:]))
                fingerprint = _fingerprint(self.job)
            digest = hashlib.sha256(fingerprint + _digest(chunk.items)).digest()
            future = (
                None if self._is_kept(chunk, digest) else executor.submit(work, self.job, chunk)
            )
            waiting.append((chunk, digest, future))
            if len(waiting) >= at_once:
                self._keep(*waiting.popleft(), progress)
        while waiting:
            self._keep(*waiting.popleft(), progress)

    def _is_kept(self, chunk: Chunk, digest: bytes) -> bool:
        name = _chunk_name(chunk.number)
        if not self.folder.exists(name):
            return False
        with self.folder.open(name) as stream:
            header = json.loads(stream.readline())
        if header["digest"] == digest.hex():
            return True
        for item in header["items"]:
            for document in item["documents"]:
                self.folder.remove(document)
        return False

    def _keep(
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
                stream.write(_header(digest, result))
                stream.writelines(f"{checked.line}\n".encode() for checked in result.checked)
        self._chunks = chunk.number + 1
        self.count += len(chunk.items)
        progress(self.count)

    def compare(self, earlier: Sequence[Iterable[Mapping[str, Any]]] = ()) -> None:
        """The second pass, then reports.jsonl, keys.jsonl and its salt.

        `earlier` holds the rows of earlier keys files, in the order of the job's secrets.
        """
        catalogue, comparisons = loaded(self.job.schemas, self.job.templates)
        with closing(Meetings(catalogue, comparisons)) as meetings:
            for run, rows in enumerate(earlier, 1):
                meetings.add_earlier(run, rows)
            number = 0
            for header, _ in self._results():
                for item in header["items"]:
                    number += 1
                    runs = [[Entry(*entry) for entry in entries] for entries in item["entries"]]
                    meetings.add(number, item["form"], item["source"], runs)
            self._assemble(catalogue, meetings)
            with self.folder.create(KEYS) as stream:
                for row in meetings.rows():
                    stream.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        with self.folder.create(SALT) as stream:
            keep_private(stream)
            stream.write(self.job.secrets[0].hex().encode() + b"\n")

    def _assemble(self, catalogue: Catalogue, meetings: Meetings) -> None:
        met = iter(meetings.findings())
        number, found = next(met, (0, []))
        with self.folder.create(REPORTS) as stream:
            count = 0
            for header, lines in self._results():
                for item in header["items"]:
                    line = lines.readline()
                    count += 1
                    if count == number:
                        line = with_findings(line, found, catalogue)
                        if item["documents"] and not jiter.from_json(line)["report"]["ok"]:
                            self._withdraw(item["documents"])
                        number, found = next(met, (0, []))
                    stream.write(line)

    def _withdraw(self, names: Iterable[str]) -> None:
        for name in names:
            self.folder.remove(name)

    def finish(self) -> None:
        """Take away what only an interrupted run needs."""
        self.folder.remove(_WORK)

    def _results(self) -> Iterator[tuple[dict[str, Any], IO[bytes]]]:
        for number in range(self._chunks):
            with self.folder.open(_chunk_name(number)) as stream:
                yield json.loads(stream.readline()), stream


def with_findings(line: bytes, found: list[dict[str, Any]], catalogue: Catalogue) -> bytes:
    """A line of reports.jsonl with more findings, in the order of the form on paper."""
    value = json.loads(line)
    report = value["report"]
    report["findings"] += found
    form = catalogue[report["form"]]
    report["findings"].sort(key=lambda finding: form.place(finding["pointer"]))
    report["ok"] = all(f["severity"] != Severity.ERROR.value for f in report["findings"])
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def read_keys(path: str | Path) -> tuple[bytes, list[dict[str, Any]]]:
    """An earlier run's salt and keys; ConfigError when they are not those of a run."""
    keys = Path(path)
    keys = keys / KEYS if keys.is_dir() else keys
    try:
        secret = bytes.fromhex((keys.parent / SALT).read_text("ascii").strip())
        rows = [json.loads(line) for line in keys.read_text("utf-8").splitlines()]
    except ValueError as error:
        raise ConfigError(f"{keys}：不是批量审核留下的比对文件（{error}）") from None
    return secret, rows


def _header(digest: bytes, result: Result) -> bytes:
    items = [
        {
            "source": checked.source,
            "form": checked.form,
            "entries": [[entry.to_list() for entry in entries] for entries in checked.entries],
            "documents": checked.documents,
        }
        for checked in result.checked
    ]
    return json.dumps({"digest": digest.hex(), "items": items}, ensure_ascii=False).encode() + b"\n"


def _chunk_name(number: int) -> str:
    return f"{_WORK}/chunk-{number:06d}"
