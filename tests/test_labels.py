"""A form from elsewhere is read by its labels: never a wrong value, and nothing left unsaid."""

import io
import random
import time
import zipfile
from contextlib import suppress
from dataclasses import dataclass

import pytest

from formsvc import pointers, submissions
from formsvc.documents.filling import fill
from formsvc.errors import UnreadableDocument
from formsvc.forms import answers
from formsvc.intake import labels
from formsvc.intake.labels import description, labelled
from formsvc.sandbox import WALL
from formsvc.writing.notation import identity_code

from . import wordforms as w
from .conftest import valid_samples
from .wordforms import cell, paragraph, paragraphs, row, run, table

SHARE = 0.95


@dataclass
class Outcome:
    """What a reading came to, against what the paper was filled with."""

    right: list[str]
    wrong: dict[str, tuple[str, str]]
    unsure: list[str]
    missing: list[str]
    leftovers: tuple[tuple[str, str], ...]

    @property
    def share(self) -> float:
        return len(self.right) / (len(self.right) + len(self.unsure) + len(self.missing))


@pytest.fixture(scope="session")
def descriptions(catalogue):
    return [description(form) for form in reversed(catalogue.editions())]


@pytest.fixture
def outcome(catalogue, descriptions):
    """Read a paper and compare it with its values, each as the one reader reads it."""

    def compare(form_id: str, raw: bytes, values: dict) -> Outcome:
        form = catalogue[form_id]
        paper = labelled(raw, descriptions)
        assert (paper.form, paper.edition) == (form.id, form.edition)
        found = {value.pointer: value for value in paper.found}
        result = Outcome([], {}, [], [], paper.leftovers)
        for pointer, text in values.items():
            value = found.pop(pointer, None)
            if value is None:
                result.missing.append(pointer)
            elif not value.sure:
                result.unsure.append(pointer)
            elif answers.read(form, pointer, value.text) == answers.read(form, pointer, text):
                result.right.append(pointer)
            else:
                result.wrong[pointer] = (value.text, text)
        result.wrong |= {value.pointer: (value.text, "") for value in found.values() if value.sure}
        return result

    return compare


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


@pytest.mark.parametrize("variant", SUMMARIES, ids=lambda variant: variant.__name__)
def test_a_training_summary_from_elsewhere_is_read_without_a_wrong_value(variant, outcome):
    raw = w.document(*variant().summary(w.SUMMARY))
    read = outcome("jiangxi-training-summary", raw, w.SUMMARY)
    assert read.wrong == {}
    assert read.share >= SHARE, (read.missing, read.unsure, read.leftovers)


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


@pytest.mark.parametrize("variant", FUNDINGS, ids=lambda variant: variant.__name__)
def test_a_funding_application_from_elsewhere_is_read_without_a_wrong_value(variant, outcome):
    raw = w.document(*variant().funding(w.FUNDING))
    read = outcome("jiangxi-project-funding", raw, w.FUNDING)
    assert read.wrong == {}
    assert read.share >= SHARE, (read.missing, read.unsure, read.leftovers)


# What is not sure, and what is left over.


def test_of_one_label_in_two_sections_only_the_place_in_its_own_section_is_read(outcome):
    raw = w.document(*SameLabelTwice().funding(w.FUNDING))
    read = outcome("jiangxi-project-funding", raw, w.FUNDING)
    assert (read.wrong, read.unsure, read.missing) == ({}, [], ["/person/address"])
    assert ("第1张表第1行第5格", w.FUNDING["/person/address"]) in read.leftovers


def found_in(descriptions, *blocks, **parts) -> tuple[dict, tuple]:
    paper = labelled(w.document(*blocks, **parts), descriptions)
    return {value.pointer: value for value in paper.found}, paper.leftovers


def test_a_name_that_differs_between_cover_and_table_is_not_sure_and_both_are_told(descriptions):
    class Other(w.Writer):
        def cover(self, values):
            return super().cover({**values, "/person/name": "李四"})

    found, _ = found_in(descriptions, *Other().summary(w.SUMMARY))
    name = found["/person/name"]
    assert (name.sure, set(name.seen)) == (False, {"李四", w.SUMMARY["/person/name"]})


def test_two_filled_forms_in_one_document_leave_no_value_sure(descriptions):
    other = {
        **{name: f"别的{text}" for name, text in w.FUNDING.items()},
        "/person/phone": "13900000000",
        "/project/amount": "50,000元", "/unit/credit_code": "12360000MB1A2B3CX9",
        "/unit/account_number": "990000000000", "/unit/budget_code": "990000",
    }  # fmt: skip
    blocks = [*w.Writer().funding(w.FUNDING), *w.Writer().funding(other)]
    found, _ = found_in(descriptions, *blocks)
    assert [value.pointer for value in found.values() if value.sure] == []


