"""The store's pages: drafting, handing in, handing on, looking for, adding up."""

import io
import re
from datetime import date, timedelta
from urllib.parse import unquote

import openpyxl
import pytest
from PIL import Image

from formsvc.store import drafts, history, life, materials, offices, people
from formsvc.store.access import Role
from formsvc.store.materials import Upload
from formsvc.store.models import Office
from formsvc.web.filings.eventwords import KINDS

from ..conftest import ROOT
from .test_audit import code_of
from .test_materials import picture
from .world import SUMMARY, submission

# Pages over verbs that the other modules of this folder prove on both.
DATABASES = ("sqlite",)

PEOPLE = ("单位", "部门", "省厅", "财政", "财政")


@pytest.fixture
def form(store):
    return store.forms[0].in_force(SUMMARY, date(2026, 3, 1))


def handed_in(desks, form, data=None) -> int:
    """Draft, save, confirm, as the pages lead; the filing's id."""
    browser = desks.of("申报人")
    browser.get(f"/forms/{SUMMARY}")
    browser.saved(form, data or submission(), **{"hand-in": "yes"})
    assert "确认提交" in browser.page
    id = int(browser.path.split("/")[2])
    browser.post(
        browser.path, {"revision": browser.hidden("revision"), "key": browser.hidden("key")}
    )
    assert "已提交" in browser.page
    return id


def recorded(world, kind: str) -> list:
    with world.store.reading(world.actor("管理员")) as work:
        return [each.details for each in history.told(work, kind=kind)]


def test_what_was_not_checked_says_what_it_asks_for(desks, form):
    browser = desks.of("申报人")
    browser.get(f"/forms/{SUMMARY}")
    browser.saved(form, submission(), **{"hand-in": "yes"})
    said = re.findall(r"<li>([^<]*)<span class=\"why\">没有检查：", browser.page)
    assert "“姓名”在名册上，所填与名册一致（有名册时检查）" in said


def test_a_filing_goes_the_whole_way_by_the_pages_alone(desks, world, form):
    id = handed_in(desks, form)
    page = desks.of("单位").decide(id, "pass", words="情况属实")
    assert "已签署意见" in page
    page = desks.of("部门").decide(id, "return", words="请补写成效", until="2026年4月1日")
    assert "已退回申报人" in page
    applicant = desks.of("申报人")
    assert "请补写成效" in applicant.get("/filings")
    assert "2026年4月1日" in applicant.page
    applicant.get(f"/filings/{id}/edit")
    assert "省教育厅退回了这份材料" in applicant.page
    assert "请补写成效" in applicant.page
    applicant.saved(form, submission(training__outcome="补写后的成效。"), **{"hand-in": "yes"})
    applicant.post(applicant.path, {name: applicant.hidden(name) for name in ("revision", "key")})
    assert "第 2 版" in applicant.page
    assert "意见已失效" in applicant.page
    assert "补写后的成效" in desks.of("单位").get(f"/filings/{id}/versions/2?with=1")
    for name in PEOPLE:
        desks.of(name).decide(id, "pass", words="同意")
    assert "已办结" in applicant.get(f"/filings/{id}")
    assert {"version": 2} in recorded(world, "read")
    assert "历史完整" in desks.of("管理员").get("/admin/history/whole")


def test_who_reads_a_version_is_written_down_once_a_day(desks, world, form, clock):
    id = handed_in(desks, form)
    before = len(recorded(world, "read"))
    for name in ("单位", "单位", "部门", "单位"):
        desks.of(name).get(f"/filings/{id}")
    assert len(recorded(world, "read")) == before + 2
    clock.now += timedelta(days=1)
    desks.of("单位").get(f"/filings/{id}")
    assert len(recorded(world, "read")) == before + 3


