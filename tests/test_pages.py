"""The pages, through the real application: what they mean, whom they trust, what they keep."""

import io
import json
import os
import re
import time
from decimal import Decimal

import pytest
from werkzeug.datastructures import MultiDict

from formsvc import submissions
from formsvc.checks import explain
from formsvc.config import Settings
from formsvc.errors import ConfigError
from formsvc.intake import sheets
from formsvc.sealed import CHUNK, SealedFolder
from formsvc.web import create_app
from formsvc.web.desks import entries
from formsvc.web.runs.runs import EXPIRED, Runs, Task
from formsvc.writing import codes
from formsvc.writing.notation import today

from .conftest import ROOT, SAMPLES, valid_samples
from .serving import until

SUMMARY = "/forms/jiangxi-training-summary"
FUNDING = "/forms/jiangxi-project-funding"
CANARY = "36010119900307889X"
ALL_VALID = [
    p
    for form in ("jiangxi-training-summary", "jiangxi-project-funding")
    for p in valid_samples(form)
]


@pytest.fixture
def desks(tmp_path):
    """An application whose runs lie in a folder of their own."""
    app = create_app(Settings(runs=tmp_path / "runs"))
    app.config.update(TESTING=True)
    return app


def token(client, path: str) -> str:
    return re.search(r'name="token" value="([^"]+)"', client.get(path).text)[1]


def post(client, path: str, fields: dict) -> object:
    return client.post(path, data={"token": token(client, path), **fields})


