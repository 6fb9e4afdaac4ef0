"""The applicant's desk: one form, typed or loaded, checked, previewed and downloaded.

Nothing is stored: every post carries the whole form, and the answer is made from it alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, get_args

from flask import Blueprint, Response, current_app, get_template_attribute, render_template, request
from werkzeug.datastructures import FileStorage

from formsvc import documents
from formsvc.checks.steps import next_steps
from formsvc.delivery import deliver, file_name
from formsvc.documents import Format
from formsvc.errors import UnreadableDocument
from formsvc.findings import Finding, Report, Severity
from formsvc.forms.form import Form
from formsvc.intake.reading import submission_in
from formsvc.submissions import encoded
from formsvc.web import csrf
from formsvc.web.api.routes import attachment, catalogue, form_or_404
from formsvc.web.desks import entries
from formsvc.web.desks.assist import Asides, asides
from formsvc.web.desks.entries import Entries
from formsvc.web.desks.widgets import Widget, widgets
from formsvc.web.held import settings
from formsvc.writing.notation import today

DOCUMENT_LIMIT: Final = 10_000_000
# A form in a posted page: every Chinese character is up to nine bytes there.
_PAGE_LIMIT: Final = 4_000_000

applicant = Blueprint("applicant", __name__, url_prefix="/forms/<form>")
csrf.install(applicant)


@dataclass(frozen=True, slots=True)
class Desk:
    """What one page of the desk shows; `unclear` is what the entries leave open."""

    form: Form
    entries: Entries
    data: Mapping[str, Any]
    unclear: tuple[Finding, ...] = ()
    report: Report | None = None
    notice: str = ""
    alarm: bool = False
    focus: str = ""
    more_rows: str = ""
    findings: Mapping[str, list[Finding]] = field(default_factory=dict)

    @property
    def errors(self) -> int:
        found = self.report.findings if self.report else ()
        return sum(finding.severity is Severity.ERROR for finding in found)

    @property
    def warnings(self) -> int:
        return len(self.report.findings) - self.errors if self.report else 0

    @property
    def title(self) -> str:
        if not self.report:
            return self.form.title
        said = f"有 {self.errors} 处问题" if self.errors else "没有问题"
        return f"{said}：{self.form.title}"

    @property
    def asides(self) -> Asides:
        return asides(self.form, self.data)

    def text(self, pointer: str) -> str:
        entry = self.entries.get(pointer, "")
        return entry if isinstance(entry, str) else ""

    def ticked(self, pointer: str, value: str) -> bool:
        return value in self.entries.get(pointer, ())

    def rows(self, widget: Widget) -> range:
        """The rows to show: those filled in, at least one, and one more where it was asked for."""
        filled = entries.rows(self.entries, widget.pointer)
        wanted = filled + 1 if self.more_rows == widget.pointer else max(filled, 1)
        return range(min(wanted, max(widget.most, filled)))

    def anchor(self, pointer: str) -> str:
        """The place on the page for a finding: its own, or the nearest around it; "" for none."""
        while pointer and not _on_page(self.form, pointer):
            pointer = pointer.rpartition("/")[0]
        return pointer


def _on_page(form: Form, pointer: str) -> bool:
    found = form.field(pointer)
    return bool(found) and found.schema.get("type") != "object"  # type: ignore[union-attr]  # found


@applicant.get("")
def show(form: str) -> str:
    """An empty form."""
    chosen = form_or_404(form)
    return _page(_desk(chosen, {}))


@applicant.post("")
def work(form: str) -> Response | tuple[str, int] | str:
    """Check, load, add or remove a row, download: by the button that was pressed."""
    chosen = form_or_404(form)
    desk = _posted(chosen)
    if not csrf.is_ours():
        notice = "页面停留过久，没有办理；内容还在，请再按一次。"
        return _page(_desk(chosen, desk.entries, notice=notice, alarm=True)), 400
    action, _, target = request.form.get("do", "check").partition(" ")
    match action:
        case "add":
            return _page(_with_row(chosen, desk, target))
        case "remove":
            kept = entries.without_row(desk.entries, target)
            return _page(_desk(chosen, kept, focus=target.rpartition("/")[0]))
        case "load":
            return _load(chosen, request.files.get("file"), desk)
        case "restore":
            return _page(_desk(chosen, desk.entries, notice="已恢复本机保存的草稿。"))
        case "json":
            name = file_name(chosen, desk.data, "json")
            raw = encoded(desk.data, indent=2) + b"\n"
            return attachment(raw, name, f"{chosen.id}.json", "application/json")
        case "preview":
            return _preview(chosen, desk)
        case _ if action in get_args(Format):
            return _document(chosen, desk, action)  # type: ignore[arg-type]  # one of the literals
        case _:
            return _page(_checked(chosen, desk.entries))


@applicant.post("/live")
def live(form: str) -> dict[str, Any]:
    """The report and the asides for what is typed so far, as pieces of the page."""
    chosen = form_or_404(form)
    desk = _posted(chosen)
    desk = _checked(chosen, desk.entries)
    problems = get_template_attribute("fields.html", "findings")
    notes = get_template_attribute("fields.html", "asides")
    return {
        "title": desk.title,
        "errors": desk.errors,
        "findings": {pointer: problems(found) for pointer, found in desk.findings.items()},
        "asides": {pointer: notes(found) for pointer, found in desk.asides.items()},
        "summary": get_template_attribute("fields.html", "summary")(desk),
        "steps": get_template_attribute("fields.html", "steps")(next_steps(chosen, desk.data)),
    }


def _posted(form: Form) -> Desk:
    request.max_content_length = _PAGE_LIMIT + DOCUMENT_LIMIT
    request.max_form_memory_size = _PAGE_LIMIT
    return _desk(form, entries.posted(form, request.form))


def _desk(form: Form, typed: Entries, **more: Any) -> Desk:
    return Desk(form, typed, *entries.read(form, typed), **more)


def _with_row(form: Form, desk: Desk, pointer: str) -> Desk:
    """The desk with an empty row more, its first field focused."""
    first = next((name for name in form.fields if name.startswith(f"{pointer}/*/")), pointer)
    row = max(entries.rows(desk.entries, pointer), 1 if not desk.entries else 0)
    focus = first.replace("*", str(row), 1)
    return _desk(form, desk.entries, more_rows=pointer, focus=focus)


def _checked(form: Form, typed: Entries, report: Report | None = None, **more: Any) -> Desk:
    """A desk with a report: of what is typed, or the one given."""
    desk = _desk(form, typed)
    if report is None:
        raw = encoded(desk.data)
        report = catalogue().check(raw, on=today(), form=form)[1]
    report = report.preceded_by(desk.unclear)
    found: dict[str, list[Finding]] = {}
    for finding in report.findings:
        found.setdefault(desk.anchor(finding.pointer), []).append(finding)
    return replace(desk, report=report, findings=found, **more)


def _page(desk: Desk) -> str:
    return render_template(
        "form.html",
        desk=desk,
        form=desk.form,
        sections=widgets(desk.form),
        steps=next_steps(desk.form, desk.data),
        formats=documents.MEDIA_TYPES,
    )


def _load(form: Form, file: FileStorage | None, desk: Desk) -> tuple[str, int] | str:
    """Show a submission from a file: JSON, or a document that carries one."""
    name = file.filename if file else ""
    if not file or not name:
        notice = "请先选择文件，再按“载入”。"
        return _page(_desk(form, desk.entries, notice=notice, alarm=True, focus="file")), 422
    try:
        raw = submission_in(file.read(), catalogue())
        data, report = catalogue().check(raw, on=today(), form=None)
        if data is None:
            raise UnreadableDocument("；".join(finding.message for finding in report.findings))
    except UnreadableDocument as problem:
        notice = f"“{name}”没有载入：{problem}"
        return _page(_desk(form, desk.entries, notice=notice, alarm=True, focus="file")), 422
    chosen = catalogue().of(data) or form
    if not report.form:
        report = catalogue().check(raw, on=today(), form=chosen)[1]
    moved = "" if chosen is form else f"这是《{chosen.title}》，已换到这种表。"
    notice = f"已载入“{name}”。{moved}"
    return _page(_checked(chosen, entries.entered(chosen, data), report, notice=notice))


def _document(form: Form, desk: Desk, format: Format) -> Response | tuple[str, int]:
    raw = encoded(desk.data)
    delivery = deliver(catalogue(), raw, format, on=today(), form=form, press=settings().press)
    if delivery.document is None:
        notice = "改正以下问题后，才能下载正式表格；可先预览草稿。"
        return _page(_checked(form, desk.entries, delivery.report, notice=notice)), 422
    media_type = documents.MEDIA_TYPES[format]
    return attachment(delivery.document, delivery.name, f"{form.id}.{format}", media_type)


def _preview(form: Form, desk: Desk) -> Response | tuple[str, int]:
    """The PDF in the browser's viewer, marked 草稿 while there are errors; a DOCX without PDF."""
    format: Format = "pdf" if "pdf" in documents.MEDIA_TYPES else "docx"
    raw = encoded(desk.data)
    report = catalogue().check(raw, on=today(), form=form)[1]
    draft = not report.ok
    delivery = deliver(
        catalogue(), raw, format, on=today(), form=form, draft=draft, press=settings().press
    )
    if delivery.document is None:
        return _page(_checked(form, desk.entries, delivery.report)), 422
    media_type = documents.MEDIA_TYPES[format]
    if format == "docx":
        return attachment(delivery.document, delivery.name, f"{form.id}.{format}", media_type)
    response: Response = current_app.response_class(delivery.document, mimetype=media_type)
    response.headers["Content-Disposition"] = "inline"
    return response
