"""What a submission is judged by beside itself: all that was handed in before, and the register."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Final

from sqlalchemy import delete, select, tuple_

from formsvc.bulk.comparison import Entry, Meetings
from formsvc.catalogue import Checked
from formsvc.checks.register import Register
from formsvc.findings import Finding, Report
from formsvc.forms import Form, Programme
from formsvc.intake import registers
from formsvc.store.models import Filing, Meeting, Roster
from formsvc.store.store import Work

# What ended so takes no part any more: nobody had anything of it.
_OUT_OF: Final = ("withdrawn", "refused")
_STORE: Final = "已提交的申报"  # what people call all that was handed in before
_OWN: Final = 1 << 60  # the item that this submission is, after all that were handed in before


def check(work: Work, filing: Filing, data: object) -> tuple[Checked, list[Entry]]:
    """The report on what is to be handed in, with what only shows beside earlier submissions; and
    what later ones will be compared with."""
    catalogue, comparisons = work.store.forms
    held = register(work, filing.programme)
    checked = catalogue.check_data(data, on=work.today, form=filing.form, register=held)
    form = checked.form
    if form is None or checked.report.unreadable:
        return checked, []
    report, (entries,) = comparisons.judge(form, checked.data, checked.report, [_secret(work)])
    met = _met(work, filing, form, entries)
    findings = sorted((*report.findings, *met), key=lambda f: form.place(f.pointer))
    return replace(checked, report=replace(report, findings=tuple(findings))), entries


def entries_of(work: Work, form: Form, data: object, report: Report) -> list[Entry]:
    """What later submissions are compared with, of one that was judged elsewhere."""
    _, (entries,) = work.store.forms[1].judge(form, data, report, [_secret(work)])
    return entries


def remember(work: Work, filing: Filing, entries: list[Entry]) -> None:
    """Keep what later submissions are compared with: keyed digests of the last version."""
    comparisons = work.store.forms[1]
    work.session.execute(delete(Meeting).where(Meeting.filing_id == filing.id))
    for entry in entries:
        work.session.add(
            Meeting(filing_id=filing.id, programme=filing.programme,
                    comparison=comparisons[entry.comparison].name, key=entry.key,
                    differs=",".join(entry.differs), pointer=entry.pointer, amount=entry.amount)
        )  # fmt: skip


def register(work: Work, programme: str) -> Register | None:
    """The list of the programme's people that holds now; None when none was given."""
    query = select(Roster).where(Roster.programme == programme).order_by(Roster.id.desc()).limit(1)
    roster = work.session.scalar(query)
    if roster is None:
        return None
    return registers.unpacked(work.store.keys.unseal(roster.sealed, f"roster/{roster.id}"))


def _met(work: Work, filing: Filing, form: Form, entries: list[Entry]) -> Iterator[Finding]:
    """The findings about other submissions that this one meets."""
    catalogue, comparisons = work.store.forms
    with closing(Meetings(catalogue, comparisons, work.today, _STORE)) as meetings:
        meetings.add(_OWN, form.id, "", [entries])
        for other, entry in _others(work, filing, form.programme, entries):
            # A form that is not served any more is only named by its number.
            known = other.form if other.form in catalogue else form.id
            meetings.add(other.id, known, f"{other.number}", [[entry]])
        for item, findings in meetings.findings():
            if item == _OWN:
                yield from findings


def _others(
    work: Work, filing: Filing, programme: Programme, entries: list[Entry]
) -> Iterator[tuple[Filing, Entry]]:
    """What others handed in that has a key in common."""
    comparisons = work.store.forms[1]
    # Comparisons of several forms have one name; the key tells them apart.
    keys = {(comparisons[each.comparison].name, each.key): each.comparison for each in entries}
    query = (
        select(Meeting, Filing)
        .join(Filing, Filing.id == Meeting.filing_id)
        .where(
            Meeting.programme == programme.id,
            tuple_(Meeting.comparison, Meeting.key).in_(list(keys)),
            Filing.id != filing.id,
            Filing.state.not_in(_OUT_OF),
        )
        .order_by(Filing.id)
    )
    for meeting, other in work.session.execute(query) if keys else ():
        number = keys[meeting.comparison, meeting.key]
        differs = meeting.differs.split(",") if meeting.differs else ()
        yield other, Entry(number, meeting.pointer, meeting.key, differs, meeting.amount)


def _secret(work: Work) -> bytes:
    return work.store.keys.derived("comparisons")
