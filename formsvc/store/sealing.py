"""The end of each day of the history, signed, and stamped by an authority where one is set."""

from sqlalchemy import func, select

from formsvc.store import events
from formsvc.store.events import Head
from formsvc.store.models import Seal
from formsvc.store.stamping import Authority, NotStamped
from formsvc.store.store import Store


def seal_due(store: Store) -> int:
    """Seal every day that is over, had events and was not sealed; how many. Then ask for the stamps
    that are wanting: without an answer a seal stays without, and is asked for the next time."""
    with store.writing() as work:
        sealed = sum(
            events.seal_day(work.session, store.keys, day, at) is not None
            for day, at in events.unsealed_days(work.session, work.today)
        )
    authority = Authority.of(store.settings)
    if authority and authority.address:
        _stamp(store, authority)
    return sealed


def unstamped(store: Store) -> int:
    """How many sealed days wait for a stamp, where an authority is set."""
    if not store.settings.tsa:
        return 0
    with store.reading() as work:
        query = select(func.count()).select_from(Seal).where(Seal.stamp.is_(None))
        return work.session.scalar(query) or 0


def _stamp(store: Store, authority: Authority) -> None:
    with store.reading() as work:
        query = select(Seal).where(Seal.stamp.is_(None)).order_by(Seal.day)
        wanting = list(work.session.scalars(query))
    for seal in wanting:
        try:
            stamp = authority.stamp(events.day_message(seal.day, Head(seal.count, seal.hash)))
        except NotStamped:
            return
        with store.writing() as work:
            work.session.get_one(Seal, seal.day).stamp = stamp
