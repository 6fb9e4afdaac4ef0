"""The form page of somebody signed in: what of the store it works on, and where it is saved to.

The page stays what it is for everybody; it carries in hidden fields which draft of the store it
shows, in which revision, so that saving finds out whether another window was quicker.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import request

from formsvc.findings import Finding
from formsvc.forms import Form
from formsvc.store import contents, life
from formsvc.store.errors import NotThere
from formsvc.store.life import EDITABLE, Outcome, State
from formsvc.store.models import Filing
from formsvc.store.store import Work
from formsvc.web.filings.blueprint import number, units
from formsvc.web.held import actor, store

FILING, REVISION, UNIT = "filing", "revision", "unit"


@dataclass(frozen=True, slots=True)
class Returned:
    """Why a filing came back: from whom, in what words, with what findings."""

    office: str
    words: str
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Saving:
    """Where the form of this page is saved: `filing` is 0 for one that is not in the store yet.

    `units` are those of the form's programme that one may hand in through; `unit` the one chosen.
    """

    filing: int = 0
    revision: int = 0
    units: Sequence[tuple[int, str]] = ()
    unit: int | None = None
    state: str = ""
    due: object = None
    returned: Returned | None = None


def saving(form: Form) -> Saving | None:
    """What the page of a form shows of the store; None for nobody, or without one."""
    who = actor()
    if who is None or who.person is None:
        return None
    mine = [(id, name) for id, name, programme in units(who) if programme == form.programme.id]
    chosen = number(request.form.get(UNIT, ""))
    args = request.view_args or {}
    id = number(request.form.get(FILING, "")) or args.get("id")
    if id:
        with store().reading(who) as work:
            filing = _editable(work, id, form)
            if filing is not None:
                revision = number(request.form.get(REVISION, "")) or filing.revision
                unit = chosen or filing.office_id
                return Saving(id, revision, mine, unit, State(filing.state).label, filing.due,
                              came_back(work, filing))  # fmt: skip
    return Saving(units=mine, unit=chosen)


def _editable(work: Work, id: int, form: Form) -> Filing | None:
    """The actor's own draft of this form; None for what is none, or not any more."""
    try:
        filing = life.find(work, id)
    except NotThere:
        return None
    fits = filing.owner_id == work.actor.person and filing.form == form.id
    return filing if fits and filing.state in EDITABLE else None


def came_back(work: Work, filing: Filing) -> Returned | None:
    """Why a filing lies with its owner again; None when nobody sent it back."""
    if filing.state != State.RETURNED:
        return None
    for passage in reversed(filing.passages):
        if passage.outcome == Outcome.RETURNED:
            words, findings = contents.opinion(work.store.keys, passage)
            return Returned(passage.office.name if passage.office else "", words, findings)
    return None
