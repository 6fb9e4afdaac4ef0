"""What there is: the forms by programme, one form's fields and rules, what covers each article."""

import json
from collections.abc import Iterator

import click

from formsvc.checks import explain
from formsvc.checks.coverage import Clause, Cover, ProgrammeCoverage, coverage
from formsvc.cli.shell import catalogue, form_named, stop, style
from formsvc.forms import Form
from formsvc.writing.notation import today

_KINDS = {
    "rule": "规则", "comparison": "比对", "form": "表", "field": "栏目", "step": "办理步骤",
    "stage": "办理环节", "value": "数额",
}  # fmt: skip


@click.command()
@click.argument("name", metavar="[FORM|PROGRAMME]", required=False)
@click.option("--coverage", "covering", is_flag=True, help="逐条列出办法的落实。")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", help="输出格式。")
def forms(name: str | None, covering: bool, output: str) -> None:
    """列出各种表；给出 FORM 时列出它的栏目、限制和规则；--coverage 逐条列出办法的落实。"""
    if covering:
        _coverage(name, output)
    elif name is None:
        _list(output)
    elif output == "json":
        stop("一种表的 JSON 请用接口 /api/v1/forms/…；--output json 用于清单和 --coverage。")
    else:
        click.echo("\n".join(_described(form_named(name))))


def _list(output: str) -> None:
    known = catalogue().all_in_force(today())
    if output == "json":
        plain = [
            {"form": each.id, "edition": each.edition, "title": each.title, "about": each.about,
             "programme": each.programme.id}
            for each in known
        ]  # fmt: skip
        click.echo(json.dumps(plain, ensure_ascii=False, indent=2))
        return
    for programme, members in catalogue().by_programme(today()):
        click.echo(style(f"{programme.title}（{programme.id}）", "heading"))
        for each in members:
            click.echo(f"  {each.id}  {each.title}")
            click.echo(style(f"      {each.about}", "faint"))
        if not members:
            click.echo(style("  还没有表。", "faint"))


def _described(form: Form) -> Iterator[str]:
    yield style(f"{form.title}  {form.programme.title}  版本 {form.edition}", "heading")
    yield form.about
    for section in form.sections:
        yield "\n" + style(section.title, "heading")
        for field in section.fields:
            needed = "系统计算" if field.computed else "必填" if field.required else "选填"
            yield f"  {field.label}  {style(f'{field.pointer}  {needed}', 'faint')}"
            if field.hint:
                yield style(f"      {field.hint}", "faint")
    yield "\n" + style("规则", "heading")
    for demand in explain.demands(form, today()):
        mark = style(demand.severity.label, demand.severity.value)
        yield f"  {mark} {demand.text}"
        for cited in demand.citations:
            place = f"{cited.source}：{cited.summary}"
            yield style(f"      {place}", "faint")


def _coverage(name: str | None, output: str) -> None:
    programmes = catalogue().programmes
    if name is not None and name not in programmes:
        stop(f"没有“{name}”这个项目，现有：{'、'.join(programmes)}。")
    known = catalogue().all_in_force(today())
    maps = [
        coverage(programme, known, today())
        for id, programme in programmes.items()
        if name in (None, id)
    ]
    if output == "json":
        plain = [each.to_dict() for each in maps]
        click.echo(json.dumps(plain[0] if name else plain, ensure_ascii=False, indent=2))
    else:
        click.echo("\n\n".join("\n".join(_mapped(each)) for each in maps))


def _mapped(whole: ProgrammeCoverage) -> Iterator[str]:
    yield style(f"《{whole.programme.regulation}》", "heading")
    yield f"共 {whole.clauses} 项，{whole.covered} 项由本服务核对，其余写明原因。"
    for article in whole.articles:
        yield "\n" + style(article.article, "heading")
        for clause in article.clauses:
            yield from _clause(clause)
        if article.others:
            yield style("  另引用本条：", "faint")
            yield from map(_cover, article.others)
    for source in whole.sources:
        yield "\n" + style(f"其他依据：《{source.citation.regulation}》", "heading")
        yield f"  {source.citation.article}：{source.citation.summary}"
        yield from map(_cover, source.covers)


def _clause(clause: Clause) -> Iterator[str]:
    inner = "" if clause.article.endswith("条") else f"{clause.article}  "
    yield f"  {inner}{clause.summary}"
    if clause.reason:
        yield style(f"      不能由软件核对：{clause.reason}", "faint")
    yield from map(_cover, clause.covers)


def _cover(cover: Cover) -> str:
    where = f"（{cover.form_title}）" if cover.form and cover.kind != "form" else ""
    note = f"：{cover.note}" if cover.note else ""
    return style(f"      {_KINDS[cover.kind]}  {cover.title}{note}{where}", "faint")
