"""The digest of a submission, and the code that a page prints of it.

Every document holds its submission (a PDF as an attachment, a DOCX as a custom XML part) and
prints a code on each page. What is parsed here is hostile.
"""

import base64
import hashlib
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, Final

import zxingcpp
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from formsvc.documents.proof.carriage import Record
from formsvc.errors import FormError, UnreadableDocument
from formsvc.forms import Form

DIGEST_CHARS: Final = 20  # 100 bits
MAX_CODE: Final = 400  # characters: nothing longer is looked at
_SIGNED_BYTES: Final = 16  # of the digest in a signed code
_SIGNATURE_BYTES: Final = 64
_DOMAIN: Final = b"formsvc-code-1"  # a signature for this is valid for nothing else
_LARGEST_EXPONENT: Final = 400
_MISREAD: Final = str.maketrans("018", "OIB")  # not in base32, often typed for what is
_PARTS: Final = re.compile(
    r"FS(?P<kind>[12])/(?P<form>[^/]+)/(?P<edition>[^/]+)/(?P<proof>[A-Z0-9]+)"
    r"(?:/(?P<page>[0-9]{1,4})/(?P<pages>[0-9]{1,4}))?"
)
_PAGE: Final = re.compile(r"[0-9]{1,4}/[0-9]{1,4}")
_SHORT: Final = 100  # characters of a code without a signature
_LARGEST_QR: Final = 57  # modules of version 10: 0.3 mm each in a square of 17 mm
_MODULES: Final = bytes([1] * 128 + [0] * 128)  # grey pixels to modules


# data → digest


def canonical(data: object) -> bytes:
    """A submission as canonical JSON: the same bytes for equal data, however it was written.

    RFC 8785 (sorted keys, no spaces, UTF-8), but numbers are exact decimals without exponent, so
    that 100000, 100000.0 and Decimal("100000.00") are the same. ValueError for what is not JSON:
    NaN, infinities, lone surrogates, other types.
    """
    return _text(data).encode()


def digest(data: object) -> bytes:
    """SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical(data)).digest()


def _text(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return encode_basestring(value)
        case int() | float() | Decimal():
            return _number(value)
        case list() | tuple():
            return f"[{','.join(map(_text, value))}]"
        case dict():
            names = sorted(value, key=lambda name: name.encode("utf-16-be"))
            return f"{{{','.join(f'{_text(name)}:{_text(value[name])}' for name in names)}}}"
    raise ValueError(f"{type(value).__name__} is not JSON")


def _number(value: int | float | Decimal) -> str:
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite() or abs(exact.adjusted()) > _LARGEST_EXPONENT:
        raise ValueError("not a number of JSON")
    text = format(exact, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


# digest → printed code


@dataclass(frozen=True, slots=True)
class Code:
    """What proves a page: two lines of text, and the same as QR modules (1 is dark)."""

    text: str
    modules: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A code as parsed: `proof` is the base32 digest, shortened; `signature` is b"" when unsigned.

    `page` and `pages` are 0 where the code does not stand on a page.
    """

    form: str
    edition: str
    proof: str
    page: int = 0
    pages: int = 0
    signature: bytes = b""

    def __str__(self) -> str:
        """What the QR code holds: `FS1/<FORM>/<EDITION>/<digest>/<n>/<N>`, signed `FS2/…`."""
        proof = self.proof[:DIGEST_CHARS]
        if self.signature:
            proof = _base32(_unbase32(self.proof) + self.signature)
        page = f"/{self.page}/{self.pages}" if self.pages else ""
        kind = 2 if self.signature else 1
        return f"FS{kind}/{self.form.upper()}/{self.edition}/{proof}{page}"

    @property
    def label(self) -> str:
        """What people read beside the QR code; short enough to type."""
        groups = (self.proof[start : start + 5] for start in range(0, DIGEST_CHARS, 5))
        page = f" {self.page}/{self.pages}" if self.pages else ""
        return f"FS1/{self.form.upper()}/{self.edition}\n{'-'.join(groups)}{page}"


