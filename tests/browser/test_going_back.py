"""Forward after Back, and Reload, without a script: every post ended at an address."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_applicant import BUDGET, FUNDING, field, load
from tests.browser.test_filings import Office, press


@pytest.fixture
def page(open_page):
    return open_page(scripts=False)


@pytest.fixture
def office(tmp_path, chromium):
    made = Office(tmp_path, chromium)
    yield made
    made.close()


def again(page: Page, said: str) -> None:
    """The page stands there after Back and Forward, and after Reload, nothing being posted."""
    expect(page.locator("main")).to_contain_text(said)
    posts: list[str] = []
    page.on("request", lambda sent: posts.append(sent.url) if sent.method == "POST" else None)
    page.go_back()
    page.go_forward()
    expect(page.locator("main")).to_contain_text(said)
    page.reload()
    expect(page.locator("main")).to_contain_text(said)
    assert posts == []


def test_what_was_checked_loaded_and_looked_at_is_there_again(page):
    page.goto(FUNDING)
    field(page, "/person/name").fill("欧阳娜娜")
    page.get_by_role("button", name="检查全部").click()
    again(page, "处问题")
    expect(field(page, "/person/name")).to_have_value("欧阳娜娜")
    page.get_by_role("button", name="再加一行").click()
    again(page, "支出项目")
    load(page, BUDGET)
    again(page, "没有问题")
    page.get_by_role("button", name="看填好的样子").click()
    again(page, "填好的样子")
    expect(page.locator(".prints img").first).to_be_visible()


def test_a_verdict_and_what_was_refused_are_there_again(page, tmp_path):
    page.goto("/verify")
    page.get_by_label("校验码").fill("FS1/NO")
    page.get_by_role("button", name="核对", exact=True).click()
    again(page, "这不是本系统的校验码")
    large = tmp_path / "large.pdf"
    large.write_bytes(b"%PDF" + bytes(10_100_000))
    page.set_input_files("#file", large)
    page.get_by_role("button", name="核对", exact=True).click()
    again(page, "提交的内容太大")
    page.goto("/verify")
    page.context.clear_cookies()
    page.get_by_label("校验码").fill("FS1/NO")
    page.get_by_role("button", name="核对", exact=True).click()
    again(page, "页面已经过期")


def test_an_answer_is_its_own_browsers_and_goes_after_its_time(page, open_page):
    page.goto(FUNDING)
    page.get_by_role("button", name="检查全部").click()
    address = page.url
    assert "/answers/" in address
    other = open_page()
    assert other.goto(address).status == 410
    expect(other.locator("main")).to_contain_text("请返回上一页再办")


def test_with_a_script_nothing_is_kept(open_page):
    page = open_page()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.goto(FUNDING)
    field(page, "/person/name").fill("欧阳娜娜")
    page.get_by_role("button", name="检查全部").click()
    expect(page.locator("#summary")).to_contain_text("处问题")
    assert not [each for each in sent if "/answers/" in each]
    assert "formsvc_runs" not in {each["name"] for each in page.context.cookies()}


def test_what_the_store_said_is_there_again_for_who_asked_and_nobody_else(office):
    first, second = (office.page("申报人", scripts=False) for _ in range(2))
    first.goto("/filings")
    first.get_by_label("填哪一种表").select_option("jiangxi-training-summary")
    press(first, "开始填写")
    second.goto(re.sub(r"\?.*", "", first.url))
    for page, name in ((first, "先存的"), (second, "后存的")):
        page.locator('[id="/person/name"]').fill(name)
        press(page, "保存")
    again(second, "另一个窗口已经改过")
    address = second.url
    second.goto("/account/")
    second.context.clear_cookies(name=re.compile("session|remember"))
    assert second.goto(address).status == 410


def test_a_wrong_password_is_not_sent_twice(office):
    page = office.page("", scripts=False)
    page.goto("/account/login")
    page.locator("input[name=email]").fill("someone@example.cn")
    page.locator("input[name=password]").fill("not-the-password-1")
    page.locator("main form button").first.click()
    again(page, "密码")
    assert "not-the-password-1" not in page.content()
