"""Processes that work on a store are killed at random moments: nothing acknowledged is lost."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from sqlalchemy import select, text

from formsvc.store import events
from formsvc.store.models import Event, Filing, Passage, Version

from ..conftest import ROOT

KILLS = int(os.environ.get("FORMSVC_KILLS", "10"))  # processes, or connections, in each test


def test_what_was_acknowledged_before_a_kill_is_there_once(world, settings, tmp_path):
    log, chance = tmp_path / "acknowledged", random.Random(7)
    with nursery_of(world, settings, log) as nursery:
        working = [begun(nursery) for _ in range(2)]
        for _ in range(KILLS):
            more_was_handed_in(log, log.stat().st_size if log.exists() else 0)
            time.sleep(chance.random() / 4)
            os.kill(working.pop(0), signal.SIGKILL)
            working.append(begun(nursery))
        for pid in working:
            os.kill(pid, signal.SIGKILL)
    assert_whole(world, log)


@pytest.mark.parametrize("origin", ["postgresql"], indirect=True)
def test_what_was_acknowledged_before_a_connection_broke_is_there_once(world, settings, tmp_path):
    log, chance = tmp_path / "acknowledged", random.Random(9)
    broken = 0
    with nursery_of(world, settings, log) as nursery:
        working = [begun(nursery) for _ in range(2)]
        while broken < KILLS:
            more_was_handed_in(log, log.stat().st_size if log.exists() else 0)
            for _ in range(4):
                time.sleep(chance.random() / 20)
                broken += one_connection_breaks(world)
        more_was_handed_in(log, log.stat().st_size)
        for pid in working:
            os.kill(pid, signal.SIGKILL)  # both are there still
    assert b"handed-in" in log.read_bytes()
    assert_whole(world, log)


def one_connection_breaks(world) -> int:
    """A worker's connection is ended in the middle of a transaction; how many were."""
    end = """SELECT pg_terminate_backend(pid) FROM (
        SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
            AND (state = 'idle in transaction' OR state = 'active')
        ORDER BY random() LIMIT 1) AS one"""
    with world.store.engine.connect() as connection:
        return len(connection.execute(text(end)).all())


def nursery_of(world, settings, log):
    """Where workers are begun: a process that has loaded all they need."""
    people = ",".join(str(world.people[name]) for name in ("单位", "单位", "部门", "省厅", "财政"))
    command = [sys.executable, "-m", "tests.store.worker", str(settings.data), settings.database,
               people, str(world.offices["江西某大学"]), str(log)]  # fmt: skip
    return subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def more_was_handed_in(log, since: int) -> None:
    """Wait until it was."""
    until = time.monotonic() + 60
    while not log.exists() or b"handed-in" not in log.read_bytes()[since:]:
        assert time.monotonic() < until
        time.sleep(0.01)


def begun(nursery) -> int:
    nursery.stdin.write("\n")
    nursery.stdin.flush()
    return int(nursery.stdout.readline())


def assert_whole(world, log) -> None:
    lines = [line.split() for line in log.read_text().splitlines() if line != "begun"]
    handed = {(int(id), int(number)) for verb, id, number in (x for x in lines if len(x) == 3)
              if verb == "handed-in"}  # fmt: skip
    passed = {(int(id), stage) for verb, id, stage in (x for x in lines if len(x) == 3)
              if verb == "passed-on"}  # fmt: skip
    drafts = {int(x[1]) for x in lines if x[0] == "draft"}
    with world.store.reading() as work:
        session = work.session
        versions = [
            tuple(row) for row in session.execute(select(Version.filing_id, Version.number))
        ]
        there = {
            (p.filing_id, p.stage)
            for p in session.scalars(select(Passage))
            if p.outcome == "passed"
        }
        filings = list(session.scalars(select(Filing)))
        told = Counter(session.scalars(select(Event.kind)))
        assert handed <= set(versions)
        assert len(versions) == len(set(versions))
        assert passed <= there
        assert drafts <= {filing.id for filing in filings}
        numbers = [filing.number for filing in filings if filing.number]
        assert len(numbers) == len(set(numbers))
        assert told["handed-in"] == len(versions)
        assert list(events.faults(session, world.store.keys, world.store.data)) == []
