"""What is sealed in the store: drafts, versions, reports, opinions; and what is read of them."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from formsvc import submissions
from formsvc.documents.proof.marks import canonical, digest
from formsvc.findings import Finding, Report
from formsvc.forms import Form
from formsvc.pointers import get
from formsvc.store.keyring import Keyring, Unopenable
from formsvc.store.models import Filing, Passage, Version
from formsvc.writing.notation import identity_code

# What people look somebody up by: ID numbers, accounts, telephones.
_NUMBER: Final = re.compile(r"[0-9]{6,32}[0-9X]")


def seal_draft(keys: Keyring, filing: Filing, data: object) -> None:
    """Keep what the owner works on; the filing has its id already."""
    filing.sealed = keys.seal(submissions.encoded(data), f"draft/{filing.id}")


def draft(keys: Keyring, filing: Filing) -> Any:
    """What the owner works on; {} for nothing."""
    if filing.sealed is None:
        return {}
    return submissions.parse(keys.unseal(filing.sealed, f"draft/{filing.id}")).data


def frozen(keys: Keyring, filing: Filing, number: int, data: object, report: Report) -> Version:
    """A version of a filing as it is handed in."""
    place = f"version/{filing.id}/{number}"
    said = json.dumps(report.to_dict(), ensure_ascii=False).encode()
    return Version(filing_id=filing.id, number=number, edition=report.edition,
                   digest=digest(data).hex(), sealed=keys.seal(canonical(data), place),
                   sealed_report=keys.seal(said, f"report/{filing.id}/{number}"))  # fmt: skip


def raw(keys: Keyring, version: Version) -> bytes | None:
    """The canonical JSON of a version; None when its time was over and it was erased."""
    if version.sealed is None:
        return None
    return keys.unseal(version.sealed, f"version/{version.filing_id}/{version.number}")


def data(keys: Keyring, version: Version) -> Any:
    """The submission of a version, its numbers exact; None when it was erased."""
    content = raw(keys, version)
    return None if content is None else submissions.parse(content).data


def report(keys: Keyring, version: Version) -> Report | None:
    """The report on a version as it was handed in; None when it was erased."""
    if version.sealed_report is None:
        return None
    place = f"report/{version.filing_id}/{version.number}"
    return Report.from_dict(json.loads(keys.unseal(version.sealed_report, place)))


def seal_opinion(keys: Keyring, passage: Passage, words: str, findings: list[Finding]) -> bytes:
    """Keep what an office says; a digest that only the key file can make of it."""
    plain = {"words": words, "findings": [finding.to_dict() for finding in findings]}
    content = json.dumps(plain, ensure_ascii=False, sort_keys=True).encode()
    passage.sealed = keys.seal(content, f"passage/{passage.id}")
    return keys.mac(content)


def opinion_mac(keys: Keyring, passage: Passage) -> str:
    """The keyed digest of an opinion as it is kept, hexadecimal: what its event says too."""
    return keys.mac(keys.unseal(passage.sealed or b"", f"passage/{passage.id}")).hex()


def opinion(keys: Keyring, passage: Passage) -> tuple[str, list[Finding]]:
    """An office's words and the findings it chose."""
    if passage.sealed is None:
        return "", []
    plain = json.loads(keys.unseal(passage.sealed, f"passage/{passage.id}"))
    return plain["words"], [Finding.from_dict(each) for each in plain["findings"]]


def opens(keys: Keyring, sealed: bytes, place: str) -> bool:
    """Whether something sealed is what was sealed there."""
    try:
        keys.unseal(sealed, place)
    except Unopenable:
        return False
    return True


def numbers(form: Form, content: object) -> Iterator[str]:
    """The numbers of a submission that somebody is found by, as `comparable` writes them."""
    for field in form.leaves:
        for place in field.places(content):
            value = get(content, place)
            if isinstance(value, str) and (code := comparable(value)):
                yield code


def comparable(text: str) -> str:
    """A number however it was typed; "" for what is none."""
    code = "".join(identity_code(text).replace("-", "").split())
    return code if _NUMBER.fullmatch(code) else ""
