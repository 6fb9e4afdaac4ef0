"""The ground of a store: its tables, keys, and what is written down of a transaction."""

import json
import stat

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from formsvc.errors import ConfigError
from formsvc.store import events, life
from formsvc.store.columns import Base
from formsvc.store.errors import NotNow
from formsvc.store.keyring import Keyring, Unopenable
from formsvc.store.models import Event
from formsvc.store.store import KEYS, Store


def test_the_tables_are_those_of_the_models(store):
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_store_is_opened_again_with_what_it_holds(world, settings, clock):
    id = world.handed_in(world.actor("申报人"), "江西某大学")
    again = Store.open(settings, clock)
    with again.reading(world.actor("申报人")) as work:
        assert life.find(work, id).number == "2026-000001-1"
    again.close()


def test_without_its_keys_a_store_is_not_opened_and_no_new_ones_are_made(world, settings):
    world.handed_in(world.actor("申报人"), "江西某大学")
    (settings.data / KEYS).unlink()
    with pytest.raises(ConfigError, match=r"keys\.json: is missing"):
        Store.open(settings)
    assert not (settings.data / KEYS).exists()


def test_the_key_file_is_its_owner_s_alone(settings, store):
    assert stat.S_IMODE((settings.data / KEYS).stat().st_mode) == 0o600


def test_sealed_content_opens_only_at_its_place_and_with_its_key():
    ring = Keyring.new()
    sealed = ring.seal(b"content", "version/1/1")
    assert ring.unseal(sealed, "version/1/1") == b"content"
    for keys, place in ((ring, "version/1/2"), (Keyring.new(), "version/1/1")):
        with pytest.raises(Unopenable):
            keys.unseal(sealed, place)
    with pytest.raises(Unopenable):
        ring.unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), "version/1/1")


def test_after_a_rotation_the_old_opens_and_the_new_seals(tmp_path):
    ring = Keyring.new()
    old = ring.seal(b"old", "p")
    ring.rotated().save(tmp_path / "keys.json")
    turned = Keyring.load(tmp_path / "keys.json")
    assert turned.unseal(old, "p") == b"old"
    assert not turned.is_current(old)
    assert turned.is_current(turned.seal(b"new", "p"))
    assert turned.digest("number", "1") == ring.digest("number", "1")


def test_an_attempt_that_was_refused_is_in_the_history_and_changed_nothing(world):
    applicant = world.actor("申报人")
    id, _ = world.draft(applicant, "江西某大学")
    before = world.filing(id).revision
    with pytest.raises(NotNow), world.store.writing(applicant) as work:
        life.withdraw(work, id, before)
    assert world.filing(id).revision == before
    with world.store.reading() as work:
        last = work.session.get_one(Event, events.head(work.session).count)
        assert (last.kind, last.filing_id) == ("refused", id)
        assert json.loads(last.details) == {"verb": "withdraw", "why": "state"}


def test_nothing_of_a_submission_stands_in_the_database_in_clear(world, settings):
    from .world import submission

    data = submission()
    world.handed_in(world.actor("申报人"), "江西某大学", data)
    world.draft(world.actor("申报人"), "江西某大学", data)
    telling = [data["person"]["id_number"], data["person"]["mobile"], data["person"]["email"],
               data["account"]["number"], data["training"]["content"][:12]]  # fmt: skip
    dumped = []
    with world.store.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            dumped += [repr(tuple(row)) for row in connection.execute(table.select())]
    whole = "\n".join(dumped)
    files = b"".join(p.read_bytes() for p in settings.data.rglob("*") if p.is_file())
    assert "申报人" in whole
    for text in telling:
        assert text not in whole
        assert text.encode() not in files
