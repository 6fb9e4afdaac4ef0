"""The PDF engine: what is put in is what every reader takes out, and nothing is printed halfway."""

import io
import re
import subprocess
from pathlib import Path

import pikepdf
import pypdf
import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, String

from formsvc.documents.fonts import load_fonts
from formsvc.documents.pdf import (
    Attachment,
    Code,
    PdfTemplate,
    Printed,
    Problem,
    UnprintableError,
    pack,
)
from formsvc.errors import TemplateError

FONTS = load_fonts()
ABOUT = {"title": "国（境）外研修总结书", "author": "某单位"}
FOOTER = [("/_page", (200, 30, 395, 50), 9, False, 1), ("/_code", (450, 20, 560, 55), 7, False, 0)]
PAGES = [
    [("/person/name", (200, 600, 400, 630), 16, False, 0)],
    [
        ("/person/name", (100, 740, 250, 765), 12, False, 1),
        ("/unit/name", (100, 700, 340, 738), 12, False, 1),
        ("/training/content", (72, 100, 523, 620), 12, True, 0),
        *FOOTER,
    ],
    [("/training/outcome", (72, 100, 523, 780), 12, True, 0), *FOOTER],
    [("/project/budget/0/item", (72, 100, 300, 130), 12, False, 0), *FOOTER],
]
PARAGRAPH = (
    "本人于2024年9月赴德国慕尼黑工业大学（Technische Universität München）研修，围绕“深度学习”"
    "这一课题，完成了12,345例样本的数据集；发表SCI论文3篇（一作2篇）……感谢《办法》的支持！——李𬀩"
)


def make_template(path: Path, pages, signature=None) -> Path:
    """A fillable PDF with boxes drawn where its fields are."""
    pdf, fields = pikepdf.new(), []
    for places in pages:
        page = pdf.add_blank_page(page_size=(595.28, 841.89))
        widgets = []
        for name, rect, size, multiline, align in places:
            page.contents_add(
                pdf.make_stream(
                    f"{rect[0]} {rect[1]} {rect[2] - rect[0]} {rect[3] - rect[1]} re S\n".encode()
                )
            )
            widgets.append(
                pdf.make_indirect(
                    Dictionary(
                        Type=Name.Annot,
                        Subtype=Name.Widget,
                        FT=Name.Tx,
                        T=String(name),
                        Rect=Array(map(float, rect)),
                        DA=String(f"/Helv {size} Tf 0 g"),
                        Ff=4096 * multiline,
                        Q=align,
                    )
                )
            )
        if signature:
            widgets.append(
                pdf.make_indirect(
                    Dictionary(
                        Type=Name.Annot,
                        Subtype=Name.Widget,
                        FT=Name.Sig,
                        T=String(signature),
                        Rect=Array([300.0, 60.0, 400.0, 90.0]),
                    )
                )
            )
        page.obj.Annots = Array(widgets)
        fields += widgets
    pdf.Root.AcroForm = Dictionary(Fields=Array(fields), DA=String("/Helv 0 Tf 0 g"))
    pdf.save(path)
    return path


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> PdfTemplate:
    path = make_template(tmp_path_factory.mktemp("pdf") / "form.pdf", PAGES)
    return PdfTemplate(
        path, FONTS, {"/training/outcome": "研修成效"}, optional={3: "/project/budget"}
    )


@pytest.fixture(scope="module")
def box(tmp_path_factory) -> PdfTemplate:
    """One page, one large box that may go on with extra sheets."""
    places = [[("/text", (72, 72, 523, 770), 12, True, 0)]]
    path = make_template(tmp_path_factory.mktemp("pdf") / "box.pdf", places)
    return PdfTemplate(path, FONTS, {"/text": "研修成效"})


def pdfium_pages(pdf: bytes) -> list[str]:
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_range() for page in document]


def pypdf_pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def poppler_text(pdf: bytes) -> str:
    command = ["pdftotext", "-raw", "-", "-"]
    result = subprocess.run(command, input=pdf, capture_output=True, check=False)
    assert result.stderr == b""
    return result.stdout.decode()


def squeezed(text: str) -> str:
    return re.sub(r"[\s\x00]|\u00ad", "", text)


