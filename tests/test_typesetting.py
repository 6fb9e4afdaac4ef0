"""Typesetting: 避头尾, spacing, justification, shrinking; nothing lost, nothing outside a box."""

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formsvc.documents.fonts import load_fonts
from formsvc.documents.textstyle import Align, Style, Vertical
from formsvc.documents.typesetting import Layout, Typesetter

FONTS = load_fonts()
SETTER = Typesetter(FONTS)
NEVER_FIRST = "，。、；：？！）》」』】〉”’…％‰℃・々,.;:!?)]}%"
NEVER_LAST = "（《「『【〈“‘￥([{"
PARAGRAPHS = Style(size=12, multiline=True)

ALPHABET = st.one_of(
    st.sampled_from("国研修成效，。、；：？！（）《》“”‘’…—％℃￥々ー·〇𠮷𬀩㛃"),
    st.sampled_from("abcXYZ019 .,;:!?()[]-/@'\"%$&é\u00a0\u3000\n\t"),
    st.sampled_from(["——", "……", "e\u0301", "https://example.org/a-b/c?d=e&f", "한국어", "ﾊﾝｶｸ"]),
    st.characters(max_codepoint=0x2FFFF, exclude_categories=["Cs", "Cn"]),
)


@st.composite
def texts(draw, most=300):
    """Any printable text."""
    text = "".join(draw(st.lists(ALPHABET, max_size=most)))
    for lack in sorted({lack.text for lack in FONTS.missing(text)}, key=len, reverse=True):
        text = text.replace(lack, "")
    return "" if FONTS.missing(text) else text


def shown(layout: Layout) -> str:
    return "".join(line.text for line in layout.lines)


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def extent(line, size) -> tuple[float, float]:
    """Left and right edge of a line's ink boxes; halved marks may reach out by half an em."""
    left = right = line.x
    for run in line.runs:
        for glyph in run.glyphs:
            end = right + glyph.advance * size / 1000
            right = end + run.spacing
    end -= size / 2 if line.text[-1] in "，。、；：）》」』】〕〗〉’”｝］〞〟．" else 0
    left += size / 2 if line.text[0] in "（《「『【〔〖〈‘“｛［〝〘〚" else 0
    return left, end


@settings(deadline=None)
@given(texts(), st.floats(20, 500), st.floats(8, 300), st.booleans(), st.sampled_from(Align))
def test_nothing_is_lost_and_nothing_leaves_the_box(text, width, height, multiline, align):
    style = Style(size=12, multiline=multiline, align=align)
    layout = SETTER.layout(text, width, height, style)
    assert squeezed(shown(layout) + layout.rest) == squeezed(text)
    for line in layout.lines:
        left, right = extent(line, layout.size)
        assert left >= style.padding - 0.02
        assert right <= width - style.padding + 0.02
        assert line.y - 0.12 * layout.size >= -0.02 or height < layout.size
        assert line.y + 0.88 * layout.size <= height + 0.02 or height < layout.size


@settings(deadline=None)
@given(texts(80), st.floats(200, 500))
def test_no_line_breaks_the_rules_of_first_and_last_characters(text, width):
    words = [word for word in re.split(r"[\s]", text) if SETTER.width(word, 12) > width / 3]
    if words or re.search(r"[(（《「『【〈“‘￥\[{$#＃￥№\"']{2}|[^\w\s]{3}", text):
        return  # runs of marks may leave no lawful place
    layout = SETTER.layout(text, width, 5000, PARAGRAPHS)
    starts = {squeezed(part)[:1] for part in text.splitlines()}
    for line in layout.lines:
        assert line.text[0] not in NEVER_FIRST or line.text[0] in starts
    ends = {squeezed(part)[-1:] for part in text.splitlines()}
    for line in layout.lines:
        assert line.text.rstrip()[-1:] not in NEVER_LAST or line.text.rstrip()[-1:] in ends


@pytest.mark.parametrize("count", range(5, 30))
def test_a_closing_mark_never_starts_a_line(count):
    text = "国" * count + "”），。" + "家" * 20
    for line in SETTER.layout(text, 150, 900, PARAGRAPHS).lines:
        assert line.text[0] not in NEVER_FIRST


@pytest.mark.parametrize("count", range(5, 30))
def test_an_opening_mark_never_ends_a_line(count):
    text = "国" * count + "（《“家" + "家" * 20
    for line in SETTER.layout(text, 150, 900, PARAGRAPHS).lines:
        assert line.text[-1] not in NEVER_LAST


def test_words_and_numbers_stay_whole():
    text = "共发表论文Technische金额12,345.67元，" * 6
    for line in SETTER.layout(text, 180, 900, PARAGRAPHS).lines:
        assert not re.search(r"(?<![,.\d])\d{1,2},$|^,", line.text)
        assert re.sub("[^A-Za-z]", "", line.text.replace("Technische", "")) == ""


