"""What became of an earlier batch's findings: mended, still open, new."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from formsvc.bulk.lines import Line
from formsvc.bulk.results import REPORTS, Results
from formsvc.findings import Finding
from formsvc.storage import Folder
from formsvc.writing import jsonl

NAME: Final = "changes.jsonl"
NAMES: Final = {"mended": "已改正", "open": "仍有", "new": "新问题", "absent": "未再报送"}


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one finding, or, with `kind` absent, of a submission that had findings and
    was not sent again."""

    kind: str
    unit: str
    person: str
    form: str
    source: str
    finding: Finding | None

    @classmethod
    def of(cls, kind: str, line: Line, finding: Finding | None) -> "Change":
        return cls(kind, line.unit, line.person, line.report.form, line.source, finding)

    def to_json(self) -> bytes:
        plain = {
            "change": self.kind,
            "unit": self.unit,
            "person": self.person,
            "form": self.form,
            "source": self.source,
            "finding": self.finding.to_dict() if self.finding else None,
        }
        return jsonl.line(plain)

    @classmethod
    def from_json(cls, raw: bytes) -> "Change":
        plain = jsonl.read(raw)
        found = plain["finding"]
        return cls(
            plain["change"], plain["unit"], plain["person"], plain["form"], plain["source"],
            Finding.from_dict(found) if found else None,
        )  # fmt: skip


def write(results: Results, earlier: Folder, name: str = NAME) -> Counter[str]:
    """Write the changes into the batch's folder, one a line, and count them by what became of them.

    A submission is the same one when form, employer and person agree (several of these: in their
    order); without a person, when the source does. A finding is the same when rule and place are.
    """
    counts: Counter[str] = Counter()
    with results.folder.create(name) as stream, closing(_Earlier(earlier)) as before:
        for change in _changes(before, results.lines()):
            counts[change.kind] += 1
            stream.write(change.to_json())
    return counts


def read(folder: Folder, name: str = NAME) -> Iterator[Change]:
    """The changes that were written."""
    with folder.open(name) as stream:
        yield from map(Change.from_json, stream)


def spoken(counts: Counter[str]) -> str:
    """The counts as a sentence."""
    parts = [
        f"{NAMES[kind]} {counts[kind]:,} {'份' if kind == 'absent' else '处'}" for kind in NAMES
    ]
    return f"与以往相比：{'，'.join(parts)}。"


def _changes(before: "_Earlier", lines: Iterable[Line]) -> Iterator[Change]:
    seen: Counter[str] = Counter()
    for line in lines:
        key = _identity(line)
        seen[key] += 1
        old = before.take(key, seen[key])
        was = Counter(map(_place, old))
        for finding in line.report.findings:
            place = _place(finding)
            yield Change.of("open" if was[place] > 0 else "new", line, finding)
            was[place] -= 1
        for finding in reversed(old):
            if was[_place(finding)] > 0:
                was[_place(finding)] -= 1
                yield Change.of("mended", line, finding)
    for line in before.rest():
        yield Change.of("absent", line, None)


def _identity(line: Line) -> str:
    form, unit, person = line.report.form, line.unit, line.person
    return "\0".join((form, unit, person) if form and person else ("", line.source))


def _place(finding: Finding) -> tuple[str, str]:
    return finding.rule, finding.pointer


class _Earlier:
    """An earlier batch's lines, by identity, in a database that spills to disk."""

    def __init__(self, folder: Folder) -> None:
        self._database = sqlite3.connect("")
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            "CREATE TABLE line(identity TEXT, nth INTEGER, line BLOB, taken INTEGER DEFAULT 0);"
        )
        seen: Counter[str] = Counter()
        with folder.open(REPORTS) as stream:
            for raw in stream:
                key = _identity(Line.from_json(raw))
                seen[key] += 1
                self._database.execute(
                    "INSERT INTO line(identity, nth, line) VALUES(?,?,?)", (key, seen[key], raw)
                )
        self._database.execute("CREATE INDEX identity ON line(identity, nth)")

    def take(self, identity: str, nth: int) -> tuple[Finding, ...]:
        """The findings that this submission had."""
        given = (identity, nth)
        found = self._database.execute(
            "SELECT line FROM line WHERE identity=? AND nth=?", given
        ).fetchone()
        if found is None:
            return ()
        self._database.execute("UPDATE line SET taken=1 WHERE identity=? AND nth=?", given)
        return Line.from_json(found[0]).report.findings

    def rest(self) -> Iterator[Line]:
        """The lines with findings that nothing was taken for."""
        for (raw,) in self._database.execute("SELECT line FROM line WHERE taken=0 ORDER BY rowid"):
            line = Line.from_json(raw)
            if line.report.findings:
                yield line

    def close(self) -> None:
        self._database.close()
