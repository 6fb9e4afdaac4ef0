"""Pictures: PNG files, and the pages of a PDF as a reader sees them."""

import struct
import threading
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pypdfium2  # type: ignore[import-untyped]

from formsvc.errors import UnreadableDocument

_MOST_PAGES: Final = 200
# PDFium may be used by one thread at a time.
_ALONE: Final = threading.RLock()


def png(width: int, depth: int, rows: Iterable[bytes]) -> bytes:
    """A grey PNG (ISO/IEC 15948): rows of packed pixels, `depth` bits each, 0 is black."""
    lines = [b"\0" + row for row in rows]
    head = struct.pack(">IIBBBBB", width, len(lines), depth, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"".join(lines), 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


@contextmanager
def opened(raw: bytes) -> Iterator[Any]:
    """A PDF in PDFium. UnreadableDocument when it is broken, locked or has too many pages."""
    with _ALONE:
        try:
            document = pypdfium2.PdfDocument(raw)
        except pypdfium2.PdfiumError as error:
            raise UnreadableDocument("PDF 已损坏或加了密，无法打开。") from error
        try:
            if len(document) > _MOST_PAGES:
                raise UnreadableDocument(f"PDF 超过 {_MOST_PAGES} 页，已拒绝读取。")
            yield document
        finally:
            document.close()


def packed(bitmap: Any) -> bytes:
    """The grey pixels of a page, row by row, without what is between the rows."""
    pixels, stride, width = bytes(bitmap.buffer), bitmap.stride, bitmap.width
    return b"".join(pixels[at : at + width] for at in range(0, len(pixels), stride))


def count(raw: bytes) -> int:
    """How many pages a PDF has."""
    with opened(raw) as document:
        return len(document)


def page(raw: bytes, number: int, dpi: int) -> bytes:
    """A page, counted from 0, as a grey PNG. IndexError when there is none."""
    with opened(raw) as document:
        if not 0 <= number < len(document):
            raise IndexError(number)
        picture = document[number].render(scale=dpi / 72, grayscale=True)
        pixels, stride, width = bytes(picture.buffer), picture.stride, picture.width
    return png(width, 8, (pixels[at : at + width] for at in range(0, len(pixels), stride)))
