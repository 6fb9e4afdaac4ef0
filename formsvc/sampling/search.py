"""Search for submissions: a valid one, and from it one that breaks each rule and little else.

Fields that a rule reads are tried with the values that the rule turns on, one field at a time and
then two, and judged by the check itself: no kind of rule is known here.
"""

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from formsvc import pointers
from formsvc.catalogue import SAMPLES_ON, Catalogue
from formsvc.checks import checker
from formsvc.checks.rules import Rule
from formsvc.findings import Finding, Report, Severity
from formsvc.forms import FORM, Field, Form
from formsvc.sampling import candidates

_BORN: Final = date(1985, 6, 15)
_STEPS: Final = 40
_PAIRS: Final = 2000
_DEPTH: Final = 2  # how many rules may be broken one after the other on the way to a mended one
_SIDEWAYS: Final = 15
_GONE: Final = object()

Data = dict[str, Any]
Move = tuple[str, Any]
"""A pointer, and what is put there; _GONE takes it away."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A submission that was made. `rule` and `message` are what it breaks, "" for a valid one;
    `data` is None where none could be made, and `report` then says what is in the way."""

    rule: str
    message: str
    data: Data | None
    report: Report

    @property
    def name(self) -> str:
        """A file's name: the rule, and which of its messages."""
        kind = self.message.removeprefix("message").replace("_", "-")
        return (self.rule or "valid") + kind


def samples(form: Form) -> Iterator[Sample]:
    """A valid sample first, then one for each rule and message, as of SAMPLES_ON."""
    maker = _Maker(form)
    good, report = maker.valid()
    yield Sample("", "", None if _faults(report) else good, report)
    for rule in maker.rules:
        for message in rule.spec.messages:
            data = maker.broken(good, rule, message)
            report = maker.check(good if data is None else data)
            yield Sample(rule.spec.id, message, data, report)


