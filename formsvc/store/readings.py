"""Reading what is sealed: who reads a content is an event of the history, once a day.

The event stands at the first reading of the day in China, and is there before the content is shown.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select

from formsvc.catalogue import Checked
from formsvc.findings import Finding, Report
from formsvc.forms import Form
from formsvc.store import comparing, contents, life
from formsvc.store.errors import Invalid, NotThere
from formsvc.store.events import Plain
from formsvc.store.models import Event, Filing, Passage, Version
from formsvc.store.store import Work
from formsvc.writing.notation import CHINA

_READ: Final = "read"


@dataclass(frozen=True, slots=True)
class Content:
    """What a version holds, or, without one, what its owner works on.

    `data` is None when its time was over and it was erased.
    """

    form: Form
    data: Any
    version: Version | None


@dataclass(frozen=True, slots=True)
class Said:
    """What an office said at the end of a stay."""

    passage: Passage
    words: str
    findings: tuple[Finding, ...]


def note(work: Work, filing: Filing, version: int, **what: Plain) -> None:
    """Record that the actor reads a version, 0 for the draft, or `what` of it; once a day."""
    details = {"version": version, **what}
    if not is_noted(work, filing, details):
        work.record(_READ, filing, None, **details)


def is_noted(work: Work, filing: Filing, details: dict[str, Plain]) -> bool:
    """Whether the history says already that the actor read this today."""
    known = (each for each in work.happened if (each.kind, each.filing) == (_READ, filing.id))
    if any(each.details == details for each in known):
        return True
    day = datetime.combine(work.today, datetime.min.time(), CHINA).astimezone(UTC)
    said = json.dumps(details, ensure_ascii=False, sort_keys=True)
    query = select(Event.number).where(
        Event.filing_id == filing.id, Event.person_id == work.actor.person, Event.kind == _READ,
        Event.at >= day, Event.details == said,
    )  # fmt: skip
    return work.session.scalar(query.limit(1)) is not None


def version(filing: Filing, number: int) -> Version:
    """A version that was handed in. NotThere for any other number."""
    if not 1 <= number <= filing.version:
        raise NotThere
    return filing.versions[number - 1]


def is_draft(work: Work, filing: Filing) -> bool:
    """Whether what is newest of a filing is what the actor works on as its owner."""
    return filing.owner_id == work.actor.person and filing.state in life.EDITABLE


def content(work: Work, filing: Filing, number: int | None = None) -> Content:
    """A version; without a number what the actor works on as its owner, else the last version.

    Raises NotThere where there is none.
    """
    if number is None:
        if is_draft(work, filing):
            note(work, filing, 0)
            form = life.form_of(work, filing)
            return Content(form, contents.draft(work.store.keys, filing), None)
        number = filing.version
    chosen = version(filing, number)
    note(work, filing, number)
    data = contents.data(work.store.keys, chosen)
    return Content(life.form_of(work, filing, chosen.edition), data, chosen)


def checked(work: Work, filing: Filing, number: int | None = None) -> Checked:
    """A version with the report of when it was handed in; without a version, see `content`, what
    its owner works on with the report of today, not yet compared with others.

    `data` is None, and the report empty, when it was erased.
    """
    found = content(work, filing, number)
    if found.version is None:
        register = comparing.register(work, filing.programme)
        catalogue = work.store.forms[0]
        return catalogue.check_data(found.data, on=work.today, form=filing.form, register=register)
    report = contents.report(work.store.keys, found.version)
    return Checked(found.data, report or Report(found.form.id, found.form.edition), found.form)


def opinions(work: Work, filing: Filing) -> list[Said]:
    """All stays in their order, each with what was said at its end."""
    keys = work.store.keys
    said = []
    for passage in filing.passages:
        words, findings = contents.opinion(keys, passage)
        said.append(Said(passage, words, tuple(findings)))
    if any(each.words or each.findings for each in said):
        note(work, filing, filing.version, what="opinions")
    return said


def chosen(work: Work, filing: Filing, wanted: Collection[tuple[str, str]]) -> tuple[Finding, ...]:
    """Findings of the last version's report by rule and pointer. Invalid for one not in it."""
    report = contents.report(work.store.keys, life.current(filing))
    known = report.findings if report else ()
    if missing := set(wanted) - {(finding.rule, finding.pointer) for finding in known}:
        raise Invalid(f"报告中没有这个问题：{'、'.join(sorted(rule for rule, _ in missing))}。")
    return tuple(finding for finding in known if (finding.rule, finding.pointer) in wanted)
