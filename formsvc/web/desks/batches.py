"""The employer's and the reviewer's desk: many submissions at once, in a run of the browser's own.

Both desks read the same runs; they differ in the page that shows one.
"""

from collections import Counter
from datetime import datetime
from typing import Any, Final

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest, NotFound

from formsvc.bulk.batch import Job
from formsvc.checks import explain
from formsvc.delivery import deliver, file_name
from formsvc.documents import MEDIA_TYPES, Format, pictures
from formsvc.forms import Form
from formsvc.web import csrf
from formsvc.web.api.routes import attachment, catalogue
from formsvc.web.desks import entries, summaries
from formsvc.web.desks.held_batches import (
    MOST,
    Batch,
    Found,
    Row,
    changes_since,
    is_read,
    read,
    title,
)
from formsvc.web.desks.paper import loose, materials, paper
from formsvc.web.desks.products import OFFERED, PRODUCTS, Making, Product, place
from formsvc.web.held import runs, settings
from formsvc.web.runs.ownership import continued, own, run_or_404, started, with_key
from formsvc.web.runs.runs import Run
from formsvc.writing.notation import CHINA, today

# Uploads stay in memory until they are sealed, so a page takes less than the command line.
UPLOAD_LIMIT: Final = 64_000_000
# How long a post waits for its work before it answers with a page that shows how far it is.
_MOMENT: Final = 1.2
_PREVIEW_DPI: Final = 96

batches = Blueprint("batches", __name__)
csrf.install(batches)


@batches.app_template_filter("clock")
def _clock(seconds: float) -> str:
    """A time today, in China: 14:05."""
    return datetime.fromtimestamp(seconds, CHINA).strftime("%H:%M")


batches.add_app_template_filter(title, "batch_title")


@batches.get("/<any(unit, review):desk>")
def start(desk: str) -> str:
    """Where a batch is handed in, and those handed in before."""
    return _landing(desk)


@batches.post("/<any(unit, review):desk>")
def begin(desk: str) -> Any:
    """Read a batch; small ones are done before the answer."""
    request.max_content_length = UPLOAD_LIMIT
    request.max_form_parts = MOST
    csrf.protect()
    files = [
        (file.filename, file.read()) for file in request.files.getlist("files") if file.filename
    ]
    if not files:
        return _landing(desk, "请先选择文件，再按“上传并检查”。"), 422
    job = Job(today(), settings().schemas, settings().templates)
    forms = catalogue()
    run = started(desk, lambda run: read(run, files, job, forms))
    runs().wait(run, _MOMENT)
    return with_key(redirect(url_for("batches.show", desk=desk, id=run.id), 303))


@batches.get("/<any(unit, review):desk>/<id>")
def show(desk: str, id: str) -> str | tuple[str, int]:
    """The batch, or how far it is."""
    run = run_or_404(desk, id)
    if not is_read(run):
        return render_template("progress.html", desk=desk, run=run)
    batch = Batch(run)
    return _unit(batch) if desk == "unit" else _review(batch)


@batches.get("/<any(unit, review):desk>/<id>/status")
def status(desk: str, id: str) -> dict[str, Any]:
    """For the script that waits."""
    run = run_or_404(desk, id)
    told = run.status
    return {"state": told.state, "label": told.label, "done": told.done, "total": told.total}


@batches.post("/<any(unit, review):desk>/<id>/delete")
def delete(desk: str, id: str) -> Any:
    """Gone from the disk at once."""
    csrf.protect()
    runs().delete(run_or_404(desk, id))
    return redirect(url_for("batches.start", desk=desk), 303)


@batches.get("/<any(unit, review):desk>/<id>/<int:number>")
def item(desk: str, id: str, number: int) -> str:
    """One submission: its findings beside what the paper says."""
    batch = _batch(desk, id)
    found = _item(batch, number)
    form = catalogue().get(found.row.form)
    parts = paper(form, found.data, found.report["findings"]) if form else ()
    query = summaries.Query.of(request.args)
    rows = query.rows(batch)
    position = next((i for i, row in enumerate(rows) if row.number == number), -1)
    return render_template(
        "item.html",
        desk=desk,
        run=batch.run,
        found=found,
        form=form,
        paper=parts,
        loose=loose(parts, found.report["findings"]),
        entries=entries.entered(form, found.data) if form else {},
        query=query,
        before=rows[position - 1] if position > 0 else None,
        after=rows[position + 1] if 0 <= position < len(rows) - 1 else None,
        formats=MEDIA_TYPES,
        pages=_page_count(batch, number) if form else 0,
    )


def _page_count(batch: Batch, number: int) -> int:
    """How many pages the filled form has; none when it cannot be printed."""
    try:
        return pictures.count(_filled(batch, number, "pdf")[1])
    except BadRequest:
        return 0


@batches.get("/<any(unit, review):desk>/<id>/<int:number>/document.<format>")
def document(desk: str, id: str, number: int, format: Format) -> Response:
    """The filled document, draft while it has errors; `?show` opens a PDF in the browser."""
    if format not in MEDIA_TYPES:
        raise NotFound
    form, content, name = _filled(_batch(desk, id), number, format)
    if "show" in request.args and format == "pdf":
        response: Response = current_app.response_class(content, mimetype=MEDIA_TYPES[format])
        response.headers["Content-Disposition"] = "inline"
        return response
    return attachment(content, name, f"{form.id}.{format}", MEDIA_TYPES[format])


