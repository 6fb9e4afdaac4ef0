"""What only shows across submissions: comparisons by keys, never by clear values.

A first pass takes from every submission small keyed digests; a second pass finds those that meet.
"""

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import eq
from typing import Any, Final, NamedTuple

from formsvc import pointers
from formsvc.catalogue import Catalogue
from formsvc.findings import Finding, Report, Skipped
from formsvc.forms import ComparisonSpec, Form
from formsvc.forms.programme import Alternatives
from formsvc.writing.notation import identity_code

_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison among the submissions of a form, or of a whole programme where `form` is ""."""

    spec: ComparisonSpec
    programme: str
    form: str = ""

    @property
    def id(self) -> str:
        return self.spec.id

    def holds_for(self, form: Form) -> bool:
        return form.programme.id == self.programme and self.form in ("", form.id)


class Entry(NamedTuple):
    """One submission under one comparison. Digests are hexadecimal, keyed with a secret."""

    comparison: int
    pointer: str
    key: str
    differs: Sequence[str]


_Plan = tuple[int, Comparison, tuple[Alternatives, ...]]


class Comparisons(Sequence[Comparison]):
    """All comparisons of a catalogue: its forms' own, then those of the programmes."""

    def __init__(self, catalogue: Catalogue) -> None:
        forms = catalogue.editions()
        own = {(form.id, spec.id): Comparison(spec, form.programme.id, form.id)
               for form in forms for spec in form.comparisons}  # fmt: skip
        shared = {
            (form.programme.id, spec.id): Comparison(spec, form.programme.id)
            for form in forms
            for spec in form.programme.comparisons
        }
        self._all: tuple[Comparison, ...] = (*own.values(), *shared.values())
        self._plans = {form: tuple(self._plan(form)) for form in forms}

    def _plan(self, form: Form) -> Iterator[_Plan]:
        """The comparisons that a form takes part in, with the pointers that it has."""
        for number, comparison in enumerate(self._all):
            wanted = tuple(
                tuple(pointer for pointer in alternatives if pointer in form.fields)
                for alternatives in (*comparison.spec.keys, *comparison.spec.differs)
            )
            if comparison.holds_for(form) and all(wanted):
                yield number, comparison, wanted

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
        own = {comparison.id for comparison in form.comparisons}
        skipped = [skip for skip in report.skipped if skip.rule not in own]
        entries: list[list[Entry]] = [[] for _ in secrets]
        broken = [f.pointer for f in report.findings if f.rule.startswith(("schema.", "text."))]
        for number, comparison, wanted in self._plans[form]:
            values = _values(form, data, wanted, broken)
            if isinstance(values, str):
                skipped.append(Skipped(comparison.id, values))
                continue
            for found, secret in zip(entries, secrets, strict=True):
                found.append(_entry(number, comparison, values, secret))
        return replace(report, skipped=tuple(skipped)), entries


def _values(
    form: Form, data: object, wanted: Iterable[Alternatives], broken: Iterable[str]
) -> list[tuple[str, str]] | str:
    """(pointer, comparable text) for each wanted value; the reason when one cannot be had."""
    found = []
    for known in wanted:
        for pointer in known:
            if any(pointers.within(pointer, place) for place in broken):
                value = pointers.get(data, pointer)
                verb = "没有填写" if value is pointers.MISSING else "有误，改正后再检查"
                return f"“{form.label(pointer)}”{verb}。"
        given = [(p, v) for p in known if isinstance(v := pointers.get(data, p), str) and v]
        if not given:
            return f"“{form.label(known[0])}”没有填写。"
        found.append((given[0][0], _comparable(given[0][1])))
    return found


def _comparable(text: str) -> str:
    """Full-width narrowed, letters raised, blanks and hyphens dropped: the same however typed."""
    return "".join(identity_code(text).replace("-", "").split())


def _entry(
    number: int, comparison: Comparison, values: list[tuple[str, str]], secret: bytes
) -> Entry:
    count = len(comparison.spec.keys)
    scope = f"{comparison.id}\0{comparison.form}\0"
    key = _digest(secret, scope + "\0".join(text for _, text in values[:count]))
    differs = tuple(_digest(secret, text)[:16] for _, text in values[count:])
    return Entry(number, values[0][0], key, differs)


def _digest(secret: bytes, text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), key=secret, digest_size=16).hexdigest()


