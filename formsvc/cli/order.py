"""A whole batch on the command line, from sources to everything that people get."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import date

from formsvc.bulk import changes, executors
from formsvc.bulk.batch import Batch, Job, loaded, read_keys
from formsvc.bulk.outputs import letters, packs, workbook
from formsvc.bulk.results import KEPT, Results
from formsvc.cli.terminal import Meter, Style, summary
from formsvc.documents import HOUSE, Format, Press
from formsvc.errors import FormsvcError
from formsvc.forms import Shelf
from formsvc.intake.sources import Sources
from formsvc.storage import folder

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for. `output` is a folder or an fsspec address; `against` keys files."""

    sources: tuple[str, ...]
    output: str
    on: date
    shelves: tuple[Shelf, ...] = ()
    formats: tuple[Format, ...] = ()
    press: Press = HOUSE
    workers: int | None = None
    scheduler: str | None = None
    against: tuple[str, ...] = ()
    changes_since: str | None = None
    resume: bool = False


def run(order: Order, say: Say, style: Style) -> bool:
    """Do it all, saying what was found. True when there are errors.

    Raises OSError and ConfigError for what the operator has to mend.
    """
    began = time.monotonic()
    catalogue, _ = loaded(order.shelves, order.press)
    earlier = [read_keys(path) for path in order.against]
    sources = Sources(order.sources, catalogue)
    job = Job(
        on=order.on,
        shelves=order.shelves,
        formats=order.formats,
        press=order.press,
        secrets=(b"", *(secret for secret, _ in earlier)),
        keeps="pdf" in order.formats,
    )
    batch = Batch(folder(order.output), job, resume=order.resume)
    meter = Meter(sys.stderr, lambda: sources.fraction)
    try:
        with executors.opened(order.workers, order.scheduler) as (executor, at_once):
            batch.check(sources, executor, at_once=at_once, progress=meter)
    except BrokenExecutor:
        raise FormsvcError("有工作进程意外结束（多半是内存不足）；加 --resume 可接着做。") from None
    meter.clear()
    with closing(batch.compare([rows for _, rows in earlier])) as results:
        _write(order, results, say)
        batch.finish()
        batch.folder.remove(KEPT)
        say(summary(results, time.monotonic() - began, style))
        say(f"结果在 {order.output}。")
        return results.index.totals().errors > 0


def _write(order: Order, results: Results, say: Say) -> None:
    """What is made from the reports: letters, packs, changes, the workbook."""
    sent = letters.write(results, order.shelves)
    if "pdf" in order.formats:
        packs.write(results, order.press)
    changed = None
    if order.changes_since:
        say(changes.spoken(changes.write(results, folder(order.changes_since))))
        changed = changes.read(results.folder)
    workbook.write(results, sent, changed)