def upload(client, desk: str, files: list[tuple[bytes, str]]) -> str:
    """Hand files in and wait; the address of the batch."""
    fields = {"files": [(io.BytesIO(content), name) for content, name in files]}
    answer = post(client, f"/{desk}", fields)
    assert answer.status_code == 303, answer.text
    address = answer.headers["Location"]
    deadline = time.monotonic() + 10
    while client.get(f"{address}/status").json["state"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return address


# What people type


@pytest.mark.parametrize("path", ALL_VALID, ids=lambda path: path.stem)
def test_what_a_page_shows_of_a_submission_is_that_submission(catalogue, path):
    data = submissions.parse(path.read_bytes()).data
    form = catalogue[data["form"]]
    data.pop("edition")  # a page is of the edition in force
    typed = MultiDict(
        (name, text)
        for name, entry in entries.entered(form, data).items()
        for text in (entry if isinstance(entry, list) else [entry.replace("\n", "\r\n")])
    )
    again, unclear = entries.read(form, entries.posted(form, typed))
    assert not unclear
    assert submissions.parse(submissions.encoded(again)).data == _stripped(data)


def _stripped(value):
    """Blanks around a line, and the width of a code, are no part of what it says."""
    if isinstance(value, dict):
        return {key: _stripped(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_stripped(each) for each in value]
    return (
        codes.plain(value.strip(), "id-number")
        if isinstance(value, str) and "\n" not in value
        else value
    )


def test_numbers_are_written_as_they_are():
    data = {"a": Decimal("0.10"), "b": Decimal("100000000000000000.01"), "c": '"\\'}
    assert submissions.parse(submissions.encoded(data)).data == data


def test_blank_rows_are_left_out_and_the_others_close_up(funding_form):
    typed = MultiDict({
        "/project/budget/0/item": "", "/project/budget/0/amount": "  ",
        "/project/budget/4/item": "设备费", "/project/budget/4/amount": "1,000",
    })  # fmt: skip
    data, _ = entries.read(funding_form, entries.posted(funding_form, typed))
    assert data["project"]["budget"] == [{"item": "设备费", "amount": 1000}]


def test_a_page_takes_no_field_that_the_form_does_not_have(funding_form):
    typed = MultiDict(
        {"/form": "x", "/__class__": "x", "/project/budget/*/item": "x", "/unit": "x"}
    )
    assert entries.posted(funding_form, typed) == {}


# The applicant's desk


def test_every_field_of_every_form_is_asked_for_under_a_label(client, catalogue):
    for form in catalogue.values():
        page = client.get(f"/forms/{form.id}").text
        for section in form.sections:
            for field in section.fields:
                assert f'data-field="{field.pointer}"' in page
                assert f">{field.label}" in page


def test_findings_stand_in_the_summary_and_at_the_field_with_their_article(client):
    page = post(client, SUMMARY, {"/funding/provincial": "120000"}).text
    assert re.search(r"<title>有 \d+ 处问题：", page)
    assert '<a href="#/funding/provincial">省专项资金资助为120,000元' in page
    assert "依据《江西省高层次高技能领军人才培养工程人选服务管理办法》第七条" in page
    assert 'id="/funding/provincial"' in page
    assert re.search(r'id="/funding/provincial"[^>]*aria-invalid="true"', page)


def test_what_was_typed_comes_back_as_it_was_typed(client):
    page = post(
        client, SUMMARY, {"/funding/provincial": "12万<b>", "/person/birth_date": "明年"}
    ).text
    assert 'value="12万&lt;b&gt;"' in page
    assert 'value="明年"' in page


def test_what_could_mean_two_things_is_said_once_at_its_field(client):
    fields = {"/funding/provincial": "1,2", "/training/end_date": "2024年9月"}
    found = client.post(f"{SUMMARY}/live", data=fields).json["findings"]
    assert "可能是 1.2，也可能是 12" in found["/funding/provincial"]
    assert "应为数字" not in found["/funding/provincial"]
    assert "缺少日" in found["/training/end_date"]
    assert 'value="1,2"' in post(client, SUMMARY, fields).text
    assert post(client, SUMMARY, {**fields, "do": "docx"}).status_code == 422


def test_a_document_is_refused_with_its_findings(client):
    answer = post(client, FUNDING, {"do": "docx", "/person/name": "张三"})
    assert answer.status_code == 422
    assert "改正以下问题后，才能下载正式表格" in answer.text


def test_an_expired_token_loses_nothing(client):
    answer = client.post(FUNDING, data={"token": "x", "/person/name": "欧阳娜娜"})
    assert answer.status_code == 400
    assert 'value="欧阳娜娜"' in answer.text


def test_a_page_says_what_to_do_next_and_by_when(client):
    page = post(client, SUMMARY, {"/training/end_date": "2025-12-31", "/unit/name": "某大学"}).text
    assert "2026年2月28日以前" in page
    assert "由某大学在“单位意见”栏" in page
    assert "打印 2 份" in client.get(FUNDING).text


def test_the_page_counts_and_adds_with_the_rules_own_numbers(client):
    fields = {
        "/training/content": "本人于2024年9月赴MIT学习。",
        "/expenses/training": "1,000.5", "/expenses/travel": "２０００",
        "/unit/type": "省属高校",
    }  # fmt: skip
    answer = client.post(f"{SUMMARY}/live", data=fields).json["asides"]
    assert "已写 12 字，最多 500 字" in answer["/training/content"]
    assert "已填的 2 项相加：3,000.50元，还有 2 项没有填" in answer["/expenses/total"]
    assert "大写：贰仟元整" in answer["/expenses/travel"]
    assert "省属高校应填写此项" in answer["/account/budget_code"]
    assert "省属高校不必填写此项" in answer["/account/number"]


def test_a_document_of_ours_is_loaded_with_all_it_says(client):
    raw = json.loads(
        (
            SAMPLES
            / "jiangxi/jiangxi-project-funding/2026-1/valid/social-science-with-three-budget-items.json"
        ).read_text("utf-8-sig")
    )
    for format in ("docx", "pdf"):
        made = client.post(f"/api/v1{FUNDING}/documents?format={format}", json=raw)
        file = (io.BytesIO(made.data), f"申请表.{format}")
        page = post(client, SUMMARY, {"do": "load", "file": file}).text
        assert "这是《项目资助经费申请表》，已换到这种表" in page
        assert f'value="{raw["person"]["name"]}"' in page


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"PK\x03\x04 nothing", b"%PDF-1.7 nothing"])
def test_a_file_that_holds_nothing_is_refused_and_the_page_stays(client, content):
    fields = {"do": "load", "file": (io.BytesIO(content), "x.json"), "/person/name": "张三"}
    answer = post(client, FUNDING, fields)
    assert answer.status_code in (200, 422)
    assert 'role="alert"' in answer.text


def test_a_sheet_filled_in_excel_is_read_by_the_employers_desk(desks, catalogue):
    client = desks.test_client()
    sample = submissions.parse(ALL_VALID[0].read_bytes()).data
    form = catalogue[sample["form"]]
    assert f"/forms/{form.id}/sheet.xlsx" in client.get("/unit").text
    assert client.get(f"/forms/{form.id}/sheet.xlsx").data.startswith(b"PK")
    address = upload(client, "unit", [(sheets.write(form, today(), [sample]), "汇总.xlsx")])
    page = client.get(address).text
    assert sample["person"]["name"] in page
    assert "没有问题</span>" in page


