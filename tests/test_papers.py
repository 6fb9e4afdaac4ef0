"""What a paper shows and what it carries never part unseen, whichever way it comes in."""

import copy
import io
import json
import re
import time
from datetime import date, timedelta
from decimal import Decimal

import docx as python_docx
import pikepdf
import pytest
from docx.oxml.ns import qn
from lxml import etree

from formsvc import fill, pointers, submissions
from formsvc.catalogue import SAMPLES_ON
from formsvc.cli import main
from formsvc.documents import docx
from formsvc.documents.printing import printed
from formsvc.documents.proof import alignment, carriage, units
from formsvc.documents.proof.marks import canonical
from formsvc.documents.proof.verification import Status, verify
from formsvc.errors import UnreadableDocument
from formsvc.intake.reading import read
from formsvc.writing.masking import masked

from .conftest import first_sample, valid_samples
from .test_proof import zipped

FORMS = ["jiangxi-training-summary", "jiangxi-project-funding"]
SUMMARY = FORMS[0]


def other(value):
    """A value of the same kind that reads differently."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | Decimal):
        return value + 1
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return str(date.fromisoformat(value) + timedelta(days=1))
    return value[:-1] + ("甲" if value[-1] != "甲" else "乙")


def carrying(shown: bytes, carried: bytes, format: str) -> bytes:
    """A document that shows what one does, and carries what another does."""
    record = carriage.extract(carried)
    if format == "docx":
        members = carriage.package(shown)
        (part,) = [
            name for name, content in members.items()
            if b"<submission" in content and carriage.NAMESPACE.encode() in content
        ]  # fmt: skip
        return zipped({**members, part: carriage.part(record)})
    saved = io.BytesIO()
    with pikepdf.open(io.BytesIO(shown)) as pdf:
        spec = pikepdf.AttachedFileSpec(pdf, record.data, description=record.code)
        pdf.attachments["submission.json"] = spec
        pdf.save(saved)
    return saved.getvalue()


def edits(form, data):
    """(pointer, data with one value changed) for every value that the paper shows."""
    shown = docx.prepared(form).pointers
    boxed = {part.pointer for box in form.boxes for part, _ in box.parts if box.name in shown}
    for leaf in form.leaves:
        for pointer in leaf.places(data):
            value = pointers.get(data, pointer)
            if value is pointers.MISSING or isinstance(value, list):
                continue
            if pointer in shown or leaf.pointer in boxed:
                edited = copy.deepcopy(data)
                pointers.set_(edited, pointer, other(value))
                yield pointer, edited


def samples(form_id, count=None):
    return [submissions.parse(path.read_bytes()).data for path in valid_samples(form_id)[:count]]


@pytest.mark.parametrize(
    ("form_id", "format"), [(FORMS[0], "docx"), (FORMS[1], "docx"), (FORMS[1], "pdf")]
)
def test_every_edit_of_one_value_is_read_and_verified_with_both(nearby, catalogue, form_id, format):
    """One at a time; all forms, many edits in a paper, are in test_every_form.py."""
    form = catalogue[form_id]
    for data in samples(form_id, 1):
        ours, values = fill(form, data, format), printed(form, data)
        for pointer, edited in edits(form, data):
            try:
                shown = fill(form, edited, format)
            except Exception:  # what has no glyph or no room cannot be shown
                continue
            paper = carrying(shown, ours, format)
            reading = read(paper, catalogue)
            assert [each.pointer for each in reading.differences] == [pointer]
            (difference,) = reading.differences
            assert difference.carried == values[pointer]
            if format == "docx":
                assert printed(form, reading.taking({pointer}).data) == printed(form, edited)
            assert canonical(reading.taking(()).data) == canonical(data)
            if len(pointer) % 4:  # a fourth of them: to verify is to look at everything
                continue
            verdict = verify(paper, catalogue.editions())
            assert verdict.status is Status.VALUES, (pointer, verdict.message)
            assert verdict.differences == reading.differences


@pytest.mark.parametrize("form_id", FORMS)
def test_whatever_is_written_over_a_value_in_word_is_told_from_all_else(catalogue, form_id):
    form = catalogue[form_id]
    labels = [place.beside for place in form.signatures]
    for data in samples(form_id):
        expected = units.expected(form, data)
        pieces = [units.Stretch(unit.kind, unit.text) for unit in expected]
        assert alignment.shows(expected, pieces)
        for number, unit in enumerate(expected):
            for place, (name, text) in enumerate(unit.parts):
                if not name or name in units.CODES:
                    continue
                for new in (text + "甲", "乙丙丁", text[1:], "甲" + text[:-1], ""):
                    if units.bare(new) == units.bare(text):
                        continue
                    texts = [part for _, part in unit.parts]
                    texts[place] = new
                    changed = [*pieces]
                    changed[number] = units.Stretch(unit.kind, "".join(texts))
                    shown = alignment.differences(expected, changed, labels)
                    found = [(at, units.bare(said)) for at, said in shown.values]
                    assert found == [(name, units.bare(new))]
                    assert (shown.beside, shown.written) == ((), ())


@pytest.mark.parametrize("form_id", FORMS)
@pytest.mark.parametrize("format", ["docx", "pdf"])
def test_an_untouched_paper_has_no_differences(nearby, catalogue, form_id, format):
    form = catalogue[form_id]
    for data in samples(form_id, 4):
        for draft in (False, True):
            reading = read(fill(form, data, format, draft=draft), catalogue)
            assert canonical(reading.data) == canonical(data)
            assert (reading.is_sure, reading.findings) == (True, ())
            assert set(reading.origins.values()) == {"carried"}


# one edit in Word, through every shell


@pytest.fixture
def corrected(catalogue, summary_form, summary):
    """A paper whose total was corrected in Word, and its label."""
    document = python_docx.Document(io.BytesIO(fill(summary_form, summary, "docx")))
    shown = printed(summary_form, summary)["/expenses/total"]
    (text,) = [text for text in document.element.body.iter(qn("w:t")) if text.text == shown]
    text.text = "120,450元"
    saved = io.BytesIO()
    document.save(saved)
    return saved.getvalue()


BOTH = ("120,450元", "119,450元")


def says_both(text: str) -> bool:
    return all(value in text for value in BOTH)


def test_a_corrected_paper_is_no_clean_check_or_read(runner, tmp_path, corrected):
    path = tmp_path / "改过.docx"
    path.write_bytes(corrected)
    result = runner.invoke(main, ["read", str(path)])
    assert (result.exit_code, says_both(result.stderr)) == (1, True)
    assert json.loads(result.stdout)["expenses"]["total"] == 119450
    result = runner.invoke(main, ["check", str(path), "--on", str(SAMPLES_ON), "--output", "json"])
    assert result.exit_code == 1
    (finding,) = json.loads(result.stdout)["findings"]
    assert (finding["rule"], finding["pointer"]) == ("paper.differs", "/expenses/total")
    assert says_both(finding["message"])
    result = runner.invoke(main, ["fill", str(path), "-o", str(tmp_path / "neu.docx")])
    assert (result.exit_code, says_both(result.stderr)) == (1, True)
    result = runner.invoke(main, ["verify", str(path)])
    assert (result.exit_code, says_both(result.stdout)) == (1, True)


def test_a_corrected_paper_is_answered_with_both_values(client, corrected):
    answer = client.post(f"/api/v1/read?on={SAMPLES_ON}", data=corrected).json
    assert answer["submission"]["expenses"]["total"] == 119450
    (difference,) = answer["differences"]
    assert difference == {
        "pointer": "/expenses/total", "label": "金额总计", "shown": BOTH[0], "carried": BOTH[1],
    }  # fmt: skip
    assert answer["report"]["ok"] is False
    assert answer["origins"]["/expenses/total"] == "carried"
    verdict = client.post("/api/v1/verify", data=corrected).json
    assert (verdict["status"], verdict["pointers"]) == ("values", ["/expenses/total"])
    assert verdict["differences"] == [difference]


def test_the_page_to_verify_tells_a_corrected_paper_with_both_values(client, corrected):
    token = re.search(r'name="token" value="([^"]+)"', client.get("/verify").text)[1]
    sent = {"token": token, "file": (io.BytesIO(corrected), "改过.docx")}
    page = client.post("/verify", data=sent).text
    assert says_both(page)
    assert "栏目被改动" in page


def test_a_corrected_paper_is_no_clean_one_in_a_batch(client, runner, tmp_path, corrected):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "改过.docx").write_bytes(corrected)
    out = tmp_path / "out"
    result = runner.invoke(main, ["bulk", str(folder), "-o", str(out), "--on", str(SAMPLES_ON)])
    assert result.exit_code == 1
    (line,) = (out / "reports.jsonl").read_text("utf-8").splitlines()
    (finding,) = json.loads(line)["report"]["findings"]
    assert (finding["rule"], finding["severity"]) == ("paper.differs", "error")
    assert finding["pointer"] == "/expenses/total"
    assert says_both(finding["message"])
    assert not [*out.rglob("*.pdf")]


@pytest.mark.parametrize("desk", ["unit", "review"])
def test_a_corrected_paper_is_no_clean_one_at_a_desk(client, corrected, desk):
    token = re.search(r'name="token" value="([^"]+)"', client.get(f"/{desk}").text)[1]
    sent = {"token": token, "files": (io.BytesIO(corrected), "改过.docx")}
    page = client.post(f"/{desk}", data=sent, follow_redirects=True)
    for _ in range(600):
        if "1 处问题" in page.text:
            break
        time.sleep(0.05)
        page = client.get(page.request.path)
    assert "1 处问题" in page.text
    item = client.get(f"{page.request.path}/1").text
    assert says_both(item)
    assert "纸面" in item


def posted(client, form=SUMMARY, **more):
    page = client.get(f"/forms/{form}").text
    token = re.search(r'name="token" value="([^"]+)"', page)[1]
    return client.post(f"/forms/{form}", data={"token": token, **more})


def inputs(page: str) -> dict[str, str]:
    """The fields of a page as a browser would send them, but no radio button of a choice."""
    import html

    from lxml import html as pages

    form = pages.fromstring(page).get_element_by_id("form")
    return {
        html.unescape(name): value
        for name, value in form.form_values()
        if not name.startswith("take ")
    }


def test_a_page_asks_which_value_of_a_corrected_paper_to_take(client, corrected):
    page = posted(client, do="load", file=(io.BytesIO(corrected), "改过.docx"))
    assert page.status_code == 200
    assert says_both(page.text)
    assert "没有问题：" not in page.text
    for button in ("docx", "pdf", "json", "preview"):
        refused = client.post(f"/forms/{SUMMARY}", data=inputs(page.text) | {"do": button})
        assert (refused.status_code, says_both(refused.text)) == (422, True), button
    still = client.post(f"/forms/{SUMMARY}", data=inputs(page.text) | {"do": "check"})
    assert "金额总计：纸面上是" in still.text
    for which, value in (("shown", "120450"), ("carried", "119450")):
        choice = {"do": "take", "take /expenses/total": which}
        taken = client.post(f"/forms/{SUMMARY}", data=inputs(still.text) | choice)
        assert inputs(taken.text)["/expenses/total"] == value
        assert "纸面与数据不同" not in taken.text
        all_ = client.post(f"/forms/{SUMMARY}", data=inputs(still.text) | {"do": f"take {which}"})
        assert inputs(all_.text)["/expenses/total"] == value
    live = client.post(f"/forms/{SUMMARY}/live", data=inputs(still.text)).json
    assert "金额总计：纸面上是" in live["summary"]


def test_typing_over_a_field_settles_what_was_asked(client, corrected):
    page = posted(client, do="load", file=(io.BytesIO(corrected), "改过.docx"))
    sent = inputs(page.text) | {"/expenses/total": "119,449", "do": "check"}
    assert "纸面与数据不同" not in client.post(f"/forms/{SUMMARY}", data=sent).text


# what is no difference, and what is not seen at once


def test_a_value_written_in_another_way_is_no_difference(catalogue, summary_form, summary):
    from .test_proof import edited

    paper = edited(fill(summary_form, summary, "docx"), "119,450元", "119450.00元")
    assert read(paper, catalogue).findings == ()


def test_an_amount_changed_in_words_only_is_a_difference(catalogue, funding_form, funding):
    from .test_proof import edited

    paper = edited(fill(funding_form, funding, "docx"), "贰拾万元整", "贰佰万元整")
    (difference,) = read(paper, catalogue).differences
    assert difference.pointer == "/project/amount"
    assert "贰佰万元整" in difference.shown


def test_an_id_number_is_not_quoted_but_the_place_of_its_change_is(
    catalogue, summary_form, summary
):
    edited = copy.deepcopy(summary)
    number = summary["person"]["id_number"]
    edited["person"]["id_number"] = number[:16] + ("1" if number[16] != "1" else "3") + number[17:]
    ours = fill(summary_form, summary, "docx")
    paper = carrying(fill(summary_form, edited, "docx"), ours, "docx")
    reading = read(paper, catalogue)
    (finding,) = reading.findings
    assert number not in finding.message
    assert "第 17 个字符" in finding.message
    assert masked(finding.message) == finding.message
    assert reading.differences[0].shown == edited["person"]["id_number"]


def test_data_that_does_not_match_its_code_is_no_clean_paper(catalogue, summary_form, summary):
    from .test_proof import edited

    paper = fill(summary_form, summary, "docx")
    part = next(part for part in carriage.package(paper) if part.endswith("/item1.xml"))
    reading = read(edited(paper, "119450", "119451", part), catalogue)
    assert [finding.rule for finding in reading.findings] == ["paper.code", "paper.differs"]


def test_old_word_files_are_told_what_to_send_instead(catalogue):
    with pytest.raises(UnreadableDocument, match=r"另存为 \.docx"):
        read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), catalogue)


def test_one_row_of_a_sheet_is_read_and_several_are_sent_elsewhere(catalogue, summary_form):
    from formsvc.intake import sheets

    data = first_sample(SUMMARY)
    one = sheets.write(summary_form, SAMPLES_ON, [data])
    assert canonical(read(one, catalogue).data["person"]) == canonical(data["person"])
    with pytest.raises(UnreadableDocument, match="单位汇总"):
        read(sheets.write(summary_form, SAMPLES_ON, [data, data]), catalogue)


# what is written, stamped and set otherwise by honest people


def reworked(paper: bytes, change) -> bytes:
    document = python_docx.Document(io.BytesIO(paper))
    change(document)
    saved = io.BytesIO()
    document.save(saved)
    return saved.getvalue()


def cell_with(document, text: str):
    return next(
        cell for table in document.tables for row in table.rows for cell in row.cells
        if text in cell.text
    )  # fmt: skip


def seal(size: int = 150) -> io.BytesIO:
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (size, size), (200, 0, 0)).save(stream, "PNG", dpi=(96, 96))
    stream.seek(0)
    return stream


def noted(document):
    cell_with(document, "单位意见：").paragraphs[0].add_run("同意上报。李主任 2026年2月3日")


def stamped(document):
    cell_with(document, "单位意见：").paragraphs[-1].add_run().add_picture(seal())


def stamped_as_old_word_does(document):
    run = cell_with(document, "单位意见：").paragraphs[-1].add_run()
    link, _ = document.part.get_or_add_image(seal())
    run._r.append(etree.fromstring(
        f'<w:pict xmlns:w="{qn("w:p")[1:-2]}" xmlns:v="urn:schemas-microsoft-com:vml" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<v:shape id="s1" type="#_x0000_t75" style="width:115pt;height:115pt">'
        f'<v:imagedata r:id="{link}"/></v:shape></w:pict>'
    ))  # fmt: skip


def in_another_font(document):
    for node in document.element.body.iter(qn("w:rFonts")):
        node.set(qn("w:eastAsia"), "楷体")
    for node in document.element.body.iter(qn("w:sz")):
        node.set(qn("w:val"), "20")


def stamped_over_a_value(document):
    cell_with(document, "金额总计").paragraphs[0].add_run().add_picture(seal())


def stamped_too_large(document):
    cell_with(document, "单位意见：").paragraphs[-1].add_run().add_picture(seal(900))


@pytest.mark.parametrize(
    ("change", "expected", "named"),
    [(noted, Status.WRITTEN, "同意上报"), (stamped, Status.WRITTEN, "印章"),
     (stamped_as_old_word_does, Status.WRITTEN, "印章"),
     (in_another_font, Status.UNCHANGED, "一致"), (stamped_over_a_value, Status.CHANGED, "图片"),
     (stamped_too_large, Status.CHANGED, "图片")],
)  # fmt: skip
def test_notes_seals_and_fonts_accuse_nobody(
    catalogue, summary_form, summary, change, expected, named
):
    paper = reworked(fill(summary_form, summary, "docx"), change)
    verdict = verify(paper, catalogue.editions())
    assert (verdict.status, named in verdict.message) == (expected, True), verdict.message
    assert read(paper, catalogue).findings == ()
