"""POST /api/v1/bulk: a stream of reports, tables, limits."""

import io
import json
import re
import socket
import zipfile

import openpyxl
import pytest

from benchmarks.generate import batch
from formsvc.bulk.outputs import workbook
from formsvc.web.api import bulk as bulk_api
from tests.conftest import first_sample
from tests.serving import served

URL = "/api/v1/bulk?on=2026-03-01"
LINES = {"Content-Type": bulk_api.LINES}


@pytest.fixture(scope="module")
def body():
    return "".join(json.dumps(data, ensure_ascii=False) + "\n" for data in batch(30)).encode()


def answered(response):
    return [json.loads(line) for line in response.get_data(as_text=True).splitlines()]


def test_every_line_has_its_report_and_the_last_line_counts_them(client, body):
    response = client.post(URL, data=body, headers=LINES)
    assert response.status_code == 200
    *reports, last = [line for line in answered(response) if "across" not in line]
    assert [line["number"] for line in reports] == list(range(1, 31))
    assert last["summary"]["submissions"] == 30
    assert last["summary"]["passed"] == sum(line["report"]["ok"] for line in reports)


def test_what_shows_only_across_lines_comes_behind_them(client, summary):
    line = json.dumps(summary) + "\n"
    *_, one, two, last = answered(client.post(URL, data=line * 2, headers=LINES))
    assert [each["across"][0]["rule"] for each in (one, two)] == ["once-abroad", "once-abroad"]
    assert last["summary"]["across"] == 2


def test_unreadable_lines_are_findings(client):
    response = client.post(URL, data=b'{"a":NaN}\n\xff\xff\n[]\n', headers=LINES)
    assert [line["report"]["ok"] for line in answered(response)[:-1]] == [False] * 3


def test_the_workbook_comes_when_it_is_asked_for(client, body):
    response = client.post(URL, data=body, headers=LINES | {"Accept": workbook.MEDIA_TYPE})
    assert response.mimetype == workbook.MEDIA_TYPE
    assert "filename*=UTF-8''" in response.headers["Content-Disposition"]
    book = openpyxl.load_workbook(io.BytesIO(response.data))
    assert book["申报"].max_row == 31


def test_a_zip_and_an_array_are_read_too(client):
    text = json.dumps(first_sample("jiangxi-training-summary"))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        target.writestr("张三.json", text)
    for kind, content in (
        ("application/zip", stream.getvalue()),
        ("application/json", f"[{text}]".encode()),
    ):
        response = client.post(URL, data=content, headers={"Content-Type": kind})
        first, last = answered(response)
        assert first["person"]
        assert last["summary"]["passed"] == 1


def test_another_kind_of_body_is_refused(client):
    response = client.post(URL, data=b"x", headers={"Content-Type": "text/html"})
    assert response.status_code == 415
    assert response.mimetype == "application/problem+json"


def test_a_body_that_is_too_long_is_refused_or_ended(client, monkeypatch):
    monkeypatch.setattr(bulk_api, "MAX_BODY", 100)
    response = client.post(URL, data=b" " * 200, headers=LINES)
    assert response.status_code == 413 or answered(response)[-1]["error"]["status"] == 413
    response = client.post(URL, data=b" " * 200, headers={"Content-Type": "application/zip"})
    assert response.status_code == 413


def test_too_many_runs_at_once_are_told_to_come_again(app, body):
    active = app.extensions["formsvc-bulk"]
    taken = []
    while leave := active.take():
        taken.append(leave)
    try:
        response = app.test_client().post(URL, data=body, headers=LINES)
        assert response.status_code == 429
        assert int(response.headers["Retry-After"]) > 0
    finally:
        for leave in taken:
            leave()
    assert app.test_client().post(URL, data=body, headers=LINES).status_code == 200


def test_no_id_number_comes_back(client, body):
    said = client.post(URL, data=body, headers=LINES).get_data(as_text=True)
    for line in body.decode().splitlines():
        code = json.loads(line)["person"].get("id_number")
        assert not code or code not in said


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server")) as running:
        yield running


def chunked(server, lines):
    """A connection on which a body of these lines is being sent, its end still to come."""
    port = int(server.address.rpartition(":")[2])
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    head = (
        f"POST {URL} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {bulk_api.LINES}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    connection.sendall(head.encode())
    for line in lines:
        connection.sendall(b"%x\r\n%s\r\n" % (len(line), line))
    return connection


def test_a_body_of_unknown_length_is_answered_once_it_is_in(server, body):
    with chunked(server, body.splitlines(keepends=True)[:6]) as connection:
        connection.sendall(b"0\r\n\r\n")
        seen = b""
        while b'{"summary"' not in seen:
            seen += connection.recv(65536)
    assert len(re.findall(rb'"number":\d+,"source"', seen)) == 6


def test_bodies_that_are_still_being_sent_take_no_place(server, body):
    lines = body.splitlines(keepends=True)[:2]
    sending = [chunked(server, lines) for _ in range(8)]
    try:
        with chunked(server, lines) as connection:
            connection.sendall(b"0\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
    finally:
        for connection in sending:
            connection.close()
