"""Rows that grow over pages, parts that are there only sometimes, and pages in landscape."""

import io
import re
import zipfile
from datetime import date

import docx
import pikepdf
import pymupdf
import pypdfium2
import pytest
from docxtpl import DocxTemplate
from lxml import etree
from pypdf import PdfReader, PdfWriter

from benchmarks.names import names
from formsvc import Catalogue, Press, blank, fill, read
from formsvc.documents import Bound, authoring, pack, press
from formsvc.documents import docx as docx_forms
from formsvc.documents.authoring import office
from formsvc.documents.authoring.rectangles import measured
from formsvc.documents.press import drawing
from formsvc.documents.printing import printed
from formsvc.documents.proof.verification import Status, verify
from formsvc.errors import FormError, TemplateError
from formsvc.forms import read as read_forms

from . import growing
from .words import body

HEAD = "序号姓名层次所在部门月数标准金额备注"
MOVED = {"kind": "调动", "moved_to": "苏州某某研究院"}
PROJECTS = [
    {"name": "甲项目", "level": "国家级", "number": "2021-1"},
    {"name": "乙项目"},
    {"name": "丙项目", "number": "8"},
]


def pages(raw: bytes) -> list[str]:
    """The text of every page, without spaces."""
    document = pypdfium2.PdfDocument(raw)
    texts = [re.sub(r"\s", "", page.get_textpage().get_text_range()) for page in document]
    document.close()
    return texts


def words(raw: bytes) -> list[str]:
    """The text of every page of a Word document."""
    (made,) = office.convert([raw])
    return pages(made)


def unkept(document: bytes) -> str:
    """The body of a Word document, without what keeps its rows together."""
    return re.sub(
        "<w:(cantSplit|tblHeader)></w:(cantSplit|tblHeader)>|<w:trPr></w:trPr>", "", body(document)
    ).replace("<w:trPr></w:trPr>", "")


@pytest.mark.parametrize(
    "data",
    [
        growing.data(12),
        growing.data(1, **MOVED, projects=PROJECTS, reason="年中调动"),
        growing.data(3, reason='A<B & "C"'),
    ],
)
def test_rows_and_parts_are_as_docxtpl_would_have_them(roll, data):
    template = DocxTemplate(roll.docx)
    template.render(names(roll, printed(roll, data)), docx_forms.environment(), autoescape=True)
    output = io.BytesIO()
    template.save(output)
    assert unkept(docx_forms.prepared(roll).fill(data)) == unkept(output.getvalue())


@pytest.mark.parametrize("made", [lambda raw, roll: pages(fill(roll, raw, "pdf")),
                                  lambda raw, roll: words(fill(roll, raw, "docx"))],
                         ids=["pdf", "word"])  # fmt: skip
def test_two_hundred_rows_go_on_with_their_head_on_every_page(roll, made):
    found = made(growing.data(200), roll)
    assert 8 < len(found) < 20
    for number, text in enumerate(found, 1):
        assert f"第{number}页共{len(found)}页" in text
        assert ("第三层次" in text) <= (HEAD in text)
        assert "TEST-ROLL" in text
    whole = "".join(found)
    rows = [f"{row + 1}张{'伟明芳丽强'[row % 5]}{row}第三层次" for row in range(200)]
    places = [whole.index(row) for row in rows]
    assert places == sorted(places)
    assert "合计1,200,000元" in whole[places[-1] :]


def test_every_page_is_in_landscape_with_its_code_at_the_right(roll):
    raw = fill(roll, growing.data(60), "pdf")
    for page in measured(raw):
        assert (round(page.width), round(page.height)) == (842, 595)
        code = [char for char in page.chars if char.size == 6]
        assert code
        assert min(char.box.left for char in code) > 500
    document = docx.Document(io.BytesIO(fill(roll, growing.data(2), "docx")))
    header = etree.tostring(document.sections[0].header._element).decode()
    (left,) = (int(place) for place in re.findall(r"<wp:posOffset>([0-9]{7,})<", header)[:1])
    assert left / 36_000 > 260


