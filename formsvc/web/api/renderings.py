"""What the interface tells of filings, as its envelopes are filled."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from formsvc.findings import plain_number
from formsvc.forms import Form
from formsvc.forms.form import APPLICANT
from formsvc.store import readings
from formsvc.store.access import HANDLING, Role
from formsvc.store.models import Filing, Office
from formsvc.store.store import Work


def office(given: Office | None) -> dict[str, Any] | None:
    """An office; None for none."""
    if given is None:
        return None
    return {
        "id": given.id,
        "name": given.name,
        "kind": given.kind,
        "programme": given.programme,
    }


def filing(given: Filing) -> dict[str, Any]:
    """A filing as lists show it."""
    amount = None if given.amount is None else plain_number(Decimal(given.amount).scaleb(-2))
    return {
        "id": given.id,
        "number": given.number,
        "programme": given.programme,
        "form": given.form,
        "title": given.title,
        "person": given.person_name,
        "unit": given.unit_name,
        "state": given.state,
        "stage": given.stage,
        "holder": office(given.holder),
        "due": given.due,
        "amount": amount,
        "version": given.version,
        "revision": given.revision,
        "changed": given.changed,
        "came": given.came,
    }


def detail(work: Work, given: Filing) -> dict[str, Any]:
    """A filing with its stages, what was said at each, and its versions. Reads opinions."""
    catalogue = work.store.forms[0]
    form = catalogue.edition(given.form, given.edition) if given.edition else None
    form = form or catalogue.in_force(given.form, work.today)
    passages = [
        {
            "stage": said.passage.stage,
            "version": said.passage.version,
            "office": office(said.passage.office),
            "came": said.passage.came,
            "left": said.passage.left,
            "due": said.passage.due,
            "outcome": said.passage.outcome,
            "digest": said.passage.digest,
            "words": said.words,
            "findings": [finding.to_dict() for finding in said.findings],
        }
        for said in readings.opinions(work, given)
    ]
    return {
        **filing(given),
        "stages": stages(form) if form else [],
        "passages": passages,
        "versions": versions(given),
    }


def stages(form: Form) -> list[dict[str, Any]]:
    """The stages of a form, each with where it is laid down."""
    return [
        {
            "id": stage.id,
            "title": stage.title,
            "does": stage.does.value,
            "offices": list(stage.offices),
            "citations": [citation.to_dict() for citation in stage.citations],
        }
        for stage in form.stages
    ]


def versions(given: Filing) -> list[dict[str, Any]]:
    """All that was handed in."""
    return [
        {
            "number": version.number,
            "edition": version.edition,
            "digest": version.digest,
            "handed": version.handed,
            "erased": version.sealed is None,
        }
        for version in given.versions
    ]


def my_offices(work: Work, given: Iterable[Office]) -> list[dict[str, Any]]:
    """The actor's offices, with what one is there and may hand in through them."""
    catalogue = work.store.forms[0]
    known = catalogue.all_in_force(work.today)
    told = []
    for each in given:
        roles = [seat.role for seat in work.actor.seats if seat.office == each.id]
        forms = [form.id for form in known if _may_hand_in(form, each, roles)]
        told.append({**(office(each) or {}), "roles": [r.value for r in roles], "forms": forms})
    return told


def _may_hand_in(form: Form, at: Office, roles: list[Role]) -> bool:
    if form.programme.id != at.programme or not form.stages:
        return False
    fills = form.stages[0].offices
    return (APPLICANT in fills and any(role is not Role.VIEWER for role in roles)) or (
        at.kind in fills and any(role in HANDLING for role in roles)
    )
