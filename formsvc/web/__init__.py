"""The web application: API and pages over the same verbs as the command line."""

import sqlite3
import traceback
from pathlib import Path
from typing import Any

from flask import Flask, Response
from werkzeug.routing import IntegerConverter

import formsvc.intake.recognition  # noqa: F401  # workers are forked with it, parsers begun with it
from formsvc import config
from formsvc.bulk.batch import loaded
from formsvc.config import Settings
from formsvc.store.errors import StoreError
from formsvc.web import answers
from formsvc.web.api import bulk as bulk_api
from formsvc.web.api.description import DescribedApi
from formsvc.web.api.routes import BODY_LIMIT, api
from formsvc.web.desks.applicant import applicant
from formsvc.web.desks.batches import batches
from formsvc.web.desks.tasks import performer
from formsvc.web.desks.verifying import verifying
from formsvc.web.manuals import manuals
from formsvc.web.problems import full, undone
from formsvc.web.runs.runs import Runs
from formsvc.web.uploads import MemoryRequest
from formsvc.web.views import views
from formsvc.writing.notation import today

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class _App(Flask):
    """Flask that keeps what people sent out of its log."""

    def log_exception(self, exc_info: Any) -> None:
        """The kind of a fault and where it happened: its text may quote a submission."""
        kind, _, trace = exc_info
        places = [f"{Path(file).name}:{line}" for file, line, *_ in traceback.extract_tb(trace)]
        self.logger.error("%s at %s", kind.__name__, " < ".join(reversed(places[-_PLACES:])))


_PLACES = 6


class _Number(IntegerConverter):
    """A number in a path: none that a database has no room for (64 bits, 19 digits)."""

    regex = r"\d{1,18}"


def create_app(settings: Settings | None = None) -> Flask:
    """An application with its forms loaded, or FormError or ConfigError: never half of it."""
    settings = settings or config.from_environment()
    app = _App(__name__, template_folder="pages")
    app.request_class = MemoryRequest
    app.url_map.converters["int"] = _Number
    app.config.from_mapping(
        API_TITLE="formsvc",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        MAX_CONTENT_LENGTH=BODY_LIMIT,
        MAX_FORM_MEMORY_SIZE=BODY_LIMIT,
        TRUSTED_HOSTS=list(settings.trusted_hosts) or None,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # Flask's default provider has it
    app.json.sort_keys = False  # type: ignore[attr-defined]  # as above
    forms, *_ = loaded(settings.shelves, settings.press)
    app.extensions["formsvc-settings"] = settings
    app.extensions["formsvc-runs"] = Runs(
        performer(settings), settings.runs, settings.run_minutes * 60
    )
    app.extensions["formsvc-store"] = app.extensions["formsvc-jobs"] = None
    app.extensions["formsvc-behind"] = ()  # what works beside the requests: has start and stop
    app.extensions["formsvc-saving"] = lambda form: None
    app.extensions["formsvc-register"] = lambda form: None
    app.extensions["formsvc-known"] = None
    described = DescribedApi(app)
    described.describe_forms(forms.all_in_force(today()))
    described.register_blueprint(api)
    described.register_blueprint(bulk_api.bulk)
    bulk_api.install(app, settings.threads)
    for pages in (views, manuals, applicant, batches, verifying):
        app.register_blueprint(pages)
    if settings.data:
        from formsvc.web.remembering import install  # noqa: PLC0415  # the open desks need no database

        install(app, described, settings)
    app.extensions["formsvc-openapi"] = described.spec
    for fault in (OSError, sqlite3.Error):
        app.register_error_handler(fault, full)
    app.register_error_handler(StoreError, undone)
    app.after_request(_with_headers)
    answers.install(app)
    return app


def _with_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response
