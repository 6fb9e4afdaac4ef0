"""Rows of a drawn table that a paper has more or fewer of: those of a list, and heads of others."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from formsvc.errors import TemplateError
from formsvc.forms import Form

Cells = list[dict[str, Any]]


def of_list(form: Form, cells: Iterable[Mapping[str, Any]]) -> tuple[str, list[int]]:
    """The list that a table prints, and the rows that print its rows; "" where it prints none."""
    found: dict[int, tuple[str, str]] = {}
    for cell in cells:
        for item in cell["items"]:
            array, row = _row(form, item.get("field", ""))
            if array:
                found[cell["at"][0]] = (array, row)
    lists = {array for array, _ in found.values()}
    if len(lists) > 1:
        raise TemplateError(f"{form.docx}: one table prints {' and '.join(sorted(lists))}")
    name = lists.pop() if lists else ""
    if name and len(found) != form.blank_rows[name]:
        raise TemplateError(
            f"{form.docx}: the {form.blank_rows[name]} empty rows of {name} do not stand on one"
            " page; give it fewer in [rows] of form.toml"
        )
    return name, sorted(found)


def once(form: Form, cells: Cells, rows: Sequence[int]) -> Cells:
    """The cells with the first of some rows only, which then stands for any row."""
    first, dropped = rows[0], len(rows) - 1
    kept = []
    for cell in cells:
        row, column, height, width = cell["at"]
        if row < first < row + height or (row in rows and height > 1):
            raise TemplateError(
                f"{form.docx}: a cell spans several rows of {_row(form, _field(cells, first))[0]}"
            )
        if row in rows[1:]:
            continue
        if row > rows[-1]:
            kept.append({**cell, "at": [row - dropped, column, height, width]})
        elif row == first:
            kept.append({**cell, "items": [_for_any(form, item) for item in cell["items"]]})
        else:
            kept.append(cell)
    return kept


def heads(cells: Sequence[dict[str, Any]], columns: int, listed: int) -> list[dict[str, Any]]:
    """Rows that say what stands below: labels across the table, and the rows above a list, whose
    row is `listed`, 0 for none."""
    found: list[dict[str, Any]] = []
    above = listed
    while above and all(_is_label(cell) for cell in cells if cell["at"][0] == above - 1):
        above -= 1
    for row in range(above if listed else _count(cells)):
        own = [cell for cell in cells if cell["at"][0] == row]
        whole = sum(cell["at"][3] for cell in own) == columns
        if whole and len(own) == 1 and _is_head(own[0]):
            found.append({"row": row, "repeat": False})
    if above < listed:
        found.append({"row": above, "rows": listed - above, "repeat": True})
    for row in range(listed + 1, _count(cells) if listed else 0):
        own = [cell for cell in cells if cell["at"][0] == row]
        whole = sum(cell["at"][3] for cell in own) == columns
        if whole and len(own) == 1 and _is_head(own[0]):
            found.append({"row": row, "repeat": False})
    return found


def _count(cells: Sequence[Mapping[str, Any]]) -> int:
    last: int = max(cell["at"][0] for cell in cells)
    return last + 1


def _is_head(cell: Mapping[str, Any]) -> bool:
    """Whether a cell of one row holds one line of a label and nothing else."""
    items = cell["items"]
    return cell["at"][2] == 1 and len(items) == 1 and len(items[0].get("lines", ())) == 1


def _is_label(cell: Mapping[str, Any]) -> bool:
    return all("lines" in item for item in cell["items"])


def _field(cells: Sequence[Mapping[str, Any]], row: int) -> str:
    own = (item for cell in cells if cell["at"][0] == row for item in cell["items"])
    return str(next(item["field"] for item in own if "field" in item))


def _row(form: Form, pointer: str) -> tuple[str, str]:
    """The list and the row that a pointer names: `/a/3/b` is ("/a", "3")."""
    for array in form.lists:
        if pointer.startswith(f"{array}/"):
            return array, pointer.removeprefix(f"{array}/").partition("/")[0]
    return "", ""


def _for_any(form: Form, item: dict[str, Any]) -> dict[str, Any]:
    array, row = _row(form, item.get("field", ""))
    if not array:
        return item
    return {**item, "field": item["field"].replace(f"{array}/{row}/", f"{array}/*/", 1)}
