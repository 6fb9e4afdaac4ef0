"""A submission's whole life in the served application: real accounts, real databases, a real seal.

From the first link that the server prints to the money that finance pays; nothing is put into the
store but what people in front of a browser put there.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from formsvc.documents import HOUSE
from formsvc.writing.notation import long_date, today
from tests.conftest import ROOT, SAMPLES
from tests.serving import Served, served
from tests.stamping import saved, sheets, stamp
from tests.store import postgres

from .test_accounts import arrive, sign_in
from .test_applicant import load
from .test_batches import hand_in as handed_to

SUMMARY = "jiangxi-training-summary"
SAMPLE = SAMPLES / f"jiangxi/{SUMMARY}/2026-1/valid/byte-order-mark-and-full-width-id.json"
UNIT = "江西赣鄱师范学院"
ELSEWHERE = "江西赣鄱师范学院附属幼儿园"
MENDED = "形成课例集1册、论文1篇，选课53人，样本幼儿园由3所增至9所。"
PROVINCE, FINANCE, DEPARTMENT = "省人社厅", "省财政厅", "省教育厅"


@pytest.fixture(scope="module")
def cluster():
    with postgres.server() as address:
        yield address


@pytest.fixture
def environment(cluster, tmp_path) -> dict[str, str]:
    """What the service and the commands beside it are told. SQLite is what `make run` keeps."""
    return {
        "FORMSVC_DATA": str(tmp_path / "data"),
        "FORMSVC_RUNS": str(tmp_path / "runs"),
        "FORMSVC_DATABASE": postgres.database(cluster),
    }


@pytest.fixture
def server(tmp_path, environment):
    with served(tmp_path, **environment) as running:
        yield running


@pytest.fixture
def address(server) -> str:
    """Of this server, not of the one without a store: `open_page` opens its pages."""
    return server.address


@dataclass
class People:
    """Everybody in the story, each with a browser of their own."""

    open_page: object
    server: Served
    environment: dict[str, str]
    desks: dict[str, Page] = field(default_factory=dict)

    def first_admin(self, name: str) -> Page:
        """By the link that the server printed."""
        printed = self.server.log.read_text()
        page = self.open_page()
        page.goto(re.search(r"http://\S+/account/first\?token=\S+", printed)[0])
        arrive(page, name, _email(name))
        self.desks[name] = page
        return page

    def join(self, name: str, link: str) -> None:
        """Make an account by a link, and leave."""
        page = self.open_page()
        page.goto(link)
        arrive(page, name, _email(name))
        page.context.close()

    def desk(self, name: str) -> Page:
        """Their browser: at first a new one, signed in with the password."""
        if name not in self.desks:
            page = self.desks[name] = self.open_page()
            sign_in(page, _email(name))
            expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
        return self.desks[name]

    def take_up(self, name: str) -> Page:
        """Open what waits for them."""
        page = self.desk(name)
        page.get_by_role("link", name="待办", exact=True).click()
        page.locator(".filing-list th a").click()
        expect(page.get_by_role("textbox", name="意见")).to_be_visible()
        return page

    def command(self, *arguments: object) -> str:
        """What `formsvc` says beside the running server."""
        command = [sys.executable, "-m", "formsvc", *map(str, arguments)]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, env=os.environ | self.environment
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def people(open_page, server, environment) -> People:
    return People(open_page, server, environment)


def _email(name: str) -> str:
    """An address for each name."""
    return f"p{name.encode().hex()}@example.cn"


# what one does in front of a page


def press(place: Page | Locator, name: str | re.Pattern) -> None:
    place.get_by_role("button", name=name, exact=isinstance(name, str)).click()


def download(page: Page, link: str, to: Path) -> Path:
    with page.expect_download() as got:
        page.get_by_role("link", name=re.compile(rf"^{link}$")).click()
    got.value.save_as(to)
    return to


def said(page: Page) -> Locator:
    return page.get_by_role("status").first


def add_office(page: Page, name: str, kind: str, above: str = "") -> None:
    page.goto("/admin/")
    if above:
        page.get_by_role("link", name=above, exact=True).click()
        page.locator("summary", has_text="添加下级机构").click()
        place = page.locator("section", has=page.locator("#below"))
    else:
        place = page.locator("section", has=page.locator("#p-jiangxi"))
        if not place.get_by_label("机构名称").is_visible():
            place.locator("summary", has_text="添加最上层机构").click()
    place.get_by_label("类别").select_option(kind)
    place.get_by_label("机构名称").fill(name)
    press(place, "添加")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def invitation(page: Page, office: str, role: str) -> str:
    """A link into an office, made on its page."""
    page.get_by_role("link", name="管理", exact=True).click()
    page.get_by_role("link", name=office, exact=True).click()
    page.get_by_role("radio", name=role).check()
    press(page, "生成邀请链接")
    return page.locator("#secret").inner_text()


def hand_in(page: Page) -> None:
    press(page, "保存并去提交")
    expect(page.get_by_role("heading", level=1)).to_have_text("确认提交")
    press(page, "确认提交")
    expect(said(page)).to_contain_text("已提交")


def printed(page: Page, version: int, folder: Path) -> list[Image.Image]:
    """The paper that the page offers, as it comes out of the printer."""
    paper = download(page, rf"下载 PDF\s*第 {version} 版", folder / f"第{version}版.pdf")
    return sheets(paper.read_bytes(), folder)


def hand_over(page: Page, paper: list[Image.Image], box: str, version: int, folder: Path) -> None:
    """Upload the scan of a stamped paper; what is seen on it is right."""
    scan = folder / f"{box}.pdf"
    scan.write_bytes(saved(paper))
    page.set_input_files("#material-file", scan)
    press(page, "上传")
    files = page.locator("#materials")
    expect(files).to_contain_text(f"是现在办理的第 {version} 版")
    expect(files).to_contain_text(f"“{box}”处有红色印章")


def pass_on(page: Page, words: str, came_of_it: str = "转到下一步") -> None:
    page.get_by_role("textbox", name="意见").fill(words)
    press(page, re.compile("^通过"))
    expect(said(page)).to_contain_text(came_of_it)
    given = page.locator(".way li", has_text=words)
    expect(given.locator(".plain-findings")).to_have_count(0)


def submission() -> dict:
    """A sample as of today, in order but for the account: it is that of somebody else."""
    data = json.loads(SAMPLE.read_text("utf-8-sig"))
    end = today() - timedelta(20)
    start = end - timedelta(190)
    data["training"] |= {"start_date": start.isoformat(), "end_date": end.isoformat()}
    data["person"]["selected_year"] = start.year
    data["submitted_on"] = today().isoformat()
    data["account"]["holder"] = ELSEWHERE
    return data


def everybody_comes(people: People) -> None:
    """The first admin makes the offices; each office's people come by its links."""
    admin = people.first_admin("王敏")
    add_office(admin, PROVINCE, "province")
    add_office(admin, FINANCE, "finance")
    add_office(admin, DEPARTMENT, "department", PROVINCE)
    add_office(admin, UNIT, "unit", DEPARTMENT)
    clerks = {"李教育": DEPARTMENT, "陈省厅": PROVINCE, "周财政": FINANCE}
    for name, office in clerks.items():
        people.join(name, invitation(admin, office, "经办人"))
    people.join("赵人事", invitation(admin, UNIT, "负责人"))
    people.join("司马晓楠", invitation(people.desk("赵人事"), UNIT, "申报人"))


