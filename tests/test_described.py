"""openapi.json: a true description of what is served, valid, and of use to a program."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from formsvc.config import Settings
from formsvc.store import tokens
from formsvc.store.access import Role, Scope
from formsvc.store.store import Store
from formsvc.web import create_app

from .conftest import ROOT, first_sample
from .serving import served
from .store.world import Clock, jiangxi

SPEC = "/api/v1/openapi.json"
CHECK = "/api/v1/forms/jiangxi-training-summary/check"
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module", params=["open", "store"])
def document(request, app, tmp_path_factory) -> dict:
    """What the service without a store says of itself, and what one with a store says."""
    if request.param == "store":
        app = create_app(Settings(data=tmp_path_factory.mktemp("data")))
    return app.test_client().get(SPEC).json


def operations(document: dict) -> dict[str, dict]:
    return {
        f"{method} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def test_the_description_is_valid(document):
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_reference_leads_somewhere(document):
    for reference in set(re.findall(r"'\$ref': '([^']+)'", str(document))):
        place = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_every_refusal_is_described_as_a_problem(document):
    def content(answer: dict) -> set[str]:
        if "$ref" in answer:
            answer = document["components"]["responses"][answer["$ref"].rsplit("/", 1)[-1]]
        return set(answer["content"])

    for name, operation in operations(document).items():
        refused = {s: a for s, a in operation["responses"].items() if s > "4"}
        assert "default" in refused, name
        assert [s for s, answer in refused.items() if content(answer) != {PROBLEM}] == [], name


def test_all_that_is_said_of_the_interface_is_said_in_chinese(document):
    said = [
        (name, each["description"])
        for name, operation in operations(document).items()
        for each in (*operation["responses"].values(), *operation.get("parameters", ()))
        if "$ref" not in each
    ]
    said += [(name, operation["summary"]) for name, operation in operations(document).items()]
    said += [
        (name, each["description"])
        for name, each in document["components"].get("responses", {}).items()
    ]
    assert [each for each in said if not re.search("[一-鿿]", each[1])] == []


def test_a_submission_is_described_by_the_schema_of_its_form(document, catalogue):

    schemas = document["components"]["schemas"]
    assert set(schemas["Submission"]["discriminator"]["mapping"]) == set(catalogue)
    whole = {**document, "$ref": "#/components/schemas/Submission"}

    validator = jsonschema_rs.Draft202012Validator(whole)
    for form in catalogue:
        sample = first_sample(form)
        assert validator.is_valid(sample), form
        assert not validator.is_valid({**sample, "no such field": 1}), form
    for path in ("check", "documents"):
        body = document["paths"][f"/api/v1/forms/{{form}}/{path}"]["post"]["requestBody"]
        assert body["content"]["application/json"]["schema"] == {
            "$ref": "#/components/schemas/Submission"
        }


def test_a_parameter_that_is_not_known_is_refused_by_its_name(client, summary):
    answer = client.post(f"{CHECK}?onn=2026-03-01", json=summary)
    assert answer.status_code == 422
    assert answer.json["errors"] == {"onn": ["没有这个参数"]}


def test_what_is_wrong_with_a_parameter_is_said_in_chinese(client, summary):
    answer = client.post(f"{CHECK}?on=tomorrow", json=summary)
    assert answer.json["errors"] == {"on": ["应为日期，例如 2026-03-01"]}
    answer = client.post(f"{CHECK[:-5]}documents?copies=0", json=summary)
    assert answer.json["errors"] == {"copies": ["应不小于 1，且不大于 20"]}


def test_nothing_to_verify_is_refused(client):
    answer = client.post("/api/v1/verify")
    assert (answer.status_code, answer.mimetype) == (422, PROBLEM)


def asked(address: str, config: Path, *options: str) -> str:
    """What schemathesis says of the interface that is served; "" when it finds nothing."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"]
    command += [f"{address}{SPEC}", "--no-color", *options]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert "generated" in run.stdout, run.stdout + run.stderr
    return "" if run.returncode == 0 else run.stdout


def test_schemathesis_finds_nothing_in_the_open_interface(tmp_path):
    with served(tmp_path, FORMSVC_RUNS=str(tmp_path / "runs")) as server:
        assert asked(server.address, ROOT / "tests/described.toml") == ""


def somebody(data: Path) -> str:
    """A token of somebody who has a seat in every office of a small store, with some submissions."""
    store = Store.open(Settings(data=data), Clock())
    world = jiangxi(store)
    seats = [(office, role) for office in world.offices for role in (Role.CLERK, Role.APPLICANT)]
    person = world.person("人人", *seats)
    for _ in range(3):
        world.draft(person, "江西某大学")
    world.handed_in(person, "江西某大学")
    store.close()
    store = Store.open(Settings(data=data))  # by the clock of today: a token ends
    with store.writing(replace(person, scopes=frozenset(Scope))) as work:
        made = tokens.make(work, "测试", frozenset(Scope), tokens.LONGEST_DAYS)
    store.close()
    return made


def test_schemathesis_finds_nothing_in_the_interface_of_the_store(tmp_path):
    token = somebody(tmp_path / "data")
    given = {"FORMSVC_RUNS": str(tmp_path / "runs"), "FORMSVC_DATA": str(tmp_path / "data")}
    options = ["--header", f"Authorization: Bearer {token}"]
    options += ["--include-path-regex", "/api/v1/(submissions|jobs|notices|offices)"]
    with served(tmp_path, **given) as server:
        assert asked(server.address, ROOT / "tests/described_store.toml", *options) == ""


@pytest.mark.parametrize("path", ["/submissions/{}", "/submissions/1/materials/{}"])
def test_a_number_that_no_database_has_is_nowhere(path, tmp_path):
    app = create_app(Settings(data=tmp_path / "data"))
    where = path.format(1 << 63)
    answer = app.test_client().get(f"/api/v1{where}")
    assert (answer.status_code, answer.mimetype) == (404, PROBLEM)
