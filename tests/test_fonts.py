"""Fonts: which an office has, what can be printed, and what is said when it cannot."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from formsvc import Press, fill
from formsvc.cli import main
from formsvc.documents.press import FontError, Fonts, installed
from formsvc.documents.press.fonts import role

from .pressing import poppler_pages, squeezed

NOTO = "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc"


@pytest.fixture(scope="module")
def fonts() -> Fonts:
    return installed(())


@pytest.fixture(scope="module")
def oracle() -> Iterator[TTFont]:
    with TTFont(NOTO, fontNumber=2, lazy=True) as font:
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
    ("text", "lacking"),
    [
        ("张ก三", "ก"),
        ("好🦄", "🦄"),
        ("a\u200bb", "\u200b"),
        ("مرحبا", "م"),
        ("𠮷x\u0302", "x\u0302"),
        ("\ue000", "\ue000"),
        ("\u2028", "\u2028"),
    ],
)
def test_what_cannot_be_printed_is_named(fonts, text, lacking):
    assert fonts.missing(text)[0] == lacking


def test_line_ends_and_tabs_are_layout_not_characters(fonts):
    assert not fonts.missing("甲\r\n乙\t丙\n")


def test_widths_are_those_of_the_font(fonts, oracle):
    cmap, metrics = oracle.getBestCmap(), oracle["hmtx"]
    codes = random.Random(1).sample(sorted(cmap), 2000)
    for code in codes:
        if not fonts.missing(chr(code)):
            wanted = metrics[cmap[code]][0] / 1000
            assert fonts.widths(chr(code), "宋体") == [pytest.approx(wanted)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("仿宋", "仿宋"), ("仿宋_GB2312", "仿宋"), ("FangSong", "仿宋"), ("STFangsong", "仿宋"),
        ("华文仿宋", "仿宋"), ("方正仿宋_GBK", "仿宋"), ("cwTeXFangSong", "仿宋"),
        ("FZFangSong-Z02S", "仿宋"), ("宋体", "宋体"), ("SimSun", "宋体"), ("华文中宋", "宋体"),
        ("文鼎PL简报宋", "宋体"), ("AR PL SungtiL GB", "宋体"), ("黑体", "黑体"), ("SimHei", "黑体"),
        ("方正小标宋简体", "小标宋"), ("FZXiaoBiaoSong-B05S", "小标宋"), ("FZXBSJW--GB1-0", "小标宋"),
        ("楷体_GB2312", "楷体"), ("KaiTi", "楷体"), ("文鼎PL简中楷", "楷体"),
    ],
)  # fmt: skip
def test_a_font_is_known_by_all_its_spellings(name, expected):
    assert role(name) == expected


def test_an_office_s_own_fonts_set_values_and_labels_of_their_role(tmp_path):
    _small_font(tmp_path / "fs.ttf", "FangSong", "国家")
    _small_font(tmp_path / "xbs.ttf", "方正小标宋简体", "国")
    own = Fonts([tmp_path])
    names = [name for name in own.families("仿宋_GB2312") if isinstance(name, str)]
    assert names[:2] == ["FangSong", "Noto Serif CJK SC"]
    names = [name for name in own.families("方正小标宋简体") if isinstance(name, str)]
    assert names[0] == "方正小标宋简体"
    assert not own.remarks


def test_what_an_office_s_font_lacks_is_taken_from_the_next(tmp_path, summary_form, summary):
    _small_font(tmp_path / "fs.ttf", "仿宋_GB2312", "张国")
    summary["person"]["name"] = "张国研"
    raw = fill(summary_form, summary, "pdf", press=Press((tmp_path,)))
    assert "张国研" in squeezed("".join(poppler_pages(raw)))
    assert b"FangSong" in raw or b"fs" in raw


def test_a_folder_without_a_body_font_is_said(tmp_path):
    _small_font(tmp_path / "other.ttf", "Fancy Symbols", "国")
    (remark,) = Fonts([tmp_path]).remarks
    assert "没有可作正文的字体" in remark


def test_a_font_that_may_not_be_embedded_is_said_and_not_used(tmp_path):
    _small_font(tmp_path / "fs.ttf", "仿宋", "国家", fs_type=2)
    own = Fonts([tmp_path])
    assert any("fs.ttf" in remark and "不允许嵌入" in remark for remark in own.remarks)
    assert "仿宋" not in own.families("仿宋")


def test_the_command_says_which_face_serves_which_role(tmp_path, monkeypatch):
    _small_font(tmp_path / "fs.ttf", "仿宋_GB2312", "国家")
    monkeypatch.setenv("FORMSVC_FONTS", str(tmp_path))
    result = CliRunner().invoke(main, ["fonts"])
    assert result.exit_code == 0
    assert "仿宋  仿宋_GB2312" in result.output
    assert "黑体  Noto Sans CJK SC" in result.output


def test_a_missing_folder_is_the_operator_s_fault():
    with pytest.raises(FontError, match="nowhere"):
        Fonts([Path("/nowhere")])


def test_a_damaged_font_file_is_named(tmp_path):
    (tmp_path / "bad.ttf").write_bytes(b"\0\1\0\0 not a font")
    with pytest.raises(FontError, match=r"bad\.ttf"):
        Fonts([tmp_path])


def _small_font(path: Path, family: str, characters: str, fs_type: int = 0) -> None:
    order = [".notdef", *(f"uni{ord(char):04X}" for char in characters)]
    builder = FontBuilder(1024, isTTF=True)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(dict(zip(map(ord, characters), order[1:], strict=True)))
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((0, 800))
    pen.lineTo((800, 0))
    pen.closePath()
    builder.setupGlyf(dict.fromkeys(order, pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys(order, (1024, 0)))
    builder.setupHorizontalHeader(ascent=880, descent=-144)
    builder.setupNameTable({"familyName": family, "styleName": "Regular", "psName": path.stem})
    builder.setupOS2(fsType=fs_type)
    builder.setupPost()
    builder.save(path)