def test_the_history_names_people_offices_and_files_and_folds_readings(desks, world, form):
    id = handed_in(desks, form)
    proof = Upload("论文6217000000987654321.png", picture())
    materials.add(world.store, world.actor("单位"), id, proof)
    with world.store.writing(world.actor("管理员")) as work:
        people.shut_out(work, world.people["财政"])
        offices.rename(work, work.session.get_one(Office, world.offices["省财政厅"]),
                       world.store.forms[0].programmes["jiangxi"], "江西省财政厅")  # fmt: skip
    others = [
        world.handed_in(world.actor("单位"), "江西某大学",
                        submission(person__name=f"丙{each}", person__id_number=code_of(each)))
        for each in (1, 2, 3)
    ]  # fmt: skip
    for other in others:
        desks.of("单位").get(f"/filings/{other}")
    page = desks.of("管理员").get("/admin/history")
    assert "人员 “财政”" in page
    assert "文件 “论文" in page
    assert "6217000000987654321" not in page
    assert "江西省财政厅" in page
    assert "查看内容 3 次" in page
    page = desks.of("管理员").get("/admin/history?kind=-read")
    assert ">查看内容<" not in page.partition("<tbody>")[2]


def test_what_has_errors_is_not_handed_in_and_its_findings_are_said(desks, world, form):
    browser = desks.of("申报人")
    browser.get(f"/forms/{SUMMARY}")
    wrong = submission(funding__provincial=200_000)
    browser.saved(form, wrong, **{"hand-in": "yes"})
    assert "还不能提交" in browser.page
    assert "第七条" in browser.page
    assert 'name="key"' not in browser.page
    assert "200000" in browser.get(browser.path.replace("hand-in", "edit"))


def test_the_same_page_sent_twice_hands_in_once(desks, world, form):
    browser = desks.of("申报人")
    browser.get(f"/forms/{SUMMARY}")
    browser.saved(form, submission(), **{"hand-in": "yes"})
    path, sent = browser.path, {name: browser.hidden(name) for name in ("revision", "key", "token")}
    pages = [browser.post(path, sent) for _ in range(3)]
    assert all("已提交" in page for page in pages)
    assert world.filing(int(path.split("/")[2])).version == 1
    assert len(recorded(world, "handed-in")) == 1


def test_the_second_of_two_windows_sees_both_and_chooses(desks, world, form):
    first, second = desks.of("申报人"), desks.of("申报人")
    id, _ = world.draft(world.actor("申报人"), "江西某大学")
    first.get(f"/filings/{id}/edit")
    second.get(f"/filings/{id}/edit")
    first.saved(form, submission(training__outcome="先存的"))
    assert "已保存" in first.page
    second.saved(form, submission(training__outcome="后存的"))
    assert second.status == 412
    assert "先存的" in second.page
    assert "后存的" in second.page
    second.saved(form, submission(training__outcome="后存的"))
    assert "已保存" in second.page
    assert "后存的" in second.page
    assert "以那边已保存的为准" not in second.page


def test_what_cannot_be_saved_stays_on_the_page(desks, world, form):
    browser = desks.of("申报人")
    id, revision = world.draft(world.actor("申报人"), "江西某大学")
    browser.get(f"/filings/{id}/edit")
    with world.store.writing(world.actor("申报人")) as work:
        drafts.discard(work, id, revision)
    browser.saved(form, submission(training__outcome="还在的话"))
    assert browser.status == 422
    assert "还在的话" in browser.page
    assert "没有保存" in browser.page
    browser.saved(form, submission(training__outcome="还在的话"))
    assert "已保存" in browser.page
    gone = desks.of("")
    gone.get(f"/forms/{SUMMARY}")
    gone.saved(form, submission(training__outcome="也还在"))
    assert gone.status == 401
    assert "也还在" in gone.page


def test_who_comes_second_is_told_and_keeps_the_words(desks, world, form):
    id = handed_in(desks, form)
    late = desks.of("单位")
    late.get(f"/filings/{id}")
    kept = {name: late.hidden(name) for name in ("revision", "digest")}
    desks.of("单位").decide(id, "pass", words="先办的")
    late.post(f"/filings/{id}/pass", {**kept, "words": "后写的"})
    assert late.status == 409
    assert "没有办理" in late.page
    assert "先办的" in late.page


