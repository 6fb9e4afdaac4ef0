"""The formats of documents: what they are called, and how bytes are told apart."""

from typing import Final, Literal

from formsvc.errors import UnreadableDocument

Format = Literal["docx", "pdf"]

MEDIA_TYPES: Final[dict[Format, str]] = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}
OLE: Final = b"\xd0\xcf\x11\xe0"
_PICTURES: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def format_of(raw: bytes) -> Format:
    """What an upload is, by its first bytes. UnreadableDocument when it is neither."""
    if raw.startswith(b"PK\x03\x04"):
        return "docx"
    if b"%PDF-" in raw[:1024]:
        return "pdf"
    raise UnreadableDocument("这个文件既不是 Word 文档（.docx），也不是 PDF。")


def is_picture(raw: bytes) -> bool:
    """Whether an upload is a PNG or JPEG, by its first bytes."""
    return raw.startswith(_PICTURES)


def is_document(raw: bytes) -> bool:
    """Whether an upload is a document of any kind, an old or drawn one too, and no JSON."""
    return raw.startswith((OLE, b"PK\x03\x04")) or is_picture(raw) or b"%PDF-" in raw[:1024]
