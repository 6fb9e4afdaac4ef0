"""An office's list of its people: found by its headings, refused whole where it has a fault."""

import io

import openpyxl
import pytest

from formsvc.checks.register import Registered
from formsvc.cli import main
from formsvc.errors import UnreadableDocument
from formsvc.intake import registers
from formsvc.intake.registers import packed, read, unpacked

from .conftest import valid_samples

ZHANG, LI = "11010519491231002X", "360102198001010016"
HEAD = ["姓名", "身份证号码", "人选类别", "入选年份", "原百千万", "取消"]
ROWS = [
    ["张三", ZHANG, "技能人才", 2023, "否", None],
    ["李四", None, "技能人才", "2022年", "是", "2024-05-01"],
]


@pytest.fixture(scope="module")
def known(catalogue):
    return registers.headings(catalogue.programmes.values())


def book(*rows) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def comma_separated(*rows) -> str:
    return "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in rows)


PEOPLE = (
    Registered("张三", ZHANG, "技能人才", 2023, False, False),
    Registered("李四", "", "技能人才", 2022, True, True),
)


def test_a_list_is_read_from_a_workbook_and_from_a_csv_in_either_encoding(known):
    assert read(book(HEAD, *ROWS), "名册.xlsx", known).people == PEOPLE
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        content = comma_separated(HEAD, *ROWS).encode(encoding)
        assert read(content, "名册.csv", known).people == PEOPLE


def test_columns_are_found_in_any_order_with_any_blanks_and_beside_others_below_a_title(known):
    order = [3, 1, 0, 5, 4, 2]
    head = [["序号", *(f" {HEAD[at][0]} {HEAD[at][1:]}：" for at in order), "备注"]]
    rows = [["1", *(row[at] for at in order), "略"] for row in ROWS]
    content = book(["2023年人选名册"], *head, [], *rows)
    assert read(content, "名册.xlsx", known).people == PEOPLE


def test_the_levels_of_another_programme_are_the_same_column(known):
    found = read(
        comma_separated(["培养层次", "姓名"], ["第一层次", "王五"]).encode(), "a.csv", known
    )
    assert found.people == (Registered("王五", category="第一层次"),)


FAULTS = {
    "wrong check character": (["张三", ZHANG[:-1] + "1"], "第 2 行“身份证号码”：末位校验码不符"),
    "number that has lost its end": (
        ["张三", 110105194912310021],
        "第 2 行“身份证号码”：存成了数字",
    ),
    "name missing": ([None, ZHANG], "第 2 行“姓名”：没有填写"),
    "year in words": (["张三", None, None, "去年"], "第 2 行“入选年份”：填的是“去年”"),
    "neither yes nor no": (["张三", None, None, None, "不详"], "第 2 行“原百千万”：填的是“不详”"),
    "unclear withdrawal": (["张三", None, None, None, None, "待定"], "第 2 行“取消”：填的是“待定”"),
}


@pytest.mark.parametrize(("row", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_by_row_and_column(row, said, known):
    with pytest.raises(UnreadableDocument) as caught:
        read(book(HEAD, row), "名册.xlsx", known)
    assert said in str(caught.value)
    assert ZHANG[:-1] not in str(caught.value)


def test_one_person_twice_and_one_column_twice_are_faults(known):
    with pytest.raises(UnreadableDocument, match=r"第 3 行“身份证号码”：与.*第 2 行相同"):
        read(book(HEAD, ROWS[0], ROWS[0]), "名册.xlsx", known)
    with pytest.raises(UnreadableDocument, match="“人选类别”和“层次”是同一项"):
        read(comma_separated(["姓名", "人选类别", "层次"]).encode(), "名册.csv", known)


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"a,b\n1,2", "a.csv", "没有“姓名”这一列"),
        ("姓名\n".encode(), "a.csv", "名册里没有人"),
        (b"PK\x03\x04", "a.xlsx", "a.xlsx：不是完整的 ZIP 文件"),
        (b"", "a.pdf", "名册应为 .xlsx、.csv 之一"),
    ],
)
def test_what_is_no_list_says_so(content, name, said, known):
    with pytest.raises(UnreadableDocument, match=said):
        read(content, name, known)


def test_a_packed_list_is_the_same_list(known):
    register = read(book(HEAD, *ROWS), "名册.xlsx", known)
    assert unpacked(packed(register)) == register
    assert unpacked(packed(None)) is None


def test_a_faulty_list_ends_a_command_before_anything_is_checked(runner, tmp_path):
    (tmp_path / "名册.csv").write_text(comma_separated(HEAD, ["张三", "1"]), "utf-8")
    sample, listed = str(valid_samples("jiangxi-training-summary")[0]), str(tmp_path / "名册.csv")
    single = runner.invoke(main, ["check", sample, "--register", listed])
    many = runner.invoke(main, ["bulk", sample, "-o", str(tmp_path / "out"), "--register", listed])
    for result in (single, many):
        assert result.exit_code == 2
        assert "第 2 行“身份证号码”：应为 18 位，现在是 1 位" in result.output
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())


def test_a_list_comes_with_a_posted_batch_and_a_faulty_one_is_refused(client):
    sample = valid_samples("jiangxi-training-summary")[0].read_bytes()

    def posted(listed: str):
        data = {
            "file": (io.BytesIO(sample), "a.json"),
            "register": (io.BytesIO(listed.encode()), "名册.csv"),
        }
        return client.post("/api/v1/bulk?on=2026-03-01", data=data)

    answer = posted(comma_separated(HEAD, *ROWS))
    assert answer.status_code == 200
    assert '"summary":{"submissions":1' in answer.text
    refused = posted(comma_separated(HEAD, ["张三", "1"]))
    assert refused.status_code == 422
    assert "第 2 行“身份证号码”" in refused.json["detail"]


def test_a_posted_form_without_submissions_is_refused(client):
    answer = client.post("/api/v1/bulk", data={"register": (io.BytesIO(b""), "a.csv")})
    assert answer.status_code == 422
