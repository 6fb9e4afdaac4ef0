"""A layout as a submission has it: with as many rows as its lists have, and the parts of the paper
that are there."""

import copy
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, Final

from formsvc.documents.press import layouts
from formsvc.documents.press.layouts import Layout
from formsvc.documents.printing import Values
from formsvc.forms import Form

# What varies, and how much of it there is: rows of a list, else 1 for what is there.
Shape = tuple[tuple[str, int], ...]

_NUMBER: Final = "/*/#"
_MIDDLE: Final = 0.38  # of the size, from the baseline up to the middle of a character
_KEPT: Final = 32  # shapes: most submissions of a form have few rows, and so one of a few shapes


def shaped(form: Form, values: Values) -> tuple[str, Layout]:
    """The layout for printed values, and a name that tells it from those of other shapes."""
    shape = tuple(
        (name, int(values.get(name) or 0) if name in form.lists else int(bool(values.get(name))))
        for name in _varying(form)
    )
    if not shape:
        return form.id, layouts.load(form)
    return f"{form.id} {shape}", _shaped(form, shape)


@cache
def _varying(form: Form) -> tuple[str, ...]:
    """Lists, and whatever else a condition of the layout asks for."""
    found: dict[str, None] = {}
    for page in layouts.raw(form)["pages"]:
        for band in page["bands"]:
            table = band.get("table", {})
            names = [band.get("when", ""), *table.get("parts", ())]
            names.append(table.get("list", {}).get("name", ""))
            found |= dict.fromkeys(filter(None, names))
    return tuple(found)


@lru_cache(_KEPT)
def _shaped(form: Form, shape: Shape) -> Layout:
    raw, given = layouts.raw(form), dict(shape)
    pages = [{**page, **_page(page, given)} for page in raw["pages"]]
    return layouts.of({**copy.deepcopy({**raw, "pages": []}), "pages": pages})


def _page(page: Mapping[str, Any], given: Mapping[str, int]) -> dict[str, Any]:
    """What differs: bands, places to sign, and whether there is more than the page has room for."""
    bands: list[dict[str, Any]] = []
    signatures: list[dict[str, Any]] = []
    flows, before, after = False, page["top"], page["top"]
    for band in page["bands"]:
        is_there = not band.get("when") or given[band["when"]]
        table = band.get("table", {"rows": [band.get("height", 0.0)]})
        counts = _counts(table, given) if is_there else [0] * len(table["rows"])
        for height, now, was in zip(table["rows"], counts, _drawn(table), strict=True):
            if now:
                bottom = before + height * was
                signatures += _moved(page["signatures"], before, bottom, after - before)
            before, after = before + height * was, after + height * now
            flows = flows or now > was
        if is_there and "table" in band:
            bands.append({**band, "table": _table(table, counts)})
        elif is_there:
            bands.append(copy.deepcopy(band))
    number = {"number": dict(page["number"])} if "number" in page else {}
    return {"bands": bands, "signatures": signatures, "flows": flows, **number}


def _drawn(table: Mapping[str, Any]) -> list[int]:
    """How many rows a form is drawn with for each of its layout's: a list has its empty ones."""
    drawn = [1] * len(table["rows"])
    if listed := table.get("list"):
        drawn[listed["row"]] = listed["blank"]
    return drawn


def _moved(
    places: list[dict[str, Any]], top: float, bottom: float, by: float
) -> Iterator[dict[str, Any]]:
    """The places to sign whose middle is between two heights, moved down."""
    for place in places:
        left, high, width, tall = place["box"]
        if top <= high + tall / 2 < bottom:
            x, y = place.get("at", (0.0, 0.0))
            box = [left, round(high + by, 2), width, tall]
            yield {**place, "box": box, "at": [x, round(y + by, 2)]}


def _counts(table: Mapping[str, Any], given: Mapping[str, int]) -> list[int]:
    """How many rows there are for each of a layout's."""
    parts = table.get("parts", [""] * len(table["rows"]))
    counts = [given[part] and 1 if part else 1 for part in parts]
    if listed := table.get("list"):
        counts[listed["row"]] *= given[listed["name"]]
    return counts


def _table(table: Mapping[str, Any], counts: list[int]) -> dict[str, Any]:
    starts = [sum(counts[:row]) for row in range(len(counts) + 1)]
    whole = dict(table)
    whole["rows"] = [
        height for height, count in zip(table["rows"], counts, strict=True) for _ in range(count)
    ]
    whole["heads"] = [
        {**head, "row": starts[head["row"]]} for head in table["heads"] if counts[head["row"]]
    ]
    if listed := table.get("list"):
        whole["list"] = {**listed, "row": starts[listed["row"]], "count": counts[listed["row"]]}
    cells = []
    for cell in table["cells"]:
        row, column, rows, columns = cell["at"]
        span = 1 if rows == 1 else starts[row + rows] - starts[row]
        for each in range(counts[row]):
            at = [starts[row] + each, column, span, columns]
            cells.append({"at": at, "items": list(_items(cell["items"], each))})
    whole["cells"] = sorted(cells, key=lambda cell: cell["at"][:2])
    return whole


def _items(items: list[dict[str, Any]], row: int) -> Iterator[dict[str, Any]]:
    """Those of a cell in a row of its list."""
    for item in items:
        pointer = item.get("field", "")
        if pointer.endswith(_NUMBER):
            yield _number(item, row + 1)
        elif pointer:
            yield {**item, "field": pointer.replace("/*/", f"/{row}/", 1)}
        else:
            yield copy.deepcopy(item)


def _number(item: Mapping[str, Any], number: int) -> dict[str, Any]:
    """A running number as a label."""
    left, top, width, height = item["box"]
    size = item["size"]
    return {
        "x": round(left + width / 2, 2), "y": round(top + height / 2 + _MIDDLE * size, 2),
        "size": size, "font": item["font"], "lines": [[str(number)]], "align": "center",
    }  # fmt: skip
