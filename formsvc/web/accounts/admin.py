"""管理: offices as a tree, their members, and the links by which people join."""

from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_security.recoverable import generate_reset_link
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from formsvc.forms import Programme
from formsvc.store import offices, people
from formsvc.store.access import Role
from formsvc.store.errors import Invalid, NotThere, Refused
from formsvc.store.models import Membership, Office
from formsvc.store.store import Work
from formsvc.web import csrf
from formsvc.web.accounts.datastore import Datastore
from formsvc.web.accounts.pages import is_manager
from formsvc.web.accounts.security import post, tell_when_late
from formsvc.web.held import catalogue, signed_in, store

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

admin = Blueprint("admin", __name__, url_prefix="/admin")


@admin.before_request
def _only_managers() -> None:
    if not is_manager(signed_in()):
        raise NotThere
    if request.method not in _SAFE:
        csrf.protect()


@admin.get("/")
def index() -> str:
    """The offices that one looks after."""
    return _index()


@admin.post("/offices")
def add_top() -> Any:
    """A new office at the top of a programme."""

    def add(work: Work) -> Office:
        if not work.actor.is_admin:
            raise NotThere
        programme = _programme(request.form.get("programme", ""))
        kind = request.form.get("kind", "")
        return offices.add(work, programme, kind, request.form.get("name", ""), None)

    return _done(add, "机构已经添加。", _index, lambda made: url_for(".show", id=made.id))


@admin.get("/offices/<int:id>")
def show(id: int) -> str:
    """One office: who is in it, and what is below."""
    return _office(id)


@admin.post("/offices/<int:id>/add")
def add_below(id: int) -> Any:
    """A new office under this one."""

    def add(work: Work) -> Office:
        above = people.office(work, id)
        programme, kind = _programme(above.programme), request.form.get("kind", "")
        return offices.add(work, programme, kind, request.form.get("name", ""), above)

    return _done(add, "机构已经添加。", lambda notice: _office(id, notice),
                 lambda made: url_for(".show", id=made.id))  # fmt: skip


@admin.post("/offices/<int:id>/rename")
def rename(id: int) -> Any:
    """Another name, by who looks after the office above."""

    def change(work: Work) -> None:
        office = _from_above(work, id)
        offices.rename(work, office, _programme(office.programme), request.form.get("name", ""))

    return _at_office(id, change, "名称已经修改。")


@admin.post("/offices/<int:id>/close")
def close(id: int) -> Any:
    """Nothing comes here any more; what is not over goes to another one, if one is chosen."""
    chosen = request.form.get("successor", "")

    def end(work: Work) -> None:
        successor = people.office(work, int(chosen)) if chosen.isdecimal() else None
        offices.close(work, _from_above(work, id), successor)

    return _at_office(id, end, "机构已经关闭。")


@admin.post("/offices/<int:id>/reopen")
def reopen(id: int) -> Any:
    """What was closed works again."""
    return _at_office(
        id, lambda work: offices.reopen(work, _from_above(work, id)), "机构已经重新启用。"
    )


@admin.post("/offices/<int:id>/invite")
def invite(id: int) -> Any:
    """A link by which people join; it is shown this once."""
    return _invite(id, lambda notice, link: _office(id, notice, link))


@admin.get("/admins")
def admins() -> str:
    """Who runs the service."""
    return _admins()


@admin.post("/admins/invite")
def invite_admin() -> Any:
    """A link by which one person becomes an admin."""
    return _invite(None, _admins)


@admin.post("/invitations/<int:id>/recall")
def recall(id: int) -> Any:
    """A link opens nothing any more."""
    return _back(lambda work: people.recall(work, id), "邀请链接已经作废。")


@admin.post("/members/<int:id>/remove")
def remove(id: int) -> Any:
    """Somebody is not of this office any more."""
    return _back(lambda work: people.remove(work, id), "成员已经移除。")


@admin.post("/people/<int:id>/shut-out")
def shut_out(id: int) -> Any:
    """Their sessions and tokens end at once."""
    return _back(lambda work: people.shut_out(work, id), "账户已经停用，登录和令牌立即失效。")


@admin.post("/people/<int:id>/let-in")
def let_in(id: int) -> Any:
    """They may come again."""
    return _back(lambda work: people.let_in(work, id), "账户已经恢复。")


@admin.post("/people/<int:id>/reset")
def reset(id: int) -> Any:
    """A link by which somebody who cannot sign in any more sets a new password."""
    try:
        with store().writing(signed_in()) as work:
            people.reset(work, id)
            name = people.person(work, id).name
    except Refused as refusal:
        flash(str(refusal), "error")
        return redirect(_origin())
    link, _ = generate_reset_link(Datastore().account(id))  # type: ignore[no-untyped-call]  # it has no types
    return render_template("admin/reset.html", link=link, name=name, back=_origin())


# pages


def _index(notice: str = "") -> str:
    with store().reading(signed_in()) as work:
        known = people.offices(work)
        counts = people.count(work, [each.id for each in known])
        programmes = [
            (each, [office for office in known if office.programme == each.id],
             [kind for kind in each.offices.values() if not kind.below])
            for each in catalogue().programmes.values() if each.offices
        ]  # fmt: skip
        shortest = {each.id: min(office.path.count("/") for office in found)
                    for each, found, _ in programmes if found}  # fmt: skip
        return render_template(
            "admin/index.html", programmes=programmes, counts=counts, shortest=shortest,
            notice=notice, form=request.form if notice else {},
        )  # fmt: skip


