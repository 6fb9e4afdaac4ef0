"""POST /check in the application, beyond an empty request, against the check itself.

`python -m benchmarks.asking`: CPU of the WSGI application alone, in this process, without a socket.
"""

import io
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from werkzeug.test import EnvironBuilder

from formsvc.web import create_app
from formsvc.web.held import catalogue
from formsvc.writing.notation import today

_SAMPLES = Path(__file__).parent.parent / "samples/jiangxi"
_FORM = "jiangxi-training-summary"
_AT_MOST = 1.4
_ROUNDS, _CALLS = 25, 100


def main() -> None:
    os.environ["FORMSVC_ACCESS_LOG"] = "off"
    app = create_app()
    for name in ("near-the-length-limits", "shortest-texts"):
        path = next(_SAMPLES.glob(f"{_FORM}/*/valid/{name}.json"))
        raw = path.read_bytes()
        with app.app_context():
            forms = catalogue()
        on, where = today().isoformat(), f"/api/v1/forms/{_FORM}/check"
        calls = (
            asked(app, "GET", "/healthz"),
            asked(app, "POST", where, raw),
            asked(app, "POST", f"{where}?on={on}", raw),
            lambda raw=raw, forms=forms: forms.check(raw, on=today(), form=_FORM),
        )
        rounds = [[spent(call) for call in calls] for _ in range(_ROUNDS)]
        ratios = statistics.median((post - empty) / own for empty, post, _, own in rounds)
        empty, post, dated, own = (
            statistics.median(each) * 1e6 for each in zip(*rounds, strict=True)
        )
        print(
            f"{name}, {len(raw):,} bytes: empty request {empty:.0f} µs, POST /check {post:.0f} µs "
            f"({dated:.0f} with a day), the check itself {own:.0f} µs; beyond an empty request "
            f"{ratios:.2f} times the check (at most {_AT_MOST:g})",
            flush=True,
        )


def asked(app: object, method: str, path: str, raw: bytes = b"") -> Callable[[], object]:
    """One request, whose answer has to be 200."""
    builder = EnvironBuilder(path=path, method=method, data=raw, content_type="application/json")
    environ = builder.get_environ()

    def ask() -> bytes:
        body = app({**environ, "wsgi.input": io.BytesIO(raw)}, answered)
        return b"".join(body)

    return ask


def answered(status: str, headers: object, error: object = None) -> None:
    if not status.startswith("200"):
        raise SystemExit(status)


def spent(call: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    began = time.process_time()
    for _ in range(_CALLS):
        call()
    return (time.process_time() - began) / _CALLS


if __name__ == "__main__":
    main()
