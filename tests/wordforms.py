"""The two official forms built anew, from the labels that the regulation prints, not from ours.

Raw WordprocessingML: what Word, WPS and people with a mind of their own make of a form is said here
by changing how a label, a value or a row is written.
"""

import io
import zipfile
from xml.sax.saxutils import escape

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SPACES = (
    f'xmlns:w="{W}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:wpsCustomData="http://www.wps.cn/officeDocument/2013/wpsCustomData"'
)
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


# WordprocessingML


def run(text: str, properties: str = "") -> str:
    pieces = []
    for number, line in enumerate(text.split("\n")):
        pieces.append("<w:br/>" if number else "")
        pieces.append(f'<w:t xml:space="preserve">{escape(line)}</w:t>')
    return f"<w:r><w:rPr>{properties}</w:rPr>{''.join(pieces)}</w:r>"


def ruled(text: str) -> str:
    return run(text, '<w:u w:val="single"/>')


def paragraph(content: str = "", properties: str = "") -> str:
    """A paragraph of runs; plain text is one."""
    inner = content if content.startswith("<") else run(content)
    return f"<w:p><w:pPr>{properties}</w:pPr>{inner}</w:p>"


def paragraphs(text: str) -> str:
    return "".join(paragraph(line) for line in text.split("\n"))


def cell(content: str = "", span: int = 1, merge: str = "", properties: str = "") -> str:
    """A cell; `merge` is restart or continue. Content is text, runs, or whole paragraphs."""
    if (
        not content.startswith(("<w:p>", "<w:tbl>"))
        and "<w:p>" not in content.partition("<w:r>")[0]
    ):
        content = paragraph(content)
    spans = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    merged = f'<w:vMerge w:val="{merge}"/>' if merge else ""
    end = "<w:p/>" if content.endswith("</w:tbl>") else ""
    return f"<w:tc><w:tcPr>{spans}{merged}{properties}</w:tcPr>{content}{end}</w:tc>"


def row(*cells: str, properties: str = "") -> str:
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(cells)}</w:tr>"


def table(*rows: str) -> str:
    return f"<w:tbl><w:tblPr/><w:tblGrid/>{''.join(rows)}</w:tbl>"


def control(content: str, properties: str = "") -> str:
    return f"<w:sdt><w:sdtPr>{properties}</w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>"


def tick_box(checked: bool) -> str:
    """A tick box as Word 2010 and later make it."""
    state = f'<w14:checkbox><w14:checked w14:val="{int(checked)}"/></w14:checkbox>'
    return control(run("☒" if checked else "☐"), state)


def symbol(character: str, font: str = "Wingdings") -> str:
    return f'<w:r><w:sym w:font="{font}" w:char="{character}"/></w:r>'


def drawn_box(content: str) -> str:
    """A text box as a drawing."""
    return (
        "<w:drawing><wp:anchor><a:graphic><a:graphicData><wps:wsp><wps:txbx><w:txbxContent>"
        f"{content}</w:txbxContent></wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:anchor>"
        "</w:drawing>"
    )


def wps_box(content: str) -> str:
    """A text box as WPS writes it: alternatives without a fallback."""
    return (
        f'<w:r><mc:AlternateContent><mc:Choice Requires="wps">{drawn_box(content)}</mc:Choice>'
        "</mc:AlternateContent></w:r>"
    )


def word_box(content: str) -> str:
    """A text box as Word writes it: the same text once more in VML."""
    old = f"<w:pict><v:shape><v:textbox><w:txbxContent>{content}</w:txbxContent></v:textbox></v:shape></w:pict>"
    return (
        f'<w:r><mc:AlternateContent><mc:Choice Requires="wps">{drawn_box(content)}</mc:Choice>'
        f"<mc:Fallback>{old}</mc:Fallback></mc:AlternateContent></w:r>"
    )


def document(*blocks: str, **parts: str) -> bytes:
    """A DOCX; `parts` are further parts below word/ by name, such as footnotes."""
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    links = "http://schemas.openxmlformats.org/package/2006/relationships"
    body = f"<w:document {SPACES}><w:body>{''.join(blocks)}<w:sectPr/></w:body></w:document>"
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{types}"><Default Extension="xml" ContentType="application/xml"/>'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-'
            'officedocument.wordprocessingml.document.main+xml"/></Types>',
        )
        made.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{links}"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" '
            'Target="word/document.xml"/></Relationships>',
        )
        made.writestr("word/document.xml", body)
        for name, content in parts.items():
            made.writestr(f"word/{name}.xml", f"<w:{name} {SPACES}>{content}</w:{name}>")
    return target.getvalue()


# What stands in the forms

