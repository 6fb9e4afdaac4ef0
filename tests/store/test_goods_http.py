"""Receipts, files and scans over HTTP: pages and interface."""

import io
import re

import pytest
from PIL import Image

from .served import OURS, SUBMISSIONS
from .signing import CSRF

# As test_filing_pages.
DATABASES = ("sqlite",)


@pytest.fixture
def browser(web):
    """The browser of somebody; "" for nobody."""
    return lambda name: web.doors.browser(web.world.people[name] if name else None)


def picture() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (400, 300), "white").save(stream, "PNG")
    return stream.getvalue()


def test_a_receipt_is_fetched_by_page_and_interface_and_verified_by_anybody(web, browser):
    id = web.world.handed_in(web.world.actor("申报人"), "江西某大学")
    client = browser("申报人")
    page = client.get(f"/filings/{id}/receipt.pdf")
    plain = client.get(f"/filings/{id}/receipt.json")
    assert (page.mimetype, page.data[:5]) == ("application/pdf", b"%PDF-")
    web.as_("申报人")
    assert web.get(f"{id}/receipt").data == web.get(f"{id}/receipt.json").data == plain.data
    assert web.get(f"{id}/receipt.pdf?version=1").data == page.data
    for raw in (page.data, plain.data):
        verdict = web.as_(None).post("/api/v1/verify", data=raw).json
        assert (verdict["status"], "由本服务签发" in verdict["message"]) == ("unchanged", True)
    assert browser("财政").get(f"/filings/{id}/receipt.pdf").status_code == 404
    assert browser("").get(f"/filings/{id}/receipt.pdf").status_code == 302


def test_files_are_added_listed_opened_and_removed_by_the_interface(web):
    id, _ = web.world.draft(web.world.actor("申报人"), "江西某大学")
    raw, at = picture(), f"{SUBMISSIONS}/{id}/materials"
    web.as_("申报人")
    added = web.post(f"{at}?name=a.png", data=raw)
    assert (added.status_code, added.json["media_type"]) == (201, "image/png")
    assert web.get(at).json == [added.json]
    found = web.get(f"{at}/{added.json['id']}")
    assert (found.data, found.headers["X-Content-Type-Options"]) == (raw, "nosniff")
    assert found.headers["Content-Disposition"].startswith("attachment")
    for query, sent in (("name=a.png", b"MZ"), ("kind=other", raw), ("", b"")):
        refused = web.post(f"{at}?{query}", data=sent)
        assert (refused.status_code, refused.mimetype) == (422, "application/problem+json"), query
    for name, status in (("单位", 404), (None, 401)):
        refused = web.as_(name).get(f"{at}/{added.json['id']}")
        assert (refused.status_code, refused.mimetype) == (status, "application/problem+json")
    assert web.as_("申报人").request("DELETE", f"{at}/{added.json['id']}").status_code == 204
    assert web.get(at).json == []


def test_a_browser_s_session_adds_and_removes_files_for_our_pages_alone(web, browser):
    id, _ = web.world.draft(web.world.actor("申报人"), "江西某大学")
    client, at = browser("申报人"), f"{SUBMISSIONS}/{id}/materials"
    assert client.post(at, data=picture()).status_code == 403
    added = client.post(at, data=picture(), headers=OURS)
    assert added.status_code == 201
    assert client.delete(f"{at}/{added.json['id']}").status_code == 403
    assert client.delete(f"{at}/{added.json['id']}", headers=OURS).status_code == 204


def test_the_page_offers_what_may_be_added_and_says_what_a_scan_lacks(web, browser):
    id = web.world.handed_in(web.world.actor("申报人"), "江西某大学")
    assert "上传" not in browser("申报人").get(f"/filings/{id}").text
    client = browser("单位")
    assert "还没有上传盖章后的扫描件" in client.get(f"/filings/{id}").text
    sent = {"token": CSRF, "kind": "scan", "file": (io.BytesIO(picture()), "扫描.png")}
    answer = client.post(f"/filings/{id}/materials", data=sent)
    assert (answer.status_code, answer.location) == (303, f"/filings/{id}#materials")
    shown = client.get(f"/filings/{id}").text
    assert "没有找到页上的校验码" in shown
    assert "删除 扫描" in shown
    assert client.post(f"/filings/{id}/materials", data={"kind": "scan"}).status_code == 400
    (number,) = re.findall(r"materials/([0-9]+)/remove", shown)
    client.post(f"/filings/{id}/materials/{number}/remove", data={"token": CSRF})
    assert "没有找到页上的校验码" not in client.get(f"/filings/{id}").text
