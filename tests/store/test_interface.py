"""The store over HTTP: /api/v1/submissions and what belongs to it."""

import json
import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from formsvc import pointers, read
from formsvc.documents.proof.marks import digest
from formsvc.store import events, life
from formsvc.store.access import Scope
from formsvc.store.models import Event

from .served import BASE, OURS, SUBMISSIONS
from .world import SUMMARY, submission

UNIT = "江西某大学"


def draft(web, data=None, **more) -> dict:
    body = {"unit": web.world.offices[UNIT], "submission": data or submission(), **more}
    answer = web.as_("申报人").post(SUBMISSIONS, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json


def handed_in(web, data=None) -> dict:
    made = draft(web, data)
    answer = web.post(f"{made['id']}/hand-in", made["revision"])
    assert answer.status_code == 200, answer.text
    return answer.json


def opinion(told, **more) -> dict:
    return {"digest": told["versions"][-1]["digest"], **more}


def done(web, who, told, verb, **more) -> dict:
    answer = web.as_(who).post(f"{told['id']}/{verb}", told["revision"], json=opinion(told, **more))
    assert answer.status_code == 200, answer.text
    return answer.json


def kinds(world, filing) -> list[tuple[str, dict]]:
    with world.store.reading() as work:
        found = work.session.scalars(
            select(Event).where(Event.filing_id == filing).order_by(Event.number)
        )
        return [(each.kind, json.loads(each.details)) for each in found]


def test_a_submission_goes_all_the_way_over_http(web):
    told = handed_in(web)
    assert re.fullmatch(r"2026-0{5}1-\d", told["number"])
    for who, stage in (("单位", "department"), ("部门", "review"), ("省厅", "recheck"),
                       ("财政", "pay"), ("财政", "")):  # fmt: skip
        told = done(web, who, told, "pass-on", words="同意")
        assert told["stage"] == stage
    assert told["state"] == "concluded"
    assert [each["words"] for each in told["passages"]] == ["", *["同意"] * 5]
    with web.world.store.reading() as work:
        assert not list(events.faults(work.session, web.world.store.keys, web.world.store.data))


def test_what_is_returned_says_why_and_is_mended(web):
    data = submission(training__end_date="2026-01-30")
    told = handed_in(web, data)
    report = web.get(f"{told['id']}/report").json
    findings = [{"rule": f["rule"], "pointer": f["pointer"]} for f in report["findings"]][:1]
    told = done(web, "单位", told, "return", words="请改", findings=findings, until="2026-03-20")
    assert (told["state"], told["due"]) == ("returned", "2026-03-20")
    assert told["passages"][-1]["findings"] == report["findings"][:1]
    data["training"]["outcome"] = "改好了。"
    id = told["id"]
    saved = web.as_("申报人").request(
        "PUT", str(id), json=data, headers={"If-Match": f'"{told["revision"]}"'}
    )
    assert saved.status_code == 200
    again = web.post(f"{id}/hand-in", saved.json["revision"]).json
    assert again["version"] == 2
    changes = web.get(f"{id}/versions/2/difference?with=1").json
    assert [(each["pointer"], each["after"]) for each in changes] == [
        ("/training/outcome", "改好了。")
    ]
    assert changes == web.get(f"{id}/versions/1/difference?with=2").json


def test_a_finding_that_the_report_does_not_have_is_refused(web):
    told = handed_in(web)
    body = opinion(told, words="x", findings=[{"rule": "made-up", "pointer": "/a"}])
    answer = web.as_("单位").post(f"{told['id']}/return", told["revision"], json=body)
    assert (answer.status_code, "made-up" in answer.json["detail"]) == (422, True)


def test_a_change_says_what_it_is_based_on(web):
    made = draft(web)
    for verb in ("hand-in", "withdraw"):
        assert web.post(f"{made['id']}/{verb}").status_code == 428
        assert web.post(f"{made['id']}/{verb}", headers={"If-Match": "*"}).status_code == 428
    assert web.post(f"{made['id']}/hand-in", 99).status_code == 412
    assert web.post(f"{made['id']}/hand-in", "x").status_code == 412
    assert web.request("DELETE", str(made["id"])).status_code == 428
    etag = {"If-Match": web.get(str(made["id"])).headers["ETag"]}
    assert web.request("DELETE", str(made["id"]), headers=etag).status_code == 204
    assert web.get(str(made["id"])).status_code == 404


def test_the_same_key_hands_in_once_and_another_request_is_refused(web):
    made = draft(web)
    key = {"Idempotency-Key": "a-1"}
    answers = [web.post(f"{made['id']}/hand-in", made["revision"], headers=key) for _ in range(3)]
    assert [each.status_code for each in answers] == [200] * 3
    assert {each.json["version"] for each in answers} == {1}
    revision = answers[-1].json["revision"]
    assert web.post(f"{made['id']}/hand-in", revision, headers=key).status_code == 422


def test_what_has_errors_is_refused_with_the_report(web):
    made = draft(web, submission(funding__provincial=200_000))
    answer = web.post(f"{made['id']}/hand-in", made["revision"])
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert "provincial-cap" in {each["rule"] for each in answer.json["report"]["findings"]}


def test_a_submission_alone_makes_a_draft_too_and_comes_back_exactly(web):
    data = submission()
    raw = json.dumps(data).replace("95000", "95000.10")
    unit = web.world.offices[UNIT]
    answer = web.as_("申报人").post(f"{SUBMISSIONS}?office={unit}", data=raw)
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{SUBMISSIONS}/{answer.json['id']}"
    assert "95000.10" in web.get(f"{answer.json['id']}/submission").text


@pytest.mark.parametrize(
    ("raw", "status", "rule"),
    [
        (b"{", 400, "input.syntax"),
        (b'{"a": NaN}', 400, "input.number"),
        (b"[" * 40 + b"]" * 40, 400, "input.depth"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, 400, "input.depth"),
        (b'{"form": "' + SUMMARY.encode() + b'", "form": "x"}', 400, "input.duplicate-key"),
        (b" " * 1_000_002, 413, None),
        (b"[]", 422, None),
        (b'{"form": "nope"}', 422, None),
        (b'{"submission": 5}', 422, None),
        (b'{"submission": {}, "unit": "x", "form": "jiangxi-training-summary"}', 422, None),
    ],
)
def test_a_draft_that_cannot_be_read_is_a_problem(web, raw, status, rule):
    answer = web.as_("申报人").post(SUBMISSIONS, data=raw)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    if rule:
        assert rule in {each["rule"] for each in answer.json["report"]["findings"]}


def test_lists_are_what_one_asked_for_page_by_page(web):
    made = [draft(web) for _ in range(5)]
    ids = [each["id"] for each in made]
    found, after = [], ""
    while True:
        page = web.get(f"{SUBMISSIONS}?limit=2&after={after}").json
        found += [each["id"] for each in page["items"]]
        after = page["next"]
        if not after:
            break
    assert found == ids[::-1]
    told = web.post(f"{ids[0]}/hand-in", made[0]["revision"]).json
    name, number = told["person"], submission()["person"]["id_number"]
    web.as_("单位")
    for query in ("which=waiting", f"which=visible&q={name}", f"which=visible&q={number}",
                  f"which=visible&q={told['number']}&state=open&form={SUMMARY}"):  # fmt: skip
        items = web.get(f"{SUBMISSIONS}?{query}").json["items"]
        assert [each["id"] for each in items] == [ids[0]], query
    assert web.get(SUBMISSIONS).json["items"] == []
    for query in ("which=all", "after=zzz", "limit=0", "limit=1000", "state=x", "q=%00"):
        assert web.get(f"{SUBMISSIONS}?{query}").status_code == 422, query


def test_a_document_carries_the_version_that_was_handed_in(web, catalogue):
    told = handed_in(web)
    for format in ("docx", "pdf"):
        answer = web.get(f"{told['id']}/documents?format={format}&version=1")
        assert answer.status_code == 200
        data = read(answer.data, catalogue).data
        assert digest(data).hex() == told["versions"][0]["digest"]
        assert told["number"] in answer.headers["Content-Disposition"]


def test_a_draft_s_document_is_marked_even_when_it_has_errors(web):
    made = draft(web, {"form": SUMMARY})
    assert web.get(f"{made['id']}/documents?format=pdf").status_code == 200
    assert web.get(f"{made['id']}/report").json["ok"] is False


def test_reading_content_is_an_event_that_quotes_nothing(web):
    told = handed_in(web)
    id = told["id"]
    web.as_("省厅")
    for path in ("submission?version=1", "report", "documents", "versions/1/difference?with=1"):
        assert web.get(f"{id}/{path}").status_code == 200
    reads = [details for kind, details in kinds(web.world, id) if kind == "read"]
    assert reads == [{"version": 1}], "the four are one reading of that day"
    assert submission()["person"]["id_number"] not in json.dumps(kinds(web.world, id))


def test_what_the_owner_works_on_is_nobody_else_s(web):
    told = handed_in(web)
    told = done(web, "单位", told, "return", words="请改")
    changed = submission(training__outcome="还没有提交的改动。")
    etag = {"If-Match": f'"{told["revision"]}"'}
    web.as_("申报人").request("PUT", str(told["id"]), json=changed, headers=etag)
    path = f"{told['id']}/submission"
    assert "还没有提交" in web.get(path).text
    assert "还没有提交" not in web.as_("单位").get(path).text


@pytest.mark.parametrize("number", ["0", "9", "99999999999999999999999"])
def test_a_version_that_was_never_handed_in_is_not_there(web, number):
    told = handed_in(web)
    answer = web.get(f"{told['id']}/versions/{number}/difference?with=1")
    assert answer.status_code == 404
    assert web.get(f"{SUBMISSIONS}/{number}9999").status_code == 404


def test_offices_say_what_may_be_handed_in_through_them(web):
    (mine,) = web.as_("申报人").get(f"{BASE}/offices").json
    assert (mine["name"], mine["roles"]) == (UNIT, ["applicant"])
    assert SUMMARY in mine["forms"]
    assert "jiangxi-project-funding" not in mine["forms"]
    (unit,) = web.as_("单位").get(f"{BASE}/offices").json
    assert {SUMMARY, "jiangxi-project-funding"} <= set(unit["forms"])
    assert web.as_("管理员").get(f"{BASE}/offices").json == []


def test_notices_are_one_s_own_newest_first(web):
    told = handed_in(web)
    assert web.as_("申报人").get(f"{BASE}/notices").json["items"] == []
    (notice,) = web.as_("单位").get(f"{BASE}/notices").json["items"]
    assert (notice["submission"], notice["read"]) == (told["id"], None)
    done(web, "单位", told, "return", words="请改")
    page = web.as_("申报人").get(f"{BASE}/notices?limit=1").json
    assert "退回" in page["items"][0]["text"]
    assert page["next"] is None


# who asks


def test_nobody_is_told_how_to_sign_in(web):
    answer = web.as_(None).get(SUBMISSIONS)
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_browser_s_session_changes_nothing_for_another_site(web):
    who = web.world.actor("申报人")
    bare = web.doors.browser(who.person)
    body = {"unit": web.world.offices[UNIT], "submission": submission()}
    assert bare.post(SUBMISSIONS, json=body).status_code == 403
    assert bare.get(SUBMISSIONS).status_code == 200
    for headers in (OURS, {"Authorization": f"Bearer {web.doors.token(who)}"}):
        assert bare.post(SUBMISSIONS, json=body, headers=headers).status_code == 201
    foreign = {**OURS, "Origin": "https://elsewhere.example"}
    assert bare.post(SUBMISSIONS, json=body, headers=foreign).status_code == 401


def test_a_token_that_only_reads_changes_nothing_and_the_attempt_is_remembered(web):
    made = draft(web)
    web.as_(replace(web.world.actor("申报人"), scopes=frozenset({Scope.READ})))
    assert web.get(str(made["id"])).status_code == 200
    assert web.post(f"{made['id']}/hand-in", made["revision"]).status_code == 403
    assert web.post(SUBMISSIONS, json=submission()).status_code == 403
    assert ("refused", {"verb": "hand-in", "why": "role"}) in kinds(web.world, made["id"])


def test_an_erased_version_is_gone(web):
    told = handed_in(web)
    with web.world.store.writing() as work:
        filing = work.session.get_one(life.Filing, told["id"])
        filing.versions[0].sealed = filing.versions[0].sealed_report = None
    for path in ("submission", "documents", "report", "versions/1/difference?with=1"):
        assert web.as_("单位").get(f"{told['id']}/{path}").status_code == 410, path


# described


def test_openapi_names_the_routes_of_the_store_and_only_where_there_is_one(web, client):
    spec = web.get(f"{BASE}/openapi.json").json
    known = {rule.rule for rule in client.application.url_map.iter_rules()}
    routes = {
        re.sub(r"<(?:[^:>]+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in web.app.url_map.iter_rules()
        if rule.rule.startswith(f"{BASE}/") and rule.rule not in known
    }
    assert len(routes) > 20
    assert routes <= set(spec["paths"])
    assert not routes & set(client.get(f"{BASE}/openapi.json").json["paths"])
    assert client.get(SUBMISSIONS).status_code == 404
    for path in routes:
        for method, operation in spec["paths"][path].items():
            if method == "parameters":
                continue
            assert operation["security"] == [{"token": []}]
            assert {"401"} <= set(operation["responses"])
            if path.startswith(f"{SUBMISSIONS}/") and "materials" not in path and method != "get":
                assert "If-Match" in json.dumps(operation)
    for reference in set(re.findall(r'"\$ref": "#([^"]+)"', json.dumps(spec))):
        assert pointers.get(spec, reference), reference
    page = web.get("/api/docs").text
    assert all(path in page for path in routes)