# The rules page


def test_every_rule_has_a_title_and_a_demand_in_words_of_its_form(catalogue):
    for form in catalogue.values():
        for demand in explain.demands(form, today()):
            title = explain.rule_title([form], demand.id, today())
            assert title != demand.id
            assert not set("{}") & set(title + demand.text)
            assert demand.fields


def test_the_rules_page_names_every_rule_and_article(client, catalogue):
    for form in catalogue.values():
        page = client.get(f"/forms/{form.id}/rules").text
        for rule in form.rules:
            assert f'id="rule-{rule.id}"' in page
            assert all(cited.article in page for cited in rule.citations)
            assert rule.id not in re.sub(r"<[^>]*>", "", page)  # an address, nothing to read


# Batches: private, sealed, gone


def _summary_with(number: str) -> bytes:
    data = json.loads(ALL_VALID[0].read_text("utf-8-sig"))
    data["person"]["id_number"] = number
    return json.dumps(data).encode()


def test_a_batch_is_private_to_its_browser(desks):
    mine, other = desks.test_client(), desks.test_client()
    address = upload(mine, "unit", [(_summary_with(CANARY), "甲.json")])
    assert mine.get(address).status_code == 200
    other.get("/unit")
    assert other.get(address).status_code == 404
    upload(other, "unit", [(_summary_with(CANARY), "乙.json")])
    answer = other.get(address)
    assert answer.status_code == 404
    assert "不是用这个浏览器上传的" in answer.text
    assert mine.get(address.replace("unit", "review")).status_code == 404


def test_nothing_of_a_person_lies_readable_on_the_disk(desks, tmp_path):
    client = desks.test_client()
    address = upload(client, "review", [(_summary_with(CANARY), "欧阳某.json")])
    assert CANARY in client.get(f"{address}/1").text
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert found
    name = json.loads(ALL_VALID[0].read_text("utf-8-sig"))["person"]["name"]
    for path in found:
        content = path.read_bytes()
        assert CANARY.encode() not in content
        assert name.encode() not in content
        assert "欧阳某" not in str(path)
        assert path.stat().st_mode & 0o077 == 0 or path.parent.stat().st_mode & 0o077 == 0


def test_runs_are_not_kept_where_someone_else_put_a_trap(tmp_path):
    (tmp_path / "runs").symlink_to(tmp_path)
    with pytest.raises(ConfigError):
        Runs(lambda run, task: None, tmp_path / "runs")


def test_more_files_than_a_form_usually_has_are_taken(desks):
    client = desks.test_client()
    address = upload(client, "review", [(b"{}", f"{number}.json") for number in range(1200)])
    assert "1200<small> 份" in client.get(address).text


def test_a_batch_can_be_deleted_at_once(desks, tmp_path):
    client = desks.test_client()
    address = upload(client, "unit", [(_summary_with(CANARY), "甲.json")])
    assert client.post(f"{address}/delete").status_code == 400  # without a token
    assert (
        client.post(f"{address}/delete", data={"token": token(client, "/unit")}).status_code == 303
    )
    assert client.get(address).status_code == 410
    assert "按您的要求删除" in client.get(address).text
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_run_expires_and_is_gone_from_the_disk(tmp_path):
    runs = Runs(lambda run, task: run.folder.write("x", b"y"), tmp_path, seconds=1)
    key = os.urandom(32)
    run = runs.start(key, "unit", Task("write"))
    assert runs.wait(run, 5)
    assert runs.open(run.id, key)
    assert runs.open(run.id, os.urandom(32)) is None
    time.sleep(1.1)
    assert runs.open(run.id, key) is None
    assert runs.became(run.id, key) == EXPIRED
    runs.sweep()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert runs.became(run.id, key) == EXPIRED
    assert runs.became(run.id, os.urandom(32)) == ""


def test_too_much_waiting_work_is_refused(desks):
    import threading

    end = threading.Event()
    runs = desks.extensions["formsvc-runs"]
    key = os.urandom(32)
    runs.perform = lambda run, task: end.wait(10)
    for _ in range(10):
        runs.start(key, "unit", Task("wait"))
    client = desks.test_client()
    answer = post(client, "/unit", {"files": [(io.BytesIO(b"{}"), "a.json")]})
    end.set()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


