"""Pages for people."""

from flask import Blueprint, current_app, render_template, url_for

from formsvc.web.api import catalogue

views = Blueprint("views", __name__)


@views.get("/")
def index() -> str:
    return render_template("index.html", forms=list(catalogue().values()))


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
