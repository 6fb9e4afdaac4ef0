"""Accounts: signing in and what keeps others from it, links, tokens, members, single sign-on."""

import re
import time
import urllib.error
import urllib.request
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urljoin

import pyotp
import pytest
from flask_security.core import _default_messages

from formsvc.config import Settings, SignOn, from_environment
from formsvc.errors import ConfigError
from formsvc.store import database, life, mailing, offices, people, tokens
from formsvc.store.access import Role, Scope
from formsvc.store.audit import Audit
from formsvc.store.errors import Invalid, NotAllowed, NotNow, NotThere
from formsvc.store.life import Opinion
from formsvc.store.mailing import Mailer, Post
from formsvc.store.models import Event, Membership, Office, Passkey, Person, QueuedMail, Token
from formsvc.web import create_app
from formsvc.web.accounts import security
from formsvc.web.accounts.messages import messages

from . import provider as providers
from .signing import PASSWORD, Visitor, events, with_password
from .test_audit import code_of
from .world import submission

# Pages over people, whom test_meetings, test_races and the story in tests/browser ask on both.
DATABASES = ("sqlite",)

MANAGER = "单位"


@pytest.fixture
def app(settings, store, world):
    return application(settings, store)


def application(settings, store):
    made = create_app(settings)
    made.extensions["formsvc-store"].engine.dispose()
    made.extensions["formsvc-store"] = store
    return made


@pytest.fixture
def visitor(app) -> Visitor:
    return Visitor(app)


@pytest.fixture
def manager(app, store, world) -> Visitor:
    """The manager of the unit, signed in."""
    return signed_in(app, store, world, MANAGER)


@pytest.fixture
def administrator(app, store, world) -> Visitor:
    return signed_in(app, store, world, "管理员")


def signed_in(app, store, world, name: str) -> Visitor:
    made = Visitor(app)
    made.sign_in(with_password(app, store, world.people[name]))
    assert made.is_in
    return made


def person(store, id: int) -> Person:
    with store.reading() as work:
        return work.session.get_one(Person, id)


# signing in


def test_who_has_a_password_signs_in_and_out(app, store, world, visitor):
    id = world.people[MANAGER]
    email = with_password(app, store, id)
    visitor.sign_in(email.upper())
    assert visitor.path == "/todo"
    assert "江西某大学，负责人" in visitor.get("/account/").text
    assert "signed-in" in events(store, of=id)
    visitor.post("/account/logout")
    assert not visitor.is_in


def test_a_password_is_hashed_as_dearly_as_rfc_9106_asks(
    settings, store, world, password_cost, monkeypatch
):
    monkeypatch.setattr(security, "HASHING", password_cost)
    app = application(settings, store)
    email = with_password(app, store, world.people[MANAGER])
    hashed = person(store, world.people[MANAGER]).password
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    visitor = Visitor(app)
    visitor.sign_in(email)
    assert visitor.is_in


@pytest.mark.parametrize(
    ("name", "path"),
    [("申报人", "/filings"), ("部门", "/todo"), ("管理员", "/admin/")],
)
def test_who_signs_in_comes_to_their_own_work(app, store, world, visitor, name, path):
    visitor.sign_in(with_password(app, store, world.people[name]))
    assert visitor.path == path


def test_a_page_for_those_signed_in_leads_to_sign_in_and_back(app, store, world, visitor):
    email = with_password(app, store, world.people[MANAGER])
    visitor.get("/account/tokens")
    assert visitor.path == "/account/login"
    onward = re.search(r'name="next" value="([^"]+)"', visitor.page)[1]
    visitor.sign_in(email, onward=onward)
    assert visitor.path == "/account/tokens"


@pytest.mark.parametrize(
    "onward",
    ["https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example", "\\\\evil",
     "javascript:alert(1)", "http:evil"],
)  # fmt: skip
def test_no_address_elsewhere_is_gone_on_to(app, store, world, visitor, onward):
    email = with_password(app, store, world.people[MANAGER])
    visitor.get("/account/login")
    answer = visitor.post(
        "/account/login", follow=False, email=email, password=PASSWORD, next=onward
    )
    place = urljoin("http://localhost/account/login", answer.headers.get("Location", ""))
    assert place.startswith("http://localhost/")
    assert "\\" not in place


def test_a_wrong_password_and_an_unknown_address_get_one_answer(app, store, world, visitor):
    email = with_password(app, store, world.people[MANAGER])
    answers = set()
    for tried in (email, "nobody@example.cn"):
        visitor.sign_in(tried, "not the password")
        assert not visitor.is_in
        page = visitor.page.replace(tried, "")
        answers.add((visitor.status, re.sub(r'name="token" value="[^"]+"', "", page)))
    assert len(answers) == 1
    assert events(store).count("sign-in-failed") == 2
    assert events(store, of=world.people[MANAGER]).count("sign-in-failed") == 1


