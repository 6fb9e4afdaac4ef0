"""The employer's and the reviewer's desk: many submissions at once, in a run of the browser's own.

Both desks read the same runs; they differ in the page that shows one.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from flask import Response, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound

from formsvc.bulk.earlier import withdrawn
from formsvc.bulk.index import Totals
from formsvc.bulk.outputs.letters import LetterDetails
from formsvc.bulk.results import Results
from formsvc.documents import MEDIA_TYPES
from formsvc.intake import registers
from formsvc.web import csrf
from formsvc.web.attachments import attachment
from formsvc.web.desks import comparing, covering, items, marking
from formsvc.web.desks.blueprint import batches, day_of, home, read_run, settled, to_batch
from formsvc.web.desks.people import groups
from formsvc.web.desks.products import (
    DRAFTS,
    LETTERS,
    OFFERED,
    PRODUCTS,
    Product,
    details,
    keep_details,
    place,
    product,
)
from formsvc.web.desks.queries import PAGE, Query
from formsvc.web.desks.tasks import making, reading
from formsvc.web.desks.uploads import MOST, is_read, keep, problem, results
from formsvc.web.held import catalogue, runs
from formsvc.web.runs.ownership import continued, discarded, own, run_or_404, started, with_key
from formsvc.web.runs.runs import Run
from formsvc.writing.notation import today

# Uploads stay in memory until they are sealed, so a page takes less than the command line.
UPLOAD_LIMIT: Final = 64_000_000
_LONGEST: Final = 60
# Importing them puts their pages on the blueprint.
PAGES: Final = (comparing, covering, items, marking)

__all__ = ["PAGES", "UPLOAD_LIMIT", "batches"]


@batches.get("/<any(unit, review):desk>")
def start(desk: str) -> str:
    """Where a batch is handed in, and those handed in before."""
    return render_template(
        f"{desk}_start.html",
        desk=desk,
        runs=[(run, is_read(run)) for run in own(desk)],
        limit=UPLOAD_LIMIT // 1_000_000,
        minutes=runs().seconds // 60,
        groups=catalogue().by_programme(today()),
        columns="、".join(names[0] for names in _headings().values()),
        formats=MEDIA_TYPES,
        today=today(),
    )


def _headings() -> Mapping[str, tuple[str, ...]]:
    return registers.headings(catalogue().programmes.values())


@batches.post("/<any(unit, review):desk>")
def begin(desk: str) -> Any:
    """Seal and read a batch; small ones are done before the answer."""
    request.max_content_length = UPLOAD_LIMIT
    request.max_form_parts = MOST
    csrf.protect()
    files, lists = _sent("files"), _sent("register")
    received = _received(request.form.get("on", ""))
    if not files or received is None:
        said = "day" if files else "empty"
        return redirect(url_for("batches.start", desk=desk, done=said), 303)
    run = started(desk, reading(received), lambda folder: keep(folder, files, lists))
    try:
        settled(run)
    except OSError:  # no room: nothing was acknowledged
        runs().delete(run)
        raise
    return with_key(redirect(url_for("batches.show", desk=desk, id=run.id), 303))


def _sent(name: str) -> list[tuple[str, bytes]]:
    files = request.files.getlist(name)
    return [(file.filename, file.read()) for file in files if file.filename]


def _received(text: str) -> date | None:
    """The day of receipt, by default today; None for what is no day, or still to come."""
    if not text.strip():
        return today()
    day = day_of(text)
    return day if day and day <= today() else None


@batches.get("/<any(unit, review, jobs):desk>/<id>")
def show(desk: str, id: str) -> Any:
    """The batch, or how far it is."""
    run = run_or_404(desk, id)
    if not is_read(run):
        if run.status.state == "done":  # a job that leaves a file alone
            return redirect(home(desk), 303)
        return render_template("progress.html", desk=desk, run=run, problem=problem(run))
    with results(run, catalogue()) as batch:
        return _unit(run, batch) if desk == "unit" else _review(run, batch)


@batches.get("/<any(unit, review, jobs):desk>/<id>/status")
def status(desk: str, id: str) -> dict[str, Any]:
    """For the script that waits."""
    run = run_or_404(desk, id)
    told = run.status
    return {"state": told.state, "label": told.label, "done": told.done, "total": told.total}


@batches.get("/<any(unit, review, jobs):desk>/<id>/delete")
def ask(desk: str, id: str) -> str:
    """Asks first: what is deleted does not come back."""
    run = run_or_404(desk, id)
    count = marked = 0
    if is_read(run):
        with results(run, catalogue()) as batch:
            count, marked = batch.index.totals().submissions, len(batch.marks)
    return render_template("batch_delete.html", desk=desk, run=run, count=count, marked=marked)


@batches.post("/<any(unit, review, jobs):desk>/<id>/delete")
def delete(desk: str, id: str) -> Any:
    """Gone from the disk at once."""
    csrf.protect()
    discarded(run_or_404(desk, id))
    return redirect(home(desk), 303)


@batches.post("/<any(unit, review, jobs):desk>/<id>/files/<name>")
def make(desk: str, id: str, name: str) -> Any:
    """Make a file of the batch; a quick one comes at once, others are waited for on the page."""
    csrf.protect()
    run, _ = run_or_404(desk, id), _product(name)
    is_letter = name.partition("@")[0] in LETTERS
    if is_letter and run.status.state != "running":
        read_run(desk, id)
        said = _details()
        if said is None:
            return _waiting(run, name, done="due")
        keep_details(run.folder, said)
    if not run.folder.exists(place(name)) and run.status.state != "running":
        read_run(desk, id)
        continued(run, making(name))
        settled(run)
    if run.folder.exists(place(name)):
        return redirect(url_for("batches.take", desk=desk, id=id, name=name), 303)
    return _waiting(run, name, waiting=name)  # a script takes it when it is there


def _waiting(run: Run, name: str, **terms: Any) -> Any:
    since = name.partition("@")[2]
    if not since:
        return to_batch(run, "files", **terms)
    address = url_for("batches.changes", desk=run.status.kind, id=run.id, earlier=since,
                      _anchor="files", **terms)  # fmt: skip
    return redirect(address, 303)


def _details() -> LetterDetails | None:
    """What a letter is to say; None for a day that is none."""
    sent = request.form
    text = sent.get("due", "").strip()
    due = day_of(text) if text else None
    if text and due is None:
        return None
    reference, contact = (" ".join(sent.get(name, "").split())[:_LONGEST]
                          for name in ("reference", "contact"))  # fmt: skip
    return LetterDetails(reference, contact, due, today())


@batches.get("/<any(unit, review, jobs):desk>/<id>/files/<name>")
def take(desk: str, id: str, name: str) -> Response:
    """A file that was made."""
    run, made = run_or_404(desk, id), _product(name)
    if not run.folder.exists(place(name)):
        raise NotFound
    title = f"{made.title}-{run.id[:6]}.{made.suffix}"
    plain = f"{name.partition('@')[0]}.{made.suffix}"
    return attachment(run.folder.read(place(name)), title, plain, made.media_type)


def _product(name: str) -> Product:
    known = product(name)
    if known is None:
        raise NotFound
    return known


# The pages


def _unit(run: Run, batch: Results) -> str:
    query = Query.of(request.args)
    found = groups(batch, query)
    return render_template(
        "unit.html",
        people=[each.opened(batch) for each in query.shown(found)],
        **_common(run, batch, query, len(found)),
    )


def _review(run: Run, batch: Results) -> str:
    query = Query.of(request.args)
    numbers = batch.index.numbers(query)
    earlier = [r for r in own(run.status.kind) if r.status.began < run.status.began]
    return render_template(
        "review.html",
        rows=[row for number in query.shown(numbers) if (row := batch.index.row(number))],
        earlier=[r for r in earlier if is_read(r)],
        marks=batch.marks,
        **_common(run, batch, query, len(numbers)),
    )


def _common(run: Run, batch: Results, query: Query, found: int) -> dict[str, Any]:
    totals: Totals = batch.index.totals()
    desk = run.status.kind
    rules = batch.index.rules_by_submissions()
    counted = [form for form, _, _ in batch.index.forms() if form]
    offered = OFFERED[desk] + (("drafts",) if run.folder.exists(DRAFTS) else ())
    return {
        "desk": desk,
        "run": run,
        "on": batch.on,
        "query": query,
        "found": found,
        "pages": max(-(-found // PAGE), 1),
        "totals": totals,
        "rules": rules,
        "units": batch.index.units_by_failures(),
        "counted": counted,
        "forms": catalogue(),
        "titles": batch.titles.rules(counted, (rule for rule, _ in rules)),
        "said": batch.titles.rule,
        "products": PRODUCTS,
        "offered": [name for name in offered if name not in LETTERS],
        "letters": [name for name in offered if name in LETTERS],
        "details": details(run.folder),
        "made": {name for name in PRODUCTS if run.folder.exists(place(name))},
        "printable": totals.passed,
        "gone": withdrawn(run.folder),
    }
