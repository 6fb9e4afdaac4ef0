"""What clerks do to a paper of ours is told as what it is, in read, verify and bulk alike."""

import copy
import io

import docx as python_docx
import pikepdf
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.text.run import Run

from formsvc import fill, submissions
from formsvc.documents.printing import printed
from formsvc.documents.proof.verification import Status, verify
from formsvc.intake.reading import read

from .conftest import first_sample, valid_samples
from .test_every_form import in_bulk
from .test_papers import cell_with, reworked

SUMMARY, ROLL, PROJECTS = (
    "jiangxi-training-summary", "jiangsu333-allowance-roll", "jiangsu333-year-summary",
)  # fmt: skip
TOTAL, NEW = "119,450元", "120,450元"


def node(document, text: str):
    """The run's text that is this, whole."""
    return next(
        each for each in document.element.body.iter(qn("w:t")) if (each.text or "").strip() == text
    )


def commented(document):
    run = node(document, TOTAL).getparent()
    document.add_comment(Run(run, None), text="请核对金额", author="李科长", initials="李")


def corrected_with_changes_tracked(document):
    run = node(document, TOTAL).getparent()
    deleted, inserted = OxmlElement("w:del"), OxmlElement("w:ins")
    old, new = copy.deepcopy(run), copy.deepcopy(run)
    old.find(qn("w:t")).tag = qn("w:delText")
    new.find(qn("w:t")).text = NEW
    deleted.append(old)
    inserted.append(new)
    run.getparent().replace(run, deleted)
    deleted.addnext(inserted)
    for number, change in enumerate((deleted, inserted), 90):
        change.set(qn("w:id"), str(number))
        change.set(qn("w:author"), "李科长")


def corrected_and_accepted(document):
    node(document, TOTAL).text = NEW


def with_another_header(document):
    document.sections[0].header.paragraphs[0].add_run("内部资料")


def with_another_label(document):
    node(document, "金额总计").text = "金额合计"


def with_a_day_in_other_words(document):
    node(document, "1986年2月28日").text = "1986.2.28"


def with_a_line_at_the_end(document):
    document.element.body[-1].addprevious(document.add_paragraph("金额以此为准。")._p)


def with_a_note_in_its_box(document):
    cell_with(document, "单位意见：").add_paragraph("同意上报。")


def without_its_last_table(document):
    last = document.tables[-1]._tbl
    last.getparent().remove(last)


# Change → the status, what verify says, the rules of what read finds and where.
DONE = {
    commented: (Status.TEXT, "批注：请核对金额", [("paper.leftover", "")]),
    corrected_with_changes_tracked: (
        Status.VALUES, f"纸面“{NEW}”，数据“{TOTAL}”", [("paper.differs", "/expenses/total")],
    ),
    corrected_and_accepted: (
        Status.VALUES, f"纸面“{NEW}”，数据“{TOTAL}”", [("paper.differs", "/expenses/total")],
    ),
    with_another_header: (Status.TEXT, "内部资料", [("paper.leftover", "")]),
    with_another_label: (Status.TEXT, "金额合计", [("paper.leftover", "")]),
    with_a_day_in_other_words: (Status.TEXT, "写法被改过：出生日期（纸面“1986.2.28”", []),
    with_a_line_at_the_end: (Status.TEXT, "金额以此为准", [("paper.leftover", "")]),
    with_a_note_in_its_box: (Status.WRITTEN, "同意上报", []),
}  # fmt: skip


@pytest.mark.parametrize("change", DONE, ids=lambda change: change.__name__)
def test_what_is_done_to_a_paper_is_told_as_what_it_is(nearby, catalogue, summary_form, change):
    data = first_sample(SUMMARY)
    assert printed(summary_form, data)["/expenses/total"] == TOTAL
    paper = reworked(fill(summary_form, data, "docx"), change)
    status, said, found = DONE[change]
    verdict = verify(paper, catalogue.editions())
    assert (verdict.status, said in verdict.message) == (status, True), verdict.message
    assert [(each.rule, each.pointer) for each in read(paper, catalogue).findings] == found


def test_a_table_that_was_taken_out_is_told_field_by_field_as_blank(
    nearby, catalogue, summary_form
):
    data = first_sample(SUMMARY)
    paper = reworked(fill(summary_form, data, "docx"), without_its_last_table)
    found = read(paper, catalogue).findings
    assert all("纸面上是空白，文件带的数据是“" in each.message for each in found[:-1])
    assert "/account/number" in [each.pointer for each in found]
    assert verify(paper, catalogue.editions()).status is Status.VALUES


# rows


def rows(document, name: str):
    """The row that begins with this name's person, and the one after it."""
    row = next(node(document, name).iterancestors(qn("w:tr")))
    return row, next(row.itersiblings(qn("w:tr")))


def whole(form_id: str) -> dict:
    """A sample with a few rows."""
    listed = "people" if form_id == ROLL else "projects"
    data = [submissions.parse(path.read_bytes()).data for path in valid_samples(form_id)]
    return next(each for each in data if 2 < len(each[listed]) < 20)


def listed(form_id: str) -> str:
    return "/people" if form_id == ROLL else "/projects"


BOTH = pytest.mark.parametrize("form_id", [ROLL, PROJECTS])


