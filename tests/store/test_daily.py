"""What a store does by itself: once at a time, again and again, whatever fails."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from formsvc.store import daily
from formsvc.store.daily import Chore, Ticker
from formsvc.store.models import Lease, Repeat, Seal
from formsvc.store.store import Store


def test_a_task_is_done_by_one_at_a_time_and_again_when_its_time_comes(store, clock):
    done, gate = [], threading.Event()

    def work(_store) -> None:
        done.append(1)
        gate.wait(5)

    chore = Chore("x", timedelta(hours=1), work)
    threads = [threading.Thread(target=daily.turn, args=(store, chore)) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    gate.set()
    for thread in threads:
        thread.join()
    assert done == [1]
    assert not daily.turn(store, chore)
    clock.now += timedelta(hours=1)
    assert daily.turn(store, chore)


def test_a_task_of_a_process_that_was_killed_is_taken_up_by_another(store, clock):
    with store.writing() as work:
        until = work.now + timedelta(minutes=15)
        work.session.add(Lease(name="x", holder="dead", until=until))
    chore = Chore("x", timedelta(hours=1), lambda _: None)
    assert not daily.turn(store, chore)
    clock.now += timedelta(minutes=16)
    assert daily.turn(store, chore)


def test_answers_to_repeated_requests_are_forgotten_after_a_month(world, clock):
    store, owner = world.store, world.actor("申报人")
    id, revision = world.draft(owner, "江西某大学")
    from formsvc.store import life

    with store.writing(owner) as work:
        life.hand_in(work, id, revision, key="k", request="r")
    daily.forget_repeats(store)
    with store.reading() as work:
        assert work.session.scalar(select(func.count()).select_from(Repeat)) == 1
    clock.now += timedelta(days=31)
    daily.forget_repeats(store)
    with store.reading() as work:
        assert work.session.scalar(select(func.count()).select_from(Repeat)) == 0


def test_the_ticker_seals_what_is_over_and_stops_when_told(world, clock):
    clock.now += timedelta(days=1)
    ticker = Ticker(world.store, tick=0.05)
    ticker.start()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with world.store.reading() as work:
            if work.session.scalar(select(func.count()).select_from(Seal)):
                break
        time.sleep(0.1)
    else:
        raise AssertionError("no day was sealed")
    ticker.stop()
    assert not any(thread.name == "formsvc-daily" for thread in threading.enumerate())


def test_a_task_that_fails_keeps_none_of_the_others_from_being_done(settings, monkeypatch, caplog):
    store = Store.open(settings, lambda: datetime.now(UTC))
    done = threading.Event()

    def fail(_store) -> None:
        raise ValueError("身份证号")

    hour = timedelta(hours=1)
    chores = (Chore("bad", hour, fail), Chore("good", hour, lambda _: done.set()))
    monkeypatch.setattr(daily, "chores", lambda _: chores)
    ticker = Ticker(replace(store), tick=0.05)
    ticker.start()
    assert done.wait(20)
    ticker.stop()
    assert "bad: ValueError" in caplog.text
    assert "身份证号" not in caplog.text
    store.engine.dispose()
