"""What people write is read the same on a page, in a table and in a typed PDF, and never guessed."""

import json
import time
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formsvc import checks, pointers, submissions
from formsvc.documents.printing import printed
from formsvc.findings import Finding, Report, Severity
from formsvc.intake import sheets, tables, typed
from formsvc.web.desks import entries
from formsvc.writing import written
from formsvc.writing.notation import long_date, yuan, yuan_in_words

MONEY = "/expenses/other"
DAY = "/person/birth_date"
YEAR = "/person/selected_year"
TRUTH = "/person/basic_research"
LIST = "/materials"
LINE = "/unit/name"
TEXT = "/training/content"
CODE = "/person/id_number"
MOBILE = "/person/mobile"
DESK = "/person/office_phone"
POST = "/person/postcode"
MAIL = "/person/email"

PLAIN = [
    (MONEY, "98000", 98000), (MONEY, " 98000\n", 98000), (MONEY, "12,345.67", Decimal("12345.67")),
    (MONEY, "１２３４５", 12345), (MONEY, "１２，３４５．６", Decimal("12345.6")),
    (MONEY, "98,000元", 98000), (MONEY, "98000 元", 98000), (MONEY, "￥98,000", 98000),
    (MONEY, "¥ 800", 800), (MONEY, "人民币98,000元整", 98000), (MONEY, "98 000", 98000),
    (MONEY, "98\u00a0000", 98000), (MONEY, "30,000.00元", 30000), (MONEY, "3万", 30000),
    (MONEY, "3.5万元", 35000), (MONEY, "1.23456万", Decimal("12345.6")), (MONEY, "0.5亿", 50000000),
    (MONEY, "叁万元整", 30000), (MONEY, "三万元", 30000), (MONEY, "三万", 30000),
    (MONEY, "壹拾万元整", 100000), (MONEY, "十万", 100000), (MONEY, "八百", 800),
    (MONEY, "两千零五十元", 2050), (MONEY, "三万五千", 35000), (MONEY, "三万零五", 30005),
    (MONEY, "叁仟元伍角整", Decimal("3000.5")), (MONEY, "人民币叁万圆正", 30000), (MONEY, "零元", 0),
    (MONEY, "-5", -5), (MONEY, "-¥5", -5), (MONEY, "0.1", Decimal("0.1")), (MONEY, "1.234", Decimal("1.234")),
    (MONEY, "99999999999999999999", 99999999999999999999),
    (DAY, "2024-09-01", "2024-09-01"), (DAY, "2024-9-1", "2024-09-01"), (DAY, "2024.9.1", "2024-09-01"),
    (DAY, "2024/9/1", "2024-09-01"), (DAY, "2024年9月1日", "2024-09-01"), (DAY, "2024 年 9 月 1 日", "2024-09-01"),
    (DAY, "2024年9月1号", "2024-09-01"), (DAY, "２０２４年９月１日", "2024-09-01"), (DAY, "２０２４．９．１", "2024-09-01"),
    (DAY, "20240901", "2024-09-01"), (DAY, "二〇二四年九月一日", "2024-09-01"),
    (DAY, "二○二四年十二月三十一日", "2024-12-31"), (DAY, "二零二四年十月二十日", "2024-10-20"),
    (DAY, "2024-02-30", "2024-02-30"), (DAY, "2024年2月30日", "2024-02-30"), (DAY, "2024/13/45", "2024-13-45"),
    (YEAR, "2024", 2024), (YEAR, "2024年", 2024), (YEAR, "２０２４ 年", 2024), (YEAR, "二〇二四年", 2024),
    (YEAR, "二零二四", 2024), (YEAR, "3", 3),
    (TRUTH, "是", True), (TRUTH, "否", False), (TRUTH, "TRUE", True), (TRUTH, "false", False), (TRUTH, "√", True),
    (LIST, "往返机票、研修机构证明", ["往返机票", "研修机构证明"]), (LIST, "甲，乙,丙；丁;戊\r\n己", list("甲乙丙丁戊己")),
    (LIST, "往返机票、", ["往返机票"]), (LINE, " 某大学　", "某大学"), (LINE, "98,000元", "98,000元"),
    (LINE, "2024年9月", "2024年9月"), (CODE, "３６０１０１１９９００３０７８８９ｘ", "36010119900307889x"),
    (CODE, "360101 19900307 889x", "36010119900307889X"), (CODE, "360101-19900307-8897", "360101199003078897"),
    (MOBILE, "138 0013 8000", "13800138000"), (MOBILE, "138-0013-8000", "13800138000"),
    (MOBILE, "+86 138 0013 8000", "13800138000"), (MOBILE, "１３８００１３８０００", "13800138000"),
    (MOBILE, "\u202d13800138000\u202c", "13800138000"), (MOBILE, "1380013800", "1380013800"),
    (DESK, "（0791）8638 6000", "0791-86386000"), (DESK, "0791-86386000转8001", "0791-86386000-8001"),
    (DESK, "0791－86386000", "0791-86386000"), (DESK, "+86 791 8638 6000", "0791-86386000"),
    (DESK, "010 6512 3456 分机 12", "010-65123456-12"), (DESK, "8638-6000", "86386000"),
    (DESK, "079186386000", "079186386000"), (DESK, "86386000、86386001", "86386000、86386001"),
    (CODE, "３６０１０１１９７９０９０３００１３", "360101197909030013"), (CODE, "36010119790903001x", "36010119790903001x"),
    (POST, "330 046", "330046"), (POST, "３３００４６", "330046"), (MAIL, "zhang＠example。cn", "zhang@example.cn"),
    (TEXT, "　　第一段。\r\n\r\n　　第二段。\n", "　　第一段。\n\n　　第二段。\n"),
]  # fmt: skip