class Meetings:
    """The second pass: entries in a database that spills to disk, so memory stays flat."""

    def __init__(self, catalogue: Catalogue, comparisons: Comparisons) -> None:
        self._catalogue = catalogue
        self._comparisons = comparisons
        # An empty name is a private file that vanishes with the connection.
        self._database = sqlite3.connect("", check_same_thread=False)
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            "CREATE TABLE entry(run INTEGER, comparison INTEGER, key TEXT, item INTEGER,"
            " differs TEXT, pointer TEXT, form TEXT, source TEXT);"
            "CREATE TABLE finding(item INTEGER, number INTEGER, finding TEXT);"
        )

    def close(self) -> None:
        self._database.close()

    def add(self, item: int, form: str, source: str, runs: Sequence[Sequence[Entry]]) -> None:
        """One submission's entries: under this run's secret first, then under earlier runs'."""
        self._database.executemany(
            "INSERT INTO entry VALUES(?,?,?,?,?,?,?,?)",
            [
                (run, e.comparison, e.key, item, ",".join(e.differs), e.pointer, form, source)
                for run, entries in enumerate(runs)
                for e in entries
            ],
        )

    def add_earlier(self, run: int, rows: Iterable[Mapping[str, Any]]) -> None:
        """The entries of an earlier run's keys file; `run` counts from 1, as in `add`."""
        places = {(c.id, c.form): number for number, c in enumerate(self._comparisons)}
        self._database.executemany(
            "INSERT INTO entry VALUES(?,?,?,NULL,?,'','',?)",
            (
                (run, places[row["rule"], row["form"]], row["key"], row["differs"], row["source"])
                for row in rows
                if (row["rule"], row["form"]) in places
            ),
        )

    def rows(self) -> Iterator[dict[str, str]]:
        """This run's entries as a keys file holds them, in the order of the input."""
        query = "SELECT comparison, key, differs, source FROM entry WHERE run=0 ORDER BY rowid"
        for comparison, key, differs, source in self._database.execute(query):
            rule: Comparison = self._comparisons[comparison]
            yield {"rule": rule.id, "form": rule.form, "key": key, "differs": differs,
                   "source": source}  # fmt: skip

    def findings(self) -> Iterator[tuple[int, list[Finding]]]:
        """(item, its findings), by item: those that met another submission."""
        self._meet()
        query = "SELECT item, finding FROM finding ORDER BY item, number, rowid"
        for item, rows in groupby(self._database.execute(query), key=lambda row: row[0]):
            yield int(item), [Finding.from_dict(json.loads(text)) for _, text in rows]

    def _meet(self) -> None:
        self._database.execute("DELETE FROM finding")
        self._database.execute("CREATE INDEX IF NOT EXISTS met ON entry(run, comparison, key)")
        query = (
            "SELECT comparison, item, differs, pointer, form, source, run, key FROM entry "
            "WHERE (run, comparison, key) IN (SELECT run, comparison, key FROM entry "
            "GROUP BY run, comparison, key HAVING count(*) > 1) "
            "ORDER BY run, comparison, key, item, rowid"
        )
        rows = self._database.execute(query)
        for (comparison, *_), group in groupby(rows, key=lambda row: (row[0], *row[-2:])):
            members = [_Member(*row[1:-1]) for row in group]
            self._database.executemany(
                "INSERT INTO finding VALUES(?,?,?)",
                (
                    (member.item, comparison, json.dumps(found.to_dict(), ensure_ascii=False))
                    for member, found in self._group(self._comparisons[comparison], members)
                ),
            )

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
        named = "、".join(other.source for other in others[:_NAMED])
        named = f"往期的{named}" if member.run else named
        named += f" 等 {count} 份" if count > _NAMED else ""
        text = spec.message.format_map({"label": label, "others": named, "count": count})
        if "{others}" not in spec.message:
            text += f"（另见{named}）"
        return Finding(spec.id, spec.severity, member.pointer, label, text, citation=spec.citation)


@dataclass(frozen=True, slots=True, eq=False)
class _Member:
    item: int | None
    differs: str
    pointer: str
    form: str
    source: str
    run: int


def _apart(mine: str, theirs: str) -> bool:
    """Whether two submissions differ in everything that they must differ in."""
    pairs = zip(mine.split(","), theirs.split(","), strict=False)
    return not mine or all(a != b for a, b in pairs)
