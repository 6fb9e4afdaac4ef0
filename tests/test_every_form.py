"""What is claimed of papers holds for all forms: what is filled is read, what is edited is seen."""

import copy
import html
import io
import json
import re
import time
from dataclasses import dataclass

import pytest

from formsvc import fill, load_forms, pointers, submissions
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

from .conftest import first_sample, valid_samples, with_plain_codes
from .edits import Written
from .fillers import saved_by_libreoffice
from .test_papers import carrying, other, posted

ROLL = "jiangsu333-allowance-roll"
EVERY_FORM = pytest.mark.parametrize("form_id", list(load_forms(whole=False)))


def samples(form_id):
    return [submissions.parse(path.read_bytes()).data for path in valid_samples(form_id)]


@EVERY_FORM
@pytest.mark.parametrize("format", ["docx", "pdf", "xlsx"])
def test_what_was_filled_is_read(nearby, pressed_once, catalogue, form_id, format):
    form = catalogue[form_id]
    for sample in samples(form_id):
        data = completed(form, sample, SAMPLES_ON)
        if format == "xlsx":
            paper = sheets.write(form, SAMPLES_ON, [data])
            data = with_plain_codes(form, data)
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
    """Every second place in one paper, the others in another one, as in PDF below."""
    form, written_into = catalogue[form_id], 0
    for data in samples(form_id):
        values, paper = printed(form, data), Written(fill(form, data, "docx"))
        apart = [place for place in paper.places if place not in lists_in_boxes(form)]
        for half in (apart[::2], apart[1::2]):
            carried = {place: units.bare(values[place]) for place in half}
            ends = {place: "乙" if text.endswith("甲") else "甲" for place, text in carried.items()}
            differences = read(paper.endings(ends), catalogue).differences
            found = {
                each.pointer: (units.bare(each.shown), units.bare(each.carried))
                for each in differences
            }
            assert found == {
                place: (text[:-1] + ends[place], text) for place, text in carried.items()
            }
            written_into += len(found)
    assert written_into > 60


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


@dataclass(frozen=True)
class Edited:
    """A paper with one value edited: where, and what it shows and carries there."""

    form: str
    name: str
    paper: bytes
    place: str
    both: tuple[str, str]


@pytest.fixture(scope="module")
def edited(catalogue) -> dict[tuple[str, str], Edited]:
    """One paper of every form in Word and in PDF."""
    found = {}
    for form_id, form in catalogue.items():
        data = first_sample(form_id)
        values, ours = printed(form, data), Written(fill(form, data, "docx"))
        place = quotable(form, values, ours.places)
        word = Edited(form_id, f"{form_id}.docx", ours.ending(place, "彧"), place,
                      (values[place][:-1] + "彧", values[place]))  # fmt: skip
        texts = {at: known for leaf, at, known in values_shown(form, data)
                 if leaf.kind == leaf.type == "string" and not leaf.choices}  # fmt: skip
        place = quotable(form, values, [at for at in texts if at in values])
        other = copy.deepcopy(data)
        pointers.set_(other, place, texts[place][:-1] + "彧")
        paper = carrying(fill(form, other, "pdf"), fill(form, data, "pdf"), "pdf")
        pdf = Edited(form_id, f"{form_id}.pdf", paper, place,
                     (values[place][:-1] + "彧", values[place]))  # fmt: skip
        found |= {(form_id, "docx"): word, (form_id, "pdf"): pdf}
    return found


EITHER = pytest.mark.parametrize("format", ["docx", "pdf"])


@EVERY_FORM
@EITHER
def test_an_edit_is_told_by_every_shell_with_both_texts(
    nearby, pressed_once, client, runner, tmp_path, edited, form_id, format
):
    one = edited[form_id, format]
    path = tmp_path / one.name
    path.write_bytes(one.paper)
    said = runner.invoke(main, ["read", str(path)])
    assert said.exit_code == 1
    assert all(text in said.stderr for text in one.both)
    said = runner.invoke(main, ["verify", str(path)])
    assert said.exit_code == 1
    assert all(text in said.stdout for text in one.both)
    answer = client.post(f"/api/v1/read?on={SAMPLES_ON}", data=one.paper).json
    found = [(each["pointer"], each["shown"], each["carried"]) for each in answer["differences"]]
    assert (found, answer["report"]["ok"]) == ([(one.place, *one.both)], False)
    page = posted(client, form_id, do="load", file=(io.BytesIO(one.paper), one.name))
    assert page.status_code == 200
    assert all(text in html.unescape(page.text) for text in one.both)
    assert "没有问题：" not in page.text


