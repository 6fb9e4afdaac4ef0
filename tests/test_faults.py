"""Nothing that somebody sends, and no full disk, is a fault of ours."""

import errno
import io
import json
import re
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from formsvc.cli import main
from formsvc.intake.bounds import bounded
from formsvc.intake.items import Item
from formsvc.sealed import SealedFolder
from formsvc.storage import LocalFolder

SUMMARY, FUNDING = "jiangxi-training-summary", "jiangxi-project-funding"


@pytest.fixture
def token(client):
    return re.search(r'name="token" value="([^"]+)"', client.get(f"/forms/{SUMMARY}").text)[1]


def load(client, token, form, data):
    file = (io.BytesIO(json.dumps(data).encode()), "a.json")
    return client.post(f"/forms/{form}", data={"token": token, "do": "load", "file": file})


# 500s that were


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_file_with_an_empty_row_is_shown_as_it_stands(client, token, funding, place):
    rows = funding["project"]["budget"]
    rows.insert(place, {})
    answer = load(client, token, FUNDING, funding)
    assert answer.status_code == 200
    for number, row in enumerate(rows):
        box = re.search(rf'name="/project/budget/{number}/amount"[^>]*value="([^"]*)"', answer.text)
        assert box[1] == str(row.get("amount", ""))


ODD = [
    {"/materials/1": "x"}, {"/person": "x"}, {"/person/name/x": "x"}, {"/project/budget": "x"},
    {"/materials": "x", "/materials/0": "y"}, {"": "x"}, {"/": "x"}, {"x": "y"},
    {"/project/budget": "x", "/project/budget/0/amount": "1"}, {"/project/budget/99999/amount": "1"},
    {"/project/budget/00/amount": "1", "/project/budget/0/amount": "2"},
    {"/project/budget/*/amount": "1"}, {"/person/name": "张三", "/person/id_number": "9" * 402},
    {"/expenses/total": "9" * 402}, {"/form": "x"}, {"/edition": "x"},
]  # fmt: skip
BUTTONS = ["check", "add /person", "add /project/budget", "add x", "add", "remove /person", "remove",
           "json", "docx", "preview", "load", "restore", "none"]  # fmt: skip


@pytest.mark.parametrize("form", [SUMMARY, FUNDING])
@pytest.mark.parametrize("sent", ODD, ids=str)
def test_odd_names_of_fields_and_buttons_are_no_fault(client, token, form, sent):
    sent = {"/person/name": "张三", **sent, "token": token}
    assert client.post(f"/forms/{form}/live", data=sent).status_code == 200
    for button in BUTTONS:
        answer = client.post(f"/forms/{form}", data={**sent, "do": button})
        assert answer.status_code in (200, 422), button


@pytest.mark.parametrize("digits", [22, 402, 4_000, 5_000])
def test_a_number_of_many_digits_is_a_finding_everywhere(client, token, summary, digits):
    raw = json.dumps(summary).replace(
        f'"total": {summary["expenses"]["total"]}', '"total": ' + "9" * digits
    )
    for format in ("docx", "pdf"):
        answer = client.post(f"/api/v1/forms/{SUMMARY}/documents?draft=1&format={format}", data=raw)
        assert answer.status_code == 400
        assert answer.json["report"]["findings"][0]["rule"] == "input.number"
    assert client.post("/api/v1/verify", data=raw).status_code == 200
    assert client.post("/api/v1/read", data=raw).status_code == 422
    file = {"token": token, "do": "load", "file": (io.BytesIO(raw.encode()), "a.json")}
    assert client.post(f"/forms/{SUMMARY}", data=file).status_code == 422


