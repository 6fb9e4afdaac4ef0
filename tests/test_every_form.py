"""What is claimed of papers holds for all forms: what is filled is read, what is edited is seen."""

import copy
import html
import io
import json
import re
from collections import Counter

import pytest

from formsvc import Unprintable, fill, load_forms, pointers, submissions
from formsvc.catalogue import SAMPLES_ON
from formsvc.cli import main
from formsvc.documents.printing import printed
from formsvc.documents.proof import units
from formsvc.documents.proof.marks import canonical
from formsvc.documents.proof.verification import Status, verify
from formsvc.forms.computed import completed
from formsvc.intake import sheets
from formsvc.intake.reading import read
from formsvc.writing.masking import masked

from .conftest import first_sample, valid_samples
from .edits import Written, few
from .test_papers import carrying, other, posted

EVERY_FORM = pytest.mark.parametrize("form_id", list(load_forms(whole=False)))


def samples(form_id):
    return [submissions.parse(path.read_bytes()).data for path in valid_samples(form_id)]


@EVERY_FORM
@pytest.mark.parametrize("format", ["docx", "pdf", "xlsx"])
def test_what_was_filled_is_read(nearby, catalogue, form_id, format):
    form = catalogue[form_id]
    for sample in samples(form_id):
        data = completed(form, sample, SAMPLES_ON)
        if format == "xlsx":
            paper = sheets.write(form, SAMPLES_ON, [data])
        else:
            paper = fill(form, data, format)
        reading = read(paper, catalogue)
        assert canonical(reading.data) == canonical(data)
        assert (reading.form, reading.is_sure, reading.findings) == (form_id, True, ())


def lists_in_boxes(form) -> dict[str, str]:
    """The name of a box that shows the rows of a list → the list."""
    return {box.name: box.list for box in form.boxes if box.list}


@EVERY_FORM
def test_a_paper_has_a_place_to_write_into_for_every_value_that_it_shows(catalogue, form_id):
    form = catalogue[form_id]
    boxes = {box.name for box in form.boxes}
    for data in samples(form_id):
        named = {name for unit in units.expected(form, data) for name, _ in unit.parts}
        for box in form.boxes:
            if box.name in named and not box.list:
                named |= {part.pointer for part, _ in box.parts}
        wanted = named - boxes - {"", *units.CODES}
        assert wanted <= Written(fill(form, data, "docx")).places.keys()


@EVERY_FORM
def test_every_place_that_was_written_into_is_read_with_both_texts(nearby, catalogue, form_id):
    """Each in the first two samples that show it."""
    form = catalogue[form_id]
    tried: Counter[str] = Counter()
    for data in samples(form_id):
        values, paper = printed(form, data), Written(fill(form, data, "docx"))
        apart = [place for place in paper.places if place not in lists_in_boxes(form)]
        apart = [place for place in apart if tried[form.in_any_row(place)] < 2]
        tried.update({form.in_any_row(place) for place in apart})
        for place in few(apart):
            carried = units.bare(values[place])
            end = "甲" if not carried.endswith("甲") else "乙"
            (difference,) = read(paper.ending(place, end), catalogue).differences
            assert difference.pointer == place
            assert units.bare(difference.shown) == carried[:-1] + end
            assert units.bare(difference.carried) == carried


def of_rows_in_boxes(form, data):
    """(pointer, data with another text there) for the texts of rows that stand in one box."""
    shown = {name for unit in units.expected(form, data) for name, _ in unit.parts}
    for name, array in lists_in_boxes(form).items():
        box = next(box for box in form.boxes if box.name == name)
        for row in range(int(printed(form, data)[array] or 0) if name in shown else 0):
            for part, _ in box.parts:
                known = pointers.get(data, part.in_row(row))
                if isinstance(known, str) and "enum" not in part.schema:
                    edited = copy.deepcopy(data)
                    pointers.set_(edited, part.in_row(row), other(known))
                    yield part.in_row(row), edited


def test_a_row_that_stands_in_a_box_with_others_is_read_with_both_texts(nearby, catalogue):
    found = set()
    for form in catalogue.values():
        for data in samples(form.id) if lists_in_boxes(form) else ():
            ours, values = fill(form, data, "docx"), printed(form, data)
            for pointer, edited in of_rows_in_boxes(form, data):
                paper = carrying(fill(form, edited, "docx"), ours, "docx")
                (difference,) = read(paper, catalogue).differences
                said = (difference.pointer, difference.shown, difference.carried)
                assert said == (pointer, pointers.get(edited, pointer), values[pointer])
                found.add(pointer)
    assert len(found) > 2


