"""Report → what people and programs read."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date

from formsvc.checks.explain import asked_by, rule_title
from formsvc.findings import Finding, Report, Severity
from formsvc.forms import Form
from formsvc.pointers import within

Style = Callable[[str, str], str]
"""(text, role) → text; role is error, warning, note, ok, heading or faint."""

_MARKS = {Severity.ERROR: "✗", Severity.WARNING: "！", Severity.NOTE: "·"}


def as_json(reports: Mapping[str, Report]) -> str:
    """One report as a JSON object; several as a list of {"source", "report"}."""
    plain = [{"source": source, "report": report.to_dict()} for source, report in reports.items()]
    value = plain[0]["report"] if len(plain) == 1 else plain
    return json.dumps(value, ensure_ascii=False, indent=2)


def as_text(source: str, form: Form | None, report: Report, on: date, style: Style) -> str:
    """A report for reading: by section of the form, the citation under each finding."""
    return "\n".join(_lines(source, form, report, on, style))


def _lines(source: str, form: Form | None, report: Report, on: date, style: Style) -> Iterator[str]:
    title = f"{source}  {form.title}" if form else source
    yield f"{style(title, 'heading')}  {_verdict(report, style)}"
    section = None
    for finding in report.findings:
        current = _section(form, finding)
        if current != section:
            yield ""
            yield style(current, "heading")
            section = current
        title = rule_title((form,) if form else (), finding.rule, on)
        yield from _finding(finding, title, style)
    if report.skipped:
        asked = asked_by(form, on)
        yield ""
        yield style(f"另有 {len(report.skipped)} 条规则没有检查：", "faint")
        for skipped in report.skipped:
            yield style(f"  · {asked(skipped.rule)}：{skipped.reason}", "faint")


def _verdict(report: Report, style: Style) -> str:
    tail = f"，{report.warnings} 处请核对" if report.warnings else ""
    tail += f"，{report.notes} 处提示" if report.notes else ""
    if report.errors:
        return style(f"有 {report.errors} 处问题{tail}", "error")
    return style(f"没有问题{tail}", "warning" if report.warnings else "ok")


def _section(form: Form | None, finding: Finding) -> str:
    field = form.field(finding.pointer) if form else None
    for section in form.sections if form and field else ():
        for member in section.fields:
            pointers = (member.pointer, field.pointer if field else "")
            if within(*pointers) or within(*reversed(pointers)):
                return section.title
    return "全表"


def _finding(finding: Finding, title: str, style: Style) -> Iterator[str]:
    mark = style(_MARKS[finding.severity], finding.severity.value)
    said = "提示：" if finding.severity is Severity.NOTE else ""
    yield f"  {mark} {said}{finding.message}"
    place = finding.pointer or "整个文件"
    yield style(f"      {title}  {place}", "faint")
    if finding.citation:
        cited = finding.citation
        source = f"依据：{cited.source}"
        yield style(f"      {source}（{cited.summary}）", "faint")
