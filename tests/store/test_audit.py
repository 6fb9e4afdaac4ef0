"""Whatever is changed behind the program's back is found."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from formsvc.store import database, drafts, events, life, materials, people, retention
from formsvc.store.audit import Audit
from formsvc.store.life import Opinion
from formsvc.store.materials import Upload
from formsvc.store.models import Event, Material

from .test_materials import picture
from .world import submission


def found(store, session=None) -> list[str]:
    if session is not None:
        return [each.said for each in Audit(session, store.keys, store.files, store.data).faults()]
    with database.snapshot(store.engine) as reading:
        return found(store, reading)


def code_of(number: int) -> str:
    """Another ID number for the person of the sample."""
    body = submission()["person"]["id_number"][:14] + f"{100 + 2 * number}4"[1:]
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(each) * weight for each, weight in zip(body, weights, strict=True))
    return body + "10X98765432"[total % 11]


@pytest.fixture
def lived(world):
    """A store with one concluded, one returned and mended, one withdrawn, one draft."""
    applicant = world.actor("申报人")
    first = world.handed_in(applicant, "江西某大学")
    with world.store.writing(applicant) as work:
        life.withdraw(work, first, life.find(work, first).revision)
    for number, name in enumerate(("甲", "乙"), 1):
        other = world.person(name, ("江西某大学", "applicant"))
        data = submission(person__name=name, person__id_number=code_of(number))
        id, revision = world.draft(other, "江西某大学", data)
        with world.store.writing(other) as work:
            life.hand_in(work, id, revision)
        world.passed(world.actor("单位"), id)
        if name == "甲":
            with world.store.writing(world.actor("部门")) as work:
                filing = life.find(work, id)
                opinion = Opinion(life.current(filing).digest, "请补写")
                life.give_back(work, id, filing.revision, opinion, None)
            with world.store.writing(other) as work:
                drafts.save(work, id, life.find(work, id).revision, data)
    id, _ = world.draft(applicant, "江西某大学")
    with world.store.writing(applicant) as work:
        drafts.discard(work, id, life.find(work, id).revision)
    last, _ = world.draft(applicant, "江西某大学")
    for title in ("论文", "获奖"):
        materials.add(world.store, applicant, last, Upload(f"{title}.png", picture()))
    with world.store.writing(world.actor("管理员")) as work:
        people.shut_out(work, world.people["财政"])
    return world.store


def test_a_store_that_only_the_program_changed_is_whole(lived):
    assert found(lived) == []


LAST = "(SELECT max(id) FROM filing WHERE version > 0)"
CHANGES = {
    "an event changed": "UPDATE event SET kind = 'passed-on' WHERE number = 3",
    "an event's details changed": "UPDATE event SET details = '{}' WHERE kind = 'handed-in'",
    "an event deleted": "DELETE FROM event WHERE number = 4",
    "an event put in": "INSERT INTO event (number, at, kind, details, hash) SELECT count(*) + 1,"
    " max(at), 'passed-on', '{}', max(hash) FROM event",
    "two events reordered": "UPDATE event SET number = CASE number WHEN 5 THEN -6 ELSE -5 END"
    " WHERE number IN (5, 6); UPDATE event SET number = -number WHERE number < 0",
    "the tail cut off": "DELETE FROM event WHERE number > 12",
    "all events deleted": "DELETE FROM event",
    "a content changed": "UPDATE version SET sealed = sealed_report WHERE id = 1",
    "two contents swapped": "UPDATE version SET sealed = (SELECT v.sealed FROM version v WHERE"
    " v.id = 3 - version.id) WHERE id IN (1, 2)",
    "a content deleted": "UPDATE version SET sealed = NULL WHERE id = 2",
    "a report changed": "UPDATE version SET sealed_report = sealed WHERE id = 1",
    "a digest changed": "UPDATE version SET digest = '00' WHERE id = 1",
    "a version deleted": "DELETE FROM version WHERE id = 2",
    "an amount changed": f"UPDATE filing SET amount = 99 WHERE id = {LAST}",
    "a due date changed": f"UPDATE filing SET due = '2031-01-01' WHERE id = {LAST}",
    "a name changed": f"UPDATE filing SET person_name = '别人' WHERE id = {LAST}",
    "an owner changed": f"UPDATE filing SET owner_id = 1 WHERE id = {LAST}",
    "a state changed": f"UPDATE filing SET state = 'concluded' WHERE id = {LAST}",
    "a holder changed": f"UPDATE filing SET holder_id = 1 WHERE id = {LAST}",
    "a stage changed": f"UPDATE filing SET stage = 'pay' WHERE id = {LAST}",
    "a stay's day changed": "UPDATE passage SET due = '2031-01-01' WHERE outcome = ''",
    "an outcome changed": "UPDATE passage SET outcome = 'passed' WHERE outcome = 'returned'",
    "an opinion taken away": "UPDATE passage SET sealed = NULL WHERE outcome = 'returned'",
    "an opinion's stay deleted": "DELETE FROM passage WHERE outcome = 'returned'",
    "a filing deleted": "DELETE FROM notice; DELETE FROM lookup; DELETE FROM meeting;"
    f" DELETE FROM passage WHERE filing_id = {LAST}; DELETE FROM version WHERE filing_id = {LAST};"
    f" DELETE FROM filing WHERE id = {LAST}",
    "a filing put in": "INSERT INTO filing (programme, form, edition, owner_id, state, stage,"
    " version, revision, person_name, unit_name, title, errors, warnings, created, changed)"
    " SELECT programme, form, edition, owner_id, state, stage, version, revision, person_name,"
    " unit_name, title, errors, warnings, created, changed FROM filing WHERE id = 1",
    "an office renamed": "UPDATE office SET name = '别的大学' WHERE id = 5",
    "an office moved": "UPDATE office SET parent_id = 4, path = '/1/4/5/' WHERE id = 5",
    "an office put in": "INSERT INTO office (programme, kind, name, code, path, closed) SELECT"
    " programme, kind, '新', code, path, closed FROM office WHERE id = 5",
    "an office reopened or closed": "UPDATE office SET closed = NOT closed WHERE id = 6",
    "a role given": "INSERT INTO membership (person_id, office_id, role, since) SELECT person_id,"
    " NULL, 'admin', since FROM membership WHERE id = 1",
    "a role changed": "UPDATE membership SET role = 'manager' WHERE id = 1",
    "a role taken away": "DELETE FROM membership WHERE id = 3",
    "somebody let in": "UPDATE person SET active = NOT active WHERE name = '财政'",
    "somebody put in": "INSERT INTO person (email, name, active, created, key, second, recovery,"
    " failures) SELECT 'x@y.cn', '谁', active, created, 'k', '', '', 0 FROM person WHERE id = 1",
    "a number not found any more": "DELETE FROM lookup WHERE id = 1",
    "an earlier grant forgotten": f"DELETE FROM meeting WHERE filing_id = {LAST}",
    "an earlier grant made another's": f"UPDATE meeting SET key = 'x' WHERE filing_id = {LAST}",
    "a file's row deleted": "DELETE FROM material WHERE id = 1",
    "a file's digest changed": "UPDATE material SET digest = '00' WHERE id = 1",
    "a file given to another filing": f"UPDATE material SET filing_id = {LAST} WHERE id = 1",
    "a file of another version": "UPDATE material SET version = 0 WHERE id = 1",
    "two files swapped": "UPDATE material SET (name_there, sealed_key, sealed_title) = (SELECT"
    " m.name_there, m.sealed_key, m.sealed_title FROM material m WHERE m.id = 3 - material.id)",
    "the chain's count set back": "UPDATE chain SET count = count - 1",
}  # fmt: skip


def test_each_change_behind_the_program_s_back_is_found(lived):
    missed = []
    for name, statements in CHANGES.items():
        connected = lived.engine.connect().execution_options(writes=True)
        with connected, Session(connected) as session, session.begin() as transaction:
            for statement in statements.split(";"):
                session.execute(text(statement))
            if not found(lived, session):
                missed.append(name)
            transaction.rollback()
    assert missed == []
    assert found(lived) == []


def test_a_file_whose_bytes_were_changed_swapped_or_lost_is_found(lived):
    with lived.reading() as work:
        first, second = (lived.data / "materials" / name for name in
                         work.session.scalars(select(Material.name_there).order_by(Material.id)))  # fmt: skip
    kept = first.read_bytes()
    for changed in (kept[:-1] + bytes([kept[-1] ^ 1]), second.read_bytes(), kept[:40]):
        first.write_bytes(changed)
        assert ["附件 1 的文件被改动或换过" in said for said in found(lived)] == [True]
        with database.snapshot(lived.engine) as session:
            quick = Audit(session, lived.keys, lived.files, lived.data, reads_files=False)
            assert [*quick.faults()] == []
    first.unlink()
    assert ["附件 1 的文件不见了" in said for said in found(lived)] == [True]


def test_what_was_removed_discarded_or_erased_by_the_program_is_no_fault(lived, world, clock):
    applicant = world.actor("申报人")
    id, _ = world.draft(applicant, "江西某大学")
    kept = materials.add(lived, applicant, id, Upload("甲.png", picture()))
    materials.remove(lived, applicant, id, kept)
    materials.add(lived, applicant, id, Upload("乙.png", picture()))
    with lived.writing(applicant) as work:
        drafts.discard(work, id, life.find(work, id).revision)
    for days in (4_000, 20):
        clock.now += timedelta(days=days)
        retention.sweep(lived)
    with lived.reading() as work:
        assert work.session.scalar(select(Event.number).where(Event.kind == "erased").limit(1))
    assert found(lived) == []


def test_a_tail_cut_off_with_the_count_of_that_time_put_back_is_found(lived, world):
    with database.transaction(lived.engine, writes=False) as session:
        before = session.execute(text("SELECT count, hash, mac FROM chain")).one()._mapping
    world.draft(world.actor("申报人"), "江西某大学")
    with database.transaction(lived.engine, writes=True) as session:
        session.execute(text("DELETE FROM event WHERE number > :count"), dict(before))
        session.execute(text("DELETE FROM filing WHERE id = (SELECT max(id) FROM filing)"))
        session.execute(text("UPDATE chain SET count=:count, hash=:hash, mac=:mac"), dict(before))
    assert [said for said in found(lived) if "数据目录记得" in said]
    # What is done afterwards does not cover it up.
    for _ in range(5):
        world.draft(world.actor("申报人"), "江西某大学")
    assert [said for said in found(lived) if "数据目录记得" in said]


def test_an_anchor_that_is_gone_is_said(lived):
    (lived.data / "history.json").unlink()
    assert ["history.json" in said for said in found(lived)] == [True]


def test_a_receipt_of_a_lost_history_is_said(lived):
    with database.snapshot(lived.engine) as session:
        audit = Audit(session, lived.keys, lived.files, lived.data)
        head = events.head(session)
        assert [*audit.holds(head, "")] == []
        assert len([*audit.holds(events.Head(head.count, "0" * 64), "f" * 64)]) == 2
