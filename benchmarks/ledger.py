"""What a crowd was answered: every request, every acknowledged change, and the report on them."""

import argparse
import os
import statistics
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Change:
    """An acknowledged change: what it was based on, and how the filing stood after it."""

    verb: str
    filing: int
    based: int
    revision: int
    told: dict[str, Any]
    mark: str = ""


@dataclass
class Ledger:
    """What all were answered."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    changes: list[Change] = field(default_factory=list)
    handed: list[tuple[int, int]] = field(default_factory=list)  # (filing, version) said again
    attempts: Counter[int] = field(default_factory=Counter)  # to hand in, by filing
    unsure: set[int] = field(default_factory=set)  # filings whose change was not answered; 0: new
    lock: threading.Lock = field(default_factory=threading.Lock)

    def total(self, *wanted: int) -> int:
        return sum(n for (_, status), n in self.statuses.items() if status in wanted)

    @property
    def faults(self) -> dict[tuple[str, int], int]:
        """Answers that should not be: 5xx, and connections that broke (0)."""
        return {each: n for each, n in self.statuses.items() if each[1] >= 500 or not each[1]}


def report(ledger: Ledger, given: argparse.Namespace, found: list[str]) -> None:
    """Print how many requests, how soon they were answered, and what was lost."""
    requests = sum(ledger.statuses.values())
    print(f"{'SQLite' if given.sqlite else 'PostgreSQL'}, {given.people} people, "
          f"{given.seconds:.0f} s, on {os.cpu_count()} processors shared by server, people and "
          f"database: {requests:,} requests ({requests / given.seconds:.0f}/s)")  # fmt: skip
    for verb, times in sorted(ledger.seconds.items()):
        times.sort()
        late = times[min(int(len(times) * 0.99), len(times) - 1)]
        print(f"  {verb:14} {len(times):6,}   median {statistics.median(times) * 1000:6.0f} ms   "
              f"99 % {late * 1000:6.0f} ms")  # fmt: skip
    counts = {status: ledger.total(status) for status in (403, 404, 409, 412, 422, 428, 429)}
    print("  answers of 4xx:", ", ".join(f"{status}: {n}" for status, n in counts.items() if n))
    print(f"  5xx or broken: {sum(ledger.faults.values())} {ledger.faults or ''}")
    print(f"  changes acknowledged: {len(ledger.changes):,}; lost, doubled or wrong: {len(found)}")
    for each in found[:20]:
        print(f"    {each}")
