"""Items come in whatever shape offices send them, and hostile ones cost one finding."""

import io
import json
import struct
import time
import zipfile

import pytest

from formsvc.catalogue import SAMPLES_ON as ON
from formsvc.intake.sources import Sources, items

GOOD = json.dumps({"form": "jiangxi-training-summary", "姓名": "张三"}, ensure_ascii=False)


def read(content, name, catalogue):
    content = content.encode() if isinstance(content, str) else content
    return list(items(io.BytesIO(content), name, catalogue))


def archive(*members, **options):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", **options) as target:
        for name, content in members:
            target.writestr(name, content)
    return stream.getvalue()


def refusals(found):
    return [item.findings[0].message for item in found if item.raw is None]


def test_lines_are_numbered_and_blank_ones_passed_over(catalogue):
    found = read(f"\ufeff{GOOD}\n\n  \r\n{GOOD}\r\n{GOOD}", "批.jsonl", catalogue)
    assert [item.source for item in found] == [
        "批.jsonl 第 1 行",
        "批.jsonl 第 4 行",
        "批.jsonl 第 5 行",
    ]
    assert all(item.raw == GOOD.encode() for item in found)


def test_a_line_that_is_too_long_is_refused_and_the_next_one_read(catalogue):
    found = read("x" * 3_000_000 + "\n" + GOOD, "a.jsonl", catalogue)
    assert [item.raw is None for item in found] == [True, False]
    assert "上限" in refusals(found)[0]


def test_an_array_gives_its_elements_as_they_stand(catalogue):
    text = "[\n" + " , ".join([GOOD, "1.0", '"]"', '{"a": [1, {"b": "\\""}]}']) + "\n]"
    found = read(text, "a.json", catalogue)
    assert [item.raw.decode() for item in found] == [
        GOOD,
        "1.0",
        '"]"',
        '{"a": [1, {"b": "\\""}]}',
    ]
    assert found[3].source == "a.json 第 4 项"


def test_an_array_longer_than_a_block_is_cut_right(catalogue):
    elements = [json.dumps({"n": number, "x": "长" * (number % 700)}) for number in range(500)]
    found = read("[" + ",".join(elements) + "]", "a.json", catalogue)
    assert [item.raw.decode() for item in found] == elements


def test_a_gb18030_array_keeps_its_bytes(catalogue):
    found = read(f"[{GOOD},{GOOD}]".encode("gb18030"), "a.json", catalogue)
    assert [item.raw.decode("gb18030") for item in found] == [GOOD, GOOD]


@pytest.mark.parametrize("tail", ["{", "[" * 200_000, '"', "{]"])
def test_a_broken_array_gives_what_came_before_and_one_finding(tail, catalogue):
    found = read(f"[{GOOD}, {tail}", "a.json", catalogue)
    assert found[0].raw == GOOD.encode()
    assert [item.raw is None for item in found][-1] is True


