"""One submission as it came in, whatever it came in."""

from dataclasses import dataclass
from datetime import date

from formsvc.findings import Finding, Severity


@dataclass(frozen=True, slots=True)
class Item:
    """One submission as it came. `source` says where it stands, for people.

    `raw` is None when it could not be read; `findings` then say why. `unit` is the name of the
    folder that it came in, for submissions that do not say whose they are. `on` is the day as of
    which it is judged where that is not the day of the whole batch: when it was handed in.
    """

    source: str
    raw: bytes | None
    findings: tuple[Finding, ...] = ()
    unit: str = ""
    on: date | None = None


def refused(source: str, rule: str, message: str) -> Item:
    """An item that could not be read, and why."""
    finding = Finding(rule, Severity.ERROR, "", "提交的文件", message)
    return Item(source, None, (finding,))