def test_a_full_disk_is_said_and_nothing_acknowledged(desks, tmp_path):
    client = desks.test_client()
    sent = token(client, "/unit")
    (tmp_path / "runs").rmdir()
    (tmp_path / "runs").write_text("")  # no folder can be made here, as on a full disk
    files = [(io.BytesIO(b"{}"), "a.json")]
    answer = client.post("/unit", data={"token": sent, "files": files})
    assert answer.status_code == 507
    assert "没有上传" in answer.text


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_a_sealed_file_opens_whole_or_not_at_all(tmp_path, size):
    content = os.urandom(size)
    folder = SealedFolder(tmp_path, b"k" * 32)
    folder.write("甲/乙", content)
    assert folder.read("甲/乙") == content
    with folder.open("甲/乙") as stream:
        stream.seek(size // 2)
        assert stream.read(100) == content[size // 2 :][:100]
    with pytest.raises(FileNotFoundError):
        SealedFolder(tmp_path, b"j" * 32).read("甲/乙")
    path = next(path for path in tmp_path.rglob("*") if path.is_file())
    sealed = path.read_bytes()
    for broken in (
        sealed[:-1],
        sealed[:-CHUNK],
        sealed[:20] + bytes([sealed[20] ^ 1]) + sealed[21:],
    ):
        path.write_bytes(broken)
        with pytest.raises(OSError, match="key"):
            folder.read("甲/乙")


def test_hostile_uploads_are_findings_and_the_rest_is_read(desks):
    client = desks.test_client()
    good = ALL_VALID[0].read_bytes()
    address = upload(client, "review", [
        (b"PK\x05\x06 not a zip", "坏.zip"), (b"\xff\xfe\x00", "x.json"), (b"", "空.json"),
        (b"%PDF-1.4 junk", "y.pdf"), (b"MZ", "virus.exe"), (good, "好.json"),
    ])  # fmt: skip
    page = client.get(address).text
    assert page.count("无法读取</span>") == 5
    assert ">好.json" not in page
    for number in range(1, 7):
        assert client.get(f"{address}/{number}").status_code == 200
    assert client.get(f"{address}/7").status_code == 404
    assert client.get(f"{address}/1/document.pdf").status_code == 404


def test_the_same_person_twice_is_found_in_a_batch(desks):
    client = desks.test_client()
    raw = ALL_VALID[0].read_bytes()
    address = upload(client, "review", [(raw, "甲.json"), (raw, "乙.json")])
    page = client.get(f"{address}/1").text
    assert "每人最多享受一次" in page
    assert "另见第 2 份" in page


def test_pages_carry_their_security_headers(client):
    for path in ("/", SUMMARY, f"{SUMMARY}/rules", "/unit", "/review", "/api/docs"):
        answer = client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in policy
        assert "default-src 'none'" in policy
        assert not re.search(r"<[^>]+\s(?:style|on[a-z]+)=", answer.text)
        assert not re.search(r"<script(?![^>]*\ssrc=)", answer.text)
        assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)


def test_no_page_names_one_form(catalogue):
    for path in (ROOT / "formsvc/web").rglob("*.*"):
        if path.suffix in (".py", ".html", ".js", ".css"):
            assert not [form for form in catalogue if form in path.read_text("utf-8")], path


def test_a_run_that_ends_its_process_each_time_has_failed(tmp_path):
    """Whatever takes a process down with it is not begun for ever."""
    runs = Runs(lambda run, task: None, tmp_path)
    key = os.urandom(32)
    run = runs.start(key, "unit", Task("read"))
    assert runs.wait(run, 5)
    begun = []
    for _ in range(6):
        until(lambda: not runs._pending)
        latest = runs.open(run.id, key)
        if latest.status.state == "failed":
            break
        latest.set_(state="running")  # as a process leaves it that was killed
        begun.append(runs.open(run.id, key).status.beginnings)
    assert latest.status.state == "failed"
    assert begun[:3] == [2, 3, 4]


def test_a_run_that_somebody_works_on_is_not_begun_twice(tmp_path):
    import threading

    began, end = threading.Event(), threading.Event()
    calls = []

    def work(run, task):
        calls.append(run.id)
        began.set()
        end.wait(10)

    one, two = Runs(work, tmp_path), Runs(work, tmp_path)
    key = os.urandom(32)
    run = one.start(key, "unit", Task("read"))
    assert began.wait(5)
    assert two.open(run.id, key).status.state == "running"
    end.set()
    assert one.wait(run, 5)
    assert two.open(run.id, key).status.state == "done"
    assert calls == [run.id]
