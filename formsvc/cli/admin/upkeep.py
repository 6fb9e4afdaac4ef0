"""What the service does by itself each day, by hand; and the way in for its first administrator."""

import click

from formsvc.cli.admin.opened import opened
from formsvc.store import people
from formsvc.store import retention as kept


@click.command()
@click.option("--dry-run", is_flag=True, help="只列出，不通知也不删除。")
def retention(*, dry_run: bool) -> None:
    """通知、删除保存期满的申报；服务每天自动做一次。"""
    with opened() as store:
        if not dry_run:
            told, erased = kept.sweep(store)
            click.echo(f"通知 {told} 份，删除 {erased} 份。")
            return
        with store.reading() as work:
            for each in kept.due(work):
                until = f"{each.erased_from} 起删除" if each.erased_from else "还没有通知"
                name = each.number or f"草稿 {each.id}"
                click.echo(f"{name}  {each.programme}  {each.ends} 期满，{until}")


@click.command()
@click.option("--base", metavar="URL", help="浏览器打开本服务的网址；默认按 FORMSVC_ADDRESS。")
def link(base: str | None) -> None:
    """打印一个新的链接，24 小时内打开，可建立一位系统管理员（只能用一次；旧的作废）。"""
    with opened() as store:
        settings = store.settings
        address = base or settings.address or f"http://{settings.host}:{settings.port}"
        with store.writing() as work:
            click.echo(people.first_link(work, address))
