"""Pairs of functions timed in turn, so that a machine whose speed drifts does not decide."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """Median seconds of one call of each, and the median of the ratios pair by pair."""

    ours: float
    theirs: float
    ratio: float


def pair(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    rounds: int = 15,
    ours_calls: int = 50,
    theirs_calls: int = 5,
) -> Pair:
    """Time both in turn, `rounds` times after one warm-up of each."""
    ours()
    theirs()
    mine, other = [], []
    for _ in range(rounds):
        mine.append(_seconds(ours, ours_calls))
        other.append(_seconds(theirs, theirs_calls))
    ratios = [b / a for a, b in zip(mine, other, strict=True)]
    return Pair(statistics.median(mine), statistics.median(other), statistics.median(ratios))


def show(what: str, against: str, measured: Pair, bar: float | None = None) -> None:
    """One line: what, its time, the peer's time, how many times as fast, and the bar."""
    goal = f"  (at least {bar:g})" if bar else ""
    print(
        f"{what}: {measured.ours * 1e6:,.0f} µs; {against}: {measured.theirs * 1e6:,.0f} µs; "
        f"{measured.ratio:.1f} times as fast{goal}",
        flush=True,
    )


def _seconds(function: Callable[[], object], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - start) / calls
