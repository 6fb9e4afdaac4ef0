"""Rule kinds about dates and periods."""

from datetime import date
from typing import Any

from formsvc.checks import months
from formsvc.checks.operands import MET, Breach, Breaches, Evaluate, Place, says
from formsvc.writing.notation import long_date


@says(message="start end")
def dates_ordered(start: Place, end: Place) -> Evaluate:
    """The start comes before the end."""

    def evaluate(data: Any, on: date) -> Breaches:
        first, last = _day(start, data), _day(end, data)
        if first < last:
            return MET
        return [Breach(end.field.pointer, {"start": long_date(first), "end": long_date(last)})]

    return evaluate


@says(message="start end months needed")
def at_least_months(start: Place, end: Place, months_: int) -> Evaluate:
    """A stay lasts that many calendar months, first and last day counted."""

    def evaluate(data: Any, on: date) -> Breaches:
        first, last = _day(start, data), _day(end, data)
        needed = months.last_day_of_stay(first, months_)
        if last >= needed:
            return MET
        said = {
            "start": long_date(first),
            "end": long_date(last),
            "months": months_,
            "needed": long_date(needed),
        }
        return [Breach(end.field.pointer, said, months.whole_months(first, last), months_)]

    return evaluate


@says(message="anchor limit day days", message_early="anchor day")
def within_months_after(day: Place, anchor: Place, months_: int) -> Evaluate:
    """A day is not before another and at most that many months after it.

    When the day is absent, the day of the check stands in for it and may be early.
    """

    def evaluate(data: Any, on: date) -> Breaches:
        base = _day(anchor, data)
        stated = day.find(data)
        sent = date.fromisoformat(stated) if stated else on
        limit = months.add(base, months_)
        if stated and sent < base:
            said: dict[str, object] = {"anchor": long_date(base), "day": long_date(sent)}
            return [Breach(day.field.pointer, said, message="message_early")]
        if sent <= limit:
            return MET
        said = {
            "anchor": long_date(base),
            "limit": long_date(limit),
            "day": long_date(sent),
            "days": (sent - limit).days,
        }
        return [Breach(day.field.pointer, said, (sent - limit).days, 0)]

    return evaluate


@says(message="start end first last", message_longer="start end first last")
def within_years(
    start: Place, end: Place, year: Place, years: int, longer_if: Place, longer_years: int
) -> Evaluate:
    """A stay falls in the calendar years `year` to `year + years` (longer when a flag is set)."""

    def evaluate(data: Any, on: date) -> Breaches:
        first, last = _day(start, data), _day(end, data)
        begin, longer = int(year.get(data)), longer_if.find(data) is True
        until = begin + years + (longer_years if longer else 0)
        if begin <= first.year and last.year <= until:
            return MET
        said = {
            "start": long_date(first),
            "end": long_date(last),
            "first": begin,
            "last": until,
        }
        message = "message_longer" if longer else "message"
        return [Breach(start.field.pointer, said, message=message)]

    return evaluate


def _day(place: Place, data: Any) -> date:
    return date.fromisoformat(place.get(data))
