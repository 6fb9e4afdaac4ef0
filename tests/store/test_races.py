"""Several people at one thing at the same moment, with threads of their own; and what changes
around a filing while it is under way."""

import json
import shutil
import threading
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import delete

from formsvc.store import drafts, events, life, offices
from formsvc.store.access import Role
from formsvc.store.errors import NotAllowed, NotNow, NotReady, NotThere, Overtaken, StoreError
from formsvc.store.life import Opinion, State
from formsvc.store.models import Membership, Office, Version

from ..conftest import valid_samples
from .world import SUMMARY, submission

UNIT = "江西某大学"


def at_once(*calls) -> list:
    """What each call gave, all begun at the same moment: its value, or what it raised."""
    barrier, given = threading.Barrier(len(calls)), [None] * len(calls)

    def run(number, call):
        barrier.wait(30)
        try:
            given[number] = call()
        except StoreError as error:
            given[number] = error

    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return given


def written(world, actor, verb, *given, **more):
    """A verb of `life` or `drafts` in a transaction of its own, as a call without arguments."""

    def call():
        with world.store.writing(actor) as work:
            return verb(work, *given, **more)

    return call


def kinds(given) -> Counter:
    return Counter(type(each).__name__ for each in given)


@pytest.fixture
def whole(world):
    """The world; afterwards its history has no fault."""
    yield world
    with world.store.reading() as work:
        assert list(events.faults(work.session, world.store.keys, world.store.data)) == []


def test_one_of_two_hand_ins_of_one_person_sees_the_other(whole):
    people = [whole.person(name, (UNIT, Role.APPLICANT)) for name in ("甲", "乙", "丙")]
    made = [whole.draft(person, UNIT) for person in people]
    given = at_once(*(written(whole, person, life.hand_in, id, revision)
                      for person, (id, revision) in zip(people, made, strict=True)))  # fmt: skip
    assert kinds(given) == {"Version": 1, "NotReady": 2}


def test_one_draft_is_handed_in_once_however_often_at_once(whole):
    applicant = whole.actor("申报人")
    id, revision = whole.draft(applicant, UNIT)
    given = at_once(*[written(whole, applicant, life.hand_in, id, revision)] * 4)
    assert kinds(given) == {"Version": 1, "NotNow": 3}
    assert whole.filing(id).version == 1


def test_the_same_key_at_once_gets_the_same_answer(whole):
    applicant = whole.actor("申报人")
    id, revision = whole.draft(applicant, UNIT)
    call = written(whole, applicant, life.hand_in, id, revision, key="k", request="r")
    given = at_once(*[call] * 4)
    assert [each.number for each in given] == [1] * 4
    assert len(whole.filing(id).versions) == 1


def test_numbers_have_no_gap_and_are_given_once(whole):
    calls = []
    for number, path in enumerate(valid_samples(SUMMARY)[:4]):
        person = whole.person(f"人{number}", (UNIT, Role.APPLICANT))
        id, revision = whole.draft(person, UNIT, json.loads(path.read_text("utf-8-sig")))
        calls.append(written(whole, person, life.hand_in, id, revision))
    given = at_once(*calls)
    assert kinds(given) == {"Version": 4}
    numbers = sorted(whole.filing(each.filing_id).number for each in given)
    assert [number[:11] for number in numbers] == [f"2026-{n:06d}" for n in (1, 2, 3, 4)]


def test_withdrawn_and_passed_on_at_once_is_one_of_them(whole):
    applicant, unit = whole.actor("申报人"), whole.actor("单位")
    id = whole.handed_in(applicant, UNIT)
    filing = whole.filing(id)
    opinion = Opinion(filing.versions[0].digest, "同意")
    given = at_once(written(whole, applicant, life.withdraw, id, filing.revision),
                    written(whole, unit, life.pass_on, id, filing.revision, opinion))  # fmt: skip
    assert kinds(given) == {"Filing": 1, "Overtaken": 1}
    filing = whole.filing(id)
    outcomes = [passage.outcome for passage in filing.passages]
    expected = {State.WITHDRAWN: ["filed", "withdrawn"], State.OPEN: ["filed", "passed", ""]}
    assert outcomes == expected[State(filing.state)]


