"""The history of a store: events that nobody can change, drop or cut off unseen.

Each event's hash covers the one before, so that a change anywhere changes all that follow. The
head (count and last hash) stands in a row that only the key file's owner can write right, in a file
outside the database, in signed days and in every receipt: a tail that was cut off is missed there.
An event names people, offices and filings by number and contents by digest; it quotes nothing.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from formsvc.documents.proof.receipts import is_signed, line_hash
from formsvc.storage import LocalFolder
from formsvc.store.columns import iso
from formsvc.store.keyring import Keyring
from formsvc.store.models import Chain, Event, Seal
from formsvc.store.stamping import Authority
from formsvc.writing.notation import CHINA

Plain = str | int | bool | None | list[str] | list[int]
GENESIS: Final = "0" * 64
_HEAD: Final = 1  # the id of the one row of `chain`
_ANCHOR: Final = "history.json"
_BATCH: Final = 2_000
_COLUMNS: Final = tuple(Event.__table__.columns.keys())


@dataclass(frozen=True, slots=True)
class Happened:
    """What an event says, before it has its place in the history."""

    kind: str
    at: datetime
    person: int | None = None
    office: int | None = None
    filing: int | None = None
    details: Mapping[str, Plain] | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the history: how many events, and the last one's hash."""

    count: int
    hash: str


def begin(session: Session, keys: Keyring) -> None:
    """Give a new store its empty history."""
    if session.get(Chain, _HEAD) is None:
        session.add(Chain(id=_HEAD, count=0, hash=GENESIS, mac=_mac(keys, Head(0, GENESIS))))


def append(session: Session, keys: Keyring, happened: list[Happened]) -> Head:
    """Write events at the end, in this transaction; others that write wait for its end."""
    chain = session.get_one(Chain, _HEAD, with_for_update=True, populate_existing=True)
    rows = []
    for each in happened:
        details = json.dumps(each.details or {}, ensure_ascii=False, sort_keys=True)
        event = Event(number=chain.count + 1, at=each.at, kind=each.kind, person_id=each.person,
                      office_id=each.office, filing_id=each.filing, details=details)  # fmt: skip
        event.hash = hashed(event, chain.hash)
        chain.count, chain.hash = event.number, event.hash
        rows.append({column: getattr(event, column) for column in _COLUMNS})
    session.execute(insert(Event), rows)
    head = Head(chain.count, chain.hash)
    chain.mac = _mac(keys, head)
    return head


def hashed(event: Event, previous: str) -> str:
    """SHA-256 over an event and the hash before it, hexadecimal."""
    parts = [event.number, iso(event.at), event.kind, event.person_id, event.office_id,
             event.filing_id, event.details]  # fmt: skip
    return line_hash(parts, previous)


def head(session: Session) -> Head:
    """The end of the history as this transaction sees it."""
    chain = session.get_one(Chain, _HEAD)
    return Head(chain.count, chain.hash)


# outside the database


def anchor(folder: Path, keys: Keyring, at: Head) -> None:
    """Remember the end of the history in the data folder, unless a longer one is there already."""
    if (anchored(folder, keys) or Head(0, GENESIS)).count < at.count:
        plain = {"count": at.count, "hash": at.hash, "mac": _mac(keys, at)}
        with LocalFolder(folder).create(_ANCHOR, flush=False) as stream:
            stream.write(json.dumps(plain).encode())


def anchor_anew(folder: Path, keys: Keyring, at: Head) -> None:
    """Remember this end instead of a longer history that is lost: somebody said that it is."""
    (folder / _ANCHOR).unlink(missing_ok=True)
    anchor(folder, keys, at)


def continues(session: Session, kept: Head | None) -> bool:
    """Whether the history holds the end that was remembered: if not, the memory is kept, so that
    nobody's later work covers up what is lost."""
    if kept is None or not kept.count:
        return True
    found = session.get(Event, kept.count)
    return found is not None and found.hash == kept.hash


def anchored(folder: Path, keys: Keyring) -> Head | None:
    """What `anchor` wrote last; None when there is nothing, or not ours."""
    try:
        plain = json.loads((folder / _ANCHOR).read_bytes())
        found = Head(plain["count"], plain["hash"])
        return found if plain["mac"] == _mac(keys, found) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


