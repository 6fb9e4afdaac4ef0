"""Whose verdict would change if policy values were other ones."""

import sys
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from formsvc import config
from formsvc.cli.shell import FINDINGS, on_day, stop, style, with_register

if TYPE_CHECKING:
    from formsvc.bulk.replay import Replay, ReplayCounts
    from formsvc.bulk.titles import Titles

_OUTPUTS = ("text", "json", "xlsx")


@click.command()
@click.argument("sources", nargs=-1, required=True)
@click.option(
    "--values", required=True, help="试用的数额（TOML）：[[value]] 写明 id、since、value。"
)
@click.option("--output", type=click.Choice(_OUTPUTS), default="text", help="输出格式。")
@click.option("--workers", type=click.IntRange(1, 256), help="用几个进程，默认每个处理器核心一个。")
@click.option("--scheduler", help="在 Dask 集群上运行，如 tcp://主机:8786。")
@with_register
@on_day
def replay(
    sources: tuple[str, ...],
    values: str,
    output: str,
    workers: int | None,
    scheduler: str | None,
    register: tuple[str, ...],
    on: date,
) -> None:
    """试算：换用 VALUES 中的数额，SOURCES 里哪些申报的结论会变，因哪条规则，限值从多少到多少。

    没有变化时退出码为 0，有变化为 1。
    """
    from formsvc.bulk.batch import Job, loaded  # noqa: PLC0415  # checking one file needs none
    from formsvc.bulk.outputs import replays  # noqa: PLC0415  # as above
    from formsvc.bulk.replay import replayed  # noqa: PLC0415  # as above
    from formsvc.bulk.titles import Titles  # noqa: PLC0415  # as above
    from formsvc.cli.terminal import Meter  # noqa: PLC0415  # as above
    from formsvc.intake import registers  # noqa: PLC0415  # as above
    from formsvc.intake.sources import Sources  # noqa: PLC0415  # as above

    settings = config.from_environment()
    catalogue = loaded(settings.shelves, settings.press)[0]
    people = registers.packed(registers.load(register, catalogue.programmes.values()))
    job = Job(on=on, shelves=settings.shelves, press=settings.press, register=people)
    given = Sources(sources, catalogue)
    meter = Meter(sys.stderr, lambda: given.fraction)
    try:
        with replayed(
            given, job, Path(values), workers=workers, scheduler=scheduler, progress=meter
        ) as result:
            meter.clear()
            tally, titles = result.tally(), Titles(catalogue, on)
            if output == "json":
                replays.write_json(result, tally, sys.stdout)
            elif output == "xlsx":
                stream = sys.stdout.buffer
                replays.write_workbook(result, tally, titles, stream, on)
            else:
                for line in _told(result, tally, titles):
                    click.echo(line)
    except BrokenExecutor:
        stop("有工作进程意外结束（多半是内存不足）；请减少 --workers 再试。")
    sys.exit(FINDINGS if tally.turned or tally.touched else 0)


def _told(result: "Replay", tally: "ReplayCounts", titles: "Titles") -> Iterator[str]:
    from formsvc.bulk.outputs.replays import KINDS, UNITS  # noqa: PLC0415  # as above
    from formsvc.bulk.replay import VERDICTS  # noqa: PLC0415  # as above
    from formsvc.cli.terminal import table  # noqa: PLC0415  # as above

    yield f"共 {tally.submissions:,} 份：{tally.turned:,} 份的结论会变，" + (
        f"另有 {tally.touched:,} 份只有某条规则的结果会变。"
    )
    if tally.rules:
        names = titles.rules(tally.forms, [rule for rule, *_ in tally.rules])
        rows = [
            (names[rule], f"{before or '—'} → {after or '—'}", *(counts[kind] for kind in KINDS))
            for (rule, before, after), counts in tally.rules.items()
        ]
        yield ""
        yield from table(("规则", "限值", *KINDS.values()), rows, style)
        units = [(unit, *(counts[kind] for kind in UNITS)) for unit, counts in tally.units.items()]
        yield ""
        yield from table(("单位", *UNITS.values()), units, style)
    for each in result.replayed():
        verdicts = f"{VERDICTS[each.before]} → {VERDICTS[each.after]}"
        who = "  ".join(filter(None, (each.line.source, each.line.unit, each.line.person)))
        yield ""
        yield f"{style(who, 'heading')}  {style(verdicts, 'error' if each.turned else 'faint')}"
        for shift in each.shifts:
            limits = f"{shift.before or '—'} → {shift.after or '—'}"
            rule = titles.rule(each.line.report.form, shift.rule)
            yield f"  {KINDS[shift.kind]}：{shift.label}，{limits}  {style(rule, 'faint')}"
            yield style(f"      {'改后：' if shift.broken else '原来：'}{shift.message}", "faint")
