"""The way through the offices is data: a fault in it is refused, and each submission takes its own."""

import copy
import json
import re
import shutil
from datetime import date

import pytest

from formsvc import Shelf, load_forms
from formsvc.catalogue import SAMPLES_ON, verify_samples
from formsvc.checks import coverage, stages
from formsvc.checks.stages import due, way
from formsvc.errors import FormError
from formsvc.forms import APPLICANT, Does, Sees, read

from .conftest import first_sample
from .every_kind import EVERY, WHOLE

FORM = "demo/every-kind/1/form.toml"
PROGRAMME = "demo/programme.toml"
EDITIONS = load_forms(whole=False).editions()
(DEMO,) = read([EVERY])
STAGES = {stage.id: stage for stage in DEMO.stages}


@pytest.fixture
def demo(tmp_path) -> Shelf:
    """A copy of the form with every kind, free to change."""
    shutil.copytree(EVERY.schemas, tmp_path / "schemas")
    return Shelf(tmp_path / "schemas", tmp_path / "templates", tmp_path / "samples")


def edit(shelf: Shelf, file: str, old: str, new: str) -> None:
    path = shelf.schemas / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def ids(form, data, on=SAMPLES_ON) -> list[str]:
    return [stage.id for stage in way(form, data, on)]


def without(table: str, text: str) -> str:
    """A TOML text without all entries of a table."""
    return re.sub(rf"(?ms)^\[\[{table}\]\]\n.*?(?=^\[|\Z)", "", text)


def valid(form) -> list[dict]:
    """The valid samples of an edition."""
    found = sorted((form.samples / "valid").glob("*.json"))
    assert found
    return [json.loads(path.read_text("utf-8-sig")) for path in found]


LAST = 'title = "拨付"\ndoes = "pay"'
FAULTS = {
    "a first stage that does not fill": (FORM, 'does = "fill"', 'does = "opine"', "fill: does: the first stage must be fill"),
    "a second stage that fills": (FORM, 'title = "审核"\ndoes = "review"', 'title = "审核"\ndoes = "fill"', "review: does: only the first"),
    "a guard on filling": (
        FORM, 'title = "填写"\n', 'title = "填写"\nwhen = { field = "/year", present = true }\n', "fill: when: every submission",
    ),
    "a stage after an end": (FORM, LAST, 'title = "拨付"\ndoes = "recheck"', "pay: does: comes after change"),
    "a stage twice": (FORM, 'id = "review"\n', 'id = "recheck"\n', "recheck: is declared twice"),
    "an act that there is not": (FORM, 'does = "review"', 'does = "audit"', "review: does"),
    "a key that there is not": (FORM, 'title = "审核"\n', 'title = "审核"\noffice = "unit"\n', "review"),
    "no office": (FORM, 'offices = ["province"]', "offices = []", "review: offices"),
    "an office that there is not": (FORM, '["department", "city"]', '["department", "town"]', "above: offices: programme.toml has no [[office]] 'town'"),
    "an applicant who reviews": (FORM, 'offices = ["province"]', 'offices = ["applicant"]', "review: offices: 'applicant'"),
    "a citation that there is not": (FORM, 'cite = ["article-1"]\ndue', 'cite = ["article-9"]\ndue', "unit: cite 'article-9'"),
    "a signature that there is not": (FORM, '["单位", "调入单位"]', '["单位", "外单位"]', "unit: signatures: there is no [[signature]] '外单位'"),
    "a signature at two stages": (
        FORM, 'title = "审核"\n', 'title = "审核"\nsignatures = ["单位"]\n', "review: signatures: '单位' is stamped at unit already",
    ),
    "a guard of no field": (FORM, '/project/request", equals = "变更" }\n\n[[stage]]', '/project/req", equals = "变更" }\n\n[[stage]]', "change: when: pointer '/project/req'"),
    "a rule that there is not": (FORM, 'due = { rule = "by-end-of-february" }', 'due = { rule = "someday" }', "fill: due: there is no [[rule]] 'someday'"),
    "a rule that asks for no day": (FORM, 'due = { rule = "by-end-of-february" }', 'due = { rule = "ordered" }', "fill: due: rule 'ordered' is no due"),
    "a rule that asks for a day of every row": (
        FORM, 'day = "/sent"\nanchor = "/year"\n', 'day = "/sent"\nanchor = "/grades/*/year"\n', "fill: due: rule 'by-end-of-february' is no due",
    ),
    "days and a rule": (FORM, "due = { days = 10 }", 'due = { days = 10, rule = "ordered" }', "unit: due"),
    "no days": (FORM, "due = { days = 10 }", "due = { days = 0 }", "unit: due"),
    "days in words": (FORM, "due = { days = 10 }", 'due = { days = "ten" }', "unit: due"),
    "a grant that is no money": (FORM, 'grant = "/project/granted"', 'grant = "/year"', "[form]: grant: /year must be a money"),
    "a grant in a list": (FORM, 'grant = "/project/granted"', 'grant = "/roll/*/amount"', "[form]: grant"),
    "a kind of office twice": (PROGRAMME, 'id = "city"', 'id = "department"', "[[office]] department: is declared twice"),
    "a kind of office below none": (PROGRAMME, 'below = ["province"]', 'below = ["nation"]', "[[office]] department: below: there is no [[office]] 'nation'"),
    "offices in a circle": (PROGRAMME, 'below = ["province"]', 'below = ["department"]', "[[office]] department: below: leads to no office at the top"),
    "an office that sees something else": (PROGRAMME, 'sees = "all"', 'sees = "everything"', "[[office]] province: sees"),
    "an office with the name of the person": (PROGRAMME, 'id = "finance"', 'id = "applicant"', "[[office]] applicant"),
    "offices that keep for ever": (PROGRAMME, '[retention]\nyears = 10\nnote = "样例"\n', "", "[retention]: is missing"),
    "offices that keep for no year": (PROGRAMME, "years = 10", "years = 0", "[retention]: years"),
}  # fmt: skip


