"""What is kept of a filing beside its content: its number, what lists show, what it is found by."""

from contextlib import suppress
from typing import Final

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from formsvc.bulk.comparison import Entry
from formsvc.delivery import said
from formsvc.forms import Does, Form, Stage
from formsvc.pointers import get
from formsvc.store import comparing, contents
from formsvc.store.models import Counter, Filing, Lookup
from formsvc.store.store import Work
from formsvc.writing.notation import cents, is_amount

_TURN: Final = "handing-in"


def index(work: Work, filing: Filing, form: Form, data: object, entries: list[Entry]) -> None:
    """What lists show of it, and what it is found by."""
    describe(filing, form, data)
    work.session.execute(delete(Lookup).where(Lookup.filing_id == filing.id))
    keys = work.store.keys
    for number in dict.fromkeys(contents.numbers(form, data)):
        digest = keys.digest("number", number)
        work.session.add(Lookup(filing_id=filing.id, kind="number", digest=digest))
    comparing.remember(work, filing, entries)


def describe(filing: Filing, form: Form, data: object) -> None:
    """What lists show of a filing: whose, from which unit, which form."""
    filing.person_name = said(data, form.person.pointer)
    filing.unit_name = said(data, form.unit.pointer)
    whose = f"-{filing.person_name}" if filing.person_name else ""
    filing.title = f"{form.title}{whose}"[:200]


def amount(form: Form, data: object, way: tuple[Stage, ...]) -> int | None:
    """The amount that a submission asks for, in 分; None where no stage of its way pays one."""
    if not any(stage.does is Does.PAY for stage in way):
        return None
    value = get(data, form.grant.pointer) if form.grant else None
    return cents(value) if is_amount(value) else None  # type: ignore[arg-type]  # a number


def in_turn(work: Work) -> None:
    """One handing in after the other, from here to the end of the transaction: two of one person
    at the same moment would not see each other."""
    if work.session.get(Counter, _TURN, with_for_update=True) is None:
        new = Counter.__table__.insert().values(name=_TURN, value=0)  # type: ignore[attr-defined]  # a Table
        with suppress(IntegrityError), work.session.begin_nested():
            work.session.execute(new)
        work.session.get(Counter, _TURN, with_for_update=True)


def number(work: Work) -> str:
    """The next number of the year, in turn."""
    name = f"filing-{work.today.year}"
    counter = work.session.get(Counter, name, populate_existing=True)
    if counter is None:
        counter = Counter(name=name, value=0)
        work.session.add(counter)
    counter.value += 1
    return number_of(work.today.year, counter.value)


def number_of(year: int, value: int) -> str:
    """A number of a year: `2026-000001-5`, its last digit checks the others (Luhn)."""
    body = f"{year}{value:06d}"
    doubled = (int(c) * (2 if place % 2 == 0 else 1) for place, c in enumerate(reversed(body)))
    check = -sum(each - 9 if each > 9 else each for each in doubled) % 10
    return f"{body[:4]}-{body[4:]}-{check}"