UNREADABLE = [
    (MONEY, "约三万"), (MONEY, "1e5"), (MONEY, "NaN"), (MONEY, "1.2.3"), (MONEY, "10²"), (MONEY, "½"),
    (MONEY, "①②"), (MONEY, "3-5万"), (MONEY, "5万美元"), (MONEY, "九" * 39), (MONEY, "亿" * 40), (MONEY, "9" * 50), (MONEY, "三五万"),
    (MONEY, "2024-09-01"), (MONEY, "是"), (DAY, "去年九月"), (DAY, "去年"), (DAY, "2024-9/1"),
    (DAY, "12092024"), (DAY, "2024年9月1日至今"), (YEAR, "2024元"), (YEAR, "去年"),
    (TRUTH, "是否"), (TRUTH, "1"), (TRUTH, "不"), (LIST, "、"),
]  # fmt: skip

UNCLEAR = [
    (MONEY, "1,2", ("1.2", "12")), (MONEY, "1,23", ("1.23", "123")), (MONEY, "１，２３元", ("1.23", "123")),
    (MONEY, "1.234,5", ("1234.5", "1.2345")), (MONEY, "9800,000", ("9800.000", "9800000")),
    (MONEY, "0,123", ("0.123", "0123")), (MONEY, "1,2万元", ("1.2万", "12万")), (MONEY, "1,2,3", ("看不出是多少",)),
    (MONEY, "1 2", ("看不出是多少",)), (MONEY, "三万五", ("35000", "30005")), (MONEY, "三百五元", ("350", "305")),
    (MONEY, "3万5", ("35000", "30005")),
    (DAY, "24.9.1", ("2024-09-01", "1924-09-01", "2001-09-24")), (DAY, "24年9月1日", ("2024-09-01", "1924-09-01")),
    (DAY, "1/2/2024", ("2024-02-01", "2024-01-02")), (DAY, "25/12/2024", ("2024-12-25",)),
    (DAY, "240901", ("2024-09-01",)), (DAY, "2024年9月", ("缺少日",)), (DAY, "2024.9", ("缺少日",)),
    (DAY, "202409", ("缺少日",)), (DAY, "二〇二四年九月", ("缺少日",)), (DAY, "2024年", ("缺少月和日",)), (DAY, "9月1日", ("缺少年",)),
    (YEAR, "24年", ("2024", "1924")), (TRUTH, "×", ("“否”", "选中")),
]  # fmt: skip


