"""A submission's way through the offices, and what holds on it."""

import pytest

from formsvc.store import drafts, events, life
from formsvc.store.access import Role
from formsvc.store.errors import NotAllowed, NotNow, NotReady, NotThere, Overtaken, Void
from formsvc.store.life import Opinion, Outcome, State

from .world import submission


def test_a_submission_goes_from_office_to_office_until_it_is_concluded(world):
    id = world.handed_in(world.actor("申报人"), "江西某大学")
    way = []
    for name in ("单位", "部门", "省厅", "财政", "财政"):
        way.append(world.filing(id).holder.name)
        world.passed(world.actor(name), id)
    assert way == ["江西某大学", "省教育厅", "省人社厅", "省财政厅", "省财政厅"]
    assert world.filing(id).state == State.CONCLUDED
    with world.store.reading() as work:
        assert list(events.faults(work.session, world.store.keys, world.store.data)) == []


def test_what_has_errors_is_not_handed_in_and_stays_a_draft(world):
    applicant = world.actor("申报人")
    id, revision = world.draft(applicant, "江西某大学", submission(funding__provincial=200_000))
    with pytest.raises(NotReady) as refused, world.store.writing(applicant) as work:
        life.hand_in(work, id, revision)
    assert "provincial-cap" in {finding.rule for finding in refused.value.report.findings}
    assert world.filing(id).state == State.DRAFT


def test_a_returned_one_is_mended_and_goes_the_whole_way_again(world):
    applicant = world.actor("申报人")
    id = world.handed_in(applicant, "江西某大学")
    world.passed(world.actor("单位"), id)
    with world.store.writing(world.actor("部门")) as work:
        filing = life.find(work, id)
        opinion = Opinion(life.current(filing).digest, "请补写研修成效")
        life.give_back(work, id, filing.revision, opinion, None)
    assert world.filing(id).state == State.RETURNED
    mended = submission(training__outcome="补写后的成效。")
    with world.store.writing(applicant) as work:
        revision = drafts.save(work, id, life.find(work, id).revision, mended).revision
    with world.store.writing(applicant) as work:
        life.hand_in(work, id, life.find(work, id).revision)
    filing = world.filing(id)
    assert (filing.version, filing.stage, revision) == (2, filing.passages[1].stage, revision)
    assert [p.outcome for p in filing.passages] == ["filed", "passed", "returned", "filed", ""]
    assert filing.versions[0].digest != filing.versions[1].digest


def test_an_opinion_on_another_version_is_void(world):
    id = world.handed_in(world.actor("申报人"), "江西某大学")
    unit = world.actor("单位")
    with pytest.raises(Void), world.store.writing(unit) as work:
        life.pass_on(work, id, life.find(work, id).revision, Opinion("0" * 64))


def test_the_second_of_two_at_one_submission_is_told(world):
    id = world.handed_in(world.actor("申报人"), "江西某大学")
    unit = world.actor("单位")
    seen = world.filing(id)
    world.passed(unit, id)
    with pytest.raises((Overtaken, NotAllowed)), world.store.writing(unit) as work:
        life.pass_on(work, id, seen.revision, Opinion(seen.versions[0].digest))


def test_only_who_handles_the_office_where_it_lies_hands_it_on(world):
    id = world.handed_in(world.actor("申报人"), "江西某大学")
    filing = world.filing(id)
    with pytest.raises(NotAllowed), world.store.writing(world.actor("省厅")) as work:
        life.pass_on(work, id, filing.revision, Opinion(filing.versions[0].digest))
    with pytest.raises(NotThere), world.store.writing(world.actor("财政")) as work:
        life.find(work, id)


def test_one_person_s_second_grant_is_found_years_later(world, clock):
    world.handed_in(world.actor("申报人"), "江西某大学")
    other = world.person("同一人", ("江西某大学", Role.APPLICANT))
    id, revision = world.draft(other, "江西某大学")
    with pytest.raises(NotReady) as refused, world.store.writing(other) as work:
        life.hand_in(work, id, revision)
    found = {finding.rule: finding.message for finding in refused.value.report.findings}
    assert "2026-000001" in found["once-abroad"]


def test_a_withdrawn_one_can_be_changed_and_handed_in_again(world):
    applicant = world.actor("申报人")
    id = world.handed_in(applicant, "江西某大学")
    with world.store.writing(applicant) as work:
        life.withdraw(work, id, life.find(work, id).revision)
    with world.store.writing(applicant) as work:
        life.hand_in(work, id, life.find(work, id).revision)
    assert world.filing(id).version == 2
    assert world.filing(id).passages[-1].outcome == ""


def test_the_same_key_hands_in_once(world):
    applicant = world.actor("申报人")
    id, revision = world.draft(applicant, "江西某大学")
    for _ in range(3):
        with world.store.writing(applicant) as work:
            version = life.hand_in(work, id, revision, key="k", request="r")
            assert version.number == 1
    assert world.filing(id).version == 1


def test_a_concluded_one_is_not_changed_any_more(world):
    applicant = world.actor("申报人")
    id = world.handed_in(applicant, "江西某大学")
    for name in ("单位", "部门", "省厅", "财政", "财政"):
        world.passed(world.actor(name), id)
    with pytest.raises(NotNow), world.store.writing(applicant) as work:
        life.withdraw(work, id, life.find(work, id).revision)
    assert world.filing(id).passages[-1].outcome == Outcome.PASSED


def test_a_draft_is_its_owner_s_alone(world):
    id, _ = world.draft(world.actor("申报人"), "江西某大学")
    for name in ("单位", "部门", "省厅", "财政", "管理员"):
        with pytest.raises(NotThere), world.store.reading(world.actor(name)) as work:
            life.find(work, id)
