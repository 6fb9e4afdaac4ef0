"""Rule kinds about dates and periods."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from formsvc.checks.kinds import MET, Breach, Breaches, Kind
from formsvc.checks.parameters import (
    Anchor,
    Day,
    Days,
    Flag,
    Money,
    Months,
    Place,
    Unjudged,
    Wrong,
    Year,
    Years,
)
from formsvc.checks.tables import CalendarDay, calendar_said
from formsvc.forms import months
from formsvc.forms.sure import Leaves
from formsvc.writing.notation import long_date

# The years that dates of forms lie in, with room for what is counted from them.
_FIRST: Final = 1900
_LAST: Final = 2200


class DatesOrdered(Kind):
    """the end is not after the start"""

    start: Day
    end: Day

    messages = {"message": "start end"}
    title = "{end}不晚于{start}"
    demand = "{start}早于{end}"

    def check(self, data: Any, on: date) -> Breaches:
        first, last = _day(self.start, data), _day(self.end, data)
        if first < last:
            return MET
        return [Breach(self.end.pointer, {"start": first, "end": last})]

    def surely(self, leaves: Leaves) -> str:
        return f"{leaves.value(self.start)} < {leaves.value(self.end)}"


class MonthsBetween(Kind):
    """the stay is shorter than `least` or longer than `most` months, first and last day counted,
    give or take so many days"""

    start: Day
    end: Day
    least: Months | None = None
    most: Months | None = None
    days: Days | None = None

    messages = {"message": "start end months needed earliest latest"}

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        super().__init__(arguments)
        if self.least is None and self.most is None:
            raise Wrong("least: or most must be given")
        if self.least and self.most and self.least > self.most:
            raise Wrong("least: is above most")
        spare = "，前后可差 {days} 天" if self.days else ""
        if self.most is None:
            self.title, asked = "时间不足 {least} 个月", "至少 {least} 个月"
        elif self.least is None:
            self.title, asked = "时间超过 {most} 个月", "至多 {most} 个月"
        else:
            asked = " {least} 个月" if self.least == self.most else " {least} 至 {most} 个月"
            self.title = f"时间不是{asked}"
        self.demand = "从{start}到{end}" + asked + "（首尾两天都算" + spare + "）"

    @property
    def spoken(self) -> Mapping[str, str]:
        names = ["start end months needed"]
        names += ["earliest"] if self.least else []
        names += ["latest"] if self.most else []
        return {"message": " ".join(names)}

    def check(self, data: Any, on: date) -> Breaches:
        first, last = _day(self.start, data), _day(self.end, data)
        said: dict[str, Any] = {"start": first, "end": last}
        if self.least:
            said["earliest"] = self._earliest(first)
        if self.most:
            said["latest"] = self._latest(first)
        if self.least and last < said["earliest"]:
            asked, needed = self.least, said["earliest"]
        elif self.most and last > said["latest"]:
            asked, needed = self.most, said["latest"]
        else:
            return MET
        said |= {"months": asked, "needed": needed}
        return [Breach(self.end.pointer, said, months.whole_months(first, last), asked)]

    def _earliest(self, first: date) -> date:
        return months.last_day_of_stay(first, self.least or 0) - timedelta(days=self.days or 0)

    def _latest(self, first: date) -> date:
        return months.last_day_of_stay(first, self.most or 0) + timedelta(days=self.days or 0)

    def surely(self, leaves: Leaves) -> str:
        first, last = leaves.day(self.start), leaves.day(self.end)
        early = f"{leaves.bind(self._earliest)}({first}) <= " if self.least else ""
        late = f" <= {leaves.bind(self._latest)}({first})" if self.most else ""
        return f"{early}{last}{late}"


class Due(Kind):
    """the day (absent: the day of the check) is later than so many months after the anchor, or than
    `by = { years = 1, month = 2, day = 31 }`, so many years after that of the anchor (a date or a
    year; the last day of a shorter month); or it is stated and before the anchor"""

    day: Day | None = None
    anchor: Anchor
    months: Months | None = None
    by: CalendarDay | None = None

    messages = {"message": "anchor limit day days", "message_early": "anchor day"}
    unsaid = frozenset({"message_early"})

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        super().__init__(arguments)
        if (self.months is None) is (self.by is None):
            raise Wrong("months: or else by must be given")
        if self.months and self.anchor.field.kind != "date":
            raise Wrong("anchor: must be a date where months are counted")
        day = "{day}（未填按检查当天）" if self.day else "检查当天"
        if self.months:
            self.title = "超过{anchor}后 {months} 个月才报送"
            self.demand = day + "不晚于{anchor}后 {months} 个月"
        else:
            self.title, self.demand = "晚于{anchor}的{by}才报送", day + "不晚于{anchor}的{by}"

    def _limits(self, given: Any) -> tuple[date, date]:
        """The first and the last day on which it is in order, by the anchor's value."""
        if isinstance(given, str):
            base = date.fromisoformat(given)
        elif _FIRST <= given <= _LAST:
            base = date(int(given), 1, 1)
        else:
            raise Unjudged(f"“{self.anchor.label}”有误，改正后再检查。")
        if self.months:
            return base, months.add(base, self.months)
        years, month, day = self.by or (0, 12, 31)
        return base, months.day_of(base.year + years, month, day)

    def check(self, data: Any, on: date) -> Breaches:
        base, limit = self._limits(self.anchor.get(data))
        stated = self.day.find(data) if self.day else None
        sent = date.fromisoformat(stated) if stated else on
        anchor = f"{base.year}年" if self.anchor.field.type == "integer" else base
        if stated and sent < base:
            early = {"anchor": anchor, "day": sent}
            return [Breach(self._pointer, early, message="message_early")]
        if sent <= limit:
            return MET
        days = (sent - limit).days
        said = {"anchor": anchor, "limit": limit, "day": sent, "days": days}
        return [Breach(self._pointer, said, days, 0)]

    def surely(self, leaves: Leaves) -> str:
        anchor, in_time = leaves.value(self.anchor), leaves.bind(self._is_in_time)
        return f"{in_time}({anchor}, {leaves.found_day(self.day) if self.day else None}, on)"

    def _is_in_time(self, anchor: Any, stated: date | None, on: date) -> bool:
        base, limit = self._limits(anchor)
        return (stated or on) <= limit and (stated is None or base <= stated)

    @property
    def _pointer(self) -> str:
        return (self.day or self.anchor).pointer

    def last_day(self, data: object) -> date | None:
        """The last day on which it is in order; None where the anchor is missing or wrong."""
        try:
            return self._limits(self.anchor.get(data))[1]
        except (Unjudged, ValueError, TypeError, OverflowError):
            return None

    def asks(self, data: object) -> str:
        after = f"{self.anchor.label}后 {self.months} 个月内"
        if self.by:
            after = f"{self.anchor.label}的{calendar_said(self.by)}以前"
        last = self.last_day(data)
        if last is None:
            return after
        return f"{long_date(last)}以前（{after}，当日有效）"


