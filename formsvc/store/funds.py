"""What was granted: the amounts of concluded filings, by programme, year and unit."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import ColumnElement, String, case, func, literal, select, type_coerce

from formsvc.store import access
from formsvc.store.access import SEEING, Actor
from formsvc.store.columns import iso
from formsvc.store.errors import NotThere
from formsvc.store.life import State
from formsvc.store.models import Filing, Office
from formsvc.store.store import Work
from formsvc.writing.notation import CHINA

_WIDE: Final = ("all", "here")


@dataclass(frozen=True, slots=True)
class Grant:
    """The filings of a unit that were concluded in one year of China: how many, and 分 together."""

    programme: str
    year: int
    unit: str
    filings: int
    cents: int


def may_see(actor: Actor | None) -> bool:
    """Whether somebody sees a programme's money: province and finance do."""
    seats = actor.seats if actor else ()
    return any(seat.sees in _WIDE and seat.role in SEEING for seat in seats)


def granted(
    work: Work, *, programme: str = "", year: int | None = None, unit: str = ""
) -> list[Grant]:
    """What the actor may see of it, the newest year first. NotThere for who sees no money."""
    if not may_see(work.actor):
        raise NotThere
    ended = Filing.state == State.CONCLUDED, Filing.amount.is_not(None)
    # One by one, each at an end of the index.
    first, last = (
        work.session.scalar(select(each(Filing.closed)).where(Filing.state == State.CONCLUDED))
        for each in (func.min, func.max)
    )
    if first is None or last is None:
        return []
    years = range(_year(first), _year(last) + 1)
    ended_in = _years(years)
    query = (
        select(Filing.programme, ended_in, Office.name, func.count(), func.sum(Filing.amount))
        .join(Office, Office.id == Filing.office_id)
        .where(*ended, access.visible(work.actor))
        .group_by(Filing.programme, ended_in, Office.id, Office.name)
    )
    if programme:
        query = query.where(Filing.programme == programme)
    if unit:
        query = query.where(Office.name.icontains(unit, autoescape=True))
    found = [
        Grant(of, then, name, filings, int(cents or 0))
        for of, then, name, filings, cents in work.session.execute(query)
        if year is None or then == year
    ]
    return sorted(found, key=lambda each: (-each.year, each.programme, -each.cents, each.unit))


def total(grants: Iterable[Grant]) -> int:
    """All together, in 分."""
    return sum(grant.cents for grant in grants)


def _year(moment: datetime) -> int:
    return moment.astimezone(CHINA).year


def _years(years: range) -> ColumnElement[int]:
    """The year in China in which a filing was closed: times are kept in UTC."""
    closed = type_coerce(Filing.closed, String)
    ends = {year: iso(datetime(year + 1, 1, 1, tzinfo=CHINA).astimezone(UTC)) for year in years}
    return case(
        *((closed < end, literal(year)) for year, end in list(ends.items())[:-1]),
        else_=literal(years[-1]),
    ) if len(years) > 1 else literal(years[0])  # fmt: skip
