"""Many people at one store at the same time: what it answers, how soon, and whether all is kept.

    python -m benchmarks.crowd [--people 50] [--seconds 60] [--pause 2] [--sqlite]

It serves this checkout with two workers over a real PostgreSQL (or SQLite), and lets people with
tokens of the interface draft, save, hand in, list, read, pass on and return, now and then two with
the same ETag at once. Every acknowledged change is written down by who made it. At the end they are
held against the store: each was based on the one before (nothing is lost), the last one is how the
filing stands, contents and events are those that were acknowledged, and the audit finds nothing.
Server, people and database share the processors of one machine.
"""

import argparse
import http.client
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmarks.generate import batch
from benchmarks.ledger import Change, Ledger, report
from benchmarks.serving import served
from formsvc.config import Settings
from formsvc.store import contents, database, offices, tokens
from formsvc.store import people as people_of
from formsvc.store.access import Role, Scope
from formsvc.store.audit import Audit
from formsvc.store.models import Event, Filing, Office
from formsvc.store.store import Store
from tests.store import postgres

_ROOT = Path(__file__).parent.parent
_FORM = "jiangxi-training-summary"
_SUBMISSIONS = "/api/v1/submissions"
_OFFICES = (("province", "省厅", ""), ("finance", "财政厅", ""), ("department", "教育厅", "省厅"),
            *(("unit", f"第{n}大学", "教育厅") for n in range(4)))  # fmt: skip
# Three of five hand in; the others handle what waits, more of them where more passes through.
_SEATS = ("第0大学", "教育厅", "第1大学", "第2大学", "第3大学", "省厅", "财政厅", "财政厅")
_KINDS = {"hand-in": "handed-in", "pass-on": "passed-on", "return": "returned",
          "withdraw": "withdrawn", "begin": "draft-begun"}  # fmt: skip
_RACES = 0.2  # of the savings are sent twice at the same moment
_AGAIN = 0.1  # of the handings in are sent again, with the same key


class Client:
    """One person's connection, kept alive."""

    def __init__(self, address: str, token: str, ledger: Ledger) -> None:
        self._host, self._token, self.ledger = address.removeprefix("http://"), token, ledger
        self._connection = http.client.HTTPConnection(self._host, timeout=60)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def twin(self) -> "Client":
        """The same person in another window."""
        return Client(f"http://{self._host}", self._token, self.ledger)

    def ask(
        self, verb: str, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, Any, int]:
        """(status, answer, revision) of one request; the status is 0 when the connection broke."""
        sent = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        raw = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        began = time.perf_counter()
        try:
            self._connection.request(method, path, raw, sent)
            answer = self._connection.getresponse()
            status, text = answer.status, answer.read()
            tag = (answer.headers.get("ETag") or "").strip('"')
        except (OSError, http.client.HTTPException):
            self._connection.close()
            status, text, tag = 0, b"null", ""
        with self.ledger.lock:
            self.ledger.statuses[verb, status] += 1
            if 200 <= status < 300:
                self.ledger.seconds[verb].append(time.perf_counter() - began)
        return status, json.loads(text or b"null"), int(tag or 0)

    def change(
        self, verb: str, told: dict[str, Any], path: str = "", body: Any = None, *,
        method: str = "POST", mark: str = "", **headers: str,
    ) -> tuple[int, dict[str, Any]]:  # fmt: skip
        """(status, how it stands now) of a change to what `told` says; it is written down."""
        id, based = told["id"], told["revision"]
        place = f"{_SUBMISSIONS}/{id}{path}"
        status, now, revision = self.ask(
            verb, method, place, body, If_Match=f'"{based}"', **headers
        )
        with self.ledger.lock:
            self.ledger.attempts[id] += verb == "hand-in"
            if not status or status >= 500:
                self.ledger.unsure.add(id)
            elif status == 200:
                self.ledger.changes.append(Change(verb, id, based, revision, now, mark))
        return (status, now) if status == 200 else (status, told)

    def begin(self, body: Any, mark: str) -> dict[str, Any] | None:
        """A new draft."""
        status, told, revision = self.ask("begin", "POST", _SUBMISSIONS, body)
        with self.ledger.lock:
            if status != 201:
                self.ledger.unsure |= {0} if not status or status >= 500 else set()
                return None
            self.ledger.changes.append(Change("begin", told["id"], 0, revision, told, mark))
        return told


