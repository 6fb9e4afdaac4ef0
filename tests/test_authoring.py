"""From Word form to fillable PDF: LibreOffice's page, with a field for every placeholder."""

import dataclasses
import io
import itertools
import json
import re
import shutil
import zipfile

import docx
import pikepdf
import pypdfium2
import pytest
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Cm
from pypdf import PdfReader, PdfWriter

from formsvc import blank
from formsvc.documents import authoring
from formsvc.documents.authoring import office
from formsvc.documents.authoring.rectangles import Box, measured
from formsvc.errors import TemplateError
from formsvc.forms.form import Signature
from formsvc.forms.guards import Guard

FORMS = ["jiangxi-training-summary", "jiangxi-project-funding"]
DPI = 100


@pytest.fixture(scope="module")
def built(both) -> dict[str, bytes]:
    return {name: made.pdf for name, made in both.items()}


@pytest.fixture(scope="module")
def both(catalogue) -> dict[str, authoring.Built]:
    return {name: authoring.build(catalogue[name]) for name in FORMS}


@pytest.fixture
def copy_of(catalogue, tmp_path):
    """A form whose templates may be changed."""

    def copy(name):
        form = catalogue[name]
        (tmp_path / "form.docx").write_bytes(form.docx.read_bytes())
        (tmp_path / "form.pdf").write_bytes(form.pdf.read_bytes())
        shutil.copy(form.templates / "layout.json", tmp_path)
        return dataclasses.replace(form, templates=tmp_path)

    return copy


def widgets(raw: bytes) -> list[tuple[int, str, Box]]:
    with pikepdf.open(io.BytesIO(raw)) as pdf:
        return [
            (
                number,
                str(widget.get("/T") or widget.Parent.T),
                Box(*(float(edge) for edge in widget.Rect)),
            )
            for number, page in enumerate(pdf.pages)
            for widget in page.obj.Annots
        ]


def pictures(raw: bytes, masks: list[tuple[int, Box]] = ()) -> list[bytes]:
    """Grey pages at 100 dpi without form fields; masked rectangles are white."""
    document, pages = pypdfium2.PdfDocument(raw), []
    for number, page in enumerate(document):
        bitmap = page.render(scale=DPI / 72, grayscale=True, may_draw_forms=False)
        pixels, width = bytearray(bytes(bitmap.buffer)), bitmap.stride
        for _, box in (mask for mask in masks if mask[0] == number):
            first, last = (int((page.get_height() - y) * DPI / 72) for y in (box.top, box.bottom))
            pixels[first * width : (last + 1) * width] = b"\xff" * ((last + 1 - first) * width)
        pages.append(bytes(pixels))
    document.close()
    return pages


def changed_docx(form, old: str, new: str) -> None:
    with zipfile.ZipFile(form.docx) as package:
        members = {name: package.read(name) for name in package.namelist()}
    body = members["word/document.xml"].decode()
    assert old in body
    members["word/document.xml"] = body.replace(old, new).encode()
    with zipfile.ZipFile(form.docx, "w") as package:
        for name, content in members.items():
            package.writestr(name, content)


@pytest.mark.parametrize("name", FORMS)
def test_the_committed_pdf_is_the_one_that_is_built(catalogue, built, name):
    committed = catalogue[name].pdf.read_bytes()
    assert widgets(committed) == widgets(built[name])
    assert pictures(committed) == pictures(built[name])


@pytest.mark.parametrize("name", FORMS)
def test_the_committed_layout_is_the_one_that_is_built(catalogue, both, name):
    committed = (catalogue[name].templates / "layout.json").read_text("utf-8")
    assert committed == both[name].layout


@pytest.mark.parametrize("name", FORMS)
def test_building_twice_gives_the_same(catalogue, both, name):
    assert authoring.build(catalogue[name]) == both[name]


@pytest.mark.parametrize("name", FORMS)
def test_the_blank_is_the_same_in_word_and_pdf(catalogue, built, name):
    """But for boxes to tick, and for what stands between the controls of a print box."""
    form = catalogue[name]
    word = office.convert([blank(form, "docx")])[0]
    apart = {*form.ticks, *(box.name for box in form.boxes)}
    masks = [(page, box) for page, pointer, box in widgets(built[name]) if pointer in apart]
    assert pictures(word, masks) == pictures(built[name], masks)
    for one, other in zip(measured(word), measured(built[name]), strict=True):
        assert one.across == other.across
        assert one.down == other.down