BAD = {
    "no JSON": b"nul",
    "single quotes": b"{'a': 1}",
    "nothing": b"",
    "two values": b"{} {}",
    "a stray byte": b'{"form": "\xff"}',
    "5,000 digits": b'{"form": 1' + b"0" * 5000 + b"}",
    "402 digits": b'{"form": 1' + b"0" * 402 + b"}",
    "an open text": b'{"form": "a\nb"}',
    "40 levels": b"[" * 40 + b"]" * 40,
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_element_spoils_no_other_and_has_the_verdict_it_has_alone(bad, catalogue):
    good = GOOD.encode()
    found = read(b"[" + b",".join([good, bad, good]) + b"]", "a.json", catalogue)
    assert [item.raw for item in found] == [good, bad.strip(), good]
    in_zip = read(archive(("1.json", good), ("2.json", bad)), "a.zip", catalogue)
    by_lines = read(b"\n".join([good, bad, good]), "a.jsonl", catalogue)
    ways = [found[1], in_zip[1], *(by_lines[1:2] if bad and b"\n" not in bad else ())]
    said = {tuple(f.rule for f in catalogue.check(way.raw, on=ON).report.findings) for way in ways}
    assert len(said) == 1
    assert said.pop()


def test_an_element_that_is_too_long_is_refused_and_the_next_one_read(catalogue):
    long = b'{"a": "' + b"x" * 3_000_000 + b'"}'
    found = read(b"[" + long + b"," + GOOD.encode() + b"]", "a.json", catalogue)
    assert [item.raw for item in found] == [None, GOOD.encode()]
    assert [finding.rule for finding in found[0].findings] == ["input.size"]


def test_what_follows_the_end_of_an_array_is_noticed(catalogue):
    found = read(f"[{GOOD}] {GOOD}", "a.json", catalogue)
    assert [item.raw is None for item in found] == [False, True]
    assert read("[ ] \n", "a.json", catalogue) == []


def test_backslashes_and_brackets_inside_gb18030_characters_part_nothing(catalogue):
    # 誠, 歖, 歿, 乗 have a backslash, brackets or braces as their second byte.
    text = "".join(chr(code) for code in range(0x4E00, 0x9FA5))
    tricky = "".join(c for c in text if c.encode("gb18030")[1:2] in b"\\[]{},")
    elements = [json.dumps({"a": f"{one}", "b": [one]}, ensure_ascii=False) for one in tricky]
    found = read(("[" + ",".join(elements) + "]").encode("gb18030"), "a.json", catalogue)
    assert [item.raw.decode("gb18030") for item in found] == elements
    padded = " " * 65_530 + ",".join(elements)
    found = read(f"[{padded}]".encode("gb18030"), "a.json", catalogue)
    assert [item.raw.decode("gb18030") for item in found] == elements


def test_endless_blank_lines_are_refused_at_once(catalogue):
    began = time.monotonic()
    found = read(GOOD + "\n" * 300_000 + GOOD, "a.jsonl", catalogue)
    assert [item.raw is None for item in found] == [False, True]
    packed = archive(("a.jsonl", b"\n" * 90_000_000), compression=zipfile.ZIP_DEFLATED)
    assert len(refusals(read(packed, "a.zip", catalogue))) == 1
    assert time.monotonic() - began < 2


def test_an_array_that_does_not_end_says_so(catalogue):
    found = read(f"[{GOOD}", "a.json", catalogue)
    assert [item.raw is None for item in found] == [False, True]


def test_folders_are_read_in_order_without_what_systems_leave_behind(tmp_path, catalogue):
    (tmp_path / "乙单位").mkdir()
    (tmp_path / "甲单位").mkdir()
    for name in ("甲单位/b.json", "乙单位/a.json", "甲单位/.DS_Store", "甲单位/~$表.docx"):
        (tmp_path / name).write_text(GOOD, "utf-8")
    (tmp_path / "甲单位" / "readme.exe").write_text("x")
    found = list(Sources([str(tmp_path)], catalogue))
    assert [item.source.partition("/")[2] for item in found] == [
        "乙单位/a.json",
        "甲单位/b.json",
        "甲单位/readme.exe",
    ]
    assert "input.kind" in found[2].findings[0].rule
    assert [item.unit for item in found] == ["乙单位", "甲单位", "甲单位"]


def test_a_missing_source_is_the_operators_fault(tmp_path, catalogue):
    with pytest.raises(FileNotFoundError):
        Sources([str(tmp_path / "none.jsonl")], catalogue)


def test_names_in_gbk_and_in_unmarked_utf8_are_shown_right(catalogue):
    raw = archive(("AAAA.json", GOOD), ("BBBBBB.json", GOOD))
    raw = raw.replace(b"AAAA", "张三".encode("gbk")).replace(b"BBBBBB", "李四".encode())
    assert {item.source for item in read(raw, "批.zip", catalogue)} == {
        "批.zip/张三.json",
        "批.zip/李四.json",
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../a.json", "之外"),
        ("a/../../b.json", "之外"),
        ("/etc/a.json", "路径"),
        ("C:/a.json", "路径"),
        ("a\\b.json", "路径"),
        ("inner.zip", "还有压缩包"),
    ],
)
def test_a_hostile_name_costs_its_member_alone(name, said, catalogue):
    found = read(archive(("a.json", GOOD), (name, GOOD)), "x.zip", catalogue)
    assert sum(item.raw is not None for item in found) == 1
    assert said in refusals(found)[0]


def test_links_and_encrypted_members_are_refused(catalogue):
    link = zipfile.ZipInfo("l.json")
    link.external_attr = 0o120777 << 16
    assert "链接" in refusals(read(archive((link, "/etc/passwd")), "x.zip", catalogue))[0]
    raw = bytearray(archive(("a.json", GOOD)))
    raw[6] |= 1
    raw[raw.index(b"PK\1\2") + 8] |= 1
    assert "密码" in refusals(read(bytes(raw), "x.zip", catalogue))[0]


def test_names_equal_after_normalisation_are_not_both_read(catalogue):
    found = read(archive(("é.json", GOOD), ("e\u0301.json", GOOD)), "x.zip", catalogue)
    assert sum(item.raw is not None for item in found) == 1
    assert "同名" in refusals(found)[0]


def test_a_bomb_is_stopped_while_its_bytes_are_counted(catalogue):
    raw = archive(("a.jsonl", b" " * 30_000_000), compression=zipfile.ZIP_DEFLATED)
    assert "炸弹" in refusals(read(raw, "x.zip", catalogue))[0]


def test_members_that_share_bytes_are_refused(catalogue):
    raw = archive(("a.json", GOOD), ("b.json", GOOD))
    second = raw.rindex(b"PK\1\2")
    raw = raw[: second + 42] + struct.pack("<I", 0) + raw[second + 46 :]
    found = read(raw, "x.zip", catalogue)
    assert [item.raw for item in found] == [None]


def test_too_many_members_are_refused(catalogue):
    raw = archive(*((f"{number}.json", b"") for number in range(10_001)))
    assert "最多 10,000" in refusals(read(raw, "x.zip", catalogue))[0]


@pytest.mark.parametrize("raw", [b"", b"PK\3\4", b"not a zip"])
def test_what_is_no_zip_is_one_finding(raw, catalogue):
    assert len(refusals(read(raw, "x.zip", catalogue))) == 1
