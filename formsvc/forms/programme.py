"""One regulation's world: its citations, dated policy values, coverage, comparisons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from formsvc.findings import Citation, Severity
from formsvc.forms.places import Wrong

Alternatives = tuple[str, ...]
"""Pointers to one value, for forms that keep it in different places: the first that is there."""


def alternatives(value: str | list[str]) -> Alternatives:
    """A pointer or several, as they are written."""
    return (value,) if isinstance(value, str) else tuple(value)


@dataclass(frozen=True, slots=True)
class ComparisonSpec:
    """What is compared across the submissions of a batch.

    Submissions whose `keys` agree meet; only those that differ in every one of `differs` disturb
    each other. Declared by a form it holds for that form alone. With a `limit` (a number, or a
    policy value) they meet above so many, or above so much of `sum`; `fallback` is what compares
    those of which one lacks a key. Only what `when` holds for takes part. With `yearly` only those
    of one year meet, by the day on which they are handed in.
    """

    id: str
    severity: Severity
    citation: Citation
    title: str
    demand: str
    message: str
    keys: tuple[Alternatives, ...]
    differs: tuple[Alternatives, ...] = ()
    when: Sequence[Mapping[str, Any]] = ()
    limit: Any = None
    sum: str = ""
    fallback: "ComparisonSpec | None" = None
    yearly: bool = False


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


class Sees(StrEnum):
    """What an office sees of the submissions of its programme."""

    BELOW = "below"
    """Its own, and those of the offices below it."""
    ALL = "all"
    """Those of the whole programme."""
    HERE = "here"
    """Only those that are at it now, or that it has handled."""


@dataclass(frozen=True, slots=True)
class OfficeKind:
    """A kind of office. `below` are the kinds that one may stand under; none: it stands on top."""

    id: str
    title: str
    sees: Sees
    below: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many years content is kept after a submission is over; `note` says who decides."""

    years: int
    note: str = ""


@dataclass(frozen=True, eq=False)
class Programme:
    """One programme. `values` are by id, each in the order of the days from which they hold;
    `regulation` is the one that `coverage` goes through, article by article; `register` says how
    the columns of the list of its people may be headed; `offices` are its kinds by id, and where
    there are any, `retention` is not None."""

    id: str
    title: str
    regulation: str
    citations: Mapping[str, Citation]
    values: Mapping[str, tuple[PolicyValue, ...]]
    comparisons: tuple[ComparisonSpec, ...]
    coverage: tuple[Coverage, ...]
    register: Mapping[str, tuple[str, ...]]
    offices: Mapping[str, OfficeKind]
    retention: Retention | None

    def epochs(self) -> tuple[date, ...]:
        """The days on which a policy value changes, from the first on."""
        return tuple(sorted({each.since for values in self.values.values() for each in values}))

    def value(self, name: str, on: date) -> PolicyValue | None:
        """The policy value that holds on a day; None before the first."""
        holding = [each for each in self.values[name] if each.since <= on]
        return holding[-1] if holding else None

    def resolved(self, given: Any, on: date) -> tuple[Any, bool]:
        """What an author wrote with every `{ value = "…" }` replaced by the policy value of a day.

        One that is looked up, `{ value = "…", by = … }`, becomes `{ table = …, by = … }`. Before
        its first day the first value stands in, and the second answer is true. Raises Wrong.
        """
        if isinstance(given, list):
            found = [self.resolved(each, on) for each in given]
            return [each for each, _ in found], any(early for _, early in found)
        if not isinstance(given, Mapping):
            return given, False
        if not (given.keys() == {"value"} or given.keys() == {"value", "by"}):
            parts = {key: self.resolved(each, on) for key, each in given.items()}
            made = {key: each for key, (each, _) in parts.items()}
            return made, any(early for _, early in parts.values())
        name = given["value"]
        if not isinstance(name, str) or name not in self.values:
            raise Wrong(f"the programme has no value {name!r}")
        holding = self.value(name, on)
        value = (holding or self.values[name][0]).value
        if "by" in given:
            return {"table": value, "by": given["by"]}, holding is None
        return value, holding is None