@pytest.mark.parametrize("name", FORMS)
def test_every_printed_pointer_has_a_field(catalogue, built, name):
    form = catalogue[name]
    with zipfile.ZipFile(form.docx) as package:
        body = package.read("word/document.xml").decode()
    placeholders = re.findall(r"\{\{ ([\w.]+) \}\}", body)
    assert placeholders
    signatures = {place.name for place in form.signatures}
    found = [pointer for _, pointer, _ in widgets(built[name]) if pointer not in signatures]
    rows = [
        f"/project/budget/{number}/" for number in range(form.blank_rows.get("/project/budget", 0))
    ]
    shown = [
        place
        for name in placeholders
        if name != "loop.index"
        for place in (
            [row + name.removeprefix("row.") for row in rows]
            if name.startswith("row.")
            else ["/" + name.replace(".", "/")]
        )
    ]
    assert sorted(found) == sorted([*shown, *added(form, shown)])
    assert set(found) <= {*form.printable, *form.ticks}


def added(form, shown: list[str]) -> list[str]:
    """What 填报信息 has to have: every field that the form does not show, lists choice by choice."""
    boxed = {part.pointer for box in form.boxes if box.name in shown for part, _ in box.parts}
    missing = {field.pointer for field in form.leaves if not field.list} - {*shown} - boxed
    ticks = [name for name, (field, _) in form.ticks.items() if field.pointer in missing]
    lists = {field.pointer for field, _ in form.ticks.values()}
    return [*ticks, *(missing - lists)]


@pytest.mark.parametrize("name", FORMS)
def test_fields_overlap_neither_each_other_nor_any_ink(built, name):
    boxes = [(page, pointer, box) for page, pointer, box in widgets(built[name])
             if pointer.startswith("/")]  # fmt: skip
    for (page, one, box), (other_page, other, other_box) in itertools.combinations(boxes, 2):
        assert page != other_page or not box.overlaps(other_box), (one, other)
    for number, drawn in enumerate(measured(built[name])):
        lines = [Box(start, y, end, y) for y, start, end in drawn.across]
        lines += [Box(x, start, x, end) for x, start, end in drawn.down]
        for page, pointer, box in boxes:
            if page == number:
                assert not any(crosses(box, line) for line in lines), pointer
                near = dataclasses.replace(box, left=box.left + 2.5)  # after a full-width colon
                assert not [char for char in drawn.chars if near.overlaps(char.box)], pointer


def crosses(box: Box, line: Box) -> bool:
    return min(box.right, line.right) >= max(box.left, line.left) and min(box.top, line.top) >= max(
        box.bottom, line.bottom
    )


@pytest.mark.parametrize("name", FORMS)
def test_every_page_has_room_for_its_code_and_the_cover_has_no_number(both, name):
    pages = json.loads(both[name].layout)["pages"]
    assert all(page["code"][3] >= 28 for page in pages)
    assert ["number" in page for page in pages] == [len(pages) < 4, *[True] * (len(pages) - 1)]
    *form_pages, added_page = PdfReader(io.BytesIO(both[name].pdf)).pages
    assert len(form_pages) == len(pages)
    for number, page in enumerate(form_pages, 1):
        assert (f"第{number}页" in re.sub(r"\s", "", page.extract_text())) == (
            "number" in pages[number - 1]
        )
    assert "共" not in added_page.extract_text()


def items(layout: str):
    """Every label, rule and field of a layout."""
    for page in json.loads(layout)["pages"]:
        for band in page["bands"]:
            for cell in band["table"]["cells"] if "table" in band else [band]:
                yield from cell["items"]


def test_style_of_a_field_comes_from_word(both, built):
    fields = [item for item in items(both[FORMS[0]].layout) if "field" in item]
    (outcome,) = (item for item in fields if item["field"] == "/training/outcome")
    sizes = [item["size"] for item in fields if item["field"] == "/person/name"]
    assert (outcome["size"], outcome["font"], outcome["pitch"]) == (10.5, "仿宋_GB2312", 14)
    assert outcome["block"]
    assert outcome["indent"]
    assert outcome["justify"]
    assert sizes == [15, 10.5]
    with pikepdf.open(io.BytesIO(built[FORMS[0]])) as pdf:
        fields = {str(field.T): field for field in pdf.Root.AcroForm.Fields}
        assert str(fields["/training/outcome"].DA) == "/Song 0 Tf 0 g"  # as small as need be
        assert fields["/training/outcome"].Ff == 1 << 12
        assert fields["/training/outcome"].TU == "研修成效"
        assert [kid.Q for kid in fields["/person/name"].Kids] == [1, 1]
        assert pdf.Root.Lang == "zh-CN"


