"""Samples for authors: a valid one of every form, and one that breaks each rule by each message."""

import json

import pytest

from formsvc import load_forms
from formsvc.catalogue import SAMPLES_ON
from formsvc.cli import main
from formsvc.findings import Severity
from formsvc.sampling import samples

from .test_forms import edit


@pytest.fixture(scope="module")
def made(catalogue):
    return {id: list(samples(catalogue[id])) for id in ("jiangxi-project-funding",)}


def test_the_first_sample_has_no_error_and_nothing_to_look_at(made, catalogue):
    for id, (first, *_) in made.items():
        report = catalogue.check_data(first.data, on=SAMPLES_ON, form=id).report
        assert [each for each in report.findings if each.severity is not Severity.NOTE] == []


def test_every_message_of_every_rule_is_said_by_a_sample_of_its_own(made, catalogue):
    for id, (_, *broken) in made.items():
        rules = catalogue[id].rules
        wanted = [(rule.id, name) for rule in rules for name in rule.messages]
        assert [(each.rule, each.message) for each in broken] == wanted
        # Nobody is on or off a register that is not there.
        listed = {rule.id for rule in rules if rule.kind == "listed"}
        assert {each.rule for each in broken if each.data is None} == listed
        for each in (each for each in broken if each.data is not None):
            assert each.rule in [finding.rule for finding in each.report.findings]


def test_a_rule_that_cannot_be_broken_is_said_plainly(shelf):
    place = shelf.schemas / "jiangxi" / "jiangxi-project-funding" / "2026-1" / "form.toml"
    never = 'equals = true\nwhen = { field = "/project/amount", at_least = 2000000000 }\n'
    edit(place, "equals = true\n", never)
    form = load_forms(shelf)["jiangxi-project-funding"]
    none = {each.rule for each in samples(form) if each.data is None}
    assert none == {"on-the-list", "legacy-excluded"}


@pytest.mark.parametrize("what", ["parts-agree", "told-why"])
def test_a_rule_about_a_computed_total_is_broken_by_what_it_is_computed_from(whole_shelf, what):
    place = (
        whole_shelf.schemas / "jiangsu333" / "jiangsu333-allowance-roll" / "2016-1" / "form.toml"
    )
    rule = {
        "parts-agree": 'kind = "between"\namount = "/totals/all"\nmost = 100000\n',
        "told-why": 'kind = "required"\nfield = "/submitted_on"\n'
        'when = { field = "/totals/all", at_least = 100000 }\n',
    }[what]
    with place.open("a", encoding="utf-8") as file:
        file.write(
            f'\n[[rule]]\nid = "{what}"\nseverity = "error"\ncite = "article-8-2"\n{rule}'
            'message = "{label}"\n'
        )
    form = load_forms(whole_shelf, whole=False)["jiangsu333-allowance-roll"]
    made = {each.rule: each.data for each in samples(form)}
    assert made[what] is not None


def test_the_command_writes_samples_with_what_they_give_and_overwrites_none(runner, tmp_path):
    command = ["template", "sample", "jiangxi-project-funding", "-o", str(tmp_path)]
    made = runner.invoke(main, command)
    assert made.exit_code == 1
    assert "on-the-list" in made.output
    good = json.loads((tmp_path / "valid" / "valid.json").read_text("utf-8"))
    assert good["form"] == "jiangxi-project-funding"
    expected = tmp_path / "invalid" / "account-or-code-neither.findings.json"
    found = json.loads(expected.read_text("utf-8"))["findings"]
    assert [each["rule"] for each in found] == ["account-or-code"]
    (tmp_path / "valid" / "valid.json").write_text("{}", "utf-8")
    again = runner.invoke(main, command)
    assert "没有覆盖" in again.output
    assert (tmp_path / "valid" / "valid.json").read_text("utf-8") == "{}"
