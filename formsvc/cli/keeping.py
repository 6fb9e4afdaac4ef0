"""The store's own upkeep by hand: days of its history sealed, what is over erased."""

import click

from formsvc import config
from formsvc.cli.shell import stop, style
from formsvc.store import retention, sealing
from formsvc.store.store import Store


def _store() -> Store:
    settings = config.from_environment()
    if settings.data is None:
        stop("没有设 FORMSVC_DATA：本服务没有存放申报的地方。")
    return Store.open(settings)


@click.command("seal")
def seal() -> None:
    """给已经过去、有记录而还没有日封的每一天做日封；设了时间戳机构的，补盖时间戳。"""
    store = _store()
    count = sealing.seal_due(store)
    wanting = sealing.unstamped(store)
    click.echo(f"日封 {count} 天。")
    if wanting:
        click.echo(style(f"还有 {wanting} 天没有时间戳，下次再试。", "error"))


@click.command("key")
def key() -> None:
    """签发回执和日封的公钥（十六进制），可以公布。"""
    click.echo(_store().keys.public_key.hex())


@click.command("retention")
@click.option("--dry-run", is_flag=True, help="只列出，不通知也不删除。")
def retain(*, dry_run: bool) -> None:
    """通知、删除保存期满的申报；每天自动做一次。"""
    store = _store()
    if dry_run:
        with store.reading() as work:
            for each in retention.due(work):
                until = f"{each.erased_from} 起删除" if each.erased_from else "还没有通知"
                name = each.number or f"草稿 {each.id}"
                click.echo(f"{name}  {each.programme}  {each.ends} 期满，{until}")
        return
    told, erased = retention.sweep(store)
    click.echo(f"通知 {told} 份，删除 {erased} 份。")
