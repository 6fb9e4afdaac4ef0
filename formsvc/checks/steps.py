"""What to do with a printed form, computed from its data and rules."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from formsvc import pointers
from formsvc.checks import months
from formsvc.errors import FormError
from formsvc.forms.form import Form, RuleSpec
from formsvc.writing.notation import long_date

_SLOT = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class NextStep:
    """A step with its text filled in (Chinese)."""

    title: str
    text: str


def next_steps(form: Form, data: object) -> tuple[NextStep, ...]:
    """The form's steps for one submission; what is not given yet is named by its label.

    In a text, `{copies}` is how many to print, `{/pointer}` a value, and `{rule id}` what a rule
    demands: the list of contains_all, the last day of within_months_after. FormError for others.
    """
    rules = {rule.id: rule for rule in form.rules}

    def word(slot: re.Match[str]) -> str:
        name = slot.group(1)
        if name == "copies":
            return str(form.copies)
        if name in form.fields:
            return _value(data, name) or form.fields[name].label
        if name in rules and rules[name].kind in _DEMANDS:
            return _DEMANDS[rules[name].kind](form, rules[name], data)
        raise FormError(f"{form.id}/form.toml: [[step]]: {{{name}}} is no field and no such rule")

    return tuple(NextStep(step.title, _SLOT.sub(word, step.text)) for step in form.steps)


def _value(data: object, pointer: str) -> str:
    value = pointers.get(data, pointer)
    return value.strip() if isinstance(value, str) else ""


def _list(form: Form, rule: RuleSpec, data: object) -> str:
    return "、".join(rule.parameters["values"])


def _last_day(form: Form, rule: RuleSpec, data: object) -> str:
    anchor, number = rule.parameters["anchor"], rule.parameters["months"]
    after = f"{form.fields[anchor].label}后 {number} 个月内"
    try:
        last = months.add(date.fromisoformat(_value(data, anchor)), number)
    except ValueError:
        return after
    return f"{long_date(last)}以前（{after}，当日有效）"


_DEMANDS: Final[Mapping[str, Callable[[Form, RuleSpec, Any], str]]] = {
    "contains_all": _list,
    "within_months_after": _last_day,
}
