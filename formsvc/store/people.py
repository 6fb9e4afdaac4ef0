"""People: their accounts, where they belong, and the links by which they come.

Who may do what to whom is decided by `access`; here stand the words in which it is refused. An
event names people by number, never by address.
"""

import re
import secrets
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, cast

from sqlalchemy import CursorResult, delete, func, select, update

from formsvc.store import access
from formsvc.store.access import Role
from formsvc.store.errors import Invalid, NotAllowed, NotNow, NotThere
from formsvc.store.models import (
    Invitation,
    Membership,
    Office,
    Passkey,
    Person,
    Token,
    fresh_key,
)
from formsvc.store.store import Work

OFFICE_ROLES: Final = (Role.APPLICANT, Role.CLERK, Role.MANAGER, Role.VIEWER)
LONGEST_DAYS: Final = 30
MOST_USES: Final = 500
_FIRST_HOURS: Final = 24
_LONGEST_ADDRESS: Final = 254
_ADDRESS: Final = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
    r"(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+"
)


def address(text: str) -> str:
    """An e-mail address as it is kept, in small letters; Invalid for anything else."""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if len(plain) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(plain):
        raise Invalid("邮箱地址不对，应像 name@example.cn 这样填写。")
    return plain


def person_name(text: str) -> str:
    """A name as it is kept, 1 to 100 characters; Invalid for anything else."""
    plain = " ".join(text.split())
    if not plain or len(plain) > 100 or not plain.isprintable():
        raise Invalid("请填写姓名，最多 100 个字符。")
    return plain


# finding


def by_email(work: Work, email: str, *, locked: bool = False) -> Person | None:
    """Whose address this is."""
    query = select(Person).where(Person.email == email)
    return work.session.scalar(query.with_for_update() if locked else query)


def has_admin(work: Work) -> bool:
    """Whether there is somebody who runs the service."""
    return _admins(work) > 0


def office(work: Work, id: int) -> Office:
    """An office that the actor looks after. NotThere for any other."""
    found = work.session.get(Office, id)
    if found is None or not work.actor.manages(found):
        raise NotThere
    return found


def offices(work: Work) -> list[Office]:
    """All offices that the actor looks after, each after the one above it."""
    query = select(Office).where(access.manageable(work.actor))
    found = list(work.session.scalars(query))
    names = {each.id: each.name for each in found}
    kinds = {each.id: each.kind for each in found}

    def place(each: Office) -> tuple[object, ...]:
        above = [int(part) for part in each.path.split("/") if part]
        return (each.programme, [(kinds.get(id, ""), names.get(id, "")) for id in above])

    return sorted(found, key=place)


def member(work: Work, id: int) -> Membership:
    """A membership that the actor may end. NotThere for any other."""
    found = work.session.get(Membership, id)
    if found is None or not _is_managed(work, found):
        raise NotThere
    return found


def _is_managed(work: Work, found: Membership) -> bool:
    return work.actor.manages(found.office) if found.office else work.actor.is_admin


def person(work: Work, id: int) -> Person:
    """Somebody all of whose memberships the actor looks after. NotThere for anybody else."""
    found = work.session.get(Person, id)
    known = found and (work.actor.is_admin or found.memberships)
    if found is None or not known or not all(_is_managed(work, m) for m in found.memberships):
        raise NotThere
    return found


# members


def join(work: Work, joining: Person, office_id: int | None, role: Role) -> None:
    """Give a person a role; nothing happens when they have it."""
    same = select(Membership.id).where(
        Membership.person_id == joining.id,
        Membership.office_id == office_id if office_id else Membership.office_id.is_(None),
        Membership.role == role,
    )
    if work.session.scalar(same) is None:
        work.session.add(
            Membership(person_id=joining.id, office_id=office_id, role=role, since=work.now)
        )
        work.record("member-added", office=office_id, member=joining.id, role=role)


def remove(work: Work, membership: int) -> None:
    """End a membership. NotNow for the last admin."""
    found = member(work, membership)
    if found.role == Role.ADMIN:
        _keep_an_admin(work, found.person, "remove")
    work.record("member-removed", office=found.office_id, member=found.person_id, role=found.role)
    work.session.delete(found)


def shut_out(work: Work, id: int) -> None:
    """Nothing of the service opens to this person any more, from the next request on."""
    found = person(work, id)
    if found.id == work.actor.person:
        raise NotNow("不能停用自己的账户；请由另一位管理员办理。", "shut-out")
    if any(each.role == Role.ADMIN for each in found.memberships):
        _keep_an_admin(work, found, "shut-out")
    if found.active:
        found.active, found.key = False, fresh_key()
        work.record("person-shut-out", member=found.id)