def test_the_fifth_failure_locks_for_a_quarter_of_an_hour(app, store, world, visitor, clock):
    id = world.people[MANAGER]
    email = with_password(app, store, id)
    for _ in range(5):
        visitor.sign_in(email, "not the password")
    wrong = re.search(r'class="notice alarm"[^>]*>([^<]+)', visitor.page)[1]
    assert events(store, of=id).count("locked") == 1
    visitor.sign_in(email)
    assert not visitor.is_in
    assert wrong in visitor.page, "a locked account is not told from a wrong password"
    clock.now += timedelta(minutes=15)
    visitor.sign_in(email)
    assert visitor.is_in


def test_failures_long_ago_and_a_success_between_do_not_lock(app, store, world, visitor, clock):
    email = with_password(app, store, world.people[MANAGER])
    for _ in range(4):
        visitor.sign_in(email, "not the password")
    clock.now += timedelta(minutes=16)
    for _ in range(4):
        visitor.sign_in(email, "not the password")
    visitor.sign_in(email)
    assert visitor.is_in
    visitor.post("/account/logout")
    visitor.sign_in(email, "not the password")
    visitor.sign_in(email)
    assert visitor.is_in


def test_a_post_from_elsewhere_is_refused(app, store, world, visitor, manager):
    email = with_password(app, store, world.people["部门"])
    data = {"email": email, "password": PASSWORD, "token": "x" * 43}
    assert visitor.client.post("/account/login", data=data).status_code == 400
    assert visitor.client.post("/account/login", json=data).status_code == 400
    for address in ("/account/tokens", "/account/logout", "/account/password", "/account/second",
                    f"/admin/offices/{world.offices['江西某大学']}/invite"):  # fmt: skip
        assert manager.client.post(address, data={"token": "x" * 43}).status_code == 400, address
    assert manager.is_in


def test_cookies_are_for_the_browser_alone_and_over_tls_for_tls_alone(app, store, world):
    email = with_password(app, store, world.people[MANAGER])
    for base, is_secure in (("http://localhost", False), ("https://localhost", True)):
        client = app.test_client()
        page = client.get("/account/login", base_url=base)
        token = re.search(r'name="token" value="([^"]+)"', page.text)[1]
        answer = client.post(
            "/account/login", base_url=base,
            data={"token": token, "email": email, "password": PASSWORD},
        )  # fmt: skip
        cookie = next(
            each for each in answer.headers.getlist("Set-Cookie") if "formsvc_session" in each
        )
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert ("Secure" in cookie) is is_secure
        assert "no-store" in answer.headers["Cache-Control"]


def test_a_session_that_was_planted_before_is_not_signed_in_after(app, store, world, visitor):
    email = with_password(app, store, world.people[MANAGER])
    visitor.get("/account/tokens")  # an anonymous session: it holds a message
    planted = visitor.client.get_cookie("formsvc_session").value
    visitor.sign_in(email)
    assert visitor.client.get_cookie("formsvc_session").value != planted
    thief = Visitor(app)
    thief.client.set_cookie("formsvc_session", planted)
    assert not thief.is_in


def test_a_session_is_of_one_browser(app, manager):
    thief = Visitor(app)
    thief.client.set_cookie("formsvc_session", manager.client.get_cookie("formsvc_session").value)
    assert thief.is_in, "the same browser as the tests have it"
    answer = thief.client.get("/account/", headers={"User-Agent": "another"})
    assert answer.status_code == 302


def test_another_password_ends_the_other_sessions(app, store, world, manager):
    other = Visitor(app)
    other.sign_in(person(store, world.people[MANAGER]).email)
    manager.get("/account/password")
    manager.post("/account/password", password=PASSWORD, new_password="quite another sentence",
                 new_password_confirm="quite another sentence")  # fmt: skip
    assert "密码已经修改" in manager.page
    assert manager.is_in
    assert not other.is_in
    assert "password-changed" in events(store, of=world.people[MANAGER])


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaa", "x" * 129])
def test_a_poor_password_is_refused(manager, password):
    manager.get("/account/password")
    manager.post("/account/password", password=PASSWORD, new_password=password,
                 new_password_confirm=password)  # fmt: skip
    assert 'class="fault"' in manager.page


def test_a_stolen_session_does_not_get_to_guess_the_password(store, world, manager):
    manager.get("/account/password")
    for _ in range(5):
        manager.post("/account/password", password="guess", new_password="quite another sentence",
                     new_password_confirm="quite another sentence")  # fmt: skip
    assert "locked" in events(store, of=world.people[MANAGER])


def test_signed_out_everywhere_is_out_everywhere(app, store, world, manager):
    other = Visitor(app)
    other.sign_in(person(store, world.people[MANAGER]).email)
    manager.get("/account/")
    manager.post("/account/sessions")
    assert not manager.is_in
    assert not other.is_in


# second step