class _Maker:
    def __init__(self, form: Form) -> None:
        self.form = form
        self.rules = checker(form).rules(SAMPLES_ON)
        self._catalogue = Catalogue([form])

    def check(self, data: Data) -> Report:
        return self._catalogue.check_data(data, on=SAMPLES_ON, form=self.form.id).report

    def valid(self) -> tuple[Data, Report]:
        """The best that is found: every field filled in, then mended rule by rule."""
        data = self._full()
        report = self.check(data)
        for _ in range(_STEPS):
            if not (faults := _faults(report)):
                break
            found = self._mended(data, report, faults)
            if found is None:
                break
            data, report = found
        return data, report

    def _mended(
        self, data: Data, report: Report, faults: list[Finding], goal: int = 0, depth: int = _DEPTH
    ) -> tuple[Data, Report] | None:
        """With fewer faults than before (than `goal` in what follows a first step).

        What mends one rule may break another, which is then mended in its turn.
        """
        goal = goal or len(faults)
        for finding in faults:
            sideways: list[tuple[Data, Report, list[Finding]]] = []
            moves = [*self._moves(data, self._read_by(finding), self._rule(finding.rule))]
            for tried in self._tried(data, moves, pairs=depth == _DEPTH):
                after = self.check(tried)
                left = _faults(after)
                if len(left) < goal:
                    return tried, after
                if len(left) == goal and not any(f.rule == finding.rule for f in left):
                    sideways.append((tried, after, [f for f in left if f not in faults]))
                    if len(sideways) >= _SIDEWAYS and depth == _DEPTH:
                        break
            for tried, after, left in sideways[:_SIDEWAYS] if depth else ():
                if left and (found := self._mended(tried, after, left, goal, depth - 1)):
                    return found
        return None

    def broken(self, good: Data, rule: Rule, message: str) -> Data | None:
        """The submission that breaks a rule by this message, and the least else."""
        pattern = _pattern(rule.spec.messages[message])
        best: tuple[int, Data] | None = None
        if any(_is_it(each, rule, pattern) for each in self.check(good).findings):
            return good
        moves = [*self._moves(good, _places(self.form, rule), rule)]
        for number, tried in enumerate(self._tried(good, moves)):
            if best and (best[0] == 1 or number > len(moves) + _PAIRS // 4):
                break
            findings = [f for f in self.check(tried).findings if f.severity is not Severity.NOTE
                        or f.rule == rule.spec.id]  # fmt: skip
            if any(_is_it(each, rule, pattern) for each in findings) and (
                best is None or len(findings) < best[0]
            ):
                best = (len(findings), tried)
        return best[1] if best else None

    # Where to begin

    def _full(self) -> Data:
        data: Data = {FORM[1:]: self.form.id}
        person = candidates.id_number(_BORN)
        for field in self.form.leaves:
            if not field.computed:
                value = candidates.first(field, SAMPLES_ON, person, _BORN)
                if value == [] and not field.list:
                    value = [*self.form.fields[f"{field.pointer}/*"].choices] or None
                if value is not None:
                    pointers.set_(data, field.in_row(0), value)
        return data

    def _rule(self, id: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.spec.id == id), None)

    def _read_by(self, finding: Finding) -> list[Field]:
        rule, field = self._rule(finding.rule), self.form.field(finding.pointer)
        return _places(self.form, rule) if rule else [field] if field else []

    # What to try

    def _moves(self, data: Data, fields: list[Field], rule: Rule | None) -> Iterator[Move]:
        """What may be put into each of some fields, in every row that there is."""
        told = candidates.constants(
            [self.form.programme.resolved(each, SAMPLES_ON)[0] for each in
             ((rule.spec.parameters, [*rule.spec.when]) if rule else ())]
        )  # fmt: skip
        places = [(field, place) for field in fields for place in field.places(data)]
        for field, place in places:
            now = pointers.get(data, place)
            if field.kind == "array":
                yield from ((place, each) for each in _lists(self.form, field, now))
                continue
            beside = [value for _, other in places if other != place
                      and (value := pointers.get(data, other)) is not pointers.MISSING]  # fmt: skip
            if now is not pointers.MISSING and not field.required:
                yield place, _GONE
            seen = [now]
            for value in candidates.others(field, now, beside, told, SAMPLES_ON):
                if value not in seen and candidates.allows(field, value):
                    seen.append(value)
                    yield place, value
        for name in dict.fromkeys(field.list for field in fields if field.list):
            rows = pointers.get(data, name)
            if isinstance(rows, list) and rows:
                yield name, [*rows, copy.deepcopy(rows[-1])]
                yield name, rows[:-1]
        for array in (field for field in fields if field.pointer in self.form.lists):
            yield array.pointer, _GONE

    def _tried(self, data: Data, moves: list[Move], *, pairs: bool = True) -> Iterator[Data]:
        """The submission after each move, then after each two of different places."""
        for move in moves:
            yield _moved(data, move)
        if not pairs:
            return
        # Pairs are many: of each place, so many moves that all places have their share.
        count = max(len({place for place, _ in moves}), 1)
        share = max(int((_PAIRS * 2) ** 0.5) // count, 3)
        few = [move for name in dict.fromkeys(place for place, _ in moves)
               for move in [m for m in moves if m[0] == name][:share]]  # fmt: skip
        for at, one in enumerate(few):
            for other in few[at + 1 :]:
                if one[0] != other[0]:
                    yield _moved(_moved(data, one), other)


def _lists(form: Form, field: Field, now: object) -> Iterator[Any]:
    """A list of texts: all that there are, all but one, one, none."""
    if field.pointer in form.lists:
        return
    every = [*form.fields[f"{field.pointer}/*"].choices] or (now if isinstance(now, list) else [])
    yield every
    for each in every:
        yield [other for other in every if other != each]
    yield []


def _places(form: Form, rule: Rule) -> list[Field]:
    """The fields that a rule and its guard read; of a computed one, those it is computed from."""
    names = [pointers.format(tokens) for tokens in rule.operands]
    names += [str(each["field"]) for each in rule.spec.when]
    sources = {spec.field.pointer: _named([spec.amount, *spec.when]) for spec in form.computed}
    for name in names:  # which grows
        names += [each for each in sources.get(name, ()) if each not in names]
    found = [form.fields[name] for name in dict.fromkeys(names) if name in form.fields]
    if form.day:
        found += [form.day] if form.day not in found else []
    return [field for field in found if not field.computed and field.type != "object"]


def _named(given: Any) -> list[str]:
    """The pointers in an amount or a guard, in their order."""
    if isinstance(given, str):
        return [given] if given.startswith("/") else []
    inner = given.values() if isinstance(given, Mapping) else given
    if not isinstance(inner, Iterable):
        return []
    return [each for part in inner for each in _named(part)]


def _moved(data: Data, move: Move) -> Data:
    place, value = move
    moved = copy.deepcopy(data)
    if value is not _GONE:
        pointers.set_(moved, place, value)
        return moved
    outer, _, last = place.rpartition("/")
    around = pointers.get(moved, outer)
    if isinstance(around, dict):
        around.pop(pointers.parse(f"/{last}")[0], None)
    return moved


def _faults(report: Report) -> list[Finding]:
    return [each for each in report.findings if each.severity is not Severity.NOTE]


def _is_it(finding: Finding, rule: Rule, pattern: re.Pattern[str]) -> bool:
    return finding.rule == rule.spec.id and bool(pattern.fullmatch(finding.message))


def _pattern(message: str) -> re.Pattern[str]:
    """What a message looks like once its words are put in."""
    pieces = (re.escape(piece) for piece in re.split(r"\{[^{}]*\}", message))
    return re.compile("(?:.*)".join(pieces), re.DOTALL)
