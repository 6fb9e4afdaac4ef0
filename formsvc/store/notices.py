"""What people are told: kept for the page, and sent by mail where that is set up."""

from sqlalchemy import func, select, update

from formsvc.store.access import HANDLING
from formsvc.store.errors import NotThere
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


def unread(work: Work) -> int:
    """How many notices the actor has not seen yet."""
    mine = Notice.person_id == work.actor.person, Notice.read.is_(None)
    return work.session.scalar(select(func.count()).select_from(Notice).where(*mine)) or 0


def latest(work: Work, most: int = 100) -> list[Notice]:
    """The actor's notices, the newest first."""
    query = select(Notice).where(Notice.person_id == work.actor.person)
    return list(work.session.scalars(query.order_by(Notice.id.desc()).limit(most)))


def seen(work: Work, id: int | None = None) -> Notice | None:
    """Mark one of the actor's notices as read, or all of them; the one. Raises NotThere."""
    mine = update(Notice).where(Notice.person_id == work.actor.person, Notice.read.is_(None))
    if id is None:
        work.session.execute(mine.values(read=work.now))
        return None
    found = work.session.get(Notice, id)
    if found is None or found.person_id != work.actor.person:
        raise NotThere
    found.read = found.read or work.now
    return found
