"""QR codes in pictures: those of a page, of a scan, of a header. Runs where it can be killed."""

import io
from typing import Any, Final

import zxingcpp
from PIL import Image, UnidentifiedImageError

from formsvc.documents.proof.marks import MAX_CODE
from formsvc.errors import UnreadableDocument

MOST_PIXELS: Final = 50_000_000  # A4 at 600 dpi has 35 million
_COARSE: Final = 6_000_000  # pixels; A4 at 200 dpi has 4 million
_SMALL: Final = 400  # pixels a side of a code's own picture
_KINDS: Final = ("PNG", "JPEG")
_QR: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_QUIET: Final = 4  # modules
_ENLARGED: Final = 4

Image.MAX_IMAGE_PIXELS = MOST_PIXELS


def picture(raw: bytes) -> Any:
    """A PNG or JPEG, grey. UnreadableDocument when it is broken or has too many pixels."""
    try:
        with Image.open(io.BytesIO(raw), formats=_KINDS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise UnreadableDocument("图片太大，已拒绝读取；请用 300 dpi 以下重新扫描。")
            opened.draft("L", opened.size)
            return opened.convert("L")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise UnreadableDocument("图片已损坏，无法读取。") from error
    except Image.DecompressionBombError as error:
        raise UnreadableDocument("图片太大，已拒绝读取；请用 300 dpi 以下重新扫描。") from error


def within(image: Any) -> list[str]:
    """The QR codes in a grey picture, those of no more characters than ours may have.

    Of a coarse scan a second look at twice the size finds what the first one does not.
    """
    found = zxingcpp.read_barcodes(image, formats=_QR)
    if not found and image.width * image.height <= _COARSE:
        size = (image.width * 2, image.height * 2)
        larger = image.resize(size, Image.Resampling.BICUBIC)
        found = zxingcpp.read_barcodes(larger, formats=_QR)
    return [code.text for code in found if 0 < len(code.text) <= MAX_CODE]


def of_pixels(pixels: bytes, width: int, height: int) -> list[str]:
    """As `within`, of rows of grey pixels."""
    return within(Image.frombytes("L", (width, height), pixels))


def in_small_picture(raw: bytes) -> str:
    """What the picture of one code says, a pixel a module and without a margin; "" for another."""
    try:
        code = picture(raw)
    except UnreadableDocument:
        return ""
    if max(code.size) > _SMALL:
        return ""
    whole = Image.new("L", (code.width + 2 * _QUIET, code.height + 2 * _QUIET), 255)
    whole.paste(code, (_QUIET, _QUIET))
    size = (whole.width * _ENLARGED, whole.height * _ENLARGED)
    found = within(whole.resize(size, Image.Resampling.NEAREST))
    return found[0] if len(found) == 1 else ""
