"""The official forms as PDF: every sample beside LibreOffice's rendering of the Word document."""

import bisect
import copy
import io
import json
import re
import subprocess
from collections import defaultdict

import pikepdf
import pypdf
import pypdfium2
import pytest
import zxingcpp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from formsvc import Press, Unprintable, fill, submissions
from formsvc.documents import Bound, findings, pack
from formsvc.documents.authoring import office
from formsvc.documents.authoring.rectangles import Box, measured
from formsvc.documents.press import installed, layouts
from formsvc.documents.press.sheets import CONTINUED
from formsvc.documents.printing import printed
from formsvc.documents.proof import marks as proof
from formsvc.documents.proof.verification import Status, verify
from formsvc.intake.reading import read
from formsvc.pointers import get, set_
from formsvc.writing import words

from .conftest import first_sample, sample_folder, valid_samples
from .pressing import places

FORMS = ["jiangxi-training-summary", "jiangxi-project-funding"]
SAMPLES = [(name, path) for name in FORMS for path in valid_samples(name)]
EVERY_SAMPLE = pytest.mark.parametrize(
    ("name", "path"), SAMPLES, ids=[f"{name}-{path.stem}" for name, path in SAMPLES]
)
MM = 72 / 25.4
SEAL = 45 * MM
UNDERLINED = 45
LONGEST_RUN = 20  # of a QR code, in points; ruling lines are longer


@pytest.fixture(scope="module")
def datas() -> dict:
    return {path: submissions.parse(path.read_bytes()).data for _, path in SAMPLES}


@pytest.fixture(scope="module")
def pdfs(catalogue, datas) -> dict:
    return {path: fill(catalogue[name], datas[path], "pdf") for name, path in SAMPLES}


@pytest.fixture(scope="module")
def word_pdfs(catalogue, datas) -> dict:
    filled = [fill(catalogue[name], datas[path], "docx") for name, path in SAMPLES]
    return dict(zip(datas, office.convert(filled), strict=True))