def in_bulk(runner, folder, papers):
    """The exit code of a bulk run over papers by name, and the findings about each."""
    (folder / "in").mkdir()
    for name, paper in papers.items():
        (folder / "in" / name).write_bytes(paper)
    out = folder / "out"
    run = runner.invoke(main, ["bulk", str(folder / "in"), "-o", str(out), "--on", str(SAMPLES_ON)])
    lines = map(json.loads, (out / "reports.jsonl").read_text("utf-8").splitlines())
    return run.exit_code, {line["source"]: line["report"]["findings"] for line in lines}


def test_an_edit_of_any_form_is_found_in_a_bulk_run(nearby, pressed_once, runner, tmp_path, edited):
    papers = {each.name: each.paper for each in edited.values()}
    code, reports = in_bulk(runner, tmp_path, papers)
    assert code == 1
    for each in edited.values():
        (said,) = (found for source, found in reports.items() if source.endswith(each.name))
        said = [finding for finding in said if finding["rule"].startswith("paper")]
        assert [(one["rule"], one["pointer"]) for one in said] == [("paper.differs", each.place)]
        assert all(text in said[0]["message"] for text in each.both)


# at the desks of employers and reviewers


CLEAN_NONE = {"unit": "没有问题0份", "review": "没有问题0份"}


@pytest.mark.parametrize("desk", ["unit", "review"])
def test_no_desk_calls_an_edited_paper_of_any_form_clean(
    nearby, pressed_once, client, edited, desk
):
    token = re.search(r'name="token" value="([^"]+)"', client.get(f"/{desk}").text)[1]
    papers = sorted(edited.values(), key=lambda each: each.name)
    files = [(io.BytesIO(each.paper), each.name) for each in papers]
    sent = {"token": token, "files": files}
    page = client.post(f"/{desk}", data=sent, follow_redirects=True)
    for _ in range(600):
        if page.text.count("处问题") >= len(papers):
            break
        time.sleep(0.1)
        page = client.get(page.request.path)
    said = re.sub(r"<[^>]*>|\s", "", page.text)
    assert re.search(CLEAN_NONE[desk], said)
    for number, each in enumerate(papers, 1):
        item = html.unescape(client.get(f"{page.request.path}/{number}").text)
        assert "纸面" in item
        assert all(text in item for text in each.both)


# papers that nobody edited, opened and saved by LibreOffice


@pytest.fixture(scope="module")
def saved(catalogue) -> list[tuple[str, dict, bytes]]:
    """(form, data, paper) of every sample of every form, all in one start of the program."""
    known = [(form_id, data) for form_id in catalogue for data in samples(form_id)]
    papers = [fill(catalogue[form_id], data, "docx") for form_id, data in known]
    kept = saved_by_libreoffice(papers, "docx:MS Word 2007 XML")
    assert not {*papers} & {*kept}
    return [(*each, paper) for each, paper in zip(known, kept, strict=True)]


def test_a_paper_that_an_office_program_saved_is_read_and_verified_as_it_was(
    nearby, catalogue, saved
):
    for _, data, paper in saved:
        reading = read(paper, catalogue)
        assert (reading.findings, canonical(reading.data)) == ((), canonical(data))
        verdict = verify(paper, catalogue.editions())
        assert verdict.status is Status.UNCHANGED, verdict.message


