"""What is loaded when: who checks one file waits for nothing that only papers or pages need."""

import os
import subprocess
import sys

import pytest

from formsvc import Press
from formsvc.bulk.batch import loaded as loaded_forms
from formsvc.documents import HOUSE

from .conftest import ROOT, valid_samples
from .serving import free_port

# All that opens, draws or serves something, and what explains faulty files.
HEAVY = {
    "PIL", "cn2an", "cryptography", "distributed", "docx", "docxtpl", "flask", "flask_smorest",
    "fsspec", "jinja2", "jsonschema", "marshmallow", "multiprocessing", "openpyxl", "pikepdf",
    "pypdf", "pypdfium2", "referencing", "sqlalchemy", "waitress", "werkzeug", "xlsxwriter",
    "zxingcpp",
}  # fmt: skip
SUMMARY, FUNDING = "jiangxi-training-summary", "jiangxi-project-funding"
SAMPLE = valid_samples(SUMMARY)[0]
RUN = """
import sys
from formsvc.cli import main
try:
    main(sys.argv[1:])
finally:
    print(*sorted(sys.modules), sep="\\n", file=sys.stderr)
"""


def loaded(*arguments: str) -> set[str]:
    """The modules that a command has loaded at its end."""
    command = [sys.executable, "-c", RUN, *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return set(ended.stderr.split())


@pytest.mark.parametrize(
    "arguments",
    [["check", str(SAMPLE)], ["check", str(SAMPLE), "--output", "json"], ["forms"], ["--help"]],
    ids=["check", "check as json", "forms", "help"],
)
def test_what_opens_no_paper_loads_nothing_that_opens_papers(arguments):
    found = loaded(*arguments)
    assert {name.partition(".")[0] for name in found} & HEAVY == set()
    assert "formsvc.intake.recognition" not in found


def test_a_service_has_loaded_what_reads_and_makes_papers_before_the_first_one_comes():
    code = "import sys, formsvc.web.server; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert {"formsvc.documents.press.drawing", "formsvc.intake.recognition"} <= {
        *found.stdout.split()
    }


def test_a_service_without_a_store_has_loaded_no_database_and_no_accounts():
    code = "import sys; from formsvc.web import create_app; create_app(); print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "formsvc.web" in found.stdout.split()
    assert {"sqlalchemy", "flask_security", "authlib", "dbos"} & {*found.stdout.split()} == set()


def test_a_check_compiles_the_rules_of_its_own_form_alone():
    code = (
        "import sys; from formsvc.cli import main; from formsvc.checks import checker\n"
        "try: main(sys.argv[1:])\n"
        "finally: print(checker.cache_info().currsize, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, "check", str(SAMPLE)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ended.stderr.strip() == "1"


def test_forms_are_loaded_once_in_a_process_however_they_are_asked_for():
    assert loaded_forms() is loaded_forms((), Press()) is loaded_forms((), HOUSE, None)


@pytest.fixture
def with_a_faulty_rule(shelf):
    """Runs a command where a rule of the training summary lacks a parameter."""
    path = shelf.schemas / "jiangxi" / SUMMARY / "2026-1/form.toml"
    text = path.read_text("utf-8")
    assert "limit = 500\n" in text
    path.write_text(text.replace("limit = 500\n", "", 1), "utf-8")
    own = {"FORMSVC_BUILT_IN": "off", "FORMSVC_SCHEMAS": str(shelf.schemas)}

    def run(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "formsvc", *arguments]
        ended = subprocess.run(command, env=os.environ | own, capture_output=True, text=True)
        return ended.returncode, ended.stderr

    return run


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", str(SAMPLE)],
        ["template", "verify"],
        ["serve", "--port", str(free_port())],
        ["bulk", str(SAMPLE), "-o", "-"],
    ],
    ids=["check", "template verify", "serve", "bulk"],
)
def test_a_faulty_rule_is_refused_with_its_place_by_all_that_use_it(with_a_faulty_rule, arguments):
    code, said = with_a_faulty_rule(*arguments)
    assert code == 2
    assert "form.toml" in said
    assert "content-length: limit: is missing" in said


def test_a_faulty_rule_of_another_form_keeps_nobody_from_checking(with_a_faulty_rule):
    assert with_a_faulty_rule("check", str(valid_samples(FUNDING)[0])) == (0, "")
