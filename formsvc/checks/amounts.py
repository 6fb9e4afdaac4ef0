"""Rule kinds about numbers and amounts of money."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from formsvc.checks.operands import MET, Breach, Breaches, Evaluate, Place, says
from formsvc.writing import words
from formsvc.writing.notation import cents, yuan


@says(message="label value limit excess")
def word_limit(field: Place, limit: int) -> Evaluate:
    """字数 of a text, counted as Word does, is at most `limit`."""

    def evaluate(data: Any, on: date) -> Breaches:
        text = field.get(data)
        if len(text) <= limit or (count := words.count(text)) <= limit:
            return MET
        said = {"label": field.label, "value": count, "limit": limit, "excess": count - limit}
        return [Breach(field.field.pointer, said, count, limit)]

    return evaluate


@says(message="label value limit")
def at_most(field: Place, limit: int) -> Evaluate:
    """An amount in 元 is at most `limit`."""

    def evaluate(data: Any, on: date) -> Breaches:
        value = field.get(data)
        if value <= limit:
            return MET
        said = {"label": field.label, "value": yuan(value), "limit": yuan(limit)}
        return [Breach(field.field.pointer, said, value, limit)]

    return evaluate


@says(message="label by value range")
def between_by(field: Place, by: Place, ranges: dict[str, list[int]]) -> Evaluate:
    """An amount in 元 lies in the range, both ends included, that another field's value selects."""

    def evaluate(data: Any, on: date) -> Breaches:
        value, chosen = field.get(data), by.get(data)
        low, high = ranges[chosen]
        if low <= value <= high:
            return MET
        allowed = yuan(low) if low == high else f"{yuan(low)}至{yuan(high)}"
        said = {"label": field.label, "by": chosen, "value": yuan(value), "range": allowed}
        return [Breach(field.field.pointer, said, value, low if value < low else high)]

    return evaluate


@says(message="label value limit gap")
def sum_equals(parts: list[Place], total: Place) -> Evaluate:
    """Amounts add up to a total, to the 分."""

    def evaluate(data: Any, on: date) -> Breaches:
        stated, added = total.get(data), _total(parts, data)
        gap = cents(stated) - added
        if gap == 0:
            return MET
        said = {
            "label": total.label,
            "value": yuan(stated),
            "limit": yuan(_money(added)),
            "gap": yuan(_money(abs(gap))),
        }
        return [Breach(total.field.pointer, said, stated, _money(added))]

    return evaluate


@says(message="label value limit gap")
def sum_covers(parts: list[Place], total: Place) -> Evaluate:
    """Amounts add up to at least a total."""

    def evaluate(data: Any, on: date) -> Breaches:
        stated, added = total.get(data), _total(parts, data)
        gap = cents(stated) - added
        if gap <= 0:
            return MET
        said = {
            "label": total.label,
            "value": yuan(_money(added)),
            "limit": yuan(stated),
            "gap": yuan(_money(gap)),
        }
        return [Breach(parts[0].field.pointer, said, _money(added), stated)]

    return evaluate


@says(message="label value limit percent")
def surplus_at_most(parts: list[Place], spent: Place, base: Place, percent: int) -> Evaluate:
    """What the parts leave over after `spent` is at most a percentage of `base`."""

    def evaluate(data: Any, on: date) -> Breaches:
        surplus = _total(parts, data) - cents(spent.get(data))
        granted = cents(base.get(data))
        if surplus * 100 <= granted * percent or surplus <= 0:
            return MET
        allowed = _money(granted * percent) / 100
        said = {
            "label": base.label,
            "value": yuan(_money(surplus)),
            "limit": yuan(allowed),
            "percent": percent,
        }
        return [Breach(parts[0].field.pointer, said, _money(surplus), allowed)]

    return evaluate


def _total(parts: Iterable[Place], data: Any) -> int:
    """The parts' sum in 分."""
    amount = 0
    for part in parts:
        value = part.get(data)
        if type(value) is list:
            amount += sum(map(cents, value))
        else:
            amount += cents(value)
    return amount


def _money(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)
