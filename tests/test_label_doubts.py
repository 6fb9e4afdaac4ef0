"""What a paper from elsewhere says unclearly is never sure, and what it says besides is left over."""

import pytest

from formsvc.intake.labels import labelled

from . import wordforms as w
from . import wordvariants as v
from .labelreading import found_in
from .wordforms import cell, paragraph, paragraphs, row, run, table


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
    class Struck(v.AddedRows):
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
    assert "力学" in {*(text for _, text in leftovers), *(found[name].text for name in names)}


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


def test_a_value_with_an_unknown_label_in_it_is_not_sure(descriptions):
    texts = {
        "/person/specialty": "固体力学    学  科：力学", "/person/degree": "博士    ：无",
        "/person/education": "备  注：无",
    }  # fmt: skip
    found, _ = found_in(descriptions, *w.Writer().summary({**w.SUMMARY, **texts}))
    assert [found[name].sure for name in texts] == [False, False, False]


def test_an_amount_without_a_project_is_not_parted_at_its_comma(descriptions):
    found, _ = found_in(descriptions, *w.Writer().funding({**w.FUNDING, "/project/name": ""}))
    assert not any(found[name].sure for name in ("/project/name", "/project/amount"))
