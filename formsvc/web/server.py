"""Serving with granian: a Rust HTTP front that hands whole requests to Python threads."""

import socket

from granian import Granian
from granian.constants import Interfaces

from formsvc import config
from formsvc.config import Settings
from formsvc.errors import ConfigError
from formsvc.web import create_app
from formsvc.web.gate import Gate

# How long requests in flight may take to finish after SIGTERM, in seconds.
_GRACE = 30
# Threads for each request worked on: the others wait at the gate, or are told to come again.
_WAITING = 2


def application() -> Gate:
    """What a worker serves: the application behind its gate."""
    settings = config.from_environment()
    return Gate(create_app(settings).wsgi_app, settings.threads)


def run(settings: Settings, host: str | None = None, port: int | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C; requests in flight are finished first."""
    address = (host or settings.host, port or settings.port)
    try:
        # granian lets several servers share an address without a word; two of ours never should.
        with socket.create_server(address):
            pass
    except OSError as error:
        place = f"{address[0]}:{address[1]}"
        message = (
            f"{place} 不能用来监听（{error.strerror}）；可用 --port 或 FORMSVC_PORT 另选端口。"
        )
        raise ConfigError(message) from error
    Granian(
        "formsvc.web.server:application",
        address=address[0],
        port=address[1],
        interface=Interfaces.WSGI,
        factory=True,
        workers=1,
        blocking_threads=settings.threads * _WAITING,
        backpressure=settings.backlog,
        workers_kill_timeout=_GRACE,
        websockets=False,
        log_access=False,
    ).serve()
