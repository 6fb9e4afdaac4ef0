"""Ordinary work mixed with attacks, for a while: what the service answers, and what it grows to.

`python -m benchmarks.soak [--seconds N]` serves from this checkout, on loopback only, and prints
the answers by kind, memory and descriptors after a warm-up and at the end. It fails when there was
a 5xx other than "busy, come again", or when memory or descriptors grew by more than noise.
"""

import argparse
import http.client
import io
import json
import os
import random
import socket
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.generate import batch
from benchmarks.serving import Served, served
from benchmarks.slow import BULK, CHECK, FORM

LINES = "application/x-ndjson"
_WORKERS = 4
_LOOK = 2.0
# What the parts of the interpreter, its pools and its caches may still take after a warm-up.
_MORE_BYTES = 40 << 20
_MORE_DESCRIPTORS = 30


@dataclass
class Soaked:
    """Answers by kind and status; (bytes, descriptors) of the service as time went by."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    sizes: list[tuple[int, int]] = field(default_factory=list)

    @property
    def faults(self) -> list[tuple[str, int]]:
        """5xx of ours: 503 says "come again", and is meant."""
        return [each for each in self.answers if each[1] >= 500 and each[1] != 503]

    def grown(self) -> tuple[int, int]:
        """(bytes, descriptors) more in the last tenth than in the second fifth."""
        early = self.sizes[len(self.sizes) // 5 : len(self.sizes) * 2 // 5] or self.sizes[:1]
        late = self.sizes[-max(len(self.sizes) // 10, 1) :]
        medians = [
            [sorted(column)[len(column) // 2] for column in zip(*part, strict=True)]
            for part in (early, late)
        ]
        return medians[1][0] - medians[0][0], medians[1][1] - medians[0][1]


def soak(server: Served, root: Path, seconds: float, seed: int = 1) -> Soaked:
    """Ask and attack for some seconds, from a few threads."""
    soaked = Soaked()
    end = time.monotonic() + seconds
    doings = _doings(root)
    lock = threading.Lock()

    def work(number: int) -> None:
        chance = random.Random(seed + number)
        while time.monotonic() < end:
            name, do = chance.choice(doings)
            try:
                status = do(server.address, chance)
            except (OSError, http.client.HTTPException):
                status = 0  # cut off: what attacks deserve
            with lock:
                soaked.answers[name, status] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(_WORKERS)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        soaked.sizes.append(_size(server.process.pid))
        time.sleep(min(_LOOK, seconds / 20))
    return soaked


Doing = tuple[str, Callable[[str, random.Random], int]]


def _doings(root: Path) -> list[Doing]:
    good = next(iter(sorted(root.glob(f"samples/*/{FORM}/*/valid/*.json")))).read_bytes()
    lines = "".join(json.dumps(data, ensure_ascii=False) + "\n" for data in batch(40)).encode()
    documents = f"/api/v1/forms/{FORM}/documents?on=2026-03-01&format="
    bomb = _bomb()

    def posting(path: str, body: bytes, kind: str = "application/json") -> Callable[..., int]:
        return lambda address, chance: _ask(address, "POST", path, body, {"Content-Type": kind})

    def getting(path: str) -> Callable[..., int]:
        return lambda address, chance: _ask(address, "GET", path)

    def mutated(path: str) -> Callable[..., int]:
        def post(address: str, chance: random.Random) -> int:
            body = bytearray(good)
            for _ in range(chance.randint(1, 30)):
                body[chance.randrange(len(body))] = chance.randrange(256)
            return _ask(address, "POST", path, bytes(body))

        return post

    return [
        *[("check", posting(CHECK, good))] * 4,
        ("docx", posting(f"{documents}docx", good)),
        ("pdf", posting(f"{documents}pdf", good)),
        ("page", getting(f"/forms/{FORM}")),
        ("bulk", posting(BULK, lines, LINES)),
        ("desk", _desk(lines)),
        ("mutated check", mutated(CHECK)),
        ("mutated read", mutated("/api/v1/read")),
        ("mutated bulk", mutated(BULK)),
        ("bomb", posting("/api/v1/read", bomb)),
        ("bulk bomb", posting(BULK, bomb, "application/zip")),
        ("deep", posting(CHECK, b"[" * 100_000)),
        ("long number", posting(CHECK, b'{"expenses":' + b"9" * 5000 + b"}")),
        ("not a form", posting(f"/forms/{FORM}", b"a=" + b"%00" * 9000)),
        ("long header", _long_header),
        ("long path", getting("/" + "a/" * 4000)),
        ("odd path", getting("/forms/..%2f..%2fetc%2fpasswd?on=%00")),
        ("garbage", _garbage),
        ("half", _half),
        ("gone", _gone(lines)),
        ("too long", _too_long),
    ]  # fmt: skip


def _ask(
    address: str, method: str, path: str, body: bytes | None = None, headers: dict | None = None
) -> int:
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def _desk(lines: bytes) -> Callable[..., int]:
    """A batch at the reviewer's desk; its run is left to expire."""

    def hand_in(address: str, chance: random.Random) -> int:
        token = "t" * 43
        edge = "edge"
        body = (
            f'--{edge}\r\nContent-Disposition: form-data; name="token"\r\n\r\n{token}\r\n'
            f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="a.jsonl"\r\n\r\n'
        ).encode() + lines
        headers = {
            "Content-Type": f"multipart/form-data; boundary={edge}",
            "Cookie": f"formsvc_token={token}",
        }
        return _ask(address, "POST", "/review", body + f"\r\n--{edge}--\r\n".encode(), headers)

    return hand_in


