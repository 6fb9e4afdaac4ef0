"""Blanks that people fill offline: complete, alike in Word and PDF, and read back as written."""

import io
import json
import re
import zipfile

import docx
import pikepdf
import pypdf
import pypdfium2
import pytest
from docx.oxml.ns import qn
from lxml import etree
from pypinyin_dict.pinyin_data import ktghz2013

from formsvc import blank, documents, pointers, submissions
from formsvc.catalogue import SAMPLES_ON
from formsvc.cli import main
from formsvc.delivery import blank as delivered
from formsvc.documents.authoring import office
from formsvc.documents.authoring.rectangles import measured
from formsvc.documents.controls import TICKED, UNTICKED
from formsvc.documents.press import FontError, typing
from formsvc.documents.printing import printed
from formsvc.errors import UnreadableDocument
from formsvc.intake import controls
from formsvc.intake.reading import read
from formsvc.writing.notation import identity_code

from .conftest import first_sample, valid_samples
from .fillers import (
    by_mupdf,
    by_pdfium,
    by_pikepdf,
    by_pypdf,
    by_python_docx,
    drawn_by_pypdf,
    saved,
    saved_by_libreoffice,
)

FORMS = ["jiangxi-training-summary", "jiangxi-project-funding"]
SAMPLES = [(name, path) for name in FORMS for path in valid_samples(name)]
EVERY_SAMPLE = pytest.mark.parametrize(
    ("name", "path"), SAMPLES, ids=[f"{name}-{path.stem}" for name, path in SAMPLES]
)
RARE = "章䶮𬀩"
NORMATIVE = set(map(chr, ktghz2013.pinyin_dict))  # 通用规范汉字表


@pytest.fixture(scope="module")
def blanks(catalogue) -> dict:
    return {(name, format): delivered(catalogue[name], format, SAMPLES_ON)
            for name in FORMS for format in ("docx", "pdf")}  # fmt: skip


@pytest.fixture(scope="module")
def datas() -> dict:
    return {path: submissions.parse(path.read_bytes()).data for _, path in SAMPLES}


@pytest.fixture(scope="module")
def in_word(catalogue, blanks, datas) -> dict:
    return {path: by_python_docx(blanks[name, "docx"], texts(catalogue[name], datas[path]))
            for name, path in SAMPLES}  # fmt: skip


def texts(form, data) -> dict[str, str]:
    """What somebody writes into each place of a form, boxes ticked where they are to be."""
    written = printed(form, data)
    for name, (field, choice) in form.ticks.items():
        written[name] = TICKED if choice in (pointers.get(data, field.pointer) or ()) else ""
    return written


def meant(form, data) -> dict[str, object]:
    """A submission place by place, without what printing leaves out: spaces around a line, full
    width in numbers, the order of what is ticked."""
    found = {}
    for field in form.leaves:
        for pointer in field.places(data):
            value = pointers.get(data, pointer)
            if isinstance(value, str) and field.kind in ("id-number", "credit-code"):
                value = identity_code(value)
            elif isinstance(value, str) and field.kind != "paragraphs":
                value = value.strip()
            elif isinstance(value, list):
                value = sorted(value)
            if value is not None:
                found[pointer] = value
    return found


def back(content: bytes, catalogue):
    return read(content, catalogue).data


# filled in


@EVERY_SAMPLE
def test_a_word_form_is_read_as_it_was_filled_in(catalogue, datas, in_word, name, path):
    form = catalogue[name]
    assert meant(form, back(in_word[path], catalogue)) == meant(form, datas[path])


@pytest.mark.parametrize("name", FORMS)
def test_a_word_form_that_libreoffice_saved_is_read_as_it_was_filled_in(
    catalogue, datas, in_word, name
):
    form = catalogue[name]
    paths = valid_samples(name)
    for path, content in zip(paths, saved_by_libreoffice([in_word[p] for p in paths]), strict=True):
        assert b"w:tag" not in zipfile.ZipFile(io.BytesIO(content)).read("word/document.xml")
        assert meant(form, back(content, catalogue)) == meant(form, datas[path]), path.name


def typable(data) -> str:
    """What PDFium takes: it cuts characters beyond the basic plane, and a tab leaves the field."""
    text = json.dumps(data, ensure_ascii=False, default=float)
    return re.sub("[\U00010000-\U0010ffff]", "口", text.replace("\\t", " "))


