"""What is kept as long as the programme says, and not longer."""

import io
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import func, select

from formsvc.store import contents, events, life, materials, receipts, retention
from formsvc.store.errors import NotNow, NotReady
from formsvc.store.materials import Upload
from formsvc.store.models import Event, Lookup, Material, Meeting, Notice

from .world import submission

_YEARS = timedelta(days=3_652)  # ten


def concluded(world) -> int:
    owner = world.actor("申报人")
    id, revision = world.draft(owner, "江西某大学")
    stream = io.BytesIO()
    Image.new("L", (9, 9)).save(stream, "PNG")
    materials.add(world.store, owner, id, Upload("a.png", stream.getvalue()))
    with world.store.writing(owner) as work:
        life.hand_in(work, id, revision)
    with world.store.writing(owner) as work:
        receipts.receipt(work, id)
    for name in ("单位", "部门", "省厅", "财政", "财政"):
        world.passed(world.actor(name), id)
    return id


def notices(world, id: int) -> int:
    with world.store.reading() as work:
        query = select(func.count()).where(Notice.filing_id == id, Notice.text.contains("期限"))
        return work.session.scalar(query)


def test_it_is_announced_two_weeks_before_and_then_erased(world, clock):
    store, id = world.store, concluded(world)
    clock.now += _YEARS - timedelta(days=16)
    assert retention.sweep(store) == (0, 0)
    clock.now += timedelta(days=3)
    assert retention.sweep(store) == (1, 0)
    assert retention.sweep(store) == (0, 0)
    assert notices(world, id) >= 2
    clock.now += timedelta(days=12)
    assert retention.sweep(store) == (0, 0)
    digest = world.filing(id).versions[0].digest
    clock.now += timedelta(days=3)
    assert retention.sweep(store) == (0, 1)
    assert retention.sweep(store) == (0, 0)
    filing = world.filing(id)
    assert filing.erased is not None
    assert filing.versions[0].digest == digest
    name = submission()["person"]["name"]
    assert name not in filing.title + filing.person_name
    version = filing.versions[0]
    assert (version.sealed, version.sealed_report, version.sealed_receipt) == (None, None, None)
    assert all(passage.sealed is None for passage in filing.passages)
    assert list(store.files.names()) == []
    with store.reading() as work:
        for table in (Lookup, Material, Notice):
            assert work.session.scalar(select(func.count()).where(table.filing_id == id)) == 0
        assert contents.data(store.keys, version) is None
        assert work.session.scalar(select(func.count()).where(Meeting.filing_id == id)) > 0
        kinds = work.session.scalars(select(Event.kind).where(Event.filing_id == id)).all()
        assert kinds[-2:] == ["erasure-announced", "erased"]
        assert list(events.faults(work.session, store.keys, store.data)) == []
    with pytest.raises(NotNow, match="到期删除"), store.writing(world.actor("申报人")) as work:
        receipts.receipt(work, id)


def test_what_was_not_announced_in_time_still_has_its_two_weeks(world, clock):
    id = concluded(world)
    clock.now += _YEARS + timedelta(days=400)
    assert retention.sweep(world.store) == (1, 0)
    clock.now += timedelta(days=13)
    assert retention.sweep(world.store) == (0, 0)
    clock.now += timedelta(days=1)
    assert retention.sweep(world.store) == (0, 1)
    assert world.filing(id).erased is not None


def test_what_lies_with_an_office_or_was_sent_back_is_never_erased(world, clock):
    owner = world.actor("申报人")
    id = world.handed_in(owner, "江西某大学")
    clock.now += 3 * _YEARS
    assert retention.sweep(world.store) == (0, 0)
    with world.store.writing(world.actor("单位")) as work:
        filing = life.find(work, id)
        opinion = life.Opinion(life.current(filing).digest, "请改正")
        life.give_back(work, id, filing.revision, opinion, None)
    clock.now += 3 * _YEARS
    assert retention.sweep(world.store) == (0, 0)


def test_a_grant_is_still_had_once_when_its_content_is_gone(world, clock):
    concluded(world)
    clock.now += timedelta(days=1)
    with world.store.writing() as work:
        for each in retention.due(work):
            raise AssertionError(each)
        (id,) = work.session.scalars(select(Lookup.filing_id).distinct())
        retention._erase(work, id)
    with pytest.raises(NotReady) as refused:
        world.handed_in(world.actor("申报人"), "江西某大学")
    assert "once-abroad" in {finding.rule for finding in refused.value.report.findings}


def test_an_abandoned_draft_ends_too_and_cannot_be_gone_on_with(world, clock):
    owner = world.actor("申报人")
    id, _ = world.draft(owner, "江西某大学")
    clock.now += _YEARS
    assert retention.sweep(world.store) == (1, 0)
    clock.now += timedelta(days=15)
    assert retention.sweep(world.store) == (0, 1)
    assert world.filing(id).sealed is None
