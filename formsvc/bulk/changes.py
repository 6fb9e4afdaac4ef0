"""What became of an earlier batch's findings: mended, still open, new."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from formsvc.bulk.lines import Line, Row
from formsvc.bulk.results import Results, reports_of
from formsvc.findings import Finding, Severity
from formsvc.storage import Folder
from formsvc.writing import jsonl

NAME: Final = "changes.jsonl"
NAMES: Final = {"open": "仍未改正", "new": "新问题", "mended": "已改正", "absent": "未再报送"}


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one finding, or, with `kind` absent, of a submission that had errors and
    was not sent again. `number` is that of the submission in its batch."""

    kind: str
    unit: str
    person: str
    form: str
    source: str
    finding: Finding | None
    number: int = 0

    @classmethod
    def of(cls, kind: str, line: Line, finding: Finding | None) -> "Change":
        return cls(kind, line.unit, line.person, line.report.form, line.source, finding,
                   line.number)  # fmt: skip

    def to_json(self) -> bytes:
        plain = {
            "change": self.kind,
            "unit": self.unit,
            "person": self.person,
            "form": self.form,
            "source": self.source,
            "number": self.number,
            "finding": self.finding.to_dict() if self.finding else None,
        }
        return jsonl.line(plain)

    @classmethod
    def from_json(cls, raw: bytes) -> "Change":
        plain = jsonl.read(raw)
        found = plain["finding"]
        return cls(
            plain["change"], plain["unit"], plain["person"], plain["form"], plain["source"],
            Finding.from_dict(found) if found else None, plain.get("number", 0),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChangedItem:
    """All changes of one submission, those that remain first."""

    changes: tuple[Change, ...]

    @property
    def who(self) -> Change:
        """A change that says whose they are."""
        return self.changes[0]

    @property
    def is_absent(self) -> bool:
        return self.who.kind == "absent"

    @property
    def remains(self) -> tuple[Change, ...]:
        """What is still to be mended."""
        return tuple(each for each in self.changes if each.kind in ("open", "new"))

    @property
    def goes_back(self) -> bool:
        """Whether it has an error still, or was not sent again."""
        return self.is_absent or any(
            each.finding and each.finding.severity is Severity.ERROR for each in self.remains
        )


def write(results: Results, earlier: Folder, name: str = NAME) -> Counter[str]:
    """Write the changes into the batch's folder, one a line, and count them by what became of them.

    A submission is the same one when form and ID number agree; where one of the two has none, or a
    wrong one, when form, employer and person do (several of these: in their order); without a
    person, when the source does. A finding is the same when rule and place are.
    """
    counts: Counter[str] = Counter()
    with results.folder.create(name) as stream, closing(_Earlier(earlier)) as before:
        for row in results.index.rows():
            before.claim_by_identity(row)
        for row in results.index.rows():
            before.claim_by_name(row)
        for change in _changes(before, results.lines()):
            counts[change.kind] += 1
            stream.write(change.to_json())
    return counts


def read(folder: Folder, name: str = NAME) -> Iterator[Change]:
    """The changes that were written."""
    with folder.open(name) as stream:
        yield from map(Change.from_json, stream)


def by_unit(changes: Iterable[Change]) -> dict[str, list[ChangedItem]]:
    """The changes by employer, in the order of their names, and there by submission: those that go
    back first."""
    found: dict[tuple[str, bool, int, str], list[Change]] = {}
    for change in changes:
        key = (change.unit, change.kind == "absent", change.number, change.source)
        found.setdefault(key, []).append(change)
    order = list(NAMES)
    units: dict[str, list[ChangedItem]] = {}
    for (unit, *_), own in sorted(found.items()):
        changed = ChangedItem(tuple(sorted(own, key=lambda each: order.index(each.kind))))
        units.setdefault(unit, []).append(changed)
    for members in units.values():
        members.sort(key=lambda each: not each.goes_back)
    return units


def spoken(counts: Counter[str]) -> str:
    """The counts as a sentence."""
    parts = [
        f"{NAMES[kind]} {counts[kind]:,} {'份' if kind == 'absent' else '处'}" for kind in NAMES
    ]
    return f"与以往相比：{'，'.join(parts)}。"


def _changes(before: "_Earlier", lines: Iterable[Line]) -> Iterator[Change]:
    for line in lines:
        old = _to_mend(before.claimed(line.number))
        was = Counter(map(_place, old))
        for finding in _to_mend(line.report.findings):
            place = _place(finding)
            yield Change.of("open" if was[place] > 0 else "new", line, finding)
            was[place] -= 1
        for finding in reversed(old):
            if was[_place(finding)] > 0:
                was[_place(finding)] -= 1
                yield Change.of("mended", line, finding)
    for line in before.rest():
        yield Change.of("absent", line, None)


def _to_mend(findings: Iterable[Finding]) -> list[Finding]:
    """Without the notes: they only remind."""
    return [finding for finding in findings if finding.severity is not Severity.NOTE]


def _named(form: str, unit: str, person: str, source: str) -> str:
    return "\0".join((form, unit, person) if form and person else ("", source))


def _place(finding: Finding) -> tuple[str, str]:
    return finding.rule, finding.pointer


class _Earlier:
    """An earlier batch's lines, in a database that spills to disk; each is claimed by the number of
    at most one submission of the later batch."""

    def __init__(self, folder: Folder) -> None:
        self._database = sqlite3.connect("")
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            "CREATE TABLE line(form TEXT, identity TEXT, named TEXT, line BLOB, claimed INTEGER);"
        )
        with folder.open(reports_of(folder)) as stream:
            for raw in stream:
                line = Line.from_json(raw)
                named = _named(line.report.form, line.unit, line.person, line.source)
                self._database.execute(
                    "INSERT INTO line VALUES(?,?,?,?,NULL)",
                    (line.report.form, line.identity, named, raw),
                )
        self._database.executescript(
            "CREATE INDEX identity ON line(identity, form); CREATE INDEX named ON line(named);"
            "CREATE INDEX claimed ON line(claimed);"
        )

    def claim_by_identity(self, row: Row) -> None:
        """The first line of the same person and form that nobody has."""
        if row.identity:
            self._claim(row, "identity=? AND form=?", row.identity, row.form)

    def claim_by_name(self, row: Row) -> None:
        """The first line of the same name that nobody has, where one of the two has no identity."""
        query = "SELECT 1 FROM line WHERE claimed=?"
        if self._database.execute(query, (row.number,)).fetchone() is None:
            named = _named(row.form, row.unit, row.person, row.source)
            self._claim(row, "named=? AND (identity='' OR ?='')", named, row.identity)

    def _claim(self, row: Row, condition: str, *given: str) -> None:
        self._database.execute(
            "UPDATE line SET claimed=? WHERE rowid=(SELECT rowid FROM line"  # noqa: S608  # ours
            f" WHERE claimed IS NULL AND {condition} ORDER BY rowid LIMIT 1)",
            (row.number, *given),
        )

    def claimed(self, number: int) -> tuple[Finding, ...]:
        """The findings that this submission had."""
        query = "SELECT line FROM line WHERE claimed=?"
        found = self._database.execute(query, (number,)).fetchone()
        return Line.from_json(found[0]).report.findings if found else ()

    def rest(self) -> Iterator[Line]:
        """The lines with errors that nobody claimed."""
        query = "SELECT line FROM line WHERE claimed IS NULL ORDER BY rowid"
        for (raw,) in self._database.execute(query):
            line = Line.from_json(raw)
            if line.report.errors:
                yield line

    def close(self) -> None:
        self._database.close()
