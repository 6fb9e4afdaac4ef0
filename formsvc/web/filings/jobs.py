"""后台任务: what somebody has done in the background, its progress, and what came of it.

A job that read submissions is shown by the pages of the reviewer's desk (desks/batches).
"""

from typing import Any, Final, get_args

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound

from formsvc.bulk.outputs.workbook import MEDIA_TYPE
from formsvc.store import drafts, jobs
from formsvc.store.access import HANDLING
from formsvc.store.errors import Invalid
from formsvc.store.jobs import UNFINISHED, JobState
from formsvc.web import csrf
from formsvc.web.attachments import attachment
from formsvc.web.desks.batches import UPLOAD_LIMIT
from formsvc.web.desks.products import place
from formsvc.web.desks.uploads import MOST
from formsvc.web.filings import beginnings
from formsvc.web.filings.blueprint import number, seated
from formsvc.web.filings.lists import Wanted
from formsvc.web.filings.selections import Selection, Where
from formsvc.web.filings.work import LIST
from formsvc.web.held import settings, signed_in, store
from formsvc.web.runs import owned
from formsvc.web.runs.runs import OWNED

# How long a post waits for its work before it answers with a page that shows how far it is.
MOMENT: Final = 1.2

background = Blueprint("jobs", __name__)
csrf.install(background)


@background.get("/jobs")
def mine() -> str:
    """Mine: progress, results, deletion; and where many submissions are imported."""
    return _page()


@background.post("/todo/review")
def review() -> Any:
    """Review what waits: what is ticked, or with `selection=all` the whole list as narrowed."""
    csrf.protect()
    seated(HANDLING)
    picked = (text.partition(".")[0] for text in request.form.getlist("pick"))
    ids = [id for text in picked if (id := number(text))]
    whole = request.form.get("selection") == "all"
    job = beginnings.review(_listed("waiting") if whole else ids, request.form.getlist("product"))
    owned.queue().wait(job.id, MOMENT)
    return redirect(url_for("batches.show", desk=OWNED, id=job.id), 303)


@background.post("/jobs/list")
def export() -> Any:
    """A list as XLSX: `where` says which, the rest narrows it as on its page."""
    csrf.protect()
    where = next((each for each in get_args(Where) if each == request.form.get("where")), None)
    if where is None:
        raise NotFound
    job = beginnings.listing(_listed(where))
    owned.queue().wait(job.id, MOMENT)
    return redirect(url_for("jobs.mine"), 303)


@background.post("/jobs/import")
def import_() -> Any:
    """Drafts from files of many submissions."""
    request.max_content_length = UPLOAD_LIMIT
    request.max_form_parts = MOST
    csrf.protect()
    files = [
        (file.filename, file.read()) for file in request.files.getlist("files") if file.filename
    ]
    try:
        job = beginnings.import_(files, number(request.form.get("office", "")))
    except Invalid as problem:
        return _page(str(problem)), 422
    owned.queue().wait(job.id, MOMENT)
    return redirect(url_for("batches.show", desk=OWNED, id=job.id), 303)


@background.get("/jobs/<id>/list.xlsx")
def table(id: str) -> Response:
    """A list that was made."""
    run = owned.found(id)
    if not run.folder.exists(place(LIST)):
        raise NotFound
    return attachment(run.folder.read(place(LIST)), f"清单-{id[:6]}.xlsx", "list.xlsx", MEDIA_TYPE)


def _listed(where: Where) -> Selection:
    wanted = Wanted.of(request.form)
    return Selection(where, wanted.query, wanted.state, wanted.form, wanted.office)


def _page(notice: str = "") -> str:
    with store().reading(signed_in()) as work:
        own = jobs.mine(work)
        offices = beginnings.offices(work)
    return render_template(
        "jobs.html",
        jobs=own,
        offices=offices,
        states={state: state.label for state in JobState},
        working=any(job.state in UNFINISHED for job in own),
        notice=notice,
        days=settings().job_days,
        limit=UPLOAD_LIMIT // 1_000_000,
        drafts=drafts.MOST,
    )
