"""A store: its database, keys and files, and the transactions in which all work on it is done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.exc import StaleDataError

from formsvc.bulk.batch import Loaded, loaded
from formsvc.config import Settings
from formsvc.errors import ConfigError
from formsvc.storage import Folder, folder
from formsvc.store import database, events, standing
from formsvc.store.access import SYSTEM, Actor, Role, Seat
from formsvc.store.errors import Overtaken, Refused
from formsvc.store.events import Happened, Head, Plain
from formsvc.store.keyring import KeyFile, Keyring
from formsvc.store.models import Event, Filing, Membership, Person
from formsvc.writing.notation import CHINA

KEYS: Final = "keys.json"
Clock = Callable[[], datetime]


@dataclass
class Work:
    """One transaction of one actor: what it changes and what it records stand or fall together."""

    session: Session
    store: "Store"
    actor: Actor
    now: datetime
    happened: list[Happened] = field(default_factory=list)

    @property
    def today(self) -> date:
        """The day in China."""
        return self.now.astimezone(CHINA).date()

    def record(
        self, kind: str, filing: Filing | None = None, office: int | None = None, **details: Plain
    ) -> None:
        """An event of this transaction. Details are numbers, codes and digests, never content."""
        self.session.flush()  # what is new has its id, what changed its revision
        self.happened.append(
            Happened(kind, self.now, self.actor.person, office,
                     filing.id if filing is not None else None, details)
        )  # fmt: skip


@dataclass(frozen=True)
class Store:
    """Opened once in a process; safe to use from many threads."""

    engine: Engine
    key_file: KeyFile
    data: Path
    files: Folder
    settings: Settings
    clock: Clock

    @classmethod
    def open(cls, settings: Settings, clock: Clock = lambda: datetime.now(UTC)) -> "Store":
        """The store in the data folder, made when there is none. ConfigError when it cannot be."""
        if settings.data is None:
            raise ConfigError("FORMSVC_DATA: names no folder")
        data = settings.data
        try:
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"FORMSVC_DATA: {error}") from error
        made = database.engine(settings.database or f"sqlite:///{data / database.FILE}")
        try:
            database.migrate(made)
            key_file = _keys(made, key_path(settings))
            with database.transaction(made, writes=True) as session:
                events.begin(session, key_file.ring)
        except BaseException:
            made.dispose()
            raise
        files = folder(settings.materials or str(data / "materials"))
        return cls(made, key_file, data, files, settings, clock)

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    @property
    def keys(self) -> Keyring:
        """The keys as they are now; a running process sees those that were added."""
        return self.key_file.ring

    @property
    def forms(self) -> Loaded:
        """The forms and what compares them."""
        return loaded(self.settings.shelves, self.settings.press)

    @contextmanager
    def reading(self, actor: Actor = SYSTEM) -> Iterator[Work]:
        """A transaction that changes nothing."""
        with database.transaction(self.engine, writes=False) as session:
            yield Work(session, self, actor, self.clock())

    @contextmanager
    def writing(self, actor: Actor = SYSTEM) -> Iterator[Work]:
        """A transaction whose changes and events are committed together, or not at all.

        Raises Overtaken when somebody else changed a filing meanwhile. An attempt that is Refused
        leaves an event that says so.
        """
        at: Head | None = None
        now = self.clock()
        try:
            with database.transaction(self.engine, writes=True) as session:
                work = Work(session, self, actor, now)
                changed = standing.watched(session)
                yield work
                session.flush()
                if work.happened:
                    happened = standing.said(self.keys, work.happened, changed)
                    at = events.append(session, self.keys, happened)
                    if not events.continues(session, events.anchored(self.data, self.keys)):
                        at = None
        except StaleDataError:
            raise Overtaken from None
        except Refused as refusal:
            self._remember(refusal, actor, now)
            raise
        if at is not None:
            with suppress(OSError):  # the database has it; the next one writes it here
                events.anchor(self.data, self.keys, at)

    def _remember(self, refusal: Refused, actor: Actor, now: datetime) -> None:
        with database.transaction(self.engine, writes=True) as session:
            details: dict[str, Plain] = {"why": refusal.code, "verb": refusal.verb}
            refused = Happened("refused", now, actor.person, None, refusal.filing, details)
            events.append(session, self.keys, [refused])

    def actor(self, session: Session, person: int) -> Actor | None:
        """The person with all memberships; None for nobody, or somebody who is shut out."""
        found = session.get(
            Person, person, options=[selectinload(Person.memberships).joinedload(Membership.office)]
        )
        if found is None or not found.active:
            return None
        programmes = self.forms[0].programmes
        seats = tuple(
            Seat(Role(each.role), office.id, office.path, office.kind, office.programme,
                 programmes[office.programme].offices[office.kind].sees)
            for each in found.memberships
            if (office := each.office) is not None and not office.closed
            and office.programme in programmes
            and office.kind in programmes[office.programme].offices
        )  # fmt: skip
        is_admin = any(each.role == Role.ADMIN for each in found.memberships)
        return Actor(found.id, found.name, seats, is_admin)


def key_path(settings: Settings) -> Path:
    """Where the key file is. ConfigError without a store."""
    if settings.data is None:
        raise ConfigError("FORMSVC_DATA: names no folder")
    return settings.keys or settings.data / KEYS


def _keys(made: Engine, path: Path) -> KeyFile:
    """The key file; a new one only for a store that holds nothing yet."""
    if not path.exists():
        with database.transaction(made, writes=False) as session:
            if session.scalar(select(func.count()).select_from(Event)):
                raise ConfigError(f"{path}: is missing; without it the store cannot be opened")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        Keyring.new().save(path)
    return KeyFile(path)
