"""Processes that work in the background are killed at random moments: what they did is whole, once."""

import base64
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, inspect, select, text

from formsvc.bulk.results import Results
from formsvc.store import events, jobs
from formsvc.store.jobs import UNFINISHED, JobState
from formsvc.store.jobtables import BackgroundJob, JobItem
from formsvc.store.models import Event, Filing
from formsvc.web.desks import uploads
from formsvc.web.desks.products import place
from formsvc.web.runs.owned import folder

from ..conftest import ROOT
from ..serving import served, until
from .world import submission

KILLS = int(os.environ.get("FORMSVC_KILLS", "2"))
DRAFTS = 180
FILINGS = 6
CANARY = "330101198802290012"


@pytest.fixture
def clock():
    """The processes beside have their own: all go by the same."""
    return lambda: datetime.now(UTC)


def workers(settings):
    command = [sys.executable, "-m", "tests.store.jobworker", str(settings.data), settings.database]
    return [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]


def kill(processes) -> None:
    for each in processes:
        each.send_signal(signal.SIGKILL)
    for each in processes:
        each.wait()


def begin(world, actor, kind, arguments, fill) -> str:
    id = jobs.new_id()
    fill(folder(world.store, id))
    with world.store.writing(actor) as work:
        given = {"on": work.today.isoformat(), **arguments}
        jobs.begin(work, id, kind, "任务", given)
    return id


def state(world, id) -> str:
    with world.store.reading() as work:
        return work.session.get_one(BackgroundJob, id).state


def test_jobs_of_killed_processes_are_done_once_and_whole(world, settings):
    owner, unit = world.actor("单位"), "江西某大学"
    data = submission("jiangxi-project-change")
    filings = [world.handed_in(owner, unit, data) for _ in range(FILINGS)]
    data = submission(person__id_number=CANARY)
    lines = "\n".join(json.dumps(data, ensure_ascii=False) for _ in range(DRAFTS)).encode()
    imported = begin(world, owner, "import", {"office": world.offices[unit]},
                     lambda files: uploads.keep(files, [(f"{CANARY}.jsonl", lines)]))  # fmt: skip
    reviewed = begin(world, owner, "review", {"filings": filings, "products": ["report", "letters"]},
                     lambda files: uploads.name(files, "审核"))  # fmt: skip
    chance, kills = random.Random(11), 0
    processes = workers(settings)
    deadline = time.monotonic() + 300
    while any(state(world, id) in UNFINISHED for id in (imported, reviewed)):
        assert time.monotonic() < deadline
        time.sleep(1.5 + 2.5 * chance.random())
        assert all(each.poll() is None for each in processes)
        if kills < KILLS:
            kill(processes)
            kills += 1
            processes = workers(settings)
    kill(processes)
    assert kills > 1
    assert {state(world, id) for id in (imported, reviewed)} == {JobState.DONE}
    assert_imported_once(world, imported)
    assert_reviewed_once(world, reviewed, filings)
    assert_says_nothing(settings)


def assert_imported_once(world, id) -> None:
    with world.store.reading() as work:
        session = work.session
        made = list(session.scalars(select(JobItem).where(JobItem.job_id == id)))
        begun = session.scalars(select(Filing.id).where(Filing.state == "draft"))
        assert sorted(item.number for item in made) == list(range(1, DRAFTS + 1))
        assert {item.filing_id for item in made} == set(begun)
        assert len({item.filing_id for item in made}) == DRAFTS
        assert list(events.faults(session, world.store.keys, world.store.data)) == []


def assert_reviewed_once(world, id, filings) -> None:
    files = folder(world.store, id)
    with Results.opened(files, world.store.forms[0]) as batch:
        assert batch.index.totals().submissions == FILINGS
    assert files.read(place("report")).startswith(b"PK")
    assert files.read(place("letters")).startswith(b"PK")
    with world.store.reading() as work:
        read = work.session.scalars(select(Event.filing_id).where(Event.kind == "read"))
        assert Counter(read) == Counter(filings)


def assert_says_nothing(settings) -> None:
    """Neither the queue's rows, decoded, nor any file of the data folder names a number."""
    for path in settings.data.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path
            assert CANARY not in path.name
    queue = create_engine(
        settings.database.replace("postgresql:", "postgresql+psycopg:")
        or f"sqlite:///{settings.data / 'jobs.db'}"
    )
    schema = "formsvc_jobs" if settings.database else None
    with queue.connect() as connection:
        tables = inspect(queue).get_table_names(schema)
        assert "workflow_status" in tables
        for table in tables:
            name = f"{schema}.{table}" if schema else table
            for row in connection.execute(text(f"SELECT * FROM {name}")):
                for value in row:
                    assert CANARY not in decoded(value), table
    queue.dispose()


def decoded(value) -> str:
    plain = str(value)
    try:
        return plain + base64.b64decode(plain).decode("latin-1")
    except ValueError:
        return plain


def test_the_workers_of_a_server_go_on_with_what_one_of_them_began(world, settings, tmp_path):
    line = json.dumps(submission(), ensure_ascii=False)
    lines = "\n".join([line] * DRAFTS).encode()
    id = begin(world, world.actor("申报人"), "import", {"office": None},
               lambda files: uploads.keep(files, [("一批.jsonl", lines)]))  # fmt: skip
    environment = {"FORMSVC_DATA": str(settings.data), "FORMSVC_DATABASE": settings.database,
                   "FORMSVC_WORKERS": "2", "FORMSVC_RUNS": str(tmp_path / "runs")}  # fmt: skip
    with served(tmp_path, **environment) as server:
        until(lambda: state(world, id) == JobState.RUNNING, 60)
        for place in (0, 1):
            os.kill(server.workers[place], signal.SIGKILL)
        until(lambda: state(world, id) not in UNFINISHED, 120)
    assert state(world, id) == JobState.DONE
    assert_imported_once(world, id)


def test_a_job_whose_place_in_the_queue_was_lost_is_put_there_again(world, settings):
    """The row is all that a job needs: a backup without the queue, or a kill before it was put."""
    owner = world.actor("申报人")
    line = json.dumps(submission(), ensure_ascii=False).encode()
    id = begin(world, owner, "import", {"office": None},
               lambda files: uploads.keep(files, [("一份.jsonl", line)]))  # fmt: skip
    with world.store.writing() as work:
        work.session.get_one(BackgroundJob, id).state = JobState.RUNNING
    processes = workers(settings)
    deadline = time.monotonic() + 60
    while state(world, id) in UNFINISHED:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    kill(processes)
    assert state(world, id) == JobState.DONE
