"""What changed between two versions, as it stands on paper."""

import copy
import json

import pytest

from formsvc.store.versions import difference

from ..conftest import valid_samples
from .world import submission

ROLL = "jiangsu333-allowance-roll"
FUNDING = "jiangxi-project-funding"


@pytest.fixture
def said(catalogue):
    """said(form, before, after) → (label, before, after) of what changed."""

    def difference_of(form: str, before: object, after: object) -> list[tuple[str, str, str]]:
        changes = difference(catalogue[form], before, after)
        return [(each.label, each.before, each.after) for each in changes]

    return difference_of


def budget(*items: tuple[str, float]) -> dict:
    data = submission(FUNDING)
    data["project"]["budget"] = [{"item": item, "amount": amount} for item, amount in items]
    return data


def test_no_sample_differs_from_itself(catalogue):
    for form in catalogue.values():
        for path in valid_samples(form.id):
            data = json.loads(path.read_text("utf-8-sig"))
            assert difference(form, data, copy.deepcopy(data)) == []


def test_values_are_said_as_they_are_printed_in_the_order_of_the_paper(said):
    before = submission()
    after = submission(submitted_on="2026-02-28", funding__provincial=90_000)
    after["person"]["mobile"] = "19900000203"
    assert said(before["form"], before, after) == [
        ("手机", "19900000202", "19900000203"),
        ("省专项资金资助", "95,000元", "90,000元"),
        ("报送日期", "2026年2月27日", "2026年2月28日"),
    ]


def test_a_row_put_in_between_is_one_new_row(said):
    before = budget(("设备费", 100), ("劳务费", 300))
    after = budget(("设备费", 100), ("材料费", 50), ("劳务费", 300))
    assert said(FUNDING, before, after) == [
        ("经费预算第 2 行的支出项目", "", "材料费"),
        ("经费预算第 2 行的金额", "", "50元"),
    ]


def test_a_row_that_is_gone_is_named_by_where_it_stood(said):
    before = budget(("设备费", 100), ("材料费", 50), ("劳务费", 300))
    after = budget(("设备费", 100), ("劳务费", 310))
    assert said(FUNDING, before, after) == [
        ("经费预算原第 2 行的支出项目", "材料费", ""),
        ("经费预算原第 2 行的金额", "50元", ""),
        ("经费预算第 2 行的金额", "300元", "310元"),
    ]


def test_a_row_that_changed_beside_new_ones_is_found_again(said):
    before = submission(ROLL)
    after = copy.deepcopy(before)
    first, second = after["people"]
    other = {**first, "name": "新来的", "id_number": "320102198404040658"}
    after["people"] = [other, {**first, "months": 11}, second]
    changes = said(ROLL, before, after)
    assert ("12", "11") in {(old, new) for _, old, new in changes}
    assert not any("第 3 行" in label for label, *_ in changes)


def test_anything_that_a_draft_may_hold_is_compared(catalogue):
    form = catalogue[FUNDING]
    for odd in ({}, [], None, {"project": 5}, {"project": {"budget": [None, "x", {"item": []}]}}):
        assert difference(form, odd, odd) == []
        assert difference(form, odd, submission(FUNDING))
