"""A PDF file written front to back: objects, strings, fonts, text operators (ISO 32000-1).

Nothing here depends on a clock or on chance: the same calls give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import groupby

from isal import isal_zlib

from formsvc.documents.fonts import Font, FontSet, Glyph
from formsvc.documents.typesetting import Layout, Line

_LEVEL = 2

HEADER = b"%PDF-1.7\n%\xe5\xbd\xa2\xe5\xbc\x8f\n"
_BLOCK = 100  # entries a CMap section may have (Adobe Technical Note 5014)
_WIDE_GAP = 0.05  # ems; a reader may take a wider gap between characters for a space
_BEYOND_BMP = "\U00010000"  # pdfium drops these from /ActualText; a stray space is the lesser harm
_CMAP_HEAD = (
    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap "
    "/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def "
    "/CMapName /Adobe-Identity-UCS def /CMapType 2 def "
    "1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
)
_CMAP_TAIL = "endcmap CMapName currentdict /CMap defineresource pop end end"


def number(value: float) -> str:
    """A coordinate, to a hundredth of a point."""
    return f"{value:.2f}"


def text_string(text: str) -> str:
    """A text string object, in UTF-16 and hexadecimal."""
    return f"<FEFF{text.encode('utf-16-be').hex().upper()}>"


class PdfWriter:
    """Objects appended to a prepared beginning; ``offsets`` are those of its objects by number."""

    def __init__(self, prefix: bytes = HEADER, offsets: Sequence[int] = ()) -> None:
        self._parts: list[bytes] = [prefix]
        self._size = len(prefix)
        self._offsets = list(offsets)

    def reserve(self) -> int:
        """A number for an object that is written later."""
        self._offsets.append(0)
        return len(self._offsets)

    def add(self, body: str | bytes, number: int | None = None) -> int:
        """Write an object and return its number."""
        number = number or self.reserve()
        raw = body.encode("latin-1") if isinstance(body, str) else body
        self._offsets[number - 1] = self._size
        part = b"%d 0 obj\n%b\nendobj\n" % (number, raw)
        self._parts.append(part)
        self._size += len(part)
        return number

    def stream(self, data: bytes, entries: str = "", compress: bool = True) -> int:
        """Write a stream object and return its number."""
        if compress:
            data, entries = isal_zlib.compress(data, _LEVEL), entries + "/Filter/FlateDecode"
        head = f"<<{entries}/Length {len(data)}>>\nstream\n".encode("latin-1")
        return self.add(b"".join((head, data, b"\nendstream")))

    def finish(self, root: int, info: int) -> bytes:
        """The whole file; its /ID is a digest of what was written."""
        digest = hashlib.sha256()
        for part in self._parts:
            digest.update(part)
        key = digest.hexdigest()[:32]
        rows = "".join(
            [
                f"{offset:010d} 00000 n \n" if offset else "0000000000 65535 f \n"
                for offset in self._offsets
            ]
        )
        count = len(self._offsets) + 1
        tail = (
            f"xref\n0 {count}\n0000000000 65535 f \n{rows}"
            f"trailer\n<</Size {count}/Root {root} 0 R/Info {info} 0 R/ID[<{key}><{key}>]>>\n"
            f"startxref\n{self._size}\n%%EOF\n"
        )
        return b"".join((*self._parts, tail.encode("ascii")))


class _Codes(dict[Glyph, str]):
    """Glyph → code in a document, numbered in the order of first use; code and CID are equal."""

    def __missing__(self, glyph: Glyph) -> str:
        code = self[glyph] = f"{len(self) + 1:04X}"
        return code


class EmbeddedFonts:
    """The fonts of one document: codes for what is shown, then the subsets."""

    def __init__(self, fonts: FontSet) -> None:
        self._fonts = fonts.fonts
        self._codes = [_Codes() for _ in fonts.fonts]

    def show(self, layout: Layout, x: float, y: float) -> str:
        """Text operators for a layout whose box has its lower left corner at ``x``, ``y``."""
        body = "".join([self._line(line, layout.size, x, y) for line in layout.lines])
        return f"BT\n{body}ET\n" if body else ""

    def write(self, writer: PdfWriter) -> str:
        """Write the subsets; returns the entries of the /Font resource dictionary."""
        pairs = enumerate(zip(self._fonts, self._codes, strict=True))
        return "".join(
            [
                f"/F{index} {_embed(writer, font, codes)} 0 R"
                for index, (font, codes) in pairs
                if codes
            ]
        )

    def _line(self, line: Line, size: float, x: float, y: float) -> str:
        parts = [f"1 0 0 1 {number(x + line.x)} {number(y + line.y)} Tm\n"]
        font = -1
        spacing, gapped = None, False
        for run in line.runs:
            first = run.glyphs[0].font
            if first != font:
                font = first
                parts.append(f"/F{font} {size:g} Tf ")
            if run.spacing != spacing:
                spacing = run.spacing
                gapped = gapped or abs(spacing) > _WIDE_GAP * size
                parts.append(f"{spacing:.3f} Tc")
            codes = "".join(map(self._codes[font].__getitem__, run.glyphs))
            parts.append(f"<{codes}>Tj\n")
        body = "".join(parts)
        if gapped and max(line.text) < _BEYOND_BMP:
            return f"/Span<</ActualText{text_string(line.text)}>>BDC\n{body}EMC\n"
        return body


def _embed(writer: PdfWriter, font: Font, codes: _Codes) -> int:
    glyphs = list(codes)
    name = f"{_tag(glyphs)}+{font.name}"
    outlines = font.outlines
    program = outlines.subset([glyph.number for glyph in glyphs], name)
    if outlines.subtype == "CIDFontType0":
        entry, mapping = "FontFile3", ""
        file = writer.stream(program, "/Subtype/CIDFontType0C")
    else:
        entry, mapping = "FontFile2", "/CIDToGIDMap/Identity"
        file = writer.stream(program, f"/Length1 {len(program)}")
    box = " ".join(map(str, font.bbox))
    descriptor = writer.add(
        f"<</Type/FontDescriptor/FontName/{name}/Flags 4/FontBBox[{box}]/ItalicAngle 0"
        f"/Ascent {font.ascent}/Descent {font.descent}/CapHeight {font.ascent}/StemV 80"
        f"/{entry} {file} 0 R>>"
    )
    descendant = writer.add(
        f"<</Type/Font/Subtype/{outlines.subtype}/BaseFont/{name}{mapping}"
        "/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        f"/FontDescriptor {descriptor} 0 R/DW 1000/W[{_widths(glyphs)}]>>"
    )
    unicode = writer.stream(_to_unicode(codes).encode("ascii"))
    return writer.add(
        f"<</Type/Font/Subtype/Type0/BaseFont/{name}/Encoding/Identity-H"
        f"/DescendantFonts[{descendant} 0 R]/ToUnicode {unicode} 0 R>>"
    )


def _tag(glyphs: Iterable[Glyph]) -> str:
    key = ",".join([str(glyph.number) for glyph in glyphs])
    value = int.from_bytes(hashlib.sha256(key.encode("ascii")).digest()[:8], "big")
    return "".join(chr(65 + value // 26**place % 26) for place in range(6))


def _widths(glyphs: Sequence[Glyph]) -> str:
    rows = []
    numbered = enumerate([glyph.advance for glyph in glyphs], 1)
    for is_default, group in groupby(numbered, lambda pair: pair[1] == 1000):
        if not is_default:
            pairs = list(group)
            rows.append(f"{pairs[0][0]}[{' '.join([str(width) for _, width in pairs])}]")
    return "".join(rows)


def _to_unicode(codes: _Codes) -> str:
    rows = [f"<{code}><{glyph.text.encode('utf-16-be').hex()}>\n" for glyph, code in codes.items()]
    blocks = [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
    body = "".join([f"{len(block)} beginbfchar\n{''.join(block)}endbfchar\n" for block in blocks])
    return f"{_CMAP_HEAD}{body}{_CMAP_TAIL}"
