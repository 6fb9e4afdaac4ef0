"""A real server to measure: `formsvc serve` as a process of its own."""

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


@dataclass
class Served:
    address: str
    process: subprocess.Popen


@contextlib.contextmanager
def served(root: Path, **environment: str) -> Iterator[Served]:
    """Serve from a checkout, without a log."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "formsvc", "serve", "--port", str(port)]
    set_ = {"FORMSVC_ACCESS_LOG": "off", "FORMSVC_RATE": "1000000", **environment}
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, env=os.environ | set_)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, process)
        yield Served(address, process)
    finally:
        process.terminate()
        process.wait(60)


def _wait(address: str, process: subprocess.Popen) -> None:
    for _ in range(1500):
        try:
            urllib.request.urlopen(f"{address}/readyz", timeout=1).read()
        except OSError:
            if process.poll() is not None:
                raise
            time.sleep(0.02)
        else:
            return
    raise TimeoutError
