"""Guards, computed values, rows, registers and tallies: what form.toml can say, on a form with all."""

import copy
import json
from contextlib import closing
from datetime import date
from decimal import Decimal

import pytest

from formsvc import Catalogue, check, pointers
from formsvc.bulk.comparison import Comparisons, Meetings
from formsvc.checks.register import Register, Registered
from formsvc.checks.steps import next_steps
from formsvc.documents.printing import printed
from formsvc.errors import FormError
from formsvc.forms import read
from formsvc.forms.computed import completed

from .conftest import SAMPLES
from .every_kind import EVERY, WHOLE

ON = date(2026, 3, 1)
(FORM,) = read([EVERY])
CATALOGUE = Catalogue([FORM])


def changed(**places):
    """The whole submission with places (`__` for `/`) set, or taken away by None."""
    data = copy.deepcopy(WHOLE)
    for name, value in places.items():
        pointer = "/" + name.replace("__", "/")
        if value is None:
            parent, _, last = pointer.rpartition("/")
            pointers.get(data, parent).pop(last)
        else:
            pointers.set_(data, pointer, value)
    return data


def found(data, on=ON, register=None):
    report = check(FORM, data, on=on, register=register)
    return [(each.rule, each.pointer) for each in report.findings if each.severity != "note"]


def skipped(data):
    return {each.rule: each.reason for each in check(FORM, data, on=ON).skipped}


def test_a_whole_submission_meets_every_kind_of_rule():
    report = check(FORM, WHOLE, on=ON)
    assert report.findings == ()
    assert skipped(WHOLE)["on-the-list"] == "没有提供名册。"


# Guards


def test_a_rule_whose_guard_is_off_is_skipped_with_the_reason():
    assert skipped(changed(project__reason="省内调动", project__request="终止"))["not-begun"] == (
        "只在“申请事项”为“变更”时检查。"
    )


def test_a_guard_whose_field_is_missing_is_never_false():
    reasons = skipped(changed(project__reason=None))
    assert reasons["to-unit"] == "“原因”没有填写。"
    assert found(changed(project__to=None)) == [("to-unit", "/project/to")]


def test_a_field_is_required_where_another_says_so():
    data = changed(project__request="终止", project__reason="调离本省", project__to=None)
    assert ("to-unit", "/project/to") not in found(data)


def test_a_note_speaks_where_its_guard_holds_and_spoils_nothing():
    data = changed(project__request="终止", project__reason="其他原因")
    report = check(FORM, data, on=ON)
    assert [(each.rule, each.severity.label) for each in report.findings] == [
        ("balance-goes-back", "提示")
    ]
    assert (report.ok, report.warnings, report.notes) == (True, 0, 1)
    less = changed(project__request="终止", project__reason="其他原因", project__granted=199999.99)
    assert check(FORM, less, on=ON).notes == 0


def test_a_step_a_box_and_a_waiver_follow_their_guards():
    moved = WHOLE
    gone = changed(project__request="终止", project__reason="其他原因")
    assert [step.title for step in next_steps(FORM, moved, ON)] == ["报送", "盖章"]
    assert [step.title for step in next_steps(FORM, gone, ON)] == ["报送"]
    assert printed(FORM, moved)["/project/moved"] == "调入乙单位"
    assert printed(FORM, gone)["/project/moved"] == ""
    waived = changed(project__place="中国 香港", materials=["机票"])
    assert found(waived) == []
    assert "附机票。" in next_steps(FORM, waived, ON)[0].text


# Computed values


def test_values_are_worked_out_by_look_up_product_sum_difference_and_months():
    data = completed(FORM, WHOLE, ON)
    assert [row["rate"] for row in data["roll"]] == [20000, Decimal("500.5")]
    assert [row["amount"] for row in data["roll"]] == [240000, 6006]
    assert [row["payer"] for row in data["roll"]] == ["省财政", "所在地"]
    assert data["totals"] == {"all": 246006, "province": 240000, "people": 2}
    assert data["project"]["balance"] == Decimal("49999.5")
    assert data["project"]["months"] == 6
    assert "totals" not in WHOLE


def test_policy_values_are_those_of_the_submission_s_own_day():
    earlier = CATALOGUE.check_data(changed(sent="2025-12-31", year=2025), on=ON).data
    assert earlier["roll"][0]["rate"] == 10000
    assert CATALOGUE.check_data(WHOLE, on=ON).data["roll"][0]["rate"] == 20000


def test_computed_values_are_printed():
    shown = printed(FORM, WHOLE)
    assert shown["/project/balance"] == "49,999.50元"
    assert shown["/roll/0/amount"] == "240,000元"
    assert shown["/roll/1/payer"] == "所在地"
    assert shown["/totals/all"] == "246,006元"


