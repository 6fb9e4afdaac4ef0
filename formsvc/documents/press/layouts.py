"""layout.json, what the press draws from; `formsvc template build` makes it out of form.docx.

Lengths are points, y grows downwards. `source` is the SHA-256 of form.docx. A page has its `size`,
where content begins (`top`) and ends (`bottom`, from below), `when` (a list without which it is
left out), the places of `number`, `code` and `signatures`, and `bands` from top to bottom: `items`
on a `height`, or a `table`. Items stand in reading order: a label (`lines` of texts and gaps at
`x` and the first baseline `y`), a `rule` (left, top, length), or a `field` (a pointer, and its
`box`: left, top, width, height). A table's cell is `at` row, column, rows, columns; `heads` are
rows that say what is below, `list` the rows that print a list.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from formsvc.documents.press import foreign
from formsvc.documents.press.fonts import role
from formsvc.errors import TemplateError
from formsvc.forms import Form

NAME: Final = "layout.json"


@dataclass(frozen=True, slots=True)
class Site:
    """A place for a value. `row` is shared by the places of one row of a table, 0 elsewhere;
    `grows` when the row may become higher."""

    number: int
    pointer: str
    width: float
    height: float
    size: float
    font: str
    vertical: str
    pitch: float = 0.0
    block: bool = False
    indent: bool = False
    row: int = 0
    line: int = 0
    grows: bool = False


@dataclass(frozen=True, slots=True)
class SignatureBox:
    """A place to sign: left, top, width, height."""

    name: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Page:
    """`when` is the list without which the page is left out; `sides` what is free beside it."""

    when: str
    numbered: bool
    width: float
    height: float
    sides: tuple[float, float]
    sites: tuple[Site, ...]
    signatures: tuple[SignatureBox, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """`json` is the layout for the typesetter: its fields numbered as the sites, fonts as roles."""

    source: str
    pages: tuple[Page, ...]
    pointers: frozenset[str]
    json: Mapping[str, Any]

    @property
    def has_title(self) -> bool:
        """Whether the first page has the heading that all others stand below."""
        bands = self.json["pages"][0]["bands"]
        return any("heading" in item for band in bands for item in band.get("items", ()))

    @property
    def is_foreign(self) -> bool:
        """Whether it draws an office's own pages, which PDF/A and PDF/UA do not take."""
        return "background" in self.json["pages"][0]

    def site(self, number: int) -> Site:
        """The place with a number."""
        return next(site for page in self.pages for site in page.sites if site.number == number)


@cache
def load(form: Form) -> Layout:
    """A form's layout, or that of an office's own PDF. TemplateError when it cannot be read."""
    if form.pdf_names is not None:
        return of(foreign.layout(form.pdf, form.pdf_names))
    return read(form.templates / NAME)


def read(path: Path) -> Layout:
    """A layout from a file."""
    try:
        whole = json.loads(path.read_text("utf-8"))
        return of(whole)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TemplateError(f"{path}: {error!r}; run: formsvc template build") from error


def of(whole: dict[str, Any]) -> Layout:
    """A layout from its JSON."""
    count = 0
    pages = []
    for page in whole["pages"]:
        for item in _set_in_a_font(page):
            item["font"] = role(item["font"])
        sites = []
        for number, (item, row, line, grows) in enumerate(_fields(page), count + 1):
            item["site"] = count = number
            sites.append(_site(item, row, line, grows))
        signatures = tuple(SignatureBox(at["name"], tuple(at["box"])) for at in page["signatures"])
        pages.append(Page(page.get("when", ""), "number" in page, page["size"][0], page["size"][1],
                          _sides(page), tuple(sites), signatures))  # fmt: skip
    pointers = frozenset(site.pointer for page in pages for site in page.sites)
    return Layout(whole["source"], tuple(pages), pointers, whole)


def _site(item: Mapping[str, Any], row: int, line: int, grows: bool) -> Site:
    _, _, width, height = item["box"]
    return Site(
        item["site"], item["field"], width, height, item["size"], item["font"], item["vertical"],
        item.get("pitch", 0.0), item.get("block", False), item.get("indent", False),
        row, line, grows,
    )  # fmt: skip


def _fields(page: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], int, int, bool]]:
    """Every field with its row (counted over the page's tables), row in its table, growth."""
    above = 0
    for band in page["bands"]:
        for item in band.get("items", ()):
            if "field" in item:
                yield item, 0, 0, False
        table = band.get("table")
        if table:
            lists = table.get("list", {"first": 0, "last": -1})
            for cell in table["cells"]:
                row, _, rows, _ = cell["at"]
                grows = lists["first"] <= row <= lists["last"] and rows == 1
                for item in cell["items"]:
                    if "field" in item:
                        yield item, above + row + 1, row, grows
            above += len(table["rows"])


def _set_in_a_font(page: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if "number" in page:
        yield page["number"]
    for band in page["bands"]:
        for cell in band["table"]["cells"] if "table" in band else [band]:
            yield from (item for item in cell["items"] if "font" in item)


def _sides(page: Mapping[str, Any]) -> tuple[float, float]:
    """What is free left and right of a page's widest table, or of a page without one."""
    width = page["size"][0]
    edges = [
        (band["table"]["x"], width - band["table"]["x"] - sum(band["table"]["columns"]))
        for band in page["bands"]
        if "table" in band
    ]
    return min(edges, default=(72.0, 72.0))