SUMMARY = {
    "/person/name": "欧阳䶮", "/person/gender": "女", "/person/birth_date": "1986年2月28日",
    "/person/ethnicity": "满族", "/person/education": "博士研究生", "/person/degree": "博士",
    "/person/professional_title": "研究员", "/person/office_phone": "0791-86000777",
    "/person/home_phone": "0791-86000778", "/unit/name": "赣江材料研究所",
    "/unit/department": "江西省某某厅", "/person/mobile": "19900000202",
    "/person/id_number": "210102198602281027", "/person/email": "ou_yang@example.org",
    "/person/address": "南昌市红谷滩区凤凰中大道1000号", "/person/postcode": "330038",
    "/person/specialty": "固体力学", "/person/category": "专业技术人才（自然科学类）",
    "/person/selected_year": "2021", "/training/project_name": "界面断裂的多尺度模拟",
    "/training/country": "德国", "/training/place": "亚琛", "/training/start_date": "2025年2月1日",
    "/training/end_date": "2026年1月31日", "/training/institution": "Institut für Mechanik",
    "/training/content": "参加讨论班，每周两次。\n其他：访问两地。\n研修费用由双方承担。",
    "/training/outcome": "一、发表论文两篇。\n二、建立合作关系。",
    "/funding/provincial": "95,000元", "/funding/unit": "30,000元", "/expenses/training": "20,000元",
    "/expenses/travel": "9,950元", "/expenses/living": "88,000元", "/expenses/other": "1,500元",
    "/expenses/total": "119,450元", "/account/holder": "赣江材料研究所",
    "/account/bank": "赣江银行红谷滩支行", "/account/number": "3600105000000525",
    "/account/budget_code": "360102001001",
}  # fmt: skip
FUNDING = {
    "/person/name": "程砚秋", "/person/address": "南昌市创新一路88号教师公寓3栋",
    "/person/professional_title": "教授", "/person/phone": "19900000101",
    "/project/name": "全固态锂电池界面应力的监测", "/project/amount": "200,000元",
    "/unit/name": "赣江理工大学", "/unit/address": "南昌市青山湖区创新一路88号",
    "/unit/credit_code": "12360000MB1A2B3CX1", "/unit/bank": "赣江银行青山湖支行",
    "/unit/account_number": "3600105000000777", "/unit/budget_code": "360102001002",
}  # fmt: skip

SUMMARY_TITLE = "江西省高层次高技能领军人才培养\n工程人选国（境）外研修总结书"
FUNDING_TITLE = "江西省高层次高技能领军人才培养\n工程人选项目资助经费申请表"
CONTENT = "研修内容及形式\n（不超过500字）"
OUTCOME = "研修成效\n（不超过1500字，可另附纸）"
FUNDING_NOTE = (
    "注：1.本表一式两份；2.省直厅局、省属高校填写预算编码，中央驻赣单位及省属企业填写银行账号；"
    "3.设区市所属事业单位填写预算编码，设区市所辖企业填写银行账号。"
)
PLACE, PERIOD, TITLE = "place", "period", "title"  # boxes of several fields

# (heading, rows of (label, field)) as the regulation prints them.
SUMMARY_SECTIONS = [
    ("人选基本情况", [
        [("姓名", "/person/name"), ("性别", "/person/gender"), ("出生日期", "/person/birth_date")],
        [("民族", "/person/ethnicity"), ("学历", "/person/education"), ("学位", "/person/degree"),
         ("职称", "/person/professional_title")],
        [("办公电话", "/person/office_phone"), ("住宅电话", "/person/home_phone")],
        [("工作单位", "/unit/name"), ("手  机", "/person/mobile")],
        [("身份证号码", "/person/id_number"), ("电子邮箱", "/person/email")],
        [("通讯地址", "/person/address"), ("邮政编码", "/person/postcode")],
        [("从事专业", "/person/specialty")],
        [("人选类别", "/person/category"), ("入选年份", "/person/selected_year")],
    ]),
    ("研修项目基本情况", [
        [("项目名称", "/training/project_name")], [("研修地点", PLACE)], [("起止时间", PERIOD)],
        [("研修机构名称", "/training/institution")], [(CONTENT, "/training/content")],
        [(OUTCOME, "/training/outcome")],
    ]),
    ("研修经费来源", [[("省专项资金资助", "/funding/provincial"), ("单位配套", "/funding/unit")]]),
]  # fmt: skip
EXPENSES = [
    ("研修费用", "/expenses/training"), ("往返交通费", "/expenses/travel"),
    ("生活补助费等", "/expenses/living"), ("其他", "/expenses/other"), ("金额总计", "/expenses/total"),
]  # fmt: skip
ACCOUNT = [
    ("开 户 名", "/account/holder"), ("开户银行", "/account/bank"),
    ("账    号", "/account/number"), ("预算编码", "/account/budget_code"),
]  # fmt: skip
FUNDING_SECTIONS = [
    ("人选信息", [
        [("姓  名", "/person/name"), ("住  址", "/person/address")],
        [("职  称", "/person/professional_title"), ("联系电话", "/person/phone")],
        [("项目名称\n及经费", TITLE)],
    ]),
    ("人选所在\n单位信息", [
        [("单位名称", "/unit/name"), ("地  址", "/unit/address")],
        [("统一社会\n信用代码", "/unit/credit_code"), ("开户银行", "/unit/bank")],
        [("银行账号", "/unit/account_number")], [("预算编码", "/unit/budget_code")],
    ]),
]  # fmt: skip
WIDTH = 24  # columns of every table: whatever number of cells fits


