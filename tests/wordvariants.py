"""What people and editors make of the official forms: writers that do one thing in their own way."""

import random

from . import wordforms as w
from .wordforms import cell, paragraph, paragraphs, row, run, table

# Variants: a writer that does one thing in its own way. Those of 附件1 first.


class OtherFonts(w.Writer):
    def label(self, text):
        return run(text, '<w:rFonts w:eastAsia="方正小标宋简体"/><w:b/><w:sz w:val="36"/>')

    def value(self, name, text):
        parts = text.split("\n")
        return "".join(paragraph(run(part, '<w:rFonts w:ascii="Arial"/><w:i/>')) for part in parts) if (
            name in ("/training/content", "/training/outcome")
        ) else run(text, '<w:rFonts w:ascii="Arial" w:eastAsia="仿宋_GB2312"/><w:i/>')  # fmt: skip


class SplitRuns(w.Writer):
    """Every character a run, with what editors leave in between."""

    def value(self, name, text):
        between = '<w:proofErr w:type="spellStart"/><w:bookmarkStart w:id="1" w:name="a"/><w:bookmarkEnd w:id="1"/>'
        return between.join(run(character) for character in text)


class SpacedLabels(w.Writer):
    def label(self, text):
        return run("  ".join(text.replace("\n", "")))


class NumberedLabels(w.Writer):
    count = 0

    def label(self, text):
        type(self).count += 1
        mark = ("{}.", "（{}）", "{}、", "[{}]")[self.count % 4]
        return run(mark.format(self.count % 30 + 1) + text)


class ColonsAndEnglishMarks(w.Writer):
    def label(self, text):
        return run(text.replace("（", "(").replace("）", ")").replace("，", ",") + ":")


class FullWidthColons(w.Writer):
    def label(self, text):
        return run(f"{text} ：")


class RequiredMarks(w.Writer):
    def label(self, text):
        return run(f"*{text}")


class NotesBesideLabels(w.Writer):
    def label(self, text):
        return run(text if text.endswith("）") else f"{text}（必填）")


class SameCell(w.Writer):
    """Label, colon and value in one cell."""

    def pairs(self, values, pairs):
        spans = w.widths(len(pairs))
        cells = [
            cell(self.both(label, name, w.said(values, name)), span)
            for (label, name), span in zip(pairs, spans, strict=True)
        ]
        return [row(*self.lead(), *cells)]

    def both(self, label, name, text):
        colon = f"{label.replace(chr(10), '')}："
        if name in ("/training/content", "/training/outcome"):
            return paragraph(colon) + paragraphs(text)
        return paragraph(colon + text)


class TwoLabelsInACell(w.Writer):
    """All pairs of a line in one cell, with blanks between."""

    def pairs(self, values, pairs):
        if len(pairs) < 2:
            return super().pairs(values, pairs)
        text = "    ".join(f"{label}：{w.said(values, name)}" for label, name in pairs)
        return [row(cell(text, w.WIDTH))]


class LabelsAbove(w.Writer):
    def pairs(self, values, pairs):
        return self.columns(values, pairs)


class ExpensesBeside(w.Writer):
    """What is printed in columns stands in pairs."""

    def columns(self, values, pairs):
        return [each for pair in pairs for each in self.pairs(values, [pair])]


class MovedColumns(w.Writer):
    """The pairs of a section in another order, other numbers of them in a row."""

    def section(self, values, heading, lines):
        pairs = [pair for line in lines for pair in line]
        random.Random(7).shuffle(pairs)
        rows = [pairs[start : start + 2] for start in range(0, len(pairs), 2)]
        return super().section(values, heading, rows)


class AddedRows(w.Writer):
    """An office has added what it wants to know besides."""

    def section(self, values, heading, lines):
        added = row(cell("籍  贯", 6), cell("江西南昌", 6), cell("政治面貌", 6), cell("群众", 6))
        return [*super().section(values, heading, lines), added]


class HeadingsMerged(w.Writer):
    """Sections stand merged at the left instead of above."""

    def section(self, values, heading, lines):
        rows = [each for line in lines for each in self.merged().pairs(values, line)]
        rows[0] = rows[0].replace("<!--lead-->", cell(self.label(heading), 3, "restart"))
        return [each.replace("<!--lead-->", cell("", 3, "continue")) for each in rows]


