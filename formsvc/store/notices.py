"""What people are told: kept for the page, and sent by mail where that is set up."""

from sqlalchemy import select

from formsvc.store.access import HANDLING
from formsvc.store.models import Filing, Membership, Notice, Office, Person
from formsvc.store.store import Work


def tell_owner(work: Work, filing: Filing, text: str) -> None:
    """A notice to whose filing it is."""
    _tell(work, filing, filing.owner_id, text)


def tell_office(work: Work, filing: Filing, office: Office, text: str) -> None:
    """A notice to all who handle what lies with an office, but not to who is doing it just now."""
    query = (
        select(Person.id)
        .join(Membership)
        .where(Membership.office_id == office.id, Membership.role.in_(HANDLING), Person.active)
        .distinct()
    )
    for person in work.session.scalars(query):
        if person != work.actor.person:
            _tell(work, filing, person, text)


def _tell(work: Work, filing: Filing, person: int, text: str) -> None:
    work.session.add(Notice(person_id=person, filing_id=filing.id, text=text, at=work.now))
