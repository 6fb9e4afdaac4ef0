"""For authors of forms: build what is made from a form's files, verify them, describe them."""

import json

import click

from formsvc import config
from formsvc.catalogue import verify_samples
from formsvc.checks import coverage, explain
from formsvc.cli.shell import catalogue, form_named, style, write
from formsvc.documents import authoring
from formsvc.forms import built_in, read


@click.group()
def template() -> None:
    """给表格作者：核对各表的文件。"""


@template.command()
@click.argument("form", required=False)
def build(form: str | None) -> None:
    """用 FORM（默认全部）的 form.docx 制作 form.pdf 和 layout.json；需要 LibreOffice。"""
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
            if each.samples.is_dir():
                verify_samples(each)
            click.echo(f"{each.id}  {each.edition}  {style('无误', 'ok')}")


@template.command()
def schema() -> None:
    """form.toml 的 JSON Schema，编辑器可据以提示。"""
    click.echo(json.dumps(explain.form_schema(), ensure_ascii=False, indent=2))
