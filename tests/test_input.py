"""Hostile and clumsy input: every shell says the same, clearly, and nothing is lost."""

import json

import pytest

from formsvc import check, submissions
from formsvc.catalogue import SAMPLES_ON
from formsvc.cli import main

FORM = "jiangxi-training-summary"


def raw(data: object) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode()


UNREADABLE = {
    "nan": (b'{"form": NaN}', "input.number"),
    "infinity": (b'{"form": -Infinity}', "input.number"),
    "1e999": (b'{"form": 1e999}', "input.number"),
    "1e-999": (b'{"form": 1e-999}', "input.number"),
    "5000 digits": (b'{"form": 1' + b"0" * 5000 + b"}", "input.number"),
    "lone surrogate": (b'{"form": "\\ud800"}', "input.surrogate"),
    "surrogates in the wrong order": (b'{"form": "\\udc00\\ud800"}', "input.surrogate"),
    "surrogate as UTF-8": (b'{"form": "\xed\xa0\x80"}', "input.encoding"),
    "duplicate key": (b'{"form": 1, "form": 2}', "input.duplicate-key"),
    "duplicate key, escaped": (b'{"form": 1, "f\\u006frm": 2}', "input.duplicate-key"),
    "33 levels": (b"[" * 33 + b"]" * 33, "input.depth"),
    "100,000 levels": (b"[" * 100_000 + b"]" * 100_000, "input.depth"),
    "two BOMs": (b"\xef\xbb\xbf\xef\xbb\xbf{}", "input.syntax"),
    "UTF-16": ('{"form": "x"}'.encode("utf-16"), "input.syntax"),
    "empty": (b"", "input.syntax"),
    "cut off": (b'{"form": "jiang', "input.syntax"),
    "two values": (b"{} {}", "input.syntax"),
    "trailing comma": (b'{"form": 1,}', "input.syntax"),
    "comment": (b"{} // done", "input.syntax"),
    "raw newline in a text": (b'{"form": "a\nb"}', "input.control"),
    "one byte too many": (b" " * (submissions.MAX_BYTES + 1), "input.size"),
}


