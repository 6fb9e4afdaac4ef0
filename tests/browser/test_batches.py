"""The employer's and the reviewer's desks, from the upload to what is taken away."""

import io
import json
import re
import zipfile
from pathlib import Path

import openpyxl
import pikepdf
import pytest
from playwright.sync_api import Page, expect

from benchmarks.generate import batch
from tests.conftest import SAMPLES, valid_samples

from .test_applicant import load

GOOD = SAMPLES / "jiangxi/jiangxi-training-summary/2026-1/valid/half-year-to-31-august.json"
FUNDING = (
    SAMPLES
    / "jiangxi/jiangxi-project-funding/2026-1/valid/social-science-with-three-budget-items.json"
)


def hand_in(page: Page, desk: str, files: list[Path]) -> None:
    page.goto(f"/{desk}")
    page.set_input_files("#files", files)
    page.locator("button.primary").click()
    expect(page.locator(".tiles").first).to_be_visible(timeout=20_000)


def taken(page: Page, name: str) -> bytes:
    """A file of the batch, made now or a moment later."""
    made = page.get_by_role("link", name=re.compile(f"下载{name}"))
    with page.expect_download(timeout=30_000) as download:
        page.get_by_role("button", name=name).click()
        if page.locator(".working").count() or made.count():
            made.click(timeout=30_000)
    return Path(download.value.path()).read_bytes()


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_an_employer_gets_each_document_the_zip_and_the_print_pack(open_page, tmp_path, scripts):
    faulty = json.loads(GOOD.read_text("utf-8-sig"))
    faulty["person"]["name"], faulty["materials"] = "赵缺", ["往返机票"]
    faulty["person"]["id_number"] = "11010519491231002X"
    path = tmp_path / "赵缺.json"
    path.write_text(json.dumps(faulty))
    page = open_page(scripts=scripts)
    hand_in(page, "unit", [GOOD, FUNDING, path])
    person = page.locator("article", has_text="赵缺")
    expect(person).to_contain_text("还缺研修机构证明、使领馆留学证明、出入境签证记录")
    expect(person.locator(".materials li.given")).to_have_count(1)
    expect(page.locator("article.ok, article.warning")).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("^Word")).first.click()
    assert download.value.suggested_filename.endswith(".docx")
    names = zipfile.ZipFile(io.BytesIO(taken(page, "各人表格"))).namelist()
    assert len(names) == 4
    assert all(re.fullmatch(r"[^/]+/[0-9]{6}-[^/]+\.(docx|pdf)", name) for name in names)
    pack = pikepdf.open(io.BytesIO(taken(page, "打印包")))
    assert len(pack.pages) % 2 == 0


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_a_reviewer_finds_filters_and_reads(open_page, mixed, scripts):
    page = open_page(scripts=scripts)
    hand_in(page, "review", [mixed])
    expect(page.locator(".tiles")).to_contain_text("31")
    assert re.match(r"通过率 \d+%", page.title())
    page.locator("#by-rule + table a").first.click()
    rows = page.locator("table.submissions tbody tr")
    found = rows.count()
    assert 0 < found < 50
    page.select_option("#order", "person")
    page.select_option("#state", "error")
    page.get_by_role("button", name="筛选").click()
    names = rows.locator("th").all_inner_texts()
    named = [name for name in names if not name.endswith(".json")]
    assert named == sorted(named)
    assert 0 < len(names) <= found
    rows.locator("th a").first.click()
    expect(page.locator("ol.found > li").first).to_be_visible()
    place = page.locator("ol.found a").first
    place.click()
    expect(page.locator(".sheet :target")).to_be_visible()
    page.get_by_role("link", name="各单位.zip", exact=True).click()
    assert page.locator("#state").input_value() == "error"  # the filter is kept


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_a_reviewer_takes_the_workbook_and_the_letters(open_page, mixed, scripts):
    page = open_page(scripts=scripts)
    hand_in(page, "review", [mixed])
    book = openpyxl.load_workbook(io.BytesIO(taken(page, "审核结果")))
    assert {"汇总", "问题", "申报"} <= set(book.sheetnames)
    assert book["申报"].max_row == 32
    for title, ending in (("退回通知（Word", "docx"), ("退回通知（PDF", "pdf")):
        letters = zipfile.ZipFile(io.BytesIO(taken(page, title))).namelist()
        assert letters
        assert all(re.fullmatch(rf"退回通知-[^/]+\.{ending}", name) for name in letters)


def test_what_cannot_be_read_is_a_row_of_its_own(open_page, mixed):
    page = open_page()
    hand_in(page, "review", [mixed])
    page.select_option("#state", "unread")
    page.get_by_role("button", name="筛选").click()
    expect(page.locator("table.submissions tbody tr")).to_have_count(1)
    expect(page.locator("table.submissions")).to_contain_text("坏.json")


