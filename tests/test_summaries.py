"""A form made from many submissions of another, or from the register, as its form.toml says."""

import copy
import json
import shutil
from pathlib import Path

import pytest

from formsvc import Shelf, load_forms
from formsvc.cli import main
from formsvc.errors import FormError

ON = ["--on", "2026-03-01"]
OF_FORM = """
[summary]
of = "jiangxi-project-funding"
rows = "/project/budget"
row = { "/amount" = "/project/amount", "/item" = "/person/category" }
head = { "/unit/name" = "/unit/name" }
"""
OF_REGISTER = """
[summary]
of = "register"
rows = "/project/budget"
row = { "/item" = "name" }
"""


@pytest.fixture
def rolled(shelf, monkeypatch):
    """rolled(text) → the shelf with a form `roll` that has this [summary]."""

    def make(text: str) -> Shelf:
        for folder in (shelf.schemas, shelf.templates, shelf.samples):
            source = folder / "jiangxi" / "jiangxi-project-funding" / "2021-1"
            shutil.copytree(source, folder / "jiangxi" / "roll" / "2021-1")
        place = shelf.schemas / "jiangxi" / "roll" / "2021-1"
        schema = place / "schema.json"
        renamed = schema.read_text("utf-8").replace("jiangxi-project-funding", "roll")
        schema.write_text(renamed, "utf-8")
        toml = place / "form.toml"
        toml.write_text(toml.read_text("utf-8") + text, "utf-8")
        return shelf

    return make


@pytest.fixture
def run(rolled, runner, tmp_path, monkeypatch):
    """run(text, arguments …) → the result of `formsvc summary roll`, and what it wrote."""

    def summary(text: str, *arguments: str):
        from formsvc.cli import shell

        own = rolled(text)
        monkeypatch.setenv("FORMSVC_SCHEMAS", str(own.schemas))
        monkeypatch.setenv("FORMSVC_TEMPLATES", str(own.templates))
        monkeypatch.setenv("FORMSVC_BUILT_IN", "off")
        shell.catalogue.cache_clear()
        out = tmp_path / "out"
        command = ["summary", "roll", *arguments, "-o", str(out), "--workers", "1", *ON]
        result = runner.invoke(main, command)
        shell.catalogue.cache_clear()
        made = sorted(out.glob("*.json")) if out.exists() else []
        return result, {path.name: json.loads(path.read_text("utf-8")) for path in made}

    return summary


def applications(funding: dict, tmp_path, *units: str) -> str:
    lines = []
    for number, unit in enumerate(units):
        data = copy.deepcopy(funding)
        data["unit"]["name"] = unit
        data["person"] = {**data["person"], "name": f"人{number}"}
        data["person"].pop("id_number", None)
        data["unit"].pop("account_number", None)
        lines.append(json.dumps(data | {"unit": funding["unit"] | {"name": unit}}))
    path = tmp_path / "batch.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    return str(path)


def test_submissions_come_into_one_summary_for_what_they_agree_in(run, funding, tmp_path):
    batch = applications(funding, tmp_path, "甲单位", "乙单位", "甲单位")
    result, made = run(OF_FORM, batch)
    assert [*made] == ["项目资助经费申请表-乙单位.json", "项目资助经费申请表-甲单位.json"]
    first = made["项目资助经费申请表-甲单位.json"]
    assert first["form"] == "roll"
    assert first["unit"]["name"] == "甲单位"
    row = {"item": funding["person"]["category"], "amount": funding["project"]["amount"]}
    assert first["project"]["budget"] == [row, row]
    assert result.exit_code == 1  # what is still to be filled in is said
    assert "没有填写" in result.output


def test_a_submission_with_errors_is_left_out_and_said_so(run, funding, tmp_path):
    batch = applications(funding, tmp_path, "甲单位", "甲单位")
    lines = [json.loads(line) for line in Path(batch).read_text("utf-8").splitlines()]
    lines[1]["person"]["legacy_programme"] = True
    Path(batch).write_text("".join(json.dumps(each) + "\n" for each in lines), "utf-8")
    result, made = run(OF_FORM, batch)
    (only,) = made.values()
    assert len(only["project"]["budget"]) == 1
    assert "有 1 份没有汇总" in result.output


def test_more_rows_than_the_form_has_go_on_in_a_further_one(run, funding, tmp_path):
    _, made = run(OF_FORM, applications(funding, tmp_path, *["甲单位"] * 12))
    assert [len(each["project"]["budget"]) for each in made.values()] == [2, 10]


def test_people_of_the_register_are_rows_but_for_those_withdrawn(run, tmp_path):
    (tmp_path / "名册.csv").write_text("姓名,取消\n张三,\n李四,是\n王五,否\n", "utf-8")
    settings = ["--set", "/project/budget/*/amount=5000元", "--set", "/unit/name=甲单位"]
    _, made = run(OF_REGISTER, "--register", str(tmp_path / "名册.csv"), *settings)
    (only,) = made.values()
    assert only["project"]["budget"] == [
        {"item": "张三", "amount": 5000},
        {"item": "王五", "amount": 5000},
    ]
    assert only["unit"] == {"name": "甲单位"}


@pytest.mark.parametrize(
    ("text", "said"),
    [("/project/amount", "位置=内容"), ("/no=1", "位置=内容"), ("/project/amount=1,2", "--set")],
)
def test_what_cannot_be_set_is_refused(text, said, run, funding, tmp_path):
    result, made = run(OF_FORM, applications(funding, tmp_path, "甲"), "--set", text)
    assert result.exit_code == 2
    assert said in result.output
    assert made == {}


def test_a_register_or_submissions_are_asked_for_by_what_the_form_says(run, funding, tmp_path):
    result, _ = run(OF_REGISTER)
    assert result.exit_code == 2
    assert "--register" in result.output


def test_a_form_without_a_summary_says_so(runner, tmp_path):
    command = ["summary", "jiangxi-training-summary", "x", "-o", str(tmp_path / "out")]
    result = runner.invoke(main, command)
    assert result.exit_code == 2
    assert "没有写明怎样由别的表汇总" in result.output


FAULTS = {
    "form that there is not": ('of = "jiangxi-project-funding"', 'of = "nothing"', "of: there is no form 'nothing'"),
    "list that there is not": ('rows = "/project/budget"', 'rows = "/project/name"', "rows: '/project/name' is no list"),
    "cell that there is not": ('"/amount" =', '"/sum" =', "row: '/sum' is no field"),
    "field of the summed form that there is not": ('"/person/category"', '"/person/kind"', "'/person/kind' is no single field"),
    "another type": ('"/person/category"', '"/project/amount"', "'/project/amount' is no string"),
    "head in a list": ('head = { "/unit/name"', 'head = { "/project/budget/*/item"', "head:"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), FAULTS.values(), ids=FAULTS)
def test_a_wrong_summary_is_refused_at_load(old, new, said, rolled):
    own = rolled(OF_FORM.replace(old, new))
    with pytest.raises(FormError) as caught:
        load_forms(own)
    assert said in str(caught.value)
    assert "[summary]" in str(caught.value)


def test_a_column_that_no_register_has_is_refused_at_load(rolled):
    own = rolled(OF_REGISTER.replace('"name"', '"salary"'))
    with pytest.raises(FormError, match="'salary' is none of category, id_number"):
        load_forms(own)
