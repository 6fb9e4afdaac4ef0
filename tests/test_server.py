"""The real server: real sockets, real signals, nothing of a person's data left behind."""

import json
import signal
import socket
import threading
import time
import urllib.error
import urllib.request

import pytest

from formsvc import fill, submissions
from formsvc.cli import main
from formsvc.pointers import set_
from formsvc.web.connections import ARRIVED
from formsvc.web.gate import Gate

from .conftest import first_sample, valid_samples
from .serving import served

FORM = "jiangxi-training-summary"
GOOD = valid_samples(FORM)[0].read_bytes()
CHECK = f"/api/v1/forms/{FORM}/check?on=2026-03-01"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server")) as running:
        yield running


def post(address: str, path: str, body: bytes) -> bytes:
    """The answer's body, whatever its status."""
    request = urllib.request.Request(address + path, data=body, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.read()


def test_it_checks_over_a_real_socket(server):
    assert json.loads(post(server.address, CHECK, GOOD))["ok"]


def test_many_at_once_are_all_answered(server):
    answers = []

    def work() -> None:
        answers.extend(json.loads(post(server.address, CHECK, GOOD))["ok"] for _ in range(10))

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 200


def test_sigterm_finishes_a_request_in_flight(tmp_path):
    with served(tmp_path) as server:
        host, port = server.address.removeprefix("http://").split(":")
        head = (
            f"POST {CHECK} HTTP/1.1\r\nHost: {host}:{port}\r\n"
            f"Content-Length: {len(GOOD)}\r\nConnection: close\r\n\r\n"
        ).encode()
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(head + GOOD[:100])
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            connection.sendall(GOOD[100:])
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200")
        assert b'"ok":true' in answer
        assert server.process.wait(timeout=20) == 0


def test_a_canary_is_found_in_no_log_and_no_file(tmp_path, summary_form):
    """A number that goes through every route in many ways stays in the answers alone."""
    canary = "6217000000987654321"
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    good = first_sample(FORM)
    set_(good, "/account/number", canary)
    set_(good, "/account/bank", "某银行")
    bad = {**good, canary: canary, "expenses": canary}
    raw_good, raw_bad = json.dumps(good).encode(), json.dumps(bad).encode()
    documents = [fill(summary_form, submissions.parse(raw_good).data, f) for f in ("docx", "pdf")]
    bodies = [raw_good, raw_bad, raw_bad[:-1], canary.encode() * 3, b"\xff" + raw_bad, *documents]
    routes = [
        CHECK, f"/api/v1/forms/{FORM}/documents?on=2026-03-01", "/api/v1/read", "/api/v1/verify",
        f"/api/v1/forms/{FORM}/documents?format=pdf&draft=true", "/api/v1/bulk", "/", "/unit",
        f"/forms/{FORM}", "/review", f"/api/v1/{canary}", f"/{canary}?x={canary}",
        f"/api/v1/verify?code={canary}", f"/api/v1/forms/{FORM}/check?on={canary}",
    ]  # fmt: skip
    with served(tmp_path, TMPDIR=str(temporary)) as server:
        seen = b"".join(post(server.address, r, body) for r in routes for body in bodies)
    assert canary.encode() in seen
    for path in [server.log, *(p for p in temporary.rglob("*") if p.is_file())]:
        assert canary.encode() not in path.read_bytes(), path


def test_a_port_that_is_taken_is_told_in_one_line(server, runner):
    host, port = server.address.removeprefix("http://").split(":")
    result = runner.invoke(main, ["serve", "--host", host, "--port", port])
    assert result.exit_code == 2
    assert f"{host}:{port}" in result.stderr
    assert "--port" in result.stderr


def test_who_waited_for_a_thread_does_not_wait_again():
    """A queue ends as soon as it is too long: the gate counts from a request's last byte."""
    held = threading.Event()
    started = threading.Event()

    def app(environ, start_response):
        started.set()
        held.wait(10)
        start_response("200 OK", [])
        return [b""]

    gate = Gate(app, 1, patience=2.0)
    inside = threading.Thread(target=lambda: list(gate({"PATH_INFO": "/"}, lambda *_: None)))
    inside.start()
    assert started.wait(5)
    said = []
    began = time.monotonic()
    waited = {"PATH_INFO": "/", ARRIVED: began - 3}
    list(gate(waited, lambda status, headers: said.append((status, dict(headers)))))
    held.set()
    inside.join()
    assert time.monotonic() - began < 1
    assert said[0][0].startswith("503")
    assert said[0][1]["Retry-After"]
