"""Work in the background of the store: whole, once, its owner's alone, whatever ends."""

import io
import json
import threading
import time
from dataclasses import replace
from datetime import timedelta

import openpyxl
import psycopg
import pytest
from sqlalchemy import select

from formsvc.bulk.results import Results
from formsvc.store import jobs, people
from formsvc.store.access import Scope
from formsvc.store.errors import NotThere, Overloaded
from formsvc.store.jobs import JobState
from formsvc.store.jobtables import BackgroundJob, JobItem
from formsvc.store.models import Event, Filing, Membership
from formsvc.web import create_app
from formsvc.web.runs.owned import folder

from .signing import CSRF
from .world import SUMMARY, submission

CANARY = "330101198802290012"


@pytest.fixture
def app(web):
    """The application over the world's store, and its background at work."""
    web.app.extensions["formsvc-jobs"].start()
    yield web.app
    web.app.extensions["formsvc-jobs"].stop()


@pytest.fixture
def sign_in(app, web):
    """A browser in which somebody signed in."""
    return lambda actor: Pages(app, web.doors.browser(actor.person), actor)


class Pages:
    def __init__(self, app, client, actor) -> None:
        self.app, self.client, self.actor = app, client, actor

    def get(self, url):
        return self.client.get(url)

    def post(self, url, **fields):
        return self.client.post(url, data={"token": CSRF, **fields})

    def done(self, answer) -> str:
        """The address of the job that was begun, once it is over."""
        assert answer.status_code == 303, answer.get_data(as_text=True)
        address = answer.headers["Location"]
        id = address.rpartition("/")[2]
        assert self.app.extensions["formsvc-jobs"].wait(id, 60)
        return address


@pytest.fixture
def handed(world):
    """Three submissions that the department has to work on; two are of the same person."""
    owner = world.actor("单位")
    return [world.handed_in(owner, "江西某大学", submission()) for _ in range(1)]


def started(client, address) -> str:
    return client.get(address).get_data(as_text=True)


def test_a_review_over_what_waits_shows_the_reviewers_page(world, handed, sign_in):
    desk = sign_in(world.actor("单位"))
    address = desk.done(desk.post("/todo/review", pick=handed))
    page = started(desk, address)
    assert "通过率" in page
    assert "只有您能看到" in page
    item = started(desk, f"{address}/1")
    assert "打印出来的样子" in item


def test_the_history_says_whose_data_a_review_read(world, handed, sign_in):
    desk = sign_in(world.actor("单位"))
    desk.done(desk.post("/todo/review", pick=handed))
    with world.store.reading() as work:
        read = list(work.session.scalars(select(Event).where(Event.kind == "read")))
    assert [(e.filing_id, e.person_id) for e in read] == [(handed[0], desk.actor.person)]


def test_a_review_judges_by_the_day_of_receipt_whenever_it_is_made(world, handed, sign_in, clock):
    """Long after the term the reports are those of the day on which it was handed in."""
    reports = []
    for later in (timedelta(), timedelta(days=500)):
        clock.now += later
        desk = sign_in(world.actor("单位"))
        address = desk.done(desk.post("/todo/review", pick=handed))
        files = folder(world.store, address.rpartition("/")[2])
        with Results.opened(files, world.store.forms[0]) as batch:
            ((line,),) = [batch.lines()]
        reports.append(line.report)
    assert reports[0] == reports[1]
    assert reports[0].on == "2026-03-01"
    assert "按 2026-03-01 的规定检查" in started(desk, f"{address}/1")
    filing = desk.get(f"/filings/{handed[0]}").get_data(as_text=True)
    assert "按提交那天（2026-03-01）的规定检查" in filing


def test_what_one_does_not_see_is_not_reviewed(world, handed, sign_in):
    desk = sign_in(world.actor("财政"))
    assert desk.post("/todo/review", pick=handed).status_code == 422


def test_another_persons_job_is_not_there(world, handed, sign_in):
    owner, other = sign_in(world.actor("单位")), None
    address = owner.done(owner.post("/todo/review", pick=handed))
    other = sign_in(world.actor("部门"))
    for path in ("", "/1", "/status", "/files/report", "/1/document.pdf"):
        assert other.get(address + path).status_code == 404, path
    assert other.post(f"{address}/delete").status_code == 404
    assert owner.get(address).status_code == 200


