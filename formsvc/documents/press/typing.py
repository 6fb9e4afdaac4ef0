"""The fillable PDF with a font that people can type names in, and with hints.

`form.pdf` names a font that it does not hold; a viewer then takes what it has, and shows rare names
as other characters. So the blank gets Noto Sans CJK as it is delivered, cut to GB 2312 and the
8,105 characters of 通用规范汉字表: 1.6 MB (Noto Serif: 2.0, all of GBK: 4.4).

Programs that fill a form write the texts of its fields, and most of them how they look, in the font
that the field names. A Type 0 font with Identity-H and a complete ToUnicode CMap (ISO 32000-1, 9.7
and 9.10.3) is one in which they find the code of a character. Measured with 章䶮𬀩, read back right
and looked at in poppler, PDFium and MuPDF:

- pdf.js (Firefox) sets all three with this font, and all three viewers show them.
- pypdf, with `auto_regenerate=False`, too. pikepdf and pdf-lib write texts alone; `pikepdf.form`
  asks viewers to show them (`NeedAppearances`): poppler and PDFium do so with this font, but find
  codes within the basic plane only (章䶮), MuPDF takes a font of its own (章). So the blank does
  not ask for it: it would spoil what pdf.js had set.
- MuPDF sets what people type in a font of its own, whatever the form holds, and writes what is
  beyond the basic plane with five hexadecimal digits (`2c029`): no viewer can show that, but the
  field's text is right, and is what is read.
- PDFium (Chrome) cuts a character beyond the basic plane to 16 bits as it is typed in, in the
  field's text too. The manual says so.

A predefined Unicode encoding (UniGB-UTF16-H) would give nothing to those that fail, and needs the
CIDs of Adobe-GB1, which Noto has not. As OpenType instead of bare CFF the font costs 74 KB more and
changes nothing that is seen.
"""

import io
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from formsvc.documents.press.fonts import FontError, installed
from formsvc.documents.press.opentype import Subset
from formsvc.forms import Form

FALLBACK: Final = (
    "系统没有安装中文字体（fonts-noto-cjk），空白 PDF 表格没有嵌入字体：生僻字在有的阅读器中会显示"
    "成别的字，请安装字体后重新下载，或改用空白 Word 表格。"
)
_NAME: Final = "/FormsvcSans"
_EXTRA: Final = Path(__file__).with_name("characters.txt")
_LATIN: Final = "".join(map(chr, (*range(0x20, 0x7F), *range(0xA1, 0x180))))
_SIGNS: Final = "·—–‘’“”…‰′″※€√×÷±≤≥①②③④⑤⑥⑦⑧⑨⑩○●□■☐☑★☆"
_MOST: Final = 100  # entries of a bfchar section
_CMAP: Final = """/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def /CMapType 2 def
1 begincodespacerange <0000> <FFFF> endcodespacerange
{}
endcmap CMapName currentdict /CMap defineresource pop end end
"""


def remarks(form: Form, fonts: tuple[Path, ...]) -> tuple[str, ...]:
    """What the person who takes a blank PDF should know, in Chinese."""
    return () if form.pdf_names is not None or _cut(fonts) else (FALLBACK,)


def blank(form: Form, fonts: tuple[Path, ...], hints: Mapping[str, str]) -> bytes:
    """The fillable form, for Acrobat, WPS, Foxit or a browser, with `hints` by pointer.

    A PDF that an office made itself is delivered as it is. Without a font for Chinese the file
    names one, as it stands in the repository: see `remarks`.
    """
    if form.pdf_names is not None:
        return form.pdf.read_bytes()
    with pikepdf.open(form.pdf) as pdf:
        acroform = pdf.Root.AcroForm
        for field in acroform.Fields:
            if hint := hints.get(str(field.T)):
                field.TU = String(f"{field.TU}：{hint}")
        if cut := _cut(fonts):
            font = pdf.make_indirect(_font(pdf, cut))
            acroform.DR.Font = Dictionary(dict.fromkeys(acroform.DR.Font, font))
        target = io.BytesIO()
        pdf.save(target, static_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return target.getvalue()


@cache
def _cut(fonts: tuple[Path, ...]) -> Subset | None:
    """What is embedded; None where no font for Chinese is installed."""
    try:
        face = installed(fonts).upright
    except FontError:
        return None
    return face.subset(characters()) if face else None


@cache
def characters() -> frozenset[str]:
    """What people can type: of 通用规范汉字表 what GB 2312 lacks stands in a file."""
    rows = (bytes((high, low)) for high in range(0xA1, 0xF8) for low in range(0xA1, 0xFF))
    common = "".join(row.decode("gb2312", "ignore") for row in rows)
    rare = "".join(_EXTRA.read_text("utf-8").split())
    return frozenset((*common, *rare, *_LATIN, *_SIGNS))


def _font(pdf: pikepdf.Pdf, cut: Subset) -> Dictionary:
    """ISO 32000-1, 9.7.4 and 9.8: CID-keyed CFF, whose CIDs are the codes."""
    program = pdf.make_stream(cut.cff, Subtype=Name.CIDFontType0C)
    descriptor = Dictionary(
        Type=Name.FontDescriptor, FontName=Name(_NAME), Flags=4,
        FontBBox=Array([-1000, -1050, 2928, 1810]),
        ItalicAngle=0, Ascent=880, Descent=-120, CapHeight=733, StemV=80, FontFile3=program,
    )  # fmt: skip
    widths = Array()
    for glyph, width in sorted(cut.widths.items()):
        if width != 1:
            widths.extend(Array([glyph, Array([round(width * 1000)])]))
    descendant = Dictionary(
        Type=Name.Font, Subtype=Name.CIDFontType0, BaseFont=Name(_NAME), DW=1000, W=widths,
        CIDSystemInfo=Dictionary(
            Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0
        ),
        FontDescriptor=pdf.make_indirect(descriptor),
    )  # fmt: skip
    return Dictionary(
        Type=Name.Font, Subtype=Name.Type0, BaseFont=Name(_NAME), Encoding=Name("/Identity-H"),
        DescendantFonts=Array([pdf.make_indirect(descendant)]),
        ToUnicode=pdf.make_stream(_unicode(cut.glyphs).encode()),
    )  # fmt: skip


def _unicode(glyphs: Mapping[str, int]) -> str:
    """Code → character. A glyph of several characters is the first of them, by code point."""
    by_glyph: dict[int, str] = {}
    for char in sorted(glyphs):
        by_glyph.setdefault(glyphs[char], char)
    entries = [
        f"<{glyph:04X}> <{char.encode('utf-16-be').hex().upper()}>"
        for glyph, char in sorted(by_glyph.items())
    ]
    return _CMAP.format("\n".join(_sections(entries)))


def _sections(entries: list[str]) -> Iterable[str]:
    for start in range(0, len(entries), _MOST):
        part = entries[start : start + _MOST]
        yield "\n".join((f"{len(part)} beginbfchar", *part, "endbfchar"))
