"""What can be seen from outside: counters, and a line for each request without personal data.

A line names the route, never the address as it was typed: that may hold anything.
"""

import json
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import TooManyRequests
from werkzeug.wsgi import ClosingIterator

from formsvc import sandbox
from formsvc.web.connections import ARRIVED
from formsvc.web.held import catalogue
from formsvc.web.rates import Rates
from formsvc.web.runs.runs import Runs, is_id
from formsvc.web.tally import MEDIA_TYPE, Memory, Tally

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_ABOUT: Final = "formsvc.about"
_UNKNOWN: Final = "-"
_SHORT: Final = 6
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH"})
# What takes a process of its own, a place for bulk work, or much of a processor.
_COSTLY: Final = frozenset(
    {
        "api.fill", "api.read", "api.verify", "applicant.work", "batches.begin",
        "batches.document", "batches.make", "batches.picture", "batches.replace", "bulk.check_many",
        "filings.document", "filings.hand_in",
    }
)  # fmt: skip


# Where somebody might guess a password or a code, or have many mails sent; posts are counted.
_GUESSING: Final = frozenset(
    {
        "security.login", "security.verify", "security.two_factor_token_validation",
        "security.mf_recovery", "security.wan_signin_response", "security.forgot_password",
        "security.reset_password", "accounts.join", "accounts.register",
    }
)  # fmt: skip


class Watch:
    """WSGI middleware around everything else; also told what no application sees."""

    def __init__(self, app: "WSGIApplication", tally: Tally, *, log: bool) -> None:
        self._app = app
        self._tally = tally
        self._log = log

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        status = 500

        def begin(line: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            nonlocal status
            status = int(line[:3])
            return start_response(line, headers, *rest)

        def end(**more: str) -> None:
            self._tally.shift("active_requests", -1)
            self._answered(environ, status, **more)

        environ.setdefault(ARRIVED, time.monotonic())
        self._tally.shift("active_requests", 1)
        try:
            answer = self._app(environ, begin)
        except BaseException as fault:
            end(fault=type(fault).__name__)
            raise
        return ClosingIterator(answer, end)

    def refused(self, status: int) -> None:
        """A request that could not even be read."""
        self._tally.add("refused", "server")
        self._write(method=_UNKNOWN, route=_UNKNOWN, status=status)

    def level(self, connections: int, queued: int) -> None:
        """How much there is at this moment."""
        self._tally.set_("connections", connections)
        self._tally.set_("queued_requests", queued)

    def _answered(self, environ: "WSGIEnvironment", status: int, **more: str) -> None:
        seconds = time.monotonic() - environ[ARRIVED]
        about = environ.get(_ABOUT) or {"route": _UNKNOWN}
        self._tally.request(about["route"], status, seconds)
        if status in (429, 503):
            self._tally.add("refused", "rate" if status == 429 else "busy")
        method = environ.get("REQUEST_METHOD", "")
        method = method if method in _METHODS else _UNKNOWN
        self._write(method=method, **about, status=status, ms=round(seconds * 1000, 1), **more)

    def _write(self, **line: object) -> None:
        if self._log:
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            sys.stdout.write(json.dumps({"time": now, **line}) + "\n")
            sys.stdout.flush()


def install(
    app: Flask,
    rates: Rates | None = None,
    guesses: Rates | None = None,
    memory: Memory | None = None,
    place: int = 0,
) -> Tally:
    """Count in an application; hold its costly routes to `rates`, and signing in to `guesses`."""
    known = {rule.endpoint for rule in app.url_map.iter_rules()}
    tally = Tally({*known, "watch.metrics", _UNKNOWN}, memory, place)
    sandbox.watchers.append(lambda outcome: tally.add("sandbox", outcome))
    held: Runs = app.extensions["formsvc-runs"]
    held.watcher = lambda outcome, pending: _count_run(tally, outcome, pending)

    def begin() -> None:
        request.environ[_ABOUT] = _about()
        for bound, routes in ((rates, _COSTLY), (guesses, _GUESSING)):
            if bound and request.endpoint in routes and _is_counted():
                wait = bound.wait(request.remote_addr or "")
                if wait:
                    raise TooManyRequests(retry_after=wait)

    def metrics() -> Response:
        return current_app.response_class(tally.text(), content_type=MEDIA_TYPE)

    app.before_request(begin)
    app.add_url_rule("/metrics", "watch.metrics", metrics)
    return tally


def _is_counted() -> bool:
    return request.method == "POST" or request.endpoint not in _GUESSING


def _count_run(tally: Tally, outcome: str, pending: int) -> None:
    tally.add("runs", outcome)
    tally.set_("pending_runs", pending)


def _about() -> dict[str, str]:
    """Route, form, and the first signs of a run's id: never what somebody only typed."""
    about = {"route": request.endpoint or _UNKNOWN}
    given = request.view_args or {}
    if given.get("form") in catalogue():
        about["form"] = given["form"]
    run = given.get("id")
    if isinstance(run, str) and is_id(run):
        about["run"] = run[:_SHORT]
    return about
