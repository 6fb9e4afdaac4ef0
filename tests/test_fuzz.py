"""Two thousand mutated documents, tables and lists of our own: no fault, no wrong verdict."""

import io
import json
import random
import zipfile

import pikepdf
import pypdfium2
import pytest

from formsvc import fill
from formsvc.catalogue import SAMPLES_ON as ON
from formsvc.documents.proof import carriage, papers, units, verification
from formsvc.documents.proof.marks import canonical
from formsvc.errors import UnreadableDocument
from formsvc.intake import sheets, tables, typed
from formsvc.intake.sources import items
from tests.conftest import first_sample
from tests.test_proof import zipped

FORM = "jiangxi-training-summary"
BYTES = [b"\x00", b"\xff", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b"9" * 30, b"<", b">", b"&",
         b"\n", "\u202e".encode(), b"NaN", b"-", b"PK\x03\x04", b"%PDF-", b"/JS", b"<w:vanish/>"]  # fmt: skip


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, taken out, doubled, put in or cut off."""
    made = bytearray(raw)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(made) + 1)
        size = chance.choice((1, 1, 2, 8, 64, 512))
        match chance.randrange(5):
            case 0:
                made[place : place + size] = chance.randbytes(size)
            case 1:
                del made[place : place + size]
            case 2:
                made[place:place] = made[place : place + size]
            case 3:
                made[place:place] = chance.choice(BYTES)
            case 4 if chance.random() < 0.1:
                del made[place:]
            case _:
                made[place : place + 1] = bytes([chance.randrange(256)])
        made = made or bytearray(b"{")
    return bytes(made)


@pytest.fixture(scope="module")
def own(catalogue):
    """Our own fill of each format, and what a verdict compares it with."""
    form, data = catalogue[FORM], first_sample(FORM)
    return {format: fill(form, data, format) for format in ("docx", "pdf")}


def rebuilt(raw: bytes, format: str, chance: random.Random) -> bytes:
    """A part of a DOCX or a stream of a PDF mutated inside, so that its wrapping stays whole."""
    if format == "docx":
        members = carriage.package(raw)
        name = chance.choice(sorted(members))
        return zipped({**members, name: mutated(members[name], chance)})
    stream = io.BytesIO()
    with pikepdf.open(io.BytesIO(raw)) as pdf:
        streams = [each for each in pdf.objects if isinstance(each, pikepdf.Stream)]
        chosen = chance.choice(streams)
        if chosen.get("/Subtype") != pikepdf.Name.Image:
            chosen.write(mutated(bytes(chosen.read_bytes()), chance))
        pdf.save(stream)
    return stream.getvalue()


def texts(raw: bytes, format: str) -> list[str]:
    """What a reader sees of a paper, place by place."""
    if format == "docx":
        return [units.bare(piece.text) for piece in units.pieces(carriage.package(raw))]
    with pypdfium2.PdfDocument(raw) as opened:
        return [units.bare(page.get_textpage().get_text_range()) for page in opened]


def is_altered(raw: bytes, ours: bytes) -> bool:
    """Whether what a paper carries is not what ours carries."""
    try:
        return carriage.extract(raw) != carriage.extract(ours)
    except UnreadableDocument:
        return True


@pytest.mark.parametrize("format", ["docx", "pdf"])
@pytest.mark.parametrize("seed", range(4))
def test_a_mutated_paper_gives_a_verdict_and_never_a_wrong_one(
    own, catalogue, monkeypatch, format, seed
):
    # The parsers themselves, without a process for each of them.
    monkeypatch.setattr(papers.sandbox, "run_limited", as_sandboxed)
    chance, ours = random.Random(seed), own[format]
    for number in range(20):
        raw = rebuilt(ours, format, chance) if number % 2 else mutated(ours, chance)
        verdict = verification.verify(raw, catalogue.editions())
        if verdict.status is verification.Status.UNCHANGED:
            assert not is_altered(raw, ours)
            assert canonical(verdict.data) == carriage.extract(ours).data
            assert texts(raw, format) == texts(ours, format)


@pytest.mark.parametrize("format", ["docx", "pdf"])
def test_parsers_of_papers_answer_or_refuse(own, format):
    chance = random.Random(5)
    for _ in range(100):
        raw = mutated(own[format], chance)
        for work in (papers.look, *([typed.fields] if format == "pdf" else [])):
            try:
                answer = json.loads(as_sandboxed(work, raw))
            except UnreadableDocument:
                continue
            first, second = answer
            assert first is None or isinstance(first, list | str), work
            assert isinstance(second, list | dict), work


def test_mutated_tables_never_crash_and_hide_nothing(catalogue, monkeypatch):
    monkeypatch.setattr(tables, "run_limited", as_sandboxed)
    form, chance = catalogue[FORM], random.Random(6)
    book = sheets.write(form, ON, [first_sample(FORM)] * 3)
    with zipfile.ZipFile(io.BytesIO(book)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    text = ("姓名,性别,手机\n" + "张三,男,13800138000\n" * 5).encode("gb18030")
    for number in range(120):
        if number % 3 == 0:
            raw, name = mutated(text, chance), "国（境）外研修总结书.csv"
        elif number % 3 == 1:
            part = chance.choice(sorted(parts))
            raw, name = zipped({**parts, part: mutated(parts[part], chance)}), "a.xlsx"
        else:
            raw, name = mutated(book, chance), "a.xlsx"
        for item in items(io.BytesIO(raw), name, catalogue):
            judged(catalogue, item)


def as_sandboxed(work, raw, **_):
    try:
        return work(raw)
    except UnreadableDocument:
        raise
    except Exception as fault:
        raise UnreadableDocument(type(fault).__name__) from None


def judged(catalogue, item):
    """The report of an item, which every shell can show."""
    if item.raw is None:
        assert item.findings
        return
    checked = catalogue.check(item.raw, on=ON)
    json.dumps(checked.report.to_dict())


@pytest.mark.parametrize("kind", ["json", "jsonl", "list", "zip", "gb18030"])
def test_mutated_lists_spoil_no_good_item_before_them(catalogue, kind):
    chance = random.Random(kind)
    good = json.dumps(first_sample(FORM), ensure_ascii=False)
    encoding = "gb18030" if kind == "gb18030" else "utf-8"
    one = good.encode(encoding)
    for _ in range(80):
        bad = mutated(one, chance)
        name, raw = {
            "json": ("a.json", bad),
            "jsonl": ("a.jsonl", one + b"\n" + bad + b"\n" + one),
            "list": ("a.json", b"[" + one + b"," + bad + b"," + one + b"]"),
            "gb18030": ("a.json", b"[" + one + b"," + bad + b"," + one + b"]"),
            "zip": ("a.zip", zipped({"1.json": one, "2.json": bad})),
        }[kind]
        found = list(items(io.BytesIO(raw), name, catalogue))
        for item in found:
            judged(catalogue, item)
        if kind != "json":
            assert found[0].raw == one
        assert found


def test_mutated_uploads_through_the_application_are_never_a_fault(app, own, catalogue):
    client, chance = app.test_client(), random.Random(7)
    one = json.dumps(first_sample(FORM), ensure_ascii=False).encode()
    sheet = sheets.write(catalogue[FORM], ON, [first_sample(FORM)])
    lines, xlsx = "application/x-ndjson", tables_type()
    for number in range(40):
        paper = own["docx" if number % 2 else "pdf"]
        for path, raw, kind in (
            ("/api/v1/verify", mutated(paper, chance), "application/octet-stream"),
            (f"/api/v1/forms/{FORM}/check", mutated(one, chance), "application/json"),
            (f"/api/v1/forms/{FORM}/documents?draft=1", mutated(one, chance), "application/json"),
            ("/api/v1/bulk", mutated(one + b"\n" + one, chance), lines),
            *([("/api/v1/bulk", mutated(sheet, chance), xlsx)] if number % 8 == 0 else []),
        ):
            answer = client.post(path, data=raw, content_type=kind)
            assert answer.status_code < 500, (path, number)


def tables_type():
    from formsvc.bulk.outputs.workbook import MEDIA_TYPE

    return MEDIA_TYPE
