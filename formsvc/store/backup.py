"""A backup: the whole store as it is at one moment, in one file, of either database, for either.

A ZIP: `tables/<table>.jsonl` (a row a line, bytes in base64), `materials/…` as they lie there, and
`manifest.json` with the digest of every member, signed. What is encrypted stays so: the file opens
only with the keys, which it holds when told to.
"""

import base64
import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import MetaData, Table, func, select
from sqlalchemy.orm import Session

from formsvc.storage import LocalFolder
from formsvc.store import database, events, rotation
from formsvc.store.columns import Base
from formsvc.store.events import Head
from formsvc.store.keyring import Keyring
from formsvc.store.models import Material
from formsvc.store.store import Store

FORMAT: Final = "formsvc-backup-1"
MANIFEST: Final = "manifest.json"
KEY_FILE: Final = "keys.json"
TABLES: Final = "tables/"
MATERIALS: Final = "materials/"
_MESSAGE: Final = b"formsvc-backup-1\n"
_BATCH: Final = 500


@dataclass
class Manifest:
    """What a backup holds: the tables' revision, rows by table, SHA-256 by member, the end of its
    history, the keys that it needs; `missing` are materials whose files were not there."""

    revision: str
    at: str
    head: Head
    public_key: str
    keys: list[str]
    rows: dict[str, int] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {
            "format": FORMAT, "revision": self.revision, "at": self.at,
            "head": {"count": self.head.count, "hash": self.head.hash},
            "public_key": self.public_key, "keys": self.keys, "rows": self.rows,
            "members": self.members, "missing": self.missing,
        }  # fmt: skip

    def message(self) -> bytes:
        """What is signed of it."""
        return _MESSAGE + json.dumps(self.plain(), sort_keys=True).encode()


def write(store: Store, target: Path, *, with_keys: bool = False) -> Manifest:
    """Back a store up while it serves; what was written. Raises OSError."""
    keys = Keyring.load(store.key_file.path)
    # Keys before the moment: whatever is sealed at that moment, they open.
    with (
        database.snapshot(store.engine) as session,
        LocalFolder(target.parent).create(target.name) as stream,
    ):
        os.fchmod(stream.fileno(), 0o600)
        made = _begun(session, store, keys)
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
            for table in reflected(session):
                made.rows[table.name] = _table(session, table, package, made)
            _materials(session, store, package, made)
            if with_keys:
                _add(package, made, KEY_FILE, [store.key_file.path.read_bytes()])
            plain = made.plain() | {"signature": keys.sign(made.message()).hex()}
            package.writestr(MANIFEST, json.dumps(plain, ensure_ascii=False, indent=1))
    return made


def reflected(session: Session) -> list[Table]:
    """The store's tables as the database has them, what others refer to first."""
    found = MetaData()
    known = set(Base.metadata.tables)
    found.reflect(session.connection(), only=lambda name, _: name in known)
    return list(found.sorted_tables)


def _begun(session: Session, store: Store, keys: Keyring) -> Manifest:
    revision = database.revision(session.connection())
    used = {
        bytes(name).hex()
        for table, column, _ in rotation.columns()
        for name in session.scalars(
            select(func.substr(table.c[column], 1, 4))
            .where(table.c[column].is_not(None))
            .distinct()
        )
    }
    return Manifest(revision or "", store.clock().isoformat(), events.head(session),
                    keys.public_key.hex(), sorted(used))  # fmt: skip


def _table(session: Session, table: Table, package: zipfile.ZipFile, made: Manifest) -> int:
    rows = session.execute(
        select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_BATCH)
    ).mappings()
    lines = _Counted(_line(row) for row in rows)
    _add(package, made, f"{TABLES}{table.name}.jsonl", lines)
    return lines.count


class _Counted:
    """Lines that are counted as they go by."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = lines
        self.count = 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self._lines:
            self.count += 1
            yield line


def _line(row: Mapping[Any, Any]) -> bytes:
    return json.dumps(dict(row), ensure_ascii=False, default=_plain).encode() + b"\n"


def _plain(value: object) -> object:
    if isinstance(value, bytes | memoryview):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def value(plain: object) -> object:
    """A cell of a line as the database takes it."""
    return base64.b64decode(plain["base64"]) if isinstance(plain, dict) else plain


def _materials(session: Session, store: Store, package: zipfile.ZipFile, made: Manifest) -> None:
    for name in session.scalars(select(Material.name_there).order_by(Material.id)).all():
        try:
            with store.files.open(name) as stream:
                _add(package, made, f"{MATERIALS}{name}", _blocks(stream), packed=False)
        except FileNotFoundError:
            made.missing.append(name)


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    while block := stream.read(1 << 20):
        yield block


def _add(
    package: zipfile.ZipFile,
    made: Manifest,
    name: str,
    blocks: Iterable[bytes],
    *,
    packed: bool = True,
) -> None:
    digest = hashlib.sha256()
    member = zipfile.ZipInfo(name)
    member.external_attr = 0o600 << 16
    member.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with package.open(member, "w", force_zip64=True) as target:
        for block in blocks:
            digest.update(block)
            target.write(block)
    made.members[name] = digest.hexdigest()


def lines(package: zipfile.ZipFile, table: str) -> Iterator[dict[str, object]]:
    """The rows of a table in a backup."""
    with package.open(f"{TABLES}{table}.jsonl") as stream:
        for line in TextIOWrapper(stream, "utf-8"):
            yield {name: value(cell) for name, cell in json.loads(line).items()}