@pytest.mark.parametrize(("content", "rule"), UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_input_is_one_finding_in_every_shell(catalogue, client, runner, content, rule):
    checked = catalogue.check(content, on=SAMPLES_ON, form=FORM)
    data, report = checked.data, checked.report
    assert data is None
    assert [finding.rule for finding in report.findings] == [rule]
    assert report.findings[0].message.endswith("。")
    assert not report.ok

    answer = client.post(f"/api/v1/forms/{FORM}/check", data=content)
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert answer.json["report"] == report.to_dict()
    filled = client.post(f"/api/v1/forms/{FORM}/documents", data=content)
    assert (filled.status_code, filled.json["report"]) == (400, report.to_dict())

    result = runner.invoke(main, ["check", "-", "--output", "json"], input=content)
    assert result.exit_code == 1
    assert json.loads(result.stdout)["findings"] == report.to_dict()["findings"]


def test_the_place_is_given_as_line_and_column_in_characters():
    finding = submissions.parse('{\n "姓名": NaN}'.encode()).findings[0]
    assert finding.message.startswith("第 2 行第 8 列：NaN")


def test_the_place_of_a_number_beyond_bounds_is_a_pointer(catalogue):
    finding = submissions.parse(b'{"a": {"b/c": [1, 1e40]}}').findings[0]
    assert finding.pointer == "/a/b~1c/1"


def test_thirty_two_levels_are_read():
    assert submissions.parse(b"[" * 32 + b"]" * 32).findings == ()


def test_a_byte_order_mark_is_accepted(catalogue, summary):
    report = catalogue.check(b"\xef\xbb\xbf" + raw(summary), on=SAMPLES_ON).report
    assert report.findings == ()


def test_gb18030_is_read_with_a_notice_that_does_not_refuse(catalogue, client, summary):
    content = json.dumps(summary, ensure_ascii=False).encode("gb18030")
    checked = catalogue.check(content, on=SAMPLES_ON)
    data, report = checked.data, checked.report
    assert data == submissions.parse(raw(summary)).data
    assert [finding.rule for finding in report.findings] == ["input.encoding"]
    assert report.ok
    answer = client.post(f"/api/v1/forms/{FORM}/check?on={SAMPLES_ON}", data=content)
    assert (answer.status_code, answer.json) == (200, report.to_dict())


def test_numbers_beyond_64_bits_stay_exact(summary_form, summary):
    summary["expenses"]["total"] = 2**64
    report = check(summary_form, submissions.parse(raw(summary)).data, on=SAMPLES_ON)
    assert "schema.maximum" in {finding.rule for finding in report.findings}
    assert submissions.parse(b"[18446744073709551617]").data == [18446744073709551617]


def test_decimals_that_a_float_would_round_away_are_seen(summary_form, summary):
    content = raw(summary).replace(
        f'"other": {summary["expenses"]["other"]}'.encode(), b'"other": 100000.000000000001'
    )
    report = check(summary_form, submissions.parse(content).data, on=SAMPLES_ON)
    assert "/expenses/other" in {finding.pointer for finding in report.findings}


FORBIDDEN = {
    "NUL": "\x00",
    "bell": "\x07",
    "carriage return": "\r",
    "delete": "\x7f",
    "C1 control": "\x85",
    "bidi override": "\u202e",
    "bidi isolate": "\u2066",
    "noncharacter": "\ufffe",
    "noncharacter of plane 1": "\U0001ffff",
    "noncharacter block": "\ufdd0",
}


@pytest.mark.parametrize("character", FORBIDDEN.values(), ids=FORBIDDEN)
def test_characters_that_cannot_be_seen_are_a_finding_with_place(
    catalogue, client, summary, character
):
    summary["training"]["content"] = f"研修{character}内容"
    summary["unit"]["name"] = f"大学{character}"
    content = json.dumps(summary).encode()
    report = catalogue.check(content, on=SAMPLES_ON).report
    assert [(f.rule, f.pointer) for f in report.findings] == [
        ("text.forbidden", "/unit/name"),
        ("text.forbidden", "/training/content"),
    ]
    assert f"U+{ord(character):04X}" in report.findings[0].message
    answer = client.post(f"/api/v1/forms/{FORM}/check?on={SAMPLES_ON}", data=content)
    assert answer.json == report.to_dict()
    refused = client.post(f"/api/v1/forms/{FORM}/documents?on={SAMPLES_ON}", data=content)
    assert refused.status_code == 422


def test_newlines_and_tabs_are_text(summary_form, summary):
    summary["training"]["content"] = "一\n\t二"
    assert check(summary_form, summary, on=SAMPLES_ON).findings == ()


def test_a_text_beyond_twenty_thousand_characters_is_refused(summary_form, summary):
    summary["training"]["outcome"] = "成" * 20_001
    rules = {f.rule for f in check(summary_form, summary, on=SAMPLES_ON).findings}
    assert rules == {"schema.maxLength"}


@pytest.mark.parametrize(
    "data",
    [
        None, [], "x", 3, float("nan"), {"form": {}}, {1: 2}, {"person": {"name": "\ud800"}}, object(),
        {"\ud800": 1}, {"person": [[]] * 5}, {"expenses": {"total": float("inf")}},
        {"training": {"start_date": "9999-99-99", "end_date": 10**400}}, {"materials": {"a": {1}}},
    ],
)  # fmt: skip
def test_nothing_that_a_program_hands_over_raises(catalogue, data):
    for form in catalogue.values():
        report = check(form, data, on=SAMPLES_ON)
        assert not report.ok
        assert json.dumps(report.to_dict(), ensure_ascii=False).encode()


def test_deep_data_from_a_program_is_a_finding(summary_form):
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    report = check(summary_form, {"person": deep}, on=SAMPLES_ON)
    assert [finding.rule for finding in report.findings] == ["input.depth"]


def test_a_submission_of_no_known_form_is_told_the_names(catalogue, runner, tmp_path):
    path = tmp_path / "x.json"
    path.write_text('{"form": "nope"}')
    result = runner.invoke(main, ["check", str(path)])
    assert result.exit_code == 1
    assert "jiangxi-project-funding" in result.stdout


def test_the_schema_and_the_text_checks_forbid_the_same_characters(summary_form, summary):
    from formsvc.checks import checker
    from formsvc.writing import texts

    structure = checker(summary_form).structure
    for start in range(0, 0x110000, 64):
        block = [chr(c) for c in range(start, start + 64) if not 0xD800 <= c <= 0xDFFF]
        summary["training"]["content"] = "文" + "".join(block)
        forbidden = any(texts.clean(character) != character for character in block)
        assert structure.is_valid(summary) is not forbidden, hex(start)


def test_a_flood_of_rows_is_one_finding_not_a_hundred_thousand(funding_form, funding):
    funding["project"]["budget"] = [{"item": 1}] * 50_000
    report = check(funding_form, funding, on=SAMPLES_ON)
    assert [finding.rule for finding in report.findings] == ["input.size"]


def test_very_many_findings_are_cut_off_with_a_word(summary_form, summary):
    summary |= {f"x{number}": 1 for number in range(2_000)}
    report = check(summary_form, summary, on=SAMPLES_ON)
    assert len(report.findings) == 501
    assert report.findings[0].rule == "schema.more"