class Proof:
    """A submission's digest, computed once, in all the ways in which a document carries it.

    `key` is a raw Ed25519 seed, 32 bytes; with it the codes are signed. ValueError when the data
    is not JSON or the key has another length.
    """

    def __init__(self, form: Form, data: object, key: bytes | None = None) -> None:
        self._form = form
        self._content = canonical(data)
        self._digest = hashlib.sha256(self._content).digest()
        self._signer = Ed25519PrivateKey.from_private_bytes(key) if key else None

    def mark(self, page: int = 0, pages: int = 0) -> Mark:
        """The code of a page, or of the submission as such."""
        whole, signer = self._digest, self._signer
        proof = _base32(whole[:_SIGNED_BYTES]) if signer else _base32(whole)[:DIGEST_CHARS]
        unsigned = Mark(self._form.id, self._form.edition, proof, page, pages)
        return replace(unsigned, signature=signer.sign(_message(unsigned))) if signer else unsigned

    def code(self, page: int, pages: int) -> Code:
        """Text and QR modules of a page."""
        mark = self.mark(page, pages)
        return Code(mark.label, qr(str(mark)))

    def record(self) -> Record:
        """What the document holds: see `carriage.part`."""
        return Record(str(self.mark()), self._content)


def mark(
    form: Form, data: object, *, page: int = 0, pages: int = 0, key: bytes | None = None
) -> Mark:
    """The code of a submission; see `Proof`."""
    return Proof(form, data, key).mark(page, pages)


def parse_mark(text: str) -> Mark:
    """A code as scanned or typed: spaces, hyphens in the digest and lower case do not matter.

    UnreadableDocument when it is not one of ours.
    """
    found = _PARTS.fullmatch(_plain(text.upper())) if len(text) <= MAX_CODE else None
    if found is None:
        raise UnreadableDocument(
            "这不是本系统的校验码。校验码以“FS1/”或“FS2/”开头，请核对后重新输入。"
        )
    proof, signature = found["proof"].translate(_MISREAD), b""
    if found["kind"] == "2":
        raw = _unbase32(proof)
        if len(raw) != _SIGNED_BYTES + _SIGNATURE_BYTES:
            raise UnreadableDocument("校验码不完整，请重新扫描。")
        proof, signature = _base32(raw[:_SIGNED_BYTES]), raw[_SIGNED_BYTES:]
    elif len(proof) != DIGEST_CHARS:
        raise UnreadableDocument(f"校验码不完整：末段应有 {DIGEST_CHARS} 个字符。")
    page, pages = int(found["page"] or 0), int(found["pages"] or 0)
    return Mark(found["form"].lower(), found["edition"], proof, page, pages, signature)


def is_signed(code: Mark, public_key: bytes) -> bool:
    """Whether a code was signed by the key's owner: form, edition, digest and page are genuine."""
    try:
        verifier = Ed25519PublicKey.from_public_bytes(public_key)
        verifier.verify(code.signature, _message(code))
    except (InvalidSignature, ValueError):
        return False
    return True


def matches(code: Mark, form: Form, data: object) -> bool:
    """Whether a code belongs to this submission."""
    own = (form.id, form.edition.upper(), _base32(digest(data))[:DIGEST_CHARS])
    return own == (code.form, code.edition.upper(), code.proof[:DIGEST_CHARS])


def public_key(key: bytes) -> bytes:
    """The raw public key of a raw seed; verifying needs no more."""
    return (
        Ed25519PrivateKey.from_private_bytes(key)
        .public_key()
        .public_bytes(Encoding.Raw, PublicFormat.Raw)
    )


def qr(text: str) -> tuple[bytes, ...]:
    """QR modules, rows from the top, 1 is dark, without quiet zone. ISO/IEC 18004, level M.

    A long one, which is signed, has level L: larger modules outlast a scan of 150 dpi better than
    a second copy of what they say.
    """
    level = "M" if len(text) <= _SHORT else "L"
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    image: Any = code.to_image(scale=1, add_quiet_zones=False)
    width, rows = image.shape[1], bytes(image).translate(_MODULES)
    if width > _LARGEST_QR:
        raise FormError(f"code {text!r} needs a QR code of {width} modules")
    return tuple(rows[start : start + width] for start in range(0, len(rows), width))


def _message(code: Mark) -> bytes:
    place = (str(code.page), str(code.pages))
    parts = (code.form.lower(), code.edition.upper(), code.proof, *place)
    return b"\0".join((_DOMAIN, *(part.encode() for part in parts)))


def _plain(text: str) -> str:
    """Without the spaces and hyphens that people put into a digest."""
    joined = "/".join(line for line in map(str.strip, text.split("\n")) if line)
    words = joined.rsplit(None, 1)
    if _PAGE.fullmatch(words[-1] if words else ""):
        joined = "/".join(words)
    head, *rest = "".join(joined.split()).split("/")
    if len(rest) >= 3:
        rest[2] = rest[2].replace("-", "")
    return "/".join((head, *rest))


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=")


def _unbase32(text: str) -> bytes:
    try:
        return base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError:
        return b""
