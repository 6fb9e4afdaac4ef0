"""A document proves its data: whatever is changed in either is noticed, and named."""

import io
import json
import math
import random
import zipfile
from decimal import Decimal

import docx as python_docx
import pikepdf
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formsvc import Press, blank, fill, submissions
from formsvc.documents.printing import printed
from formsvc.documents.proof import carriage
from formsvc.documents.proof import marks as proof
from formsvc.documents.proof.verification import Status, verify
from formsvc.errors import FormError, UnreadableDocument

KEY = bytes(range(32))
OTHER_KEY = bytes(32)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | TEXT
    | st.integers(-(10**15), 10**15) | st.decimals(-(10**9), 10**9, places=2),
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=10,
)  # fmt: skip


def refill(form, data, format, draft, key=None) -> bytes:
    return fill(form, data, format, draft=draft, press=Press(key=key))


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return packed.getvalue()


def edited(document: bytes, old: str, new: str, part: str = "word/document.xml") -> bytes:
    members = carriage.package(document)
    assert old in members[part].decode()
    members[part] = members[part].replace(old.encode(), new.encode(), 1)
    return zipped(members)


# canonical JSON


def test_equal_amounts_have_equal_bytes():
    same = [100000, 100000.0, Decimal("100000.00"), Decimal("1E+5"), 1e5]
    assert {proof.canonical({"amount": amount}) for amount in same} == {b'{"amount":100000}'}
    assert proof.canonical([0.1, Decimal("0.10"), -0.0, Decimal("-0.00")]) == b"[0.1,0.1,0,0]"


def test_names_are_sorted_as_rfc_8785_does_and_text_is_utf8():
    data = {"\U0001f600": 1, "\ufb33": 2, "ö": 3, "1": 4, "\r": 5, "a/b": '"\\\x07\u2028'}
    expected = '{"\\r":5,"1":4,"a/b":"\\"\\\\\\u0007\u2028","ö":3,"\U0001f600":1,"\ufb33":2}'
    assert proof.canonical(data).decode() == expected


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, Decimal("NaN"), "\ud800", {1: 2}, Decimal("1E+999999"), b"x"]
)
def test_what_is_not_json_has_no_digest(value):
    with pytest.raises((ValueError, AttributeError)):
        proof.digest([value])


@given(JSON)
def test_writing_and_reading_again_does_not_change_the_digest(data):
    written = proof.canonical(data)
    assert proof.canonical(submissions.parse(written).data) == written
    assert proof.canonical(json.loads(written)) == written


# codes


def test_an_unsigned_code_names_form_edition_digest_and_page(summary_form, summary):
    code = proof.mark(summary_form, summary, page=2, pages=4)
    assert str(code).startswith(f"FS1/JIANGXI-TRAINING-SUMMARY/{summary_form.edition}/")
    assert str(code).endswith("/2/4")
    assert len(code.proof) == 20
    assert proof.parse_mark(str(code)) == code
    assert proof.parse_mark(code.label) == code
    assert proof.matches(code, summary_form, summary)
    summary["person"]["name"] += "甲"
    assert not proof.matches(code, summary_form, summary)


def test_a_code_may_be_typed_carelessly(summary_form, summary):
    code = proof.mark(summary_form, summary)
    head, _, digest = code.label.lower().partition("\n")
    typed = f"  {head} \r\n {digest.replace('o', '0').replace('i', '1')} "
    assert proof.parse_mark(typed) == code


@pytest.mark.parametrize("text", ["", "FS1", "FS1/A/B/C", "https://example.cn", "FS2/A/1/AAAA"])
def test_what_is_no_code_is_refused_in_chinese(text):
    with pytest.raises(UnreadableDocument, match="校验码"):
        proof.parse_mark(text)