def test_who_leaves_an_office_takes_no_results_along(world, handed, sign_in):
    world.person("新经办", ("江西某大学", "clerk"))
    desk = sign_in(world.actor("新经办"))
    address = desk.done(desk.post("/todo/review", pick=handed, product=["report"]))
    api = f"/api/v1{address}"
    assert desk.get(address).status_code == desk.get(f"{api}/files/report").status_code == 200
    with world.store.writing(world.actor("管理员")) as work:
        query = select(Membership.id).where(Membership.person_id == desk.actor.person)
        people.remove(work, work.session.scalar(query))
    for path in (address, f"{address}/1", f"{address}/files/report", f"{api}/files/report"):
        assert desk.get(path).status_code == 404, path


def test_products_are_made_with_a_review_and_later(world, handed, sign_in):
    desk = sign_in(world.actor("单位"))
    address = desk.done(desk.post("/todo/review", pick=handed, product=["pack"]))
    assert desk.get(f"{address}/files/pack").data.startswith(b"%PDF")
    answer = desk.post(f"{address}/files/report")
    if answer.status_code == 303:
        desk.app.extensions["formsvc-jobs"].wait(address.rpartition("/")[2], 60)
        answer = desk.get(f"{address}/files/report")
    assert openpyxl.load_workbook(io.BytesIO(answer.data)).sheetnames[0] == "汇总"


def test_an_import_makes_a_draft_of_each_submission(world, sign_in):
    desk = sign_in(world.actor("申报人"))
    lines = "\n".join(json.dumps(submission(), ensure_ascii=False) for _ in range(25)) + "\n{}\n"
    files = [(io.BytesIO(lines.encode()), "一批.jsonl")]
    office = world.offices["江西某大学"]
    address = desk.done(desk.post("/jobs/import", files=files, office=office))
    with world.store.reading() as work:
        drafts = list(work.session.scalars(select(Filing)))
        made = list(work.session.scalars(select(JobItem)))
    assert len(drafts) == 25
    assert {(d.owner_id, d.office_id, d.form) for d in drafts} == {
        (desk.actor.person, office, SUMMARY)
    }
    assert [item.why for item in made if item.filing_id is None] == ["unread"]
    desk.post(f"{address}/files/drafts")
    desk.app.extensions["formsvc-jobs"].wait(address.rpartition("/")[2], 60)
    table = openpyxl.load_workbook(io.BytesIO(desk.get(f"{address}/files/drafts").data)).active
    said = [row[-1] for row in table.iter_rows(min_row=2, values_only=True)]
    assert said == ["草稿已建"] * 25 + ["没有：认不出是哪一种表"]


