"""A submission's way through the offices in a real browser, from the draft to the end."""

import re
import threading
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from formsvc.config import Settings
from formsvc.web import create_app
from tests.store.signing import CSRF, PASSWORD, Doors
from tests.store.world import SUMMARY, jiangxi

from .test_access import is_fine
from .test_applicant import SAMPLE, fill_by_hand, load


class Office:
    """The application over a store of its own, served, and a browser for everybody in it."""

    def __init__(self, folder, chromium) -> None:
        self.app = create_app(Settings(data=folder / "data"))
        self.store = self.app.extensions["formsvc-store"]
        self.world = jiangxi(self.store)
        self.doors = Doors(self.app, self.store)
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.address = f"http://127.0.0.1:{self.server.port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.chromium, self.contexts = chromium, []

    def page(self, name: str, *, width: int = 1280, scripts: bool = True):
        context = self.chromium.new_context(
            base_url=self.address, locale="zh-CN", viewport={"width": width, "height": 900},
            java_script_enabled=scripts,
        )  # fmt: skip
        self.contexts.append(context)
        if name:
            context.add_cookies([{"name": "formsvc_token", "value": CSRF, "url": self.address}])
            email = self.doors.admitted(self.world.people[name])
            sent = {"token": CSRF, "email": email, "password": PASSWORD}
            assert context.request.post("/account/login", form=sent).ok
        page = context.new_page()
        page.set_default_timeout(15_000)
        return page

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        self.server.shutdown()
        self.thread.join()
        self.store.engine.dispose()


@pytest.fixture
def office(tmp_path, chromium):
    made = Office(tmp_path, chromium)
    yield made
    made.close()


def press(page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def hand_in(page) -> None:
    press(page, "保存并去提交")
    expect(page.get_by_role("heading", level=1)).to_have_text("确认提交")
    press(page, "确认提交")
    expect(page.get_by_role("status").first).to_contain_text("已提交")


def decide(office, name: str, words: str, button: str):
    page = office.page(name)
    page.goto("/todo")
    page.locator(".filing-list th a").first.click()
    page.get_by_role("textbox", name="意见").fill(words)
    page.get_by_role("button", name=re.compile(f"^{button}")).click()
    return page


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_a_filing_is_drafted_returned_mended_and_concluded(office, scripts):
    applicant = office.page("申报人", scripts=scripts)
    applicant.goto("/filings")
    applicant.get_by_label("填哪一种表").select_option(SUMMARY)
    press(applicant, "开始填写")
    expect(applicant.get_by_role("heading", level=1)).to_be_visible()
    fill_by_hand(applicant, SAMPLE)
    press(applicant, "检查全部")
    expect(applicant.locator("#summary")).to_contain_text("没有问题")
    press(applicant, "保存")
    expect(applicant.get_by_role("status").first).to_contain_text("已保存")
    hand_in(applicant)

    page = decide(office, "单位", "情况属实，同意上报。", "通过")
    expect(page.get_by_role("status").first).to_contain_text("转到下一步")
    page = office.page("部门")
    page.goto("/todo")
    page.get_by_label("全选本页 1 份").check()
    expect(page.locator('input[name="pick"]')).to_be_checked()
    expect(page.locator("output")).to_have_text("已选 1 份")
    page.locator(".filing-list th a").first.click()
    page.get_by_role("textbox", name="意见").fill("研修成效写得太简单，请补充。")
    page.get_by_text("退回申报人改正").click()
    page.get_by_label("改正期限").fill(f"{datetime.now(UTC).year + 1}-06-30")
    press(page, "退回")
    expect(page.get_by_role("status").first).to_contain_text("已退回")

    applicant.goto("/filings")
    expect(applicant.locator(".came-back")).to_contain_text("请补充")
    applicant.get_by_role("link", name="继续填写").click()
    applicant.locator('[id="/training/outcome"]').fill("建立了合作关系，发表论文两篇。")
    hand_in(applicant)
    expect(applicant.locator(".way")).to_contain_text("意见已失效")
    for name in ("单位", "部门", "省厅", "财政", "财政"):
        page = decide(office, name, "同意。", "通过")
    expect(page.locator("#now + p")).to_contain_text("已办结")
    page.goto("/funds")
    expect(page.get_by_role("table").last).to_contain_text("江西某大学")
    applicant.goto("/filings")
    expect(applicant.locator(".filings")).to_contain_text("已办结")


def test_two_windows_lose_nothing(office):
    first, second = office.page("申报人"), office.page("申报人")
    first.goto("/filings")
    first.get_by_label("填哪一种表").select_option(SUMMARY)
    press(first, "开始填写")
    second.goto(first.url)
    first.locator('[id="/person/name"]').fill("先存的")
    press(first, "保存")
    expect(first.get_by_role("status").first).to_contain_text("已保存")
    second.locator('[id="/person/name"]').fill("后存的")
    press(second, "保存")
    expect(second.get_by_role("heading", level=1)).to_contain_text("另一个窗口已经改过")
    expect(second.locator("table")).to_contain_text("先存的")
    press(second, "以我这一页为准，保存")
    expect(second.locator('[id="/person/name"]')).to_have_value("后存的")


def test_a_draft_of_the_store_is_not_kept_in_the_browser_too(office):
    page = office.page("申报人")
    page.goto("/filings")
    page.get_by_label("填哪一种表").select_option(SUMMARY)
    press(page, "开始填写")
    page.locator('[id="/person/name"]').fill("某人")
    assert page.evaluate("localStorage.length") == 0


def test_every_page_of_the_store_is_accessible_and_fits(office, violations):
    applicant = office.page("申报人")
    applicant.goto(f"/forms/{SUMMARY}")
    load(applicant, SAMPLE)
    press(applicant, "保存到我的申报")
    applicant.wait_for_url("**/edit?done=saved")
    assert is_fine(applicant, violations)
    press(applicant, "保存并去提交")
    applicant.wait_for_url("**/hand-in")
    assert is_fine(applicant, violations)
    press(applicant, "确认提交")
    assert is_fine(applicant, violations)
    page = office.page("单位")
    for path in (
        "/filings",
        "/todo",
        "/filings/all",
        "/notices",
        "/filings/1",
        "/filings/1/versions/1",
    ):
        page.goto(path)
        assert is_fine(page, violations), path
    for name, path in (
        ("省厅", "/funds"),
        ("管理员", "/admin/history"),
        ("管理员", "/admin/history/whole"),
    ):
        page = office.page(name)
        page.goto(path)
        assert is_fine(page, violations), path
