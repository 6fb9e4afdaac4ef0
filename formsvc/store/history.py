"""What the history says, to be read: newest first, narrowed by person, filing and kind."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from formsvc.store import events
from formsvc.store.errors import NotThere
from formsvc.store.models import Event, Filing, Office, Person
from formsvc.store.store import Work

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Told:
    """An event with the names of whom it is about; details as they were recorded."""

    event: Event
    person: str
    office: str
    filing: str
    form: str
    details: dict[str, Any]


def told(
    work: Work, *, person: str = "", filing: str = "", kind: str = "", before: int | None = None
) -> list[Told]:
    """Up to PAGE events, and one more where there are more. For administrators; else NotThere.

    `person` is a part of a name, `filing` a number, `before` the event that the page follows.
    """
    if not work.actor.is_admin:
        raise NotThere
    query = select(Event).order_by(Event.number.desc()).limit(PAGE + 1)
    if before is not None:
        query = query.where(Event.number < before)
    if kind:
        query = query.where(Event.kind == kind)
    if person:
        named = select(Person.id).where(Person.name.icontains(person, autoescape=True))
        query = query.where(Event.person_id.in_(named))
    if filing:
        numbered = select(Filing.id).where(Filing.number == filing.strip())
        query = query.where(Event.filing_id.in_(numbered))
    return list(_named(work, list(work.session.scalars(query))))


def kinds(work: Work) -> list[str]:
    """The kinds of events that there are."""
    return list(work.session.scalars(select(Event.kind).distinct().order_by(Event.kind)))


def faults(work: Work) -> list[str]:
    """What is wrong with the history, in Chinese. For administrators; else NotThere."""
    if not work.actor.is_admin:
        raise NotThere
    return list(events.faults(work.session, work.store.keys, work.store.data))


def _named(work: Work, found: list[Event]) -> Iterator[Told]:
    def names(column: Any, label: Any, ids: set[int | None]) -> dict[int | None, str]:
        query = select(column, label).where(column.in_(ids - {None}))
        return {id: name or "" for id, name in work.session.execute(query)}

    people = names(Person.id, Person.name, {each.person_id for each in found})
    offices = names(Office.id, Office.name, {each.office_id for each in found})
    forms = names(Filing.id, Filing.form, {each.filing_id for each in found})
    filings = names(Filing.id, Filing.number, {each.filing_id for each in found})
    for each in found:
        yield Told(each, people.get(each.person_id, ""), offices.get(each.office_id, ""),
                   filings.get(each.filing_id, ""),
                   forms.get(each.filing_id, ""), json.loads(each.details))  # fmt: skip
