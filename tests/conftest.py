"""Fixtures shared by all tests: the forms that come along, one good submission of each, shells."""

import copy
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from formsvc import Catalogue, Form, load_forms
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


def valid_samples(form_id: str) -> list[Path]:
    return sorted((SAMPLES / form_id / "valid").glob("*.json"))


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
