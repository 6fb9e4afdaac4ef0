"""A programme out of one installation, into another, and back again."""

import json
from dataclasses import replace

import pytest

from formsvc.config import Settings
from formsvc.store import arriving, leaving, materials
from formsvc.store.errors import Invalid
from formsvc.store.materials import Upload
from formsvc.store.models import Filing, Material, Person
from formsvc.store.store import Store

from . import postgres
from .test_audit import found, lived  # noqa: F401  # a fixture
from .test_materials import picture
from .world import World, submission


@pytest.fixture
def there(lived, settings, tmp_path, request):  # noqa: F811
    """Another installation, on the other kind of database."""
    made = Settings(data=tmp_path / "there")
    if not settings.database:
        made = replace(made, database=postgres.database(request.getfixturevalue("cluster")))
    opened = Store.open(made, lived.clock)
    yield opened
    opened.engine.dispose()


def exported(store, folder, **options):
    leaving.export(store, store.forms[0].programmes["jiangxi"], folder, **options)
    return [json.loads(line) for line in (folder / leaving.FILINGS).read_text().splitlines()]


def content(lines):
    return [{name: value for name, value in line.items() if name != "events"} for line in lines]


def test_what_goes_out_and_in_and_out_again_is_the_same(lived, there, tmp_path):  # noqa: F811
    first = exported(lived, tmp_path / "a")
    assert len(first) == 3
    done = arriving.arrive(there, tmp_path / "a")
    assert (done.added, done.there, done.renumbered) == (3, 0, 0)
    assert found(there) == []
    second = exported(there, tmp_path / "b")
    assert content(second) == content(first)
    for before, after in zip(first, second, strict=True):
        assert after["events"][: len(before["events"])] == before["events"]
    for name in (leaving.OFFICES, leaving.PEOPLE):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    back = arriving.arrive(lived, tmp_path / "b")
    assert (back.added, back.there) == (0, 3)


def with_files(store, world) -> dict[str, bytes]:
    """Two files at what lies with the department: what they are called, and their bytes."""
    with store.reading() as work:
        id = work.session.query(Filing).filter_by(state="open").one().id
    files = {"论文": picture(), "获奖证书": picture("JPEG")}
    for title, raw in files.items():
        materials.add(store, world.actor("部门"), id, Upload(f"{title}.png", raw))
    return files


def kept(store) -> dict[str, bytes]:
    with store.reading() as work:
        return {materials.title(store.keys, each): materials.content(store, each).read()
                for each in work.session.query(Material)}  # fmt: skip


def test_files_go_along_with_their_digests(lived, there, world, tmp_path):  # noqa: F811
    files = with_files(lived, world)
    first = exported(lived, tmp_path / "a")
    folder = tmp_path / "a" / leaving.MATERIALS
    assert sorted(path.read_bytes() for path in folder.iterdir()) == sorted(files.values())
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    arriving.arrive(there, tmp_path / "a")
    assert kept(there) == files
    assert found(there) == []
    assert content(exported(there, tmp_path / "b")) == content(first)


@pytest.mark.parametrize("raw", [b"another", None], ids=["changed", "missing"])
def test_a_file_that_is_not_the_one_of_its_digest_is_refused(
    lived, there, world, tmp_path, raw  # noqa: F811
):  # fmt: skip
    with_files(lived, world)
    exported(lived, tmp_path / "a")
    path = next((tmp_path / "a" / leaving.MATERIALS).iterdir())
    path.unlink() if raw is None else path.write_bytes(raw)
    with pytest.raises(Invalid, match=r"与摘要不符|不在导出"):
        arriving.arrive(there, tmp_path / "a")
    assert kept(there) == {}


def test_twice_is_once(lived, there, tmp_path):  # noqa: F811
    exported(lived, tmp_path / "a")
    arriving.arrive(there, tmp_path / "a")
    again = arriving.arrive(there, tmp_path / "a")
    assert (again.added, again.there) == (0, 3)
    with there.reading() as work:
        assert work.session.query(Filing).count() == 3


def test_work_goes_on_where_it_was_taken_to(lived, there, world, tmp_path):  # noqa: F811
    exported(lived, tmp_path / "a")
    arriving.arrive(there, tmp_path / "a")
    again = World(there)
    with there.reading() as work:
        open_one = work.session.query(Filing).filter_by(state="open").one()
        again.offices["holder"] = open_one.holder_id
        id, number = open_one.id, open_one.number
    clerk = again.person("新经办", ("holder", "clerk"))
    again.passed(clerk, id)
    assert again.filing(id).number == number
    assert found(there) == []


def test_a_number_that_is_taken_says_where_it_is_from(lived, there, tmp_path):  # noqa: F811
    exported(lived, tmp_path / "a")
    other = World(there)
    other.office("省人社厅", "province")
    other.office("省教育厅", "department", "省人社厅")
    other.office("某校", "unit", "省教育厅")
    other.handed_in(other.person("某人", ("某校", "applicant")), "某校")
    assert arriving.arrive(there, tmp_path / "a").renumbered == 1
    with there.reading() as work:
        numbers = sorted(each.number for each in work.session.query(Filing))
        assert work.session.query(Person).filter_by(email="甲@example.cn").count() == 1
    assert [number for number in numbers if "/2026-000001" in number]
    assert found(there) == []


def test_only_its_owner_reads_an_export_and_the_history_says_it_was_made(
    lived, tmp_path  # noqa: F811
):  # fmt: skip
    exported(lived, tmp_path / "a", documents=True)
    files = [path for path in (tmp_path / "a").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    pdfs = [path for path in files if path.suffix == ".pdf"]
    assert len(pdfs) == 3
    assert all(path.read_bytes().startswith(b"%PDF") for path in pdfs)
    assert submission()["person"]["id_number"] in (tmp_path / "a" / leaving.FILINGS).read_text()
    with lived.reading() as work:
        kinds = [row[0] for row in work.session.execute(leaving.select(leaving.Event.kind))]
    assert kinds[-1] == "exported"


def test_an_export_that_was_changed_is_refused(lived, there, tmp_path):  # noqa: F811
    exported(lived, tmp_path / "a")
    path = tmp_path / "a" / leaving.FILINGS
    path.write_text(path.read_text().replace('"open"', '"concluded"'))
    with pytest.raises(Invalid, match="与清单不符"):
        arriving.arrive(there, tmp_path / "a")
