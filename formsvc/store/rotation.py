"""A new sealing key, and everything sealed anew with it, while the service runs.

The key file has the new key first; then what the others sealed is sealed anew, some rows a
transaction; when nothing is left, and nobody still writes who began before, they are dropped.
Killed anywhere, the file holds every key that something is sealed with, and the next run goes on.
"""

import fcntl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Table, and_, func, select, update

from formsvc.store import database
from formsvc.store.columns import Base
from formsvc.store.errors import Invalid
from formsvc.store.keyring import Keyring
from formsvc.store.store import Store

# Column → the place that its content was sealed at, of the row's columns.
PLACES: Final[Mapping[str, str]] = {
    "filing.sealed": "draft/{id}",
    "version.sealed": "version/{filing_id}/{number}",
    "version.sealed_report": "report/{filing_id}/{number}",
    "passage.sealed": "passage/{id}",
    "roster.sealed": "roster/{id}",
    "version.sealed_receipt": "receipt/{filing_id}/{number}",
    "material.sealed": "scan/{id}",
    "material.sealed_key": "material/{name_there}",
    "material.sealed_title": "title/{name_there}",
    "origin.sealed": "origin/{filing_id}",
    "job.sealed": "job/{id}",
    "letter.sealed": "letter/{id}",
}
_BATCH: Final = 200
_ROUNDS: Final = 20

Progress = Callable[[int], None]


def rotate(store: Store, progress: Progress = lambda _: None) -> int:
    """Add a key, or go on with one that was added and not finished; how much was sealed anew.

    Raises Invalid while another rotation runs on this machine.
    """
    path = store.key_file.path
    with _alone(path):
        ring = Keyring.load(path)
        if len(ring.sealing) == 1:
            ring = ring.rotated()
            ring.save(path)
            with store.writing() as work:
                work.record("key-added", key=ring.current)
        done = _all(store, ring, progress)
        older = [name for name in ring.sealing if name != ring.current]
        ring.only_current().save(path)
        with store.writing() as work:
            work.record("keys-dropped", keys=older, sealed=done)
    return done


def in_use(store: Store) -> dict[str, int]:
    """How many contents each key seals, by the key's name."""
    found = dict.fromkeys(store.keys.sealing, 0)
    with store.reading() as work:
        for table, column, _ in columns():
            head = func.substr(table.c[column], 1, 4)
            query = select(head, func.count()).where(table.c[column].is_not(None)).group_by(head)
            for name, count in work.session.execute(query):
                found[bytes(name).hex()] = found.get(bytes(name).hex(), 0) + count
    return found


def columns() -> Iterator[tuple[Table, str, str]]:
    """(table, column, place) of all that is sealed in the database."""
    for name, place in PLACES.items():
        table, _, column = name.partition(".")
        yield Base.metadata.tables[table], column, place


def _all(store: Store, ring: Keyring, progress: Progress) -> int:
    """Seal anew until nothing is left that another key sealed."""
    done = 0
    for _ in range(_ROUNDS):
        # Whoever writes after this has seen the new key.
        database.await_writers(store.engine)
        before = done
        for table, column, place in columns():
            for count in _column(store, ring, table, column, place):
                done += count
                progress(done)
        if done == before:
            return done
    raise Invalid("总有内容还用旧密钥加密：请看是否有别的机器用着另一份密钥文件，再运行一次。")


def _column(store: Store, ring: Keyring, table: Table, column: str, place: str) -> Iterator[int]:
    """Seal one column anew, from the first row to the last; how many at a time."""
    sealed, last = table.c[column], None
    (key,) = table.primary_key.columns
    old = and_(sealed.is_not(None), func.substr(sealed, 1, 4) != bytes.fromhex(ring.current))
    while True:
        with store.writing() as work:
            query = select(table).where(old).order_by(key).limit(_BATCH)
            query = query if last is None else query.where(key > last)
            rows = work.session.execute(query).mappings().all()
            count = sum(_anew(work.session, ring, table, column, place, row) for row in rows)
        if not rows:
            return
        last = rows[-1][key.name]
        yield count


def _anew(
    session: Any, ring: Keyring, table: Table, column: str, place: str, row: Mapping[Any, Any]
) -> int:
    """Seal one content anew, unless somebody changed it meanwhile. Raises Unopenable."""
    (key,) = table.primary_key.columns
    at = place.format(**{str(name): value for name, value in row.items()})
    fresh = ring.seal(ring.unseal(row[column], at), at)
    changed = session.execute(
        update(table)
        .where(key == row[key.name], table.c[column] == row[column])
        .values({column: fresh})
    )
    return int(changed.rowcount)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Two at once would each write a key file without the other's key."""
    with path.with_name(f".{path.name}.lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Invalid("另一次更换密钥正在进行，请等它结束。") from None
        yield