def test_a_word_longer_than_the_line_is_cut():
    layout = SETTER.layout("x" * 300, 100, 900, PARAGRAPHS)
    assert shown(layout) == "x" * 300
    assert len(layout.lines) > 10


def test_paragraphs_are_indented_by_two_characters_and_justified():
    layout = SETTER.layout("国" * 60 + "\n" + "家" * 5, 300.5, 900, PARAGRAPHS)
    first, second, *_, last = layout.lines
    assert first.x == pytest.approx(2 + 24)
    assert second.x == pytest.approx(2)
    assert last.x == pytest.approx(2 + 24)
    assert last.runs[0].spacing == 0
    assert extent(second, 12)[1] == pytest.approx(298.5, abs=0.05)


def test_adjacent_punctuation_is_compressed():
    assert SETTER.width("》、（", 10) == 20
    assert SETTER.width("国家", 10) == 20


def test_han_and_latin_stand_a_quarter_em_apart():
    alone = SETTER.width("国", 10) + SETTER.width("a", 10)
    assert SETTER.width("国a", 10) == pytest.approx(alone + 2.5)
    assert SETTER.width("，a", 10) == pytest.approx(10 + SETTER.width("a", 10))


def test_an_apostrophe_in_a_latin_word_is_narrow():
    assert SETTER.width("it’s", 10) < SETTER.width("its", 10) + 5
    assert SETTER.width("‘国’", 10) == 30


def test_short_cells_are_centred_vertically():
    (line,) = SETTER.layout("张三", 100, 30, Style(size=12)).lines
    middle = line.y + 0.38 * 12
    assert middle == pytest.approx(15)


def test_a_cell_shrinks_before_it_wraps_and_wraps_before_it_is_unreadable():
    assert SETTER.layout("国" * 8, 100, 40, Style(size=12)).size == 12
    assert SETTER.layout("国" * 10, 100, 40, Style(size=12)).size == 9.5
    wrapped = SETTER.layout("国" * 14, 100, 40, Style(size=12))
    assert (wrapped.size, len(wrapped.lines)) == (12, 2)


def test_a_low_cell_makes_its_text_small():
    assert SETTER.layout("国", 100, 9.2, Style(size=12)).size == 9


def test_wrapped_lines_keep_off_the_cell_s_borders():
    layout = SETTER.layout("国" * 26, 226, 24.1, Style(size=10.5))
    assert (layout.size, len(layout.lines)) == (9, 2)


def test_sizes_go_down_in_half_points_to_the_floor():
    assert list(Style(size=10.5).sizes(9)) == [10.5, 10, 9.5, 9]
    assert list(Style(size=8).sizes(9)) == [8]


def test_what_does_not_fit_is_returned():
    layout = SETTER.layout("国" * 500, 100, 50, PARAGRAPHS)
    assert layout.size == 9
    assert shown(layout) + layout.rest == "国" * 500
    assert layout.goes_on


def test_flow_goes_on_without_indent():
    layouts = list(SETTER.flow("国" * 100, 120, 60, PARAGRAPHS, goes_on=True))
    assert layouts[0].lines[0].x == 2
    assert len(layouts) == 4
    assert "".join(map(shown, layouts)) == "国" * 100


def test_twenty_thousand_characters_are_set():
    text = "研修成效，" * 4000
    layout = SETTER.layout(text, 450, 700, PARAGRAPHS)
    assert shown(layout) + layout.rest == text


def test_a_value_stands_at_the_height_that_word_gave_it():
    style = Style(size=15, vertical=Vertical.BOTTOM, cell_leading=21 / 15)
    (line,) = SETTER.layout("张三", 200, 43, style).lines
    assert line.y == pytest.approx(21 / 5)
    style = Style(size=15, vertical=Vertical.TOP, cell_leading=21 / 15)
    (line,) = SETTER.layout("张三", 200, 43, style).lines
    assert line.y == pytest.approx(43 - 21 * 4 / 5)
    style = Style(size=15, vertical=Vertical.MIDDLE)
    (line,) = SETTER.layout("张三", 200, 43, style).lines
    assert line.y == pytest.approx(43 / 2 - 0.38 * 15)


def test_an_exact_line_pitch_is_kept_and_shrinks_with_the_size():
    style = Style(size=10.5, multiline=True, leading=17 / 10.5, vertical=Vertical.TOP)
    for text in ("国" * 200, "国" * 700):
        layout = SETTER.layout(text, 368, 311, style)
        ys = [line.y for line in layout.lines]
        steps = {round(high - low, 3) for high, low in itertools.pairwise(ys)}
        assert steps == {round(17 * layout.size / 10.5, 3)}
    assert layout.size < 10.5


def test_a_style_decides_indent_and_justification_where_word_does():
    style = Style(size=12, multiline=True, indented=False, justified=False)
    layout = SETTER.layout("国" * 100 + "A", 367, 300, style)
    assert [line.x for line in layout.lines] == [2.0] * len(layout.lines)
    assert {run.spacing for line in layout.lines[:-1] for run in line.runs} == {0.0}
