"""What the history says, to be read: newest first, narrowed by person, filing and kind."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import select

from formsvc.store import events, materials
from formsvc.store.errors import NotThere
from formsvc.store.models import Event, Filing, Material, Office, Person
from formsvc.store.store import Work
from formsvc.writing.masking import masked

PAGE: Final = 50
BUT_READINGS: Final = "-read"  # a kind to narrow by
_PEOPLE: Final = ("member", "person")  # details that are numbers of people, and so on
_OFFICES: Final = ("office", "successor")
_FILES: Final = ("material",)


@dataclass(frozen=True, slots=True)
class Told:
    """An event with the names of whom and what it is about; details as they were recorded.

    `people`, `offices` and `files` are the names of those that details give by number.
    """

    event: Event
    person: str
    office: str
    filing: str
    form: str
    details: dict[str, Any]
    people: dict[int, str] = field(default_factory=dict)
    offices: dict[int, str] = field(default_factory=dict)
    files: dict[int, str] = field(default_factory=dict)


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
    if kind == BUT_READINGS:
        query = query.where(Event.kind != "read")
    elif kind:
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
    def names(column: Any, label: Any, ids: set[int | None]) -> dict[Any, str]:
        query = select(column, label).where(column.in_(ids - {None}))
        return {id: name or "" for id, name in work.session.execute(query)}

    details = {each.number: json.loads(each.details) for each in found}

    def numbers(keys: tuple[str, ...]) -> set[int | None]:
        given = (each.get(key) for each in details.values() for key in keys)
        return {each for each in given if isinstance(each, int)}

    people = names(Person.id, Person.name, {e.person_id for e in found} | numbers(_PEOPLE))
    offices = names(Office.id, Office.name, {e.office_id for e in found} | numbers(_OFFICES))
    kept = select(Material).where(Material.id.in_(numbers(_FILES)))
    # What people call a file may hold a number that is nobody's to read here.
    files = {each.id: masked(materials.title(work.store.keys, each))
             for each in work.session.scalars(kept)}  # fmt: skip
    forms = names(Filing.id, Filing.form, {each.filing_id for each in found})
    filings = names(Filing.id, Filing.number, {each.filing_id for each in found})
    for each in found:
        yield Told(each, people.get(each.person_id, ""), offices.get(each.office_id, ""),
                   filings.get(each.filing_id, ""), forms.get(each.filing_id, ""),
                   details[each.number], people, offices, files)  # fmt: skip