@BOTH
def test_a_row_that_was_added_is_no_clean_paper_to_anybody(
    nearby, catalogue, runner, tmp_path, form_id
):
    data = whole(form_id)
    name = printed(catalogue[form_id], data)[f"{listed(form_id)}/1/name"]

    def added(document):
        row, _ = rows(document, name)
        row.addnext(new := copy.deepcopy(row))
        next(each for each in new.iter(qn("w:t")) if each.text.strip() == name).text = "新来者"

    paper = reworked(fill(catalogue[form_id], data, "docx"), added)
    verdict = verify(paper, catalogue.editions())
    assert (verdict.status, verdict.differences) == (Status.CHANGED, ())
    assert "表中多出了填报数据里没有的内容：2、新来者" in verdict.message
    (finding,) = read(paper, catalogue).findings
    assert (finding.rule, finding.severity) == ("paper.added", "error")
    assert "新来者" in finding.message
    code, reports = in_bulk(runner, tmp_path, {"加一行.docx": paper})
    rules = [each["rule"] for found in reports.values() for each in found]
    assert (code, "paper.added" in rules) == (1, True)


@BOTH
@pytest.mark.parametrize("number", [0, 1, -1])
def test_of_a_row_that_was_taken_out_all_is_blank_and_of_no_other(
    nearby, catalogue, form_id, number
):
    data, array = whole(form_id), listed(form_id)
    number %= len(data[array[1:]])
    values = printed(catalogue[form_id], data)

    def shorter(document):
        row, _ = rows(document, values[f"{array}/{number}/name"])
        row.getparent().remove(row)

    paper = reworked(fill(catalogue[form_id], data, "docx"), shorter)
    found = read(paper, catalogue).differences
    shown = [name for name in values if name.startswith(f"{array}/{number}/") and values[name]]
    assert {each.pointer for each in found} == set(shown)
    assert {each.shown for each in found} == {""}


@BOTH
def test_two_rows_that_were_swapped_are_told_each_with_what_stands_there(
    nearby, catalogue, form_id
):
    data, array = whole(form_id), listed(form_id)
    values = printed(catalogue[form_id], data)
    names = [f"{array}/{row}/name" for row in (1, 2)]

    def swapped(document):
        row, following = rows(document, values[names[0]])
        following.addnext(row)

    paper = reworked(fill(catalogue[form_id], data, "docx"), swapped)
    found = {each.pointer: each.shown for each in read(paper, catalogue).differences}
    assert [found[name] for name in names] == [values[name] for name in names[::-1]]
    for pointer, shown in found.items():
        row = "2" if f"{array}/1/" in pointer else "1"
        assert shown == values[f"{array}/{row}/{pointer.rpartition('/')[2]}"]


@BOTH
def test_several_edits_in_one_row_are_told_each_at_its_field(nearby, catalogue, form_id):
    data, array = whole(form_id), listed(form_id)
    values = printed(catalogue[form_id], data)
    edits = {name: f"{values[name]}改" for name in values
             if name.startswith(f"{array}/1/") and values[name]}  # fmt: skip

    def edited(document):
        row, _ = rows(document, values[f"{array}/1/name"])
        for cell, text in zip(
            list(row.iter(qn("w:tc")))[-len(edits) :], edits.values(), strict=True
        ):
            first, *others = cell.iter(qn("w:t"))
            first.text = text
            for other in others:
                other.text = ""

    paper = reworked(fill(catalogue[form_id], data, "docx"), edited)
    found = {each.pointer: each.shown for each in read(paper, catalogue).differences}
    assert found == edits


# PDF


def saved(raw: bytes, change) -> bytes:
    stream = io.BytesIO()
    with pikepdf.open(io.BytesIO(raw)) as pdf:
        change(pdf)
        pdf.save(stream)
    return stream.getvalue()


def without_a_page(pdf):
    del pdf.pages[2]


def with_a_page_more(pdf):
    pdf.add_blank_page()


def with_pages_in_another_order(pdf):
    page = pdf.pages[1]
    pdf.pages.append(page)
    del pdf.pages[1]


def with_a_comment(pdf):
    note = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Text,
                              Rect=[20, 20, 40, 40], Contents=pikepdf.String("请核对金额"))  # fmt: skip
    pdf.pages[0].obj.Annots = pikepdf.Array([pdf.make_indirect(note)])


@pytest.mark.parametrize(
    ("change", "said"),
    [(without_a_page, "缺第 3 页"), (with_a_page_more, "多出 1 页"),
     (with_a_comment, "请核对金额"), (with_pages_in_another_order, "")],
)  # fmt: skip
def test_pages_and_comments_of_a_pdf_are_told(
    nearby, pressed_once, catalogue, summary_form, change, said
):
    paper = saved(fill(summary_form, first_sample(SUMMARY), "pdf"), change)
    verdict = verify(paper, catalogue.editions())
    assert (verdict.is_good, said in verdict.message) == (False, True), verdict.message
    found = read(paper, catalogue).findings
    assert any(said in each.message for each in found)


def test_python_docx_reads_what_these_tests_write(summary_form):
    """So that a change that does nothing is not taken for one that is not noticed."""
    paper = fill(summary_form, first_sample(SUMMARY), "docx")
    assert {reworked(paper, change) for change in DONE}.isdisjoint({paper})
    assert python_docx.Document(io.BytesIO(reworked(paper, commented))).comments
