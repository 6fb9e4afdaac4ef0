"""Scans and print packs: which submission and pages these are, and what is missing or changed."""

import html
import io
import re

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageFilter

from formsvc import Press, fill
from formsvc.cli import main
from formsvc.documents import pack
from formsvc.documents.press import Bound
from formsvc.documents.proof import bundles, codes, marks
from formsvc.documents.proof.verification import Status, verify
from formsvc.errors import UnreadableDocument
from formsvc.intake.reading import read

KEY = bytes(range(32))
FORM = "jiangxi-training-summary"
PUBLIC = Press(public_key=marks.public_key(KEY))


def scanned(document: bytes, numbers, *, dpi: int = 150, angle: float = 5) -> list[Image.Image]:
    """Pages as a poor scanner gives them: coarse, askew, blurred, with noise."""
    pages = []
    with pypdfium2.PdfDocument(document) as opened:
        for number in numbers:
            image = opened[number].render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
            image = image.rotate(
                angle, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC
            ).filter(ImageFilter.GaussianBlur(0.5))
            pages.append(Image.blend(image, Image.effect_noise(image.size, 60), 0.15))
    return pages


def saved(pages: list[Image.Image], kind: str) -> bytes:
    stream = io.BytesIO()
    more = (
        {"save_all": True, "append_images": pages[1:], "resolution": 150} if kind == "PDF" else {}
    )
    pages[0].save(stream, kind, **more)
    return stream.getvalue()


@pytest.fixture(scope="module")
def papers(catalogue, summary_form):
    from .conftest import first_sample

    data = first_sample(summary_form.id)
    return {key: fill(summary_form, data, "pdf", press=Press(key=key)) for key in (None, KEY)}


