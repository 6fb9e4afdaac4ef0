"""One submission of a batch: its findings beside what the paper says, its documents, and what is
done with it: mended, handed in anew, taken out, put in again."""

import io
from itertools import islice
from typing import Any, Final

from flask import Response, current_app, render_template, request
from werkzeug.exceptions import NotFound

from formsvc.bulk.earlier import withdrawn
from formsvc.bulk.lines import Row
from formsvc.bulk.results import Results
from formsvc.checks.explain import asked_by
from formsvc.delivery import Delivery, file_name, fill
from formsvc.documents import MEDIA_TYPES, Format, pictures
from formsvc.forms import Form
from formsvc.intake.sources import items
from formsvc.web import csrf
from formsvc.web.attachments import attachment, inline
from formsvc.web.desks import mending
from formsvc.web.desks.blueprint import batches, item_of, read_run, settled, to_batch, to_item
from formsvc.web.desks.paper import changed, loose, paper
from formsvc.web.desks.people import groups
from formsvc.web.desks.queries import Query
from formsvc.web.desks.tasks import putting_back, settling
from formsvc.web.desks.uploads import results
from formsvc.web.held import catalogue, settings
from formsvc.web.runs.ownership import continued
from formsvc.web.runs.runs import Run, Task

# What one submission may have as a file.
_FILE_LIMIT: Final = 10_000_000
_PREVIEW_DPI: Final = 96


@batches.get("/<any(unit, review, jobs):desk>/<id>/<int:number>")
def item(desk: str, id: str, number: int) -> str:
    """One submission: its findings beside what the paper says."""
    run = read_run(desk, id)
    query = Query.of(request.args)
    with results(run, catalogue()) as batch:
        row, found, form = item_of(batch, number)
        numbers = batch.index.numbers(query)
        at = numbers.index(number) if number in numbers else -len(numbers)
        around = (numbers[max(at - 1, 0) : max(at, 0)], numbers[at + 1 : at + 2])
        before, after = (batch.index.row(near[0]) if near else None for near in around)
        pages = pictures.count(shown) if (shown := _shown(batch, number)) else 0
        was = mending.before(run.folder, number)
        was_form = batch.checked(was).form if was else None
        mark = batch.marks.get(number)
        on = batch.on
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
        query=query,
        before=before,
        after=after,
        formats=MEDIA_TYPES,
        pages=pages,
        was=was,
        was_changed=changed(was_form, was.data, form, found.data) if was else (),
        mark=mark,
        asked=asked_by(form, on),
    )


@batches.get("/<any(unit, review, jobs):desk>/<id>/<int:number>/document.<format>")
def document(desk: str, id: str, number: int, format: Format) -> Response:
    """The filled document, draft while it has errors; `?show` opens a PDF in the browser."""
    if format not in MEDIA_TYPES:
        raise NotFound
    with results(read_run(desk, id), catalogue()) as batch:
        form, made = _filled(batch, number, format)
    if made.document is None:
        raise NotFound
    if "show" in request.args and format == "pdf":
        return inline(made.document, MEDIA_TYPES[format])
    return attachment(made.document, made.name, f"{form.id}.{format}", MEDIA_TYPES[format])


@batches.get("/<any(unit, review, jobs):desk>/<id>/<int:number>/page-<int:page>.png")
def picture(desk: str, id: str, number: int, page: int) -> Response:
    """A page of the filled form as it would be printed, counted from 1."""
    with results(read_run(desk, id), catalogue()) as batch:
        content = _shown(batch, number)
    try:
        shown = pictures.page(content, page - 1, _PREVIEW_DPI) if content else b""
    except IndexError:
        shown = b""
    if not shown:
        raise NotFound
    return current_app.response_class(shown, mimetype="image/png")


@batches.get("/<any(unit, review, jobs):desk>/<id>/<int:number>/submission.json")
def submission(desk: str, id: str, number: int) -> Response:
    """The submission as it came, or as it was put in its place."""
    with results(read_run(desk, id), catalogue()) as batch:
        _, found, form = item_of(batch, number)
    if form is None:
        raise NotFound
    name = file_name(form, found.data, "json")
    return attachment(found.raw, name, f"{form.id}.json", "application/json")


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
    _, found, form = item_of(batch, number)
    if form is None:
        raise NotFound
    draft = not found.line.report.ok
    return form, fill(batch.checked(found), format, draft=draft, press=settings().press)


# Changing the batch; what is of the store is changed there


@batches.post("/<any(unit, review):desk>/<id>/<int:number>/file")
def replace(desk: str, id: str, number: int) -> Any:
    """A file with the same submission, mended, in its place."""
    request.max_content_length = _FILE_LIMIT
    csrf.protect()
    run, row, on = _changeable(desk, id, number)
    file = request.files.get("file")
    if file is None or not file.filename:
        return _back(run, row, "empty")
    given = items(io.BytesIO(file.read()), file.filename, catalogue())
    read = list(islice(given, 2))
    if len(read) != 1 or read[0].raw is None:
        return _back(run, row, "several")
    if run.status.state == "running":
        return _back(run, row, "busy")
    mending.keep_item(run.folder, number, read[0])
    return _done(run, row, putting_back(number, on), "replaced")


@batches.post("/<any(unit, review):desk>/<id>/<int:number>/withdraw")
def withdraw(desk: str, id: str, number: int) -> Any:
    """Take it out of the batch; it can be put in again."""
    csrf.protect()
    run, row, on = _changeable(desk, id, number)
    if number in _gone(run):
        return to_batch(run, done="withdrawn")
    return _done(run, row, settling(number, on), "withdrawn")


@batches.post("/<any(unit, review):desk>/<id>/<int:number>/restore")
def restore(desk: str, id: str, number: int) -> Any:
    """Put it in again."""
    csrf.protect()
    run = read_run(desk, id)
    if number not in _gone(run):
        raise NotFound
    with results(run, catalogue()) as batch:
        on = batch.on
    return _done(run, None, settling(number, on), "restored", f"item-{number}")


def _gone(run: Run) -> dict[int, str]:
    return withdrawn(run.folder)


def _changeable(desk: str, id: str, number: int) -> tuple[Run, Row, Any]:
    run = read_run(desk, id)
    with results(run, catalogue()) as batch:
        return run, item_of(batch, number)[0], batch.on


def _done(run: Run, row: Row | None, task: Task, said: str, place: str = "") -> Any:
    if not continued(run, task):
        return _back(run, row, "busy", place)
    if settled(run) and row and said == "withdrawn":
        return to_batch(run, _beside(run, row), done=said)
    return _back(run, None if said == "withdrawn" else row, said, place)


def _beside(run: Run, row: Row) -> str:
    """Where a submission was that is taken out: its person, or the list of what is taken out."""
    with results(run, catalogue()) as batch:
        same = (each.number for each in groups(batch, Query())
                if row.person and (each.name, each.unit) == (row.person, row.unit))  # fmt: skip
        number = next(same, None)
    return f"person-{number}" if number else "gone"


def _back(run: Run, row: Row | None, said: str, place: str = "") -> Any:
    """To the place that the button was at."""
    if row is not None and request.form.get("at") == "item":
        return to_item(run, row.number, done=said)
    return to_batch(run, f"item-{row.number}" if row else place, done=said)
