"""Print packs: several documents in one PDF, each carried with its number, in several copies.

Which page belongs to which document is told by the code printed on it.
"""

import io
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pikepdf

from formsvc import sandbox
from formsvc.documents.pictures import opened
from formsvc.documents.proof import carriage
from formsvc.documents.proof.carriage import ATTACHMENT, Record
from formsvc.documents.proof.marks import DIGEST_CHARS
from formsvc.documents.proof.sheets import printed_place
from formsvc.errors import UnreadableDocument

MOST: Final = 60  # documents and copies that are looked at
_NAME: Final = re.compile(rf"[0-9]{{1,5}}-{re.escape(ATTACHMENT)}")
sandbox.preload(__name__)


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a pack carries, and of every page the digest and number that it prints, ("", 0) for
    an empty one, and None for one that is neither. Of `count` documents the first are read."""

    records: tuple[Record, ...]
    pages: tuple[tuple[str, int] | None, ...]
    count: int

    def copies(self, digest: str) -> list[list[int | None]]:
        """The places of a document's pages in the pack, copy by copy; None for one missing."""
        found: list[dict[int, int]] = []
        for place, page in enumerate(self.pages):
            if page and page[0] == digest:
                if not found or page[1] <= max(found[-1]):
                    found.append({})
                found[-1][page[1]] = place
        return [[copy.get(number) for number in range(1, max(copy) + 1)] for copy in found]

    @property
    def strays(self) -> int:
        """How many pages belong to no document."""
        known = {record.code.split("/")[3][:DIGEST_CHARS] for record in self.records
                 if record.code.count("/") >= 3}  # fmt: skip
        return sum(page is None or (bool(page[0]) and page[0] not in known) for page in self.pages)


def bundle(raw: bytes) -> Bundle | None:
    """A PDF as a pack; None when it is none. UnreadableDocument when it cannot be read."""
    found = json.loads(sandbox.run_limited(look, raw))
    if not found:
        return None
    records, pages, count = found
    return Bundle(
        tuple(Record(code, data.encode()) for code, data in records),
        tuple((page[0], page[1]) if page else None for page in pages),
        count,
    )


def look(raw: bytes) -> bytes:
    """(records, pages, count) as JSON, null for no pack; for a process that can be killed."""
    records, count = _records(raw)
    if not records:
        return b"null"
    with opened(raw) as document:
        pages = [printed_place(page) for page in document]
    return json.dumps([records, pages, count]).encode()


def _records(raw: bytes) -> tuple[Sequence[tuple[str, str]], int]:
    """The first documents that a pack carries, and how many there are."""
    try:
        with pikepdf.open(io.BytesIO(raw)) as pdf:
            names = sorted(
                (name for name in pdf.attachments if _NAME.fullmatch(name)),
                key=lambda name: int(name.partition("-")[0]),
            )
            records = [
                (record.code, record.data.decode("utf-8", "replace"))
                for name in names[:MOST]
                for record in [carriage.attached(pdf.attachments[name])]
            ]
            return records, len(names)
    except (pikepdf.PdfError, zlib.error, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableDocument("PDF 已损坏或加了密，无法打开。") from error
