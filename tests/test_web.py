"""The HTTP interface, through the real application."""

import re
from urllib.parse import unquote

import jsonschema
import pytest

from formsvc.documents import MEDIA_TYPES
from formsvc.web.api.routes import BODY_LIMIT

from .conftest import valid_samples

SUMMARY = "/api/v1/forms/jiangxi-training-summary"
GOOD = valid_samples("jiangxi-training-summary")[0].read_bytes()
ON = "on=2026-03-01"


def test_the_forms_are_listed_and_described(client, catalogue):
    assert [form["id"] for form in client.get("/api/v1/forms").json] == list(catalogue)
    detail = client.get(SUMMARY).json
    assert {"surplus-share", "deadline"} <= {rule["id"] for rule in detail["rules"]}
    assert detail["sections"][0]["fields"][0]["label"] == "姓名"


def test_the_schema_needs_nothing_else_to_be_used(client):
    schema = client.get(f"{SUMMARY}/schema").json
    validator = jsonschema.Draft202012Validator(schema)
    import json

    assert validator.is_valid(json.loads(GOOD))
    assert not validator.is_valid({})


def test_a_document_has_a_chinese_name_and_an_ascii_fallback(client):
    answer = client.post(f"{SUMMARY}/documents?format=docx&{ON}", data=GOOD)
    assert answer.status_code == 200
    assert answer.mimetype == MEDIA_TYPES["docx"]
    disposition = answer.headers["Content-Disposition"]
    assert 'filename="jiangxi-training-summary.docx"' in disposition
    assert unquote(disposition.partition("UTF-8''")[2]).startswith("国（境）外研修总结书-")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", 'a\\b"c', "\u202egnp.exe", "甲\n乙", "x" * 500]
)
def test_a_download_name_holds_nothing_dangerous(name):
    from formsvc import load_forms
    from formsvc.delivery import file_name

    form = load_forms(whole=False)["jiangxi-training-summary"]
    made = file_name(form, {"person": {"name": name}}, "docx")
    assert not re.search(r'[/\\:*?"<>|\r\n\u202e]', made)
    assert len(made) < 150


@pytest.mark.parametrize("path", ["/api/v1/forms/nope", "/api/v1/nope", f"{SUMMARY}/blank.exe"])
def test_unknown_addresses_under_the_api_are_problems(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_an_unknown_page_is_a_page(client):
    answer = client.get("/nope")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "没有这个地址" in answer.text


def test_a_wrong_parameter_is_named(client):
    answer = client.post(f"{SUMMARY}/check?on=tomorrow", data=GOOD)
    assert answer.status_code == 422
    assert "on" in answer.json["errors"]


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(client):
    answer = client.post(f"{SUMMARY}/check", data=b" " * (BODY_LIMIT + 1))
    assert (answer.status_code, answer.mimetype) == (413, "application/problem+json")


def test_a_host_that_is_not_trusted_is_refused(client):
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_a_fault_inside_shows_no_traceback(app, catalogue, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(type(catalogue), "check", broken)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.testing = False
    try:
        answer = app.test_client().post(f"{SUMMARY}/check", data=GOOD)
    finally:
        app.testing = True
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert "secret detail" not in answer.text


@pytest.mark.parametrize("path", ["/", "/api/docs", "/nope"])
def test_pages_load_nothing_from_another_host(client, path):
    answer = client.get(path)
    loaded = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert loaded
    assert not [address for address in loaded if re.match(r"(https?:)?//", address)]
    assert "<script>" not in answer.text
    assert " style=" not in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_openapi_description_names_every_route(client, app):
    described = set(client.get("/api/v1/openapi.json").json["paths"])
    routes = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(("api.", "bulk."))
    }
    assert routes == described
    page = client.get("/api/docs").text
    assert all(path in page for path in described)


def test_health_and_readiness(client):
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").json["forms"] >= 2


def test_who_waits_too_long_at_the_gate_is_told_to_come_again():
    import threading

    from formsvc.web.gate import Gate

    inside, leave = threading.Event(), threading.Event()

    def slow(environ, start_response):
        inside.set()
        leave.wait(10)
        start_response("200 OK", [])
        return [b"done"]

    gate = Gate(slow, at_once=1, patience=0.05)
    said: list = []

    def start_response(status, headers):
        said.append((status, dict(headers)))

    first = threading.Thread(target=lambda: gate({"PATH_INFO": "/"}, start_response).close())
    first.start()
    inside.wait(10)
    gate({"PATH_INFO": "/"}, start_response)
    assert said[0][0].startswith("503")
    assert said[0][1]["Retry-After"]
    leave.set()
    first.join()
    assert list(gate({"PATH_INFO": "/"}, start_response)) == [b"done"]