class SplitCells(w.Writer):
    """Every value cell is two, the second one empty; labels may be two cells high."""

    def pairs(self, values, pairs):
        spans = w.widths(3 * len(pairs))
        first, second = [], []
        for number, (label, name) in enumerate(pairs):
            one, two, three = spans[3 * number : 3 * number + 3]
            first += [
                cell(self.label(label), one, "restart"),
                cell(self.value(name, w.said(values, name)), two, "restart"), cell("", three),
            ]  # fmt: skip
            second += [cell("", one, "continue"), cell("", two, "continue"), cell("", three)]
        return [row(*first), row(*second)]


class NestedTables(w.Writer):
    """Values in tables of their own within their cells; the account as one of four rows."""

    def value(self, name, text):
        return table(row(cell(paragraphs(text))))

    def account(self, values):
        rows = [row(cell(label), cell(w.said(values, name))) for label, name in w.ACCOUNT]
        return [row(cell("单位\n账号信息", 4), cell(table(*rows), w.WIDTH - 4))]

    def cover(self, values):
        return w.Writer().cover(values)


class TableAlone(w.Writer):
    """Each section is a table of its own, with a paragraph above it."""

    def summary(self, values):
        parts = []
        for heading, lines in w.SUMMARY_SECTIONS:
            parts.append(paragraph(heading))
            parts.append(table(*(each for line in lines for each in self.pairs(values, line))))
        parts += [paragraph("研修经费支出构成"), table(*self.columns(values, w.EXPENSES))]
        return [*self.cover(values), *parts, paragraph(), table(*self.account(values))]


class TrackedChanges(w.Writer):
    """What was typed is inserted, what stood there before deleted, all still to be accepted."""

    def value(self, name, text):
        old = '<w:del w:id="1" w:author="a"><w:r><w:delText>旧的内容</w:delText></w:r></w:del>'
        moved = f'<w:moveFrom w:id="2" w:author="a">{run("移走的")}</w:moveFrom>'
        lines = [f'<w:ins w:id="3" w:author="a">{run(line)}</w:ins>' for line in text.split("\n")]
        if len(lines) == 1:
            return old + lines[0] + moved
        return "".join(paragraph(old + line) for line in lines)

    def heading(self, text):
        gone = row(
            cell("姓名", 12), cell("删去的行", 12), properties='<w:del w:id="4" w:author="a"/>'
        )
        return [gone, *super().heading(text)]


class WpsBoxes(w.Writer):
    """Values of the cover in text boxes without a fallback, as WPS makes them."""

    box = staticmethod(w.wps_box)

    def cover(self, values):
        lines = (
            ("姓    名", "/person/name"),
            ("工作单位", "/unit/name"),
            ("主管部门", "/unit/department"),
        )
        return [
            paragraph(self.box(paragraphs(w.SUMMARY_TITLE))),
            *(
                paragraph(run(f"{label}：") + self.box(paragraph(w.said(values, name))))
                for label, name in lines
            ),
        ]


class WordBoxes(WpsBoxes):
    """As Word makes them: everything twice."""

    box = staticmethod(w.word_box)


class BoxesInCells(w.Writer):
    def value(self, name, text):
        return paragraph(w.wps_box(paragraphs(text)))

    def cover(self, values):
        return w.Writer().cover(values)

    def account(self, values):
        return w.Writer().account(values)


class Controls(w.Writer):
    """Content controls around runs; around whole cells and rows where they are long."""

    def value(self, name, text):
        if "\n" in text:
            return w.control(paragraphs(text), '<w:tag w:val="x"/>')
        options = '<w:dropDownList><w:listItem w:displayText="男" w:value="1"/></w:dropDownList>'
        return run("") + w.control(run(text), options)

    def pairs(self, values, pairs):
        return [w.control(each) for each in super().pairs(values, pairs)]


class CellControls(w.Writer):
    def pairs(self, values, pairs):
        spans = iter(w.widths(2 * len(pairs)))
        cells = [
            part
            for label, name in pairs
            for part in (
                cell(label, next(spans)),
                w.control(cell(self.value(name, w.said(values, name)), next(spans))),
            )
        ]
        return [row(*cells)]