def let_in(work: Work, id: int) -> None:
    """What was shut out may come again."""
    found = person(work, id)
    if not found.active:
        found.active = True
        work.record("person-let-in", member=found.id)


def _keep_an_admin(work: Work, leaving: Person, verb: str) -> None:
    if leaving.active and _admins(work, but=leaving.id) == 0:
        raise NotNow("这是最后一位系统管理员，不能移除或停用；请先邀请另一位。", verb)


def _admins(work: Work, but: int = 0) -> int:
    query = select(Membership).join(Person).where(
        Membership.role == Role.ADMIN, Person.active, Person.id != but
    )  # fmt: skip
    # Locked: two admins who remove each other at once must not both succeed.
    return len(list(work.session.scalars(query.with_for_update() if but else query)))


# invitations


def invite(
    work: Work, office_id: int | None, role: Role, days: int = 7, uses: int = 1, email: str = ""
) -> str:
    """The secret of a new link to an office, or for an admin to none. Invalid says what is wrong.

    With `email` it is for whoever has that address, alone.
    """
    if office_id is None and not work.actor.is_admin:
        raise NotAllowed("只有系统管理员可以邀请系统管理员。", "invite")
    if (role is Role.ADMIN) != (office_id is None):
        raise Invalid("请选择在机构里的身份。")
    if office_id is not None and office(work, office_id).closed:
        raise NotNow("这个机构已经关闭，不能邀请人加入。", "invite")
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid(f"有效天数应为 1 至 {LONGEST_DAYS}。")
    if not 1 <= uses <= MOST_USES:
        raise Invalid(f"可用次数应为 1 至 {MOST_USES}。")
    uses = 1 if email or office_id is None else uses
    expires = work.now + timedelta(days=days)
    secret = _link(work, office_id, role, expires, uses, address(email) if email else "")
    work.record("invited", office=office_id, role=role, uses=uses)
    return secret


def first_link(work: Work, base_url: str) -> str:
    """A link, good for 24 hours and once, by which somebody becomes an admin of this service.

    For the operator at the machine: no right is asked for. Earlier such links are void.
    """
    work.session.execute(
        delete(Invitation).where(Invitation.by_id.is_(None), Invitation.role == Role.ADMIN)
    )
    expires = work.now + timedelta(hours=_FIRST_HOURS)
    secret = _link(work, None, Role.ADMIN, expires)
    work.record("invited", role=Role.ADMIN, uses=1)
    return f"{base_url.rstrip('/')}/account/first?token={secret}"


def registration(work: Work, email: str) -> str:
    """The secret of a link for whoever reads the mail of an address: no office, 24 hours, once."""
    expires = work.now + timedelta(hours=_FIRST_HOURS)
    return _link(work, None, Role.APPLICANT, expires, email=address(email))


def _link(
    work: Work, office_id: int | None, role: Role, expires: datetime, uses: int = 1, email: str = ""
) -> str:
    secret = secrets.token_urlsafe(24)
    work.session.add(
        Invitation(digest=_digest(work, secret), office_id=office_id, role=role, email=email,
                   by_id=work.actor.person, at=work.now, expires=expires, uses=uses)
    )  # fmt: skip
    return secret


def invitation(work: Work, secret: str) -> Invitation | None:
    """The invitation of a link, while it holds: not expired, not used up, its office open."""
    query = select(Invitation).where(Invitation.digest == _digest(work, secret))
    found = work.session.scalar(query)
    if found is None or found.expires <= work.now or found.uses < 1:
        return None
    return None if found.office and found.office.closed else found


def invitation_of(work: Work, email: str) -> Invitation | None:
    """An invitation for an address, while it holds."""
    query = select(Invitation).where(
        Invitation.email == email, Invitation.expires > work.now, Invitation.uses > 0
    )
    found = work.session.scalars(query.order_by(Invitation.id.desc())).first()
    return None if found and found.office and found.office.closed else found


def open_invitations(work: Work, office_id: int | None) -> list[Invitation]:
    """The links to an office that still hold, or those for admins."""
    query = select(Invitation).where(
        Invitation.office_id == office_id if office_id else Invitation.office_id.is_(None),
        Invitation.expires > work.now,
        Invitation.uses > 0,
    )
    if office_id is None:
        query = query.where(Invitation.role == Role.ADMIN)
    return list(work.session.scalars(query.order_by(Invitation.id)))


