"""Whoever gets the disk, the logs or a backup of a service reads no ID or account number there.

A served process works on a submission with numbers that stand nowhere else, also written where they
do not belong; then all that it left behind is searched for them.
"""

import io
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from sqlalchemy import create_engine, text

from formsvc.store import tokens
from formsvc.store.access import Scope
from formsvc.web import create_app

from ..conftest import ROOT
from ..serving import served
from .signing import PASSWORD, with_password
from .test_goods_http import picture
from .world import SUMMARY, submission

ACCOUNT = "6222998877665544337"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
UNIT = "江西某大学"


@pytest.fixture
def clock():
    """The service beside has its own: all go by the same."""
    return lambda: datetime.now(UTC)


def numbered(data: dict) -> str:
    """Put an ID number of nobody's and an account into a submission; the ID number."""
    person = data["person"]
    born = person["birth_date"].replace("-", "")
    digits = f"330781{born}98{person['gender'] == '男':d}"
    digits += "10X98765432"[sum(w * int(d) for w, d in zip(WEIGHTS, digits, strict=True)) % 11]
    person["id_number"] = digits
    data["account"] = {**data.get("account", {}), "holder": data["unit"]["name"],
                       "bank": "中国工商银行南昌支行", "number": ACCOUNT}  # fmt: skip
    return digits


class Program:
    """A program with somebody's token."""

    def __init__(self, address: str, token: str) -> None:
        self.address, self.session = f"{address}/api/v1", requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method: str, path: str, code: int, **given):
        answer = self.session.request(method, f"{self.address}/{path}", timeout=60, **given)
        assert answer.status_code == code, (path, answer.status_code, answer.text)
        return answer

    def verb(self, told: dict, verb: str, **body) -> dict:
        headers = {"If-Match": f'"{told["revision"]}"'}
        path = f"submissions/{told['id']}"
        return self("POST", f"{path}/{verb}", 200, headers=headers, json=body or None).json()

    def job(self, path: str, **given) -> dict:
        """A job, once it is over."""
        told = self("POST", path, 202, **given).json()
        deadline = time.monotonic() + 120
        while told["state"] in ("waiting", "running"):
            assert time.monotonic() < deadline, told
            time.sleep(0.2)
            told = self("GET", f"jobs/{told['id']}", 200).json()
        assert told["state"] == "done", told
        for name in told["files"]:
            self("GET", f"jobs/{told['id']}/files/{name}", 200)
        return told


class Person:
    """Somebody's browser."""

    def __init__(self, address: str) -> None:
        self.address, self.session = address, requests.Session()

    def get(self, path: str) -> str:
        return self.session.get(f"{self.address}{path}", timeout=60).text

    def post(self, path: str, of: str, files=None, **fields) -> str:
        token = re.search(r'name="token" value="([^"]+)"', self.get(of))[1]
        sent = {"token": token, **fields}
        return self.session.post(f"{self.address}{path}", data=sent, files=files, timeout=60).text


def worked(address: str, world, people: dict[str, str], email: str) -> list[str]:
    """Everything that people do with a submission; its numbers."""
    data = submission()
    id_number = numbered(data)
    numbers = [id_number, ACCOUNT]
    both = " ".join(numbers)
    owner, unit = (Program(address, people[name]) for name in ("申报人", "单位"))
    body = {"unit": world.offices[UNIT], "submission": data}
    told = owner("POST", "submissions", 201, json=body).json()
    one = f"submissions/{told['id']}"
    proof = {"name": f"{id_number}.png"}
    owner("POST", f"{one}/materials", 201, params=proof, data=picture())
    told = owner.verb(told, "hand-in")
    opinion = {"digest": told["versions"][-1]["digest"], "words": f"核对 {both}"}
    told = unit.verb(told, "return", **opinion)
    headers = {"If-Match": f'"{told["revision"]}"'}
    data["training"]["outcome"] += f"\n账号 {ACCOUNT}，证件 {id_number}。"
    told = owner("PUT", one, 200, headers=headers, json=data).json()
    told = owner.verb(told, "hand-in")
    for path in ("submission", "report", "versions", "versions/2/difference?with=1", "receipt.pdf",
                 "documents?format=pdf&copies=2", "materials/1"):  # fmt: skip
        answer = unit("GET", f"{one}/{path}", 200)
        assert path != "submission" or id_number in answer.text
    for number in numbers:
        query = {"which": "visible", "q": number}
        assert unit("GET", "submissions", 200, params=query).json()["items"]
        unit("GET", f"{one}/{number}", 404, params={number: number})
        unit("GET", f"jobs/{number}", 404)
        unit("POST", f"forms/{number}/check", 404, json={number: number})
    products = ["report", "letters", "documents"]
    unit.job("jobs", json={"kind": "review", "filings": [told["id"]], "products": products})
    unit.job("jobs", json={"kind": "list", "where": "seen", "q": id_number})
    line = (f"{both}.jsonl", json.dumps(data, ensure_ascii=False).encode())
    owner.job("jobs/import", files={"files": line})
    opened(Program(address, "fs_none"), data, numbers)
    browsed(Person(address), told["id"], email, data, numbers)
    proof["kind"] = "scan"
    unit("POST", f"{one}/materials", 201, params=proof, data=picture())
    return numbers