def test_labels_are_texts_with_their_font_in_the_order_of_reading(both):
    labels = [
        ("".join(part for line in item["lines"] for part in line if isinstance(part, str)), item)
        for item in items(both[FORMS[0]].layout)
        if "lines" in item
    ]
    texts = [text for text, _ in labels]
    assert texts[:6] == [
        "附件1", "江西省高层次高技能领军人才培养工程人选国（境）外研修总结书", "姓名：", "工作单位：",
        "主管部门：", "江西省人力资源和社会保障厅印制",
    ]  # fmt: skip
    by_text = dict(labels)
    assert by_text["附件1"]["font"] == "黑体"
    assert by_text[texts[1]]["heading"] == 1
    assert (by_text["姓名"]["font"], by_text["姓名"]["size"]) == ("仿宋_GB2312", 12)


def test_a_table_is_described_with_its_spans_and_the_rows_that_head_it(both):
    page = json.loads(both[FORMS[1]].layout)["pages"][1]
    assert page["when"] == "/project/budget"
    table = page["bands"][-2]["table"]
    assert table["heads"] == [{"row": 0, "rows": 1, "repeat": True}]
    assert table["list"] == {"name": "/project/budget", "row": 1, "blank": 10}
    assert [cell["at"] for cell in table["cells"]][-2:] == [[2, 0, 1, 2], [2, 2, 1, 1]]


def test_other_programs_can_fill_and_read_the_form(built):
    writer = PdfWriter(clone_from=io.BytesIO(built["jiangxi-project-funding"]))
    writer.update_page_form_field_values(None, {"/person/name": "张三"}, auto_regenerate=True)
    filled = io.BytesIO()
    writer.write(filled)
    assert PdfReader(filled).get_form_text_fields()["/person/name"] == "张三"


@pytest.mark.parametrize("name", FORMS)
def test_the_committed_pdf_agrees_with_its_word_form(catalogue, name):
    authoring.verify(catalogue[name])


def test_a_changed_word_form_asks_for_a_new_pdf(copy_of):
    form = copy_of("jiangxi-project-funding")
    changed_docx(form, "联系电话", "手机号码")
    with pytest.raises(TemplateError, match="template build jiangxi-project-funding"):
        authoring.verify(form)


def test_a_pointer_without_a_field_is_refused(copy_of):
    form = copy_of("jiangxi-project-funding")
    rename(form, "/person/phone", None)
    with pytest.raises(TemplateError, match=r"/person/phone of form\.docx has no field"):
        authoring.verify(form)


def test_a_field_without_a_pointer_is_refused(copy_of):
    form = copy_of("jiangxi-project-funding")
    with pikepdf.open(form.pdf, allow_overwriting_input=True) as pdf:
        page = pdf.pages[0].obj
        extra = pikepdf.Dictionary(page.Annots[0])
        for key in ("/Parent", "/Kids"):
            if key in extra:
                del extra[key]
        extra.T, extra.FT = pikepdf.String("/person/shoe_size"), pikepdf.Name.Tx
        page.Annots.append(pdf.make_indirect(extra))
        pdf.Root.AcroForm.Fields.append(page.Annots[-1])
        pdf.save(form.pdf)
    with pytest.raises(TemplateError, match="field '/person/shoe_size' is not in the form"):
        authoring.verify(form)


def test_a_pdf_of_an_office_is_mapped_by_its_own_field_names(copy_of):
    form = copy_of("jiangxi-project-funding")
    rename(form, "/person/phone", "电话")
    with pikepdf.open(form.pdf, allow_overwriting_input=True) as pdf:
        del pdf.docinfo["/FormsvcSource"]
        pdf.save(form.pdf)
    with pytest.raises(TemplateError, match="was not built from"):
        authoring.verify(form)
    authoring.verify(form, {"电话": "/person/phone"})
    with pytest.raises(TemplateError, match="has no field"):
        authoring.verify(form, {"电话": "/person/fax"})


def rename(form, old: str, new: str | None) -> None:
    with pikepdf.open(form.pdf, allow_overwriting_input=True) as pdf:
        for page in pdf.pages:
            kept = pikepdf.Array()
            for widget in page.obj.Annots:
                if widget.get("/T") == old and new is None:
                    continue
                if widget.get("/T") == old:
                    widget.T = pikepdf.String(new)
                kept.append(widget)
            page.obj.Annots = kept
        pdf.save(form.pdf)


