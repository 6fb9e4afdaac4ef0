"""A submission as the sheets that are printed: which pages, what stands on them, what does not fit.

Everything is decided here, before anything is drawn.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from formsvc.documents.headers import code_picture
from formsvc.documents.press.fitting import FLOOR, Fitter, Setting, capacity
from formsvc.documents.press.layouts import Layout, Page, Site
from formsvc.documents.proof.marks import Code

# Page and pages → what proves the page.
CodeFor = Callable[[int, int], Code]

CONTINUED: Final = "（续见附页）"
# Of a 附页, in points from its edges: below its head, above the page number. As in program.typ.
TOP: Final = 132.0
BOTTOM: Final = 72.0
HEAD: Final = 52.0  # what stands between one text on a 附页 and the next one, with that one's title
_FEWEST: Final = 4  # lines of a text that begins below another one


@dataclass(frozen=True, slots=True)
class Extra:
    """What stands on a 附页 at `top`, and the page that it follows; short texts share a sheet."""

    site: Site
    page: int
    setting: Setting
    inside: bool
    first: bool
    cut: bool
    top: float
    height: float

    @property
    def opens(self) -> bool:
        """Whether it is the first on its sheet."""
        return self.top == TOP


@dataclass(frozen=True, slots=True)
class Sheets:
    """One document: its pages by their number in the layout, and the settings by their site.

    `cut` are the sites whose text goes on on an `extra`; `overflowing` those whose text does not
    fit, with the end that is too much.
    """

    pages: tuple[int, ...]
    settings: Mapping[int, Setting]
    extras: tuple[Extra, ...]
    cut: Mapping[int, bool]
    overflowing: tuple[tuple[Site, str], ...]
    flows: bool = False

    @property
    def has_grown(self) -> bool:
        """Whether there are more rows than the form has, or a higher one, so that there may be
        more pages."""
        return self.flows or any(setting.grown for setting in self.settings.values())

    @property
    def count(self) -> int:
        return len(self.pages) + sum(extra.opens for extra in self.extras)


def compose(
    layout: Layout, values: Mapping[str, str], fitter: Fitter, continues: Callable[[str], bool]
) -> Sheets:
    """Lay out values; `continues` tells the pointers that may go on on a 附页."""
    wanted = [number for number, page in enumerate(layout.pages) if _is_wanted(page, values)]
    settings: dict[int, Setting] = {}
    extras: list[Extra] = []
    cut: dict[int, bool] = {}
    overflowing = []
    for number in wanted:
        page = layout.pages[number]
        for site in page.sites:
            if not (text := values.get(site.pointer)):
                continue
            setting = fitter.fit(site, text)
            if not setting.fits and continues(site.pointer):
                top = _below(extras[-1], layout, page) if extras else TOP
                setting, is_cut, more = _continued(site, setting, number, page, fitter, top)
                extras += more
                cut[site.number] = is_cut
            elif not setting.fits:
                overflowing.append((site, fitter.excess(site, setting)))
            settings[site.number] = setting
        level(page, settings)
    flows = any(layout.pages[number].flows for number in wanted)
    return Sheets(tuple(wanted), settings, tuple(extras), cut, tuple(overflowing), flows)


def _is_wanted(page: Page, values: Mapping[str, str]) -> bool:
    return not page.when or bool(values.get(page.when))


def _below(above: Extra, layout: Layout, page: Page) -> float:
    """Where a further text may begin on the sheet of the last one, if that is as wide and high."""
    last = layout.pages[above.page]
    is_alike = (last.width, last.height, last.sides) == (page.width, page.height, page.sides)
    return above.top + above.height + HEAD if is_alike else TOP


def _continued(
    site: Site, setting: Setting, number: int, page: Page, fitter: Fitter, top: float
) -> tuple[Setting, bool, list[Extra]]:
    """What stays, with a line less for the hint; whether it ends inside a paragraph; the 附页, the
    first text of which begins at `top`, if that leaves room."""
    room = max(0, capacity(site, setting.size, setting.pitch) - 1)
    kept, rest, inside = fitter.cut(site, setting, room, site.width)
    extras: list[Extra] = []
    wide = replace(site, vertical="top")
    width = _width(page)
    goes_on = inside
    while rest.texts:
        sheet = replace(wide, height=page.height - top - BOTTOM, block=True)
        lines = capacity(sheet, setting.size, setting.pitch)
        if lines < _FEWEST and top != TOP:
            top = TOP
            continue
        begins = goes_on
        part, rest, goes_on = fitter.cut(wide, rest, lines, width)
        height = fitter.lines(replace(wide, width=width), part) * part.pitch
        extras.append(Extra(wide, number, part, begins, not extras, goes_on, top, height))
        top = TOP
    return replace(kept, fits=True), inside, extras


def _width(page: Page) -> float:
    """Of the text on a 附页; the typesetter keeps a field's padding clear."""
    return page.width - sum(page.sides) + 4.0


