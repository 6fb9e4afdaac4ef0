"""A whole batch, from sources to everything that reviewers and employers get."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from formsvc.bulk import changes, executors
from formsvc.bulk.batch import Job, Run, loaded, read_keys
from formsvc.bulk.index import Ledger
from formsvc.bulk.outputs import letters, packs
from formsvc.bulk.outputs import workbook as workbooks
from formsvc.catalogue import Catalogue
from formsvc.cli.terminal import Meter, Style, summary
from formsvc.documents import HOUSE, Format, Press
from formsvc.errors import FormsvcError
from formsvc.intake.sources import Sources
from formsvc.storage import folder

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for. `output` is a folder or an fsspec address; `against` keys files."""

    sources: tuple[str, ...]
    output: str
    on: date
    schemas: Path | None = None
    templates: Path | None = None
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
    catalogue, _ = loaded(order.schemas, order.templates)
    earlier = [read_keys(path) for path in order.against]
    sources = Sources(order.sources, catalogue)
    job = Job(
        on=order.on,
        schemas=order.schemas,
        templates=order.templates,
        formats=order.formats,
        press=order.press,
        secrets=(b"", *(secret for secret, _ in earlier)),
    )
    batch = Run(folder(order.output), job, resume=order.resume)
    meter = Meter(sys.stderr, lambda: sources.fraction)
    try:
        with executors.opened(order.workers, order.scheduler) as (executor, at_once):
            batch.check(sources, executor, at_once=at_once, progress=meter)
    except BrokenExecutor:
        raise FormsvcError("有工作进程意外结束（多半是内存不足）；加 --resume 可接着做。") from None
    meter.clear()
    batch.compare([rows for _, rows in earlier])
    with closing(Ledger(batch.folder)) as ledger:
        _write(order, batch, ledger, catalogue, say)
        batch.finish()
        say(summary(ledger, catalogue, time.monotonic() - began, style))
        say(f"结果在 {order.output}。")
        return ledger.totals().errors > 0


def _write(order: Order, batch: Run, ledger: Ledger, catalogue: Catalogue, say: Say) -> None:
    """What is made from the reports: letters, packs, changes, the workbook."""
    sent = letters.write(batch.folder, ledger, catalogue, order.templates, order.on)
    if "pdf" in order.formats:
        packs.write(batch.folder, ledger, catalogue, order.press)
    changed = None
    if order.changes_since:
        counts = changes.write(batch.folder, folder(order.changes_since), ledger)
        changed = changes.rows(batch.folder, catalogue)
        say(changes.spoken(counts))
    workbooks.write(batch.folder, ledger, catalogue, order.on, sent, changed)