@batches.get("/<any(unit, review):desk>/<id>/<int:number>/page-<int:page>.png")
def picture(desk: str, id: str, number: int, page: int) -> Response:
    """A page of the filled form as it would be printed, counted from 1."""
    _, content, _ = _filled(_batch(desk, id), number, "pdf")
    try:
        shown = pictures.page(content, page - 1, _PREVIEW_DPI)
    except IndexError:
        raise NotFound from None
    return current_app.response_class(shown, mimetype="image/png")


def _filled(batch: Batch, number: int, format: Format) -> tuple[Form, bytes, str]:
    """(form, document, file name) of a submission, draft while it has errors."""
    found = _item(batch, number)
    form = catalogue().get(found.row.form)
    if form is None:
        raise NotFound
    draft = bool(found.row.errors)
    delivery = deliver(
        catalogue(), found.raw, format, on=batch.on, form=form, draft=draft, press=settings().press
    )
    if delivery.document is None:
        raise BadRequest
    return form, delivery.document, delivery.name


@batches.get("/<any(unit, review):desk>/<id>/<int:number>/submission.json")
def submission(desk: str, id: str, number: int) -> Response:
    """The submission as it came."""
    found = _item(_batch(desk, id), number)
    form = catalogue().get(found.row.form)
    if form is None:
        raise NotFound
    name = file_name(form, found.data, "json")
    return attachment(found.raw, name, f"{form.id}.json", "application/json")


@batches.post("/<any(unit, review):desk>/<id>/files/<name>")
def make(desk: str, id: str, name: str) -> Any:
    """Make a file of the batch; a quick one comes at once, others are waited for on the page."""
    csrf.protect()
    run, product = run_or_404(desk, id), _product(name)
    if run.folder.exists(place(name)):
        return _file(run, name, product)
    if run.status.state != "running":
        work = Making(_batch(desk, id), catalogue(), settings(), run.tell)

        def written(run: Run) -> None:
            with run.folder.create(place(name)) as out:
                product.make(work, out)

        continued(run, written)
    if runs().wait(run, _MOMENT) and run.folder.exists(place(name)):
        return _file(run, name, product)
    return redirect(url_for("batches.show", desk=desk, id=id, _anchor="files"), 303)


@batches.get("/<any(unit, review):desk>/<id>/files/<name>")
def take(desk: str, id: str, name: str) -> Response:
    """A file that was made."""
    run, product = run_or_404(desk, id), _product(name)
    if not run.folder.exists(place(name)):
        raise NotFound
    return _file(run, name, product)


@batches.get("/review/<id>/changes/<earlier>")
def changes(id: str, earlier: str) -> str:
    """What became of the findings of an earlier batch."""
    run, before = run_or_404("review", id), run_or_404("review", earlier)
    if not (is_read(run) and is_read(before)):
        raise NotFound
    people: dict[str, dict[tuple[str, str, str], list[str]]] = {}
    counts = Counter[str]()
    for change in changes_since(run, before):
        counts[change["change"]] += 1
        who = (change["person"] or change["source"], change["unit"], change["form"])
        found = (change["finding"] or {}).get("message", "")
        people.setdefault(change["change"], {}).setdefault(who, []).append(found)
    return render_template(
        "changes.html", run=run, earlier=before, people=people, counts=counts, forms=catalogue()
    )


# The pages


def _landing(desk: str, notice: str = "") -> str:
    return render_template(
        f"{desk}_start.html",
        desk=desk,
        runs=[(run, is_read(run)) for run in own(desk)],
        notice=notice,
        limit=UPLOAD_LIMIT // 1_000_000,
        minutes=runs().seconds // 60,
        forms=catalogue(),
    )


def _unit(batch: Batch) -> str:
    query = summaries.Query.of(request.args)
    rows = query.rows(batch)
    shown = rows[(query.page - 1) * summaries.PAGE : query.page * summaries.PAGE]
    people = [
        (found, materials(catalogue().get(found.row.form), found.data))
        for found in batch.found(shown)
    ]
    return render_template("unit.html", people=people, **_common(batch, "unit", query, rows))


def _review(batch: Batch) -> str:
    query = summaries.Query.of(request.args)
    rows = query.rows(batch)
    shown = rows[(query.page - 1) * summaries.PAGE : query.page * summaries.PAGE]
    earlier = [r for r in own("review") if r.status.began < batch.run.status.began]
    return render_template(
        "review.html",
        rows=shown,
        earlier=[r for r in earlier if is_read(r)],
        **_common(batch, "review", query, rows),
    )


def _common(batch: Batch, desk: str, query: summaries.Query, rows: list[Row]) -> dict[str, Any]:
    counted = summaries.summary(batch.rows)
    return {
        "desk": desk,
        "run": batch.run,
        "on": batch.on,
        "query": query,
        "found": len(rows),
        "pages": max(-(-len(rows) // summaries.PAGE), 1),
        "summary": counted,
        "forms": catalogue(),
        "titles": {s.key: explain.rule_title(catalogue(), s.key) for s in counted.rules},
        "products": PRODUCTS,
        "offered": OFFERED[desk],
        "made": {name for name in PRODUCTS if batch.run.folder.exists(place(name))},
        "printable": len(batch.clean),
    }


# Small things


def _batch(desk: str, id: str) -> Batch:
    run = run_or_404(desk, id)
    if not is_read(run):
        raise NotFound
    return Batch(run)


def _item(batch: Batch, number: int) -> Found:
    found = batch.item(number)
    if found is None:
        raise NotFound
    return found


def _product(name: str) -> Product:
    if name not in PRODUCTS:
        raise NotFound
    return PRODUCTS[name]


def _file(run: Run, name: str, product: Product) -> Response:
    title = f"{product.title}-{run.id[:6]}.{product.suffix}"
    content = run.folder.read(place(name))
    return attachment(content, title, f"{name}.{product.suffix}", product.media_type)
