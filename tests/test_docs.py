"""The documentation names what there is: commands, settings, rule kinds, routes."""

import re
from datetime import date

import click

from formsvc import config
from formsvc.checks import checker, coverage
from formsvc.checks.explain import documented_kinds
from formsvc.cli import main
from formsvc.forms import Shelf, library

from .conftest import ROOT

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
