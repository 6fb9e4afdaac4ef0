"""Is the store what its history says? The chain, every content, opinion, file, and the rows.

One reading of one moment, while the service runs. Nothing is changed, and nothing is quoted.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session, selectinload

from formsvc.storage import Folder
from formsvc.store import contents, events, standing
from formsvc.store.events import Head
from formsvc.store.flaws import CONTENT, RESTORE, ROW, Flaw
from formsvc.store.inventory import Inventory
from formsvc.store.keyring import Keyring, Unopenable
from formsvc.store.life import EDITABLE
from formsvc.store.models import Event, Filing, Material, Passage, Roster, Version
from formsvc.store.stamping import Authority
from formsvc.store.standing import Standing
from formsvc.store.store import Store

_BATCH: Final = 500
_CHAIN: Final = "历史记录被动过：" + RESTORE


@dataclass
class Recorded:
    """What the history says of filings: by id; versions by (id, number), opinions by (id, time)."""

    standings: dict[int, Standing] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    known: set[int] = field(default_factory=set)
    versions: dict[tuple[int, int], tuple[int, str, str]] = field(default_factory=dict)
    opinions: dict[tuple[int, object], tuple[int, str]] = field(default_factory=dict)


@dataclass
class Audit:
    """What was looked at, counted while `faults` goes on."""

    session: Session
    keys: Keyring
    files: Folder
    data: Path | None
    authority: Authority | None = None
    reads_files: bool = True
    events: int = 0
    filings: int = 0
    versions: int = 0
    opinions: int = 0
    materials: int = 0

    def faults(self) -> Iterator[Flaw]:
        """All that is wrong; nothing when the store is whole."""
        yield from self._chain()
        told = self._told()
        yield from self._filings(told)
        yield from self._rosters()
        should = Inventory.told(self.session)
        yield from should.faults(self.session, self.keys)
        self.materials = self.session.scalar(select(func.count()).select_from(Material)) or 0
        yield from should.file_faults(self.session, self.keys, self.files, whole=self.reads_files)

    def holds(self, at: Head, digest: str) -> Iterator[Flaw]:
        """What a receipt says: the history had this end, and a version this digest."""
        if not events.continues(self.session, at):
            yield Flaw(f"回执记得历史记录到第 {at.count} 条，现有记录与之不符。", _CHAIN)
        if digest and not self.session.scalar(
            select(func.count()).select_from(Version).where(Version.digest == digest)
        ):
            yield Flaw("回执所说的那一版内容不在数据库中。", ROW)

    def _chain(self) -> Iterator[Flaw]:
        for said in events.faults(self.session, self.keys, self.data, self.authority):
            yield Flaw(said, _CHAIN)
        self.events = self.session.scalar(select(func.count()).select_from(Event)) or 0
        if self.data and self.events and events.anchored(self.data, self.keys) is None:
            yield Flaw(
                "数据目录中的 history.json 不见了或被动过：末尾是否被截去，无从核对。",
                "请用回执（--receipt）核对最近的提交；无误后再有任何一次办理，它会重新写出。",
            )

    def _told(self) -> Recorded:
        told = Recorded()
        columns = (Event.number, Event.at, Event.kind, Event.filing_id, Event.details)
        query = select(*columns).where(Event.filing_id.is_not(None)).order_by(Event.number)
        for row in self.session.execute(query.execution_options(yield_per=2_000)):
            _take(told, row)
        return told

    # rows

    def _filings(self, told: Recorded) -> Iterator[Flaw]:
        seen, last = set(), 0
        loads = selectinload(Filing.versions), selectinload(Filing.passages)
        while True:
            query = select(Filing).where(Filing.id > last).order_by(Filing.id).limit(_BATCH)
            batch = self.session.scalars(query.options(*loads)).all()
            if not batch:
                break
            for filing in batch:
                self.filings += 1
                seen.add(filing.id)
                yield from self._filing(filing, told)
            last = batch[-1].id
            self.session.expunge_all()
        for id in sorted(told.known - seen - told.gone):
            yield Flaw(f"申报 {id} 不见了：历史记录中有，数据库中没有。", ROW)
        for (id, number), (event, *_) in told.versions.items():
            if id in seen:
                yield Flaw(f"申报 {id} 第 {number} 版不见了（第 {event} 条记录）。", ROW)
        for (id, _), (event, _) in told.opinions.items():
            if id in seen:
                yield Flaw(f"申报 {id} 的一条意见不见了（第 {event} 条记录）。", ROW)

    def _filing(self, filing: Filing, told: Recorded) -> Iterator[Flaw]:
        name = f"申报 {filing.number or filing.id}"
        yield from self._standing(filing, name, told)
        if filing.sealed is not None and (
            fault := self._opens(filing.sealed, f"draft/{filing.id}", f"{name}的草稿")
        ):
            yield fault
        if filing.sealed is None and filing.state in EDITABLE and filing.erased is None:
            yield Flaw(f"{name}的草稿不见了。", CONTENT)
        for version in filing.versions:
            self.versions += 1
            given = told.versions.pop((filing.id, version.number), None)
            yield from self._version(filing, version, given, f"{name}第 {version.number} 版")
        for passage in filing.passages:
            yield from self._opinion(filing, passage, name, told)

    def _standing(self, filing: Filing, name: str, told: Recorded) -> Iterator[Flaw]:
        wanted = told.standings.get(filing.id)
        if filing.id in told.gone:
            yield Flaw(f"{name}已按历史记录删除，却在数据库中。", ROW)
        elif wanted is None:
            yield Flaw(f"{name}在数据库中，历史记录中没有。", ROW)
        else:
            at = standing.of(self.keys, filing)
            if at.proof != wanted.proof:
                yield Flaw(f"{name}与历史记录不符：{_differences(at, wanted)}。", ROW)
            elif at.revision < wanted.revision:
                yield Flaw(f"{name}的改动次数比历史记录的少。", ROW)

    def _version(
        self, filing: Filing, version: Version, given: tuple[int, str, str] | None, name: str
    ) -> Iterator[Flaw]:
        if given and given[1:] != (version.digest, version.edition):
            yield Flaw(f"{name}的摘要或表格版本与第 {given[0]} 条记录不符。", ROW)
        if version.sealed is None or version.sealed_report is None:
            if filing.erased is None:
                yield Flaw(f"{name}的内容或检查结果不见了。", CONTENT)
            return
        place = f"{filing.id}/{version.number}"
        try:
            raw = contents.raw(self.keys, version) or b""
        except Unopenable:
            yield Flaw(f"{name}的内容打不开：被改动或换过，或缺少密钥。", CONTENT)
        else:
            if hashlib.sha256(raw).hexdigest() != version.digest:
                yield Flaw(f"{name}的内容与摘要不符。", CONTENT)
        if fault := self._opens(version.sealed_report, f"report/{place}", f"{name}的检查结果"):
            yield fault

    def _opinion(
        self, filing: Filing, passage: Passage, name: str, told: Recorded
    ) -> Iterator[Flaw]:
        given = told.opinions.pop((filing.id, passage.left), None)
        if passage.sealed is None:
            if given and filing.erased is None:
                yield Flaw(f"{name}在“{passage.stage}”的意见不见了。", CONTENT)
            return
        self.opinions += 1
        try:
            mac = contents.opinion_mac(self.keys, passage)
        except Unopenable:
            yield Flaw(f"{name}在“{passage.stage}”的意见打不开：被改动或换过。", CONTENT)
        else:
            if given and given[1] != mac:
                yield Flaw(f"{name}在“{passage.stage}”的意见与第 {given[0]} 条记录不符。", CONTENT)

    def _opens(self, sealed: bytes, place: str, name: str) -> Flaw | None:
        if contents.opens(self.keys, sealed, place):
            return None
        return Flaw(f"{name}打不开：被改动或换过，或缺少密钥。", CONTENT)

    def _rosters(self) -> Iterator[Flaw]:
        for id, sealed in self.session.execute(select(Roster.id, Roster.sealed)):
            if fault := self._opens(sealed, f"roster/{id}", f"名册 {id} "):
                yield fault


def accept_loss(store: Store) -> Head | None:
    """Go on without the end of the history that the data folder remembers and the database has
    not any more: an event says so. What is lost; None when nothing is."""
    kept = events.anchored(store.data, store.keys)
    with store.writing() as work:
        if kept is None or events.continues(work.session, kept):
            return None
        count = events.head(work.session).count
        work.record("loss-accepted", had=kept.count, hash=kept.hash, count=count)
    with store.reading() as work:
        events.anchor_anew(store.data, store.keys, events.head(work.session))
    return kept


def _take(told: Recorded, row: Row[int, datetime, str, int | None, str]) -> None:
    """One event about a filing. Details that are none were found with the chain."""
    number, at, kind, id, text = row
    try:
        details = json.loads(text)
        said = details.get(standing.DETAIL)
        how = standing.parsed(said) if said and said != standing.GONE else None
    except (ValueError, AttributeError):
        return
    if id is None:
        return
    if said == standing.GONE:
        told.gone.add(id)
        told.standings.pop(id, None)
    elif how is not None:
        told.known.add(id)
        told.gone.discard(id)
        before = told.standings.get(id)
        if before is None or how.revision >= before.revision:
            told.standings[id] = how
    if kind == "handed-in":
        version = details.get("version", 0)
        told.versions[id, version] = (number, details.get("digest"), details.get("edition"))
    for told_of in details.get("opinions", ()):  # of one that was imported
        left, _, proof = told_of.partition(" ")
        told.opinions[id, datetime.fromisoformat(left)] = (number, proof)
    if opinion := details.get("opinion"):
        told.opinions[id, at] = (number, opinion)


def _differences(at: Standing, wanted: Standing) -> str:
    """In which of the plain columns; else in the others."""
    pairs: Iterable[tuple[str, object, object]] = (
        ("状态", at.state, wanted.state), ("环节", at.stage, wanted.stage),
        ("办理机构", at.holder, wanted.holder), ("版次", at.version, wanted.version),
    )  # fmt: skip
    found = [f"{name}应为“{should}”，现为“{is_}”" for name, is_, should in pairs if is_ != should]
    return "，".join(found) or "编号、姓名、单位、金额、期限或办理经过中有一项被改动"
