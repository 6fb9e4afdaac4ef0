"""The documentation names what there is: commands, settings, rule kinds, routes."""

import re
import shlex
from datetime import date

import click
from click.testing import CliRunner

import formsvc
from formsvc import config
from formsvc.checks import checker, coverage
from formsvc.checks.explain import documented_kinds
from formsvc.cli import main
from formsvc.forms import Shelf, library

from .conftest import ROOT, first_sample

PARTS = ("schemas", "templates", "samples")
README = (ROOT / "README.md").read_text("utf-8")
AUTHORING = (ROOT / "docs" / "authoring.md").read_text("utf-8")
OPERATING = (ROOT / "docs" / "operating.md").read_text("utf-8")


def commands(group: click.Group, prefix: str = "") -> set[str]:
    names = set()
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            names |= commands(command, f"{prefix}{name} ")
        else:
            names.add(f"{prefix}{name}")
    return names


def test_every_command_is_in_the_readme():
    assert [name for name in sorted(commands(main)) if f"formsvc {name}" not in README] == []


def test_the_readme_names_no_command_that_is_gone():
    said = re.findall(
        r"^formsvc ((?:admin )?(?:(?:audit|keys|template) )?[a-z]+(?:-[a-z]+)?)",
        README,
        re.MULTILINE,
    )
    assert set(said) <= commands(main)


def test_what_the_readme_says_that_a_command_says_it_says(monkeypatch):
    """A block of one command, and the block after it: what that prints."""
    shown = re.findall(
        r"```\n\$ \.venv/bin/formsvc (.+)\n```\n\n```\n(.*?)\n```", README, re.DOTALL
    )
    assert shown
    monkeypatch.chdir(ROOT)
    for command, said in shown:
        assert CliRunner().invoke(main, shlex.split(command)).stdout.rstrip("\n") == said, command


def test_the_readmes_calls_are_answered(client):
    """curl sends what it is given under the type of a form."""
    calls = re.findall(r"^curl .*?http://127\.0\.0\.1:8000(/api/[^' \n]+)", README, re.MULTILINE)
    assert len(calls) == 2
    form = formsvc.load_forms()["jiangxi-training-summary"]
    for call in calls:
        answer = client.post(
            call,
            data=formsvc.submissions.encoded(first_sample(form.id)),
            content_type="application/x-www-form-urlencoded",
            query_string=None if "?" in call else {"on": "2026-03-01"},
        )
        # The samples are in time on one day only: later no document is made of one.
        assert answer.status_code in (200, 422), answer.text
        assert answer.status_code == 200 or "report" in answer.json


def test_the_readmes_python_runs():
    (code,) = re.findall(r"```python\n(.*?)\n```", README, re.DOTALL)
    names = {"data": first_sample("jiangxi-training-summary")}
    exec(code, names)
    assert names["report"].form == "jiangxi-training-summary"


def test_every_target_of_make_that_the_readme_names_is_there():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    named = re.findall(r"\bmake ([a-z]+)\b", README)
    assert named
    assert [name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


def test_every_picture_of_the_docs_is_small_and_made_by_the_script():
    from docs.screenshots import SHOWN

    shown = set()
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", path.read_text("utf-8")):
            picture = path.parent / target
            assert picture.stat().st_size < 150_000, picture
            shown.add(picture.stem)
    assert shown
    assert shown <= set(SHOWN)


def test_every_setting_is_documented():
    used = set(re.findall(r"FORMSVC_[A-Z_]+", (ROOT / "formsvc" / "config.py").read_text("utf-8")))
    assert used == set(re.findall(r"FORMSVC_[A-Z_]+", OPERATING))
    assert config.from_environment({}) == config.Settings()


def test_every_rule_kind_is_documented_with_its_parameters_and_messages():
    assert documented_kinds() in AUTHORING


def test_the_form_that_is_made_step_by_step_loads_and_is_covered(tmp_path):
    files = re.findall(
        r"`(schemas/lab/[^`]+)`[^`]*\n+```(?:toml|json)\n(.*?)\n```", AUTHORING, re.DOTALL
    )
    assert len(files) == 3
    for name, content in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    forms, programmes = library([Shelf(*(tmp_path / part for part in PARTS))])
    assert [rule.spec.id for rule in checker(forms[0]).rules(date(2026, 3, 1))] != []
    coverage.verify(programmes[0], forms)


def test_every_local_link_leads_somewhere():
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
