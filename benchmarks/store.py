"""Lists of a store of 100,000 filings: how long each page takes, on SQLite or PostgreSQL.

    python -m benchmarks.store [--database postgresql://…] [--filings 100000]

Without a database it fills a SQLite one in a new folder, which it leaves empty behind it.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, text

from formsvc.config import Settings
from formsvc.store.access import Role
from formsvc.store.columns import iso
from formsvc.store.models import Filing, Lookup, Office, Passage, Person, Version
from formsvc.store.people import enter
from formsvc.store.store import Store
from formsvc.web import create_app

_UNITS = 400
_DEPARTMENTS = 20
_ROUNDS = 15
_BATCH = 5_000
_STATES = ("open", "open", "open", "concluded", "concluded", "returned", "refused")
_FORMS = ("jiangxi-training-summary", "jiangxi-project-funding", "jiangxi-annual-outcome")
_NOW = datetime(2026, 11, 1, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", default="")
    parser.add_argument("--filings", type=int, default=100_000)
    parser.add_argument("--data", type=Path, help="a folder to keep, and to measure again")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=given.data or Path(folder), database=given.database)
        app = create_app(settings)
        store: Store = app.extensions["formsvc-store"]
        began = time.perf_counter()
        people = _people(store) or _fill(store, given.filings)
        print(f"{given.filings:,} filings in {time.perf_counter() - began:.0f} s")
        _measure(app, store, people)
        store.engine.dispose()


def _people(store: Store) -> dict[str, int]:
    """Those of an earlier measuring."""
    with store.reading() as work:
        return {each.name: each.id for each in work.session.scalars(select(Person))}


def _fill(store: Store, count: int) -> dict[str, int]:
    people = {}
    with store.writing() as work:
        offices = list(_offices())
        work.session.execute(insert(Office), offices)
        for name, office in (("applicant", 100), ("unit", 100), ("department", 3),
                             ("province", 1), ("finance", 2), ("others", 399)):  # fmt: skip
            role = Role.APPLICANT if name == "applicant" else Role.CLERK
            person = enter(work, f"{name}@example.cn", name, [(office, role)])
            people[name] = person.id
        for first in range(0, count, _BATCH):
            numbers = range(first, min(first + _BATCH, count))
            rows = [_filing(number, people["applicant"], people["others"]) for number in numbers]
            work.session.execute(insert(Filing), rows)
            work.session.execute(insert(Version), [_version(row) for row in rows])
            work.session.execute(insert(Passage), [_passage(row) for row in rows])
            work.session.execute(insert(Lookup), [_lookup(store, row) for row in rows])
    with store.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    return people


def _offices() -> Iterator[dict[str, Any]]:
    def office(id: int, kind: str, name: str, parent: int | None, path: str) -> dict[str, Any]:
        return {"id": id, "programme": "jiangxi", "kind": kind, "name": name, "code": "",
                "parent_id": parent, "path": path, "closed": False}  # fmt: skip

    yield office(1, "province", "省厅", None, "/1/")
    yield office(2, "finance", "省财政厅", None, "/2/")
    for number in range(_DEPARTMENTS):
        id = 3 + number
        yield office(id, "department", f"第{number}厅", 1, f"/1/{id}/")
    for number in range(_UNITS):
        id, above = 100 + number, 3 + number % _DEPARTMENTS
        yield office(id, "unit", f"第{number}大学", above, f"/1/{above}/{id}/")


def _filing(number: int, applicant: int, other: int) -> dict[str, Any]:
    unit, state = 100 + number % _UNITS, _STATES[number % len(_STATES)]
    department = 3 + (number % _UNITS) % _DEPARTMENTS
    is_open = state == "open"
    holder = (unit, department, 1, 2)[number // 7 % 4] if is_open else None
    at = _NOW - timedelta(minutes=number * 7 % 500_000)
    due = (at + timedelta(days=60)).date() if number % 3 and is_open else None
    return {
        "id": number + 1, "number": f"2026-{number:06d}-0", "programme": "jiangxi",
        "form": _FORMS[number % 3], "edition": "2026-1",
        "owner_id": applicant if number % 2_000 == 0 else other, "office_id": unit, "state": state,
        "stage": "review" if is_open else "", "holder_id": holder, "version": 1, "revision": 2,
        "person_name": f"{'赵钱孙李周吴郑王'[number % 8]}{number:06d}",
        "unit_name": f"第{unit - 100}大学",
        "title": "申报", "amount": 5_000_000 + number, "errors": 0, "warnings": number % 2,
        "created": at, "changed": at, "handed": at, "came": at if is_open else None, "due": due,
        "closed": None if is_open else at, "erased": None, "sealed": None,
    }  # fmt: skip


def _version(row: dict[str, Any]) -> dict[str, Any]:
    return {"filing_id": row["id"], "number": 1, "edition": "2026-1", "digest": f"{row['id']:064x}",
            "handed": row["handed"], "person_id": row["owner_id"], "sealed": None,
            "sealed_report": None}  # fmt: skip


def _passage(row: dict[str, Any]) -> dict[str, Any]:
    office = row["holder_id"] or (2 if row["state"] == "concluded" else row["office_id"])
    return {"filing_id": row["id"], "version": 1, "stage": "review", "office_id": office,
            "came": row["changed"], "due": None, "left": None, "outcome": "", "person_id": None,
            "digest": "", "sealed": None}  # fmt: skip


def _lookup(store: Store, row: dict[str, Any]) -> dict[str, Any]:
    digest = store.keys.digest("number", _code(row["id"]))
    return {"filing_id": row["id"], "kind": "number", "digest": digest}


def _code(id: int) -> str:
    return f"36010119800101{id:06d}"[:18]


def _measure(app: Any, store: Store, people: dict[str, int]) -> None:
    client = app.test_client()
    for name, pages in _PAGES.items():
        with store.reading() as work:
            who = store.actor(work.session, people[name])
        app.extensions["formsvc-actor"] = lambda who=who: who
        for title, path, query in pages:
            address = _address(client, path, query)
            times, spent = [], time.process_time()
            for _ in range(_ROUNDS):
                began = time.perf_counter()
                answer = client.get(address)
                times.append(time.perf_counter() - began)
                assert answer.status_code == 200, (address, answer.status_code)
            cpu = (time.process_time() - spent) / _ROUNDS
            median, slowest = statistics.median(times), max(times)
            print(f"{name:11} {title:28} {median * 1000:6.0f} ms   slowest "
                  f"{slowest * 1000:6.0f} ms   CPU {cpu * 1000:6.0f} ms", flush=True)  # fmt: skip


def _address(client: Any, path: str, query: str) -> str:
    if query.startswith("after="):
        return f"{path}?{query}"
    if not query:
        return path
    page = client.get(path).text
    token = page.partition('name="token" value="')[2].partition('"')[0]
    answer = client.post(f"{path}/find", data={"q": query, "token": token})
    return str(answer.headers["Location"])


_DEEP = f"after={iso(_NOW - timedelta(days=300))}~1"
_LISTS = [
    ("all", "/filings/all", ""),
    ("all, far down", "/filings/all", _DEEP),
    ("all, one person", "/filings/all", "王000007"),
    ("all, nobody", "/filings/all", "无此人"),
    ("all, a unit", "/filings/all", "第17大学"),
    ("all, ID number", "/filings/all", _code(7_777)),
    ("todo", "/todo", ""),
    ("todo, one person", "/todo", "李000"),
]
_PAGES = {
    "applicant": [("mine", "/filings", "")],
    "unit": _LISTS,
    "department": _LISTS,
    "province": [*_LISTS, ("funds", "/funds", "")],
    "finance": [*_LISTS, ("funds", "/funds", "")],
}


if __name__ == "__main__":
    main()
