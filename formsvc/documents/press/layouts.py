"""layout.json, what the press draws from; `formsvc template build` makes it out of form.docx.

Lengths are points, y grows downwards. `source` is the SHA-256 of form.docx. A page has its `size`,
where content begins (`top`) and ends (`bottom`, from below), `when` (a condition without which it
is left out: what has to be given, or a [[part]] of form.toml), the places of `number`, `code` and
`signatures`, and `bands` from top to bottom: `items` on a `height`, or a `table`, with a `when` of
their own. Items stand in reading order: a label (`lines` of texts and gaps at
`x` and the first baseline `y`), a `rule` (left, top, length), or a `field` (a pointer, and its
`box`: left, top, width, height). A table's cell is `at` row, column, rows, columns; `heads` are
rows that say what is below, `parts` the condition of every row, and the row of a `list` stands for
all of its rows: its fields have `*`, and `/#` where the running number stands.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from formsvc.documents.press.fonts import role
from formsvc.errors import TemplateError
from formsvc.forms import Form

NAME: Final = "layout.json"
_GROWN: Final = 5.0  # above and below what stands in a row that has grown; 4 and a line


@dataclass(frozen=True, slots=True)
class Site:
    """A place for a value. `row` is shared by the places of one row of a table, 0 elsewhere;
    `most` is how high the row may become, 0 where it does not grow, `when` its condition."""

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
    most: float = 0.0
    when: str = ""


@dataclass(frozen=True, slots=True)
class SignatureBox:
    """A place to sign: left, top, width, height; and the label that it is beside, with the left of
    its first character and its baseline."""

    name: str
    box: tuple[float, float, float, float]
    label: str = ""
    at: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Page:
    """`when` is the condition without which the page is left out; `sides` what is free beside it;
    `flows` when it has more rows than the form was drawn with."""

    when: str
    numbered: bool
    width: float
    height: float
    sides: tuple[float, float]
    sites: tuple[Site, ...]
    signatures: tuple[SignatureBox, ...]
    flows: bool = False


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
        """The place with a number; they are counted from 1."""
        for page in self.pages:
            if page.sites and number <= page.sites[-1].number:
                return page.sites[number - page.sites[0].number]
        raise KeyError(number)

    @property
    def owner(self) -> str:
        """The pointer of what the foot of each page names; "" where that is the form's person."""
        numbers = (page.get("number", {}) for page in self.json["pages"])
        return next((str(number["owner"]) for number in numbers if "owner" in number), "")


@cache
def load(form: Form) -> Layout:
    """A form's layout, or that of an office's own PDF. TemplateError when it cannot be read."""
    return _of(form.templates / NAME, _whole(form))


@cache
def raw(form: Form) -> dict[str, Any]:
    """What `load` reads, as JSON, never changed. TemplateError when it cannot be read."""
    return _whole(form)


def _whole(form: Form) -> dict[str, Any]:
    """A layout's JSON, for its taker to change: read anew, which is faster than a deep copy."""
    if form.pdf_names is not None:
        from formsvc.documents.press import foreign  # noqa: PLC0415  # for an office's own PDF

        return foreign.layout(form.pdf, form.pdf_names)
    return _json(form.templates / NAME)


def pages(form: Form) -> int:
    """How many pages a form has that was built from its DOCX; 0 for another one."""
    is_built = form.pdf_names is None and (form.templates / NAME).is_file()
    return len(load(form).pages) if is_built else 0


def read(path: Path) -> Layout:
    """A layout from a file."""
    return _of(path, _json(path))


def _json(path: Path) -> dict[str, Any]:
    try:
        whole: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return whole
    except (OSError, ValueError) as error:
        raise TemplateError(f"{path}: {error!r}; run: formsvc template build") from error


def _of(path: Path, whole: dict[str, Any]) -> Layout:
    try:
        return of(whole)
    except (ValueError, KeyError, TypeError) as error:
        raise TemplateError(f"{path}: {error!r}; run: formsvc template build") from error


def of(whole: dict[str, Any]) -> Layout:
    """A layout from its JSON."""
    count = 0
    pages = []
    for page in whole["pages"]:
        for item in _set_in_a_font(page):
            item["font"] = role(item["font"])
        sites = []
        for number, (item, facts) in enumerate(_fields(page), count + 1):
            item["site"] = count = number
            sites.append(_site(item, facts))
        signatures = tuple(
            SignatureBox(place["name"], tuple(place["box"]), place.get("label", ""),
                         tuple(place.get("at", (0.0, 0.0))))
            for place in page["signatures"]
        )  # fmt: skip
        flows = page.get("flows", False)
        pages.append(Page(page.get("when", ""), "number" in page, page["size"][0], page["size"][1],
                          _sides(page), tuple(sites), signatures, flows))  # fmt: skip
    pointers = frozenset(site.pointer for page in pages for site in page.sites)
    return Layout(whole["source"], tuple(pages), pointers, whole)


def _site(item: Mapping[str, Any], facts: Mapping[str, Any]) -> Site:
    _, _, width, height = item["box"]
    return Site(
        item["site"], item["field"], width, height, item["size"], item["font"], item["vertical"],
        item.get("pitch", 0.0), item.get("block", False), item.get("indent", False), **facts,
    )  # fmt: skip


def _fields(page: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every field with its row (counted over the page's tables), growth and condition."""
    above = 0
    for band in page["bands"]:
        when = band.get("when", page.get("when", ""))
        for item in band.get("items", ()):
            if "field" in item:
                yield item, {"when": when}
        table = band.get("table")
        if table:
            table["above"] = above
            parts = table.get("parts", [""] * len(table["rows"]))
            listed = table.get("list", {"row": 0, "count": 0})
            rows = range(listed["row"], listed["row"] + listed.get("count", 1))
            for cell in table["cells"]:
                row = cell["at"][0]
                facts = {
                    "row": above + row + 1,
                    "most": _most(page, table) if row in rows else 0.0,
                    "when": (parts[row] if row < len(parts) else "") or when,
                }
                for item in cell["items"]:
                    if "field" in item:
                        yield item, facts
            above += len(table["rows"])


def _most(page: Mapping[str, Any], table: Mapping[str, Any]) -> float:
    """How high a row may become: a page without the table's repeated heads."""
    heads = (table["rows"][head["row"] : head["row"] + head.get("rows", 1)]
             for head in table["heads"] if head["repeat"])  # fmt: skip
    room: float = page["size"][1] - page["top"] - page["bottom"] - sum(map(sum, heads))
    return max(0.0, room - 2 * _GROWN)


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