def test_a_second_batch_is_compared_with_the_first(open_page, tmp_path):
    before, after = tmp_path / "前.json", tmp_path / "后.json"
    data = json.loads(GOOD.read_text("utf-8-sig"))
    data["materials"], data["person"]["mobile"] = ["往返机票"], "123"
    before.write_text(json.dumps(data))
    data["person"]["mobile"], data["person"]["postcode"] = "13800138000", "1"
    after.write_text(json.dumps(data))
    page = open_page()
    hand_in(page, "review", [before])
    hand_in(page, "review", [after])
    page.get_by_role("link", name=re.compile("比较")).first.click()
    expect(page.locator("ul.changes")).to_be_visible()
    texts = page.locator("ul.changes li li").all_inner_texts()
    for kind, about in (("仍未改正", "还缺"), ("新问题", "邮政编码"), ("已改正", "手机")):
        assert any(text.startswith(kind) and about in text for text in texts)


def test_a_batch_can_be_left_found_again_and_deleted(open_page):
    page = open_page()
    hand_in(page, "unit", [GOOD])
    page.goto("/")
    page.goto("/unit")
    page.locator(".batches a").click()
    expect(page.locator(".tiles")).to_be_visible()
    page.get_by_role("button", name="立即删除").click()
    expect(page.locator("main")).to_contain_text("不能恢复")
    page.get_by_role("link", name="不删除").click()
    expect(page.locator(".tiles")).to_be_visible()
    page.get_by_role("button", name="立即删除").click()
    page.get_by_role("button", name="删除", exact=True).click()
    expect(page.get_by_text("还没有。上传后可以离开")).to_be_visible()


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Path:
    """Enough for work that takes longer than a breath."""
    path = tmp_path_factory.mktemp("many") / "很多.jsonl"
    path.write_text("\n".join(json.dumps(data) for data in batch(4_000)))
    return path


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_long_work_shows_how_far_it_is_and_ends_by_itself(open_page, many, scripts):
    page = open_page(scripts=scripts)
    page.goto("/review")
    page.set_input_files("#files", many)
    page.locator("button.primary").click()
    expect(page.get_by_role("heading", name="正在处理")).to_be_visible()
    expect(page.locator("#working-label")).to_be_visible()
    page.goto("/")  # leave, and come back
    page.goto("/review")
    page.locator(".batches a").click()
    expect(page.locator(".tiles")).to_contain_text("4000", timeout=60_000)


def test_a_submission_is_shown_as_it_would_be_printed(open_page):
    page = open_page()
    hand_in(page, "review", [FUNDING])
    page.locator("tbody th a").last.click()
    pictures = page.locator(".prints img")
    expect(pictures.first).to_be_visible()
    pictures.first.scroll_into_view_if_needed()
    expect(pictures.first).to_have_js_property("complete", True)
    assert pictures.first.evaluate("picture => picture.naturalWidth") > 500
    assert pictures.count() == 2  # the form, and the sheet for its budget


def test_a_submission_goes_from_a_batch_back_into_the_form(open_page):
    page = open_page()
    hand_in(page, "unit", [FUNDING])
    page.locator("article h3 a").click()
    page.get_by_role("button", name="在填表页打开修改").click()
    expect(page.locator("#summary")).to_contain_text("没有问题")
    assert page.locator('[id="/person/name"]').input_value()


def test_what_the_form_has_no_place_for_is_said_where_it_is_left_out(open_page, tmp_path):
    odd = json.loads(FUNDING.read_text("utf-8-sig")) | {"remarks": "请加急"}
    path = tmp_path / "多一项.json"
    path.write_text(json.dumps(odd))
    page = open_page()
    hand_in(page, "unit", [path])
    page.locator("article h3 a").click()
    page.get_by_text("在填表页打开修改").click()
    expect(page.locator(".notice").filter(has_text="“remarks”，没有带到这一页")).to_be_visible()
    page.goto(f"/forms/{odd['form']}")
    load(page, path)
    expect(page.locator(".notice").filter(has_text="“remarks”，没有带到这一页")).to_be_visible()


def test_samples_of_every_form_are_read_from_their_own_documents(open_page, tmp_path, catalogue):
    from formsvc import fill

    files = []
    for form in catalogue.values():
        data = json.loads(valid_samples(form.id)[0].read_text("utf-8-sig"))
        for format in ("docx", "pdf"):
            path = tmp_path / f"{form.id}.{format}"
            path.write_bytes(fill(form, data, format))
            files.append(path)
    page = open_page()
    hand_in(page, "unit", files)
    expect(page.locator(".paper-of .title a")).to_have_count(len(files))


DROP = """(place, names) => { const files = new DataTransfer();
  names.forEach((name) => files.items.add(new File(['{}'], name)));
  for (const kind of ['dragover', 'drop']) place.dispatchEvent(
    new DragEvent(kind, { dataTransfer: files, bubbles: true, cancelable: true })); }"""


@pytest.mark.parametrize("where", ["/unit", "/review", "/verify"])
def test_files_may_be_dropped_anywhere_on_the_page(open_page, where):
    page = open_page()
    page.goto(where)
    page.locator("h1").evaluate(DROP, ["甲.json", "乙.json"])
    field = page.locator("input[data-drop]")
    names = field.evaluate("field => [...field.files].map((each) => each.name)")
    assert names == (["甲.json"] if where == "/verify" else ["甲.json", "乙.json"])
    expect(field).to_be_focused()
