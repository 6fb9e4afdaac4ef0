"""One's own account: what it has, its tokens, and the links by which one comes to it."""

from datetime import datetime
from typing import Any, Final

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_security import current_user, hash_password, login_user, logout_user
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload
from werkzeug.exceptions import NotFound

from formsvc.store import people, tokens
from formsvc.store.access import Actor, Role, Scope
from formsvc.store.errors import Invalid, StoreError
from formsvc.store.models import Invitation, Membership, Passkey, Person
from formsvc.web import csrf
from formsvc.web.accounts import sso
from formsvc.web.accounts.datastore import Datastore
from formsvc.web.accounts.security import post, tell_when_late
from formsvc.web.held import actor, settings, signed_in, store
from formsvc.web.problems import status_of
from formsvc.writing.notation import CHINA

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_DAYS: Final = (30, 90, 180, 365)
_SIGN_IN: Final = "security.login"

accounts = Blueprint("accounts", __name__, url_prefix="/account")


@accounts.before_request
def _protect() -> None:
    if request.method not in _SAFE:
        csrf.protect()


@accounts.app_context_processor
def _account() -> dict[str, object]:
    """Who is signed in, for the top of every page, and how one may come in."""
    who = actor() if request.endpoint != "static" else None
    return {
        "account": who,
        "role_label": lambda role: Role(role).label,
        "sign_on": sso.is_there(),
        "registers": settings().open_registration and _mail() is not None,
        "mails": _mail() is not None,
        "china_day": china_day,
    }


def china_day(moment: datetime) -> str:
    """The day in China of a moment, as 2026-11-30."""
    return moment.astimezone(CHINA).date().isoformat()


def is_manager(who: Actor) -> bool:
    """Whether somebody looks after any office."""
    return who.is_admin or any(seat.role is Role.MANAGER for seat in who.seats)


def _mail() -> Any:
    return current_app.extensions.get("formsvc-mail")


@accounts.get("/")
def overview() -> str:
    """What an account has."""
    who = signed_in()
    with store().reading(who) as work:
        member = select(Membership).where(Membership.person_id == who.person)
        member = member.options(joinedload(Membership.office)).order_by(Membership.id)
        keys = select(func.count()).where(Passkey.person_id == who.person)
        row = work.session.get_one(Person, who.person)
        return render_template(
            "account/overview.html", memberships=list(work.session.scalars(member)), person=row,
            codes=len(row.recovery.split()), passkeys=work.session.scalar(keys),
            tokens=sum(tokens.is_good(work, each) for each in tokens.owned(work)),
        )  # fmt: skip


@accounts.post("/sessions")
def end_sessions() -> Any:
    """Signed out everywhere, here too."""
    who = signed_in()
    with store().writing(who) as work:
        people.end_sessions(work, who.person or 0)
    logout_user()
    flash("已经在所有设备上退出登录。", "success")
    return redirect(url_for(_SIGN_IN))


# tokens


@accounts.get("/tokens")
def show_tokens() -> str:
    """The tokens one has, and where a new one is made."""
    return _tokens()


@accounts.post("/tokens")
def make_token() -> Any:
    """A new token, shown this once."""
    chosen = {Scope.READ, Scope.WRITE} if request.form.get("scope") == "write" else {Scope.READ}
    days = request.form.get("days", "")
    try:
        with store().writing(signed_in()) as work:
            secret = tokens.make(
                work, request.form.get("title", ""), chosen, int(days) if days.isdecimal() else 0
            )
    except Invalid as fault:
        return _tokens(notice=str(fault)), 422
    return _tokens(secret=secret)


@accounts.post("/tokens/<int:id>/revoke")
def revoke_token(id: int) -> Any:
    """It opens nothing from now on."""
    with store().writing(signed_in()) as work:
        tokens.revoke(work, id)
    flash("令牌已经作废。", "success")
    return redirect(url_for(".show_tokens"))


def _tokens(secret: str = "", notice: str = "") -> str:
    with store().reading(signed_in()) as work:
        owned = [(each, tokens.is_good(work, each), each.expires <= work.now)
                 for each in tokens.owned(work)]  # fmt: skip
        return render_template(
            "account/tokens.html", owned=owned, secret=secret, notice=notice, days=_DAYS,
            scopes={"read": Scope.READ.label, "read write": Scope.WRITE.label},
            form=request.form if notice else {},
        )  # fmt: skip


# coming by a link


@accounts.get("/first")
def first() -> Any:
    """Where the first admin's link leads: it is an invitation as any other."""
    return redirect(url_for(".come", token=request.args.get("token", "")))


@accounts.get("/join")
def come() -> Any:
    """Where a link leads: make an account, or join with the one that one has."""
    secret = request.args.get("token", "")
    found = _invitation(secret)
    return _gone() if found is None else _come(found, secret)


