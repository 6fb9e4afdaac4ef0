"""What only shows across submissions: comparisons by keys, never by clear values.

A first pass takes from every submission small keyed digests; a second pass finds those that meet.
"""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import eq
from typing import Any, Final, NamedTuple

from formsvc.bulk import comparable
from formsvc.bulk.lines import file_title
from formsvc.catalogue import Catalogue
from formsvc.checks import day_of
from formsvc.findings import Finding, Report, Skipped
from formsvc.forms import ComparisonSpec, Form, Programme
from formsvc.forms.guards import Guard, guard
from formsvc.forms.places import Unjudged
from formsvc.forms.programme import Alternatives
from formsvc.forms.terms import Reader, Term, amount_said, exact
from formsvc.writing import jsonl
from formsvc.writing.notation import cents

_NAMED: Final = 5
BATCH: Final = "本批"
_EARLIER: Final = "往期"
# In a fallback those that have all keys are alike; one that lacks a key differs from all.
_WHOLE: Final = "1"
_LACKING: Final = "?"
# What one submission adds to a count, in hundredths.
_ONE: Final = 100


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison among the submissions of a form, or of a whole programme where `form` is "".

    One that `is_fallback` follows the one that it stands in for.
    """

    spec: ComparisonSpec
    programme: Programme
    form: str = ""
    is_fallback: bool = False

    @property
    def id(self) -> str:
        return self.spec.id

    @property
    def name(self) -> str:
        """What a keys file calls it."""
        return f"{self.id}/fallback" if self.is_fallback else self.id

    def limit(self, on: date) -> int | None:
        """The limit of a tally on a day, in hundredths; None when nothing is counted then."""
        limit, early = self.programme.resolved(self.spec.limit, on)
        return None if limit is None or early else cents(limit)

    def holds_for(self, form: Form) -> bool:
        return form.programme is self.programme and self.form in ("", form.id)


class Entry(NamedTuple):
    """One submission under one comparison. Digests are hexadecimal, keyed with a secret; the amount
    is what it adds to a tally, in hundredths; None in other comparisons. `year` is "" where those
    of all years meet."""

    comparison: int
    pointer: str
    key: str
    differs: Sequence[str]
    amount: int | None = None
    year: str = ""


@dataclass(frozen=True, slots=True)
class _Plan:
    """One form's part in a comparison: the pointers that it has, when, and what is added up."""

    number: int
    comparison: Comparison
    wanted: tuple[Alternatives, ...]
    guard: Guard
    summed: Term | None

    def amount(self, data: object) -> int | None:
        """What a submission adds to a tally, in hundredths. Raises Unjudged."""
        if self.comparison.spec.limit is None:
            return None
        return cents(self.summed.evaluate(data)) if self.summed else _ONE


