"""The command line as people and scripts meet it."""

import json
import re
import zipfile

import pytest

from formsvc.cli import main
from formsvc.cli.shell import catalogue

from .conftest import SAMPLES, valid_samples

GOOD = valid_samples("jiangxi-training-summary")[0]
BAD = next(
    path.with_name(path.name.replace(".findings", ""))
    for path in sorted(
        (SAMPLES / "jiangxi/jiangxi-training-summary/2021-1/invalid").glob("*.findings.json")
    )
    if [f["rule"] for f in json.loads(path.read_text("utf-8"))["findings"]] == ["expenses-sum"]
)
ON = ["--on", "2026-03-01"]


def test_forms_lists_every_form(runner, catalogue):
    result = runner.invoke(main, ["forms"])
    assert result.exit_code == 0
    assert all(form.title in result.stdout for form in catalogue.values())


def test_forms_shows_fields_limits_and_cited_rules(runner):
    result = runner.invoke(main, ["forms", "jiangxi-training-summary"])
    assert "研修内容及形式  /training/content  必填" in result.stdout
    assert "结余" in result.stdout
    assert "第十一条" in result.stdout


def test_an_unknown_form_names_the_known_ones_and_exits_2(runner):
    result = runner.invoke(main, ["forms", "nope"])
    assert result.exit_code == 2
    assert "jiangxi-project-funding" in result.stderr


def test_a_clean_submission_exits_0(runner):
    result = runner.invoke(main, ["check", str(GOOD), *ON])
    assert result.exit_code == 0
    assert "没有问题" in result.stdout


def test_a_finding_is_shown_in_its_section_with_its_article(runner):
    result = runner.invoke(main, ["check", str(BAD), *ON])
    assert result.exit_code == 1
    section, finding = (
        result.stdout.index("研修经费支出构成"),
        result.stdout.index("与各项之和不符"),
    )
    assert section < finding < result.stdout.index("附件1")


def test_no_text_names_a_rule_by_its_id(runner, catalogue):
    """Neither a finding nor what was skipped, nor the list of rules, nor what covers an article."""
    said = runner.invoke(main, ["forms", "--coverage"]).stdout
    for form in catalogue.values():
        said += runner.invoke(main, ["forms", form.id]).stdout
        samples = [*(SAMPLES / form.programme.id / form.id).glob("*/invalid/*.json")]
        files = [str(path) for path in samples if not path.name.endswith(".findings.json")][:12]
        shown = runner.invoke(main, ["check", *files, *ON]).stdout
        said += "\n".join(line for line in shown.splitlines() if not line.startswith(str(SAMPLES)))
    ids = re.findall(r"(?<![\w./-])(?:[a-z]+(?:-[a-z0-9]+)+|schema\.\w+|paper\.\w+)(?![\w/])", said)
    assert set(ids) & _rule_ids(catalogue) == set()
    assert "没有检查" in said


def _rule_ids(catalogue) -> set[str]:
    rules = {each.id for form in catalogue.editions() for each in (*form.rules, *form.comparisons)}
    compared = {each.id for known in catalogue.programmes.values() for each in known.comparisons}
    built_in = {f"schema.{each}" for each in ("required", "pattern", "enum", "type", "maxLength")}
    return rules | compared | built_in


def test_several_files_are_checked_in_one_go(runner):
    result = runner.invoke(main, ["check", str(GOOD), str(BAD), *ON, "--output", "json"])
    assert result.exit_code == 1
    reports = json.loads(result.stdout)
    assert [entry["report"]["ok"] for entry in reports] == [True, False]
    assert [entry["source"] for entry in reports] == [str(GOOD), str(BAD)]


def test_a_file_that_is_not_there_exits_2_without_a_traceback(runner):
    result = runner.invoke(main, ["check", "no-such-file.json"])
    assert result.exit_code == 2
    assert "no-such-file.json" in result.stderr
    assert "Traceback" not in result.output


