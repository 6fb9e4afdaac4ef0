"""What keeps passwords and codes from being guessed: failures are counted, and lock an account."""

from datetime import timedelta
from typing import Final

from sqlalchemy import CursorResult, select, update

from formsvc.store.access import Actor
from formsvc.store.models import Person
from formsvc.store.store import Store, Work

FAILURES: Final = 5
MINUTES: Final = 15
_WITHIN: Final = timedelta(minutes=MINUTES)


def failed(store: Store, id: int | None) -> None:
    """A wrong password or code of somebody; None for an address that nobody has.

    The fifth within a quarter of an hour locks the account for another.
    """
    with store.writing(Actor(id)) as work:
        work.record("sign-in-failed")
        if id is None:
            return
        person = work.session.scalar(select(Person).where(Person.id == id).with_for_update())
        if person is None or _is_locked(work, person):
            return
        if person.failing is None or work.now - person.failing > _WITHIN:
            person.failures, person.failing = 0, work.now
        person.failures += 1
        if person.failures >= FAILURES:
            person.failures, person.failing = 0, None
            person.locked = work.now + _WITHIN
            work.record("locked")


def is_locked(store: Store, id: int) -> bool:
    """Whether nobody signs in as this person for the moment."""
    with store.reading() as work:
        person = work.session.get(Person, id)
        return person is not None and _is_locked(work, person)


def signed_in(store: Store, id: int, how: str) -> None:
    """Somebody is who they say: the count of failures begins anew."""
    with store.writing(Actor(id)) as work:
        unlock(work.session.get_one(Person, id))
        work.record("signed-in", how=how)


def unlock(person: Person) -> None:
    """Forget the failures."""
    person.failures, person.failing, person.locked = 0, None, None


def use_code(store: Store, id: int, counter: int) -> bool:
    """Use up the code of a half minute, and all before it; False when that was done already."""
    fresh = update(Person).where(
        Person.id == id, (Person.counter.is_(None)) | (Person.counter < counter)
    )
    with store.writing(Actor(id)) as work:
        done = work.session.execute(fresh.values(counter=counter))
        return isinstance(done, CursorResult) and done.rowcount == 1


def _is_locked(work: Work, person: Person) -> bool:
    return person.locked is not None and person.locked > work.now