@pytest.mark.parametrize("below", [False, True], ids=["beside", "above"])
def test_values_that_stand_before_their_labels_are_not_taken_for_the_next_ones(below, descriptions):
    class Before(w.Writer):
        def pairs(self, values, pairs):
            if below:
                return [*reversed(self.columns(values, pairs))]
            cells = [part for label, name in pairs for part in (w.said(values, name), label)]
            spans = w.widths(len(cells), self.width)
            return [row(*self.lead(), *map(cell, cells, spans))]

    found, leftovers = found_in(descriptions, *Before().funding(w.FUNDING))
    assert [value.pointer for value in found.values() if value.sure] == []
    assert w.FUNDING["/person/name"] in {text for _, text in leftovers}


def test_amounts_under_ten_thousands_are_asked_and_never_read_as_yuan(descriptions):
    class TenThousands(w.Writer):
        def columns(self, values, pairs):
            named = [(f"{label}（万元）", name) for label, name in pairs]
            return super().columns({**values, "/expenses/training": "2"}, named)

    found, _ = found_in(descriptions, *TenThousands().summary(w.SUMMARY))
    amount = found["/expenses/training"]
    assert (amount.text, amount.sure, amount.seen) == ("2万元", False, ("2",))


def test_a_label_that_is_only_like_the_forms_gives_no_sure_value(descriptions):
    class Alike(w.Writer):
        def label(self, text):
            return run({"身份证号码": "身份证号", "手  机": "手机号码"}.get(text, text))

    found, _ = found_in(descriptions, *Alike().summary(w.SUMMARY))
    assert (found["/person/id_number"].sure, found["/person/mobile"].sure) == (False, False)
    assert found["/person/id_number"].seen == (w.SUMMARY["/person/id_number"],)


def test_a_text_that_is_no_value_of_its_field_is_not_sure(descriptions):
    values = {**w.SUMMARY, "/person/id_number": "见附件", "/expenses/other": "约两千"}
    found, _ = found_in(descriptions, *w.Writer().summary(values))
    wrong = [found[name] for name in ("/person/id_number", "/expenses/other")]
    assert [(value.text, value.sure) for value in wrong] == [("见附件", False), ("约两千", False)]


def test_blanks_left_empty_give_nothing(descriptions):
    values = {**dict.fromkeys(w.SUMMARY, ""), "/training/content": "", "/training/outcome": ""}

    class Empty(w.Writer):
        def value(self, name, text):
            return run({w.PERIOD: "    年  月  日 至    年  月  日", w.PLACE: ""}.get(name, text))

    assert found_in(descriptions, *Empty().summary(values)) == ({}, ())


def test_choices_without_a_tick_give_nothing_and_two_ticks_are_not_sure(descriptions):
    class Unclear(w.Writer):
        def value(self, name, text):
            ways = {
                "/person/gender": "□男 □女",
                "/person/category": "☑技能人才 ☑专业技术人才（自然科学类）",
            }
            return run(ways.get(name, text))

    found, _ = found_in(descriptions, *Unclear().summary(w.SUMMARY))
    assert "/person/gender" not in found
    assert not found["/person/category"].sure


def test_what_is_written_or_stamped_into_boxes_is_left_over_with_its_place(descriptions):
    class Signed(w.Writer):
        def opinions(self, *labels):
            text = "{}\n同意推荐。\n            盖  章：\n          2026年3月1日"
            return [row(cell(paragraphs(text.format(label)), w.WIDTH)) for label in labels]

    _, leftovers = found_in(descriptions, *Signed().summary(w.SUMMARY))
    assert [text for _, text in leftovers] == ["同意推荐。\n2026年3月1日"] * 2
    assert leftovers[0][0].startswith("第1张表第")


def test_added_labels_struck_words_and_notes_are_left_over(descriptions):
    class Struck(AddedRows):
        def value(self, name, text):
            return super().value(name, text) + (
                run("旧地址", "<w:strike/>") if name == "/person/address" else ""
            )

    note = '<w:footnote w:id="2"><w:p><w:r><w:t>脚注说明</w:t></w:r></w:p></w:footnote>'
    head = paragraph("内部资料")
    _, leftovers = found_in(
        descriptions, *Struck().summary(w.SUMMARY), footnotes=note, header1=head
    )
    texts = {text for _, text in leftovers}
    assert {"籍  贯", "江西南昌", "群众", "旧地址"} <= texts
    assert ("脚注", "脚注说明") in leftovers
    assert ("页眉", "内部资料") in leftovers