def with_second_step(visitor: Visitor) -> pyotp.TOTP:
    visitor.get("/account/second")
    visitor.post("/account/second", setup="authenticator")
    key = re.search(r'id="key">([^<]+)<', visitor.page)[1]
    code = pyotp.TOTP(re.sub("[ -]", "", key))
    action = re.search(r'action="(/account/second/[^"]+)"', visitor.page)[1]
    visitor.post(action, code=code.now())
    assert "两步验证已经开启" in visitor.page
    return code


def test_the_second_step_is_asked_for_and_a_code_is_good_once(app, store, world, manager):
    if (left := 30 - time.time() % 30) < 10:  # of one code's time: all of the test is to lie in it
        time.sleep(left)
    code = with_second_step(manager)
    used = code.now()
    email = person(store, world.people[MANAGER]).email
    other = Visitor(app)
    other.sign_in(email)
    assert not other.is_in
    other.post("/account/code", code=used)
    assert not other.is_in, "the code that set it up is used"
    fresh = code.at(time.time() + 30)
    other.post("/account/code", code=f"{fresh[:3]} {fresh[3:]}")
    assert other.is_in
    third = Visitor(app)
    third.sign_in(email)
    third.post("/account/code", code=fresh)
    assert not third.is_in


def test_guessing_codes_locks_the_account(app, store, world, manager):
    with_second_step(manager)
    other = Visitor(app)
    other.sign_in(person(store, world.people[MANAGER]).email)
    for guess in range(5):
        other.post("/account/code", code=f"{guess:06}")
    assert events(store, of=world.people[MANAGER]).count("locked") == 1


def test_a_recovery_code_is_good_once_and_not_kept_in_clear(app, store, world, manager):
    with_second_step(manager)
    manager.get("/account/recovery-codes")
    manager.post("/account/recovery-codes", generate_new_codes="1")
    codes = re.findall(r"<li><code>([^<]+)</code>", manager.page)
    assert len(codes) == 8
    row = person(store, world.people[MANAGER])
    assert len(row.recovery.split()) == 8
    assert not any(code in row.recovery for code in codes)
    manager.get("/account/recovery-codes?show_codes=1")
    assert codes[0] not in manager.page, "they are shown once"
    for expected in (True, False):
        other = Visitor(app)
        other.sign_in(row.email)
        other.post("/account/recovery", code=codes[0].upper())
        assert other.is_in is expected
    assert len(person(store, world.people[MANAGER]).recovery.split()) == 7


def test_the_secret_of_the_second_step_is_not_kept_in_clear(store, world, manager):
    code = with_second_step(manager)
    row = person(store, world.people[MANAGER])
    assert code.secret not in row.totp
    assert row.password.startswith("$argon2")


def test_pages_of_an_unfinished_sign_in_lead_back(visitor):
    for address in ("/account/code", "/account/recovery", "/account/rescue", "/account/select"):
        visitor.get(address)
        assert visitor.path == "/account/login", address


# links


def test_the_first_link_makes_the_first_admin_once(app, store, world, visitor):
    with store.writing() as work:
        void = people.first_link(work, "http://localhost")
        link = people.first_link(work, "http://localhost")
    visitor.get(void.removeprefix("http://localhost"))
    assert visitor.status == 404
    given = {"name": "王敏", "email": "Wang@Example.cn", "password": PASSWORD, "again": PASSWORD}
    visitor.get(link.removeprefix("http://localhost"))
    assert "成为系统管理员" in visitor.page
    address = link.removeprefix("http://localhost").replace("first", "join")
    visitor.post(address, **given)
    assert "系统管理员" in visitor.page
    assert visitor.is_in
    second = Visitor(app)
    second.get(address)
    assert second.status == 404
    assert {"person-added", "member-added"} <= set(events(store))


def test_the_first_link_is_good_for_a_day(store, visitor, clock):
    with store.writing() as work:
        link = people.first_link(work, "")
    clock.now += timedelta(hours=24)
    visitor.get(link)
    assert visitor.status == 404


def invited(store, world, name: str, office: str, role: Role = Role.CLERK, **more) -> str:
    with store.writing(world.actor(name)) as work:
        return people.invite(work, world.offices[office], role, **more)


def test_a_manager_invites_by_link_and_who_comes_is_a_member(app, store, world, manager):
    office = world.offices["江西某大学"]
    manager.get(f"/admin/offices/{office}")
    manager.post(f"/admin/offices/{office}/invite", role="clerk", days="3", uses="2", email="")
    address = manager.secret.partition("localhost")[2]
    for number in range(3):
        guest = Visitor(app)
        guest.get(address)
        guest.post(address, name=f"经办{number}", email=f"guest{number}@example.cn",
                   password=PASSWORD, again=PASSWORD)  # fmt: skip
        assert guest.is_in is (number < 2)
    with store.reading() as work:
        roles = [each.role for each in work.session.query(Membership).filter_by(office_id=office)]
    assert roles.count("clerk") == 2


