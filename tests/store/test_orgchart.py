"""Offices from a table, and a store to look around in."""

import io
import json

import openpyxl
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from formsvc.cli import main
from formsvc.store import crowd, demo, orgchart
from formsvc.store.errors import Invalid
from formsvc.store.models import Office

from .test_audit import found

ROWS = [
    ("某厂", "用人单位", "南昌市人社局", "X1"),
    ("省人社厅", "省人力资源和社会保障厅", None, None),
    ("南昌市人社局", "city", "省人社厅", "3601"),
    ("省财政厅", "省财政厅", None, None),
]


def book(rows, heads=orgchart.HEADINGS) -> bytes:
    made = openpyxl.Workbook()
    for row in (heads, *rows):
        made.active.append(row)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def load(store, rows):
    with store.writing() as work:
        known = store.forms[0].programmes["jiangxi"]
        return orgchart.load(work, known, book(rows), "机构.xlsx")


def test_offices_come_from_a_table_in_any_order_and_twice_changes_nothing(store):
    assert load(store, ROWS) == orgchart.Charted(4, 0, 0)
    assert load(store, ROWS) == orgchart.Charted(0, 0, 4)
    changed = [("某厂", "用人单位", "南昌市人社局", "X2"), *ROWS[1:]]
    assert load(store, changed) == orgchart.Charted(0, 1, 3)
    with store.reading() as work:
        unit = work.session.query(Office).filter_by(kind="unit").one()
        assert (unit.parent.name, unit.parent.parent.name) == ("南昌市人社局", "省人社厅")
        assert unit.path.count("/") == 4


def test_each_fault_is_named_with_its_row_and_column_and_nothing_is_taken(store):
    rows = [*ROWS, ("", "用人单位", "省人社厅", ""), ("甲", "学校", "省人社厅", ""),
            ("乙", "用人单位", "没有的", ""), ("丙", "用人单位", "省财政厅", ""),
            ("丁", "用人单位", "", ""), ("戊", "省财政厅", "", "9" * 40)]  # fmt: skip
    with pytest.raises(Invalid) as refused:
        load(store, rows)
    said = str(refused.value)
    assert "第 6 行“机构名称”" in said
    assert "第 7 行“类别”" in said
    assert "第 11 行“代码”" in said
    with pytest.raises(Invalid) as refused:
        load(store, [*ROWS, *rows[6:9]])
    for row in (6, 7, 8):
        assert f"第 {row} 行“上级机构”" in str(refused.value)
    with store.reading() as work:
        assert work.session.query(Office).count() == 0


def run(*arguments, data):
    return CliRunner().invoke(main, ["admin", *map(str, arguments)],
                              env={"FORMSVC_DATA": str(data), "FORMSVC_DATABASE": ""})  # fmt: skip


def test_the_commands_say_what_they_did_and_end_with_its_code(tmp_path):
    data = tmp_path / "data"
    blank, full = tmp_path / "blank.xlsx", tmp_path / "full.xlsx"
    assert (
        run("offices", "--template", "--programme", "jiangxi", "-o", blank, data=data).exit_code
        == 0
    )
    assert run("offices", "--programme", "jiangxi", blank, data=data).exit_code == 1
    full.write_bytes(book(ROWS))
    assert "新增 4 个" in run("offices", "--programme", "jiangxi", full, data=data).output
    (tmp_path / "r.csv").write_text("姓名,身份证号\n章某,210102198602281027\n")
    assert "1 人" in run("register", "jiangxi", tmp_path / "r.csv", data=data).output
    assert run("keys", "rotate", data=data).exit_code == 0
    assert "现用" in run("keys", "show", data=data).output
    assert len(run("keys", "public", data=data).output.strip()) == 44
    assert run("backup", tmp_path / "b.zip", "--with-keys", data=data).exit_code == 0
    assert run("backup", tmp_path / "b.zip", data=data).exit_code == 2
    assert run("restore", tmp_path / "b.zip", data=data).exit_code == 2
    assert run("restore", tmp_path / "b.zip", data=tmp_path / "other").exit_code == 0
    assert run("audit", "verify", data=tmp_path / "other").exit_code == 0
    assert run("export", "jiangxi", "-o", tmp_path / "out", data=data).exit_code == 0
    assert run("export", "nowhere", "-o", tmp_path / "out2", data=data).exit_code == 2
    assert run("import", tmp_path / "out", data=tmp_path / "other").exit_code == 0
    assert run("demo", data=data).exit_code == 2
    (data / "history.json").unlink()
    spoilt = run("audit", "verify", data=data)
    assert (spoilt.exit_code, "history.json" in spoilt.output) == (1, True)
    (tmp_path / "no.json").write_text("{}")
    assert run("audit", "verify", "--receipt", tmp_path / "no.json", data=data).exit_code == 2


def test_a_store_to_try_has_everything_in_it_and_is_the_same_every_time(store, clock):
    clock = demo.MovedClock(clock.now.replace(year=2023))
    object.__setattr__(store, "clock", clock)
    demo.fill(store, clock, "geheim", 40)
    with store.reading() as work:
        states = {row[0] for row in work.session.execute(text("SELECT state FROM filing"))}
        years = {row[0][:4] for row in work.session.execute(text("SELECT created FROM filing"))}
        programmes = {row[0] for row in work.session.execute(text("SELECT programme FROM office"))}
        people = work.session.execute(text("SELECT count(*) FROM person")).scalar()
        having = text("SELECT count(*) FROM person WHERE password = 'geheim'")
        given = work.session.execute(having).scalar()
    assert states == {"draft", "open", "returned", "withdrawn", "refused", "concluded"}
    assert len(years) >= 3
    assert programmes == set(store.forms[0].programmes)
    assert given == people
    crowd.grow(store, 150)
    with store.reading() as work:
        assert work.session.execute(text("SELECT count(*) FROM filing")).scalar() == 150
        names = json.dumps([*map(list, work.session.execute(text("SELECT number FROM filing")))])
    assert "-000001-" in names
    assert found(store) == []
    with pytest.raises(Invalid, match="已经有内容"):
        demo.fill(store, clock, "x", 1)
