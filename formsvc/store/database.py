"""The database of a store: SQLite in the data folder, or PostgreSQL; engine and transactions."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session

from formsvc.errors import ConfigError
from formsvc.storage import is_full
from formsvc.store.errors import Full, StoreError, Unreachable

FILE: Final = "store.db"
QUEUE: Final = "jobs.db"
_PATIENCE: Final = 20_000  # milliseconds that a writer waits for another
_PRAGMAS: Final = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON",
                   f"busy_timeout={_PATIENCE}", "secure_delete=ON")  # fmt: skip
_POOL: Final = 8
# What passes by itself. SQLite: another one writes. PostgreSQL: the connection broke, a transaction
# was given up for another one, there is no connection or memory left, it waited too long, the
# server ends or begins.
_PASSING_CODES: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_PASSING: Final = ("08", "40", "53", "55P03", "57")
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
# Any number that no other program locks PostgreSQL by.
_MIGRATING: Final = 0x666F726D73766301
_WRITING: Final = 0x666F726D73766302


def engine(address: str) -> Engine:
    """An engine for `sqlite:///…` or `postgresql://…`. ConfigError for another kind."""
    if address.startswith("sqlite:"):
        return _sqlite(address)
    if address.startswith(("postgresql:", "postgres:", "postgresql+psycopg:")):
        _, _, place = address.partition(":")
        return _postgresql(f"postgresql+psycopg:{place}")
    raise ConfigError("FORMSVC_DATABASE: is neither a postgresql:// nor a sqlite:/// address")


def _sqlite(address: str) -> Engine:
    made = create_engine(address, hide_parameters=True, connect_args={"check_same_thread": False})

    @event.listens_for(made, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin below
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(made, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        # Who will write says so at once: two readers that both want to write would block.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return made


def _postgresql(address: str) -> Engine:
    made = create_engine(address, pool_pre_ping=True, pool_size=_POOL, max_overflow=_POOL,
                         hide_parameters=True)  # fmt: skip

    @event.listens_for(made, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("writes", False):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({_WRITING})")

    return made


def await_writers(made: Engine) -> None:
    """Return when every transaction that writes now has ended; new ones wait that long."""
    # On SQLite this is the only one that writes.
    connected = made.connect().execution_options(writes=made.dialect.name == "sqlite")
    with connected as connection, connection.begin():
        if made.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITING})")


@contextmanager
def _faults_told() -> Iterator[None]:
    """What is no fault of the program, as the store says it: Full, or Unreachable."""
    try:
        yield
    except (DBAPIError, NoConnection) as error:
        if (told := _told(error)) is None:
            raise
        raise told from error


def _told(error: DBAPIError | NoConnection) -> StoreError | None:
    if isinstance(error, NoConnection):
        return Unreachable()
    fault = error.orig
    if fault is not None and is_full(fault):
        return Full()
    if isinstance(fault, sqlite3.Error):
        passes = getattr(fault, "sqlite_errorcode", 0) & 0xFF in _PASSING_CODES
    else:
        state = getattr(fault, "sqlstate", None)
        broken = state is None and isinstance(error, OperationalError)
        passes = broken or error.connection_invalidated or (state or "").startswith(_PASSING)
    return Unreachable() if passes else None


@contextmanager
def snapshot(made: Engine) -> Iterator[Session]:
    """A transaction that reads, from beginning to end, the database as it is now.

    Raises Unreachable, as `transaction` does.
    """
    options: dict[str, Any] = {"writes": False}
    if made.dialect.name == "postgresql":
        options |= {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
    with _session(made, options) as session:
        yield session


@contextmanager
def transaction(made: Engine, *, writes: bool) -> Iterator[Session]:
    """One transaction: committed at the end, rolled back when anything is raised.

    Raises Full when there is no room to write, Unreachable when the database is not there or gave
    the transaction up for another one.
    """
    options: dict[str, Any] = {"writes": writes}
    if not writes and made.dialect.name == "postgresql":
        options["postgresql_readonly"] = True
    with _session(made, options) as session:
        yield session


@contextmanager
def _session(made: Engine, options: dict[str, Any]) -> Iterator[Session]:
    with (
        _faults_told(),
        made.connect().execution_options(**options) as connected,
        Session(connected, expire_on_commit=False) as session,
        session.begin(),
    ):
        yield session


def migrate(made: Engine, to: str = "") -> None:
    """Bring the tables to the shape of this program, or to that of an earlier revision;
    ConfigError when they, or it, are of a newer one."""
    with made.connect().execution_options(writes=True) as connection, connection.begin():
        if made.dialect.name == "postgresql":  # several processes may start at once
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
        at = revision(connection)
        if at != (to or newest()):
            from formsvc.store.migrations import moving  # noqa: PLC0415  # not at every start

            moving.move(connection, at, to or newest())


def revision(connection: Connection) -> str | None:
    """Of which shape the tables are; None where there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return cast(str | None, connection.scalar(text("SELECT version_num FROM alembic_version")))


def newest() -> str:
    """The shape of this program: the number that its last migration's file begins with."""
    return max(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("*.py"))


def queue_engine(address: str, data: Path) -> Engine:
    """The engine of the queue of jobs: beside the store on PostgreSQL, else a file of its own.

    Its file is another one than the store's, so that its polling never waits for, nor delays, who
    hands something in; and because DBOS opens its transactions itself.
    """
    if address and not address.startswith("sqlite:"):
        return engine(address)
    made = create_engine(f"sqlite:///{data / QUEUE}", hide_parameters=True,
                         connect_args={"check_same_thread": False})  # fmt: skip

    @event.listens_for(made, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    return made