@pytest.mark.parametrize(
    ("role", "path", "first"),
    [(Role.APPLICANT, "/filings", "开始填写"), (Role.CLERK, "/todo", "点姓名看内容"),
     (Role.MANAGER, "/todo", "邀请本机构的人员"), (Role.VIEWER, "/filings/all", "按姓名")],
)  # fmt: skip
def test_who_joins_comes_to_the_work_and_is_told_what_to_do_first(
    app, store, world, role, path, first
):
    address = f"/account/join?token={invited(store, world, MANAGER, '江西某大学', role)}"
    guest = Visitor(app)
    guest.get(address)
    guest.post(address, name="王敏", email="wang@example.cn", password=PASSWORD, again=PASSWORD)
    assert guest.path == path
    (hello,) = re.findall(r"王敏，您好，您已加入江西某大学[^<]+", guest.page)
    assert first in hello
    assert "您好" not in guest.get(path).text, "once"


def test_who_has_an_account_joins_with_it(app, store, world):
    secret = invited(store, world, MANAGER, "江西某大学", Role.VIEWER)
    member = signed_in(app, store, world, "部门")
    member.get(f"/account/join?token={secret}")
    member.post(f"/account/join?token={secret}")
    assert member.path == "/filings/all"
    assert "您已加入江西某大学，身份是查看" in member.page


def test_a_link_for_one_address_is_for_nobody_else(app, store, world):
    secret = invited(store, world, MANAGER, "江西某大学", email="li@example.cn")
    member = signed_in(app, store, world, "部门")
    member.get(f"/account/join?token={secret}")
    member.post(f"/account/join?token={secret}")
    assert "给另一个邮箱的" in member.page
    guest = Visitor(app)
    guest.get(f"/account/join?token={secret}")
    guest.post(f"/account/join?token={secret}", name="冒名", email="other@example.cn",
               password=PASSWORD, again=PASSWORD)  # fmt: skip
    with store.reading() as work:
        assert people.by_email(work, "other@example.cn") is None
        assert people.by_email(work, "li@example.cn") is not None


def test_nobody_invites_into_an_office_of_others(store, world, manager):
    other = world.offices["南昌某厂"]
    manager.get(f"/admin/offices/{other}")
    assert manager.status == 404
    manager.get("/admin/")
    manager.post(f"/admin/offices/{other}/invite", role="clerk", days="3", uses="1")
    assert manager.status == 404
    with pytest.raises(NotThere):
        invited(store, world, MANAGER, "省教育厅")
    with pytest.raises(NotAllowed), store.writing(world.actor(MANAGER)) as work:
        people.invite(work, None, Role.ADMIN)


def test_the_pages_of_managing_are_not_there_for_others(app, store, world):
    member = signed_in(app, store, world, "部门")
    for address in ("/admin/", "/admin/admins", f"/admin/offices/{world.offices['省教育厅']}"):
        member.get(address)
        assert member.status == 404, address
    assert 'href="/admin/"' not in member.page


def test_what_is_wrong_with_an_invitation_is_said(store, world):
    for given in ({"days": 0}, {"days": 31}, {"uses": 0}, {"uses": 501}, {"email": "no address"}):
        with pytest.raises(Invalid):
            invited(store, world, MANAGER, "江西某大学", **given)


def test_a_link_that_was_recalled_opens_nothing(store, world, manager, visitor):
    secret = invited(store, world, MANAGER, "江西某大学")
    office = world.offices["江西某大学"]
    manager.get(f"/admin/offices/{office}")
    recall = re.search(r'action="(/admin/invitations/\d+/recall)"', manager.page)[1]
    manager.post(recall, office=str(office))
    visitor.get(f"/account/join?token={secret}")
    assert visitor.status == 404


# members


def test_who_is_shut_out_is_out_at_once_with_session_and_token(app, store, world, manager):
    member = signed_in(app, store, world, "申报人")
    id = world.people["申报人"]
    with store.writing(world.actor("申报人")) as work:
        secret = tokens.make(work, "对接", {Scope.READ}, 30)
    assert tokens.bearer(store, secret)
    office = world.offices["江西某大学"]
    manager.get(f"/admin/offices/{office}")
    manager.post(f"/admin/people/{id}/shut-out", office=str(office))
    assert "已经停用" in manager.page
    assert not member.is_in
    assert tokens.bearer(store, secret) is None
    member.sign_in(person(store, id).email)
    assert not member.is_in
    manager.post(f"/admin/people/{id}/let-in", office=str(office))
    member.sign_in(person(store, id).email)
    assert member.is_in
    assert "person-shut-out" in events(store, of=world.people[MANAGER])


def test_a_manager_does_not_shut_out_who_is_also_elsewhere(store, world):
    id = world.people["申报人"]
    with store.writing() as work:
        people.join(work, work.session.get_one(Person, id), world.offices["南昌某厂"], Role.VIEWER)
    for verb in (people.shut_out, people.reset):
        with pytest.raises(NotThere), store.writing(world.actor(MANAGER)) as work:
            verb(work, id)


