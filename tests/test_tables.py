"""A row of a table is a submission, and a submission is a row again."""

import io
import json
import random
import subprocess
import sys
import threading
import time
import zipfile
from datetime import date

import openpyxl
import pytest

from formsvc import sandbox
from formsvc.errors import UnreadableDocument
from formsvc.intake import sheets
from formsvc.intake.sources import items
from formsvc.sandbox import run_limited
from tests.conftest import ROOT, valid_samples, with_plain_codes

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


ROLL, OUTCOME = "jiangsu333-allowance-roll", "jiangxi-annual-outcome"


@pytest.mark.parametrize(
    "name", ["jiangxi-training-summary", "jiangxi-project-funding", ROLL, OUTCOME]
)
def test_samples_come_back_from_a_sheet_as_they_went_in(name, catalogue):
    samples = [json.loads(path.read_text("utf-8-sig")) for path in valid_samples(name)]
    found = read(sheets.write(catalogue[name], ON, samples), "表.xlsx", catalogue)
    wanted = [with_plain_codes(catalogue[name], each) for each in samples]
    assert [json.loads(item.raw) for item in found] == wanted
    assert found[0].source.endswith("第 2 行")


def test_the_blank_sheet_has_choices_and_limits_and_no_submission(catalogue):
    content = sheets.write(catalogue["jiangxi-training-summary"], ON)
    assert read(content, "表.xlsx", catalogue) == []
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    rules = {rule.promptTitle: rule for rule in sheet.data_validations.dataValidation}
    assert rules["性别"].type == "list"
    assert "500 字" in rules["研修内容及形式"].prompt
    assert sheet.freeze_panes == "B2"


def roll_book(catalogue, firsts, rows, owner="属于第几行"):
    """The blank of a form with a long list, with these rows on its two sheets."""
    made = openpyxl.load_workbook(io.BytesIO(sheets.write(catalogue[ROLL], ON)))
    for row, unit in enumerate(firsts, 2):
        made.worksheets[0].cell(row, 1, 2025)
        made.worksheets[0].cell(row, 2, unit)
    for number, row in enumerate(rows, 2):
        for place, cell in enumerate(row, 1):
            made.worksheets[1].cell(number, place, cell)
    made.worksheets[1].cell(1, 1, owner)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def people(item):
    data = json.loads(item.raw)
    return data["unit"]["name"], [row.get("name") for row in data.get("people", ())]


def test_the_blank_of_a_long_list_has_a_row_a_person_on_a_sheet_of_its_own(catalogue):
    made = openpyxl.load_workbook(io.BytesIO(sheets.write(catalogue[ROLL], ON)))
    assert made.sheetnames[:2] == ["培养对象补助发放表", "发放明细"]
    assert made.worksheets[0].max_column < 10
    heads = [cell.value for cell in made.worksheets[1][1]]
    assert heads == ["属于第几行", "姓名", "身份证号码", "培养层次", "归属", "发放月数"]


def test_the_only_submission_of_a_file_has_all_rows_of_its_list(catalogue):
    content = roll_book(catalogue, ["甲校"], [(None, "张三"), (None, None), (2, "李四")])
    (item,) = read(content, "x.xlsx", catalogue)
    assert people(item) == ("甲校", ["张三", "李四"])


def test_rows_of_lists_go_to_the_submission_whose_row_they_name(catalogue):
    content = roll_book(catalogue, ["甲校", "乙校"], [("3", "张三"), (2, "李四"), (3, "王五")])
    assert [people(item) for item in read(content, "x.xlsx", catalogue)] == [
        ("甲校", ["李四"]),
        ("乙校", ["张三", "王五"]),
    ]


@pytest.mark.parametrize(
    ("owner", "said"), [(None, "没有写明"), (9, "第 9 行没有填写"), ("甲校", "行号")]
)
def test_a_row_of_a_list_that_belongs_to_nothing_is_refused_with_its_place(catalogue, owner, said):
    content = roll_book(catalogue, ["甲校", "乙校"], [(2, "李四"), (owner, "张三")])
    refused = read(content, "x.xlsx", catalogue)[-1]
    assert refused.raw is None
    assert refused.source.endswith("工作表“发放明细”第 3 行")
    assert said in refused.findings[0].message


def test_what_is_wrong_in_a_row_of_a_list_is_found_at_its_cell(catalogue):
    content = roll_book(catalogue, ["甲校"], [(2, "张三", 360101197501240025)])
    (item,) = read(content, "x.xlsx", catalogue)
    assert [(each.rule, each.pointer) for each in item.findings] == [
        ("input.number-cell", "/people/0/id_number")
    ]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_columns_beyond_the_most_that_is_read_are_said(catalogue, ending):
    cells = [f"/people/{number}/name" for number in range(301)]
    content = ",".join(cells).encode() if ending == "csv" else book("x", cells)
    (item,) = read(content, f"x.{ending}", catalogue)
    assert "300 列" in item.findings[0].message


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