def test_a_paper_that_an_office_program_saved_is_reported_by_no_shell(
    nearby, client, runner, tmp_path, saved
):
    """The first of every form at every shell; all of them in a bulk run."""
    _, reports = in_bulk(runner, tmp_path, {
        f"{number:03}.docx": paper for number, (_, _, paper) in enumerate(saved)
    })  # fmt: skip
    assert len(reports) == len(saved)
    assert not [each for found in reports.values() for each in found if each["rule"][:5] == "paper"]
    for form_id, paper in {form_id: paper for form_id, _, paper in reversed(saved)}.items():
        path = tmp_path / f"{form_id}.docx"
        path.write_bytes(paper)
        for command in ("read", "verify"):
            assert runner.invoke(main, [command, str(path)]).exit_code == 0
        answer = client.post(f"/api/v1/read?on={SAMPLES_ON}", data=paper).json
        assert (answer["differences"], answer["unsure"]) == ([], [])
        page = posted(client, form_id, do="load", file=(io.BytesIO(paper), path.name))
        assert (page.status_code, "纸面与数据不同" in page.text) == (200, False)
        assert "没有问题" in page.text


# every value of every sample, in PDF


def another(leaf, value):
    """A value of the same kind that reads differently, and takes as much room."""
    if leaf.choices:
        return next(choice for choice in leaf.choices if choice != value)
    if isinstance(value, str) and masked(value) != value:
        return value[:-1] + ("1" if value[-1] != "1" else "2")
    return other(value)


def values_shown(form, data):
    """(field, pointer, value) of every value that the paper shows and somebody typed."""
    shown = {name for unit in units.expected(form, data) for name, _ in unit.parts}
    boxed = {part.pointer for box in form.boxes for part, _ in box.parts if box.name in shown}
    for leaf in form.leaves:
        for place in leaf.places(data):
            known = pointers.get(data, place)
            is_one = known is not pointers.MISSING and not isinstance(known, list)
            if is_one and not leaf.computed and (place in shown or leaf.pointer in boxed):
                yield leaf, place, known


@EVERY_FORM
def test_every_edit_of_every_value_of_a_pdf_is_read_and_verified_with_both_texts(
    nearby, pressed_once, catalogue, form_id
):
    """Of the first sample every second value in one paper, the others in another one: what is
    named too much is next to what was edited. Of all others all values in one."""
    form, read_back = catalogue[form_id], 0
    for number, sample in enumerate(samples(form_id)):
        data = completed(form, sample, SAMPLES_ON)
        ours, values = fill(form, data, "pdf"), printed(form, data)
        known = [*values_shown(form, data)]
        for some in (known[::2], known[1::2]) if not number else (known,):
            edited = copy.deepcopy(data)
            for leaf, place, value in some:
                pointers.set_(edited, place, another(leaf, value))
            new = printed(form, edited)
            places = {place for _, place, _ in some}
            worked_out = {*differing(values, new)} - places
            paper = carrying(fill(form, edited, "pdf"), ours, "pdf")
            found = {each.pointer: each for each in read(paper, catalogue).differences}
            assert places <= found.keys() <= places | worked_out
            for place, each in found.items():
                assert units.bare(each.shown) == units.bare(new[place])
                assert units.bare(each.carried) == units.bare(values[place])
            read_back += len(places)
        verdict = verify(paper, catalogue.editions())
        said = {each.pointer: each for each in verdict.differences}
        assert (verdict.status, said) == (Status.VALUES, found)
    assert read_back > 60


def test_of_a_row_only_the_cell_that_was_edited_is_named(nearby, catalogue):
    form, data = catalogue[ROLL], submissions.parse(valid_samples(ROLL)[1].read_bytes()).data
    ours, values = fill(form, data, "pdf"), printed(form, data)
    number = "/people/30/id_number"
    for new in (values[number][:-2] + "88", "1" * 18, "8" * 18, "X" * 18):
        edited = copy.deepcopy(data)
        pointers.set_(edited, number, new)
        paper = carrying(fill(form, edited, "pdf"), ours, "pdf")
        (difference,) = read(paper, catalogue).differences
        said = (difference.pointer, units.bare(difference.shown), difference.carried)
        assert said == (number, new, values[number])


def differing(one, two) -> list[str]:
    return [name for name in one.keys() | two.keys() if one.get(name) != two.get(name)
            and re.match("/", name)]  # fmt: skip
