"""A form's rules, compiled once, with three outcomes: met, not met, skipped with a reason."""

import inspect
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NoReturn

from formsvc import pointers
from formsvc.checks.kinds import KINDS
from formsvc.checks.operands import MESSAGES, Breach, Evaluate, Place, Unjudged, place
from formsvc.errors import FormError
from formsvc.findings import Citation, Finding, Severity, Skipped
from formsvc.forms.form import Form, RuleSpec

Broken = tuple[str, tuple[str, ...]]
"""A place that is wrong itself: its pointer, and the same as tokens."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled rule. `operands` are the places that it reads, as tokens."""

    spec: RuleSpec
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


def compile_rules(form: Form) -> tuple[Rule, ...]:
    """Compile all rules of a form; FormError names the rule and the parameter."""
    return tuple(_compile(form, spec) for spec in form.rules)


def _compile(form: Form, spec: RuleSpec) -> Rule:
    where = f"{form.id}/form.toml: [[rule]] {spec.id}"
    build = KINDS.get(spec.kind)
    if build is None:
        raise FormError(f"{where}: unknown kind {spec.kind!r}; known: {', '.join(sorted(KINDS))}")
    operands: list[str] = []
    arguments = {
        name: _argument(form, where, name, parameter.annotation, spec.parameters, operands)
        for name, parameter in inspect.signature(build).parameters.items()
    }
    if unknown := set(spec.parameters) - {name.rstrip("_") for name in arguments}:
        raise FormError(f"{where}: {spec.kind} has no parameter {min(unknown)!r}")
    _check_messages(where, spec)
    first = spec.citations[0]
    articles = "、".join(citation.article for citation in spec.citations)
    citation = Citation(first.regulation, articles, "；".join(c.summary for c in spec.citations))
    places = tuple(map(pointers.parse, operands))
    return Rule(spec, build(**arguments), places, citation)


def _argument(
    form: Form,
    where: str,
    name: str,
    annotation: Any,
    parameters: Mapping[str, Any],
    operands: list[str],
) -> object:
    """One parameter of a kind, checked against the kind's signature; pointers become places."""
    key = name.rstrip("_")

    def wrong(what: str) -> NoReturn:
        raise FormError(f"{where}: {key} {what}")

    def operand(pointer: object) -> Place:
        if not isinstance(pointer, str) or pointer not in form.fields:
            wrong(f"pointer {pointer!r} is not in schema.json")
        operands.append(pointer)
        array = form.fields.get(pointer.partition("/*")[0])
        return place(form.fields[pointer], array.label if array else "")

    if key not in parameters:
        wrong("is missing")
    value = parameters[key]
    readers: dict[Any, Callable[[Any], object]] = {
        Place: operand,
        list[Place]: lambda items: [operand(item) for item in items],
        dict[str, Place]: lambda table: {name: operand(item) for name, item in table.items()},
    }
    if annotation in readers:
        return readers[annotation](value)
    expected = getattr(annotation, "__origin__", annotation)
    if type(value) is not expected:
        wrong(f"must be of type {expected.__name__}")
    return value


def _check_messages(where: str, spec: RuleSpec) -> None:
    """A kind's messages, all of them, with plain names in braces that the kind gives."""
    declared = MESSAGES[spec.kind]
    if odd := set(declared) ^ set(spec.messages):
        raise FormError(f"{where}: {min(odd)} must be given exactly when {spec.kind} has it")
    for key, message in spec.messages.items():
        for _, name, form, conversion in string.Formatter().parse(message):
            if name is not None and (name not in declared[key] or form or conversion):
                known = ", ".join(sorted(declared[key]))
                raise FormError(f"{where}: {key}: {{{name}}} is not one of {known}")


def _touches(operand: tuple[str, ...], broken: tuple[str, ...]) -> bool:
    """Whether a broken place lies in, on or around what an operand reads."""
    return all(a in (b, "*") for a, b in zip(operand, broken, strict=False))
