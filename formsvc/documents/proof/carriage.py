"""How a document carries its submission: a PDF as an attachment, a DOCX as a custom XML part.

What is read here is hostile: sizes are checked before anything is unpacked, XML with a document
type is refused, and nothing outside the file is ever looked at.
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

import pikepdf
from lxml import etree

from formsvc.documents.formats import format_of
from formsvc.errors import UnreadableDocument
from formsvc.submissions import MAX_BYTES

ATTACHMENT: Final = "submission.json"
NAMESPACE: Final = "urn:formsvc:submission"
MAX_MEMBERS: Final = 200
MAX_UNPACKED: Final = 50_000_000
MAX_RATIO: Final = 100
_SMALL: Final = 100_000  # below this a high ratio does no harm
_STORE: Final = "{5B0A3C52-7E0E-4C39-9C8A-0F6D3C1B7A11}"  # names our part in itemProps; any GUID
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006"
_RELATIONSHIPS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_PROPERTIES_TYPE: Final = "application/vnd.openxmlformats-officedocument.customXmlProperties+xml"
_CONTENT_TYPES: Final = "[Content_Types].xml"
_BODY_LINKS: Final = "word/_rels/document.xml.rels"
_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_ITEM = re.compile(r"customXml/[^/]+\.xml", re.IGNORECASE)
# DOCTYPE and entities are looked for in bytes, so a part must be in one of these.
_ENCODINGS: Final = frozenset({"UTF-8", "utf-8", "ASCII", "US-ASCII", None})
# Not allowed in XML, but fine as an escape in a JSON string.
_NOT_XML = "\ufffe\uffff"


@dataclass(frozen=True, slots=True)
class Record:
    """What a document carries: its code (without a page) and its submission as JSON."""

    code: str
    data: bytes


def prepared(members: Mapping[str, bytes]) -> tuple[dict[str, bytes], str]:
    """A DOCX template's members made ready to carry a submission, and the name of the part.

    Once for a template; `part` is what then differs from fill to fill.
    """
    number = 1
    while f"customXml/item{number}.xml" in members:
        number += 1
    item, properties = f"item{number}.xml", f"itemProps{number}.xml"
    override = f'<Override PartName="/customXml/{properties}" ContentType="{_PROPERTIES_TYPE}"/>'
    link = _relationship("formsvc", "customXml", f"../customXml/{item}")
    own = _relationship("rId1", "customXmlProps", properties)
    return {
        **members,
        _CONTENT_TYPES: members[_CONTENT_TYPES].replace(
            b"</Types>", f"{override}</Types>".encode()
        ),
        _BODY_LINKS: members[_BODY_LINKS].replace(
            b"</Relationships>", f"{link}</Relationships>".encode()
        ),
        f"customXml/_rels/{item}.rels": (
            f'{_DECLARATION}<Relationships xmlns="{_RELATIONSHIPS}">{own}</Relationships>'
        ).encode(),
        f"customXml/{properties}": (
            f'{_DECLARATION}<ds:datastoreItem ds:itemID="{_STORE}" '
            f'xmlns:ds="{_OFFICE}/customXml"><ds:schemaRefs>'
            f'<ds:schemaRef ds:uri="{NAMESPACE}"/></ds:schemaRefs></ds:datastoreItem>'
        ).encode(),
    }, f"customXml/{item}"


def part(record: Record) -> bytes:
    """The custom XML part of a DOCX."""
    text = record.data.decode()
    for character in _NOT_XML:
        text = text.replace(character, f"\\u{ord(character):04x}")
    head = f'<submission xmlns="{NAMESPACE}" code={quoteattr(record.code)}>'
    return f"{_DECLARATION}{head}{escape(text)}</submission>".encode()


def _relationship(name: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{name}" Type="{_OFFICE}/relationships/{kind}" Target="{target}"/>'


# reading


def extract(raw: bytes) -> Record | None:
    """What a document carries; None when it carries nothing of ours.

    UnreadableDocument when it cannot be read or is not safe to read.
    """
    return in_docx(package(raw)) if format_of(raw) == "docx" else _from_pdf(raw)


def carried(raw: bytes) -> bytes:
    """The submission that a document carries, b"" for none: `extract` for the sandbox."""
    record = extract(raw)
    return record.data if record else b""


def package(raw: bytes) -> dict[str, bytes]:
    """The members of a DOCX. UnreadableDocument for a ZIP that is broken, too big or a trap."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as opened:
            infos = opened.infolist()
            _refuse_traps(infos, len(raw))
            return {info.filename: opened.read(info) for info in infos if not info.is_dir()}
    except (
        zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError,
    ) as error:  # fmt: skip
        raise UnreadableDocument("Word 文档已损坏或加了密，无法打开。") from error


def xml(content: bytes) -> Any:
    """A part's root element. UnreadableDocument for a document type, other encodings, faults."""
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content or b"\0" in content:
        raise UnreadableDocument("Word 文档中有不允许的 XML 声明，已拒绝读取。")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableDocument("Word 文档的内容已损坏，无法读取。") from error
    about: Any = root.getroottree().docinfo
    if about.doctype or about.encoding not in _ENCODINGS:
        raise UnreadableDocument("Word 文档中有不允许的 XML 声明，已拒绝读取。")
    return root


def _refuse_traps(infos: list[zipfile.ZipInfo], size: int) -> None:
    unpacked = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    names = {info.filename.lower() for info in infos}
    if len(infos) > MAX_MEMBERS or unpacked > MAX_UNPACKED:
        raise UnreadableDocument("Word 文档解开后太大，已拒绝读取。")
    if packed > size or (unpacked > _SMALL and unpacked > MAX_RATIO * size):
        raise UnreadableDocument("Word 文档的压缩方式异常，已拒绝读取。")
    if len(names) != len(infos):
        raise UnreadableDocument("Word 文档中有重名的部分，已拒绝读取。")


def in_docx(members: Mapping[str, bytes]) -> Record | None:
    """What a DOCX carries. Raises as `extract` does."""
    for name, content in members.items():
        if _ITEM.fullmatch(name) and NAMESPACE.encode() in content:
            root = xml(content)
            if root.tag == f"{{{NAMESPACE}}}submission":
                record = Record(root.get("code", "")[:MAX_BYTES], (root.text or "").encode())
                if len(record.data) > MAX_BYTES:
                    raise UnreadableDocument("Word 文档中的填报数据太大，已拒绝读取。")
                return record
    return None


def _from_pdf(raw: bytes) -> Record | None:
    try:
        with pikepdf.open(io.BytesIO(raw)) as pdf:
            found = pdf.attachments.get(ATTACHMENT)
            if found is None:
                return None
            return attached(found)
    except (pikepdf.PdfError, zlib.error, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableDocument("PDF 已损坏或加了密，无法打开。") from error


def attached(found: Any) -> Record:
    """What a PDF's attachment holds. Raises as pikepdf does, and ValueError for too much."""
    return Record(str(found.description)[:MAX_BYTES], _unpacked(found.get_file().obj))


def _unpacked(stream: Any) -> bytes:
    """A stream's data, but never more than a submission may have."""
    filters = stream.get("/Filter")
    if isinstance(filters, pikepdf.Array) and len(filters) == 1:
        filters = filters[0]
    data = bytes(stream.read_raw_bytes())
    if filters == pikepdf.Name.FlateDecode:
        data = zlib.decompressobj().decompress(data, MAX_BYTES + 1)
    elif filters is not None:
        raise ValueError("filter")
    if len(data) > MAX_BYTES:
        raise ValueError("size")
    return data