def test_a_signed_code_is_verified_by_itself(summary_form, summary):
    code = proof.parse_mark(str(proof.mark(summary_form, summary, page=1, pages=4, key=KEY)))
    owner = proof.public_key(KEY)
    assert proof.is_signed(code, owner)
    assert proof.matches(code, summary_form, summary)
    assert not proof.is_signed(code, proof.public_key(OTHER_KEY))
    assert not proof.is_signed(proof.mark(summary_form, summary), owner)
    text = str(code)
    for place in random.Random(1).sample(
        range(text.index(f"/{summary_form.edition}") + 1, len(text)), 60
    ):
        other = "B" if text[place] == "A" else "A" if text[place].isalpha() else "3"
        if other == text[place]:
            continue
        try:
            forged = proof.parse_mark(text[:place] + other + text[place + 1 :])
        except UnreadableDocument:
            continue
        assert not proof.is_signed(forged, owner), place


def test_codes_fit_a_small_qr_code(summary_form, summary):
    for key, modules in ((None, 33), (KEY, 45)):
        printed_code = proof.Proof(summary_form, summary, key).code(4, 12)
        rows = printed_code.modules
        assert len(rows) == len(rows[0]) <= modules
        assert set(b"".join(rows)) == {0, 1}
        assert printed_code.text.startswith("FS1/")
    with pytest.raises(FormError, match=r"QR code"):
        proof.qr("一" * 500)


# what a document carries


@pytest.mark.parametrize("format", ["docx", "pdf"])
def test_a_document_carries_its_submission(summary_form, summary, format):
    summary["person"]["name"] = "A<B>&\"'\ufffd"
    carried = carriage.extract(refill(summary_form, summary, format, False))
    assert carried.data == proof.canonical(summary)
    assert carried.code == str(proof.mark(summary_form, summary))


def test_word_and_other_programs_open_a_document_that_carries_data(summary_form, summary):
    document = python_docx.Document(io.BytesIO(refill(summary_form, summary, "docx", False)))
    saved = io.BytesIO()
    document.save(saved)
    assert carriage.extract(saved.getvalue()).data == proof.canonical(summary)
    pdf = pypdf.PdfReader(io.BytesIO(refill(summary_form, summary, "pdf", False)))
    assert pdf.attachments["submission.json"] == [proof.canonical(summary)]


def test_what_xml_does_not_allow_is_carried_all_the_same():
    record = proof.Record("FS1/A/1/B", '{"a":"\ufffe]]>&"}'.encode())
    root = carriage.xml(carriage.part(record))
    assert json.loads(root.text) == {"a": "\ufffe]]>&"}


# verify


@pytest.mark.parametrize("format", ["docx", "pdf"])
@pytest.mark.parametrize("draft", [False, True])
def test_an_untouched_document_is_unchanged(catalogue, summary_form, summary, format, draft):
    document = refill(summary_form, summary, format, draft)
    verdict = verify(document, catalogue.editions())
    assert (verdict.status, verdict.pointers) == (Status.UNCHANGED, ())
    assert proof.canonical(verdict.data) == proof.canonical(summary)


def test_saving_again_does_not_change_a_document(catalogue, summary_form, summary):
    saved = io.BytesIO()
    python_docx.Document(io.BytesIO(refill(summary_form, summary, "docx", False))).save(saved)
    assert verify(saved.getvalue(), catalogue.editions()).status is Status.UNCHANGED
    saved = io.BytesIO()
    with pikepdf.open(io.BytesIO(refill(summary_form, summary, "pdf", False))) as pdf:
        pdf.save(saved, linearize=True)
    assert verify(saved.getvalue(), catalogue.editions()).status is Status.UNCHANGED


@pytest.mark.parametrize(
    "pointer",
    ["/person/name", "/person/mobile", "/training/content", "/training/end_date",
     "/expenses/total", "/account/number", "/unit/department"],
)  # fmt: skip
def test_one_changed_character_in_word_is_named(catalogue, summary_form, summary, pointer):
    document = refill(summary_form, summary, "docx", False)
    shown = printed(summary_form, summary)[pointer].split("\n")[0]
    other = "甲" if shown[-1] != "甲" else "乙"
    verdict = verify(edited(document, shown, shown[:-1] + other), catalogue.editions())
    assert (verdict.status, verdict.pointers) == (Status.VALUES, (pointer,))
    assert summary_form.label(pointer) in verdict.message


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [("江西省人力资源", "江苏省人力资源", Status.TEXT),
     ("单位意见：", "单位的意见：", Status.WRITTEN),
     ("单位意见：", "单位意：", Status.TEXT),
     ("<w:rPr>", "<w:rPr><w:vanish/>", Status.CHANGED),
     ("<w:rPr>", "<w:rPr><w:strike/>", Status.CHANGED),
     ("<w:rPr>", "<w:rPr><w:b/>", Status.LAYOUT),
     ("</w:t>", " </w:t>", Status.UNCHANGED)],
)  # fmt: skip
def test_texts_looks_and_disguises_in_word_are_told_apart(
    catalogue, summary_form, summary, old, new, expected
):
    document = edited(refill(summary_form, summary, "docx", False), old, new)
    assert verify(document, catalogue.editions()).status is expected


