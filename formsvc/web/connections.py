"""waitress, with a deadline for everything that a client does.

A connection has its patience, in seconds, for each thing it does: ask, send, take its answer, ask
again; and as long again whenever it has moved `RATE` bytes for each of these seconds. Silence and a
trickle of bytes thus end alike, and a slow line does not; what a buffer on the way took at once
buys no time for later.

waitress itself hands a request to a thread only when its body is in. granian, which served before,
has no limit for bodies or for answers, by decision; gunicorn's threads read bodies themselves;
hypercorn and uvicorn, asynchronous, have none for answers that nobody takes.
"""

import json
import resource
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import Error, RequestEntityTooLarge

from formsvc.web.api.bulk import MAX_BODY as BULK_LIMIT
from formsvc.web.api.routes import DOCUMENT_LIMIT
from formsvc.web.desks.batches import UPLOAD_LIMIT
from formsvc.web.problems import MEDIA_TYPE, title

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# Bytes a second below which a client is stalling; and while it sends a large body, which takes one
# of few places.
RATE: Final = 4096
_LARGE_RATE: Final = 16 * RATE
ARRIVED: Final = "formsvc.arrived"
# A body or an answer above this goes to an unlinked temporary file.
_IN_MEMORY: Final = 1 << 18
# So many bodies above this may be under way.
_LARGE: Final = 1 << 20
_MOST_LARGE: Final = 16
# A multipart envelope, and one byte more than is allowed, so that the application itself says so.
_ENVELOPE: Final = 100_000
# So much of a body that is refused is still taken, and thrown away.
_RUN_OUT: Final = 300_000_000
# An answer may be this much ahead of its reader before the thread that makes it waits.
_AHEAD: Final = 16 << 20
_HEADER: Final = 32 << 10
_CONNECTIONS: Final = 2000
# Descriptors for that many: each may have a file for its body and one for its answer.
_DESCRIPTORS: Final = 3 * _CONNECTIONS + 200
_LOOK: Final = 0.5


class Observer(Protocol):
    """Who is told what no application sees."""

    def refused(self, status: int) -> None:
        """A request that could not be read was answered so."""

    def level(self, connections: int, queued: int) -> None:
        """Connections that are open, and requests that wait for a thread."""


class _TooMany(Error):
    code = 503
    reason = "Service Unavailable"


class _Full(Error):
    code = 507
    reason = "Insufficient Storage"


class _Task(WSGITask):
    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[ARRIVED] = self.request.arrived
        return environ


class _ErrorTask(ErrorTask):
    """What the server itself refuses, in the one payload of errors."""

    def execute(self) -> None:
        error = self.request.error
        self.channel.server.observer.refused(error.code)
        self.set_close_on_finish()
        if self.request.is_led:
            self._lead(error.code)
            return
        self.status = f"{error.code} {error.reason}"
        about = {"type": "about:blank", "title": title(error.code), "status": error.code}
        body = json.dumps(about, ensure_ascii=False).encode()
        self.response_headers.append(("Content-Type", MEDIA_TYPE))
        if error.code == _TooMany.code:
            self.response_headers.append(("Retry-After", "30"))
        self.content_length = len(body)
        self.write(body)

    def _lead(self, code: int) -> None:
        """To the page that says so: relative, since a proxy may have put something before."""
        up = "../" * max(self.request.path.count("/") - 1, 0)
        self.status = "303 See Other"
        self.response_headers.append(("Location", f"{up}answers/{code}"))
        self.content_length = 0
        self.write(b"")


class _Pace:
    """Whether a client moves bytes, looked at over one span of its patience after the other."""

    def __init__(self, now: float, moved: int = 0) -> None:
        self.since = now
        self._before = moved

    def is_kept(self, now: float, moved: int, patience: float, rate: int) -> bool:
        """`moved` bytes in all until `now`."""
        if now <= self.since + patience:
            return True
        if moved - self._before < rate * patience:
            return False
        self.since, self._before = now, moved
        return True


class _Parser(HTTPRequestParser):
    """Knows how fast it comes in, and how long a body its address takes."""

    def __init__(self, adj: Adjustments, server: "Server") -> None:
        super().__init__(adj)
        self.arrived = time.monotonic()
        self.pace = _Pace(self.arrived)
        self.large = False
        self._server = server
        self._limit = adj.max_request_body_size
        self._left = 0  # of a body that is refused, and let run out

    def received(self, data: bytes) -> int:
        if self._left:
            return self._run_out(len(data))
        try:
            consumed: int = super().received(data)
        except OSError:  # there is no room for the body
            self._refuse(_Full("no room for the body"))
            consumed = len(data)
        size = max(self.content_length, self.body_bytes_received)
        if size > self._limit and not self.error:
            self._refuse(RequestEntityTooLarge(f"at most {self._limit} bytes"))
        if size > _LARGE and not self.large:
            self.large = True
            if self._server.large() > _MOST_LARGE:
                self._refuse(_TooMany("too many large bodies at once; come again"))
        if self.error:
            self.expect_continue = False  # or waitress would ask for the body all the same
            self._let_run_out()
        self.arrived = time.monotonic()
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        self._limit = _limit(self.path) + _ENVELOPE

    def _refuse(self, error: Error) -> None:
        self.error = error
        self.completed = True

    @property
    def is_led(self) -> bool:
        """Whether a person looks at what is said of the body, so that it is to be a page."""
        return self._is_of_a_body and "text/html" in self.headers.get("ACCEPT", "")

    @property
    def _is_of_a_body(self) -> bool:
        codes = {RequestEntityTooLarge.code, _TooMany.code, _Full.code}
        return self.error.code in codes and not self.path.startswith("/api/")

    def _let_run_out(self) -> None:
        """Browsers read no answer while they send: they have it after the last byte."""
        left = self.content_length - self.body_bytes_received
        if self._is_of_a_body and 0 < left <= _RUN_OUT:
            self._left, self.completed = left, False

    def _run_out(self, count: int) -> int:
        taken = min(count, self._left)
        self._left -= taken
        self.body_bytes_received += taken
        self.completed = not self._left
        self.arrived = time.monotonic()
        return taken


