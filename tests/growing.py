"""A form of one's own with all that varies: a roll in landscape with a list, a list in one cell,
parts that are there only sometimes, and a box for a seal below the rows."""

import json
from pathlib import Path

import docx
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_ALIGN_VERTICAL, WD_ROW_HEIGHT_RULE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Mm, Pt

from formsvc import Form
from formsvc.documents import authoring
from formsvc.forms import Shelf, read

ROOM = 200
COLUMNS = {
    "name": ("姓名", 2.4), "level": ("层次", 2.4), "unit": ("所在部门", 5.2), "months": ("月数", 1.6),
    "rate": ("标准", 3.2), "amount": ("金额", 3.2), "note": ("备注", 4.6),
}  # fmt: skip
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:formsvc:test-roll:1",
    "title": "补助发放表",
    "type": "object",
    "required": ["form", "unit", "kind", "people", "total"],
    "additionalProperties": False,
    "properties": {
        "form": {"title": "表单", "const": "test-roll"},
        "edition": {"title": "版本", "const": "1"},
        "unit": {"title": "单位", "$ref": "urn:formsvc:common#/$defs/line"},
        "clerk": {"title": "经办人", "$ref": "urn:formsvc:common#/$defs/name"},
        "kind": {"title": "事项", "enum": ["发放", "调动"]},
        "moved_to": {"title": "调入单位", "$ref": "urn:formsvc:common#/$defs/line"},
        "reason": {"title": "说明", "$ref": "urn:formsvc:common#/$defs/line"},
        "projects": {
            "title": "承担项目", "type": "array", "maxItems": 5,
            "items": {
                "title": "项目", "type": "object", "additionalProperties": False,
                "required": ["name"],
                "properties": {
                    "name": {"title": "名称", "$ref": "urn:formsvc:common#/$defs/line"},
                    "level": {"title": "级别", "$ref": "urn:formsvc:common#/$defs/line"},
                    "number": {"title": "编号", "$ref": "urn:formsvc:common#/$defs/line"},
                },
            },
        },
        "people": {
            "title": "人员", "type": "array", "minItems": 1, "maxItems": ROOM,
            "items": {
                "title": "人员", "type": "object", "additionalProperties": False,
                "required": ["name", "amount"],
                "properties": {
                    name: {"title": label, "$ref": "urn:formsvc:common#/$defs/"
                           + {"rate": "money", "amount": "money", "note": "text"}.get(name, "line")}
                    for name, (label, _) in COLUMNS.items()
                },
            },
        },
        "total": {"title": "合计金额", "$ref": "urn:formsvc:common#/$defs/money"},
    },
}  # fmt: skip
PROGRAMME = """
[programme]
title = "补助"
regulation = "补助办法"
"""
TOML = """
[form]
title = "补助发放表"
about = "单位每年发放补助时填写"
since = 2020-01-01
person = "/clerk"
unit = "/unit"

[[section]]
title = "发放表"
fields = ["/unit", "/clerk", "/kind", "/moved_to", "/reason", "/projects", "/people", "/total"]

[[print]]
name = "/projects_shown"
label = "承担项目"
text = "{/projects/*/name}（{/projects/*/level}，{/projects/*/number}）"

[[part]]
name = "调动"
when = { field = "/kind", equals = "调动" }

[rows]
"/people" = 3

[[signature]]
name = "单位"
beside = "单位意见："
"""


def data(people: int = 200, **more) -> dict:
    """A roll of so many people."""
    rows = [
        {
            "name": f"张{'伟明芳丽强'[row % 5]}{row}", "level": "第三层次", "unit": "材料科学与工程学院",
            "months": "12", "rate": 6000, "amount": 6000, "note": "按季" if row % 3 else "按年发放",
        }
        for row in range(people)
    ]  # fmt: skip
    return {
        "form": "test-roll", "unit": "南京某某大学", "clerk": "赵经办", "kind": "发放",
        "people": rows, "total": 6000 * people, **more,
    }  # fmt: skip


