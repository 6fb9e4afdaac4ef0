"""Data → report: structure by JSON Schema, then the rules that a schema cannot say."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property, partial
from itertools import islice
from typing import Any, NamedTuple

from formsvc import pointers
from formsvc.checks.register import Register
from formsvc.checks.rules import Broken, Outcome, Rule, compile_rules, touches
from formsvc.checks.structure import MOST, Structure
from formsvc.checks.sureness import Said, Surely, surely
from formsvc.findings import Finding, Report, Severity, Skipped
from formsvc.forms import ComparisonSpec, Form
from formsvc.forms.computed import completed, computations, differing, states_any
from formsvc.forms.guards import Guard, guard
from formsvc.forms.places import Unjudged
from formsvc.writing import texts

__all__ = ["Checker", "Judged", "Sure", "check", "checker"]

MAX_DEPTH = 64
MAX_VALUES = 10_000
_PENDING = "需与其他人的申报一并比对，批量审核时检查。"


@dataclass(frozen=True)
class _Epoch:
    """The rules of a form from a day on which policy values change; `values` is that day, "" for
    the first."""

    form: Form
    day: date
    values: str
    rules: tuple[Rule, ...]

    @cached_property
    def surely(self) -> Surely | None:
        """What tells of nearly every right submission that it is."""
        rules = (partial(rule.surely, number) for number, rule in enumerate(self.rules))
        return surely(self.form.schema, self.form.common, rules)

    def stopped(self, broken: Iterable[Broken]) -> dict[int, str]:
        """The rules that cannot be judged, by number: the first broken place that each reads."""
        found: dict[int, str] = {}
        for pointer, tokens in broken:
            name = self.form.in_any_row(pointer)
            numbers = self._readers.get(name)
            if numbers is None:
                numbers = [n for n, rule in enumerate(self.rules) if rule.reads(tokens)]
                if name in self.form.fields:  # what else people write is not kept
                    self._readers[name] = numbers
            for number in numbers:
                found.setdefault(number, pointer)
        return found

    @cached_property
    def _readers(self) -> dict[str, list[int]]:
        return {}


class Sure(NamedTuple):
    """What is surely so of a submission in order: how many keys it has, which free texts, joined,
    and what is said of the rules of its day."""

    epoch: _Epoch
    keys: int
    text: str
    said: list[Said]


class Judged(NamedTuple):
    """The report on a submission, and it with the computed values that it lacks.

    `text` has its free texts joined, where all places that are not as the schema wants them have a
    finding; else it is None.
    """

    report: Report
    data: object
    text: str | None


@dataclass(frozen=True, slots=True)
class _Compared:
    """A comparison, which one submission alone cannot meet: what is mostly said of it, and where
    its keys stand."""

    spec: ComparisonSpec
    guard: Guard
    pending: Skipped
    keys: tuple[tuple[str, ...], ...]


class Checker:
    """A form's schema and rules, compiled once; safe to share between threads.

    Rules are compiled for every day on which a policy value of the programme changes, so that each
    submission is judged by the values of its own day.
    """

    def __init__(self, form: Form) -> None:
        self.form = form
        self.structure = Structure(form)
        self._days = form.programme.epochs()
        self._since = [day.isoformat() for day in self._days]
        self._compared = tuple(
            _Compared(
                each,
                guard(each.when, form.fields, form.programme),
                Skipped(each.id, _PENDING),
                tuple(pointers.parse(name) for known in each.keys for name in known),
            )
            for each in form.comparisons
        )
        self._epochs = tuple(
            _Epoch(form, day, values, compile_rules(form, day))
            for day, values in zip((date.min, *self._days), ("", *self._since), strict=True)
        )

    def rules(self, on: date) -> tuple[Rule, ...]:
        """The rules with the policy values of a day."""
        return self._epochs[bisect_right(self._days, on)].rules

    def completed(self, data: object, on: date) -> object:
        """The submission with the computed values that it lacks, by the values of its own day."""
        if not self.form.computed:
            return data
        return completed(self.form, data, self._epoch(data, on).day)

    def surely(self, data: object, on: date) -> Sure | None:
        """What is surely so of data that is in order; None where only `check` can say."""
        try:
            epoch = self._epoch(data, on)
            found = epoch.surely(data, on) if epoch.surely else None
        except (TypeError, ValueError):
            return None
        return Sure(epoch, *found) if found else None

    def check(self, data: object, on: date, register: Register | None = None) -> Report:
        """All findings at once, in paper order. Never raises on what a user sent."""
        return self.judge(data, on, register, self.surely(data, on)).report

    def judge(self, data: object, on: date, register: Register | None, sure: Sure | None) -> Judged:
        """The same and more of it; `sure` is what `surely` said of the same data."""
        found: list[Finding] = []
        broken: tuple[Broken, ...] = ()
        form, given, text = self.form, data, sure.text if sure else None
        if sure is None:
            text = "\n".join(texts.strings(data))
            if not self.structure.is_valid(data):
                data, found = self._structural(data, text)
                broken = tuple((f.pointer, pointers.parse(f.pointer)) for f in found)
        epoch = sure.epoch if sure else self._epoch(data, on)
        if form.computed:
            data, own = completed(form, data, epoch.day, afresh=True), data
            if broken or states_any(form, own):
                found += self._differing(own, data, epoch.day, broken)
                given = self.completed(given, on)
            else:
                given = data
        skipped: list[Skipped] = []
        stopped = epoch.stopped(broken) if broken else {}
        for said in sure.said if sure else range(len(epoch.rules)):
            outcome: Outcome
            if isinstance(said, Skipped):
                outcome = said
            elif said in stopped:
                outcome = epoch.rules[said].stopped_by(form, data, stopped[said])
            else:
                outcome = epoch.rules[said].judge(form, data, on, register)
            if isinstance(outcome, Skipped):
                skipped.append(outcome)
            else:
                found += outcome
        for each in self._compared:
            skipped.append(self._uncompared(each, data, broken, epoch.day))
        if len(found) > 1:
            found.sort(key=lambda finding: form.place(finding.pointer))
        report = Report(
            form.id,
            form.edition,
            tuple(found),
            tuple(skipped),
            epoch.values,
            unreadable=data is None and given is not None,
            on=on.isoformat(),
        )
        return Judged(report, given, None if len(broken) > MOST else text)

    def _epoch(self, data: object, on: date) -> _Epoch:
        if not self._since:
            return self._epochs[0]
        return self._epochs[bisect_right(self._since, day_of(self.form, data, on))]

    def _differing(
        self, given: Any, data: Any, on: date, broken: tuple[Broken, ...]
    ) -> Iterator[Finding]:
        """Findings for computed values that differ from those that were worked out anew, `data`."""
        for each in computations(self.form, on):
            reads = (each.field.tokens, *each.operands)
            if not any(touches(operand, place) for operand in reads for _, place in broken):
                yield from differing(self.form, each.field, given, data)

    def _uncompared(
        self, compared: _Compared, data: Any, broken: tuple[Broken, ...], on: date
    ) -> Skipped:
        spec, asked = compared.spec, compared.guard
        if not broken and not asked.conditions and _stand(data, compared.keys):
            return compared.pending
        reason = self._lacking(spec, data, broken)
        if reason and spec.fallback:
            reason = self._lacking(spec.fallback, data, broken) and reason
        if asked.conditions and not reason:
            try:
                reason = asked.why_not(data, on)
            except Unjudged as unjudged:
                reason = str(unjudged)
        return Skipped(spec.id, reason or _PENDING)

    def _lacking(self, spec: ComparisonSpec, data: Any, broken: tuple[Broken, ...]) -> str:
        for pointer in (name for known in spec.keys for name in known):
            if pointers.get(data, pointer) is pointers.MISSING:
                return f"“{self.form.label(pointer)}”没有填写。"
            if any(pointers.within(pointer, place) for place, _ in broken):
                return f"“{self.form.label(pointer)}”有误，改正后再检查。"
        return ""

    def _structural(self, data: object, text: str) -> tuple[Any, list[Finding]]:
        """Findings about texts, all of them joined, and structure, and the data with broken
        characters replaced."""
        if excess := _excess(data):
            rule, message = excess
            return None, [Finding(rule, Severity.ERROR, "", self.form.title, message)]
        found: list[Finding] = []
        if not texts.are_clean(text):
            found = [
                Finding("text.forbidden", Severity.ERROR, pointer, label, f"{label}{problem}。")
                for pointer, problem in islice(texts.forbidden(data), MOST)
                for label in [self.form.label(pointer)]
            ]
            data = texts.cleaned(data)
        spoken = {finding.pointer for finding in found}
        found += [f for f in self.structure.findings(data) if f.pointer not in spoken]
        if len(found) < MOST:
            return data, found
        message = f"问题太多，只列出 {MOST} 处；改正这些以后请再检查。"
        more = Finding("schema.more", Severity.ERROR, "", self.form.title, message)
        return data, [more, *found[:MOST]]


@cache
def checker(form: Form) -> Checker:
    """The form's checker, compiled on first use. Raises FormError for a wrong rule."""
    return Checker(form)