def level(page: Page, settings: dict[int, Setting]) -> None:
    """One size for the values of a row that are set in one line; what wraps is by itself."""
    rows: dict[int, list[Site]] = {}
    for site in page.sites:
        setting = settings.get(site.number)
        if site.row and not site.block and setting and setting.size >= FLOOR:
            rows.setdefault(site.row, []).append(site)
    for sites in rows.values():
        size = min(settings[site.number].size for site in sites)
        for site in sites:
            setting = settings[site.number]
            if setting.size > size:
                settings[site.number] = replace(
                    setting, size=size, pitch=setting.pitch * size / setting.size
                )


def drawn(
    sheets: Sheets,
    layout: Layout,
    fitter: Fitter,
    *,
    code: CodeFor,
    heading: Callable[[str], str],
    owner: str,
) -> dict[str, Any]:
    """Sheets and values as program.typ takes them; `heading` names a field for its 附页."""
    values: dict[int, dict[str, Any]] = {}
    for number, setting in sheets.settings.items():
        value = fitter.value(layout.site(number), setting)
        if number in sheets.cut:
            value |= {"cut": sheets.cut[number], "more": CONTINUED}
        values[number] = value
    whole: list[dict[str, Any]] = []
    for page in sheets.pages:
        grown = {
            site.row
            for site in layout.pages[page].sites
            if (found := sheets.settings.get(site.number)) and found.grown
        }
        own = {str(site.number): values[site.number] for site in layout.pages[page].sites
               if site.number in values}  # fmt: skip
        flows = layout.pages[page].flows or bool(grown)
        whole.append({"page": page, "grown": sorted(grown), "flows": flows, "values": own})
    for extra in sheets.extras:
        left, right = layout.pages[extra.page].sides
        site = replace(extra.site, width=_width(layout.pages[extra.page]))
        value = fitter.value(site, extra.setting) | {"inside": extra.inside, "cut": extra.cut}
        style = {"font": site.font, "indent": site.indent, "justify": True}
        text = {
            "pointer": site.pointer, "first": extra.first, "top": extra.top,
            "title": f"{heading(site.pointer)}（附页）",
            "level": 2 if layout.has_title else 1, "style": style, "value": value,
        }  # fmt: skip
        if not extra.opens:
            whole[-1]["below"].append(text)
            continue
        whole.append({
            **text, "page": extra.page, "owner": f"姓名：{owner}" if owner else "",
            "left": left, "right": right, "below": [],
        })  # fmt: skip
    for number, sheet in enumerate(whole, 1):
        numbered = layout.pages[sheet["page"]].numbered
        sheet.update(_edge(number, sheets.count, owner if numbered else None, code))
    return {"sheets": whole, "flow": None}


def flowing(document: dict[str, Any], count: int, owner: str, code: CodeFor) -> dict[str, Any]:
    """A document of `count` pages, more than it has sheets: every page is numbered as it comes."""
    edges = [_edge(number, count, owner, code) for number in range(1, count + 1)]
    return {**document, "flow": edges}


def _edge(number: int, count: int, owner: str | None, code: CodeFor) -> dict[str, Any]:
    """A page's number, as in the DOCX with the person's name, and its proof code."""
    own = code(number, count)
    return {
        "number": None if owner is None else f"{owner}　第 {number} 页 共 {count} 页",
        "code": {"lines": own.text.split("\n"), "picture": list(code_picture(own.modules))},
    }
