"""Documents come back: their submission is read, and whether they show it is told."""

import io
import json
import time
import zipfile

import pypdf
import pytest
from pypdf.generic import NameObject, TextStringObject

from formsvc import blank, fill, pointers, submissions
from formsvc.catalogue import SAMPLES_ON
from formsvc.cli import main
from formsvc.documents.printing import printed
from formsvc.documents.proof import marks as proof
from formsvc.intake import typed
from formsvc.intake.reading import read
from formsvc.writing.notation import identity_code

from .conftest import valid_samples

FORM = "jiangxi-training-summary"
SAMPLE = valid_samples(FORM)[0]
RAW = SAMPLE.read_bytes()


@pytest.fixture(params=["docx", "pdf"])
def document(request, summary_form):
    return fill(summary_form, submissions.parse(RAW).data, request.param)


@pytest.fixture
def seed(tmp_path, monkeypatch):
    path = tmp_path / "key"
    path.write_bytes(bytes(range(32)))
    monkeypatch.setenv("FORMSVC_KEY", str(path))
    return path.read_bytes()


def test_what_was_filled_is_read_back(client, runner, tmp_path, document):
    data = submissions.parse(RAW).data
    answer = client.post(f"/api/v1/read?on={SAMPLES_ON}", data=document)
    assert answer.status_code == 200
    assert proof.canonical(answer.json["submission"]) == proof.canonical(data)
    assert answer.json["report"]["findings"] == []
    path, back = tmp_path / "form", tmp_path / "back.json"
    path.write_bytes(document)
    assert runner.invoke(main, ["read", str(path), "-o", str(back)]).exit_code == 0
    assert proof.canonical(submissions.parse(back.read_bytes()).data) == proof.canonical(data)
    checked = runner.invoke(main, ["check", str(path), "--on", str(SAMPLES_ON)])
    assert checked.exit_code == 0


def test_a_file_sent_from_a_page_form_is_read_too(client, document):
    upload = {"file": (io.BytesIO(document), "张三的表.pdf")}
    assert client.post("/api/v1/read", data=upload).status_code == 200


def test_an_untouched_document_is_unchanged(client, runner, tmp_path, document):
    assert client.post("/api/v1/verify", data=document).json["status"] == "unchanged"
    path = tmp_path / "form"
    path.write_bytes(document)
    assert runner.invoke(main, ["verify", str(path)]).exit_code == 0


def test_one_changed_character_is_named(client, runner, tmp_path, summary_form):
    data = submissions.parse(RAW).data
    unit = data["unit"]["name"]
    package = zipfile.ZipFile(io.BytesIO(fill(summary_form, data, "docx")))
    target = tmp_path / "changed.docx"
    with zipfile.ZipFile(target, "w") as changed:
        for name in package.namelist():
            content = package.read(name)
            if name == "word/document.xml":
                content = content.replace(unit.encode(), ("假" + unit[1:]).encode())
            changed.writestr(name, content)
    verdict = client.post("/api/v1/verify", data=target.read_bytes()).json
    assert verdict["status"] == "values"
    assert "/unit/name" in verdict["pointers"]
    result = runner.invoke(main, ["verify", str(target)])
    assert result.exit_code == 1
    assert "工作单位" in result.stdout


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7\n", b"PK\x03\x04 no zip", b"\x89PNG"], ids=ascii
)
def test_what_is_no_document_of_ours_is_told_in_chinese(client, content):
    verdict = client.post("/api/v1/verify", data=content)
    assert verdict.status_code == (200 if content else 422)
    assert verdict.json["status"] in ({"unreadable", "not_ours"} if content else {422})
    assert verdict.json["message" if content else "detail"].endswith("。")
    answer = client.post("/api/v1/read", data=content)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"


def test_a_signed_code_is_verified_by_itself(runner, client, summary_form, seed):
    data = submissions.parse(RAW).data
    code = str(proof.mark(summary_form, data, page=1, pages=4, key=seed))
    assert runner.invoke(main, ["verify", code]).exit_code == 0
    forged = code.replace(code[45], "A" if code[45] != "A" else "B", 1)
    assert runner.invoke(main, ["verify", forged]).exit_code == 1


