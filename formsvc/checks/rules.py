"""A form's rules, compiled once, with three outcomes: met, not met, skipped with a reason."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache, partial
from types import ModuleType
from typing import Any, Final

from formsvc import pointers
from formsvc.checks import amounts, choices, dates, identity, listing
from formsvc.checks.kinds import Aside, Breach, Breaches, Evaluate, Kind
from formsvc.checks.listing import NO_REGISTER, Listed
from formsvc.checks.parameters import Unjudged, Wrong
from formsvc.checks.register import Register
from formsvc.errors import FormError
from formsvc.findings import Citation, Finding, Severity, Skipped
from formsvc.forms import Form, RuleSpec
from formsvc.forms.computed import computations
from formsvc.forms.guards import NOT_YET
from formsvc.forms.places import ROW, descend, in_row, missing
from formsvc.forms.sure import Doubtful, Leaves
from formsvc.writing.messages import problem_in
from formsvc.writing.notation import long_date

Broken = tuple[str, tuple[str, ...]]
"""A place that is wrong itself: its pointer, and the same as tokens."""
Outcome = list[Finding] | Skipped | tuple[()]
Branch = tuple[str, Skipped | int | None]
"""An expression of what does not hold, and what is then said of a rule: None for nothing."""


def _kinds(module: ModuleType) -> dict[str, type[Kind]]:
    """A module's kinds by their names in form.toml: WordLimit is `word_limit`."""
    declared = (each for each in vars(module).values() if isinstance(each, type))
    return {
        "".join(f"_{c.lower()}" if c.isupper() else c for c in each.__name__)[1:]: each
        for each in declared
        if issubclass(each, Kind)
        and each.__module__ == module.__name__
        and not each.__name__.startswith("_")
    }


