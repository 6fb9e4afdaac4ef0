"""A programme's offices and people, from tables."""

import sys
from pathlib import Path

import click

from formsvc.cli.admin.opened import opened, programme_named, programme_option
from formsvc.cli.shell import FINDINGS, catalogue, source, stop, write
from formsvc.intake import registers
from formsvc.store import orgchart, rosters
from formsvc.store.errors import Invalid


@click.command()
@click.argument("file", required=False)
@programme_option
@click.option("--template", is_flag=True, help="写出空白的表，不导入。")
@click.option("-o", "--output", help="空白的表写到哪里（.xlsx）。")
def offices(file: str | None, programme: str, template: bool, output: str | None) -> None:
    """由 FILE（XLSX 或 CSV：机构名称、类别、上级机构、代码）导入机构；已有的不变。"""
    if template:
        if programme not in catalogue().programmes or not output:
            stop("请用 --programme 指明计划，用 -o 指明写到哪里。")
        write(output, orgchart.template(catalogue().programmes[programme]))
        return
    if file is None:
        stop("请给出机构表；空白的表用 --template -o 机构.xlsx 写出。")
    content = source(file)
    with opened() as store:
        known = programme_named(store, programme)
        try:
            with store.writing() as work:
                done = orgchart.load(work, known, content, Path(file).name)
        except Invalid as faults:
            click.echo(str(faults), err=True)
            sys.exit(FINDINGS)
    click.echo(f"新增 {done.added:,} 个，改了代码 {done.changed:,} 个，不变 {done.same:,} 个。")


@click.command()
@click.argument("programme")
@click.argument("files", nargs=-1, required=True)
def register(programme: str, files: tuple[str, ...]) -> None:
    """保存 PROGRAMME 的人选名册（XLSX 或 CSV，可多个），此后的提交据以核对。"""
    with opened() as store:
        known = programme_named(store, programme)
        people = registers.load(files, [known])
        if people is None or not people.people:
            stop("名册中没有人。")
        with store.writing() as work:
            kept = rosters.keep(work, known, people, "、".join(Path(each).name for each in files))
    click.echo(f"已保存名册：{kept.people:,} 人。")
