"""The worker of a served store is killed while people work: what it answered is done, once."""

import os
import random
import signal
import threading
import time
from datetime import UTC, datetime

import pytest

from benchmarks import crowd

from ..serving import served, until

VERBS = {"begin", "save", "hand-in", "pass-on"}
KILLS = int(os.environ.get("FORMSVC_KILLS", "5"))
PEOPLE = 10


@pytest.fixture
def clock():
    """The service beside has its own: all go by the same."""
    return lambda: datetime.now(UTC)


def test_what_a_killed_worker_answered_is_there_once(store, settings, tmp_path):
    town, chance = crowd.settle(store, PEOPLE), random.Random(5)
    environment = {"FORMSVC_DATA": f"{settings.data}", "FORMSVC_DATABASE": settings.database,
                   "FORMSVC_RATE": "1000000"}  # fmt: skip
    over, ledger = threading.Event(), crowd.Ledger()
    with served(tmp_path, **environment) as server:

        def kill() -> None:
            for _ in range(KILLS):
                answered(ledger, len(ledger.changes) + 2)
                time.sleep(chance.random() / 3)
                os.kill(server.workers[0], signal.SIGKILL)
            until(lambda: {change.verb for change in ledger.changes} >= VERBS, 60)
            over.set()

        killer = threading.Thread(target=kill)
        killer.start()
        crowd.play(server.address, town, ledger, over.is_set, pause=0.05)
        killer.join()
    assert over.is_set()
    assert crowd.losses(store, ledger) == []
    # Cut off, or told to come again by a service that has just one worker's time; nothing worse.
    assert {status for _, status in ledger.faults} <= {0, 503}


def answered(ledger: crowd.Ledger, changes: int) -> None:
    """Wait until so many changes were acknowledged."""
    deadline = time.monotonic() + 60
    while len(ledger.changes) < changes:
        assert time.monotonic() < deadline
        time.sleep(0.01)
