"""Typesetting: what is put in is what every reader takes out, whole and inside its place."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypinyin_dict.pinyin_data import ktghz2013

from formsvc.documents.authoring.rectangles import measured
from formsvc.documents.press import installed
from formsvc.documents.press.fitting import Setting, capacity, paragraphs, pitch
from formsvc.documents.press.sheets import CONTINUED

from .pressing import PARAGRAPHS, READERS, Set, bare, pdfium_pages, squeezed

FONTS = installed(())
PARAGRAPH = (
    "本人于2024年9月赴德国慕尼黑工业大学（Technische Universität München）研修，围绕“深度学习”"
    "这一课题，完成了12,345例样本的数据集；发表SCI论文3篇（一作2篇）……感谢《办法》的支持！——李𬀩"
)
NEVER_FIRST = "，。、；：？！）》」』】〉”…％℃・々"
NEVER_LAST = "（《「『【〈“￥"
PIECES = st.one_of(
    st.sampled_from("国研修成效，。、；：？！（）《》“”…—％℃￥々·〇𠮷𬀩㛃⼀一 \n"),
    st.sampled_from(["——", "Technische", "12,345.67", "한국어", "ﾊﾝｶｸ", "Ω", "e\u0301", "é",
                     "https://www.example.org/a/b-c_d?x=1&y=2", "买买提·吐尔逊"]),
    st.text("国家江西人才ABCxyz 0129，。（）", min_size=1, max_size=30),
    st.characters(max_codepoint=0x2FFFF, exclude_categories=["Cs", "Cn"]),
)  # fmt: skip


NORMATIVE = "".join(map(chr, sorted(ktghz2013.pinyin_dict)))  # 通用规范汉字表


@st.composite
def texts(draw, most=120):
    """Any text that the fonts can print."""
    text = "".join(draw(st.lists(PIECES, max_size=most)))
    for lack in sorted(FONTS.missing(text), key=len, reverse=True):
        text = text.replace(lack, "")
    return "" if FONTS.missing(text) else text


EXAMPLES = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize(
    "text",
    [
        PARAGRAPH,
        PARAGRAPH * 4,
        "第 2 页 共 4 页",
        "（《引》）。“是”、（a）",
        "⼀一 ⼆二 é 北\uf963凉",
        "𠮷𬀩㛃䶮",
        "a\u00a0b-c",
        "中国——德国",
        "费用：￥12,345.67元",
        "office file flow fi fl ffi",
        "https://www.example.org/a/b-c_d?x=1&y=2" * 4,
        "已办☑未办☐，Ⱥ国éŵ",
    ],
)
def test_every_reader_takes_out_what_was_put_in(read, text):
    assert bare(read(Set(text, **PARAGRAPHS).pdf())) == squeezed(text)


@EXAMPLES
@given(texts())
def test_any_text_is_printed_whole(text):
    shown = Set(text, continues=True, **PARAGRAPHS)
    if not shown.sheets.settings:
        return
    assert bare(READERS["poppler"](shown.pdf())) == squeezed(text)


@EXAMPLES
@given(texts(), st.floats(30, 450), st.booleans())
def test_widths_bound_the_lines_that_are_set(text, width, block):
    keys = PARAGRAPHS if block else {}
    shown = Set("", box=[72, 72, width, 700], **keys)
    lines = paragraphs(text, block)
    if not "".join(lines):
        return
    for size in (12.0, 9.0):
        setting = Setting(size, pitch(shown.site, size), lines)
        low, high = shown.fitter._bounds(shown.site, lines, size)
        assert low <= shown.fitter.lines(shown.site, setting) <= high


@EXAMPLES
@given(texts(60), st.floats(60, 400), st.floats(14, 200), st.sampled_from(["left", "center"]),
       st.sampled_from(["top", "horizon", "bottom"]))  # fmt: skip
def test_nothing_leaves_its_place(text, width, height, align, vertical):
    box = [72, 72, width, height]
    shown = Set(text, box=box, align=align, vertical=vertical, pitch=0)
    if shown.sheets.overflowing or not shown.sheets.settings:
        return
    (page,) = measured(shown.pdf())
    for char in page.chars:
        if char.text in "甲乙" and char.baseline > 780:
            continue
        middle = (char.box.left + char.box.right) / 2
        assert 72 - 2 <= middle <= 72 + width + 2
        top = page.height - 72
        assert top - height - 1 <= char.baseline <= top + 1


@pytest.mark.parametrize("count", range(5, 30))
def test_no_line_begins_or_ends_with_the_wrong_mark(count):
    text = "国" * count + "”），。" + "家" * 20 + "（《“家" + "家" * 20
    (page,) = pdfium_pages(Set(text, box=[72, 72, 150, 700], **PARAGRAPHS).pdf())
    for line in page.splitlines()[:-2]:
        assert line.strip()[0] not in NEVER_FIRST
        assert line.strip()[-1] not in NEVER_LAST


def test_words_and_numbers_stay_whole():
    text = "共发表论文Technische金额12,345.67元，" * 6
    (page,) = pdfium_pages(Set(text, box=[72, 72, 180, 700], **PARAGRAPHS).pdf())
    for line in page.splitlines()[:-2]:
        assert re.sub("[^A-Za-z]", "", line.replace("Technische", "")) == ""


def test_a_word_longer_than_the_line_is_cut():
    shown = Set("x" * 300, box=[72, 72, 100, 700], **PARAGRAPHS)
    assert shown.lines > 10
    assert bare(pdfium_pages(shown.pdf())) == "x" * 300


def test_a_number_with_its_currency_is_not_wider_than_its_place():
    shown = Set("12,345.67￥国", box=[72, 72, 60, 28], pitch=0)
    (page,) = measured(shown.pdf())
    assert max(char.box.right for char in page.chars if char.text in "1234567￥国") <= 132


def test_a_name_breaks_after_its_dots_and_nowhere_else():
    name = "阿卜杜热合曼·买买提吐尔逊·艾合买提江"
    shown = Set(name, box=[72, 72, 100, 60], align="center", vertical="horizon", pitch=0)
    lines = pdfium_pages(shown.pdf())[0].splitlines()
    assert [line.strip() for line in lines[:3]] == [f"{part}" for part in (
        "阿卜杜热合曼·", "买买提吐尔逊·", "艾合买提江"
    )]  # fmt: skip


def test_blank_lines_and_indents_stay_as_in_word():
    lines = paragraphs("一、甲\n\n　　乙  丙\n", True)
    assert lines == ("一、甲", "", "　　乙  丙", "")
    (page,) = measured(Set("甲\n\n丙", **PARAGRAPHS).pdf())
    first, third = (
        char.baseline for char in page.chars if char.text in "甲丙" and char.box.left < 300
    )
    assert first - third == pytest.approx(36, abs=0.1)


def test_paragraphs_are_indented_by_two_characters_and_justified():
    (page,) = measured(
        Set("国" * 60 + "\n" + "家" * 5, box=[72, 72, 300.5, 600], **PARAGRAPHS).pdf()
    )
    rows: dict[float, list] = {}
    for char in page.chars:
        if char.text in "国家":
            rows.setdefault(round(char.baseline), []).append(char)
    first, second, *_, last = rows.values()
    assert first[0].box.left == pytest.approx(72 + 2 + 24, abs=0.1)
    assert second[0].box.left == pytest.approx(72 + 2, abs=0.1)
    assert second[-1].box.right == pytest.approx(72 + 298.5, abs=0.1)
    assert last[0].box.left == pytest.approx(72 + 2 + 24, abs=0.1)


def test_a_cell_shrinks_before_it_wraps_and_wraps_before_it_is_unreadable():
    cell = {"box": [72, 72, 100, 40], "vertical": "horizon", "pitch": 0}
    assert Set("国" * 8, **cell).setting.size == 12
    assert Set("国" * 10, **cell).setting.size == 9.5
    wrapped = Set("国" * 14, **cell)
    assert (wrapped.setting.size, wrapped.lines) == (12, 2)


def test_lines_of_a_cell_keep_off_its_borders():
    cell = {"box": [72, 72, 226, 24.1], "vertical": "horizon", "pitch": 0, "size": 10.5}
    shown = Set("国" * 26, **cell)
    assert (shown.setting.size, shown.lines) == (9, 2)


def test_the_pitch_shrinks_with_the_size():
    shown = Set("国" * 700, box=[72, 72, 368, 311], size=10.5, pitch=17, **PARAGRAPHS)
    assert shown.setting.size < 10.5
    assert shown.setting.pitch == pytest.approx(17 * shown.setting.size / 10.5, abs=0.001)


@pytest.mark.parametrize("count", [1000, 2000, 20_000])
def test_a_long_text_goes_on_and_nothing_is_lost(count):
    text = "\n".join(f"第{n}段，" + "研修期间成效显著。" * 50 for n in range(count // 450))
    shown = Set(text, continues=True, **PARAGRAPHS)
    pages = [squeezed(page).removesuffix("甲乙") for page in pdfium_pages(shown.pdf())]
    head = "研修成效（附页）姓名：张三"
    whole = "".join(page.removesuffix(CONTINUED).removeprefix(head) for page in pages)
    assert whole == squeezed(text)
    assert len(pages) == 1 or pages[0].endswith(CONTINUED)
    assert all(page.startswith(head) for page in pages[1:])


@pytest.mark.parametrize("length", range(700, 1500, 97))
def test_no_single_last_line_stands_on_an_extra_sheet(length):
    text = "\n".join(["研修成效" * 20, "国" * length, "家" * 60])
    shown = Set(text, continues=True, box=[72, 72, 451, 400], **PARAGRAPHS)
    for extra in shown.sheets.extras:
        if extra.inside:
            first = Setting(extra.setting.size, extra.setting.pitch, extra.setting.texts[:1])
            assert shown.fitter.lines(shown.site, first) >= 2


def test_a_full_line_ends_where_a_text_is_cut():
    shown = Set("研修成效显著" * 400, continues=True, box=[72, 72, 300.5, 400], **PARAGRAPHS)
    page = measured(shown.pdf())[0]
    body = [char for char in page.chars if char.text in "研修成效显著"]
    last = min(char.baseline for char in body)
    right = max(char.box.right for char in body if char.baseline < last + 1)
    assert right == pytest.approx(72 + 298.5, abs=0.5)


def test_what_does_not_fit_is_told_exactly():
    text = "国" * 2000
    shown = Set(text, box=[72, 72, 300, 200], **PARAGRAPHS)
    ((site, rest),) = shown.sheets.overflowing
    kept = text[: len(text) - len(rest)]
    assert not Set(kept, box=[72, 72, 300, 200], **PARAGRAPHS).sheets.overflowing
    assert Set(kept + "国", box=[72, 72, 300, 200], **PARAGRAPHS).sheets.overflowing
    assert capacity(site, 9, pitch(site, 9)) == 15


@pytest.mark.parametrize("part", range(6))
def test_all_normative_characters_are_printed_and_read_back_exactly(part):
    assert len(NORMATIVE) == 8105
    assert not FONTS.missing(NORMATIVE)
    text = NORMATIVE[part * 1351 : (part + 1) * 1351]
    shown = Set(text, **PARAGRAPHS).pdf()
    for name, read in READERS.items():
        assert bare(read(shown)) == text, name
