"""Requests a second of `formsvc serve` with one worker and with two.

`python -m benchmarks.workers`
One client process keeps some connections busy with checks; it shares the machine's cores with the
workers, so on two cores the ratio says a little less than what two workers can do.
"""

import selectors
import socket
import statistics
import time
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.serving import served

_ROOT = Path(__file__).parent.parent
_FORM = "jiangxi-training-summary"
_CONNECTIONS, _SECONDS, _ROUNDS = 8, 4.0, 3
_AT_LEAST = 1.8


def main() -> None:
    sample = next((_ROOT / "samples").glob(f"*/{_FORM}/*/valid/near-the-length-limits.json"))
    raw = sample.read_bytes()
    ratios, rates = [], []
    for _ in range(_ROUNDS):
        one, two = (rate(workers, raw) for workers in (1, 2))
        ratios.append(two / one)
        rates.append((one, two))
    one, two = (statistics.median(each) for each in zip(*rates, strict=True))
    print(
        f"POST /check, {len(raw):,} bytes: {one:,.0f} /s with one worker, {two:,.0f} /s with two: "
        f"{statistics.median(ratios):.2f} times (at least {_AT_LEAST:g})",
        flush=True,
    )


def rate(workers: int, raw: bytes) -> float:
    """Requests a second, all answered 200."""
    with served(_ROOT, FORMSVC_WORKERS=str(workers)) as server:
        address = urlsplit(server.address)
        head = (
            f"POST /api/v1/forms/{_FORM}/check HTTP/1.1\r\nHost: {address.netloc}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
        )
        busy(str(address.hostname), int(address.port or 0), head.encode() + raw, 1.0)
        return busy(str(address.hostname), int(address.port or 0), head.encode() + raw, _SECONDS)


def busy(host: str, port: int, request: bytes, seconds: float) -> float:
    """Requests a second on all connections; each asks again when it is answered."""
    waiting = selectors.DefaultSelector()
    links = [socket.create_connection((host, port)) for _ in range(_CONNECTIONS)]
    answers = dict.fromkeys(links, b"")
    for link in links:
        waiting.register(link, selectors.EVENT_READ)
        link.sendall(request)
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        for key, _ in waiting.select(1):
            link = key.fileobj
            got = link.recv(1 << 16)
            if not got:
                raise SystemExit("a connection was closed")
            answers[link] += got
            if _is_whole(answers[link]):
                answers[link] = b""
                link.sendall(request)
                done += 1
    for link in links:
        link.close()
    return done / seconds


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(head.decode("latin-1"))
    size = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return len(body) >= int(size)


if __name__ == "__main__":
    main()
