"""没有问题 means printable: what does not go on paper is a finding of the check, for both formats."""

import json

import pytest

from formsvc import fill
from formsvc.catalogue import SAMPLES_ON
from formsvc.cli import main
from formsvc.documents import press
from formsvc.findings import Severity


@pytest.fixture
def too_long(summary):
    summary["person"]["address"] = "江西省南昌市高新技术产业开发区" * 13
    return summary


def raw(data) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode()


def test_a_text_that_does_not_fit_is_found_by_the_check_and_told_how_much_fits(catalogue, too_long):
    (finding,) = catalogue.check(raw(too_long), on=SAMPLES_ON).report.findings
    assert (finding.rule, finding.severity) == ("print.overflow", Severity.ERROR)
    assert finding.pointer == "/person/address"
    assert "约可写" in finding.message
    room = len(too_long["person"]["address"]) - finding.value
    too_long["person"]["address"] = too_long["person"]["address"][: room - 2]
    assert catalogue.check(raw(too_long), on=SAMPLES_ON).report.findings == ()
    for format in ("docx", "pdf"):
        assert fill(catalogue["jiangxi-training-summary"], too_long, format)


def test_a_character_that_no_font_has_is_found_by_the_check(catalogue, summary):
    summary["unit"]["name"] = "研究院\u0e01"
    rules = [f.rule for f in catalogue.check(raw(summary), on=SAMPLES_ON).report.findings]
    assert "print.glyph" in rules


@pytest.mark.parametrize("ending", ["docx", "pdf"])
def test_word_and_pdf_are_refused_alike(runner, tmp_path, too_long, ending):
    path = tmp_path / "a.json"
    path.write_bytes(raw(too_long))
    out = tmp_path / f"a.{ending}"
    result = runner.invoke(main, ["fill", str(path), "-o", str(out), "--on", str(SAMPLES_ON)])
    assert result.exit_code == 1
    assert "print.overflow" in result.stderr
    assert not out.exists()


def test_a_place_that_is_wrong_already_is_not_told_twice(catalogue, summary):
    summary["training"]["content"] = "学" * 3000
    rules = [f.rule for f in catalogue.check(raw(summary), on=SAMPLES_ON).report.findings]
    assert rules == ["content-length"]


def test_without_fonts_it_is_skipped_with_the_reason(catalogue, too_long, monkeypatch):
    def none(folders):
        raise press.FontError("没有字体")

    monkeypatch.setattr(press, "typesetter", none)
    report = catalogue.check(raw(too_long), on=SAMPLES_ON).report
    assert report.ok
    assert [skip.rule for skip in report.skipped][-1] == "print"
