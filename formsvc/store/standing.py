"""What an event says of the filing that it changed, so that the rows can be held against it later.

Every event after which a filing's row is another says how it stands then: `standing` in its
details, `7 open unit 12 1 5f…`: revision, state, stage, holder, version, and a keyed digest over
all columns that only verbs change, with its versions and stays. Nobody reads content out of that.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import event, inspect, select
from sqlalchemy.orm import Session

from formsvc.store.columns import iso
from formsvc.store.events import Happened
from formsvc.store.keyring import Keyring
from formsvc.store.models import Filing, Lookup, Meeting, Office

DETAIL: Final = "standing"
GONE: Final = "gone"
OFFICE: Final = "row"  # in details of events that change an office
LOOKUPS, MEETINGS = FOUND_BY = ("lookups", "meetings")  # in those by which a filing is found
LOOKUP_COLUMNS: Final = (Lookup.kind, Lookup.digest)
MEETING_COLUMNS: Final = (Meeting.programme, Meeting.comparison, Meeting.key, Meeting.differs,
                          Meeting.pointer, Meeting.amount)  # fmt: skip
_NOWHERE: Final = "-"
# While it is in these, its owner changes what lists show of it without an event.
_OWNERS: Final = ("draft", "returned", "withdrawn")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a filing stands; `proof` is the keyed digest, hexadecimal."""

    revision: int
    state: str
    stage: str
    holder: int
    version: int
    proof: str

    def __str__(self) -> str:
        return (f"{self.revision} {self.state} {self.stage or _NOWHERE} {self.holder} "
                f"{self.version} {self.proof}")  # fmt: skip


def of(keys: Keyring, filing: Filing) -> Standing:
    """How a filing with its versions and stays stands now."""
    content = json.dumps(_columns(filing), ensure_ascii=False, default=str).encode()
    proof = keys.mac(b"formsvc-standing-1\n" + content)[:16].hex()
    return Standing(filing.revision, filing.state, filing.stage, filing.holder_id or 0,
                    filing.version, proof)  # fmt: skip


def parsed(text: str) -> Standing:
    """What `str` made of one. ValueError for anything else."""
    revision, state, stage, holder, version, proof = text.split(" ")
    stage = "" if stage == _NOWHERE else stage
    return Standing(int(revision), state, stage, int(holder), int(version), proof)


def _columns(filing: Filing) -> list[object]:
    times = [filing.created, filing.handed, filing.came, filing.closed, filing.erased]
    shown = [filing.office_id, filing.person_name, filing.unit_name, filing.title]
    return [
        filing.id, filing.number, filing.programme, filing.form, filing.edition, filing.owner_id,
        filing.state, filing.stage, filing.holder_id, filing.version, filing.amount,
        filing.errors, filing.warnings, filing.due, [each and iso(each) for each in times],
        [] if filing.state in _OWNERS else shown,
        [[each.number, each.edition, each.digest, iso(each.handed), each.person_id]
         for each in filing.versions],
        [[each.id, each.version, each.stage, each.office_id, iso(each.came), each.due,
          each.left and iso(each.left), each.outcome, each.person_id, each.digest]
         for each in sorted(filing.passages, key=lambda each: each.id)],
    ]  # fmt: skip


def of_office(keys: Keyring, office: Office) -> str:
    """A keyed digest over all that an office's row says, hexadecimal."""
    row = [office.id, office.programme, office.kind, office.name, office.code, office.parent_id,
           office.path, office.closed]  # fmt: skip
    return _mac(keys, b"formsvc-office-1\n", row)


def found_by(session: Session, keys: Keyring, filing: int) -> dict[str, str]:
    """Keyed digests over the rows by which a filing is found, and met by later ones."""
    session.flush()
    lookups = session.execute(select(*LOOKUP_COLUMNS).where(Lookup.filing_id == filing))
    meetings = session.execute(select(*MEETING_COLUMNS).where(Meeting.filing_id == filing))
    return {LOOKUPS: rows_proof(keys, lookups), MEETINGS: rows_proof(keys, meetings)}


def rows_proof(keys: Keyring, rows: Iterable[Sequence[object]]) -> str:
    """A keyed digest over rows in any order, hexadecimal; "" for none."""
    plain = [[each.hex() if isinstance(each, bytes) else each for each in row] for row in rows]
    return _mac(keys, b"formsvc-found-1\n", sorted(plain, key=str)) if plain else ""


def _mac(keys: Keyring, label: bytes, plain: object) -> str:
    content = json.dumps(plain, ensure_ascii=False).encode()
    return keys.mac(label + content)[:16].hex()


def watched(session: Session) -> dict[int, Filing]:
    """The filings whose rows a transaction changes, by id, filled in as it writes them."""
    changed: dict[int, Filing] = {}

    @event.listens_for(session, "after_flush")
    def note(_session: Session, _context: object) -> None:
        for each in (*session.new, *session.dirty, *session.deleted):
            if isinstance(each, Filing) and (
                each not in session.dirty or session.is_modified(each)
            ):
                changed[each.id] = each

    return changed


def said(keys: Keyring, happened: Iterable[Happened], changed: dict[int, Filing]) -> list[Happened]:
    """Events with, in the last one of each changed filing, how that stands at the end."""
    left, found = dict(changed), []
    for each in reversed([*happened]):
        filing = left.pop(each.filing, None) if each.filing is not None else None
        if filing is not None:
            how = str(of(keys, filing)) if inspect(filing).persistent else GONE
            each = replace(each, details={**(each.details or {}), DETAIL: how})  # noqa: PLW2901  # the same event
        found.append(each)
    return found[::-1]
