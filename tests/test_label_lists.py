"""A list that stands in one box of a paper from elsewhere is read line by line, or asked about."""

import pytest

from formsvc.intake import reading

from . import wordforms as w
from .labelreading import found_in
from .wordforms import cell, paragraphs, row, run, table

ONE = ("赣江流域桥梁健康监测（二期）", "国家级", "52300001")
TWO = ("装配式混凝土节点，抗震性能", "省部级", "20232BAB204001")
ALONE = ("校内教学改革课题", "其他", "")
NAMES = ("name", "level", "number")
HEADS = ("项目名称", "项目级别", "项目编号")
PERSON = {
    "姓名": "万晓枫", "性别": "男", "民族": "汉族", "学历": "博士研究生", "学位": "博士",
    "职称": "副教授", "办公电话": "0791-86120001", "工作单位": "江西赣江理工学院",
    "手  机": "13800000311", "身份证号码": "360102198507090313", "通讯地址": "南昌市东湖区学苑路1号",
    "从事专业": "结构工程", "入选年份": "2024",
}  # fmt: skip
STUDY = {
    "研修地点": "德国 慕尼黑", "拟研修时间": "2026年9月1日至2027年6月30日", "研修机构名称": "慕尼黑工业大学",
    "研修目标": "掌握监测方法。", "研修内容\n和计划": "参加讨论班。",
}  # fmt: skip
TITLE = "江西省高层次高技能领军人才培养\n工程人选赴国（境）外研修申请表"


def application(*undertaken: str) -> list[str]:
    """The official form of an application to study abroad; `undertaken` are the rows of 承担项目."""
    rows = [row(cell(label), cell(text, 6)) for label, text in PERSON.items()]
    plan = [row(cell(label), cell(text, 6)) for label, text in STUDY.items()]
    heads = row(cell("人选基本情况", 7)), row(cell("研修计划", 7))
    return [
        paragraphs(TITLE), table(heads[0], *rows, *undertaken, heads[1], *plan),
    ]  # fmt: skip


def beside(content: str) -> list[str]:
    """The box with its label at the left."""
    return [row(cell("承担项目"), cell(content, 6))]


