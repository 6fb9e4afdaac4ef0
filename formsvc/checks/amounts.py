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
    PerChoice,
    Place,
    Range,
    Sum,
    Sums,
    Text,
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
        said = {"label": self.field.label, "value": yuan(value), "limit": yuan(self.limit)}
        return [Breach(self.field.pointer, said, value, self.limit)]

    def hints(self) -> Iterator[Hint]:
        yield Hint(self.field.pointer, f"不超过 {yuan(self.limit).removesuffix('元')} 元")


class BetweenBy(Kind):
    """the amount is outside the range that the value of `by` selects"""

    field: Sum
    by: Choice
    ranges: Annotated[dict[str, tuple[Any, Any]], PerChoice("by", Range())]

    messages = {"message": "label by value range"}
    title = "{field}与{by}的额度不符"
    demand = "{field}按{by}核定：{ranges}"

    def check(self, data: Any, on: date) -> Breaches:
        value, chosen = self.field.get(data), self.by.get(data)
        low, high = self.ranges[chosen]
        if low <= value <= high:
            return MET
        allowed = yuan(low) if low == high else f"{yuan(low)}至{yuan(high)}"
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
        said = {
            "label": self.total.label,
            "value": yuan(stated),
            "limit": yuan(_money(added)),
            "gap": yuan(_money(abs(gap))),
        }
        return [Breach(self.total.pointer, said, stated, _money(added))]

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
        said = {
            "label": self.total.label,
            "value": yuan(_money(added)),
            "limit": yuan(stated),
            "gap": yuan(_money(gap)),
        }
        return [Breach(self.parts[0].pointer, said, _money(added), stated)]


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
        said = {
            "label": self.base.label,
            "value": yuan(_money(surplus)),
            "limit": yuan(allowed),
            "percent": self.percent,
        }
        return [Breach(self.parts[0].pointer, said, _money(surplus), allowed)]


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