def test_the_last_admin_stays(store, world, administrator):
    id = world.people["管理员"]
    with store.reading() as work:
        membership = work.session.query(Membership).filter_by(person_id=id).one().id
    administrator.get("/admin/admins")
    administrator.post(f"/admin/members/{membership}/remove", office="admins")
    assert "最后一位系统管理员" in administrator.page
    second = world.person("第二位", Role.ADMIN)
    with pytest.raises(NotNow), store.writing(second) as work:
        people.shut_out(work, second.person)
    with store.writing(second) as work:
        people.remove(work, membership)
    assert not world.actor("管理员").is_admin
    with store.reading() as work:
        last = work.session.query(Membership).filter_by(person_id=second.person).one().id
    with pytest.raises(NotNow), store.writing(second) as work:
        people.remove(work, last)


def test_a_member_is_removed_and_sees_the_office_no_more(app, store, world, manager):
    id, office = world.people["申报人"], world.offices["江西某大学"]
    with store.reading() as work:
        membership = work.session.query(Membership).filter_by(person_id=id).one().id
    manager.get(f"/admin/offices/{office}")
    manager.post(f"/admin/members/{membership}/remove", office=str(office))
    assert not world.actor("申报人").seats
    assert "member-removed" in events(store)


def test_who_cannot_sign_in_any_more_gets_a_link_from_the_manager(app, store, world, manager):
    member = signed_in(app, store, world, "申报人")
    with_second_step(member)
    id, office = world.people["申报人"], world.offices["江西某大学"]
    manager.get(f"/admin/offices/{office}")
    manager.post(f"/admin/people/{id}/reset", office=str(office))
    address = manager.secret.partition("localhost")[2]
    assert not member.is_in
    fresh = "a fresh and long password"
    for expected in (True, False):
        member.get(address)
        member.post(address, password=fresh, password_confirm=fresh)
        assert ("密码已经重设" in member.page) is expected
    member.sign_in(person(store, id).email, fresh)
    assert member.is_in, "the second step was taken away with the rest"
    assert "access-reset" in events(store)


# offices


def test_offices_are_added_named_and_closed(store, world, administrator):
    administrator.get("/admin/")
    above = world.offices["南昌市人社局"]
    administrator.get(f"/admin/offices/{above}")
    administrator.post(f"/admin/offices/{above}/add", kind="unit", name="南昌  新厂")
    made = int(administrator.path.rpartition("/")[2])
    assert "南昌 新厂" in administrator.page
    administrator.post(f"/admin/offices/{made}/rename", name="南昌某厂")
    assert "已经有了" in administrator.page
    administrator.post(f"/admin/offices/{made}/rename", name="南昌老厂")
    administrator.post(f"/admin/offices/{above}/close")
    assert "请先关闭它们" in administrator.page
    administrator.post(f"/admin/offices/{made}/close")
    assert "机构已经关闭" in administrator.page
    assert {"office-added", "office-renamed", "office-closed"} <= set(events(store))
    administrator.post(f"/admin/offices/{made}/reopen")
    assert "重新启用" in administrator.page


def test_an_office_that_still_has_filings_is_not_closed(store, world):
    world.handed_in(world.actor("申报人"), "江西某大学")
    with pytest.raises(NotNow), store.writing(world.actor("管理员")) as work:
        offices.close(work, work.session.get_one(Office, world.offices["江西某大学"]))


def test_an_office_is_closed_by_handing_what_is_left_to_another_one(
    app, store, world, administrator
):
    old, new = world.offices["江西某大学"], world.office("江西新大学", "unit", "省教育厅")
    other = world.offices["省教育厅"]
    world.person("新经办", ("江西新大学", Role.CLERK))
    open_, returned = (
        world.handed_in(world.actor("申报人"), "江西某大学", data)
        for data in (submission(), submission(
            person__name="乙", person__id_number=code_of(1),
        ))
    )  # fmt: skip
    with store.writing(world.actor("单位")) as work:
        filing = life.find(work, returned)
        opinion = Opinion(life.current(filing).digest, "请改")
        life.give_back(work, returned, filing.revision, opinion, None)
    page = administrator.get(f"/admin/offices/{old}").text
    assert "还有 2 份材料没有办完" in page
    assert "江西新大学" in page
    administrator.post(f"/admin/offices/{old}/close")
    assert "还有 2 份材料没有办完，不能关闭：请选一个接办的机构" in administrator.page
    administrator.post(f"/admin/offices/{old}/close", successor=str(other))
    assert "同一类别" in administrator.page
    administrator.post(f"/admin/offices/{old}/close", successor=str(new))
    assert "机构已经关闭" in administrator.page
    assert "没有办完" not in administrator.page
    assert world.filing(returned).office_id == new
    world.passed(world.actor("新经办"), open_)
    assert world.filing(open_).holder_id == other
    assert events(store).count("handed-over") == 2
    with database.snapshot(store.engine) as session:
        assert [*Audit(session, store.keys, store.files, store.data).faults()] == []


