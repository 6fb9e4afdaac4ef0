"""A number that says who somebody is never leaves its own field: not in reports, logs or scratch."""

import copy
import io
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import openpyxl
import pytest

from formsvc import check, pointers
from formsvc.bulk.batch import Batch, Job
from formsvc.bulk.executors import HereExecutor
from formsvc.bulk.outputs import letters, workbook
from formsvc.catalogue import SAMPLES_ON as ON
from formsvc.intake import sheets
from formsvc.intake.sources import items
from formsvc.storage import LocalFolder
from formsvc.writing.masking import masked
from tests.conftest import first_sample

CANARY = "360101197501240028"
ACCOUNT = "6222021502001234567"
FORMS = ["jiangxi-training-summary", "jiangxi-project-funding"]
WAYS = {
    "plain": CANARY,
    "X": "36010119750124002X",
    "full width": CANARY.translate({48 + n: 0xFF10 + n for n in range(10)}),
    "spaced": "360101 19750124 0028",
    "account": ACCOUNT,
    "account in fours": "6222 0215 0200 1234 567",
    "in a sentence": f"身份证{CANARY}，请查收",
}


def digits(text: str) -> str:
    """A text as somebody would look for the number in it."""
    return "".join(str(int(c)) for c in text if c.isdecimal())


def tells(text: str) -> bool:
    return any(number[:17] in digits(text) for number in (CANARY, ACCOUNT))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FORMS)
def test_no_finding_quotes_a_number_whatever_column_it_stands_in(catalogue, name, way):
    form = catalogue[name]
    for field in form.leaves:
        for pointer in field.places(first_sample(name))[:2]:
            for value in (WAYS[way], [WAYS[way]], {WAYS[way]: 1}, int(CANARY)):
                data = copy.deepcopy(first_sample(name))
                pointers.set_(data, pointer, value)
                report = check(form, data, on=ON)
                said = json.dumps(report.to_dict(), ensure_ascii=False)
                assert not tells(said), (pointer, said)


def test_days_and_amounts_are_not_taken_for_numbers_of_people():
    for text in (
        "2024-09-01 至 2025-03-01",
        "20240901-20250301.xlsx",
        "98,000.50元",
        "13800138000",
    ):
        assert masked(text) == text


def filled_sheet(form):
    """A row for every column, with the canary in it; then a sheet whose head is missing."""
    book = openpyxl.load_workbook(io.BytesIO(sheets.write(form, ON, [first_sample(form.id)])))
    sheet = book.worksheets[0]
    values = [cell.value for cell in sheet[2]]
    for column in range(1, sheet.max_column + 1):
        for value in (CANARY, ACCOUNT):
            row = sheet.max_row + 1
            for place, known in enumerate(values, 1):
                sheet.cell(row, place, value if place == column else known)
    bare = book.create_sheet(CANARY)
    bare.append([CANARY, ACCOUNT, "张三"])
    bare.append([ACCOUNT, CANARY, "李四"])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def texts_of(raw: bytes) -> str:
    """All texts of an XLSX or DOCX."""
    with zipfile.ZipFile(io.BytesIO(raw)) as package:
        return "\n".join(
            package.read(name).decode("utf-8", "replace") for name in package.namelist()
        )


@pytest.mark.parametrize("name", FORMS)
def test_a_canary_in_every_column_of_a_table_is_in_no_report_workbook_or_letter(
    catalogue, name, tmp_path
):
    content = filled_sheet(catalogue[name])
    batch = Batch(LocalFolder(tmp_path), Job(on=ON))
    given = items(io.BytesIO(content), f"{CANARY}.xlsx", catalogue)
    batch.check(given, HereExecutor(), at_once=1)
    results = batch.compare()
    letters.write(results, ())
    workbook.write(results)
    batch.finish()
    results.close()
    shown = [path for path in tmp_path.rglob("*") if path.is_file() and path.stem != "keys"]
    assert len(shown) > 2
    for path in shown:
        raw = path.read_bytes()
        said = texts_of(raw) if raw[:2] == b"PK" else raw.decode()
        assert CANARY not in said, path
        assert ACCOUNT not in said, path
        assert CANARY not in path.name


