"""Electronic seals go into the fields that a filled PDF may have, and a PDF of an office's own."""

import io
from datetime import UTC, datetime, timedelta

import pikepdf
import pypdfium2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    NoEncryption,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

from formsvc import fill, load_forms
from formsvc.documents.proof.verification import Status, verify
from formsvc.errors import FormError, TemplateError

from .conftest import first_sample
from .pressing import places

SUMMARY, FUNDING = "jiangxi-training-summary", "jiangxi-project-funding"
PLACE = f"jiangxi/{FUNDING}/2021-1"


@pytest.fixture(scope="module")
def signer():
    """Somebody with a certificate that they made themselves."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "formsvc test")])
    now = datetime.now(UTC)
    usage = x509.KeyUsage(True, True, *[False] * 7)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    bundle = pkcs12.serialize_key_and_certificates(b"t", key, certificate, None, NoEncryption())
    return signers.SimpleSigner.load_pkcs12_data(bundle, other_certs=[], passphrase=None)


def signed(raw: bytes, field: str, signer) -> bytes:
    metadata = signers.PdfSignatureMetadata(field_name=field)
    writer = IncrementalPdfFileWriter(io.BytesIO(raw))
    return signers.sign_pdf(writer, metadata, signer=signer, existing_fields_only=True).getvalue()


@pytest.mark.parametrize("name", [SUMMARY, FUNDING])
def test_every_place_takes_an_electronic_signature_and_the_data_stay_proved(
    catalogue, signer, name
):
    form = catalogue[name]
    raw = fill(form, first_sample(name), "pdf", signature_fields=True)
    for place in form.signatures:
        raw = signed(raw, place.name, signer)
    trusted = ValidationContext(trust_roots=[signer.signing_cert], allow_fetching=False)
    signatures = PdfFileReader(io.BytesIO(raw)).embedded_signatures
    assert [signature.field_name for signature in signatures] == [
        place.name for place in form.signatures
    ]
    for signature in signatures:
        status = validate_pdf_signature(signature, trusted)
        assert status.intact
        assert status.valid
        assert status.trusted

    assert verify(raw, catalogue.editions()).status is Status.UNCHANGED


def test_places_to_sign_are_only_there_when_asked_for(catalogue):
    with pikepdf.open(io.BytesIO(fill(catalogue[SUMMARY], first_sample(SUMMARY), "pdf"))) as pdf:
        assert "/AcroForm" not in pdf.Root
        assert not any("/Annots" in page for page in pdf.pages)


# an office's own fillable PDF


def own_pdf(form, skip: str = "") -> tuple[bytes, dict[str, str]]:
    """One page by another tool, with a field under a name of its own for every field of ours."""
    rows = {name: str(form.room(name)) for name in form.lists}
    ours = {pointer for page in places(form, rows) for pointer, _ in page}
    pointers = [pointer for pointer in sorted(ours) if pointer != skip]
    names = {f"F{number}": pointer for number, pointer in enumerate(pointers)}
    target = io.BytesIO()
    page = canvas.Canvas(target, pagesize=A4, invariant=True)
    for number, name in enumerate(names):
        x, y = 50 + 250 * (number % 2), 790 - 44 * (number // 2)
        page.acroForm.textfield(name=name, x=x, y=y, width=240, height=40, fontSize=9)
    page.showPage()
    page.save()
    return target.getvalue(), names


@pytest.fixture
def office(shelf, catalogue):
    """A catalogue whose funding form is printed on a PDF of the office's own."""

    def forms(skip="", extra=""):
        raw, names = own_pdf(catalogue[FUNDING], skip)
        (shelf.templates / PLACE / "form.pdf").write_bytes(raw)
        table = "".join(f'"{name}" = "{pointer}"\n' for name, pointer in names.items())
        with (shelf.schemas / PLACE / "form.toml").open("a", encoding="utf-8") as toml:
            toml.write(f"\n[pdf]\n{table}{extra}")
        return load_forms(shelf)

    return forms


def test_an_office_s_own_pdf_is_filled_by_its_own_field_names(office, funding):
    form = office()[FUNDING]
    with pypdfium2.PdfDocument(fill(form, funding, "pdf")) as document:
        text = document[0].get_textpage().get_text_range()
    assert funding["person"]["name"] in text
    assert funding["unit"]["name"] in text
    assert "大写" in text


def test_an_own_pdf_without_a_field_that_the_form_prints_is_refused(office):
    with pytest.raises(TemplateError, match=r"/person/phone of form\.docx has no"):
        office(skip="/person/phone")


def test_a_field_name_for_something_that_the_form_does_not_have_is_refused(office):
    with pytest.raises(FormError, match=r"\[pdf\]: F99: pointer '/person/shoe_size' is not in"):
        office(extra='F99 = "/person/shoe_size"\n')


def test_a_field_name_must_stand_for_one_pointer(office):
    with pytest.raises(FormError, match=r"\[pdf\]: F99: 3 is not of type"):
        office(extra="F99 = 3\n")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('name = "人选所在单位"\nbeside = "盖章"', "人选所在单位: is declared twice"),
        ('name = "局长"', "局长: 'beside' is a required property"),
        ('name = "局长"\nbeside = "盖章"\npage = 1', "局长: Additional properties are not allowed"),
    ],
)
def test_a_faulty_place_to_sign_is_the_author_s_fault(shelf, table, words):
    with (shelf.schemas / PLACE / "form.toml").open("a", encoding="utf-8") as toml:
        toml.write(f"\n[[signature]]\n{table}\n")
    with pytest.raises(FormError, match=words):
        load_forms(shelf)
