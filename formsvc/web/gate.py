"""A bound on the work done at once: who waits too long gets 503 and may come again."""

import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.wsgi import ClosingIterator

from formsvc.web.connections import ARRIVED

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_FREE = frozenset({"/healthz", "/metrics"})
_BODY = '{"type":"about:blank","title":"服务正忙，请稍后再试","status":503}'.encode()


class Gate:
    """WSGI middleware: at most `at_once` requests inside, the rest wait `patience` seconds.

    They wait from when their last byte came in: who has waited for a thread so long already does
    not wait here again, so that a queue ends as soon as it is too long.
    """

    def __init__(self, app: "WSGIApplication", at_once: int, patience: float = 2.0) -> None:
        self._app = app
        self._places = threading.BoundedSemaphore(at_once)
        self._patience = patience

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if environ.get("PATH_INFO") in _FREE:
            return self._app(environ, start_response)
        now = time.monotonic()
        left = self._patience - (now - environ.get(ARRIVED, now))
        if not self._places.acquire(timeout=max(left, 0)):
            return _busy(start_response)
        try:
            answer: Any = self._app(environ, start_response)
        except BaseException:
            self._places.release()
            raise
        return ClosingIterator(answer, self._places.release)


def _busy(start_response: "StartResponse") -> Iterable[bytes]:
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(_BODY))),
        ("Retry-After", "5"),
    ]
    start_response("503 Service Unavailable", headers)
    return [_BODY]
