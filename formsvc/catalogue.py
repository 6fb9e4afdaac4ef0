"""All forms of a service, loaded and verified before anything is served."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from formsvc import checks, documents, submissions
from formsvc.checks import stages
from formsvc.checks.register import Register, Registered
from formsvc.checks.steps import next_steps
from formsvc.documents import HOUSE, Press
from formsvc.errors import FormError
from formsvc.findings import Finding, Report, Severity, Skipped
from formsvc.forms import EDITION, FORM, Form, Programme, Shelf, built_in, library, summaries
from formsvc.forms.schemas import json_object
from formsvc.forms.values import holding, refused
from formsvc.forms.values import tried as tried_values

# The day that samples are checked as of, so that their findings never change.
SAMPLES_ON: Final = date(2026, 3, 1)


@dataclass(frozen=True, slots=True)
class Checked:
    """A submission, its report, and the edition that it was judged by.

    `data` is None when the bytes could not be read, `form` when it could not be told. What the form
    computes stands in it.
    """

    data: object
    report: Report
    form: Form | None


class Catalogue(Mapping[str, Form]):
    """The newest edition of each form by id, in order of the ids; older ones by `edition`.

    With a `press` a check also says what cannot be printed: "没有问题" then means printable.
    """

    def __init__(
        self,
        forms: list[Form],
        press: Press | None = None,
        programmes: Iterable[Programme] = (),
    ) -> None:
        self._press = press
        own = {form.programme.id: form.programme for form in forms}
        self.programmes: Mapping[str, Programme] = {
            **{programme.id: programme for programme in programmes},
            **own,
        }
        self._editions: dict[str, list[Form]] = {}
        for form in forms:
            self._editions.setdefault(form.id, []).append(form)

    @property
    def press(self) -> Press:
        """What documents are printed with, and compared with what was printed."""
        return self._press or HOUSE

    def __getitem__(self, name: str) -> Form:
        return self._editions[name][-1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._editions)

    def __len__(self) -> int:
        return len(self._editions)

    def editions(self) -> tuple[Form, ...]:
        """All editions of all forms."""
        return tuple(form for editions in self._editions.values() for form in editions)

    def title(self, name: str) -> str:
        """What people call a form; "" for none."""
        return self[name].title if name in self else ""

    def edition(self, name: str, edition: str) -> Form | None:
        """An edition by the names of form and edition, in any case of letters."""
        for form in self._editions.get(name.lower(), ()):
            if form.edition.lower() == edition.lower():
                return form
        return None

    def in_force(self, name: str, on: date | str) -> Form | None:
        """The edition of a form that is in force on a day (a date, or ISO); before all, the first.

        None when there is no such form.
        """
        editions, day = self._editions.get(name, []), str(on)
        for form in reversed(editions):
            if form.since.isoformat() <= day:
                return form
        return editions[0] if editions else None

    def all_in_force(self, on: date) -> tuple[Form, ...]:
        """Every form, in the edition of a day."""
        return tuple(form for name in self if (form := self.in_force(name, on)))

    def by_programme(self, on: date) -> tuple[tuple[Programme, tuple[Form, ...]], ...]:
        """Every programme with its forms, in the edition of a day."""
        known = self.all_in_force(on)
        return tuple(
            (programme, tuple(form for form in known if form.programme is programme))
            for programme in self.programmes.values()
        )

    def with_values(self, name: str, text: str) -> "Catalogue":
        """The same forms under policy values that are tried out, a file's name and text.

        FormError, with file and place, for a wrong file and for what a rule cannot take.
        """
        tried = tried_values(Path(name), text, self.programmes.values())
        for each in tried:
            for form in self._under(holding(self.programmes, [each])):
                try:
                    checks.Checker(form)
                except FormError as error:
                    raise refused(each, error) from None
        programmes = holding(self.programmes, tried)
        return Catalogue(self._under(programmes), self._press, programmes.values())

    def _under(self, programmes: Mapping[str, Programme]) -> list[Form]:
        return [replace(form, programme=programmes[form.programme.id]) for form in self.editions()]

    def of(self, data: object, on: date, form: str | None = None) -> Form | None:
        """The edition of a submission: the one it names, else the one in force on its day.

        `form` is the id to go by instead of the submission's own.
        """
        head = data if isinstance(data, dict) else {}
        name, edition = form or head.get(FORM[1:]), head.get(EDITION[1:])
        if not isinstance(name, str) or name not in self._editions:
            return None
        editions = self._editions[name]
        if isinstance(edition, str) and (named := self.edition(name, edition)):
            return named
        if len(editions) == 1:
            return editions[0]
        return self.in_force(name, checks.day_of(self[name], data, on))

    def check(
        self, raw: bytes, *, on: date, form: str | None = None, register: Register | None = None
    ) -> Checked:
        """Bytes → submission and report, the one way of every shell.

        Without `form`, an id, the submission's own "form" decides. `register` is an office's list
        of its people.
        """
        sure: checks.Sure | None = None

        def keys(data: object) -> int:
            nonlocal sure
            chosen = self.of(data, on, form)
            sure = checks.checker(chosen).surely(data, on) if chosen else None
            return sure.keys if sure else 0

        parsed = submissions.parse(raw, keys)
        if parsed.data is None and parsed.findings:
            chosen = self.in_force(form, on) if form else None
            head = (chosen.id, chosen.edition) if chosen else ("", "")
            return Checked(None, Report(*head, parsed.findings, unreadable=True), chosen)
        checked = self._checked(parsed.data, on, form, register, sure)
        if not parsed.findings:
            return checked
        return replace(checked, report=checked.report.preceded_by(parsed.findings))

    def check_data(
        self, data: object, *, on: date, form: str | None = None, register: Register | None = None
    ) -> Checked:
        """Check data that was read already; see `check`."""
        chosen = self.of(data, on, form)
        sure = checks.checker(chosen).surely(data, on) if chosen else None
        return self._checked(data, on, form, register, sure)

    def _checked(
        self,
        data: object,
        on: date,
        form: str | None,
        register: Register | None,
        sure: checks.Sure | None,
    ) -> Checked:
        chosen = sure.epoch.form if sure else self.of(data, on, form)
        if chosen is None:
            names = "、".join(f"{form.id}（{form.title}）" for form in self.values())
            message = f"没有写明是哪一种表，请在“form”中填写其中之一：{names}。"
            finding = Finding("input.form", Severity.ERROR, FORM, "表单", message)
            return Checked(data, Report("", "", (finding,), unreadable=True), None)
        checker = checks.checker(chosen)
        judged = checker.judge(data, on, register, sure)
        return Checked(judged.data, self._with_print(chosen, judged), chosen)

    def _with_print(self, form: Form, judged: checks.Judged) -> Report:
        """The report with what cannot be printed, where nothing else is wrong already."""
        report = judged.report
        if self._press is None or report.unreadable:
            return report
        spoken = {f.pointer for f in report.findings if f.severity is Severity.ERROR}
        found = documents.findings(form, judged.data, self._press, spoken, judged.text)
        if isinstance(found, Skipped):
            return replace(report, skipped=(*report.skipped, found))
        if not found:
            return report
        findings = sorted((*report.findings, *found), key=lambda f: form.place(f.pointer))
        return replace(report, findings=tuple(findings))


def load_forms(*shelves: Shelf, press: Press = HOUSE, whole: bool = True) -> Catalogue:
    """Load every form of the shelves, strictly: FormError names the file and place of a fault.

    Without shelves, the forms that come with formsvc. `press` is what documents are printed with.
    Without `whole`, the files of all forms are read, but rules are compiled and templates opened
    when they are wanted: who checks one file needs those of one form, and `verify_papers` is for
    who fills it.
    """
    loaded, programmes = library(shelves or (built_in(),))
    for form in loaded if whole else ():
        verify(form, loaded)
    return Catalogue(loaded, press, programmes)


def verify(form: Form, forms: Iterable[Form]) -> None:
    """All that belongs to a form fits together; `forms` are those it stands among. FormError or
    TemplateError names file and place of a fault."""
    checks.checker(form)
    next_steps(form, {}, form.since)
    stages.verify(form)
    summaries.verify(form, forms, Registered)
    verify_papers(form)


def verify_papers(form: Form) -> None:
    """The Word form, the PDF and the layout fit the form and each other; TemplateError if not."""
    from formsvc.documents import authoring  # noqa: PLC0415  # who only checks opens no template

    authoring.verify(form, form.pdf_names)


def verify_samples(form: Form) -> None:
    """Every sample gives the findings beside it, the way of every valid one comes to an end, and
    every rule has a sample that breaks it: a note may be spoken by a valid one; what needs a
    register needs none.

    FormError names the first sample or rule for which that is not so.
    """
    broken: set[str] = set()
    unseen = {rule.id for rule in form.rules if rule.kind == "listed"}
    valid = sorted((form.samples / "valid").glob("*.json"))
    if not valid:
        raise FormError(f"{form.samples / 'valid'}: holds no sample")
    for path in valid:
        checked = _sample(form, path)
        way = stages.way(form, checked.data, SAMPLES_ON)
        if form.stages and not way[-1].does.ends:
            raise FormError(f"{path}: its way ends at stage {way[-1].id!r}")
        for found in checked.report.findings:
            if found.severity is not Severity.NOTE:
                raise FormError(f"{path}: breaks {found.rule}: {found.message}")
            broken.add(found.rule)
    for path in sorted((form.samples / "invalid").glob("*.json")):
        if path.name.endswith(".findings.json"):
            continue
        expected = json_object(path.with_suffix(".findings.json"))
        given = summary(sample_report(form, path))
        if given != expected:
            raise FormError(f"{path}: gives {given}, but the file beside it says {expected}")
        broken.update(str(finding["rule"]) for finding in given["findings"])
    for rule in form.rules:
        if rule.id not in broken | unseen:
            raise FormError(f"{form.samples}: no sample breaks rule {rule.id!r}")


def sample_report(form: Form, path: Path) -> Report:
    """The report on one sample file of this edition, as of SAMPLES_ON."""
    return _sample(form, path).report


def _sample(form: Form, path: Path) -> Checked:
    return Catalogue([form]).check(path.read_bytes(), on=SAMPLES_ON, form=form.id)


def summary(report: Report) -> dict[str, list[Any]]:
    """What a `.findings.json` file holds: the contract of a report, without its messages."""
    return {
        "findings": [
            {"rule": each.rule, "severity": each.severity.value, "pointer": each.pointer}
            for each in report.findings
        ],
        "skipped": [skipped.rule for skipped in report.skipped],
    }
