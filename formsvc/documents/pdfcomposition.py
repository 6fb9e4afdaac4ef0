"""Which text stands where on which page of a filled template, before anything is written.

Lengths are points (1 pt = 1/72 in), y grows upwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from formsvc.documents.fonts import FontSet
from formsvc.documents.pdftemplate import A4, CODE_FIELD, PAGE_FIELD, Field, Page
from formsvc.documents.textstyle import Align
from formsvc.documents.typesetting import EM_MIDDLE, Layout, NoGlyphError, Typesetter

CONTINUED = "（续见附页）"
_SHEET_MARGIN = 72.0
_HEADING_SIZE, _NAME_SIZE, _HEADING_HEIGHT = 16.0, 12.0, 60.0
_CODE_FIELDS = frozenset({PAGE_FIELD, CODE_FIELD})


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a value cannot be printed: ``excess`` too many by count, or ``missing`` characters."""

    field: str
    excess: int = 0
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A layout whose box has its lower left corner at ``x``, ``y``."""

    layout: Layout
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page to print; a 附页 has nothing of its template page but the footer."""

    page: Page
    texts: tuple[Placed, ...]
    is_extra: bool = False


@dataclass(frozen=True, slots=True)
class Composition:
    sheets: tuple[Sheet, ...]
    problems: tuple[Problem, ...]


class Composer:
    """Lays out values. ``overflow``: field → label where a 附页 may follow; ``optional``: page
    index → pointer without whose values the page is left out; ``count`` counts 字."""

    def __init__(
        self,
        pages: Sequence[Page],
        fonts: FontSet,
        overflow: Mapping[str, str],
        optional: Mapping[int, str],
        count: Callable[[str], int],
    ) -> None:
        self._pages = pages
        self._fonts = fonts
        self.setter = Typesetter(fonts)
        self._overflow = overflow
        self._optional = optional
        self._count = count

    def compose(self, values: Mapping[str, str], owner: str) -> Composition:
        """All sheets in order, extra sheets last; or the problems that stand in the way."""
        try:
            return self._composed(values, owner)
        except NoGlyphError:
            return Composition((), tuple(self._missing({**values, "": owner})))

    def _missing(self, values: Mapping[str, str]) -> Iterator[Problem]:
        for name, text in values.items():
            missing = self._fonts.missing(text)
            if missing:
                yield Problem(name, missing=tuple(dict.fromkeys(lack.text for lack in missing)))

    def _composed(self, values: Mapping[str, str], owner: str) -> Composition:
        sheets: list[Sheet] = []
        problems: list[Problem] = []
        left: dict[str, tuple[Field, Layout]] = {}
        for index, page in enumerate(self._pages):
            if self._is_wanted(index, values):
                texts = [
                    placed
                    for field in page.fields
                    for placed in self._place(field, values.get(field.name, ""), left)
                ]
                sheets.append(Sheet(page, tuple(texts)))
        for field, layout in left.values():
            if field.name in self._overflow:
                sheets.extend(self._extra_sheets(field, layout, owner))
            else:
                problems.append(Problem(field.name, max(1, self._count(layout.rest))))
        return Composition(tuple(sheets), tuple(problems))

    def _is_wanted(self, index: int, values: Mapping[str, str]) -> bool:
        pointer = self._optional.get(index)
        if pointer is None:
            return True
        return any(
            text
            for name, text in values.items()
            if name == pointer or name.startswith(f"{pointer}/")
        )

    def _place(
        self, field: Field, text: str, left: dict[str, tuple[Field, Layout]]
    ) -> Iterator[Placed]:
        """The text in its box; what does not fit is noted in ``left``."""
        if not text or field.name in _CODE_FIELDS:
            return
        rect, style = field.rect, field.style
        layout = self.setter.layout(text, rect.width, rect.height, style)
        if not layout.rest:
            yield Placed(layout, rect.left, rect.bottom)
            return
        if field.name in self._overflow:
            pitch = layout.size * style.leading
            room = rect.height - pitch
            layout = self.setter.layout(text, rect.width, room, style)
            yield Placed(layout, rect.left, rect.bottom + pitch)
            end = self.setter.line(
                CONTINUED,
                rect.width - style.padding,
                pitch / 2 - EM_MIDDLE * layout.size,
                layout.size,
                Align.RIGHT,
            )
            yield Placed(Layout(layout.size, (end,)), rect.left, rect.bottom)
        if field.name not in left or len(layout.rest) > len(left[field.name][1].rest):
            left[field.name] = field, layout

    def _extra_sheets(self, field: Field, layout: Layout, owner: str) -> Iterator[Sheet]:
        page = self._pages[field.page]
        left, right = _margins(page)
        bottom = A4[1] + _SHEET_MARGIN
        top = A4[3] - _SHEET_MARGIN - _HEADING_HEIGHT
        style = replace(field.style, padding=0.0, align=Align.LEFT)
        heading = self._heading(self._overflow[field.name], owner, left, right)
        blank = replace(page, box=A4)
        for part in self.setter.flow(
            layout.rest, right - left, top - bottom, style, layout.goes_on
        ):
            yield Sheet(blank, (*heading, Placed(part, left, bottom)), is_extra=True)

    def _heading(self, label: str, owner: str, left: float, right: float) -> tuple[Placed, Placed]:
        y = A4[3] - _SHEET_MARGIN - _HEADING_SIZE
        title = self.setter.line(
            f"{label}（附页）", (left + right) / 2, y, _HEADING_SIZE, Align.CENTRE
        )
        name = self.setter.line(
            f"姓名：{owner}" if owner else "", left, y - 2 * _NAME_SIZE, _NAME_SIZE
        )
        return (
            Placed(Layout(_HEADING_SIZE, (title,)), 0.0, 0.0),
            Placed(Layout(_NAME_SIZE, (name,)), 0.0, 0.0),
        )


def _margins(page: Page) -> tuple[float, float]:
    """Left and right edge of what is printed on a page, so that its 附页 looks like it."""
    rects = [field.rect for field in page.fields]
    return min(rect.left for rect in rects), max(rect.right for rect in rects)
