"""Processes that work on a store are killed at random moments: nothing acknowledged is lost."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter

from sqlalchemy import select

from formsvc.store import events
from formsvc.store.models import Event, Filing, Passage, Version

from ..conftest import ROOT

KILLS = int(os.environ.get("FORMSVC_KILLS", "10"))


def test_what_was_acknowledged_before_a_kill_is_there_once(world, settings, tmp_path):
    log = tmp_path / "acknowledged"
    owner = world.people["单位"]
    people = ",".join(str(world.people[name]) for name in ("单位", "单位", "部门", "省厅", "财政"))
    assert owner
    command = [sys.executable, "-m", "tests.store.worker", str(settings.data), settings.database,
               people, str(world.offices["江西某大学"]), str(log)]  # fmt: skip
    chance = random.Random(7)
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as nursery:  # fmt: skip
        for _ in range(KILLS):
            size = log.stat().st_size if log.exists() else 0
            both = [begun(nursery) for _ in range(2)]
            until = time.monotonic() + 60
            while not log.exists() or log.read_bytes()[size:].count(b"handed-in") < 2:
                assert time.monotonic() < until
                time.sleep(0.01)
            time.sleep(chance.random() / 4)
            for pid in both:
                os.kill(pid, signal.SIGKILL)
        nursery.stdin.close()
    lines = [line.split() for line in log.read_text().splitlines() if line != "begun"]
    assert_whole(world, lines)


def begun(nursery) -> int:
    nursery.stdin.write("\n")
    nursery.stdin.flush()
    return int(nursery.stdout.readline())


def assert_whole(world, lines) -> None:
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
        assert len(handed) >= KILLS
        assert list(events.faults(session, world.store.keys, world.store.data)) == []