def opened(nobody: Program, data: dict, numbers: list[str]) -> None:
    """The same on the desks that remember nothing, with faults too."""
    nobody.session.headers.clear()
    nobody("POST", f"forms/{SUMMARY}/check", 200, json=data)
    nobody("POST", f"forms/{SUMMARY}/check", 400, data=f'{{"{numbers[0]}": ')
    wrong = {**data, numbers[0]: numbers[1], "person": {"id_number": [numbers[0]]}}
    nobody("POST", f"forms/{SUMMARY}/check", 200, json=wrong)
    filled = nobody("POST", f"forms/{SUMMARY}/documents?format=docx", 200, json=data).content
    nobody("POST", "read", 200, data=filled)
    nobody("POST", "read", 422, data=filled, params={"name": numbers[0]})
    printed = nobody("POST", f"forms/{SUMMARY}/documents?format=pdf", 200, json=data).content
    nobody("POST", "verify", 200, data=printed)


def browsed(clerk: Person, id: int, email: str, data: dict, numbers: list[str]) -> None:
    """A clerk at the pages."""
    both = " ".join(numbers)
    clerk.post("/account/login", "/account/login", email=numbers[0], password=both)
    clerk.post("/account/login", "/account/login", email=email, password=PASSWORD)
    shown = clerk.get(f"/filings/{id}")
    assert numbers[0] in shown
    assert numbers[1] in shown
    for number in numbers:
        found = clerk.post("/filings/all/find", "/filings/all", q=number)
        assert f"/filings/{id}" in found
        clerk.get(f"/filings/{number}?{number}={number}")
        clerk.get(f"/{number}?find={number}")
        clerk.post("/todo/find", "/todo", q=number)
    clerk.post("/todo", "/todo", do="return", words=both, until=both)
    clerk.post(f"/filings/{id}/pass", f"/filings/{id}", words=both, revision=both, digest=both)
    clerk.post("/account/tokens", "/account/tokens", title="对接", days=both)
    proof = {"file": (f"{both}.png", picture())}
    clerk.post(f"/filings/{id}/materials", f"/filings/{id}", files=proof, kind="proof")
    upload = {"files": (f"{both}.jsonl", json.dumps(data, ensure_ascii=False).encode())}
    for desk in ("/unit", "/review"):
        assert numbers[0] in clerk.post(desk, desk, files=upload)


def left(*folders: Path) -> dict[str, bytes]:
    """All bytes that lie in folders, by where; those in archives too."""
    found = {}
    for folder in folders:
        for path in (each for each in folder.rglob("*") if each.is_file()):
            raw = found[str(path)] = path.read_bytes()
            if zipfile.is_zipfile(io.BytesIO(raw)):
                with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                    found |= {f"{path}/{name}": archive.read(name) for name in archive.namelist()}
    return found


def holding(numbers: list[str], bytes_: dict[str, bytes]) -> list[tuple[str, str]]:
    """(where, number) of what can be read there."""
    return [
        (where, number)
        for where, raw in bytes_.items()
        for number in numbers
        if any(number.encode(code) in raw for code in ("utf-8", "utf-16-le", "utf-16-be"))
    ]


def cluster_of(settings) -> list[Path]:
    """The folder of the database's files, all written out; none for SQLite, whose file is there."""
    if not settings.database:
        return []
    address = settings.database.replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CHECKPOINT"))
    engine.dispose()
    return [Path(settings.database.partition("host=")[2])]


def test_no_id_or_account_number_is_read_in_what_a_service_leaves_behind(world, settings, tmp_path):
    temporary, backup, log = tmp_path / "tmp", tmp_path / "backup.zip", tmp_path / "log"
    for folder in (temporary, log):
        folder.mkdir()
    environment = {"FORMSVC_DATA": f"{settings.data}", "FORMSVC_DATABASE": settings.database,
                   "FORMSVC_ACCESS_LOG": "on", "FORMSVC_RATE": "1000000",
                   "TMPDIR": f"{temporary}"}  # fmt: skip
    app = create_app(settings)
    email = with_password(app, world.store, world.people["单位"])
    app.extensions["formsvc-store"].close()
    people = {}
    for name in ("申报人", "单位"):
        with world.store.writing(world.actor(name)) as work:
            people[name] = tokens.make(work, "对接", set(Scope), 1)
    with served(log, **environment) as server:
        numbers = worked(server.address, world, people, email)
        command = [sys.executable, "-m", "formsvc", "admin", "backup", f"{backup}"]
        said = subprocess.run(command, cwd=ROOT, env=os.environ | environment, check=True,
                              capture_output=True)  # fmt: skip
        while_it_runs = left(settings.data, temporary, log)
        assert holding(numbers, while_it_runs) == []
    after = left(settings.data, temporary, log, *cluster_of(settings))
    after |= {"backup": backup.read_bytes(), "said": said.stdout + said.stderr}
    with zipfile.ZipFile(backup) as archive:
        after |= {f"backup/{name}": archive.read(name) for name in archive.namelist()}
    assert holding(numbers, after) == []
    assert b'"status": 200' in after[f"{log}/server.log"]
    assert b"Traceback" not in after[f"{log}/server.log"]
    # It is searched where something is found: names are read in the database.
    name = submission()["person"]["name"].encode()
    assert any(name in raw for raw in after.values())