def drawn(target: Path) -> None:
    """form.docx as a clerk might draw it."""
    document = docx.Document()
    style = document.styles["Normal"]
    style.font.name, style.font.size = "仿宋", Pt(10.5)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "仿宋")
    style.paragraph_format.space_after = Pt(0)
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(297), Mm(210)
    section.left_margin = section.right_margin = Cm(2)
    section.top_margin, section.bottom_margin = Cm(2.4), Cm(2)
    section.header.is_linked_to_previous = False
    _numbered(section.footer.paragraphs[0])
    title = document.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    title.add_run("补助发放表").font.size = Pt(20)
    _table(
        document, [["单位", "{{ unit }}", "承担项目", "{{ projects_shown }}"]], [3, 9, 3, 10.6], 1.4
    )
    document.add_paragraph("{%p if 调动 %}")
    document.add_paragraph("省内调动时填写：")
    _table(document, [["调入单位", "{{ moved_to }}"]], [3, 22.6], 1)
    document.add_paragraph("{%p endif %}")
    document.add_paragraph()
    labels = ["序号", *(label for label, _ in COLUMNS.values())]
    row = ["{{ loop.index }}", *(f"{{{{ row.{name} }}}}" for name in COLUMNS)]
    blank = [""] * (len(row) - 1)
    rows = [
        labels,
        ["{%tr for row in people %}", *blank], row, ["{%tr endfor %}", *blank],
        ["合计", *blank[:-2], "{{ total }}", ""],
        ["{%tr if reason %}", *blank], ["说明", "{{ reason }}", *blank[:-1]], ["{%tr endif %}", *blank],
    ]  # fmt: skip
    table = _table(document, rows, [1.4, *(width for _, width in COLUMNS.values())], 0.8)
    _joined(table.rows[6].cells[1:])
    _joined(table.rows[4].cells[:6])
    document.add_paragraph()
    box = _table(document, [["单位意见："]], [25.6], 5.2)
    cell = box.rows[0].cells[0]
    cell.vertical_alignment = WD_ALIGN_VERTICAL.TOP
    cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.LEFT
    for text, before in (("盖 章", 90), ("年   月   日", 0)):
        line = cell.add_paragraph(text)
        line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        line.paragraph_format.space_before = Pt(before)
    document.save(target)


def _joined(cells) -> None:
    whole = cells[0].merge(cells[-1])
    for paragraph in whole.paragraphs[1:]:
        paragraph._p.getparent().remove(paragraph._p)


def _table(document, rows, widths, height):
    table = document.add_table(len(rows), len(widths), style="Table Grid")
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
    for row, texts in zip(table.rows, rows, strict=True):
        row.height, row.height_rule = Cm(height), WD_ROW_HEIGHT_RULE.AT_LEAST
        for cell, text, width in zip(row.cells, texts, widths, strict=True):
            cell.width = Cm(width)
            cell.vertical_alignment = WD_ALIGN_VERTICAL.CENTER
            cell.text = text.strip()
            cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
    return table


def _numbered(paragraph) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.add_run("{{ unit }}　第 ")
    for text, name in ((" 页 共 ", "PAGE"), (" 页", "NUMPAGES")):
        paragraph._p.append(
            parse_xml(
                f'<w:fldSimple {nsdecls("w")} w:instr="{name}"><w:r><w:t>1</w:t></w:r></w:fldSimple>'
            )
        )
        run = OxmlElement("w:r")
        run.text = text
        paragraph._p.append(run)


def shelf(folder: Path) -> Shelf:
    """Its folders, without what `template build` makes."""
    place = Path("test") / "test-roll" / "1"
    for name in ("schemas", "templates", "samples"):
        (folder / name / place).mkdir(parents=True, exist_ok=True)
    (folder / "schemas" / "test" / "programme.toml").write_text(PROGRAMME, "utf-8")
    schema = json.dumps(SCHEMA, ensure_ascii=False)
    (folder / "schemas" / place / "schema.json").write_text(schema, "utf-8")
    (folder / "schemas" / place / "form.toml").write_text(TOML, "utf-8")
    drawn(folder / "templates" / place / "form.docx")
    return Shelf(folder / "schemas", folder / "templates", folder / "samples")


def built(folder: Path) -> Form:
    """The form with its PDF and layout."""
    (form,) = read([shelf(folder)])
    made = authoring.build(form)
    form.pdf.write_bytes(made.pdf)
    form.layout.write_text(made.layout, "utf-8")
    return form