def test_a_submission_lives_from_the_draft_to_the_payment(people, catalogue, tmp_path):
    everybody_comes(people)
    data = submission()

    def stamped(paper: list[Image.Image], box: str) -> list[Image.Image]:
        return stamp(paper, catalogue[SUMMARY], data, box, HOUSE)

    draft = tmp_path / "总结书.json"
    draft.write_text(json.dumps(data, ensure_ascii=False), "utf-8")

    # The applicant fills in, keeps it, hands it in, and has a receipt.
    applicant = people.desk("司马晓楠")
    applicant.goto(f"/forms/{SUMMARY}")
    load(applicant, draft)
    press(applicant, "保存到我的申报")
    expect(said(applicant)).to_contain_text("已保存")
    hand_in(applicant)
    receipt = download(applicant, "JSON", tmp_path / "receipt.json")
    page = download(applicant, "PDF", tmp_path / "receipt.pdf")
    number = json.loads(receipt.read_bytes())["number"]
    expect(applicant.locator("#now + p")).to_contain_text(UNIT)

    # The unit stamps and passes it on.
    unit = people.take_up("赵人事")
    hand_over(unit, stamped(printed(unit, 1, tmp_path), "单位"), "单位", 1, tmp_path)
    pass_on(unit, "情况属实，同意上报。")

    # The department finds the wrong account and sends it back.
    department = people.take_up("李教育")
    department.get_by_role("textbox", name="意见").fill("户名不是你单位，成效也请写具体些。")
    department.get_by_text("退回申报人改正").click()
    expect(department.get_by_label(re.compile("户名.*附属幼儿园"))).to_be_checked()
    until = today() + timedelta(7)
    department.get_by_label("改正期限").fill(until.isoformat())
    press(department, "退回")
    expect(said(department)).to_contain_text("已退回")

    # The applicant sees why, mends it and hands in again.
    applicant.get_by_role("link", name="我的申报", exact=True).first.click()
    back = applicant.locator(".came-back")
    expect(back).to_contain_text(f"{DEPARTMENT}退回")
    expect(back).to_contain_text(long_date(until))
    expect(back).to_contain_text("成效也请写具体些")
    expect(back).to_contain_text(ELSEWHERE)
    applicant.get_by_role("link", name="继续填写").click()
    applicant.locator('[id="/account/holder"]').fill(UNIT)
    applicant.locator('[id="/training/outcome"]').fill(MENDED)
    hand_in(applicant)
    expect(applicant.locator(".way")).to_contain_text("意见已失效")
    press(applicant, "比较")
    differing = applicant.get_by_role("region", name="两版不同的栏目")
    expect(differing.get_by_role("row")).to_have_count(3)
    expect(differing).to_contain_text(ELSEWHERE)

    # The new version is printed and stamped anew; the same paper goes on to the department.
    data["account"]["holder"] = UNIT
    data["training"]["outcome"] = MENDED
    unit = people.take_up("赵人事")
    paper = stamped(printed(unit, 2, tmp_path), "单位")
    hand_over(unit, paper, "单位", 2, tmp_path)
    pass_on(unit, "已改正，同意上报。")
    department = people.take_up("李教育")
    hand_over(department, stamped(paper, "主管单位"), "主管单位", 2, tmp_path)
    pass_on(department, "同意。")
    pass_on(people.take_up("陈省厅"), "审核通过。")
    finance = people.take_up("周财政")
    expect(finance.locator("#decide")).to_contain_text("复核")
    pass_on(finance, "复核无误。")
    expect(finance.locator("#decide")).to_contain_text("拨付")
    pass_on(finance, "已拨付。", "办结")
    expect(finance.locator("#now + p")).to_contain_text("已办结")
    finance.get_by_role("link", name="经费", exact=True).click()
    expect(finance.get_by_role("row", name=re.compile(UNIT)).last).to_contain_text("50,000元")

    applicant.get_by_role("link", name="我的申报", exact=True).first.click()
    expect(applicant.locator("[aria-labelledby=handed]")).to_contain_text("已办结")

    # Anybody can check the receipt; the history holds it.
    key = tmp_path / "key"
    key.write_text(people.command("admin", "keys", "public"))
    stranger = people.open_page()
    stranger.goto("/verify")
    for each in (receipt, page):
        assert "回执有效" in people.command("verify", each, "--key", key)
        stranger.set_input_files("#file", each)
        press(stranger, "核对")
        expect(stranger.locator("#verdict")).to_contain_text(f"“{each.name}”：回执有效")
    of_both = ("--receipt", receipt, "--receipt", page)
    assert "没有发现问题" in people.command("admin", "audit", "verify", *of_both)
    admin = people.desk("王敏")
    admin.get_by_role("link", name="管理", exact=True).click()
    admin.get_by_role("link", name="历史", exact=True).click()
    admin.get_by_label("申报编号").fill(number)
    press(admin, "查找")
    for kind in ("新建草稿", "提交", "添加文件", "核对扫描件", "退回", "通过"):
        expect(admin.get_by_role("rowheader", name=kind).first).to_be_visible()
    press(admin, "检查历史是否完整")
    expect(admin.locator("#whole")).to_contain_text("历史完整")