def test_rows_of_a_list_are_kept_whole_and_their_head_is_repeated_in_word(roll):
    table = docx.Document(io.BytesIO(fill(roll, growing.data(4), "docx"))).tables[1]
    marks = [
        {node.tag.rpartition("}")[2] for node in row._tr.iterdescendants() if node.getparent().tag.endswith("trPr")}
        for row in table.rows
    ]  # fmt: skip
    assert [("tblHeader" in each) for each in marks] == [True, *[False] * 5]
    assert all("cantSplit" in each for each in marks[:5])


def test_a_blank_has_the_rows_that_the_form_says_and_can_be_typed_into(roll):
    empty = docx.Document(io.BytesIO(blank(roll, "docx")))
    assert [row.cells[0].text for row in empty.tables[2].rows][:5] == [
        "序号",
        "1",
        "2",
        "3",
        "合计",
    ]
    typed = {"/unit": "南京某某大学", "/people/0/name": "张三", "/people/1/name": "李四",
             "/people/1/amount": "6,000元", "/kind": "发放",
             "/projects_shown": "甲项目（国家级，2021-1）\n乙项目"}  # fmt: skip
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(blank(roll, "pdf"))))
    fields = set(writer.get_fields())
    assert {name for name in fields if name.endswith("/name")} == {
        f"/people/{row}/name" for row in range(3)
    }
    for page in writer.pages:
        writer.update_page_form_field_values(page, typed)
    target = io.BytesIO()
    writer.write(target)
    found = read(target.getvalue(), Catalogue([roll])).data
    assert found["people"] == [{"name": "张三"}, {"name": "李四", "amount": 6000}]
    assert found["projects"] == PROJECTS[:2]


def test_what_is_carried_comes_back_and_the_bytes_are_the_same(roll):
    data = growing.data(70, **MOVED, projects=PROJECTS)
    for format in ("docx", "pdf"):
        raw = fill(roll, data, format)
        assert read(raw, Catalogue([roll])).data == data
        assert fill(roll, data, format) == raw


@pytest.mark.parametrize("format", ["docx", "pdf"])
def test_a_part_is_there_only_where_its_guard_holds(roll, format):
    show = pages if format == "pdf" else words
    staying, moving, explained = (
        "".join(show(fill(roll, growing.data(2, **more), format)))
        for more in ({}, MOVED, {"reason": "年中调动"})
    )
    assert "调入单位" not in staying
    assert "说明" not in staying
    assert "省内调动时填写：调入单位苏州某某研究院" in moving
    assert "说明年中调动" in explained
    assert "调入单位" not in explained


def test_what_follows_a_part_that_is_not_there_moves_up(roll):
    def top(data) -> float:
        (page,) = measured(fill(roll, data, "pdf"))
        return max(char.box.top for char in page.chars if char.text == "序")

    assert top(growing.data(2)) > top(growing.data(2, **MOVED)) + 20


def test_a_blank_shows_every_part(roll):
    text = "".join(pages(blank(roll, "pdf")))
    assert "调入单位" in text
    assert "说明" in text


def test_rows_in_one_cell_are_lines_without_what_is_empty(roll):
    shown = printed(roll, growing.data(1, projects=PROJECTS))["/projects_shown"]
    assert shown.split("\n") == ["甲项目（国家级，2021-1）", "乙项目", "丙项目（8）"]
    raw = fill(roll, growing.data(1, projects=PROJECTS), "pdf")
    assert "甲项目（国家级，2021-1）乙项目丙项目（8）" in "".join(pages(raw))
    assert printed(roll, growing.data(1))["/projects_shown"] == ""


@pytest.mark.parametrize("count", range(4, 12))
def test_a_box_for_a_seal_is_whole_and_on_a_page_that_names_the_unit_as_in_word(roll, count):
    found = measured(fill(roll, growing.data(count), "pdf"))
    sealed = [page for page in found if "盖章" in "".join(char.text for char in page.chars)]
    (page,) = sealed
    text = "".join(char.text for char in page.chars)
    assert "单位意见" in text
    foot = "".join(char.text for char in page.chars if char.baseline < 45)
    assert foot.startswith(growing.data(count)["unit"])
    seal = next(char for char in page.chars if char.text == "盖")
    sides = [place for place, *_ in page.across]
    above = min(place for place in sides if place > seal.baseline)
    below = max(place for place in sides if place < seal.baseline)
    assert above - below > 45 * 72 / 25.4


def with_a_long_note(people: int) -> dict:
    """One row is much higher than the layout has it."""
    data = growing.data(people)
    data["people"][0]["note"] = "因出国研修，自七月起停发，回国后补发；" * 6
    return data


