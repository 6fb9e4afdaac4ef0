"""The reports of a run, indexed: who, where, how many, and each employer's lines again."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jiter

from formsvc.bulk.batch import REPORTS
from formsvc.storage import Folder


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of submissions (`passed` without an error, `warned` of these with a warning)."""

    submissions: int
    passed: int
    warned: int
    errors: int
    warnings: int
    units: int

    @property
    def share(self) -> float:
        """Passed submissions as a share of all, 0 to 1; 1 when there are none."""
        return self.passed / self.submissions if self.submissions else 1.0


class Ledger:
    """An index in a private database that spills to disk; the reports themselves stay in theirs."""

    def __init__(self, folder: Folder) -> None:
        self._stream = folder.open(REPORTS)
        self._database = sqlite3.connect("", check_same_thread=False)
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            "CREATE TABLE report(number INTEGER PRIMARY KEY, place INTEGER, size INTEGER,"
            " form TEXT, unit TEXT, person TEXT, source TEXT, errors INTEGER, warnings INTEGER);"
            "CREATE TABLE finding(number INTEGER, rule TEXT, severity TEXT, label TEXT);"
        )
        for line, place in self._read():
            self._add(line, place)
        self._database.execute("CREATE INDEX unit ON report(unit, number)")

    def close(self) -> None:
        self._stream.close()
        self._database.close()

    def totals(self) -> Totals:
        query = (
            "SELECT count(*), coalesce(sum(errors=0),0), coalesce(sum(errors=0 AND warnings>0),0),"
            " coalesce(sum(errors),0), coalesce(sum(warnings),0), count(DISTINCT unit) FROM report"
        )
        return Totals(*next(self._database.execute(query)))

    def rules(self) -> list[tuple[str, str, str, int, int]]:
        """(rule, severity, most frequent label, findings, submissions), most frequent first."""
        query = (
            "SELECT rule, min(severity), (SELECT label FROM finding AS f WHERE f.rule=finding.rule"
            " GROUP BY label ORDER BY count(*) DESC, label LIMIT 1), count(*),"
            " count(DISTINCT number) FROM finding GROUP BY rule ORDER BY count(*) DESC, rule"
        )
        self._database.execute("CREATE INDEX IF NOT EXISTS rule ON finding(rule, label)")
        return list(self._database.execute(query))

    def forms(self) -> list[tuple[str, int, int]]:
        """(form, submissions, passed) in the order of their ids; "" for what no form claims."""
        query = "SELECT form, count(*), sum(errors=0) FROM report GROUP BY form ORDER BY form"
        return list(self._database.execute(query))

    def units(self) -> Iterator[tuple[str, int, int, int, int]]:
        """(unit, submissions, passed, errors, warnings), the most errors first."""
        query = (
            "SELECT unit, count(*), sum(errors=0), sum(errors), sum(warnings) FROM report"
            " GROUP BY unit ORDER BY sum(errors) DESC, unit"
        )
        yield from self._database.execute(query)

    def rules_of_units(self) -> dict[tuple[str, str], int]:
        """(unit, rule) → findings."""
        query = (
            "SELECT unit, rule, count(*) FROM finding JOIN report USING(number) GROUP BY unit, rule"
        )
        return {(unit, rule): count for unit, rule, count in self._database.execute(query)}

    def lines(self, unit: str | None = None, *, faulty: bool = False) -> Iterator[dict[str, Any]]:
        """The lines of reports.jsonl in their order: of one unit, or only those with an error."""
        query = "SELECT place, size FROM report WHERE 1"
        query += " AND unit=?" if unit is not None else ""
        query += " AND errors>0" if faulty else ""
        given = () if unit is None else (unit,)
        for place, size in self._database.execute(query + " ORDER BY number", given).fetchall():
            self._stream.seek(place)
            yield jiter.from_json(self._stream.read(size))

    def _read(self) -> Iterator[tuple[bytes, int]]:
        place = 0
        for line in self._stream:
            yield line, place
            place += len(line)

    def _add(self, line: bytes, place: int) -> None:
        value = jiter.from_json(line)
        findings = value["report"]["findings"]
        errors = sum(finding["severity"] == "error" for finding in findings)
        number = value["number"]
        self._database.execute(
            "INSERT INTO report VALUES(?,?,?,?,?,?,?,?,?)",
            (number, place, len(line), value["report"]["form"], value["unit"], value["person"],
             value["source"], errors, len(findings) - errors),
        )  # fmt: skip
        self._database.executemany(
            "INSERT INTO finding VALUES(?,?,?,?)",
            [(number, f["rule"], f["severity"], f["label"]) for f in findings],
        )
