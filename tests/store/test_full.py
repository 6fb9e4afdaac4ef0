"""A database without room: every change is refused whole with 507, and goes on when there is room.

The room is taken by the databases themselves, at the first row that is written, or at the last: the
event of each transaction.
"""

import io
import json
import threading
from contextlib import contextmanager

import pytest
from PIL import Image
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from formsvc.storage import is_full
from formsvc.store import database, drafts, events
from formsvc.store.columns import Base
from formsvc.store.errors import Full, Unreachable
from formsvc.store.models import Filing, Material

from ..conftest import valid_samples
from .browsing import Desks
from .served import SUBMISSIONS, Served
from .world import SUMMARY, submission

UNIT = "江西某大学"
TABLES = sorted(Base.metadata.tables)


@contextmanager
def full(store, tables):
    """No row is written to these tables: there is no room left."""
    made = store.engine
    sqlite = made.dialect.name == "sqlite"
    make = _SQLITE if sqlite else _POSTGRESQL
    run(made, [make["first"], *(make["each"].format(table=table) for table in tables)])
    made.dispose()

    def narrow(connection, _record):
        connection.execute("PRAGMA max_page_count=1")  # as many as there are

    if sqlite:
        event.listen(made, "connect", narrow)
    try:
        yield
    finally:
        if sqlite:
            event.remove(made, "connect", narrow)
        made.dispose()
        run(made, [*(make["drop"].format(table=table) for table in tables), make["last"]])


def run(made, statements) -> None:
    with made.connect().execution_options(writes=True) as connection, connection.begin():
        for each in statements:
            connection.exec_driver_sql(each)


_SQLITE = {
    "first": "CREATE TABLE ballast (bytes BLOB)",
    "each": "CREATE TRIGGER full_{table} AFTER INSERT ON {table} BEGIN "
            "INSERT INTO ballast VALUES (zeroblob(100000000)); END",
    "drop": "DROP TRIGGER full_{table}",
    "last": "DROP TABLE ballast",
}  # fmt: skip
_POSTGRESQL = {
    "first": "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE "
             "EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$",
    "each": "CREATE TRIGGER full_{table} AFTER INSERT ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION no_room()",
    "drop": "DROP TRIGGER full_{table} ON {table}",
    "last": "DROP FUNCTION no_room",
}  # fmt: skip


def rows(store) -> dict[str, list]:
    """All that the database holds."""
    with database.snapshot(store.engine) as session:
        return {
            name: sorted(map(repr, session.execute(select(table)).all()))
            for name, table in Base.metadata.tables.items()
        }


def another() -> dict:
    """Somebody else's, in order too."""
    return json.loads(valid_samples(SUMMARY)[2].read_bytes())


def material(web: Served, owner, id: int):
    """A file is added by a program."""
    path, stream = f"{SUBMISSIONS}/{id}/materials?name=a.png&kind=proof", io.BytesIO()
    Image.new("RGB", (400, 300), "white").save(stream, "PNG")
    return web.as_(owner).post(path, data=stream.getvalue())


def interface(world, web: Served):
    """(name, request) for every change by the interface: a request that is in order."""
    owner, clerk = world.actor("申报人"), world.actor("单位")
    web.doors.token(owner)
    draft, revision = world.draft(owner, UNIT)
    handed = world.handed_in(owner, UNIT, another())
    told = web.as_(clerk).get(str(handed)).json
    digest, at = told["versions"][-1]["digest"], told["revision"]
    body = {"unit": world.offices[UNIT], "submission": submission()}
    matching = {"If-Match": f'"{revision}"'}

    def opine(verb):
        said = {"digest": digest, "words": "请核对"}
        return lambda: web.as_(clerk).post(f"{handed}/{verb}", at, json=said)

    return [
        ("begin", lambda: web.as_(owner).post(SUBMISSIONS, json=body)),
        ("read", lambda: web.as_(clerk).get(f"{handed}/submission")),
        ("report", lambda: web.as_(clerk).get(f"{handed}/report")),
        ("document", lambda: web.as_(clerk).get(f"{handed}/documents?format=docx")),
        ("material", lambda: material(web, owner, draft)),
        ("hand-in", lambda: web.as_(owner).post(f"{draft}/hand-in", revision)),
        ("withdraw", lambda: web.as_(owner).post(f"{handed}/withdraw", at)),
        ("pass-on", opine("pass-on")),
        ("return", opine("return")),
        ("refuse", opine("refuse")),
        ("discard", lambda: web.as_(owner).request("DELETE", str(draft), headers=matching)),
    ]


def pages(world, desks: Desks):
    """(name, request) for the changes by pages, each from a page that is open already."""
    form, unit = world.store.forms[0][SUMMARY], world.offices[UNIT]
    draft, revision = world.draft(world.actor("申报人"), UNIT)
    handed = world.handed_in(world.actor("申报人"), UNIT, another())

    def on(name: str, page: str):
        who = desks.of(name)
        who.get(page)
        assert who.status == 200, (page, who.status)
        return who

    def saved():
        who = on("申报人", f"/forms/{SUMMARY}")
        return lambda: who.saved(form, submission(), unit=unit) and who

    def post(of, page, path="", **fields):
        who = on(of, page)
        return lambda: who.post(path or page, fields) and who

    def decide(name, verb, **fields):
        who = on(name, f"/filings/{handed}")
        kept = {each: who.hidden(each) for each in ("revision", "digest")}
        return lambda: who.post(f"/filings/{handed}/{verb}", {**kept, **fields}) and who

    office, own = f"/admin/offices/{unit}", f"/filings/{draft}"
    return [
        ("save", saved()),
        ("hand-in", post("申报人", f"{own}/hand-in", key="k" * 32, revision=revision)),
        ("discard", post("申报人", f"{own}/edit", f"{own}/discard", revision=revision)),
        ("withdraw", decide("申报人", "withdraw")),
        ("pass", decide("单位", "pass", words="同意")),
        ("return", decide("单位", "return", words="请改")),
        ("refuse", decide("单位", "refuse", words="不行")),
        ("rename", post("管理员", office, f"{office}/rename", name="另一个名字")),
        ("invite", post("管理员", office, f"{office}/invite", role="clerk", days="3")),
    ]


