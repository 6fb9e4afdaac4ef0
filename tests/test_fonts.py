"""Fonts: what can be printed, what is said when it cannot, and that subsets are whole."""

import io
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from fontTools.cffLib import CFFFontSet
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.recordingPen import RecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from formsvc.documents.fonts import FontSet, clusters, load_fonts
from formsvc.documents.opentype import FontError


@pytest.fixture(scope="module")
def fonts() -> FontSet:
    return load_fonts()


@pytest.fixture(scope="module")
def oracle(fonts: FontSet) -> Iterator[TTFont]:
    with TTFont(fonts.fonts[0].face.path, fontNumber=2, lazy=True) as font:
        yield font


@pytest.mark.parametrize("text", [*"䶮㛃𬀩𠮷鿍𬍛堃喆〇é", "——", "e\u0301"])
def test_rare_name_characters_have_a_glyph(fonts, text):
    assert not fonts.missing(text)


def test_the_whole_basic_block_has_glyphs(fonts):
    assert not fonts.missing("".join(map(chr, range(0x4E00, 0x9FA6))))


def test_every_character_of_gb2312_and_big5_has_a_glyph(fonts):
    pairs = [bytes((high, low)) for high in range(0xA1, 0xFF) for low in range(0x40, 0xFF)]
    for codec in ("gb2312", "big5"):
        text = "".join(pair.decode(codec, "ignore") for pair in pairs)
        hanzi = [char for char in text if "\u4e00" <= char <= "\u9fff"]
        assert len(hanzi) > 6700
        assert not fonts.missing("".join(hanzi))


@pytest.mark.parametrize(
    ("text", "lacking", "offset"),
    [
        ("张ก三", "ก", 1),
        ("好🦄", "🦄", 1),
        ("a\u200bb", "\u200b", 1),
        ("مرحبا", "م", 0),
        ("𠮷x\u0302", "x\u0302", 1),
        ("\ue000", "\ue000", 0),
        ("\u2028", "\u2028", 0),
    ],
)
def test_what_cannot_be_printed_is_named_with_its_place(fonts, text, lacking, offset):
    first = fonts.missing(text)[0]
    assert (first.text, first.offset) == (lacking, offset)
    assert first.code.startswith("U+")


def test_line_ends_and_tabs_are_layout_not_characters(fonts):
    assert not fonts.missing("甲\r\n乙\t丙\n")


@given(st.text())
def test_clusters_are_the_text_cut_up(text):
    assert "".join(clusters(text)) == text


def test_the_character_map_is_that_of_a_font_library(fonts, oracle):
    cmap, ours = oracle.getBestCmap(), fonts.fonts[0].face.cmap
    codes = random.Random(1).sample(range(0x30000), 5000)
    for code in codes:
        name = cmap.get(code)
        assert ours.get(code) == (oracle.getGlyphID(name) if name else 0)


def test_a_subset_draws_the_same_outlines(fonts, oracle):
    text = "国研修總한ぁア①℃½éÀfgQ12，。“——𠮷𬀩㊣％￥ﾊ"
    glyphs = [fonts.glyph(cluster).number for cluster in clusters(text)]
    program = fonts.fonts[0].outlines.subset(glyphs, "ABCDEF+Test")
    subset = CFFFontSet()
    subset.decompile(io.BytesIO(program), None)
    outlines, whole = subset[0].CharStrings, oracle.getGlyphSet()
    for cid, glyph in enumerate(glyphs, 1):
        ours, theirs = RecordingPen(), RecordingPen()
        outlines[f"cid{cid:05d}"].draw(ours)
        whole[oracle.getGlyphName(glyph)].draw(theirs)
        assert ours.value == theirs.value
        assert outlines[f"cid{cid:05d}"].width == whole[oracle.getGlyphName(glyph)].width


def test_advances_are_those_of_the_font(fonts, oracle):
    for char in "国aW，é—·":
        glyph = fonts.glyph(char)
        assert glyph.advance == oracle["hmtx"][oracle.getBestCmap()[ord(char)]][0]


def test_an_office_s_own_fangsong_becomes_the_body_font(tmp_path):
    _small_font(tmp_path / "fs.ttf", "仿宋_GB2312", "国家")
    _small_font(tmp_path / "other.ttf", "方正小标宋", "国")
    fonts = load_fonts([tmp_path])
    assert "仿宋_GB2312" in fonts.fonts[0].face.names
    assert fonts.glyph("国").font == 0
    assert fonts.glyph("研").font == 1


def test_a_truetype_subset_keeps_composites(tmp_path):
    _small_font(tmp_path / "fs.ttf", "仿宋_GB2312", "国家", composite="阁")
    fonts = load_fonts([tmp_path])
    glyph = fonts.glyph("阁")
    program = fonts.fonts[0].outlines.subset([glyph.number], "ABCDEF+Test")
    subset = TTFont(io.BytesIO(program), lazy=False)
    parts = subset["glyf"][subset.getGlyphOrder()[1]].components
    assert [subset.getGlyphID(part.glyphName) for part in parts] == [2]
    assert subset["glyf"][subset.getGlyphOrder()[2]].numberOfContours == 1


def test_a_missing_folder_is_the_operator_s_fault():
    with pytest.raises(FontError, match="nowhere"):
        load_fonts([Path("/nowhere")])


def test_a_damaged_font_file_is_named(tmp_path):
    (tmp_path / "bad.ttf").write_bytes(b"\0\1\0\0 not a font")
    with pytest.raises(FontError, match=r"bad\.ttf"):
        load_fonts([tmp_path])


def _small_font(path: Path, family: str, characters: str, composite: str = "") -> None:
    order = [".notdef", *(f"uni{ord(char):04X}" for char in characters + composite)]
    builder = FontBuilder(1024, isTTF=True)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(dict(zip(map(ord, characters + composite), order[1:], strict=True)))
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((0, 800))
    pen.lineTo((800, 0))
    pen.closePath()
    glyphs = dict.fromkeys(order, pen.glyph())
    if composite:
        pen = TTGlyphPen(glyphs)
        pen.addComponent(order[1], (1, 0, 0, 1, 100, 0))
        glyphs[order[-1]] = pen.glyph()
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(order, (1024, 0)))
    builder.setupHorizontalHeader(ascent=880, descent=-144)
    builder.setupNameTable({"familyName": family, "styleName": "Regular", "psName": path.stem})
    builder.setupOS2(fsType=0)
    builder.setupPost()
    builder.save(path)
