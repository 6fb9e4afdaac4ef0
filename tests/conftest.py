"""Fixtures shared by all tests: the forms that come along, one good submission of each, shells."""

import copy
import io
import itertools
import json
import re
import shutil
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from hypothesis import settings
from jinja2 import FileSystemBytecodeCache

from formsvc import Catalogue, Form, Shelf, load_forms, pointers, sandbox
from formsvc.bulk.batch import Batch, Job
from formsvc.bulk.executors import HereExecutor
from formsvc.catalogue import SAMPLES_ON
from formsvc.cli import main
from formsvc.documents.press import drawing
from formsvc.documents.proof.marks import canonical
from formsvc.forms import built_in
from formsvc.intake import recognition, tables
from formsvc.intake.labels import Description, description
from formsvc.intake.sources import items
from formsvc.storage import folder
from formsvc.web import create_app
from formsvc.writing import codes

from . import growing

# The same examples in every run: what is new is found where code changes, not by chance in CI.
settings.register_profile("steady", derandomize=True)
settings.load_profile("steady")

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once(tmp_path_factory):
    """Many applications are made here, all with the same pages."""
    with pytest.MonkeyPatch.context() as patched:
        kept = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("pages")))
        patched.setattr(Flask, "jinja_options", {"bytecode_cache": kept})
        yield


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_forms()


@pytest.fixture(scope="session")
def summary_form(catalogue) -> Form:
    return catalogue["jiangxi-training-summary"]


@pytest.fixture(scope="session")
def funding_form(catalogue) -> Form:
    return catalogue["jiangxi-project-funding"]


@pytest.fixture(scope="session")
def roll(tmp_path_factory) -> Form:
    """A form with all that varies, built from its Word form."""
    return growing.built(tmp_path_factory.mktemp("roll"))


@pytest.fixture(scope="session")
def descriptions(catalogue) -> list[Description]:
    """What reading by labels knows of all forms, the newest editions first."""
    return [description(form) for form in reversed(catalogue.editions())]


def sample_folder(form_id: str) -> Path:
    """The samples of a form that comes along, in its newest edition."""
    return max(SAMPLES.glob(f"*/{form_id}/*"))


def valid_samples(form_id: str) -> list[Path]:
    return sorted((sample_folder(form_id) / "valid").glob("*.json"))


def with_plain_codes(form: Form, data: dict) -> dict:
    """A copy as who types it means it: ID numbers and credit codes in narrow figures."""
    made = copy.deepcopy(data)
    for field in form.leaves:
        for pointer in field.places(made):
            value = pointers.get(made, pointer)
            if isinstance(value, str):
                pointers.set_(made, pointer, codes.plain(value, field.kind))
    return made


@pytest.fixture
def shelf(tmp_path) -> Shelf:
    """A copy of the programme and the forms of one regulation's annexes, free to change."""
    known = built_in()
    for name in ("schemas", "templates", "samples"):
        source, target = getattr(known, name) / "jiangxi", tmp_path / name / "jiangxi"
        for form in ("jiangxi-training-summary", "jiangxi-project-funding"):
            shutil.copytree(source / form, target / form)
    shutil.copy(known.schemas / "common.schema.json", tmp_path / "schemas")
    programme = (known.schemas / "jiangxi/programme.toml").read_text("utf-8")
    (tmp_path / "schemas/jiangxi/programme.toml").write_text(without_others(programme), "utf-8")
    return Shelf(tmp_path / "schemas", tmp_path / "templates", tmp_path / "samples")


@pytest.fixture
def whole_shelf(tmp_path) -> Shelf:
    """A copy of all that comes along, free to change."""
    known = built_in()
    for name in ("schemas", "templates", "samples"):
        shutil.copytree(getattr(known, name), tmp_path / name)
    return Shelf(tmp_path / "schemas", tmp_path / "templates", tmp_path / "samples")


def without_others(programme: str) -> str:
    """Entries of the coverage without what is not one of the annexes."""
    head, *entries = re.split(r"(?m)^(?=\[\[coverage\]\])", programme)
    kept = [
        re.sub(r'"jiangxi-(?!training-summary|project-funding)[^"]+",?\s*', "", entry)
        for entry in entries
    ]
    return head + "".join(
        re.sub(r"by = \[\s*\]", 'reason = "由别的表核对"', entry) for entry in kept
    )


