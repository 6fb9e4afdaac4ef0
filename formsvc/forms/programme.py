"""One regulation's world: its citations, dated policy values, coverage, comparisons."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from formsvc.findings import Citation, Severity

Alternatives = tuple[str, ...]
"""Pointers to one value, for forms that keep it in different places: the first that is there."""


@dataclass(frozen=True, slots=True)
class ComparisonSpec:
    """What is compared across the submissions of a batch.

    Submissions whose `keys` agree meet; only those that differ in every one of `differs` disturb
    each other. Declared by a form it holds for that form alone.
    """

    id: str
    severity: Severity
    citation: Citation
    title: str
    demand: str
    message: str
    keys: tuple[Alternatives, ...]
    differs: tuple[Alternatives, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """An amount, share, period or limit, and the day from which it holds.

    `title`, `unit` and `note` are for people; "" where the programme says none.
    """

    since: date
    value: Any
    citation: Citation
    title: str = ""
    unit: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One clause: what covers it (`form/rule`, `form/pointer` …), or why software cannot.

    An article with several demands has several, one after the other.
    """

    article: str
    summary: str
    by: tuple[str, ...]
    reason: str


@dataclass(frozen=True, eq=False)
class Programme:
    """One programme. `values` are by id, each in the order of the days from which they hold;
    `regulation` is the one that `coverage` goes through, article by article; `register` says how
    the columns of the list of its people may be headed."""

    id: str
    title: str
    regulation: str
    citations: Mapping[str, Citation]
    values: Mapping[str, tuple[PolicyValue, ...]]
    comparisons: tuple[ComparisonSpec, ...]
    coverage: tuple[Coverage, ...]
    register: Mapping[str, tuple[str, ...]]

    def epochs(self) -> tuple[date, ...]:
        """The days on which a policy value changes, from the first on."""
        return tuple(sorted({each.since for values in self.values.values() for each in values}))

    def value(self, name: str, on: date) -> PolicyValue | None:
        """The policy value that holds on a day; None before the first."""
        holding = [each for each in self.values[name] if each.since <= on]
        return holding[-1] if holding else None
