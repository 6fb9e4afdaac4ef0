"""A form's rules, compiled once, with three outcomes: met, not met, skipped with a reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import ModuleType
from typing import Any, Final

from formsvc.checks import amounts, choices, dates, identity
from formsvc.checks.kinds import Breach, Breaches, Evaluate, Kind
from formsvc.checks.parameters import Unjudged, Wrong
from formsvc.errors import FormError
from formsvc.findings import Citation, Finding, Severity, Skipped
from formsvc.forms import Form, RuleSpec
from formsvc.writing.messages import problem_in

Broken = tuple[str, tuple[str, ...]]
"""A place that is wrong itself: its pointer, and the same as tokens."""


def _kinds(module: ModuleType) -> dict[str, type[Kind]]:
    """A module's kinds by their names in form.toml: WordLimit is `word_limit`."""
    declared = (each for each in vars(module).values() if isinstance(each, type))
    return {
        "".join(f"_{c.lower()}" if c.isupper() else c for c in each.__name__)[1:]: each
        for each in declared
        if issubclass(each, Kind) and each.__module__ == module.__name__
    }


# The closed list of kinds.
KINDS: Final[dict[str, type[Kind]]] = {
    name: kind
    for module in (amounts, dates, choices, identity)
    for name, kind in _kinds(module).items()
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled rule. `operands` are the places that it reads, as tokens."""

    spec: RuleSpec
    kind: Kind
    evaluate: Evaluate
    operands: tuple[tuple[str, ...], ...]
    citation: Citation

    def judge(self, form: Form, data: Any, on: date) -> list[Finding] | Skipped | tuple[()]:
        """Findings, none when the rule is met, or Skipped with the reason."""
        try:
            breaches = self.evaluate(data, on)
        except Unjudged as unjudged:
            return Skipped(self.spec.id, str(unjudged))
        return [self._finding(form, breach) for breach in breaches] if breaches else ()

    def stopped_by(self, form: Form, broken: Iterable[Broken]) -> Skipped | None:
        """Why the rule cannot be judged when these places are broken; None when it can."""
        for pointer, tokens in broken:
            if any(_touches(operand, tokens) for operand in self.operands):
                return Skipped(self.spec.id, f"“{form.label(pointer)}”有误，改正后再检查。")
        return None

    def _finding(self, form: Form, breach: Breach) -> Finding:
        return Finding(
            self.spec.id,
            Severity.WARNING if breach.warning else self.spec.severity,
            breach.pointer,
            form.label(breach.pointer),
            self.spec.messages[breach.message].format_map(breach.words),
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
    _verify_messages(where, spec, declared)
    try:
        parameters, pending = _with_values(form, spec.parameters, on)
        kind = declared.read(parameters, form)
    except Wrong as wrong:
        raise FormError(f"{where}: {wrong}") from None
    return Rule(
        spec,
        kind,
        _not_yet if pending else kind.check,
        tuple(operand.field.tokens for operand in kind.operands),
        Citation.joined(spec.citations),
    )


def _with_values(
    form: Form, parameters: Mapping[str, Any], on: date
) -> tuple[dict[str, Any], bool]:
    """The parameters with `{ value = "…" }` replaced by the policy value of a day.

    Before the first day its first value stands in, and the second answer is true.
    """
    known, resolved, pending = form.programme.values, dict(parameters), False
    for key, given in parameters.items():
        if isinstance(given, dict) and set(given) == {"value"}:
            if given["value"] not in known:
                raise Wrong(f"{key}: the programme has no value {given['value']!r}")
            holding = form.programme.value(given["value"], on)
            pending = pending or holding is None
            resolved[key] = (holding or known[given["value"]][0]).value
    return resolved, pending


def _not_yet(data: Any, on: date) -> Breaches:
    raise Unjudged("申报的日期早于规定开始执行的日期。")


def _verify_messages(where: str, spec: RuleSpec, kind: type[Kind]) -> None:
    """A kind's messages, all of them, with plain names in braces that the kind gives."""
    if odd := set(kind.messages) ^ set(spec.messages):
        raise FormError(f"{where}: {min(odd)} must be given exactly when {spec.kind} has it")
    for key, message in spec.messages.items():
        if problem := problem_in(message, set(kind.messages[key].split())):
            raise FormError(f"{where}: {key}: {problem}")
    for key in ("title", "demand"):
        if problem := problem_in(getattr(spec, key), set(kind.parameters())):
            raise FormError(f"{where}: {key}: {problem}")


def _touches(operand: tuple[str, ...], broken: tuple[str, ...]) -> bool:
    """Whether a broken place lies in, on or around what an operand reads."""
    return all(a in (b, "*") for a, b in zip(operand, broken, strict=False))