def test_a_canary_through_every_route_is_in_no_log_and_no_temporary_file(
    app, client, caplog, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    caplog.set_level(logging.DEBUG)
    bad = {"form": FORMS[0], "person": {"gender": CANARY}, CANARY: int("9" * 402)}
    raw = json.dumps(bad).encode()
    for rule in app.url_map.iter_rules():
        values = dict.fromkeys(rule.arguments, CANARY)
        for given in (values, {**values, "form": FORMS[0], "desk": "unit", "format": "pdf"}):
            try:
                path = rule.build(
                    {k: v for k, v in given.items() if k in rule.arguments}
                    if rule.arguments
                    else {}
                )[1]
            except (TypeError, ValueError):
                continue
            for method in (rule.methods or set()) & {"GET", "POST"}:
                answer = client.open(
                    path, method=method, data=raw, query_string={"code": CANARY, "on": CANARY}
                )
                assert answer.status_code < 500, path
                answer = client.open(path, method=method, data=raw)
                assert answer.status_code < 500, path
    assert CANARY not in caplog.text
    for folder, _, names in os.walk(tmp_path):
        for name in names:
            with open(os.path.join(folder, name), "rb") as stream:
                assert CANARY.encode() not in stream.read()


def test_a_fault_of_ours_is_logged_by_kind_and_place_only(app, client, caplog, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError(f"cannot work on {CANARY}")

    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setattr(sys.modules["formsvc.web.api.routes"], "catalogue", fail)
    answer = client.post(f"/api/v1/forms/{FORMS[0]}/check", data=b"{}")
    assert answer.status_code == 500
    assert "RuntimeError at test_privacy.py" in caplog.text
    assert CANARY not in caplog.text + answer.text


def test_what_a_bulk_answer_needs_on_disk_is_sealed_and_gone_afterwards(app, client, monkeypatch):
    seen = []

    def looking(results, *args):
        root = app.extensions["formsvc-runs"].root
        seen.extend(path.read_bytes() for path in root.rglob("*") if path.is_file())
        return real(results, *args)

    real = workbook.write
    monkeypatch.setattr("formsvc.bulk.outputs.workbook.write", looking)
    answer = client.post(
        "/api/v1/bulk",
        data=json.dumps(first_sample(FORMS[0]), ensure_ascii=False).encode() + b"\n{}",
        content_type="application/x-ndjson",
        headers={"Accept": workbook.MEDIA_TYPE},
    )
    assert answer.status_code == 200
    assert openpyxl.load_workbook(io.BytesIO(answer.data)).sheetnames
    assert seen
    assert not any(b"schema." in content or b'"key"' in content for content in seen)
    scratch = app.extensions["formsvc-runs"].root / "scratch"
    assert list(scratch.iterdir()) == []


def test_scratch_that_a_killed_process_left_is_swept(tmp_path):
    left = tmp_path / ".formsvc-scratch-999999999-abc"
    left.mkdir()
    (left / "rows").write_text(CANARY)
    with LocalFolder(tmp_path).scratch() as folder:
        assert folder.is_dir()
        assert not left.exists()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["sys.argv[1]", "'memory://somewhere'"])
def test_scratch_of_a_killed_process_goes_at_once(tmp_path, folder):
    code = f"""
import sys, time
from formsvc import storage
with storage.folder({folder}).scratch() as scratch:
    (scratch / "names").write_text("程砚秋")
    print(scratch, flush=True)
    time.sleep(60)
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        scratch = Path(process.stdout.readline().strip())
        assert scratch.parent == tmp_path
        assert (scratch / "names").exists()
        process.kill()
    deadline = time.monotonic() + 10
    while scratch.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not scratch.exists()
