"""On any blank form the labels are found, each with the place that is left to write in.

The forms are built as offices build theirs (merged cells, lists below heads, dates and ticks in
cells, labels over two lines, rules to write on); the pairs are what a person sees on them.
"""

import pytest

from formsvc.intake.labels import pairs

from . import wordforms as w
from .wordforms import cell, paragraph, paragraphs, row, ruled, run, table

DAY = "      年    月    日"


def beside(*labels: str, widths: tuple[int, int] = (1, 1)) -> str:
    """A row of labels with a blank right of each."""
    label_width, blank_width = widths
    return row(
        *(part for label in labels for part in (cell(label, label_width), cell("", blank_width)))
    )


def listed(*heads: str, rows: int = 3, span: int = 1) -> list[str]:
    """Heads with blank rows below."""
    return [
        row(*(cell(head, span) for head in heads)), *[row(*(cell("", span) for _ in heads))] * rows
    ]  # fmt: skip


def trip() -> tuple[list[str], list[tuple[str, str]]]:
    """Made by WPS: choices to tick, days and names within cells, signatures under a text."""
    rows = [
        beside("姓名", "工号", "部门"), row(cell("职务"), cell("", 2), cell("手机"), cell("", 2)),
        row(cell("外出(公务)事\n由"), cell(paragraph("□ 会议  □调研  □ 培训  □ 其他 目的地：") + paragraph("会议名称："), 5)),
        row(cell("外出时\n间"), cell("         . 年   月   日至    年   月   日", 5)),
        row(cell("经费来源"), cell(paragraph("□ 是 □ 否 由本单位承担") + paragraph("承担单位：           承担金额："), 5)),
        row(cell("须知"), cell(paragraphs("1、外出前办理手续；未办理的不予报销。\n2、遵守纪律。\n\n       本人签字：\n" + DAY), 5)),
        row(cell("部门意见"), cell(paragraphs("我已知晓本次外出。\n\n            签名：\n" + DAY), 5)),
    ]  # fmt: skip
    seen = [
        ("姓名", "1.2"), ("工号", "1.4"), ("部门", "1.6"), ("职务", "2.2"), ("手机", "2.4"),
        ("外出(公务)事由", "3.2"), ("目的地", "3.2"), ("会议名称", "3.2"), ("外出时间", "4.2"),
        ("经费来源", "5.2"), ("承担单位", "5.2"), ("承担金额", "5.2"), ("本人签字", "6.2"),
        ("签名", "7.2"),
    ]  # fmt: skip
    return [paragraph("外出登记表"), table(*rows), paragraph("注：1 、本表由部门留存。")], seen


def personnel() -> tuple[list[str], list[tuple[str, str]]]:
    """Rules to write on, a box for a photo, two lists, a declaration, numbered lines."""
    rule = ruled("        ")
    above = paragraph(
        run("应聘岗位：")
        + rule
        + run("            填表日期：")
        + rule
        + run("年")
        + ruled("   ")
        + run("月")
        + ruled("   ")
        + run("日")
    )
    photo = [
        row(*(part for label in ("姓  名", "性  别") for part in (cell(label), cell(""))), cell("照片", 2, "restart")),
        row(*(part for label in ("民  族", "籍  贯") for part in (cell(label), cell(""))), cell("", 2, "continue")),
    ]  # fmt: skip
    kin = [
        row(
            cell("家庭\n成员", 1, "restart"),
            cell("称谓"),
            cell("姓名"),
            cell("年龄"),
            cell("单位", 2),
        ),
        *[row(cell("", 1, "continue"), cell(""), cell(""), cell(""), cell("", 2))] * 2,
    ]
    lines = (
        paragraph(run("【1】到岗日期：") + rule + run("年") + rule + run("月") + rule + run("日"))
        + paragraph("【2】岗位/班组：") + paragraph("【3】介绍人：□无 □有：")
        + paragraph(run("试用工资：") + rule + run("元/月；其中，试用期") + ruled("  ") + run("个月"))
        + paragraph("负责人签字：                 日期：")
    )  # fmt: skip
    rows = [
        *photo, row(cell("证件号码", 2), cell("", 4)), row(cell("住址与邮编", 2), cell("", 4)), *kin,
        row(cell("学习经历（倒序填写）", 6)), *listed("起止年月", "学校（及专业）", "证明人", span=2),
        row(cell(paragraph("亲属情况：在本单位是否有您的亲属？  有（ ） 没有（ ）") + paragraph(run("如有，请填写其姓名：") + rule + run(" 关系：") + rule), 6)),
        row(cell("声明：①所填内容真实；②同意核实。\n          承诺人签名：            日期：   年   月   日", 6)),
        row(cell("人事部门填写", 6)), row(cell(lines, 6)),
        row(cell(paragraphs("审核意见：\n\n\n            领导签字：         日期："), 6)),
    ]  # fmt: skip
    seen = [
        ("应聘岗位", ""), ("填表日期", ""), ("姓名", "1.2"), ("性别", "1.4"), ("民族", "2.2"),
        ("籍贯", "2.4"), ("证件号码", "3.2"), ("住址与邮编", "4.2"), ("称谓", "6.2"), ("姓名", "6.3"),
        ("年龄", "6.4"), ("单位", "6.5"), ("起止年月", "10.1"), ("学校", "10.2"), ("证明人", "10.3"),
        ("在本单位是否有您的亲属?", "13.1"), ("其姓名", "13.1"), ("关系", "13.1"),
        ("承诺人签名", "14.1"), ("日期", "14.1"), ("到岗日期", "16.1"), ("岗位/班组", "16.1"),
        ("介绍人", "16.1"), ("试用工资", "16.1"), ("试用期", "16.1"), ("负责人签字", "16.1"),
        ("日期", "16.1"), ("审核意见", "17.1"), ("领导签字", "17.1"), ("日期", "17.1"),
    ]  # fmt: skip
    return [paragraph("入职表"), above, table(*rows)], seen


