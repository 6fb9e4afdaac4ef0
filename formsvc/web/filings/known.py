"""What the store knows of a person who fills in a form: their own earlier filings, the register.

Nobody sees here what they may not read anyway: filings are the actor's own, each reading is an
event, and the register answers only who already knows a name and its ID number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from formsvc.checks.register import Register
from formsvc.forms import Field, Form
from formsvc.pointers import within
from formsvc.store import comparing, contents, readings
from formsvc.store.errors import NotThere
from formsvc.store.life import find
from formsvc.store.models import Filing
from formsvc.web.desks import entries as typed
from formsvc.web.desks.entries import Entries
from formsvc.web.filings.blueprint import form_title, note_reading, number
from formsvc.web.held import actor, store
from formsvc.writing.notation import long_date

_LOOKED_AT: Final = 200
_OFFERED: Final = 6


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody an own filing is about, by the newest one; `source` says which it is (Chinese)."""

    filing: int
    name: str
    source: str


def people(form: Form) -> Sequence[KnownPerson]:
    """Those of the actor's filings in the form's programme, each person once; none for nobody."""
    who = actor()
    if who is None or who.person is None or not _about(form):
        return ()
    found: dict[str, KnownPerson] = {}
    with store().reading(who) as work:
        query = (
            select(Filing)
            .where(Filing.owner_id == who.person, Filing.programme == form.programme.id,
                   Filing.person_name != "", Filing.erased.is_(None))
            .order_by(Filing.changed.desc())
            .limit(_LOOKED_AT)
        )  # fmt: skip
        for each in work.session.scalars(query):
            if len(found) < _OFFERED and each.person_name not in found:
                source = f"《{form_title(each.form)}》{long_date(each.changed.date())}"
                found[each.person_name] = KnownPerson(each.id, each.person_name, source)
    return tuple(found.values())


def entries(form: Form, id: str) -> Entries:
    """What an own filing says of the person and the unit, for fields that both forms have alike."""
    who, wanted = actor(), number(id)
    if who is None or who.person is None or wanted is None:
        return {}
    with store().reading(who) as work:
        try:
            filing = find(work, wanted)
        except NotThere:
            return {}
        if filing.owner_id != who.person or filing.programme != form.programme.id:
            return {}
        is_draft = readings.is_draft(work, filing)
        keys = work.store.keys
        data: Any = (
            contents.draft(keys, filing)
            if is_draft
            else contents.data(keys, readings.version(filing, filing.version))
        )
    note_reading(filing, 0 if is_draft else filing.version)
    about = _about(form)
    return {
        name: entry
        for name, entry in typed.entered(form, data or {}).items()
        if any(within(name, each) for each in about)
    }


def register(form: Form) -> Register | None:
    """The list of the programme's people, to ask for somebody by name and ID number alike."""
    who = actor()
    if who is None or who.person is None:
        return None
    with store().reading(who) as work:
        return comparing.register(work, form.programme.id)


def _about(form: Form) -> tuple[str, ...]:
    """The groups of the form that say who the person and the unit are."""
    return tuple(around for field in (form.person, form.unit) if (around := _around(field)))


def _around(field: Field) -> str:
    return "" if field.list else field.pointer.rpartition("/")[0]
