"""A morning at the desks: who has what to mend, what is put in its place, marked, compared, sent."""

import io
import json
import re
import zipfile
from copy import deepcopy
from pathlib import Path

import openpyxl
import pypdfium2
import pytest
from docx import Document
from playwright.sync_api import Page, expect

from tests.browser.test_batches import FUNDING, GOOD, hand_in, taken
from tests.serving import served


def submission(name: str, **changes) -> dict:
    data = json.loads(GOOD.read_text("utf-8-sig"))
    data["person"] |= {"name": name}
    for pointer, value in changes.items():
        part, _, field = pointer.partition("__")
        data[part] = {**data[part], field: value} if field else value
    return data


def zipped(path: Path, *given: dict) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number, data in enumerate(given):
            archive.writestr(f"来件/{number:02d}.json", json.dumps(data))
    return path


@pytest.fixture
def faulty(tmp_path) -> Path:
    """One who is right, one with two faults, one who sent the same form twice."""
    twice = submission("孙三", person__id_number="360101197909030013",
                       person__birth_date="1979-09-03")  # fmt: skip
    return zipped(
        tmp_path / "本单位.zip",
        submission("赵一"),
        submission("钱二", materials=["往返机票"], person__mobile="123",
                   person__id_number="440524188001010014"),
        twice,
        twice,
    )  # fmt: skip


def at(page: Page, name: str):
    return page.locator("article.person", has_text=name)


def test_problems_come_first_by_person_and_the_same_form_twice_is_one_item(open_page, faulty):
    page = open_page()
    hand_in(page, "unit", [faulty])
    names = page.locator("article h3").all_inner_texts()
    assert len(names) == 3
    assert names[-1] == "赵一"
    expect(at(page, "孙三").locator(".twice")).to_contain_text("报了 2 份")
    expect(at(page, "孙三").locator(".paper-of")).to_have_count(2)
    expect(at(page, "孙三")).to_contain_text("每人最多享受一次")
    at(page, "孙三").get_by_role("button", name="撤下这一份").last.click()
    expect(page.locator(".notice")).to_contain_text("已撤下")
    expect(at(page, "孙三").locator(".twice")).to_have_count(0)
    expect(at(page, "孙三")).not_to_contain_text("每人最多享受一次")
    page.get_by_role("button", name="放回").click()
    expect(at(page, "孙三").locator(".twice")).to_contain_text("报了 2 份")


def test_who_takes_a_form_out_or_puts_it_in_again_stays_with_its_person(open_page, faulty):
    page = open_page()
    hand_in(page, "unit", [faulty])
    at(page, "孙三").get_by_role("button", name="撤下这一份").last.click()
    expect(page.locator(".notice")).to_contain_text("已撤下")
    expect(page.locator(".notice")).to_be_in_viewport()
    expect(at(page, "孙三")).to_be_focused()
    expect(at(page, "孙三")).to_be_in_viewport()
    page.get_by_role("button", name="放回").click()
    expect(page.locator(".notice")).to_contain_text("已放回")
    expect(page.locator(".notice")).to_be_in_viewport()
    expect(at(page, "孙三").locator(".paper-of:focus")).to_have_count(1)


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_one_persons_problems_are_a_text_to_send(open_page, faulty, scripts):
    page = open_page(scripts=scripts)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    hand_in(page, "unit", [faulty])
    if scripts:
        at(page, "钱二").get_by_role("button", name="复制给本人").click()
        expect(at(page, "钱二").get_by_role("status")).to_contain_text("已复制")
        text = page.evaluate("navigator.clipboard.readText()")
    else:
        at(page, "钱二").locator("summary", has_text="看要发给本人的话").click()
        box = at(page, "钱二").locator("textarea")
        expect(box).to_be_visible()
        text = box.input_value()
    assert text.startswith("钱二，您好")
    assert "手机" in text
    assert "还缺" in text
    assert "孙三" not in text


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_a_mended_file_takes_the_place_of_one_and_what_it_was_is_kept(
    open_page, faulty, tmp_path, scripts
):
    mended = tmp_path / "钱二改好.json"
    mended.write_text(json.dumps(submission("钱二", person__id_number="440524188001010014",
                                            person__mobile="13800138000")))  # fmt: skip
    page = open_page(scripts=scripts)
    hand_in(page, "unit", [faulty])
    assert len(taken(page, "打印包")) > 1000
    person = at(page, "钱二")
    person.locator("summary", has_text="换成改好的文件").click()
    person.locator("input[type=file]").set_input_files(mended)
    person.get_by_role("button", name="换上").click()
    expect(page.locator(".notice")).to_contain_text("已换上改好的一份")
    expect(at(page, "钱二")).not_to_contain_text("还缺")
    expect(page.get_by_role("link", name=re.compile("下载打印包"))).to_have_count(
        0
    )  # was of before
    at(page, "钱二").locator("h3 a").click()
    was = page.locator(".was")
    expect(was.locator("tr", has_text="手机")).to_contain_text("123")
    expect(was.locator("tr", has_text="手机")).to_contain_text("13800138000")
    expect(was.locator("tr", has_text="随附材料")).to_contain_text("往返机票")


