"""A backup put back, into an empty store of either database."""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, Table, bindparam, func, select, text
from sqlalchemy.orm import Session

from formsvc.config import Settings
from formsvc.errors import ConfigError
from formsvc.storage import folder
from formsvc.store import backup, database, events
from formsvc.store.backup import KEY_FILE, MANIFEST, MATERIALS, Manifest
from formsvc.store.errors import Invalid
from formsvc.store.events import Head
from formsvc.store.keyring import Keyring, is_signed
from formsvc.store.store import Clock, Store, key_path

_BATCH: Final = 500
_BLOCK: Final = 1 << 20


@dataclass(frozen=True)
class Restored:
    """What was put back; `lost` is the longer history that the data folder remembered."""

    manifest: Manifest
    lost: Head | None


def restore(
    source: Path, settings: Settings, clock: Clock, *, accept_loss: bool = False
) -> Restored:
    """Put a backup into an empty store. Nothing is changed when Invalid or ConfigError is raised:
    it is not whole, the keys are not its own, the store holds something, or the data folder
    remembers a longer history (and `accept_loss` does not say that this is lost)."""
    if settings.data is None:
        raise ConfigError("FORMSVC_DATA: names no folder")
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _package(source) as package:
        manifest, signature = _manifest(package)
        keys, fresh = _keys(package, manifest, key_path(settings))
        _whole(package, manifest, signature)
        lost = _lost(settings.data, keys, manifest.head)
        if lost and not accept_loss:
            raise Invalid(
                f"数据目录记得历史记录共有 {lost.count:,} 条，"
                f"这份备份只有 {manifest.head.count:,} 条："
                f"其后的 {lost.count - manifest.head.count:,} 条和相应的办理都将丢失。"
                "有更新的备份请用那一份；没有的话，加 --accept-loss 表示接受，历史记录会写明。"
            )
        engine = database.engine(settings.database or f"sqlite:///{settings.data / database.FILE}")
        try:
            # What the rows need is there before they are.
            def ready() -> None:
                if fresh:
                    keys.save(key_path(settings))
                _files(package, settings)

            _load(engine, package, manifest, ready)
        finally:
            engine.dispose()
    _told(settings, clock, manifest, lost)
    return Restored(manifest, lost)