def status(answer) -> int:
    return getattr(answer, "status_code", None) or answer.status


def said(answer) -> str:
    return answer.text if hasattr(answer, "status_code") else answer.page


@pytest.mark.parametrize("tables", [TABLES, ["event"]], ids=["first row", "last row"])
@pytest.mark.parametrize("way", ["interface", "pages"])
def test_every_change_is_507_and_nothing_is_half_done(world, web, desks, way, tables):
    requests = pages(world, desks) if way == "pages" else interface(world, web)
    if way == "interface":  # when a token was used is written by itself, now and not below
        web.as_("申报人").get(SUBMISSIONS)
        web.as_("单位").get(SUBMISSIONS)
    before = rows(world.store)
    with full(world.store, tables):
        for name, act in requests:
            answer = act()
            assert status(answer) == 507, (name, status(answer), said(answer)[:500])
            assert "没有空间" in said(answer), name
    assert rows(world.store) == before
    assert 200 <= status(requests[0][1]()) < 300
    with world.store.reading() as work:
        assert list(events.faults(work.session, world.store.keys, world.store.data)) == []


def test_what_was_refused_for_want_of_room_is_done_afterwards(world, web):
    owner = world.actor("申报人")
    web.doors.token(owner)
    id, revision = world.draft(owner, UNIT)
    hand_in = f"{id}/hand-in"
    with full(world.store, ["event"]):
        assert web.as_(owner).post(hand_in, revision).status_code == 507
    told = web.as_(owner).post(hand_in, revision)
    assert (told.status_code, told.json["state"]) == (200, "open")


def test_a_file_without_a_row_does_not_stay(world, web):
    owner = world.actor("申报人")
    web.doors.token(owner)
    id, _ = world.draft(owner, UNIT)
    with full(world.store, ["event"]):
        answer = material(web, owner, id)
    assert answer.status_code == 507
    assert list(world.store.files.names()) == []
    with world.store.reading() as work:
        assert work.session.scalar(select(Material.id)) is None


# gone for a moment


def test_a_database_that_was_busy_too_long_is_503_and_says_when_to_come_again(world, web, settings):
    owner, made = world.actor("申报人"), world.store.engine
    web.doors.token(owner)
    body = {"unit": world.offices[UNIT], "submission": submission()}
    sqlite = made.dialect.name == "sqlite"

    def impatient(connection, _record):
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=50" if sqlite else "SET lock_timeout = 50")
        cursor.close()
        connection.commit()

    made.dispose()
    event.listen(made, "connect", impatient)
    engine = database.engine(settings.database or f"sqlite:///{settings.data}/store.db")
    with engine.connect().execution_options(writes=True) as other, other.begin():
        if not sqlite:
            other.execute(text("LOCK TABLE chain"))
        answer = web.as_(owner).post(SUBMISSIONS, json=body)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "数据库" in answer.json["detail"]
    engine.dispose()
    assert web.as_(owner).post(SUBMISSIONS, json=body).status_code == 201


@pytest.mark.parametrize("origin", ["postgresql"], indirect=True)
def test_of_two_that_wait_for_each_other_one_is_told_to_come_again(world):
    one, other = (world.draft(world.actor("申报人"), UNIT)[0] for _ in range(2))
    made = world.store.engine
    lock = select(Filing.id).with_for_update()
    raised = []

    def both(first, second, ready, go):
        try:
            with database.transaction(made, writes=True) as session:
                session.execute(lock.where(Filing.id == first))
                ready.set()
                go.wait(20)
                session.execute(lock.where(Filing.id == second))
        except Unreachable:
            raised.append(first)

    ready = [threading.Event(), threading.Event()]
    threads = [
        threading.Thread(target=both, args=(one, other, ready[0], ready[1])),
        threading.Thread(target=both, args=(other, one, ready[1], ready[0])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(raised) == 1


@pytest.mark.parametrize("origin", ["postgresql"], indirect=True)
def test_a_connection_that_breaks_is_no_fault_and_the_next_one_is_a_new_one(world):
    owner = world.actor("申报人")
    form = world.store.forms[0][SUMMARY]
    end = text("SELECT pg_terminate_backend(pg_backend_pid())")

    def broken() -> None:
        with world.store.writing(owner) as work:
            drafts.begin(work, form, submission(), world.offices[UNIT])
            work.session.execute(end)

    with pytest.raises(Unreachable):
        broken()
    with world.store.reading() as work:
        assert work.session.scalar(select(Filing.id)) is None
    assert world.draft(owner, UNIT)


def test_a_mistake_in_a_statement_stays_a_fault(store):
    with pytest.raises(DBAPIError), database.transaction(store.engine, writes=False) as session:
        session.execute(text("SELECT * FROM nowhere"))


def test_both_databases_say_that_they_are_full_in_their_own_words(world):
    with pytest.raises(Full) as caught, full(world.store, ["event"]):
        world.draft(world.actor("申报人"), UNIT)
    assert isinstance(caught.value.__cause__, OperationalError)
    assert is_full(caught.value.__cause__.orig)
