"""What a check says: findings with citations, skipped rules, and the report that holds them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any

from formsvc.writing.masking import is_telling, masked

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]
Amount = int | float | Decimal


class Severity(StrEnum):
    """An error sends the paper back; a warning asks for a second look; a note reminds."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def label(self) -> str:
        """What people call it."""
        return {"error": "错误", "warning": "请核对", "note": "提示"}[self.value]

    @property
    def rank(self) -> int:
        """The gravest first."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a demand comes from. `summary` is our own paraphrase, never the article's text."""

    regulation: str
    article: str
    summary: str

    @classmethod
    def joined(cls, citations: "Iterable[Citation]") -> "Citation":
        """Several citations, of one regulation, as one."""
        first, *more = citations
        if not more:
            return first
        articles = "、".join(each.article for each in (first, *more))
        return cls(first.regulation, articles, "；".join(c.summary for c in (first, *more)))

    @property
    def source(self) -> str:
        """《…办法》第七条; what is no regulation has its name alone."""
        if self.article == self.regulation:
            return self.article
        return f"《{self.regulation}》{self.article}"

    def to_dict(self) -> dict[str, Plain]:
        return {"regulation": self.regulation, "article": self.article, "summary": self.summary}


@lru_cache(1024)
def _citation(regulation: str, article: str, summary: str) -> Citation:
    """One object for all findings of a batch that cite the same."""
    return Citation(regulation, article, summary)


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule or schema constraint that is not met.

    `rule` is the contract for programs; `message` is Chinese, for people, and may change.
    `pointer` is an RFC 6901 JSON Pointer, "" for the submission as a whole. `value` and
    `limit` are set where a number was compared (字, 元, months …).
    """

    rule: str
    severity: Severity
    pointer: str
    label: str
    message: str
    value: Amount | None = None
    limit: Amount | None = None
    citation: Citation | None = None

    def __post_init__(self) -> None:
        """No finding quotes an ID number or an account, in whatever place it was written."""
        for name in ("pointer", "label", "message"):
            object.__setattr__(self, name, masked(getattr(self, name)))
        for name in ("value", "limit"):
            if is_telling(getattr(self, name)):
                object.__setattr__(self, name, None)

    def to_dict(self) -> dict[str, Plain]:
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "pointer": self.pointer,
            "label": self.label,
            "message": self.message,
            "value": plain_number(self.value),
            "limit": plain_number(self.limit),
            "citation": self.citation.to_dict() if self.citation else None,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Finding":
        """What `to_dict` gave."""
        cited = plain["citation"]
        return cls(
            plain["rule"], Severity(plain["severity"]), plain["pointer"], plain["label"],
            plain["message"], plain["value"], plain["limit"],
            _citation(**cited) if cited else None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Skipped:
    """A rule that could not be judged, and why (Chinese).

    `applies` is False where its guard says that it does not concern the submission at all; only the
    check that found it knows.
    """

    rule: str
    reason: str
    applies: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", masked(self.reason))

    def to_dict(self) -> dict[str, Plain]:
        return {"rule": self.rule, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Report:
    """All findings for one submission, in the order of the form on paper.

    `form` and `edition` are "" when the form could not be told from the input; `values` is the
    day (ISO) from which the policy values hold that it was judged by, "" when there are none; `on`
    is the day as of which it was judged, "" where nothing was.
    `unreadable` says that the input itself could not be read: nothing in it was checked.
    """

    form: str
    edition: str
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    values: str = ""
    unreadable: bool = False
    on: str = ""

    @property
    def ok(self) -> bool:
        """True when no finding is an error."""
        return not self.errors

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return sum(finding.severity is Severity.WARNING for finding in self.findings)

    @property
    def notes(self) -> int:
        """How many findings only remind; a report with nothing else is as good as an empty one."""
        return sum(finding.severity is Severity.NOTE for finding in self.findings)

    def to_dict(self) -> dict[str, Plain]:
        return {
            "form": self.form,
            "edition": self.edition,
            "values": self.values,
            "on": self.on,
            "ok": self.ok,
            "findings": [finding.to_dict() for finding in self.findings],
            "skipped": [skipped.to_dict() for skipped in self.skipped],
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Report":
        """What `to_dict` gave."""
        return cls(
            plain["form"],
            plain["edition"],
            tuple(map(Finding.from_dict, plain["findings"])),
            tuple(Skipped(each["rule"], each["reason"]) for each in plain["skipped"]),
            plain["values"],
            on=plain.get("on", ""),  # not in reports that were kept before it was said
        )

    def preceded_by(self, findings: Iterable[Finding]) -> "Report":
        """The same report with findings about the input itself put first.

        An error among them says more than the schema does: `schema.*` findings at its pointer
        are left out.
        """
        first = tuple(findings)
        if not first:
            return self
        said = {finding.pointer for finding in first if finding.severity is Severity.ERROR}
        rest = (
            finding
            for finding in self.findings
            if finding.pointer not in said or not finding.rule.startswith("schema.")
        )
        return replace(self, findings=(*first, *rest))


def plain_number(value: Amount | None) -> int | float | None:
    """A number that JSON can carry: integral values as int."""
    if value is None or isinstance(value, int):
        return value
    return int(value) if value == int(value) else float(value)