# one edit of every form, through every shell


def quotable(form, values, places):
    """A place in the midst of the form whose text is quoted whole: no number of an ID."""
    found = [
        place
        for place in sorted(places, key=form.place)
        if place not in lists_in_boxes(form)
        and 2 <= len(text := values[place]) <= 60
        and (masked(text), " ".join(text.split())) == (text, text)
    ]
    return found[len(found) // 2]


@EVERY_FORM
def test_an_edit_is_told_by_every_shell_with_both_texts(
    nearby, catalogue, client, runner, tmp_path, form_id
):
    form, data = catalogue[form_id], first_sample(form_id)
    values, ours = printed(form, data), Written(fill(form, data, "docx"))
    place = quotable(form, values, ours.places)
    both = values[place][:-1] + "彧", values[place]
    paper = ours.ending(place, "彧")
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "改过.docx"
    path.write_bytes(paper)

    said = runner.invoke(main, ["read", str(path)])
    assert said.exit_code == 1
    assert all(text in said.stderr for text in both)
    said = runner.invoke(main, ["verify", str(path)])
    assert said.exit_code == 1
    assert all(text in said.stdout for text in both)
    answer = client.post(f"/api/v1/read?on={SAMPLES_ON}", data=paper).json
    found = [(each["pointer"], each["shown"], each["carried"]) for each in answer["differences"]]
    assert (found, answer["report"]["ok"]) == ([(place, *both)], False)
    page = posted(client, form_id, do="load", file=(io.BytesIO(paper), "改过.docx"))
    assert page.status_code == 200
    assert all(text in html.unescape(page.text) for text in both)
    assert "没有问题：" not in page.text
    out = tmp_path / "out"
    said = runner.invoke(main, ["bulk", str(path.parent), "-o", str(out), "--on", str(SAMPLES_ON)])
    assert said.exit_code == 1
    (line,) = (out / "reports.jsonl").read_text("utf-8").splitlines()
    found = [each for each in json.loads(line)["report"]["findings"] if each["rule"][:5] == "paper"]
    assert [(each["rule"], each["pointer"]) for each in found] == [("paper.differs", place)]
    assert all(text in found[0]["message"] for text in both)


@EVERY_FORM
def test_a_pdf_that_shows_another_value_is_told_by_read_and_verify(nearby, catalogue, form_id):
    form, data = catalogue[form_id], first_sample(form_id)
    ours, values = fill(form, data, "pdf"), printed(form, data)
    shown = {name for unit in units.expected(form, data) for name, _ in unit.parts}
    tried = 0
    places = [*few(sorted(shown & form_texts(form, data), key=form.place))]
    for place in places[:: max(1, len(places) // 8)]:  # all over the paper
        edited = copy.deepcopy(data)
        known = pointers.get(data, place)
        digit = "1" if known[-1:] != "1" else "2"
        same_width = known[:-1] + digit if masked(known) != known else other(known)
        pointers.set_(edited, place, same_width)
        if differing(values, printed(form, edited)) != [place]:
            continue  # something is worked out from it
        try:
            paper = carrying(fill(form, edited, "pdf"), ours, "pdf")
        except Unprintable:  # what has no room cannot be shown
            continue
        (difference,) = read(paper, catalogue).differences
        assert (difference.pointer, difference.carried) == (place, values[place])
        assert units.bare(difference.shown) == units.bare(printed(form, edited)[place])
        verdict = verify(paper, catalogue.editions())
        assert (verdict.status, verdict.differences) == (Status.VALUES, (difference,))
        if (tried := tried + 1) == 4:
            break
    assert tried > 2


def form_texts(form, data) -> set[str]:
    return {
        place
        for leaf in form.leaves
        for place in leaf.places(data)
        if isinstance(pointers.get(data, place), str) and "enum" not in leaf.schema
    }


def differing(one, two) -> list[str]:
    return [name for name in one.keys() | two.keys() if one.get(name) != two.get(name)
            and re.match("/", name)]  # fmt: skip