@pytest.mark.parametrize("format", ["docx", "pdf"])
@pytest.mark.parametrize(
    ("pointer", "new"), [("/person/name", "李小四"), ("/training/institution", "剑桥大学")]
)
def test_a_document_of_other_data_is_named_by_field(
    catalogue, summary_form, summary, format, pointer, new
):
    """Someone puts the data of one document into another."""
    other = json.loads(json.dumps(summary))
    section, name = pointer[1:].split("/")
    other[section][name] = new
    record = proof.Proof(summary_form, other).record()
    document = refill(summary_form, summary, format, False)
    if format == "docx":
        members = carriage.package(document)
        item = next(name for name in members if name.startswith("customXml/item1."))
        document = zipped({**members, item: carriage.part(record)})
    else:
        with pikepdf.open(io.BytesIO(document)) as pdf:
            spec = pikepdf.AttachedFileSpec(pdf, record.data, description=record.code)
            pdf.attachments["submission.json"] = spec
            saved = io.BytesIO()
            pdf.save(saved)
        document = saved.getvalue()
    verdict = verify(document, catalogue.editions())
    assert verdict.status is Status.VALUES
    assert verdict.pointers == (pointer,)
    (difference,) = verdict.differences
    assert (difference.shown, difference.carried) == (summary[section][name], new)


def test_changed_data_in_word_is_noticed(catalogue, summary_form, summary):
    document = refill(summary_form, summary, "docx", False)
    name = summary["person"]["name"]
    part = next(part for part in carriage.package(document) if part.endswith("/item1.xml"))
    verdict = verify(edited(document, name, name + "甲", part), catalogue.editions())
    assert (verdict.status, verdict.pointers) == (Status.CHANGED, ("/person/name",))
    assert "校验码" in verdict.message
    verdict = verify(edited(document, "FS1/", "FS9/", part), catalogue.editions())
    assert verdict.status is Status.CHANGED


@pytest.mark.parametrize(
    "change",
    [b"0 0 0 rg 100 500 200 4 re f", b"1 1 1 rg 100 500 300 100 re f",
     b"BT 1 0 0 1 200 500 Tm ET 1 g 0 0 600 900 re f"],
)  # fmt: skip
def test_values_painted_over_in_a_pdf_are_named(catalogue, summary_form, summary, change):
    saved = io.BytesIO()
    with pikepdf.open(io.BytesIO(refill(summary_form, summary, "pdf", False))) as pdf:
        pdf.pages[1].contents_add(b"q " + change + b" Q")
        pdf.save(saved)
    verdict = verify(saved.getvalue(), catalogue.editions())
    assert verdict.status is Status.VALUES
    assert {each.shown for each in verdict.differences} == {"（看不清：被遮盖或涂改）"}


def test_a_note_on_a_pdf_is_noticed_but_a_seal_is_not(catalogue, summary_form, summary):
    for subtype, kind, expected in (
        ("/FreeText", None, Status.TEXT), ("/Widget", "/Sig", Status.UNCHANGED),
    ):  # fmt: skip
        saved = io.BytesIO()
        with pikepdf.open(io.BytesIO(refill(summary_form, summary, "pdf", False))) as pdf:
            note = pikepdf.Dictionary(
                Type=pikepdf.Name.Annot, Subtype=pikepdf.Name(subtype),
                Rect=pikepdf.Array([100, 100, 200, 200]),
            )  # fmt: skip
            if kind:
                note.FT, note.T = pikepdf.Name(kind), pikepdf.String("seal")
                fields = pikepdf.Array([pdf.make_indirect(note)])
                pdf.Root.AcroForm = pikepdf.Dictionary(Fields=fields)
                note = fields[0]
            pdf.pages[3].obj.Annots = pikepdf.Array([note])
            pdf.save(saved)
        assert verify(saved.getvalue(), catalogue.editions()).status is expected