def test_a_file_with_several_submissions_takes_nobodys_place(open_page, faulty):
    page = open_page()
    hand_in(page, "unit", [faulty])
    person = at(page, "钱二")
    person.locator("summary", has_text="换成改好的文件").click()
    person.locator("input[type=file]").evaluate("input => input.removeAttribute('accept')")
    person.locator("input[type=file]").set_input_files(faulty)
    person.get_by_role("button", name="换上").click()
    expect(page.locator(".notice.alarm")).to_contain_text("不是正好一份")
    expect(at(page, "钱二")).to_contain_text("还缺")


def test_a_cover_sheet_says_copies_materials_stamps_and_days(open_page, tmp_path):
    page = open_page()
    hand_in(page, "unit", [GOOD, FUNDING])
    page.get_by_role("link", name="报送清单").click()
    sheets = page.locator(".cover-sheet").all_inner_texts()
    said = "\n".join(sheets)
    for words in ("使领馆留学证明", "单位意见", "申请人签名", "年", "经办人："):
        assert words in said
    assert re.search(r"打印 \d+ 份", said)
    path = tmp_path / "清单.pdf"
    page.pdf(path=str(path), format="A4", landscape=True)
    printed = pypdfium2.PdfDocument(path.read_bytes())
    texts = [sheet.get_textpage().get_text_bounded() for sheet in printed]
    assert len(texts) == len(sheets)
    assert not any("我要填表" in text for text in texts)


def test_the_print_pack_is_in_the_order_of_form_and_person(open_page, tmp_path):
    funding = json.loads(FUNDING.read_text("utf-8-sig"))
    one, two = deepcopy(funding), deepcopy(funding)
    for data, name in ((one, "乙乙"), (two, "丁丁")):
        data["person"] |= {"name": name}
        data["person"].pop("id_number", None)
    page = open_page()
    hand_in(page, "unit", [zipped(tmp_path / "a.zip", one, submission("戊"), two)])
    pack = pypdfium2.PdfDocument(taken(page, "打印包"))
    texts = ["".join(sheet.get_textpage().get_text_bounded().split()) for sheet in pack]
    first = {name: next(n for n, text in enumerate(texts) if name in text)
             for name in ("丁丁", "乙乙", "戊")}  # fmt: skip
    assert sorted(first, key=first.__getitem__) == ["丁丁", "乙乙", "戊"]


@pytest.fixture
def received(tmp_path) -> Path:
    return zipped(
        tmp_path / "第一批.zip",
        submission("赵一"),
        submission("钱二", materials=["往返机票"], person__id_number="440524188001010014"),
        submission("李四", person__mobile="123", unit__name="乙所",
                   person__id_number="360101197909030013"),
    )  # fmt: skip


def test_the_day_of_receipt_stands_on_page_workbook_letters_and_is_what_is_checked_by(
    open_page, received
):
    page = open_page()
    page.goto("/review")
    page.fill("#on", "2025-11-05")
    page.set_input_files("#files", received)
    page.locator("button.primary").click()
    expect(page.locator(".lead")).to_contain_text("收件日期 2025年11月5日")
    book = openpyxl.load_workbook(io.BytesIO(taken(page, "审核结果")))
    assert "2025年11月5日" in [row[1].value for row in book["汇总"].iter_rows()]
    page.fill("#reference", "赣人社函〔2025〕12号")
    page.fill("#contact", "王芳 0791-86380000")
    page.fill("#due", "2025-12-01")
    archive = zipfile.ZipFile(io.BytesIO(taken(page, "退回通知（Word")))
    for name in archive.namelist():
        word = Document(io.BytesIO(archive.read(name)))
        said = "\n".join(each.text for each in word.paragraphs)
        said += "\n".join(c.text for t in word.tables for r in t.rows for c in r.cells)
        for words in (
            "赣人社函〔2025〕12号",
            "王芳 0791-86380000",
            "2025年12月1日前",
            "2025年11月5日",
        ):
            assert words in said
        assert ".json" not in said
        assert "/" not in said
    assert page.locator("#contact").input_value() == "王芳 0791-86380000"


