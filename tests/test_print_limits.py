"""没有问题 means printable: what does not go on paper is a finding of the check, for both formats."""

import json
from decimal import Decimal

import pytest

from benchmarks.generate import batch
from formsvc import fill, pointers
from formsvc.catalogue import SAMPLES_ON
from formsvc.cli import main
from formsvc.documents import press
from formsvc.documents.press import drawing
from formsvc.documents.press.bounds import Bounds
from formsvc.findings import Severity
from tests.conftest import first_sample


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
    assert "写不下" in result.stderr
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


# Bounds: what lengths and widths say without measuring is what measuring says.

CLOSE = (
    ("jiangxi-training-summary", "/training/content", "汉"),
    ("jiangxi-training-summary", "/training/content", "Energiespeicher 汉"),
    ("jiangxi-training-summary", "/person/address", "汉W"),
    ("jiangxi-training-summary", "/person/address", "（汉）"),
    ("jiangxi-training-summary", "/unit/name", "中￥"),
    ("jiangxi-training-summary", "/unit/name", "W"),
    ("jiangxi-training-summary", "/expenses/travel", "汉"),
    ("jiangxi-project-funding", "/unit/address", "a"),
    ("jiangxi-project-funding", "/unit/address", "⸻"),
    ("jiangxi-project-funding", "/project/name", "汉W"),
)


def unprintable(form, data):
    try:
        drawing.fill(form, data, press.Press())
    except press.Unprintable as refused:
        return refused.findings
    return ()


@pytest.mark.parametrize(("name", "pointer", "piece"), CLOSE)
def test_the_longest_text_that_passes_is_printed_and_one_more_character_is_refused(
    catalogue, name, pointer, piece
):
    form, data = catalogue[name], first_sample(name)

    def found(length):
        pointers.set_(data, pointer, (piece * length)[:length])
        return press.findings(form, data, press.Press())

    low, high = 0, 2500 if "content" in pointer else 300
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if found(middle) else (middle, high)
    assert found(low) == unprintable(form, data) == ()
    assert found(high) == unprintable(form, data) != ()


def test_bounds_change_no_finding(catalogue, monkeypatch):
    everything = [(catalogue[data["form"]], data) for data in batch(60, faulty=0.5, seed=7)]
    for number, (_, data) in enumerate(everything):
        data["unit"]["name"] = "省" * 2 * number
    quick = [press.findings(form, data, press.Press()) for form, data in everything]
    monkeypatch.setattr(Bounds, "hold", lambda self, data, spoken, text: False)
    assert quick == [press.findings(form, data, press.Press()) for form, data in everything]
    assert () in quick
    assert any(quick)


def test_an_amount_of_any_size_is_bounded_as_it_is_printed(summary_form, summary):
    for amount in (*(10**power for power in range(1, 24)), Decimal("-999999.99"), Decimal("1E+30")):
        summary["expenses"]["travel"] = amount
        found = press.findings(summary_form, summary, press.Press())
        assert found == unprintable(summary_form, summary), amount