def _connected(address: str) -> socket.socket:
    host, port = address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def _long_header(address: str, chance: random.Random) -> int:
    return _ask(address, "GET", "/", None, {"X-Long": "x" * 40_000})


def _garbage(address: str, chance: random.Random) -> int:
    with _connected(address) as connection:
        connection.sendall(chance.randbytes(2000) + b"\r\n\r\n")
        return int(connection.recv(100)[9:12] or 0)


def _half(address: str, chance: random.Random) -> int:
    """A body that never comes in whole."""
    with _connected(address) as connection:
        connection.sendall(
            b"POST /api/v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
        )
        time.sleep(chance.random())
    return 0


def _gone(lines: bytes) -> Callable[..., int]:
    """A bulk answer that nobody stays for."""

    def leave(address: str, chance: random.Random) -> int:
        with _connected(address) as connection:
            connection.sendall(
                f"POST {BULK} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {LINES}\r\n"
                f"Content-Length: {len(lines)}\r\n\r\n".encode()
                + lines
            )
            connection.recv(100)
        return 0

    return leave


def _too_long(address: str, chance: random.Random) -> int:
    with _connected(address) as connection:
        connection.sendall(
            b"POST /api/v1/bulk HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000000\r\n\r\n"
        )
        return int(connection.recv(100)[9:12] or 0)


def _bomb() -> bytes:
    """A small ZIP of 200 MB of nothing."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(200_000_000))
    return stream.getvalue()


def _size(pid: int) -> tuple[int, int]:
    """(bytes in memory, descriptors) of a process and its workers; helpers come and go."""
    pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    pages = sum(int(Path(f"/proc/{each}/statm").read_text().split()[1]) for each in pids)
    return pages * os.sysconf("SC_PAGE_SIZE"), sum(len(os.listdir(f"/proc/{p}/fd")) for p in pids)


def settings(runs: str) -> dict[str, str]:
    """What the service is set to, so that what it keeps for a while also goes."""
    return {"FORMSVC_PATIENCE": "5", "FORMSVC_RUNS": runs, "FORMSVC_RUN_MINUTES": "1"}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=300)
    root = Path(__file__).parent.parent
    with tempfile.TemporaryDirectory() as runs, served(root, **settings(runs)) as server:
        soaked = soak(server, root, parser.parse_args().seconds)
    for (name, status), count in sorted(soaked.answers.items()):
        print(f"{name:14} {status or 'cut off':>7} {count:6}")
    (first, few), (last, many) = soaked.sizes[len(soaked.sizes) // 5], soaked.sizes[-1]
    print(f"memory {first / 1e6:.0f} MB, at the end {last / 1e6:.0f} MB; descriptors {few}, {many}")
    bytes_, descriptors = soaked.grown()
    print(f"grown by {bytes_ / 1e6:.1f} MB and {descriptors} descriptors; faults: {soaked.faults}")
    if soaked.faults or bytes_ > _MORE_BYTES or descriptors > _MORE_DESCRIPTORS:
        sys.exit(1)


if __name__ == "__main__":
    main()