def test_a_speciality_called_as_a_label_is_read_or_told(descriptions):
    values = {**w.SUMMARY, "/person/specialty": "项目名称", "/person/ethnicity": "其他"}
    found, leftovers = found_in(descriptions, *w.Writer().summary(values))
    assert (found["/person/ethnicity"].text, found["/person/ethnicity"].sure) == ("其他", True)
    assert "项目名称" in {text for _, text in leftovers}


def test_fields_that_the_official_form_does_not_print_are_read_by_their_titles(descriptions):
    more = table(
        row(cell("随附材料"), cell("☑研修机构证明 ☑使领馆留学证明\n☑往返机票 □出入境签证记录")),
        row(cell("报送日期"), cell("2026年2月27日")),
        row(cell("从事基础科学研究"), cell("是□ 否√")),
    )
    found, leftovers = found_in(descriptions, *w.Writer().summary(w.SUMMARY), more)
    texts = {
        name: found[name].text for name in ("/materials", "/submitted_on", "/person/basic_research")
    }
    assert list(texts.values()) == ["研修机构证明、使领馆留学证明、往返机票", "2026年2月27日", "否"]
    assert all(found[name].sure for name in texts)
    assert leftovers == ()


def budget(*amounts: str, total: str = "200,000") -> str:
    rows = [
        row(cell(str(number)), cell(item), cell(amount))
        for number, (item, amount) in enumerate(
            zip(("设备费", "", "其他"), amounts, strict=True), 1
        )
    ]
    head = row(cell("序号"), cell("支出项目"), cell("金额（元）"))
    return table(head, *rows, row(cell("合计", 2), cell(total)))


def test_rows_of_a_list_are_read_in_their_order_without_the_empty_ones(descriptions):
    found, leftovers = found_in(
        descriptions, *w.Writer().funding(w.FUNDING), paragraph("项目经费预算表"),
        budget("120,000", "", "8万元"),
    )  # fmt: skip
    rows = {name: value.text for name, value in found.items() if "/budget/" in name}
    assert rows == {
        "/project/budget/0/item": "设备费", "/project/budget/0/amount": "120,000",
        "/project/budget/1/item": "其他", "/project/budget/1/amount": "8万元",
    }  # fmt: skip
    assert all(value.sure for value in found.values())
    assert leftovers == ()


def test_a_total_that_differs_from_the_amount_applied_for_is_not_sure(descriptions):
    blocks = [*w.Writer().funding(w.FUNDING), budget("1", "", "2", total="210,000")]
    found, _ = found_in(descriptions, *blocks)
    assert not found["/project/amount"].sure
    assert "210,000" in found["/project/amount"].seen


@pytest.mark.parametrize("form_id", ["jiangxi-training-summary", "jiangxi-project-funding"])
def test_our_own_paper_without_its_data_is_read_by_its_labels(form_id, catalogue, descriptions):
    form = catalogue[form_id]
    for sample in valid_samples(form_id):
        data = submissions.parse(sample.read_bytes()).data
        paper = labelled(fill(form, data, "docx"), descriptions)
        assert paper.form == form_id
        assert paper.leftovers == ()
        for value in paper.found:
            assert value.sure, (sample.name, value)
            read, _ = answers.read(form, value.pointer, value.text)
            assert shown(value.pointer, read) == shown(
                value.pointer, pointers.get(data, value.pointer)
            )
        assert {value.pointer for value in paper.found} == printed_of(form, data)


def printed_of(form, data) -> set[str]:
    """The fields of a submission that its form prints."""
    described = description(form)
    names = {site["name"] for site in described["sites"] if site["way"]}
    inside = {
        field
        for name in names & described["boxes"].keys()
        for field in described["boxes"][name]["fields"]
    }
    return {
        place
        for field in form.leaves
        if field.pointer in names | inside
        for place in field.places(data)
        if pointers.get(data, place) is not pointers.MISSING
    }


def shown(pointer, value):
    """A value as far as paper tells it: the blanks around a text are no part of it."""
    if not isinstance(value, str):
        return value
    return identity_code(value) if "id_number" in pointer else value.strip()


def test_a_value_without_its_label_is_left_over_even_where_the_form_prints_such_words(descriptions):
    class Unlabelled(w.Writer):
        def label(self, text):
            return run("" if text == "地  址" else text)

    values = {**w.FUNDING, "/unit/address": "省属高校"}  # words of the printed note
    found, leftovers = found_in(descriptions, *Unlabelled().funding(values))
    assert "/unit/address" not in found
    assert "省属高校" in {text for _, text in leftovers}


