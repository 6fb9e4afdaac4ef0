"""Text of a DOCX that nobody can read: hidden, white, tiny, squeezed (ISO/IEC 29500-1, 17.3.2).

What holds for a run comes from the defaults, the styles of its table, paragraph and run with all
that they are based on, and what stands at the run itself, the last word counting.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STORY: Final = re.compile(r"word/(?:document|header[0-9]*|footer[0-9]*|footnotes|endnotes)\.xml")
_HIDING: Final = ("vanish", "webHidden", "specVanish")
_OFF: Final = frozenset({"0", "false", "off"})
_SMALLEST: Final = 8  # half points
_NARROWEST: Final = 30  # per cent
_TIGHTEST: Final = 80  # twips between lines
_LIGHTEST: Final = 0xB0  # of red, green and blue alike
_DEEPEST: Final = 32

Looks = dict[str, str]


def illegible(roots: Mapping[str, Any]) -> Counter[str]:
    """How many characters are set so that nobody can read them, by what hides them (Chinese)."""
    sheet = _Sheet(roots.get("word/styles.xml"))
    found: Counter[str] = Counter()
    for name, root in roots.items():
        if _STORY.fullmatch(name):
            for run in root.iter(f"{_W}r"):
                count = sum(len("".join((t.text or "").split())) for t in run.iter(f"{_W}t"))
                if count:
                    found.update(dict.fromkeys(_reasons(sheet.looks(run)), count))
    return found


def _reasons(looks: Looks) -> Iterator[str]:
    if any(looks.get(name, "0") not in _OFF for name in _HIDING):
        yield "隐藏文字"
    if _is_light(looks.get("color", "")) or looks.get("themeColor", "").startswith(_BACKGROUNDS):
        yield "浅色文字"
    if min(_number(looks, "sz", 21), _number(looks, "szEast", 21)) < _SMALLEST:
        yield "极小的文字"
    if _number(looks, "w", 100) < _NARROWEST or _number(looks, "line", 240) < _TIGHTEST:
        yield "压扁的文字"


_BACKGROUNDS: Final = ("background", "light")


def _number(looks: Looks, name: str, default: int) -> int:
    try:
        return int(float(looks.get(name, default)))
    except (ValueError, OverflowError):
        return 0


def _is_light(colour: str) -> bool:
    if not re.fullmatch("[0-9A-Fa-f]{6}", colour):
        return False
    return all(part >= _LIGHTEST for part in bytes.fromhex(colour))


class _Sheet:
    """The styles of a document, each with what it is based on."""

    def __init__(self, root: Any) -> None:
        styles = [] if root is None else root.findall(f"{_W}style")
        self._styles = {style.get(f"{_W}styleId", ""): style for style in styles}
        self._usual = {
            style.get(f"{_W}type"): style.get(f"{_W}styleId", "")
            for style in styles
            if style.get(f"{_W}default") in ("1", "true", "on")
        }
        self._known: dict[str, Looks] = {}
        self._defaults: Looks = {}
        defaults = None if root is None else root.find(f"{_W}docDefaults")
        for part in () if defaults is None else defaults.iter(f"{_W}rPr", f"{_W}pPr"):
            self._defaults |= _own(part)

    def looks(self, run: Any) -> Looks:
        """All that holds for a run."""
        looks = dict(self._defaults)
        paragraph = next(run.iterancestors(f"{_W}p"), None)
        for table in run.iterancestors(f"{_W}tbl"):
            looks |= self._style(_named(table, "tblPr", "tblStyle"))
        for node, part, kind, usual in (
            (paragraph, "pPr", "pStyle", "paragraph"), (run, "rPr", "rStyle", "character"),
        ):  # fmt: skip
            named = "" if node is None else _named(node, part, kind)
            looks |= self._style(named or self._usual.get(usual, ""))
            properties = None if node is None else node.find(f"{_W}{part}")
            looks |= {} if properties is None else _own(properties)
        return looks

    def _style(self, name: str, depth: int = 0) -> Looks:
        if name not in self._known:
            style = self._styles.get(name)
            if style is None or depth > _DEEPEST:
                return {}
            base = style.find(f"{_W}basedOn")
            looks = self._style(base.get(f"{_W}val", ""), depth + 1) if base is not None else {}
            for part in (style.find(f"{_W}pPr"), style.find(f"{_W}rPr")):
                looks = looks | ({} if part is None else _own(part))
            self._known[name] = looks
        return self._known[name]


def _named(node: Any, part: str, kind: str) -> str:
    found = node.find(f"{_W}{part}/{_W}{kind}")
    return "" if found is None else str(found.get(f"{_W}val", ""))


def _own(properties: Any) -> Looks:
    """What stands in an rPr or pPr itself."""
    looks: Looks = {}
    for node in properties:
        tag = str(node.tag).removeprefix(_W)
        value = node.get(f"{_W}val")
        if tag in _HIDING:
            looks[tag] = "1" if value is None else value
        elif tag == "color":
            looks |= {"color": value or "", "themeColor": node.get(f"{_W}themeColor", "")}
        elif tag in ("sz", "w"):
            looks[tag] = value or ""
        elif tag == "spacing" and node.get(f"{_W}line") is not None:
            looks["line"] = node.get(f"{_W}line")
            if node.get(f"{_W}lineRule") not in ("exact", "exactly"):
                looks["line"] = "240"
    return looks