def test_many_are_handed_on_in_one_go_each_for_itself(desks, world):
    world.person("李某", ("江西某大学", Role.APPLICANT))
    first = world.handed_in(
        world.actor("李某"),
        "江西某大学",
        submission("jiangxi-study-application", person__name="李某"),
    )
    other = world.handed_in(world.actor("申报人"), "江西某大学")
    unit = desks.of("单位")
    page = unit.get("/todo")
    picks = re.findall(r'name="pick" value="([^"]+)"', page)
    assert {int(each.split(".")[0]) for each in picks} == {first, other}
    world.passed(world.actor("单位"), other, "先一步")
    unit.post("/todo", {"pick": picks, "do": "pass", "words": "同意"})
    assert "刚才办的 2 份" in unit.page
    assert "已转下一步" in unit.page
    assert "刚被别人办过" in unit.page
    assert "江西某大学单位已办：通过" in unit.page
    assert world.filing(first).holder.name == "省教育厅"
    assert "没有等您办的材料" in unit.get("/todo")


def test_nothing_ticked_or_a_wrong_day_is_said_and_the_words_stay(desks, world, form):
    handed_in(desks, form)
    unit = desks.of("单位")
    unit.get("/todo")
    pick = re.search(r'name="pick" value="([^"]+)"', unit.page)[1]
    for sent in (
        {"do": "pass", "words": "写好的"},
        {"do": "return", "words": "写好的", "pick": pick, "until": "下周"},
    ):
        unit.post("/todo", sent)
        assert unit.status == 422
        assert "写好的" in unit.page
        assert 'role="alert"' in unit.page


def test_the_list_is_searched_by_name_number_and_id_number(desks, world, form):
    data = submission()
    id = handed_in(desks, form, data)
    province = desks.of("省厅")
    number = world.filing(id).number
    for query in (
        data["person"]["name"],
        number,
        data["person"]["id_number"],
        data["unit"]["name"],
    ):
        assert number in province.post("/filings/all/find", {"q": query}, of="/filings/all"), query
        assert query in province.page
        assert query not in unquote(province.query)
    assert "没有找到" in province.post("/filings/all/find", {"q": "无此人"})
    assert "没有找到" not in province.get("/filings/all?find=made-up")


def test_others_filings_and_drafts_are_not_there(desks, world, form):
    world.person("外人", ("南昌某厂", Role.MANAGER))
    draft, _ = world.draft(world.actor("单位"), "江西某大学", submission(person__name="王某"))
    id = handed_in(desks, form)
    for name in ("外人", "财政"):
        browser = desks.of(name)
        for path in (f"/filings/{id}", f"/filings/{id}/edit", f"/filings/{id}/versions/1",
                     f"/filings/{id}/versions/1/document.docx", f"/filings/{draft}/edit"):  # fmt: skip
            browser.get(path)
            assert browser.status == 404, (name, path)
    for path in ("/filings", "/todo", "/funds", "/notices", "/admin/history", f"/filings/{id}"):
        nobody = desks.of("")
        nobody.get(path)
        assert nobody.path == "/account/login", path
    for path in ("/admin/history", "/funds", "/todo"):
        browser = desks.of("申报人")
        browser.get(path)
        assert browser.status == 404, path


def test_documents_are_those_of_the_frozen_version(desks, world, form):
    id = handed_in(desks, form)
    client = desks.of("单位").client
    for format, magic in (("docx", b"PK"), ("pdf", b"%PDF")):
        answer = client.get(f"/filings/{id}/versions/1/document.{format}")
        assert answer.status_code == 200
        assert answer.data.startswith(magic)
    assert {"version": 1} in recorded(world, "read")


