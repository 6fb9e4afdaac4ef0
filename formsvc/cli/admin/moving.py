"""A whole programme out of one installation and into another."""

from pathlib import Path

import click

from formsvc.cli.admin.opened import opened, programme_named
from formsvc.cli.shell import stop, style
from formsvc.store import arriving, leaving


@click.command()
@click.argument("programme")
@click.option("-o", "--output", required=True, help="写到这个文件夹（须是空的或没有）。")
@click.option("--documents", is_flag=True, help="连同每一版的 PDF。")
@click.option("--no-events", is_flag=True, help="不带每份申报的历史记录。")
def export(programme: str, output: str, documents: bool, no_events: bool) -> None:
    """导出 PROGRAMME 的全部申报（未加密的明文，只有本人可读）。"""
    target = Path(output).resolve()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        stop(f"{target} 里已经有东西，请换一个文件夹。")
    with opened() as store:
        known = programme_named(store, programme)
        made = leaving.export(store, known, target, documents=documents, history=not no_events)
    click.echo(f"已导出申报 {made['counts'][leaving.FILINGS]:,} 份，附件 {made['materials']:,} 个，"
               f"PDF {made['documents']:,} 份，在 {target}。")  # fmt: skip
    click.echo(style("内容没有加密，请妥善保管，用完删除。", "warning"))


@click.command("import")
@click.argument("folder")
def import_(folder: str) -> None:
    """导入别处导出的 FOLDER；已经导入过的不再导入。"""
    with opened() as store:
        done = arriving.arrive(store, Path(folder))
    click.echo(f"新导入 {done.added:,} 份，已有 {done.there:,} 份，编号重复而加前缀的"
               f" {done.renumbered:,} 份。")  # fmt: skip