def test_what_is_stuck_in_a_closed_office_is_handed_over_too(store, world, administrator):
    old, new = world.offices["江西某大学"], world.office("江西新大学", "unit", "省教育厅")
    id = world.handed_in(world.actor("申报人"), "江西某大学")
    with store.writing() as work:  # as an earlier fault, or an import, may have left it
        work.session.get_one(Office, old).closed = True
    assert "没有人能办" in administrator.get(f"/admin/offices/{old}").text
    administrator.post(f"/admin/offices/{old}/close", successor=str(new))
    assert world.filing(id).holder_id == new


def test_a_manager_adds_below_but_does_not_name_or_close_the_own_office(world, manager):
    office = world.offices["江西某大学"]
    manager.get(f"/admin/offices/{office}")
    for verb in ("rename", "close"):
        manager.post(f"/admin/offices/{office}/{verb}", name="省人社厅")
        assert manager.status == 404
        manager.get(f"/admin/offices/{office}")


# tokens


def test_a_token_is_shown_once_and_kept_as_a_digest(store, world, manager):
    manager.get("/account/tokens")
    manager.post("/account/tokens", title="人事系统", scope="read", days="90")
    secret = manager.secret
    assert secret.startswith("fs_")
    manager.get("/account/tokens")
    assert secret not in manager.page
    with store.reading() as work:
        row = work.session.query(Token).one()
        assert secret.encode() not in row.digest
        assert row.used is None
    actor = tokens.bearer(store, secret)
    assert actor.person == world.people[MANAGER]
    assert actor.scopes == {Scope.READ}
    with store.reading() as work:
        assert work.session.query(Token).one().used is not None
    revoke = re.search(r'action="(/account/tokens/\d+/revoke)"', manager.page)[1]
    manager.post(revoke)
    assert tokens.bearer(store, secret) is None
    assert {"token-made", "token-revoked"} <= set(events(store, of=world.people[MANAGER]))


def test_a_token_ends_and_lasts_no_longer_than_a_year(store, world, clock):
    actor = world.actor(MANAGER)
    with store.writing(actor) as work:
        secret = tokens.make(work, "对接", {Scope.READ, Scope.WRITE}, 365)
    for days in (0, 366):
        with pytest.raises(Invalid), store.writing(actor) as work:
            tokens.make(work, "对接", {Scope.READ}, days)
    clock.now += timedelta(days=365)
    assert tokens.bearer(store, secret) is None


def test_nobody_revokes_a_token_of_somebody_else(store, world):
    with store.writing(world.actor(MANAGER)) as work:
        tokens.make(work, "对接", {Scope.READ}, 30)
        id = work.session.query(Token).one().id
    with pytest.raises(NotThere), store.writing(world.actor("管理员")) as work:
        tokens.revoke(work, id)


def test_a_token_opens_the_interface_and_no_page(app, store, world):
    with store.writing(world.actor(MANAGER)) as work:
        secret = tokens.make(work, "对接", {Scope.READ}, 30)
    headers = {"Authorization": f"Bearer {secret}"}
    who = app.extensions["formsvc-actor"]
    with app.test_request_context("/api/v1/submissions", headers=headers):
        assert who().person == world.people[MANAGER]
    for path, sent in (("/account/", headers), ("/api/v1/submissions", {}),
                       ("/api/v1/submissions", {"Authorization": f"Basic {secret}"}),
                       ("/api/v1/submissions", {"Authorization": "Bearer fs_wrong"})):  # fmt: skip
        with app.test_request_context(path, headers=sent):
            assert who() is None


def test_a_session_changes_nothing_for_a_page_of_another_origin(app, manager):
    cookie = manager.client.get_cookie("formsvc_session").value
    for origin, expected in (("http://localhost", True), ("http://evil.example", False)):
        headers = {"Cookie": f"formsvc_session={cookie}", "Origin": origin,
                   "User-Agent": manager.client.get("/").request.headers["User-Agent"]}  # fmt: skip
        with app.test_request_context("/api/v1/submissions", method="POST", headers=headers):
            assert (app.extensions["formsvc-actor"]() is not None) is expected


# mails


def post_of(app, store) -> Post:
    """Mail by a server that does not answer."""
    app.extensions["formsvc-mail"] = made = Post(store, Mailer.of(Settings(smtp=SILENT)))
    return made


SILENT = "smtp+plain://127.0.0.1:9"


def letters(store) -> list[tuple[str, str, str]]:
    """The mails that wait to be sent."""
    with store.reading() as work:
        return [mailing.opened(store, each) for each in work.session.query(QueuedMail)]