@pytest.mark.parametrize("fill", [by_pypdf, by_pikepdf, by_mupdf, by_pdfium])
@EVERY_SAMPLE
def test_a_pdf_form_is_read_as_it_was_filled_in(catalogue, blanks, datas, name, path, fill):
    form, data = catalogue[name], datas[path]
    if fill is by_pdfium:
        data = submissions.parse(typable(data).encode()).data
    content = fill(blanks[name, "pdf"], texts(form, data))
    assert meant(form, back(content, catalogue)) == meant(form, data)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("format", ["docx", "pdf"])
def test_an_empty_blank_holds_no_data(catalogue, blanks, name, format):
    with pytest.raises(UnreadableDocument, match="没有申报数据"):
        read(blanks[name, format], catalogue)


@pytest.mark.parametrize("name", FORMS)
def test_an_empty_word_form_that_libreoffice_saved_holds_no_data(catalogue, blanks, name):
    (content,) = saved_by_libreoffice([blanks[name, "docx"]])
    with pytest.raises(UnreadableDocument, match="没有申报数据"):
        read(content, catalogue)


@pytest.mark.parametrize("name", FORMS)
def test_a_filled_document_shows_each_value_in_a_control(catalogue, datas, name):
    form = catalogue[name]
    for path in valid_samples(name):
        values = printed(form, datas[path])
        shown = json.loads(controls.shown(documents.fill(form, datas[path], "docx")))
        for pointer, said in shown.items():
            assert said == [values[pointer]] or not (said or values[pointer]), (path.name, pointer)


# what a blank offers


@pytest.mark.parametrize("name", FORMS)
def test_every_field_has_a_place_in_word_and_pdf(catalogue, blanks, name):
    form = catalogue[name]
    lists = {field.pointer for field, _ in form.ticks.values()}
    rows = {pointer for array in form.lists for pointer in form.rows_of(array)}
    wanted = {field.pointer for field in form.leaves if not field.list} - lists
    wanted |= rows | {*form.ticks}
    word = json.loads(controls.shown(blanks[name, "docx"]))
    assert word.keys() - {"/form", "/edition"} == wanted
    boxed = {part.pointer for box in form.boxes for part, _ in box.parts}
    fields = pypdf.PdfReader(io.BytesIO(blanks[name, "pdf"])).get_fields()
    assert wanted - boxed <= fields.keys()
    assert {box.name for box in form.boxes} <= fields.keys()


def tagged(content: bytes) -> dict[str, list]:
    found: dict[str, list] = {}
    for control in docx.Document(io.BytesIO(content)).element.body.iter(qn("w:sdt")):
        tag = control.find(qn("w:sdtPr")).find(qn("w:tag")).get(qn("w:val"))
        found.setdefault(tag, []).append(control.find(qn("w:sdtPr")))
    return found


def test_word_offers_lists_calendars_ticks_and_limits(blanks):
    found = tagged(blanks[FORMS[0], "docx"])
    offered = [
        node.get(qn("w:value")) for node in found["/person/gender"][0].iter(qn("w:listItem"))
    ]
    assert offered == ["男", "女"]
    assert found["/person/degree"][0].find(qn("w:comboBox")) is not None
    assert found["/person/basic_research"][0].find(qn("w:dropDownList")) is not None
    assert found["/training/start_date"][0].find(qn("w:date")) is not None
    assert b"checkbox" in etree.tostring(found["/materials/0"][0])
    title = found["/training/content"][0].find(qn("w:alias")).get(qn("w:val"))
    assert "不超过 500 字" in title
    names = [node.get(qn("w:val")) for nodes in found.values() for properties in nodes
             for node in properties.iterfind(qn("w:alias"))]  # fmt: skip
    assert max(map(len, names)) <= 64  # Word calls a longer one damage


@pytest.mark.parametrize("name", FORMS)
def test_a_printed_blank_shows_no_hints_and_one_page_more(catalogue, blanks, name):
    """Hints are titles: in a box they would stand between what is written by hand."""
    form = catalogue[name]
    (pdf,) = office.convert([blanks[name, "docx"]])
    with pypdfium2.PdfDocument(pdf) as word:
        pages = [page.get_textpage().get_text_range() for page in word]
    with pypdfium2.PdfDocument(blanks[name, "pdf"]) as typed:
        assert len(typed) == len(pages)
    layout = json.loads(form.layout.read_text("utf-8"))
    *of_form, added = pages
    assert len(of_form) == len(layout["pages"])
    assert "填报信息" in added
    assert not [text for text in of_form if "填报信息" in text or "必填" in text or "示例" in text]


