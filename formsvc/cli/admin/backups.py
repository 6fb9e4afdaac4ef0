"""A backup while serving, and its way back."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from formsvc.cli.admin.opened import database_faults, opened, settings
from formsvc.cli.shell import FINDINGS, stop, style
from formsvc.store import backup as backing
from formsvc.store import restoring


@click.command()
@click.argument("target")
@click.option("--with-keys", is_flag=True, help="连同密钥文件；这样的备份谁拿到都能打开。")
def backup(target: str, with_keys: bool) -> None:
    """备份整个数据库和附件到 TARGET（文件，或放备份的文件夹）；服务不必停。"""
    path = Path(target).resolve()
    if path.is_dir():
        path /= f"formsvc-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.zip"
    if path.exists():
        stop(f"{path} 已经有了，不覆盖。")
    with opened() as store:
        made = backing.write(store, path, with_keys=with_keys)
    click.echo(f"已备份到 {path}（{path.stat().st_size:,} 字节）。")
    click.echo(f"历史记录 {made.head.count:,} 条，申报 {made.rows.get('filing', 0):,} 份。")
    if with_keys:
        click.echo(style("备份中有密钥：请像密钥文件一样保管。", "warning"))
    else:
        click.echo("备份中没有密钥：请另存一份密钥文件，没有它备份打不开。")
    for name in made.missing:
        click.echo(style(f"附件 {name} 的文件不在，没有备份。", "error"), err=True)
    sys.exit(FINDINGS if made.missing else 0)


@click.command()
@click.argument("file")
@click.option("--accept-loss", is_flag=True, help="备份比数据目录记得的旧：接受其后的办理丢失。")
def restore(file: str, accept_loss: bool) -> None:
    """把备份 FILE 恢复到空的数据库（SQLite 或 PostgreSQL 均可）。"""
    with database_faults():
        done = restoring.restore(
            Path(file), settings(), lambda: datetime.now(UTC), accept_loss=accept_loss
        )
    made = done.manifest
    click.echo(f"已恢复 {made.at} 的备份：历史记录 {made.head.count:,} 条，"
               f"申报 {made.rows.get('filing', 0):,} 份。")  # fmt: skip
    if done.lost:
        count = done.lost.count - made.head.count
        click.echo(style(f"其后的 {count:,} 条记录已丢失，历史记录中写明。", "warning"))
    click.echo("请再运行 formsvc admin audit verify 核对。")