# days


def day_message(day: date, at: Head) -> bytes:
    """What is signed of a day."""
    return f"formsvc-day-1\n{day.isoformat()}\n{at.count}\n{at.hash}\n".encode()


def seal_day(session: Session, keys: Keyring, day: date, at: Head) -> Seal | None:
    """Sign the history as it was at the end of a day; None when that was done already."""
    if session.get(Seal, day) is not None:
        return None
    seal = Seal(day=day, count=at.count, hash=at.hash,
                signature=keys.sign(day_message(day, at)).hex())  # fmt: skip
    session.add(seal)
    return seal


# verifying


def unsealed_days(session: Session, today: date) -> Iterator[tuple[date, Head]]:
    """The days in China before `today` that had events and are not sealed, and how the history
    ended on each."""
    last = session.scalar(select(Seal).order_by(Seal.count.desc(), Seal.day.desc()).limit(1))
    query = select(Event.number, Event.at, Event.hash).order_by(Event.number)
    query = query.where(Event.number > (last.count if last else 0))
    ends: dict[date, Head] = {}
    earliest = last.day + timedelta(days=1) if last else date.min
    with session.execute(query.execution_options(yield_per=_BATCH)) as rows:
        for number, at, hash in rows:
            # Transactions may end in another order than they began: days do not go back for that.
            day = earliest = max(at.astimezone(CHINA).date(), earliest)
            if day >= today:
                break
            ends[day] = Head(number, hash)
    yield from ends.items()


def faults(
    session: Session, keys: Keyring, folder: Path | None = None, authority: Authority | None = None
) -> Iterator[str]:
    """What is wrong with the history, in Chinese; nothing when it is whole.

    `folder` is the data folder, whose word on the end of the history is compared; `authority` is
    whose stamps the sealed days should have.
    """
    known: dict[int, str] = {0: GENESIS}
    wanted = {seal.count for seal in session.scalars(select(Seal))}
    kept = anchored(folder, keys) if folder else None
    wanted |= {kept.count} if kept else set()
    number, previous = 0, GENESIS
    for event in _all(session):
        if event.number != number + 1:
            yield f"第 {number + 1} 至 {event.number - 1} 条记录缺失。"
            previous = ""
        elif hashed(event, previous) != event.hash:
            yield f"第 {event.number} 条记录被改动过，或它前面有记录被换掉。"
        number, previous = event.number, event.hash
        if number in wanted:
            known[number] = event.hash
    yield from _head_faults(session, keys, Head(number, previous))
    if kept and known.get(kept.count) != kept.hash:
        yield f"数据目录记得共有 {kept.count} 条，现有记录与之不符：末尾被截去或被换掉。"
    for seal in session.scalars(select(Seal).order_by(Seal.day)):
        at = Head(seal.count, seal.hash)
        message = day_message(seal.day, at)
        if not is_signed(message, bytes.fromhex(seal.signature), keys.public_key):
            yield f"{seal.day} 的日封签名不对。"
        elif known.get(seal.count) != seal.hash:
            yield f"{seal.day} 的日封记得共有 {seal.count} 条，现有记录与之不符。"
        if authority and seal.stamp is not None and not authority.stamped(message, seal.stamp):
            yield f"{seal.day} 的时间戳不对：不是所设的机构给这一天盖的。"


def _all(session: Session) -> Iterator[Event]:
    query = select(Event).order_by(Event.number).execution_options(yield_per=_BATCH)
    for event in session.scalars(query):
        yield event
        session.expunge(event)


def _head_faults(session: Session, keys: Keyring, last: Head) -> Iterator[str]:
    chain = session.get(Chain, _HEAD)
    if chain is None:
        yield "记录的总数不见了。"
        return
    at = Head(chain.count, chain.hash)
    if chain.mac != _mac(keys, at):
        yield "记录的总数被改动过。"
    if at != last:
        yield f"记录应有 {at.count} 条，实有 {last.count} 条，或末条不符：末尾被截去或被换掉。"


def _mac(keys: Keyring, at: Head) -> str:
    return keys.mac(f"formsvc-head-1\n{at.count}\n{at.hash}".encode()).hex()
