"""Fixtures shared by all tests: the forms that come along, one good submission of each, shells."""

import copy
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from formsvc import Catalogue, Form, Shelf, load_forms
from formsvc.forms import built_in
from formsvc.web import create_app

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_forms()


@pytest.fixture(scope="session")
def summary_form(catalogue) -> Form:
    return catalogue["jiangxi-training-summary"]


@pytest.fixture(scope="session")
def funding_form(catalogue) -> Form:
    return catalogue["jiangxi-project-funding"]


def sample_folder(form_id: str) -> Path:
    """The samples of a form that comes along, in its only edition."""
    (folder,) = SAMPLES.glob(f"*/{form_id}/*")
    return folder


def valid_samples(form_id: str) -> list[Path]:
    return sorted((sample_folder(form_id) / "valid").glob("*.json"))


@pytest.fixture
def shelf(tmp_path) -> Shelf:
    """A copy of all that comes along, free to change."""
    known = built_in()
    for name in ("schemas", "templates", "samples"):
        shutil.copytree(getattr(known, name), tmp_path / name)
    return Shelf(tmp_path / "schemas", tmp_path / "templates", tmp_path / "samples")


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
def runner() -> CliRunner:
    return CliRunner()