@pytest.mark.parametrize("data", [growing.data(2), growing.data(9), growing.data(40, **MOVED),
                                  with_a_long_note(3)])  # fmt: skip
def test_a_place_to_sign_is_where_its_box_has_come_to_stand(roll, data):
    raw = fill(roll, data, "pdf", signature_fields=True)
    drawn = measured(raw)
    with pikepdf.open(io.BytesIO(raw)) as pdf:
        found = [(number, [float(edge) for edge in widget.Rect])
                 for number, page in enumerate(pdf.pages)
                 for widget in page.obj.get("/Annots", [])]  # fmt: skip
    ((number, (left, bottom, right, top)),) = found
    inside = [
        char.text
        for char in drawn[number].chars
        if left < char.box.left < right and bottom < char.baseline < top
    ]
    assert "".join(inside) == "盖章年月日"


def annotated(raw: bytes, page: int, at: tuple[float, float], text: str) -> bytes:
    """With a note as viewers put it on a page; y from the top."""
    saved = io.BytesIO()
    with pikepdf.open(io.BytesIO(raw)) as pdf:
        x, y = at[0], float(pdf.pages[page].mediabox[3]) - at[1]
        note = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.FreeText,
            Rect=[x, y - 8, x + 120, y + 8], Contents=pikepdf.String(text),
        )  # fmt: skip
        pdf.pages[page].obj.Annots = pikepdf.Array([pdf.make_indirect(note)])
        pdf.save(saved)
    return saved.getvalue()


def typed_on(raw: bytes, page: int, at: tuple[float, float], text: str) -> bytes:
    """With a text in the page itself."""
    with pymupdf.open(stream=raw) as document:
        document[page].insert_text(at, text)
        return document.tobytes()


@pytest.mark.parametrize("written", [annotated, typed_on], ids=["a note", "a text"])
@pytest.mark.parametrize("data", [growing.data(9), growing.data(40, **MOVED), with_a_long_note(3)])
def test_what_is_written_into_a_box_that_rows_have_moved_accuses_nobody(
    nearby, pressed_once, roll, data, written
):
    raw = fill(roll, data, "pdf")
    ((page, place),) = drawing.stamping(roll, data, Press()).places
    left, top, width, height = place.box
    paper = written(raw, page, (left + width / 3, top + height / 2), "Agreed 2026-03-01")
    verdict = verify(paper, [roll])
    assert (verdict.status, "Agreed" in verdict.message) == (Status.WRITTEN, True)
    assert read(paper, Catalogue([roll])).findings == ()
    beside = written(raw, page, (left + 40, top - 20), "Agreed 2026-03-01")
    assert not verify(beside, [roll]).is_good


def test_a_long_text_makes_its_row_higher_before_it_is_hard_to_read(roll):
    data = growing.data(6)
    data["people"][4]["note"] = note = "因出国研修，自七月起停发，回国后补发；" * 6
    raw = fill(roll, data, "pdf")
    assert note in "".join(pages(raw))
    sizes = {char.size for page in measured(raw) for char in page.chars if char.text == "研"}
    assert min(sizes) >= 9


def test_a_row_that_no_page_holds_is_found_and_named(roll):
    data = growing.data(8)
    data["people"][6]["note"] = "长" * 3000
    (finding,) = press.findings(roll, data, Press())
    assert finding.rule == "print.overflow"
    assert finding.pointer == "/people/6/note"
    assert finding.message.startswith("人员第 7 行的备注在表格中写不下：约可写 ")
    data["people"][6]["note"] = "有ก字"
    (finding,) = press.findings(roll, data, Press())
    assert (finding.rule, finding.pointer) == ("print.glyph", "/people/6/note")


def test_rolls_are_numbered_and_padded_in_a_pack(roll):
    raw = pack([Bound("甲", roll, growing.data(30), 2), Bound("乙", roll, growing.data(2))],
               Press(), title="打印包", duplex=True)  # fmt: skip
    found = pages(raw)
    one = len(pages(fill(roll, growing.data(30), "pdf")))
    even = one + one % 2
    assert f"第1页共{one}页" in found[0]
    assert "第2份/共2份" in found[even]
    assert "第1页共1页" in found[2 * even]