@contextmanager
def _package(source: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(source) as package:
            yield package
    except zipfile.BadZipFile:
        raise Invalid(f"{source.name}：不是备份文件，或者不完整。") from None


def _manifest(package: zipfile.ZipFile) -> tuple[Manifest, bytes]:
    try:
        plain = json.loads(package.read(MANIFEST))
        if plain.pop("format") != backup.FORMAT:
            raise ValueError
        signature = bytes.fromhex(plain.pop("signature"))
        return Manifest(**plain | {"head": Head(**plain["head"])}), signature
    except (KeyError, ValueError, TypeError):
        raise Invalid("不是这种备份，或由更新的版本写成。") from None


def _keys(package: zipfile.ZipFile, manifest: Manifest, path: Path) -> tuple[Keyring, bool]:
    """The keys that open it, and whether they come out of it."""
    fresh = not path.exists()
    if fresh and KEY_FILE not in package.namelist():
        raise Invalid(f"备份中没有密钥：请先把原来的密钥文件放到 {path}。")
    keys = Keyring.parsed(package.read(KEY_FILE), path) if fresh else Keyring.load(path)
    if keys.public_key.hex() != manifest.public_key:
        raise Invalid(f"{path} 不是这份备份的密钥文件。")
    if lacking := [name for name in manifest.keys if name not in keys.sealing]:
        raise Invalid(
            f"{path} 缺少密钥 {'、'.join(lacking)}：备份之后换过密钥，请放回备份时的密钥文件。"
        )
    return keys, fresh


def _whole(package: zipfile.ZipFile, manifest: Manifest, signature: bytes) -> None:
    if not is_signed(manifest.message(), signature, bytes.fromhex(manifest.public_key)):
        raise Invalid("备份的清单被改动过：签名不对。")
    names = {name for name in package.namelist() if name != MANIFEST}
    if names != set(manifest.members) or any(".." in name.split("/") for name in names):
        raise Invalid("备份中的文件与清单不符。")
    for name, digest in manifest.members.items():
        found = hashlib.sha256()
        with package.open(name) as stream:
            while block := stream.read(_BLOCK):
                found.update(block)
        if found.hexdigest() != digest:
            raise Invalid(f"备份中的 {name} 被改动过或已损坏。")


def _lost(data: Path, keys: Keyring, at: Head) -> Head | None:
    kept = events.anchored(data, keys)
    return kept if kept and kept.count > at.count else None


def _load(
    engine: Engine, package: zipfile.ZipFile, manifest: Manifest, ready: Callable[[], None]
) -> None:
    database.migrate(engine, manifest.revision)
    with database.transaction(engine, writes=True) as session:
        tables = backup.reflected(session)
        _empty(session, tables)
        for table in tables:
            session.execute(table.delete())  # the empty history of a store that was opened once
        for table in tables:
            if f"{backup.TABLES}{table.name}.jsonl" in manifest.members:
                _rows(session, table, package)
        if engine.dialect.name == "postgresql":
            _numbering(session, tables)
        ready()
    database.migrate(engine)


def _empty(session: Session, tables: list[Table]) -> None:
    for table in tables:
        if table.name != "chain" and session.scalar(select(func.count()).select_from(table)):
            raise Invalid("数据库中已经有内容：只能恢复到空的数据库里。")


def _rows(session: Session, table: Table, package: zipfile.ZipFile) -> None:
    """All rows; what refers to rows of the same table is filled in when they are there."""
    own = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    for rows in _batches(backup.lines(package, table.name)):
        session.execute(table.insert(), [row | dict.fromkeys(own) for row in rows])
    for name in own:
        later = (
            table.update().where(table.c.id == bindparam("own_id")).values({name: bindparam("to")})
        )
        for rows in _batches(backup.lines(package, table.name)):
            given = [
                {"own_id": row["id"], "to": row[name]} for row in rows if row[name] is not None
            ]
            if given:
                session.connection().execute(later, given)


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    left = iter(rows)
    while batch := [*islice(left, _BATCH)]:
        yield batch


def _numbering(session: Session, tables: list[Table]) -> None:
    """PostgreSQL goes on numbering after the highest id."""
    for table in tables:
        (first, *_) = table.primary_key.columns
        serial = session.scalar(
            text("SELECT pg_get_serial_sequence(:t, :c)"), {"t": table.name, "c": first.name}
        )
        highest = session.scalar(select(func.max(first))) if serial else None
        if highest is not None:
            session.execute(text("SELECT setval(:s, :n)"), {"s": serial, "n": highest})


def _files(package: zipfile.ZipFile, settings: Settings) -> None:
    there = folder(settings.materials or str(_data(settings) / "materials"))
    for name in package.namelist():
        if name.startswith(MATERIALS):
            with package.open(name) as stream, there.create(name.removeprefix(MATERIALS)) as target:
                while block := stream.read(_BLOCK):
                    target.write(block)


def _data(settings: Settings) -> Path:
    if settings.data is None:
        raise ConfigError("FORMSVC_DATA: names no folder")
    return settings.data


def _told(settings: Settings, clock: Clock, manifest: Manifest, lost: Head | None) -> None:
    """The history goes on with what was done."""
    store = Store.open(settings, clock)
    try:
        if lost:
            events.anchor_anew(store.data, store.keys, manifest.head)
        with store.writing() as work:
            details: dict[str, Any] = {"backup": manifest.at, "count": manifest.head.count}
            if lost:
                work.record("loss-accepted", had=lost.count, hash=lost.hash, **details)
            work.record("restored", **details)
    finally:
        store.engine.dispose()