EVERY_READER = pytest.mark.parametrize(
    "read",
    [
        lambda pdf: "".join(pdfium_pages(pdf)),
        lambda pdf: "".join(pypdf_pages(pdf)),
        poppler_text,
    ],
)


@EVERY_READER
@pytest.mark.parametrize(
    "text",
    [
        PARAGRAPH,
        PARAGRAPH * 4,
        "第 2 页 共 4 页",
        "（《引》）。“是”、（a）",
        "⼀一 ⼆二 e\u0301é",
        "𠮷𬀩㛃䶮",
        "a\u00a0b-c",
        "中国——德国",
        "费用：￥12,345.67元",
        "https://www.example.org/a/b-c_d?x=1&y=2" * 4,
    ],
)
def test_every_reader_takes_out_what_was_put_in(box, read, text):
    assert squeezed(read(box.fill({"/text": text}, **ABOUT))) == squeezed(text)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.sampled_from("国研修成效，。、；：？！（）《》“”…—％℃￥々·〇𠮷𬀩㛃⼀一 \n"),
            st.sampled_from(
                ["——", "Technische", "12,345.67", "한국어", "ﾊﾝｶｸ", "Ω", "Ω", "e\u0301", "é"]
            ),
            st.text(max_size=30),
            st.characters(codec="ascii", categories=["L", "N", "P", "S"]),
        ),
        max_size=200,
    )
)
def test_any_text_is_printed_whole_or_refused(box, parts):
    text = "".join(parts)
    missing = {lack.text for lack in FONTS.missing(text)}
    if missing:
        (problem,) = box.problems({"/text": text})
        assert set(problem.missing) == missing
        return
    pdf = box.fill({"/text": text}, **ABOUT)
    assert squeezed("".join(pypdf_pages(pdf))) == squeezed(text)


def test_twenty_thousand_characters_go_on_extra_sheets(box):
    text = "\n".join(f"第{n}段，" + "研修期间成效显著。" * 50 for n in range(44))
    assert len(text) > 20_000
    pages = pdfium_pages(box.fill({"/text": text}, owner="张三", **ABOUT))
    heads = [squeezed(page) for page in pages[1:]]
    assert all(head.startswith("研修成效（附页）姓名：张三") for head in heads)
    first = squeezed(pages[0])
    assert first.endswith("（续见附页）")
    body = first.removesuffix("（续见附页）") + "".join(
        head.removeprefix("研修成效（附页）姓名：张三") for head in heads
    )
    assert body == squeezed(text)


def test_page_numbers_count_extra_sheets_and_dropped_pages(template):
    pages = pdfium_pages(template.fill({"/training/outcome": "成效，" * 2000}, **ABOUT))
    assert len(pages) > 4
    assert "页" not in pages[0]
    for number, page in enumerate(pages[1:], 2):
        assert f"第{number}页共{len(pages)}页" in squeezed(page)


def test_a_page_without_its_values_is_left_out(template):
    assert len(pdfium_pages(template.fill({"/person/name": "张三"}, **ABOUT))) == 3
    with_budget = {"/person/name": "张三", "/project/budget/0/item": "设备费"}
    assert len(pdfium_pages(template.fill(with_budget, **ABOUT))) == 4


def test_a_text_that_does_not_fit_is_refused_with_its_excess(template):
    values = {"/training/content": "国" * 5000, "/unit/name": "江西"}
    (problem,) = template.problems(values)
    assert problem.field == "/training/content"
    assert 2000 < problem.excess < 4000
    fitting = {"/training/content": "国" * (5000 - problem.excess)}
    assert not template.problems(fitting)
    assert template.problems({"/training/content": "国" * (5001 - problem.excess)})
    with pytest.raises(UnprintableError) as refusal:
        template.fill(values, **ABOUT)
    assert refusal.value.problems == (problem,)


def test_a_character_without_glyph_is_refused_before_printing(template):
    values = {"/person/name": "张กก三", "/unit/name": "江西"}
    assert template.problems(values) == (Problem("/person/name", missing=("ก",)),)


