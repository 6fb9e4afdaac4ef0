"""What a form's rules say beside its fields, and in which order these are asked for."""

from datetime import date

import pytest

from formsvc import check
from formsvc.checks import explain
from formsvc.checks.register import Register, Registered
from formsvc.web.desks import entries
from formsvc.web.desks.assist import asides, offers
from formsvc.web.desks.widgets import widgets

from .conftest import SAMPLES_ON

ID = "11010519491231002X"


def beside(form, typed, register=None):
    data, _ = entries.read(form, typed)
    return asides(form, data, SAMPLES_ON, typed, register)


def test_the_order_on_the_page_is_the_rules_and_the_order_on_paper_stays(catalogue):
    for form in catalogue.values():
        leads = explain.leads(form, SAMPLES_ON)
        for section, group in widgets(form, SAMPLES_ON):
            asked = [each.pointer for each in group]
            assert sorted(asked) == sorted(each.pointer for each in section.fields)
            for then in set(asked) & leads.keys():
                firsts = set(leads[then]) & set(asked)
                assert all(asked.index(first) < asked.index(then) for first in firsts)


def test_a_valid_id_number_offers_birth_date_and_gender(summary_form):
    found = offers(beside(summary_form, {"/person/id_number": ID}))
    assert found["/person/birth_date"][0] == "1949-12-31"
    assert found["/person/gender"][0] == "女"
    assert "/person/birth_date" not in offers(
        beside(summary_form, {"/person/id_number": ID[:-1] + "0"})
    )


def test_a_sum_is_offered_when_all_its_parts_are_there(summary_form):
    parts = {f"/expenses/{name}": "1000.5" for name in ("training", "travel", "living")}
    partial = beside(summary_form, parts)["/expenses/total"]
    assert [(each.text, each.put) for each in partial] == [
        ("已填的 3 项相加：3,001.50元，还有 1 项没有填", "")
    ]
    whole = offers(beside(summary_form, {**parts, "/expenses/other": "0"}))
    assert whole["/expenses/total"][0] == "3001.50"


def test_the_register_offers_what_it_says_to_who_knows_name_and_id_number(summary_form):
    people = Register(
        (Registered("张三", ID, "技能人才", 2022), Registered("李四", "", "技能人才"))
    )
    known = {"/person/name": "张三", "/person/id_number": ID}
    found = offers(beside(summary_form, known, people))
    assert found["/person/category"][0] == "技能人才"
    assert found["/person/selected_year"][0] == "2022"
    for other in (
        {**known, "/person/name": "李四"},
        {"/person/name": "张三"},
        {"/person/name": "李四"},
    ):
        assert "/person/category" not in offers(beside(summary_form, other, people))


def test_all_that_is_asked_for_is_ticked_with_one_button(summary_form):
    (aside,) = beside(summary_form, {})["/materials"]
    assert aside.put.split("、") == summary_form.fields["/materials/*"].schema["enum"]
    assert "/materials" not in beside(summary_form, {"/materials": aside.put.split("、")})


@pytest.mark.parametrize("day", ["2026-02-01", "2026-04-01", None])
def test_what_is_to_be_over_is_not_over_by_a_later_day_on_paper(summary_form, day):
    data = {"form": summary_form.id, "training": {"end_date": "2026-03-31"}}
    if day:
        data["submitted_on"] = day
    early = {finding.rule for finding in check(summary_form, data, on=date(2026, 3, 1)).findings}
    late = {finding.rule for finding in check(summary_form, data, on=date(2026, 4, 1)).findings}
    assert "not-finished" in early
    assert ("not-finished" in late) is (day == "2026-02-01")


@pytest.mark.parametrize(
    ("pointer", "given", "said"),
    [
        ("/person/mobile", "138 0013 8000", "请写成 13800138000"),
        ("/person/mobile", "1380013800", "应为 11 位，现在是 10 位"),
        ("/person/office_phone", "（0791）8638 6000", "请去掉空格、括号等"),
        ("/person/postcode", "33004", "应为 6 位数字，现在是 5 位"),
        ("/person/birth_date", "1990年5月4日", "请写成 1990-05-04"),
        ("/person/birth_date", "1990年5月", "缺少日"),
        ("/person/birth_date", "去年", "看不出是哪一天"),
        ("/person/email", "zhang.example.cn", "缺少“@”"),
        ("/person/address", "南昌\n市", "写在一行"),
    ],
)
def test_a_message_on_json_says_the_mend_and_the_value_stays(summary_form, pointer, given, said):
    data = {"form": summary_form.id, "person": {pointer.rpartition("/")[2]: given}}
    (found,) = [each for each in check(summary_form, data, on=SAMPLES_ON).findings
                if each.pointer == pointer]  # fmt: skip
    assert said in found.message
    assert "YYYY" not in found.message


def test_a_rule_says_whether_its_operand_is_missing_or_wrong(summary_form):
    data = {"form": summary_form.id, "training": {"end_date": "?"}, "funding": {"unit": 0}}
    report = check(summary_form, data, on=SAMPLES_ON)
    why = {each.rule: each.reason for each in report.skipped}
    assert why["provincial-cap"] == "“省专项资金资助”没有填写，填好后再检查。"
    assert why["not-finished"] == "“研修结束日期”有误，改正后再检查。"
