"""The stamped paper: right or wrong, whole or not, with a red seal in its box or without."""

import pytest
from PIL import Image
from sqlalchemy import select

from formsvc import fill
from formsvc.store import drafts, life, materials, scans
from formsvc.store.models import Event, Material
from formsvc.store.scans import Seen
from tests.stamping import saved, scanned, sheets, stamp

from .world import submission

# What is seen on a paper is seen before a database is asked.
DATABASES = ("sqlite",)


def printed(data: dict, world, tmp_path) -> list[Image.Image]:
    """The pages of a filled form as a printer has them."""
    return sheets(fill(_form(world, data), data, "pdf"), tmp_path)


def stamped(paper, world, data, name: str, place=(0.5, 0.5)) -> list[Image.Image]:
    """With a seal in the box of that name."""
    return stamp(paper, _form(world, data), data, name, world.store.settings.press, place)


def _form(world, data: dict):
    with world.store.reading() as work:
        return world.store.forms[0].in_force(data["form"], work.today)


@pytest.fixture
def filed(world):
    return world.handed_in(world.actor("申报人"), "江西某大学")


def seen(world, id: int, raw: bytes, who: str = "单位") -> dict[Seen, str]:
    """What is said of a scan."""
    added = scans.add(world.store, world.actor(who), id, "扫描.pdf", raw)
    with world.store.reading(world.actor(who)) as work:
        _, material = materials.find(work, id, added)
        said = scans.remarks(world.store.keys, material)
    assert len({each.what for each in said}) == len(said)
    return {each.what: each.text for each in said}


@pytest.mark.parametrize("angle", [3, -3, 181])
def test_a_whole_stamped_scan_is_right(world, filed, tmp_path, angle):
    data = submission()
    pages = stamped(printed(data, world, tmp_path), world, data, "单位", (0.75, 0.6))
    assert {*seen(world, filed, saved(scanned(pages, angle=angle)))} == {Seen.RIGHT, Seen.SEALED}
    with world.store.reading(world.actor("单位")) as work:
        assert scans.warning(work, life.find(work, filed)) == ""


def test_a_seal_that_is_missing_or_in_another_box_is_said(world, filed, tmp_path):
    data = submission()
    pages = printed(data, world, tmp_path)
    said = seen(world, filed, saved(scanned(pages[3:]), "JPEG"))
    assert {*said} == {Seen.RIGHT, Seen.MISSING, Seen.COLOURLESS}
    other = stamped(pages, world, data, "主管单位")
    said = seen(world, filed, saved(scanned(other)))
    assert {*said} == {Seen.RIGHT, Seen.UNSEALED}
    assert "“单位”处没有看到红色印章" in said[Seen.UNSEALED]
    with world.store.reading(world.actor("单位")) as work:
        assert "没有看到红色印章" in scans.warning(work, life.find(work, filed))


def test_a_grey_scan_is_not_said_to_have_no_seal(world, filed, tmp_path):
    data = submission()
    pages = stamped(printed(data, world, tmp_path), world, data, "单位")
    assert {*seen(world, filed, saved(scanned(pages, grey=True)))} == {Seen.RIGHT, Seen.COLOURLESS}


def test_missing_and_doubled_pages_are_said(world, filed, tmp_path):
    data = submission()
    pages = stamped(printed(data, world, tmp_path), world, data, "单位")
    said = seen(world, filed, saved(scanned([pages[0], pages[3], pages[3]])))
    assert {*said} == {Seen.RIGHT, Seen.MISSING, Seen.DOUBLED, Seen.SEALED}
    assert "缺第 2、3 页" in said[Seen.MISSING]
    assert "第 4 页重复" in said[Seen.DOUBLED]


def test_an_earlier_version_is_said_with_its_number(world, filed, tmp_path):
    owner, store = world.actor("申报人"), world.store
    with store.writing(owner) as work:
        life.withdraw(work, filed, life.find(work, filed).revision)
    with store.writing(owner) as work:
        changed = submission(training__outcome="补写后的成效。")
        drafts.save(work, filed, life.find(work, filed).revision, changed)
    with store.writing(owner) as work:
        life.hand_in(work, filed, life.find(work, filed).revision)
    said = seen(world, filed, saved(scanned(printed(submission(), world, tmp_path))))
    assert {*said} == {Seen.OLD_VERSION}
    assert "第 1 版，现在办理的是第 2 版" in said[Seen.OLD_VERSION]


def test_another_filing_s_paper_and_one_without_a_code_are_said(world, filed, tmp_path):
    other = submission(training__outcome="别人的成效。")
    said = seen(world, filed, saved(scanned(printed(other, world, tmp_path))))
    assert {*said} == {Seen.OTHER}
    blank = Image.new("RGB", (1240, 1754), (250, 249, 244))
    assert {*seen(world, filed, saved([blank], "JPEG"))} == {Seen.NO_CODE}


def test_passing_on_without_a_scan_is_warned_of_and_remembered_not_refused(world, filed):
    with world.store.reading(world.actor("单位")) as work:
        assert "还没有上传" in scans.warning(work, life.find(work, filed))
    world.passed(world.actor("单位"), filed)
    with world.store.reading() as work:
        query = select(Event.details).where(Event.kind == "passed-on")
        assert '"scan": false' in work.session.scalar(query)
        assert work.session.scalar(select(Material.id)) is None
