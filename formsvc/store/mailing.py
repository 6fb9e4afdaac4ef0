"""Mails, where the operator has set up a server: notices, and the letters of accounts.

A notice says which form and what happened to it, and who reads it signs in to see more: of other
people than its reader it names none. Each is sent at least once; one that cannot be is tried again
for a week. A letter (a link to join or to set a password) waits in the store, sealed, until it was
sent or its link is void: nobody's request waits for a mail server, and none is lost with it.
"""

import json
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.utils import localtime, make_msgid
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from sqlalchemy import delete, select

from formsvc.config import Settings
from formsvc.errors import ConfigError, FormsvcError
from formsvc.store.models import Filing, Notice, Person, QueuedMail
from formsvc.store.store import Store

_PATIENCE: Final = 20  # seconds
_A_ROUND: Final = 100  # mails
_TRIED: Final = timedelta(days=7)
_AGAIN: Final = timedelta(minutes=1)  # before a letter that was not taken is tried again
_PROBE: Final = 5  # seconds that a person waits to hear whether the mail server answers
_SUBJECT: Final = "人才项目申报：有新的通知"
_FOOT: Final = "本邮件由系统自动发出，请勿回复。"

Send = Callable[[str, str, str], None]
"""(to, subject, text): one mail."""


class NotSent(FormsvcError):
    """The mail server did not take a mail; `is_final` when it never will."""

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.is_final = is_final