def test_an_unsigned_code_alone_proves_nothing(client, summary_form):
    code = str(proof.mark(summary_form, submissions.parse(RAW).data))
    answer = client.post("/api/v1/verify", query_string={"code": code})
    assert answer.json["status"] == "unsigned"


def test_pdf_is_a_format_of_every_shell(client, runner, tmp_path):
    path = f"/api/v1/forms/{FORM}"
    answer = client.post(f"{path}/documents?format=pdf&copies=2&on={SAMPLES_ON}", data=RAW)
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF-")
    assert client.get(f"{path}/blank.pdf").data.startswith(b"%PDF-")
    target = tmp_path / "x.pdf"
    arguments = ["fill", str(SAMPLE), "-o", str(target), "--on", str(SAMPLES_ON)]
    assert runner.invoke(main, arguments).exit_code == 0
    blank = tmp_path / "blank.pdf"
    assert runner.invoke(main, ["blank", FORM, "-o", str(blank)]).exit_code == 0


def test_a_character_without_a_glyph_refuses_the_pdf_and_names_it(client, summary):
    summary["unit"]["name"] = "ห大学"
    raw = json.dumps(summary).encode()
    answer = client.post(f"/api/v1/forms/{FORM}/documents?format=pdf&on={SAMPLES_ON}", data=raw)
    assert answer.status_code == 422
    finding = answer.json["report"]["findings"][0]
    assert (finding["rule"], finding["pointer"]) == ("print.glyph", "/unit/name")
    assert "U+0E2B" in finding["message"]


def typed_into(form, texts: dict[str, str]) -> bytes:
    """The blank PDF with texts typed into it, as a PDF program does."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(blank(form, "pdf")))
    known = writer.get_fields() or {}
    for name, text in texts.items():
        if text and name in known:
            field = next(
                o for o in writer._root_object["/AcroForm"]["/Fields"] if o["/T"] == name
            ).get_object()
            field[NameObject("/V")] = TextStringObject(text)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


@pytest.mark.parametrize("form_id", ["jiangxi-training-summary", "jiangxi-project-funding"])
def test_a_pdf_that_was_typed_into_is_read(catalogue, form_id):
    form = catalogue[form_id]
    boxed = {field.pointer for box in form.boxes for field, _ in box.parts}
    shown = boxed | set(pypdf.PdfReader(form.pdf).get_fields() or {})
    for path in valid_samples(form_id):
        data = submissions.parse(path.read_bytes()).data
        back = read(typed_into(form, printed(form, data)), catalogue).data
        for pointer in shown & form.fields.keys():
            said = pointers.get(data, pointer)
            if isinstance(said, str):
                is_code = form.fields[pointer].kind in {"id-number", "credit-code"}
                if form.fields[pointer].kind != "paragraphs":
                    said = identity_code(said) if is_code else said.strip()
            assert pointers.get(back, pointer) == said, (path.name, pointer)


@pytest.mark.parametrize("amount", ["50,000元（大写：伍万元整）", "5万元"])
def test_an_amount_is_read_beside_its_words_and_without(funding_form, amount):
    data = typed.submission(funding_form, {"/project/title": f"某课题\n{amount}"})
    assert data["project"] == {"name": "某课题", "amount": 50000}


@pytest.mark.parametrize("text", ["2024年9月1日", "至" * 3, "至" + " " * 300_000 + "至"])
def test_a_box_that_does_not_come_apart_loses_nothing_and_no_time(summary_form, text):
    began = time.process_time()
    data = typed.submission(summary_form, {"/training/period": text})
    assert "".join(data["training"].values())
    assert time.process_time() - began < 1


def test_a_box_of_several_fields_is_taken_apart(summary_form):
    texts = {"/training/period": "2024年9月1日至2025年3月15日", "/training/location": "德国 慕尼黑"}
    training = typed.submission(summary_form, texts)["training"]
    assert training == {
        "start_date": "2024-09-01", "end_date": "2025-03-15", "country": "德国", "place": "慕尼黑",
    }  # fmt: skip