def test_an_invitation_waits_for_the_mail_server_and_the_page_says_so(app, store, world, manager):
    post_of(app, store)
    office = world.offices["江西某大学"]
    manager.get(f"/admin/offices/{office}")
    manager.post(f"/admin/offices/{office}/invite", role="clerk", days="3", uses="1",
                 email="Li@example.cn")  # fmt: skip
    assert manager.status == 200
    assert "邮件服务器现在没有应答" in manager.page
    ((to, _, said),) = letters(store)
    assert to == "li@example.cn"
    assert manager.secret in said


def test_links_in_mails_lead_to_the_address_that_the_operator_set(app, store, world, visitor):
    """Not to the host that a request names: who asks for another's password could choose it."""
    settings = replace(store.settings, address="https://rc.example.cn/rencai")
    app.extensions["formsvc-store"] = known = replace(store, settings=settings)
    post_of(app, known)
    email = with_password(app, store, world.people[MANAGER])
    visitor.get("/account/reset")
    visitor.post("/account/reset", email=email)
    ((_, _, said),) = letters(store)
    assert "https://rc.example.cn/rencai/account/reset/" in said
    assert "localhost" not in said


# registering


def test_without_open_registration_nobody_registers(app, store, visitor):
    post_of(app, store)
    visitor.get("/account/register")
    assert visitor.status == 404


def test_who_registers_proves_the_address_and_learns_of_no_other(settings, store, world, app):
    opened = create_app(replace(settings, open_registration=True))
    opened.extensions["formsvc-store"].engine.dispose()
    opened.extensions["formsvc-store"] = store
    post_of(opened, store)
    known = with_password(app, store, world.people[MANAGER])
    pages = set()
    for email in ("new@example.cn", known):
        guest = Visitor(opened)
        guest.get("/account/register")
        guest.post("/account/register", email=email)
        pages.add(re.sub(r'name="token" value="[^"]+"', "", guest.page))
    assert len(pages) == 1
    (to, _, text), (other, _, said) = letters(store)
    assert (to, other) == ("new@example.cn", known)
    assert "join?token" not in said
    address = re.search(r"http://localhost(\S+)", text)[1]
    guest.get(address)
    guest.post(address, name="新人", email="stolen@example.cn", password=PASSWORD, again=PASSWORD)
    assert guest.is_in
    assert "还没有加入机构" in guest.page
    with store.reading() as work:
        assert people.by_email(work, "new@example.cn") is not None


def test_a_forgotten_password_is_mailed_where_mail_is_set(app, store, world, visitor):
    email = with_password(app, store, world.people[MANAGER])
    visitor.get("/account/reset")
    assert "请与本单位负责人联系" in visitor.page
    post_of(app, store)
    pages = set()
    for tried in (email, "nobody@example.cn"):
        visitor.get("/account/reset")
        visitor.post("/account/reset", email=tried)
        page = visitor.page.replace(tried, "")
        pages.add(re.sub(r'name="token" value="[^"]+"', "", page))
    assert len(pages) == 1
    assert "邮件服务器现在没有应答" in visitor.page, "whoever asks"
    ((to, _, said),) = letters(store)
    assert to == email
    address = re.search(r"http://localhost(\S+)", said)[1]
    visitor.get(address)
    visitor.post(address, password="a fresh and long one", password_confirm="a fresh and long one")
    visitor.sign_in(email, "a fresh and long one")
    assert visitor.is_in


# single sign-on


@pytest.fixture(scope="module")
def provider():
    with providers.provider() as made:
        yield made


@pytest.fixture
def office_app(settings, store, world, provider):
    given = SignOn(provider.address, providers.CLIENT, providers.SECRET)
    made = create_app(replace(settings, sign_on=given))
    made.extensions["formsvc-store"].engine.dispose()
    made.extensions["formsvc-store"] = store
    provider.shown = provider.key
    provider.claims = {"sub": "u1", "email": "Li@Example.cn", "email_verified": True, "name": "李"}
    return made


