"""The applicant's desk: one form, typed or loaded, checked, previewed and downloaded.

Nothing is stored: every post carries the whole form, and the answer is made from it alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, get_args

from flask import Blueprint, Response, current_app, get_template_attribute, render_template, request
from werkzeug.datastructures import FileStorage

from formsvc import documents
from formsvc.catalogue import Checked
from formsvc.checks import checker
from formsvc.checks.steps import next_steps
from formsvc.delivery import file_name, fill
from formsvc.documents import Format
from formsvc.documents.printing import printed
from formsvc.errors import UnreadableDocument
from formsvc.findings import Finding, Report
from formsvc.forms import EDITION, Form
from formsvc.intake import reading
from formsvc.pointers import within
from formsvc.submissions import encoded
from formsvc.web import csrf
from formsvc.web.attachments import attachment, inline
from formsvc.web.desks import choices, entries
from formsvc.web.desks.assist import Asides, asides
from formsvc.web.desks.choices import Choice
from formsvc.web.desks.entries import Entries
from formsvc.web.desks.widgets import Control, widgets
from formsvc.web.held import catalogue, form_or_404, settings
from formsvc.writing.notation import today

DOCUMENT_LIMIT: Final = 10_000_000
# A form in a posted page: every Chinese character is up to nine bytes there.
_PAGE_LIMIT: Final = 4_000_000

applicant = Blueprint("applicant", __name__, url_prefix="/forms/<form>")
csrf.install(applicant)


@dataclass(frozen=True, slots=True)
class Desk:
    """What one page of the desk shows; `unclear` is what the entries leave open, `choices` what a
    loaded paper does."""

    form: Form
    entries: Entries
    data: Mapping[str, Any]
    unclear: tuple[Finding, ...] = ()
    choices: tuple[Choice, ...] = ()
    report: Report | None = None
    notice: str = ""
    alarm: bool = False
    focus: str = ""
    more_rows: str = ""
    findings: Mapping[str, list[Finding]] = field(default_factory=dict)

    @property
    def errors(self) -> int:
        return self.report.errors if self.report else 0

    @property
    def warnings(self) -> int:
        return self.report.warnings if self.report else 0

    @property
    def notes(self) -> int:
        return self.report.notes if self.report else 0

    @property
    def title(self) -> str:
        if not self.report:
            return self.form.title
        said = f"有 {self.errors} 处问题" if self.errors else "没有问题"
        return f"{said}：{self.form.title}"

    @property
    def asides(self) -> Asides:
        return asides(self.form, self.data, today())

    @property
    def computed(self) -> Mapping[str, str]:
        """What the form has worked out so far, as it is printed, by pointer."""
        if not self.form.computed:
            return {}
        data = checker(self.form).completed(self.data, today())
        fields = [spec.field for spec in self.form.computed]
        texts = printed(self.form, data)
        return {place: texts.get(place, "") for each in fields for place in each.places(data)}

    @property
    def hidden(self) -> frozenset[int]:
        """The sections, counted from 1, that nothing stands in and whose guard does not hold."""
        if not any(section.guard.conditions for section in self.form.sections):
            return frozenset()
        data = checker(self.form).completed(self.data, today())
        return frozenset(
            number
            for number, section in enumerate(self.form.sections, 1)
            if not section.guard.holds(data, today())
            and not any(within(name, each.pointer)
                        for name, entry in self.entries.items() if entry for each in section.fields)
        )  # fmt: skip

    @property
    def edition(self) -> str:
        """The edition where it is not that of today, else ""."""
        return str(self.data.get(EDITION[1:], ""))

    def text(self, pointer: str) -> str:
        entry = self.entries.get(pointer, "")
        return entry if isinstance(entry, str) else ""

    def ticked(self, pointer: str, value: str) -> bool:
        return value in self.entries.get(pointer, ())

    def rows(self, widget: Control) -> range:
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
    return found is not None and found.type != "object"


@applicant.get("")
def show(form: str) -> str:
    """An empty form."""
    chosen = form_or_404(form)
    return page(opened(chosen, {}))


@applicant.post("")
def work(form: str) -> Response | tuple[str, int] | str:
    """Check, load, add or remove a row, download: by the button that was pressed."""
    desk = posted(form)
    chosen = desk.form
    if not csrf.is_ours():
        notice = "页面停留过久，没有办理；内容还在，请再按一次。"
        return page(noticed(desk, notice)), 400
    action, _, target = request.form.get("do", "check").partition(" ")
    match action:
        case "add":
            return page(_with_row(chosen, desk, target))
        case "remove":
            fewer = entries.without_row(desk.entries, target)
            focus = target.rpartition("/")[0]
            return page(opened(chosen, fewer, choices=desk.choices, focus=focus))
        case "take":
            return page(_taken(desk, target))
        case "load":
            return _load(chosen, request.files.get("file"), desk)
        case "restore":
            notice = "已恢复本机保存的草稿。"
            return page(opened(chosen, desk.entries, choices=desk.choices, notice=notice))
        case _ if desk.choices and action in ("json", "preview", *get_args(Format)):
            notice = "载入的文件纸面与数据不同，请先选定以哪一个为准。"
            return page(_checked(desk, notice=notice, alarm=True)), 422
        case "json":
            name = file_name(chosen, desk.data, "json")
            raw = encoded(desk.data, indent=2) + b"\n"
            return attachment(raw, name, f"{chosen.id}.json", "application/json")
        case "preview":
            return _preview(chosen, desk)
        case _ if action in get_args(Format):
            return _document(chosen, desk, action)  # type: ignore[arg-type]  # one of the literals
        case _:
            return page(_checked(desk))


@applicant.post("/live")
def live(form: str) -> dict[str, Any]:
    """The report and the asides for what is typed so far, as pieces of the page."""
    desk = posted(form)
    desk = _checked(desk)
    problems = get_template_attribute("fields.html", "findings")
    notes = get_template_attribute("fields.html", "asides")
    return {
        "title": desk.title,
        "errors": desk.errors,
        "findings": {pointer: problems(found) for pointer, found in desk.findings.items()},
        "asides": {pointer: notes(found) for pointer, found in desk.asides.items()},
        "computed": desk.computed,
        "hidden": sorted(desk.hidden),
        "summary": get_template_attribute("fields.html", "summary")(desk),
        "steps": get_template_attribute("fields.html", "steps")(
            next_steps(desk.form, desk.data, today())
        ),
    }


def posted(name: str) -> Desk:
    """What was posted, as the desk has it."""
    request.max_content_length = _PAGE_LIMIT + DOCUMENT_LIMIT
    request.max_form_memory_size = _PAGE_LIMIT
    form = _edition(name)
    typed = entries.posted(form, request.form)
    return opened(form, typed, choices=choices.posted(form, request.form, typed))


def opened(form: Form, typed: Entries, **more: Any) -> Desk:
    """The desk with what was typed, or loaded, in its place."""
    data, unclear = entries.read(form, typed)
    older = {} if form is catalogue().in_force(form.id, today()) else {EDITION[1:]: form.edition}
    return Desk(form, typed, {**data, **older}, unclear, **more)


def _edition(name: str) -> Form:
    """The form in the edition that the page was of, by default that of today."""
    sent = request.form.get(EDITION, "")
    return (catalogue().edition(name, sent) if sent else None) or form_or_404(name)


def _with_row(form: Form, desk: Desk, pointer: str) -> Desk:
    """The desk with an empty row more, its first field focused; as it is where no rows are."""
    if pointer not in form.lists:
        return desk
    row = max(entries.rows(desk.entries, pointer), 1 if not desk.entries else 0)
    focus = form.lists[pointer][0].in_row(row)
    return opened(form, desk.entries, choices=desk.choices, more_rows=pointer, focus=focus)


def _taken(desk: Desk, all_: str) -> Desk:
    """The desk with what was chosen in its place, checked."""
    chosen, left = choices.taken(desk.form, desk.choices, request.form, all_)
    typed: Entries = {**desk.entries, **chosen}
    notice = (
        f"还有 {len(left)} 处没有选定。" if left else "已按所选载入；请再核对一遍，下载新的表格。"
    )
    return _checked(opened(desk.form, typed, choices=left), notice=notice, alarm=bool(left))


def _checked(desk: Desk, report: Report | None = None, **more: Any) -> Desk:
    """A desk with a report: of what is typed, or the one given."""
    if report is None:
        report = _judged(desk.form, desk).report
    report = report.preceded_by(
        (*(each.finding(desk.form) for each in desk.choices), *desk.unclear)
    )
    found: dict[str, list[Finding]] = {}
    for finding in report.findings:
        found.setdefault(desk.anchor(finding.pointer), []).append(finding)
    return replace(desk, report=report, findings=found, **more)


def noticed(desk: Desk, notice: str) -> Desk:
    """The desk with an alarm at its head."""
    return replace(desk, notice=notice, alarm=True)


def page(desk: Desk) -> str:
    """The form's page; for somebody signed in also where it is saved to."""
    return render_template(
        "form.html",
        desk=desk,
        form=desk.form,
        sections=widgets(desk.form, today()),
        steps=next_steps(desk.form, desk.data, today()),
        formats=documents.MEDIA_TYPES,
        saving=current_app.extensions["formsvc-saving"](desk.form),
    )