@dataclass
class Player:
    """One person, until the time is up."""

    client: Client
    unit: int  # that they hand in through; 0 for who handles
    is_over: Callable[[], bool]
    pause: float
    chance: random.Random

    def goes_on(self) -> bool:
        """After a moment of thought."""
        time.sleep(self.chance.random() * 2 * self.pause)
        return not self.is_over()

    def apply(self, data: Iterator[dict[str, Any]], lock: threading.Lock) -> None:
        """Draft, save, hand in, look; mend what came back."""
        mine: list[int] = []
        while self.goes_on():
            if mine and self.chance.random() < 0.4:
                self._look_after(self.chance.choice(mine))
                continue
            with lock:
                given = next(data)
            mark = self._marked(given)
            told = self.client.begin({"unit": self.unit, "submission": given}, mark)
            if told is None:
                continue
            mine = [*mine[-9:], told["id"]]
            for _ in range(self.chance.randint(1, 3)):
                if not self.goes_on():
                    return
                told = self._save(told, given)
            if self.goes_on():
                self._hand_in(told)

    def _marked(self, data: dict[str, Any]) -> str:
        mark = f"{self.chance.getrandbits(60):015x}"
        data["training"]["outcome"] = f"改好了，{mark}。"
        return mark

    def _save(self, told: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        mark = self._marked(data)
        if self.chance.random() > _RACES:
            return self.client.change("save", told, body=data, method="PUT", mark=mark)[1]
        other, answers = json.loads(json.dumps(data)), []
        marks = (mark, self._marked(other))
        windows = (self.client, self.client.twin())
        threads = [
            threading.Thread(target=lambda w=w, d=d, m=m: answers.append(  # type: ignore[misc]  # no lambda is typed
                w.change("save", told, body=d, method="PUT", mark=m)))
            for w, d, m in zip(windows, (data, other), marks, strict=True)
        ]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        windows[1].close()
        return next((now for status, now in answers if status == 200), told)

    def _hand_in(self, told: dict[str, Any]) -> None:
        key = f"{self.chance.getrandbits(60):015x}"
        status, now = self.client.change("hand-in", told, "/hand-in", Idempotency_Key=key)
        is_unsure = not status or status >= 500
        if not is_unsure and (status != 200 or self.chance.random() > _AGAIN):
            return
        path, tag = f"{_SUBMISSIONS}/{told['id']}/hand-in", f'"{told["revision"]}"'
        status, again, _ = self.client.ask(
            "hand-in again", "POST", path, None, If_Match=tag, Idempotency_Key=key
        )
        if status == 200:
            assert again["id"] == now["id"], "another answer to the same key"
            with self.client.ledger.lock:
                self.client.ledger.handed.append((again["id"], told["version"] + 1))

    def _look_after(self, id: int) -> None:
        self.client.ask("list", "GET", f"{_SUBMISSIONS}?which=mine")
        status, told, _ = self.client.ask("show", "GET", f"{_SUBMISSIONS}/{id}")
        if status != 200 or not self.goes_on():
            return
        if told["state"] == "open" and self.chance.random() < 0.2:
            status, told = self.client.change("withdraw", told, "/withdraw")
        if told["state"] in ("returned", "withdrawn"):
            _, data, _ = self.client.ask("read", "GET", f"{_SUBMISSIONS}/{id}/submission")
            if data and "training" in data:
                self._hand_in(self._save(told, data))

    def handle(self) -> None:
        """List what waits, read, pass on, now and then return."""
        while self.goes_on():
            _, page, _ = self.client.ask("list", "GET", f"{_SUBMISSIONS}?which=waiting&limit=20")
            waiting = (page or {}).get("items") or []
            if not waiting:
                continue
            id = self.chance.choice(waiting[:4])["id"]  # as others of the office do
            status, told, _ = self.client.ask("show", "GET", f"{_SUBMISSIONS}/{id}")
            if status != 200 or not told["versions"]:
                continue
            if self.chance.random() < 0.5:
                self.client.ask("read", "GET", f"{_SUBMISSIONS}/{id}/submission")
            if not self.goes_on():
                return
            verb = "return" if self.chance.random() < 0.15 else "pass-on"
            body = {"digest": told["versions"][-1]["digest"], "words": "请核对"}
            self.client.change(verb, told, f"/{verb}", body)


# the town


@dataclass(frozen=True)
class Town:
    """Tokens of who hands in (with their unit), and of who handles."""

    applicants: list[tuple[str, int]]
    clerks: list[str]


def settle(store: Store, people: int) -> Town:
    """Offices, people and their tokens in an empty store."""
    programme = store.forms[0][_FORM].programme
    made: dict[str, int] = {}
    with store.writing() as work:
        for kind, name, above in _OFFICES:
            parent = work.session.get(Office, made[above]) if above else None
            made[name] = offices.add(work, programme, kind, name, parent).id
    units = [name for kind, name, _ in _OFFICES if kind == "unit"]
    handing = max(people * 3 // 5, 1)
    town = Town([], [])
    for number in range(people):
        applies = number < handing
        name = units[number % 4] if applies else _SEATS[(number - handing) % len(_SEATS)]
        with store.writing() as work:
            role = Role.APPLICANT if applies else Role.CLERK
            place = (made[name], role)
            person = people_of.enter(work, f"p{number}@example.cn", f"人{number}", [place])
            actor = store.actor(work.session, person.id)
        assert actor is not None
        with store.writing(actor) as work:
            token = tokens.make(work, "crowd", list(Scope), 1)
        if applies:
            town.applicants.append((token, made[name]))
        else:
            town.clerks.append(token)
    return town


def play(
    address: str, town: Town, ledger: Ledger, is_over: Callable[[], bool], pause: float,
    seed: int = 1,
) -> None:  # fmt: skip
    """Everybody at once, until it is over; what they were answered goes into the ledger."""
    data, lock = batch(1_000_000, faulty=0, form=_FORM), threading.Lock()

    def player(token: str, unit: int, number: int) -> Player:
        client = Client(address, token, ledger)
        return Player(client, unit, is_over, pause, random.Random(seed * 1000 + number))

    failed: list[str] = []

    def guarded(who: Player) -> None:
        try:
            if who.unit:
                who.apply(data, lock)
            else:
                who.handle()
        except Exception as fault:  # a person who stops unseen would make the rest look well
            failed.append(f"{type(fault).__name__}: {fault}")
        finally:
            who.client.close()

    people = [*town.applicants, *((token, 0) for token in town.clerks)]
    threads = [
        threading.Thread(target=guarded, args=(player(token, unit, number),))
        for number, (token, unit) in enumerate(people)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed[:3]


# what is kept


def losses(store: Store, ledger: Ledger) -> list[str]:
    """What was acknowledged and is not there, or there twice; and what the audit finds."""
    found: list[str] = []
    by_filing: dict[int, list[Change]] = defaultdict(list)
    for change in ledger.changes:
        by_filing[change.filing].append(change)
    with store.reading() as work:
        told = Counter(
            tuple(row) for row in work.session.execute(select(Event.filing_id, Event.kind))
        )
        known = set(work.session.scalars(select(Filing.id)))
        if 0 not in ledger.unsure:
            found += [f"{id}: nobody was told of it" for id in known - set(by_filing)]
        for id, changes in by_filing.items():
            filing = work.session.get(Filing, id)
            if filing is None:
                found.append(f"{id}: is not there")
                continue
            changes.sort(key=lambda each: each.revision)
            found += _filing_losses(store, filing, changes, told, id in ledger.unsure)
            versions = len(filing.versions)
            if not versions == told[id, "handed-in"] <= ledger.attempts[id]:
                found.append(f"{id}: has {versions} versions, more or fewer than were handed in")
            if any(of == id and number > versions for of, number in ledger.handed):
                found.append(f"{id}: lacks a version that was acknowledged")
    with database.snapshot(store.engine) as session:
        audit = Audit(session, store.keys, store.files, store.data)
        found += [flaw.said for flaw in audit.faults()]
        print(f"audit: {audit.events:,} events, {audit.filings:,} filings, "
              f"{audit.versions:,} versions, {audit.opinions:,} opinions")  # fmt: skip
    return found


def _filing_losses(
    store: Store, filing: Filing, changes: list[Change], told: Counter[tuple[int, str]],
    is_unsure: bool,
) -> Iterator[str]:  # fmt: skip
    """What is wrong with one filing. Where a change was not answered, more may have been done."""
    last = changes[-1]
    for before, after in pairwise(changes):
        gap = after.based - before.revision
        if gap < 0 or (gap and not is_unsure):
            yield f"{filing.id}: {after.verb} at {after.revision} was not based on {before.verb}"
    stands = (filing.revision, filing.state, filing.version, filing.stage)
    said = (last.revision, *(last.told[name] for name in ("state", "version", "stage")))
    if stands != said and not (is_unsure and stands[0] > said[0]):
        yield f"{filing.id}: stands at {stands}, and {said} was acknowledged"
    counts = Counter(change.verb for change in changes)
    for verb, kind in _KINDS.items():
        more = told[filing.id, kind] - counts[verb]
        if more < 0 or (more and not is_unsure):
            yield f"{filing.id}: {counts[verb]} × {verb} acknowledged, {told[filing.id, kind]} told"
    mark, frozen = "", []
    for change in changes:
        mark = change.mark or mark
        frozen += [mark] if change.verb == "hand-in" else []
    kept = [contents.data(store.keys, version) for version in filing.versions]
    if is_unsure:  # a saving that was not answered may have come between
        return
    if [_mark_of(data) for data in kept] != frozen:
        yield f"{filing.id}: a version holds another content than was saved before it"
    if filing.sealed is not None and _mark_of(contents.draft(store.keys, filing)) != mark:
        yield f"{filing.id}: the draft is not the one saved last"


def _mark_of(data: Any) -> str:
    return str(data["training"]["outcome"][len("改好了，") : -1])


# measuring


@contextmanager
def _database(sqlite: bool) -> Iterator[str]:
    if sqlite:
        yield ""
        return
    with postgres.server() as cluster:
        yield postgres.database(cluster)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pause", type=float, default=2, help="seconds of thought, on average")
    parser.add_argument("--sqlite", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _database(given.sqlite) as address:
        store = Store.open(Settings(data=Path(folder) / "data", database=address))
        town = settle(store, given.people)
        environment = {"FORMSVC_DATA": f"{store.data}", "FORMSVC_DATABASE": address,
                       "FORMSVC_WORKERS": "2"}  # fmt: skip
        with served(_ROOT, **environment) as server:
            until, ledger = time.monotonic() + given.seconds, Ledger()
            play(server.address, town, ledger, lambda: time.monotonic() > until, given.pause)
        found = losses(store, ledger)
        store.close()
    report(ledger, given, found)
    sys.exit(bool(found or ledger.faults))


if __name__ == "__main__":
    main()
