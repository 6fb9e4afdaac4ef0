"""What to do with a printed form, computed from its data and rules."""

import re
from dataclasses import dataclass
from datetime import date

from formsvc import pointers
from formsvc.checks import checker
from formsvc.errors import FormError
from formsvc.forms import Form

_SLOT = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class NextStep:
    """A step with its text filled in (Chinese)."""

    title: str
    text: str


def next_steps(form: Form, data: object, on: date) -> tuple[NextStep, ...]:
    """The form's steps for one submission; what is not given yet is named by its label.

    In a text, `{copies}` is how many to print, `{/pointer}` a value, and `{rule id}` what a rule
    asks for: the list of contains_all, the last day of due. A step whose guard does not hold is
    left out. FormError for other names.
    """
    judge = checker(form)
    data = judge.completed(data, on)
    rules = {rule.spec.id: rule for rule in judge.rules(on)}

    def word(slot: re.Match[str]) -> str:
        name = slot.group(1)
        if name == "copies":
            return str(form.copies)
        if name in form.fields:
            return _value(data, name) or form.fields[name].label
        if name in rules and (asked := rules[name].kind.asks(data)):
            return asked
        raise FormError(f"{form.toml}: [[step]]: {{{name}}} is no field and no such rule")

    texts = [_SLOT.sub(word, step.text) for step in form.steps]
    return tuple(
        NextStep(step.title, text)
        for step, text in zip(form.steps, texts, strict=True)
        if step.guard.holds(data, on)
    )


def _value(data: object, pointer: str) -> str:
    value = pointers.get(data, pointer)
    return value.strip() if isinstance(value, str) else ""
