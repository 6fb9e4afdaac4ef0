"""A whole programme in clear, in a folder, for the office that owns it or for another installation.

`manifest.json` (digests of the others, signed), `offices.jsonl`, `people.jsonl`, `filings.jsonl`,
`materials/` with every file that was handed in, named by its digest, `documents/` when asked for.
People go by e-mail, offices by kind and name: numbers of rows mean nothing elsewhere. What was
never handed in is its owner's alone and stays.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from formsvc import delivery
from formsvc.forms import Programme
from formsvc.storage import LocalFolder
from formsvc.store import contents, database, events, life, materials, scans
from formsvc.store.access import SYSTEM
from formsvc.store.columns import iso
from formsvc.store.errors import Invalid
from formsvc.store.models import Event, Filing, Material, Office, Passage, Person, Provenance
from formsvc.store.store import Store, Work
from formsvc.writing.notation import CHINA

FORMAT: Final = "formsvc-export-1"
OFFICES, PEOPLE, FILINGS = FILES = ("offices.jsonl", "people.jsonl", "filings.jsonl")
MANIFEST: Final = "manifest.json"
MATERIALS: Final = "materials"
FILE_KEYS: Final = ("version", "stage", "kind", "size", "digest")
_MESSAGE: Final = b"formsvc-export-1\n"
_BATCH: Final = 200
# Columns that go over as they are.
PLAIN: Final = ("number", "form", "edition", "state", "stage", "version", "person_name",
                "unit_name", "title", "amount", "errors", "warnings", "created", "changed",
                "handed", "came", "due", "closed", "erased")  # fmt: skip
STAY: Final = ("version", "stage", "came", "due", "left", "outcome", "digest")


def export(
    store: Store, programme: Programme, target: Path, *, documents: bool = False,
    history: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """Write a programme's offices, people and filings; the manifest. Raises OSError."""
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    with database.snapshot(store.engine) as session:
        work = Work(session, store, SYSTEM, store.clock())
        counts = {
            OFFICES: _written(target / OFFICES, _offices(work, programme)),
            PEOPLE: _written(target / PEOPLE, _people(work, programme)),
            FILINGS: _written(target / FILINGS, _filings(work, programme, history)),
        }
        drawn = _documents(work, programme, target) if documents else 0
        head = events.head(session)
        moved = _materials(work, programme, target / MATERIALS)
    plain = {
        "format": FORMAT, "programme": programme.id, "at": iso(store.clock()), "counts": counts,
        "installation": store.keys.public_key.hex(), "documents": drawn, "materials": moved,
        "head": {"count": head.count, "hash": head.hash},
        "files": {name: digest_of(target / name) for name in FILES},
    }  # fmt: skip
    signed = plain | {"signature": store.keys.sign(message(plain)).hex()}
    with _private(target, MANIFEST) as stream:
        stream.write(json.dumps(signed, ensure_ascii=False, indent=1).encode())
    with store.writing() as recording:
        recording.record("exported", of=programme.id, filings=counts[FILINGS],
                         manifest=digest_of(target / MANIFEST))  # fmt: skip
    return plain


def message(plain: dict[str, Any]) -> bytes:
    """What is signed of a manifest."""
    return _MESSAGE + json.dumps(plain, sort_keys=True).encode()


def digest_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _private(folder: Path, name: str) -> Iterator[IO[bytes]]:
    with LocalFolder(folder).create(name) as stream:
        os.fchmod(stream.fileno(), 0o600)
        yield stream


def _written(path: Path, lines: Iterator[str]) -> int:
    count = 0
    with _private(path.parent, path.name) as stream:
        for line in lines:
            stream.write(line.encode() + b"\n")
            count += 1
    return count


def _json(plain: object) -> str:
    return json.dumps(plain, ensure_ascii=False)


def _said(value: object) -> object:
    """A column as JSON keeps it."""
    if isinstance(value, datetime):
        return iso(value)
    return value.isoformat() if isinstance(value, date) else value


def _offices(work: Work, programme: Programme) -> Iterator[str]:
    query = select(Office).where(Office.programme == programme.id)
    listed = sorted(work.session.scalars(query), key=lambda each: (each.path.count("/"), each.id))
    for office in listed:
        yield _json({"kind": office.kind, "name": office.name, "code": office.code,
                     "above": _named(office.parent), "closed": office.closed})  # fmt: skip


def _named(office: Office | None) -> list[str] | None:
    return None if office is None else [office.kind, office.name]


def _people(work: Work, programme: Programme) -> Iterator[str]:
    """Whoever handed in or judged something, or added a file."""
    mine = select(Filing.id).where(Filing.programme == programme.id, Filing.version > 0)
    owners = select(Filing.owner_id).where(Filing.id.in_(mine))
    judges = select(Passage.person_id).where(Passage.filing_id.in_(mine))
    adders = select(Material.person_id).where(Material.filing_id.in_(mine))
    query = select(Person).where(
        Person.id.in_(owners) | Person.id.in_(judges) | Person.id.in_(adders)
    )
    for person in work.session.scalars(query.order_by(Person.email)):
        yield _json({"email": person.email, "name": person.name})


