"""Clients that are silent, send slowly or do not read: they are cut off and stop nobody."""

import contextlib
import socket
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest
from waitress.adjustments import Adjustments

from benchmarks import slow, soak
from formsvc.web import connections

from .conftest import ROOT, valid_samples
from .serving import served

GOOD = valid_samples(slow.FORM)[0].read_bytes()
PATIENCE = 2
MANY = b"{}\n" * 20_000


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with served(folder, FORMSVC_PATIENCE=str(PATIENCE), FORMSVC_RATE="100000") as running:
        yield running


def connected(server) -> socket.socket:
    host, port = server.address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def seconds_until_closed(connection: socket.socket) -> float:
    began = time.monotonic()
    while connection.recv(65536):
        pass
    return time.monotonic() - began


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: loc",
        b"POST /api/v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nabc",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
    ids=["nothing", "half a header", "half a body", "nothing more after an answer"],
)
def test_who_falls_silent_is_cut_off(server, sent):
    with connected(server) as connection:
        connection.sendall(sent)
        assert PATIENCE - 0.5 < seconds_until_closed(connection) < PATIENCE + 3


def test_a_trickle_of_bytes_buys_no_time(server):
    with connected(server) as connection:
        connection.sendall(b"POST /api/v1/read HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n")
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() < began + 10:
                connection.sendall(b"a")
                time.sleep(0.1)
        assert time.monotonic() - began < PATIENCE + 3


def test_a_slow_line_is_not_cut_off(server):
    body = b" " * 30_000 + GOOD
    head = f"POST {slow.CHECK} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    with connected(server) as connection:
        connection.sendall(head.encode())
        for place in range(0, len(body), 3000):
            connection.sendall(body[place : place + 3000])
            time.sleep(0.4)
        assert connection.recv(20).startswith(b"HTTP/1.1 200")


def test_places_for_bulk_come_back_from_those_who_do_not_read(server):
    head = (
        f"POST {slow.BULK} HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: application/x-ndjson\r\nContent-Length: {len(MANY)}\r\n\r\n"
    )

    def bulk() -> int:
        request = urllib.request.Request(
            server.address + slow.BULK, data=GOOD, headers={"Content-Type": "application/x-ndjson"}
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code

    with connected(server) as one, connected(server) as other:
        for connection in (one, other):
            connection.sendall(head.encode() + MANY)
        time.sleep(0.5)
        assert bulk() == 429
        deadline = time.monotonic() + 30
        while bulk() != 200:
            assert time.monotonic() < deadline
            time.sleep(0.5)


def test_a_body_that_is_too_long_for_its_address_is_refused_at_once(server):
    with connected(server) as connection:
        connection.sendall(
            b"POST /api/v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 150000000\r\n\r\n"
        )
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"application/problem+json" in answer


def test_who_asks_before_sending_too_much_is_told_no(server):
    with connected(server) as connection:
        connection.sendall(
            b"POST /api/v1/read HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
            b"Content-Length: 150000000\r\n\r\n"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_a_disk_that_fills_while_a_body_comes_in_is_507():
    parser = connections._Parser(Adjustments(), SimpleNamespace(large=lambda: 0))
    parser.received(b"POST /api/v1/read HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")

    def full(data: bytes) -> int:
        raise OSError(28, "No space left on device")

    parser.body_rcv = SimpleNamespace(received=full)
    assert parser.received(b"abc") == 3
    assert parser.completed
    assert parser.error.code == 507


def test_large_bodies_are_few_at_once():
    parser = connections._Parser(Adjustments(), SimpleNamespace(large=lambda: 17))
    parser.received(b"POST /api/v1/bulk HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n")
    assert parser.error.code == 503


def test_others_notice_little_of_many_slow_clients(server):
    """The figures for a minute on a quiet machine: `python -m benchmarks.slow`."""
    noticed = slow.measure(server.address, GOOD, 8)
    assert not noticed.failed
    assert noticed.cut_off > 200
    assert noticed.p99 < 0.5, noticed


def test_work_mixed_with_attacks_gives_no_fault_and_grows_nothing(tmp_path):
    """The figures for five minutes: `python -m benchmarks.soak`."""
    with served(tmp_path, FORMSVC_RATE="100000", **soak.settings(str(tmp_path / "runs"))) as busy:
        soaked = soak.soak(busy, ROOT, 12)
    assert not soaked.faults
    assert soaked.answers["check", 200] > 20
    more_bytes, more_descriptors = soaked.grown()
    assert more_bytes < 60e6
    assert more_descriptors < 30