def test_the_pdf_offers_lists_ticks_lengths_and_hints(blanks):
    with pikepdf.open(io.BytesIO(blanks[FORMS[0], "pdf"])) as pdf:
        fields = {str(field.T): field for field in pdf.Root.AcroForm.Fields}
        assert [str(each) for each in fields["/person/gender"].Opt] == ["男", "女"]
        assert fields["/person/gender"].Ff == 1 << 17
        assert fields["/person/degree"].Ff == 1 << 17 | 1 << 18  # others may be typed
        assert fields["/person/name"].MaxLen == 50
        assert "不超过 500 字" in str(fields["/training/content"].TU)
        assert pikepdf.Name.Btn == fields["/materials/0"].FT
        assert str(fields["/materials/0"].TU) == "随附材料：研修机构证明"
        assert all(page.obj.Tabs == pikepdf.Name.R for page in pdf.pages)


def test_what_the_form_computes_is_asked_of_nobody(catalogue):
    form = catalogue["jiangsu333-final-account"]
    balance = tagged(delivered(form, "docx", SAMPLES_ON))["/project/balance"][0]
    assert balance.find(qn("w:lock")).get(qn("w:val")) == "sdtContentLocked"
    roll = catalogue["jiangsu333-allowance-roll"]
    for each in (form, roll):
        with pikepdf.open(io.BytesIO(delivered(each, "pdf", SAMPLES_ON))) as pdf:
            fields = {str(field.T): field for field in pdf.Root.AcroForm.Fields}
        closed = {name for name, field in fields.items() if int(field.get("/Ff", 0)) & 1}
        computed = {name for name in fields if (known := each.field(name)) and known.computed}
        assert closed == computed != set()


@pytest.mark.parametrize("name", ["jiangsu333-final-account", "jiangxi-annual-outcome"])
def test_a_blank_whose_pages_follow_each_other_counts_them_all(catalogue, name):
    form = catalogue[name]
    count = len(json.loads(form.layout.read_text("utf-8"))["pages"])
    word = zipfile.ZipFile(io.BytesIO(delivered(form, "docx", SAMPLES_ON)))
    foot = "".join(etree.fromstring(word.read("word/footer1.xml")).itertext())
    assert re.sub(r"\s", "", foot).endswith(f"共SECTIONPAGES{count}页")
    with pypdfium2.PdfDocument(delivered(form, "pdf", SAMPLES_ON)) as typed:
        pages = [page.get_textpage().get_text_range() for page in typed]
    for number, text in enumerate(pages[:count], 1):
        assert f"第{number}页共{count}页" in re.sub(r"\s", "", text)


# names that are rarely seen


@pytest.mark.parametrize("name", FORMS)
def test_the_font_of_the_pdf_has_the_characters_of_names(blanks, name):
    assert len(blanks[name, "pdf"]) < 2_000_000
    with pikepdf.open(io.BytesIO(blanks[name, "pdf"])) as pdf:
        font = pdf.Root.AcroForm.DR.Font.Song
        codes = font.ToUnicode.read_bytes().decode()
    shown = {bytes.fromhex(code).decode("utf-16-be") for code in re.findall(r"> <(\w+)>", codes)}
    assert len(NORMATIVE) == 8105
    assert not NORMATIVE - shown


def test_a_rare_name_that_a_program_set_is_seen(blanks):
    """pypdf sets it in the font of the form; what PDFium draws then has these characters."""
    filled = drawn_by_pypdf(blanks[FORMS[0], "pdf"], {"/person/name": RARE})
    with pikepdf.open(io.BytesIO(filled)) as pdf:
        (widget,) = [w for w in pdf.pages[1].obj.Annots if w.get("/Parent", w).T == "/person/name"]
        drawn = pikepdf.Pdf.new()
        page = drawn.add_blank_page(page_size=(200, 50))
        page.obj.Resources = pikepdf.Dictionary(
            XObject=pikepdf.Dictionary(A=drawn.copy_foreign(widget.AP.N))
        )
        page.obj.Contents = drawn.make_stream(b"1 0 0 1 10 10 cm /A Do")
        target = io.BytesIO()
        drawn.save(target)
    (page,) = measured(target.getvalue())
    seen = "".join(char.text for char in page.chars)
    assert seen.encode("utf-16", "surrogatepass").decode("utf-16") == RARE