def test_no_output_for_people_names_a_rule_by_its_id(open_page, received):
    page = open_page()
    hand_in(page, "review", [received])
    book = openpyxl.load_workbook(io.BytesIO(taken(page, "审核结果")))
    said = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row]
    ids = re.compile(r"^(schema\.[a-zA-Z]+|[a-z]+(-[a-z]+)+|/.*)$")
    assert not [text for text in said if ids.match(text)]
    page.locator("table.submissions tbody th a", has_text="赵一").click()
    page.locator("summary", has_text="没有检查").click()
    assert not re.search(r"\b[a-z]+-[a-z]+\b", page.locator(".side").inner_text())


def test_totals_lead_to_what_they_count_and_errors_stand_first(open_page, received):
    page = open_page()
    hand_in(page, "review", [received])
    states = page.locator("table.submissions td.state:nth-of-type(4)").all_inner_texts()
    assert "问题" in states[0]
    page.locator(".tiles a", has_text="没有问题").click()
    expect(page.locator("table.submissions tbody tr")).to_have_count(1)
    expect(page.locator("table.submissions")).to_contain_text("赵一")


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_what_a_reviewer_decides_is_kept_and_stands_in_workbook_and_letters(
    open_page, received, scripts
):
    page = open_page(scripts=scripts)
    hand_in(page, "review", [received])
    page.locator("table.submissions tbody th a", has_text="钱二").click()
    page.get_by_label("通过").check()
    page.get_by_role("button", name="保存，看下一份").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("钱二")
    page.goto(re.sub(r"\?.*", "", page.url).rpartition("/")[0])
    page.locator("table.submissions tbody th a", has_text="赵一").click()
    page.get_by_label("退回").check()
    page.fill("#remark", "附件缺第3页")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator(".notice")).to_contain_text("已标好")
    assert page.locator("#remark").input_value() == "附件缺第3页"
    page.locator("nav.crumbs a").last.click()
    book = openpyxl.load_workbook(io.BytesIO(taken(page, "审核结果")))
    head, *rows = list(book["申报"].iter_rows(values_only=True))
    marked = {
        row[head.index("姓名")]: (row[head.index("处理")], row[head.index("备注")]) for row in rows
    }
    assert marked["赵一"] == ("退回", "附件缺第3页")
    assert marked["钱二"][0] == "通过"
    archive = zipfile.ZipFile(io.BytesIO(taken(page, "退回通知（Word")))
    said = "".join(p.text for name in archive.namelist()
                   for p in Document(io.BytesIO(archive.read(name))).paragraphs)  # fmt: skip
    assert "附件缺第3页" in said
    assert "钱二" not in said  # passed, whatever was found
    page.select_option("#mark", "none")
    page.get_by_role("button", name="筛选").click()
    expect(page.locator("table.submissions tbody tr")).to_have_count(1)


def test_what_has_errors_does_not_pass_with_the_others(open_page, received):
    page = open_page()
    hand_in(page, "review", [received])
    page.get_by_role("button", name="没有问题的都标通过").click()
    expect(page.locator("tbody .tag", has_text="通过")).to_have_count(1)
    expect(page.locator("tbody tr", has_text="赵一")).to_contain_text("通过")