def test_a_box_to_tick_and_its_choice_may_stand_in_cells_of_their_own(descriptions):
    choices = ("研修机构证明", "使领馆留学证明", "往返机票")
    rows = [
        row(cell("" if number else "随附材料（必填）", 1, "continue" if number else "restart"), cell("☐☑☑"[number]), cell(choice))
        for number, choice in enumerate(choices)
    ]  # fmt: skip
    found, leftovers = found_in(descriptions, *w.Writer().summary(w.SUMMARY), table(*rows))
    assert (found["/materials"].text, found["/materials"].sure) == (
        "使领馆留学证明、往返机票",
        True,
    )
    assert leftovers == ()


def test_a_form_of_another_office_is_not_taken_for_one_of_ours(descriptions):
    rows = [
        row(cell("姓名"), cell("张三"), cell("性别"), cell("男")),
        row(cell("职称", 2), cell("教授", 2)),
    ]
    paper = labelled(w.document(paragraph("职工登记表"), table(*rows)), descriptions)
    assert (paper.form, paper.found) == (None, ())


# Hostile papers, as an upload is read.


def padded(raw: bytes, size: int = 130_000) -> bytes:
    """With a picture that lets much XML be packed beside it."""
    target = io.BytesIO(raw)
    with zipfile.ZipFile(target, "a") as opened:
        opened.writestr("word/media/image1.png", random.Random(1).randbytes(size))
    return target.getvalue()


