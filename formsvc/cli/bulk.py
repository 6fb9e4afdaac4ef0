"""Many submissions in one run."""

import sys
from datetime import date, datetime
from typing import Any

import click

from formsvc import config
from formsvc.cli.shell import FINDINGS, format_of, on_day, style, with_register
from formsvc.documents import Format


@click.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("-o", "--output", required=True, help="结果写到这个目录（或 fsspec 地址）。")
@click.option("--workers", type=click.IntRange(1, 256), help="用几个进程，默认每个处理器核心一个。")
@click.option("--scheduler", help="在 Dask 集群上运行，如 tcp://主机:8786。")
@click.option("--documents", "formats", help="为没有问题的申报填写文件：docx、pdf 或 docx,pdf。")
@click.option(
    "--letters", default="docx", show_default=True, help="退回通知的格式：docx、pdf 或 docx,pdf。"
)
@click.option("--letter-number", default="", help="退回通知的文号，如 赣人社函〔2026〕12号。")
@click.option(
    "--letter-due", type=click.DateTime(["%Y-%m-%d"]), help="请各单位在哪一天前重新报送。"
)
@click.option("--letter-contact", default="", help="退回通知上的联系人和电话。")
@click.option(
    "--against", multiple=True, help="与以往批次的 keys.jsonl（或其目录）比对；可多次给出。"
)
@click.option("--changes-since", help="与以往批次的目录相比：哪些已改正，哪些是新问题。")
@with_register
@click.option("--resume", is_flag=True, help="接着做被中断的批次。")
@on_day
def bulk(
    formats: str | None, letters: str, letter_number: str, letter_due: datetime | None,
    letter_contact: str, on: date, **options: Any,
) -> None:  # fmt: skip
    """批量检查 SOURCES（JSONL、JSON、文件夹、ZIP、XLSX、CSV；- 为标准输入）。

    结果：reports.jsonl、report.xlsx、各单位的退回通知，以及按单位分开的正式表格。
    """
    from formsvc.bulk.outputs.letters import LetterDetails  # noqa: PLC0415  # as below
    from formsvc.cli.order import Order  # noqa: PLC0415  # checking one file needs none of it

    settings = config.from_environment()
    order = Order(
        on=on,
        formats=_formats(formats or ""),
        letters=_formats(letters) or ("docx",),
        details=LetterDetails(letter_number, letter_contact, letter_due and letter_due.date(), on),
        shelves=settings.shelves,
        press=settings.press,
        **options,
    )
    faulty = order.run(lambda text: click.echo(text, err=True), style)
    sys.exit(FINDINGS if faulty else 0)


def _formats(names: str) -> tuple[Format, ...]:
    return tuple(format_of(f".{name.strip()}") for name in names.split(",") if name)
