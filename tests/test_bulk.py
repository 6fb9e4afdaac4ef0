"""Many submissions: every one gets its report, in order, whatever happens on the way."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from datetime import date

import openpyxl
import pytest
from click.testing import CliRunner
from docx import Document

from benchmarks.generate import batch
from formsvc import Press, load_forms
from formsvc.bulk import batch as bulk
from formsvc.bulk import results
from formsvc.bulk.earlier import read_keys
from formsvc.bulk.executors import HereExecutor, opened
from formsvc.bulk.lines import Line
from formsvc.bulk.outputs import letters, workbook
from formsvc.cli import main
from formsvc.documents.headers import code_picture
from formsvc.errors import ConfigError, FormError, TemplateError
from formsvc.findings import Finding, Report, Severity
from formsvc.forms import built_in
from formsvc.intake import sheets
from formsvc.intake.items import Item
from formsvc.storage import folder
from tests.conftest import first_sample
from tests.pressing import poppler_pages, squeezed

ON = date(2026, 3, 1)
SUMMARY, FUNDING = "jiangxi-training-summary", "jiangxi-project-funding"
ROOT = built_in().schemas.parent


def item(data, name="a.json"):
    raw = data if isinstance(data, bytes) else json.dumps(data, ensure_ascii=False).encode()
    return Item(name, raw)


def items(*submissions):
    return [item(data, f"{number}.json") for number, data in enumerate(submissions, 1)]


def run(path, given, executor=None, earlier=(), **job):
    executor = executor or HereExecutor()
    secrets = (b"", *(secret for secret, _ in earlier))
    made = bulk.Batch(folder(str(path)), bulk.Job(on=ON, secrets=secrets, **job))
    made.check(given, executor, at_once=4)
    return made.compare([rows for _, rows in earlier])


def lines(path):
    return [json.loads(line) for line in (path / results.REPORTS).read_text("utf-8").splitlines()]


def rules(line):
    return [finding["rule"] for finding in line["report"]["findings"]]


def person(data, name, id_number=None):
    data["person"]["name"] = name
    if id_number:
        data["person"]["id_number"] = id_number
    return data


@pytest.fixture(scope="module")
def many():
    return items(*batch(600, units=12))


# Reports


def test_every_item_has_its_report_in_the_order_of_the_input(tmp_path, many):
    given = [*many[:5], Item("x.json", b"{broken"), Item("y.zip", None, ()), *many[5:10]]
    run(tmp_path, given)
    found = lines(tmp_path)
    assert [line["number"] for line in found] == list(range(1, 13))
    assert [line["source"] for line in found] == [each.source for each in given]
    assert rules(found[5]) == ["input.syntax"]


def test_reports_are_the_same_as_one_by_one(tmp_path, many, catalogue):
    run(tmp_path, many[:100])
    across_rules = {"once-abroad", "once-project", "same-person", "same-account"}
    for given, line in zip(many, lines(tmp_path), strict=False):
        alone = catalogue.check(given.raw, on=ON).report.to_dict()
        kept = [f for f in line["report"]["findings"] if f["rule"] not in across_rules]
        assert kept == alone["findings"]


def test_processes_and_one_process_write_the_same_bytes(tmp_path, many):
    run(tmp_path / "one", many)
    with opened(2, None) as (executor, _):
        run(tmp_path / "two", many, executor)
    for name in (results.REPORTS, bulk.KEYS, bulk.SALT):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


# Across submissions


def test_one_person_twice_is_an_error_on_both_and_names_the_other(tmp_path):
    one, two = first_sample(SUMMARY), first_sample(SUMMARY)
    run(tmp_path, items(one, two))
    for line, other in zip(lines(tmp_path), ("第 2 份", "第 1 份"), strict=True):
        (finding,) = [f for f in line["report"]["findings"] if f["rule"] == "once-abroad"]
        assert other in finding["message"]
        assert finding["citation"]["article"] == "第七条"
        assert not line["report"]["ok"]


def test_one_person_written_differently_is_the_same_person(tmp_path):
    one, two = first_sample(SUMMARY), first_sample(SUMMARY)
    code = two["person"]["id_number"]
    two["person"]["id_number"] = "".join(chr(ord(c) + 0xFEE0) for c in code)
    run(tmp_path, items(one, two))
    assert all("once-abroad" in rules(line) for line in lines(tmp_path))


def test_a_rule_across_submissions_that_is_met_is_no_longer_skipped(tmp_path):
    run(tmp_path, items(first_sample(SUMMARY)))
    (line,) = lines(tmp_path)
    assert "once-abroad" not in {skip["rule"] for skip in line["report"]["skipped"]}


def test_without_an_id_number_people_are_compared_by_name_and_unit_as_a_warning(tmp_path, funding):
    funding["person"].pop("id_number", None)
    run(tmp_path, items(funding, funding, person(first_sample(FUNDING), "另一人")))
    one, two, other = lines(tmp_path)
    for line in (one, two):
        (found,) = [f for f in line["report"]["findings"] if f["rule"] == "once-project"]
        assert found["severity"] == "warning"
        assert line["report"]["ok"]
    assert "once-project" not in rules(other)


def test_one_person_may_hold_both_supports(tmp_path, funding):
    code = first_sample(SUMMARY)["person"]["id_number"]
    run(tmp_path, items(first_sample(SUMMARY), person(funding, "某人", code)))
    assert all(line["report"]["findings"] == [] for line in lines(tmp_path))


def accounts(*triples):
    for name, unit, account in triples:
        data = person(first_sample(FUNDING), name)
        data["person"].pop("id_number", None)
        data["unit"] |= {"name": unit, "account_number": account, "bank": "银行"}
        yield data


def test_one_account_for_people_of_two_units_is_a_warning_however_it_is_written(tmp_path):
    run(tmp_path, items(*accounts(("甲", "子厂", "1234 5678"), ("乙", "丑厂", "1234-5678"))))
    assert all("same-account" in rules(line) for line in lines(tmp_path))


def test_one_account_of_one_unit_for_its_people_is_as_it_should_be(tmp_path):
    run(tmp_path, items(*accounts(("甲", "子厂", "12345678"), ("乙", "子厂", "12345678"))))
    assert not any("same-account" in rules(line) for line in lines(tmp_path))


def test_many_others_are_counted_not_listed(tmp_path):
    run(tmp_path, items(*[first_sample(SUMMARY)] * 30))
    first = next(f for f in lines(tmp_path)[0]["report"]["findings"] if f["rule"] == "once-abroad")
    assert "等 29 份" in first["message"]
    assert "1.json、" not in first["message"]


def test_an_earlier_runs_keys_are_compared_with_and_hold_no_id_number(tmp_path):
    run(tmp_path / "old", items(first_sample(SUMMARY)))
    code = first_sample(SUMMARY)["person"]["id_number"]
    assert not any(code.encode() in content for content in tree(tmp_path / "old").values())
    assert (tmp_path / "old" / bulk.SALT).stat().st_mode & 0o077 == 0
    earlier = [read_keys(tmp_path / "old")]
    stranger = first_sample(SUMMARY) | {"materials": []}
    run(tmp_path / "new", items(stranger), earlier=earlier)
    (finding,) = [
        f for f in lines(tmp_path / "new")[0]["report"]["findings"] if f["rule"] == "once-abroad"
    ]
    assert "往期的1.json" in finding["message"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('cite = "annex-2-payment"', 'cite = "none"'),
        ('severity = "warning"', 'severity = "grave"'),
        ('"/account/number", ', '"/account/no", '),
        ('"/account/number", ', '"/project/amount", '),
        ("{others}", "{nobody}"),
        ("[[comparison]]", "[[comparisons]]"),
        ('title = "同一账号用于其他单位的人"', "title = 3"),
    ],
)
def test_a_wrong_comparison_is_named(old, new, shelf):
    path = shelf.schemas / "jiangxi" / "programme.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(FormError, match=r"programme\.toml: \[?\[?(comparison|the file)"):
        load_forms(shelf)


# Interrupted


COMMAND = [sys.executable, "-m", "formsvc.cli", "bulk", "--on", ON.isoformat()]


def start(source, output, *more):
    code = "from formsvc.cli import main; main()"
    command = [sys.executable, "-c", code, *COMMAND[3:], str(source), "-o", str(output), *more]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT)


def tree(path):
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }


def test_a_killed_run_resumes_and_ends_with_the_same_bytes(tmp_path, many):
    source = tmp_path / "batch.jsonl"
    source.write_bytes(b"\n".join(each.raw for each in many) + b"\n")
    whole = start(source, tmp_path / "whole", "--workers", "1", "--documents", "docx")
    assert whole.wait(60) == 1
    whole.stderr.close()
    victim = start(source, tmp_path / "cut", "--workers", "1", "--documents", "docx")
    while not (tmp_path / "cut" / ".formsvc" / "chunk-000000").exists():
        assert victim.poll() is None
        time.sleep(0.005)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    victim.stderr.close()
    assert not (tmp_path / "cut" / results.REPORTS).exists()
    again = start(source, tmp_path / "cut", "--workers", "1", "--documents", "docx")
    assert again.wait(60) == 2
    assert "--resume" in again.stderr.read().decode()
    again.stderr.close()
    resumed = start(source, tmp_path / "cut", "--workers", "1", "--documents", "docx", "--resume")
    assert resumed.wait(60) == 1
    resumed.stderr.close()
    assert tree(tmp_path / "cut") == tree(tmp_path / "whole")


def test_resuming_works_again_only_on_what_is_missing_or_changed(tmp_path, many, monkeypatch):
    made = bulk.Batch(folder(str(tmp_path)), bulk.Job(on=ON))
    made.check(many, HereExecutor(), at_once=1)
    worked = []
    monkeypatch.setattr(
        bulk, "work", lambda job, chunk: worked.append(chunk.number) or before(job, chunk)
    )
    changed = [*many[:-1], item(first_sample(SUMMARY))]
    again = bulk.Batch(folder(str(tmp_path)), bulk.Job(on=ON), resume=True)
    again.check(changed, HereExecutor(), at_once=1)
    assert worked == [2]


before = bulk.work


def test_a_folder_with_results_is_not_written_over(tmp_path):
    run(tmp_path, items(first_sample(SUMMARY)))
    with pytest.raises(ConfigError, match="resume"):
        bulk.Batch(folder(str(tmp_path)), bulk.Job(on=ON))


# What people get


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """One run over the command line, with documents."""
    path = tmp_path_factory.mktemp("bulk")
    source = path / "batch.jsonl"
    text = "\n".join(json.dumps(data, ensure_ascii=False) for data in batch(60, units=4))
    source.write_text(text + '\n{"form":\n', "utf-8")
    command = ["bulk", str(source), "-o", str(path / "out"), "--on", ON.isoformat(),
               "--workers", "1", "--documents", "docx,pdf"]  # fmt: skip
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 1, result.output
    return path, result.stderr


def test_the_summary_table_says_how_many_passed(played):
    path, said = played
    passed = sum(line["report"]["ok"] for line in lines(path / "out"))
    assert "共 61 份" in said
    assert f"没有问题 {passed} 份" in said


def test_clean_submissions_have_their_documents_and_each_employer_a_print_pack(played):
    path, _ = played
    found = lines(path / "out")
    clean = {f"{line['number']:06d}" for line in found if line["report"]["ok"]}
    documents = [p for p in (path / "out" / "documents").rglob("*") if p.is_file()]
    for kind in (".docx", ".pdf"):
        named = {p.name[:6] for p in documents if p.suffix == kind and p.name[0].isdigit()}
        assert named == clean
    units = {line["unit"] for line in found if line["report"]["ok"]}
    assert {p.parent.name for p in documents if p.name == "打印包.pdf"} == units


def test_the_workbook_lists_every_finding_with_its_article(played):
    path, _ = played
    book = openpyxl.load_workbook(path / "out" / workbook.NAME)
    assert book.sheetnames == ["汇总", "问题", "申报", "规则与单位"]
    expected = sum(len(line["report"]["findings"]) for line in lines(path / "out"))
    assert book["问题"].max_row == expected + 1
    assert book["问题"].freeze_panes == "A2"
    assert book["问题"].auto_filter.ref == f"A1:N{expected + 1}"
    assert len(book["汇总"]._charts) == 1
    linked = [cell for row in book["申报"].iter_rows() for cell in row if cell.hyperlink]
    assert linked
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)


def test_each_employer_with_errors_has_a_letter_with_names_articles_and_remedies(played):
    path, _ = played
    faulty = [line for line in lines(path / "out") if not line["report"]["ok"]]
    for unit in {line["unit"] for line in faulty}:
        (letter,) = (path / "out" / "letters").glob(f"*{unit or results.NO_UNIT}.docx")
        document = Document(letter)
        said = "\n".join(p.text for p in document.paragraphs)
        said += "\n".join(c.text for t in document.tables for r in t.rows for c in r.cells)
        for line in (line for line in faulty if line["unit"] == unit):
            assert line["person"] in said
            for finding in line["report"]["findings"]:
                assert " ".join(finding["message"].split()) in said
                if finding["citation"]:
                    assert finding["citation"]["article"] in said


def test_letters_come_as_word_and_pdf_with_the_same_words(tmp_path, funding, runner):
    funding["person"] |= {"name": "𠮷·巴图", "id_number": "360101197909030011"}
    funding["unit"]["name"] = "甲所"
    del funding["unit"]["address"]
    (tmp_path / "a.json").write_text(json.dumps(funding, ensure_ascii=False), "utf-8")
    asked = ["bulk", str(tmp_path / "a.json"), "-o", str(tmp_path / "out"), "--on", str(ON)]
    assert runner.invoke(main, [*asked, "--letters", "docx,pdf"]).exit_code == 1
    made = tmp_path / "out" / "letters"
    assert {path.name for path in made.iterdir()} == {"退回通知-甲所.docx", "退回通知-甲所.pdf"}
    word = Document(made / "退回通知-甲所.docx")
    said = [p.text for p in word.paragraphs]
    said += [c.text for t in word.tables for r in t.rows for c in r.cells]
    printed = squeezed("".join(poppler_pages((made / "退回通知-甲所.pdf").read_bytes())))
    assert "𠮷·巴图" in printed
    for text in said:
        assert squeezed(text) in printed


def test_a_letter_with_a_picture_is_not_drawn_without_it():
    word = Document(built_in().templates / letters.TEMPLATE)
    word.add_picture(io.BytesIO(code_picture((b"\1",))))
    whole = io.BytesIO()
    word.save(whole)
    with pytest.raises(TemplateError, match="pictures"):
        letters.as_pdf(whole.getvalue(), "甲所", Press())


def test_markup_in_a_name_stays_text_in_a_letter():
    finding = Finding("a", Severity.ERROR, "", "<b>", "a & b")
    line = Line(1, "=x", "u", "<w:p/>", Report(SUMMARY, "2021-1", (finding,)))
    letter = letters.Letter("{{ 1 }}", 1, [letters.about(line, "")])
    content = letters.notice_of().render(letter, ON, letters.LetterDetails())
    said = "\n".join(p.text for p in Document(io.BytesIO(content)).paragraphs)
    assert "<w:p/>" in said
    assert "{{ 1 }}" in said


@pytest.mark.parametrize("first", "=+-@\t\r＝＋－＠")
def test_no_text_becomes_a_formula(first, catalogue, tmp_path, summary):
    danger = first + 'HYPERLINK("http://x","y")'
    summary["person"]["name"] = danger
    summary["unit"]["name"] = danger
    summary["materials"] = []
    made = run(tmp_path, items(summary))
    workbook.write(made)
    book = openpyxl.load_workbook(tmp_path / workbook.NAME)
    shown = [
        c for sheet in book for row in sheet.iter_rows() for c in row if "HYPER" in str(c.value)
    ]
    assert shown
    assert all(cell.data_type == "s" for cell in shown)
    sheet = openpyxl.load_workbook(io.BytesIO(sheets.write(catalogue[SUMMARY], ON, [summary])))
    cells = [c for row in sheet.worksheets[0].iter_rows() for c in row if "HYPER" in str(c.value)]
    assert {cell.data_type for cell in cells} == {"s"}


def test_a_text_too_long_for_a_cell_says_so():
    shown = workbook.shown("长" * 40_000)
    assert len(shown) == workbook.MAX_TEXT
    assert "40,000" in shown


def test_changes_since_an_earlier_run_are_mended_open_new_and_absent(tmp_path):
    old = [person(first_sample(SUMMARY), name) for name in ("甲", "乙", "丙")]
    old[0]["materials"] = []
    old[1]["materials"] = []
    old[2]["materials"] = []
    new = [person(first_sample(SUMMARY), "甲"), person(first_sample(SUMMARY), "乙")]
    new[1]["materials"] = []
    new[1]["expenses"]["total"] = 1
    for number, data in enumerate((*old, *new)):
        data["person"].pop("id_number")
        data["account"]["number"] = f"1234567{number}"
    for name, given in (("old", old), ("new", new)):
        text = "\n".join(json.dumps(data, ensure_ascii=False) for data in given)
        (tmp_path / f"{name}.jsonl").write_text(text, "utf-8")
    for name, more in (("old", []), ("new", ["--changes-since", str(tmp_path / "old")])):
        command = ["bulk", str(tmp_path / f"{name}.jsonl"), "-o", str(tmp_path / name),
                   "--on", ON.isoformat(), "--workers", "1", *more]  # fmt: skip
        assert CliRunner().invoke(main, command).exit_code == 1
    changes = [
        json.loads(line) for line in (tmp_path / "new" / "changes.jsonl").read_text().splitlines()
    ]
    told = {
        (c["change"], c["person"], c["finding"]["rule"] if c["finding"] else None) for c in changes
    }
    assert ("mended", "甲", "materials-complete") in told
    assert ("open", "乙", "materials-complete") in told
    assert ("new", "乙", "expenses-sum") in told
    assert ("absent", "丙", None) in told
    book = openpyxl.load_workbook(tmp_path / "new" / workbook.NAME)
    assert book["变化"].max_row == len(changes) + 1


def bulk_of(path, name, given, *more):
    text = "\n".join(json.dumps(data, ensure_ascii=False) for data in given)
    (path / f"{name}.jsonl").write_text(text, "utf-8")
    command = ["bulk", str(path / f"{name}.jsonl"), "-o", str(path / name), "--on", ON.isoformat(),
               "--workers", "1", *more]  # fmt: skip
    assert CliRunner().invoke(main, command).exit_code == 1
    return path / name


def test_a_person_is_known_again_by_the_id_number_and_by_name_only_without_one(tmp_path):
    valid = first_sample(SUMMARY)["person"]["id_number"]
    faulty = first_sample(SUMMARY) | {"materials": []}
    renamed = json.loads(json.dumps(faulty))
    renamed["person"]["name"], renamed["unit"]["name"] = "改过的名", "改过的单位"
    nameless = json.loads(json.dumps(faulty))
    nameless["person"] |= {"name": "没号的", "id_number": "1"}
    numbered = json.loads(json.dumps(nameless))
    numbered["person"]["id_number"] = "360101197909030013"
    old = bulk_of(tmp_path, "old", [faulty, nameless])
    new = bulk_of(tmp_path, "new", [renamed, numbered], "--changes-since", str(old))
    raw = (new / "changes.jsonl").read_text("utf-8")
    told = [(c["change"], c["person"], (c["finding"] or {}).get("rule"))
            for c in map(json.loads, raw.splitlines())]  # fmt: skip
    assert ("open", "改过的名", "materials-complete") in told
    assert ("open", "没号的", "materials-complete") in told
    assert "absent" not in {change for change, *_ in told}
    assert not any(valid.encode() in content for content in tree(new).values())
    assert (new / "people.salt").stat().st_mode & 0o077 == 0


def test_two_people_of_one_name_are_not_taken_for_one(tmp_path):
    faulty = first_sample(SUMMARY) | {"materials": []}
    other = json.loads(json.dumps(faulty))
    other["person"]["id_number"] = "360101197909030013"
    old = bulk_of(tmp_path, "old", [faulty])
    new = bulk_of(tmp_path, "new", [other], "--changes-since", str(old))
    raw = (new / "changes.jsonl").read_text("utf-8")
    assert {c["change"] for c in map(json.loads, raw.splitlines())} == {"new", "absent"}


def test_letters_have_a_number_a_contact_and_a_day_and_no_path(tmp_path):
    given = [first_sample(SUMMARY) | {"materials": []}]
    made = bulk_of(tmp_path, "out", given, "--letter-number", "赣人社函〔2026〕12号",
                   "--letter-due", "2026-04-30", "--letter-contact", "王芳 0791-86380000")  # fmt: skip
    (path,) = (made / "letters").iterdir()
    said = "\n".join(p.text for p in Document(path).paragraphs)
    for words in ("赣人社函〔2026〕12号", "2026年4月30日前", "王芳 0791-86380000", "2026年3月1日"):
        assert words in said
    assert "jsonl" not in said
    assert {line["report"]["on"] for line in lines(made)} == {ON.isoformat()}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_check_gives_findings_as_a_table(kind, tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(first_sample(SUMMARY) | {"materials": []}), "utf-8")
    result = CliRunner().invoke(main, ["check", str(path), "--output", kind, "--on", str(ON)])
    assert result.exit_code == 1
    if kind == "csv":
        assert "材料不齐" in result.stdout
    else:
        book = openpyxl.load_workbook(io.BytesIO(result.stdout_bytes))
        assert book["问题"]["M2"].value == "随附材料不齐"
