"""The applicant's desk: one form, typed or loaded, checked, looked at, downloaded.

Nothing is stored: every post carries the whole form, and the answer is made from it alone.
"""

import base64
from dataclasses import dataclass, replace
from typing import Any, Final, get_args

from flask import (
    Blueprint,
    Response,
    current_app,
    get_template_attribute,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import NotFound

from formsvc import documents
from formsvc.checks.steps import next_steps
from formsvc.delivery import Delivery, file_name, fill
from formsvc.documents import Format, pictures
from formsvc.errors import UnreadableDocument
from formsvc.findings import Report
from formsvc.forms import Form
from formsvc.intake import reading
from formsvc.submissions import encoded
from formsvc.web import csrf
from formsvc.web.attachments import attachment, inline
from formsvc.web.desks import assist, choices, entries, mending
from formsvc.web.desks.blueprint import item_of, read_run
from formsvc.web.desks.desk import ITEM, BatchItem, Desk, checked, judged, noticed, opened, posted
from formsvc.web.desks.entries import Entries
from formsvc.web.desks.tasks import putting_back
from formsvc.web.desks.uploads import is_read, results, title
from formsvc.web.desks.widgets import widgets
from formsvc.web.held import catalogue, form_or_404, settings
from formsvc.web.runs.ownership import continued, run_or_404, waited
from formsvc.web.runs.runs import OWNED
from formsvc.writing.notation import today

# Pages of the filled form that are shown: no built-in form has more, but for its 附页.
_SHOWN: Final = 12
_DPI: Final = 96
_MOMENT: Final = 3.0

applicant = Blueprint("applicant", __name__, url_prefix="/forms/<form>")
csrf.install(applicant)


@dataclass(frozen=True, slots=True)
class BatchPlace:
    """Where a page's submission goes back to: its batch's name, and the addresses."""

    title: str
    back: str
    can_put: bool


@applicant.get("")
def show(form: str) -> str:
    """An empty form; one of a batch where the address names it, as it is there."""
    chosen = form_or_404(form)
    item = BatchItem.of(request.args.get(ITEM, ""))
    if item is None:
        return page(opened(chosen, {}, draft="new"))
    with results(read_run(item.desk, item.run), catalogue()) as batch:
        _, found, judged_by = item_of(batch, item.number)
    if judged_by is None or judged_by.id != chosen.id:
        raise NotFound
    notice = _left_out(found.line.report)
    return page(checked(opened(judged_by, entries.entered(judged_by, found.data)), notice=notice))


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
        case "put":
            return page(_put(desk, target))
        case "known":
            return page(_known(desk, target))
        case "take":
            return page(_taken(desk, target))
        case "load":
            return _load(chosen, request.files.get("file"), desk)
        case "edit":
            return page(opened(chosen, desk.entries, choices=desk.choices, focus=target))
        case "restore":
            notice = "已恢复本机保存的草稿。"
            return page(opened(chosen, desk.entries, choices=desk.choices, notice=notice,
                               focus=target))  # fmt: skip
        case _ if desk.choices and action in ("json", "preview", "proof", *get_args(Format)):
            notice = "载入的文件纸面与数据不同，请先选定以哪一个为准。"
            return page(checked(desk, notice=notice, alarm=True)), 422
        case "json":
            name = file_name(chosen, desk.data, "json")
            raw = encoded(desk.data, indent=2) + b"\n"
            return attachment(raw, name, f"{chosen.id}.json", "application/json")
        case "preview":
            return _preview(desk)
        case "proof":
            return _proof(desk)
        case _ if action in get_args(Format):
            return _document(desk, action)  # type: ignore[arg-type]  # one of the literals
        case _:
            return page(checked(desk))


@applicant.post("/live")
def live(form: str) -> dict[str, Any]:
    """The report and the asides for what is typed so far, as pieces of the page."""
    desk = checked(posted(form))
    pieces = {
        name: get_template_attribute("fields.html", name)
        for name in ("findings", "asides", "summary", "steps", "tally", "standing")
    }
    return {
        "title": desk.title,
        "errors": desk.errors,
        "findings": {
            pointer: pieces["findings"](found) for pointer, found in desk.findings.items()
        },
        "asides": {pointer: pieces["asides"](found) for pointer, found in desk.asides.items()},
        "offers": assist.offers(desk.asides),
        "computed": desk.computed,
        "hidden": sorted(desk.hidden),
        "summary": pieces["summary"](desk),
        "steps": pieces["steps"](next_steps(desk.form, desk.data, today())),
        "tallies": [pieces["tally"](each) for each in desk.tallies[:-1]],
        "standing": pieces["standing"](desk.tallies[-1]),
    }


@applicant.post("/put-back")
def put_back(form: str) -> Any:
    """The mended submission in its place in the batch that it was opened from; then back there."""
    desk = posted(form)
    if not csrf.is_ours():
        notice = "页面停留过久，没有放回；内容还在，请再按一次。"
        return page(noticed(desk, notice)), 400
    item = desk.item
    if item is None or item.desk == OWNED:
        raise NotFound
    if desk.choices:
        notice = "载入的文件纸面与数据不同，请先选定以哪一个为准，再放回。"
        return page(checked(desk, notice=notice, alarm=True)), 422
    run = run_or_404(item.desk, item.run)
    if not is_read(run) or run.status.state == "running":
        notice = "这一批正在处理，没有放回；内容还在，请稍后再按一次。"
        return page(noticed(desk, notice)), 409
    with results(run, catalogue()) as batch:
        on = batch.on
        if batch.index.row(item.number) is None:
            raise NotFound
    mending.keep(run.folder, item.number, encoded(desk.data))
    continued(run, putting_back(item.number, on))
    waited(run, _MOMENT)
    if not is_read(run):
        return redirect(url_for("batches.show", desk=item.desk, id=item.run), 303)
    there = url_for("batches.item", desk=item.desk, id=item.run, number=item.number,
                    done="replaced")  # fmt: skip
    return redirect(there, 303)


def _with_row(form: Form, desk: Desk, pointer: str) -> Desk:
    """The desk with an empty row more, its first field focused; as it is where no rows are."""
    if pointer not in form.lists:
        return desk
    row = max(entries.rows(desk.entries, pointer), 1 if not desk.entries else 0)
    focus = form.lists[pointer][0].in_row(row)
    return opened(form, desk.entries, choices=desk.choices, more_rows=pointer, focus=focus)


def _put(desk: Desk, target: str) -> Desk:
    """The desk with the nth of what can be put into a field put there; `target` is `n pointer`."""
    number, _, pointer = target.partition(" ")
    puts = [each.put for each in desk.asides.get(pointer, ()) if each.put]
    if not number.isdecimal() or int(number) >= len(puts):
        return desk
    put = puts[int(number)]
    field = desk.form.field(pointer)
    is_list = field is not None and field.type == "array"
    typed: Entries = {**desk.entries, pointer: put.split("、") if is_list else put}
    return opened(desk.form, typed, choices=desk.choices, focus=pointer)


def _known(desk: Desk, target: str) -> Desk:
    """The desk with what an earlier filing says of person and unit, where nothing stands yet."""
    known = current_app.extensions["formsvc-known"]
    found: Entries = known.entries(desk.form, target) if known else {}
    added = {name: entry for name, entry in found.items() if not desk.entries.get(name)}
    notice = f"已填入 {len(added)} 栏，请核对；以前的有变化的，请改过来。"
    typed = {**desk.entries, **added}
    return opened(desk.form, typed, choices=desk.choices, notice=notice)


def _taken(desk: Desk, all_: str) -> Desk:
    """The desk with what was chosen in its place, checked."""
    chosen, left = choices.taken(desk.form, desk.choices, request.form, all_)
    typed: Entries = {**desk.entries, **chosen}
    notice = (
        f"还有 {len(left)} 处没有选定。" if left else "已按所选载入；请再核对一遍，下载新的表格。"
    )
    return checked(opened(desk.form, typed, choices=left), notice=notice, alarm=bool(left))


def page(desk: Desk) -> str:
    """The form's page; for somebody signed in also where it is saved to."""
    known = current_app.extensions["formsvc-known"]
    return render_template(
        "form.html",
        sections=widgets(desk.form, today()),
        known=known.people(desk.form) if known and not desk.entries else (),
        **_common(desk),
    )


def _common(desk: Desk) -> dict[str, Any]:
    return {
        "desk": desk,
        "form": desk.form,
        "steps": next_steps(desk.form, desk.data, today()),
        "formats": documents.MEDIA_TYPES,
        "saving": current_app.extensions["formsvc-saving"](desk.form),
        "batch": _batch(desk),
    }


def _batch(desk: Desk) -> BatchPlace | None:
    """Where the submission goes back to; NotFound when the batch is not there any more."""
    item = desk.item
    if item is None:
        return None
    try:
        run = run_or_404(item.desk, item.run)
    except NotFound:
        return BatchPlace("已到期删除的一批", "", can_put=False)
    back = url_for("batches.item", desk=item.desk, id=item.run, number=item.number)
    return BatchPlace(title(run), back, can_put=item.desk != OWNED)


def _left_out(report: Report) -> str:
    """What a submission has that its form has no place for: it does not come onto the page."""
    names = [f.label for f in report.findings if f.rule == "schema.additionalProperties"]
    shown = "、".join(f"“{name}”" for name in names[:5]) + ("等" if len(names) > 5 else "")
    return f"本表没有 {shown}，没有带到这一页；改好后就没有这些项目了。" if names else ""


def _load(form: Form, file: FileStorage | None, desk: Desk) -> tuple[str, int] | str:
    """Show a submission from a file: JSON, or a document that carries one."""
    name = file.filename if file else ""
    if not file or not name:
        notice = "请先选择文件，再按“载入”。"
        return page(opened(form, desk.entries, notice=notice, alarm=True, focus="file")), 422
    try:
        found = reading.read(file.read(), catalogue())
        sure = replace(found, differences=(), unsure=())
        read = reading.check(sure, catalogue(), on=today())
        if read.data is None:
            said = (finding.message for finding in read.report.findings)
            raise UnreadableDocument("；".join(said))
    except UnreadableDocument as problem:
        notice = f"“{name}”没有载入：{problem}"
        return page(opened(form, desk.entries, notice=notice, alarm=True, focus="file")), 422
    if read.form is None:
        read = reading.check(sure, catalogue(), on=today(), form=form.id)
    chosen = read.form or form
    moved = "" if chosen.id == form.id else f"这是《{chosen.title}》，已换到这种表。"
    notice = f"已载入“{name}”。{moved}{_left_out(read.report)}"
    typed = entries.entered(chosen, read.data)
    asked = choices.of(chosen, found)
    if asked:
        notice += f"有 {len(asked)} 处纸面与数据不同，请逐处选定。"
    loaded = opened(chosen, typed, choices=asked, draft="new")
    return page(checked(loaded, read.report, notice=notice, alarm=bool(asked)))


def _document(desk: Desk, format: Format) -> Response | tuple[str, int]:
    delivery = fill(judged(desk), format, press=settings().press)
    if delivery.document is None:
        notice = "改正以下问题后，才能下载正式表格；可先预览草稿。"
        return page(checked(desk, delivery.report, notice=notice)), 422
    media_type = documents.MEDIA_TYPES[format]
    return attachment(delivery.document, delivery.name, f"{desk.form.id}.{format}", media_type)


def _preview(desk: Desk) -> Response | tuple[str, int]:
    """The PDF in the browser's viewer, marked 草稿 while there are errors."""
    delivery = _drafted(desk)
    if delivery.document is None:
        return page(checked(desk, delivery.report)), 422
    return inline(delivery.document, documents.MEDIA_TYPES["pdf"])


def _proof(desk: Desk) -> str:
    """The filled form as pictures of its pages, what was found and not checked, the downloads."""
    delivery = _drafted(desk)
    seen = checked(desk, delivery.report)
    paper = delivery.document or b""
    count = pictures.count(paper) if paper else 0
    images = [pictures.page(paper, number, _DPI) for number in range(min(count, _SHOWN))]
    return render_template(
        "proof.html",
        images=[base64.b64encode(image).decode() for image in images],
        count=count,
        **_common(seen),
    )


def _drafted(desk: Desk) -> Delivery:
    """The PDF, a draft while there are errors."""
    found = judged(desk)
    return fill(found, "pdf", draft=not found.report.ok, press=settings().press)