# The closed list of kinds.
KINDS: Final[dict[str, type[Kind]]] = {
    name: kind
    for module in (amounts, dates, choices, identity, listing)
    for name, kind in _kinds(module).items()
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled rule. `operands` are the places that it reads, as tokens; `idle` is said of all
    submissions alike where there is no register."""

    spec: RuleSpec
    kind: Kind
    evaluate: Evaluate
    operands: tuple[tuple[str, ...], ...]
    citation: Citation
    since: date
    idle: Skipped | None

    def judge(self, form: Form, data: Any, on: date, register: Register | None = None) -> Outcome:
        """Findings, none when the rule is met, or Skipped with the reason."""
        evaluate = self.evaluate
        if register is not None and isinstance(self.kind, Listed):
            evaluate = _guarded(form, self.kind, partial(self.kind.against, register), self.since)
        elif self.idle is not None:
            return self.idle
        try:
            breaches = evaluate(data, on)
        except Unjudged as unjudged:
            # A reminder that is not called for is not a check that was left out.
            is_off = isinstance(unjudged, _Off)
            if is_off and self.spec.severity is Severity.NOTE:
                return ()
            return _skipped(self.spec.id, str(unjudged), applies=not is_off)
        if not breaches:
            return ()
        said = self.spec.messages
        return [self._finding(form, each) for each in breaches if each.message in said]

    def reads(self, tokens: tuple[str, ...]) -> bool:
        """Whether a place lies in, on or around what the rule reads."""
        return any(touches(operand, tokens) for operand in self.operands)

    def stopped_by(self, form: Form, data: Any, pointer: str) -> Skipped:
        """Why the rule cannot be judged when a place that it reads is broken."""
        is_missing = pointers.get(data, pointer) is pointers.MISSING
        why = "没有填写，填好后再检查。" if is_missing else "有误，改正后再检查。"
        return Skipped(self.spec.id, f"“{form.label(pointer)}”{why}")

    def surely(self, number: int, leaves: Leaves) -> Iterator[Branch]:
        """What to say of a submission that meets its schema: the first branch that is true decides,
        and nothing is said where none is. `number` means that `judge` has to say."""
        try:
            if self.kind.rows or self.evaluate is _not_yet or isinstance(self.kind, Listed):
                raise Doubtful
            for each in self.kind.guard.conditions:
                holds = each.sure(leaves)
                yield from self._lacking(number, leaves)
                off = _skipped(self.spec.id, each.off, applies=False)
                yield f"not ({holds})", None if self.spec.severity is Severity.NOTE else off
            met = self.kind.surely(leaves)
            yield from self._lacking(number, leaves)
            yield f"not ({met})", number
        except Doubtful:
            leaves.lacking()
            yield "True", number

    def _lacking(self, number: int, leaves: Leaves) -> Iterator[Branch]:
        for lacks, field in leaves.lacking():
            yield (
                lacks,
                _skipped(self.spec.id, str(missing(field)), applies=True) if field else number,
            )

    def asides(self, data: Any) -> Iterator[Aside]:
        """What the kind says beside its fields while one types, row by row where it goes so."""
        kind = self.kind
        if not kind.rows:
            if kind.guard.holds(data, self.since):
                yield from kind.asides(data)
            return
        rows = pointers.get(data, kind.rows)
        for number, row in enumerate(rows if isinstance(rows, list) else ()):
            scope = in_row(data, row)
            for aside in kind.asides(scope) if kind.guard.holds(scope, self.since) else ():
                yield replace(aside, pointer=_row_pointer(aside.pointer, number))

    def _finding(self, form: Form, breach: Breach) -> Finding:
        words = {
            name: long_date(word) if isinstance(word, date) else word
            for name, word in breach.words.items()
        }
        return Finding(
            self.spec.id,
            breach.severity or self.spec.severity,
            breach.pointer,
            form.label(breach.pointer),
            self.spec.messages[breach.message].format_map(words),
            breach.value,
            breach.limit,
            self.citation,
        )


def compile_rules(form: Form, on: date) -> tuple[Rule, ...]:
    """Compile all rules of a form with the policy values of a day.

    FormError names the file, the rule and the parameter. A rule whose policy value does not hold
    yet is skipped whenever it is judged.
    """
    return tuple(_compile(form, spec, on) for spec in form.rules)


def _compile(form: Form, spec: RuleSpec, on: date) -> Rule:
    where = f"{form.toml}: [[rule]] {spec.id}"
    declared = KINDS.get(spec.kind)
    if declared is None:
        raise FormError(f"{where}: unknown kind {spec.kind!r}; known: {', '.join(sorted(KINDS))}")
    try:
        parameters, pending = _with_values(form, spec.parameters, on)
        kind = declared.read(parameters, spec.when, form, on)
    except Wrong as wrong:
        raise FormError(f"{where}: {wrong}") from None
    _verify_messages(where, spec, kind)
    return Rule(
        spec,
        kind,
        _not_yet if pending else _guarded(form, kind, kind.check, on),
        tuple(_operands(form, kind, on)),
        Citation.joined(spec.citations),
        on,
        _idle(spec, kind, pending=pending),
    )


def _idle(spec: RuleSpec, kind: Kind, *, pending: bool) -> Skipped | None:
    """Why a rule judges no submission at all, when that does not depend on any."""
    if pending and not isinstance(kind, Listed):
        return Skipped(spec.id, NOT_YET)
    if isinstance(kind, Listed) and not kind.rows and not kind.guard.conditions and not pending:
        return Skipped(spec.id, NO_REGISTER)
    return None


@lru_cache(4096)
def _skipped(rule: str, reason: str, *, applies: bool) -> Skipped:
    """One object for all submissions of which the same is said."""
    return Skipped(rule, reason, applies=applies)


def _operands(form: Form, kind: Kind, on: date) -> Iterator[tuple[str, ...]]:
    """What a rule reads, and what its computed operands are computed from."""
    computed = {each.field.pointer: each.operands for each in computations(form, on)}
    for operand in kind.operands:
        yield operand.field.tokens
        yield from computed.get(operand.pointer, ())


def _guarded(form: Form, kind: Kind, check: Evaluate, on: date) -> Evaluate:
    """The check behind the kind's guard, for each row where it goes through rows."""
    guard, rows = kind.guard, kind.rows

    def guarded(data: Any, day: date) -> Breaches:
        if reason := guard.why_not(data, on):
            raise _Off(reason)
        return check(data, day)

    judged = guarded if guard.conditions else check
    if not rows:
        return judged
    array = form.fields[rows]

    def by_row(data: Any, day: date) -> Breaches:
        found: list[Breach] = []
        reasons: list[Unjudged] = []
        given = descend(data, array.tokens, array)
        scope = dict(data)
        for number, row in enumerate(given):
            scope[ROW] = row
            try:
                for breach in judged(scope, day):
                    found.append(breach._replace(pointer=_row_pointer(breach.pointer, number)))
            except Unjudged as unjudged:
                reasons.append(unjudged)
        # Rows that the guard leaves out are not missing, unless it leaves out all of them.
        open_ = [each for each in reasons if not isinstance(each, _Off)]
        if not found and (open_ or (reasons and len(reasons) == len(given))):
            raise (open_ or reasons)[0]
        return found

    return by_row


class _Off(Unjudged):
    """A guard that does not hold."""


def _row_pointer(pointer: str, number: int) -> str:
    return pointer.replace("/*", f"/{number}", 1)


def _with_values(
    form: Form, parameters: Mapping[str, Any], on: date
) -> tuple[dict[str, Any], bool]:
    """The parameters with the policy values of a day, and whether one does not hold yet."""
    resolved, pending = {}, False
    for key, given in parameters.items():
        try:
            resolved[key], early = form.programme.resolved(given, on)
        except Wrong as wrong:
            raise Wrong(f"{key}: {wrong}") from None
        pending = pending or early
    return resolved, pending


def _not_yet(data: Any, on: date) -> Breaches:
    raise Unjudged(NOT_YET)


def _verify_messages(where: str, spec: RuleSpec, kind: Kind) -> None:
    """The messages that a rule has, all of them, with plain names in braces that mean something."""
    spoken = kind.spoken
    if odd := (set(spoken) ^ set(spec.messages)) - (kind.unsaid & set(spoken)):
        raise FormError(f"{where}: {min(odd)} must be given exactly when {spec.kind} has it")
    for key, message in spec.messages.items():
        if problem := problem_in(message, set(spoken[key].split())):
            raise FormError(f"{where}: {key}: {problem}")
    for key in ("title", "demand"):
        if problem := problem_in(getattr(spec, key), set(kind.parameters())):
            raise FormError(f"{where}: {key}: {problem}")


def touches(operand: tuple[str, ...], broken: tuple[str, ...]) -> bool:
    """Whether a broken place lies in, on or around what an operand reads."""
    return all(a in (b, "*") for a, b in zip(operand, broken, strict=False))
