"""Data → report: structure by JSON Schema, then the rules that a schema cannot say."""

from datetime import date
from functools import cache
from itertools import islice
from typing import Any

from formsvc import pointers
from formsvc.checks.rules import Broken, compile_rules
from formsvc.checks.structure import MOST, Structure
from formsvc.findings import Finding, Report, Severity, Skipped
from formsvc.forms.form import Form
from formsvc.writing import texts

MAX_DEPTH = 64
MAX_VALUES = 10_000


class Checker:
    """A form's schema and rules, compiled once; safe to share between threads."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.structure = Structure(form)
        self.rules = compile_rules(form)

    def check(self, data: object, on: date) -> Report:
        """All findings at once, in paper order. Never raises on what a user sent."""
        found: list[Finding] = []
        broken: tuple[Broken, ...] = ()
        if not self.structure.is_valid(data):
            data, found = self._structural(data)
            broken = tuple((f.pointer, pointers.parse(f.pointer)) for f in found)
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
        if excess := _excess(data):
            rule, message = excess
            return None, [Finding(rule, Severity.ERROR, "", self.form.title, message)]
        found: list[Finding] = []
        if not texts.is_clean(data):
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


def check(form: Form, data: object, *, on: date) -> Report:
    """Check one submission as of a day. Never raises on user data."""
    return checker(form).check(data, on)


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
