"""Notices of the reader, and the history for administrators, in words."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from flask import redirect, render_template, request, url_for

from formsvc.store import history as kept
from formsvc.store import notices
from formsvc.store.errors import NotThere
from formsvc.store.history import Told
from formsvc.store.materials import Purpose
from formsvc.web import csrf
from formsvc.web.filings.blueprint import (
    filings,
    number,
    opened_query,
    sealed_query,
    stage_of,
    term,
)
from formsvc.web.filings.eventwords import DETAILS, DIGESTS, KINDS, UNTOLD, VALUES
from formsvc.web.held import catalogue, signed_in, store

_SHORT: Final = 16
_READ: Final = "read"
_FEW: Final = 2  # readings in a row that are shown one by one


@filings.app_template_filter("event_kind")
def _kind(kind: str) -> str:
    return KINDS.get(kind, kind)


def _said(told: Told) -> str:
    """An event's details in words; digests by their beginning."""
    parts: list[str] = []
    for name, value in told.details.items():
        if name == "version":
            parts.insert(0, f"第 {value} 版" if value else "草稿")
        elif name == "to" and not value:
            parts.append("办结")
        elif name not in UNTOLD and value not in (None, "", [], 0):
            several = value if isinstance(value, list) else [value]
            said = "、".join(_value(told, name, str(each)) for each in several)
            parts.append(f"{DETAILS.get(name, name)} {said}")
    return "；".join(parts)


def _value(told: Told, name: str, text: str) -> str:
    if name in DIGESTS:
        return text[:_SHORT] + "…"
    if name in ("stage", "to"):
        stage = stage_of(form, text) if (form := catalogue().get(told.form)) else None
        return stage.title if stage else text
    named = {"member": told.people, "person": told.people, "office": told.offices,
             "successor": told.offices, "material": told.files}  # fmt: skip
    if text.isdecimal() and (known := named.get(name, {}).get(int(text))):
        return f"“{known}”"
    if known := VALUES.get(name, {}).get(text):
        return known
    if name == "of":
        kinds = (each.offices.get(text) for each in catalogue().programmes.values())
        titles = [kind.title for kind in kinds if kind]
        return titles[0] if titles else Purpose(text).label if text in set(Purpose) else text
    return text


@filings.get("/admin/history")
def history() -> str:
    """What happened, the newest first."""
    return _history(None)


@filings.post("/admin/history")
def history_find() -> Any:
    """The history, narrowed; a name goes into the address sealed."""
    csrf.protect()
    if not signed_in().is_admin:
        raise NotThere
    terms = {name: term(request.form.get(name, "")) for name in ("filing", "kind")}
    terms["find"] = sealed_query(request.form.get("person", ""))
    given: dict[str, Any] = {name: text for name, text in terms.items() if text}
    return redirect(url_for("filings.history", **given), 303)


@filings.get("/admin/history/whole")
def history_whole() -> str:
    """Whether the history is whole."""
    with store().reading(signed_in()) as work:
        found = kept.faults(work)
    return _history(found)


def _history(faults: list[str] | None) -> str:
    sent = request.args
    terms = {name: term(sent.get(name, "")) for name in ("filing", "kind")}
    person = opened_query(sent.get("find", ""))
    before = number(sent.get("before", ""))
    with store().reading(signed_in()) as work:
        found = kept.told(work, person=person, before=before, **terms)
        kinds = kept.kinds(work)
    shown = found[: kept.PAGE]
    more = shown[-1].event.number if len(found) > kept.PAGE else None
    terms = {name: text for name, text in terms.items() if text}
    terms |= {"find": sent["find"]} if person else {}
    return render_template(
        "history.html",
        lines=[[(each, _said(each)) for each in group] for group in _folded(shown)],
        but_readings=kept.BUT_READINGS,
        more=more,
        kinds=kinds,
        terms=terms,
        person=person,
        faults=faults,
        is_later=before is not None,
    )


def _folded(found: list[Told]) -> Iterator[list[Told]]:
    """Events one by one, but several readings by one person in a row together."""
    for (kind, _), group in groupby(found, lambda each: (each.event.kind, each.person)):
        together = list(group)
        if kind == _READ and len(together) > _FEW:
            yield together
        else:
            yield from ([each] for each in together)


@filings.get("/notices")
def told() -> str:
    """What the reader was told, the newest first."""
    with store().reading(signed_in()) as work:
        found = notices.latest(work)
    return render_template("notices.html", notices=found)


@filings.post("/notices")
def seen() -> Any:
    """Mark all as read, or one and go where it leads."""
    csrf.protect()
    with store().writing(signed_in()) as work:
        one = notices.seen(work, number(request.form.get("notice", "")))
    if one is not None and one.filing_id is not None:
        return redirect(url_for("filings.show", id=one.filing_id), 303)
    return redirect(url_for("filings.told"), 303)
