"""Rule kinds about numbers and amounts of money."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from formsvc.checks.kinds import MET, Aside, Breach, Breaches, Hint, Kind
from formsvc.checks.parameters import Count, Money, Sums, Text, Total, Unjudged, Wrong
from formsvc.checks.tables import Bounds, said_range
from formsvc.forms.sure import Leaves
from formsvc.forms.terms import Term, amount_said, exact
from formsvc.writing import words


class WordLimit(Kind):
    """the 字数 of a text, counted as Word does, exceeds the limit"""

    field: Text
    limit: Count

    messages = {"message": "label value limit excess"}
    title = "{field}超过 {limit} 字"
    demand = "{field}不超过 {limit} 字（按 Word 的字数计）"

    def check(self, data: Any, on: date) -> Breaches:
        text = self.field.get(data)
        if words.are_within(text, self.limit):
            return MET
        count = words.count(text)
        said = {
            "label": self.field.label,
            "value": count,
            "limit": self.limit,
            "excess": count - self.limit,
        }
        return [Breach(self.field.pointer, said, count, self.limit)]

    def surely(self, leaves: Leaves) -> str:
        text, limit = leaves.value(self.field), leaves.bind(self.limit)
        return f"len({text}) <= {limit} or {leaves.bind(words.are_within)}({text}, {limit})"

    def hints(self) -> Iterator[Hint]:
        yield Hint(self.field.pointer, f"不超过 {self.limit} 字", words=self.limit)

    def asides(self, data: object) -> Iterator[Aside]:
        text = self.field.find(data)
        count = words.count(text) if isinstance(text, str) else 0
        over = f"，超出 {count - self.limit} 字" if count > self.limit else ""
        said = f"已写 {count} 字，最多 {self.limit} 字{over}"
        yield Aside(self.field.pointer, said, "over" if over else "plain")


_BOUND = "label value limit gap range bound"


class Between(Kind):
    """the amount is below `least`, above `most`, or outside of `within`: a lowest and a highest,
    `[1, 2]`, or a table of these by a field"""

    amount: Money
    least: Money | None = None
    most: Money | None = None
    within: Bounds | None = None

    messages = {"message": f"{_BOUND} percent of by"}

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        super().__init__(arguments)
        bounds = (self.least, self.most)
        if (self.within is None) is (bounds == (None, None)):
            raise Wrong("least: or most, or else within, must be given")
        low, high = (each.constant if each else None for each in bounds)
        if low is not None and high is not None and low > high:
            raise Wrong("least: is above most")
        self._money = self.amount.money or any(each and each.money for each in bounds)
        self.title, self.demand = self._words()

    def _words(self) -> tuple[str, str]:
        if self.within:
            return "{amount}与规定的额度不符", "{amount}：{within}"
        if self.least is None:
            return "{amount}超过 {most}", "{amount}不超过 {most}"
        if self.most is None:
            return "{amount}少于{least}", "{amount}不少于{least}"
        return "{amount}不在规定的范围内", "{amount}不少于{least}，不超过{most}"

    @property
    def spoken(self) -> Mapping[str, str]:
        bounds = [each for each in (self.least, self.most, self.within) if each]
        known = frozenset.intersection(*(each.names for each in bounds))
        return {"message": " ".join((_BOUND, *sorted(known)))}

    def check(self, data: Any, on: date) -> Breaches:
        value = self.amount.evaluate(data)
        if self.within:
            low, high = self.within.evaluate(data)
        else:
            low = self.least.evaluate(data) if self.least else None
            high = self.most.evaluate(data) if self.most else None
        if low is not None and value < low:
            return self._breach(data, value, low, self.within or self.least, (low, high))
        if high is not None and value > high:
            return self._breach(data, value, high, self.within or self.most, (low, high))
        return MET

    def surely(self, leaves: Leaves) -> str:
        value = self.amount.sure(leaves)
        if self.within:
            low, high = (f"{self.within.sure(leaves)}[{end}]" for end in (0, 1))
        else:
            low, high = (each.sure(leaves) if each else "" for each in (self.least, self.most))
        return f"{f'{low} <= ' if low else ''}{value}{f' <= {high}' if high else ''}"

    def _breach(
        self, data: Any, value: Any, limit: Any, bound: Term | None, bounds: tuple[Any, Any]
    ) -> Breaches:
        said = {
            "label": self.amount.label,
            "value": self._said(value),
            "limit": self._said(limit),
            "gap": self._said(abs(value - limit)),
            "range": self._range(*bounds),
            **({"bound": bound.label, **bound.facts(data)} if bound else {}),
        }
        return [Breach(self.amount.pointer, said, value, limit)]

    def _said(self, value: Any) -> str:
        return amount_said(value, money=self._money)

    def _range(self, low: Any, high: Any) -> str:
        if low is None or high is None:
            return f"{self._said(low)}以上" if high is None else f"{self._said(high)}以内"
        return said_range(low, high, money=self._money)

    def hints(self) -> Iterator[Hint]:
        if len(self.amount.places) != 1 or self.amount.pointer != self.amount.places[0].pointer:
            return
        for bound, word in ((self.least, "不少于"), (self.most, "不超过")):
            if bound and bound.constant is not None:
                said = self._said(bound.constant)
                text = f"{said.removesuffix('元')} 元" if self._money else said
                yield Hint(self.amount.pointer, f"{word} {text}")


class SumEquals(Kind):
    """the parts do not add up to the total"""

    parts: Sums
    total: Total

    messages = {"message": "label value limit gap"}
    title = "{total}与各项之和不符"
    demand = "{parts}各项相加等于{total}"

    def check(self, data: Any, on: date) -> Breaches:
        stated, added = exact(self.total.get(data)), sum(each.evaluate(data) for each in self.parts)
        if stated == added:
            return MET
        said = {
            "label": self.total.label,
            "value": self._said(stated),
            "limit": self._said(added),
            "gap": self._said(abs(stated - added)),
        }
        return [Breach(self.total.pointer, said, stated, added)]

    def surely(self, leaves: Leaves) -> str:
        stated = leaves.number(self.total)
        return f"{stated} == {' + '.join(each.sure(leaves) for each in self.parts)}"

    def _said(self, value: Any) -> str:
        return amount_said(value, money=self.total.field.kind == "money")

    def asides(self, data: object) -> Iterator[Aside]:
        given = []
        for part in self.parts:
            try:
                given.append(part.evaluate(data))
            except (Unjudged, TypeError, ValueError, LookupError, ArithmeticError):
                continue
        open_, stated = len(self.parts) - len(given), self.total.find(data)
        if not given:
            return
        added = sum(given)
        if open_:
            said = f"已填的 {len(given)} 项相加：{self._said(added)}，还有 {open_} 项没有填"
            yield Aside(self.total.pointer, said)
        elif stated == added:
            yield Aside(self.total.pointer, f"各项相加：{self._said(added)}")
        else:
            said = f"各项相加：{self._said(added)}"
            yield Aside(self.total.pointer, said, "offer", f"{Decimal(exact(added)):f}")