def test_the_same_input_gives_the_same_bytes(template):
    values = {"/person/name": "张三", "/training/content": PARAGRAPH}
    again = PdfTemplate(template.path, FONTS, optional={3: "/project/budget"})
    assert template.fill(values, **ABOUT) == again.fill(values, **ABOUT)


def test_the_result_is_flat_and_tells_its_title_and_language(template):
    pdf = template.fill({"/person/name": "张三"}, **ABOUT)
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert "/AcroForm" not in document.Root
        assert document.Root.Lang == "zh-CN"
        assert document.docinfo["/Title"] == ABOUT["title"]
        with document.open_metadata() as metadata:
            assert metadata["dc:title"] == ABOUT["title"]
            assert metadata["dc:creator"] == [ABOUT["author"]]


def test_a_document_carries_its_attachment(template):
    attachment = Attachment("数据.json", "application/json", b'{"a": 1}', "原始数据")
    pdf = template.fill({"/person/name": "张三"}, attachment=attachment, **ABOUT)
    assert pypdf.PdfReader(io.BytesIO(pdf)).attachments == {"数据.json": [b'{"a": 1}']}


def test_each_page_prints_its_own_code(template):
    modules = [[(row * column) % 3 == 0 for column in range(21)] for row in range(21)]
    pdf = template.fill(
        {"/person/name": "张三"},
        **ABOUT,
        code=lambda number, count: Code(f"ABCD {number}/{count}", modules),
    )
    pages = pdfium_pages(pdf)
    assert "ABCD" not in pages[0]
    assert "ABCD 2/3" in pages[1]
    assert "ABCD 3/3" in pages[2]


def test_qr_modules_stand_where_they_belong(template):
    modules = [[(row + column) % 2 for column in range(21)] for row in range(21)]
    pdf = template.fill({}, **ABOUT, code=lambda number, count: Code("x", modules))
    scale = 4
    with pypdfium2.PdfDocument(pdf) as document:
        image = document[1].render(scale=scale, grayscale=True).to_pil()
    step = 35 / 25
    for row, column in [(0, 0), (0, 1), (1, 0), (20, 20), (20, 19), (7, 12)]:
        x = (450 + (column + 2.5) * step) * scale
        y = (841.89 - 55 + (row + 2.5) * step) * scale
        assert (image.getpixel((int(x), int(y))) < 128) == bool(modules[row][column])


def test_a_draft_says_so_on_every_page(template):
    pages = pdfium_pages(template.fill({"/person/name": "张三"}, draft=True, **ABOUT))
    assert all("草稿" in squeezed(page) for page in pages)


def test_signature_fields_stay_only_when_asked_for(tmp_path):
    path = make_template(tmp_path / "sign.pdf", PAGES[:1], signature="单位")
    template = PdfTemplate(path, FONTS)
    with pikepdf.open(io.BytesIO(template.fill({}, signature_fields=True, **ABOUT))) as pdf:
        (field,) = pdf.Root.AcroForm.Fields
        assert (field.T, field.FT) == ("单位", "/Sig")
        assert pdf.pages[0].Annots[0].objgen == field.objgen


def test_an_office_s_own_field_names_are_mapped(tmp_path):
    path = make_template(tmp_path / "own.pdf", [[("XM", (100, 700, 300, 730), 12, False, 0)]])
    template = PdfTemplate(path, FONTS, names={"XM": "/person/name"})
    assert "张三" in pdfium_pages(template.fill({"/person/name": "张三"}, **ABOUT))[0]


def test_fields_named_by_their_parents_are_found(tmp_path):
    path = make_template(tmp_path / "form.pdf", [[("name", (100, 700, 300, 730), 12, False, 0)]])
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        kid = pdf.Root.AcroForm.Fields[0]
        parent = pdf.make_indirect(
            Dictionary(
                T=String("person"), Kids=Array([kid]), FT=Name.Tx, DA=String("/Helv 14 Tf"), Q=2
            )
        )
        kid.Parent = parent
        del kid.FT, kid.DA, kid.Q
        pdf.Root.AcroForm.Fields = Array([parent])
        pdf.save(path)
    (field,) = PdfTemplate(path, FONTS).pages[0].fields
    assert (field.name, field.style.size, field.style.align.value) == ("person.name", 14, 2)