FORM = "".join(w.Writer().funding(w.FUNDING))
NEST = "<w:tbl><w:tr><w:tc>", "<w:p/>", "</w:tc></w:tr></w:tbl>"
HOSTILE = {
    "a million paragraphs": "<w:p/>" * 1_000_000,
    "two hundred thousand paragraphs": "<w:p/>" * 200_000,
    "cells as wide as a thousand million": FORM + table(*[row(cell("姓名", 10**9))] * 3_000),
    "cells merged over nine thousand rows": FORM
    + table(row(cell("甲", 200, "restart")), *[row(cell("甲", 200, "continue"))] * 9_000),
    "tables nested a thousand deep": NEST[0] * 1_000 + NEST[1] + NEST[2] * 1_000,
    "tables nested sixty deep": NEST[0].replace("<w:tc>", "<w:tc><w:p/></w:tc><w:tc>") * 60
    + NEST[1] + NEST[2] * 60,
    "insertions nested two hundred deep": "<w:p>" + "<w:ins>" * 200 + run("甲") * 20_000
    + "</w:ins>" * 200 + "</w:p>",
    "nothing but labels": FORM + table(*[row(*[cell("姓名")] * 40)] * 100),
    "nothing but what is like labels": FORM + table(*[row(*[cell("姓名称呼")] * 40)] * 100),
    "labels and values without end": FORM + table(*[row(*[cell("姓名"), cell("甲")] * 20)] * 100),
    "labels in one line without end": FORM + paragraph("姓名：" * 80_000),
    "blanks without end": FORM + paragraph("姓" + " " * 140_000 + "名") + paragraph("2024" + "_ " * 60_000),
    "ticks without end": FORM + table(row(cell("人选类别"), cell("☑甲" * 100_000))),
    "digits without end": FORM + table(row(cell("项目名称及经费"), cell("1" * 250_000))),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_paper_is_refused_or_read_within_the_limits_of_the_sandbox(case, catalogue):
    raw = padded(w.document(HOSTILE[case]))
    began = time.monotonic()
    with suppress(UnreadableDocument):
        assert labels.read(raw, catalogue.editions()[::-1]).form in (
            None,
            "jiangxi-project-funding",
        )
    assert time.monotonic() - began < WALL


def test_a_document_type_in_a_part_is_refused(catalogue):
    target = io.BytesIO(w.document(FORM))
    with zipfile.ZipFile(target, "a") as opened:
        opened.writestr("word/comments.xml", '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')
    with pytest.raises(UnreadableDocument, match="XML 声明"):
        labels.read(target.getvalue(), catalogue.editions()[::-1])


def test_a_paper_is_read_in_the_sandbox_as_it_is_outside(catalogue, descriptions):
    raw = w.document(*w.Writer().summary(w.SUMMARY))
    assert labels.read(raw, catalogue.editions()[::-1]) == labelled(raw, descriptions)


@pytest.mark.parametrize("merged", [True, False], ids=["beside one label", "under a blank"])
def test_a_text_that_goes_on_in_the_cell_below_is_not_sure(merged, descriptions):
    class GoesOn(w.Writer):
        def pairs(self, values, pairs):
            if pairs[0][1] != "/training/outcome":
                return super().pairs(values, pairs)
            label = cell(w.OUTCOME, 12, "restart" if merged else "")
            return [
                row(label, cell("上半部分。", 12)),
                row(cell("", 12, "continue" if merged else ""), cell("下半部分。", 12)),
            ]

    found, leftovers = found_in(descriptions, *GoesOn().summary(w.SUMMARY))
    assert (found["/training/outcome"].text, found["/training/outcome"].sure) == (
        "上半部分。",
        False,
    )
    assert "下半部分。" in {text for _, text in leftovers}


@pytest.mark.parametrize("pointer", ["/person/specialty", w.PLACE])
def test_a_text_parted_over_cells_is_not_sure(pointer, descriptions):
    class Parted(w.Writer):
        def pairs(self, values, pairs):
            if pairs[0][1] != pointer:
                return super().pairs(values, pairs)
            return [row(cell(pairs[0][0], 8), cell("固体", 8), cell("力学", 8))]

    found, leftovers = found_in(descriptions, *Parted().summary(w.SUMMARY))
    names = [pointer] if pointer in found else ["/training/country", "/training/place"]
    assert not any(found[name].sure for name in names)
    assert "力学" in {text for _, text in leftovers}


@pytest.mark.parametrize("blank", [False, True], ids=["filled", "blank"])
def test_a_label_of_another_office_is_never_the_value_beside_it(blank, descriptions):
    class Beside(w.Writer):
        def pairs(self, values, pairs):
            if pairs[0][1] != "/training/institution":
                return super().pairs(values, pairs)
            below = ("" if blank else "Institut", "12,000元")
            return [
                row(cell("研修机构名称", 12), cell("合同金额", 12)),
                row(*(cell(text, 12) for text in below)),
            ]

    found, leftovers = found_in(descriptions, *Beside().summary(w.SUMMARY))
    assert not found["/training/institution"].sure
    assert "12,000元" in {text for _, text in leftovers}


def test_a_value_that_goes_on_with_an_unknown_label_is_not_sure(descriptions):
    values = {
        **w.SUMMARY,
        "/person/specialty": "固体力学    学  科：力学",
        "/person/degree": "博士    ：无",
    }
    found, _ = found_in(descriptions, *w.Writer().summary(values))
    assert (found["/person/specialty"].sure, found["/person/degree"].sure) == (False, False)


def test_an_amount_without_a_project_is_not_parted_at_its_comma(descriptions):
    found, _ = found_in(descriptions, *w.Writer().funding({**w.FUNDING, "/project/name": ""}))
    assert not any(found[name].sure for name in ("/project/name", "/project/amount"))


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


@pytest.mark.parametrize(
    "variant", [MovedBorders, OldTickBoxes, JoinedParagraphs], ids=lambda v: v.__name__
)
def test_what_editors_leave_of_a_summary_is_read_whole(variant, outcome):
    read = outcome("jiangxi-training-summary", w.document(*variant().summary(w.SUMMARY)), w.SUMMARY)
    assert (read.wrong, read.missing, read.unsure) == ({}, [], [])


def test_the_prompt_of_an_empty_control_is_no_value(outcome):
    values = {name: text for name, text in w.SUMMARY.items() if "phone" not in name}
    raw = w.document(
        *Prompts().summary({**w.SUMMARY, "/person/office_phone": "", "/person/home_phone": ""})
    )
    read = outcome("jiangxi-training-summary", raw, values)
    assert (read.wrong, read.missing, read.unsure, read.leftovers) == ({}, [], [], ())


def test_a_strict_document_is_read_as_any_other(descriptions):
    raw = w.document(*w.Writer().summary(w.SUMMARY))
    strict = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(strict, "w") as new:
        for name in old.namelist():
            content = old.read(name).replace(
                w.W.encode(), b"http://purl.oclc.org/ooxml/wordprocessingml/main"
            )
            new.writestr(name, content)
    assert labelled(strict.getvalue(), descriptions) == labelled(raw, descriptions)


def test_the_indents_and_paragraphs_of_a_long_text_stay(descriptions):
    text = "　　第一段。\n\n　　第二段。"
    found, _ = found_in(descriptions, *w.Writer().summary({**w.SUMMARY, "/training/content": text}))
    assert found["/training/content"].text == text
