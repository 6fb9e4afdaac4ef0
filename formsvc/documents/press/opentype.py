"""What a font file has and what it calls itself, read by HarfBuzz, which maps files into memory.

Fonts come from the operator's folders and are trusted; a damaged one raises FontError.
"""

import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uharfbuzz as hb  # type: ignore[import-untyped]

from formsvc.errors import ConfigError

_RESTRICTED_LICENCE: Final = 0x0002
# Family, full name, PostScript name, typographic family.
_NAMES: Final = frozenset({1, 4, 6, 16})


class FontError(ConfigError):
    """A font file that cannot be used."""


class Face:
    """One face of a font file."""

    def __init__(self, face: hb.Face) -> None:
        self._face, self._font = face, hb.Font(face)

    def glyph(self, char: str) -> int:
        """Glyph of a character, or of one with a variation selector; 0 when there is none."""
        if len(char) > 1:
            return int(self._font.get_variation_glyph(ord(char[0]), ord(char[1])) or 0)
        return int(self._font.get_nominal_glyph(ord(char)) or 0)

    def advance(self, glyph: int) -> float:
        """Advance width of a glyph, in em."""
        return float(self._font.get_glyph_h_advance(glyph) / self._face.upem)

    @property
    def has_cff(self) -> bool:
        """Whether its outlines are CFF, as those of Noto CJK are."""
        return "CFF " in self._face.table_tags

    def subset(self, characters: Collection[str]) -> "Subset":
        """The face with these characters alone, as far as it has them. FontError for no CFF."""
        if not self.has_cff:
            raise FontError("only CFF outlines can be cut for a PDF form")
        wanted = hb.SubsetInput()
        wanted.unicode_set.update(map(ord, characters))
        wanted.flags = _SMALL
        face = hb.subset(self._face, wanted)
        cut = Face(face)
        glyphs = {char: glyph for char in sorted(set(characters)) if (glyph := cut.glyph(char))}
        widths = {glyph: cut.advance(glyph) for glyph in glyphs.values()}
        return Subset(bytes(face.reference_table("CFF ").data), glyphs, widths)

    @property
    def names(self) -> frozenset[str]:
        """Family, full and PostScript names in every language, as an office would write them."""
        entries = (entry for entry in self._face.list_names() if int(entry.name_id) in _NAMES)
        found = (self._face.get_name(entry.name_id, entry.language) for entry in entries)
        return frozenset(filter(None, found))

    @property
    def may_embed(self) -> bool:
        """Whether the licence bits allow embedding (OS/2 fsType, "restricted" is 2 alone)."""
        table = self._face.reference_table("OS/2").data
        flags = struct.unpack_from(">H", table, 8)[0] if len(table) >= 10 else 0
        return bool(flags & 0x000F != _RESTRICTED_LICENCE)


@dataclass(frozen=True, slots=True)
class Subset:
    """CFF outlines whose CIDs are the glyphs' numbers, each character's glyph, and widths in em."""

    cff: bytes
    glyphs: Mapping[str, int]
    widths: Mapping[int, float]


# Without hints and features; subroutines cost more than they save once the whole is deflated.
_SMALL: Final = (
    hb.SubsetFlags.NO_HINTING
    | hb.SubsetFlags.NO_LAYOUT_CLOSURE
    | hb.SubsetFlags.DESUBROUTINIZE
    | hb.SubsetFlags.CFF_IDENTITY_CHARSET
)


def open_faces(path: Path) -> list[Face]:
    """All faces of a .ttf, .otf or .ttc file."""
    try:
        blob = hb.Blob.from_file_path(str(path))
    except hb.HarfBuzzError as fault:
        raise FontError(f"{path}: {fault}") from fault
    faces = [hb.Face(blob, index) for index in range(hb.Face(blob).count or 1)]
    if not all(face.glyph_count and "cmap" in face.table_tags for face in faces):
        raise FontError(f"{path}: is not a font")
    return [Face(face) for face in faces]
