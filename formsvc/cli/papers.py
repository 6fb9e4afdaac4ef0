"""One submission, one paper: check, fill, blank, read, verify."""

import base64
import sys
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from formsvc import config, documents, submissions
from formsvc.catalogue import Checked, verify_papers
from formsvc.checks.register import Register
from formsvc.cli import reporters
from formsvc.cli.shell import (
    FINDINGS,
    catalogue,
    checked,
    form_named,
    format_of,
    on_day,
    read_from,
    source,
    stop,
    style,
    with_register,
    write,
)
from formsvc.delivery import blank as blank_form
from formsvc.delivery import fill as filled
from formsvc.documents.press import installed
from formsvc.writing.notation import today

if TYPE_CHECKING:
    from formsvc.documents.proof.differences import Difference

_PAPERS = (".docx", ".pdf", ".png", ".jpg", ".jpeg", ".json")
_KEY_BYTES = 32
_OUTPUTS = ("text", "json", "csv", "xlsx")


@click.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--output", type=click.Choice(_OUTPUTS), default="text", help="输出格式。")
@with_register
@on_day
def check(files: tuple[str, ...], output: str, on: date, register: tuple[str, ...]) -> None:
    """检查 FILES（JSON；- 为标准输入），列出全部问题、依据和改法。"""
    people = _people(register) if register else None
    found = {name: checked(name, on, people) for name in files}
    reports = {name: each.report for name, each in found.items()}
    if output == "json":
        click.echo(reporters.as_json(reports))
    elif output in ("csv", "xlsx"):
        _table(found, output, on)
    else:
        texts = (
            reporters.as_text(name, each.form, each.report, on, style)
            for name, each in found.items()
        )
        click.echo("\n\n".join(texts))
    sys.exit(0 if all(report.ok for report in reports.values()) else FINDINGS)


def _people(files: tuple[str, ...]) -> Register | None:
    from formsvc.intake import registers  # noqa: PLC0415  # most checks have no list

    return registers.load(files, catalogue().programmes.values())


def _table(found: dict[str, Checked], output: str, on: date) -> None:
    from formsvc.bulk.lines import Line  # noqa: PLC0415  # a text needs no workbook
    from formsvc.bulk.outputs import workbook  # noqa: PLC0415  # as above
    from formsvc.bulk.titles import Titles  # noqa: PLC0415  # as above

    lines = [Line.of(number, *each) for number, each in enumerate(found.items(), 1)]
    titles = Titles(catalogue(), on)
    if output == "csv":
        click.echo("\ufeff" + workbook.as_csv(lines, titles), nl=False)
    else:
        sys.stdout.buffer.write(workbook.of_lines(lines, titles))


@click.command()
@click.argument("file")
@click.option("-o", "--output", required=True, help="写到哪里：以 .docx 或 .pdf 结尾的文件名。")
@click.option("--draft", is_flag=True, help="有问题也填，每页标“草稿”。")
@click.option("--copies", type=click.IntRange(1, 20), default=1, help="PDF 打印几份。")
@click.option("--signature-fields", is_flag=True, help="PDF 中留出电子签章的位置。")
@on_day
def fill(
    file: str, output: str, draft: bool, copies: int, signature_fields: bool, on: date
) -> None:
    """用 FILE 的内容填写正式表格；有问题时不填，除非加 --draft。"""
    if copies > 1 and format_of(output) != "pdf":
        stop("--copies 只用于 PDF；Word 文件请在打印时选择份数。")
    found = checked(file, on)
    if found.form:
        verify_papers(found.form)
    delivery = filled(
        found,
        format_of(output),
        draft=draft,
        copies=copies,
        press=config.from_environment().press,
        signature_fields=signature_fields,
    )
    if delivery.document is None or delivery.report.findings:
        click.echo(reporters.as_text(file, found.form, delivery.report, on, style), err=True)
    if delivery.document is None:
        sys.exit(FINDINGS)
    write(output, delivery.document)


