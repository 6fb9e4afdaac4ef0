"""Whose verdict changes under other policy values, by which rule, from which limit to which."""

import copy
import io
import json

import openpyxl
import pytest

from formsvc.cli import main

ON = ["--on", "2026-03-01"]
LOWER_CAP = '[[value]]\nid = "study-grant"\nsince = 2021-01-01\nvalue = 60000\n'


@pytest.fixture
def replay(runner, tmp_path):
    def run(values: str, *submissions, output="json", sources=None):
        (tmp_path / "new.toml").write_text(values, "utf-8")
        lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in submissions)
        (tmp_path / "batch.jsonl").write_text(lines, "utf-8")
        given = sources or [str(tmp_path / "batch.jsonl")]
        command = ["replay", "--values", str(tmp_path / "new.toml"), *given, *ON]
        return runner.invoke(main, [*command, "--output", output, "--workers", "1"], input=lines)

    return run


def granted(summary: dict, amount: int) -> dict:
    data = copy.deepcopy(summary)
    data["funding"] |= {"provincial": amount, "unit": 0}
    data["expenses"] |= {"training": amount, "travel": 0, "living": 0, "other": 0, "total": amount}
    return data


def test_a_lower_cap_turns_the_verdict_of_who_is_above_it(replay, summary, funding):
    result = replay(LOWER_CAP, funding, granted(summary, 60001))
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (told["submissions"], told["verdicts"], told["touched"]) == (2, 1, 0)
    (item,) = told["changed"]
    assert (item["number"], item["before"], item["after"]) == (2, "ok", "error")
    (rule,) = item["rules"]
    assert rule["rule"] == "provincial-cap"
    assert (rule["change"], rule["before"], rule["after"]) == ("new", "100,000元", "60,000元")
    assert told["rules"] == [
        {"rule": "provincial-cap", "before": "100,000元", "after": "60,000元",
         "new": 1, "gone": 0, "limit": 0}
    ]  # fmt: skip
    unit = summary["unit"]["name"]
    assert told["units"] == [{"unit": unit, "worse": 1, "better": 0, "touched": 0}]


def test_a_higher_cap_frees_who_was_above_the_old_one(replay, summary):
    values = LOWER_CAP.replace("60000", "120000")
    told = json.loads(replay(values, granted(summary, 110000)).stdout)
    (item,) = told["changed"]
    assert (item["before"], item["after"], item["rules"][0]["change"]) == ("error", "ok", "gone")
    assert told["units"][0]["better"] == 1


def test_at_the_new_cap_nothing_changes(replay, summary):
    assert json.loads(replay(LOWER_CAP, granted(summary, 60000)).stdout)["changed"] == []


def test_a_value_holds_only_from_its_day(replay, summary):
    since = LOWER_CAP.replace("2021-01-01", "2099-01-01")
    result = replay(since, granted(summary, 90000))
    assert result.exit_code == 0
    assert json.loads(result.stdout)["changed"] == []


def test_of_a_table_the_entry_of_the_submission_is_named(replay, funding):
    table = (
        '[[value]]\nprogramme = "jiangxi"\nid = "project-grant"\nsince = 2021-01-01\n'
        'value = { "专业技术人才（自然科学类）" = [100000, 200000], '
        '"专业技术人才（社会科学类）" = [50000, 50000], "技能人才" = [60000, 70000] }\n'
    )
    skilled = copy.deepcopy(funding)
    skilled["person"]["category"] = "技能人才"
    skilled["project"] = {"name": "课题", "amount": 50000}
    skilled["person"].pop("id_number", None)
    told = json.loads(replay(table, skilled, funding).stdout)
    (item,) = told["changed"]
    rule = item["rules"][0]
    assert (rule["before"], rule["after"]) == ("50,000元", "60,000元至70,000元")


def test_who_is_refused_by_either_but_by_another_limit_is_told_apart(replay, summary):
    told = json.loads(replay(LOWER_CAP, granted(summary, 110000)).stdout)
    assert (told["verdicts"], told["touched"]) == (0, 1)
    assert told["changed"][0]["rules"][0]["change"] == "limit"


def test_standard_input_is_judged_twice_though_it_comes_once(replay, summary):
    told = json.loads(replay(LOWER_CAP, granted(summary, 70000), sources=["-"]).stdout)
    assert told["verdicts"] == 1


def test_text_and_workbook_say_the_same(replay, summary, funding):
    given = [granted(summary, 70000), funding]
    text = replay(LOWER_CAP, *given, output="text").output
    assert "共 2 份：1 份的结论会变" in text
    assert "100,000元 → 60,000元" in text
    assert "没有问题 → 有问题" in text
    book = openpyxl.load_workbook(io.BytesIO(replay(LOWER_CAP, *given, output="xlsx").stdout_bytes))
    assert [cell.value for cell in book["按规则"][2]] == [
        "省专项资金资助超过 100,000元",
        "100,000元",
        "60,000元",
        1,
        0,
        0,
    ]
    assert [row[4].value for row in book["变化"].iter_rows(min_row=2)] == ["没有问题"]


WRONG = {
    "no TOML": ("[[value", "new.toml"),
    "no such value": ('[[value]]\nid = "study"\nsince = 2021-01-01\nvalue = 1\n', "[[value]] study: no such value"),
    "value of several programmes": (
        '[[value]]\nid = "project-grant"\nsince = 2021-01-01\nvalue = 1\n',
        "say by `programme` whose value it is: jiangsu333, jiangxi",
    ),
    "programme that there is not": (
        '[[value]]\nprogramme = "x"\nid = "study-grant"\nsince = 2021-01-01\nvalue = 1\n',
        "[[value]] study-grant: programme: there is no 'x'",
    ),
    "day that is none": ('[[value]]\nid = "study-grant"\nsince = "soon"\nvalue = 1\n', "[[value]] study-grant: since"),
    "given twice": (LOWER_CAP + LOWER_CAP, "[[value]] study-grant: is given twice"),
    "unknown key": (LOWER_CAP + "vaule = 1\n", "[[value]] study-grant"),
    "value that no rule can take": (
        LOWER_CAP.replace("60000", '"viel"'), "[[value]] study-grant: value:",
    ),
    "nothing in it": ("", "'value' is a required property"),
}  # fmt: skip


@pytest.mark.parametrize(("values", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_refused_with_file_and_place(values, said, replay, summary):
    result = replay(values, summary)
    assert result.exit_code == 2
    assert "new.toml" in result.output
    assert said in result.output


def test_a_file_that_is_not_there_is_said_so(runner, tmp_path):
    result = runner.invoke(main, ["replay", "--values", str(tmp_path / "no.toml"), str(tmp_path)])
    assert result.exit_code == 2
    assert "没有这个文件" in result.output
