"""A backup of either database, put back into either."""

import threading
import zipfile
from dataclasses import replace

import pytest

from formsvc.config import Settings
from formsvc.store import backup, restoring, rotation
from formsvc.store.errors import Invalid
from formsvc.store.models import Filing, Roster
from formsvc.store.store import Store

from . import postgres
from .test_audit import found, lived  # noqa: F401  # a fixture
from .world import World, submission

CANARY = submission()["person"]["id_number"]


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request, tmp_path) -> Settings:
    made = Settings(data=tmp_path / "elsewhere")
    if request.param == "postgresql":
        made = replace(made, database=postgres.database(request.getfixturevalue("cluster")))
    return made


def test_a_backup_is_put_back_into_either_database_and_work_goes_on(
    lived, world, elsewhere, tmp_path  # noqa: F811
):  # fmt: skip
    backup.write(lived, tmp_path / "b.zip", with_keys=True)
    assert (tmp_path / "b.zip").stat().st_mode & 0o777 == 0o600
    restoring.restore(tmp_path / "b.zip", elsewhere, lived.clock)
    there = Store.open(elsewhere, lived.clock)
    assert found(there) == []
    again = World(there, world.offices, world.people)
    again.draft(again.actor("申报人"), "江西某大学")
    again.person("新人", ("江西某大学", "applicant"))
    assert found(there) == []
    there.engine.dispose()


def test_a_backup_holds_one_moment_while_people_work(lived, world, tmp_path):  # noqa: F811
    stop, applicant = threading.Event(), world.actor("申报人")

    def work_on():
        while not stop.is_set():
            world.draft(applicant, "江西某大学")

    thread = threading.Thread(target=work_on)
    thread.start()
    try:
        for number in range(3):
            backup.write(lived, tmp_path / f"{number}.zip", with_keys=True)
    finally:
        stop.set()
        thread.join()
    for number in range(3):
        settings = Settings(data=tmp_path / f"there{number}")
        restoring.restore(tmp_path / f"{number}.zip", settings, lived.clock)
        there = Store.open(settings, lived.clock)
        assert found(there) == []
        there.engine.dispose()


def test_nobody_s_number_stands_in_a_backup(lived, tmp_path):  # noqa: F811
    backup.write(lived, tmp_path / "b.zip", with_keys=True)
    assert CANARY.encode() not in (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "b.zip") as package:
        for name in package.namelist():
            assert CANARY.encode() not in package.read(name)


def test_without_its_keys_a_backup_is_not_put_back(lived, elsewhere, tmp_path):  # noqa: F811
    backup.write(lived, tmp_path / "b.zip")
    with pytest.raises(Invalid, match="没有密钥"):
        restoring.restore(tmp_path / "b.zip", elsewhere, lived.clock)
    old = lived.key_file.path.read_bytes()
    rotation.rotate(lived)
    elsewhere.data.mkdir(exist_ok=True)
    (elsewhere.data / "keys.json").write_bytes(lived.key_file.path.read_bytes())
    with pytest.raises(Invalid, match="缺少密钥"):
        restoring.restore(tmp_path / "b.zip", elsewhere, lived.clock)
    (elsewhere.data / "keys.json").write_bytes(old)
    restoring.restore(tmp_path / "b.zip", elsewhere, lived.clock)


def test_a_store_that_holds_something_is_not_written_over(lived, settings, tmp_path):  # noqa: F811
    backup.write(lived, tmp_path / "b.zip", with_keys=True)
    with pytest.raises(Invalid, match="已经有内容"):
        restoring.restore(tmp_path / "b.zip", settings, lived.clock)


def test_a_backup_that_was_changed_is_refused(lived, elsewhere, tmp_path):  # noqa: F811
    backup.write(lived, tmp_path / "b.zip", with_keys=True)
    with zipfile.ZipFile(tmp_path / "b.zip") as package, \
            zipfile.ZipFile(tmp_path / "c.zip", "w") as changed:  # fmt: skip
        for name in package.namelist():
            content = package.read(name)
            changed.writestr(
                name, content.replace(b"draft", b"open ") if "filing" in name else content
            )
    with pytest.raises(Invalid, match="filing"):
        restoring.restore(tmp_path / "c.zip", elsewhere, lived.clock)
    (tmp_path / "d.zip").write_bytes((tmp_path / "b.zip").read_bytes()[:-100])
    with pytest.raises(Invalid, match="不完整"):
        restoring.restore(tmp_path / "d.zip", elsewhere, lived.clock)


def test_a_backup_older_than_what_the_data_folder_remembers_is_put_back_only_when_told(
    lived, world, elsewhere, tmp_path  # noqa: F811
):  # fmt: skip
    backup.write(lived, tmp_path / "b.zip", with_keys=True)
    world.draft(world.actor("申报人"), "江西某大学")
    elsewhere.data.mkdir(exist_ok=True)
    for name in ("keys.json", "history.json"):
        (elsewhere.data / name).write_bytes((lived.data / name).read_bytes())
    with pytest.raises(Invalid, match="--accept-loss"):
        restoring.restore(tmp_path / "b.zip", elsewhere, lived.clock)
    done = restoring.restore(tmp_path / "b.zip", elsewhere, lived.clock, accept_loss=True)
    assert done.lost is not None
    there = Store.open(elsewhere, lived.clock)
    assert found(there) == []
    with there.reading() as work:
        assert work.session.query(Filing).count() == done.manifest.rows["filing"]
        assert work.session.query(Roster).count() == 0
    there.engine.dispose()