def progress() -> tuple[list[str], list[tuple[str, str]]]:
    """Labels over two lines; blanks under their labels in the same cell."""
    rows = [
        beside("单  位", "科（室）", "岗  位"), beside("申报人\n姓  名", "编  号", "导师姓名\n及 职 称"),
        row(cell("课题名称"), cell("", 5)),
        row(cell(paragraphs("是否按期、原因分析及下一步计划：\n\n\n"), 6)),
        row(cell(paragraphs("考核意见：\n\n\n        导师签名：          年   月   日"), 6)),
    ]  # fmt: skip
    seen = [
        ("单位", "1.2"), ("科", "1.4"), ("岗位", "1.6"), ("申报人姓名", "2.2"), ("编号", "2.4"),
        ("导师姓名及职称", "2.6"), ("课题名称", "3.2"), ("是否按期、原因分析及下一步计划", "4.1"),
        ("考核意见", "5.1"), ("导师签名", "5.1"),
    ]  # fmt: skip
    return [paragraph("中期表"), table(*rows), paragraph("注：本表留存。")], seen


def safety() -> tuple[list[str], list[tuple[str, str]]]:
    """A list below a line that only announces it; questions answered in the next row."""
    rows = [
        beside("车 间", "班 组", "岗 位"), row(cell(paragraphs("作业过程（简要描述）：\n\n"), 6)),
        row(cell("作业周期（几小时、几天）：", 6)), row(cell("作业过程的风险：", 6)),
        *listed("步骤", "地点", "危险源", "分析", "措施", "办法"),
        row(cell(paragraph("作业中是否有火灾的危险？   是 □  否 □") + paragraph("如果有，如何预防？怎样处理？"), 6)),
        row(cell("", 6)), row(cell("是否接触粉尘？采用何种防护？", 6)), row(cell("", 6)),
        row(cell(paragraphs("本人承诺以上内容属实。\n      工人签字              年  月  日\n      班长签字              年  月  日"), 6)),
    ]  # fmt: skip
    seen = [
        ("是否涉及安全分析", ""), ("车间", "1.2"), ("班组", "1.4"), ("岗位", "1.6"), ("作业过程", "2.1"),
        ("作业周期", "3.1"), ("步骤", "6.1"), ("地点", "6.2"), ("危险源", "6.3"), ("分析", "6.4"),
        ("措施", "6.5"), ("办法", "6.6"), ("作业中是否有火灾的危险?", "9.1"),
        ("如果有,如何预防?怎样处理?", "10.1"), ("是否接触粉尘?采用何种防护?", "12.1"),
        ("工人签字", "13.1"), ("班长签字", "13.1"),
    ]  # fmt: skip
    above = [paragraph("是否涉及安全分析：  是 □  否 □"), paragraph("如果涉及，请填写以下各项。")]
    below = [paragraph("说明："), paragraph("1、 危险源：化学品、设备等。")]
    return [*above, table(*rows), *below], seen


def placement() -> tuple[list[str], list[tuple[str, str]]]:
    """A period in one cell, high boxes, a box for a seal."""
    rows = [
        beside("学员姓名", "证号", "专业"), row(cell("接收单位"), cell("", 5)),
        row(cell("培训时间"), cell("            年   月   日  至    月   日", 5)),
        row(cell("主要\n培训内容"), cell(paragraphs("\n\n\n"), 5)),
        row(cell("导师对学\n员的评价"), cell("", 5)),
        row(cell("单位导\n师签字"), cell("", 2), cell("单位公章"), cell("", 2)),
    ]  # fmt: skip
    seen = [
        ("学员姓名", "1.2"), ("证号", "1.4"), ("专业", "1.6"), ("接收单位", "2.2"), ("培训时间", "3.2"),
        ("主要培训内容", "4.2"), ("导师对学员的评价", "5.2"), ("单位导师签字", "6.2"), ("单位公章", "6.4"),
    ]  # fmt: skip
    return [paragraph("鉴定书"), table(*rows), paragraph("本表盖章有效。")], seen


def where(place: str) -> str:
    """3.2 for the second cell of the third row, "" outside of tables."""
    numbers = "".join(each if each.isdigit() else " " for each in place).split()
    return ".".join(numbers[1:]) if place.startswith("第") else ""


@pytest.mark.parametrize("form", [trip, personnel, progress, safety, placement])
def test_every_label_with_a_blank_is_found_and_no_other(form):
    blocks, seen = form()
    found = [(label, where(place)) for label, place in pairs(w.document(*blocks))]
    assert len(found) == len(seen), set(found) ^ set(seen)
    for (label, place), (as_seen, at) in zip(
        sorted(found, key=order), sorted(seen, key=order), strict=True
    ):
        assert place == at, (label, as_seen)
        assert as_seen.endswith(label) or label.endswith(as_seen)


def order(pair: tuple[str, str]) -> tuple[str, str]:
    """By place, and there by the end of the label, which is what two readings of it share."""
    return pair[1], pair[0][-2:]


def test_a_filled_blank_is_no_pair():
    rows = [row(cell("姓名"), cell("张三"), cell("性别"), cell("□男 ☑女"), cell("职称"), cell(""))]
    assert [pair.label for pair in pairs(w.document(table(*rows)))] == ["职称"]