def in_a_cell(catalogue, form, pointer, text):
    column = next(column for column in sheets.columns(form) if column.pointer == pointer)
    title = sheets.sheet_name(form)
    rows = iter([(title, 1, [column.heading, "姓名"]), (title, 2, [text, "张三"])])
    (row,) = tables._sheet(title, rows, "", catalogue, tables.Details(iter(())))
    return submissions.parse(row.raw).data, row.findings


def on_a_page(_catalogue, form, pointer, text):
    data, findings = entries.read(form, {pointer: text})
    return submissions.parse(submissions.encoded(data)).data, findings


def in_a_pdf(_catalogue, form, pointer, text):
    return typed.submission(form, {pointer: text}), None


WAYS = [in_a_cell, on_a_page, in_a_pdf]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("pointer", "text", "meant"), PLAIN)
def test_what_is_plain_is_that_value_everywhere(catalogue, summary_form, way, pointer, text, meant):
    data, findings = way(catalogue, summary_form, pointer, text)
    said = pointers.get(data, pointer)
    assert said == meant
    assert isinstance(said, bool) == isinstance(meant, bool)
    assert not isinstance(said, float)
    assert not findings


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("pointer", "text"), UNREADABLE)
def test_what_cannot_be_read_stays_and_the_schema_says_so(
    catalogue, summary_form, way, pointer, text
):
    data, findings = way(catalogue, summary_form, pointer, text)
    assert pointers.get(data, pointer) == text
    assert not findings
    report = checks.check(summary_form, data, on=date(2026, 3, 1))
    assert [f for f in report.findings if f.pointer == pointer and f.rule.startswith("schema.")]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("pointer", "text", "readings"), UNCLEAR)
