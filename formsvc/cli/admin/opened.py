"""The store that the environment names, for one command."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import click
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from formsvc import config
from formsvc.cli.shell import stop
from formsvc.config import Settings
from formsvc.forms import Programme
from formsvc.store.store import Store

if TYPE_CHECKING:
    from sqlalchemy import Engine


def settings() -> Settings:
    """The settings of a store; ends with a word when there is none."""
    given = config.from_environment()
    if given.data is None:
        stop("没有设置数据目录：请用环境变量 FORMSVC_DATA 指明。")
    return given


@contextmanager
def database_faults() -> Iterator[None]:
    """A database out of reach or full ends the command with a line, never with a traceback."""
    try:
        yield
    except OperationalError as error:
        stop(f"数据库：{_first(error)}")
    except SQLAlchemyError as error:
        stop(f"数据库：{type(error).__name__}")


def _first(error: OperationalError) -> str:
    lines = str(error.orig).strip().splitlines()
    return lines[0] if lines else type(error).__name__


@contextmanager
def opened() -> Iterator[Store]:
    """The store, open for the command."""
    with database_faults():
        store = Store.open(settings())
        try:
            yield store
        finally:
            disposed(store.engine)


def disposed(engine: "Engine") -> None:
    """Close what a command opened."""
    engine.dispose()


def programme_named(store: Store, name: str) -> Programme:
    """A programme by id; ends with the known ones."""
    programmes = store.forms[0].programmes
    if name not in programmes:
        stop(f"没有“{name}”这项计划；有：{'、'.join(programmes)}。")
    return programmes[name]


def private(stream: IO[bytes]) -> None:
    """Only for its owner's eyes."""
    os.fchmod(stream.fileno(), 0o600)


programme_option = click.option("--programme", required=True, help="哪一项计划，如 jiangxi。")
