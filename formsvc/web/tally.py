"""What is counted while serving, in memory that all workers share.

Each worker adds in a part of its own, so that no lock is shared with a process that may be killed;
whoever is asked adds the parts up. A worker that is begun anew goes on counting where its
predecessor ended. Times in seconds.
"""

import mmap
import threading
from collections.abc import Iterable, Iterator
from typing import Final

MEDIA_TYPE: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_PART: Final = 1 << 16
_WORD: Final = 8
_STEPS: Final = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0)
_STATUSES: Final = ("1xx", "2xx", "3xx", "4xx", "5xx")
_SUM: Final = "sum"

COUNTERS: Final = {
    "refused": ("Requests refused before any work.", ("busy", "rate", "server")),
    "sandbox": ("Files taken apart in a process of their own.", ("answered", "refused", "stopped")),
    "runs": ("Background runs.", ("begun", "again", "done", "failed")),
}
GAUGES: Final = {
    "connections": "Connections that are open.",
    "queued_requests": "Requests that wait for a thread.",
    "active_requests": "Requests that are worked on.",
    "pending_runs": "Background runs that wait or are worked on.",
}


class Memory:
    """Parts of doubles for a number of workers; made before the workers are."""

    def __init__(self, workers: int = 1) -> None:
        self._words: memoryview[float] = memoryview(mmap.mmap(-1, workers * _PART)).cast("d")
        self._workers = workers

    def part(self, place: int) -> "memoryview[float]":
        size = _PART // _WORD
        return self._words[place * size : (place + 1) * size]

    def sums(self) -> list[float]:
        parts = [self.part(place) for place in range(self._workers)]
        return [sum(values) for values in zip(*parts, strict=True)]


class Tally:
    """One worker's counters and gauges, and everyone's as OpenMetrics text."""

    def __init__(self, routes: Iterable[str], memory: Memory | None = None, place: int = 0) -> None:
        self._memory = memory or Memory()
        self._part = self._memory.part(place)
        self._lock = threading.Lock()
        self._routes = sorted(routes)
        names = [*GAUGES, *((name, label) for name, (_, ls) in COUNTERS.items() for label in ls)]
        cells = (*_STATUSES, *map(str, _STEPS), "+Inf", _SUM)
        names += [(route, cell) for route in self._routes for cell in cells]
        self._places = {name: number for number, name in enumerate(names)}
        for name in GAUGES:
            self.set_(name, 0)

    def add(self, name: str, label: str) -> None:
        """One more of a counter."""
        with self._lock:
            self._part[self._places[name, label]] += 1

    def set_(self, name: str, value: float) -> None:
        """A gauge as it is now, for this worker."""
        self._part[self._places[name]] = value

    def shift(self, name: str, by: int) -> None:
        """A gauge up or down."""
        with self._lock:
            self._part[self._places[name]] += by

    def request(self, route: str, status: int, seconds: float) -> None:
        """A request that was answered."""
        step = next((str(step) for step in _STEPS if seconds <= step), "+Inf")
        with self._lock:
            self._part[self._places[route, f"{status // 100}xx"]] += 1
            self._part[self._places[route, step]] += 1
            self._part[self._places[route, _SUM]] += seconds

    def text(self) -> str:
        """All workers together, in OpenMetrics 1.0."""
        return "\n".join([*self._lines(self._memory.sums()), "# EOF", ""])

    def _lines(self, sums: list[float]) -> Iterator[str]:
        for name, help_ in GAUGES.items():
            yield from _head(name, "gauge", help_)
            yield f"formsvc_{name} {sums[self._places[name]]:g}"
        for name, (help_, labels) in COUNTERS.items():
            yield from _head(name, "counter", help_)
            for label in labels:
                value = sums[self._places[name, label]]
                yield f'formsvc_{name}_total{{outcome="{label}"}} {value:.0f}'
        yield from _head("requests", "counter", "Requests that were answered.")
        for route in self._routes:
            for status in _STATUSES:
                if value := sums[self._places[route, status]]:
                    yield f'formsvc_requests_total{{route="{route}",status="{status}"}} {value:.0f}'
        yield from _head("request_seconds", "histogram", "From the last byte in to the last out.")
        for route in self._routes:
            yield from self._histogram(route, sums)

    def _histogram(self, route: str, sums: list[float]) -> Iterator[str]:
        count = 0.0
        lines = []
        for step in (*map(str, _STEPS), "+Inf"):
            count += sums[self._places[route, step]]
            lines.append(
                f'formsvc_request_seconds_bucket{{route="{route}",le="{step}"}} {count:.0f}'
            )
        if count:
            yield from lines
            yield f'formsvc_request_seconds_count{{route="{route}"}} {count:.0f}'
            total = sums[self._places[route, _SUM]]
            yield f'formsvc_request_seconds_sum{{route="{route}"}} {total:.6f}'


def _head(name: str, kind: str, help_: str) -> Iterator[str]:
    yield f"# TYPE formsvc_{name} {kind}"
    yield f"# HELP formsvc_{name} {help_}"