class Breaking(threading.Thread):
    """Ends all connections to the database, six times while a job is worked on."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address, self.ended = address, 0

    def run(self) -> None:
        with psycopg.connect(self.address, autocommit=True) as connection:
            while not connection.execute("SELECT 1 FROM job_item").fetchone():
                time.sleep(0.02)
            for _ in range(6):
                time.sleep(0.3)
                self.ended += connection.execute(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                ).fetchone()[0]


@pytest.mark.parametrize("origin", ["postgresql"], indirect=True)
def test_connections_that_break_leave_a_job_whole_and_done_once(world, sign_in, settings, app):
    desk = sign_in(world.actor("申报人"))
    lines = "\n".join(json.dumps(submission(), ensure_ascii=False) for _ in range(150))
    office = world.offices["江西某大学"]
    breaking = Breaking(settings.database)
    answer = desk.post(
        "/jobs/import", files=[(io.BytesIO(lines.encode()), "一批.jsonl")], office=office
    )
    breaking.start()
    id = answer.headers["Location"].rpartition("/")[2]
    breaking.join()
    assert breaking.ended > 6, "connections were in use"
    assert app.extensions["formsvc-jobs"].wait(id, 120)
    with world.store.reading(desk.actor) as work:
        assert jobs.find(work, id).state == JobState.DONE
        numbers = [item.number for item in jobs.items(work, id)]
        drafts = work.session.scalars(select(JobItem.filing_id).where(JobItem.job_id == id))
        there = set(work.session.scalars(select(Filing.id)))
    assert numbers == list(range(1, 151))
    assert set(drafts) == there
    assert len(there) == 150


def test_a_list_is_exported_with_what_it_shows(world, handed, sign_in):
    desk = sign_in(world.actor("单位"))
    desk.post("/jobs/list", where="own")
    with world.store.reading(desk.actor) as work:
        (job,) = jobs.mine(work)
    desk.app.extensions["formsvc-jobs"].wait(job.id, 60)
    table = openpyxl.load_workbook(io.BytesIO(desk.get(f"/jobs/{job.id}/list.xlsx").data)).active
    rows = list(table.iter_rows(min_row=2, values_only=True))
    assert rows[0][0] == world.filing(handed[0]).number


def test_too_many_jobs_are_answered_with_503_and_when_to_come_again(world, handed, sign_in, app):
    app.extensions["formsvc-jobs"].stop()
    actor = world.actor("单位")
    with world.store.writing(actor) as work:
        for _ in range(jobs.MOST_OWN):
            jobs.begin(work, jobs.new_id(), "review", "审核", {})
    with pytest.raises(Overloaded), world.store.writing(actor) as work:
        jobs.begin(work, jobs.new_id(), "review", "审核", {})
    answer = sign_in(actor).post("/todo/review", pick=handed)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "30"


def test_a_job_is_deleted_at_once_and_by_its_time(world, handed, sign_in, clock, app):
    desk = sign_in(world.actor("单位"))
    first = desk.done(desk.post("/todo/review", pick=handed)).rpartition("/")[2]
    second = desk.done(desk.post("/todo/review", pick=handed)).rpartition("/")[2]
    assert jobs.place(world.store, first).exists()
    assert desk.post(f"/jobs/{first}/delete").status_code == 303
    assert not jobs.place(world.store, first).exists()
    clock.now += timedelta(days=8)
    assert desk.get(f"/jobs/{second}").status_code == 404
    with pytest.raises(NotThere), world.store.reading(desk.actor) as work:
        jobs.find(work, second)


def test_without_an_account_one_is_led_to_sign_in(app, world):
    client = app.test_client()
    for address in ("/jobs", f"/jobs/{'0' * 32}"):
        assert "/account/login" in client.get(address).headers["Location"]
    assert client.get("/api/v1/jobs").status_code == 401


def test_a_service_without_a_store_has_no_jobs():
    client = create_app().test_client()
    for address in ("/jobs", f"/jobs/{'0' * 32}", "/api/v1/jobs"):
        assert client.get(address).status_code == 404


def test_programs_begin_look_at_and_delete_jobs(world, handed, sign_in, app):
    client = sign_in(world.actor("单位")).client
    ours = {"X-Requested-With": "test"}
    asked = {"kind": "review", "filings": handed, "products": ["report"]}
    begun = client.post("/api/v1/jobs", json=asked, headers=ours)
    assert begun.status_code == 202
    place = begun.headers["Location"]
    assert app.extensions["formsvc-jobs"].wait(begun.json["id"], 60)
    told = client.get(place).json
    assert (told["state"], told["files"]) == ("done", ["report"])
    assert client.get(f"{place}/files/report").data.startswith(b"PK")
    assert [each["id"] for each in client.get("/api/v1/jobs").json] == [told["id"]]
    assert client.delete(place, headers=ours).status_code == 204
    assert client.get(place).status_code == 404


def test_a_token_that_only_reads_begins_nothing(world, handed, web):
    web.as_(replace(world.actor("单位"), scopes=frozenset({Scope.READ})))
    asked = {"kind": "review", "filings": handed}
    assert web.post("/api/v1/jobs", json=asked).status_code == 403


def test_a_job_that_cannot_be_done_says_so(world, app):
    actor = world.actor("单位")
    with world.store.writing(actor) as work:
        job = jobs.begin(
            work, jobs.new_id(), "import", "导入", {"office": None, "on": "2026-03-01"}
        )
    app.extensions["formsvc-jobs"].wake()
    assert app.extensions["formsvc-jobs"].wait(job.id, 30)
    with world.store.reading() as work:
        assert work.session.get_one(BackgroundJob, job.id).state == JobState.FAILED