def _load(form: Form, file: FileStorage | None, desk: Desk) -> tuple[str, int] | str:
    """Show a submission from a file: JSON, or a document that carries one."""
    name = file.filename if file else ""
    if not file or not name:
        notice = "请先选择文件，再按“载入”。"
        return page(opened(form, desk.entries, notice=notice, alarm=True, focus="file")), 422
    try:
        found = reading.read(file.read(), catalogue())
        sure = replace(found, differences=(), unsure=())
        checked = reading.check(sure, catalogue(), on=today())
        if checked.data is None:
            said = (finding.message for finding in checked.report.findings)
            raise UnreadableDocument("；".join(said))
    except UnreadableDocument as problem:
        notice = f"“{name}”没有载入：{problem}"
        return page(opened(form, desk.entries, notice=notice, alarm=True, focus="file")), 422
    if checked.form is None:
        checked = reading.check(sure, catalogue(), on=today(), form=form.id)
    chosen = checked.form or form
    moved = "" if chosen.id == form.id else f"这是《{chosen.title}》，已换到这种表。"
    notice = f"已载入“{name}”。{moved}"
    typed = entries.entered(chosen, checked.data)
    asked = choices.of(chosen, found)
    if asked:
        notice += f"有 {len(asked)} 处纸面与数据不同，请逐处选定。"
    loaded = opened(chosen, typed, choices=asked)
    return page(_checked(loaded, checked.report, notice=notice, alarm=bool(asked)))


def _document(form: Form, desk: Desk, format: Format) -> Response | tuple[str, int]:
    delivery = fill(_judged(form, desk), format, press=settings().press)
    if delivery.document is None:
        notice = "改正以下问题后，才能下载正式表格；可先预览草稿。"
        return page(_checked(desk, delivery.report, notice=notice)), 422
    media_type = documents.MEDIA_TYPES[format]
    return attachment(delivery.document, delivery.name, f"{form.id}.{format}", media_type)


def _preview(form: Form, desk: Desk) -> Response | tuple[str, int]:
    """The PDF in the browser's viewer, marked 草稿 while there are errors."""
    checked = _judged(form, desk)
    delivery = fill(checked, "pdf", draft=not checked.report.ok, press=settings().press)
    if delivery.document is None:
        return page(_checked(desk, delivery.report)), 422
    return inline(delivery.document, documents.MEDIA_TYPES["pdf"])


def _judged(form: Form, desk: Desk) -> Checked:
    """What is typed, checked as of today."""
    return catalogue().check(encoded(desk.data), on=today(), form=form.id)