class _Channel(HTTPChannel):
    task_class = _Task
    error_task_class = _ErrorTask
    request: _Parser | None
    _sent = 0
    _taking: _Pace | None = None

    def parser_class(self, adj: Adjustments) -> _Parser:
        return _Parser(adj, self.server)

    def send(self, data: bytes, do_close: bool = True) -> int:
        count: int = super().send(data, do_close)
        self._sent += count
        return count

    @property
    def is_idle(self) -> bool:
        return not (self.request or self.requests or self.total_outbufs_len)

    def is_stalling(self, now: float, patience: float) -> bool:
        """Whether its client has used up the time for what it is at; `now` is monotonic."""
        if self.total_outbufs_len:
            self._taking = self._taking or _Pace(now, self._sent)
            return not self._taking.is_kept(now, self._sent, patience, RATE)
        self._taking = None
        if self.requests:
            if self.request:
                self.request.pace.since = now  # it waits for the one before
            return False
        if self.request:
            rate = _LARGE_RATE if self.request.large else RATE
            moved = self.request.body_bytes_received
            return not self.request.pace.is_kept(now, moved, patience, rate)
        idle = time.time() - self.last_activity  # waitress keeps the time of day
        return bool(idle > patience)


class Server(TcpWSGIServer):
    """One worker's connections on a listening socket that others may share."""

    channel_class = _Channel

    def __init__(
        self,
        application: "WSGIApplication",
        listener: socket.socket,
        threads: int,
        patience: int,
        observer: Observer,
    ) -> None:
        self.observer = observer
        settings = Adjustments(
            sockets=[listener],
            threads=threads,
            ident=None,
            connection_limit=_connections(),
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=False,  # formsvc.web.proxies does that
            max_request_header_size=_HEADER,
            max_request_body_size=BULK_LIMIT + 2 * _ENVELOPE,
            inbuf_overflow=_IN_MEMORY,
            outbuf_overflow=_IN_MEMORY,
            outbuf_high_watermark=_AHEAD,
            send_bytes=1,  # so that what lies in the buffer is what the client does not take
            log_socket_errors=False,
        )
        address = (listener.family, listener.type, listener.proto, listener.getsockname())
        super().__init__(
            application, {}, _sock=listener, adj=settings, sockinfo=address, bind_socket=False
        )
        self._patience = patience
        self._next_look = 0.0
        self._stopping = threading.Event()

    def large(self) -> int:
        """Large bodies that are coming in or being worked on."""
        channels = list(self.active_channels.values())
        requests = [r for c in channels for r in (c.request, *c.requests) if r]
        return sum(request.large for request in requests)

    def maintenance(self, now: float) -> None:
        """Nothing: waitress would close only when a client takes more bytes. See `_turn`."""

    def run_until_told(self, grace: float) -> None:
        """Serve until SIGTERM or SIGINT, then give what is under way `grace` seconds."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self._stopping.is_set():
            self._turn()
        wasyncore.dispatcher.close(self)
        deadline = time.monotonic() + grace
        while self._close_idle() and time.monotonic() < deadline:
            self._turn()

    def _turn(self) -> None:
        """Close what stalls, then see to whoever sends or takes something.

        Between two polls alone: a descriptor closed amid one may be another client's at its end.
        """
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK
            for channel in list(self.active_channels.values()):
                if channel.is_stalling(now, self._patience):
                    channel.handle_close()
            self.observer.level(len(self.active_channels), len(self.task_dispatcher.queue))
        wasyncore.loop(_LOOK, use_poll=True, map=self._map, count=1)

    def _stop(self, *_: object) -> None:
        self._stopping.set()
        self.pull_trigger()

    def _close_idle(self) -> int:
        """How many connections are left that something is under way on."""
        for channel in list(self.active_channels.values()):
            if channel.is_idle:
                channel.handle_close()
        return len(self.active_channels)


def _connections() -> int:
    """How many connections there are descriptors for; as many descriptors as may be are taken."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return min(_CONNECTIONS, max(allowed - 200, 30) // 3)


def _limit(path: str) -> int:
    """Bytes of the longest body that an address takes."""
    if path.endswith("/bulk"):
        return BULK_LIMIT
    if path.endswith(("/unit", "/review")):
        return UPLOAD_LIMIT
    return DOCUMENT_LIMIT
