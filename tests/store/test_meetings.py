"""What only shows beside earlier submissions: the store finds what a bulk run finds."""

import copy
import io
import json
from contextlib import closing

import pytest

from formsvc import load_forms, pointers
from formsvc.bulk.batch import Batch, Job
from formsvc.bulk.comparison import Comparisons
from formsvc.bulk.executors import HereExecutor
from formsvc.intake.parts import lines
from formsvc.storage import folder
from formsvc.store import comparing, life
from formsvc.store.models import Filing, Meeting

from ..conftest import valid_samples
from .world import BEGINNING

ON = BEGINNING.date()
CATALOGUE = load_forms(whole=False)
COMPARISONS = Comparisons(CATALOGUE)


def entries(data: dict) -> dict[int, tuple[str, ...]]:
    """What a submission takes part in: number of a comparison → what it differs in."""
    checked = CATALOGUE.check_data(data, on=ON)
    _, (found,) = COMPARISONS.judge(checked.form, checked.data, checked.report, [b"any"])
    return {entry.comparison: tuple(entry.differs) for entry in found}


def pair(number: int) -> tuple[dict, dict]:
    """Two valid submissions that meet under a comparison."""
    comparison = COMPARISONS[number]
    for form in CATALOGUE.values():
        for path in valid_samples(form.id) if comparison.holds_for(form) else ():
            first = json.loads(path.read_text("utf-8-sig"))
            if comparison.is_fallback:
                without(first, number)
            differs = entries(first).get(number)
            if differs is None or (comparison.is_fallback and differs != ("?",)):
                continue
            second = copy.deepcopy(first)
            for names in comparison.spec.differs:
                name = next(each for each in names if pointers.get(second, each))
                pointers.set_(second, name, f"{pointers.get(second, name)}别")
            return first, second
    pytest.fail(f"no sample takes part in {comparison.name}")


def without(data: dict, fallback: int) -> None:
    """Take out what a comparison asks for, and not the one that stands in for it."""
    asked, instead = COMPARISONS[fallback - 1].spec.keys, COMPARISONS[fallback].spec.keys
    for names in set(asked) - set(instead):
        for name in names:
            around, _, last = name.rpartition("/")
            place = pointers.get(data, around)
            assert isinstance(place, dict)
            place.pop(last, None)


def in_bulk(first: dict, second: dict, tmp_path) -> set[tuple[str, str, str]]:
    raw = b"".join(json.dumps(each).encode() + b"\n" for each in (first, second))
    batch = Batch(folder(str(tmp_path / "batch")), Job(on=ON))
    batch.check(lines(io.BytesIO(raw), "a.jsonl"), HereExecutor(), at_once=1)
    with closing(batch.compare()) as results:
        *_, line = results.lines()
    return told(line.report)


def told(report) -> set[tuple[str, str, str]]:
    known = {comparison.id for comparison in COMPARISONS}
    return {(f.rule, f.severity.value, f.pointer) for f in report.findings if f.rule in known}


def remembered(world, data: dict, number: str = "2020-000001-1", state: str = "open") -> None:
    with world.store.writing() as work:
        filing = kept(world, work, data, number, state)
        _, found = comparing.check(work, filing, data)
        comparing.remember(work, filing, found)


def kept(world, work, data: dict, number: str | None, state: str) -> Filing:
    form = CATALOGUE[data["form"]]
    filing = Filing(programme=form.programme.id, form=form.id, owner_id=world.people["申报人"],
                    number=number, state=state, version=1, created=work.now, changed=work.now)  # fmt: skip
    work.session.add(filing)
    work.session.flush()
    return filing


def in_store(world, data: dict):
    with world.store.writing() as work:
        filing = kept(world, work, data, None, "draft")
        return comparing.check(work, filing, data)[0].report


@pytest.mark.parametrize(
    "number",
    [n for n, each in enumerate(COMPARISONS) if each.spec.limit is None],
    ids=lambda n: f"{COMPARISONS[n].form or COMPARISONS[n].programme.id}-{COMPARISONS[n].name}",
)
def test_the_store_finds_what_a_bulk_run_finds(world, tmp_path, number):
    first, second = pair(number)
    expected = in_bulk(first, second, tmp_path)
    assert COMPARISONS[number].id in {rule for rule, *_ in expected}
    remembered(world, first)
    report = in_store(world, second)
    assert told(report) == expected
    said = [f.message for f in report.findings if f.rule == COMPARISONS[number].id]
    assert any("2020-000001-1" in message for message in said)


@pytest.mark.parametrize("state", ["withdrawn", "refused"])
def test_what_came_to_nothing_is_met_by_nobody(world, state):
    first, second = pair(0)
    remembered(world, first, state=state)
    assert told(in_store(world, second)) == set()


def test_a_tally_counts_what_was_handed_in_and_tells_the_one_that_is_too_many(world):
    number = next(n for n, each in enumerate(COMPARISONS) if each.spec.limit is not None)
    comparison = COMPARISONS[number]
    first, second = pair(number)
    most = comparison.limit(ON) // 100
    remembered(world, first)
    with world.store.writing() as work:
        (one,) = work.session.query(Meeting).filter_by(comparison=comparison.name)
        # As many as there may be, but for the one that is there and one more.
        for _ in range(most - 2):
            work.session.add(Meeting(filing_id=one.filing_id, programme=one.programme,
                                     comparison=one.comparison, key=one.key, differs="",
                                     pointer=one.pointer, amount=one.amount))  # fmt: skip
    assert comparison.id not in {rule for rule, *_ in told(in_store(world, second))}
    remembered(world, first, "2020-000002-0")
    report = in_store(world, second)
    assert comparison.id in {rule for rule, *_ in told(report)}
    (said,) = (f.message for f in report.findings if f.rule == comparison.id)
    assert f"{ON.year} 年报送的" in said
    assert "已提交的申报中已有" in said
    another = second | {"submitted_on": f"{ON.year + 1}-03-01"}
    assert comparison.id not in {rule for rule, *_ in told(in_store(world, another))}


def test_who_meets_a_form_that_is_not_served_any_more_is_told_by_number(world):
    shared = next(n for n, each in enumerate(COMPARISONS) if not each.form)
    first, second = pair(shared)
    remembered(world, first)
    with world.store.writing() as work:
        (filing,) = work.session.query(Filing).filter_by(number="2020-000001-1")
        filing.form = "gone"
    report = in_store(world, second)
    assert any("2020-000001-1" in finding.message for finding in report.findings)


def test_one_s_own_earlier_version_is_not_met(world):
    applicant = world.actor("申报人")
    id = world.handed_in(applicant, "江西某大学")
    with world.store.writing(applicant) as work:
        life.withdraw(work, id, life.find(work, id).revision)
    with world.store.writing(applicant) as work:
        assert life.hand_in(work, id, life.find(work, id).revision).number == 2
