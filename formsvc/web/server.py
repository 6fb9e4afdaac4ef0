"""Serving with granian: a Rust HTTP front that hands whole requests to Python threads."""

from granian import Granian
from granian.constants import Interfaces

from formsvc.config import Settings

# How long requests in flight may take to finish after SIGTERM, in seconds.
_GRACE = 30


def run(settings: Settings, host: str | None = None, port: int | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C; requests in flight are finished first."""
    Granian(
        "formsvc.web:create_app",
        address=host or settings.host,
        port=port or settings.port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=1,
        blocking_threads=settings.threads,
        backpressure=settings.backlog,
        workers_kill_timeout=_GRACE,
        websockets=False,
        log_access=False,
    ).serve()