class _AgainstDay(Kind):
    """A date against the day of handing in."""

    field: Day
    day: Day | None = None

    messages = {"message": "label value day"}

    def _days(self, data: Any, on: date) -> tuple[date, date]:
        stated = self.day.find(data) if self.day else None
        return _day(self.field, data), date.fromisoformat(stated) if stated else on

    def _breach(self, value: date, day: date) -> Breaches:
        said = {"label": self.field.label, "value": value, "day": day}
        return [Breach(self.field.pointer, said)]


class NotAfterDay(_AgainstDay):
    """the date is after the day (absent, or still to come: the day of the check)"""

    title = "{field}还没有到"
    demand = "{field}不晚于报送当天"

    def check(self, data: Any, on: date) -> Breaches:
        value, stated = self._days(data, on)
        day = min(stated, on)  # what is to be over is not over because a later day is written down
        return self._breach(value, day) if value > day else MET

    def surely(self, leaves: Leaves) -> str:
        value, day = leaves.day(self.field), leaves.found_day(self.day) if self.day else None
        return f"{value} <= on" + (f" and ({day} is None or {value} <= {day})" if day else "")


class NotBeforeDay(_AgainstDay):
    """the date is before the day (absent: the day of the check)"""

    title = "{field}已经过去"
    demand = "{field}不早于报送当天"

    def check(self, data: Any, on: date) -> Breaches:
        value, day = self._days(data, on)
        return self._breach(value, day) if value < day else MET

    def surely(self, leaves: Leaves) -> str:
        day = f"({leaves.found_day(self.day)} or on)" if self.day else "on"
        return f"{day} <= {leaves.day(self.field)}"