def test_checking_a_file_opens_no_template_of_another_form(runner, shelf, monkeypatch, tmp_path):
    monkeypatch.setenv("FORMSVC_SCHEMAS", str(shelf.schemas))
    monkeypatch.setenv("FORMSVC_BUILT_IN", "off")
    for path in shelf.templates.glob("*/jiangxi-project-funding/*/form.docx"):
        path.unlink()
    catalogue.cache_clear()
    try:
        assert runner.invoke(main, ["check", str(GOOD), *ON]).exit_code == 0
        other, out = str(valid_samples("jiangxi-project-funding")[0]), str(tmp_path / "x.docx")
        for command in (
            ["fill", other, "-o", out, *ON],
            ["blank", "jiangxi-project-funding", "-o", out],
            ["template", "verify", "jiangxi-project-funding"],
            ["bulk", str(GOOD), "-o", str(tmp_path / "out"), "--workers", "1", *ON],
        ):
            result = runner.invoke(main, command)
            assert (result.exit_code, "form.docx: is missing" in result.stderr) == (2, True)
    finally:
        catalogue.cache_clear()


def test_fill_writes_the_word_form(runner, tmp_path):
    target = tmp_path / "总结书.docx"
    result = runner.invoke(main, ["fill", str(GOOD), "-o", str(target), *ON])
    assert result.exit_code == 0
    assert "word/document.xml" in zipfile.ZipFile(target).namelist()


def test_fill_refuses_while_there_are_errors_and_writes_nothing(runner, tmp_path):
    target = tmp_path / "x.docx"
    result = runner.invoke(main, ["fill", str(BAD), "-o", str(target), *ON])
    assert result.exit_code == 1
    assert "支出" in result.stderr
    assert "expenses-sum" not in result.stderr
    assert not target.exists()


def test_fill_draft_writes_all_the_same(runner, tmp_path):
    target = tmp_path / "x.docx"
    result = runner.invoke(main, ["fill", str(BAD), "-o", str(target), "--draft", *ON])
    assert result.exit_code == 0
    assert target.exists()


@pytest.mark.parametrize("name", ["x.txt", "x", "docx"])
def test_fill_names_the_endings_it_can_write(runner, tmp_path, name):
    result = runner.invoke(main, ["fill", str(GOOD), "-o", str(tmp_path / name), *ON])
    assert result.exit_code == 2
    assert ".docx" in result.stderr


def test_blank_writes_the_empty_form(runner, tmp_path):
    target = tmp_path / "blank.docx"
    assert (
        runner.invoke(main, ["blank", "jiangxi-project-funding", "-o", str(target)]).exit_code == 0
    )
    assert zipfile.is_zipfile(target)


def test_template_verify_passes_for_all_forms(runner, catalogue):
    result = runner.invoke(main, ["template", "verify"])
    assert result.exit_code == 0, result.output
    assert all(form in result.stdout for form in catalogue)


def test_a_wrong_setting_is_named(runner, monkeypatch):
    monkeypatch.setenv("FORMSVC_PORT", "many")
    result = runner.invoke(main, ["serve"])
    assert result.exit_code == 2
    assert "FORMSVC_PORT" in result.stderr


def test_a_table_of_findings_names_person_and_unit(runner):
    result = runner.invoke(main, ["check", str(BAD), *ON, "--output", "csv"])
    data = json.loads(BAD.read_text("utf-8"))
    assert data["person"]["name"] in result.stdout
    assert data["unit"]["name"] in result.stdout


@pytest.mark.parametrize(("content", "said"), [(b"", "空的"), (b"\x89PNG\r\n", "PNG")])
def test_a_file_that_is_no_submission_is_named_for_what_it_is(runner, tmp_path, content, said):
    path = tmp_path / "x.bin"
    path.write_bytes(content)
    for command in (["read", str(path)], ["check", str(path)]):
        result = runner.invoke(main, command)
        assert result.exit_code == 1
        assert said in result.output


def test_a_folder_a_missing_paper_and_copies_of_word_are_told_plainly(runner, tmp_path):
    folder = runner.invoke(main, ["check", str(tmp_path)])
    assert (folder.exit_code, "formsvc bulk" in folder.stderr) == (2, True)
    paper = runner.invoke(main, ["verify", str(tmp_path / "nope.pdf")])
    assert (paper.exit_code, "没有这个文件" in paper.stderr) == (2, True)
    copies = runner.invoke(main, ["fill", str(GOOD), "-o", "x.docx", "--copies", "2", *ON])
    assert (copies.exit_code, "--copies" in copies.stderr) == (2, True)
