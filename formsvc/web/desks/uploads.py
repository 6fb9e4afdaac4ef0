"""Files handed in at a desk → a batch in a sealed run, and back."""

import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from typing import IO, Final

from formsvc.bulk import changes, executors
from formsvc.bulk.batch import Batch, Job
from formsvc.bulk.results import INDEX, Results
from formsvc.catalogue import Catalogue
from formsvc.checks.register import Register
from formsvc.intake import registers
from formsvc.intake.bounds import bounded
from formsvc.intake.items import Item
from formsvc.intake.sources import items
from formsvc.sealed import SealedFolder
from formsvc.web.runs.runs import Run
from formsvc.writing.texts import clean

MOST: Final = 20_000
_NAMES: Final = "names"
_UPLOAD: Final = "upload"
_REGISTER: Final = "register"
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
    folder: SealedFolder, files: list[tuple[str, bytes]], people: Register | None = None
) -> None:
    """Seal what is handed in, (name, content) each, and the list of people, for `read`."""
    folder.write(_REGISTER, registers.packed(people))
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
    """
    if folder.exists(INDEX):
        return
    job = replace(job, register=folder.read(_REGISTER))
    with folder.open(_UPLOAD) as stream:
        workers = 1 if stream.seek(0, os.SEEK_END) < _HERE else None
        stream.seek(0)
        check(folder, _items(_files(folder, stream), catalogue), job, workers, tell, mends=mends)
    folder.remove(_UPLOAD)


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
    name = f"changes/{earlier.id}"
    if not now.folder.exists(name):
        changes.write(now, earlier.folder, name)
    return list(changes.read(now.folder, name))