def _batches(work: Work, programme: Programme) -> Iterator[Filing]:
    last = 0
    loads = [selectinload(Filing.versions), selectinload(Filing.passages)]
    mine = Filing.programme == programme.id, Filing.version > 0
    while True:
        query = select(Filing).where(*mine, Filing.id > last).order_by(Filing.id).limit(_BATCH)
        batch = work.session.scalars(query.options(*loads)).all()
        if not batch:
            return
        yield from batch
        last = batch[-1].id
        work.session.expunge_all()


def _filings(work: Work, programme: Programme, history: bool) -> Iterator[str]:
    installation = work.store.keys.public_key.hex()[:16]
    for filing in _batches(work, programme):
        origin = work.session.get(Provenance, filing.id)
        plain: dict[str, Any] = {name: _said(getattr(filing, name)) for name in PLAIN}
        plain |= {
            "origin": origin.place if origin else f"{installation}/{filing.id}",
            "owner": filing.owner.email,
            "office": _named(filing.office),
            "holder": _named(filing.holder),
            "passages": [_passage(work, each) for each in filing.passages],
            "events": _events(work, filing, origin) if history else [],
            "materials": [_file(work, each) for each in handed(work, filing)],
        }
        versions = ", ".join(_versions(work, filing))
        yield f'{_json(plain)[:-1]}, "versions": [{versions}]}}'


def handed(work: Work, filing: Filing) -> list[Material]:
    """The files that go with what was handed in; those of a version to come are its owner's."""
    query = select(Material).where(
        Material.filing_id == filing.id, Material.version <= filing.version
    )
    return list(work.session.scalars(query.order_by(Material.id)))


def _file(work: Work, material: Material) -> dict[str, Any]:
    person = work.session.get_one(Person, material.person_id)
    said = {name: getattr(material, name) for name in FILE_KEYS}
    found = [asdict(each) for each in scans.remarks(work.store.keys, material)]
    return said | {"person": person.email, "at": iso(material.at), "found": found,
                   "title": materials.title(work.store.keys, material)}  # fmt: skip


def _materials(work: Work, programme: Programme, target: Path) -> int:
    """The bytes of every file, in clear; how many files. Invalid for one that is not whole."""
    count = 0
    for filing in _batches(work, programme):
        for material in handed(work, filing):
            count += 1
            if (target / material.digest).exists():  # the same file once
                continue
            with (
                materials.content(work.store, material) as content,
                _private(target, material.digest) as stream,
            ):
                shutil.copyfileobj(content, stream)
            if digest_of(target / material.digest) != material.digest:
                raise Invalid(f"附件 {material.id} 与记录的摘要不符，没有导出：请先核对历史。")
    return count


def _versions(work: Work, filing: Filing) -> Iterator[str]:
    """Each with its content as it was signed: exact numbers, not what a float makes of them."""
    for version in filing.versions:
        report = contents.report(work.store.keys, version)
        raw = contents.raw(work.store.keys, version)
        plain = {"number": version.number, "edition": version.edition, "digest": version.digest,
                 "handed": iso(version.handed), "person": version.person.email,
                 "report": report.to_dict() if report else None}  # fmt: skip
        yield f'{_json(plain)[:-1]}, "content": {raw.decode() if raw else "null"}}}'


def _passage(work: Work, passage: Passage) -> dict[str, Any]:
    said = None
    if passage.sealed is not None:
        words, findings = contents.opinion(work.store.keys, passage)
        said = {"words": words, "findings": [each.to_dict() for each in findings]}
    return {name: _said(getattr(passage, name)) for name in STAY} | {
        "office": _named(passage.office),
        "person": passage.person.email if passage.person else None,
        "opinion": said,
    }


def _events(work: Work, filing: Filing, origin: Provenance | None) -> list[Any]:
    before = []
    if origin is not None:
        before = json.loads(work.store.keys.unseal(origin.sealed, f"origin/{filing.id}"))
    query = select(Event).where(Event.filing_id == filing.id).order_by(Event.number)
    return before + [
        {"number": each.number, "at": iso(each.at), "kind": each.kind, "hash": each.hash,
         "details": json.loads(each.details)}
        for each in work.session.scalars(query)
    ]  # fmt: skip


def _documents(work: Work, programme: Programme, target: Path) -> int:
    """A PDF of every version; how many."""
    catalogue, drawn = work.store.forms[0], 0
    for filing in _batches(work, programme):
        for version in filing.versions:
            data = contents.data(work.store.keys, version)
            if data is None:
                continue
            on = version.handed.astimezone(CHINA).date()
            form = life.form_of(work, filing, version.edition)
            checked = catalogue.check_data(data, on=on, form=form.id)
            made = delivery.fill(checked, "pdf", press=work.store.settings.press)
            if made.document is not None:
                name = delivery.safe_name(f"{filing.number}-{version.number}") + ".pdf"
                with _private(target / "documents", name) as stream:
                    stream.write(made.document)
                drawn += 1
    return drawn
