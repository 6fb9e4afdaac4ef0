"""Files handed in at a desk → a batch in a sealed run, and back."""

import io
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Final

from formsvc.bulk import changes, executors
from formsvc.bulk.batch import Batch, Job
from formsvc.bulk.results import INDEX, Results
from formsvc.catalogue import Catalogue
from formsvc.intake.bounds import bounded
from formsvc.intake.items import Item
from formsvc.intake.sources import items
from formsvc.web.runs.runs import Run
from formsvc.writing.texts import clean

MOST: Final = 20_000
_NAMES: Final = "names"
_LONGEST: Final = 60
# Below this many bytes starting processes takes longer than the work.
_HERE: Final = 1_000_000


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


def read(run: Run, files: list[tuple[str, bytes]], job: Job, catalogue: Catalogue) -> None:
    """The work of a run: check every submission in the files, compare them, keep the index.

    Files are (name, content). What fits one chunk is checked here, more in processes beside.
    """
    names = [clean(name)[:_LONGEST] for name, _ in files]
    run.folder.write(_NAMES, json.dumps(names).encode())
    batch = Batch(run.folder, job)
    workers = 1 if sum(len(content) for _, content in files) < _HERE else None
    with executors.opened(workers, None) as (executor, at_once):
        batch.check(
            bounded(_items(files, catalogue), lambda: batch.size, most=MOST),
            executor,
            at_once=at_once,
            progress=lambda done: run.tell("已检查", done),
        )
    run.tell("正在比对")
    done = batch.compare()
    batch.finish()
    done.keep()
    done.close()


def _items(files: list[tuple[str, bytes]], catalogue: Catalogue) -> Iterator[Item]:
    for name, content in files:
        yield from items(io.BytesIO(content), name, catalogue)


def changes_since(now: Results, earlier: Run) -> list[changes.Change]:
    """What became of an earlier run's findings. Reckoned once: the answer is kept with the run."""
    name = f"changes/{earlier.id}"
    if not now.folder.exists(name):
        changes.write(now, earlier.folder, name)
    return list(changes.read(now.folder, name))