@pytest.mark.parametrize("name", FORMS)
def test_places_to_sign_hold_a_seal_and_are_hidden_in_the_blank(catalogue, built, name):
    with pikepdf.open(io.BytesIO(built[name])) as pdf:
        places = [field for field in pdf.Root.AcroForm.Fields if field.FT == "/Sig"]
        assert [str(field.T) for field in places] == [s.name for s in catalogue[name].signatures]
        for field in places:
            left, bottom, right, top = map(float, field.Rect)
            assert field.F == 2
            assert (right - left > 125 and top - bottom > 135) or field.T == "申请人"


def test_a_label_that_is_not_on_the_form_gives_no_place_to_sign(copy_of):
    form = copy_of("jiangxi-project-funding")
    form = dataclasses.replace(form, signatures=(Signature("局长", "局长意见", Guard()),))
    with pytest.raises(TemplateError, match="局长: '局长意见' begins 0 boxes"):
        authoring.build(form)


def test_a_missing_place_to_sign_asks_for_a_new_pdf(copy_of):
    form = copy_of("jiangxi-project-funding")
    form = dataclasses.replace(
        form, signatures=(*form.signatures, Signature("局长", "盖章", Guard()))
    )
    with pytest.raises(TemplateError, match="局长"):
        authoring.verify(form)


def test_an_office_s_own_pdf_is_never_built_over(copy_of):
    form = dataclasses.replace(copy_of("jiangxi-project-funding"), pdf_names={})
    with pytest.raises(TemplateError, match="office's own"):
        authoring.build(form)


def test_a_condition_inside_a_line_is_refused(copy_of):
    form = copy_of("jiangxi-project-funding")
    changed_docx(
        form, "{{ person.phone }}", "{% if not person.phone %}{{ person.phone }}{% endif %}"
    )
    with pytest.raises(TemplateError, match="a condition stands alone in a paragraph"):
        authoring.build(form)


@pytest.fixture
def simple(catalogue, tmp_path):
    """A form as a clerk might draw it in Word, without any of our styles."""

    def form(amount="金额：{{ project.amount }}"):
        document = docx.Document()
        line = document.add_paragraph("姓名：{{ person.name }}\t电话：{{ person.phone }}")
        line.paragraph_format.tab_stops.add_tab_stop(Cm(8))
        table = document.add_table(2, 2, style="Table Grid")
        table.cell(0, 0).text, table.cell(0, 1).text = "地址", "{{ person.address }}"
        table.cell(1, 0).text, table.cell(1, 1).text = "项目", "名称："
        table.rows[1].height = Cm(3)
        table.cell(1, 1).add_paragraph("{{ project.name }}")
        table.cell(1, 1).add_paragraph(amount)
        document.add_paragraph("{{ unit.name }}").alignment = WD_ALIGN_PARAGRAPH.RIGHT
        document.save(tmp_path / "form.docx")
        bare = dataclasses.replace(catalogue["jiangxi-project-funding"], signatures=())
        return dataclasses.replace(bare, templates=tmp_path)

    return form


def test_values_may_stand_in_lines_with_labels(simple):
    form = simple()
    built = authoring.build(form)
    form.pdf.write_bytes(built.pdf)
    (form.templates / "layout.json").write_text(built.layout, "utf-8")
    authoring.verify(form)
    boxes = {pointer: box for _, pointer, box in widgets(form.pdf.read_bytes())}
    letters = {char.text: char.box for char in measured(form.pdf.read_bytes())[0].chars}
    name, phone = boxes["/person/name"], boxes["/person/phone"]
    assert letters["姓"].right < name.left
    assert letters["电"].left - 30 < name.right < letters["电"].left
    assert letters["话"].right < phone.left
    assert name.bottom < letters["姓"].bottom < letters["姓"].top < name.top
    title, amount, address = (
        boxes[pointer] for pointer in ("/project/name", "/project/amount", "/person/address")
    )
    assert amount.top <= title.bottom < title.top < address.bottom
    assert title.left < amount.left
    assert title.right == pytest.approx(amount.right) == pytest.approx(address.right)
    assert "/_page" not in boxes


def test_a_label_that_moves_with_the_value_before_it_is_refused(simple):
    with pytest.raises(TemplateError, match="'元' moves as /project/amount is filled in"):
        authoring.build(simple(amount="金额：{{ project.amount }}元"))


def test_without_libreoffice_the_error_says_what_is_missing(catalogue, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(TemplateError, match="needs LibreOffice"):
        authoring.build(catalogue["jiangxi-project-funding"])
