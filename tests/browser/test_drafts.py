"""Drafts in the browser: several, each tab its own, nobody's work lost or kept where it should not be."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_applicant import BUDGET, FUNDING, field, load

KEPT = "Object.keys(localStorage)"


def typed(page: Page, name: str) -> None:
    """A form with a name in it, kept."""
    page.goto(FUNDING)
    field(page, "/person/name").fill(name)
    page.wait_for_function("name => JSON.stringify({...localStorage}).includes(name)", arg=name)


@pytest.fixture
def page(open_page):
    opened = open_page()
    opened.on("dialog", lambda dialog: dialog.accept())
    return opened


def test_a_draft_outlives_the_page_and_comes_back_where_one_was(page):
    typed(page, "欧阳娜娜")
    field(page, "/project/budget/0/item").fill("设备费")
    page.goto(FUNDING)
    drafts = page.locator("#drafts")
    expect(drafts).to_contain_text("欧阳娜娜")
    expect(drafts).to_contain_text("再保留 30 天")
    drafts.get_by_role("button", name="恢复").click()
    expect(field(page, "/person/name")).to_have_value("欧阳娜娜")
    expect(field(page, "/project/budget/0/item")).to_have_value("设备费")
    expect(field(page, "/project/budget/0/item")).to_be_focused()
    field(page, "/person/address").fill("南昌市")
    assert page.evaluate(f"{KEPT}.length") == 1


def test_typing_past_the_notice_begins_a_draft_of_its_own(page):
    typed(page, "欧阳娜娜")
    typed(page, "司马相如")
    page.goto(FUNDING)
    expect(page.locator("#drafts-list li")).to_have_count(2)
    expect(page.locator("#drafts")).to_contain_text(re.compile("司马相如.*欧阳娜娜", re.DOTALL))


def test_a_loaded_paper_leaves_the_draft_alone(page):
    typed(page, "欧阳娜娜")
    load(page, BUDGET)
    expect(page.locator("#summary")).to_contain_text("没有问题")
    page.goto(FUNDING)
    expect(page.locator("#drafts-list li")).to_have_count(2)
    expect(page.locator("#drafts")).to_contain_text("欧阳娜娜")


def test_two_tabs_do_not_write_over_each_other(page):
    typed(page, "欧阳娜娜")
    second = page.context.new_page()
    second.goto(FUNDING)
    second.locator("#drafts").get_by_role("button", name="恢复").click()
    expect(field(second, "/person/name")).to_have_value("欧阳娜娜")
    field(second, "/person/name").fill("司马相如")
    field(page, "/person/address").fill("南昌市")
    second.wait_for_function(f"{KEPT}.length === 2")
    said = page.evaluate("Object.values(localStorage).join()")
    assert "司马相如" in said
    assert "欧阳娜娜" in said


def test_a_deleted_draft_is_gone_at_once_and_can_be_taken_back(page):
    typed(page, "欧阳娜娜")
    page.goto(FUNDING)
    page.locator("#drafts").get_by_role("button", name="删除").click()
    assert page.evaluate(f"{KEPT}.length") == 0
    page.get_by_role("button", name="撤销删除").click()
    expect(page.locator("#drafts")).to_contain_text("欧阳娜娜")
    page.locator("#drafts").get_by_role("button", name="删除").click()
    page.goto(FUNDING)
    expect(page.locator("#drafts")).to_be_hidden()


def test_nothing_stays_on_a_shared_computer_that_was_cleared(page):
    typed(page, "欧阳娜娜")
    page.get_by_role("button", name="清除本机草稿").click()
    field(page, "/person/address").fill("南昌市")
    expect(page.locator("#kept")).to_contain_text("已清除")
    assert page.evaluate("localStorage.length") == 0
    page.get_by_role("button", name="撤销清除").click()
    assert page.evaluate("localStorage.length") == 1


def test_a_draft_is_gone_after_thirty_days(page):
    typed(page, "欧阳娜娜")
    page.evaluate("""() => { for (const [name, text] of Object.entries(localStorage)) {
        const old = new Date(Date.now() - 31 * 864e5).toISOString();
        localStorage.setItem(name, JSON.stringify({ ...JSON.parse(text), saved: old })); } }""")
    page.goto(FUNDING)
    expect(page.locator("#drafts")).to_be_hidden()
    assert page.evaluate("localStorage.length") == 0


def test_a_draft_of_an_earlier_version_is_still_offered(page):
    page.goto(FUNDING)
    draft = {"saved": "", "entries": [["/person/name", "欧阳娜娜"]]}
    page.evaluate(
        """([form, draft]) => localStorage.setItem(`formsvc:${form}`, JSON.stringify(
            { ...draft, saved: new Date().toISOString() }))""",
        ["jiangxi-project-funding", draft],
    )
    page.goto(FUNDING)
    expect(page.locator("#drafts-list li")).to_have_count(1)


def test_forward_after_back_finds_what_was_typed_and_checked(page):
    page.goto("/")
    page.locator(f'a[href="{FUNDING}"]').first.click()
    field(page, "/person/name").fill("欧阳娜娜")
    page.get_by_role("button", name="检查全部").click()
    expect(page.locator("#summary")).to_contain_text("处问题")
    page.go_back()
    expect(page).to_have_url(re.compile("/$"))
    page.go_forward()
    expect(field(page, "/person/name")).to_have_value("欧阳娜娜")
    page.reload()
    expect(field(page, "/person/name")).to_have_value("欧阳娜娜")


def test_what_is_of_a_batch_is_not_kept_here_and_goes_back_to_it(page, mixed):
    typed(page, "欧阳娜娜")
    page.goto("/unit")
    page.set_input_files("#files", mixed)
    page.get_by_role("button", name="上传并检查").click()
    page.wait_for_url(re.compile(r"/unit/[\w-]{22}"))
    batch = page.url
    expect(page.locator(f'a[href^="{batch[batch.index("/unit") :]}/2"]').first).to_be_visible(
        timeout=30_000
    )
    page.goto(f"{batch}/2")
    page.get_by_role("button", name="在填表页打开修改").click()
    expect(page.locator(".from-batch")).to_contain_text("第 2 份")
    expect(page.locator("#kept")).to_be_hidden()
    field(page, "/person/name").fill("司马相如")
    page.get_by_role("button", name="检查全部").click()
    expect(page.locator("#summary")).to_be_focused()
    expect(page.locator(".from-batch")).to_be_visible()
    kept = page.evaluate("Object.values(localStorage).join()")
    assert "欧阳娜娜" in kept
    assert "司马相如" not in kept
    page.get_by_role("button", name="放回批次").click()
    page.wait_for_url(f"{batch}/2?done=replaced", timeout=30_000)
    expect(page.get_by_role("status").first).to_contain_text("已换上改好的一份")
    expect(page.get_by_role("heading", level=1)).to_have_text("司马相如")
    expect(page.get_by_role("navigation", name="前后")).to_contain_text("上一份")


def test_when_the_service_does_not_answer_the_page_says_so_and_tries_again(page):
    page.goto(FUNDING)
    field(page, "/person/name").fill("欧阳娜娜")
    down = re.compile(FUNDING)
    page.route(down, lambda route: route.abort())
    page.get_by_role("button", name="检查全部").click()
    expect(page.locator("#trouble")).to_contain_text("服务没有回应")
    expect(field(page, "/person/name")).to_have_value("欧阳娜娜")
    field(page, "/person/address").fill("南昌市")
    expect(page.locator("#trying")).to_contain_text("再试")
    page.unroute(down)
    expect(page.locator("#summary")).to_contain_text("处问题", timeout=15_000)
    expect(field(page, "/person/name")).to_have_value("欧阳娜娜")
