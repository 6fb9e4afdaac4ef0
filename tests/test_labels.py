"""A form from elsewhere is read by its labels: never a wrong value, and nothing left unsaid."""

import io
import random
import time
import zipfile
from contextlib import suppress
from dataclasses import dataclass

import pytest

from formsvc import pointers, submissions
from formsvc.documents.filling import fill
from formsvc.errors import UnreadableDocument
from formsvc.forms import answers
from formsvc.intake import labels
from formsvc.intake.labels import description, labelled
from formsvc.sandbox import WALL
from formsvc.writing.notation import identity_code

from . import wordforms as w
from . import wordvariants as v
from .conftest import valid_samples
from .labelreading import found_in
from .wordforms import cell, paragraph, row, run, table

SHARE = 0.95


@dataclass
class Outcome:
    """What a reading came to, against what the paper was filled with."""

    right: list[str]
    wrong: dict[str, tuple[str, str]]
    unsure: list[str]
    missing: list[str]
    leftovers: tuple[tuple[str, str], ...]

    @property
    def share(self) -> float:
        return len(self.right) / (len(self.right) + len(self.unsure) + len(self.missing))


@pytest.fixture
def outcome(catalogue, descriptions):
    """Read a paper and compare it with its values, each as the one reader reads it."""

    def compare(form_id: str, raw: bytes, values: dict) -> Outcome:
        form = catalogue[form_id]
        paper = labelled(raw, descriptions)
        assert (paper.form, paper.edition) == (form.id, form.edition)
        found = {value.pointer: value for value in paper.found}
        result = Outcome([], {}, [], [], paper.leftovers)
        for pointer, text in values.items():
            value = found.pop(pointer, None)
            if value is None:
                result.missing.append(pointer)
            elif not value.sure:
                result.unsure.append(pointer)
            elif answers.read(form, pointer, value.text) == answers.read(form, pointer, text):
                result.right.append(pointer)
            else:
                result.wrong[pointer] = (value.text, text)
        result.wrong |= {value.pointer: (value.text, "") for value in found.values() if value.sure}
        return result

    return compare


@pytest.mark.parametrize("variant", v.SUMMARIES, ids=lambda variant: variant.__name__)
def test_a_training_summary_from_elsewhere_is_read_without_a_wrong_value(variant, outcome):
    raw = w.document(*variant().summary(w.SUMMARY))
    read = outcome("jiangxi-training-summary", raw, w.SUMMARY)
    assert read.wrong == {}
    assert read.share >= SHARE, (read.missing, read.unsure, read.leftovers)


@pytest.mark.parametrize("variant", v.FUNDINGS, ids=lambda variant: variant.__name__)
def test_a_funding_application_from_elsewhere_is_read_without_a_wrong_value(variant, outcome):
    raw = w.document(*variant().funding(w.FUNDING))
    read = outcome("jiangxi-project-funding", raw, w.FUNDING)
    assert read.wrong == {}
    assert read.share >= SHARE, (read.missing, read.unsure, read.leftovers)


def test_of_one_label_in_two_sections_only_the_place_in_its_own_section_is_read(outcome):
    raw = w.document(*v.SameLabelTwice().funding(w.FUNDING))
    read = outcome("jiangxi-project-funding", raw, w.FUNDING)
    assert (read.wrong, read.unsure, read.missing) == ({}, [], ["/person/address"])
    assert ("第1张表第1行第5格", w.FUNDING["/person/address"]) in read.leftovers


@pytest.mark.parametrize(
    "variant", [v.MovedBorders, v.OldTickBoxes, v.JoinedParagraphs], ids=lambda each: each.__name__
)
def test_what_editors_leave_of_a_summary_is_read_whole(variant, outcome):
    read = outcome("jiangxi-training-summary", w.document(*variant().summary(w.SUMMARY)), w.SUMMARY)
    assert (read.wrong, read.missing, read.unsure) == ({}, [], [])


def test_the_prompt_of_an_empty_control_is_no_value(outcome):
    values = {name: text for name, text in w.SUMMARY.items() if "phone" not in name}
    raw = w.document(
        *v.Prompts().summary({**w.SUMMARY, "/person/office_phone": "", "/person/home_phone": ""})
    )
    read = outcome("jiangxi-training-summary", raw, values)
    assert (read.wrong, read.missing, read.unsure, read.leftovers) == ({}, [], [], ())


def test_a_strict_document_is_read_as_any_other(descriptions):
    raw = w.document(*w.Writer().summary(w.SUMMARY))
    strict = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(strict, "w") as new:
        for name in old.namelist():
            content = old.read(name).replace(
                w.W.encode(), b"http://purl.oclc.org/ooxml/wordprocessingml/main"
            )
            new.writestr(name, content)
    assert labelled(strict.getvalue(), descriptions) == labelled(raw, descriptions)


