"""The employer's and the reviewer's desk: many submissions at once, in a run of the browser's own.

Both desks read the same runs; they differ in the page that shows one.
"""

from collections import Counter
from datetime import datetime
from typing import Any, Final

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import NotFound

from formsvc.bulk.index import Totals
from formsvc.bulk.lines import Row
from formsvc.bulk.results import Found, Results
from formsvc.checks import explain
from formsvc.checks.register import Register
from formsvc.delivery import Delivery, file_name, fill
from formsvc.documents import MEDIA_TYPES, Format, pictures
from formsvc.errors import UnreadableDocument
from formsvc.forms import Form
from formsvc.intake import registers
from formsvc.web import csrf
from formsvc.web.attachments import attachment, inline
from formsvc.web.desks import entries
from formsvc.web.desks.paper import loose, materials, paper
from formsvc.web.desks.products import DRAFTS, OFFERED, PRODUCTS, Product, place
from formsvc.web.desks.queries import PAGE, Query
from formsvc.web.desks.tasks import making, reading
from formsvc.web.desks.uploads import MOST, changes_since, is_read, keep, results, title
from formsvc.web.held import catalogue, runs, settings
from formsvc.web.runs.ownership import (
    continued,
    discarded,
    own,
    run_or_404,
    started,
    waited,
    with_key,
)
from formsvc.web.runs.runs import OWNED, Run
from formsvc.writing.notation import CHINA, today

# Uploads stay in memory until they are sealed, so a page takes less than the command line.
UPLOAD_LIMIT: Final = 64_000_000
# How long a post waits for its work before it answers with a page that shows how far it is.
_MOMENT: Final = 1.2
_PREVIEW_DPI: Final = 96
_DESKS: Final = {"unit": "单位汇总", "review": "批量审核", "jobs": "后台任务"}

batches = Blueprint("batches", __name__)
csrf.install(batches)


@batches.app_template_filter("clock")
def _clock(seconds: float) -> str:
    """A time in China: 14:05 today, 12月7日 14:05 on another day, with the year of another one."""
    at = datetime.fromtimestamp(seconds, CHINA)
    day = "" if at.date() == today() else f"{at.month}月{at.day}日 "
    if at.year != today().year:
        day = f"{at.year}年{day}"
    return f"{day}{at:%H:%M}"


batches.add_app_template_filter(title, "batch_title")


@batches.get("/<any(unit, review):desk>")
def start(desk: str) -> str:
    """Where a batch is handed in, and those handed in before."""
    return _landing(desk)


@batches.post("/<any(unit, review):desk>")
def begin(desk: str) -> Any:
    """Seal and read a batch; small ones are done before the answer."""
    request.max_content_length = UPLOAD_LIMIT
    request.max_form_parts = MOST
    csrf.protect()
    files = [
        (file.filename, file.read()) for file in request.files.getlist("files") if file.filename
    ]
    if not files:
        return _landing(desk, "请先选择文件，再按“上传并检查”。"), 422
    try:
        people = _register(request.files.getlist("register"))
    except UnreadableDocument as problem:
        return _landing(desk, str(problem)), 422
    run = started(desk, reading(today()), lambda folder: keep(folder, files, people))
    try:
        runs().wait(run, _MOMENT)
    except OSError:  # no room: nothing was acknowledged
        runs().delete(run)
        raise
    return with_key(redirect(url_for("batches.show", desk=desk, id=run.id), 303))


@batches.get("/<any(unit, review, jobs):desk>/<id>")
def show(desk: str, id: str) -> Any:
    """The batch, or how far it is."""
    run = run_or_404(desk, id)
    if not is_read(run):
        if run.status.state == "done":  # a job that leaves a file alone
            return redirect(_home(desk), 303)
        return render_template("progress.html", desk=desk, run=run)
    with results(run, catalogue()) as batch:
        return _unit(run, batch) if desk == "unit" else _review(run, batch)


@batches.get("/<any(unit, review, jobs):desk>/<id>/status")
def status(desk: str, id: str) -> dict[str, Any]:
    """For the script that waits."""
    run = run_or_404(desk, id)
    told = run.status
    return {"state": told.state, "label": told.label, "done": told.done, "total": told.total}


@batches.post("/<any(unit, review, jobs):desk>/<id>/delete")
def delete(desk: str, id: str) -> Any:
    """Gone from the disk at once."""
    csrf.protect()
    discarded(run_or_404(desk, id))
    return redirect(_home(desk), 303)