def test_granted_amounts_are_added_up_exactly_and_as_text_in_the_sheet(desks, world, form):
    id = handed_in(desks, form)
    for name in PEOPLE:
        world.passed(world.actor(name), id)
    cents = world.filing(id).amount
    finance = desks.of("财政")
    page = finance.get("/funds")
    assert f"{cents // 100:,}元" in page
    assert "江西某大学" in page
    assert "2026" in page
    sheet = openpyxl.load_workbook(io.BytesIO(finance.client.get("/funds.xlsx").data)).active
    assert [cell.value for cell in sheet[2]][1:] == [2026, "江西某大学", 1, cents / 100]
    assert "没有已办结" in finance.get("/funds?year=2025")


def test_notices_are_counted_and_marked_as_read(desks, world, form):
    id = handed_in(desks, form)
    unit = desks.of("单位")
    assert "1<span" in unit.get("/notices")
    assert "未读" in unit.page
    unit.post("/notices", {"notice": unit.hidden("notice")})
    assert unit.path == f"/filings/{id}"
    assert "未读" not in unit.get("/notices")


def test_a_withdrawn_and_a_refused_one_say_so(desks, world, form):
    id = handed_in(desks, form)
    page = desks.of("申报人").decide(id, "withdraw")
    assert "已撤回" in page
    assert "继续填写" in page
    with world.store.writing(world.actor("申报人")) as work:
        life.hand_in(work, id, life.find(work, id).revision)
    unit = desks.of("单位")
    assert "写明理由" in unit.decide(id, "refuse")
    assert unit.status == 422
    assert "不予通过" in unit.decide(id, "refuse", words="不符合条件")
    assert "不符合条件" in desks.of("申报人").get(f"/filings/{id}")


def test_without_signing_in_the_form_page_is_as_before(desks):
    page = desks.of("").get(f"/forms/{SUMMARY}")
    assert "保存到我的申报" not in page
    assert "登录" in page
    assert "本服务不保存" in page
    page = desks.of("申报人").get(f"/forms/{SUMMARY}")
    assert "保存到我的申报" in page
    assert "本服务不保存" not in page


def test_addresses_that_lead_nowhere_are_answered_as_such(desks, world, form):
    handed_in(desks, form)
    finance = desks.of("省厅")
    for path in ("/filings/99999999999999999999", "/filings/0", "/filings/1/versions/99"):
        finance.get(path)
        assert finance.status == 404, path
    for path in ("/filings/all?form=%00&office=x", "/todo?find=%00", "/funds?unit=%00&year=x"):
        finance.get(path)
        assert finance.status == 200, path
    finance.get("/filings/all?after=nonsense")
    assert finance.status == 422
    assert "没有找到" in finance.post("/filings/all/find", {"q": "无\0人"}, of="/filings/all")


def test_every_kind_of_event_has_words():
    recorded = re.compile(r'(?:record|later|_told)\((?:\w+, )?"([a-z-]+)"')
    sources = (ROOT / "formsvc").rglob("*.py")
    kinds = {kind for path in sources for kind in recorded.findall(path.read_text("utf-8"))}
    assert {"handed-in", "scan-judged", "passkey-added"} <= kinds <= {*KINDS}


def test_what_was_written_too_late_is_shown_again(desks, world, form):
    id = handed_in(desks, form)
    late = desks.of("单位")
    late.get(f"/filings/{id}")
    kept = {name: late.hidden(name) for name in ("revision", "digest", "token")}
    desks.of("单位").decide(id, "pass", words="同意")
    late.post(f"/filings/{id}/pass", {**kept, "words": "写了很久的意见"})
    assert "没有办理" in late.page
    assert "写了很久的意见" in late.page


def test_proofs_are_added_before_handing_in(desks, world, form):
    browser = desks.of("申报人")
    browser.get(f"/forms/{SUMMARY}")
    browser.saved(form, submission(), **{"hand-in": "yes"})
    assert "证明材料" in browser.page
    image = io.BytesIO()
    Image.new("RGB", (300, 300), "white").save(image, "PNG")
    image.seek(0)
    at = browser.path.replace("/hand-in", "/materials")
    browser.post(at, {"kind": "proof", "at": "hand-in", "file": (image, "证明.png")})
    assert browser.path.endswith("/hand-in")
    assert "证明" in browser.page
    assert "确认提交" in browser.page
