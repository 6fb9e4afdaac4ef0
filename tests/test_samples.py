"""Every sample gives the findings beside it, and the same report from every shell."""

import json
import re
from pathlib import Path

import pytest

from formsvc import Form, Report
from formsvc.catalogue import SAMPLES_ON, sample_report, summary, verify_samples
from formsvc.submissions import MAX_BYTES, parse

SAMPLES = Path(__file__).parent.parent / "samples"
FORMS = ("jiangxi-project-funding", "jiangxi-training-summary")
VALID = sorted(SAMPLES.glob("*/*/*/valid/*.json"))
INVALID = sorted(
    path
    for path in SAMPLES.glob("*/*/*/invalid/*.json")
    if not path.name.endswith(".findings.json")
)


FOLDERS = sorted(SAMPLES.glob("*/*/*"))
# The samples of the newest editions: what an older one asks for, its rules show.
NEWEST = sorted({max(form.iterdir()) for form in SAMPLES.glob("*/*")})


def name(folder: Path) -> str:
    return "/".join(folder.relative_to(SAMPLES).parts)


def among(paths: list[Path], folder: Path) -> list[Path]:
    """Those of one edition of a form."""
    found = [path for path in paths if folder in path.parents]
    assert found
    return found


def own_form(catalogue, path: Path) -> Form:
    return catalogue.edition(path.parts[-4], path.parts[-3])


def own_report(catalogue, path: Path) -> Report:
    return sample_report(own_form(catalogue, path), path)


def plain(report: Report) -> dict:
    return json.loads(json.dumps(report.to_dict()))


@pytest.mark.parametrize("folder", FOLDERS, ids=name)
def test_valid_sample_has_no_finding_but_notes(catalogue, folder):
    for path in among(VALID, folder):
        report = own_report(catalogue, path)
        assert {finding.severity.value for finding in report.findings} <= {"note"}, path
        assert report.ok, path


@pytest.mark.parametrize("folder", FOLDERS, ids=name)
def test_invalid_sample_gives_the_findings_beside_it(catalogue, folder):
    for path in among(INVALID, folder):
        expected = json.loads(path.with_suffix(".findings.json").read_text("utf-8"))
        assert expected["findings"], path
        assert summary(own_report(catalogue, path)) == expected, path


@pytest.mark.parametrize("form_id", FORMS)
def test_samples_show_every_rule(catalogue, form_id):
    verify_samples(catalogue[form_id])


@pytest.mark.parametrize("form_id", FORMS)
def test_every_rule_is_broken_by_a_sample_unless_it_needs_a_batch_or_a_list(catalogue, form_id):
    broken = {
        finding["rule"]
        for path in SAMPLES.glob(f"*/{form_id}/*/invalid/*.findings.json")
        for finding in json.loads(path.read_text("utf-8"))["findings"]
    }
    rules = [each for each in catalogue[form_id].rules if each.kind != "listed"]
    assert {rule.id for rule in rules if rule.severity.value != "note"} <= broken


@pytest.mark.parametrize("form_id", FORMS)
def test_every_message_is_spoken_by_a_sample(catalogue, form_id):
    form = catalogue[form_id]
    spoken = [
        (finding.rule, finding.message)
        for path in INVALID + VALID
        if path.parts[-4] == form_id
        for finding in own_report(catalogue, path).findings
    ]
    for rule in form.rules:
        # No sample brings the list that such a rule looks people up in.
        for key, message in rule.messages.items() if rule.kind != "listed" else ():
            pattern = "".join(
                ".+" if index % 2 else re.escape(piece)
                for index, piece in enumerate(re.split(r"(\{[a-z]+\})", message))
            )
            heard = any(who == rule.id and re.fullmatch(pattern, said) for who, said in spoken)
            assert heard, f"{rule.id}: {key}"


@pytest.mark.parametrize("form_id", FORMS)
def test_valid_samples_show_every_category_and_type_of_unit(catalogue, form_id):
    samples = [
        json.loads(path.read_text("utf-8-sig")) for path in VALID if path.parts[-4] == form_id
    ]
    fields = catalogue[form_id].fields
    for pointer in ("/person/category", "/unit/type", "/person/gender"):
        if pointer in fields:
            _, group, key = pointer.split("/")
            assert {sample[group][key] for sample in samples} == set(fields[pointer].schema["enum"])


@pytest.mark.parametrize("folder", FOLDERS, ids=name)
def test_message_is_a_whole_chinese_sentence_about_its_place(catalogue, folder):
    for path in among(INVALID, folder):
        for finding in own_report(catalogue, path).findings:
            assert finding.message.endswith("。"), path
            assert "。。" not in finding.message, path
            assert not set("{}") & set(finding.message), path
            assert "None" not in finding.message, path
            assert finding.label, path
            known = finding.label in finding.message or finding.citation
            assert known or finding.rule.startswith("input."), path


# A batch takes a list apart; alone it is no submission.
SINGLE = [path for path in VALID + INVALID if not path.read_bytes().startswith(b"[")]


@pytest.mark.parametrize("folder", NEWEST, ids=name)
def test_every_shell_gives_the_same_report(catalogue, report_by, folder):
    compared = {each.id for form in catalogue.values() for each in form.comparisons}
    compared |= {each.id for form in catalogue.values() for each in form.programme.comparisons}
    for path in among(SINGLE, folder):
        checked = catalogue.check(path.read_bytes(), on=SAMPLES_ON)
        expected, found = plain(checked.report), report_by(path)
        for report in (expected, found):
            # A batch compares what one submission alone cannot.
            report["skipped"] = [each for each in report["skipped"] if each["rule"] not in compared]
        assert found == expected, path


@pytest.mark.parametrize("folder", NEWEST, ids=name)
def test_a_form_s_own_address_gives_its_report(catalogue, client, folder):
    for path in among(VALID + INVALID, folder):
        form, raw = own_form(catalogue, path), path.read_bytes()
        answer = client.post(f"/api/v1/forms/{form.id}/check?on={SAMPLES_ON}", data=raw)
        report = catalogue.check(raw, on=SAMPLES_ON, form=form.id).report
        assert answer.status_code == (400 if report.unreadable else 200), path
        told = answer.json["report"] if report.unreadable else answer.json
        assert told == plain(report), path


@pytest.mark.parametrize("folder", FOLDERS, ids=name)
def test_a_submission_that_names_its_form_needs_no_other_hint(catalogue, folder):
    for path in among(VALID + INVALID, folder):
        form = own_form(catalogue, path)
        checked = catalogue.check(path.read_bytes(), on=SAMPLES_ON)
        data, named = checked.data, checked.report
        hinted = catalogue.check(path.read_bytes(), on=SAMPLES_ON, form=form.id).report
        if data is None:
            assert named.findings == hinted.findings, path
        elif checked.form:
            assert named == hinted, path
        else:
            assert [finding.rule for finding in named.findings] == ["input.form"], path


def test_one_byte_above_the_limit_is_refused():
    assert parse(b'"' + b"a" * (MAX_BYTES - 2) + b'"').findings == ()
    refused = parse(b'"' + b"a" * (MAX_BYTES - 1) + b'"')
    assert [finding.rule for finding in refused.findings] == ["input.size"]


def test_a_valid_sample_is_judged_by_the_edition_whose_folder_it_stands_in(catalogue):
    for path in VALID:
        checked = catalogue.check(path.read_bytes(), on=SAMPLES_ON)
        assert checked.form.edition == path.parent.parent.name, path
        assert checked.report.ok, path
