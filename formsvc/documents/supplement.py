"""填报信息: the last page of a blank, for what a submission needs and the official form lacks.

Without it a form filled offline could not be complete. It is made from the schema, in Word and PDF
alike, and stands in the blank only: a filled document carries its submission, and the official form
has no such page. It is a section of its own, so that the form's pages count as before.
"""

from collections.abc import Collection, Iterator
from copy import deepcopy
from typing import Any, Final
from xml.sax.saxutils import escape

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from lxml import etree

from formsvc import pointers
from formsvc.documents.controls import fixed
from formsvc.forms import EDITION, FORM, Field, Form

TITLE: Final = "填报信息"
_NOTE: Final = "本页供电子报送时填写，不是正式表格的组成部分：不用打印，不用盖章。"
_LABEL, _TICK, _CHOICE, _HINT = 2211, 454, 2885, 3521  # columns in twips
_SIZE, _FONT = 21, "仿宋_GB2312"
_HEADS: Final = ("栏目", "填写", "说明")
_PLACEHOLDERS: Final = ("{{ ", " }}")
_DAY: Final = "写作 2024年9月1日"
_LISTED: Final = "写在一行，各项用顿号隔开"


def unprinted(form: Form, printed: Collection[str]) -> tuple[Field, ...]:
    """The fields that no place of a form's template shows, in the order of the paper.

    `printed` are the names of its placeholders. Lists of rows need a sheet in the template.
    """
    boxed = {part.pointer for box in form.boxes if box.name in printed for part, _ in box.parts}
    # What the form works out itself is asked of nobody.
    shown = {*printed, *boxed, *(each.field.pointer for each in form.computed)}
    fields = (form.fields[leaf.pointer] for leaf in form.leaves if not leaf.list)
    missing = [each for each in fields if each.pointer not in shown]
    return tuple(sorted(missing, key=lambda each: form.place(each.pointer)))


def with_supplement(form: Form, body: str, printed: Collection[str]) -> str:
    """The source of a DOCX's body with the page behind it, where one is needed."""
    fields = unprinted(form, printed)
    if not fields:
        return body
    root: Any = etree.fromstring(body.encode())
    story = root.find(qn("w:body"))
    section = story[-1]
    own = deepcopy(section)
    _ended(story, section)
    for node in _page(form, fields):
        story.append(parse_xml(f"<w:x {nsdecls('w')}>{node}</w:x>")[0])
    story.append(_own_section(own))
    head = body.partition("?>")[0] + "?>\n" if body.startswith("<?xml") else ""
    return head + etree.tostring(root, encoding="unicode")


def is_one_section(body: str) -> bool:
    """Whether a body is laid out in one section."""
    return body.count("<w:sectPr") == 1


def _ended(story: Any, section: Any) -> None:
    """The form's section ends in its last paragraph, so that no paragraph is added."""
    last = section.getprevious()
    if last is None or last.tag != qn("w:p"):
        last = parse_xml(
            f'<w:p {nsdecls("w")}><w:pPr><w:spacing w:before="0" w:after="0" w:line="20"'
            ' w:lineRule="exact"/></w:pPr></w:p>'
        )
        section.addprevious(last)
    properties = last.find(qn("w:pPr"))
    if properties is None:
        properties = etree.SubElement(last, qn("w:pPr"))
        last.insert(0, properties)
    properties.append(section)


def _own_section(section: Any) -> Any:
    """Same paper; the heads and feet are those of a first page, which has no number."""
    for name in ("w:headerReference", "w:footerReference", "w:titlePg"):
        for node in section.findall(qn(name)):
            section.remove(node)
    kind = etree.Element(qn("w:type"))
    kind.set(qn("w:val"), "nextPage")
    section.insert(0, kind)
    columns = section.find(qn("w:cols"))
    page = etree.Element(qn("w:titlePg"))
    if columns is None:
        section.append(page)
    else:
        columns.addnext(page)
    return section


