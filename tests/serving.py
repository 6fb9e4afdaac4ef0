"""A real server for tests: `formsvc serve` as a process of its own."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .conftest import ROOT


@dataclass
class Served:
    address: str
    process: subprocess.Popen
    log: Path


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def served(folder: Path, **environment: str) -> Iterator[Served]:
    """Serve from this checkout; everything that it prints goes to a file in `folder`."""
    port = free_port()
    log = folder / "server.log"
    command = [sys.executable, "-m", "formsvc", "serve", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env=os.environ | environment
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
