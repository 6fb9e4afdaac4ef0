"""The fonts that an office has: which face serves which role, and what no face can print.

A role is a font that form.docx names, as Chinese offices use them: 仿宋, 宋体, 黑体, 小标宋, 楷体.
An office's own folders come first; what they lack, Noto CJK has (Debian fonts-noto-cjk, OFL: all
8,105 characters of 通用规范汉字表), and after it DejaVu for letters and signs of other scripts.
"""

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from formsvc.documents.press.opentype import Face, FontError, open_faces
from formsvc.writing import texts

if TYPE_CHECKING:
    import typst

__all__ = ["FontError", "Fonts", "installed"]

# Role → what its names have in common, in every spelling, once spaces and signs are left out.
# Tried in this order: 仿宋 is also a 宋, 小标宋 too.
ROLES: Final = {
    "小标宋": re.compile("小标宋|小標宋|xiaobiaosong|fzxbs"),
    "仿宋": re.compile("仿宋|fangsong"),
    "黑体": re.compile("黑体|黑體|simhei|heiti|sanscjksc|sanshanssc|notosanssc"),
    "楷体": re.compile("楷|kaiti|simkai|kaitim"),
    "宋体": re.compile("宋|simsun|sungti|stsong|serifcjksc|serifsc|songti|明"),
}
BODY: Final = "仿宋"
_SERIF: Final = ("NotoSerifCJK-Regular.ttc", "NotoSerifCJKsc-Regular.otf",
                 "NotoSerifSC-Regular.otf", "SourceHanSerifSC-Regular.otf")  # fmt: skip
_SANS: Final = ("NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.otf",
                "SourceHanSansSC-Regular.otf")  # fmt: skip
# Latin Extended, superscripts and symbols, which Chinese fonts lack in part: Łódź, CO₂, ☑.
_HELPERS: Final = ("NotoSerif-Regular.ttf", "LiberationSerif-Regular.ttf", "DejaVuSerif.ttf",
                   "DejaVuSans.ttf", "NotoSansSymbols2-Regular.ttf")  # fmt: skip
_SIMPLIFIED: Final = re.compile("(?:CJK |Hans? )?SC$|思源")
_LATIN: Final = re.compile("timesnewroman$|liberationserif$")
_FOLDERS: Final = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts",
                   "/Library/Fonts", "~/Library/Fonts")  # fmt: skip