def through(visitor: Visitor, provider, address: str = "/account/sso/") -> None:
    """To the provider by its address, and back with what it says."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    away = visitor.get(address, follow=False).headers["Location"]
    assert away.startswith(f"{provider.address}/authorize?")
    try:
        urllib.request.build_opener(Stay).open(away)
    except urllib.error.HTTPError as answer:
        back = answer.headers["Location"]
        answer.close()
    visitor.get(back.removeprefix("http://localhost"))


def test_who_has_an_account_comes_in_by_the_single_sign_on(office_app, store, world, provider):
    id = world.people[MANAGER]
    email = with_password(office_app, store, id)
    provider.claims["email"] = email
    visitor = Visitor(office_app)
    through(visitor, provider, "/account/sso/?next=/account/tokens")
    assert visitor.path == "/account/tokens"
    # Only the provider has proven whose the address is: what was set before is void.
    assert person(store, id).password is None
    assert {"sign-on-linked", "signed-in"} <= set(events(store))
    provider.claims["email"] = "another@example.cn"
    again = Visitor(office_app)
    through(again, provider)
    assert again.is_in, "known by the provider's own name from now on"


def test_who_is_invited_gets_an_account_by_the_single_sign_on(office_app, store, world, provider):
    invited(store, world, MANAGER, "江西某大学", email="li@example.cn")
    visitor = Visitor(office_app)
    through(visitor, provider)
    assert "江西某大学，经办人" in visitor.get("/account/").text
    provider.claims |= {"sub": "u2", "email": "zhao@example.cn"}
    secret = invited(store, world, MANAGER, "江西某大学", Role.VIEWER)
    other = Visitor(office_app)
    through(other, provider, f"/account/sso/?invitation={secret}")
    assert "江西某大学，查看" in other.get("/account/").text


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"email": "nobody@example.cn"}, "还没有账户"),
        ({"email_verified": False}, "经过验证的邮箱"),
        ({"email_verified": "true"}, "经过验证的邮箱"),
        ({"email": None}, "经过验证的邮箱|邮箱地址不对"),
        ({"iss": "https://evil.example"}, "没有成功"),
        ({"aud": "another"}, "没有成功"),
        ({"nonce": "another"}, "没有成功"),
        ({"exp": 1}, "没有成功"),
    ],
)
def test_nobody_else_comes_in_by_the_single_sign_on(office_app, store, provider, claims, said):
    provider.claims |= claims
    visitor = Visitor(office_app)
    through(visitor, provider)
    assert not visitor.is_in
    assert re.search(said, visitor.page)


def test_another_key_s_signature_is_refused(office_app, store, world, provider):
    invited(store, world, MANAGER, "江西某大学", email="li@example.cn")
    provider.shown = providers.RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})
    visitor = Visitor(office_app)
    through(visitor, provider)
    assert not visitor.is_in


def test_an_answer_that_nobody_asked_for_is_refused(office_app):
    visitor = Visitor(office_app)
    visitor.get("/account/sso/back?code=x&state=y")
    assert "没有成功" in visitor.page
    visitor.get("/account/sso/back?error=access_denied")
    assert "没有成功" in visitor.page


def test_who_is_shut_out_does_not_come_in_by_the_single_sign_on(office_app, store, world, provider):
    provider.claims["email"] = with_password(office_app, store, world.people[MANAGER])
    with store.writing(world.actor("管理员")) as work:
        people.shut_out(work, world.people[MANAGER])
    visitor = Visitor(office_app)
    through(visitor, provider)
    assert "账户已停用" in visitor.page
    assert not visitor.is_in


# settings, words, secrets


def test_settings_that_are_wrong_are_refused(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s")
    whole = {"FORMSVC_OIDC_ISSUER": "https://id.example.cn/", "FORMSVC_OIDC_CLIENT_ID": "formsvc",
             "FORMSVC_OIDC_CLIENT_SECRET": str(secret)}  # fmt: skip
    assert from_environment(whole).sign_on == SignOn("https://id.example.cn", "formsvc", "s")
    assert "'s'" not in repr(from_environment(whole))
    for wrong in ({"FORMSVC_REGISTRATION": "all"}, {**whole, "FORMSVC_OIDC_CLIENT_ID": ""},
                  {**whole, "FORMSVC_OIDC_ISSUER": "http://id.example.cn"},
                  {**whole, "FORMSVC_OIDC_CLIENT_SECRET": str(tmp_path / "none")}):  # fmt: skip
        with pytest.raises(ConfigError):
            from_environment(wrong)


def test_every_message_is_chinese():
    ours = messages()
    for key in _default_messages:
        text, _ = ours[f"SECURITY_MSG_{key}"]
        assert not re.search("[A-Za-z]{2}", re.sub(r"%\(\w+\)", "", text)), key


def test_no_address_or_name_is_in_the_history(app, store, world, manager):
    invited(store, world, MANAGER, "江西某大学", email="secret.person@example.cn")
    with store.reading() as work:
        details = "".join(each.details for each in work.session.query(Event))
    assert "@" not in details
    assert "secret" not in details


def test_an_address_is_kept_in_small_letters_or_refused():
    assert people.address(" Wang.Min@Example.CN ") == "wang.min@example.cn"
    assert people.address("ｗａｎｇ@example.cn") == "wang@example.cn"
    for wrong in ("", "wang", "wang@", "@example.cn", "a b@example.cn", "wang@localhost",
                  "wang@example..cn", "wang@-a.cn", "x" * 250 + "@a.cn", "a@b.cn\n.evil"):  # fmt: skip
        with pytest.raises(Invalid):
            people.address(wrong)


def test_a_passkey_of_nobody_is_gone_with_the_reset(store, world):
    id = world.people["申报人"]
    with store.writing() as work:
        work.session.add(Passkey(person_id=id, name="x", credential=b"1", public_key=b"2", count=0,
                                 usage="first", device="single_device", at=work.now,
                                 used=work.now))  # fmt: skip
    with store.writing(world.actor(MANAGER)) as work:
        people.reset(work, id)
    with store.reading() as work:
        assert work.session.query(Passkey).count() == 0
