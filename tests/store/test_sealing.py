"""Days of the history: sealed when they are over, and stamped by an authority."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from formsvc.store import events, sealing
from formsvc.store.models import Event, Seal
from formsvc.store.stamping import Authority, NotStamped

from .authority import serving


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("tsa") / "office") as opened:
        yield opened


def seals(store) -> list[Seal]:
    with store.reading() as work:
        return list(work.session.scalars(select(Seal).order_by(Seal.day)))


def faults(store, authority=None) -> list[str]:
    with store.reading() as work:
        return list(events.faults(work.session, store.keys, store.data, authority))


def test_every_day_that_had_events_is_sealed_once_when_it_is_over(world, clock):
    store = world.store
    assert sealing.seal_due(store) == 0
    for days in (1, 5, 1):
        clock.now += timedelta(days=days)
        with store.writing() as work:
            work.record("tested")
    assert (sealing.seal_due(store), sealing.seal_due(store)) == (3, 0)
    found = seals(store)
    assert [seal.day for seal in found] == [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 7)]
    with store.reading() as work:
        last = work.session.scalar(select(Event.number).order_by(Event.number.desc()).limit(1))
    assert [seal.count for seal in found] == [last - 3, last - 2, last - 1]
    assert faults(store) == []


def test_a_day_ends_at_midnight_in_china(world, clock):
    clock.now = clock.now.replace(hour=15, minute=59, second=30)
    with world.store.writing() as work:
        work.record("tested")
    assert sealing.seal_due(world.store) == 0
    clock.now = clock.now.replace(hour=16, minute=0, second=0)
    assert sealing.seal_due(world.store) == 1


def test_a_sealed_day_is_stamped_and_the_stamp_is_verified(world, clock, office):
    settings = replace(world.store.settings, tsa=office.address, tsa_roots=office.root)
    store = replace(world.store, settings=settings)
    clock.now += timedelta(days=1)
    office.is_open = False
    assert sealing.seal_due(store) == 1
    assert seals(store)[0].stamp is None
    assert faults(store) == []
    office.is_open = True
    assert sealing.seal_due(store) == 0
    stamp = seals(store)[0].stamp
    assert stamp
    asked = office.asked
    sealing.seal_due(store)
    assert office.asked == asked
    authority = Authority.of(settings)
    assert faults(store, authority) == []
    with store.writing() as work:
        work.session.get_one(Seal, date(2026, 3, 1)).stamp = stamp[:-9] + bytes(9)
    assert "时间戳不对" in "".join(faults(store, authority))


def test_a_stamp_on_something_else_or_of_another_authority_is_none(office, tmp_path):
    ours = Authority(office.address, office.root)
    stamp = ours.stamp(b"one")
    assert ours.stamped(b"one", stamp)
    assert not ours.stamped(b"two", stamp)
    with serving(tmp_path / "other") as other:
        assert not Authority("", other.root).stamped(b"one", stamp)
        with pytest.raises(NotStamped):
            Authority(office.address, other.root).stamp(b"one")