def bare(text: str) -> str:
    """Without spaces. pdfium gives half characters, and U+0002 or U+FFFE for a last hyphen."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16")
    return re.sub(r"\s", "", whole).translate({2: "-", 0xFFFE: "-"})


def lines_of(chars) -> str:
    """Characters as people read them: line by line, from the left."""
    lines: list[list] = []
    for char in sorted(chars, key=lambda char: -char.baseline):
        if lines and lines[-1][0].baseline - char.baseline < 4:
            lines[-1].append(char)
        else:
            lines.append([char])
    text = "".join(c.text for line in lines for c in sorted(line, key=lambda c: c.box.left))
    return bare(text)


def cells(page) -> list[tuple[tuple[float, float], str]]:
    """Left and right end and text of every cell or underlined place, from the top.

    What stands in neither comes first.
    """
    found = defaultdict(list)
    for char in page.chars:
        x, y = (char.box.left + char.box.right) / 2, char.baseline + 3
        columns = [place for place, start, end in page.down if start <= y <= end]
        ruled = [rule for rule in page.across if rule[1] <= x <= rule[2]]
        rows = [place for place, start, end in ruled if end - start > LONGEST_RUN]
        under = next((rule for rule in ruled if 0 < y - rule[0] < UNDERLINED), None)
        sides = (
            max((place for place in columns if place < x), default=0.0),
            min((place for place in rows if place > y), default=0.0),
            min((place for place in columns if place > x), default=page.width),
            max((place for place in rows if place < y), default=0.0),
        )
        if not columns:
            place, start, end = under or (0.0, 0.0, page.width)
            sides = (start, place or page.height, end, place)
        found[sides].append(char)
    ordered = sorted(found, key=lambda sides: (-round(sides[1]), round(sides[0])))
    return [((sides[0], sides[2]), lines_of(found[sides])) for sides in ordered]


@EVERY_SAMPLE
def test_word_and_pdf_hold_the_same_text_in_the_same_cells(pdfs, word_pdfs, name, path):
    ours, words_ = measured(pdfs[path]), measured(word_pdfs[path])
    assert len(ours) == len(words_)
    for page, word_page in zip(ours, words_, strict=True):
        found, expected = cells(page), cells(word_page)
        assert [text for _, text in found] == [text for _, text in expected]
        for (sides, text), (word_sides, _) in zip(found, expected, strict=True):
            assert sides == pytest.approx(word_sides, abs=0.5), text


@EVERY_SAMPLE
def test_reading_order_is_that_of_the_form(catalogue, datas, pdfs, name, path):
    """Each value stands whole and in its rectangle; fields follow each other as on paper."""
    values = printed(catalogue[name], datas[path])
    form = catalogue[name]
    for pointer, text in texts_in_fields(form, values, pdfs[path]):
        assert text == bare(values[pointer])
    document = pypdfium2.PdfDocument(pdfs[path])
    text = bare("".join(page.get_textpage().get_text_range() for page in document))
    document.close()
    place = 0
    for page in places(form, values)[: len(measured(pdfs[path]))]:
        for pointer, _ in page:
            if values.get(pointer):
                place = text.index(bare(values[pointer]), place)


def texts_in_fields(form, values, raw: bytes):
    """Every field of a sheet that was printed, with what stands in its rectangle."""
    pages = measured(raw)
    for number, page in enumerate(places(form, values)[: len(pages)]):
        for pointer, box in page:
            inside = [char for char in pages[number].chars if stands_in(char, box)]
            yield pointer, bare("".join(char.text for char in inside))


def stands_in(char, box: Box) -> bool:
    middle = (char.box.left + char.box.right) / 2
    return box.left < middle < box.right and box.bottom < char.baseline + 2 < box.top


@EVERY_SAMPLE
def test_a_document_says_what_it_is_and_carries_its_submission(catalogue, datas, pdfs, name, path):
    form, data = catalogue[name], datas[path]
    document = pypdf.PdfReader(io.BytesIO(pdfs[path]))
    assert document.metadata.title == f"{form.title} {data['person']['name']}"
    assert document.metadata.author == data["unit"]["name"]
    assert document.trailer["/Root"]["/Lang"] == "zh-CN"
    assert "/AcroForm" not in document.trailer["/Root"]
    ((content,),) = document.attachments.values()
    assert json.loads(content) == json.loads(proof.canonical(data))
    with_budget = bool(data.get("project", {}).get("budget"))
    assert len(document.pages) == (4 if name == FORMS[0] else 1 + with_budget)


@EVERY_SAMPLE
def test_every_page_shows_its_own_code(catalogue, datas, pdfs, name, path):
    with pypdfium2.PdfDocument(pdfs[path]) as document:
        count = len(document)
        for number, page in enumerate(document, 1):
            picture = page.render(scale=150 / 72, grayscale=True).to_pil()
            (found,) = zxingcpp.read_barcodes(picture)
            mark = proof.mark(catalogue[name], datas[path], page=number, pages=count)
            assert found.text == str(mark)


@EVERY_SAMPLE
def test_the_same_submission_gives_the_same_bytes(catalogue, datas, pdfs, name, path):
    assert fill(catalogue[name], copy.deepcopy(datas[path]), "pdf") == pdfs[path]


@EVERY_SAMPLE
def test_seal_boxes_are_whole_and_clear(pdfs, name, path):
    boxes = [box for page in measured(pdfs[path]) for box in seal_boxes(page)]
    assert len(boxes) == 2
    for box, chars in boxes:
        printed_ = bare("".join(char.text for char in chars))
        assert re.fullmatch("((主管)?单位意见：)?盖章：?年月日", printed_)
        label = min((c.box.bottom for c in chars if c.text in "单主位意见"), default=box.top)
        assert min(label, box.top) - box.bottom >= SEAL
        assert box.right - box.left >= SEAL


def seal_boxes(page):
    """Boxes between ruling lines in which 盖章 stands, with the characters inside."""
    columns = sorted({round(place, 1) for place, *_ in page.down})
    for char in page.chars:
        if char.text != "盖" or not columns or not columns[0] < char.box.left < columns[-1]:
            continue
        y = char.baseline
        sides = [place for place, start, end in page.down if start <= y <= end]
        rows = [p for p, start, end in page.across if start <= char.box.left <= end]
        if not sides or not [row for row in rows if row < y]:
            continue
        box = Box(
            max(side for side in sides if side < char.box.left),
            max(row for row in rows if row < y),
            min(side for side in sides if side > char.box.left),
            min(row for row in rows if row > y),
        )
        inside = [char for char in page.chars if stands_in(char, box)]
        if re.search("盖章：?年月日$", bare("".join(char.text for char in inside))):
            yield box, inside


@EVERY_SAMPLE
def test_every_sample_opens_without_a_warning(pdfs, tmp_path, name, path):
    file = tmp_path / "form.pdf"
    file.write_bytes(pdfs[path])
    for command in (
        ["qpdf", "--check", file],
        ["pdftotext", file, "-"],
        ["pdftoppm", "-r", "30", file, tmp_path / "page"],
    ):
        result = subprocess.run(command, capture_output=True)
        assert (result.returncode, result.stderr) == (0, b"")


# texts that no sample has

LETTERS = st.one_of(
    st.sampled_from("江西省人才，。、；：？！（）《》“”…—％℃￥·〇 "),
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5),
    st.characters(min_codepoint=0x21, max_codepoint=0x7E),
    st.characters(min_codepoint=0xC0, max_codepoint=0x17F),
    st.characters(min_codepoint=0x391, max_codepoint=0x3C9),
    st.characters(min_codepoint=0x410, max_codepoint=0x44F),
    st.characters(min_codepoint=0x3042, max_codepoint=0x3093),
    st.sampled_from("𠮷𬀩㛃䶮"),
)
WORDS = st.one_of(
    st.text(LETTERS, min_size=1, max_size=40),
    st.text(st.sampled_from("abcXYZ0189-_"), min_size=20, max_size=120),
    st.just("研修期间成效显著。" * 20),
)
SHORT = st.text(LETTERS, min_size=1, max_size=12)
LINE = st.one_of(SHORT, SHORT, st.lists(WORDS, min_size=1, max_size=6).map("".join)).map(
    lambda text: text[:200]
)
BLOCK = st.lists(LINE, min_size=1, max_size=30).map("\n".join)


def free_texts(form) -> list[str]:
    """Fields that take any text of one line."""
    return [
        pointer
        for pointer, field in form.fields.items()
        if field.kind == "string" and "not" in field.schema and "/*" not in pointer
        and "enum" not in field.schema
    ]  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_any_text_is_printed_whole_in_its_box_or_refused(catalogue, name):
    form, base = catalogue[name], first_sample(name)
    single = free_texts(form)
    blocks = [pointer for pointer, field in form.fields.items() if field.kind == "paragraphs"]
    fonts = installed(())

    @settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
    @given(
        st.dictionaries(st.sampled_from(single), LINE, max_size=3),
        st.fixed_dictionaries(dict.fromkeys(blocks, BLOCK)),
    )
    def check(lines, paragraphs):
        data = copy.deepcopy(base)
        for pointer, text in {**lines, **paragraphs}.items():
            set_(data, pointer, text)
        refused = findings(form, data, Press())
        if refused:
            for finding in refused:
                text = get(data, finding.pointer)
                missing = fonts.missing(text)
                assert finding.pointer in {*lines, *paragraphs}
                assert finding.rule == ("print.glyph" if missing else "print.overflow")
                assert all(lack in finding.message for lack in missing)
            with pytest.raises(Unprintable) as refusal:
                fill(form, data, "pdf")
            assert refusal.value.findings == refused
            return
        raw = fill(form, data, "pdf")
        values = printed(form, data)
        sheets = len(layouts.load(form).pages)
        rest = "".join(extra_text(page, form, data) for page in measured(raw)[sheets:])
        for pointer, text in texts_in_fields(form, values, raw):
            whole = text.removesuffix(CONTINUED) + rest if text.endswith(CONTINUED) else text
            assert whole == bare(values[pointer]), pointer

    check()


def extra_text(page, form, data) -> str:
    text = bare("".join(char.text for char in page.chars if 60 < char.baseline < 770))
    heads = f"{form.label('/training/outcome')}（附页）姓名：{bare(data['person']['name'])}"
    assert text.startswith(heads)
    return text.removeprefix(heads)


@pytest.mark.parametrize(
    ("name", "pointer", "text"),
    [
        (FORMS[0], "/unit/name", "江西省" * 40),
        (FORMS[0], "/person/name", "江西" * 25),
        (FORMS[0], "/person/address", "南昌市红谷滩区，" * 25),
        (FORMS[0], "/training/content", "围绕固态电池开展研究。" * 140),
        (FORMS[0], "/training/content", "Ab1 " * 3000),
        (FORMS[0], "/training/place", "慕尼黑" * 66),
        (FORMS[1], "/person/address", "赣州市，" * 50),
        (FORMS[1], "/unit/bank", "江西银行" * 50),
    ],
)
def test_a_text_too_long_fits_once_it_is_cut_by_what_the_finding_says(
    catalogue, name, pointer, text
):
    form, data = catalogue[name], first_sample(name)
    set_(data, pointer, text)
    with pytest.raises(Unprintable) as refusal:
        fill(form, data, "pdf")
    (finding,) = refusal.value.findings
    assert (finding.rule, finding.pointer) == ("print.overflow", pointer)
    assert str(finding.value) in finding.message
    wanted = words.count(text) - finding.value
    end = bisect.bisect_right(range(len(text)), wanted, key=lambda end: words.count(text[:end]))
    set_(data, pointer, text[: end - 1])
    assert words.count(text[: end - 1]) == wanted
    fill(form, data, "pdf")


def test_a_character_without_a_glyph_is_named_with_its_place(summary_form, summary):
    summary["training"]["place"] = "曼谷กข"
    with pytest.raises(Unprintable) as refusal:
        fill(summary_form, summary, "pdf")
    (finding,) = refusal.value.findings
    assert (finding.rule, finding.pointer) == ("print.glyph", "/training/place")
    assert finding.label == "研修地点"
    assert "“ก”（U+0E01）" in finding.message


def test_a_long_outcome_goes_on_on_an_extra_sheet(summary_form, summary):
    paragraph = "研修期间完成了原位表征平台的搭建，形成了可以推广的实验规范。"
    summary["training"]["outcome"] = "\n".join(paragraph * 9 for _ in range(12))
    raw = fill(summary_form, summary, "pdf")
    pages = measured(raw)
    assert len(pages) > 4
    (inside,) = (
        text for pointer, text in texts_in_fields(summary_form, printed(summary_form, summary), raw)
        if pointer == "/training/outcome"
    )  # fmt: skip
    assert inside.endswith(CONTINUED)
    rest = "".join(extra_text(page, summary_form, summary) for page in pages[4:])
    assert inside.removesuffix(CONTINUED) + rest == bare(summary["training"]["outcome"])
    with pikepdf.open(io.BytesIO(raw)) as document:
        assert len(document.pages) == len(pages)


def test_rows_of_a_list_grow_and_go_on_under_the_same_head(catalogue, funding_form, funding):
    """The sheet of the table is the second; every page has its own number and code."""
    item = "围绕固态电池界面开展的设备购置、改造与租赁费用，" * 14
    funding["project"]["budget"] = [{"item": item, "amount": 20000}] * 10
    raw = fill(funding_form, funding, "pdf")
    pages = [bare(page) for page in pypdfium_texts(raw)]
    assert len(pages) == 4
    assert "".join(pages).count(bare(item)) == 10
    for number, page in enumerate(pages, 1):
        assert f"第{number}页共4页" in page
    assert all("序号支出项目金额" in page for page in pages[1:3])
    assert "单位（盖章）：" in pages[-1] or "单位（盖章）：" in pages[-2]
    with pypdfium2.PdfDocument(raw) as document:
        for number, page in enumerate(document, 1):
            picture = page.render(scale=150 / 72, grayscale=True).to_pil()
            (found,) = zxingcpp.read_barcodes(picture)
            assert found.text == str(proof.mark(funding_form, funding, page=number, pages=4))
    assert verify(raw, catalogue.editions()).status is Status.UNCHANGED


def test_a_pack_keeps_codes_readable_and_what_its_documents_carry(catalogue, datas):
    form = catalogue[FORMS[1]]
    paths = [path for name, path in SAMPLES if name == FORMS[1]]
    bound = [Bound(datas[path]["person"]["name"], form, datas[path], 2) for path in paths]
    packed = pack(bound, Press(), title="打印", duplex=True)
    assert packed == pack(bound, Press(), title="打印", duplex=True)
    carried = pypdf.PdfReader(io.BytesIO(packed)).attachments
    assert len(carried) == len(paths)
    for number, path in enumerate(paths, 1):
        ((content,),) = (files for name, files in carried.items() if name.startswith(f"{number}-"))
        assert json.loads(content) == json.loads(proof.canonical(datas[path]))
    with pypdfium2.PdfDocument(packed) as document:
        assert len(document) == 2 * 2 * len(paths)
        for number in (0, 2):
            picture = document[number].render(scale=150 / 72, grayscale=True).to_pil()
            (found,) = zxingcpp.read_barcodes(picture)
            assert found.text == str(proof.mark(form, datas[paths[0]], page=1, pages=2))


def test_a_pack_numbers_copies_pads_sheets_and_has_bookmarks(catalogue):
    form, data = catalogue[FORMS[1]], first_sample(FORMS[1])
    data["project"].pop("budget", None)
    bound = [Bound("张三", form, data, 2), Bound("李四", form, data, 2)]
    packed = pack(bound, Press(), title="打印包", duplex=True)
    pages = [bare(page) for page in pypdfium_texts(packed)]
    assert [bool(page) for page in pages] == [True, False] * 4
    for index in range(0, 8, 2):
        assert f"第{index // 2 % 2 + 1}份/共2份" in pages[index]
    outline = pypdf.PdfReader(io.BytesIO(packed)).outline
    assert [item.title for item in outline if not isinstance(item, list)] == ["张三", "李四"]
    single = pypdfium_texts(pack([Bound("张三", form, data)], Press(), title="打印包"))
    assert "份/" not in bare("".join(single))


def pypdfium_texts(raw: bytes) -> list[str]:
    with pypdfium2.PdfDocument(raw) as document:
        return [page.get_textpage().get_text_range() for page in document]


def test_a_pack_with_something_unprintable_is_refused_as_a_whole(summary_form, summary):
    good = copy.deepcopy(summary)
    summary["training"]["place"] = "曼谷กข"
    with pytest.raises(Unprintable) as refusal:
        pack(
            [Bound("甲", summary_form, good), Bound("乙", summary_form, summary)],
            Press(),
            title="包",
        )
    (finding,) = refusal.value.findings
    assert finding.rule == "print.glyph"


def sample(form_id: str, name: str) -> dict:
    return json.loads((sample_folder(form_id) / f"valid/{name}.json").read_text("utf-8"))


def test_short_ends_of_several_texts_share_a_sheet(catalogue):
    form = catalogue["jiangxi-final-assessment"]
    data = sample(form.id, "long-texts")
    raw = fill(form, data, "pdf")
    pages = len(layouts.load(form).pages)
    extras = ["".join(char.text for char in page.chars) for page in measured(raw)[pages:]]
    heads = [extra.count("（附页）") for extra in extras]
    assert sum(heads) > len(extras)
    found = read(raw, catalogue)
    assert not found.differences


def test_the_foot_of_each_page_names_what_the_word_form_names(catalogue):
    form = catalogue["jiangsu333-allowance-roll"]
    data = sample(form.id, "one-person-one-month")
    foot = "".join(char.text for page in measured(fill(form, data, "pdf"))
                   for char in page.chars if char.baseline < 45)  # fmt: skip
    assert bare(foot).startswith(bare(data["unit"]["name"]))
