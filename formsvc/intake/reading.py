"""Uploads → submissions, one way for every shell.

What a paper of ours shows is compared with what it carries on every reading. Where the two part,
where a text is not surely read, where something is left over, the reading says so, and nobody's
shell may go on as if it did not.
"""

import copy
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from formsvc import pointers, submissions
from formsvc.catalogue import Catalogue, Checked
from formsvc.checks.register import Register
from formsvc.documents.formats import is_document
from formsvc.findings import Finding, Severity
from formsvc.submissions import encoded

if TYPE_CHECKING:
    from formsvc.documents.proof.differences import Difference

_MOST_LEFT = 8  # texts left over that are named


class Origin(StrEnum):
    """Where a value was read from."""

    CARRIED = "carried"
    SHOWN = "shown"
    CONTROL = "control"
    BOX = "box"
    LABEL = "label"
    SHEET = "sheet"


@dataclass(frozen=True, slots=True)
class Unsure:
    """A text that was read, but may mean something else, or belong elsewhere: (Chinese) why."""

    pointer: str
    label: str
    text: str
    reason: str

    def finding(self) -> Finding:
        message = f"{self.label}：读到“{self.text[:60]}”，但不能确定（{self.reason}），请核对。"
        return Finding("paper.unsure", Severity.ERROR, self.pointer, self.label, message)


@dataclass(frozen=True, slots=True)
class Reading:
    """A submission as it was read. `raw` is its JSON; of a paper, `form` and `edition` are what it
    is, and `origins` says by pointer where each value comes from.

    `differences` are fields that a paper shows differently than it carries them, `unsure` those
    that have to be asked about, `leftovers` texts beside the fields that belong to none.
    `remarks` say what else stops a clean verdict.
    """

    raw: bytes
    form: str = ""
    edition: str = ""
    origins: Mapping[str, Origin] = field(default_factory=dict)
    differences: "tuple[Difference, ...]" = ()
    unsure: tuple[Unsure, ...] = ()
    leftovers: tuple[str, ...] = ()
    remarks: tuple[Finding, ...] = ()

    @property
    def data(self) -> object:
        """The submission; None when it is no readable JSON."""
        return submissions.parse(self.raw).data

    @property
    def is_sure(self) -> bool:
        """Whether nobody has to be asked."""
        return not (self.differences or self.unsure or self.remarks)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the reading itself found, in the terms of a report."""
        found = [
            *self.remarks,
            *(each.finding() for each in self.differences),
            *(each.finding() for each in self.unsure),
        ]
        if self.leftovers:
            named = "；".join(f"“{text}”" for text in self.leftovers[:_MOST_LEFT])
            more = f"，等 {len(self.leftovers)} 处" if len(self.leftovers) > _MOST_LEFT else ""
            message = f"栏目以外的文字与表样不同，没有读取：{named}{more}。"
            found.append(Finding("paper.leftover", Severity.WARNING, "", "表样文字", message))
        return tuple(found)

    def taking(self, chosen: Collection[str]) -> "Reading":
        """The reading once somebody has chosen: of the `chosen` differences what the paper shows,
        of all others what it carries."""
        data = copy.deepcopy(self.data)
        origins = dict(self.origins)
        for each in self.differences:
            if each.pointer in chosen and isinstance(data, dict):
                _put(data, each.pointer, each.value)
                origins[each.pointer] = Origin.SHOWN
        return replace(self, raw=encoded(data), origins=origins, differences=())


def _put(data: dict[str, Any], pointer: str, value: Any) -> None:
    if value is not None:
        pointers.set_(data, pointer, value)
        return
    parent, _, last = pointer.rpartition("/")
    around = pointers.get(data, parent)
    if isinstance(around, dict):
        around.pop(pointers.parse(f"/{last}")[0], None)


def read(content: bytes, catalogue: Catalogue) -> Reading:
    """A JSON file is its submission; a document is recognised (`formsvc.intake.recognition`).

    Raises UnreadableDocument (Chinese, for the sender).
    """
    if not is_document(content):
        return Reading(content)
    from formsvc.intake import recognition  # noqa: PLC0415  # half of all start-up, for papers only

    return recognition.recognised(content, catalogue)


def check(
    reading: Reading,
    catalogue: Catalogue,
    *,
    on: date,
    form: str | None = None,
    register: Register | None = None,
) -> Checked:
    """What was read, checked; the findings of the reading come first."""
    checked = catalogue.check(reading.raw, on=on, form=form, register=register)
    return replace(checked, report=checked.report.preceded_by(reading.findings))