class Comparisons(Sequence[Comparison]):
    """All comparisons of a catalogue: its forms' own, then those of the programmes."""

    def __init__(self, catalogue: Catalogue) -> None:
        forms = catalogue.editions()
        own = {(form.id, spec.id): Comparison(spec, form.programme, form.id)
               for form in forms for spec in form.comparisons}  # fmt: skip
        shared = {
            (form.programme.id, spec.id): Comparison(spec, form.programme)
            for form in forms
            for spec in form.programme.comparisons
        }
        self._all: tuple[Comparison, ...] = tuple(
            found
            for each in (*own.values(), *shared.values())
            for found in (each, *_fallback(each))
        )
        self._own = {form: {each.id for each in form.comparisons} for form in forms}
        self._plans = {form: tuple(self._plan(form)) for form in forms}

    def _plan(self, form: Form) -> Iterator[_Plan]:
        """The comparisons that a form takes part in, with the pointers that it has."""
        for number, comparison in enumerate(self._all):
            wanted = tuple(
                tuple(pointer for pointer in alternatives if pointer in form.fields)
                for alternatives in (*comparison.spec.keys, *comparison.spec.differs)
            )
            if comparison.holds_for(form) and all(wanted) and _is_read(comparison.spec, form):
                asked = guard(comparison.spec.when, form.fields, form.programme)
                summed = comparison.spec.sum
                yield _Plan(
                    number, comparison, wanted, asked,
                    Reader(form.fields, form.programme).part(summed) if summed else None,
                )  # fmt: skip

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, index: Any) -> Any:
        return self._all[index]

    def judge(
        self, form: Form, data: object, report: Report, secrets: Sequence[bytes]
    ) -> tuple[Report, list[list[Entry]]]:
        """The report without what the second pass will judge, and the entries for each secret.

        What cannot be compared is skipped with a reason, as everywhere.
        """
        own = self._own[form]
        skipped = [skip for skip in report.skipped if skip.rule not in own]
        known: dict[str, str] = {}
        entries: list[list[Entry]] = [[] for _ in secrets]
        broken = [f.pointer for f in report.findings if f.rule.startswith(("schema.", "text."))]
        day = date.fromisoformat(report.values) if report.values else date.min
        year = day_of(form, data, report.on)[:4]
        lacking: dict[str, str] = {}
        for plan in self._plans[form]:
            spec, reason = plan.comparison.spec, ""
            try:
                values = comparable.values(form, data, plan.wanted, broken, known)
                reason = plan.guard.why_not(data, day)
                amount = plan.amount(data)
            except (Unjudged, TypeError, ArithmeticError) as unjudged:
                reason = str(unjudged)
            if spec.fallback and reason:
                lacking[spec.id] = reason
                continue
            if reason:
                if plan.comparison.is_fallback:
                    reason = lacking.get(spec.id, "")
                skipped += [Skipped(spec.id, reason)] if reason else []
                continue
            for found, secret in zip(entries, secrets, strict=True):
                of = year if spec.yearly else ""
                entry = _entry(plan, values, secret, amount, of)
                if plan.comparison.is_fallback:
                    entry = entry._replace(differs=(_LACKING if spec.id in lacking else _WHOLE,))
                found.append(entry)
        judged = tuple(skipped)
        return report if judged == report.skipped else replace(report, skipped=judged), entries


def _fallback(comparison: Comparison) -> Iterator[Comparison]:
    if fallback := comparison.spec.fallback:
        yield replace(comparison, spec=fallback, is_fallback=True)


def _is_read(spec: ComparisonSpec, form: Form) -> bool:
    """Whether a form has what a comparison's guard and sum read."""
    names = (*(each["field"] for each in spec.when), *([spec.sum] if spec.sum else []))
    return all(name in form.fields for name in names)


def _entry(
    plan: _Plan, values: list[tuple[str, str]], secret: bytes, amount: int | None, year: str
) -> Entry:
    comparison = plan.comparison
    count = len(comparison.spec.keys)
    scope = f"{comparison.name}\0{comparison.form}\0" + (f"{year}\0" if year else "")
    key = _digest(secret, scope + "\0".join(text for _, text in values[:count]))
    differs = tuple(_digest(secret, text)[:16] for _, text in values[count:])
    return Entry(plan.number, values[0][0], key, differs, amount, year)


def _digest(secret: bytes, text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), key=secret, digest_size=16).hexdigest()