def test_a_value_typed_in_must_be_the_computed_one():
    assert found(changed(project__balance=49999.5)) == []
    assert found(completed(FORM, WHOLE, ON)) == []
    report = check(FORM, changed(project__balance=50000), on=ON)
    [finding] = report.findings
    assert (finding.rule, finding.pointer) == ("computed.differs", "/project/balance")
    assert "50,000元" in finding.message
    assert "49,999.50元" in finding.message
    assert (finding.value, finding.limit) == (50000, Decimal("49999.5"))
    assert found(changed(roll__1__payer="省财政")) == [("computed.differs", "/roll/1/payer")]


def test_a_value_that_cannot_be_worked_out_is_absent_and_what_reads_it_is_skipped():
    data = changed(project__spent="很多")
    assert found(data) == [("schema.type", "/project/spent")]
    assert "有误" in skipped(data)["balance-share"]
    assert "months" not in completed(FORM, changed(project__start=None), ON)["project"]
    assert found(changed(project__start=None, project__months=6)) == [
        ("computed.differs", "/project/months")
    ]


def test_computed_values_in_a_circle_are_refused(tmp_path):
    from dataclasses import replace

    from formsvc.checks import Checker

    specs = {spec.field.pointer: spec for spec in FORM.computed}
    specs["/totals/all"] = replace(specs["/totals/all"], amount=["/totals/province", 1])
    specs["/totals/province"] = replace(specs["/totals/province"], amount=["/totals/all", 1])
    with pytest.raises(FormError, match="computed in a circle"):
        Checker(replace(FORM, computed=tuple(specs.values()))).check(WHOLE, ON)


def test_what_is_computed_is_marked_in_the_schema_and_the_other_way_round(tmp_path):
    import shutil

    from formsvc import Shelf

    shutil.copytree(EVERY.schemas, tmp_path / "schemas")
    path = tmp_path / "schemas/demo/every-kind/1/form.toml"
    text = path.read_text("utf-8")
    shelf = Shelf(tmp_path / "schemas", tmp_path, tmp_path)
    for old, new, named in (
        ('field = "/project/balance"\nis', 'field = "/project/spent"\nis', "marks as readOnly"),
        ('[[computed]]\nfield = "/project/months"\nis = { months = ["/project/start", "/project/end"] }', "",
         "/project/months is readOnly, but nothing computes it"),
        ('is = { count = "/roll" }', "is = {}", "[[computed]] /totals/people: is"),
    ):  # fmt: skip
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")
        with pytest.raises(FormError) as caught:
            read([shelf])
        assert named in str(caught.value)


# Rows, periods, days


def test_a_rule_that_goes_row_by_row_finds_fault_at_the_cell():
    assert found(changed(roll__1__months=13)) == [("roll-months", "/roll/1/months")]
    assert found(changed(roll__1__months=6)) == [("third-level-full-years", "/roll/1/months")]
    assert found(changed(roll__0__months=6)) == []


def test_a_row_that_repeats_another_is_found():
    assert found(changed(roll__1__name="李　四")) == [("each-once", "/roll/1/name")]


def test_a_long_roll_is_worked_out_in_little_time():
    import time

    rows = [{**WHOLE["roll"][number % 2], "name": f"某{number}"} for number in range(200)]
    check(FORM, WHOLE, on=ON)
    start = time.process_time()
    assert found({**WHOLE, "roll": rows}) == []
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(
    ("end", "fits"),
    [("2026-08-16", True), ("2026-08-15", False), ("2026-09-15", True), ("2026-09-16", False)],
)
def test_half_a_year_is_six_months_give_or_take_fifteen_days(end, fits):
    assert ("half-a-year" in [rule for rule, _ in found(changed(project__end=end))]) is not fits


@pytest.mark.parametrize(
    ("year", "sent", "rules"),
    [(2025, "2026-02-28", []), (2025, "2026-03-01", ["by-end-of-february"]),
     (2023, "2024-02-29", []), (2026, "2025-12-31", ["by-end-of-february"])],
)  # fmt: skip
def test_the_last_of_february_of_the_next_year_is_the_last_day(year, sent, rules):
    assert [rule for rule, _ in found(changed(year=year, sent=sent)) if "february" in rule] == rules


def test_one_row_for_each_year_of_the_period():
    data = changed(grades=[{"year": 2024}, {"year": 2024}, {"year": 2030}])
    places = [pointer for rule, pointer in found(data) if rule == "grade-each-year"]
    assert places == ["/grades", "/grades/1/year", "/grades/2/year"]


def test_pairs_of_values_are_allowed_or_not():
    assert found(changed(project__reason="调离本省")) == [("reason-fits", "/project/reason")]


# Registers


def named(name="张三", **more):
    return Register((Registered(name, **more), Registered("李四"), Registered("王五")))