@batches.get("/<any(unit, review, jobs):desk>/<id>/<int:number>")
def item(desk: str, id: str, number: int) -> str:
    """One submission: its findings beside what the paper says."""
    run = _read_run(desk, id)
    query = Query.of(request.args)
    with results(run, catalogue()) as batch:
        row, found, form = _item(batch, number)
        numbers = batch.index.numbers(query)
        at = numbers.index(number) if number in numbers else -len(numbers)
        around = (numbers[max(at - 1, 0) : max(at, 0)], numbers[at + 1 : at + 2])
        before, after = (batch.index.row(near[0]) if near else None for near in around)
        pages = pictures.count(shown) if (shown := _shown(batch, number)) else 0
    parts = paper(form, found.data, found.line.report.findings) if form else ()
    return render_template(
        "item.html",
        desk=desk,
        run=run,
        row=row,
        found=found,
        form=form,
        paper=parts,
        loose=loose(parts, found.line.report.findings),
        entries=entries.entered(form, found.data) if form else {},
        query=query,
        before=before,
        after=after,
        formats=MEDIA_TYPES,
        pages=pages,
    )


@batches.get("/<any(unit, review, jobs):desk>/<id>/<int:number>/document.<format>")
def document(desk: str, id: str, number: int, format: Format) -> Response:
    """The filled document, draft while it has errors; `?show` opens a PDF in the browser."""
    if format not in MEDIA_TYPES:
        raise NotFound
    with results(_read_run(desk, id), catalogue()) as batch:
        form, made = _filled(batch, number, format)
    if made.document is None:
        raise NotFound
    if "show" in request.args and format == "pdf":
        return inline(made.document, MEDIA_TYPES[format])
    return attachment(made.document, made.name, f"{form.id}.{format}", MEDIA_TYPES[format])


@batches.get("/<any(unit, review, jobs):desk>/<id>/<int:number>/page-<int:page>.png")
def picture(desk: str, id: str, number: int, page: int) -> Response:
    """A page of the filled form as it would be printed, counted from 1."""
    with results(_read_run(desk, id), catalogue()) as batch:
        content = _shown(batch, number)
    try:
        shown = pictures.page(content, page - 1, _PREVIEW_DPI) if content else b""
    except IndexError:
        shown = b""
    if not shown:
        raise NotFound
    return current_app.response_class(shown, mimetype="image/png")


def _shown(batch: Results, number: int) -> bytes:
    """The filled PDF that the pictures are taken of, made once; b"" when it cannot be printed."""
    name = f"shown/{number}.pdf"
    if batch.folder.exists(name):
        with batch.folder.open(name) as stream:
            return stream.read()
    try:
        content = _filled(batch, number, "pdf")[1].document or b""
    except NotFound:
        content = b""
    with batch.folder.create(name) as stream:
        stream.write(content)
    return content


def _filled(batch: Results, number: int, format: Format) -> tuple[Form, Delivery]:
    """A submission's form and document, draft while it has errors."""
    _, found, form = _item(batch, number)
    if form is None:
        raise NotFound
    draft = not found.line.report.ok
    return form, fill(batch.checked(found), format, draft=draft, press=settings().press)


@batches.get("/<any(unit, review, jobs):desk>/<id>/<int:number>/submission.json")
def submission(desk: str, id: str, number: int) -> Response:
    """The submission as it came."""
    with results(_read_run(desk, id), catalogue()) as batch:
        _, found, form = _item(batch, number)
    if form is None:
        raise NotFound
    name = file_name(form, found.data, "json")
    return attachment(found.raw, name, f"{form.id}.json", "application/json")


@batches.post("/<any(unit, review, jobs):desk>/<id>/files/<name>")
def make(desk: str, id: str, name: str) -> Any:
    """Make a file of the batch; a quick one comes at once, others are waited for on the page."""
    csrf.protect()
    run, product = run_or_404(desk, id), _product(name)
    if run.folder.exists(place(name)):
        return _file(run, name, product)
    if run.status.state != "running":
        _read_run(desk, id)
        continued(run, making(name))
    if waited(run, _MOMENT) and run.folder.exists(place(name)):
        return _file(run, name, product)
    return redirect(url_for("batches.show", desk=desk, id=id, _anchor="files"), 303)


@batches.get("/<any(unit, review, jobs):desk>/<id>/files/<name>")
def take(desk: str, id: str, name: str) -> Response:
    """A file that was made."""
    run, product = run_or_404(desk, id), _product(name)
    if not run.folder.exists(place(name)):
        raise NotFound
    return _file(run, name, product)