def said(values: dict, name: str) -> str:
    """What a box of the paper shows."""
    if name == PLACE:
        return f"{values['/training/country']} {values['/training/place']}"
    if name == PERIOD:
        return f"{values['/training/start_date']}至{values['/training/end_date']}"
    if name == TITLE:
        return f"{values['/project/name']}\n{values['/project/amount']}（大写：贰拾万元整）"
    return values.get(name, "")


def widths(count: int, width: int = WIDTH) -> list[int]:
    """Spans of cells that fill a row."""
    return [width // count + (number < width % count) for number in range(count)]


class Writer:
    """How a form is written. A variant changes one of these."""

    def label(self, text: str) -> str:
        return run(text)

    def value(self, name: str, text: str) -> str:
        return paragraphs(text) if name in ("/training/content", "/training/outcome") else run(text)

    def pairs(self, values: dict, pairs: list) -> list[str]:
        """A row of a table that says labels and values."""
        spans = iter(widths(2 * len(pairs), self.width))
        cells = [
            part
            for label, name in pairs
            for part in (
                cell(self.label(label), next(spans)),
                cell(self.value(name, said(values, name)), next(spans)),
            )
        ]
        return [row(*self.lead(), *cells)]

    width = WIDTH

    def lead(self) -> list[str]:
        return []

    def columns(self, values: dict, pairs: list) -> list[str]:
        """Labels over their values."""
        spans = widths(len(pairs))
        heads = [
            cell(self.label(label), span) for (label, _), span in zip(pairs, spans, strict=True)
        ]
        below = [
            cell(self.value(name, said(values, name)), span)
            for (_, name), span in zip(pairs, spans, strict=True)
        ]
        return [row(*heads), row(*below)]

    def heading(self, text: str) -> list[str]:
        return [row(cell(self.label(text), WIDTH))]

    def section(self, values: dict, heading: str, lines: list) -> list[str]:
        return [
            *self.heading(heading),
            *(made for line in lines for made in self.pairs(values, line)),
        ]

    def account(self, values: dict) -> list[str]:
        inside = "".join(
            paragraph(run(f"{label}：") + self.value(name, said(values, name)))
            for label, name in ACCOUNT
        )
        return [row(cell(self.label("单位\n账号信息"), 4), cell(inside, WIDTH - 4))]

    def cover(self, values: dict) -> list[str]:
        lines = (
            ("姓    名", "/person/name"),
            ("工作单位", "/unit/name"),
            ("主管部门", "/unit/department"),
        )
        return [
            paragraph("附件1"), paragraphs(SUMMARY_TITLE),
            *(
                paragraph(run(f"{label}：") + ruled(f"   {said(values, name)}   "))
                for label, name in lines
            ),
            paragraph("江西省人力资源和社会保障厅印制"),
        ]  # fmt: skip

    def opinions(self, *labels: str) -> list[str]:
        return [
            row(
                cell(
                    paragraphs(f"{label}\n\n\n             盖  章：\n          年    月    日"),
                    WIDTH,
                )
            )
            for label in labels
        ]

    def summary(self, values: dict) -> list[str]:
        """The blocks of 附件1."""
        rows = [
            made
            for heading, lines in SUMMARY_SECTIONS
            for made in self.section(values, heading, lines)
        ]
        rows += [
            *self.heading("研修经费支出构成"),
            *self.columns(values, EXPENSES),
            *self.account(values),
        ]
        signing = "本人保证以上所填内容均为真实情况。\n申请人签名：\n年   月   日"
        rows += [
            row(cell(paragraphs(signing), WIDTH)),
            *self.opinions("单位意见：", "主管单位意见："),
        ]
        return [*self.cover(values), table(*rows)]

    def funding(self, values: dict) -> list[str]:
        """The blocks of 附件2: its sections are merged cells at the left."""
        rows = []
        for heading, lines in FUNDING_SECTIONS:
            made = [each for line in lines for each in self.merged().pairs(values, line)]
            made[0] = made[0].replace("<!--lead-->", cell(self.label(heading), 3, "restart"))
            rows += [each.replace("<!--lead-->", cell("", 3, "continue")) for each in made]
        for label in ("人选所在\n单位意见", "市（县区）人社部门或省直主管\n部门意见"):
            box = paragraphs("\n\n            盖章\n          年   月   日")
            rows.append(row(cell(self.label(label), 3), cell(box, WIDTH - 3)))
        return [
            paragraph("附件2"), paragraph(FUNDING_TITLE), table(*rows), paragraph(FUNDING_NOTE),
        ]  # fmt: skip

    def merged(self) -> "Writer":
        """The same writer, beside a merged cell."""

        class Beside(type(self)):  # type: ignore[misc]
            width = WIDTH - 3

            def lead(self) -> list[str]:
                return ["<!--lead-->"]

        return Beside()