class Meetings:
    """The second pass: entries in a database that spills to disk, so memory stays flat.

    `where` is what people call all that is compared.
    """

    def __init__(
        self, catalogue: Catalogue, comparisons: Comparisons, on: date, where: str = BATCH
    ) -> None:
        self._catalogue = catalogue
        self._where = where
        self._comparisons = comparisons
        self._tallies = {
            number: limit
            for number, each in enumerate(comparisons)
            if (limit := each.limit(on)) is not None
        }
        # An empty name is a private file that vanishes with the connection.
        self._database = sqlite3.connect("", check_same_thread=False)
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            "CREATE TABLE entry(run INTEGER, comparison INTEGER, key TEXT, item INTEGER,"
            " differs TEXT, pointer TEXT, form TEXT, source TEXT, amount INTEGER, year TEXT,"
            " called TEXT);"
            "CREATE TABLE finding(item INTEGER, number INTEGER, finding BLOB);"
        )

    def close(self) -> None:
        self._database.close()

    def add(
        self, item: int, form: str, source: str, runs: Sequence[Sequence[Entry]], called: str = ""
    ) -> None:
        """One submission's entries: under this run's secret first, then under earlier runs'.

        Others' findings name it as it is `called`, by default by its source.
        """
        self._database.executemany(
            "INSERT INTO entry VALUES(?,?,?,?,?,?,?,?,?,?,?)",
            [
                (
                    run,
                    e.comparison,
                    e.key,
                    item,
                    _own(",".join(e.differs), str(item)),
                    e.pointer,
                    form,
                    source,
                    e.amount,
                    e.year,
                    called or source,
                )
                for run, entries in enumerate(runs)
                for e in entries
            ],
        )

    def add_earlier(self, run: int, rows: Iterable[Mapping[str, Any]]) -> None:
        """The entries of an earlier run's keys file; `run` counts from 1, as in `add`."""
        places = {(c.name, c.form): number for number, c in enumerate(self._comparisons)}
        self._database.executemany(
            "INSERT INTO entry VALUES(?,?,?,NULL,?,'','',?,NULL,'',?)",
            (
                (
                    run,
                    places[row["rule"], row["form"]],
                    row["key"],
                    _own(row["differs"], f"e{number}"),
                    row["source"],
                    file_title(row["source"]),
                )
                for number, row in enumerate(rows)
                if (row["rule"], row["form"]) in places
            ),
        )

    def rows(self) -> Iterator[dict[str, str]]:
        """This run's entries as a keys file holds them, in the order of the input."""
        query = "SELECT comparison, key, differs, source FROM entry WHERE run=0 ORDER BY rowid"
        for comparison, key, differs, source in self._database.execute(query):
            rule: Comparison = self._comparisons[comparison]
            yield {"rule": rule.name, "form": rule.form, "key": key, "differs": differs,
                   "source": source}  # fmt: skip

    def findings(self) -> Iterator[tuple[int, list[Finding]]]:
        """(item, its findings), by item: those that met another submission."""
        self._meet()
        query = "SELECT item, finding FROM finding ORDER BY item, number, rowid"
        for item, rows in groupby(self._database.execute(query), key=lambda row: row[0]):
            yield int(item), [Finding.from_dict(jsonl.read(text)) for _, text in rows]

    def _meet(self) -> None:
        self._database.execute("DELETE FROM finding")
        self._database.execute("CREATE INDEX IF NOT EXISTS met ON entry(run, comparison, key)")
        query = (
            "SELECT comparison, item, differs, pointer, form, called, year, run, key FROM entry "
            "WHERE (run, comparison, key) IN (SELECT run, comparison, key FROM entry "
            "WHERE amount IS NULL GROUP BY run, comparison, key HAVING count(*) > 1) "
            "ORDER BY run, comparison, key, item, rowid"
        )
        rows = self._database.execute(query)
        for (comparison, *_), group in groupby(rows, key=lambda row: (row[0], *row[-2:])):
            members = [_Member(*row[1:-1]) for row in group]
            self._database.executemany(
                "INSERT INTO finding VALUES(?,?,?)",
                (
                    (member.item, comparison, jsonl.value(found.to_dict()))
                    for member, found in self._group(self._comparisons[comparison], members)
                ),
            )
        for number, limit in self._tallies.items():
            self._tally(number, limit)

    def _tally(self, number: int, limit: int) -> None:
        """Findings at those, in the order of the input, from which on the limit is exceeded."""
        comparison = self._comparisons[number]
        query = (
            "SELECT key, sum(amount) FROM entry WHERE run=0 AND comparison=? GROUP BY key"
            " HAVING sum(amount) > ?"
        )
        for key, total in self._database.execute(query, (number, limit)).fetchall():
            running = 0
            query = (
                "SELECT item, pointer, form, amount, year FROM entry WHERE run=0 AND comparison=?"
                " AND key=? ORDER BY item, rowid"
            )
            for item, pointer, form, amount, year in self._database.execute(
                query, (number, key)
            ).fetchall():
                running += amount
                if running > limit:
                    found = self._exceeded(comparison, form, pointer, (total, limit), year)
                    text = jsonl.value(found.to_dict())
                    self._database.execute(
                        "INSERT INTO finding VALUES(?,?,?)", (item, number, text)
                    )

    def _exceeded(
        self, comparison: Comparison, form: str, pointer: str, sums: tuple[int, int], year: str
    ) -> Finding:
        spec, own = comparison.spec, self._catalogue[form]
        summed = own.fields.get(spec.sum)
        money = summed is not None and summed.kind == "money"
        value, most = (exact(Decimal(each).scaleb(-2)) for each in sums)
        total, bound = (amount_said(each, money=money) for each in (value, most))
        said = {"label": own.label(pointer), "where": self._where, "year": year,
                "total": total, "limit": bound}  # fmt: skip
        return Finding(spec.id, spec.severity, pointer, said["label"],
                       spec.message.format_map(said), value, most, spec.citation)  # fmt: skip

    def _group(
        self, comparison: Comparison, members: list["_Member"]
    ) -> Iterator[tuple["_Member", Finding]]:
        """The members of one group that are disturbed by others, each with its finding."""
        earlier = [member for member in members if member.item is None]
        pool = earlier if members[0].run else members
        kinds = Counter(member.differs for member in pool)
        first: dict[str, list[_Member]] = {}
        for member in pool:
            named = first.setdefault(member.differs, [])
            if len(named) <= _NAMED:
                named.append(member)
        # What all others share: who shares it too differs from none of them. So it is with the
        # people of one employer, who are many.
        places = zip(*(kind.split(",") for kind in kinds if kind), strict=False)
        shared = [values.pop() if len(values) == 1 else None for values in map(set, places)]
        for member in members:
            mine = member.differs.split(",")
            if member.item is None or any(map(eq, mine, shared)):
                continue
            apart = [kind for kind in kinds if _apart(kind, member.differs)]
            count = sum(kinds[kind] for kind in apart)
            if not member.differs and not member.run:
                count -= 1
            if count:
                others = [o for kind in apart for o in first[kind] if o is not member]
                yield member, self._finding(comparison, member, others, count)

    def _finding(
        self, comparison: Comparison, member: "_Member", others: list["_Member"], count: int
    ) -> Finding:
        spec, label = comparison.spec, self._catalogue[member.form].label(member.pointer)
        named = "、".join(other.called for other in others[:_NAMED])
        named = f"{_EARLIER}的{named}" if member.run else named
        named += f" 等 {count} 份" if count > _NAMED else ""
        where = _EARLIER if member.run else self._where
        text = spec.message.format_map(
            {"label": label, "others": named, "count": count, "where": where, "year": member.year}
        )
        if "{others}" not in spec.message:
            text += f"（另见{named}）"
        return Finding(spec.id, spec.severity, member.pointer, label, text, citation=spec.citation)


@dataclass(frozen=True, slots=True, eq=False)
class _Member:
    item: int | None
    differs: str
    pointer: str
    form: str
    called: str
    year: str
    run: int


def _own(differs: str, item: str) -> str:
    """What a submission that lacks a key differs in: from each other one, by itself."""
    return _LACKING + item if differs.startswith(_LACKING) else differs


def _apart(mine: str, theirs: str) -> bool:
    """Whether two submissions differ in everything that they must differ in."""
    pairs = zip(mine.split(","), theirs.split(","), strict=False)
    return not mine or all(a != b for a, b in pairs)
