"""PDF/A-3a and PDF/UA-1, clause by clause, beside the checks that typst makes as it exports.

PDF/A-3: ISO 19005-3:2012; PDF/UA-1: ISO 14289-1:2014; structure: ISO 32000-1, 14.7 and 14.8.
"""

import copy
import io
import itertools
import re
from collections.abc import Iterator

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream

from formsvc import Press, fill, submissions
from formsvc.bulk.lines import Line
from formsvc.bulk.outputs import letters
from formsvc.catalogue import SAMPLES_ON
from formsvc.documents import Bound, pack
from formsvc.documents.proof import marks as proof
from formsvc.findings import Finding, Report, Severity

from . import growing
from .conftest import first_sample, valid_samples

# How many places to sign the forms have.
SIGNED = {"signature fields": 3, "signature fields of funding": 2, "signature fields of a roll": 1}
SUMMARY, FUNDING = FORMS = ["jiangxi-training-summary", "jiangxi-project-funding"]
_SHOWS = {"Tj", "TJ", "'", '"', "Do", "S", "s", "f", "F", "f*", "B", "b", "B*", "b*", "sh", "EI"}


def _long(data: dict) -> dict:
    longer = copy.deepcopy(data)
    paragraph = "研修期间完成了原位表征平台的搭建，形成了可以推广的实验规范。" * 9
    longer["training"]["outcome"] = "\n".join([paragraph] * 24)
    return longer


def _letter() -> bytes:
    finding = Finding("a", Severity.ERROR, "", "姓名", "姓名没有填写，请补填。")
    line = Line(1, "某单位.zip", "某单位", "𠮷某", Report(SUMMARY, "2021-1", (finding,) * 40))
    notice = letters.notice_of()
    people = [letters.about(line, "总结书")] * 2
    word = notice.render(letters.Letter("某单位", 3, people), SAMPLES_ON, letters.LetterDetails())
    return letters.as_pdf(word, "某单位", Press())


@pytest.fixture(scope="module")
def documents(catalogue, roll) -> dict[str, bytes]:
    """One of every kind: samples, a draft, a 附页 of several sheets, places to sign, a pack."""
    summary, funding = first_sample(SUMMARY), first_sample(FUNDING)
    own = {
        f"{name} {path.stem}": fill(
            catalogue[name], submissions.parse(path.read_bytes()).data, "pdf"
        )
        for name in FORMS
        for path in valid_samples(name)
    }
    whole, budget = catalogue[SUMMARY], catalogue[FUNDING]
    return own | {
        "draft": fill(whole, summary, "pdf", draft=True),
        "extra sheets": fill(whole, _long(summary), "pdf"),
        "signature fields": fill(whole, _long(summary), "pdf", signature_fields=True),
        "signature fields of funding": fill(budget, funding, "pdf", signature_fields=True),
        "roll": fill(roll, growing.data(60), "pdf"),
        "signature fields of a roll": fill(roll, growing.data(60), "pdf", signature_fields=True),
        "letter": _letter(),
        "pack": pack(
            [Bound("甲", whole, summary), Bound("乙", whole, _long(summary), 2),
             Bound("丙", budget, funding, 2)],
            Press(), title="打印包", duplex=True,
        ),
    }  # fmt: skip


@pytest.fixture(scope="module")
def opened(documents) -> Iterator[dict[str, pikepdf.Pdf]]:
    pdfs = {name: pikepdf.open(io.BytesIO(raw)) for name, raw in documents.items()}
    yield pdfs
    for pdf in pdfs.values():
        pdf.close()


def elements(pdf) -> Iterator[Dictionary]:
    """The structure, in the order of reading."""
    yield from _below(pdf.Root.StructTreeRoot)


def _below(node) -> Iterator[Dictionary]:
    for kid in kids(node):
        if isinstance(kid, Dictionary) and kid.get("/S"):
            yield kid
            yield from _below(kid)


def kids(node) -> list:
    found = node.get("/K", Array())
    return list(found) if isinstance(found, Array) else [found]


def attribute(element, owner: str, key: str):
    given = element.get("/A", Array())
    for one in given if isinstance(given, Array) else [given]:
        if isinstance(one, Dictionary) and one.get("/O") == owner and key in one:
            return one[key]
    return None


def test_6_1_2_and_6_1_3_header_and_trailer(documents, opened):
    for name, raw in documents.items():
        assert re.match(rb"%PDF-1\.[0-7]\n%[\x80-\xff]{4}", raw), name
        assert len(opened[name].trailer.ID) == 2
        assert "/Encrypt" not in opened[name].trailer


def test_6_2_4_colours_have_an_output_intent(opened):
    for name, pdf in opened.items():
        (intent,) = pdf.Root.OutputIntents
        assert intent.S == Name.GTS_PDFA1, name
        assert int(intent.DestOutputProfile.N) in (1, 3)


def test_6_2_11_every_font_is_embedded_and_maps_to_unicode(opened):
    for name, pdf in opened.items():
        fonts = [item for item in pdf.objects
                 if isinstance(item, Dictionary) and item.get("/Type") == "/Font"]  # fmt: skip
        assert fonts, name
        for font in fonts:
            if font.Subtype == Name.Type0:
                assert "/ToUnicode" in font
                descriptor = font.DescendantFonts[0].FontDescriptor
                assert {"/FontFile2", "/FontFile3"} & set(descriptor.keys())
                assert re.match(r"/[A-Z]{6}\+", str(font.BaseFont))