@pytest.mark.parametrize("key", [None, KEY], ids=["unsigned", "signed"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_coarse_scan_askew_says_what_it_is(catalogue, papers, key, kind):
    (page,) = scanned(papers[key], [1])
    verdict = verify(saved([page], kind), catalogue.editions(), PUBLIC)
    assert verdict.status is Status.INCOMPLETE
    assert "国（境）外研修总结书" in verdict.message
    assert f"版次 {catalogue[FORM].edition}" in verdict.message
    assert "找到第 2 页，缺第 1、3、4 页" in verdict.message
    assert ("签名有效" in verdict.message) == bool(key)


def test_a_whole_scanned_paper_is_told_from_one_with_pages_missing_and_doubled(catalogue, papers):
    whole = saved(scanned(papers[KEY], range(4), angle=-3), "PDF")
    verdict = verify(whole, catalogue.editions(), PUBLIC)
    assert (verdict.status, "签名有效" in verdict.message) == (Status.SCANNED, True)
    assert verify(whole, catalogue.editions()).status is Status.SCANNED
    stranger = Press(public_key=marks.public_key(bytes(32)))
    assert verify(whole, catalogue.editions(), stranger).status is Status.CHANGED
    wrong = saved(scanned(papers[None], [0, 2, 2], angle=1), "PDF")
    verdict = verify(wrong, catalogue.editions())
    assert verdict.status is Status.INCOMPLETE
    assert "缺第 2、4 页，第 3 页重复" in verdict.message


def test_a_scan_is_no_submission_and_the_sender_is_told_what_it_is(
    client, runner, tmp_path, catalogue, papers
):
    raw = saved(scanned(papers[None], [0], angle=0), "JPEG")
    with pytest.raises(UnreadableDocument, match=r"扫描件.*找到第 1 页.*请提交"):
        read(raw, catalogue)
    assert "扫描件" in client.post("/api/v1/read", data=raw).json["detail"]
    path = tmp_path / "扫描.jpg"
    path.write_bytes(raw)
    result = runner.invoke(main, ["verify", str(path)])
    assert (result.exit_code, "缺第 2、3、4 页" in result.stdout) == (1, True)


def test_pictures_without_a_code_and_with_too_many_pixels_are_refused(catalogue):
    blank = saved([Image.new("L", (300, 300), 255)], "PNG")
    assert verify(blank, catalogue.editions()).status is Status.NOT_OURS
    bomb = saved([Image.new("1", (20_000, 20_000))], "PNG")
    verdict = verify(bomb, catalogue.editions())
    assert (verdict.status, "太大" in verdict.message) == (Status.UNREADABLE, True)
    for broken in (blank[:60], b"\xff\xd8\xff" + bytes(200)):
        assert verify(broken, catalogue.editions()).status is Status.UNREADABLE


def test_codes_of_an_earlier_print_are_still_read(summary_form, summary):
    """Signed codes had level M before, so their modules were smaller."""
    import zxingcpp

    text = str(marks.mark(summary_form, summary, page=1, pages=4, key=KEY))
    old = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    picture = old.to_image(scale=4)
    height, width = picture.shape[:2]
    assert codes.of_pixels(bytes(picture), width, height) == [text]
    assert len(marks.qr(text)) < len(bytes(old.to_image(scale=1, add_quiet_zones=False))) ** 0.5


# print packs


@pytest.fixture
def packed(summary_form, funding_form, summary, funding):
    bound = [Bound("甲", summary_form, summary, 2), Bound("乙", funding_form, funding, 1)]
    return pack(bound, Press(), title="打印包", duplex=True)


def test_a_pack_of_more_documents_than_are_looked_at_says_how_many_are_left(
    nearby, catalogue, client, runner, tmp_path, packed, monkeypatch
):
    monkeypatch.setattr(bundles, "MOST", 1)
    verdict = verify(packed, catalogue.editions())
    assert (verdict.status, verdict.is_good) == (Status.INCOMPLETE, False)
    assert "打印包有 2 份，前 1 份" in verdict.message
    assert "其余 1 份没有核对" in verdict.message
    (tmp_path / "包.pdf").write_bytes(packed)
    said = runner.invoke(main, ["verify", str(tmp_path / "包.pdf")])
    assert (said.exit_code, verdict.message in said.stdout) == (1, True)
    answer = client.post("/api/v1/verify", data=packed).json
    assert (answer["status"], answer["message"]) == ("incomplete", verdict.message)
    token = re.search(r'name="token" value="([^"]+)"', client.get("/verify").text)[1]
    sent = {"token": token, "file": (io.BytesIO(packed), "包.pdf")}
    page = client.post("/verify", data=sent).text
    assert verdict.message in html.unescape(page)
    assert ">没有发现改动<" not in page


def test_a_print_pack_is_verified_document_by_document(catalogue, packed):
    verdict = verify(packed, catalogue.editions())
    assert (verdict.status, verdict.message) == (
        Status.UNCHANGED, "打印包有 2 份，都与填报数据一致。",
    )  # fmt: skip
    with pytest.raises(UnreadableDocument, match="打印包，里面有 2 份"):
        read(packed, catalogue)


def changed(raw: bytes, change) -> bytes:
    stream = io.BytesIO()
    with pikepdf.open(io.BytesIO(raw)) as pdf:
        change(pdf)
        pdf.save(stream)
    return stream.getvalue()


def test_what_is_changed_in_a_print_pack_is_named(catalogue, packed):
    def painted(pdf):
        pdf.pages[5].contents_add(b"q 1 1 1 rg 100 500 300 100 re f Q")

    def shorter(pdf):
        del pdf.pages[2]

    def running(pdf):
        pdf.Root.OpenAction = pikepdf.Dictionary(
            S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)")
        )

    for change, status, named in (
        (painted, Status.VALUES, "第 1 份"), (shorter, Status.TEXT, "缺第"),
        (running, Status.CHANGED, "JavaScript"),
    ):  # fmt: skip
        verdict = verify(changed(packed, change), catalogue.editions())
        assert (verdict.status, named in verdict.message) == (status, True), verdict.message