def first_sample(form_id: str) -> dict:
    return json.loads(valid_samples(form_id)[0].read_text("utf-8-sig"))


@pytest.fixture
def summary() -> dict:
    """A training summary without any finding; free to change."""
    return copy.deepcopy(first_sample("jiangxi-training-summary"))


@pytest.fixture
def funding() -> dict:
    """A project funding application without any finding; free to change."""
    return copy.deepcopy(first_sample("jiangxi-project-funding"))


@pytest.fixture(scope="session")
def app():
    app = create_app()
    app.config.update(TESTING=True)
    return app


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def nearby(monkeypatch):
    """Parsers run here: a matrix of fields needs no process for each."""
    for module in (sandbox, tables, recognition):
        monkeypatch.setattr(module, "run_limited", lambda function, payload, **_: function(payload))


@pytest.fixture(scope="session")
def pressed() -> dict:
    """What the press has made so far, by all that it depends on."""
    return {}


@pytest.fixture
def pressed_once(monkeypatch, pressed):
    """The same paper is pressed once: the same data gives the same bytes (test_same_bytes.py)."""
    press = drawing._made

    def made(form, data, used, draft):
        key = form.id, form.edition, form.docx, canonical(data), used, draft
        if key not in pressed:
            pressed[key] = press(form, data, used, draft)
        return pressed[key]

    monkeypatch.setattr(drawing, "_made", made)


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner()


def _by_command(path: Path, tmp_path: Path, **_: object) -> dict:
    options = ["--on", SAMPLES_ON.isoformat(), "--output", "json"]
    result = CliRunner().invoke(main, ["check", str(path), *options])
    report = json.loads(result.stdout)
    assert result.exit_code == (0 if report["ok"] else 1)
    return report


def _by_http(path: Path, client, **_: object) -> dict:
    """As the file of a read, which finds the form by itself as the command line does."""
    answer = client.post(f"/api/v1/read?on={SAMPLES_ON}", data=path.read_bytes())
    assert answer.mimetype == ("application/json" if answer.status_code == 200 else PROBLEM)
    return answer.json["report"]


def _by_batch(path: Path, tmp_path: Path, catalogue, **_: object) -> dict:
    batch = Batch(folder(str(tmp_path / "batch")), Job(on=SAMPLES_ON))
    with path.open("rb") as stream:
        batch.check(items(stream, "a.json", catalogue), HereExecutor(), at_once=1)
    with closing(batch.compare()) as results:
        (line,) = results.lines()
    return json.loads(json.dumps(line.report.to_dict()))


def _by_http_batch(path: Path, request, **_: object) -> dict:
    return request.getfixturevalue("http_batch")[path]


@pytest.fixture(scope="session")
def http_batch(app) -> dict[Path, dict]:
    """The report on every sample, a hundred in a ZIP: one submission spoils none beside it."""
    found = {}
    paths = [
        path for path in SAMPLES.glob("**/*valid/*.json") if not path.stem.endswith(".findings")
    ]
    paths = sorted(path for path in paths if not path.read_bytes().startswith(b"["))
    for group in (paths[at : at + 100] for at in range(0, len(paths), 100)):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for number, path in enumerate(group):
                archive.writestr(f"{number:03d}.json", path.read_bytes())
        url, kind = f"/api/v1/bulk?on={SAMPLES_ON}", {"Content-Type": "application/zip"}
        answer = app.test_client().post(url, data=packed.getvalue(), headers=kind)
        lines = [line for line in map(json.loads, answer.text.splitlines()) if "report" in line]
        assert [line["source"][-8:] for line in lines] == [
            f"{n:03d}.json" for n in range(len(group))
        ]
        found |= {path: line["report"] for path, line in zip(group, lines, strict=True)}
    return found


SHELLS = {
    "command line": _by_command,
    "HTTP read": _by_http,
    "batch": _by_batch,
    "HTTP batch": _by_http_batch,
}
PROBLEM = "application/problem+json"


@pytest.fixture(params=SHELLS.values(), ids=SHELLS)
def report_by(request, client, tmp_path, catalogue):
    """report_by(path) → the report on one sample, through one of the shells."""
    given = {"client": client, "catalogue": catalogue, "request": request}
    folders = map(tmp_path.joinpath, map(str, itertools.count()))

    def report(path):
        (own := next(folders)).mkdir()
        return request.param(path, tmp_path=own, **given)

    return report