def check(form: Form, data: object, *, on: date, register: Register | None = None) -> Report:
    """Check one submission as of a day, by an office's register where there is one.

    Never raises on user data.
    """
    return checker(form).check(data, on, register)


def day_of(form: Form, data: object, on: date | str) -> str:
    """The day (ISO) that a submission says it is handed in on, else that of the check."""
    stated = pointers.get(data, form.day.pointer) if form.day else None
    return stated if isinstance(stated, str) else str(on)


def _stand(data: Any, places: Iterable[tuple[str, ...]]) -> bool:
    """Whether something stands at all of these places."""
    try:
        for tokens in places:
            place = data
            for token in tokens:
                place = place[token]
    except (KeyError, TypeError):
        return False
    return True


def _excess(data: object) -> tuple[str, str] | None:
    """(rule, message) when data is nested too deep or is far more than one submission."""
    level, depth, values = [data], 0, 0
    while level:
        values += len(level)
        if values > MAX_VALUES:
            return "input.size", f"内容超过 {MAX_VALUES:,} 项，不像一份申报。"
        if depth > MAX_DEPTH:
            return "input.depth", f"嵌套超过 {MAX_DEPTH} 层。"
        level = [
            child
            for value in level
            if isinstance(value, dict | list)
            for child in (value.values() if isinstance(value, dict) else value)
        ]
        depth += 1
    return None