def test_what_is_unclear_stays_and_is_a_finding(
    catalogue, summary_form, way, pointer, text, readings
):
    data, findings = way(catalogue, summary_form, pointer, text)
    assert pointers.get(data, pointer) == text
    report = checks.check(summary_form, data, on=date(2026, 3, 1))
    assert not report.ok
    if findings is None:  # a typed PDF has no findings of its own: the schema speaks
        return
    (finding,) = findings
    assert (finding.rule, finding.pointer) == ("input.written", pointer)
    assert finding.message.startswith(f"{summary_form.label(pointer)}写作“")
    assert "；请" in finding.message
    assert all(reading in finding.message for reading in readings)
    shown = [f.rule for f in report.preceded_by(findings).findings if f.pointer == pointer]
    assert shown == ["input.written"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pointer", [MONEY, DAY, YEAR, TRUTH, LIST, LINE, TEXT])
def test_blanks_alone_are_nothing(catalogue, summary_form, way, pointer):
    data, findings = way(catalogue, summary_form, pointer, " 　\r\n")
    assert pointers.get(data, pointer) is pointers.MISSING
    assert not findings


def cell(catalogue, form, pointer, value):
    return in_a_cell(catalogue, form, pointer, value)[0]


def test_a_number_cell_is_exactly_what_the_sheet_holds(catalogue, summary_form):
    data = cell(catalogue, summary_form, MONEY, 0.1 + 0.2)
    assert pointers.get(data, MONEY) == Decimal("0.30000000000000004")


def test_a_number_cell_may_hold_a_date_as_digits(catalogue, summary_form):
    assert pointers.get(cell(catalogue, summary_form, DAY, 20240901), DAY) == "2024-09-01"
    _, (finding,) = in_a_cell(catalogue, summary_form, DAY, 2024.1)
    assert finding.rule == "input.written"


def test_a_finding_in_a_list_stands_at_the_row_that_the_data_has(catalogue, funding_form):
    pointer = "/project/budget/2/amount"
    data, (finding,) = in_a_cell(catalogue, funding_form, pointer, "1,2")
    assert pointers.get(data, finding.pointer) == "1,2"
    assert finding.label == funding_form.label(pointer)  # as the column is headed


@pytest.mark.parametrize(("value", "pointer"), [(True, MONEY), (1, TRUTH), (True, TRUTH)])
def test_a_typed_cell_of_another_type_is_left_to_the_schema(
    catalogue, summary_form, value, pointer
):
    assert pointers.get(cell(catalogue, summary_form, pointer, value), pointer) is value


TYPES = st.sampled_from([("number", "money"), ("number", "number"), ("integer", "integer"),
                         ("boolean", "boolean"), ("array", "array"), ("string", "date"),
                         ("string", "string"), ("string", "paragraphs")])  # fmt: skip


@given(
    st.one_of(
        st.text(),
        st.text("0123456789.,-/ ￥元万亿年月日〇零一二三十百千壹贰叁拾佰仟角分整", max_size=20),
    ),
    TYPES,
)
def test_no_text_is_too_odd_to_be_read(text, types):
    type, kind = types
    meant = written.value(text, type=type, kind=kind)
    assert not isinstance(meant.value, float)
    if meant.problem:
        assert meant.value == text.strip()


@pytest.mark.parametrize("types", [("number", "money"), ("string", "date"), ("boolean", "boolean")])
def test_a_very_long_text_costs_nothing(types):
    type, kind = types
    began = time.process_time()
    for text in ("1," * 500_000, "九" * 1_000_000, "0 " * 500_000):
        assert written.value(text, type=type, kind=kind).value == text.strip()
    assert time.process_time() - began < 1


@given(st.integers(0, 10**9 * 100))
def test_printed_money_is_read_as_it_was(cents):
    amount = Decimal(cents).scaleb(-2)
    assert written.value(yuan(amount), type="number", kind="money") == written.Written(amount)
    said = yuan_in_words(amount)
    if amount >= 1:
        assert written.value(said, type="number", kind="money") == written.Written(amount)


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_printed_dates_are_read_as_they_were(day):
    for text in (long_date(day), day.isoformat(), f"{day:%Y%m%d}"):
        assert written.value(text, type="string", kind="date").value == day.isoformat()


@pytest.mark.parametrize("truth", [True, False])
def test_a_printed_truth_is_read_as_it_was(summary_form, truth):
    text = printed(summary_form, {"person": {"basic_research": truth}})[TRUTH]
    assert written.value(text, type="boolean", kind="boolean").value is truth


def finding(rule, pointer, severity=Severity.ERROR):
    return Finding(rule, severity, pointer, "", "")


def test_a_finding_put_first_hides_what_the_schema_says_at_its_place_only():
    report = Report(
        "", "", (finding("schema.type", "/a"), finding("limit", "/a"), finding("schema.type", "/b"))
    )
    first = report.preceded_by([finding("input.written", "/a")])
    assert [(f.rule, f.pointer) for f in first.findings] == [
        ("input.written", "/a"), ("limit", "/a"), ("schema.type", "/b"),
    ]  # fmt: skip
    assert not first.unreadable


def test_a_warning_put_first_hides_no_error():
    report = Report("", "", (finding("schema.type", ""),))
    first = report.preceded_by([finding("input.encoding", "", Severity.WARNING)])
    assert not first.ok


def test_numbers_are_json_of_the_same_digits():
    raw = submissions.encoded({"a": Decimal("0.10"), "b": 10**20, "c": 0.1})
    assert json.loads(raw, parse_float=str) == {"a": "0.10", "b": 10**20, "c": "0.1"}


def test_a_typed_text_longer_than_its_field_stays_whole_and_is_not_looked_at(
    summary_form, monkeypatch
):
    looked_at = []
    read = typed.answers.read
    monkeypatch.setattr(
        typed.answers, "read", lambda *given: looked_at.append(given[2]) or read(*given)
    )
    long = "98000" + " " * 5_000
    data = typed.submission(summary_form, {"/expenses/other": long, "/unit/name": "某" * 5_000})
    assert data["expenses"]["other"] == long
    assert data["unit"]["name"] == "某" * 5_000
    assert looked_at == []
