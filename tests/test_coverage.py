"""Every article and clause of a regulation: what covers it, or why software cannot."""

import re
from datetime import date

import pytest

from formsvc import Shelf, load_forms
from formsvc.checks import coverage
from formsvc.checks.coverage import cited, said
from formsvc.cli import main
from formsvc.errors import FormError

ON = date(2026, 3, 1)
NUMERALS = "一二三四五六七八九"
ARTICLES = {"jiangxi": (24, ["附件1", "附件2"]), "jiangsu333": (16, [])}


def numeral(number: int) -> str:
    tens, ones = divmod(number, 10)
    ten = ("" if tens == 1 else NUMERALS[tens - 1]) + "十" if tens else ""
    return ten + (NUMERALS[ones - 1] if ones else "")


def edited(shelf: Shelf, old: str, new: str, name: str = "jiangxi/programme.toml") -> Shelf:
    path = shelf.schemas / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return shelf


def verify(shelf: Shelf) -> None:
    known = load_forms(shelf, whole=False)
    for programme in known.programmes.values():
        coverage.verify(programme, known.editions())


def refusal(shelf: Shelf) -> str:
    with pytest.raises(FormError) as caught:
        verify(shelf)
    return str(caught.value)


@pytest.mark.parametrize("id", ARTICLES)
def test_every_article_has_entries_in_their_order(id, catalogue):
    last, annexes = ARTICLES[id]
    whole = coverage.coverage(catalogue.programmes[id], catalogue.values(), ON)
    wanted = [f"第{numeral(number)}条" for number in range(1, last + 1)]
    assert [each.article for each in whole.articles] == [*wanted, *annexes]
    for each in whole.articles:
        assert all(clause.covers or clause.reason for clause in each.clauses)


@pytest.mark.parametrize("id", ARTICLES)
def test_what_comes_along_is_complete(id, catalogue):
    coverage.verify(catalogue.programmes[id], catalogue.editions())


def test_every_rule_stands_below_an_article_or_a_source_of_its_own(catalogue):
    for programme in catalogue.programmes.values():
        whole = coverage.coverage(programme, catalogue.values(), ON)
        shown = [clause.covers for each in whole.articles for clause in each.clauses]
        shown += [each.others for each in whole.articles]
        shown += [source.covers for source in whole.sources]
        named = {(cover.form, cover.name) for covers in shown for cover in covers}
        for form in catalogue.values():
            if form.programme is programme:
                assert {(form.id, rule.id) for rule in form.rules} <= named


def test_a_citation_of_an_article_without_an_entry_is_refused(shelf):
    text = '[[citation]]\nid = "article-99"\nregulation = "江西省高层次高技能领军人才培养工程人选服务管理办法"\n'
    text += 'article = "第九十九条"\nsummary = "某事"\n\n'
    edited(shelf, "[[citation]]\n", text + "[[citation]]\n")
    assert "article-99: no [[coverage]] entry for '第九十九条'" in refusal(shelf)


@pytest.mark.parametrize("name", ["no-such-value", "jiangxi-training-summary/no-rule",
                                  "jiangxi-training-summary#没有", "no-form"])  # fmt: skip
def test_an_entry_that_names_nothing_is_refused(name, shelf):
    edited(shelf, '"jiangxi-training-summary/within-period"', f'"{name}"')
    assert f"{name!r} does not exist" in refusal(shelf)


def test_a_value_without_a_name_for_people_is_refused(shelf):
    edited(shelf, 'title = "赴国（境）外研修资助的上限"\n', "")
    assert "study-grant: title" in refusal(shelf)


def test_an_entry_needs_either_cover_or_reason(shelf):
    edited(shelf, 'reason = "原则性的规定，没有可以逐份核对的标准。"\n', "")
    assert "[[coverage]] 第三条" in refusal(shelf)


@pytest.mark.parametrize(
    ("article", "names"),
    [
        ("第七条", ("第七条",)),
        ("第七条、第八条", ("第七条", "第八条")),
        ("附件2 注2、注3", ("附件2 注2", "附件2 注3")),
        ("第八条（一）、（三）", ("第八条（一）", "第八条（三）")),
    ],
)
def test_a_citation_of_several_clauses_names_each(article, names):
    assert cited(article) == names


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (100000, "元", "100,000元"),
        (6, "个月", "6 个月"),
        (30, "%", "30%"),
        ([1, 2], "元", "1元至2元"),
        ([5, 5], "元", "5元"),
        ({"甲": [1, 2], "乙": 3}, "元", "甲 1元至2元；乙 3元"),
        ({"years": 0, "month": 12, "day": 31}, "", "当年 12 月底"),
        ({"years": 1, "month": 2, "day": 31}, "", "次年 2 月底"),
        ({"years": 0, "month": 6, "day": 15}, "", "当年 6 月 15 日"),
    ],
)
def test_values_are_said_as_people_write_them(value, unit, text):
    assert said(value, unit) == text


def test_a_programme_without_forms_loads_and_is_listed(shelf):
    (shelf.schemas / "new").mkdir()
    (shelf.schemas / "new" / "programme.toml").write_text(
        '[programme]\ntitle = "新项目"\nregulation = "新办法"\n', "utf-8"
    )
    known = load_forms(shelf)
    assert "新项目" in [each.title for each, forms in known.by_programme(ON) if not forms]


def test_the_command_says_each_article_with_amount_and_day(runner):
    text = runner.invoke(main, ["forms", "--coverage", "jiangxi"]).output
    assert re.search(
        r"数额  赴国（境）外研修资助的上限：100,000元，自2021年1月1日起（.*没有写明印发日期", text
    )
    wrong = runner.invoke(main, ["forms", "--coverage", "jiangsu"])
    assert wrong.exit_code == 2
    assert "jiangsu333" in wrong.output


def test_the_interface_and_the_command_say_the_same(runner, client):
    import json

    told = json.loads(runner.invoke(main, ["forms", "--coverage", "--output", "json"]).output)
    assert client.get("/api/v1/coverage").json == told


def test_every_link_of_the_page_leads_to_its_place(client, catalogue):
    pages = {}
    for id in catalogue.programmes:
        pages[""] = client.get(f"/coverage/{id}").text
        for target in set(re.findall(r'<a[^>]* href="([^"]+)"', pages[""])):
            page, _, anchor = target.partition("#")
            if page not in pages:
                answer = client.get(page)
                assert answer.status_code == 200, target
                pages[page] = answer.text
            assert not anchor or f'id="{anchor}"' in pages[page], target
    assert client.get("/coverage/nothing").status_code == 404


def test_forms_are_listed_by_programme_with_who_fills_them_when(runner, client, catalogue):
    texts = [runner.invoke(main, ["forms"]).output, client.get("/").text]
    for form in catalogue.values():
        assert all(form.about in text and form.title in text for text in texts)
