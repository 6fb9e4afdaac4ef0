"""The pages that need nothing of a person: the front page, the rules, the interface."""

from flask import Blueprint, Response, current_app, render_template, request, url_for

from formsvc.bulk.outputs.workbook import MEDIA_TYPE
from formsvc.checks import explain
from formsvc.delivery import file_name
from formsvc.intake import sheets
from formsvc.web.attachments import attachment
from formsvc.web.desks.widgets import widgets
from formsvc.web.held import catalogue, form_or_404
from formsvc.writing.notation import today

views = Blueprint("views", __name__)

# (path, where its pages begin, label) of the links at the top of every page.
_NAVIGATION = (
    ("/", "/forms", "我要填表"),
    ("/unit", "/unit", "单位汇总"),
    ("/review", "/review", "批量审核"),
    ("/api/docs", "/api/docs", "接口说明"),
)


@views.app_context_processor
def _site() -> dict[str, object]:
    links = [
        (path, label, request.path == path or request.path.startswith(begin))
        for path, begin, label in _NAVIGATION
    ]
    return {"navigation": links}


@views.get("/")
def index() -> str:
    return render_template("index.html", forms=catalogue().all_in_force(today()))


@views.get("/forms/<form>/rules")
def rules(form: str) -> str:
    """What is checked, and why."""
    chosen = form_or_404(form)
    return render_template(
        "rules.html",
        form=chosen,
        demands=explain.demands(chosen, today()),
        sections=widgets(chosen, today()),
        label=explain.label,
    )


@views.get("/forms/<form>/sheet.xlsx")
def sheet(form: str) -> Response:
    """An empty sheet to fill offline, a row a person."""
    chosen = form_or_404(form)
    name = file_name(chosen, None, "xlsx")
    return attachment(sheets.write(chosen, today()), name, f"{chosen.id}.xlsx", MEDIA_TYPE)


@views.get("/api/docs")
def docs() -> str:
    """The OpenAPI description as a page that needs no script and no other host."""
    spec = current_app.extensions["formsvc-openapi"].to_dict()
    return render_template("docs.html", spec=spec, spec_url=url_for("api-docs.openapi_json"))


@views.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@views.get("/readyz")
def readyz() -> dict[str, str | int]:
    """The forms are loaded and requests can be worked on."""
    return {"status": "ok", "forms": len(catalogue())}