def recall(work: Work, id: int) -> None:
    """A link opens nothing any more."""
    found = work.session.get(Invitation, id)
    if found is None:
        raise NotThere
    if found.office_id is not None:
        office(work, found.office_id)
    elif not work.actor.is_admin:
        raise NotThere
    work.record("invitation-recalled", office=found.office_id, role=found.role)
    work.session.delete(found)


def accept(work: Work, found: Invitation, joining: Person) -> None:
    """Join by a link. Invalid when it is for another address or was used up meanwhile."""
    if found.email and found.email != joining.email:
        raise Invalid("这个邀请是给另一个邮箱的；请用收到邀请的邮箱登录。")
    if not joining.active:
        raise Invalid("这个账户已停用，不能接受邀请。")
    taken = update(Invitation).where(
        Invitation.id == found.id, Invitation.uses > 0, Invitation.expires > work.now
    ).values(uses=Invitation.uses - 1)  # fmt: skip
    done = cast("CursorResult[object]", work.session.execute(taken))
    if done.rowcount != 1:
        raise Invalid("邀请链接已失效：过期，或次数已用完。请向邀请您的人要一个新的。")
    if found.office_id is not None or found.role == Role.ADMIN:
        join(work, joining, found.office_id, Role(found.role))


def _digest(work: Work, secret: str) -> bytes:
    return work.store.keys.digest("invitation", secret)


# accounts


def add(work: Work, email: str, name: str, password: str | None) -> Person:
    """A new account; `password` is its hash. Invalid where the address has one already."""
    email, name = address(email), person_name(name)
    if by_email(work, email) is not None:
        raise Invalid("这个邮箱已有账户：请先登录，再打开这个链接。")
    made = enter(work, email, name)
    made.password = password
    return made


def enter(
    work: Work, email: str, name: str, places: Iterable[tuple[int | None, Role]] = ()
) -> Person:
    """A person as given, with roles in offices (None for the service), whom nobody invited."""
    made = Person(email=email, name=name, created=work.now)
    work.session.add(made)
    work.session.flush()
    work.record("person-added", member=made.id)
    for office_id, role in places:
        join(work, made, office_id, role)
    return made


def linked(work: Work, found: Person, subject: str) -> None:
    """From now on this is who the single sign-on calls `subject`.

    It alone has proven whose the address is. What somebody else may have set before (password,
    passkeys, second step, tokens, sessions) is taken away.
    """
    found.subject = subject_digest(work, subject)
    found.password, found.totp, found.second, found.recovery = None, None, "", ""
    found.key, found.failures, found.locked = fresh_key(), 0, None
    work.session.execute(delete(Passkey).where(Passkey.person_id == found.id))
    revoked = update(Token).where(Token.person_id == found.id, Token.revoked.is_(None))
    work.session.execute(revoked.values(revoked=work.now))
    work.record("sign-on-linked", member=found.id)


def by_subject(work: Work, subject: str) -> Person | None:
    """Who the single sign-on calls so."""
    return work.session.scalar(
        select(Person).where(Person.subject == subject_digest(work, subject))
    )


def subject_digest(work: Work, subject: str) -> bytes:
    """What is kept of the name that a single sign-on gives."""
    return work.store.keys.digest("subject", subject)


def end_sessions(work: Work, id: int) -> None:
    """Sign a person out everywhere."""
    work.session.get_one(Person, id).key = fresh_key()
    work.record("signed-out-everywhere", member=id)


def count(work: Work, office_ids: list[int]) -> dict[int, int]:
    """How many people each office has."""
    query = (
        select(Membership.office_id, func.count(func.distinct(Membership.person_id)))
        .where(Membership.office_id.in_(office_ids))
        .group_by(Membership.office_id)
    )
    return {id: number for id, number in work.session.execute(query) if id is not None}


def reset(work: Work, id: int) -> None:
    """For somebody who cannot sign in any more: second step, passkeys and sessions are taken away,
    the lock is opened. A new password is set by a link."""
    found = person(work, id)
    if found.id == work.actor.person:
        raise NotNow("自己的密码请在“我的账户”里修改。", "reset")
    if not found.active:
        raise NotNow("账户已停用，请先恢复。", "reset")
    found.totp, found.second, found.recovery, found.key = None, "", "", fresh_key()
    found.failures, found.failing, found.locked = 0, None, None
    work.session.execute(delete(Passkey).where(Passkey.person_id == found.id))
    work.record("access-reset", member=found.id)