def test_6_3_annotations_print_and_have_an_appearance(opened):
    for name, pdf in opened.items():
        notes = [note for page in pdf.pages for note in page.obj.get("/Annots", Array())]
        assert bool(notes) == name.startswith("signature"), name
        for note in notes:
            assert int(note.F) & 4
            assert not int(note.F) & (1 | 2 | 32)
            assert isinstance(note.AP.N, Stream)
            assert note.Subtype == Name.Widget


def test_6_5_there_are_no_actions(opened):
    for pdf in opened.values():
        assert not {"/OpenAction", "/AA", "/NeedsRendering"} & set(pdf.Root.keys())
        assert "/JavaScript" not in pdf.Root.get("/Names", Dictionary())
        assert "/XFA" not in pdf.Root.get("/AcroForm", Dictionary())


def test_6_6_metadata_say_what_the_document_is(opened):
    for name, pdf in opened.items():
        with pdf.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A"), name
            assert metadata["{http://www.aiim.org/pdfua/ns/id/}part"] == "1"
            assert metadata["dc:title"] == str(pdf.docinfo["/Title"])
            assert metadata["dc:language"] == {"zh-CN"}


def test_6_8_what_is_attached_is_associated_with_the_document(opened):
    for name, pdf in opened.items():
        count = {"pack": 3, "letter": 0}.get(name, 1)
        assert len(pdf.Root.get("/AF", [])) == len(pdf.attachments) == count
        for file in pdf.Root.get("/AF", []):
            assert file.AFRelationship == Name.Data
            assert file.F == file.UF
            assert "/" not in str(file.UF)
            assert file.EF.F.Subtype == Name("/application/json")
            assert "/Size" in file.EF.F.Params
            assert proof.parse_mark(str(file.Desc))


def test_7_1_everything_is_tagged_or_an_artifact(opened):
    for name, pdf in opened.items():
        assert pdf.Root.MarkInfo.Marked, name
        assert not pdf.Root.MarkInfo.get("/Suspects", False)
        for page in pdf.pages:
            depth = 0
            for operands, operator in pikepdf.parse_content_stream(page):
                depth += {"BDC": 1, "BMC": 1, "EMC": -1}.get(str(operator), 0)
                assert depth > 0 or str(operator) not in _SHOWS, (name, str(operator), operands)
            assert "/StructParents" in page.obj or not page.obj.Contents.read_bytes().strip()


def test_7_1_the_title_is_shown_and_7_2_the_language_is_known(opened):
    for pdf in opened.values():
        assert pdf.Root.ViewerPreferences.DisplayDocTitle
        assert pdf.Root.Lang == "zh-CN"


def test_7_3_figures_have_an_alternative(opened):
    for pdf in opened.values():
        assert all("/Alt" in one for one in elements(pdf) if Name.Figure == one.S)


def test_7_4_headings_begin_at_one_and_skip_no_level(opened):
    for name, pdf in opened.items():
        levels = [
            int(str(one.S)[2:]) for one in elements(pdf) if re.fullmatch("/H[1-6]", str(one.S))
        ]
        assert levels[0] == 1, name
        assert all(b <= a + 1 for a, b in itertools.pairwise(levels))


def test_7_5_tables_are_whole_and_their_headers_have_a_scope(opened):
    for name, pdf in opened.items():
        tables = [one for one in elements(pdf) if Name.Table == one.S]
        assert tables, name
        for table in tables:
            rows = [one for one in _below(table) if one.S == Name.TR]
            free: dict[int, int] = {}
            widths = set()
            for number, row in enumerate(rows):
                width = free.pop(number, 0)
                for cell in kids(row):
                    assert cell.S in (Name.TH, Name.TD)
                    columns = int(attribute(cell, "/Table", "/ColSpan") or 1)
                    width += columns
                    for below in range(1, int(attribute(cell, "/Table", "/RowSpan") or 1)):
                        free[number + below] = free.get(number + below, 0) + columns
                    if cell.S == Name.TH:
                        assert attribute(cell, "/Table", "/Scope")
                widths.add(width)
            assert len(widths) == 1, name


def test_7_18_fields_stand_in_the_structure_with_a_name_for_people(opened):
    for name, pdf in opened.items():
        if not name.startswith("signature"):
            continue
        forms = [one for one in elements(pdf) if Name.Form == one.S]
        tree = pikepdf.NumberTree(pdf.Root.StructTreeRoot.ParentTree)
        fields = list(pdf.Root.AcroForm.Fields)
        assert len(forms) == len(fields) == SIGNED[name]
        for form, field in zip(forms, fields, strict=True):
            assert form.K.Obj.objgen == field.objgen
            assert tree[int(field.StructParent)].objgen == form.objgen
            assert str(field.TU)
        assert int(pdf.Root.StructTreeRoot.ParentTreeNextKey) > max(tree.keys())
        for page in pdf.pages:
            assert page.obj.get("/Tabs", Name.S) == Name.S
            assert "/Annots" not in page.obj or "/Tabs" in page.obj


def test_marked_content_and_structure_point_at_each_other(opened):
    """ISO 32000-1, 14.7.4.4."""
    for name, pdf in opened.items():
        tree = pikepdf.NumberTree(pdf.Root.StructTreeRoot.ParentTree)
        for page in pdf.pages:
            if "/StructParents" not in page.obj:
                continue
            owners = tree[int(page.obj.StructParents)]
            marks = re.findall(rb"/MCID (\d+)", page.obj.Contents.read_bytes())
            assert sorted(map(int, marks)) == list(range(len(owners))), name
