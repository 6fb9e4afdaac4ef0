"""One form on its page: what was typed, what it means, what is found in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from flask import current_app, request

from formsvc.catalogue import Checked
from formsvc.checks import checker, explain
from formsvc.checks.register import Register
from formsvc.documents.printing import printed
from formsvc.findings import Finding, Report, Severity
from formsvc.forms import EDITION, Form
from formsvc.pointers import within
from formsvc.submissions import encoded
from formsvc.web.desks import assist, choices, entries
from formsvc.web.desks.assist import Asides
from formsvc.web.desks.choices import Choice
from formsvc.web.desks.entries import Entries
from formsvc.web.desks.widgets import Control
from formsvc.web.held import catalogue, form_or_404
from formsvc.writing.notation import today

DOCUMENT_LIMIT: Final = 10_000_000
# A form in a posted page: every Chinese character is up to nine bytes there.
_PAGE_LIMIT: Final = 4_000_000
ITEM: Final = "item"
_ITEM = re.compile(r"(unit|review|jobs)/([A-Za-z0-9_-]{1,40})/([1-9][0-9]{0,5})")


@dataclass(frozen=True, slots=True)
class BatchItem:
    """The submission of a batch that a page mends: which desk, which run, which number."""

    desk: str
    run: str
    number: int

    @classmethod
    def of(cls, sent: str) -> "BatchItem | None":
        """As a page carries it; None for anything else."""
        found = _ITEM.fullmatch(sent)
        return cls(found[1], found[2], int(found[3])) if found else None

    def __str__(self) -> str:
        return f"{self.desk}/{self.run}/{self.number}"


@dataclass(frozen=True, slots=True)
class Completeness:
    """How far a section, or the form, is: how many places are empty, wrong, or to be looked at
    again; `begun` says that something stands in it, `undecided` that another field has yet to say
    whether something more is asked for."""

    missing: int = 0
    wrong: int = 0
    doubtful: int = 0
    begun: bool = False
    undecided: bool = False

    @property
    def done(self) -> bool:
        return self.begun and not (self.missing or self.wrong or self.undecided)


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A rule that could not be judged yet: what it asks, and why not."""

    demand: str
    reason: str


@dataclass(frozen=True)
class Desk:
    """What one page of the desk shows; `unclear` is what the entries leave open, `choices` what a
    loaded paper does.

    `draft` says where this browser keeps it: `new`, in a draft of its own; `same`, in that of this
    tab; `none`, nowhere. `item` is what of a batch it mends.
    """

    form: Form
    entries: Entries
    data: Mapping[str, Any]
    unclear: tuple[Finding, ...] = ()
    choices: tuple[Choice, ...] = ()
    report: Report | None = None
    notice: str = ""
    alarm: bool = False
    focus: str = ""
    more_rows: str = ""
    draft: str = "same"
    item: BatchItem | None = None
    findings: Mapping[str, list[Finding]] = field(default_factory=dict)

    @property
    def errors(self) -> int:
        return self.report.errors if self.report else 0

    @property
    def warnings(self) -> int:
        return self.report.warnings if self.report else 0

    @property
    def notes(self) -> int:
        return self.report.notes if self.report else 0

    @property
    def title(self) -> str:
        if not self.report:
            return self.form.title
        said = f"有 {self.errors} 处问题" if self.errors else "没有问题"
        return f"{said}：{self.form.title}"

    @cached_property
    def asides(self) -> Asides:
        return assist.asides(self.form, self.data, today(), self.entries, register(self.form))

    @cached_property
    def computed(self) -> Mapping[str, str]:
        """What the form has worked out so far, as it is printed, by pointer."""
        if not self.form.computed:
            return {}
        data = checker(self.form).completed(self.data, today())
        fields = [spec.field for spec in self.form.computed]
        texts = printed(self.form, data)
        return {place: texts.get(place, "") for each in fields for place in each.places(data)}

    @cached_property
    def hidden(self) -> frozenset[int]:
        """The sections, counted from 1, that nothing stands in and whose guard does not hold."""
        if not any(section.guard.conditions for section in self.form.sections):
            return frozenset()
        data = checker(self.form).completed(self.data, today())
        return frozenset(
            number
            for number, section in enumerate(self.form.sections, 1)
            if not section.guard.holds(data, today())
            and not any(within(name, each.pointer)
                        for name, entry in self.entries.items() if entry for each in section.fields)
        )  # fmt: skip

    @property
    def edition(self) -> str:
        """The edition where it is not that of today, else ""."""
        return str(self.data.get(EDITION[1:], ""))

    @cached_property
    def tallies(self) -> tuple[Completeness, ...]:
        """How far each section is, and last the whole form."""
        found = self.findings if self.report else checked(self).findings
        parts = [
            self._tally(found, tuple(each.pointer for each in section.fields))
            for section in self.form.sections
        ]
        return (*parts, self._tally(found, ("",)))

    def _tally(self, found: Mapping[str, list[Finding]], inside: tuple[str, ...]) -> Completeness:
        places = [name for name in found if any(within(name, each) for each in inside)]
        grave = [name for name in places if any(f.severity is Severity.ERROR for f in found[name])]
        empty = sum(not self._stands(name) for name in grave)
        doubtful = sum(
            any(each.severity is Severity.WARNING for each in found[name])
            for name in places
            if name not in grave
        )
        begun = any(self._stands(name) for name in inside)
        undecided = any(
            not self._stands(then) and not all(map(self._stands, firsts))
            for then, firsts in explain.leads(self.form, today()).items()
            if any(within(then, each) for each in inside)
        )
        return Completeness(empty, len(grave) - empty, doubtful, begun, undecided)

    def _stands(self, pointer: str) -> bool:
        return any(entry and within(name, pointer) for name, entry in self.entries.items())

    @cached_property
    def unfilled(self) -> tuple[Finding, ...]:
        """The findings that only say that a field is empty, when there are several."""
        findings = self.report.findings if self.report else ()
        empty = [each for each in findings
                 if each.rule == "schema.required" and self.anchor(each.pointer)]  # fmt: skip
        return tuple(empty) if len(empty) > 1 else ()

    @property
    def unchecked(self) -> tuple[Unchecked, ...]:
        """What could not be judged yet, and why; not what does not concern this submission."""
        if not self.report:
            return ()
        asked = explain.asked_by(self.form, today())
        return tuple(
            Unchecked(asked(each.rule), each.reason) for each in self.report.skipped if each.applies
        )

    def text(self, pointer: str) -> str:
        entry = self.entries.get(pointer, "")
        return entry if isinstance(entry, str) else ""

    def ticked(self, pointer: str, value: str) -> bool:
        return value in self.entries.get(pointer, ())

    def rows(self, widget: Control) -> range:
        """The rows to show: those filled in, at least one, and one more where it was asked for."""
        filled = entries.rows(self.entries, widget.pointer)
        wanted = filled + 1 if self.more_rows == widget.pointer else max(filled, 1)
        return range(min(wanted, max(widget.most, filled)))

    def anchor(self, pointer: str) -> str:
        """The place on the page for a finding: its own, or the nearest around it; "" for none."""
        while pointer and not _on_page(self.form, pointer):
            pointer = pointer.rpartition("/")[0]
        return pointer


