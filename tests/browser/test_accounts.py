"""Accounts in a browser: password, second step, recovery code, passkey, lock, links, keyboard."""

import re
import time

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.serving import served

from .test_access import is_fine

PASSWORD = "a sentence of some length"
_DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
    "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("accounts")
    places = {"FORMSVC_DATA": str(folder / "data"), "FORMSVC_RUNS": str(folder / "runs")}
    with served(folder, **places) as running:
        yield running


@pytest.fixture(scope="module")
def address(server) -> str:
    """By name: browsers give no passkeys to a page that is addressed by number."""
    return server.address.replace("127.0.0.1", "localhost")


@pytest.fixture(scope="module")
def first(server, address, chromium) -> str:
    """The first admin's address, made by the link that was printed."""
    link = re.search(r"http://\S+/account/first\?token=\S+", server.log.read_text())[0]
    context = chromium.new_context(base_url=address, locale="zh-CN")
    page = context.new_page()
    page.goto(link.replace("127.0.0.1", "localhost"))
    arrive(page, "王敏", "wang@example.cn")
    # An office to invite people into.
    page.goto("/admin/")
    place = page.locator("section", has=page.locator("#p-jiangxi"))
    place.get_by_label("类别").select_option("province")
    place.get_by_label("机构名称").fill("省人社厅")
    place.get_by_role("button", name="添加").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("省人社厅")
    context.close()
    return "wang@example.cn"


def arrive(page: Page, name: str, email: str) -> None:
    """Make an account by the link that the page shows."""
    page.get_by_label("姓名").fill(name)
    page.get_by_label("邮箱").fill(email)
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_label("再输一次密码").fill(PASSWORD)
    page.get_by_role("button", name="建立账户").click()
    expect(page.locator(".notice.done")).to_contain_text("您好")


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    page.goto("/account/login")
    page.get_by_label("邮箱").fill(email)
    page.get_by_label("密码", exact=True).fill(password)
    page.get_by_role("button", name="登录", exact=True).click()


def invited(page: Page, role: str) -> str:
    """A link into the office, made by who is signed in as admin."""
    page.goto("/admin/")
    page.get_by_role("link", name="省人社厅").click()
    page.get_by_role("radio", name=role).check()
    page.get_by_role("button", name="生成邀请链接").click()
    return page.locator("#secret").inner_text()


@pytest.fixture
def member(open_page, first):
    """member(email, role) → a page of somebody who came by a link just now."""

    def made(email: str, role: str = "经办人") -> Page:
        admin = open_page()
        sign_in(admin, first)
        page = open_page()
        page.goto(invited(admin, role))
        arrive(page, "李经办", email)
        page.goto("/account/")
        return page

    return made


def is_signed_in(page: Page) -> None:
    expect(page.locator("header.site a[href='/account/']")).to_be_visible()


def out(page: Page) -> None:
    page.goto("/account/")
    page.get_by_role("button", name="退出登录").click()
    expect(page.locator("header.site a[href='/account/login']")).to_be_visible()


def test_second_step_and_recovery_code(open_page, member, violations):
    page = member("second@example.cn")
    page.get_by_role("link", name="两步验证").click()
    page.get_by_role("button", name="开始设置").click()
    assert is_fine(page, violations)
    code = pyotp.TOTP(re.sub("[ -]", "", page.locator("#key").inner_text()))
    page.get_by_label("6 位数字").fill(code.now())
    page.get_by_role("button", name="开启").click()
    expect(page.get_by_role("status")).to_contain_text("两步验证已经开启")
    assert is_fine(page, violations)
    page.get_by_role("link", name="恢复码").click()
    page.get_by_role("button", name="生成恢复码").click()
    kept = page.locator(".codes code").first.inner_text()
    assert is_fine(page, violations)
    out(page)
    sign_in(page, "second@example.cn")
    assert is_fine(page, violations)
    page.get_by_label("6 位数字").fill("000000")
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.locator(".fault")).to_contain_text("验证码不对")
    page.get_by_label("6 位数字").fill(code.at(time.time() + 30))
    page.get_by_role("button", name="登录", exact=True).click()
    is_signed_in(page)
    out(page)
    sign_in(page, "second@example.cn")
    page.get_by_role("link", name="用恢复码登录").click()
    assert is_fine(page, violations)
    page.get_by_label("恢复码").fill(kept)
    page.get_by_role("button", name="登录", exact=True).click()
    is_signed_in(page)
    page.goto("/account/")
    expect(page.locator("dl")).to_contain_text("还有 7 个可用")


def test_a_passkey_signs_in_without_a_password(member, violations):
    page = member("passkey@example.cn")
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": _DEVICE})
    page.goto("/account/passkeys")
    page.get_by_label("名字").fill("办公室电脑")
    page.get_by_role("button", name="登记").click()
    expect(page.get_by_text("已经登记，下次可以用它登录")).to_be_visible()
    assert is_fine(page, violations)
    out(page)
    page.goto("/account/login?next=/account/tokens")
    page.get_by_role("button", name="用通行密钥登录").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("接口令牌")
    page.goto("/account/passkeys")
    page.get_by_text("删除", exact=False).first.click()
    page.get_by_role("button", name="确定删除").click()
    expect(page.get_by_text("已经删除")).to_be_visible()
    out(page)
    page.goto("/account/login")
    page.get_by_role("button", name="用通行密钥登录").click()
    expect(page.get_by_role("alert")).to_contain_text("没有在本服务登记")


def test_five_wrong_passwords_lock(open_page, member):
    member("locked@example.cn")
    page = open_page()
    for _ in range(5):
        sign_in(page, "locked@example.cn", "not the password")
        expect(page.get_by_role("alert")).to_contain_text("锁定 15 分钟")
    sign_in(page, "locked@example.cn")
    expect(page.get_by_role("alert")).to_contain_text("锁定 15 分钟")


def test_who_is_shut_out_is_out_at_the_next_page(open_page, first, member, violations):
    page = member("leaving@example.cn")
    admin = open_page()
    sign_in(admin, first)
    admin.goto("/admin/")
    admin.get_by_role("link", name="省人社厅").click()
    assert is_fine(admin, violations)
    row = admin.locator(".members li", has_text="leaving@example.cn")
    row.locator("summary", has_text="停用账户").click()
    row.get_by_role("button", name="确定停用账户").click()
    expect(admin.get_by_role("status")).to_contain_text("已经停用")
    page.goto("/account/")
    expect(page.get_by_role("heading", level=1)).to_have_text("登录")


def test_signing_in_needs_no_mouse_and_no_script(open_page, first):
    page = open_page(scripts=False)
    page.goto("/account/login")
    page.get_by_label("邮箱").focus()
    page.keyboard.type(first)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    is_signed_in(page)
    page.get_by_role("link", name="管理", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("机构与成员")


def test_pages_of_one_s_own_account_are_accessible_and_fit(open_page, first, violations):
    page = open_page(width=390)
    for path in ("/account/login", "/account/reset", "/account/join?token=x"):
        page.goto(path)
        assert is_fine(page, violations), path
    sign_in(page, first)
    for path in ("/account/", "/account/password", "/account/second", "/account/recovery-codes",
                 "/account/passkeys", "/account/tokens", "/account/again", "/admin/",
                 "/admin/admins"):  # fmt: skip
        page.goto(path)
        assert is_fine(page, violations), path
    page.goto("/account/tokens")
    page.get_by_label("用途").fill("人事系统对接")
    page.get_by_role("button", name="生成").click()
    expect(page.locator("#secret")).to_contain_text("fs_")
    assert is_fine(page, violations)
