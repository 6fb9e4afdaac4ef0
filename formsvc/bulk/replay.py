"""Whose verdict would change under other policy values: one batch, judged twice by the same engine.

Both passes write their reports beside each other into a scratch folder, so memory stays flat; then
they are read line by line.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Final

import jiter

from formsvc import submissions
from formsvc.bulk import executors
from formsvc.bulk.batch import Batch, Job, Progress, loaded
from formsvc.bulk.lines import Line
from formsvc.bulk.results import NO_UNIT, REPORTS
from formsvc.catalogue import Catalogue
from formsvc.checks.coverage import said
from formsvc.errors import FormError
from formsvc.findings import Amount, Finding, Plain, Report, Severity, plain_number
from formsvc.forms import Form
from formsvc.intake.items import Item
from formsvc.storage import Folder, LocalFolder
from formsvc.writing.notation import yuan

_BEFORE: Final = "before"
_AFTER: Final = "after"
_ITEMS: Final = "items"
VERDICTS: Final = {"ok": "没有问题", "warning": "要核对", "error": "有问题", "unread": "无法读取"}


@dataclass(frozen=True, slots=True)
class Shift:
    """A rule whose outcome changes at one place of a submission.

    `broken` says whether it is broken under the new values; it was not before, or by another limit
    when `stays`. `before` and `after` are the limits as people write them, "" where none holds.
    """

    rule: str
    severity: Severity
    pointer: str
    label: str
    before: str
    after: str
    broken: bool
    stays: bool
    message: str

    @property
    def kind(self) -> str:
        """new (broken now), gone (met now), or limit (broken by either, by another limit)."""
        return "limit" if self.stays else "new" if self.broken else "gone"

    def to_dict(self) -> dict[str, Plain]:
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "pointer": self.pointer,
            "label": self.label,
            "change": self.kind,
            "before": self.before,
            "after": self.after,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class Replayed:
    """A submission for which something changes; `before` and `after` are keys of VERDICTS."""

    line: Line
    before: str
    after: str
    shifts: tuple[Shift, ...]

    @property
    def turned(self) -> bool:
        """Whether the verdict itself is another one."""
        return self.before != self.after

    def to_dict(self) -> dict[str, Plain]:
        line = self.line
        return {
            "number": line.number,
            "source": line.source,
            "unit": line.unit,
            "person": line.person,
            "form": line.report.form,
            "before": self.before,
            "after": self.after,
            "rules": [shift.to_dict() for shift in self.shifts],
        }


@dataclass(frozen=True, slots=True)
class ReplayCounts:
    """Counts of a replay: submissions, those whose verdict turns and those of which only a rule's
    outcome does; by (rule, before, after) and by unit (turned, better, worse); the forms of all
    these."""

    submissions: int
    turned: int
    touched: int
    rules: Mapping[tuple[str, str, str], Counter[str]]
    units: Mapping[str, Counter[str]]
    forms: frozenset[str] = frozenset()


class Replay:
    """A batch that was judged twice; `replayed` may be asked for any number of times."""

    def __init__(self, folder: Folder, before: Catalogue, after: Catalogue) -> None:
        self._folder = folder
        self._before, self._after = before, after

    def replayed(self) -> Iterator[Replayed]:
        """The submissions for which something changes, in the order of the batch."""
        with (
            self._folder.open(f"{_BEFORE}/{REPORTS}") as first,
            self._folder.open(f"{_AFTER}/{REPORTS}") as second,
            self._folder.open(_ITEMS) as spool,
        ):
            for old, new, item in zip(first, second, _read_again(spool), strict=True):
                if old != new:
                    was, now = Line.from_json(old), Line.from_json(new)
                    words = _words(submissions.parse(item.raw or b"").data)
                    shifts = tuple(self._shifts(was.report, now.report, words))
                    before, after = _verdict(was.report), _verdict(now.report)
                    if shifts or before != after:
                        yield Replayed(now, before, after, shifts)

    def tally(self) -> ReplayCounts:
        """The counts over all of it."""
        with self._folder.open(f"{_BEFORE}/{REPORTS}") as stream:
            count = sum(1 for _ in stream)
        rules: dict[tuple[str, str, str], Counter[str]] = {}
        units: dict[str, Counter[str]] = {}
        turned = touched = 0
        forms: set[str] = set()
        for each in self.replayed():
            forms.add(each.line.report.form)
            turned, touched = turned + each.turned, touched + (not each.turned)
            better = _rank(each.after) < _rank(each.before)
            kind = "touched" if not each.turned else "better" if better else "worse"
            units.setdefault(each.line.unit or NO_UNIT, Counter())[kind] += 1
            for rule, before, after, what in {
                (s.rule, s.before, s.after, s.kind) for s in each.shifts
            }:
                rules.setdefault((rule, before, after), Counter())[what] += 1
        ordered = sorted(rules.items(), key=lambda item: (-item[1].total(), item[0]))
        places = sorted(units.items(), key=lambda item: (-item[1].total(), item[0]))
        return ReplayCounts(count, turned, touched, dict(ordered), dict(places), frozenset(forms))

    def _shifts(self, was: Report, now: Report, words: set[str]) -> Iterator[Shift]:
        old, new = _placed(was), _placed(now)
        for key in {**old, **new}:
            a, b = old.get(key), new.get(key)
            if a and b and (a.limit, a.severity, a.message) == (b.limit, b.severity, b.message):
                continue
            told = b or a
            if told is None:
                continue
            before, after = self._stated(key[0], was, now, words)
            if before == after:
                before, after = _limit(a, self._before, was), _limit(b, self._after, now)
                if a and b and before == after:
                    continue
            yield Shift(
                told.rule, told.severity, told.pointer, told.label, before, after,
                broken=b is not None, stays=a is not None and b is not None, message=told.message,
            )  # fmt: skip

    def _stated(self, rule: str, was: Report, now: Report, words: set[str]) -> tuple[str, str]:
        """What the policy values of a rule were and are, as far as they differ.

        Of a table only the entry for what the submission says, by its `words`.
        """
        pairs = []
        for name in sorted(_value_names(self._after.edition(now.form, now.edition), rule)):
            pair = [_value_on(self._before, was, name), _value_on(self._after, now, name)]
            if pair[0] != pair[1]:
                pairs.append([_said_value(*each, words) for each in pair])
        return "；".join(a for a, _ in pairs), "；".join(b for _, b in pairs)


@contextmanager
def replayed(
    items: Iterable[Item],
    job: Job,
    values: Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress = lambda done: None,
) -> Iterator[Replay]:
    """Judge the items by the values that hold and by those in a file (see formsvc.forms.values).

    `workers` and `scheduler` are those of `executors.opened`. Raises FormError for a wrong file
    before anything is read.
    """
    try:
        text = values.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise FormError(f"{values}: {error}") from None
    before, after = job, replace(job, values=(str(values), text))
    old, new = (loaded(each.shelves, each.press, each.values)[0] for each in (before, after))
    with LocalFolder(Path(tempfile.gettempdir())).scratch() as scratch:
        # The processes end before the folder goes: they hold what would keep it.
        with (
            (scratch / _ITEMS).open("w+b") as spool,
            executors.opened(workers, scheduler) as (executor, at_once),
        ):
            for name, each, given in (
                (_BEFORE, before, _spooled(items, spool)),
                (_AFTER, after, _read_again(spool)),
            ):
                batch = Batch(LocalFolder(scratch / name), each)
                batch.check(given, executor, at_once=at_once, progress=progress)
                with closing(batch.compare()):
                    batch.finish()
        yield Replay(LocalFolder(scratch), old, new)


# The items, read once


def _spooled(items: Iterable[Item], spool: IO[bytes]) -> Iterator[Item]:
    """The same items, each written down for the second pass: standard input comes only once."""
    for item in items:
        raw = item.raw or b""
        found = [finding.to_dict() for finding in item.findings]
        head = [item.source, item.unit, found, item.raw is None, len(raw)]
        spool.write(json.dumps(head).encode() + b"\n" + raw)
        yield item


def _read_again(spool: IO[bytes]) -> Iterator[Item]:
    spool.seek(0)
    while line := spool.readline():
        source, unit, found, is_none, size = jiter.from_json(line)
        raw = spool.read(size)
        findings = tuple(map(Finding.from_dict, found))
        yield Item(source, None if is_none else raw, findings, unit)


# Reports side by side


def _placed(report: Report) -> dict[tuple[str, str, int], Finding]:
    """The findings by rule and place; several of one rule at one place in their order."""
    seen: Counter[tuple[str, str]] = Counter()
    placed = {}
    for finding in report.findings:
        place = (finding.rule, finding.pointer)
        placed[(*place, seen[place])] = finding
        seen[place] += 1
    return placed


def _verdict(report: Report) -> str:
    if not report.form:
        return "unread"
    return "error" if report.errors else "warning" if report.warnings else "ok"


def _rank(verdict: str) -> int:
    return [*VERDICTS].index(verdict)


def _limit(finding: Finding | None, catalogue: Catalogue, report: Report) -> str:
    """The limit that a finding names, in 元 where its field is of money."""
    if finding is None or finding.limit is None:
        return ""
    form = catalogue.edition(report.form, report.edition)
    field = form.field(finding.pointer) if form else None
    return _said_amount(finding.limit, money=field is not None and field.kind == "money")


def _said_amount(amount: Amount, *, money: bool) -> str:
    if not money:
        return str(plain_number(amount))
    return yuan(Decimal(str(amount)) if isinstance(amount, float) else amount)


def _value_names(form: Form | None, rule: str) -> set[str]:
    """The policy values that a rule or comparison names, and, where it names none, those that
    computed fields do."""
    if form is None:
        return set()
    found: set[str] = set()
    for spec in form.rules:
        if spec.id == rule:
            found |= {*_named(spec.parameters), *_named(spec.when)}
    for comparison in (*form.comparisons, *form.programme.comparisons):
        if comparison.id == rule:
            found |= {*_named(comparison.limit), *_named(comparison.when)}
    return found or {name for each in form.computed for name in _named((each.amount, each.when))}


def _named(given: Any) -> Iterator[str]:
    if isinstance(given, Mapping):
        if isinstance(given.get("value"), str):
            yield given["value"]
        for each in given.values():
            yield from _named(each)
    elif isinstance(given, list | tuple):
        for each in given:
            yield from _named(each)


def _value_on(catalogue: Catalogue, report: Report, name: str) -> tuple[Any, str]:
    """A policy value that a report was judged by, and its unit; None before its first day."""
    form = catalogue.edition(report.form, report.edition)
    if form is None or name not in form.programme.values or not report.values:
        return None, ""
    value = form.programme.value(name, date.fromisoformat(report.values))
    return (value.value, value.unit) if value else (None, "")


def _said_value(value: Any, unit: str, words: set[str]) -> str:
    """A value as people write it; of a table the entry that the words name, where they name one."""
    if value is None:
        return "尚无"
    while isinstance(value, dict) and len(named := words & value.keys()) == 1:
        value = value[named.pop()]
    return said(value, unit)


def _words(data: object) -> set[str]:
    """The texts that a submission has in its fields."""
    if isinstance(data, str):
        return {data}
    children = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return {word for child in children for word in _words(child)}
