"""Rule kinds about numbers and amounts of money."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from formsvc import pointers
from formsvc.checks.kinds import MET, Aside, Breach, Breaches, Hint, Kind
from formsvc.checks.parameters import (
    Amount,
    Choice,
    Count,
    Percent,
    Place,
    Ranges,
    Sum,
    Sums,
    Text,
    said_range,
)
from formsvc.writing import words
from formsvc.writing.notation import cents, is_amount, yuan


class WordLimit(Kind):
    """the 字数 of a text, counted as Word does, exceeds the limit"""

    field: Text
    limit: Count

    messages = {"message": "label value limit excess"}
    title = "{field}超过 {limit} 字"
    demand = "{field}不超过 {limit} 字（按 Word 的字数计）"

    def check(self, data: Any, on: date) -> Breaches:
        text = self.field.get(data)
        if len(text) <= self.limit or (count := words.count(text)) <= self.limit:
            return MET
        said = {
            "label": self.field.label,
            "value": count,
            "limit": self.limit,
            "excess": count - self.limit,
        }
        return [Breach(self.field.pointer, said, count, self.limit)]

    def hints(self) -> Iterator[Hint]:
        yield Hint(self.field.pointer, f"不超过 {self.limit} 字", words=self.limit)

    def asides(self, data: object) -> Iterator[Aside]:
        text = pointers.get(data, self.field.pointer)
        count = words.count(text) if isinstance(text, str) else 0
        over = f"，超出 {count - self.limit} 字" if count > self.limit else ""
        said = f"已写 {count} 字，最多 {self.limit} 字{over}"
        yield Aside(self.field.pointer, said, "over" if over else "plain")


class AtMost(Kind):
    """the amount exceeds the limit"""

    field: Sum
    limit: Amount

    messages = {"message": "label value limit"}
    title = "{field}超过 {limit}"
    demand = "{field}不超过 {limit}"

    def check(self, data: Any, on: date) -> Breaches:
        value = self.field.get(data)
        if value <= self.limit:
            return MET
        return _breach(self.field, self.field.label, value, self.limit)

    def hints(self) -> Iterator[Hint]:
        yield Hint(self.field.pointer, f"不超过 {yuan(self.limit).removesuffix('元')} 元")


class BetweenBy(Kind):
    """the amount is outside the range that the value of `by` selects"""

    field: Sum
    by: Choice
    ranges: Annotated[dict[str, tuple[Any, Any]], Ranges("by")]

    messages = {"message": "label by value range"}
    title = "{field}与{by}的额度不符"
    demand = "{field}按{by}核定：{ranges}"

    def check(self, data: Any, on: date) -> Breaches:
        value, chosen = self.field.get(data), self.by.get(data)
        low, high = self.ranges[chosen]
        if low <= value <= high:
            return MET
        allowed = said_range(low, high)
        said = {"label": self.field.label, "by": chosen, "value": yuan(value), "range": allowed}
        return [Breach(self.field.pointer, said, value, low if value < low else high)]


class SumEquals(Kind):
    """the parts do not add up to the total"""

    parts: Sums
    total: Sum

    messages = {"message": "label value limit gap"}
    title = "{total}与各项之和不符"
    demand = "{parts}各项相加等于{total}"

    def check(self, data: Any, on: date) -> Breaches:
        stated, added = self.total.get(data), _total(self.parts, data)
        gap = cents(stated) - added
        if gap == 0:
            return MET
        missing = yuan(_money(abs(gap)))
        return _breach(self.total, self.total.label, stated, _money(added), gap=missing)

    def asides(self, data: object) -> Iterator[Aside]:
        found = [part.find(data) for part in self.parts]
        flat = [each for one in found for each in (one if isinstance(one, list) else [one])]
        if given := [each for each in flat if is_amount(each)]:
            added = yuan(_money(sum(map(cents, given))))
            yield Aside(self.total.pointer, f"各项相加：{added}")


class SumCovers(Kind):
    """the parts add up to less than the total"""

    parts: Sums
    total: Sum

    messages = {"message": "label value limit gap"}
    title = "{parts}合计少于{total}"
    demand = "{parts}合计不少于{total}"

    def check(self, data: Any, on: date) -> Breaches:
        stated, added = self.total.get(data), _total(self.parts, data)
        gap = cents(stated) - added
        if gap <= 0:
            return MET
        missing = yuan(_money(gap))
        return _breach(self.parts[0], self.total.label, _money(added), stated, gap=missing)


class SurplusAtMost(Kind):
    """what is left over exceeds a share of `base`"""

    parts: Sums
    spent: Sum
    base: Sum
    percent: Percent

    messages = {"message": "label value limit percent"}
    title = "结余超过{base}的 {percent}%"
    demand = "{parts}合计减去{spent}的结余，不超过{base}的 {percent}%"

    def check(self, data: Any, on: date) -> Breaches:
        surplus = _total(self.parts, data) - cents(self.spent.get(data))
        granted = cents(self.base.get(data))
        if surplus * 100 <= granted * self.percent or surplus <= 0:
            return MET
        allowed = _money(granted * self.percent) / 100
        left = _money(surplus)
        return _breach(self.parts[0], self.base.label, left, allowed, percent=self.percent)


def _breach(place: Place, label: str, value: Any, limit: Any, **words: object) -> Breaches:
    """One breach, its amounts said as they are printed."""
    said = {"label": label, "value": yuan(value), "limit": yuan(limit), **words}
    return [Breach(place.pointer, said, value, limit)]


def _total(parts: Iterable[Place], data: Any) -> int:
    """The parts' sum in 分."""
    values = (part.get(data) for part in parts)
    return sum(sum(map(cents, v)) if isinstance(v, list) else cents(v) for v in values)


def _money(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)
