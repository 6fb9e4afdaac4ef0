"""The tables of a store. Times are UTC in ISO 8601, days ISO dates, amounts whole 分.

Content that says who somebody is stands in columns named `sealed`: AES-256-GCM, opened with the
keyring at the row's place. In clear stand what lists show and sort by: names of people and units.
ID and account numbers are found by their keyed digests in `lookup`.
"""

import secrets
from datetime import date, datetime

from sqlalchemy import (
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from formsvc.store.columns import ROW_ID, Base
from formsvc.store.jobtables import BackgroundJob  # noqa: F401  # whoever knows the tables knows all


class Office(Base):
    """A unit, a department, a city, a province: a node of its programme's tree.

    `kind` is one of the programme's kinds; `path` is `/1/5/`, the ids from the top to itself.
    """

    __tablename__ = "office"
    __table_args__ = (UniqueConstraint("programme", "kind", "name"),)

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    programme: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    code: Mapped[str] = mapped_column(String(32), default="")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"), index=True)
    path: Mapped[str] = mapped_column(String(400), default="", index=True)
    closed: Mapped[bool] = mapped_column(default=False)

    parent: Mapped["Office | None"] = relationship(remote_side="Office.id")


def fresh_key() -> str:
    """What a session is bound to: 32 hexadecimal digits that nobody guesses."""
    return secrets.token_hex(16)


class Person(Base):
    """Somebody who signs in. `email` is in small letters; `key` changes when all sessions end.

    `password` is an argon2 hash; `totp` and `recovery` (one code a line) are encrypted, `counter`
    is the last half minute whose code was used; `second` says how the second step is done, "" for
    not at all. `failures` since `failing` lock the account until `locked`. `subject` is a digest of
    the name that the office's single sign-on gives.
    """

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    active: Mapped[bool] = mapped_column(default=True)
    created: Mapped[datetime]
    key: Mapped[str] = mapped_column(String(64), unique=True, default=fresh_key)
    password: Mapped[str | None] = mapped_column(String(255))
    handle: Mapped[str | None] = mapped_column(String(64), unique=True)
    second: Mapped[str] = mapped_column(String(20), default="")
    totp: Mapped[str | None] = mapped_column(Text)
    counter: Mapped[int | None]
    recovery: Mapped[str] = mapped_column(Text, default="")
    failures: Mapped[int] = mapped_column(Integer, default=0)
    failing: Mapped[datetime | None]
    locked: Mapped[datetime | None]
    subject: Mapped[bytes | None] = mapped_column(LargeBinary(16), unique=True)

    memberships: Mapped[list["Membership"]] = relationship(back_populates="person")
    passkeys: Mapped[list["Passkey"]] = relationship(
        back_populates="person", order_by="Passkey.id", cascade="all, delete-orphan"
    )


class Passkey(Base):
    """A public key (WebAuthn) that a person signs in with; `count` is the device's own counter."""

    __tablename__ = "passkey"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    credential: Mapped[bytes] = mapped_column(LargeBinary(1024), unique=True)
    public_key: Mapped[bytes]
    count: Mapped[int]
    usage: Mapped[str] = mapped_column(String(20))
    device: Mapped[str] = mapped_column(String(40))
    backed_up: Mapped[bool] = mapped_column(default=False)
    transports: Mapped[str] = mapped_column(String(200), default="")
    extensions: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime]
    used: Mapped[datetime]

    person: Mapped[Person] = relationship(back_populates="passkeys")


