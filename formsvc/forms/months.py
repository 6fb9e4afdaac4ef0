"""Calendar months as regulations count them."""

import calendar
from datetime import date, timedelta

_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def add(day: date, months: int) -> date:
    """The same day that many months later, or the last of that month: 12-31 + 2 → end of February.

    民法典 第二百零二条: where the month has no such day, its last day stands in.
    """
    year, month = _month(day, months)
    return date(year, month, min(day.day, _length(year, month)))


def day_of(year: int, month: int, day: int) -> date:
    """A day of the calendar, or the last of that month: 2-31 → the end of February."""
    return date(year, month, min(day, _length(year, month)))


def last_day_of_stay(first: date, months: int) -> date:
    """The last day of a stay of whole months, first and last day counted: 3-01 + 6 → 8-31."""
    year, month = _month(first, months)
    if first.day > _length(year, month):
        return date(year, month, _length(year, month))
    return date(year, month, first.day) - timedelta(days=1)


def whole_months(first: date, last: date) -> int:
    """How many whole months lie between two days, both counted; 0 when they are out of order."""
    months = max((last.year - first.year) * 12 + last.month - first.month + 1, 0)
    while months > 0 and last_day_of_stay(first, months) > last:
        months -= 1
    return months


def _month(day: date, months: int) -> tuple[int, int]:
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return years, month + 1


def _length(year: int, month: int) -> int:
    return 29 if month == 2 and calendar.isleap(year) else _DAYS[month - 1]
