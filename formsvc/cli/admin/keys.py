"""The store's keys: which there are, a new one, the public half."""

import base64
import sys
from pathlib import Path
from typing import IO

import click

from formsvc.cli.admin.opened import opened
from formsvc.cli.shell import stop
from formsvc.store import rotation


@click.group()
def keys() -> None:
    """密钥：查看、更换、公钥。"""


@keys.command()
def show() -> None:
    """有哪些密钥（只显示名称），各加密了多少内容。"""
    with opened() as store:
        click.echo(f"密钥文件 {store.key_file.path}")
        for name, count in rotation.in_use(store).items():
            known = store.keys.sealing
            role = "现用" if name == store.keys.current else "旧" if name in known else "缺少！"
            click.echo(f"{name}  {role}  加密了 {count:,} 处内容")
    if len(known) > 1:
        click.echo("上次更换没有做完：请再运行 formsvc admin keys rotate。")


@keys.command()
@click.option("--keep", help="先把现在的密钥文件另存到这里：以前的备份要用它打开。")
def rotate(keep: str | None) -> None:
    """换一把新密钥，把全部内容重新加密；服务不必停，中断后再运行一次就接着做。"""
    with opened() as store:
        if keep:
            if Path(keep).exists():
                stop(f"{keep} 已经有了，不覆盖。")
            store.keys.save(Path(keep).resolve())
        done = rotation.rotate(store, lambda count: _progress(sys.stderr, count))
        click.echo(f"已换用密钥 {store.keys.current}，重新加密 {done:,} 处内容，旧密钥已删除。")
    click.echo("以前的备份只有旧密钥能打开：请把旧的密钥文件（--keep）与那些备份一同保管。")


@keys.command()
def public() -> None:
    """验证回执和日封签名的公钥（base64），可以公开。"""
    with opened() as store:
        click.echo(base64.b64encode(store.keys.public_key).decode())


def _progress(stream: IO[str], done: int) -> None:
    if stream.isatty():
        stream.write(f"\r已重新加密 {done:,} 处\x1b[K")