_SUFFIXES: Final = frozenset({".ttf", ".otf", ".ttc"})
_MARKS: Final = (
    "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a"
    "\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef"
)
_CLUSTER: Final = re.compile(f".[{_MARKS}]+|.", re.DOTALL)
_MARKED: Final = re.compile(f"[{_MARKS}]")
_SELECTORS: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_LAYOUT: Final = "\n\r\t"
WIDE: Final = 1.1  # em; hardly any character is wider
_GETA: Final = "〓"
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Mc", "Me", "Zl", "Zp"})
# Scripts that are written from the right or whose letters change shape: Hebrew to Tibetan and
# Myanmar, conjoining Hangul, Khmer, Mongolian, Arabic forms. No official form is read back so.
_SHAPED: Final = re.compile(
    "[\u0590-\u109f\u1100-\u11ff\u1700-\u18af\u1900-\u1cff\ua800-\uabff"
    "\ud7b0-\ud7ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00011fff]"
)


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A face, the file that it stands in and as which one, and its role ("" for none)."""

    face: Face
    place: tuple[str, int]
    role: str


class Fonts:
    """The fonts of an office, read once; safe to share between threads.

    `remarks` say in Chinese what an operator should know of the folders. FontError when a folder
    does not exist, a file is damaged, or no font for Chinese is there.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        for folder in folders:
            if not folder.is_dir():
                raise FontError(f"font folder {folder} does not exist")
        system = _system()
        paths = sorted({str(path.parent) for path in system.values()})
        self._folders = [*map(str, folders), *paths]
        self._serif = {str(system[name]) for name in _SERIF if name in system}
        self.remarks: tuple[str, ...] = ()
        own = [named for path in _files(folders) for named in self._usable(path)]
        found = [[system[name] for name in names if name in system] for names in (_SERIF, _SANS)]
        default = [_simplified(paths[0]) for paths in found if paths]
        helpers = [Named(open_faces(path)[0], (str(path), 0), "")
                   for name in _HELPERS if (path := system.get(name))]  # fmt: skip
        self._own = own
        self._rest = [*default, *helpers]
        if not default and not any(named.role for named in own):
            raise FontError("no font for Chinese text: install fonts-noto-cjk or set FORMSVC_FONTS")
        if folders and not any(named.role in (BODY, "宋体") for named in own):
            self.remarks += ("字体文件夹中没有可作正文的字体（仿宋或宋体），正文改用系统字体。",)
        self._printable: set[str] = set()
        self._widths = {name: _Widths(self._chain(name)) for name in ROLES}
        self._narrow: dict[str, _Narrow] = {}

    @cached_property
    def typst(self) -> "typst.Fonts":
        """The fonts as typst has them, for who prints: it reads all files of the folders."""
        from typst import Fonts  # noqa: PLC0415  # who only checks does without

        return Fonts(False, False, self._folders)

    @cached_property
    def _families(self) -> dict[tuple[str | None, int], str]:
        """The names that typst knows families by."""
        return {(info.path, info.index): info.family for info in self.typst.fonts()
                if info.weight in _UPRIGHT and info.style == "normal"}  # fmt: skip

    def families(self, font: str) -> list[str | dict[str, str]]:
        """The families to set a font of form.docx in, for typst, in the order of preference."""
        # ⼀ and 一 are one glyph, and not every reader can tell them apart in one font.
        others = [name for (path, _), name in self._families.items() if path in self._serif]
        twins = sorted(name for name in others if not _SIMPLIFIED.search(name))[:1]
        latin = [name for name in map(self._family, self._own) if _LATIN.search(_plain(name))]
        first = [{"name": name, "covers": "twins"} for name in twins]
        first += [{"name": name, "covers": "latin-in-cjk"} for name in latin[:1]]
        return first + list(dict.fromkeys(map(self._family, self._chain(role(font)))))

    def _family(self, named: Named) -> str:
        return self._families.get(named.place, "")

    @cached_property
    def _sure(self) -> str:
        """The common characters that can be printed."""
        common = {*_gb2312(0xA1), *map(chr, range(0x20, 0x7F))}
        return "".join(filter(self._prints, sorted(common)))

    @cached_property
    def _unsure(self) -> re.Pattern[str]:
        return _others(self._sure)

    def widths(self, text: str, font: str) -> list[float]:
        """The width of every character in em; 0 for what no font has."""
        return list(map(self._widths[role(font)].__getitem__, text))

    def missing(self, text: str) -> tuple[str, ...]:
        """The characters of a text that no font can print; line ends and tabs are layout."""
        if not self._unsure.search(text):
            return ()
        units = set(_CLUSTER.findall(text) if _MARKED.search(text) else text)
        units -= self._printable
        lacks = {unit for unit in units if unit not in _LAYOUT and not self._prints(unit)}
        self._printable |= units - lacks
        return tuple(sorted(lacks, key=text.index)) if lacks else ()

    def showable(self, text: str) -> str:
        """A text with 〓 for what no font can print."""
        shown = texts.clean(text)
        for missing in self.missing(shown):
            shown = shown.replace(missing, _GETA)
        return shown

    def are_narrow(self, text: str, font: str) -> bool:
        """Whether every character of a text can be printed by itself, no wider than WIDE."""
        name = role(font)
        known = self._narrow.get(name)
        if known is None:
            known = self._narrow[name] = _Narrow(self, self._widths[name])
        return known.are(text)

    def report(self) -> Iterator[tuple[str, str, int]]:
        """Role, its first face, and how many characters of GB 2312 that face lacks."""
        for name in ROLES:
            first = self._chain(name)[0]
            yield name, self._family(first), sum(not first.face.glyph(char) for char in _gb2312())

    @property
    def upright(self) -> Face | None:
        """A face of the system for what people type into a PDF: it shows well in small sizes, has
        the characters of names, and is the smaller of the two of Noto CJK. None without them."""
        found = [named.face for named in self._rest if named.role and named.face.has_cff]
        return found[-1] if found else None

    def _usable(self, path: Path) -> Iterator[Named]:
        for index, face in enumerate(open_faces(path)):
            if not face.may_embed:
                self.remarks += (f"{path.name} 的许可不允许嵌入文件，没有使用。",)
            elif (place := (str(path), index)) in self._families:
                yield Named(face, place, next(filter(None, map(_role, sorted(face.names))), ""))

    def _chain(self, wanted: str) -> list[Named]:
        """Faces of the role, then of the body, then every other: of the office, of the system."""
        order = {wanted: 0, "宋体" if wanted != "黑体" else "黑体": 1}
        every = [*self._own, *self._rest]
        return sorted(every, key=lambda named: (
            0 if named in self._own and named.role == wanted else
            1 if named.role == wanted and wanted == "黑体" else
            2 if named in self._own and named.role in order else
            3 if named in self._rest and named.role == "宋体" else 4
        ))  # fmt: skip

    def _prints(self, unit: str) -> bool:
        if len(unit) == 1:
            return unit in self._widths[BODY] or bool(self._widths[BODY].glyph(unit))
        if _SELECTORS.search(unit):
            return len(unit) == 2 and any(named.face.glyph(unit) for named in self._chain(BODY))
        whole = unicodedata.normalize("NFC", unit)
        return len(whole) == 1 and self._prints(whole)