class WithinYears(Kind):
    """the stay leaves the calendar years from `year` on; a flag gives more of them, none where they
    are a field that is not filled in"""

    start: Day
    end: Day
    year: Year
    years: Money
    longer_if: Flag | None = None
    longer_years: Money | None = None

    messages = {"message": "start end first last", "message_longer": "start end first last"}
    title = "时间超出{year}起的周期"

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        super().__init__(arguments)
        if (self.longer_if is None) is not (self.longer_years is None):
            raise Wrong("longer_if: goes with longer_years")
        longer = "；{longer_if}的再加 {longer_years} 年" if self.longer_if else ""
        self.demand = "{start}至{end}在{year}起 {years} 年之内" + longer

    @property
    def spoken(self) -> Mapping[str, str]:
        return {
            key: names for key, names in self.messages.items() if self.longer_if or key == "message"
        }

    def check(self, data: Any, on: date) -> Breaches:
        first, last = _day(self.start, data), _day(self.end, data)
        begin, more = int(self.year.get(data)), self._more(data)
        until = begin + self.years.evaluate(data) + more
        if begin <= first.year and last.year <= until:
            return MET
        said = {"start": first, "end": last, "first": begin, "last": until}
        message = "message_longer" if more else "message"
        return [Breach(self.start.pointer, said, message=message)]

    def surely(self, leaves: Leaves) -> str:
        first, last = leaves.day(self.start), leaves.day(self.end)
        begin, years = leaves.number(self.year), self.years.sure(leaves)
        return f"{begin} <= {first}.year and {last}.year <= {begin} + {years}"

    def _more(self, data: Any) -> Any:
        if self.longer_if is None or self.longer_years is None:
            return 0
        try:
            return self.longer_years.evaluate(data) if self.longer_if.find(data) is True else 0
        except Unjudged:
            return 0


class EachYear(Kind):
    """the rows lack a year of the period, or have one outside of it or twice"""

    years: Years
    first: Money
    last: Money

    messages = {"message": "label missing", "message_extra": "label value first last"}
    title = "{years}与周期不符"
    demand = "{years}：从{first}到{last}每年一行"

    def check(self, data: Any, on: date) -> Breaches:
        given, first, last = self.years.get(data), *(
            int(each.evaluate(data)) for each in (self.first, self.last)
        )  # fmt: skip
        if not _FIRST <= first <= last <= _LAST:
            raise Unjudged("起止年份有误，改正后再检查。")
        breaches, field = [], self.years.field
        if missing := [year for year in range(first, last + 1) if year not in given]:
            said = {"label": self.years.label, "missing": "、".join(map(str, missing))}
            breaches.append(Breach(field.list, said, len(given), last - first + 1))
        for row, year in enumerate(given):
            if not first <= year <= last or year in given[:row]:
                extra = {"label": self.years.label, "value": year, "first": first, "last": last}
                breaches.append(Breach(field.in_row(row), extra, message="message_extra"))
        return breaches


def _day(place: Place, data: Any) -> date:
    return date.fromisoformat(place.get(data))
