"""Receipts, files and scans over HTTP: pages and interface."""

import io
import re

import pytest
from flask import render_template_string
from PIL import Image

from formsvc.store.life import State
from formsvc.store.models import Filing
from formsvc.store.store import Store
from formsvc.web import create_app

from .world import BEGINNING, jiangxi


@pytest.fixture
def app(settings):
    made = create_app(settings)
    made.testing = True
    yield made
    made.extensions["formsvc-store"].engine.dispose()


@pytest.fixture
def here(app, clock):
    """The same store, on the day that the samples were made for."""
    opened: Store = app.extensions["formsvc-store"]
    object.__setattr__(opened, "clock", clock)
    assert clock.now == BEGINNING
    return jiangxi(opened)


@pytest.fixture
def as_(app, here):
    """A client signed in as somebody."""

    def client(name: str):
        app.extensions["formsvc-actor"] = lambda: here.actor(name) if name else None
        return app.test_client()

    return client


def picture() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (400, 300), "white").save(stream, "PNG")
    return stream.getvalue()


_TOKEN = {"Authorization": "Bearer fs_test"}


def test_a_receipt_is_fetched_by_page_and_interface_and_verified_by_anybody(here, as_):
    id = here.handed_in(here.actor("申报人"), "江西某大学")
    client = as_("申报人")
    page = client.get(f"/filings/{id}/receipt.pdf")
    plain = client.get(f"/filings/{id}/receipt.json")
    assert (page.mimetype, page.data[:5]) == ("application/pdf", b"%PDF-")
    assert client.get(f"/api/v1/submissions/{id}/receipt").data == plain.data
    assert client.get(f"/api/v1/submissions/{id}/receipt.pdf").data == page.data
    for raw in (page.data, plain.data):
        verdict = as_("").post("/api/v1/verify", data=raw).json
        assert (verdict["status"], "由本服务签发" in verdict["message"]) == ("unchanged", True)
    assert as_("财政").get(f"/filings/{id}/receipt.pdf").status_code == 404
    assert as_("").get(f"/filings/{id}/receipt.pdf").status_code == 401


def test_files_are_added_listed_opened_and_removed_by_the_interface(here, as_):
    id, _ = here.draft(here.actor("申报人"), "江西某大学")
    client, raw = as_("申报人"), picture()
    at = f"/api/v1/submissions/{id}/materials"
    added = client.post(f"{at}?name=a.png", data=raw, headers=_TOKEN)
    assert (added.status_code, added.json["media_type"]) == (201, "image/png")
    assert client.get(at).json == [added.json]
    found = client.get(f"{at}/{added.json['id']}")
    assert (found.data, found.headers["X-Content-Type-Options"]) == (raw, "nosniff")
    assert found.headers["Content-Disposition"].startswith("attachment")
    assert client.post(f"{at}?name=a.png", data=b"MZ", headers=_TOKEN).status_code == 422
    assert client.post(f"{at}?name=a.png", data=raw).status_code == 400
    for name, status in (("单位", 404), ("", 401)):
        assert as_(name).get(f"{at}/{added.json['id']}").status_code == status
    client = as_("申报人")
    assert client.delete(f"{at}/{added.json['id']}", headers=_TOKEN).status_code == 204
    assert client.get(at).json == []


def test_the_page_offers_what_may_be_added_and_says_what_a_scan_lacks(app, here, as_):
    id = here.handed_in(here.actor("申报人"), "江西某大学")
    with here.store.reading() as work:
        filing = work.session.get_one(Filing, id)
        assert filing.state == State.OPEN

    def page(name: str) -> str:
        client = as_(name)
        with app.test_request_context(f"/filings/{id}"):
            return client and render_template_string(
                "{% include 'materials.html' %}", filing=filing, csrf_token=lambda: "t"
            )

    assert "上传" not in page("申报人")
    assert "还没有上传盖章后的扫描件" in page("单位")
    client = as_("单位")
    token = re.search(r'name="token" value="([^"]+)"', client.get("/verify").text)[1]
    sent = {"token": token, "kind": "scan", "file": (io.BytesIO(picture()), "扫描.png")}
    answer = client.post(f"/filings/{id}/materials", data=sent)
    assert (answer.status_code, answer.location) == (303, f"/filings/{id}#materials")
    shown = page("单位")
    assert "没有找到页上的校验码" in shown
    assert "删除 扫描" in shown
    assert client.post(f"/filings/{id}/materials", data={"kind": "scan"}).status_code == 400
    (number,) = re.findall(r"materials/([0-9]+)/remove", shown)
    client.post(f"/filings/{id}/materials/{number}/remove", data={"token": token})
    assert "没有找到页上的校验码" not in page("单位")
