"""Keys for programs: `fs_…`, shown once, kept as a keyed digest, of one person, for some scopes."""

import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlalchemy import select

from formsvc.store.access import Actor, Scope
from formsvc.store.errors import Invalid, NotAllowed, NotThere
from formsvc.store.models import Token
from formsvc.store.store import Store, Work

PREFIX: Final = "fs_"
LONGEST_DAYS: Final = 365
_MOST: Final = 50  # that hold at once, of one person
_USED_EVERY: Final = timedelta(minutes=5)  # what was used is written no oftener


def make(work: Work, title: str, scopes: Collection[Scope], days: int) -> str:
    """A new token of the actor, to be shown once. Invalid says what is wrong."""
    person = work.actor.person
    if person is None:
        raise NotAllowed("请先登录。", "token")
    title = " ".join(title.split())
    if not title or len(title) > 100 or not title.isprintable():
        raise Invalid("请写明令牌的用途，最多 100 个字符，例如“人事系统对接”。")
    if not scopes:
        raise Invalid("请选择令牌可以做什么。")
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid(f"有效天数应为 1 至 {LONGEST_DAYS}。")
    if len([each for each in owned(work) if is_good(work, each)]) >= _MOST:
        raise Invalid(f"有效的令牌已有 {_MOST} 个，请先作废不用的。")
    secret = PREFIX + secrets.token_urlsafe(32)
    made = Token(digest=_digest(work.store, secret), person_id=person, title=title,
                 scopes=" ".join(sorted(scopes)), at=work.now,
                 expires=work.now + timedelta(days=days))  # fmt: skip
    work.session.add(made)
    work.session.flush()
    work.record("token-made", token=made.id, scopes=made.scopes)
    return secret


def owned(work: Work) -> list[Token]:
    """The actor's tokens, the newest first."""
    query = select(Token).where(Token.person_id == work.actor.person)
    return list(work.session.scalars(query.order_by(Token.id.desc())))


def is_good(work: Work, token: Token) -> bool:
    """Whether a token still opens anything."""
    return token.revoked is None and token.expires > work.now


def revoke(work: Work, id: int) -> None:
    """A token of the actor opens nothing any more. NotThere for one of somebody else."""
    found = work.session.get(Token, id)
    if found is None or found.person_id != work.actor.person:
        raise NotThere
    if found.revoked is None:
        found.revoked = work.now
        work.record("token-revoked", token=found.id)


def bearer(store: Store, secret: str) -> Actor | None:
    """Whose token this is, with no more than its scopes; None when it opens nothing."""
    if not secret.startswith(PREFIX):
        return None
    with store.reading() as work:
        found = work.session.scalar(select(Token).where(Token.digest == _digest(store, secret)))
        if found is None or not is_good(work, found):
            return None
        actor = store.actor(work.session, found.person_id)
        stale = found.used is None or work.now - found.used > _USED_EVERY
    if actor is None:
        return None
    if stale:
        with store.writing(actor) as work:
            work.session.get_one(Token, found.id).used = work.now
    return replace(actor, scopes=frozenset(Scope(each) for each in found.scopes.split()))


def _digest(store: Store, secret: str) -> bytes:
    return store.keys.digest("token", secret)