@batches.get("/<any(review, jobs):desk>/<id>/changes/<earlier>")
def changes(desk: str, id: str, earlier: str) -> str:
    """What became of the findings of an earlier batch."""
    run, before = run_or_404(desk, id), run_or_404(desk, earlier)
    if not (is_read(run) and is_read(before)):
        raise NotFound
    people: dict[str, dict[tuple[str, str, str], list[str]]] = {}
    counts = Counter[str]()
    with results(run, catalogue()) as batch:
        changed = changes_since(batch, before)
    for change in changed:
        counts[change.kind] += 1
        who = (change.person or change.source, change.unit, change.form)
        found = change.finding.message if change.finding else ""
        people.setdefault(change.kind, {}).setdefault(who, []).append(found)
    return render_template(
        "changes.html",
        desk=desk,
        run=run,
        earlier=before,
        people=people,
        counts=counts,
        forms=catalogue(),
    )


def _register(files: list[FileStorage]) -> Register | None:
    """The lists of people that were handed in with the batch, as one."""
    lists = [
        registers.read(file.read(), file.filename, _headings()) for file in files if file.filename
    ]
    return registers.joined(lists) if lists else None


# The pages


def _landing(desk: str, notice: str = "") -> str:
    return render_template(
        f"{desk}_start.html",
        desk=desk,
        runs=[(run, is_read(run)) for run in own(desk)],
        notice=notice,
        limit=UPLOAD_LIMIT // 1_000_000,
        minutes=runs().seconds // 60,
        groups=catalogue().by_programme(today()),
        columns="、".join(names[0] for names in _headings().values()),
        formats=MEDIA_TYPES,
    )


def _headings() -> dict[str, tuple[str, ...]]:
    return registers.headings(catalogue().programmes.values())


def _unit(run: Run, batch: Results) -> str:
    query = Query.of(request.args)
    numbers = batch.index.numbers(query)
    people = [
        (Row.of(found.line), found, materials(batch.checked(found).form, found.data, batch.on))
        for found in batch.found(query.shown(numbers))
    ]
    return render_template("unit.html", people=people, **_common(run, batch, query, numbers))


def _review(run: Run, batch: Results) -> str:
    query = Query.of(request.args)
    numbers = batch.index.numbers(query)
    earlier = [r for r in own(run.status.kind) if r.status.began < run.status.began]
    return render_template(
        "review.html",
        rows=[row for number in query.shown(numbers) if (row := batch.index.row(number))],
        earlier=[r for r in earlier if is_read(r)],
        **_common(run, batch, query, numbers),
    )


def _common(run: Run, batch: Results, query: Query, numbers: list[int]) -> dict[str, Any]:
    totals: Totals = batch.index.totals()
    desk = run.status.kind
    rules = batch.index.rules_by_submissions()
    counted = [form for form, _, _ in batch.index.forms() if form]
    editions = [form for form in catalogue().editions() if form.id in counted]
    return {
        "desk": desk,
        "run": run,
        "on": batch.on,
        "query": query,
        "found": len(numbers),
        "pages": max(-(-len(numbers) // PAGE), 1),
        "totals": totals,
        "rules": rules,
        "units": batch.index.units_by_failures(),
        "counted": counted,
        "forms": catalogue(),
        "titles": explain.rule_titles(editions, (rule for rule, _ in rules), batch.on),
        "said": lambda form, rule: explain.rule_title(
            (each for each in editions if each.id == form), rule, batch.on
        ),
        "products": PRODUCTS,
        "offered": OFFERED[desk] + (("drafts",) if run.folder.exists(DRAFTS) else ()),
        "made": {name for name in PRODUCTS if run.folder.exists(place(name))},
        "printable": totals.passed,
    }


# Small things


def _home(desk: str) -> str:
    """Where the batches of a desk are listed."""
    return url_for("jobs.mine") if desk == OWNED else url_for("batches.start", desk=desk)


@batches.app_context_processor
def _shared() -> dict[str, object]:
    return {"desk_home": _home, "desk_name": _DESKS.get}


def _read_run(desk: str, id: str) -> Run:
    run = run_or_404(desk, id)
    if not is_read(run):
        raise NotFound
    return run


def _item(batch: Results, number: int) -> tuple[Row, Found, Form | None]:
    """A submission of a batch, and the edition that it was judged by."""
    row = batch.index.row(number)
    if row is None:
        raise NotFound
    (found,) = batch.found([number])
    return row, found, batch.form(row)


def _product(name: str) -> Product:
    if name not in PRODUCTS:
        raise NotFound
    return PRODUCTS[name]


def _file(run: Run, name: str, product: Product) -> Response:
    title = f"{product.title}-{run.id[:6]}.{product.suffix}"
    content = run.folder.read(place(name))
    return attachment(content, title, f"{name}.{product.suffix}", product.media_type)
