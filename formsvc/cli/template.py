"""For authors of forms: build what is made from a form's files, verify them, describe them."""

import json
import sys
from pathlib import Path

import click

from formsvc import config
from formsvc.catalogue import summary, verify_samples
from formsvc.catalogue import verify as verify_form
from formsvc.checks import coverage, explain
from formsvc.cli.shell import FINDINGS, catalogue, form_named, style, write
from formsvc.findings import Severity
from formsvc.forms import built_in, read
from formsvc.submissions import encoded


@click.group()
def template() -> None:
    """给表格作者：核对各表的文件。"""


@template.command()
@click.argument("form", required=False)
def build(form: str | None) -> None:
    """用 FORM（默认全部）的 form.docx 制作 form.pdf 和 layout.json；需要 LibreOffice。"""
    from formsvc.documents import authoring  # noqa: PLC0415  # only this draws forms

    known = read(config.from_environment().shelves or (built_in(),))
    if form and form not in {each.id for each in known}:
        form_named(form)
    for each in known:
        # A PDF that an office brings itself is built only when it is named, and then refused.
        if form == each.id or (form is None and each.pdf_names is None):
            built = authoring.build(each)
            write(str(each.pdf), built.pdf)
            write(str(each.layout), built.layout.encode())


@template.command()
@click.argument("form", required=False)
def verify(form: str | None) -> None:
    """严格核对 FORM（默认全部）：结构、规则、模板、样例，以及办法逐条的落实。"""
    chosen = form_named(form).id if form else None
    for programme in catalogue().programmes.values():
        if not form or form_named(form).programme is programme:
            coverage.verify(programme, catalogue().editions())
    for each in catalogue().editions():
        if chosen in (None, each.id):
            verify_form(each, catalogue().editions())
            if each.samples.is_dir():
                verify_samples(each)
            click.echo(f"{each.id}  {each.edition}  {style('无误', 'ok')}")


@template.command()
@click.argument("form")
@click.option("-o", "--output", required=True, help="写到这个目录：valid 和 invalid 两个子目录。")
def sample(form: str, output: str) -> None:
    """给 FORM 做一份没有问题的样例，再给每条规则的每句话做一份违反它的；请改成像样的内容再用。

    已有的文件不覆盖。做不出来的逐条说明，退出码为 1。
    """
    from formsvc.sampling import samples  # noqa: PLC0415  # checking one file makes none

    chosen, missing = form_named(form), 0
    for made in samples(chosen):
        what = f"{made.rule} 的 {made.message}" if made.rule else "没有问题的样例"
        if made.data is None:
            missing += 1
            found = [f for f in made.report.findings if f.severity is not Severity.NOTE]
            why = f"还有：{found[0].message}" if found and not made.rule else "请自己写一份"
            click.echo(style(f"没有做出{what}：{why}", "warning"))
            continue
        stem = Path(output) / ("invalid" if made.rule else "valid") / f"{made.name}.json"
        files = {stem: encoded(made.data, indent=2) + b"\n"}
        if made.rule:
            plain = json.dumps(summary(made.report), ensure_ascii=False, indent=2)
            files[stem.with_suffix(".findings.json")] = plain.encode() + b"\n"
        if any(path.exists() for path in files):
            click.echo(style(f"{stem} 已经有了，没有覆盖。", "faint"))
            continue
        stem.parent.mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            path.write_bytes(content)
        more = len([f for f in made.report.findings if f.rule != made.rule])
        also = f"，另有 {more} 处别的问题，请核对" if made.rule and more else ""
        click.echo(f"{stem}  {what}{also}")
    sys.exit(FINDINGS if missing else 0)


@template.command()
def schema() -> None:
    """form.toml 的 JSON Schema，编辑器可据以提示。"""
    click.echo(json.dumps(explain.form_schema(), ensure_ascii=False, indent=2))
