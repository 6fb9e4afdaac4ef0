"""Receipts: what they say, and that anybody can check it."""

import json

import pikepdf
import pytest

from formsvc.cli import main
from formsvc.documents.press import Press
from formsvc.documents.proof.verification import Status, verify
from formsvc.store import events, life, receipts
from formsvc.store.errors import NotThere
from formsvc.store.models import Chain, Event

from .world import submission

# A receipt is made of what test_life and test_audit prove on both.
DATABASES = ("sqlite",)


@pytest.fixture
def given(world):
    id = world.handed_in(world.actor("申报人"), "江西某大学")
    with world.store.writing(world.actor("申报人")) as work:
        return id, receipts.receipt(work, id)


def test_a_receipt_names_what_was_handed_in_and_the_head_of_the_history(world, given):
    id, receipt = given
    filing = world.filing(id)
    plain = receipt.plain
    assert plain["number"] == filing.number
    assert plain["digest"] == filing.versions[0].digest
    assert (plain["person"], plain["to"]) == (submission()["person"]["name"], "江西某大学")
    with world.store.reading() as work:
        event = work.session.get_one(Event, receipt.count)
        assert (event.kind, event.hash) == ("handed-in", receipt.head)
        assert receipts.missing(work.session, receipt) == ""


def test_a_receipt_made_again_is_the_same_bytes_whatever_happened_since(world, given):
    id, receipt = given
    world.passed(world.actor("单位"), id)
    for name in ("申报人", "部门"):
        with world.store.writing(world.actor(name)) as work:
            again = receipts.receipt(work, id, 1)
        assert again.raw == receipt.raw
    assert receipts.paper(again, Press()) == receipts.paper(receipt, Press())


def test_a_receipt_is_given_only_to_who_may_see_the_filing(world, given):
    id, _ = given
    with pytest.raises(NotThere), world.store.writing(world.actor("财政")) as work:
        receipts.receipt(work, id)
    draft, _ = world.draft(world.actor("申报人"), "江西某大学")
    with pytest.raises(NotThere), world.store.writing(world.actor("申报人")) as work:
        receipts.receipt(work, draft)


def test_a_receipt_is_checked_without_the_store(world, given):
    _, receipt = given
    page = receipts.paper(receipt, Press())
    key = world.store.keys.public_key
    for raw in (receipt.raw, json.dumps(json.loads(receipt.raw), indent=2).encode(), page):
        assert verify(raw, (), Press(), (key,)).status is Status.UNCHANGED
        assert verify(raw, (), Press(public_key=key)).status is Status.UNCHANGED
        assert verify(raw, ()).status is Status.UNCHECKED
        assert verify(raw, (), Press(), (bytes(32),)).status is Status.UNSIGNED


@pytest.mark.parametrize("name", ["number", "title", "person", "digest", "to", "version", "handed"])
def test_a_receipt_that_was_changed_anywhere_is_found(given, name):
    plain = json.loads(given[1].raw)
    plain[name] = plain[name] + 1 if isinstance(plain[name], int) else f"{plain[name]}改"
    assert verify(json.dumps(plain).encode(), ()).status is Status.CHANGED
    plain = json.loads(given[1].raw)
    plain["event"]["number"] += 1
    assert verify(json.dumps(plain).encode(), ()).status is Status.CHANGED


def test_a_page_that_shows_something_else_than_it_carries_is_found(world, given, tmp_path):
    id, receipt = given
    with world.store.writing(world.actor("申报人")) as work:
        life.withdraw(work, id, life.find(work, id).revision)
    with world.store.writing(world.actor("申报人")) as work:
        life.hand_in(work, id, life.find(work, id).revision)
    with world.store.writing(world.actor("申报人")) as work:
        other = receipts.receipt(work, id, 2)
    (tmp_path / "a.pdf").write_bytes(receipts.paper(receipt, Press()))
    with pikepdf.open(tmp_path / "a.pdf") as pdf:
        pdf.attachments["receipt.json"] = pikepdf.AttachedFileSpec(pdf, other.raw)
        pdf.save(tmp_path / "b.pdf")
    assert verify((tmp_path / "b.pdf").read_bytes(), ()).status is Status.CHANGED
    with pikepdf.open(tmp_path / "a.pdf") as pdf:
        pdf.save(tmp_path / "c.pdf")
    assert verify((tmp_path / "c.pdf").read_bytes(), ()).status is Status.UNCHECKED


def test_the_command_line_checks_a_receipt_by_a_key_in_a_file(world, given, tmp_path, runner):
    file, key = tmp_path / "receipt.json", tmp_path / "key"
    file.write_bytes(given[1].raw)
    key.write_text(world.store.keys.public_key.hex())
    done = runner.invoke(main, ["verify", str(file), "--key", str(key)])
    assert (done.exit_code, "回执有效" in done.output) == (0, True)
    key.write_text(bytes(32).hex())
    assert runner.invoke(main, ["verify", str(file), "--key", str(key)]).exit_code == 1


def test_a_history_cut_off_before_a_receipt_is_missed_by_it(world, given):
    _, receipt = given
    with world.store.writing() as work:
        at = work.session.get_one(Event, receipt.count - 1)
        work.session.query(Event).where(Event.number >= receipt.count).delete()
        chain = work.session.get_one(Chain, 1)
        chain.count, chain.hash = at.number, at.hash
    with world.store.reading() as work:
        assert "截去" in receipts.missing(work.session, receipt)
        assert list(events.faults(work.session, world.store.keys))