class TagsAndLinks(w.Writer):
    """Smart tags, custom XML, hyperlinks and fields around values."""

    def value(self, name, text):
        lines = text.split("\n")
        tagged = [
            '<w:smartTag w:uri="urn:schemas-microsoft-com:office:smarttags" w:element="place">'
            f'<w:customXml w:element="x"><w:hyperlink w:anchor="a">{run(line)}</w:hyperlink>'
            "</w:customXml></w:smartTag>"
            for line in lines
        ]
        if len(lines) > 1:
            return "".join(map(paragraph, tagged))
        field = (
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> HYPERLINK "x" '
            '</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        )
        return f'{field}{tagged[0]}<w:r><w:fldChar w:fldCharType="end"/></w:r>'


class Ticks(w.Writer):
    """Choices printed and ticked, each in another way."""

    def value(self, name, text):
        if name == "/person/gender":
            return w.tick_box(False) + run("男  ") + w.tick_box(True) + run("女")
        if name == "/person/category":
            return (
                w.symbol("F0FE") + run("专业技术人才（自然科学类）")
                + w.symbol("F0A8") + run("专业技术人才（社会科学类）")
                + run("o", '<w:rFonts w:ascii="Wingdings" w:hAnsi="Wingdings"/>') + run("技能人才")
            )  # fmt: skip
        if name == "/person/ethnicity":
            return run("□汉族 ■满族 □回族")
        if name == "/person/degree":
            return run("学士□ 硕士□ 博士☑")
        return super().value(name, text)


class BracketTicks(Ticks):
    def value(self, name, text):
        if name == "/person/gender":
            return run("男（  ）  女（√）")
        if name == "/person/category":
            return run("专业技术人才(自然科学类) √\n专业技术人才(社会科学类) □\n技能人才 □")
        return w.Writer.value(self, name, text)


class Days(w.Writer):
    """Days and years as people write them."""

    def value(self, name, text):
        ways = {
            "/person/birth_date": "１９８６．２．２８", w.PERIOD: "2025.2.1-2026.1.31",
            "/person/selected_year": "二〇二一年",
        }  # fmt: skip
        return super().value(name, ways.get(name, text))


class DaysInBlanks(w.Writer):
    """Digits written into the blanks of 年 月 日."""

    def value(self, name, text):
        blank = w.ruled("  ")
        if name == "/person/birth_date":
            return (
                blank
                + w.ruled("1986")
                + run(" 年")
                + blank
                + w.ruled("2")
                + run("月 ")
                + w.ruled(" 28 ")
                + run("日")
            )
        if name == w.PERIOD:
            return run("自 二〇二五年二月一日 起至 ") + w.ruled("2026 年 1 月 31 日") + run(" 止")
        return super().value(name, text)


class Money(w.Writer):
    def value(self, name, text):
        ways = {
            "/funding/provincial": "9.5万元", "/funding/unit": "叁万元整", "/expenses/training": "2万",
            "/expenses/travel": "￥9,950.00", "/expenses/living": "88000", "/expenses/other": "1 500 元",
            "/expenses/total": "人民币119,450元整",
        }  # fmt: skip
        return super().value(name, ways.get(name, text))


class CellADigit(w.Writer):
    """The ID number in eighteen cells."""

    def pairs(self, values, pairs):
        if pairs[0][1] != "/person/id_number":
            return super().pairs(values, pairs)
        digits = [cell(digit) for digit in values["/person/id_number"]]
        return [
            row(cell("身份证号码", w.WIDTH - 18), *digits),
            *super().pairs(values, pairs[1:]),
        ]


class IndentedRows(w.Writer):
    """Rows that begin and end within the table."""

    def pairs(self, values, pairs):
        spans = iter(w.widths(2 * len(pairs), w.WIDTH - 4))
        cells = [
            part
            for label, name in pairs
            for part in (
                cell(label, next(spans)),
                cell(self.value(name, w.said(values, name)), next(spans)),
            )
        ]
        grid = '<w:gridBefore w:val="2"/><w:gridAfter w:val="2"/>'
        return [row(*cells, properties=grid)]


class Footnotes(w.Writer):
    def value(self, name, text):
        mark = '<w:r><w:footnoteReference w:id="2"/></w:r>'
        return super().value(name, text).replace("</w:r></w:p>", f"</w:r>{mark}</w:p>") if (
            "\n" in text
        ) else super().value(name, text) + mark  # fmt: skip


class RubyAndHidden(w.Writer):
    """Names with their reading above; hidden text and field codes that nobody sees."""

    def value(self, name, text):
        if "\n" in text:
            return super().value(name, text)
        hidden = run("看不见的", "<w:vanish/>")
        ruby = (
            f"<w:r><w:ruby><w:rubyPr/><w:rt>{run('pīn yīn')}</w:rt><w:rubyBase>{run(text[:1])}"
            "</w:rubyBase></w:ruby></w:r>"
        )
        return hidden + ruby + run(text[1:])


class NoTables(w.Writer):
    """Lines of a letter instead of tables."""

    def summary(self, values):
        lines = [pair for _, rows in w.SUMMARY_SECTIONS for line in rows for pair in line]
        lines += [*w.EXPENSES, *w.ACCOUNT]
        blocks = []
        for label, name in lines:
            flat = label.replace("\n", "")
            if name in ("/training/content", "/training/outcome"):
                blocks += [paragraph(f"{flat}："), paragraphs(w.said(values, name))]
            else:
                blocks.append(paragraph(f"{flat}：{w.said(values, name)}"))
        return [*self.cover(values), *blocks]


class SeparateParts(w.Writer):
    """The days of a period in cells of their own."""

    def pairs(self, values, pairs):
        if pairs[0][1] != w.PERIOD:
            return super().pairs(values, pairs)
        days = (values["/training/start_date"], values["/training/end_date"])
        return [row(cell("起止时间", 8), *(cell(day, 8) for day in days))]


class DaysByTheirTitles(w.Writer):
    """The days of a period behind labels of their own."""

    def pairs(self, values, pairs):
        if pairs[0][1] != w.PERIOD:
            return super().pairs(values, pairs)
        names = ("/training/start_date", "/training/end_date")
        return super().pairs(values, [*zip(("研修开始日期", "研修结束日期"), names, strict=True)])


SUMMARIES = [
    w.Writer, OtherFonts, SplitRuns, SpacedLabels, NumberedLabels, ColonsAndEnglishMarks,
    FullWidthColons, RequiredMarks, NotesBesideLabels, SameCell, TwoLabelsInACell, LabelsAbove,
    ExpensesBeside, MovedColumns, AddedRows, HeadingsMerged, SplitCells, NestedTables, TableAlone,
    TrackedChanges, WpsBoxes, WordBoxes, BoxesInCells, Controls, CellControls, TagsAndLinks, Ticks,
    BracketTicks, Days, DaysInBlanks, Money, CellADigit, IndentedRows, Footnotes, RubyAndHidden,
    NoTables, SeparateParts, DaysByTheirTitles,
]  # fmt: skip


# Variants of 附件2.


class FundingTitleParts(w.Writer):
    """The box of project and money says its parts by name."""

    def value(self, name, text):
        if name == w.TITLE:
            return paragraph("项目名称：全固态锂电池界面应力的监测") + paragraph("经费：20万元")
        return super().value(name, text)


class FundingOneLine(w.Writer):
    def value(self, name, text):
        if name == w.TITLE:
            return run("全固态锂电池界面应力的监测，200,000.00元")
        return super().value(name, text)


class FundingHeadings(w.Writer):
    """Sections in rows of their own, one pair a row."""

    def funding(self, values):
        rows = [
            made
            for heading, lines in w.FUNDING_SECTIONS
            for made in self.section(values, heading, [[pair] for line in lines for pair in line])
        ]
        return [
            paragraph(w.FUNDING_TITLE),
            table(*rows),
            paragraphs(w.FUNDING_NOTE.replace("；", "；\n")),
        ]


class SameLabelTwice(w.Writer):
    """地址 of the person and of the unit, told apart by their sections only."""

    def label(self, text):
        return run("地 址" if text == "住  址" else text)


FUNDINGS = [
    w.Writer, SplitRuns, SpacedLabels, NumberedLabels, ColonsAndEnglishMarks, SameCell, LabelsAbove,
    SplitCells, NestedTables, TrackedChanges, Controls, TagsAndLinks, IndentedRows, RubyAndHidden,
    FundingTitleParts, FundingOneLine, FundingHeadings,
]  # fmt: skip


class MovedBorders(w.Writer):
    """Labels over values in columns that no longer meet."""

    def columns(self, values, pairs):
        heads = [cell(label, span) for (label, _), span in zip(pairs, (5, 5, 5, 5, 4), strict=True)]
        below = [
            cell(w.said(values, name), span)
            for (_, name), span in zip(pairs, (4, 5, 6, 4, 5), strict=True)
        ]
        return [row(*heads), row(*below)]


class OldTickBoxes(w.Writer):
    """Choices as tick boxes of Word 97."""

    def value(self, name, text):
        if name != "/person/gender":
            return super().value(name, text)
        box = '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="{}"/></w:checkBox></w:ffData></w:fldChar></w:r>'
        return run("男") + box.format(0) + run("  女") + box.format(1)


class JoinedParagraphs(w.Writer):
    """Ends of paragraphs deleted, still to be accepted."""

    def value(self, name, text):
        if name != "/person/address":
            return super().value(name, text)
        gone = '<w:rPr><w:del w:id="1" w:author="a"/></w:rPr>'
        return paragraph(text[:4], gone) + paragraph(text[4:])


class Prompts(w.Writer):
    """Controls that still show their prompts, beside those that are filled."""

    def value(self, name, text):
        if text:
            return super().value(name, text)
        return run("") + w.control(run("单击此处输入文字。"), "<w:showingPlcHdr/>")