def test_a_system_without_fonts_says_so(runner, tmp_path, monkeypatch):
    def none(_folders):
        raise FontError("none")

    monkeypatch.setattr(typing, "installed", none)
    typing._cut.cache_clear()
    delivered.cache_clear()
    try:
        result = runner.invoke(main, ["blank", FORMS[0], "-o", str(tmp_path / "x.pdf")])
    finally:
        typing._cut.cache_clear()
        delivered.cache_clear()
    assert result.exit_code == 0
    assert "没有嵌入字体" in result.stderr
    assert pypdf.PdfReader(tmp_path / "x.pdf").get_fields()


# what is read from controls


def changed(content: bytes, tag: str, change) -> bytes:
    """A Word form in which the first control with a tag was changed."""
    document = docx.Document(io.BytesIO(content))
    (control, *_) = [
        each for each in document.element.body.iter(qn("w:sdt"))
        if each.find(qn("w:sdtPr")).find(qn("w:tag")).get(qn("w:val")) == tag
    ]  # fmt: skip
    change(control)
    return saved(document)


def say(text: str):
    def change(control) -> None:
        next(control.iter(qn("w:t"))).text = text

    return change


def test_what_word_asks_for_in_an_emptied_control_is_no_text(blanks):
    content = changed(blanks[FORMS[0], "docx"], "/person/mobile", say("单击或点击此处输入文字。"))
    assert json.loads(controls.shown(content))["/person/mobile"] == []


def test_text_in_a_control_that_still_says_it_is_empty_is_read(blanks):
    content = changed(blanks[FORMS[0], "docx"], "/person/mobile", say("13800138000"))
    assert json.loads(controls.shown(content))["/person/mobile"] == ["13800138000"]


def test_a_field_that_says_two_things_has_no_value_and_is_asked_about(catalogue, in_word):
    path = valid_samples(FORMS[0])[0]
    content = changed(in_word[path], "/person/name", say("张三"))
    reading = read(content, catalogue)
    (unsure,) = reading.unsure
    assert (unsure.pointer, "张三" in unsure.reason) == ("/person/name", True)
    assert "name" not in reading.data["person"]
    (finding,) = reading.findings
    assert (finding.rule, finding.severity) == ("paper.unsure", "error")


@pytest.mark.parametrize("tick", ["☑", "☒", "√"])
def test_a_tick_is_what_is_shown(catalogue, blanks, tick):
    content = changed(blanks[FORMS[0], "docx"], "/materials/2", say(tick))
    assert back(content, catalogue)["materials"] == ["往返机票"]


def test_deleted_text_is_not_read(blanks):
    def delete(control) -> None:
        run = control.find(qn("w:sdtContent")).find(qn("w:r"))
        next(run.iter(qn("w:t"))).text = "旧"
        mark = etree.SubElement(run.getparent(), qn("w:del"))
        mark.append(run)

    content = changed(blanks[FORMS[0], "docx"], "/person/mobile", delete)
    assert json.loads(controls.shown(content))["/person/mobile"] == []


def test_text_beside_a_control_in_a_cell_of_paragraphs_is_read(catalogue, in_word):
    """Somebody went on writing behind the control."""
    form, path = catalogue[FORMS[0]], valid_samples(FORMS[0])[0]
    document = docx.Document(io.BytesIO(in_word[path]))
    said = first_sample(FORMS[0])["training"]["content"]
    (cell,) = [c for t in document.tables for r in t.rows for c in r.cells
               if c._tc.xpath('.//w:tag[@w:val="/training/content"]')][:1]  # fmt: skip
    cell.add_paragraph("又及。")
    content = back(saved(document), catalogue)["training"]["content"]
    assert content == f"{said}\n又及。"
    assert form.is_block("/training/content")


def test_a_form_of_no_edition_of_ours_is_not_guessed(catalogue, blanks):
    assert controls.form_of({"/nothing": ["x"]}, catalogue.editions()) is None
    found = json.loads(controls.shown(blanks[FORMS[1], "docx"]))
    assert controls.form_of(found, catalogue.editions()).id == FORMS[1]
    assert found["/form"] == [FORMS[1]]
    assert UNTICKED not in "".join(found["/unit/type"])
    assert blank(catalogue[FORMS[1]], "docx")
