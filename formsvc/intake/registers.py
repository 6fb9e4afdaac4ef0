"""An office's list of its people, XLSX or CSV → the register that rules look people up in.

The headings stand in programme.toml. A list with a fault is refused whole, each fault with its row
and column: what is not on the list counts against somebody.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import jiter

from formsvc.checks import formats
from formsvc.checks.register import Register, Registered
from formsvc.errors import UnreadableDocument
from formsvc.forms import Programme
from formsvc.intake import tables
from formsvc.writing import written
from formsvc.writing.masking import masked
from formsvc.writing.notation import identity_code
from formsvc.writing.texts import clean

SUFFIXES: Final = tables.SUFFIXES
_SHOWN: Final = 20
_IGNORED: Final = re.compile(r"[\s　：:（）()*＊]")
_DAY: Final = re.compile(r"[0-9]{4}[-./年][0-9]{1,2}([-./月][0-9]{1,2}日?)?")

Headings = Mapping[str, Sequence[str]]


def headings(programmes: Iterable[Programme]) -> dict[str, tuple[str, ...]]:
    """What the columns are called: attribute of Registered → headings, of all programmes."""
    found: dict[str, dict[str, None]] = {}
    for programme in programmes:
        for attribute, names in programme.register.items():
            found.setdefault(attribute, {}).update(dict.fromkeys(names))
    return {attribute: tuple(names) for attribute, names in found.items()}


def load(paths: Iterable[str], programmes: Iterable[Programme]) -> Register | None:
    """The people of several files as one register; None when there is no file. Raises OSError."""
    known = headings(programmes)
    lists = [read(Path(path).read_bytes(), path, known) for path in paths]
    return joined(lists) if lists else None


def joined(lists: Iterable[Register]) -> Register:
    """Several lists as one."""
    return Register(tuple(person for each in lists for person in each.people))


def read(content: bytes, name: str, known: Headings) -> Register:
    """The people in one file. Its columns are found by their headings, whatever their order.

    Raises UnreadableDocument (Chinese) when it cannot be read, and for its faults: the first of
    them, each with row and column. The file is parsed in a process of its own.
    """
    shown = clean(name)
    if not name.lower().endswith(SUFFIXES):
        raise UnreadableDocument(f"{shown}：名册应为 {'、'.join(SUFFIXES)} 之一。")
    try:
        rows = [*tables.rows(content, name)]
    except UnreadableDocument as refusal:
        raise UnreadableDocument(f"{shown}：{refusal}") from None
    reader = _Reader(shown, known)
    for title, sheet in groupby(rows, key=itemgetter(0)):
        reader.add(f" 工作表“{clean(title)}”" if title else "", [*sheet])
    return reader.register()


def packed(register: Register | None) -> bytes:
    """A register as bytes that are quick to send to another process; b"" for none."""
    if register is None:
        return b""
    return json.dumps([astuple(person) for person in register.people]).encode()


@lru_cache(4)
def unpacked(content: bytes) -> Register | None:
    """What `packed` gave."""
    if not content:
        return None
    return Register(tuple(Registered(*person) for person in jiter.from_json(content)))


class _Reader:
    """Collects people and faults over the sheets of one file."""

    def __init__(self, name: str, known: Headings) -> None:
        self._name = name
        self._known = known
        self._people: list[Registered] = []
        self._faults: list[str] = []
        self._places: dict[str, str] = {}
        self._headed = False

    def add(self, sheet: str, rows: Sequence[Any]) -> None:
        """A sheet; one without the headings of a register is passed over."""
        for at, (_, number, row) in enumerate(rows[: tables.HEAD_WITHIN]):
            columns = self._columns(row, f"{sheet}第 {number} 行")
            if "name" in columns:
                self._headed = True
                for _, line, cells in rows[at + 1 :]:
                    self._add(columns, cells, f"{sheet}第 {line} 行")
                return

    def register(self) -> Register:
        wanted = "、".join(f"“{names[0]}”" for names in self._known.values())
        if not self._headed:
            first = self._known.get("name", ("",))[0]
            message = f"没有“{first}”这一列；名册的列名应为{wanted}，次序不限。"
            raise UnreadableDocument(f"{self._name}：{message}")
        if not self._people and not self._faults:
            raise UnreadableDocument(f"{self._name}：名册里没有人。")
        if self._faults:
            more = len(self._faults) - _SHOWN
            rest = f"\n  另有 {more:,} 处。" if more > 0 else ""
            listed = "".join(f"\n  {fault}" for fault in self._faults[:_SHOWN])
            raise UnreadableDocument(f"{self._name}：名册有误，没有使用。{listed}{rest}")
        return Register(tuple(self._people))

    def _columns(self, row: Sequence[Any], place: str) -> dict[str, tuple[int, str]]:
        """Attribute → (column, its heading as it stands)."""
        found: dict[str, tuple[int, str]] = {}
        for at, cell in enumerate(row):
            heading = _IGNORED.sub("", cell) if isinstance(cell, str) else ""
            attribute = self._attribute(heading) if heading else None
            if attribute in found:
                twice = f"“{found[attribute][1]}”和“{clean(str(cell))}”是同一项，请只留一列。"
                self._faults.append(f"{place}：{twice}")
            elif attribute:
                found[attribute] = (at, clean(str(cell)).strip())
        return found if "name" in found else {}

    def _attribute(self, heading: str) -> str | None:
        for attribute, names in self._known.items():
            if any(heading == _IGNORED.sub("", name) for name in names):
                return attribute
        return None

    def _add(
        self, columns: Mapping[str, tuple[int, str]], cells: Sequence[Any], place: str
    ) -> None:
        given: dict[str, Any] = {}
        for attribute, (at, heading) in columns.items():
            cell = tables.plain(cells[at]) if at < len(cells) else None
            if cell is None or str(cell).strip() == "":
                continue
            value, fault = _READ[attribute](cell)
            if fault:
                self._faults.append(f"{place}“{heading}”：{masked(fault)}。")
            given[attribute] = value
        if not given:
            return
        if "name" not in given:
            self._faults.append(f"{place}“{columns['name'][1]}”：没有填写。")
        elif code := given.get("id_number"):
            if before := self._places.get(code):
                said = f"与{before}相同，请只留一行"
                self._faults.append(f"{place}“{columns['id_number'][1]}”：{said}。")
            self._places.setdefault(code, place.strip())
        self._people.append(Registered(**{"name": "", **given}))


# Cells → values: each reader gives the value and what is wrong with it, "" for nothing.


def _text(cell: Any) -> tuple[str, str]:
    return clean(str(cell)).strip(), ""


def _id_number(cell: Any) -> tuple[str, str]:
    if not isinstance(cell, str):
        return "", "存成了数字，末尾几位可能已经丢失；请把这一列设为“文本”后重新填写"
    code = identity_code(clean(cell))
    return code, formats.id_number(code) or ""


def _year(cell: Any) -> tuple[int | None, str]:
    meant = written.value(str(cell).removesuffix("年"), type="integer", kind="integer").value
    if isinstance(meant, int) and 1900 <= meant <= 2100:
        return meant, ""
    return None, f"填的是“{_short(cell)}”，应为四位数的年份"


def _truth(cell: Any) -> tuple[bool | None, str]:
    if isinstance(cell, bool):
        return cell, ""
    meant = written.value(str(cell), type="boolean", kind="boolean").value
    if isinstance(meant, bool):
        return meant, ""
    return None, f"填的是“{_short(cell)}”，应为“是”或“否”"


def _withdrawn(cell: Any) -> tuple[bool | None, str]:
    """Of a withdrawal, a day says as much as 是."""
    if isinstance(cell, str) and _DAY.fullmatch(cell.strip()):
        return True, ""
    value, fault = _truth(cell)
    return bool(value), fault and f"{fault}，或取消的日期"


def _short(cell: Any) -> str:
    return clean(str(cell))[:20]


_READ: Final = {
    "name": _text,
    "id_number": _id_number,
    "category": _text,
    "selected_year": _year,
    "legacy": _truth,
    "withdrawn": _withdrawn,
}
