"""A checked submission → document or refusal, the one way of every shell."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from formsvc import documents, pointers
from formsvc.catalogue import Checked
from formsvc.checks import explain
from formsvc.documents import HOUSE, Bound, Format, Press
from formsvc.findings import Report
from formsvc.forms import Form
from formsvc.writing.masking import masked
from formsvc.writing.texts import clean


@dataclass(frozen=True, slots=True)
class Delivery:
    """The report, and the document unless the report refuses it."""

    report: Report
    document: bytes | None
    name: str


def fill(
    checked: Checked,
    format: Format,
    *,
    draft: bool = False,
    copies: int = 1,
    press: Press = HOUSE,
    signature_fields: bool = False,
) -> Delivery:
    """The document of what was checked. Errors refuse it unless `draft`, which marks it 草稿.

    Several `copies` of a PDF come as one, numbered and padded to whole sheets for duplex printing.
    """
    form, data, report = checked.form, checked.data, checked.report
    if form is None or data is None or not (report.ok or draft):
        return Delivery(report, None, "")
    name = file_name(form, data, format, draft=draft)
    try:
        if copies > 1 and format == "pdf":
            title = name.removesuffix(".pdf")
            bound = Bound(title, form, data, copies, draft)
            document = documents.pack([bound], press, title=title, duplex=True)
        else:
            document = documents.fill(
                form, data, format, draft=draft, press=press, signature_fields=signature_fields
            )
    except documents.Unprintable as unprintable:
        return Delivery(report.preceded_by(unprintable.findings), None, name)
    return Delivery(report, document, name)


@lru_cache(maxsize=16)
def blank(form: Form, format: Format, on: date, *, press: Press = HOUSE) -> bytes:
    """The empty form with what is allowed in each field, by the policy values of a day."""
    return documents.blank(form, format, press=press, hints=_hints(form, on))


def _hints(form: Form, on: date) -> dict[str, str]:
    """What to say of every place while one types; days are written as they are printed."""
    hints = {}
    for field in form.leaves:
        written = _DAY if field.kind == "date" else explain.hint(form, field, on)
        needed = "必填" if form.is_required(field) and not field.list else ""
        rows = range(form.blank_rows[field.list]) if field.list else ()
        for name in map(field.in_row, rows) if field.list else (field.pointer,):
            hints[name] = "；".join(filter(None, (needed, written)))
    return {name: hint for name, hint in hints.items() if hint}


_DAY: Final = "如 2024年9月1日"


def said(data: object, pointer: str) -> str:
    """A text of a submission on one line, for headings, lists and names; "" when there is none.

    A number in it that says who somebody is, is masked: it stands in the wrong place.
    """
    value = pointers.get(data, pointer)
    return masked(" ".join(clean(value).split()))[:200] if isinstance(value, str) else ""


def file_name(form: Form, data: object, format: str, *, draft: bool = False) -> str:
    """`国（境）外研修总结书-张三.docx`: safe on every file system, whatever the name holds."""
    parts = (form.title, said(data, form.person.pointer), "草稿" if draft else "")
    stem = "-".join(part for part in map(safe_name, parts) if part)
    return f"{stem}.{format}"


def safe_name(text: str) -> str:
    """A text as part of a file name, for every file system; "" when nothing of it can stand."""
    kept = "".join(
        character
        for character in clean(text)
        if character.isprintable() and character not in '\\/:*?"<>|\ufffd'
    )
    return kept.strip(". ")[:60]
