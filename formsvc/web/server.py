"""Serving: workers on one socket, each an application behind its gate."""

import errno
import logging
import socket
import sys

from flask import Flask

from formsvc.bulk.batch import loaded
from formsvc.config import Settings
from formsvc.errors import ConfigError, FormsvcError
from formsvc.web import create_app
from formsvc.web.connections import Server
from formsvc.web.gate import Gate
from formsvc.web.processes import HOPELESS, supervise
from formsvc.web.proxies import Proxies
from formsvc.web.rates import Rates
from formsvc.web.tally import Memory
from formsvc.web.watch import Watch, install

# How long requests in flight may take to finish after SIGTERM, in seconds.
_GRACE = 30
# Threads for each request worked on: the others wait at the gate, or are told to come again.
_WAITING = 2
_QUEUE = 1024
# Attempts a minute and client to sign in: an office behind one address signs in at nine.
_GUESSES = 60


def run(settings: Settings) -> int:
    """Serve until SIGTERM or Ctrl-C; requests in flight are finished first. The exit code."""
    listener = _listening(settings.host, settings.port)
    loaded(settings.shelves, settings.press)  # once, before the workers are made
    memory, rates, guesses = Memory(settings.workers), Rates(settings.rate), Rates(_GUESSES)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{settings.port}/"
    link = ""
    if settings.data:
        from formsvc.web import remembering  # noqa: PLC0415  # the open desks need no database

        link = remembering.first_link(settings, address)

    def work(place: int) -> None:
        try:
            app = create_app(settings)
            server = _server(app, settings, listener, memory, (rates, guesses), place)
            behind = app.extensions["formsvc-behind"]
        except FormsvcError as error:
            print(error, file=sys.stderr, flush=True)
            sys.exit(HOPELESS)
        for each in behind:
            each.start()
        server.run_until_told(_GRACE)
        for each in behind:
            each.stop()

    print(f"已经启动：请用浏览器打开 {address} ，按 Ctrl-C 停止。", flush=True)
    if link:
        print(f"还没有系统管理员：请在 24 小时内打开 {link} 建立（只能用一次）。", flush=True)
    return supervise(settings.workers, work, _GRACE + 5)


def _server(
    app: Flask,
    settings: Settings,
    listener: socket.socket,
    memory: Memory,
    rates: tuple[Rates, Rates],
    place: int,
) -> Server:
    """One worker's part."""
    # What waitress would say names addresses as they were typed; our own lines say the rest.
    logging.getLogger("waitress").setLevel(logging.CRITICAL)
    tally = install(app, *rates, memory, place)
    inner = Proxies(Gate(app.wsgi_app, settings.threads), settings.trusted_proxies)
    watch = Watch(inner, tally, log=settings.access_log)
    return Server(watch, listener, settings.threads * _WAITING, settings.patience, watch)


def _listening(host: str, port: int) -> socket.socket:
    """A socket that only this service listens on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_QUEUE)
    except OSError as error:
        place = f"{host}:{port}"
        reason = "已被占用" if error.errno == errno.EADDRINUSE else error.strerror
        raise ConfigError(
            f"{place} 不能用来监听（{reason}）；可用 --port 或 FORMSVC_PORT 另选端口。"
        ) from error
    listener.setblocking(False)
    return listener