def _office(id: int, notice: str = "", link: str = "") -> str:
    who = signed_in()
    with store().reading(who) as work:
        office = people.office(work, id)
        programme = _programme(office.programme)
        parent = work.session.get(Office, office.parent_id) if office.parent_id else None
        unfinished = offices.unfinished(work, office)
        heirs = offices.successors(work, office) if unfinished else []
        below = select(Office).where(Office.parent_id == id).order_by(Office.kind, Office.name)
        return render_template(
            "admin/office.html", office=office, programme=programme, parent=parent,
            above=parent if parent is not None and who.manages(parent) else None,
            is_from_above=who.is_admin or (parent is not None and who.manages(parent)),
            below=list(work.session.scalars(below)), kinds=_kinds_below(programme, office),
            members=_members(work, id), invitations=people.open_invitations(work, id),
            roles=people.OFFICE_ROLES, notice=notice, link=link, most=people.MOST_USES,
            longest=people.LONGEST_DAYS, form=request.form if notice else {},
            unfinished=unfinished, successors=[(each.id, each.name) for each in heirs],
        )  # fmt: skip


def _admins(notice: str = "", link: str = "") -> str:
    with store().reading(signed_in()) as work:
        if not work.actor.is_admin:
            raise NotThere
        return render_template(
            "admin/admins.html", members=_members(work, None), notice=notice, link=link,
            invitations=people.open_invitations(work, None), form=request.form if notice else {},
            longest=people.LONGEST_DAYS,
        )  # fmt: skip


def _members(work: Work, office: int | None) -> list[tuple[Membership, bool]]:
    """The memberships of an office, or of the service, each with whether the actor looks after all
    that this person is."""
    query = (
        select(Membership)
        .where(Membership.office_id == office if office else Membership.office_id.is_(None))
        .options(joinedload(Membership.person))
        .order_by(Membership.role, Membership.id)
    )
    return [(each, _is_whole(work, each)) for each in work.session.scalars(query)]


def _is_whole(work: Work, membership: Membership) -> bool:
    try:
        people.person(work, membership.person_id)
    except NotThere:
        return False
    return membership.person_id != work.actor.person


def _kinds_below(programme: Programme, office: Office) -> list[tuple[str, str]]:
    return [(kind.id, kind.title) for kind in programme.offices.values()
            if office.kind in kind.below]  # fmt: skip


def _programme(id: str) -> Programme:
    found = catalogue().programmes.get(id)
    if found is None:
        raise NotThere
    return found


def _from_above(work: Work, id: int) -> Office:
    """An office that the actor looks after from above. NotThere for any other: who runs an office
    does not name or close it."""
    office = people.office(work, id)
    parent = work.session.get(Office, office.parent_id) if office.parent_id else None
    if work.actor.is_admin or (parent is not None and work.actor.manages(parent)):
        return office
    raise NotThere


# doing


def _done(
    verb: Callable[[Work], Any], said: str, page: Callable[[str], str],
    onward: Callable[[Any], str],
) -> Any:  # fmt: skip
    """Do it and go on to another page; or the page again with what was wrong."""
    try:
        with store().writing(signed_in()) as work:
            made = verb(work)
    except (Invalid, Refused) as fault:
        return page(str(fault)), 422 if isinstance(fault, Invalid) else 409
    flash(said, "success")
    return redirect(onward(made))


def _at_office(id: int, verb: Callable[[Work], None], said: str) -> Any:
    return _done(verb, said, lambda notice: _office(id, notice), lambda _: url_for(".show", id=id))


def _back(verb: Callable[[Work], None], said: str) -> Any:
    """Do it, and back to where one was."""
    try:
        with store().writing(signed_in()) as work:
            verb(work)
    except (Invalid, Refused) as fault:
        flash(str(fault), "error")
        return redirect(_origin())
    flash(said, "success")
    return redirect(_origin())


def _origin() -> str:
    """The page of the office from which something was done, or the list."""
    office = request.form.get("office", "")
    if office == "admins":
        return url_for(".admins")
    return url_for(".show", id=int(office)) if office.isdecimal() else url_for(".index")


def _invite(office: int | None, page: Callable[[str, str], str]) -> Any:
    given = request.form
    try:
        role = Role.ADMIN if office is None else Role(given.get("role", ""))
    except ValueError:
        return page("请选择在机构里的身份。", ""), 422
    days, uses = given.get("days", ""), given.get("uses", "1")
    try:
        with store().writing(signed_in()) as work:
            secret = people.invite(
                work, office, role, int(days) if days.isdecimal() else 0,
                int(uses) if uses.isdecimal() else 0, given.get("email", "").strip(),
            )  # fmt: skip
    except (Invalid, Refused) as fault:
        return page(str(fault), ""), 422 if isinstance(fault, Invalid) else 409
    link = url_for("accounts.come", token=secret, _external=True)
    if current_app.extensions.get("formsvc-mail") and (email := given.get("email", "").strip()):
        text = render_template("account/mail/invited.txt", link=link, days=days)
        post(people.address(email), "邀请", text, int(days))
        flash("邀请邮件会在几分钟内发出；也可以把链接直接发给对方。", "success")
        tell_when_late()
    return page("", link)
