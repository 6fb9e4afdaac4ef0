"""The real server: real sockets, real signals."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

from .conftest import ROOT, valid_samples

GOOD = valid_samples("jiangxi-training-summary")[0].read_bytes()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def server():
    port = free_port()
    command = [sys.executable, "-m", "formsvc", "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    for _ in range(150):
        try:
            urllib.request.urlopen(f"{address}/readyz", timeout=1).read()
            break
        except OSError:
            assert process.poll() is None, process.stdout.read().decode()
            time.sleep(0.1)
    yield address, process
    process.kill()
    process.wait()
    process.stdout.close()


def post(address: str, path: str, body: bytes) -> dict:
    request = urllib.request.Request(address + path, data=body, method="POST")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read())


def test_it_checks_over_a_real_socket(server):
    address, _ = server
    report = post(address, "/api/v1/forms/jiangxi-training-summary/check?on=2026-03-01", GOOD)
    assert report["ok"]


def test_sigterm_finishes_a_request_in_flight(server):
    address, process = server
    host, port = address.removeprefix("http://").split(":")
    head = (
        f"POST /api/v1/forms/jiangxi-training-summary/check?on=2026-03-01 HTTP/1.1\r\n"
        f"Host: {host}:{port}\r\nContent-Length: {len(GOOD)}\r\nConnection: close\r\n\r\n"
    ).encode()
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head + GOOD[:100])
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        connection.sendall(GOOD[100:])
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"ok":true' in answer
    assert process.wait(timeout=20) == 0


def test_many_at_once_are_all_answered(server):
    address, _ = server
    answers = []

    def work() -> None:
        path = "/api/v1/forms/jiangxi-training-summary/check?on=2026-03-01"
        answers.extend(post(address, path, GOOD)["ok"] for _ in range(10))

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 200
