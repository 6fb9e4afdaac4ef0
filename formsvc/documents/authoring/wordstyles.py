"""What a DOCX says about the place where a value stands: alignment, size, line pitch, cell.

WordprocessingML, ISO/IEC 29500-1, 17.3 (paragraphs), 17.4 (tables), 17.7 (styles). Its twips
(1/20 pt) and half points become points here.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from lxml import etree

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_ALIGN: Final = {"center": 1, "right": 2, "end": 2}
_VERTICAL: Final[dict[str, Literal["Top", "Center", "Bottom"]]] = {
    "center": "Center", "bottom": "Bottom",
}  # fmt: skip
_NATURAL: Final = 1.45  # line height of Noto CJK fonts, in em
_DEEPEST: Final = 32


@dataclass(frozen=True, slots=True)
class Margins:
    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0


@dataclass(frozen=True, slots=True)
class Placement:
    """How a value stands in its paragraph and cell; lengths in points.

    `align` is that of a PDF field: 0 left, 1 centre, 2 right. `font` is the one for Chinese;
    `leading` is the exact distance of lines, 0 when it follows the font. `is_alone` means that
    nothing else stands in its cell.
    """

    align: int = 0
    size: float = 10.5
    font: str = ""
    leading: float = 0.0
    is_indented: bool = False
    is_justified: bool = False
    vertical: Literal["Top", "Center", "Bottom"] = "Top"
    in_cell: bool = False
    is_alone: bool = False
    follows_text: bool = False
    cell_width: float = 0.0
    row_height: float = 0.0
    cell_margins: Margins = Margins()
    page_margins: tuple[float, float] = (0.0, 0.0)

    @property
    def pitch(self) -> float:
        """Distance of lines."""
        return self.leading or _NATURAL * self.size


class Styles:
    """The styles of a package, and the page margins of its sections."""

    def __init__(self, members: Mapping[str, bytes]) -> None:
        styles = etree.fromstring(members["word/styles.xml"])
        self._styles = {style.get(f"{_W}styleId"): style for style in styles.iter(f"{_W}style")}
        self._defaults_by_type = {
            style.get(f"{_W}type"): name
            for name, style in self._styles.items()
            if style.get(f"{_W}default") in ("1", "true", "on")
        }
        self._defaults = styles.find(f"{_W}docDefaults")
        body = etree.fromstring(members["word/document.xml"])
        self._last = _side_margins(list(body.iter(f"{_W}pgMar"))[-1:])

    def placement(self, text: Any, value: str) -> Placement:
        """Of the `value` inside a `w:t`."""
        run = text.getparent()
        paragraph = _ancestor(text, "p")
        cell = _ancestor(paragraph, "tc")
        justification = self._value(paragraph, "jc", "val") or "left"
        rule = self._value(paragraph, "spacing", "lineRule") or "auto"
        line = float(self._value(paragraph, "spacing", "line") or 0)
        indent = (self._value(paragraph, "ind", name) for name in ("firstLineChars", "firstLine"))
        before, _, _ = _text(paragraph).partition(value)
        facts = Placement(
            align=_ALIGN.get(justification, 0),
            # 10 pt where nothing else is said: ISO/IEC 29500-1, 17.3.2.38
            size=float(self._of_run(paragraph, run, "sz", "val") or 20) / 2,
            font=self._of_run(paragraph, run, "rFonts", "eastAsia"),
            leading=0.0 if rule == "auto" else line / 20,
            is_indented=any(float(value or 0) > 0 for value in indent),
            is_justified=justification in ("both", "distribute"),
            follows_text=bool(before.strip()),
            page_margins=self._page(paragraph),
        )
        return facts if cell is None else self._in_cell(facts, cell, value)

    def _page(self, paragraph: Any) -> tuple[float, float]:
        """Left and right margin of the section that ends next, for text of the body."""
        block = next((node for node in (paragraph, *paragraph.iterancestors())
                      if (around := node.getparent()) is not None and around.tag == f"{_W}body"),
                     None)  # fmt: skip
        if block is None:
            return self._last
        blocks = (block, *block.itersiblings())
        sections = (margin for node in blocks for margin in node.iter(f"{_W}pgMar"))
        return _side_margins(list(itertools.islice(sections, 1))) or self._last

    def _in_cell(self, facts: Placement, cell: Any, value: str) -> Placement:
        row, table = _ancestor(cell, "tr"), _ancestor(cell, "tbl")
        properties = cell.find(f"{_W}tcPr")
        width, vertical, own = (
            None if properties is None else properties.find(f"{_W}{name}")
            for name in ("tcW", "vAlign", "tcMar")
        )
        heights = [_points(node, "val") for node in row.iter(f"{_W}trHeight")]
        margins = (own, *self._table_margins(table))
        return replace(
            facts,
            vertical="Top" if vertical is None else _VERTICAL.get(vertical.get(f"{_W}val"), "Top"),
            in_cell=True,
            is_alone="".join(map(_text, cell.iter(f"{_W}p"))).strip() == value,
            cell_width=0.0 if width is None else _points(width, "w"),
            row_height=heights[0] if heights else 0.0,
            cell_margins=Margins(*(
                _margin(margins, side)
                for side in ("left", "top", "right", "bottom")
            )),
        )  # fmt: skip

    def _table_margins(self, table: Any) -> Iterator[Any]:
        """The table's own cell margins, then those of its style and the styles that it is on."""
        yield table.find(f"{_W}tblPr/{_W}tblCellMar")
        named = table.find(f"{_W}tblPr/{_W}tblStyle")
        name = self._defaults_by_type.get("table") if named is None else named.get(f"{_W}val")
        for style in self._styles_from(name):
            yield style.find(f"{_W}tblPr/{_W}tblCellMar")

    def _value(self, paragraph: Any, tag: str, attribute: str) -> str:
        """A paragraph property: the paragraph's own, or else that of its style; "" for none."""
        return _first(self._chain(paragraph, "pPr"), tag, attribute)

    def _of_run(self, paragraph: Any, run: Any, tag: str, attribute: str) -> str:
        """A run property: the run's own, or else that of its paragraph's style; "" for none."""
        chain = self._chain(paragraph, "rPr")
        return _first(itertools.chain(run.iterfind(f"{_W}rPr"), chain), tag, attribute)

    def fonts(self, root: Any) -> Iterator[tuple[str, str]]:
        """Of every paragraph of a part: its text without spaces, and its first run's font."""
        for paragraph in root.iter(f"{_W}p"):
            runs = [run for run in paragraph.iter(f"{_W}r") if _text(run).strip()]
            if runs:
                font = self._of_run(paragraph, runs[0], "rFonts", "eastAsia")
                yield "".join(_text(paragraph).split()), font

    def _chain(self, paragraph: Any, tag: str) -> Iterator[Any]:
        properties = paragraph.find(f"{_W}pPr")
        named = None if properties is None else properties.find(f"{_W}pStyle")
        if tag == "pPr" and properties is not None:
            yield properties
        name = self._defaults_by_type.get("paragraph") if named is None else named.get(f"{_W}val")
        for style in self._styles_from(name):
            if (found := style.find(f"{_W}{tag}")) is not None:
                yield found
        if self._defaults is not None:
            yield from self._defaults.iter(f"{_W}{tag}")

    def _styles_from(self, name: str | None) -> Iterator[Any]:
        """A style and those that it is based on."""
        for _ in range(_DEEPEST):
            style = self._styles.get(name)
            if style is None:
                return
            yield style
            base = style.find(f"{_W}basedOn")
            name = None if base is None else base.get(f"{_W}val")


def _side_margins(found: list[Any]) -> tuple[float, float]:
    return (_points(found[0], "left"), _points(found[0], "right")) if found else (0.0, 0.0)


def _margin(margins: Iterable[Any], side: str) -> float:
    """The first that is given, of the cell, its table, the table's style."""
    given = (node for node in margins if node is not None)
    found = (found for node in given if (found := node.find(f"{_W}{side}")) is not None)
    return next((_points(node, "w") for node in found), 0.0)


def _first(chain: Iterable[Any], tag: str, attribute: str) -> str:
    """What the first properties of a chain say that say it at all."""
    nodes = (properties.find(f"{_W}{tag}") for properties in chain)
    values = (node.get(f"{_W}{attribute}") for node in nodes if node is not None)
    return str(next(filter(None, values), ""))


def _points(node: Any, attribute: str) -> float:
    """A length in twips as points."""
    return float(node.get(f"{_W}{attribute}", 0)) / 20


def _text(paragraph: Any) -> str:
    return "".join(node.text or "" for node in paragraph.iter(f"{_W}t"))


def _ancestor(node: Any, tag: str) -> Any:
    return next(node.iterancestors(f"{_W}{tag}"), None)
