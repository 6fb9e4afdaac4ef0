"""Clients that hold on to a server, and what others notice of them.

`python -m benchmarks.slow [--seconds N]` serves from this checkout and prints one line: 200 silent
connections, 50 that send a body a byte a second, 20 that take their bulk answer a little at a time,
each beginning anew when it is cut off; and beside them checks, one after the other.
"""

import argparse
import asyncio
import contextlib
import json
import time
import urllib.request
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving import served

FORM = "jiangxi-training-summary"
CHECK = f"/api/v1/forms/{FORM}/check?on=2026-03-01"
BULK = "/api/v1/bulk?on=2026-03-01"
# Answers some hundred times as long: more than any buffer on the way.
_BULK_BODY = b"{}\n" * 20_000


@dataclass(frozen=True)
class Noticed:
    """What others noticed. Times in seconds."""

    requests: int
    failed: int
    median: float
    p99: float
    worst: float
    cut_off: int

    def __str__(self) -> str:
        return (
            f"{self.requests} checks, {self.failed} failed; median {self.median * 1000:.1f} ms, "
            f"p99 {self.p99 * 1000:.1f} ms, worst {self.worst * 1000:.1f} ms; "
            f"{self.cut_off} slow connections were cut off"
        )


def measure(
    address: str, body: bytes, seconds: float, counts: tuple[int, int, int] = (200, 50, 20)
) -> Noticed:
    """Run so many silent, sending and taking clients for some seconds. `body` is a submission."""
    return asyncio.run(_measure(address, body, seconds, counts))


async def _measure(address: str, body: bytes, seconds: float, counts: tuple[int, ...]) -> Noticed:
    host, port = address.removeprefix("http://").split(":")
    end = time.monotonic() + seconds
    cut = 0

    async def keep_on(client: Callable[..., Coroutine[None, None, None]]) -> None:
        nonlocal cut
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection(host, int(port), limit=4096)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(end - time.monotonic()):
                        await client(reader, writer)
                    cut += 1
                writer.close()
            await asyncio.sleep(0.1)

    kinds = (_silent, _sending, _taking)
    slow = [keep_on(kind) for kind, count in zip(kinds, counts, strict=True) for _ in range(count)]
    asking = asyncio.to_thread(_ask, address, body, end)
    times, *_ = await asyncio.gather(asking, *slow)
    good = sorted(each for each in times if each is not None)
    at = good[min(int(len(good) * 0.99), len(good) - 1)]
    return Noticed(len(times), len(times) - len(good), good[len(good) // 2], at, good[-1], cut)


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _sending(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = f"POST {CHECK} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n"
    writer.write(head.encode())
    while not reader.at_eof() and not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                if not await reader.read(1000):
                    return


async def _taking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (
        f"POST {BULK} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
        f"Content-Length: {len(_BULK_BODY)}\r\n\r\n"
    )
    writer.write(head.encode() + _BULK_BODY)
    while await reader.read(512):
        await asyncio.sleep(1)


def _ask(address: str, body: bytes, end: float) -> list[float | None]:
    """Seconds of each check, None for one that was not answered well."""
    times: list[float | None] = []
    while time.monotonic() < end:
        began = time.perf_counter()
        try:
            with urllib.request.urlopen(address + CHECK, data=body, timeout=30) as answer:
                good = json.load(answer)["ok"]
        except OSError:
            good = False
        times.append(time.perf_counter() - began if good else None)
        time.sleep(0.02)
    return times


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    seconds = parser.parse_args().seconds
    root = Path(__file__).parent.parent
    body = next(iter(sorted(root.glob(f"samples/*/{FORM}/*/valid/*.json")))).read_bytes()
    with served(root) as server:
        print("alone:", measure(server.address, body, min(seconds, 10), (0, 0, 0)))
        print("beside slow clients:", measure(server.address, body, seconds))


if __name__ == "__main__":
    main()
