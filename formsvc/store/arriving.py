"""What another installation exported, taken in: once, however often it is done."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from formsvc.documents.proof.marks import canonical, digest
from formsvc.documents.proof.receipts import is_signed
from formsvc.findings import Finding, Report
from formsvc.forms import Programme
from formsvc.store import comparing, contents, filed, leaving, life, materials, offices, standing
from formsvc.store.columns import iso
from formsvc.store.errors import Invalid
from formsvc.store.leaving import FILINGS, OFFICES, PEOPLE
from formsvc.store.models import Counter, Filing, Office, Passage, Person, Provenance, Version
from formsvc.store.store import Store, Work

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_BATCH: Final = 100
_PREFIX: Final = 4  # characters of the installation, before a number that is taken here
_TIMES: Final = ("created", "changed", "handed", "came", "closed", "erased", "left")


@dataclass(frozen=True, slots=True)
class Arrived:
    """How many were taken in, were there already, and got another number."""

    added: int
    there: int
    renumbered: int


def arrive(store: Store, source: Path) -> Arrived:
    """Take in an export. Invalid when it is not whole or its forms are not known here; what was
    taken in before that stays, and the next time goes on from there."""
    manifest = _manifest(source)
    programme = store.forms[0].programmes.get(manifest["programme"])
    if programme is None:
        raise Invalid(f"这里没有“{manifest['programme']}”这项计划的表格。")
    with store.writing() as work:
        for line in _lines(source / OFFICES):
            _office(work, programme, line)
        for line in _lines(source / PEOPLE):
            _person(work, line["email"], line["name"])
    added = there = renumbered = 0
    lines = _lines(source / FILINGS)
    while batch := [*islice(lines, _BATCH)]:
        with store.writing() as work:
            for line in batch:
                if _is_here(work, line["origin"]):
                    there += 1
                else:
                    taken = _filing(work, programme, line, source)
                    renumbered += taken.number != line["number"]
                    added += 1
    if added:
        with store.writing() as work:
            work.record("imported", of=programme.id, filings=added,
                        installation=manifest["installation"], count=manifest["head"]["count"],
                        hash=manifest["head"]["hash"])  # fmt: skip
    return Arrived(added, there, renumbered)


def _manifest(source: Path) -> dict[str, Any]:
    try:
        plain = json.loads((source / leaving.MANIFEST).read_bytes())
        signature = bytes.fromhex(plain.pop("signature"))
        key = bytes.fromhex(plain["installation"])
        known = plain["format"] == leaving.FORMAT
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Invalid(f"{source}：不是导出的文件夹。") from None
    if not known or not is_signed(leaving.message(plain), signature, key):
        raise Invalid("导出的清单被改动过，或由更新的版本写成。")
    for name in leaving.FILES:
        if leaving.digest_of(source / name) != plain["files"].get(name):
            raise Invalid(f"{name} 被改动过或已损坏：与清单不符。")
    return dict(plain)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line, parse_float=Decimal)


def _is_here(work: Work, place: str) -> bool:
    """Whether it was taken in before, or went out from here and came back."""
    if work.session.scalar(select(Provenance).where(Provenance.place == place)):
        return True
    installation, _, id = place.partition("/")
    ours = installation == work.store.keys.public_key.hex()[:16]
    return ours and work.session.get(Filing, int(id)) is not None


def _office(work: Work, programme: Programme, line: dict[str, Any]) -> None:
    if _found(work, programme, [line["kind"], line["name"]]) is None:
        parent = _found(work, programme, line["above"])
        made = offices.add(work, programme, line["kind"], line["name"], parent, line["code"])
        if line["closed"]:
            offices.close(work, made)


def _found(work: Work, programme: Programme, named: list[str] | None) -> Office | None:
    if named is None:
        return None
    return work.session.scalar(
        select(Office).where(
            Office.programme == programme.id, Office.kind == named[0], Office.name == named[1]
        )
    )


def _person(work: Work, email: str, name: str = "") -> Person:
    person = work.session.scalar(select(Person).where(Person.email == email))
    if person is None:
        person = Person(email=email, name=name, created=work.now)
        work.session.add(person)
        work.session.flush()
        work.record("person-imported", person=person.id)
    return person


def _column(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _TIMES:
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if name == "due" else value


def _filing(work: Work, programme: Programme, line: dict[str, Any], source: Path) -> Filing:
    plain = {name: _column(name, line[name]) for name in leaving.PLAIN}
    filing = Filing(**plain | {"number": _number(work, line)}, programme=programme.id,
                    owner_id=_person(work, line["owner"]).id)  # fmt: skip
    office, holder = (_found(work, programme, line[name]) for name in ("office", "holder"))
    filing.office_id, filing.holder_id = (each.id if each else None for each in (office, holder))
    work.session.add(filing)
    work.session.flush()
    data = report = None
    for each in line["versions"]:
        data, report = _version(work, filing, each)
    said = [_passage(work, programme, filing, each) for each in line["passages"]]
    if data is not None and report is not None:
        form = life.form_of(work, filing, filing.edition)
        filed.index(work, filing, form, data, comparing.entries_of(work, form, data, report))
        if filing.state in life.EDITABLE:
            contents.seal_draft(work.store.keys, filing, data)
    history = json.dumps(line["events"], ensure_ascii=False, default=str).encode()
    work.session.add(Provenance(
        filing_id=filing.id, place=line["origin"], number=line["number"],
        sealed=work.store.keys.seal(history, f"origin/{filing.id}"),
    ))  # fmt: skip
    for each in line.get("materials", ()):
        _material(work, filing, each, source)
    work.record("imported", filing, filing.office_id, origin=line["origin"],
                opinions=[each for each in said if each],
                **standing.found_by(work.session, work.store.keys, filing.id))  # fmt: skip
    return filing


def _version(work: Work, filing: Filing, line: dict[str, Any]) -> tuple[Any, Report | None]:
    """A version as it was; its content and report, None when they were erased."""
    keys, data = work.store.keys, line["content"]
    if data is not None and digest(data).hex() != line["digest"]:
        raise Invalid(f"{line['digest'][:12]}：内容与摘要不符。")
    report = Report.from_dict(line["report"]) if line["report"] else None
    filing.versions.append(Version(number=line["number"], edition=line["edition"],
        digest=line["digest"], handed=_column("handed", line["handed"]),
        person_id=_person(work, line["person"]).id))  # fmt: skip
    version, place = filing.versions[-1], f"{filing.id}/{line['number']}"
    if data is not None:
        version.sealed = keys.seal(canonical(data), f"version/{place}")
    if report is not None:
        said = json.dumps(report.to_dict(), ensure_ascii=False).encode()
        version.sealed_report = keys.seal(said, f"report/{place}")
    return data, report


def _passage(work: Work, programme: Programme, filing: Filing, line: dict[str, Any]) -> str:
    """A stay as it was; the time and keyed digest of its opinion, "" for none."""
    plain = {name: _column(name, line[name]) for name in leaving.STAY}
    office = _found(work, programme, line["office"])
    person = _person(work, line["person"]) if line["person"] else None
    passage = Passage(**plain, office_id=office.id if office else None,
                      person_id=person.id if person else None)  # fmt: skip
    filing.passages.append(passage)
    work.session.flush()
    if line["opinion"] is None or passage.left is None:
        return ""
    findings = [Finding.from_dict(each) for each in line["opinion"]["findings"]]
    proof = contents.seal_opinion(work.store.keys, passage, line["opinion"]["words"], findings)
    return f"{iso(passage.left)} {proof.hex()}"


def _material(work: Work, filing: Filing, line: dict[str, Any], source: Path) -> None:
    """A file with its bytes, which must be those of its digest."""
    named = str(line["digest"])
    if not _DIGEST.fullmatch(named):
        raise Invalid("清单中附件的摘要不对。")
    try:
        raw = (source / leaving.MATERIALS / named).read_bytes()
    except OSError:
        raise Invalid(f"附件 {named[:12]} 不在导出的文件夹里。") from None
    found = json.dumps(line["found"], ensure_ascii=False).encode() if line["found"] else b""
    materials.arrived(work, filing, line, raw, _person(work, line["person"]).id, found)


def _number(work: Work, line: dict[str, Any]) -> str:
    """Its number, or one that says where it is from when that is taken; the year's next numbers
    come after it."""
    number: str = line["number"]
    if work.session.scalar(select(Filing.id).where(Filing.number == number)):
        return f"{line['origin'][:_PREFIX]}/{number}"[:20]
    year, _, rest = number.partition("-")
    value = rest.partition("-")[0]
    if year.isdigit() and value.isdigit():
        counter = work.session.get(Counter, f"filing-{year}", with_for_update=True)
        counter = counter or Counter(name=f"filing-{year}", value=0)
        counter.value = max(counter.value, int(value))
        work.session.add(counter)
        work.session.flush()
    return number
