"""A row of a table is a submission, and a submission is a row again."""

import io
import json
import zipfile
from datetime import date

import openpyxl
import pytest

from formsvc.errors import UnreadableDocument
from formsvc.intake import sheets
from formsvc.intake.sources import items
from formsvc.sandbox import run_limited
from tests.conftest import valid_samples

ON = date(2026, 3, 1)


def read(content, name, catalogue):
    return list(items(io.BytesIO(content), name, catalogue))


def book(title, *rows):
    made = openpyxl.Workbook()
    made.active.title = title
    for row in rows:
        made.active.append(row)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["jiangxi-training-summary", "jiangxi-project-funding"])
def test_samples_come_back_from_a_sheet_as_they_went_in(name, catalogue):
    samples = [json.loads(path.read_text("utf-8-sig")) for path in valid_samples(name)]
    found = read(sheets.write(catalogue[name], ON, samples), "表.xlsx", catalogue)
    assert [json.loads(item.raw) for item in found] == samples
    assert found[0].source.endswith("第 2 行")


def test_the_blank_sheet_has_choices_and_limits_and_no_submission(catalogue):
    content = sheets.write(catalogue["jiangxi-training-summary"], ON)
    assert read(content, "表.xlsx", catalogue) == []
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    rules = {rule.promptTitle: rule for rule in sheet.data_validations.dataValidation}
    assert rules["性别"].type == "list"
    assert "500 字" in rules["研修内容及形式"].prompt
    assert sheet.freeze_panes == "B2"


def test_csv_in_utf8_and_gb18030_with_labels_or_pointers(catalogue):
    text = '姓名,/project/amount,统一社会信用代码,项目名称\n张三,"50,000",91X,课题\n'
    for encoding in ("utf-8-sig", "gb18030"):
        (item,) = read(text.encode(encoding), "项目资助经费申请表.csv", catalogue)
        data = json.loads(item.raw)
        assert data["form"] == "jiangxi-project-funding"
        assert data["person"]["name"] == "张三"
        assert data["project"] == {"amount": 50000, "name": "课题"}


def test_dates_numbers_and_choices_are_understood_as_people_type_them(catalogue):
    head = ["姓名", "研修开始日期", "研修结束日期", "手机", "从事基础科学研究", "随附材料"]
    row = ["张三", date(2024, 9, 1), "2025年3月1日", 13800138000, "是", "往返机票、研修机构证明"]
    (item,) = read(book("国（境）外研修总结书", head, row), "x.xlsx", catalogue)
    data = json.loads(item.raw)
    assert data["training"] == {"start_date": "2024-09-01", "end_date": "2025-03-01"}
    assert data["person"] == {"name": "张三", "mobile": "13800138000", "basic_research": True}
    assert data["materials"] == ["往返机票", "研修机构证明"]


def test_an_id_number_that_lost_its_digits_is_named(catalogue):
    content = book("国（境）外研修总结书", ["姓名", "身份证号码"], ["张三", 360101197501240025])
    (item,) = read(content, "x.xlsx", catalogue)
    assert item.findings[0].rule == "input.number-cell"
    assert "文本" in item.findings[0].message


def test_an_unknown_column_is_a_finding_where_it_is_filled(catalogue):
    content = book("国（境）外研修总结书", ["姓名", "手机", "备注"], ["张三", None, "加急"])
    (item,) = read(content, "x.xlsx", catalogue)
    report = catalogue.check(item.raw, on=ON).report
    assert [f.pointer for f in report.findings if f.rule == "schema.additionalProperties"] == [
        "/备注"
    ]


def test_a_sheet_of_no_known_form_is_one_finding(catalogue):
    (item,) = read(book("工资", ["工号", "金额"], [1, 2]), "x.xlsx", catalogue)
    assert "认不出" in item.findings[0].message


def test_a_cell_far_away_costs_nothing(catalogue):
    made = openpyxl.Workbook()
    made.active["A1"], made.active["XFD1048576"] = "姓名", "x"
    stream = io.BytesIO()
    made.save(stream)
    assert len(read(stream.getvalue(), "x.xlsx", catalogue)) == 1


def test_a_doctype_in_a_part_is_refused(catalogue):
    stream = io.BytesIO(book("a", ["姓名"]))
    with zipfile.ZipFile(stream, "a") as target:
        target.writestr("xl/evil.xml", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>')
    (item,) = read(stream.getvalue(), "x.xlsx", catalogue)
    assert "不允许" in item.findings[0].message


def test_broken_files_are_one_finding(catalogue):
    for content in (b"", b"PK\3\4junk", b"\0" * 100):
        (item,) = read(content, "x.xlsx", catalogue)
        assert item.raw is None


def spin(_payload):
    while True:
        pass


def swell(_payload):
    return b"x" * (2 << 30)


def crash(_payload):
    raise RuntimeError("secret")


def write_file(_payload):
    with open("/tmp/formsvc-should-not-exist", "wb") as stream:
        stream.write(b"x")
    return b""


@pytest.mark.parametrize("function", [spin, swell, crash, write_file])
def test_a_parser_that_breaks_its_limits_is_ended(function):
    with pytest.raises(UnreadableDocument) as refusal:
        run_limited(function, b"", memory=1 << 30, cpu=1, wall=3)
    assert "secret" not in str(refusal.value)


def echo(payload):
    return payload


def test_a_parser_within_its_limits_answers():
    assert run_limited(echo, b"x" * 3_000_000) == b"x" * 3_000_000
