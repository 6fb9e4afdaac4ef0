"""While an answer is on its way, or none comes: nothing is lost, and one may stop waiting."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_applicant import FUNDING, field
from tests.browser.test_batches import FUNDING as GOOD
from tests.browser.test_batches import hand_in
from tests.browser.test_filings import Office, press

GRID = "/project/budget"


@pytest.fixture
def page(open_page):
    opened = open_page()
    opened.on("dialog", lambda dialog: dialog.accept())
    return opened


@pytest.fixture
def office(tmp_path, chromium):
    made = Office(tmp_path, chromium)
    yield made
    made.close()


class Held:
    """The posts to an address, which wait until they are let through."""

    def __init__(self, page: Page, address) -> None:
        self.page, self.waiting, self.open = page, [], False
        page.route(address, self._met)

    def _met(self, route) -> None:
        if self.open or route.request.method != "POST":
            route.continue_()
        else:
            self.waiting.append(route)

    def release(self) -> None:
        for _ in range(100):
            if self.waiting:
                break
            self.page.wait_for_timeout(20)
        self.open = True
        for route in self.waiting:
            route.continue_()


def test_what_is_typed_while_a_row_is_on_its_way_stays_and_the_caret_with_it(page):
    page.goto(FUNDING)
    field(page, f"{GRID}/0/item").fill("设备费")
    here = re.compile(f"{FUNDING}$")
    waiting = Held(page, here)
    page.get_by_role("button", name="再加一行").click()
    first = field(page, f"{GRID}/0/item")
    first.press("Home")
    first.press_sequentially("科研")
    field(page, f"{GRID}/0/amount").fill("3000")
    first.focus()
    first.evaluate("input => input.setSelectionRange(2, 2)")
    waiting.release()
    expect(field(page, f"{GRID}/1/item")).to_have_count(1)
    expect(first).to_have_value("科研设备费")
    expect(field(page, f"{GRID}/0/amount")).to_have_value("3000")
    expect(first).to_be_focused()
    page.keyboard.type("用")
    expect(first).to_have_value("科研用设备费")


def test_what_is_typed_while_a_row_goes_moves_up_with_its_row(page):
    page.goto(FUNDING)
    for number, name in enumerate(("设备费", "材料费", "会议费")):
        field(page, f"{GRID}/{number}/item").fill(name)
        page.get_by_role("button", name="再加一行").click()
        expect(field(page, f"{GRID}/{number + 1}/item")).to_be_focused()
    here = re.compile(f"{FUNDING}$")
    waiting = Held(page, here)
    page.get_by_role("button", name=re.compile("删除.*第 1 行")).click()
    field(page, f"{GRID}/2/item").press("End")
    field(page, f"{GRID}/2/item").press_sequentially("（省内）")
    waiting.release()
    expect(field(page, f"{GRID}/0/item")).to_have_value("材料费")
    expect(field(page, f"{GRID}/1/item")).to_have_value("会议费（省内）")
    expect(field(page, f"{GRID}/1/item")).to_be_focused()


def test_rows_that_are_asked_for_at_once_come_one_after_the_other(page):
    page.goto(FUNDING)
    field(page, f"{GRID}/0/item").fill("设备费")
    here = re.compile(f"{FUNDING}$")
    waiting = Held(page, here)
    page.get_by_role("button", name="再加一行").click()
    page.get_by_role("button", name=re.compile("删除.*第 1 行")).click()
    waiting.release()
    expect(field(page, f"{GRID}/0/item")).to_have_value("")
    expect(field(page, f"{GRID}/1/item")).to_have_count(0)


def test_who_types_on_while_the_whole_is_checked_types_on(page):
    page.goto(FUNDING)
    name = field(page, "/person/name")
    name.fill("欧阳")
    here = re.compile(f"{FUNDING}$")
    waiting = Held(page, here)
    page.get_by_role("button", name="检查全部").click()
    name.press("End")
    name.press_sequentially("娜娜")
    waiting.release()
    expect(page.locator("#summary")).to_be_visible()
    page.keyboard.type("子")
    expect(name).to_have_value("欧阳娜娜子")


def test_one_may_stop_waiting_for_a_service_that_does_not_answer(page):
    page.goto(FUNDING)
    field(page, "/person/name").fill("欧阳娜娜")
    down = re.compile(f"{FUNDING}$")
    asked: list = []
    page.route(down, lambda route: (asked.append(route), route.abort()))
    page.get_by_role("button", name="检查全部").click()
    page.get_by_role("button", name="不再试").click()
    expect(page.locator("#trouble")).to_contain_text("不再试了")
    expect(page.locator("#trouble")).to_be_focused()
    page.wait_for_timeout(2500)
    assert len(asked) == 1
    expect(field(page, "/person/name")).to_have_value("欧阳娜娜")
    page.unroute(down)
    page.get_by_role("button", name="检查全部").click()
    expect(page.locator("#summary")).to_contain_text("处问题")
    expect(page.locator("#trouble")).to_be_hidden()


def test_a_file_that_is_too_large_is_said_to_be(page, tmp_path):
    large = tmp_path / "大.pdf"
    large.write_bytes(b"%PDF" + bytes(30_000_000))
    page.goto(FUNDING)
    field(page, "/person/name").fill("欧阳娜娜")
    page.locator("details.load summary").click()
    page.set_input_files("#file", large)
    page.get_by_role("button", name="载入", exact=True).click()
    expect(page.locator("#trouble")).to_contain_text("太大", timeout=20_000)
    expect(field(page, "/person/name")).to_have_value("欧阳娜娜")


def test_a_form_is_put_back_into_its_batch_as_soon_as_the_service_answers(page):
    hand_in(page, "unit", [GOOD])
    batch = page.url
    page.locator("article h3 a").click()
    page.get_by_role("button", name="在填表页打开修改").click()
    field(page, "/person/name").fill("司马相如")
    down = re.compile("put-back|healthz")
    # The service goes away after it was asked whether it is there.
    page.route(
        down, lambda route: route.abort() if "put" in route.request.url else route.continue_()
    )
    page.get_by_role("button", name="放回批次").click()
    expect(page.locator("#trouble")).to_contain_text("服务没有回应")
    expect(field(page, "/person/name")).to_have_value("司马相如")
    page.unroute(down)
    page.wait_for_url(f"{batch}/1?done=replaced", timeout=15_000)
    expect(page.get_by_role("heading", level=1)).to_have_text("司马相如")


def test_what_is_of_a_batch_is_there_again_after_check_and_reload(page):
    hand_in(page, "unit", [GOOD])
    page.locator("article h3 a").click()
    page.get_by_role("button", name="在填表页打开修改").click()
    name = field(page, "/person/name").input_value()
    page.get_by_role("button", name="检查全部").click()
    expect(page.locator("#summary")).to_be_focused()
    page.reload()
    expect(field(page, "/person/name")).to_have_value(name)
    expect(page.locator(".from-batch")).to_contain_text("第 1 份")


def test_a_filing_is_saved_as_soon_as_the_service_answers(office):
    page = office.page("申报人")
    page.goto("/filings")
    page.get_by_label("填哪一种表").select_option("jiangxi-training-summary")
    press(page, "开始填写")
    page.locator('[id="/person/name"]').fill("欧阳娜娜")
    press(page, "检查全部")
    expect(page.locator("#summary")).to_be_focused()
    expect(page).to_have_url(re.compile(r"/filings/\d+/edit"))
    down = re.compile("/save$")
    page.route(down, lambda route: route.abort())
    press(page, "保存")
    expect(page.locator("#trouble")).to_contain_text("服务没有回应")
    page.locator('[id="/person/address"]').fill("南昌市")
    page.unroute(down)
    expect(page.get_by_role("status").first).to_contain_text("已保存", timeout=15_000)
    expect(page.locator('[id="/person/name"]')).to_have_value("欧阳娜娜")
    expect(page.locator('[id="/person/address"]')).to_have_value("南昌市")
    page.reload()
    expect(page.locator('[id="/person/name"]')).to_have_value("欧阳娜娜")


def test_a_form_of_any_page_waits_for_a_service_that_is_away(page):
    """Uploading, replacing and taking out are posts of the browser's own."""
    door = "**/healthz"
    page.goto("/unit")
    page.set_input_files("#files", [GOOD])
    page.route(door, lambda route: route.abort())
    page.get_by_role("button", name="上传并检查").click()
    away = page.locator("#away")
    expect(away).to_contain_text("服务没有回应")
    away.get_by_role("button", name="不再试").click()
    expect(away).to_be_focused()
    assert page.locator("#files").evaluate("input => input.files.length") == 1
    page.get_by_role("button", name="上传并检查").click()
    expect(away).to_contain_text("秒后自动再试")
    page.unroute(door)
    expect(page.get_by_role("heading", name="各人情况")).to_be_visible(timeout=20_000)
    page.route(door, lambda route: route.abort())
    person = page.locator(".person").first
    person.locator("summary", has_text="换成改好的文件").click()
    person.locator("input[type=file]").set_input_files(GOOD)
    person.get_by_role("button", name=re.compile("^换上")).click()
    expect(away).to_contain_text("服务没有回应")
    page.unroute(door)
    expect(page.get_by_role("status").first).to_contain_text("已换上", timeout=20_000)