def test_several_may_ask_for_the_same_comparison_at_once(app, summary):
    client = app.test_client()
    page = client.get("/review").text
    token = re.search(r'name="token" value="([^"]+)"', page)[1]
    runs = []
    for name in ("张三", "李四"):
        lines = [json.dumps({**summary, "person": {**summary["person"], "name": f"{name}{n}"}}) for n in range(60)]  # fmt: skip
        file = (io.BytesIO("\n".join(lines).encode()), "a.jsonl")
        answer = client.post("/review", data={"token": token, "files": file})
        runs.append(answer.headers["Location"].rpartition("/")[2])
        while 'http-equiv="refresh"' in client.get(f"/review/{runs[-1]}").text:
            time.sleep(0.05)
    earlier, now = runs
    cookies = "; ".join(f"{c.key}={c.value}" for c in client._cookies.values())

    def ask(_):
        return app.test_client(use_cookies=False).get(
            f"/review/{now}/changes/{earlier}", headers={"Cookie": cookies}
        )

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1


# A full disk


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def full_database(*_, **__):
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    raise error


@pytest.mark.parametrize("fault", [full, full_database])
def test_a_full_disk_is_507_on_every_route_that_writes(app, client, monkeypatch, summary, fault):
    page = client.get("/review").text
    token = re.search(r'name="token" value="([^"]+)"', page)[1]
    raw = json.dumps(summary).encode()
    monkeypatch.setattr(SealedFolder, "create", fault)
    monkeypatch.setattr("formsvc.bulk.comparison.sqlite3.connect", fault)
    for desk in ("unit", "review"):
        file = {"token": token, "files": (io.BytesIO(raw), "a.json")}
        assert client.post(f"/{desk}", data=file).status_code == 507
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    answer = client.post(
        "/api/v1/bulk", data=raw, content_type="application/x-ndjson", headers={"Accept": sheet}
    )
    assert (answer.status_code, answer.mimetype) == (507, "application/problem+json")
    assert "没有空间" in answer.json["detail"]
    answer = client.post("/api/v1/bulk", data=raw, content_type="application/x-ndjson")
    assert answer.status_code == 507 or json.loads(answer.data)["error"]["status"] == 507


def test_a_full_disk_is_one_line_and_no_empty_file(runner, tmp_path, monkeypatch, summary):
    (tmp_path / "a.json").write_text(json.dumps(summary), "utf-8")
    monkeypatch.setattr("os.fsync", full)
    target = tmp_path / "out.docx"
    for command in (
        ["fill", str(tmp_path / "a.json"), "-o", str(target)],
        ["blank", SUMMARY, "-o", str(target)],
        ["bulk", str(tmp_path / "a.json"), "-o", str(tmp_path / "batch")],
    ):
        result = runner.invoke(main, command)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1), result.stderr
        assert "没有空间" in result.stderr
        assert not target.exists()
    assert [path.name for path in tmp_path.glob("*") if path.is_file()] == ["a.json"]


def test_a_file_that_cannot_be_written_is_still_said_by_name(runner, tmp_path):
    result = runner.invoke(main, ["blank", SUMMARY, "-o", str(tmp_path / "none" / "a.docx")])
    assert result.exit_code == 2
    assert "没有这个文件" in result.stderr


# What a small upload may cost


def test_items_and_bytes_of_reports_have_a_limit():
    many = [Item(f"{number}", b"{}") for number in range(10)]
    assert [i.raw for i in bounded(many, lambda: 0, most=3)] == [b"{}"] * 3 + [None]
    written = iter(range(0, 1000, 100))
    assert len(list(bounded(many, lambda: next(written), size=250))) == 4


def test_endless_small_lines_end_with_a_report_that_says_so(client, monkeypatch):
    api = sys.modules["formsvc.web.api.bulk"]
    monkeypatch.setattr(api, "bounded", partial(bounded, most=100))
    answer = client.post(
        "/api/v1/bulk", data=b"{}\n" * 150_000, content_type="application/x-ndjson"
    )
    lines = answer.data.splitlines()
    assert len(lines) == 102
    assert "没有读取" in lines[-2].decode()


def test_a_sealed_file_may_be_written_by_several(tmp_path):
    folder = SealedFolder(tmp_path, bytes(32))
    with folder.create("a") as one, folder.create("a") as other:
        one.write(b"1")
        other.write(b"2")
    assert folder.read("a") in (b"1", b"2")
    with LocalFolder(tmp_path).scratch():
        pass