def test_of_two_clerks_the_second_is_told_that_the_first_was_there(whole):
    other = whole.person("同事", (UNIT, Role.CLERK))
    id = whole.handed_in(whole.actor("申报人"), UNIT)
    filing = whole.filing(id)
    opinion = Opinion(filing.versions[0].digest, "看过")
    given = at_once(
        written(whole, other, life.pass_on, id, filing.revision, opinion),
        written(whole, whole.actor("单位"), life.give_back, id, filing.revision, opinion, None),
    )
    assert kinds(given) == {"Filing": 1, "Overtaken": 1}
    assert [p.outcome for p in whole.filing(id).passages][:2] in (
        ["filed", "passed"], ["filed", "returned"]
    )  # fmt: skip


def test_of_two_windows_the_second_does_not_overwrite_the_first(whole):
    applicant = whole.actor("申报人")
    id, revision = whole.draft(applicant, UNIT)
    texts = [submission(training__outcome=f"第{number}扇窗") for number in range(3)]
    given = at_once(*(written(whole, applicant, drafts.save, id, revision, text) for text in texts))
    assert kinds(given) == {"Filing": 1, "Overtaken": 2}


def test_saved_and_handed_in_at_once_hands_in_what_was_seen(whole):
    applicant = whole.actor("申报人")
    id, revision = whole.draft(applicant, UNIT)
    text = submission(training__outcome="另一扇窗")
    given = at_once(written(whole, applicant, life.hand_in, id, revision),
                    written(whole, applicant, drafts.save, id, revision, text))  # fmt: skip
    assert sum(isinstance(each, (Overtaken, NotNow)) for each in given) == 1
    filing = whole.filing(id)
    assert (filing.version, filing.state) in ((1, State.OPEN), (0, State.DRAFT))


# what changes around it


def test_who_left_the_unit_keeps_the_draft_and_hands_in_through_another(whole):
    applicant = whole.actor("申报人")
    id, revision = whole.draft(applicant, UNIT)
    with whole.store.writing() as work:
        work.session.execute(delete(Membership).where(Membership.person_id == applicant.person))
    gone = whole.actor("申报人")
    with pytest.raises(NotAllowed), whole.store.writing(gone) as work:
        life.hand_in(work, id, revision)
    with whole.store.writing() as work:
        work.session.add(Membership(person_id=gone.person, office_id=whole.offices["南昌某厂"],
                                    role=Role.APPLICANT, since=work.now))  # fmt: skip
    back = whole.actor("申报人")
    with whole.store.writing(back) as work:
        drafts.save(work, id, revision, submission(), whole.offices["南昌某厂"])
    with whole.store.writing(back) as work:
        life.hand_in(work, id, life.find(work, id).revision)
    assert whole.filing(id).holder.name == "南昌某厂"


def test_who_only_looks_hands_in_nothing(whole):
    viewer = whole.person("查看", (UNIT, Role.VIEWER))
    with pytest.raises(StoreError):
        whole.draft(viewer, UNIT)


def test_a_unit_that_moved_sends_on_to_whom_it_belongs_now(whole):
    id = whole.handed_in(whole.actor("申报人"), UNIT)
    with whole.store.writing() as work:
        unit = work.session.get_one(Office, whole.offices[UNIT])
        city = work.session.get_one(Office, whole.offices["南昌市人社局"])
        unit.parent_id, unit.path = city.id, f"{city.path}{unit.id}/"
    whole.passed(whole.actor("单位"), id)
    assert whole.filing(id).holder.name == "南昌市人社局"


def test_where_the_next_office_is_closed_nothing_goes_there(whole):
    id = whole.handed_in(whole.actor("申报人"), UNIT)
    with whole.store.writing() as work:
        work.session.get_one(Office, whole.offices["省教育厅"]).closed = True
    with pytest.raises(StoreError, match="没有人办"):
        whole.passed(whole.actor("单位"), id)
    assert whole.filing(id).stage == "unit"


def test_no_other_edition_stands_in_for_the_one_that_was_handed_in(whole):
    id = whole.handed_in(whole.actor("申报人"), UNIT)
    with whole.store.writing() as work:
        filing = life.find(replace(work, actor=whole.actor("申报人")), id)
        work.session.get_one(Version, filing.versions[0].id).edition = "1999-1"
    with pytest.raises(NotNow, match="这一版"):
        whole.passed(whole.actor("单位"), id)


def test_a_stage_that_is_gone_does_not_conclude_what_lies_there(whole):
    id = whole.handed_in(whole.actor("申报人"), UNIT)
    with whole.store.writing(whole.actor("申报人")) as work:
        life.lying(life.find(work, id)).stage = "gone"
    with pytest.raises(NotNow, match="没有这个环节"):
        whole.passed(whole.actor("单位"), id)
    assert whole.filing(id).state == State.OPEN


