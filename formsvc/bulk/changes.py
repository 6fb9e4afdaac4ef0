"""What became of an earlier run's findings: mended, still open, new."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, Final

import jiter

from formsvc.bulk.batch import REPORTS
from formsvc.bulk.index import Ledger
from formsvc.catalogue import Catalogue
from formsvc.storage import Folder

NAME: Final = "changes.jsonl"
NAMES: Final = {"mended": "已改正", "open": "仍有", "new": "新问题", "absent": "未再报送"}
_SEVERITIES: Final = {"error": "错误", "warning": "提醒"}

Change = dict[str, Any]


def write(folder: Folder, earlier: Folder, ledger: Ledger) -> Counter[str]:
    """Write changes.jsonl, a finding a line, and count them by what became of them.

    A submission is the same one when form, employer and person agree (several of these: in their
    order); without a person, when the source does. A finding is the same when rule and place are.
    "absent" is a submission that had findings and was not sent again.
    """
    counts: Counter[str] = Counter()
    with folder.create(NAME) as stream, closing(_Earlier(earlier)) as before:
        for change in _changes(before, ledger.lines()):
            counts[change["change"]] += 1
            stream.write(json.dumps(change, ensure_ascii=False).encode() + b"\n")
    return counts


def rows(folder: Folder, catalogue: Catalogue) -> Iterator[tuple[object, ...]]:
    """changes.jsonl as rows for people."""
    with folder.open(NAME) as stream:
        for line in stream:
            change = jiter.from_json(line)
            found = change["finding"] or {}
            form = catalogue.get(change["form"])
            yield (
                NAMES[change["change"]], change["unit"], change["person"],
                form.title if form else "", _SEVERITIES.get(found.get("severity", "")),
                found.get("label"), found.get("message"), found.get("rule"), change["source"],
            )  # fmt: skip


def spoken(counts: Counter[str]) -> str:
    """The counts as a sentence."""
    parts = [
        f"{NAMES[kind]} {counts[kind]:,} {'份' if kind == 'absent' else '处'}" for kind in NAMES
    ]
    return f"与以往相比：{'，'.join(parts)}。"


def _changes(before: "_Earlier", lines: Iterable[dict[str, Any]]) -> Iterator[Change]:
    seen: Counter[str] = Counter()
    for line in lines:
        key = _identity(line)
        seen[key] += 1
        old = before.take(key, seen[key])
        was = Counter(map(_place, old))
        for finding in line["report"]["findings"]:
            place = _place(finding)
            yield _change("open" if was[place] > 0 else "new", line, finding)
            was[place] -= 1
        for finding in reversed(old):
            if was[_place(finding)] > 0:
                was[_place(finding)] -= 1
                yield _change("mended", line, finding)
    for line in before.rest():
        yield _change("absent", line, None)


def _change(change: str, line: dict[str, Any], finding: dict[str, Any] | None) -> Change:
    return {
        "change": change,
        "unit": line["unit"],
        "person": line["person"],
        "form": line["report"]["form"],
        "source": line["source"],
        "finding": finding,
    }


def _identity(line: dict[str, Any]) -> str:
    form, unit, person = line["report"]["form"], line["unit"], line["person"]
    return "\0".join((form, unit, person) if form and person else ("", line["source"]))


def _place(finding: dict[str, Any]) -> tuple[str, str]:
    return finding["rule"], finding["pointer"]


class _Earlier:
    """An earlier run's lines that had findings, by identity, in a database that spills to disk."""

    def __init__(self, folder: Folder) -> None:
        self._database = sqlite3.connect("")
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            "CREATE TABLE line(identity TEXT, nth INTEGER, line TEXT, taken INTEGER DEFAULT 0);"
        )
        seen: Counter[str] = Counter()
        with folder.open(REPORTS) as stream:
            for raw in stream:
                line = jiter.from_json(raw)
                key = _identity(line)
                seen[key] += 1
                self._database.execute(
                    "INSERT INTO line(identity, nth, line) VALUES(?,?,?)",
                    (key, seen[key], raw.decode()),
                )
        self._database.execute("CREATE INDEX identity ON line(identity, nth)")

    def take(self, identity: str, nth: int) -> list[dict[str, Any]]:
        """The findings that this submission had."""
        given = (identity, nth)
        found = self._database.execute(
            "SELECT line FROM line WHERE identity=? AND nth=?", given
        ).fetchone()
        if found is None:
            return []
        self._database.execute("UPDATE line SET taken=1 WHERE identity=? AND nth=?", given)
        findings: list[dict[str, Any]] = jiter.from_json(found[0].encode())["report"]["findings"]
        return findings

    def rest(self) -> Iterator[dict[str, Any]]:
        """The lines with findings that nothing was taken for."""
        for (text,) in self._database.execute("SELECT line FROM line WHERE taken=0 ORDER BY rowid"):
            line = jiter.from_json(text.encode())
            if line["report"]["findings"]:
                yield line

    def close(self) -> None:
        self._database.close()
