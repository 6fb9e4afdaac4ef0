"""The tree of a programme's offices from a table: one a row, in any order, all of them or none."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from formsvc.errors import UnreadableDocument
from formsvc.forms import Programme
from formsvc.intake import sheets, tables
from formsvc.store import offices
from formsvc.store.errors import Invalid
from formsvc.store.models import Office
from formsvc.store.store import Work
from formsvc.writing.texts import clean

NAME, KIND, ABOVE, CODE = HEADINGS = ("机构名称", "类别", "上级机构", "代码")
MAX_CODE: Final = 32
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Placing:
    """An office as a row of the table gives it; `place` names the row."""

    place: str
    name: str
    kind: str
    above: str
    code: str


@dataclass(frozen=True, slots=True)
class Charted:
    """How many offices are new, changed (their code), and as they were."""

    added: int
    changed: int
    same: int


def load(work: Work, programme: Programme, content: bytes, name: str) -> Charted:
    """Add the offices of an XLSX or CSV that are not there. Twice changes nothing.

    Raises Invalid with all faults, each with row and column, and then nothing is changed; and
    UnreadableDocument when it cannot be read.
    """
    faults: list[str] = []
    lines = [*_lines(programme, content, name, faults)]
    if not lines and not faults:
        faults.append(f"{clean(name)}：没有一行机构；第一行应为 {'、'.join(HEADINGS)}。")
    done = _added(work, programme, lines, faults) if not faults else Charted(0, 0, 0)
    if faults:
        more = f"\n  另有 {len(faults) - _SHOWN:,} 处。" if len(faults) > _SHOWN else ""
        listed = "".join(f"\n  {fault}" for fault in faults[:_SHOWN])
        raise Invalid(f"{clean(name)}：有误，没有导入任何机构。{listed}{more}")
    return done


def template(programme: Programme) -> bytes:
    """The blank table, with what may stand in it."""
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415  # when wanted

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False})
    sheet, guide = book.add_worksheet("机构"), book.add_worksheet(sheets.GUIDE)
    head, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    for place, heading in enumerate(HEADINGS):
        sheet.set_column(place, place, 32, text)
        sheet.write_string(0, place, heading, head)
    titles = [kind.title for kind in programme.offices.values()]
    sheet.data_validation(1, 1, 20_000, 1, {"validate": "list", "source": "=说明!$A$2:$A$"
                                            + str(len(titles) + 1)})  # fmt: skip
    sheet.freeze_panes(1, 0)
    guide.set_column(0, 1, 44)
    for row, (kind, below) in enumerate([("类别", "上级机构应是"), *_kinds(programme)]):
        guide.write_string(row, 0, kind, head if not row else None)
        guide.write_string(row, 1, below, head if not row else None)
    book.close()
    return stream.getvalue()


def _kinds(programme: Programme) -> Iterator[tuple[str, str]]:
    for kind in programme.offices.values():
        above = "或".join(programme.offices[each].title for each in kind.below)
        yield kind.title, above or "（最上层，不填）"


# the table


def _lines(programme: Programme, content: bytes, name: str, faults: list[str]) -> Iterator[Placing]:
    columns: dict[str, int] = {}
    for title, number, cells in tables.rows(content, name):
        if title in (sheets.GUIDE, sheets.OPTIONS):
            continue
        sheet = f"工作表“{clean(title)}”" if title else ""
        if number == 1 or not columns:
            columns = _columns(cells)
            if missing := [each for each in HEADINGS[:2] if each not in columns]:
                raise UnreadableDocument(
                    f"{clean(name)}{sheet}第 {number} 行：缺少列“{'”“'.join(missing)}”。"
                )
            continue
        line = Placing(
            f"{sheet}第 {number} 行", *(_cell(cells, columns, each) for each in HEADINGS)
        )
        if line.name or line.kind or line.above:
            yield from _sound(programme, line, faults)


def _columns(cells: Sequence[Any]) -> dict[str, int]:
    said = {"".join(str(cell).split()): at for at, cell in enumerate(cells) if cell is not None}
    return {heading: said[heading] for heading in HEADINGS if heading in said}


def _cell(cells: Sequence[Any], columns: dict[str, int], heading: str) -> str:
    at = columns.get(heading, len(cells))
    cell = tables.plain(cells[at]) if at < len(cells) else None
    return "" if cell is None else " ".join(clean(str(cell)).split())


def _sound(programme: Programme, line: Placing, faults: list[str]) -> Iterator[Placing]:
    kinds = {name: each.id for each in programme.offices.values() for name in (each.id, each.title)}
    if not line.name:
        faults.append(f"{line.place}“{NAME}”：没有填写。")
    elif line.kind not in kinds:
        known = "、".join(each.title for each in programme.offices.values())
        faults.append(f"{line.place}“{KIND}”：填的是“{line.kind[:40]}”，应为{known}之一。")
    elif len(line.code) > MAX_CODE:
        faults.append(f"{line.place}“{CODE}”：不超过 {MAX_CODE} 个字符。")
    else:
        yield Placing(line.place, line.name, kinds[line.kind], line.above, line.code)


# the tree


def _added(work: Work, programme: Programme, lines: list[Placing], faults: list[str]) -> Charted:
    query = select(Office).where(Office.programme == programme.id)
    there = {(each.kind, each.name): each for each in work.session.scalars(query)}
    before, changed, same = len(there), 0, 0
    left = lines
    while left:
        waiting: list[Placing] = []
        for line in left:
            above = _above(programme, line, there)
            if line.above and not above:
                waiting.append(line)
                continue
            if len(above) > 1:
                faults.append(f"{line.place}“{ABOVE}”：叫“{line.above}”的机构不止一个。")
                continue
            known = there.get((line.kind, line.name))
            parent = above[0] if above else None
            if known is None:
                _add(work, programme, line, parent, there, faults)
            elif known.parent_id != (parent.id if parent else None):
                faults.append(f"{line.place}“{ABOVE}”：{line.name}已经有了，设在别的机构之下。")
            elif line.code and known.code != line.code:
                known.code = line.code
                changed += 1
                offices.record(work, "office-changed", known)
            else:
                same += 1
        if len(waiting) == len(left):
            said = "表中和数据库中都没有这个机构，或者不能做它的上级"
            faults += [f"{each.place}“{ABOVE}”：“{each.above}”{said}。" for each in waiting]
            break
        left = waiting
    return Charted(len(there) - before, changed, same)


def _above(
    programme: Programme, line: Placing, there: dict[tuple[str, str], Office]
) -> list[Office]:
    """The offices of that name that it may stand under."""
    kinds = programme.offices[line.kind].below
    return [there[kind, line.above] for kind in kinds if (kind, line.above) in there]


def _add(
    work: Work,
    programme: Programme,
    line: Placing,
    parent: Office | None,
    there: dict[tuple[str, str], Office],
    faults: list[str],
) -> None:
    try:
        made = offices.add(work, programme, line.kind, line.name, parent, line.code)
    except Invalid as refusal:
        column = NAME if len(line.name) > 200 else ABOVE
        faults.append(f"{line.place}“{column}”：{refusal}")
    else:
        there[line.kind, line.name] = made
