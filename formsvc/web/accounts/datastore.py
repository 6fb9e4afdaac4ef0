"""People of the store as Flask-Security knows them.

It works on what `find_user` gave it, calls `put`, and at the end of a request `commit`: then what
it set is written on the row as it is by that time, and nothing else of it. Who was shut out between
the two stays so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from flask import g
from flask_security import UserMixin, WebAuthnMixin
from flask_security.datastore import UserDatastore
from flask_security.utils import get_message
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import selectinload

from formsvc.store import locks
from formsvc.store.access import Actor
from formsvc.store.errors import NotThere
from formsvc.store.models import Passkey, Person
from formsvc.store.store import Work
from formsvc.web.held import store
from formsvc.writing.notation import CHINA


class Account(UserMixin):
    """A person who signs in, with the names that Flask-Security has for what it sets."""

    fs_uniquifier: str = ""
    tf_phone_number: str | None = None

    def __init__(self, person: Person) -> None:
        self.roles: list[Any] = []  # what people may do stands in their memberships
        self.id: int = person.id
        self.email: str = person.email
        self.name: str = person.name
        self.active: bool = person.active
        self.password: str | None = person.password
        self.fs_uniquifier = person.key
        self.fs_webauthn_user_handle: str = person.handle or ""
        self.tf_primary_method: str | None = person.second or None
        self.tf_totp_secret: str | None = person.totp
        self.mf_recovery_codes: list[str] | None = person.recovery.split()
        self.webauthn: list[Any] = [Key(each) for each in person.passkeys]
        self.was: dict[str, Any] = self.written()

    def written(self) -> dict[str, Any]:
        """What Flask-Security may set, by the columns of `Person`."""
        return {
            "password": self.password,
            "key": self.fs_uniquifier,
            "handle": self.fs_webauthn_user_handle or None,
            "second": self.tf_primary_method or "",
            "totp": self.tf_totp_secret,
            "recovery": "\n".join(self.mf_recovery_codes or ()),
        }

    def is_locked(self, form_error: list[str] | None = None) -> bool:
        """Whether too many attempts failed."""
        locked = locks.is_locked(store(), self.id)
        if locked and form_error is not None:
            form_error.append(get_message("GENERIC_AUTHN_FAILED")[0])
        return locked


class Key(WebAuthnMixin):
    """A passkey."""

    def __init__(self, passkey: Passkey) -> None:
        self.id: int = passkey.id
        self.user_id: int = passkey.person_id
        self.name: str = passkey.name
        self.credential_id: bytes = passkey.credential
        self.public_key: bytes = passkey.public_key
        self.sign_count: int = passkey.count
        self.usage: str = passkey.usage
        self.device_type: str = passkey.device
        self.backup_state: bool = passkey.backed_up
        self.transports: list[str] | None = passkey.transports.split()
        self.extensions: str | None = passkey.extensions
        self.lastuse_datetime: datetime = passkey.used.astimezone(CHINA)  # shown as a day


@dataclass
class _Pending:
    accounts: list[Account] = field(default_factory=list)
    steps: list[Callable[[Work], None]] = field(default_factory=list)
    person: int | None = None


def _pending() -> _Pending:
    if "accounts_pending" not in g:
        g.accounts_pending = _Pending()
    found: _Pending = g.accounts_pending
    return found


def later(account: Account, kind: str) -> None:
    """An event of this person, recorded together with what the request changes."""
    pending = _pending()
    pending.person = account.id
    pending.steps.append(lambda work: work.record(kind))


def on_commit(account: Account, step: Callable[[Work, Person], None]) -> None:
    """Something to do with the row in the transaction that writes what the request changes."""
    pending = _pending()
    pending.person = account.id
    pending.steps.append(lambda work: step(work, work.session.get_one(Person, account.id)))


_FOUND_BY: Final[dict[str, Callable[[Any], ColumnElement[bool]]]] = {
    "id": lambda value: Person.id == value,
    "fs_uniquifier": lambda value: Person.key == value,
    "email": lambda value: Person.email == str(value).lower(),
}


class Datastore(UserDatastore):
    """Flask-Security's interface over the store."""

    def __init__(self) -> None:
        super().__init__(Account, type("_NoRole", (), {}), Key)

    def find_user(self, case_insensitive: bool = False, **kwargs: Any) -> Account | None:
        """The person with an id, a session's key or an address."""
        name, value = kwargs.popitem()
        query = select(Person).where(_FOUND_BY[name](value))
        with store().reading() as work:
            person = work.session.scalar(query.options(selectinload(Person.passkeys)))
            return Account(person) if person else None

    def account(self, id: int) -> Account:
        """The person with an id that was just read. NotThere when they are gone meanwhile."""
        found = self.find_user(id=id)
        if found is None:
            raise NotThere
        return found

    def find_role(self, role: str) -> None:
        """None: what people may do stands in their memberships."""

    def find_webauthn(self, credential_id: bytes) -> Key | None:
        """The passkey with an id that its device made."""
        with store().reading() as work:
            found = work.session.scalar(select(Passkey).where(Passkey.credential == credential_id))
            return Key(found) if found else None

    def create_webauthn(
        self, user: Any, credential_id: bytes, public_key: bytes, name: str, sign_count: int,
        usage: str, device_type: str, backup_state: bool, transports: list[str] | None = None,
        extensions: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        """A new passkey of a person."""

        def add(work: Work, person: Person) -> None:
            work.session.add(
                Passkey(person=person, name=name, credential=credential_id, public_key=public_key,
                        count=sign_count, usage=usage, device=device_type, at=work.now,
                        backed_up=backup_state, transports=" ".join(transports or ()),
                        extensions=extensions, used=work.now)
            )  # fmt: skip

        on_commit(user, add)

    def put(self, model: Any) -> Any:
        """Write it at the end of the request."""
        if isinstance(model, Key):
            used, count = model, model.sign_count

            def note(work: Work) -> None:
                row = work.session.get(Passkey, used.id)
                if row is not None:
                    row.count, row.used, row.backed_up = count, work.now, used.backup_state

            _pending().steps.append(note)
            _pending().person = model.user_id
        else:
            account = getattr(model, "_get_current_object", lambda: model)()
            _pending().accounts.append(account)
        return model

    def delete(self, model: Key) -> None:
        """Take a passkey away at the end of the request."""

        def drop(work: Work) -> None:
            row = work.session.get(Passkey, model.id)
            if row is not None:
                work.session.delete(row)

        _pending().steps.append(drop)
        _pending().person = model.user_id

    def commit(self) -> None:
        """One transaction for all that the request set, and its events."""
        pending: _Pending | None = g.pop("accounts_pending", None)
        if pending is None:
            return
        who = pending.accounts[0].id if pending.accounts else pending.person
        with store().writing(Actor(who)) as work:
            for account in pending.accounts:
                _write(work, account)
            for step in pending.steps:
                step(work)


def _write(work: Work, account: Account) -> None:
    row = work.session.get_one(Person, account.id)
    for column, value in account.written().items():
        if value != account.was[column]:
            setattr(row, column, value)
    account.was = account.written()
