"""The pages that need nothing of a person: the front page, the rules, the interface."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, current_app, json, render_template, request, url_for
from werkzeug.exceptions import NotFound

from formsvc import documents
from formsvc.bulk.outputs.workbook import MEDIA_TYPE
from formsvc.checks import coverage, explain
from formsvc.checks.coverage import ProgrammeCoverage
from formsvc.delivery import file_name
from formsvc.forms import Programme, built_in
from formsvc.intake import sheets
from formsvc.web.attachments import attachment
from formsvc.web.desks.widgets import widgets
from formsvc.web.held import catalogue, form_or_404, settings
from formsvc.writing.notation import long_date, today

views = Blueprint("views", __name__)

# (endpoint, its desk, where its pages begin, label) of the links at the top of every page.
_NAVIGATION: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("views.index", {}, "/forms", "我要填表"),
    ("batches.start", {"desk": "unit"}, "/unit", "单位汇总"),
    ("batches.start", {"desk": "review"}, "/review", "批量审核"),
    ("verifying.ask", {}, "/verify", "核对真假"),
)
_SECURITY_DAYS = 180


@views.app_context_processor
def _site() -> dict[str, object]:
    here = request.root_path + request.path
    links = []
    for endpoint, desk, begin, label in _NAVIGATION:
        address = url_for(endpoint, **desk)
        links.append((address, label, here == address, request.path.startswith(begin)))
    return {"navigation": links}


@views.get("/")
def index() -> str:
    groups = catalogue().by_programme(today())
    return render_template("index.html", groups=groups, formats=documents.MEDIA_TYPES)


@views.get("/coverage")
def covered() -> str:
    """The programmes whose regulations are gone through."""
    maps = [_covered(programme) for programme in catalogue().programmes.values()]
    return render_template("coverages.html", maps=maps)


@views.get("/coverage/<programme>")
def coverage_of(programme: str) -> str:
    """Every article and clause of a regulation: what covers it, or why software cannot."""
    known = catalogue().programmes.get(programme)
    if known is None:
        raise NotFound
    return render_template(
        "coverage.html", whole=_covered(known), said=coverage.said, long_date=long_date
    )


def _covered(programme: Programme) -> ProgrammeCoverage:
    return coverage.coverage(programme, catalogue().all_in_force(today()), today())


@views.get("/forms/<form>/rules")
def rules(form: str) -> str:
    """What is checked, and why."""
    chosen = form_or_404(form)
    return render_template(
        "rules.html",
        form=chosen,
        siblings=dict(catalogue().by_programme(today())).get(chosen.programme, ()),
        demands=explain.demands(chosen, today()),
        sections=widgets(chosen, today()),
        label=explain.label,
        outer=coverage.outer,
    )


@views.get("/forms/<form>/sheet.xlsx")
def sheet(form: str) -> Response:
    """An empty sheet to fill offline, a row a person."""
    chosen = form_or_404(form)
    name = file_name(chosen, None, "xlsx")
    return attachment(sheets.write(chosen, today()), name, f"{chosen.id}.xlsx", MEDIA_TYPE)


@views.get("/api/docs")
def docs() -> str:
    """The OpenAPI description as a page: read without a script, tried with a small one."""
    spec = current_app.extensions["formsvc-openapi"].to_dict()
    schemas = spec["components"]["schemas"]
    forms = schemas["FormId"]["enum"]
    described = [name for name in schemas if name[0].isupper() and name != "FormId"]
    return render_template(
        "docs.html",
        spec=spec,
        spec_url=url_for("api-docs.openapi_json"),
        forms=forms,
        described=described,
        sample=_sample(forms[0]),
    )


def _sample(form: str) -> str:
    """A valid submission as its file says it; where none came along, how one begins."""
    samples = (shelf.samples for shelf in (built_in(), *settings().shelves))
    found = [path for each in samples for path in each.glob(f"*/{form}/*/valid/*.json")]
    given = [path.read_text("utf-8-sig") for path in sorted(found)[-1:]]
    return given[0] if given else json.dumps({"form": form}, indent=2)


@views.get("/.well-known/security.txt")
def security() -> Response:
    """Whom to tell of a hole (RFC 9116); none when the operator named nobody."""
    contacts = settings().security_contacts
    if not contacts:
        raise NotFound
    expires = datetime.now(UTC) + timedelta(days=_SECURITY_DAYS)
    lines = [f"Contact: {contact}" for contact in contacts]
    lines += [f"Expires: {expires:%Y-%m-%dT00:00:00Z}", "Preferred-Languages: zh, en", ""]
    return current_app.response_class("\n".join(lines), mimetype="text/plain")


@views.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@views.get("/readyz")
def readyz() -> dict[str, str | int]:
    """The forms are loaded and requests can be worked on."""
    return {"status": "ok", "forms": len(catalogue())}
