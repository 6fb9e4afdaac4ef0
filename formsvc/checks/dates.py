"""Rule kinds about dates and periods."""

from datetime import date
from typing import Any

from formsvc.checks import months
from formsvc.checks.kinds import MET, Breach, Breaches, Kind
from formsvc.checks.parameters import Day, Flag, Months, Place, Year, Years
from formsvc.writing.notation import long_date


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
        return [Breach(self.end.pointer, {"start": long_date(first), "end": long_date(last)})]


class AtLeastMonths(Kind):
    """the stay is shorter, first and last day counted"""

    start: Day
    end: Day
    months: Months

    messages = {"message": "start end months needed"}
    title = "时间不足 {months} 个月"
    demand = "从{start}到{end}至少 {months} 个月（首尾两天都算）"

    def check(self, data: Any, on: date) -> Breaches:
        first, last = _day(self.start, data), _day(self.end, data)
        needed = months.last_day_of_stay(first, self.months)
        if last >= needed:
            return MET
        said = {
            "start": long_date(first),
            "end": long_date(last),
            "months": self.months,
            "needed": long_date(needed),
        }
        return [Breach(self.end.pointer, said, months.whole_months(first, last), self.months)]


class WithinMonthsAfter(Kind):
    """the day (absent: the day of the check) is later than that, or stated and before the anchor"""

    day: Day
    anchor: Day
    months: Months

    messages = {"message": "anchor limit day days", "message_early": "anchor day"}
    title = "超过{anchor}后 {months} 个月才报送"
    demand = "{day}（未填按检查当天）不晚于{anchor}后 {months} 个月"

    def check(self, data: Any, on: date) -> Breaches:
        base = _day(self.anchor, data)
        stated = self.day.find(data)
        sent = date.fromisoformat(stated) if stated else on
        limit = months.add(base, self.months)
        if stated and sent < base:
            said: dict[str, object] = {"anchor": long_date(base), "day": long_date(sent)}
            return [Breach(self.day.pointer, said, message="message_early")]
        if sent <= limit:
            return MET
        said = {
            "anchor": long_date(base),
            "limit": long_date(limit),
            "day": long_date(sent),
            "days": (sent - limit).days,
        }
        return [Breach(self.day.pointer, said, (sent - limit).days, 0)]

    def asks(self, data: object) -> str:
        after = f"{self.anchor.label}后 {self.months} 个月内"
        try:
            last = months.add(date.fromisoformat(self.anchor.find(data)), self.months)
        except (ValueError, TypeError, OverflowError):
            return after
        return f"{long_date(last)}以前（{after}，当日有效）"


class WithinYears(Kind):
    """the stay leaves the calendar years from `year` on; a flag gives more of them"""

    start: Day
    end: Day
    year: Year
    years: Years
    longer_if: Flag
    longer_years: Years

    messages = {"message": "start end first last", "message_longer": "start end first last"}
    title = "时间超出{year}起的周期"
    demand = "{start}至{end}在{year}起 {years} 年之内；{longer_if}的再加 {longer_years} 年"

    def check(self, data: Any, on: date) -> Breaches:
        first, last = _day(self.start, data), _day(self.end, data)
        begin, longer = int(self.year.get(data)), self.longer_if.find(data) is True
        until = begin + self.years + (self.longer_years if longer else 0)
        if begin <= first.year and last.year <= until:
            return MET
        said = {
            "start": long_date(first),
            "end": long_date(last),
            "first": begin,
            "last": until,
        }
        message = "message_longer" if longer else "message"
        return [Breach(self.start.pointer, said, message=message)]


def _day(place: Place, data: Any) -> date:
    return date.fromisoformat(place.get(data))
