"""The index of a batch: who, where, how many, and where each report and submission lies."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Final, NamedTuple

from formsvc.bulk.lines import Row
from formsvc.bulk.marks import PASS, RETURN, Decision

_ROW: Final = (
    "number, source, form, edition, unit, person, errors, warnings, notes, skipped, identity"
)
_PLACE: Final = "report_at, report_size, raw_at, raw_size"
_TABLES: Final = (
    "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
    "CREATE TABLE item(number INTEGER PRIMARY KEY, source TEXT, form TEXT, edition TEXT, unit TEXT,"
    " person TEXT, errors INTEGER, warnings INTEGER, notes INTEGER, skipped INTEGER,"
    " identity TEXT,"
    " report_at INTEGER, report_size INTEGER, raw_at INTEGER, raw_size INTEGER);"
    "CREATE TABLE finding(number INTEGER, rule TEXT, severity TEXT, label TEXT);"
    "CREATE TABLE mark(number INTEGER PRIMARY KEY, decision TEXT, remark TEXT);"
)
_INDEXES: Final = (
    "CREATE INDEX unit ON item(unit, number); CREATE INDEX rule ON finding(rule, label);"
    "CREATE INDEX of ON finding(number);"
)
_DECIDED: Final = "number IN (SELECT number FROM mark WHERE decision = '{}')"
# What reports call the state of a submission; clean ones may be printed; returned ones go back:
# the faulty ones, unless somebody decided otherwise.
_STATES: Final[Mapping[str, str]] = {
    "unread": "form = ''",
    "error": "form != '' AND errors > 0",
    "warning": "form != '' AND errors = 0 AND warnings > 0",
    "ok": "form != '' AND errors = 0 AND warnings = 0",
    "clean": "form != '' AND errors = 0",
    "faulty": "errors > 0",
    "returned": f"(errors > 0 AND NOT {_DECIDED.format(PASS)} OR {_DECIDED.format(RETURN)})",
}
_MARKS: Final[Mapping[str, str]] = {
    PASS: _DECIDED.format(PASS),
    RETURN: _DECIDED.format(RETURN),
    "none": "number NOT IN (SELECT number FROM mark WHERE decision != '')",
    "remark": "number IN (SELECT number FROM mark WHERE remark != '')",
}
ORDERS: Final[Mapping[str, str]] = {
    "number": "number",
    "person": "person, number",
    "unit": "unit, number",
    "form": "form, number",
    "errors": "form != '', errors DESC, warnings DESC, number",
}


class Span(NamedTuple):
    """Where a report and, where they are kept, the submission's bytes lie in their files."""

    report_at: int
    report_size: int
    raw_at: int = 0
    raw_size: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of submissions (`passed` without an error, `warned` of these with a warning; `unread`
    those of no form) and of findings."""

    submissions: int
    passed: int
    warned: int
    unread: int
    errors: int
    warnings: int
    notes: int
    units: int

    @property
    def failed(self) -> int:
        """Submissions with an error, those of no form aside."""
        return self.submissions - self.passed - self.unread

    @property
    def ok(self) -> int:
        """Submissions without any finding but notes."""
        return self.passed - self.warned

    @property
    def share(self) -> float:
        """Passed submissions as a share of all, 0 to 1; 1 when there are none."""
        return self.passed / self.submissions if self.submissions else 1.0

    @property
    def percent(self) -> int:
        """The share in whole per cent, never rounded up to all."""
        return self.passed * 100 // self.submissions if self.submissions else 0


@dataclass(frozen=True, slots=True)
class Filter:
    """Which submissions are asked for, and in which order; "" asks for all.

    `mark` is a decision of formsvc.bulk.marks, none, or remark for those with one.
    """

    form: str = ""
    unit: str | None = None
    rule: str = ""
    state: str = ""
    name: str = ""
    mark: str = ""
    order: str = "number"

    def where(self) -> tuple[str, dict[str, str]]:
        """An SQL condition, and what it names."""
        terms = ["1"]
        terms += ["form = :form"] if self.form else []
        terms += ["unit = :unit"] if self.unit is not None else []
        terms += [_STATES.get(self.state, "0")] if self.state else []
        terms += [_MARKS.get(self.mark, "0")] if self.mark else []
        terms += ["(instr(person, :name) OR instr(source, :name))"] if self.name else []
        terms += ["number IN (SELECT number FROM finding WHERE rule = :rule)"] if self.rule else []
        given = {"form": self.form, "unit": self.unit or "", "rule": self.rule, "name": self.name}
        return " AND ".join(terms), given


ALL: Final = Filter()


class Index:
    """In a private database that spills to disk; `kept` is the same as bytes, to open it again."""

    def __init__(self, kept: bytes | None = None) -> None:
        # An empty name is a file that vanishes with the connection.
        self._database = sqlite3.connect(":memory:" if kept else "", check_same_thread=False)
        if kept:
            self._database.deserialize(kept)
            self._bring_up()
        else:
            self._database.executescript(_TABLES)

    def _bring_up(self) -> None:
        """An index that was kept before there were identities and marks has room for them too."""
        columns = {row[1] for row in self._database.execute("PRAGMA table_info(item)")}
        if "identity" not in columns:
            self._database.executescript(
                "ALTER TABLE item ADD COLUMN identity TEXT DEFAULT '';"
                "CREATE TABLE mark(number INTEGER PRIMARY KEY, decision TEXT, remark TEXT);"
            )

    def close(self) -> None:
        self._database.close()

    def mark(self, marks: Mapping[int, Decision]) -> None:
        """Know these decisions, and no others, for what is asked for."""
        self._database.execute("DELETE FROM mark")
        rows = ((number, mark.decision, mark.remark) for number, mark in marks.items())
        self._database.executemany("INSERT INTO mark VALUES(?,?,?)", rows)

    def kept(self) -> bytes:
        """The whole index. For what fits in memory."""
        self._database.commit()
        with closing(sqlite3.connect(":memory:")) as copy:
            self._database.backup(copy)
            return copy.serialize()

    def add(self, row: Row, place: Span) -> None:
        *own, found = row
        marks = ",".join("?" * (len(own) + len(place)))
        self._database.execute(f"INSERT INTO item VALUES({marks})", (*own, *place))  # marks
        self._database.executemany(
            "INSERT INTO finding VALUES(?,?,?,?)", [(row.number, *each) for each in found]
        )

    def finish(self) -> None:
        """All rows are in: make what finds them again."""
        self._database.executescript(_INDEXES)

    def totals(self) -> Totals:
        query = (
            "SELECT count(*), coalesce(sum(form!='' AND errors=0),0),"
            " coalesce(sum(form!='' AND errors=0 AND warnings>0),0), coalesce(sum(form=''),0),"
            " coalesce(sum(errors),0), coalesce(sum(warnings),0), coalesce(sum(notes),0),"
            " count(DISTINCT unit) FROM item"
        )
        return Totals(*next(self._database.execute(query)))

    def rules(self) -> list[tuple[str, str, str, int, int]]:
        """(rule, severity, most frequent label, findings, submissions), most frequent first."""
        query = (
            "SELECT rule, min(severity), (SELECT label FROM finding AS f WHERE f.rule=finding.rule"
            " GROUP BY label ORDER BY count(*) DESC, label LIMIT 1), count(*),"
            " count(DISTINCT number) FROM finding GROUP BY rule ORDER BY count(*) DESC, rule"
        )
        return list(self._database.execute(query))

    def forms(self) -> list[tuple[str, int, int]]:
        """(form, submissions, passed) in the order of their ids; "" for what no form claims."""
        query = (
            "SELECT form, count(*), sum(form!='' AND errors=0) FROM item GROUP BY form"
            " ORDER BY form"
        )
        return list(self._database.execute(query))

    def units(self) -> list[tuple[str, int, int, int, int]]:
        """(unit, submissions, passed, errors, warnings), the most errors first."""
        query = (
            "SELECT unit, count(*), sum(form!='' AND errors=0), sum(errors), sum(warnings)"
            " FROM item GROUP BY unit ORDER BY sum(errors) DESC, unit"
        )
        return list(self._database.execute(query))

    def rules_by_submissions(self) -> list[tuple[str, int]]:
        """(rule, submissions that break it), the most first."""
        query = (
            "SELECT rule, count(DISTINCT number) AS broken FROM finding GROUP BY rule"
            " ORDER BY broken DESC, min(number)"
        )
        return list(self._database.execute(query))

    def units_by_failures(self) -> list[tuple[str, int, int]]:
        """(unit, submissions, failed ones) of what has a form, the most failing first."""
        query = (
            "SELECT unit, count(*) AS every, sum(errors>0) AS failed FROM item WHERE form != ''"
            " GROUP BY unit ORDER BY failed DESC, every DESC, unit"
        )
        return list(self._database.execute(query))

    def rules_of_units(self) -> dict[tuple[str, str], int]:
        """(unit, rule) → findings."""
        query = (
            "SELECT unit, rule, count(*) FROM finding JOIN item USING(number) GROUP BY unit, rule"
        )
        return {(unit, rule): count for unit, rule, count in self._database.execute(query)}

    def numbers(self, wanted: Filter = ALL) -> list[int]:
        """The numbers of the submissions asked for, in the order asked for."""
        where, given = wanted.where()
        query = f"SELECT number FROM item WHERE {where} ORDER BY {ORDERS[wanted.order]}"
        return [number for (number,) in self._database.execute(query, given)]

    def rows(self) -> Iterator[Row]:
        """All rows in their order, without what was found."""
        query = f"SELECT {_ROW}, '' FROM item ORDER BY number"
        yield from map(Row._make, self._database.execute(query))

    def row(self, number: int) -> Row | None:
        """A submission's row, with what was found."""
        query = f"SELECT {_ROW} FROM item WHERE number=?"
        own = self._database.execute(query, (number,)).fetchone()
        if own is None:
            return None
        query = "SELECT rule, severity, label FROM finding WHERE number=? ORDER BY rowid"
        return Row._make((*own, self._database.execute(query, (number,)).fetchall()))

    def place(self, number: int) -> Span:
        """Where a submission lies."""
        query = f"SELECT {_PLACE} FROM item WHERE number=?"
        return Span(*self._database.execute(query, (number,)).fetchone())

    def places(self, wanted: Filter) -> Iterator[Span]:
        """Where the submissions asked for lie, in the order asked for."""
        where, given = wanted.where()
        query = f"SELECT {_PLACE} FROM item WHERE {where} ORDER BY {ORDERS[wanted.order]}"
        yield from map(Span._make, self._database.execute(query, given))