def test_a_missing_page_is_noticed(catalogue, summary_form, summary):
    saved = io.BytesIO()
    with pikepdf.open(io.BytesIO(refill(summary_form, summary, "pdf", False))) as pdf:
        del pdf.pages[2]
        pdf.save(saved)
    verdict = verify(saved.getvalue(), catalogue.editions())
    assert verdict.status is Status.TEXT
    assert "缺第 3 页" in verdict.message


@pytest.mark.parametrize("format", ["docx", "pdf"])
def test_a_signature_is_asked_for_when_the_key_is_known(catalogue, summary_form, summary, format):
    signed = refill(summary_form, summary, format, False, KEY)
    verdict = verify(signed, catalogue.editions(), Press(key=KEY))
    assert verdict.status is Status.UNCHANGED
    unsigned = refill(summary_form, summary, format, False)
    verdict = verify(unsigned, catalogue.editions(), Press(key=KEY))
    assert verdict.status is Status.UNSIGNED
    verdict = verify(signed, catalogue.editions())
    assert (verdict.status, "公钥" in verdict.message) == (Status.UNCHECKED, True)
    public = Press(public_key=proof.public_key(KEY))
    assert verify(signed, catalogue.editions(), public).status is Status.UNCHANGED
    stranger = Press(public_key=proof.public_key(OTHER_KEY))
    verdict = verify(signed, catalogue.editions(), stranger)
    assert (verdict.status, "签名" in verdict.message) == (Status.CHANGED, True)


def test_documents_that_are_not_ours_are_told_apart(catalogue, summary_form, funding_form, summary):
    plain = blank(summary_form, "docx")
    assert verify(plain, catalogue.editions()).status is Status.NOT_OURS
    assert verify(summary_form.pdf.read_bytes(), catalogue.editions()).status is Status.NOT_OURS
    document = refill(summary_form, summary, "docx", False)
    assert verify(document, [funding_form]).status is Status.NOT_OURS


def hostile() -> dict[str, bytes]:
    item = "customXml/item1.xml"
    doctype = (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e "1">]><x xmlns="urn:formsvc:submission"/>'
    )
    wide = '<x xmlns="urn:formsvc:submission"/>'
    twice = zipped({"customXml/item1.xml": b"<a/>", "customXml/item2.xml": b"<b/>"})
    twice = twice.replace(b"item2", b"item1")
    return {
        "nothing": b"",
        "text": b"hello",
        "broken zip": b"PK\x03\x04" + bytes(100),
        "broken pdf": b"%PDF-1.7\n" + bytes(100),
        "doctype": zipped({item: doctype}),
        "utf-16": zipped({item: b"<!--urn:formsvc:submission-->" + wide.encode("utf-16")}),
        "many members": zipped({f"a{number}": b"" for number in range(201)}),
        "bomb": zipped({"word/document.xml": bytes(49_000_000)}),
        "large": zipped({"a": random.Random(1).randbytes(100), "b": bytes(51_000_000)}),
        "twice": twice,
    }


@pytest.mark.parametrize("name", hostile())
def test_hostile_files_are_refused_in_chinese(catalogue, name):
    verdict = verify(hostile()[name], catalogue.editions())
    assert verdict.status is Status.UNREADABLE
    assert "。" in verdict.message


def test_an_attachment_that_unpacks_without_end_is_refused(catalogue, summary_form, summary):
    saved = io.BytesIO()
    with pikepdf.open(io.BytesIO(refill(summary_form, summary, "pdf", False))) as pdf:
        spec = pikepdf.AttachedFileSpec(pdf, bytes(5_000_000), description="FS1/A/1/B")
        pdf.attachments["submission.json"] = spec
        pdf.save(saved, compress_streams=True)
    assert verify(saved.getvalue(), catalogue.editions()).status is Status.UNREADABLE