def block(*rows: tuple[str, ...]) -> list[str]:
    """A label as high as the rows beside it."""
    return [
        row(cell("承担项目" if not at else "", 1, "continue" if at else "restart"),
            *(cell(text, 6 // len(texts)) for text in texts))
        for at, texts in enumerate(rows)
    ]  # fmt: skip


def nested(*rows: tuple[str, ...]) -> list[str]:
    return beside(table(*(row(*map(cell, texts)) for texts in rows)))


def line(parts: tuple[str, str, str]) -> str:
    name, level, number = parts
    return f"{name}（{level}，{number}）" if number else f"{name}（{level}）"


def narrow(text: str) -> str:
    return (
        text.replace("（国", "(国")
        .replace("1）", "1)")
        .replace("（省", "( 省")
        .replace("级，", "级 , ")
    )


SURE = {
    "a line each": beside(paragraphs(f"{line(ONE)}\n{line(TWO)}")),
    "line breaks": beside(run(f"{line(ONE)}\n{line(TWO)}")),
    "empty lines between": beside(paragraphs(f"\n{line(ONE)}\n\n\n{line(TWO)}\n")),
    "numbered": beside(paragraphs(f"1. {line(ONE)}；\n2. {line(TWO)}。".replace("。", ""))),
    "numbered in Chinese": beside(paragraphs(f"（一）{line(ONE)}\n（二）{line(TWO)}")),
    "all in one line": beside(f"{line(ONE)}；{line(TWO)}"),
    "narrow brackets": beside(paragraphs(f"{narrow(line(ONE))}\n{narrow(line(TWO))}")),
    "below its label": [
        row(cell("承担项目", 7)), row(cell(paragraphs(f"{line(ONE)}\n{line(TWO)}"), 7)),
    ],
    "in the cell of its label": [
        row(cell(paragraphs(f"承担项目：\n{line(ONE)}\n{line(TWO)}"), 7)),
    ],
    "a row each": block((line(ONE),), (line(TWO),)),
    "a row each in a table within": nested((line(ONE),), (line(TWO),)),
    "behind labels": beside(paragraphs("\n".join(
        "；".join(f"{head}：{part}" for head, part in zip(HEADS, parts, strict=True))
        for parts in (ONE, TWO)
    ))),
    "columns with heads": block(HEADS, ONE, TWO),
    "columns with heads and an empty row": block(HEADS, ONE, TWO, ("", "", "")),
    "a table within with heads": nested(HEADS, ONE, TWO),
    "columns in another order": block(HEADS[::-1], ONE[::-1], TWO[::-1]),
}  # fmt: skip
DOUBTFUL = {
    "parted by commas": beside(paragraphs(f"{'，'.join(ONE)}\n{line(TWO)}")),
    "a name over two lines": beside(paragraphs(f"赣江流域桥梁\n健康监测（国家级，52300001）\n{line(TWO)}")),
    "the level first": beside(paragraphs(f"国家级：{ONE[0]}（52300001）\n{line(TWO)}")),
    "an unknown level": beside(paragraphs(f"{ONE[0]}（部级，1）\n{line(TWO)}")),
    "a word before": beside(paragraphs(f"主持：\n{line(ONE)}\n{line(TWO)}")),
    "the number before the name": beside(paragraphs(f"{'，'.join(ONE[::-1])}\n{line(TWO)}")),
    "numbers with a gap": beside(paragraphs(f"1. {ONE[0]}\n3. {line(TWO)}")),
    "columns without heads": block(ONE, TWO),
    "a table within without heads": nested(ONE, TWO),
    "rows of a table in another order": nested(ONE[::-1], TWO[::-1]),
    "columns with heads of another office": nested(("课题", "来源", "批准号"), ONE, TWO),
    "brackets that may be read in two ways": beside("甲（国家级，1）乙（省部级，2）"),
    "more lines than any list has": beside(paragraphs("\n".join([line(ONE)] * 80))),
}  # fmt: skip


def in_list(found: dict) -> dict:
    return {pointer: value for pointer, value in found.items() if "/projects/" in pointer}


def fields(*rows: tuple[str, str, str]) -> dict[str, str]:
    return {
        f"/projects/{at}/{name}": part
        for at, parts in enumerate(rows)
        for name, part in zip(NAMES, parts, strict=True)
        if part
    }


@pytest.mark.parametrize("case", SURE)
def test_the_rows_of_a_list_in_a_box_are_read(case, descriptions):
    found, leftovers = found_in(descriptions, *application(*SURE[case]))
    listed = in_list(found)
    assert {pointer: value.text for pointer, value in listed.items()} == fields(ONE, TWO)
    assert all(value.sure for value in found.values())
    assert leftovers == ()
    assert len(found) == len(PERSON) + len(STUDY) + 2 + len(listed)  # two boxes of two fields


def test_what_a_row_may_lack_is_not_missed(descriptions):
    lines = paragraphs(f"{line(ALONE)}\n{line(TWO)}")
    found, leftovers = found_in(descriptions, *application(*beside(lines)))
    read = {pointer: value.text for pointer, value in in_list(found).items() if value.sure}
    assert (read, leftovers) == (fields(ALONE, TWO), ())


def test_an_empty_box_has_no_rows(descriptions):
    for rows in (
        beside(""),
        nested(HEADS, ("", "", "")),
        block(("",), ("",)),
        beside("（    ，    ）"),
    ):
        found, leftovers = found_in(descriptions, *application(*rows))
        assert (in_list(found), leftovers) == ({}, ())


@pytest.mark.parametrize("case", DOUBTFUL)
def test_rows_that_are_written_in_another_way_are_never_sure_and_never_lost(case, descriptions):
    found, leftovers = found_in(descriptions, *application(*DOUBTFUL[case]))
    listed = in_list(found)
    assert not any(value.sure for value in listed.values())
    told = [*(text for value in listed.values() for text in value.seen), *dict(leftovers).values()]
    assert any(ONE[0][:4] in text or "甲" in text for text in told)
    assert all(value.sure for value in found.values() if value.pointer not in listed)


def test_a_list_that_is_not_sure_is_asked_about_and_no_clean_reading(nearby, catalogue):
    paper = w.document(*application(*DOUBTFUL["parted by commas"]))
    read = reading.read(paper, catalogue)
    assert "projects" not in read.data
    asked = {each.pointer: each.text for each in read.unsure}
    assert asked == fields(ONE, TWO)
    assert not read.is_sure
