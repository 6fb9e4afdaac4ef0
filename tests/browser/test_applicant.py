"""The applicant's desk, from an empty form to a downloaded one."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import SAMPLES

SUMMARY = "/forms/jiangxi-training-summary"
FUNDING = "/forms/jiangxi-project-funding"
SAMPLE = SAMPLES / "jiangxi/jiangxi-training-summary/2026-1/valid/half-year-to-31-august.json"
BUDGET = (
    SAMPLES
    / "jiangxi/jiangxi-project-funding/2026-1/valid/social-science-with-three-budget-items.json"
)


def field(page: Page, pointer: str):
    return page.locator(f'[id="{pointer}"]')


def part(page: Page, pointer: str, kind: str):
    return page.locator(f'[id="{pointer}-{kind}"]')


def load(page: Page, path: Path) -> None:
    page.locator("details.load summary").click()
    page.set_input_files("#file", path)
    page.get_by_role("button", name="载入", exact=True).click()
    expect(page.locator("p.notice").first).to_be_visible(timeout=20_000)


def fill_by_hand(page: Page, path: Path) -> None:
    """Type a submission as a person would, from label to label."""
    data = json.loads(path.read_text("utf-8-sig"))
    data = {name: value for name, value in data.items() if name not in ("form", "edition")}
    for group, values in data.items():
        for name, value in values.items() if isinstance(values, dict) else [("", values)]:
            _fill(page, f"/{group}/{name}".rstrip("/"), value)


def _fill(page: Page, pointer: str, value) -> None:
    named = page.locator(f'[name="{pointer}"]')
    kind = named.first.get_attribute("type") if named.count() else None
    if isinstance(value, list) and value and isinstance(value[0], dict):
        for row, cells in enumerate(value):
            if row:
                page.get_by_role("button", name="再加一行").click()
                expect(field(page, f"{pointer}/{row}/item")).to_be_focused()
            for cell, text in cells.items():
                _fill(page, f"{pointer}/{row}/{cell}", text)
    elif kind in ("radio", "checkbox"):
        for each in value if isinstance(value, list) else [value]:
            text = {True: "true", False: "false"}.get(each, each)
            page.locator(f'[name="{pointer}"][value="{text}"]').check()
    elif named.first.evaluate("each => each.tagName") == "SELECT":
        named.select_option(str(value))
    else:
        named.fill(str(value))


@pytest.mark.parametrize(
    ("scripts", "form", "sample"),
    [(True, SUMMARY, SAMPLE), (True, FUNDING, BUDGET), (False, FUNDING, BUDGET)],
    ids=["with-script", "rows-with-script", "rows-without-script"],
)
def test_a_form_typed_by_hand_is_checked_and_downloaded(open_page, scripts, form, sample):
    page = open_page(scripts=scripts)
    page.goto(form)
    fill_by_hand(page, sample)
    page.get_by_role("button", name="检查全部").click()
    expect(page.locator("#summary")).to_contain_text("没有问题")
    expect(page.locator("#summary")).to_be_focused()
    assert page.title().startswith("没有问题：")
    for button, ending in (("Word 表格", ".docx"), ("PDF 表格", ".pdf"), ("草稿（JSON）", ".json")):
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        assert download.value.suggested_filename.endswith(ending)
    saved = json.loads(Path(download.value.path()).read_text("utf-8"))
    data = json.loads(sample.read_text("utf-8-sig"))
    assert saved == {name: value for name, value in data.items() if name != "edition"}


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_findings_lead_from_the_summary_to_the_field(open_page, scripts):
    page = open_page(scripts=scripts)
    page.goto(SUMMARY)
    field(page, "/funding/provincial").fill("120000")
    page.get_by_role("button", name="检查全部").click()
    summary = page.locator("#summary")
    expect(summary).to_be_focused()
    assert re.match(r"有 \d+ 处问题：", page.title())
    summary.get_by_role("link", name="省专项资金资助为120,000元").click()
    expect(field(page, "/funding/provincial")).to_be_focused()
    expect(part(page, "/funding/provincial", "findings")).to_contain_text("第七条")
    expect(field(page, "/funding/provincial")).to_have_attribute("aria-invalid", "true")


def test_a_finding_appears_on_leaving_a_field_and_goes_when_mended(open_page):
    page = open_page()
    page.goto(SUMMARY)
    mobile = field(page, "/person/mobile")
    mobile.fill("123")
    expect(part(page, "/person/mobile", "findings")).to_be_empty()
    mobile.press("Tab")
    expect(part(page, "/person/mobile", "findings")).to_contain_text("手机")
    expect(mobile).to_have_attribute("aria-invalid", "true")
    expect(part(page, "/person/name", "findings")).to_be_empty()  # not touched yet
    mobile.fill("13800138000")
    expect(part(page, "/person/mobile", "findings")).to_be_empty()
    expect(mobile).not_to_have_attribute("aria-invalid", "true")


def test_words_sums_capitals_and_the_box_asked_for_follow_the_typing(open_page):
    page = open_page()
    page.goto(SUMMARY)
    field(page, "/training/content").fill("本人于2024年9月赴MIT学习。")
    expect(part(page, "/training/content", "asides")).to_have_text("已写 12 字，最多 500 字")
    field(page, "/training/content").fill("学" * 512)
    expect(part(page, "/training/content", "asides")).to_contain_text("超出 12 字")
    field(page, "/expenses/training").fill("98,000")
    expect(part(page, "/expenses/training", "asides")).to_contain_text("玖万捌仟元整")
    field(page, "/expenses/travel").fill("2000.5")
    asides = part(page, "/expenses/total", "asides")
    expect(asides).to_have_text("已填的 2 项相加：100,000.50元，还有 2 项没有填")
    field(page, "/unit/type").select_option("省属高校")
    expect(part(page, "/account/budget_code", "asides")).to_contain_text("应填写此项")
    expect(part(page, "/account/number", "asides")).to_contain_text("不必填写")
    field(page, "/training/end_date").fill("2025年12月31日")
    expect(page.locator("#steps")).to_contain_text("2026年2月28日以前")


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_rows_are_added_and_removed(open_page, scripts):
    page = open_page(scripts=scripts)
    page.goto(FUNDING)
    field(page, "/project/budget/0/item").fill("设备费")
    page.get_by_role("button", name="再加一行").click()
    second = field(page, "/project/budget/1/item")
    expect(second).to_be_focused()
    second.fill("材料费")
    page.get_by_role("button", name=re.compile("删除.*第 1 行")).click()
    expect(field(page, "/project/budget/0/item")).to_have_value("材料费")
    expect(second).to_have_count(0)


def test_leaving_with_unsaved_work_asks(open_page):
    page = open_page()
    page.goto(FUNDING)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.get_by_role("link", name="查什么").click()
    assert asked == []
    page.goto(FUNDING)
    field(page, "/person/name").press_sequentially("张三")
    page.get_by_role("link", name="查什么").click()
    page.wait_for_url("**/rules")
    assert asked == ["beforeunload"]


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_a_form_is_loaded_from_json_word_and_pdf(open_page, tmp_path, scripts):
    page = open_page(scripts=scripts)
    page.goto(FUNDING)
    load(page, BUDGET)
    expect(page.locator("#summary")).to_contain_text("没有问题")
    name = field(page, "/person/name").input_value()
    assert name
    for button in ("Word 表格", "PDF 表格"):
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        page.goto(FUNDING)
        load(page, path)
        expect(field(page, "/person/name")).to_have_value(name)
        expect(field(page, "/project/budget/2/item")).not_to_be_empty()


def test_a_broken_file_is_refused_in_words(open_page, tmp_path):
    path = tmp_path / "坏.json"
    path.write_text('{"form": ')
    page = open_page()
    page.goto(FUNDING)
    load(page, path)
    expect(page.get_by_role("alert").filter(has_text="没有载入")).to_be_visible()


def test_the_preview_is_a_pdf_in_a_window_of_its_own(open_page):
    page = open_page()
    page.goto(FUNDING)
    field(page, "/person/name").fill("张三")
    with page.context.expect_event("response", lambda got: got.url.endswith(FUNDING)) as answer:
        page.get_by_role("button", name="预览").click()
    assert answer.value.headers["content-type"] == "application/pdf"
    assert answer.value.headers["content-disposition"] == "inline"
    expect(field(page, "/person/name")).to_have_value("张三")


def test_the_whole_form_works_by_keyboard(open_page):
    page = open_page()
    page.goto(FUNDING)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    field(page, "/person/name").focus()
    page.keyboard.type("张三")
    page.keyboard.press("Enter")  # checks, as the first button of the form does
    expect(page.locator("#summary")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("[data-field] :focus")).to_have_count(1)
    seen = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.name || document.activeElement.value || ''"))
    assert {"/unit/name", "/unit/type", "/unit/budget_code", "do"} <= seen


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_a_paper_that_was_edited_asks_field_by_field_which_value_to_take(
    open_page, tmp_path, catalogue, violations, scripts
):
    page = open_page(scripts=scripts)
    paper = edited_paper(tmp_path, catalogue)
    page.goto(SUMMARY)
    load(page, paper)
    asked = page.locator("#differs")
    expect(asked.get_by_role("group")).to_have_count(2)
    expect(asked).to_contain_text("纸面上的：999元")
    expect(page.locator("#summary")).to_contain_text("以哪一个为准")
    assert page.title().startswith("有 ")
    if scripts:
        assert violations(page) == []
    page.get_by_role("button", name="Word 表格").click()
    expect(page.locator("p.notice")).to_contain_text("请先选定")
    asked.get_by_role("group", name="其他").get_by_label(re.compile("纸面上的")).check()
    page.get_by_role("button", name="按所选载入").click()
    expect(page.locator("p.notice")).to_contain_text("还有 1 处没有选定")
    expect(field(page, "/expenses/other")).to_have_value("999")
    asked.get_by_role("group", name="姓名").get_by_label(re.compile("文件带的数据")).check()
    page.get_by_role("button", name="按所选载入").click()
    expect(asked).to_have_count(0)
    expect(field(page, "/person/name")).not_to_have_value("王五六")


def test_a_paper_that_was_edited_is_verified_on_a_page_with_both_values(
    open_page, tmp_path, catalogue, violations
):
    page = open_page()
    page.goto(SUMMARY)
    page.get_by_role("link", name="核对真假", exact=True).click()
    page.set_input_files("#file", edited_paper(tmp_path, catalogue))
    page.get_by_role("button", name="核对", exact=True).click()
    expect(page.locator("#verdict")).to_contain_text("有 2 处栏目被改动")
    expect(page.get_by_role("row", name=re.compile("姓名"))).to_contain_text("王五六")
    assert violations(page) == []
    page.get_by_label("校验码").fill("FS1/NO")
    page.get_by_role("button", name="核对", exact=True).click()
    expect(page.locator("#verdict")).to_contain_text("这不是本系统的校验码")


def edited_paper(folder: Path, catalogue) -> Path:
    """A Word form whose name and 其他 were changed after it was downloaded."""
    from formsvc import fill
    from tests.test_papers import carrying

    form = catalogue["jiangxi-training-summary"]
    data = json.loads(SAMPLE.read_text("utf-8-sig"))
    ours = fill(form, data, "docx")
    data["person"]["name"] = "王五六"
    data["expenses"]["other"] = 999
    path = folder / "改过.docx"
    path.write_bytes(carrying(fill(form, data, "docx"), ours, "docx"))
    return path