def test_an_earlier_batch_is_compared_by_id_number_grouped_by_unit_and_sent(
    open_page, received, tmp_path
):
    page = open_page()
    hand_in(page, "review", [received])
    later = zipped(
        tmp_path / "第二批.zip",
        # The name was written wrongly, and the unit: the ID number says who it is.
        submission("钱贰", materials=["往返机票"], person__id_number="440524188001010014",
                   unit__name="丙所"),
    )  # fmt: skip
    hand_in(page, "review", [later])
    page.get_by_role("link", name=re.compile("比较")).first.click()
    expect(page.locator(".changed-unit", has_text="丙所")).to_contain_text("钱贰")
    expect(page.locator(".changed-unit", has_text="丙所")).to_contain_text("仍未改正")
    expect(page.locator(".changed-unit", has_text="乙所")).to_contain_text("这一批没有报送")
    expect(page.locator("main")).not_to_contain_text("钱二")
    book = openpyxl.load_workbook(io.BytesIO(taken(page, "变化表")))
    rows = list(book["变化"].iter_rows(min_row=2, values_only=True))
    assert {row[3] for row in rows if row[1] == "钱贰"} >= {"仍未改正"}
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    page.fill("#due", "2026-12-31")
    archive = zipfile.ZipFile(io.BytesIO(taken(page, "退回通知（Word")))
    said = {name: "\n".join(p.text for p in Document(io.BytesIO(archive.read(name))).paragraphs)
            for name in archive.namelist()}  # fmt: skip
    assert any("丙所" in name for name in said)
    other = next(text for name, text in said.items() if "乙所" in name)
    assert "李四" in other
    assert "这次没有报送" in other
    assert "2026年12月31日前" in other


def test_forward_after_back_shows_the_page_again(open_page, received):
    page = open_page()
    hand_in(page, "review", [received])
    page.locator("table.submissions tbody th a").first.click()
    page.get_by_label("通过").check()
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator(".notice")).to_contain_text("已标好")
    page.go_back()
    page.go_forward()
    expect(page.locator(".notice")).to_contain_text("已标好")
    page.goto("/unit")
    page.locator("#files").evaluate("input => input.removeAttribute('required')")
    page.locator("button.primary").click()
    expect(page.locator(".notice.alarm")).to_contain_text("请先选择文件")
    page.go_back()
    page.go_forward()
    expect(page.locator(".notice.alarm")).to_contain_text("请先选择文件")


def test_a_list_of_people_with_a_fault_says_so_after_back_and_forward(open_page, tmp_path):
    roster = tmp_path / "名册.csv"
    roster.write_text("甲,乙\n1,2\n")
    page = open_page()
    page.goto("/review")
    page.set_input_files("#files", GOOD)
    page.set_input_files("#register", roster)
    page.locator("button.primary").click()
    expect(page.locator("main")).to_contain_text("名册没有读懂")
    page.go_back()
    page.go_forward()
    expect(page.locator("main")).to_contain_text("名册没有读懂")


def test_a_page_that_waits_says_that_the_service_does_not_answer_and_goes_on(open_page, tmp_path):
    page = open_page()
    page.route("**/status", lambda route: route.abort())
    many = tmp_path / "很多.jsonl"
    line = json.dumps(submission("赵一"))
    many.write_text("\n".join([line] * 2500))
    page.goto("/review")
    page.set_input_files("#files", many)
    page.locator("button.primary").click()
    expect(page.locator("#working-trouble")).to_contain_text("再试", timeout=20_000)
    page.unroute("**/status")
    expect(page.locator(".tiles")).to_contain_text("2500", timeout=90_000)


def test_a_batch_whose_time_is_up_is_said_to_be_over(chromium, tmp_path):
    with served(tmp_path, FORMSVC_RUNS=str(tmp_path / "runs"), FORMSVC_RUN_MINUTES="1") as server:
        page = chromium.new_context(base_url=server.address, locale="zh-CN").new_page()
        hand_in(page, "unit", [GOOD])
        for status in (tmp_path / "runs").rglob("status.json"):
            told = json.loads(status.read_text())
            status.write_text(json.dumps({**told, "expires": 0}))
        page.reload()
        expect(page.locator("main")).to_contain_text("已经到期，自动删除了")
        page.context.close()


def test_a_phone_shows_cards_and_nothing_is_wider_than_it(open_page, received, violations):
    page = open_page(width=390)
    hand_in(page, "review", [received])
    there = page.url
    expect(page.locator("table.submissions thead")).to_be_hidden()
    row = page.locator("table.submissions tbody tr").first
    assert row.evaluate("row => getComputedStyle(row).display") == "block"
    for address in (there, f"{there}/2", f"{there}/delete", "/review"):
        page.goto(address)
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide, address
        assert violations(page) == [], address


def test_the_pages_of_a_unit_are_accessible(open_page, faulty, violations):
    page = open_page()
    hand_in(page, "unit", [faulty])
    there = page.url
    page.locator("summary", has_text="换成改好的文件").first.click()
    assert violations(page) == []
    page.goto(f"{there}/cover")
    assert violations(page) == []
