"""A form that sums up many submissions, or the people of a register."""

import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from formsvc import config
from formsvc.cli import reporters
from formsvc.cli.shell import FINDINGS, form_named, on_day, stop, style, with_register
from formsvc.forms import REGISTER
from formsvc.storage import LocalFolder, folder

if TYPE_CHECKING:
    from formsvc.bulk.batch import Job
    from formsvc.bulk.results import Results


@click.command()
@click.argument("form")
@click.argument("sources", nargs=-1)
@click.option("-o", "--output", required=True, help="写到这个目录（或 fsspec 地址）。")
@click.option("--set", "texts", multiple=True, help="另填一栏，如 /year=2026；可多次给出。")
@click.option("--workers", type=click.IntRange(1, 256), help="用几个进程，默认每个处理器核心一个。")
@with_register
@on_day
def summary(
    form: str,
    sources: tuple[str, ...],
    output: str,
    texts: tuple[str, ...],
    workers: int | None,
    register: tuple[str, ...],
    on: date,
) -> None:
    """汇总：由 SOURCES 中的申报（或 --register 的名册）做成汇总表 FORM，一行一份，可接着填表。

    有错误的申报不汇总，并说明有几份。
    """
    from formsvc.bulk.batch import Job, loaded  # noqa: PLC0415  # checking one file needs none
    from formsvc.bulk.outputs import summaries  # noqa: PLC0415  # as above
    from formsvc.intake import registers  # noqa: PLC0415  # as above

    chosen, settings = form_named(form), config.from_environment()
    if chosen.summary is None:
        stop(f"《{chosen.title}》没有写明怎样由别的表汇总（form.toml 的 [summary]）。")
    if chosen.summary.of == REGISTER and (sources or not register):
        stop(f"《{chosen.title}》由人选名册汇总：请用 --register 给出名册，不要给出申报。")
    if chosen.summary.of != REGISTER and not sources:
        stop(f"请给出要汇总的申报（{form_named(chosen.summary.of).title}）。")
    catalogue = loaded(settings.shelves, settings.press)[0]
    more, left = summaries.given(chosen, texts), 0
    people = registers.load(register, catalogue.programmes.values())
    job = Job(on=on, shelves=settings.shelves, press=settings.press, keeps=True)
    made = []
    if chosen.summary.of == REGISTER and people:
        rows = summaries.of_register(people, chosen.summary)
        made = [
            *summaries.write(chosen, rows, more, folder(output), catalogue, on=on, register=people)
        ]
    else:
        job = replace(job, register=registers.packed(people))
        with _judged(sources, job, workers) as results:
            rows = summaries.of_results(results, chosen, chosen.summary)
            made = [
                *summaries.write(
                    chosen, rows, more, folder(output), catalogue, on=on, register=people
                )
            ]
            left = results.index.totals().submissions - sum(each.rows for each in made)
    for each in made:
        name = f"{each.name}（{each.rows} 行）"
        click.echo(reporters.as_text(name, chosen, each.report, on, style), err=True)
    if left:
        said = f"有 {left:,} 份没有汇总：有错误，或不是《{form_named(chosen.summary.of).title}》。"
        click.echo(style(said, "warning"), err=True)
    click.echo(f"共 {len(made)} 份，在 {output}。", err=True)
    sys.exit(FINDINGS if left or not all(each.report.ok for each in made) or not made else 0)


@contextmanager
def _judged(sources: tuple[str, ...], job: "Job", workers: int | None) -> "Iterator[Results]":
    """The sources, checked and compared as in any batch, in a folder that goes after."""
    from formsvc.bulk import executors  # noqa: PLC0415  # as above
    from formsvc.bulk.batch import Batch, loaded  # noqa: PLC0415  # as above
    from formsvc.cli.terminal import Meter  # noqa: PLC0415  # as above
    from formsvc.intake.sources import Sources  # noqa: PLC0415  # as above

    given = Sources(sources, loaded(job.shelves, job.press)[0])
    meter = Meter(sys.stderr, lambda: given.fraction)
    with LocalFolder(Path(tempfile.gettempdir())).scratch() as scratch:
        batch = Batch(LocalFolder(scratch / "batch"), job)
        try:
            with executors.opened(workers, None) as (executor, at_once):
                batch.check(given, executor, at_once=at_once, progress=meter)
        except BrokenExecutor:
            stop("有工作进程意外结束（多半是内存不足）；请减少 --workers 再试。")
        meter.clear()
        with closing(batch.compare()) as results:
            yield results