def test_the_open_desks_need_no_account_beside_a_store(open_page, tmp_path):
    page = open_page()
    page.goto(f"/forms/{SUMMARY}")
    whole = submission()
    whole["account"]["holder"] = UNIT
    draft = tmp_path / "总结书.json"
    draft.write_text(json.dumps(whole, ensure_ascii=False), "utf-8")
    load(page, draft)
    press(page, "检查全部")
    expect(page.locator("#summary")).to_contain_text("没有问题")
    expect(page.get_by_role("button", name="保存到我的申报")).to_have_count(0)
    with page.expect_download() as got:
        press(page, "PDF 表格")
    for desk in ("unit", "review"):
        handed_to(page, desk, [draft])
        expect(page.get_by_role("main")).to_contain_text("司马晓楠")
    page.goto("/verify")
    page.set_input_files("#file", got.value.path())
    press(page, "核对")
    expect(page.locator("#verdict")).to_contain_text("没有发现改动")
    for path in ("/filings", "/todo", "/admin/"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_text("登录")


def test_make_run_keeps_a_store_in_the_folder_data(tmp_path, monkeypatch):
    for name in ("Makefile", "tools", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.delenv("FORMSVC_DATA", raising=False)
    # What is installed for it is what these tests run with: nothing is fetched anew.
    make = ["make", "--silent", "-o", ".venv/run.stamp", "run"]
    with served(tmp_path, command=make, where=tmp_path) as server:
        assert "/account/first?token=" in server.log.read_text()
        assert 'href="/account/login"' in urlopen(server.address).read().decode()
        assert (tmp_path / "data" / "keys.json").stat().st_mode & 0o077 == 0
    with pytest.raises(URLError):  # who stops make stops the service
        urlopen(server.address)