class Membership(Base):
    """What a person is in an office: see `access.Role`. The admin of a service has no office."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("person_id", "office_id", "role"),)

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    since: Mapped[datetime]

    person: Mapped[Person] = relationship(back_populates="memberships")
    office: Mapped[Office | None] = relationship()


class Filing(Base):
    """A submission on its way. `state` is one of `life.State`; `version` the last one handed in, 0
    for none; `revision` counts every change; `sealed` is what its owner is working on.

    `stage`, `holder` and `came` say where it lies, `due` until when; `amount` is what the form asks
    for. `number` is what people call it, from the first handing in on.
    """

    __tablename__ = "filing"
    # The number of a discarded draft, which events name, is not given again.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  # as SQLAlchemy declares it

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    number: Mapped[str | None] = mapped_column(String(20), unique=True)
    programme: Mapped[str] = mapped_column(String(64))
    form: Mapped[str] = mapped_column(String(64))
    edition: Mapped[str] = mapped_column(String(32), default="")
    owner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))
    state: Mapped[str] = mapped_column(String(12))
    stage: Mapped[str] = mapped_column(String(64), default="")
    holder_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))
    version: Mapped[int] = mapped_column(Integer, default=0)
    revision: Mapped[int] = mapped_column(Integer, default=1)
    person_name: Mapped[str] = mapped_column(String(200), default="")
    unit_name: Mapped[str] = mapped_column(String(200), default="")
    title: Mapped[str] = mapped_column(String(200), default="")
    amount: Mapped[int | None]
    errors: Mapped[int] = mapped_column(Integer, default=0)
    warnings: Mapped[int] = mapped_column(Integer, default=0)
    created: Mapped[datetime]
    changed: Mapped[datetime]
    handed: Mapped[datetime | None]
    came: Mapped[datetime | None]
    due: Mapped[date | None]
    closed: Mapped[datetime | None]
    erased: Mapped[datetime | None]
    sealed: Mapped[bytes | None]

    owner: Mapped[Person] = relationship()
    office: Mapped[Office | None] = relationship(foreign_keys=office_id)
    holder: Mapped[Office | None] = relationship(foreign_keys=holder_id)
    versions: Mapped[list["Version"]] = relationship(
        back_populates="filing", order_by="Version.number"
    )
    passages: Mapped[list["Passage"]] = relationship(back_populates="filing", order_by="Passage.id")

    # A change that another one overtook is refused: UPDATE … WHERE revision = what was read.
    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012  # as SQLAlchemy declares it


Index("ix_filing_held", Filing.holder_id, Filing.state, Filing.due, Filing.came)
Index("ix_filing_unit", Filing.office_id, Filing.state, Filing.changed)
Index("ix_filing_changed", Filing.changed, Filing.id)
Index("ix_filing_names", Filing.person_name, Filing.unit_name, Filing.number, Filing.id)
Index("ix_filing_closed", Filing.state, Filing.closed)
Index("ix_filing_listed", Filing.programme, Filing.state, Filing.changed)


class Version(Base):
    """What was handed in, frozen: content and report sealed; `digest` is SHA-256 of the canonical
    content, hexadecimal, which its printed codes begin with."""

    __tablename__ = "version"
    __table_args__ = (UniqueConstraint("filing_id", "number"),)

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    filing_id: Mapped[int] = mapped_column(ForeignKey("filing.id"))
    number: Mapped[int] = mapped_column(Integer)
    edition: Mapped[str] = mapped_column(String(32))
    digest: Mapped[str] = mapped_column(String(64), index=True)
    handed: Mapped[datetime]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    sealed: Mapped[bytes | None]
    sealed_report: Mapped[bytes | None]
    sealed_receipt: Mapped[bytes | None]  # as it was made the first time

    filing: Mapped[Filing] = relationship(back_populates="versions")
    person: Mapped[Person] = relationship()


class Passage(Base):
    """One stay of a filing at a stage, and what the office said of it.

    `version` is the one it came in, to whose `digest` the opinion is bound: with another version
    it is void. `outcome` is "" while it lies there; `sealed` holds words and findings.
    """

    __tablename__ = "passage"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    filing_id: Mapped[int] = mapped_column(ForeignKey("filing.id"), index=True)
    version: Mapped[int] = mapped_column(Integer)
    stage: Mapped[str] = mapped_column(String(64))
    office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"), index=True)
    came: Mapped[datetime]
    due: Mapped[date | None]
    left: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(12), default="")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    digest: Mapped[str] = mapped_column(String(64), default="")
    sealed: Mapped[bytes | None]

    filing: Mapped[Filing] = relationship(back_populates="passages")
    office: Mapped[Office | None] = relationship()
    person: Mapped[Person | None] = relationship()


class Lookup(Base):
    """A keyed digest by which a filing's last version is found: an ID number, an account."""

    __tablename__ = "lookup"
    __table_args__ = (Index("ix_lookup_value", "kind", "digest"),)

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    filing_id: Mapped[int] = mapped_column(ForeignKey("filing.id"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    digest: Mapped[bytes] = mapped_column(LargeBinary(16))


class Meeting(Base):
    """A filing's last version under one comparison: see `formsvc.bulk.comparison.Entry`."""

    __tablename__ = "meeting"
    __table_args__ = (Index("ix_meeting_key", "comparison", "key"),)

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    filing_id: Mapped[int] = mapped_column(ForeignKey("filing.id"), index=True)
    programme: Mapped[str] = mapped_column(String(64))
    comparison: Mapped[str] = mapped_column(String(120))
    key: Mapped[str] = mapped_column(String(64))
    differs: Mapped[str] = mapped_column(Text, default="")
    pointer: Mapped[str] = mapped_column(String(200))
    amount: Mapped[int | None]


class Event(Base):
    """One line of the history: see `events`. `number` counts from 1 without a gap."""

    __tablename__ = "event"

    number: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(40))
    person_id: Mapped[int | None] = mapped_column(index=True)
    office_id: Mapped[int | None]
    filing_id: Mapped[int | None] = mapped_column(index=True)
    details: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(String(64))


class Chain(Base):
    """The one row that says how long the history is, and its last hash; `mac` keeps it honest."""

    __tablename__ = "chain"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    count: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    mac: Mapped[str] = mapped_column(String(64))


class Seal(Base):
    """The head of the history at the end of a day, signed; `stamp` is an RFC 3161 answer."""

    __tablename__ = "seal"

    day: Mapped[date] = mapped_column(primary_key=True)
    count: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(128))
    stamp: Mapped[bytes | None]