@click.command()
@click.argument("form")
@click.option("-o", "--output", required=True, help="写到哪里：.docx、.pdf，或 .xlsx（一行一份）。")
def blank(form: str, output: str) -> None:
    """空白的正式表格 FORM，可打印或线下填写。"""
    if output.lower().endswith(".xlsx"):
        from formsvc.intake import sheets  # noqa: PLC0415  # a paper needs no sheet

        write(output, sheets.write(form_named(form), today()))
    else:
        chosen, format = form_named(form), format_of(output)
        verify_papers(chosen)
        press = config.from_environment().press
        for remark in documents.blank_remarks(chosen, format, press):
            click.echo(remark, err=True)
        write(output, blank_form(chosen, format, today(), press=press))


@click.command()
@click.argument("file")
@click.option("-o", "--output", help="写到哪里，默认标准输出。")
def read(file: str, output: str | None) -> None:
    """取出 FILE（本服务生成的 DOCX 或 PDF）中的申报数据。

    纸面与所带数据不同的栏目逐一列出，取出的是所带的数据，退出码为 1。
    """
    found = read_from(file)
    refused = submissions.parse(found.raw)
    if refused.data is None and refused.findings:
        click.echo("\n".join(finding.message for finding in refused.findings), err=True)
        sys.exit(FINDINGS)
    if output:
        write(output, found.raw)
    else:
        click.echo(found.raw)
    for each in found.differences:
        _both(each, err=True)
    said = [each.finding() for each in found.differences]
    for finding in found.findings:
        if finding not in said:
            click.echo(style(finding.message, finding.severity.value), err=True)
    sys.exit(0 if found.is_sure else FINDINGS)


def _both(each: "Difference", *, err: bool = False) -> None:
    """A field with what the paper shows and what it carries."""
    click.echo(style(f"{each.label}  {each.pointer}", "error"), err=err)
    click.echo(f"    纸面：{each.shown or '（空白）'}", err=err)
    click.echo(f"    数据：{each.carried or '（空白）'}", err=err)


@click.command()
@click.argument("paper")
@click.option("--key", metavar="FILE", help="签发回执的公钥（32 字节、base64 或十六进制）。")
def verify(paper: str, key: str | None) -> None:
    """核对 PAPER：文件名（Word、PDF、打印包、扫描件、回执），或纸上印的校验码。"""
    from formsvc.documents.proof import verification  # noqa: PLC0415  # only this opens papers

    press = config.from_environment().press
    if Path(paper).suffix.lower() in _PAPERS and not Path(paper).exists():
        stop(f"没有这个文件：{paper}")
    if paper == "-" or Path(paper).exists():
        issuers = (_public_key(key),) if key else ()
        verdict = verification.verify(source(paper), catalogue().editions(), press, issuers)
    else:
        verdict = verification.verify_code(paper, catalogue().editions(), press)
    click.echo(style(verdict.message, "ok" if verdict.is_good else "error"))
    for each in verdict.differences:
        _both(each)
    sys.exit(0 if verdict.is_good else FINDINGS)


def _public_key(name: str) -> bytes:
    """A raw key of 32 bytes, from a file in any of three spellings."""
    if not Path(name).is_file():
        stop(f"没有这个文件：{name}")
    raw = Path(name).read_bytes()
    found = [raw]
    for read in (lambda text: bytes.fromhex(text.decode()), base64.b64decode):
        with suppress(ValueError):
            found.append(read(raw))
    for key in found:
        if len(key) == _KEY_BYTES:
            return key
    raise click.ClickException(f"{name}：不是 {_KEY_BYTES} 字节的公钥。")


@click.command()
def fonts() -> None:
    """各类字体用的是哪一款，缺多少常用字，以及字体文件夹中有什么问题。"""
    own = installed(config.from_environment().press.fonts)
    for role, family, lacks in own.report():
        lack = f"，缺 {lacks} 个常用字，由其他字体补上" if lacks else ""
        click.echo(f"{role}  {family}{lack}")
    for remark in own.remarks:
        click.echo(style(f"注意：{remark}", "warning"))
