"""One submission of a batch with its report: a line of reports.jsonl."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from formsvc import pointers
from formsvc.catalogue import Checked
from formsvc.checks.formats import id_number
from formsvc.delivery import said
from formsvc.findings import Finding, Report, Severity
from formsvc.forms import Form
from formsvc.writing import jsonl
from formsvc.writing.notation import identity_code


@dataclass(frozen=True, slots=True)
class Line:
    """A submission's report, and whose it is. `number` counts from 1 in the order of the input.

    `source` says where it stood; `unit` and `person` are "" when they could not be told.
    `identity` is a keyed digest of the person's ID number, "" without a right one.
    """

    number: int
    source: str
    unit: str
    person: str
    report: Report
    identity: str = ""

    @classmethod
    def of(
        cls, number: int, source: str, checked: Checked, unit: str = "", secret: bytes = b""
    ) -> "Line":
        """The line of a checked submission; `unit` holds where it does not say its own.

        Without a secret nobody's identity is kept.
        """
        form, data = checked.form, checked.data
        own, person = (
            (said(data, field.pointer) for field in (form.unit, form.person)) if form else ("", "")
        )
        identity = identified(form, data, secret) if form and secret else ""
        return cls(number, source, own or unit, person, checked.report, identity)

    def to_json(self) -> bytes:
        """The line of reports.jsonl, with its newline."""
        plain = {
            "number": self.number,
            "source": self.source,
            "unit": self.unit,
            "person": self.person,
            **({"identity": self.identity} if self.identity else {}),
            "report": self.report.to_dict(),
        }
        return jsonl.line(plain)

    @classmethod
    def from_json(cls, raw: bytes) -> "Line":
        """What `to_json` gave."""
        plain = jsonl.read(raw)
        return cls(**{**plain, "report": Report.from_dict(plain["report"])})

    def with_findings(self, found: Iterable[Finding], form: Form) -> "Line":
        """The line with more findings, all in the order of the form on paper."""
        findings = sorted((*self.report.findings, *found), key=lambda f: form.place(f.pointer))
        return replace(self, report=replace(self.report, findings=tuple(findings)))


def file_title(source: str) -> str:
    """What people call the place that something stood in: the file, without where it lay."""
    return source.replace("\\", "/").rpartition("/")[2] or source


def identified(form: Form, data: object, secret: bytes) -> str:
    """A keyed digest of the person's ID number; "" where there is none or it is not a right one."""
    given = pointers.get(data, form.identity.pointer) if form.identity else None
    if not isinstance(given, str) or id_number(given) is not None:
        return ""
    code = identity_code(given).encode()
    return hashlib.blake2b(code, key=secret[:64], digest_size=12, person=b"identity").hexdigest()


class Row(NamedTuple):
    """What the index keeps of a line. `form` is "" when it could not be told.

    `found` holds rule, severity and label of every finding.
    """

    number: int
    source: str
    form: str
    edition: str
    unit: str
    person: str
    errors: int
    warnings: int
    notes: int
    skipped: int
    identity: str = ""
    found: Sequence[Sequence[str]] = ()

    @classmethod
    def of(cls, line: Line) -> "Row":
        report = line.report
        found = tuple((f.rule, f.severity.value, f.label) for f in report.findings)
        return cls(
            line.number, line.source, report.form, report.edition, line.unit, line.person,
            report.errors, report.warnings, report.notes, len(report.skipped), line.identity,
            found,
        )  # fmt: skip

    @property
    def state(self) -> str:
        """error, warning, ok, or unread when there is no submission to speak of."""
        if not self.form:
            return "unread"
        return "error" if self.errors else "warning" if self.warnings else "ok"

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of what was found, the gravest first, each once."""
        ordered = sorted(self.found, key=lambda each: Severity(each[1]).rank)
        return tuple(dict.fromkeys(rule for rule, *_ in ordered))
