"""Reading what is sealed: each reading of content is an event of the history."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from formsvc.catalogue import Checked
from formsvc.findings import Finding, Report
from formsvc.forms import Form
from formsvc.store import comparing, contents, life
from formsvc.store.errors import Invalid, NotThere
from formsvc.store.models import Filing, Passage, Version
from formsvc.store.store import Work


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
            work.record("read", filing, version=0)
            form = life.form_of(work, filing)
            return Content(form, contents.draft(work.store.keys, filing), None)
        number = filing.version
    chosen = version(filing, number)
    work.record("read", filing, version=number)
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
        work.record("read", filing, version=filing.version, what="opinions")
    return said


def chosen(work: Work, filing: Filing, wanted: Collection[tuple[str, str]]) -> tuple[Finding, ...]:
    """Findings of the last version's report by rule and pointer. Invalid for one not in it."""
    report = contents.report(work.store.keys, life.current(filing))
    known = report.findings if report else ()
    if missing := set(wanted) - {(finding.rule, finding.pointer) for finding in known}:
        raise Invalid(f"报告中没有这个问题：{'、'.join(sorted(rule for rule, _ in missing))}。")
    return tuple(finding for finding in known if (finding.rule, finding.pointer) in wanted)
