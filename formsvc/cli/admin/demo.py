"""A store to look around in."""

import secrets
import sys
from datetime import UTC, datetime
from typing import Final

import click
from flask_security import hash_password

from formsvc.cli.admin.opened import database_faults, disposed, settings
from formsvc.config import Settings
from formsvc.store import crowd
from formsvc.store import demo as demonstration
from formsvc.store.store import Store
from formsvc.web import create_app

_BEGINNING: Final = datetime(2023, 2, 1, 1, tzinfo=UTC)


@click.command()
@click.option("--filings", type=click.IntRange(1, 1_000_000), default=60, help="多少份申报。")
def demo(filings: int) -> None:
    """在空的数据库里放进演示用的机构、人员和各种状态的申报，供试用。"""
    clock = demonstration.MovedClock(_BEGINNING)
    password = secrets.token_urlsafe(9)
    with database_faults():
        hashed = _hashed(settings(), password)
        store = Store.open(settings(), clock)
        try:
            demonstration.fill(store, clock, hashed, filings, _progress)
            crowd.grow(store, filings, _progress)
        finally:
            disposed(store.engine)
    click.echo("已放好演示用的机构、人员和申报。所有人的口令相同，只显示这一次：")
    click.echo(f"  {password}")
    click.echo("系统管理员 admin@demo.example；其他人见“管理”中的机构和成员。")


def _hashed(given: Settings, password: str) -> str:
    """A password as accounts keep it."""
    app = create_app(given)
    with app.app_context():
        return str(hash_password(password))


def _progress(done: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r已放进 {done:,} 份\x1b[K")