def test_what_was_begun_under_a_programme_that_is_gone_can_still_be_taken_back(whole, whole_shelf):
    id = whole.handed_in(whole.actor("申报人"), UNIT)
    shutil.rmtree(whole_shelf.schemas / "jiangxi")
    settings = replace(whole.store.settings, shelves=(whole_shelf,))
    poorer = replace(whole.store, settings=settings)
    owner = whole.actor("申报人")
    with poorer.writing(owner) as work:
        filing = life.find(work, id)
        assert life.withdraw(work, id, filing.revision).state == State.WITHDRAWN
    with pytest.raises(NotReady), poorer.writing(owner) as work:
        life.hand_in(work, id, life.find(work, id).revision)


def test_what_its_owner_mends_does_not_rename_it_for_others(whole):
    id = whole.handed_in(whole.actor("申报人"), UNIT)
    applicant = whole.actor("申报人")
    name = whole.filing(id).person_name
    with whole.store.writing(applicant) as work:
        life.withdraw(work, id, life.find(work, id).revision)
    with whole.store.writing(applicant) as work:
        drafts.save(work, id, life.find(work, id).revision, submission(person__name="别的名字"))
    assert whole.filing(id).person_name == name


def test_nobody_sees_what_another_programme_s_offices_see(whole):
    whole.office("省人才办", "province", programme="jiangsu333")
    other = whole.person("外省", ("省人才办", Role.CLERK))
    id = whole.handed_in(whole.actor("申报人"), UNIT)
    with pytest.raises(NotThere), whole.store.reading(other) as work:
        life.find(work, id)


def in_turn(world, first, second) -> list:
    """What two calls with a transaction each gave, the second begun while the first one's is open:
    its value, or what it raised."""
    given, begun, over = [None, None], threading.Event(), threading.Event()

    def run(number, actor, verb):
        try:
            with world.store.writing(actor) as work:
                given[number] = verb(work) or "done"
                begun.set()
                if not number:
                    over.wait(30)  # the second one comes meanwhile
        except StoreError as error:
            given[number] = error

    early = threading.Thread(target=run, args=(0, *first))
    late = threading.Thread(target=run, args=(1, *second))
    early.start()
    assert begun.wait(30)
    late.start()
    late.join(0.5)
    assert late.is_alive()  # it waits
    over.set()
    for thread in (early, late):
        thread.join(60)
    return given


def test_an_office_is_not_closed_while_something_is_handed_in_there(whole):
    applicant, admin = whole.actor("申报人"), whole.actor("管理员")
    id, revision = whole.draft(applicant, UNIT)

    def hand_in(work):
        return life.hand_in(work, id, revision)

    def close(work):
        offices.close(work, work.session.get_one(Office, whole.offices[UNIT]))

    given = in_turn(whole, (applicant, hand_in), (admin, close))
    assert [type(each) for each in given] == [Version, NotNow]


def test_nothing_is_handed_in_at_an_office_that_is_being_closed(whole):
    applicant, admin = whole.actor("申报人"), whole.actor("管理员")
    id, revision = whole.draft(applicant, UNIT)

    def hand_in(work):
        return life.hand_in(work, id, revision)

    def close(work):
        offices.close(work, work.session.get_one(Office, whole.offices[UNIT]))

    given = in_turn(whole, (admin, close), (applicant, hand_in))
    assert given[0] == "done"
    assert isinstance(given[1], NotAllowed)
    assert not whole.filing(id).version


def test_no_office_is_added_below_one_that_is_being_closed(whole):
    admin = whole.actor("管理员")
    department = whole.office("省科技厅", "department", "省人社厅")
    programme = whole.store.forms[0].programmes["jiangxi"]

    def add(work):
        above = work.session.get_one(Office, department)
        return offices.add(work, programme, "unit", "新单位", above)

    def close(work):
        offices.close(work, work.session.get_one(Office, department))

    assert isinstance(in_turn(whole, (admin, add), (admin, close))[1], NotNow)
    with whole.store.writing(admin) as work:
        close_new = work.session.query(Office).filter_by(name="新单位").one()
        offices.close(work, close_new)
    given = in_turn(whole, (admin, close), (admin, lambda work: offices.reopen(
        work, work.session.query(Office).filter_by(name="新单位").one())))  # fmt: skip
    assert isinstance(given[1], NotNow)