class _Widths(dict[str, float]):
    """Character → advance in em in the first face that has it; 0 for what none prints."""

    def __init__(self, chain: Sequence[Named]) -> None:
        super().__init__()
        self._faces = [named.face for named in chain]

    def __missing__(self, char: str) -> float:
        found = self.glyph(char)
        if found is None:
            return 0.0
        face, glyph = found
        width = self[char] = face.advance(glyph)
        return width

    def glyph(self, char: str) -> tuple[Face, int] | None:
        """Where a character is drawn from; None when no face can print it by itself."""
        if unicodedata.category(char) in _UNPRINTABLE or _SHAPED.match(char):
            return None
        for face in self._faces:
            if glyph := face.glyph(char):
                return face, glyph
        return None


class _Narrow:
    """The characters no wider than WIDE in a chain of faces; learns the rare ones, and all as long
    as it is asked seldom: to look up every common one takes longer than to check a file."""

    def __init__(self, fonts: Fonts, widths: _Widths) -> None:
        self._fonts = fonts
        self._widths = widths
        self._asked = 0
        self._learned: set[str] = set()

    @cached_property
    def _others(self) -> re.Pattern[str]:
        common, widths = self._fonts._sure, self._widths
        return _others("".join(char for char in common if widths[char] <= WIDE))

    def are(self, text: str) -> bool:
        self._asked += 1
        if self._asked > _SELDOM:
            if not self._others.search(text):
                return True
            text = "".join(self._others.findall(text))
        unknown = set(text) - self._learned - set(_LAYOUT)
        self._learned |= {char for char in unknown if 0 < self._widths[char] <= WIDE}
        return unknown <= self._learned


def _others(characters: str) -> re.Pattern[str]:
    """Matches what is none of the characters, nor layout."""
    known = "".join(map(re.escape, characters))
    return re.compile(f"[^{_LAYOUT}{known}]")


_SELDOM: Final = 20
_UPRIGHT: Final = range(300, 500)


@cache
def installed(folders: tuple[Path, ...]) -> Fonts:
    """The fonts of an office, read once a process."""
    return Fonts(folders)


@cache
def role(font: str) -> str:
    """The role of a font that form.docx names."""
    return _role(font) or BODY


def _role(name: str) -> str:
    plain = _plain(name)
    return next((role for role, names in ROLES.items() if names.search(plain)), "")


@cache
def _gb2312(first: int = 0xB0) -> tuple[str, ...]:
    """The 6,763 characters that every Chinese office font should have; from 0xA1, its signs too."""
    pairs = (bytes((high, low)) for high in range(first, 0xF8) for low in range(0xA1, 0xFF))
    return tuple(filter(None, (pair.decode("gb2312", "ignore") for pair in pairs)))


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def _files(folders: Sequence[Path]) -> list[Path]:
    found = (path for folder in folders for path in sorted(folder.rglob("*")))
    return [path for path in found if path.suffix.lower() in _SUFFIXES and path.is_file()]


def _system() -> dict[str, Path]:
    """Where the known font files are; an earlier folder wins."""
    wanted = {*_SERIF, *_SANS, *_HELPERS}
    windows = os.environ.get("WINDIR")
    found: dict[str, Path] = {}
    for folder in map(Path, (*_FOLDERS, *([f"{windows}/Fonts"] if windows else ()))):
        for path in sorted(folder.expanduser().rglob("*.[ot]t[cf]")):
            if path.name in wanted:
                found.setdefault(path.name, path)
    return found


def _simplified(path: Path) -> Named:
    """The face for simplified Chinese of a collection."""
    faces = open_faces(path)
    names = [next(filter(_SIMPLIFIED.search, sorted(face.names)), "") for face in faces]
    index = next((number for number, name in enumerate(names) if name), 0)
    return Named(faces[index], (str(path), index), _role(names[index] or min(faces[index].names)))
