"""Lists of filings: who sees them, in what order, page by page, and what finds them."""

from datetime import date, timedelta

import pytest
from sqlalchemy import true

from formsvc.store import access, search
from formsvc.store.errors import Invalid
from formsvc.store.models import Filing
from formsvc.store.search import Sorting

from .world import BEGINNING, SUMMARY, submission


@pytest.fixture
def many(world):
    """Seven filings without content, as lists see them: by their place in the list below."""
    days = [
        None,
        date(2026, 5, 1),
        date(2026, 4, 1),
        None,
        date(2026, 4, 1),
        date(2026, 6, 1),
        None,
    ]
    with world.store.writing() as work:
        for number, due in enumerate(days):
            came = BEGINNING + timedelta(hours=10 - number)
            work.session.add(
                Filing(programme="jiangxi", form=SUMMARY, owner_id=world.people["申报人"],
                       office_id=world.offices["江西某大学"], holder_id=world.offices["省教育厅"],
                       state="open", version=1, number=f"2026-00000{number}-0", person_name=f"张{number}",
                       unit_name="江西某大学", due=due, came=came, created=came, changed=came)
            )  # fmt: skip
    return world


def pages(world, order: Sorting, limit: int, actor: str = "部门") -> list[str]:
    """The names in a list, read page by page."""
    who, after, names = world.actor(actor), "", []
    with world.store.reading(who) as work:
        while True:
            page = search.listed(work, where=access.visible(who), order=order, after=after, limit=limit)  # fmt: skip
            names += [filing.person_name for filing in page.filings]
            after = page.after
            if not after:
                return names


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
def test_the_soonest_due_comes_first_and_then_what_lies_longest(many, limit):
    assert pages(many, Sorting.DUE, limit) == ["张4", "张2", "张1", "张5", "张6", "张3", "张0"]


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_the_last_changed_comes_first(many, limit):
    assert pages(many, Sorting.CHANGED, limit) == [f"张{number}" for number in range(7)]


def test_a_list_shows_what_its_reader_may_see(many):
    many.person("别人", ("南昌某厂", access.Role.MANAGER))
    assert len(pages(many, Sorting.DUE, 3, "申报人")) == 7
    assert len(pages(many, Sorting.DUE, 3, "省厅")) == 7
    for name in ("别人", "财政", "管理员"):
        assert pages(many, Sorting.DUE, 3, name) == []


def test_what_waits_is_what_lies_with_ones_own_office(many):
    for name, count in (("部门", 7), ("单位", 0), ("省厅", 0)):
        who = many.actor(name)
        with many.store.reading(who) as work:
            page = search.listed(work, where=access.waiting(who))
            assert len(page.filings) == search.counted(work, page) == count


def found(world, query: str, **more) -> list[str]:
    who = world.actor("省厅")
    with world.store.reading(who) as work:
        page = search.listed(work, where=access.visible(who), query=query, **more)
        return [filing.person_name for filing in page.filings]


def test_people_units_and_numbers_are_found_by_parts(many):
    assert found(many, "张3") == ["张3"]
    assert found(many, "某大学 张5") == ["张5"]
    assert found(many, "2026-000002-0") == ["张2"]
    assert len(found(many, "江西某大学")) == 7
    assert found(many, "没有此人") == found(many, "%") == found(many, "_") == []


def test_a_list_is_narrowed_by_state_form_and_holder(many):
    assert found(many, "", state="draft") == found(many, "", form="no-such-form") == []
    assert found(many, "", office=many.offices["江西某大学"]) == []
    assert len(found(many, "", state="open", form=SUMMARY, office=many.offices["省教育厅"])) == 7


def test_an_id_number_finds_its_filing_however_it_is_typed(world):
    data = submission()
    id = world.handed_in(world.actor("申报人"), "江西某大学", data)
    number = data["person"]["id_number"]
    name = data["person"]["name"]
    typed = (number, f"{number[:6]} {number[6:14]} {number[14:]}", number.lower())
    assert [found(world, each) for each in typed] == [[name]] * 3
    assert found(world, number[:17]) == []
    assert world.filing(id).number[:4] == "2026"


def test_a_mark_of_no_page_is_refused(world):
    with world.store.reading() as work:
        for after in ("x", "2026~1", "~~", "a~b~c~1", "2026-01-01~~x"):
            with pytest.raises(Invalid):
                search.listed(work, where=true(), order=Sorting.DUE, after=after)


def test_what_very_many_are_called_is_found_as_well(many, monkeypatch):
    monkeypatch.setattr("formsvc.store.search.COUNTED", 3)
    assert len(found(many, "江西某大学")) == 7
    assert found(many, "张3") == ["张3"]