def test_the_indents_and_paragraphs_of_a_long_text_stay(descriptions):
    text = "　　第一段。\n\n　　第二段。"
    found, _ = found_in(descriptions, *w.Writer().summary({**w.SUMMARY, "/training/content": text}))
    assert found["/training/content"].text == text


@pytest.mark.parametrize("form_id", ["jiangxi-training-summary", "jiangxi-project-funding"])
def test_our_own_paper_without_its_data_is_read_by_its_labels(form_id, catalogue, descriptions):
    form = catalogue[form_id]
    for sample in valid_samples(form_id):
        data = submissions.parse(sample.read_bytes()).data
        paper = labelled(fill(form, data, "docx"), descriptions)
        assert paper.form == form_id
        assert paper.leftovers == ()
        for value in paper.found:
            assert value.sure, (sample.name, value)
            read, _ = answers.read(form, value.pointer, value.text)
            assert shown(value.pointer, read) == shown(
                value.pointer, pointers.get(data, value.pointer)
            )
        assert {value.pointer for value in paper.found} == printed_of(form, data)


def printed_of(form, data) -> set[str]:
    """The fields of a submission that its form prints."""
    described = description(form)
    names = {site["name"] for site in described["sites"] if site["way"]}
    inside = {
        field
        for name in names & described["boxes"].keys()
        for field in described["boxes"][name]["fields"]
    }
    return {
        place
        for field in form.leaves
        if field.pointer in names | inside
        for place in field.places(data)
        if pointers.get(data, place) is not pointers.MISSING
    }


def shown(pointer, value):
    """A value as far as paper tells it: the blanks around a text are no part of it."""
    if not isinstance(value, str):
        return value
    return identity_code(value) if "id_number" in pointer else value.strip()


# Hostile papers, as an upload is read.


def padded(raw: bytes, size: int = 130_000) -> bytes:
    """With a picture that lets much XML be packed beside it."""
    target = io.BytesIO(raw)
    with zipfile.ZipFile(target, "a") as opened:
        opened.writestr("word/media/image1.png", random.Random(1).randbytes(size))
    return target.getvalue()


FORM = "".join(w.Writer().funding(w.FUNDING))
NEST = "<w:tbl><w:tr><w:tc>", "<w:p/>", "</w:tc></w:tr></w:tbl>"
HOSTILE = {
    "a million paragraphs": "<w:p/>" * 1_000_000,
    "two hundred thousand paragraphs": "<w:p/>" * 200_000,
    "cells as wide as a thousand million": FORM + table(*[row(cell("姓名", 10**9))] * 3_000),
    "cells merged over nine thousand rows": FORM
    + table(row(cell("甲", 200, "restart")), *[row(cell("甲", 200, "continue"))] * 9_000),
    "tables nested a thousand deep": NEST[0] * 1_000 + NEST[1] + NEST[2] * 1_000,
    "tables nested sixty deep": NEST[0].replace("<w:tc>", "<w:tc><w:p/></w:tc><w:tc>") * 60
    + NEST[1] + NEST[2] * 60,
    "insertions nested two hundred deep": "<w:p>" + "<w:ins>" * 200 + run("甲") * 20_000
    + "</w:ins>" * 200 + "</w:p>",
    "nothing but labels": FORM + table(*[row(*[cell("姓名")] * 40)] * 100),
    "nothing but what is like labels": FORM + table(*[row(*[cell("姓名称呼")] * 40)] * 100),
    "labels and values without end": FORM + table(*[row(*[cell("姓名"), cell("甲")] * 20)] * 100),
    "labels in one line without end": FORM + paragraph("姓名：" * 80_000),
    "blanks without end": FORM + paragraph("姓" + " " * 140_000 + "名") + paragraph("2024" + "_ " * 60_000),
    "ticks without end": FORM + table(row(cell("人选类别"), cell("☑甲" * 100_000))),
    "digits without end": FORM + table(row(cell("项目名称及经费"), cell("1" * 250_000))),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_paper_is_refused_or_read_within_the_limits_of_the_sandbox(case, catalogue):
    raw = padded(w.document(HOSTILE[case]))
    began = time.monotonic()
    with suppress(UnreadableDocument):
        assert labels.read(raw, catalogue.editions()[::-1]).form in (
            None,
            "jiangxi-project-funding",
        )
    assert time.monotonic() - began < WALL


def test_a_document_type_in_a_part_is_refused(catalogue):
    target = io.BytesIO(w.document(FORM))
    with zipfile.ZipFile(target, "a") as opened:
        opened.writestr("word/comments.xml", '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')
    with pytest.raises(UnreadableDocument, match="XML 声明"):
        labels.read(target.getvalue(), catalogue.editions()[::-1])


def test_a_paper_is_read_in_the_sandbox_as_it_is_outside(catalogue, descriptions):
    raw = w.document(*w.Writer().summary(w.SUMMARY))
    assert labels.read(raw, catalogue.editions()[::-1]) == labelled(raw, descriptions)