def _page(form: Form, fields: Collection[Field]) -> Iterator[str]:
    """Paragraphs and the table, as WordprocessingML."""
    yield _paragraph(TITLE, size=32, font="黑体", align="center", after=120)
    yield _paragraph(_NOTE, after=60)
    yield _paragraph(
        f"表单：{form.title}　",
        after=120,
        more=(
            fixed(FORM, form.id, _look()),
            _run("　", _look()),
            fixed(EDITION, form.edition, _look()),
        ),
    )
    widths = (_LABEL, _TICK, _CHOICE, _HINT)
    head = zip(_HEADS, (_LABEL, _TICK + _CHOICE, _HINT), (1, 2, 1), strict=True)
    rows = [_row(*(_cell(text, width, span, align="center") for text, width, span in head))]
    for field in fields:
        rows += _rows(form, field)
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    yield (
        f'<w:tbl><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>'
        f'<w:tblBorders>{_borders()}</w:tblBorders><w:tblLayout w:type="fixed"/>'
        '<w:tblCellMar><w:top w:w="34" w:type="dxa"/><w:left w:w="79" w:type="dxa"/>'
        '<w:bottom w:w="34" w:type="dxa"/><w:right w:w="79" w:type="dxa"/>'
        f"</w:tblCellMar></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )
    yield _paragraph("", size=2)


def _borders() -> str:
    sides = ("top", "left", "bottom", "right", "insideH", "insideV")
    return "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>' for side in sides
    )


def _rows(form: Form, field: Field) -> Iterator[str]:
    """One row, or one a choice where several may be ticked."""
    label = field.label if not form.is_required(field) else f"{field.label}（必填）"
    ticks = [(name, choice) for name, (owner, choice) in form.ticks.items() if owner is field]
    if not ticks:
        yield _row(
            _cell(label, _LABEL), _cell(_placeholder(field.pointer), _TICK + _CHOICE, 2),
            _cell(_hint(form, field), _HINT),
        )  # fmt: skip
        return
    for number, (name, choice) in enumerate(ticks):
        merged = "continue" if number else "restart"
        yield _row(
            _cell("" if number else label, _LABEL, merged=merged),
            _cell(_placeholder(name), _TICK, align="center"),
            _cell(choice, _CHOICE),
            _cell("" if number else "附上的打勾", _HINT, merged=merged),
        )


def _placeholder(pointer: str) -> str:
    return ".".join(pointers.parse(pointer)).join(_PLACEHOLDERS)


def _hint(form: Form, field: Field) -> str:
    """What is allowed, and what can be chosen: not every program offers a list."""
    own = field.hint
    if field.kind == "date":
        own = _DAY
    elif field.type == "array":
        own = _LISTED
    chosen = ("是", "否") if field.type == "boolean" else field.choices
    suggested = tuple(map(str, field.schema.get("examples", ())))
    options = "、".join(chosen) or (f"如{'、'.join(suggested)}" if suggested else "")
    return "；".join(filter(None, (own, options)))


def _row(*cells: str) -> str:
    return f'<w:tr><w:trPr><w:cantSplit/><w:trHeight w:val="454"/></w:trPr>{"".join(cells)}</w:tr>'


def _cell(text: str, width: int, span: int = 1, *, align: str = "left", merged: str = "") -> str:
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>'
        f"{f'<w:gridSpan w:val={chr(34)}{span}{chr(34)}/>' if span > 1 else ''}"
        f"{f'<w:vMerge w:val={chr(34)}{merged}{chr(34)}/>' if merged else ''}"
        f'<w:vAlign w:val="center"/></w:tcPr>{_paragraph(text, align=align)}</w:tc>'
    )


def _paragraph(
    text: str,
    *,
    size: int = _SIZE,
    font: str = _FONT,
    align: str = "left",
    after: int = 0,
    more: Collection[str] = (),
) -> str:
    """`size` in half points; `more` are runs after the text."""
    look = _look(size, font)
    return (
        f'<w:p><w:pPr><w:spacing w:before="0" w:after="{after}" w:line="{size * 13}"'
        f' w:lineRule="atLeast"/><w:jc w:val="{align}"/>{look}</w:pPr>'
        f"{_run(text, look) if text else ''}{''.join(more)}</w:p>"
    )


def _look(size: int = _SIZE, font: str = _FONT) -> str:
    return (
        f'<w:rPr><w:rFonts w:ascii="Times New Roman" w:eastAsia="{font}"'
        ' w:hAnsi="Times New Roman" w:cs="Times New Roman"/>'
        f'<w:sz w:val="{size}"/><w:szCs w:val="{size}"/></w:rPr>'
    )


def _run(text: str, look: str) -> str:
    return f'<w:r>{look}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
