"""Data → report: structure by JSON Schema, then the rules that a schema cannot say."""

from datetime import date
from functools import cache
from typing import Any

from formsvc import texts
from formsvc.checks.rules import compile_rules
from formsvc.checks.structure import Structure
from formsvc.findings import Finding, Report, Severity, Skipped
from formsvc.forms import Form

MAX_DEPTH = 64


class Checker:
    """A form's schema and rules, compiled once; safe to share between threads."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.structure = Structure(form)
        self.rules = compile_rules(form)

    def check(self, data: object, on: date) -> Report:
        """All findings at once, in paper order. Never raises on what a user sent."""
        found: list[Finding] = []
        broken: tuple[str, ...] = ()
        if not self.structure.is_valid(data):
            data, found = self._structural(data)
            broken = tuple(finding.pointer for finding in found)
        skipped: list[Skipped] = []
        for rule in self.rules:
            outcome = (broken and rule.stopped_by(self.form, broken)) or rule.judge(
                self.form, data, on
            )
            if isinstance(outcome, Skipped):
                skipped.append(outcome)
            elif outcome:
                found += outcome
        if len(found) > 1:
            found.sort(key=lambda finding: self.form.place(finding.pointer))
        return Report(self.form.id, self.form.edition, tuple(found), tuple(skipped))

    def _structural(self, data: object) -> tuple[Any, list[Finding]]:
        """Findings about texts and structure, and the data with broken characters replaced."""
        if _depth(data) > MAX_DEPTH:
            message = f"嵌套超过 {MAX_DEPTH} 层。"
            return None, [Finding("input.depth", Severity.ERROR, "", self.form.title, message)]
        found = [
            Finding("text.forbidden", Severity.ERROR, pointer, label, f"{label}{problem}。")
            for pointer, problem in texts.forbidden(data)
            for label in [self.form.label(pointer)]
        ]
        if found:
            data = texts.cleaned(data)
        spoken = {finding.pointer for finding in found}
        found += [f for f in self.structure.findings(data) if f.pointer not in spoken]
        return data, found


@cache
def checker(form: Form) -> Checker:
    """The form's checker, compiled on first use. Raises FormError for a wrong rule."""
    return Checker(form)


def check(form: Form, data: object, *, on: date) -> Report:
    """Check one submission as of a day. Never raises on user data."""
    return checker(form).check(data, on)


def _depth(data: object) -> int:
    """Levels of nesting, without recursion; stops counting beyond MAX_DEPTH."""
    level, depth = [data], 0
    while level and depth <= MAX_DEPTH:
        level = [
            child
            for value in level
            if isinstance(value, dict | list)
            for child in (value.values() if isinstance(value, dict) else value)
        ]
        depth += 1
    return depth
