"""A new key while people work, and whatever happens on the way."""

import os
import signal
import subprocess
import sys
import time

import pytest

from formsvc.store import contents, drafts, life, rotation
from formsvc.store.columns import Base
from formsvc.store.errors import Invalid
from formsvc.store.keyring import Keyring, Unopenable
from formsvc.store.store import Store

from .test_audit import found, lived  # noqa: F401  # a fixture
from .world import submission

ROTATE = """
import os, sys
from pathlib import Path
from formsvc.config import Settings
from formsvc.store import rotation
from formsvc.store.store import Store
rotation._BATCH = 1
rotation.rotate(Store.open(Settings(data=Path(sys.argv[1]), database=sys.argv[2])),
                lambda done: print(done, flush=True))
"""


def found_anew(store) -> list[str]:
    """What a process that starts now finds, with no key but those in the file."""
    opened = Store.open(store.settings, store.clock)
    try:
        return found(opened)
    finally:
        opened.engine.dispose()


def test_everything_sealed_has_its_place_in_a_rotation():
    sealed = {f"{table.name}.{column.name}" for table in Base.metadata.sorted_tables
              for column in table.columns if column.name.startswith("sealed")}  # fmt: skip
    assert sealed == set(rotation.PLACES)


def test_a_rotation_seals_everything_anew_and_drops_the_old_key(lived):  # noqa: F811
    old = Keyring.load(lived.key_file.path)
    assert rotation.rotate(lived) > 5
    now = Keyring.load(lived.key_file.path)
    assert len(now.sealing) == 1
    assert now.current != old.current
    assert rotation.in_use(lived).keys() >= {now.current}
    other = Store.open(lived.settings, lived.clock)
    assert found(other) == []
    with other.reading() as work:
        version = life.current(work.session.get(life.Filing, 1))
        with pytest.raises(Unopenable):
            contents.raw(Keyring(old.sealing, old.secret, old.seed), version)
    other.engine.dispose()


def test_a_process_that_runs_goes_on_with_the_new_key(lived, world):  # noqa: F811
    running = Store.open(lived.settings, lived.clock)
    captured = running.keys
    rotation.rotate(lived)
    with running.reading() as work:
        filing = work.session.get(life.Filing, 1)
        assert contents.data(captured, life.current(filing)) == submission()
    assert running.keys.current == lived.keys.current
    world.store = running
    id, _ = world.draft(world.actor("申报人"), "江西某大学")
    assert Keyring.load(lived.key_file.path).is_current(world.filing(id).sealed)
    running.engine.dispose()


def test_a_rotation_killed_anywhere_is_gone_on_with(lived, settings, world):  # noqa: F811
    command = [sys.executable, "-c", ROTATE, str(settings.data), settings.database]
    applicant = world.actor("申报人")
    for after in (0, 1, 4, 9):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for _ in range(after):
            process.stdout.readline()
        if not after:
            deadline = time.monotonic() + 30
            while len(Keyring.load(lived.key_file.path).sealing) == 1:
                assert time.monotonic() < deadline
                time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        world.draft(applicant, "江西某大学")  # people work on
        assert found_anew(lived) == []
    rotation.rotate(lived)
    assert len(Keyring.load(lived.key_file.path).sealing) == 1
    assert found_anew(lived) == []


def test_what_is_changed_while_it_is_sealed_anew_is_kept(lived, world):  # noqa: F811
    id, revision = world.draft(world.actor("申报人"), "江西某大学")
    written = []

    def meanwhile(_done: int) -> None:
        if not written:
            with lived.writing(world.actor("申报人")) as work:
                written.append(drafts.save(work, id, revision, submission(training__outcome="新")))

    rotation.rotate(lived, meanwhile)
    with lived.reading() as work:
        data = contents.draft(lived.keys, work.session.get(life.Filing, id))
    assert data["training"]["outcome"] == "新"


def test_two_rotations_at_once_are_refused(lived):  # noqa: F811
    def second(_done: int) -> None:
        with pytest.raises(Invalid):
            rotation.rotate(lived)

    rotation.rotate(lived, second)