def verified(demo) -> None:
    for form in load_forms(demo, whole=False).editions():
        stages.verify(form)


@pytest.mark.parametrize(("file", "old", "new", "named"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_refused_with_file_and_place(demo, file, old, new, named):
    edit(demo, file, old, new)
    with pytest.raises(FormError) as caught:
        verified(demo)
    assert named in str(caught.value)
    assert str(demo.schemas / file) in str(caught.value)


def test_a_way_without_an_end_is_refused(demo):
    edit(demo, FORM, 'title = "办理变更"\ndoes = "conclude"', 'title = "办理变更"\ndoes = "opine"')
    edit(demo, FORM, LAST, 'title = "拨付"\ndoes = "recheck"')
    with pytest.raises(FormError, match="pay: does: the last stage must be pay or conclude"):
        load_forms(demo, whole=False)


def test_a_form_without_stages_is_carried_through_no_office(demo):
    path = demo.schemas / FORM
    path.write_text(without("stage", path.read_text("utf-8")), "utf-8")
    programme = demo.schemas / PROGRAMME
    text = re.sub(r"(?ms)^\[retention\]\n.*?(?=^\[)", "", programme.read_text("utf-8"))
    programme.write_text(without("office", text), "utf-8")
    form = load_forms(demo, whole=False)["every-kind"]
    assert way(form, WHOLE, SAMPLES_ON) == ()
    assert (form.programme.offices, form.programme.retention) == ({}, None)


def test_what_is_declared_is_what_is_there():
    offices = DEMO.programme.offices
    assert [offices[name].sees for name in ("unit", "department", "province", "finance")] == [
        Sees.BELOW, Sees.BELOW, Sees.ALL, Sees.HERE,
    ]  # fmt: skip
    assert offices["city"].below == ("province", "city")
    assert offices["province"].below == ()
    assert (DEMO.programme.retention.years, DEMO.programme.retention.note) == (10, "样例")
    assert DEMO.grant is DEMO.fields["/project/granted"]
    unit = STAGES["unit"]
    assert (unit.title, unit.does, unit.offices) == ("单位意见", Does.OPINE, ("unit",))
    assert (unit.days, unit.rule, unit.signatures) == (10, "", ("单位", "调入单位"))
    assert unit.citations == (DEMO.programme.citations["article-1"],)
    assert STAGES["fill"].offices == (APPLICANT, "unit")


# Which way a submission takes


def test_a_submission_goes_through_the_stages_whose_guard_holds():
    assert ids(DEMO, WHOLE) == ["fill", "unit", "above", "review", "recheck", "change"]


def test_a_guard_may_ask_for_what_the_form_works_out():
    ended = copy.deepcopy(WHOLE)
    ended["project"] |= {"request": "终止", "granted": 150001}
    assert ids(DEMO, ended) == ["fill", "unit", "above", "review", "pay"]


@pytest.mark.parametrize("data", [{}, None, [], "x", {"project": 3}, {"project": {"granted": "x"}}])
def test_what_is_not_filled_in_yet_leads_nowhere_else(data):
    assert ids(DEMO, data) == ["fill", "unit", "above", "review"]
    assert due(DEMO, STAGES["fill"], data, SAMPLES_ON) is None


@pytest.mark.parametrize(
    "form", ["jiangsu333-project-funding", "jiangsu333-visiting-scholar", "jiangsu333-annual-report",
             "jiangsu333-final-account"],
)  # fmt: skip
def test_a_city_and_a_department_each_have_their_branch(catalogue, form):
    data = first_sample(form)
    taken = {}
    for channel in ("省辖市", "省主管部门"):
        data["unit"]["forwarded_by"] = channel
        taken[channel] = {name for stage in way(catalogue[form], data, SAMPLES_ON)
                          for name in stage.offices}  # fmt: skip
    assert "city" in taken["省辖市"] - taken["省主管部门"]
    assert "department" in taken["省主管部门"] - taken["省辖市"]


def test_the_finance_of_a_city_looks_at_what_a_city_forwards_and_pays_it(catalogue):
    form = catalogue["jiangsu333-project-funding"]
    data = first_sample(form.id)
    data["unit"]["forwarded_by"] = "省辖市"
    assert ids(form, data) == [
        "fill", "unit", "city", "city-finance", "review", "decision", "allot", "pay-city",
    ]  # fmt: skip
    data["unit"]["forwarded_by"] = "省主管部门"
    assert ids(form, data) == [
        "fill", "unit", "department", "review", "decision", "allot", "pay-department",
    ]  # fmt: skip


def test_a_roll_that_the_place_itself_pays_does_not_go_to_the_province(catalogue):
    form = catalogue["jiangsu333-allowance-roll"]
    data = first_sample(form.id)
    for row in data["people"]:
        row |= {"level": "第三层次", "under": "省辖市"}
    data.pop("totals", None)
    assert ids(form, data) == ["fill", "unit", "department", "pay"]


# When a stage is due


def test_days_count_from_the_day_on_which_it_came():
    assert due(DEMO, STAGES["unit"], WHOLE, date(2026, 2, 20)) == date(2026, 3, 2)


def test_a_rule_says_its_last_day_whenever_it_came():
    assert due(DEMO, STAGES["fill"], WHOLE, date(2026, 3, 9)) == date(2026, 2, 28)
    assert due(DEMO, STAGES["review"], WHOLE, date(2026, 3, 9)) is None


def test_a_rule_whose_guard_is_off_asks_for_no_day(demo):
    guard = 'id = "by-end-of-february"\nwhen = { field = "/person/legacy", equals = true }\n'
    edit(demo, FORM, 'id = "by-end-of-february"\n', guard)
    form = load_forms(demo, whole=False)["every-kind"]
    assert due(form, form.stages[0], WHOLE, SAMPLES_ON) is None
    legacy = {**WHOLE, "person": {**WHOLE["person"], "legacy": True}}
    assert due(form, form.stages[0], legacy, SAMPLES_ON) == date(2026, 2, 28)


def test_a_summary_must_reach_the_province_within_two_months(catalogue, summary):
    form = catalogue["jiangxi-training-summary"]
    summary["training"]["end_date"] = "2025-12-31"
    days = {stage.id: due(form, stage, summary, SAMPLES_ON) for stage in form.stages}
    assert {days[name] for name in ("fill", "unit", "department")} == {date(2026, 2, 28)}
    assert {days[name] for name in ("review", "recheck", "pay")} == {None}


# The forms that come along


@pytest.mark.parametrize("form", EDITIONS, ids=lambda form: f"{form.id}-{form.edition}")
def test_every_valid_sample_comes_to_an_end_through_offices_of_its_programme(form):
    for data in valid(form):
        taken = way(form, data, SAMPLES_ON)
        assert [stage.does.ends for stage in taken] == [False] * (len(taken) - 1) + [True]
        assert {name for stage in taken for name in stage.offices} <= {
            APPLICANT, *form.programme.offices,
        }  # fmt: skip


@pytest.mark.parametrize("form", EDITIONS, ids=lambda form: f"{form.id}-{form.edition}")
def test_every_signature_is_stamped_at_a_stage_and_under_the_same_guard(form):
    stamped = {name: stage for stage in form.stages for name in stage.signatures}
    assert stamped.keys() == {signature.name for signature in form.signatures}
    for data in valid(form):
        taken = way(form, data, SAMPLES_ON)
        for signature in form.signatures:
            if signature.guard.conditions and signature.guard.holds(data, SAMPLES_ON):
                assert stamped[signature.name] in taken


@pytest.mark.parametrize("form", EDITIONS, ids=lambda form: f"{form.id}-{form.edition}")
def test_only_what_asks_for_money_is_paid(form):
    assert form.grant or Does.PAY not in {stage.does for stage in form.stages}


def test_every_programme_keeps_what_was_handed_in_for_some_years_and_says_whose_decision_it_is():
    for programme in {form.programme for form in EDITIONS}:
        assert programme.retention.years > 0
        assert programme.retention.note


def test_a_sample_that_comes_to_no_end_is_named(shelf):
    path = "jiangxi/jiangxi-training-summary/2026-1/form.toml"
    guard = 'when = { field = "/funding/provincial", at_least = 900000 }\n'
    edit(shelf, path, 'title = "省财政厅拨付"\n', f'title = "省财政厅拨付"\n{guard}')
    form = load_forms(shelf, whole=False)["jiangxi-training-summary"]
    with pytest.raises(FormError, match=r"valid/.*: its way ends at stage 'recheck'"):
        verify_samples(form)


def test_a_stage_may_cover_a_clause(catalogue):
    programme = catalogue["jiangxi-project-funding"].programme
    whole = coverage.coverage(programme, catalogue.all_in_force(SAMPLES_ON), SAMPLES_ON)
    covers = [
        cover for each in whole.articles for clause in each.clauses for cover in clause.covers
    ]
    assert ("stage", "recheck", "省财政厅复核") in {(c.kind, c.name, c.title) for c in covers}


def test_a_stage_that_covers_a_clause_must_exist(shelf):
    edit(shelf, "jiangxi/programme.toml", "project-funding#recheck", "project-funding#rechecks")
    with pytest.raises(FormError, match="jiangxi-project-funding#rechecks"):
        load_forms(shelf, whole=False)