def _on_page(form: Form, pointer: str) -> bool:
    found = form.field(pointer)
    return found is not None and found.type != "object"


def register(form: Form) -> Register | None:
    """The list of a programme's people, for who may look into it."""
    found: Register | None = current_app.extensions["formsvc-register"](form)
    return found


def posted(name: str) -> Desk:
    """What was posted, as the desk has it."""
    request.max_content_length = _PAGE_LIMIT + DOCUMENT_LIMIT
    request.max_form_memory_size = _PAGE_LIMIT
    form = _edition(name)
    typed = entries.posted(form, request.form)
    return opened(form, typed, choices=choices.posted(form, request.form, typed))


def opened(form: Form, typed: Entries, **more: Any) -> Desk:
    """The desk with what was typed, or loaded, in its place."""
    data, unclear = entries.read(form, typed)
    older = {} if form is catalogue().in_force(form.id, today()) else {EDITION[1:]: form.edition}
    item = BatchItem.of(request.form.get(ITEM, "") or request.args.get(ITEM, ""))
    where = {"item": item, "draft": "none"} if item else {}
    return Desk(form, typed, {**data, **older}, unclear, **{**more, **where})


def _edition(name: str) -> Form:
    """The form in the edition that the page was of, by default that of today."""
    sent = request.form.get(EDITION, "")
    return (catalogue().edition(name, sent) if sent else None) or form_or_404(name)


def checked(desk: Desk, report: Report | None = None, **more: Any) -> Desk:
    """A desk with a report: of what is typed, or the one given."""
    if report is None:
        report = judged(desk).report
    report = report.preceded_by(
        (*(each.finding(desk.form) for each in desk.choices), *desk.unclear)
    )
    found: dict[str, list[Finding]] = {}
    for finding in report.findings:
        found.setdefault(desk.anchor(finding.pointer), []).append(finding)
    return replace(desk, report=report, findings=found, **more)


def judged(desk: Desk) -> Checked:
    """What is typed, checked as of today."""
    return catalogue().check(encoded(desk.data), on=today(), form=desk.form.id)


def noticed(desk: Desk, notice: str) -> Desk:
    """The desk with an alarm at its head."""
    return replace(desk, notice=notice, alarm=True)
