"""Erasing what has been kept as long as the programme says, two weeks after it was announced.

Gone are drafts, contents, reports, opinions, receipts, files, notices, names, and the numbers that
somebody is found by. Left are digests, states, stages, amounts and events: they say that something
was done, and prove a paper or receipt that somebody still holds, but not what it said. Left are
also the keyed digests of comparisons: "once in a career" and the like are demanded over more years
than content is kept, and without the key file nobody learns a person from them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import selectinload

from formsvc.store import notices
from formsvc.store.life import State
from formsvc.store.models import Event, Filing, Lookup, Material, Notice, Office, Repeat
from formsvc.store.store import Store, Work
from formsvc.writing.notation import CHINA

NOTICE: Final = timedelta(days=14)
WARNED: Final = "erasure-announced"
# Never what lies with an office or was sent back: somebody has still to do with it.
_OVER: Final = (State.CONCLUDED, State.REFUSED, State.WITHDRAWN, State.DRAFT)
_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Ending:
    """A filing whose time ends: on which day; and on which day that was announced, if it was."""

    id: int
    number: str
    programme: str
    ends: date
    announced: date | None

    @property
    def erased_from(self) -> date | None:
        """The first day on which it is erased."""
        return None if self.announced is None else max(self.ends, self.announced + NOTICE)


def due(work: Work) -> Iterator[Ending]:
    """What is to be announced or erased today, the oldest first."""
    for programme in work.store.forms[0].programmes.values():
        if programme.retention is None:
            continue
        # What ends within two weeks was over that many years ago less two weeks.
        latest = _years(work.today + NOTICE, -programme.retention.years)
        over = func.coalesce(Filing.closed, Filing.changed)
        # A day more, for leap years: looked at again below.
        end = datetime.combine(latest + timedelta(days=2), time(), CHINA)
        query = (
            select(Filing.id, Filing.number, over, func.max(Event.at))
            .outerjoin(Event, (Event.filing_id == Filing.id) & (Event.kind == WARNED)
                       & (Event.at > over))
            .where(Filing.programme == programme.id, Filing.state.in_(_OVER),
                   Filing.erased.is_(None), over < end)
            .group_by(Filing.id).order_by(over)
        )  # fmt: skip
        for id, number, since, announced in work.session.execute(query):
            ends = _years(since.astimezone(CHINA).date(), programme.retention.years)
            if ends <= work.today + NOTICE:
                told = announced.astimezone(CHINA).date() if announced else None
                yield Ending(id, number or "", programme.id, ends, told)


def sweep(store: Store) -> tuple[int, int]:
    """Announce and erase what is due: how many of each. Safe to repeat, and to end half way."""
    with store.reading() as work:
        found, today = list(due(work)), work.today
    to_tell = [each for each in found if each.announced is None]
    to_erase = [each for each in found if each.erased_from and each.erased_from <= today]
    for start in range(0, len(to_tell), _BATCH):
        with store.writing() as work:
            for each in to_tell[start : start + _BATCH]:
                _announce(work, each)
    for start in range(0, len(to_erase), _BATCH):
        with store.writing() as work:
            names = [name for each in to_erase[start : start + _BATCH]
                     for name in _erase(work, each.id)]  # fmt: skip
        for name in names:
            store.files.remove(name)
    return len(to_tell), len(to_erase)


def _announce(work: Work, each: Ending) -> None:
    filing = work.session.get(Filing, each.id, with_for_update=True)
    if filing is None or filing.state not in _OVER:
        return
    day = max(each.ends, work.today + NOTICE)
    text = f"“{filing.title}”到了规定的保存期限，内容和文件将在 {day} 删除；要留存的请先下载。"
    notices.tell_owner(work, filing, text)
    if filing.office_id is not None and filing.version:
        notices.tell_office(work, filing, work.session.get_one(Office, filing.office_id), text)
    last = next((stay for stay in reversed(filing.passages) if stay.office_id), None)
    if last is not None and last.office_id != filing.office_id:
        notices.tell_office(work, filing, work.session.get_one(Office, last.office_id), text)
    work.record(WARNED, filing, version=filing.version, on=day.isoformat())


def _erase(work: Work, id: int) -> list[str]:
    """Erase one filing; the names of its files, which go when this is committed."""
    query = select(Filing).where(Filing.id == id).with_for_update(of=Filing)
    query = query.options(selectinload(Filing.versions), selectinload(Filing.passages))
    filing = work.session.scalar(query)
    if filing is None or filing.state not in _OVER or filing.erased is not None:
        return []
    for version in filing.versions:
        version.sealed = version.sealed_report = version.sealed_receipt = None
    for passage in filing.passages:
        passage.sealed = None
    form = work.store.forms[0].in_force(filing.form, work.today)
    filing.sealed, filing.person_name = None, ""
    filing.title = f"{form.title if form else filing.form}（已到期删除）"[:200]
    filing.erased = work.now
    files = list(work.session.scalars(select(Material.name_there).where(Material.filing_id == id)))
    for table in (Lookup, Notice, Repeat, Material):
        work.session.execute(delete(table).where(table.filing_id == id))
    work.record("erased", filing, version=filing.version, files=len(files))
    return files


def _years(day: date, years: int) -> date:
    """The same day in another year; 1 March for what there is no 29 February for."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, month=3, day=1)