def test_a_value_without_field_is_the_author_s_fault(template):
    with pytest.raises(TemplateError, match="/nowhere"):
        template.fill({"/nowhere": "x"}, **ABOUT)


def test_a_file_that_is_no_pdf_is_a_template_error(tmp_path):
    (tmp_path / "form.pdf").write_bytes(b"hello")
    with pytest.raises(TemplateError, match=r"form\.pdf"):
        PdfTemplate(tmp_path / "form.pdf", FONTS)


def test_a_rotated_page_or_a_check_box_is_a_template_error(tmp_path):
    for key, value, words in (("/Rotate", 90, "rotated"), ("/FT", Name.Btn, "not a text field")):
        path = make_template(tmp_path / "form.pdf", [[("a", (100, 700, 300, 730), 12, False, 0)]])
        with pikepdf.open(path, allow_overwriting_input=True) as pdf:
            place = pdf.pages[0].obj if key == "/Rotate" else pdf.Root.AcroForm.Fields[0]
            place[key] = value
            pdf.save(path)
        with pytest.raises(TemplateError, match=f"page 1.*{words}"):
            PdfTemplate(path, FONTS)


def test_fonts_are_mixed_where_the_first_lacks_a_character(tmp_path):
    folder = Path("/usr/share/fonts/truetype/dejavu")
    path = make_template(tmp_path / "box.pdf", [[("/text", (72, 72, 523, 770), 12, True, 0)]])
    template = PdfTemplate(path, load_fonts([folder]))
    text = "已办☑未办☐，Ⱥ国éŵ"
    pdf = template.fill({"/text": text}, **ABOUT)
    assert squeezed(pdfium_pages(pdf)[0]) == squeezed(poppler_text(pdf)) == text


def test_readers_open_everything_without_a_warning(template, tmp_path):
    modules = [[True] * 21] * 21
    pdf = template.fill(
        {"/person/name": "张三", "/training/outcome": PARAGRAPH * 40, "/unit/name": "江西" * 12},
        owner="张三",
        draft=True,
        code=lambda number, count: Code("ABCD", modules),
        attachment=Attachment("数据.json", "application/json", b"{}"),
        **ABOUT,
    )
    packed = pack([Printed("张三", pdf), Printed("李四", pdf)], FONTS, title="打印", copies=2)
    for data in (pdf, packed):
        path = tmp_path / "out.pdf"
        path.write_bytes(data)
        for command in (
            ["qpdf", "--check", path],
            ["pdftotext", path, "-"],
            ["pdftoppm", "-r", "20", "-png", path, tmp_path / "p"],
        ):
            result = subprocess.run(command, capture_output=True, check=False)
            assert (result.returncode, result.stderr) == (0, b"")


def test_a_pack_numbers_copies_pads_sheets_and_has_bookmarks(template):
    one = template.fill({"/person/name": "张三"}, **ABOUT)
    two = template.fill({"/person/name": "李四"}, **ABOUT)
    packed = pack(
        [Printed("张三", one), Printed("李四", two)], FONTS, title="打印包", copies=2, duplex=True
    )
    pages = [squeezed(page) for page in pdfium_pages(packed)]
    assert len(pages) == 2 * 2 * 4
    assert [bool(page) for page in pages] == [True, True, True, False] * 4
    for index, page in enumerate(pages):
        copy = index // 4 % 2 + 1
        assert page.count("份/") == bool(page)
        assert not page or f"第{copy}份/共2份" in page
    outline = pypdf.PdfReader(io.BytesIO(packed)).outline
    assert [item.title for item in outline if not isinstance(item, list)] == ["张三", "李四"]
    assert packed == pack(
        [Printed("张三", one), Printed("李四", two)], FONTS, title="打印包", copies=2, duplex=True
    )


def test_a_single_copy_is_not_numbered(template):
    one = template.fill({"/person/name": "张三"}, **ABOUT)
    pages = pdfium_pages(pack([Printed("张三", one)], FONTS, title="打印包"))
    assert len(pages) == 3
    assert not any("份" in page for page in pages)
