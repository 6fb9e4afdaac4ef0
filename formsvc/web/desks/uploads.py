"""Files handed in at a desk → a batch in a sealed run, and back."""

import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from typing import IO, Final

from formsvc.bulk import changes, executors
from formsvc.bulk.batch import Batch, Job
from formsvc.bulk.results import INDEX, Results
from formsvc.catalogue import Catalogue
from formsvc.checks.register import Register
from formsvc.errors import UnreadableDocument
from formsvc.intake import registers
from formsvc.intake.bounds import bounded
from formsvc.intake.items import Item
from formsvc.intake.sources import items
from formsvc.sealed import SealedFolder
from formsvc.storage import Folder
from formsvc.web.runs.runs import SHARED, Run
from formsvc.writing.notation import long_date
from formsvc.writing.texts import clean

MOST: Final = 20_000
_NAMES: Final = "names"
_UPLOAD: Final = "upload"
_REGISTER: Final = "register"
_LISTS: Final = "lists"
_PROBLEM: Final = "problem"
_CHANGES: Final = "changes"
_LENGTH: Final = 8
_LONGEST: Final = 60
# Below this many bytes starting processes takes longer than the work.
_HERE: Final = 1_000_000

Tell = Callable[[str, int, int], None]
"""Told what is being done, how many are done, of how many (0 for unknown)."""


def title(run: Run) -> str:
    """What a run is known by: the name of its file, or of the first of several."""
    if not run.folder.exists(_NAMES):
        return "上传的一批"
    names = json.loads(run.folder.read(_NAMES))
    return f"{names[0]} 等 {len(names)} 个文件" if len(names) > 1 else str(names[0])


def is_read(run: Run) -> bool:
    """Whether a run has got as far as a batch."""
    return run.folder.exists(INDEX)


def results(run: Run, catalogue: Catalogue) -> AbstractContextManager[Results]:
    """The batch of a run that is read."""
    return Results.opened(run.folder, catalogue)


def name(folder: SealedFolder, title: str) -> None:
    """What a batch that nobody handed in is known by."""
    folder.write(_NAMES, json.dumps([title]).encode())


def keep(
    folder: SealedFolder,
    files: list[tuple[str, bytes]],
    lists: Sequence[tuple[str, bytes]] = (),
) -> None:
    """Seal what is handed in, (name, content) each, and the lists of people, for `read`."""
    with folder.create(_LISTS) as stream:
        stream.write(json.dumps([(name, len(content)) for name, content in lists]).encode() + b"\n")
        stream.writelines(content for _, content in lists)
    names = [clean(name)[:_LONGEST] for name, _ in files]
    folder.write(_NAMES, json.dumps(names).encode())
    with folder.create(_UPLOAD) as stream:
        for _, content in files:
            stream.write(len(content).to_bytes(_LENGTH, "big"))
            stream.write(content)


def read(
    folder: SealedFolder, job: Job, catalogue: Catalogue, tell: Tell, *, mends: bool = False
) -> None:
    """Check every submission that was kept in a folder, compare them, keep the index.

    It goes on where it was interrupted. What fits one chunk is checked here, more in processes
    beside. The files themselves are then gone: what is needed of them stands in the batch.
    Raises UnreadableDocument for a list of people that cannot be read; `problem` then says why.
    """
    if folder.exists(INDEX):
        return
    if not folder.exists(_REGISTER):
        folder.write(_REGISTER, registers.packed(_register(folder, catalogue)))
    job = judging(folder, job)
    with folder.open(_UPLOAD) as stream:
        workers = 1 if stream.seek(0, os.SEEK_END) < _HERE else None
        stream.seek(0)
        check(folder, _items(_files(folder, stream), catalogue), job, workers, tell, mends=mends)
    folder.remove(_UPLOAD)


def judging(folder: SealedFolder, job: Job) -> Job:
    """The job with the list of people that came with the batch, and with what keys identities."""
    people = folder.read(SHARED) if folder.exists(SHARED) else job.people
    return replace(job, register=folder.read(_REGISTER), people=people)


def problem(run: Run) -> str:
    """Why a batch was not read, for people; "" where nothing is known."""
    return run.folder.read(_PROBLEM).decode() if run.folder.exists(_PROBLEM) else ""


def _register(folder: SealedFolder, catalogue: Catalogue) -> Register | None:
    headings = registers.headings(catalogue.programmes.values())
    lists = []
    with folder.open(_LISTS) as stream:
        for name, size in json.loads(stream.readline()):
            try:
                lists.append(registers.read(stream.read(size), name, headings))
            except UnreadableDocument as problem:
                folder.write(_PROBLEM, str(problem).encode())
                raise
    return registers.joined(lists) if lists else None


def check(
    folder: SealedFolder, items: Iterable[Item], job: Job, workers: int | None, tell: Tell,
    total: int = 0, *, mends: bool = False,
) -> None:  # fmt: skip
    """Check submissions in `workers` processes, compare them, keep the index; resumed.

    With `mends` one of them can be put in the place of another afterwards.
    """
    batch = Batch(folder, job, resume=True)
    with executors.opened(workers, None) as (executor, at_once):
        batch.check(
            bounded(items, lambda: batch.size, most=MOST),
            executor,
            at_once=at_once,
            progress=lambda done: tell("已检查", done, total),
        )
    tell("正在比对", 0, 0)
    with closing(batch.compare()) as done:
        done.keep()
    if not mends:
        batch.finish()


def _files(folder: SealedFolder, stream: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    for name in json.loads(folder.read(_NAMES)):
        yield name, stream.read(int.from_bytes(stream.read(_LENGTH), "big"))


def _items(files: Iterable[tuple[str, bytes]], catalogue: Catalogue) -> Iterator[Item]:
    for name, content in files:
        yield from items(io.BytesIO(content), name, catalogue)


def changes_since(now: Results, earlier: Run) -> list[changes.Change]:
    """What became of an earlier run's findings. Reckoned once: the answer is kept with the run."""
    about = f"{_CHANGES}/{earlier.id}"
    with results(earlier, now.catalogue) as before:
        head = json.dumps([long_date(before.on), before.reports]).encode()
    if _read(now.folder, f"{about}/head") != head:
        changes.write(now, earlier.folder, f"{about}/changes")
        now.folder.remove(f"made/since/{earlier.id}")
        with now.folder.create(f"{about}/head") as stream:
            stream.write(head)
    return list(changes.read(now.folder, f"{about}/changes"))


def _read(folder: Folder, name: str) -> bytes:
    """A small file; b"" when it is not there."""
    if not folder.exists(name):
        return b""
    with folder.open(name) as stream:
        return stream.read()


def kept_changes(folder: Folder, earlier: str) -> tuple[Iterator[changes.Change], str]:
    """The changes since an earlier run as `changes_since` kept them, and its day of receipt."""
    about = f"{_CHANGES}/{earlier}"
    with folder.open(f"{about}/head") as stream:
        known = json.load(stream)[0]
    return changes.read(folder, f"{about}/changes"), known
