"""What a store does by itself: days sealed, times ended, mails sent, leftovers swept.

Every serving process has a ticker; a lease in the database lets one of them do a task at a time,
and not before its time has come again. A process that was killed holds it for a while only.
"""

import logging
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from formsvc.store import mailing, materials, retention, sealing
from formsvc.store.mailing import Mailer
from formsvc.store.models import Lease, Repeat
from formsvc.store.store import Store

_LOG: Final = logging.getLogger("formsvc.daily")
_TICK: Final = 20.0  # seconds
# How long nobody else begins what a process has begun.
_WORKING: Final = timedelta(minutes=15)
# How long a repeated request is answered as the first time.
REPEATS: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Chore:
    """A task that is done again and again, and how often. Safe to do twice, or half."""

    name: str
    every: timedelta
    do: Callable[[Store], object]


def chores(store: Store) -> tuple[Chore, ...]:
    """All that there is to be done."""
    hour = timedelta(hours=1)
    found = (
        Chore("seal", hour, sealing.seal_due),
        Chore("retention", hour, retention.sweep),
        Chore("orphans", hour, materials.sweep),
        Chore("repeats", hour, forget_repeats),
    )
    mailer = Mailer.of(store.settings)
    if mailer is None:
        return found
    return (
        *found,
        Chore("letters", timedelta(seconds=5), lambda s: mailing.send_letters(s, mailer)),
        Chore("mail", timedelta(minutes=1), lambda s: mailing.send_due(s, mailer)),
    )


def forget_repeats(store: Store) -> None:
    """Drop the answers to Idempotency-Keys that nobody sends again."""
    with store.writing() as work:
        work.session.execute(delete(Repeat).where(Repeat.at < work.now - REPEATS))


def turn(store: Store, chore: Chore) -> bool:
    """Do a task if its time has come and nobody else does it; whether it was done."""
    holder = secrets.token_hex(16)
    if not _taken(store, chore, holder):
        return False
    began = store.clock()
    chore.do(store)
    with store.writing() as work:
        lease = work.session.get(Lease, chore.name, with_for_update=True)
        if lease is not None and lease.holder == holder:
            lease.until = began + chore.every
    return True


def _taken(store: Store, chore: Chore, holder: str) -> bool:
    with store.reading() as work:
        lease = work.session.get(Lease, chore.name)
        if lease is not None and lease.until > work.now:
            return False
    with suppress(IntegrityError), store.writing() as work:
        lease = work.session.get(Lease, chore.name, with_for_update=True)
        if lease is None:
            until = work.now + _WORKING
            work.session.add(Lease(name=chore.name, holder=holder, until=until))
            work.session.flush()
            return True
        if lease.until <= work.now:
            lease.holder, lease.until = holder, work.now + _WORKING
            return True
    return False


class Ticker:
    """A thread that does the tasks as long as the server runs."""

    def __init__(self, store: Store, tick: float = _TICK) -> None:
        self._store = store
        self._tick = tick
        self._stopped = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="formsvc-daily", daemon=True)
        self._chores = chores(store)

    def start(self) -> None:
        """The first round is at once."""
        self._thread.start()

    def stop(self, patience: float = 10.0) -> None:
        """Begin nothing any more, and wait for what is being done."""
        self._stopped.set()
        self._woken.set()
        self._thread.join(patience)

    def wake(self) -> None:
        """There is something to send: do not wait for the next tick."""
        self._woken.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._woken.clear()
            for chore in self._chores:
                if self._stopped.is_set():
                    return
                try:
                    turn(self._store, chore)
                except Exception as fault:  # the others go on; what it says may quote somebody
                    _LOG.error("%s: %s", chore.name, type(fault).__name__)
            self._woken.wait(self._tick)