# What a small file may cost


def package(sheets, cells="", strings=""):
    """An XLSX by hand: so many sheets, all of one part."""
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    links = "http://schemas.openxmlformats.org/package/2006/relationships"
    listed = "".join(
        f'<sheet name="s{n}" sheetId="{n}" r:id="rId1"/>' for n in range(1, sheets + 1)
    )
    override = '<Override PartName="/xl/{}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.{}+xml"/>'
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        + override.format("workbook", "sheet.main")
        + override.format("sheet1", "worksheet")
        + override.format("sharedStrings", "sharedStrings")
        + "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{links}"><Relationship Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{office}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{links}"><Relationship Id="rId1" Type="{office}/worksheet" Target="sheet1.xml"/><Relationship Id="rId2" Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/sharedStrings.xml": f"<sst {main}>{strings}</sst>",
        "xl/sheet1.xml": f"<worksheet {main}><sheetData>{cells}</sheetData></worksheet>",
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            target.writestr(name, content)
    return stream.getvalue()


def repeated(rows, columns, text):
    """One shared string in every cell."""
    row = '<c t="s"><v>0</v></c>' * columns
    noise = "".join(f"<!--{random.Random(n).random()}-->" for n in range(rows))
    cells = "".join(f"<row>{row}</row>" for _ in range(rows)) + noise
    return package(1, cells, f"<si><t>{text}</t></si>")


def longest_wait(work):
    """The longest that another thread was kept from running while `work` ran, in seconds."""
    longest, last, over = 0.0, time.monotonic(), threading.Event()

    def tick():
        nonlocal longest, last
        while not over.is_set():
            time.sleep(0.005)
            now = time.monotonic()
            longest, last = max(longest, now - last), now

    other = threading.Thread(target=tick)
    other.start()
    work()
    over.set()
    other.join()
    return longest


def assert_quick(work):
    """Others wait less than 2 s, where they waited for 5 to 13; a busy machine alone takes 0.6 s."""
    assert longest_wait(work) < 2


COSTLY = {
    "one string in 600,000 cells": lambda: repeated(10_000, 60, "国" * 30),
    "one long string in 60,000 cells": lambda: repeated(1_000, 60, "国" * 30_000),
    "5,000 sheets of one part": lambda: package(5_000, "<row><c><v>1</v></c></row>"),
}


@pytest.mark.parametrize("name", COSTLY)
def test_a_small_file_that_holds_much_is_refused_and_others_do_not_wait(name, catalogue):
    content, found = COSTLY[name](), []
    assert_quick(lambda: found.extend(read(content, "x.xlsx", catalogue)))
    assert {item.raw for item in found} == {None}


def test_four_thousand_rows_of_forty_five_columns_are_read(catalogue):
    form = catalogue["jiangxi-training-summary"]
    data = [json.loads(valid_samples(form.id)[0].read_text("utf-8-sig"))] * 4_000
    content, found = sheets.write(form, ON, data), []
    assert_quick(lambda: found.extend(read(content, "x.xlsx", catalogue)))
    assert len(found) % 4_000 == 0
    assert json.loads(found[-1].raw) == data[-1]


def test_members_too_small_for_a_ratio_are_counted_together(catalogue):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for number in range(200):
            target.writestr(f"{number}.json", b" " * 990_000)
    found = read(stream.getvalue(), "x.zip", catalogue)
    assert sum(item.raw is not None for item in found) <= 2
    assert "炸弹" in found[-1].findings[0].message


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


def answer_much(_payload):
    return b"x" * (sandbox.ANSWER + 1)


@pytest.mark.parametrize("function", [spin, swell, crash, write_file, answer_much])
def test_a_parser_that_breaks_its_limits_is_ended(function):
    with pytest.raises(UnreadableDocument) as refusal:
        run_limited(function, b"", memory=1 << 30, cpu=1, wall=3)
    assert "secret" not in str(refusal.value)


def shout(payload):
    import sys
    import warnings

    warnings.warn(payload.decode(), stacklevel=1)
    print(payload.decode(), file=sys.stderr)
    return payload


def test_what_a_parser_says_about_a_file_reaches_no_log():
    code = "from tests.test_tables import *; run_limited(shout, b'360101197501240028')"
    command = [sys.executable, "-c", f"if __name__ == '__main__':\n {code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert "360101" not in done.stdout + done.stderr


def echo(payload):
    return payload


def test_a_parser_within_its_limits_answers():
    assert run_limited(echo, b"x" * 3_000_000) == b"x" * 3_000_000
