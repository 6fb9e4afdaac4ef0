"""What all commands share: the group, its exit codes, the forms, the day, files in and out.

Exit codes: 0 clean, 1 findings, 2 could not run.
"""

import sqlite3
import sys
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, Never, get_args

import click

from formsvc import config
from formsvc.catalogue import Catalogue, Checked, load_forms
from formsvc.checks.register import Register
from formsvc.documents import Format
from formsvc.errors import FormsvcError
from formsvc.forms import Form
from formsvc.intake import reading
from formsvc.intake.reading import Reading
from formsvc.storage import LocalFolder, is_full
from formsvc.writing.notation import today

FINDINGS: Final = 1
COULD_NOT_RUN: Final = 2
_COLOURS: dict[str, dict[str, Any]] = {
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow"},
    "note": {"fg": "blue"},
    "ok": {"fg": "green"},
    "heading": {"bold": True},
    "faint": {"dim": True},
}


class Commands(click.Group):
    """Faults of operators and authors end with one line and exit code 2, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except FormsvcError as error:
            stop(str(error))
        except OSError as error:
            stop(f"{error.filename or '文件'}：{_fault(error)}")
        except sqlite3.Error as error:
            stop(_FULL if is_full(error) else f"临时数据库：{error}")
        except KeyboardInterrupt:
            stop("已中断。批量审核加 --resume 可接着做。")


_FULL: Final = "没有空间可写，磁盘满了。"


def _fault(error: OSError) -> str:
    if is_full(error):
        return _FULL
    match error:
        case FileNotFoundError():
            return "没有这个文件或文件夹。"
        case IsADirectoryError():
            return "这是文件夹；检查整个文件夹请用 formsvc bulk。"
        case PermissionError():
            return "没有读写的权限。"
    return str(error.strerror or error)


def stop(message: str) -> Never:
    """End with one line, exit code 2."""
    click.echo(message, err=True)
    sys.exit(COULD_NOT_RUN)


def style(text: str, role: str) -> str:
    """A text in the look of its role."""
    return click.style(text, **_COLOURS[role])


@cache
def catalogue() -> Catalogue:
    """The forms that the environment asks for; each is compiled when it is wanted."""
    settings = config.from_environment()
    return load_forms(*settings.shelves, press=settings.press, whole=False)


def form_named(name: str) -> Form:
    """The form of this name, in its newest edition."""
    form = catalogue().get(name)
    return form or stop(f"没有“{name}”这种表，现有：{'、'.join(catalogue())}。")


# The option --on, a date.
on_day = click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    callback=lambda _context, _option, on: on.date() if on else today(),
    help="按哪一天检查，默认今天。",
)


# The option --register, files.
with_register = click.option(
    "--register", multiple=True, help="人选名册（XLSX 或 CSV），据以核对人选；可多次给出。"
)


def source(name: str) -> bytes:
    """The bytes of a file; `-` is standard input."""
    with click.open_file(name, "rb") as stream:
        content: bytes = stream.read()
    return content


def read_from(name: str) -> Reading:
    """What was read from a file of any kind."""
    return reading.read(source(name), catalogue())


def checked(name: str, on: date, register: Register | None = None) -> Checked:
    """A file of any kind, read and checked."""
    return reading.check(read_from(name), catalogue(), on=on, register=register)


def format_of(output: str) -> Format:
    """The format that a file name ends in."""
    for format in get_args(Format):
        if output.lower().endswith(f".{format}"):
            return format  # type: ignore[no-any-return]  # one of the literals
    endings = "、".join(f".{format}" for format in get_args(Format))
    stop(f"文件名“{output}”应以 {endings} 结尾。")


def write(output: str, content: bytes) -> None:
    """Write a file, whole or not at all, and say so."""
    target = Path(output).resolve()
    if target.is_file() or (not target.exists() and target.parent.is_dir()):
        with LocalFolder(target.parent).create(target.name) as stream:
            stream.write(content)
    else:  # a device, or what says itself what is wrong
        target.write_bytes(content)
    click.echo(f"已写出 {output}（{len(content):,} 字节）。", err=True)
