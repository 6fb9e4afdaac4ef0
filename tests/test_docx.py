"""Filling Word: what goes in comes out, and the template engine that we bypass agrees."""

import io
import re
import zipfile

import docx
import pytest
from docxtpl import DocxTemplate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.names import names
from formsvc import Press, blank, fill
from formsvc.catalogue import SAMPLES_ON
from formsvc.documents import docx as docx_forms
from formsvc.documents.press import drawing
from formsvc.documents.printing import printed
from formsvc.writing.texts import clean

from .conftest import valid_samples
from .words import body, without_controls

FORMS = ["jiangxi-training-summary", "jiangxi-project-funding"]
# What a person can type: any character but those that the checks refuse. docxtpl itself rewrites
# `{_{` and the like, form feeds and bells.
TYPED = st.text(st.characters(exclude_categories=["Cs"]), max_size=400).map(clean)
TRICKY = [
    'A<B & "C"',
    "{{ x }} {% raw %} {# y #}",
    "</w:t></w:r></w:p>",
    "]]><!--",
    "一\n\n二\n  三\t四",
    "　　首行空两格",
    "䶮㛃𬀩𠮷😀",
    "长" * 20_000,
]


def by_docxtpl(form, data) -> bytes:
    template = DocxTemplate(form.docx)
    template.render(names(form, printed(form, data)), docx_forms.environment(), autoescape=True)
    output = io.BytesIO()
    template.save(output)
    return output.getvalue()


def cells(document: bytes) -> list[str]:
    opened = docx.Document(io.BytesIO(without_controls(document)))
    texts = [paragraph.text for paragraph in opened.paragraphs]
    for table in opened.tables:
        texts += [cell.text for row in table.rows for cell in row.cells]
    return texts


@pytest.mark.parametrize("form_id", FORMS)
def test_every_sample_fills_as_docxtpl_would(catalogue, form_id):
    form = catalogue[form_id]
    for path in valid_samples(form_id):
        data = catalogue.check(path.read_bytes(), on=SAMPLES_ON).data
        ours = docx_forms.prepared(form).fill(data)
        assert body(ours) == body(by_docxtpl(form, data)), path.name


@pytest.mark.parametrize("form_id", FORMS)
def test_every_value_can_be_read_in_the_filled_form(catalogue, form_id):
    form = catalogue[form_id]
    for path in valid_samples(form_id):
        data = catalogue.check(path.read_bytes(), on=SAMPLES_ON).data
        text = "\n".join(cells(fill(form, data, "docx")))
        used = docx_forms.prepared(form).pointers
        for pointer, value in printed(form, data).items():
            if re.sub("/[0-9]+", "/*", pointer) in used:
                assert value in text, (path.name, pointer)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=TYPED, content=TYPED)
def test_any_text_survives_as_docxtpl_would_have_it(summary_form, summary, name, content):
    summary["unit"]["name"] = name
    summary["training"]["content"] = content
    ours = docx_forms.prepared(summary_form).fill(summary)
    if not any(mark in name + content for mark in ("{_{", "}_}", "{_%", "%_}", "\n<w:p")):
        assert body(ours) == body(by_docxtpl(summary_form, summary))


@pytest.mark.parametrize("text", TRICKY, ids=lambda text: ascii(text[:12]))
def test_tricky_text_is_found_word_for_word(summary_form, summary, text):
    summary["training"]["outcome"] = text
    assert text in "\n".join(cells(fill(summary_form, summary, "docx")))


def test_braces_that_docxtpl_rewrites_stay_as_typed(summary_form, summary):
    summary["unit"]["name"] = "{_{ 甲 }_}"
    assert "{_{ 甲 }_}" in "\n".join(cells(fill(summary_form, summary, "docx")))


def test_paragraphs_stay_paragraphs(summary_form, summary):
    summary["training"]["content"] = "第一段。\n第二段。"
    filled = without_controls(fill(summary_form, summary, "docx"))
    document = docx.Document(io.BytesIO(filled))
    paragraphs = [
        paragraph.text
        for table in document.tables
        for row in table.rows
        for cell in row.cells
        for paragraph in cell.paragraphs
    ]
    assert "第一段。" in paragraphs
    assert "第二段。" in paragraphs


@pytest.mark.parametrize("form_id", FORMS)
def test_the_blank_form_has_every_label_and_no_placeholder(catalogue, form_id):
    text = "\n".join(cells(blank(catalogue[form_id], "docx")))
    assert "{" not in text
    assert "单位意见" in text or "人选所在\n单位意见" in text


