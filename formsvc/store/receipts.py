"""Receipts: made of what a version and its event say, kept as they were first given out."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from formsvc import sandbox
from formsvc.delivery import said
from formsvc.documents.press import Press
from formsvc.documents.press.drawing import receipt as printed
from formsvc.documents.proof import carriage, receipts
from formsvc.documents.proof.marks import canonical
from formsvc.documents.proof.receipts import Receipt
from formsvc.store import contents, life, readings
from formsvc.store.columns import iso
from formsvc.store.errors import NotNow, NotThere
from formsvc.store.events import GENESIS
from formsvc.store.life import Outcome
from formsvc.store.models import Event, Filing, Version
from formsvc.store.store import Work


def receipt(work: Work, id: int, number: int | None = None) -> Receipt:
    """The receipt for a version, by default the last one; always the same bytes.

    Raises NotThere for what was never handed in, NotNow for what was erased.
    """
    filing = life.find(work, id)
    version = _version(filing, number)
    if version.sealed_receipt is None:
        raw = canonical(_made(work, filing, version))
        version.sealed_receipt = work.store.keys.seal(raw, _place(version))
    raw = work.store.keys.unseal(version.sealed_receipt, _place(version))
    readings.note(work, filing, version.number, what="receipt")
    return receipts.parsed(raw)


def paper(given: Receipt, press: Press) -> bytes:
    """A receipt as PDF."""
    return printed(given, press)


def opened(raw: bytes) -> Receipt:
    """A receipt from its JSON, or from the PDF that carries it. Raises UnreadableDocument."""
    if not receipts.looks_like(raw):
        raw = sandbox.run_limited(carriage.receipt, raw)
    return receipts.parsed(raw)


def missing(session: Session, given: Receipt) -> str:
    """Why the history does not hold what a receipt says, in Chinese; "" when it does."""
    event = session.get(Event, given.count)
    if event is None:
        return f"记录里没有回执所说的第 {given.count} 条：末尾被截去，或回执不是这个库出的。"
    if event.hash != given.head:
        return f"第 {given.count} 条记录与回执不符：记录被换掉，或回执不是这个库出的。"
    return ""


def _version(filing: Filing, number: int | None) -> Version:
    number = filing.version if number is None else number
    if not 0 < number <= filing.version:
        raise NotThere
    return filing.versions[number - 1]


def _place(version: Version) -> str:
    return f"receipt/{version.filing_id}/{version.number}"


def _made(work: Work, filing: Filing, version: Version) -> dict[str, Any]:
    data = contents.data(work.store.keys, version)
    if data is None:
        raise NotNow(
            "内容已经到期删除，不能再出回执；原来的回执仍然可以核对。", "receipt", filing.id
        )
    form = life.form_of(work, filing, version.edition)
    stays = (passage for passage in filing.passages if passage.version == version.number)
    first = next((stay for stay in stays if stay.outcome != Outcome.FILED), None)
    stages = {stage.id: stage.title for stage in form.stages}
    plain = {
        "kind": receipts.KIND,
        "number": filing.number,
        "form": form.id,
        "title": form.title,
        "edition": version.edition,
        "version": version.number,
        "digest": version.digest,
        "handed": iso(version.handed),
        "person": said(data, form.person.pointer),
        "unit": said(data, form.unit.pointer),
        "to": first.office.name if first and first.office else "",
        "stage": stages.get(first.stage, "") if first else "",
        "event": _event(work, filing, version),
        "key": work.store.keys.public_key.hex(),
    }
    return {**plain, "signature": work.store.keys.sign(receipts.message(plain)).hex()}


def _event(work: Work, filing: Filing, version: Version) -> dict[str, Any]:
    """The event of the handing in, with all that its hash is made of."""
    query = select(Event).where(
        Event.filing_id == filing.id, Event.kind == "handed-in", Event.at == version.handed
    )
    event = work.session.scalars(query).one()
    before = work.session.get(Event, event.number - 1)
    return {
        "number": event.number,
        "at": iso(event.at),
        "kind": event.kind,
        "person": event.person_id,
        "office": event.office_id,
        "filing": event.filing_id,
        "details": event.details,
        "previous": before.hash if before else GENESIS,
        "hash": event.hash,
    }