@accounts.post("/join")
def join() -> Any:
    """Join with the account that is signed in, or with a new one."""
    secret = request.args.get("token", "")
    found = _invitation(secret)
    if found is None:
        return _gone()
    who = actor()
    try:
        if who is None:
            return _new(found, secret)
        with store().writing(who) as work:
            fresh = people.invitation(work, secret)
            if fresh is None:
                return _gone()
            people.accept(work, fresh, work.session.get_one(Person, who.person))
    except StoreError as fault:
        return _come(found, secret, notice=str(fault)), status_of(fault) if status_of(
            fault
        ) >= 500 else 422
    return _welcomed(found)


def _new(found: Invitation, secret: str) -> Any:
    given = request.form
    password, again = given.get("password", ""), given.get("again", "")
    email = people.address(found.email or given.get("email", ""))
    name = people.person_name(given.get("name", ""))
    faults, plain = current_app.extensions["security"].password_util.validate(
        password, True, email=email
    )
    if faults:
        raise Invalid(faults[0])
    if password != again:
        raise Invalid("两次输入的密码不一致。")
    hashed = hash_password(plain)
    with store().writing() as work:
        fresh = people.invitation(work, secret)
        if fresh is None:
            return _gone()
        made = people.add(work, email, name, hashed)
        people.accept(work, fresh, made)
        id = made.id
    login_user(Datastore().account(id), authn_via=["join"])
    return _welcomed(found, name)


# Where somebody's work begins in a role, and what is to be done there first.
_FIRST: Final = {
    Role.APPLICANT: ("filings.mine", "请先选一种表，点“开始填写”；没有填完的会存成草稿。"),
    Role.CLERK: ("filings.todo", "等本机构办理的材料都列在这里，点姓名看内容、签意见。"),
    Role.MANAGER: ("filings.todo", "等本机构办理的材料都列在这里；请先到“管理”邀请本机构的人员。"),
    Role.VIEWER: ("filings.every", "本机构看得到的材料都列在这里，可以按姓名、单位、编号查找。"),
    Role.ADMIN: ("admin.index", "请先设立各项计划最上层的机构，再邀请它们的负责人。"),
}


def _welcomed(found: Invitation, name: str = "") -> Any:
    """To the work that somebody came for, with a hello; `name` is of a new account."""
    role = Role(found.role)
    place, first = _FIRST[role]
    if found.office is not None:
        said = f"您好，您已加入{found.office.name}，身份是{role.label}。{first}"
    elif role is Role.ADMIN:
        said = f"您好，您已成为系统管理员。{first}"
    else:
        said = "您好，您还没有加入机构：请向本单位负责人要一个邀请链接；现在可以先填草稿。"
    if name:
        said = said.replace("您好", f"{name}，您好", 1)
        said += "密码之外，可以在“我的账户”里设置通行密钥或两步验证。"
    flash(said, "success")
    return redirect(url_for(place))


def _invitation(secret: str) -> Invitation | None:
    with store().reading() as work:
        found = people.invitation(work, secret)
        if found is not None and found.office is not None:
            work.session.refresh(found, ["office"])
        return found


def _come(found: Invitation, secret: str, notice: str = "") -> str:
    return render_template(
        "account/join.html", invitation=found, secret=secret, notice=notice, form=request.form,
        here=url_for(".come", token=secret), signs_in=current_user.is_authenticated,
    )  # fmt: skip


def _gone() -> Response:
    page = render_template(
        "error.html", title="链接已经失效", status=404,
        detail="这个链接不对、已过期，或者次数已用完。请向邀请您的人要一个新的。",
    )  # fmt: skip
    return current_app.response_class(page, status=404)


# registering oneself


@accounts.get("/register")
def ask_to_register() -> str:
    """Where anybody asks for an account, if the operator lets them."""
    _only_when_open()
    return render_template("account/register.html", sent=False, notice="", form={})


@accounts.post("/register")
def register() -> Any:
    """A link by mail; the page says the same whether the address is known or not."""
    _only_when_open()
    try:
        email = people.address(request.form.get("email", ""))
    except Invalid as fault:
        page = render_template(
            "account/register.html", sent=False, notice=str(fault), form=request.form
        )
        return page, 422
    with store().writing() as work:
        secret = people.registration(work, email)
        known = people.by_email(work, email) is not None
    where = {"login": url_for(_SIGN_IN, _external=True),
             "link": url_for(".come", token=secret, _external=True)}  # fmt: skip
    text = render_template("account/mail/register.txt", known=known, **where)
    post(email, "建立账户", text)
    tell_when_late()
    return render_template("account/register.html", sent=True, notice="", form={})


def _only_when_open() -> None:
    if not (settings().open_registration and _mail() is not None):
        raise NotFound
