"""What a DOCX or PDF carries and what it shows, and where the two part.

A document is opened where it can be killed; what it should show is known from what it carries, so
that an untouched one costs no second look.
"""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from formsvc import sandbox
from formsvc.documents.formats import Format, format_of
from formsvc.documents.headers import DRAFT
from formsvc.documents.press import Press, drawing
from formsvc.documents.press.areas import Areas
from formsvc.documents.printing import printed
from formsvc.documents.proof import alignment, carriage, sheets, units
from formsvc.documents.proof.alignment import Shown
from formsvc.documents.proof.carriage import Record
from formsvc.documents.proof.marks import Mark, parse_mark
from formsvc.documents.proof.units import Passage
from formsvc.errors import FormsvcError, UnreadableDocument
from formsvc.forms import Form

OLD_FILE: Final = (
    "这是旧版 Word（.doc）或 WPS（.wps）文件，不能读取；请用 Word 或 WPS 打开，"
    "另存为 .docx 后再提交。"
)
_CPU: Final = 10  # seconds for two PDFs page by page

sandbox.preload(__name__)


@dataclass(frozen=True, slots=True)
class Paper:
    """A document as it came: what it carries, and of a DOCX what it shows."""

    raw: bytes
    format: Format
    record: Record | None
    pieces: tuple[Passage, ...] = ()

    @property
    def mark(self) -> Mark | None:
        """The code that it carries; None where there is none, or it is none of ours."""
        if self.record is None:
            return None
        try:
            return parse_mark(self.record.code)
        except UnreadableDocument:
            return None


def opened(raw: bytes) -> Paper:
    """A document, opened where it can be killed. UnreadableDocument when it cannot be read."""
    format = format_of(raw)
    record, pieces = json.loads(sandbox.run_limited(look, raw))
    return Paper(
        raw,
        format,
        Record(record[0], record[1].encode()) if record else None,
        tuple(Passage(kind, text) for kind, text in pieces),
    )


def look(raw: bytes) -> bytes:
    """(code and data that a document carries, or null; the pieces that a DOCX shows), as JSON.

    Bytes to bytes, for a process that can be killed. UnreadableDocument when it cannot be read.
    """
    if format_of(raw) == "docx":
        members = carriage.package(raw)
        record = carriage.in_docx(members)
        pieces = [(piece.kind, piece.text) for piece in units.pieces(members)] if record else []
    else:
        record, pieces = carriage.extract(raw), []
    known = record and [record.code, record.data.decode("utf-8", "replace")]
    return json.dumps([known, pieces]).encode()


def differences(paper: Paper, form: Form, data: object, press: Press) -> Shown:
    """How a document differs from our own fill of the data, final or draft."""
    return _of_docx(paper, form, data) if paper.format == "docx" else _of_pdf(
        paper.raw, form, data, press, paper.mark
    )  # fmt: skip


def _of_docx(paper: Paper, form: Form, data: object) -> Shown:
    expected = units.expected(form, data)
    if alignment.shows(expected, paper.pieces):
        return Shown()
    draft = units.expected(form, data, draft=True)
    if draft != expected and alignment.shows(draft, paper.pieces):
        return Shown()
    labels = [place.beside for place in form.signatures]
    payload = alignment.payload(expected, paper.pieces, labels)
    return Shown.from_json(sandbox.run_limited(alignment.differing, payload))


def _of_pdf(raw: bytes, form: Form, data: object, press: Press, mark: Mark | None) -> Shown:
    # As it was made: whether it should have been signed is another question.
    used = replace(press, key=press.key if mark and mark.signature else None)
    found: Shown | None = None
    for draft in (False, True):
        with suppress(FormsvcError):
            ours, areas = drawing.placed(form, data, used, draft=draft)
            if ours == raw:
                return Shown()
            found = compared(raw, ours, areas, form, data)
            if not _is_draft(found):
                return found
    if found is None:
        raise UnreadableDocument("这份 PDF 带有的数据排不成表格，无法与纸面核对。")
    return found


def compared(
    raw: bytes,
    ours: bytes,
    areas: Sequence[Areas],
    form: Form,
    data: object,
    pages: Sequence[int | None] | None = None,
) -> Shown:
    """A PDF, or some of its pages, beside our own."""
    payload = sheets.payload(raw, ours, areas, printed(form, data), pages)
    return Shown.from_json(
        sandbox.run_limited(sheets.differing, payload, cpu=_CPU, wall=2.0 * _CPU)
    )


def _is_draft(shown: Shown) -> bool:
    """Whether what is too much, beside a final document, is the mark of a draft."""
    texts = [*shown.beside, *shown.written, *(text for _, text in shown.values)]
    return any(character in text for text in texts for character in DRAFT)


def are_right(codes: Iterable[str], code: Mark) -> bool:
    """Whether codes that look different from ours, as those of a signed paper do where the key is
    not known, say what the document itself says."""
    for found in codes:
        number, _, text = found.partition(" ")
        try:
            read = parse_mark(text)
        except UnreadableDocument:
            return False
        known = (read.form, read.edition, read.proof) == (code.form, code.edition, code.proof)
        if not known or str(read.page) != number or bool(read.signature) != bool(code.signature):
            return False
    return True
