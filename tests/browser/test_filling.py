"""What the form's page does for whoever fills it in: mends, fills, counts, shows, loads."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_applicant import FUNDING, SAMPLE, SUMMARY, field, load, part

ID = "11010519491231002X"  # of 1949-12-31, a woman's


def leave(page: Page, pointer: str, text: str) -> None:
    field(page, pointer).fill(text)
    field(page, pointer).press("Tab")


MENDS = [
    ("/expenses/training", "3万", "3万 → 30,000元", "30000"),
    ("/person/mobile", "138 0013 8000", "138 0013 8000 → 13800138000", "13800138000"),
    ("/person/mobile", "+86 138-0013-8000", "→ 13800138000", "13800138000"),
    ("/person/office_phone", "（0791）8638 6000", "→ 0791-86386000", "0791-86386000"),
    ("/person/office_phone", "0791-86386000转8001", "→ 0791-86386000-8001", "0791-86386000-8001"),
    ("/person/id_number", "110105 19491231 002X", "→ 11010519491231002X", ID),
    ("/training/start_date", "3/5/2024", "→ 2024年5月3日", "2024-05-03"),
]


def test_what_is_meant_is_written_with_one_click(open_page):
    page = open_page()
    page.goto(SUMMARY)
    for pointer, written, offered, mended in MENDS:
        leave(page, pointer, written)
        part(page, pointer, "asides").get_by_role("button", name=offered).click()
        expect(field(page, pointer)).to_have_value(mended)
        expect(field(page, pointer)).to_be_focused()
        expect(part(page, pointer, "asides").get_by_role("button", name="→")).to_have_count(0)
        expect(part(page, pointer, "findings")).to_be_empty()


def test_without_a_script_a_button_of_the_page_mends_and_fills(open_page):
    page = open_page(scripts=False)
    page.goto(SUMMARY)
    field(page, "/person/id_number").fill(ID)
    field(page, "/person/mobile").fill("138 0013 8000")
    page.get_by_role("button", name="检查全部").click()
    page.get_by_role("button", name="→ 13800138000").click()
    expect(field(page, "/person/mobile")).to_have_value("13800138000")
    page.get_by_role("button", name="按身份证号码：1949年12月31日").click()
    expect(field(page, "/person/birth_date")).to_have_value("1949-12-31")


def test_a_message_says_the_mend_and_repeats_no_hint(open_page):
    page = open_page()
    page.goto(SUMMARY)
    leave(page, "/training/end_date", "2026年10月")
    found = part(page, "/training/end_date", "findings")
    expect(found).to_contain_text("缺少日")
    leave(page, "/person/mobile", "1380013800")
    expect(part(page, "/person/mobile", "findings")).to_contain_text("应为 11 位，现在是 10 位")
    leave(page, "/person/birth_date", "去年")
    expect(part(page, "/person/birth_date", "findings")).to_contain_text("看不出是哪一天")
    assert "YYYY" not in page.content()


def test_the_id_number_is_asked_first_and_fills_what_it_says(open_page):
    page = open_page()
    page.goto(SUMMARY)
    assert page.locator("[data-field]").first.get_attribute("data-field") == "/person/id_number"
    leave(page, "/person/id_number", ID)
    expect(field(page, "/person/birth_date")).to_have_value("1949-12-31")
    expect(page.get_by_label("女")).to_be_checked()
    expect(part(page, "/person/birth_date", "asides")).to_contain_text("已自动填入（按身份证号码）")
    field(page, "/person/birth_date").fill("")
    leave(page, "/person/name", "张三")
    expect(part(page, "/person/birth_date", "asides")).to_contain_text("1949年12月31日")
    expect(field(page, "/person/birth_date")).to_have_value("")  # emptied by hand


def test_the_account_takes_the_unit_s_name_and_the_total_the_sum_until_written_over(open_page):
    page = open_page()
    page.goto(SUMMARY)
    leave(page, "/unit/name", "江西某大学")
    holder = field(page, "/account/holder")
    expect(holder).to_have_value("江西某大学")
    leave(page, "/unit/name", "江西某学院")
    expect(holder).to_have_value("江西某学院")
    holder.fill("江西某学院财务处")
    leave(page, "/unit/name", "江西另一大学")
    for number, name in enumerate(("training", "travel", "living")):
        leave(page, f"/expenses/{name}", f"{number + 1}000")
    total = part(page, "/expenses/total", "asides")
    expect(total).to_have_text("已填的 3 项相加：6,000元，还有 1 项没有填")
    expect(field(page, "/expenses/total")).to_have_value("")
    leave(page, "/expenses/other", "0")
    expect(field(page, "/expenses/total")).to_have_value("6000")
    expect(holder).to_have_value("江西某学院财务处")


def test_a_field_that_has_become_required_says_so_at_once(open_page):
    page = open_page()
    page.goto(SUMMARY)
    leave(page, "/account/number", "6222021001112223334")
    bank = part(page, "/account/bank", "asides")
    expect(bank).to_have_text("填了账号，现在必须填写此项")
    leave(page, "/person/extension_years", "1")
    asked = part(page, "/person/basic_research", "asides")
    expect(asked).to_contain_text("现在必须填写此项")
    leave(page, "/account/bank", "中国银行")
    expect(bank).to_be_empty()


def test_the_unit_s_type_stands_before_what_it_governs(open_page):
    page = open_page()
    page.goto(FUNDING)
    order = page.locator("[data-field]").evaluate_all("all => all.map(each => each.dataset.field)")
    assert order.index("/unit/type") < order.index("/unit/account_number")
    assert order.index("/unit/type") < order.index("/unit/budget_code")


def test_the_side_list_counts_what_is_empty_and_wrong_and_ticks_what_is_done(open_page):
    page = open_page()
    page.goto(SUMMARY)
    entry = page.locator(".contents li", has_text="研修经费来源")
    expect(entry).to_contain_text("缺 2")
    leave(page, "/funding/provincial", "999999")
    expect(entry).to_contain_text("1 处问题")
    leave(page, "/funding/provincial", "100000")
    leave(page, "/funding/unit", "0")
    expect(entry).to_contain_text("已填好")
    account = page.locator(".contents li", has_text="单位账号信息")
    leave(page, "/account/holder", "江西某大学")
    expect(account).not_to_contain_text("缺")
    expect(account).not_to_contain_text("已填好")  # the kind of unit has not said which number
    standing = page.locator("#standing")
    expect(standing).to_contain_text(re.compile(r"还缺 \d+ 项"))
    check = page.get_by_role("button", name="检查全部")
    for place in (0, 2000, 100_000):
        page.evaluate("place => scrollTo(0, place)", place)
        expect(check).to_be_in_viewport(ratio=1)


def test_a_check_says_what_was_not_checked_and_why(open_page):
    page = open_page()
    page.goto(SUMMARY)
    field(page, "/training/end_date").fill("2026-10-31")
    page.get_by_role("button", name="检查全部").click()
    unchecked = page.locator("#summary .unchecked")
    unchecked.get_by_text("条规则没有检查").click()
    expect(unchecked).to_contain_text("“研修开始日期”没有填写，填好后再检查")
    expect(unchecked).to_contain_text("批量审核时检查")
    expect(unchecked).not_to_contain_text("只在")


def test_training_that_has_not_ended_does_not_pass(open_page):
    page = open_page()
    page.goto(SUMMARY)
    load(page, SAMPLE)
    expect(page.locator("p.notice")).to_contain_text("已载入")
    field(page, "/training/end_date").fill("2098-08-31")
    field(page, "/submitted_on").fill("2098-09-01")
    page.get_by_role("button", name="检查全部").click()
    found = part(page, "/training/end_date", "findings")
    expect(found).to_contain_text("才结束")


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_the_last_page_shows_the_paper_what_was_not_checked_and_what_comes_next(
    open_page, violations, scripts
):
    page = open_page(scripts=scripts)
    page.goto(FUNDING)
    field(page, "/person/name").fill("欧阳娜娜")
    page.get_by_role("button", name="看填好的样子").click()
    shown = page.get_by_role("img", name=re.compile("第 1 页"))
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.complete && image.naturalWidth > 500")
    expect(page.locator("#summary")).to_contain_text("改好才能下载")
    expect(page.locator("#summary")).to_contain_text("条规则没有检查")
    expect(page.locator("#steps")).to_contain_text("打印")
    if scripts:
        assert violations(page) == []
    with page.expect_download():
        page.get_by_role("button", name="草稿（JSON）").click()
    page.get_by_role("button", name="返回修改").click()
    expect(field(page, "/person/name")).to_have_value("欧阳娜娜")
    if scripts:
        page.go_forward()
        expect(shown).to_be_visible()
        page.go_back()
        expect(field(page, "/person/name")).to_have_value("欧阳娜娜")


def test_what_is_typed_while_the_answer_is_on_its_way_is_not_lost(open_page):
    page = open_page()
    page.goto(FUNDING)
    field(page, "/person/name").fill("张三")
    page.route(
        re.compile(f"{FUNDING}$"), lambda route: (page.wait_for_timeout(800), route.continue_())
    )
    page.get_by_role("button", name="检查全部").click()
    field(page, "/person/address").fill("南昌市")
    expect(page.locator("#summary")).to_be_visible()
    expect(field(page, "/person/address")).to_have_value("南昌市")
    expect(field(page, "/person/name")).to_have_value("张三")


def test_a_paper_is_loaded_by_dropping_it_anywhere(open_page):
    page = open_page()
    page.goto(FUNDING)
    content = SAMPLE.read_text("utf-8-sig")
    page.evaluate(
        """content => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([content], "张三.json", { type: "application/json" }));
            const about = { bubbles: true, cancelable: true, dataTransfer };
            document.body.dispatchEvent(new DragEvent("dragover", about));
            document.body.dispatchEvent(new DragEvent("drop", about));
        }""",
        content,
    )
    expect(page.locator("p.notice")).to_contain_text("已载入“张三.json”")
    expect(field(page, "/person/name")).to_have_value("赖铁柱")
    expect(page).to_have_url(re.compile(SUMMARY))


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_accessible_with_mends_fills_and_drafts_on_it(open_page, violations, width):
    page = open_page(width=width)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(SUMMARY)
    leave(page, "/person/id_number", ID)
    leave(page, "/person/mobile", "138 0013 8000")
    expect(field(page, "/person/birth_date")).to_have_value("1949-12-31")
    page.get_by_role("button", name="检查全部").click()
    expect(page.locator("#summary")).to_be_focused()
    assert violations(page) == []
    page.goto(SUMMARY)
    expect(page.locator("#drafts")).to_be_visible()
    assert violations(page) == []
