"""The fonts a document is set in: found, opened when first needed, tried in order.

The default is Noto Serif CJK SC (Debian fonts-noto-cjk, OFL): it has all 8,105 characters of
通用规范汉字表.  An office may add folders with its own licensed fonts; a 仿宋 found there becomes
the body font, and every other font there helps out where the body font lacks a character.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from formsvc.documents.cff import CffOutlines
from formsvc.documents.glyf import GlyfOutlines
from formsvc.documents.opentype import Face, FontError, open_faces

BODY_NAMES = ("仿宋_GB2312", "FangSong_GB2312", "仿宋", "FangSong", "STFangsong", "宋体", "SimSun")
_DEFAULT_FILES = (
    "NotoSerifCJK-Regular.ttc",
    "NotoSerifCJKsc-Regular.otf",
    "NotoSerifSC-Regular.otf",
    "SourceHanSerif-Regular.ttc",
    "SourceHanSerifSC-Regular.otf",
)
_DEFAULT_FACES = ("Noto Serif CJK SC", "Noto Serif SC", "Source Han Serif SC", "思源宋体")
# Latin Extended, superscripts and symbols, which Chinese fonts lack in part: Łódź, CO₂, ☑.
_HELPER_FILES = (
    "NotoSerif-Regular.ttf",
    "LiberationSerif-Regular.ttf",
    "DejaVuSerif.ttf",
    "DejaVuSans.ttf",
    "NotoSansSymbols2-Regular.ttf",
    "times.ttf",
    "seguisym.ttf",
)
_DEFAULT_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
)
_SUFFIXES = frozenset({".ttf", ".otf", ".ttc"})

_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a"
    "\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef"
)
_DASH = "——"
_CLUSTER = re.compile(f"{_DASH}|.[{_MARKS}]+|.", re.DOTALL)
_MARKED = re.compile(f"[{_MARKS}]")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_LAYOUT = frozenset("\n\r\t")
_NARROW = 500
_TWO_EM_DASH = 0x2E3A
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Mc", "Me", "Zl", "Zp"})
# Scripts that read wrongly without a shaping engine, whatever glyphs a font has: Hebrew to
# Tibetan and Myanmar, conjoining Hangul, Ethiopic is fine, Khmer, Mongolian, Arabic forms.
_SHAPED = (
    (0x0590, 0x109F),
    (0x1100, 0x11FF),
    (0x1700, 0x18AF),
    (0x1900, 0x1CFF),
    (0xA800, 0xABFF),
    (0xD7B0, 0xD7FF),
    (0xFB1D, 0xFDFF),
    (0xFE70, 0xFEFF),
    (0x10800, 0x11FFF),
)


@dataclass(frozen=True, slots=True, eq=False)
class Glyph:
    """One printed unit: ``text`` drawn as glyph ``number`` of font ``font`` of the set.

    ``advance`` is in thousandths of the font size.
    """

    text: str
    font: int
    number: int
    advance: int


class Font:
    """A face ready to be measured and embedded; vertical metrics in thousandths of the size."""

    def __init__(self, face: Face) -> None:
        self.face = face
        self.name = face.postscript_name
        self._scale = 1000 / face.units_per_em
        self.ascent = round(face.ascent * self._scale)
        self.descent = round(face.descent * self._scale)
        self.bbox = tuple(round(edge * self._scale) for edge in face.bbox)
        self._outlines: CffOutlines | GlyfOutlines | None = None

    def advance(self, glyph: int) -> int:
        return round(self.face.advance(glyph) * self._scale)

    @property
    def outlines(self) -> CffOutlines | GlyfOutlines:
        if self._outlines is None:
            is_cff = self.face.has("CFF ")
            self._outlines = CffOutlines(self.face) if is_cff else GlyfOutlines(self.face)
        return self._outlines


@dataclass(frozen=True, slots=True)
class Missing:
    """Characters that no font has, at ``offset`` in the text."""

    text: str
    offset: int

    @property
    def code(self) -> str:
        """``U+2F00`` and so on, for a message when the character cannot be shown."""
        return " ".join(f"U+{ord(char):04X}" for char in self.text)


class FontSet:
    """Fonts in order of preference. Keeps what it has looked up; safe to share by threads."""

    def __init__(self, fonts: Sequence[Font]) -> None:
        self.fonts = tuple(fonts)
        self._glyphs: dict[str, Glyph | None] = {}

    def glyph(self, cluster: str) -> Glyph | None:
        """The glyph of one cluster as cut by ``clusters``; None when no font can print it."""
        try:
            return self._glyphs[cluster]
        except KeyError:
            glyph = self._glyphs[cluster] = self._find(cluster)
            return glyph

    def missing(self, text: str) -> tuple[Missing, ...]:
        """What of a text cannot be printed; line ends and tabs are layout, not characters."""
        lacks = {cluster for cluster in set(clusters(text)) if self.glyph(cluster) is None}
        lacks -= _LAYOUT
        return tuple(_places(text, lacks)) if lacks else ()

    def narrow(self, char: str) -> Glyph | None:
        """A glyph as Latin text wants it, where Chinese fonts draw the character full width."""
        for index, font in enumerate(self.fonts):
            number = font.face.cmap.get(ord(char))
            if number and font.advance(number) < _NARROW:
                return Glyph(char, index, number, font.advance(number))
        return None

    def _find(self, cluster: str) -> Glyph | None:
        base = cluster
        if len(cluster) > 1 and cluster != _DASH:
            if _SELECTORS.search(cluster):
                return self._variant(cluster)
            base = unicodedata.normalize("NFC", cluster)
            if len(base) > 1:
                return None
        code = _TWO_EM_DASH if cluster == _DASH else ord(base)
        if not is_printable(chr(code)):
            return None
        for index, font in enumerate(self.fonts):
            number = font.face.cmap.get(code)
            if number:
                return Glyph(cluster, index, number, font.advance(number))
        return None

    def _variant(self, cluster: str) -> Glyph | None:
        if len(cluster) != 2:
            return None
        for index, font in enumerate(self.fonts):
            number = font.face.cmap.variant(ord(cluster[0]), ord(cluster[1]))
            if number:
                return Glyph(cluster, index, number, font.advance(number))
        return None


def clusters(text: str) -> Sequence[str]:
    """What is printed as one glyph: a character with its marks, or a Chinese dash ——."""
    if _MARKED.search(text):
        return _CLUSTER.findall(text)
    if _DASH not in text:
        return text
    pieces = iter(text.split(_DASH))
    units = list(next(pieces))
    for piece in pieces:
        units.append(_DASH)
        units.extend(piece)
    return units


def is_printable(char: str) -> bool:
    """Whether a character can be set left to right, one glyph after the other."""
    code = ord(char)
    if any(first <= code <= last for first, last in _SHAPED):
        return False
    return unicodedata.category(char) not in _UNPRINTABLE


def _places(text: str, lacks: set[str]) -> Iterator[Missing]:
    offset = 0
    for cluster in clusters(text):
        if cluster in lacks:
            yield Missing(cluster, offset)
        offset += len(cluster)


def load_fonts(folders: Sequence[Path] = ()) -> FontSet:
    """The font set of an office: ``folders`` are its own, searched with all below them.

    Raises ``FontError`` when a folder does not exist or no font for Chinese is found.
    """
    own = [Font(face) for path in _font_files(folders) for face in _usable(path)]
    body = sorted((font for font in own if _rank(font) < len(BODY_NAMES)), key=_rank)
    installed = _installed((*folders, *map(Path, _DEFAULT_FOLDERS), *_system_folders()))
    default = [_default_face(installed[name]) for name in _DEFAULT_FILES if name in installed]
    helpers = [open_faces(installed[name])[0] for name in _HELPER_FILES if name in installed]
    if not body and not default:
        raise FontError("no font for Chinese text: install fonts-noto-cjk or set FORMSVC_FONTS")
    return FontSet([*dict.fromkeys((*body, *map(Font, default[:1]), *own, *map(Font, helpers)))])


def _rank(font: Font) -> int:
    """Place among the body fonts; after all of them for any other font."""
    ranks = [BODY_NAMES.index(name) for name in font.face.names if name in BODY_NAMES]
    return min(ranks, default=len(BODY_NAMES))


def _system_folders() -> list[Path]:
    windows = os.environ.get("WINDIR")
    return [Path(windows, "Fonts")] if windows else []


def _font_files(folders: Sequence[Path]) -> list[Path]:
    for folder in folders:
        if not folder.is_dir():
            raise FontError(f"font folder {folder} does not exist")
    found = (path for folder in folders for path in sorted(folder.rglob("*")))
    return [path for path in found if path.suffix.lower() in _SUFFIXES and path.is_file()]


def _usable(path: Path) -> list[Face]:
    return [
        face
        for face in open_faces(path)
        if face.may_embed and (face.has("CFF ") or face.has("glyf"))
    ]


def _installed(folders: Sequence[Path]) -> dict[str, Path]:
    """Where the known font files are; an earlier folder wins."""
    wanted = {*_DEFAULT_FILES, *_HELPER_FILES}
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.expanduser().rglob("*.[ot]t[cf]")):
            if path.name in wanted:
                found.setdefault(path.name, path)
    return found


def _default_face(path: Path) -> Face:
    faces = open_faces(path)
    return next((face for face in faces if face.names.intersection(_DEFAULT_FACES)), faces[0])
