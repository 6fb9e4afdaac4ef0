"""What the history says of offices, people, memberships and files, and of the rows by which filings
are found; held against the database and the folder of files.

Provable is what an event says: an office's row as it was changed last, who is a member where and
as what, who is shut out, every file with its digest, what a filing is found and met by. Not
provable are people's names, addresses, passwords, passkeys and tokens: no event holds them.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from formsvc.sealed import unsealed
from formsvc.storage import Folder
from formsvc.store import contents, materials, standing
from formsvc.store.flaws import CONTENT, FILE, ROW, Flaw
from formsvc.store.keyring import Keyring, Unopenable
from formsvc.store.models import (
    Event,
    Filing,
    Lookup,
    Material,
    Meeting,
    Membership,
    Office,
    Person,
)

_BLOCK: Final = 1 << 20
_OFFICES: Final = ("office-added", "office-changed", "office-renamed", "office-closed",
                   "office-reopened")  # fmt: skip
_MEMBERS: Final = ("member-added", "member-removed")
_PEOPLE: Final = ("person-added", "person-imported", "person-shut-out", "person-let-in")
_FILES: Final = ("material-added", "material-removed")
_FILINGS: Final = ("handed-in", "imported", "erased", "draft-discarded")
_Said = Row[int, str, int | None, int | None, str]


@dataclass
class Inventory:
    """What there should be, each with the number of the event that says so."""

    offices: dict[int, tuple[int, str]] = field(default_factory=dict)
    members: dict[tuple[int, int | None, str], int] = field(default_factory=dict)
    people: dict[int, tuple[int, bool]] = field(default_factory=dict)
    files: dict[int, tuple[int, list[Any]]] = field(default_factory=dict)
    found_by: dict[int, tuple[int, dict[str, str | None]]] = field(default_factory=dict)

    @classmethod
    def told(cls, session: Session) -> "Inventory":
        """What the events say, one after the other."""
        kinds = (*_OFFICES, *_MEMBERS, *_PEOPLE, *_FILES, *_FILINGS)
        columns = Event.number, Event.kind, Event.office_id, Event.filing_id, Event.details
        query = select(*columns).where(Event.kind.in_(kinds)).order_by(Event.number)
        made = cls()
        for row in session.execute(query.execution_options(yield_per=2_000)):
            made._take(row)
        return made

    def _take(self, row: _Said) -> None:
        number, kind, office, filing, text = row
        try:
            details = json.loads(text)
        except ValueError:
            return  # found with the chain
        if not isinstance(details, dict):
            return
        if kind in _OFFICES and office is not None:
            self.offices[office] = (number, details.get(standing.OFFICE, ""))
        elif kind in _MEMBERS:
            place = (details.get("member", 0), office, details.get("role", ""))
            if kind == "member-added":
                self.members[place] = number
            else:
                self.members.pop(place, None)
        elif kind in _PEOPLE:
            who = details.get("member") or details.get("person", 0)
            self.people[who] = (number, kind != "person-shut-out")
        elif filing is not None:
            self._take_filing(number, kind, filing, details)

    def _take_filing(self, number: int, kind: str, filing: int, details: dict[str, Any]) -> None:
        if kind == "material-added":
            names = ("version", "of", "digest", "size")
            said = [filing, *(details.get(name) for name in names)]
            self.files[details.get("material", 0)] = (number, said)
        elif kind == "material-removed":
            self.files.pop(details.get("material", 0), None)
        elif kind in ("handed-in", "imported"):
            known = {name: details.get(name) for name in standing.FOUND_BY}
            self.found_by[filing] = (number, known)
        else:  # what is erased is met by later ones as before, and found no more
            self.files = {id: each for id, each in self.files.items() if each[1][0] != filing}
            at, known = self.found_by.get(filing, (number, {}))
            self.found_by[filing] = (at, known | {standing.LOOKUPS: ""})

    def faults(self, session: Session, keys: Keyring) -> Iterator[Flaw]:
        """Rows that are not as they should be."""
        yield from self._office_faults(session, keys)
        yield from self._people_faults(session)
        lookups = select(Lookup.filing_id, *standing.LOOKUP_COLUMNS)
        meetings = select(Meeting.filing_id, *standing.MEETING_COLUMNS)
        yield from self._found_faults(session, keys, standing.LOOKUPS, lookups)
        yield from self._found_faults(session, keys, standing.MEETINGS, meetings)

    def _office_faults(self, session: Session, keys: Keyring) -> Iterator[Flaw]:
        seen = set()
        for office in session.scalars(select(Office).order_by(Office.id)):
            seen.add(office.id)
            number, row = self.offices.get(office.id, (0, ""))
            if not number:
                yield Flaw(f"机构 {office.id} 在数据库中，历史记录中没有。", ROW)
            elif row != standing.of_office(keys, office):
                yield Flaw(f"机构 {office.id} 与第 {number} 条记录不符：名称、类别、代码、上级"
                           "或是否关闭被改动。", ROW)  # fmt: skip
        for id in sorted(self.offices.keys() - seen):
            yield Flaw(f"机构 {id} 不见了：历史记录中有，数据库中没有。", ROW)

    def _people_faults(self, session: Session) -> Iterator[Flaw]:
        there: dict[int, bool] = dict(session.execute(select(Person.id, Person.active)).all())
        for id, active in there.items():
            number, wanted = self.people.get(id, (0, True))
            if not number:
                yield Flaw(f"人员 {id} 在数据库中，历史记录中没有。", ROW)
            elif active != wanted:
                said = "已停用，现为可用" if active else "可用，现为停用"
                yield Flaw(f"人员 {id} 按第 {number} 条记录{said}。", ROW)
        for id in sorted(self.people.keys() - there.keys()):
            yield Flaw(f"人员 {id} 不见了：历史记录中有，数据库中没有。", ROW)
        held = select(Membership.person_id, Membership.office_id, Membership.role)
        members = {(person, office, role) for person, office, role in session.execute(held)}
        for person, office, role in sorted(members ^ self.members.keys(), key=str):
            named = f"人员 {person} 在{f'机构 {office}' if office else '本服务'}的身份 {role}"
            lost = (person, office, role) in self.members
            said = "不见了：历史记录中有" if lost else "在数据库中，历史记录中没有"
            yield Flaw(f"{named}{said}。", ROW)

    def _found_faults(
        self, session: Session, keys: Keyring, name: str, query: Select[*tuple[Any, ...]]
    ) -> Iterator[Flaw]:
        rows = session.execute(
            query.order_by(query.selected_columns[0]).execution_options(yield_per=2_000)
        )
        what = "查找用的摘要" if name == standing.LOOKUPS else "比对用的摘要"
        seen: dict[int, str] = {}
        for id, group in groupby(rows, key=lambda row: row[0]):
            seen[id] = standing.rows_proof(keys, [tuple(row)[1:] for row in group])
        for id in sorted(seen.keys() | self.found_by.keys()):
            number, known = self.found_by.get(id, (0, {name: ""}))
            wanted = known.get(name)
            if wanted is not None and wanted != seen.get(id, ""):
                after = f"与第 {number} 条记录" if number else "与历史记录"
                yield Flaw(f"申报 {id} {what}{after}不符。", ROW)

    def file_faults(
        self, session: Session, keys: Keyring, files: Folder, *, whole: bool
    ) -> Iterator[Flaw]:
        """Files that are not those that were added; `whole` reads every byte of them."""
        seen, last = set(), 0
        while batch := session.scalars(
            select(Material).where(Material.id > last).order_by(Material.id).limit(200)
        ).all():
            for each in batch:
                seen.add(each.id)
                yield from self._file(each, keys, files, whole=whole)
            last = batch[-1].id
            session.expunge_all()
        gone = set(session.scalars(select(Filing.id).where(Filing.erased.is_not(None))))
        for id, (number, said) in self.files.items():
            if id not in seen and said[0] not in gone:
                yield Flaw(f"附件 {id} 不见了：第 {number} 条记录中有，数据库中没有。", ROW)

    def _file(self, each: Material, keys: Keyring, files: Folder, *, whole: bool) -> Iterator[Flaw]:
        number, said = self.files.get(each.id, (0, []))
        row = [each.filing_id, each.version, each.kind, each.digest, each.size]
        if not number:
            yield Flaw(f"附件 {each.id} 在数据库中，历史记录中没有。", ROW)
        elif row != said:
            yield Flaw(f"附件 {each.id} 与第 {number} 条记录不符：所属申报、版次、类别、摘要"
                       "或大小被改动。", ROW)  # fmt: skip
        judged = each.sealed is None or contents.opens(
            keys, each.sealed, materials.findings_place(each)
        )
        if not (judged and contents.opens(keys, each.sealed_title, f"title/{each.name_there}")):
            yield Flaw(f"附件 {each.id} 的名称或核对结果打不开：被改动或换过。", CONTENT)
        if not files.exists(each.name_there):
            yield Flaw(f"附件 {each.id} 的文件不见了。", FILE)
        elif whole and _digest(each, keys, files) != each.digest:
            yield Flaw(f"附件 {each.id} 的文件被改动或换过：与记录的摘要不符，或者打不开。", FILE)


def _digest(each: Material, keys: Keyring, files: Folder) -> str:
    """SHA-256 of a file as it lies there, hexadecimal; "" where it cannot be opened."""
    try:
        key = keys.unseal(each.sealed_key, f"material/{each.name_there}")
        with unsealed(files.open(each.name_there), key, each.name_there) as stream:
            found = hashlib.sha256()
            while block := stream.read(_BLOCK):
                found.update(block)
            return found.hexdigest()
    except (OSError, Unopenable):
        return ""