def test_the_budget_sheet_is_there_only_when_a_budget_is_given(funding_form, funding):
    funding["project"]["budget"] = [{"item": "设备费", "amount": funding["project"]["amount"]}]
    assert "项目经费预算表" in "\n".join(cells(fill(funding_form, funding, "docx")))
    del funding["project"]["budget"]
    assert "项目经费预算表" not in "\n".join(cells(fill(funding_form, funding, "docx")))


def test_a_draft_is_marked_in_every_header(summary_form, summary):
    draft = zipfile.ZipFile(io.BytesIO(fill(summary_form, summary, "docx", draft=True)))
    headers = [name for name in draft.namelist() if name.startswith("word/header")]
    assert len(headers) == 2  # cover and the pages after it
    assert all('string="草稿"' in draft.read(name).decode() for name in headers)
    final = zipfile.ZipFile(io.BytesIO(fill(summary_form, summary, "docx")))
    assert not any("草稿" in final.read(name).decode(errors="ignore") for name in final.namelist())


def test_a_draft_of_nonsense_is_filled_with_what_is_there(summary_form):
    nonsense = {
        "person": "张三",
        "unit": {"name": 3, "type": []},
        "expenses": {"total": "\x00很多"},
    }
    text = "\n".join(cells(fill(summary_form, nonsense, "docx", draft=True)))
    assert "\ufffd很多" in text


def test_the_same_submission_gives_the_same_bytes(summary_form, summary):
    assert fill(summary_form, summary, "docx") == fill(summary_form, summary, "docx")


def test_dates_and_money_read_as_on_paper(funding_form, funding):
    funding["project"]["amount"] = 150000
    text = "\n".join(cells(fill(funding_form, funding, "docx")))
    assert "150,000元（大写：壹拾伍万元整）" in text


# values as small as the press sets them


def sizes(document: bytes, text: str) -> list[tuple[float, float]]:
    """Size and exact line pitch of every paragraph in the tables that begins with a text."""
    opened = docx.Document(io.BytesIO(without_controls(document)))
    paragraphs = {
        paragraph._p: paragraph
        for table in opened.tables
        for row in table.rows
        for cell in row.cells
        for paragraph in cell.paragraphs
    }
    return [
        (paragraph.runs[0].font.size.pt, paragraph.paragraph_format.line_spacing.pt)
        for paragraph in paragraphs.values()
        if paragraph.text.startswith(text)
    ]


def test_a_long_value_is_as_small_in_word_as_in_pdf(summary_form, summary):
    summary["unit"]["name"] = (
        "江西省高层次高技能领军人才培养工程评价研究中心（江西省技能大师工作室联合会）"
    )
    small = sizes(fill(summary_form, summary, "docx"), "江西省高层次")
    settings = drawing.shrinks(summary_form, summary, Press())["/unit/name"]
    assert [size for size, _ in small] == [setting.size for setting in settings]
    assert (small[0][0] < 15, small[1][0] < 10.5) == (True, True)


def test_all_paragraphs_of_a_long_text_shrink_together(summary_form, summary):
    summary["training"]["content"] = "\n".join(["围绕固态电池开展研究。" * 12] * 7)
    small = sizes(fill(summary_form, summary, "docx"), "围绕")
    assert len(small) == 7
    assert len(set(small)) == 1
    assert small[0][0] < 10.5


def test_a_text_that_fits_is_left_as_the_form_has_it(summary_form, summary):
    assert drawing.shrinks(summary_form, summary, Press()) == {}
    assert "\ufdd0" not in body(fill(summary_form, summary, "docx"))


def test_the_cover_s_rows_have_a_fixed_height(summary_form):
    with zipfile.ZipFile(summary_form.docx) as package:
        cover = package.read("word/document.xml").decode().partition("</w:tbl>")[0]
    assert cover.count('w:hRule="exact"') == 3


@pytest.mark.parametrize("form_id", FORMS)
def test_the_properties_say_who_made_the_file(catalogue, form_id):
    with zipfile.ZipFile(io.BytesIO(blank(catalogue[form_id], "docx"))) as package:
        application = package.read("docProps/app.xml").decode()
        core = package.read("docProps/core.xml").decode()
    assert "Microsoft" not in application
    assert "<Application>formsvc</Application>" in application
    assert "created" not in core


def test_every_page_that_is_sealed_names_the_person(summary_form, summary):
    with zipfile.ZipFile(io.BytesIO(fill(summary_form, summary, "docx"))) as package:
        footers = [package.read(n).decode() for n in package.namelist() if "footer" in n]
    assert any(summary["person"]["name"] in footer for footer in footers)
