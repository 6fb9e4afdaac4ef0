"""A real server for tests: `formsvc serve` as a process of its own, and a browser for it."""

import contextlib
import http.cookiejar
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .conftest import ROOT


@dataclass
class Served:
    address: str
    process: subprocess.Popen
    log: Path

    @property
    def workers(self) -> list[int]:
        return children(self.process.pid)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def served(
    folder: Path, port: int = 0, command: Sequence[str] = (), where: Path = ROOT, **environment: str
) -> Iterator[Served]:
    """Serve from this checkout; everything that it prints goes to a file in `folder`.

    `command` is what serves instead of `formsvc serve`, begun in the folder `where`.
    """
    port = port or free_port()
    log = folder / "server.log"
    command = command or [sys.executable, "-m", "formsvc", "serve"]
    surroundings = os.environ | environment | {"FORMSVC_PORT": str(port)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=where, stdout=output, stderr=subprocess.STDOUT, env=surroundings
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, process, log)
        yield Served(address, process, log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(address: str, process: subprocess.Popen, log: Path) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/readyz", timeout=1).read()
            return
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def children(pid: int) -> list[int]:
    """The processes that a process has begun."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(each) for list_ in lists for each in list_.read_text().split()]


def until(true, seconds: float = 20) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Browser:
    """Cookies, pages, posted forms."""

    def __init__(self) -> None:
        self.cookies = http.cookiejar.CookieJar()
        keeping = urllib.request.HTTPCookieProcessor(self.cookies)
        self._opener = urllib.request.build_opener(keeping)

    def get(self, url: str, headers: dict | None = None) -> str:
        request = urllib.request.Request(url, headers=headers or {})
        with self._opener.open(request, timeout=30) as answer:
            return answer.read().decode()

    def upload(self, url: str, name: str, content: bytes) -> str:
        """Hand a file in at a desk; the address of the batch."""
        token = re.search(r'name="token" value="([^"]+)"', self.get(url))[1]
        edge = uuid.uuid4().hex
        body = (
            f'--{edge}\r\nContent-Disposition: form-data; name="token"\r\n\r\n{token}\r\n'
            f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode() + content
        body += f"\r\n--{edge}--\r\n".encode()
        kind = f"multipart/form-data; boundary={edge}"
        request = urllib.request.Request(url, data=body, headers={"Content-Type": kind})
        with self._opener.open(request, timeout=30) as answer:
            return answer.url
