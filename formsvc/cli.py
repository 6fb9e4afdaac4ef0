"""The command line: every verb of formsvc for people and scripts.

Exit codes: 0 clean, 1 findings, 2 could not run.
"""

import sys
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Never, get_args

import click

from formsvc import config, documents, reading, reporters, submissions, tables, workbooks
from formsvc.catalogue import Catalogue, data_folder, load_forms, read_forms, verify_samples
from formsvc.delivery import deliver
from formsvc.documents import Format, authoring
from formsvc.documents.press import installed
from formsvc.documents.proof import Status
from formsvc.errors import FormsvcError
from formsvc.forms import Form
from formsvc.notation import today

FINDINGS = 1
COULD_NOT_RUN = 2
_OUTPUTS = ("text", "json", "csv", "xlsx")
_COLOURS: dict[str, dict[str, Any]] = {
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow"},
    "ok": {"fg": "green"},
    "heading": {"bold": True},
    "faint": {"dim": True},
}


class _Commands(click.Group):
    """Faults of operators and authors end with one line and exit code 2, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except FormsvcError as error:
            _stop(str(error))
        except OSError as error:
            _stop(f"{error.filename or '文件'}：{_fault(error)}")
        except KeyboardInterrupt:
            _stop("已中断。批量审核加 --resume 可接着做。")


def _fault(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "没有这个文件或文件夹。"
        case IsADirectoryError():
            return "这是文件夹；检查整个文件夹请用 formsvc bulk。"
        case PermissionError():
            return "没有读写的权限。"
    return str(error.strerror or error)


def _stop(message: str) -> Never:
    click.echo(message, err=True)
    sys.exit(COULD_NOT_RUN)


def _style(text: str, role: str) -> str:
    return click.style(text, **_COLOURS[role])


@cache
def _catalogue() -> Catalogue:
    settings = config.from_environment()
    return load_forms(settings.schemas, settings.templates)


def _form(name: str) -> Form:
    form = _catalogue().get(name)
    return form or _stop(f"没有“{name}”这种表，现有：{'、'.join(_catalogue())}。")


def _on(command: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--on",
        type=click.DateTime(["%Y-%m-%d"]),
        help="按哪一天检查，默认今天。",
    )(command)


def _day(on: datetime | None) -> date:
    return on.date() if on else today()


def _source(name: str) -> bytes:
    with click.open_file(name, "rb") as stream:
        content: bytes = stream.read()
    return content


def _submission(name: str) -> bytes:
    return reading.submission_in(_source(name), _catalogue())


@click.group(cls=_Commands)
@click.version_option(package_name="formsvc")
def main() -> None:
    """检查人才项目申报表，填写正式表格。"""


@main.command()
@click.argument("form", required=False)
def forms(form: str | None) -> None:
    """列出各种表；给出 FORM 时列出它的栏目、限制和规则。"""
    if form is None:
        for each in _catalogue().values():
            click.echo(f"{_style(each.id, 'heading')}  {each.title}（{each.programme}）")
        return
    chosen = _form(form)
    click.echo(_style(f"{chosen.title}  {chosen.programme}  版本 {chosen.edition}", "heading"))
    for section in chosen.sections:
        click.echo("\n" + _style(section.title, "heading"))
        for field in section.fields:
            needed = "必填" if field.required else "选填"
            click.echo(f"  {field.label}  {_style(f'{field.pointer}  {needed}', 'faint')}")
            if field.hint:
                click.echo(_style(f"      {field.hint}", "faint"))
    click.echo("\n" + _style("规则", "heading"))
    for rule in chosen.rules:
        mark = _style("错误" if rule.severity == "error" else "提醒", rule.severity.value)
        click.echo(f"  {mark} {rule.id}")
        for cited in rule.citations:
            source = f"《{cited.regulation}》{cited.article}：{cited.summary}"
            click.echo(_style(f"      {source}", "faint"))


@main.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--output", type=click.Choice(_OUTPUTS), default="text", help="输出格式。")
@_on
def check(files: tuple[str, ...], output: str, on: datetime | None) -> None:
    """检查 FILES（JSON；- 为标准输入），列出全部问题、依据和改法。"""
    catalogue = _catalogue()
    checked = {name: catalogue.check(_submission(name), on=_day(on)) for name in files}
    reports = {name: report for name, (_, report) in checked.items()}
    if output == "json":
        click.echo(reporters.as_json(reports))
    elif output == "csv":
        click.echo("\ufeff" + workbooks.as_csv(checked, catalogue), nl=False)
    elif output == "xlsx":
        sys.stdout.buffer.write(workbooks.of_reports(checked, catalogue))
    else:
        texts = (
            reporters.as_text(name, catalogue.get(report.form), report, _style)
            for name, report in reports.items()
        )
        click.echo("\n\n".join(texts))
    sys.exit(0 if all(report.ok for report in reports.values()) else FINDINGS)


@main.command()
@click.argument("file")
@click.option("-o", "--output", required=True, help="写到哪里：以 .docx 或 .pdf 结尾的文件名。")
@click.option("--draft", is_flag=True, help="有问题也填，每页标“草稿”。")
@click.option("--copies", type=click.IntRange(1, 20), default=1, help="PDF 打印几份。")
@click.option("--signature-fields", is_flag=True, help="PDF 中留出电子签章的位置。")
@_on
def fill(
    file: str, output: str, draft: bool, copies: int, signature_fields: bool, on: datetime | None
) -> None:
    """用 FILE 的内容填写正式表格；有问题时不填，除非加 --draft。"""
    if copies > 1 and _format(output) != "pdf":
        _stop("--copies 只用于 PDF；Word 文件请在打印时选择份数。")
    delivery = deliver(
        _catalogue(),
        _submission(file),
        _format(output),
        on=_day(on),
        draft=draft,
        copies=copies,
        press=config.from_environment().press,
        signature_fields=signature_fields,
    )
    if delivery.document is None or delivery.report.findings:
        form = _catalogue().get(delivery.report.form)
        click.echo(reporters.as_text(file, form, delivery.report, _style), err=True)
    if delivery.document is None:
        sys.exit(FINDINGS)
    _write(output, delivery.document)


@main.command()
@click.argument("form")
@click.option("-o", "--output", required=True, help="写到哪里：.docx、.pdf，或 .xlsx（一行一份）。")
def blank(form: str, output: str) -> None:
    """空白的正式表格 FORM，可打印或线下填写。"""
    if output.lower().endswith(".xlsx"):
        _write(output, tables.write(_form(form)))
    else:
        _write(output, documents.blank(_form(form), _format(output)))


@main.command()
@click.argument("file")
@click.option("-o", "--output", help="写到哪里，默认标准输出。")
def read(file: str, output: str | None) -> None:
    """取出 FILE（本服务生成的 DOCX 或 PDF）中的申报数据。"""
    content = _submission(file)
    refused = submissions.parse(content)
    if refused.data is None and refused.findings:
        click.echo("\n".join(finding.message for finding in refused.findings), err=True)
        sys.exit(FINDINGS)
    if output:
        _write(output, content)
    else:
        click.echo(content)


@main.command()
@click.argument("paper")
def verify(paper: str) -> None:
    """核对 PAPER：文件名，或纸上印的校验码。"""
    press = config.from_environment().press
    if Path(paper).suffix.lower() in (".docx", ".pdf") and not Path(paper).exists():
        _stop(f"没有这个文件：{paper}")
    if paper == "-" or Path(paper).exists():
        verdict = reading.verify(_source(paper), _catalogue(), press)
    else:
        verdict = reading.verify_code(paper, _catalogue(), press)
    good = verdict.status is Status.UNCHANGED
    click.echo(_style(verdict.message, "ok" if good else "error"))
    sys.exit(0 if good else FINDINGS)


def _format(output: str) -> Format:
    for format in get_args(Format):
        if output.lower().endswith(f".{format}"):
            return format  # type: ignore[no-any-return]  # one of the literals
    endings = "、".join(f".{format}" for format in get_args(Format))
    _stop(f"文件名“{output}”应以 {endings} 结尾。")


def _write(output: str, document: bytes) -> None:
    Path(output).write_bytes(document)
    click.echo(f"已写出 {output}（{len(document):,} 字节）。", err=True)


@main.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("-o", "--output", required=True, help="结果写到这个目录（或 fsspec 地址）。")
@click.option("--workers", type=click.IntRange(1, 256), help="用几个进程，默认每个处理器核心一个。")
@click.option("--scheduler", help="在 Dask 集群上运行，如 tcp://主机:8786。")
@click.option("--documents", "formats", help="为没有问题的申报填写文件：docx、pdf 或 docx,pdf。")
@click.option(
    "--against", multiple=True, help="与以往批次的 keys.jsonl（或其目录）比对；可多次给出。"
)
@click.option("--changes-since", help="与以往批次的目录相比：哪些已改正，哪些是新问题。")
@click.option("--resume", is_flag=True, help="接着做被中断的批次。")
@_on
def bulk(sources: tuple[str, ...], on: datetime | None, **options: Any) -> None:
    """批量检查 SOURCES（JSONL、JSON、文件夹、ZIP、XLSX、CSV；- 为标准输入）。

    结果：reports.jsonl、report.xlsx、各单位的退回通知，以及按单位分开的正式表格。
    """
    from formsvc import batches  # noqa: PLC0415  # checking one file should not load all this

    settings = config.from_environment()
    names = (options["formats"] or "").split(",")
    formats = tuple(_format(f".{name.strip()}") for name in names if name)
    order = batches.Order(
        sources=sources,
        output=options["output"],
        on=_day(on),
        schemas=settings.schemas,
        templates=settings.templates,
        formats=formats,
        press=settings.press,
        workers=options["workers"],
        scheduler=options["scheduler"],
        against=options["against"],
        changes_since=options["changes_since"],
        resume=options["resume"],
    )
    faulty = batches.run(order, lambda text: click.echo(text, err=True), _style)
    sys.exit(FINDINGS if faulty else 0)


@main.group()
def template() -> None:
    """给表格作者：核对各表的文件。"""


@template.command()
@click.argument("form", required=False)
def build(form: str | None) -> None:
    """用 FORM（默认全部）的 form.docx 制作 form.pdf 和 layout.json；需要 LibreOffice。"""
    settings = config.from_environment()
    known = read_forms(settings.schemas, settings.templates)
    if form and form not in {each.id for each in known}:
        _form(form)
    for each in known:
        # A PDF that an office brings itself is built only when it is named, and then refused.
        if form == each.id or (form is None and each.pdf_names is None):
            built = authoring.build(each)
            _write(str(each.pdf), built.pdf)
            _write(str(each.pdf.with_name("layout.json")), built.layout.encode())


@template.command("verify")
@click.argument("form", required=False)
def verify_templates(form: str | None) -> None:
    """严格核对 FORM（默认全部）：结构、规则、模板和样例。"""
    schemas = config.from_environment().schemas
    samples = schemas.parent / "samples" if schemas else data_folder("samples")
    chosen = [_form(form)] if form else list(_catalogue().values())
    for each in chosen:
        if samples.is_dir():
            verify_samples(each, samples)
        click.echo(f"{each.id}  {_style('无误', 'ok')}")


@main.command()
def fonts() -> None:
    """各类字体用的是哪一款，缺多少常用字，以及字体文件夹中有什么问题。"""
    own = installed(config.from_environment().press.fonts)
    for role, family, lacks in own.report():
        lack = f"，缺 {lacks} 个常用字，由其他字体补上" if lacks else ""
        click.echo(f"{role}  {family}{lack}")
    for remark in own.remarks:
        click.echo(_style(f"注意：{remark}", "warning"))


@main.command()
@click.option("--host", help="监听的地址。")
@click.option("--port", type=click.IntRange(1, 65535), help="监听的端口。")
def serve(host: str | None, port: int | None) -> None:
    """启动网页和 HTTP 接口。"""
    from formsvc.web import server  # noqa: PLC0415  # checking a file should not load a web server

    _catalogue()
    server.run(config.from_environment(), host, port)