@pytest.mark.parametrize(
    ("register", "places"),
    [
        (named(id_number="11010519491231002x", category="第三层次", selected_year=2024), []),
        (named(), []),
        (named("赵六"), ["/person/name"]),
        (named(id_number="36010219800101001X"), ["/person/name"]),
        (named("张山", id_number="11010519491231002X"), ["/person/name"]),
        (named(withdrawn=True), ["/person/name", "/person/name"]),  # two rules ask
        (
            named(category="第一层次", selected_year=2020),
            ["/person/level", "/person/selected_year"],
        ),
        (named(legacy=True), ["/person/legacy"]),
    ],
)
def test_a_person_is_looked_up_in_the_register(register, places):
    assert [pointer for _, pointer in found(WHOLE, register=register)] == places


@pytest.mark.parametrize(
    ("register", "broken"),
    [
        (named("万晓枫"), []),
        (named("万晓枫", withdrawn=True), [("title-withdrawn", "error")]),
        # 第二十三条: people of the former programme are on no list of this one.
        (named("某某"), [("on-the-list", "warning")]),
        (named("万晓枫", category="技能人才"), [("on-the-list", "warning")]),
    ],
)
def test_a_withdrawn_title_is_refused_where_the_rest_of_the_list_only_asks(
    catalogue, register, broken
):
    form = catalogue["jiangxi-study-application"]
    path = SAMPLES / "jiangxi" / form.id / "2026-1/valid/two-projects-and-half-a-year.json"
    report = check(form, json.loads(path.read_text("utf-8")), on=ON, register=register)
    assert [(each.rule, each.severity.value) for each in report.findings] == broken


def test_every_row_is_looked_up_in_the_register():
    register = Register((Registered("张三"), Registered("李四", category="第二层次")))
    assert found(WHOLE, register=register) == [
        ("roll-on-the-list", "/roll/0/level"),
        ("roll-on-the-list", "/roll/1/name"),
    ]


def test_a_value_on_the_list_is_named_without_the_id_number():
    register = named("张山", id_number="11010519491231002X")
    [finding] = check(FORM, WHOLE, on=ON, register=register).findings
    assert "张山" in finding.message
    assert "1101" not in json.dumps(finding.to_dict(), ensure_ascii=False)


# Across a batch


def across(*submissions):
    """(number, rule, severity, message) of what a batch finds, in its order."""
    comparisons = Comparisons(CATALOGUE)
    with closing(Meetings(CATALOGUE, comparisons, ON)) as meetings:
        for number, data in enumerate(submissions, 1):
            _, entries = comparisons.judge(FORM, data, check(FORM, data, on=ON), [b"k"])
            meetings.add(number, FORM.id, f"第 {number} 份", entries)
        return [
            (number, each.rule, each.severity.value, each.message)
            for number, findings in meetings.findings()
            for each in findings
        ]


def person(name, code, **more):
    return changed(person__name=name, person__id_number=code, person__level="第一层次",
                   project__granted=1, **more)  # fmt: skip


def test_who_lacks_an_id_number_is_compared_by_name_and_unit():
    one, other = "11010519491231002X", "360803198811111021"
    found = across(
        person("张三", one), person("张三", other), person("张三", None), person("张三", one)
    )
    assert [(number, rule, severity) for number, rule, severity, _ in found] == [
        (1, "once-each", "error"), (1, "once-each", "warning"),
        (2, "once-each", "warning"),
        (3, "once-each", "warning"),
        (4, "once-each", "error"), (4, "once-each", "warning"),
    ]  # fmt: skip
    assert across(person("张三", one), person("张三", other)) == []


def test_two_without_id_numbers_meet_by_name_and_unit():
    found = across(person("张三", None), person("张三", None), person("李四", None))
    assert [(number, severity) for number, _, severity, _ in found] == [
        (1, "warning"),
        (2, "warning"),
    ]


def test_places_are_counted_across_a_batch():
    many = [
        changed(person__name=name, person__id_number=None, unit__name=name, project__granted=1)
        for name in ("甲", "乙", "丙", "丁")
    ]
    found = across(*many, person("戊", None))
    assert [(number, rule) for number, rule, *_ in found] == [(3, "two-places"), (4, "two-places")]
    assert found[0][3] == "层次共 4 份，最多 2 份。"


def test_money_is_added_up_across_a_batch():
    many = [
        changed(person__name=name, person__id_number=None, person__level="第一层次",
                project__granted=granted)
        for name, granted in (("甲", 300000), ("乙", 200000.5), ("丙", 0.01))
    ]  # fmt: skip
    assert across(*many[:2]) == []
    [found] = across(*many)
    assert found[:3] == (3, "budget-of-a-unit", "warning")
    assert found[3] == "单位名称合计500,000.51元，最多500,000.50元。"
