"""A form with a fault is refused at load, with file and place named."""

import shutil

import pytest

from formsvc import load_forms
from formsvc.catalogue import data_folder, verify_samples
from formsvc.errors import FormError

FORM = "jiangxi-training-summary"


@pytest.fixture
def folders(tmp_path):
    for name in ("schemas", "templates", "samples"):
        shutil.copytree(data_folder(name), tmp_path / name)
    return tmp_path


def refusal(folders) -> str:
    with pytest.raises(FormError) as caught:
        load_forms(folders / "schemas", folders / "templates")
    return str(caught.value)


def edit(path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


FAULTS = {
    "pointer that the schema does not have": (
        "form.toml", 'field = "/training/content"', 'field = "/training/contents"', "content-length",
    ),
    "unknown kind": ("form.toml", 'kind = "word_limit"', 'kind = "wordlimit"', "wordlimit"),
    "missing parameter": ("form.toml", "limit = 500\n", "", "limit"),
    "unknown parameter": ("form.toml", "limit = 500\n", "limit = 500\nmax = 3\n", "max"),
    "parameter of the wrong type": ("form.toml", "limit = 500\n", 'limit = "500"\n', "limit"),
    "rule that cites nothing declared": ("form.toml", 'cite = "annex-1"', 'cite = "annex-9"', "annex-9"),
    "wrong severity": ("form.toml", 'severity = "error"', 'severity = "bad"', "severity"),
    "rule declared twice": ("form.toml", 'id = "outcome-length"', 'id = "content-length"', "twice"),
    "format specification in a message": ("form.toml", "{excess}", "{excess.real}", "content-length"),
    "field missing from the layout": ("form.toml", '"/training/content", ', "", "/training/content"),
    "print box over a field": (
        "form.toml", 'name = "/training/location"', 'name = "/training/place"', "/training/place",
    ),
    "unknown table": ("form.toml", "[form]", "[[rules]]\nid = 1\n[form]", "rules"),
    "broken TOML": ("form.toml", "[form]", "[form", "form.toml"),
    "another form's id": ("form.toml", f'id = "{FORM}"', 'id = "x"', "id"),
    "broken JSON": ("schema.json", "{", "", "schema.json"),
    "schema that is none": ("schema.json", '"type": "object"', '"type": "objekt"', "schema.json"),
    "field without a label": ("schema.json", '"title": "手机", ', "", "/person/mobile"),
    "reference that leads nowhere": ("schema.json", "#/$defs/mobile", "#/$defs/mobil", "/person/mobile"),
    "reference to another host": (
        "schema.json", "urn:formsvc:common#/$defs/mobile", "http://127.0.0.1:1/x.json", "/person/mobile",
    ),
    "open object": (
        "schema.json", '"dependentRequired": { "number": ["bank"] },\n      "additionalProperties": false',
        '"additionalProperties": true', "/account",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "named"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_with_file_and_place(folders, file, old, new, named):
    edit(folders / "schemas" / FORM / file, old, new)
    message = refusal(folders)
    assert named in message
    assert FORM in message


def test_a_message_with_a_name_that_its_kind_does_not_give_is_a_fault(folders):
    edit(folders / "schemas" / FORM / "form.toml", "{excess}", "{surplus}")
    assert "surplus" in refusal(folders)


def test_a_missing_template_is_named(folders):
    (folders / "templates" / FORM / "form.docx").unlink()
    assert "form.docx" in refusal(folders)


def test_a_placeholder_that_the_form_does_not_have_is_named(folders):
    import docx

    path = folders / "templates" / FORM / "form.docx"
    document = docx.Document(path)
    document.add_paragraph("{{ person.nickname }}")
    document.save(path)
    assert "/person/nickname" in refusal(folders)


def test_a_rule_without_a_failing_sample_is_named(folders):
    for expected in (folders / "samples" / FORM / "invalid").glob("*.findings.json"):
        if "materials-complete" in expected.read_text("utf-8"):
            expected.with_name(expected.name.replace(".findings", "")).unlink()
            expected.unlink()
    form = load_forms(folders / "schemas", folders / "templates")[FORM]
    with pytest.raises(FormError, match="materials-complete"):
        verify_samples(form, folders / "samples")


def test_a_sample_that_gives_other_findings_than_it_should_is_named(folders):
    expected = next((folders / "samples" / FORM / "invalid").glob("*.findings.json"))
    expected.write_text('{"findings": [], "skipped": []}')
    form = load_forms(folders / "schemas", folders / "templates")[FORM]
    with pytest.raises(FormError, match=expected.name.partition(".")[0]):
        verify_samples(form, folders / "samples")


def test_an_amount_is_changed_without_touching_python(folders, summary):
    from datetime import date

    from formsvc import check

    edit(folders / "schemas" / FORM / "form.toml", "limit = 100000", "limit = 1")
    form = load_forms(folders / "schemas", folders / "templates")[FORM]
    report = check(form, summary, on=date(2026, 3, 1))
    assert "provincial-cap" in {finding.rule for finding in report.findings}
