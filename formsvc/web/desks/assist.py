"""What a page says beside a field while one types: 字数, 大写, totals, which box is asked for.

All of it is read from the form's rules and counted by the code that checks them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from formsvc import pointers
from formsvc.checks.operands import place
from formsvc.forms import Form
from formsvc.web.desks.widgets import rules_of
from formsvc.writing import words
from formsvc.writing.notation import cents, yuan, yuan_in_words


@dataclass(frozen=True, slots=True)
class Aside:
    """A short text beside a field; `tone` is plain, over, wanted or unneeded."""

    text: str
    tone: str = "plain"


Asides = Mapping[str, list[Aside]]


def asides(form: Form, data: Mapping[str, Any]) -> Asides:
    """By pointer, in the order in which they are shown."""
    found: dict[str, list[Aside]] = defaultdict(list)
    for source in (_choices, _words, _totals, _amounts):
        for pointer, aside in source(form, data):
            found[pointer].append(aside)
    return found


def _choices(form: Form, data: Mapping[str, Any]) -> Iterator[tuple[str, Aside]]:
    for rule in rules_of(form, "one_of_by"):
        chosen = pointers.get(data, rule.parameters["by"])
        wanted = rule.parameters["wanted"].get(chosen) if isinstance(chosen, str) else None
        for name, pointer in rule.parameters["choices"].items():
            if wanted == name:
                yield pointer, Aside(f"{chosen}应填写此项", "wanted")
            elif wanted:
                yield pointer, Aside(f"{chosen}不必填写此项", "unneeded")


def _words(form: Form, data: Mapping[str, Any]) -> Iterator[tuple[str, Aside]]:
    for rule in rules_of(form, "word_limit"):
        pointer, limit = rule.parameters["field"], rule.parameters["limit"]
        text = pointers.get(data, pointer)
        count = words.count(text) if isinstance(text, str) else 0
        over = f"，超出 {count - limit} 字" if count > limit else ""
        yield pointer, Aside(f"已写 {count} 字，最多 {limit} 字{over}", "over" if over else "plain")


def _totals(form: Form, data: Mapping[str, Any]) -> Iterator[tuple[str, Aside]]:
    for rule in rules_of(form, "sum_equals"):
        parts = [place(form.fields[pointer]).find(data) for pointer in rule.parameters["parts"]]
        flat = [each for part in parts for each in (part if isinstance(part, list) else [part])]
        given = [each for each in flat if _is_amount(each)]
        if given:
            total = Decimal(sum(map(cents, given))).scaleb(-2)
            yield rule.parameters["total"], Aside(f"各项相加：{yuan(total)}")


def _amounts(form: Form, data: Mapping[str, Any]) -> Iterator[tuple[str, Aside]]:
    for field in form.fields.values():
        if field.kind != "money":
            continue
        for pointer in _each(field.pointer, data):
            value: Any = pointers.get(data, pointer)
            if _is_amount(value) and value >= 0:
                yield pointer, Aside(f"大写：{yuan_in_words(value)}")


def _each(pointer: str, data: Mapping[str, Any]) -> list[str]:
    if "/*" not in pointer:
        return [pointer]
    outer, _, inner = pointer.partition("/*")
    given = pointers.get(data, outer)
    return [f"{outer}/{row}{inner}" for row in range(len(given) if isinstance(given, list) else 0)]


def _is_amount(value: Any) -> bool:
    return (
        isinstance(value, int | Decimal)
        and not isinstance(value, bool)
        and -(10**12) <= value <= 10**12
        and bool(value == round(value, 2))
    )