@dataclass(frozen=True)
class Mailer:
    """The operator's mail server."""

    where: SplitResult
    password: str
    sender: str

    @classmethod
    def of(cls, settings: Settings) -> "Mailer | None":
        """None where there is none. ConfigError for an address without a host, and for a password
        that would go in the clear."""
        if not settings.smtp:
            return None
        where = urlsplit(settings.smtp)
        if not where.hostname:
            raise ConfigError("FORMSVC_SMTP: names no host")
        if where.scheme == "smtp+plain" and settings.smtp_password:
            raise ConfigError("FORMSVC_SMTP: smtp+plain:// would send the password in the clear")
        user = unquote(where.username or "")
        sender = settings.mail_from or (user if "@" in user else f"formsvc@{where.hostname}")
        return cls(where, settings.smtp_password, sender)

    def mail(self, to: str, subject: str, text: str) -> None:
        """Send one mail. Raises NotSent."""
        with self.connected() as send:
            send(to, subject, text)

    @contextmanager
    def connected(self) -> Iterator[Send]:
        """One connection for several mails. Raises NotSent; after a final one others may go."""
        try:
            server = self._server()
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(f"the mail server cannot be used: {type(error).__name__}") from error
        try:
            yield lambda to, subject, text: _send(server, self._letter(to, subject, text))
        finally:
            with suppress(OSError, smtplib.SMTPException):
                server.quit()

    def answers(self) -> bool:
        """Whether the server would take a mail now."""
        with suppress(OSError, smtplib.SMTPException):
            self._server(_PROBE).quit()
            return True
        return False

    def _server(self, patience: float = _PATIENCE) -> smtplib.SMTP:
        host, user = self.where.hostname or "", unquote(self.where.username or "")
        safe = ssl.create_default_context()
        server: smtplib.SMTP
        if self.where.scheme == "smtps":
            server = smtplib.SMTP_SSL(host, self.where.port or 465, timeout=patience, context=safe)
        else:
            server = smtplib.SMTP(host, self.where.port or 587, timeout=patience)
        try:
            if self.where.scheme == "smtp":
                server.starttls(context=safe)
            if user and self.password:
                server.login(user, self.password)
        except BaseException:
            server.close()
            raise
        return server

    def _letter(self, to: str, subject: str, text: str) -> EmailMessage:
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = self.sender, to, subject
        letter["Date"] = localtime()
        letter["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(text)
        return letter


def _send(server: smtplib.SMTP, letter: EmailMessage) -> None:
    try:
        server.send_message(letter)
    except smtplib.SMTPRecipientsRefused as refused:
        codes = [code for code, _ in refused.recipients.values()]
        with suppress(smtplib.SMTPException):
            server.rset()
        is_final = all(code >= 500 for code in codes)
        raise NotSent("the address was refused", is_final=is_final) from refused
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise NotSent(f"the mail was not taken: {type(error).__name__}") from error


@dataclass(frozen=True)
class Post:
    """Where the pages hand in a mail: it is kept, and sent by whoever is woken."""

    store: Store
    mailer: Mailer
    wake: Callable[[], None] = lambda: None

    def put(self, to: str, subject: str, text: str, days: int = 1) -> None:
        """Keep a letter to be sent, and tried for some days."""
        with self.store.writing() as work:
            letter = QueuedMail(after=work.now, until=work.now + timedelta(days=days), sealed=b"")
            work.session.add(letter)
            work.session.flush()
            plain = json.dumps([to, subject, text], ensure_ascii=False).encode()
            letter.sealed = self.store.keys.seal(plain, f"letter/{letter.id}")
        self.wake()

    def answers(self) -> bool:
        """Whether the mail server would take it now."""
        return self.mailer.answers()


def send_letters(store: Store, mailer: Mailer) -> int:
    """Send the letters whose time has come, the oldest first; how many were."""
    with store.writing() as work:
        work.session.execute(delete(QueuedMail).where(QueuedMail.until <= work.now))
        due = (
            select(QueuedMail)
            .where(QueuedMail.after <= work.now)
            .order_by(QueuedMail.id)
            .limit(_A_ROUND)
        )
        waiting = [(each.id, *opened(store, each)) for each in work.session.scalars(due)]
    sent = 0
    if waiting:
        with suppress(NotSent), mailer.connected() as send:
            for id, to, subject, text in waiting:
                is_over = True
                try:
                    send(to, subject, text)
                    sent += 1
                except NotSent as failed:
                    is_over = failed.is_final
                with store.writing() as work:
                    if (letter := work.session.get(QueuedMail, id)) is not None:
                        letter.after = work.now + _AGAIN
                        if is_over:
                            work.session.delete(letter)
    return sent


def opened(store: Store, letter: QueuedMail) -> tuple[str, str, str]:
    """(to, subject, text) of a letter."""
    to, subject, text = json.loads(store.keys.unseal(letter.sealed, f"letter/{letter.id}"))
    return to, subject, text


def send_due(store: Store, mailer: Mailer) -> int:
    """Send the notices that were not sent yet, the oldest first; how many were."""
    with store.reading() as work:
        query = (
            select(Notice, Person.email, Filing)
            .join(Person, Person.id == Notice.person_id)
            .outerjoin(Filing, Filing.id == Notice.filing_id)
            .where(Notice.mailed.is_(None), Notice.read.is_(None), Person.active)
            .where(Notice.at > work.now - _TRIED)
            .order_by(Notice.at).limit(_A_ROUND)
        )  # fmt: skip
        waiting = [(notice.id, email, worded(store, notice, filing))
                   for notice, email, filing in work.session.execute(query)]  # fmt: skip
    sent = 0
    if waiting:
        with suppress(NotSent), mailer.connected() as send:
            for id, email, text in waiting:
                try:
                    send(email, _SUBJECT, text)
                    sent += 1
                except NotSent as failed:
                    if not failed.is_final:
                        continue
                with store.writing() as work:
                    found = work.session.get(Notice, id)
                    if found is not None:
                        found.mailed = work.now
    return sent


def worded(store: Store, notice: Notice, filing: Filing | None) -> str:
    """A notice as a mail says it: of somebody else's filing the form and its number, no name."""
    text = notice.text
    if filing is not None and filing.owner_id != notice.person_id:
        with store.reading() as work:
            form = store.forms[0].in_force(filing.form, work.today)
        plain = f"{form.title if form else filing.form} {filing.number or ''}".strip()
        text = text.replace(filing.title, plain)
        if filing.person_name and filing.person_name in text:
            text = f"“{plain}”有新的情况，请登录查看。"
    address = store.settings.address
    where = f"\n\n请登录查看：{address}/filings/{filing.id}" if address and filing else ""
    return f"{text}{where}\n\n{_FOOT}\n"
