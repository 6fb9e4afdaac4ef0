"""A whole batch on the command line, from sources to everything that people get."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import date

from formsvc.bulk import changes, executors
from formsvc.bulk.batch import Batch, Job, loaded
from formsvc.bulk.earlier import read_keys, read_people
from formsvc.bulk.outputs import letters, packs, workbook
from formsvc.bulk.outputs.letters import LetterDetails
from formsvc.bulk.results import KEPT, Results
from formsvc.cli.reporters import Style
from formsvc.cli.terminal import Meter, summary
from formsvc.documents import Format, Press
from formsvc.errors import FormsvcError
from formsvc.forms import Shelf
from formsvc.intake import registers
from formsvc.intake.sources import Sources
from formsvc.storage import folder

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for. `output` is a folder or an fsspec address; `against` keys files,
    `register` lists of people."""

    sources: tuple[str, ...]
    output: str
    on: date
    shelves: tuple[Shelf, ...]
    formats: tuple[Format, ...]
    letters: tuple[Format, ...]
    details: LetterDetails
    press: Press
    workers: int | None
    scheduler: str | None
    against: tuple[str, ...]
    changes_since: str | None
    resume: bool
    register: tuple[str, ...] = ()

    def run(self, say: Say, style: Style) -> bool:
        """Do it all, saying what was found. True when there are errors.

        Raises OSError and ConfigError for what the operator has to mend.
        """
        began = time.monotonic()
        catalogue, _ = loaded(self.shelves, self.press)
        people = registers.load(self.register, catalogue.programmes.values())
        earlier = [read_keys(path) for path in self.against]
        sources = Sources(self.sources, catalogue)
        job = Job(
            on=self.on,
            shelves=self.shelves,
            formats=self.formats,
            press=self.press,
            secrets=(b"", *(secret for secret, _ in earlier)),
            people=read_people(folder(self.changes_since)) if self.changes_since else b"",
            keeps="pdf" in self.formats,
            register=registers.packed(people),
        )
        batch = Batch(folder(self.output), job, resume=self.resume)
        meter = Meter(sys.stderr, lambda: sources.fraction)
        try:
            with executors.opened(self.workers, self.scheduler) as (executor, at_once):
                batch.check(sources, executor, at_once=at_once, progress=meter)
        except BrokenExecutor:
            message = "有工作进程意外结束（多半是内存不足）；加 --resume 可接着做。"
            raise FormsvcError(message) from None
        meter.clear()
        with closing(batch.compare([rows for _, rows in earlier])) as results:
            self._write(results, say)
            batch.finish()
            batch.folder.remove(KEPT)
            say(summary(results, time.monotonic() - began, style))
            say(f"结果在 {self.output}。")
            return results.index.totals().errors > 0

    def _write(self, results: Results, say: Say) -> None:
        """What is made from the reports: letters, packs, changes, the workbook."""
        sent = letters.write(results, self.shelves, self.letters, self.press, self.details)
        if "pdf" in self.formats:
            packs.write(results, self.press)
        changed = None
        if self.changes_since:
            say(changes.spoken(changes.write(results, folder(self.changes_since))))
            changed = changes.read(results.folder)
        workbook.write(results, sent, changed)