class Lease(Base):
    """Who does a regular task, and until when nobody else does: see `daily`."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    until: Mapped[datetime]


class Counter(Base):
    """The last number given of a series."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int]


class Repeat(Base):
    """An answer already given to an Idempotency-Key: the same request gets it again."""

    __tablename__ = "repeat"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    request: Mapped[str] = mapped_column(String(64))
    filing_id: Mapped[int] = mapped_column(ForeignKey("filing.id"))
    version: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(index=True)


class Material(Base):
    """A file of a filing: a proof, or the scan of the stamped paper. Its bytes lie, sealed, in the
    folder of materials under `name_there`; `kind` is one of `materials.Purpose`."""

    __tablename__ = "material"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    filing_id: Mapped[int] = mapped_column(ForeignKey("filing.id"), index=True)
    version: Mapped[int] = mapped_column(Integer)
    stage: Mapped[str] = mapped_column(String(64), default="")
    kind: Mapped[str] = mapped_column(String(20))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    name_there: Mapped[str] = mapped_column(String(100))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    sealed: Mapped[bytes | None]  # what a scan was found to be
    sealed_key: Mapped[bytes]  # the file's own key
    sealed_title: Mapped[bytes]  # what its owner called it: people write names and numbers there


class Notice(Base):
    """Something a person is told: in the page, and by mail where that is set up."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_unsent", "mailed", "at"),)

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    filing_id: Mapped[int | None] = mapped_column(ForeignKey("filing.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    read: Mapped[datetime | None]
    mailed: Mapped[datetime | None]


class QueuedMail(Base):
    """A mail of an account that waits to be sent, sealed: to whom, subject, text. It is tried again
    `after` a time, and dropped at `until`; one that was sent is gone."""

    __tablename__ = "letter"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    after: Mapped[datetime] = mapped_column(index=True)
    until: Mapped[datetime]
    sealed: Mapped[bytes]


class Invitation(Base):
    """A link by which somebody joins an office; only the digest of its secret is kept."""

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)
    office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))
    role: Mapped[str] = mapped_column(String(20))
    email: Mapped[str] = mapped_column(String(255), default="")
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    expires: Mapped[datetime]
    uses: Mapped[int] = mapped_column(Integer, default=1)

    office: Mapped[Office | None] = relationship()


class Token(Base):
    """A key for programs, of one person, for some scopes; only its digest is kept."""

    __tablename__ = "token"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    title: Mapped[str] = mapped_column(String(100))
    scopes: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    expires: Mapped[datetime]
    used: Mapped[datetime | None]
    revoked: Mapped[datetime | None]

    person: Mapped[Person] = relationship()


class Roster(Base):
    """The list of a programme's people (a register), sealed, as it was from a time on."""

    __tablename__ = "roster"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    programme: Mapped[str] = mapped_column(String(64), index=True)
    title: Mapped[str] = mapped_column(String(200))
    people: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    sealed: Mapped[bytes]


class Provenance(Base):
    """Where an imported filing came from: `place` is `<installation>/<its id there>`, `number` what
    it was called there; `sealed` holds its events of that time, as data."""

    __tablename__ = "origin"

    filing_id: Mapped[int] = mapped_column(ForeignKey("filing.id"), primary_key=True)
    place: Mapped[str] = mapped_column(String(100), unique=True)
    number: Mapped[str] = mapped_column(String(20))
    sealed: Mapped[bytes]

    filing: Mapped[Filing] = relationship()
