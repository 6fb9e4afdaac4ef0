"""Whether the store is what its history says."""

import sys
import time
from itertools import chain, islice
from pathlib import Path
from typing import Final

import click

from formsvc.cli.admin.opened import opened
from formsvc.cli.shell import FINDINGS, stop, style
from formsvc.errors import UnreadableDocument
from formsvc.store import database, receipts, sealing
from formsvc.store.audit import Audit, accept_loss
from formsvc.store.events import Head
from formsvc.store.stamping import Authority

_SHOWN: Final = 200


@click.group()
def audit() -> None:
    """核对历史记录。"""


@audit.command()
@click.option("--receipt", "given", multiple=True, help="再与提交时的回执（PDF、JSON）核对。")
@click.option("--no-files", is_flag=True, help="不逐个读附件的内容，只看在不在。")
def verify(given: tuple[str, ...], no_files: bool) -> None:
    """核对全部：历史记录的链、内容、意见、附件，申报、机构和人员的现状。有问题时退出码为 1。"""
    with opened() as store, database.snapshot(store.engine) as session:
        began = time.monotonic()
        authority = Authority.of(store.settings)
        found = Audit(session, store.keys, store.files, store.data, authority, not no_files)
        held = [_receipt(name) for name in given]
        faults = chain(found.faults(), *(found.holds(at, digest) for at, digest in held))
        shown = [*islice(faults, _SHOWN)]
        rest = sum(1 for _ in faults)
        click.echo(
            f"历史记录 {found.events:,} 条，申报 {found.filings:,} 份，版本 {found.versions:,} 个，"
            f"意见 {found.opinions:,} 条，附件 {found.materials:,} 个；"
            f"用时 {time.monotonic() - began:.1f} 秒。"
        )
    for number, fault in enumerate(shown, 1):
        click.echo(style(f"{number}. {fault.said}", "error"))
        if number == len(shown) or shown[number].remedy != fault.remedy:
            click.echo(f"   {fault.remedy}")
    if rest:
        click.echo(f"另有 {rest:,} 处。")
    if shown:
        click.echo(style(f"共 {len(shown) + rest:,} 处问题。", "error"))
        sys.exit(FINDINGS)
    click.echo(style("没有发现问题。", "ok"))


@audit.command("accept-loss")
def accept() -> None:
    """换回旧的数据库后，接受其后的办理已丢失，并在历史记录中写明。"""
    with opened() as store:
        lost = accept_loss(store)
    if lost is None:
        click.echo("没有丢失：数据目录记得的，历史记录中都有。")
    else:
        click.echo(f"已写明：数据目录记得共有 {lost.count:,} 条，其中缺少的已丢失。")


@audit.command()
def seal() -> None:
    """给已经过去、有记录而还没有日封的每一天做日封；设了时间戳机构的，补盖时间戳。"""
    with opened() as store:
        count, wanting = sealing.seal_due(store), sealing.unstamped(store)
    click.echo(f"日封 {count} 天。")
    if wanting:
        click.echo(style(f"还有 {wanting} 天没有时间戳，下次再试。", "error"))


def _receipt(name: str) -> tuple[Head, str]:
    """The end of the history, and the version's digest, that a receipt names."""
    try:
        given = receipts.opened(Path(name).read_bytes())
    except OSError as error:
        stop(f"{name}：{error.strerror}")
    except UnreadableDocument as unreadable:
        stop(f"{name}：{unreadable}")
    return Head(given.count, given.head), str(given.plain["digest"])