def test_a_draft_of_nonsense_is_drawn(roll):
    data = {"form": "test-roll", "people": [3, {"name": ["x"]}, {}], "projects": "甲"}
    for format in ("docx", "pdf"):
        assert fill(roll, data, format, draft=True)


WRONG = {
    "no such list": ("for row in people", "for row in unit", "no list of rows"),
    "no end of the rows": ("{%tr endfor %}", "", "has no {%tr endfor %} after it"),
    "an end too many": ("{%tr for row in people %}", "", "an endfor without its for"),
    "a cell that the list does not have": ("row.note", "row.remark", "have no 'remark'"),
    "a cell outside of the rows": ("{{ total }}", "{{ row.amount }}", "outside of the rows"),
    "numbered rows": ("{{ total }}", "{{ people.0.amount }}", "rows are written once, between"),
    "no such field": ("{{ total }}", "{{ totals }}", "'/totals' is not in the form"),
    "no such part": ("if 调动", "if 调入", "names a [[part]] of form.toml"),
    "no end of a part": ("{%tr endif %}", "", "without its endif"),
    "another end": ("{%tr endif %}", "{%tr endfor %}", "an endfor without its for"),
    "paragraphs as rows": ("{%tr for row in people %}", "{%p for row in people %}", "one row of a table"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_in_a_template_is_said(tmp_path, case):
    old, new, complaint = WRONG[case]
    (form,) = read_forms([growing.shelf(tmp_path)])
    with zipfile.ZipFile(form.docx) as package:
        members = {name: package.read(name) for name in package.namelist()}
    text = members[docx_forms.BODY].decode()
    assert old in text
    members[docx_forms.BODY] = text.replace(old, new).encode()
    with zipfile.ZipFile(form.docx, "w") as package:
        for name, content in members.items():
            package.writestr(name, content)
    with pytest.raises(TemplateError, match=re.escape(complaint)):
        docx_forms.DocxForm(form)
    with pytest.raises(TemplateError, match=re.escape(complaint)):
        authoring.build(form)


TOML = {
    "a part as a field is called": ('name = "调动"', 'name = "reason"', "no field's name"),
    "a guard on no field": ('field = "/kind"', 'field = "/kinds"', "'/kinds'"),
    "rows of no list": ('"/people" = 3', '"/unit" = 3', "[rows]: /unit"),
    "more rows than there may be": ('"/people" = 3', '"/projects" = 6', "[rows]: /projects"),
    "two lists in one cell": ("{/projects/*/level}", "{/people/*/level}", "one list"),
}


@pytest.mark.parametrize("case", TOML)
def test_what_is_wrong_in_the_form_is_said(tmp_path, case):
    old, new, complaint = TOML[case]
    shelf = growing.shelf(tmp_path)
    (path,) = shelf.schemas.rglob("form.toml")
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(FormError, match=re.escape(complaint)):
        read_forms([shelf])


def test_a_box_too_small_for_a_seal_is_refused(tmp_path):
    (form,) = read_forms([growing.shelf(tmp_path)])
    document = docx.Document(form.docx)
    cell = document.tables[-1].rows[0].cells[0]
    document.tables[-1].rows[0].height = 914400
    cell.paragraphs[1].paragraph_format.space_before = 0
    document.save(form.docx)
    with pytest.raises(TemplateError, match="a seal needs 45 × 45 mm clear"):
        authoring.build(form)


def test_empty_rows_that_do_not_fit_a_page_are_refused(tmp_path):
    shelf = growing.shelf(tmp_path)
    (path,) = shelf.schemas.rglob("form.toml")
    path.write_text(path.read_text("utf-8").replace('"/people" = 3', '"/people" = 40'), "utf-8")
    (form,) = read_forms([shelf])
    with pytest.raises(TemplateError, match="do not stand on one page"):
        authoring.build(form)


def test_a_roll_of_two_hundred_is_checked_with_all_its_cells(roll):
    data = growing.data(200)
    report = Catalogue([roll], Press()).check_data(data, on=date(2026, 3, 1)).report
    assert report.ok
    data["people"][199]["note"] = "有ก字"
    report = Catalogue([roll], Press()).check_data(data, on=date(2026, 3, 1)).report
    assert [finding.pointer for finding in report.findings] == ["/people/199/note"]
