"""Data → PDF: a form's own template in the PDF engine, and the engine's complaints as findings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from formsvc.documents import pdf
from formsvc.documents.fonts import FontSet, load_fonts
from formsvc.documents.pdf import PdfTemplate, Printed, Problem, UnprintableError
from formsvc.documents.printing import printed
from formsvc.documents.proof import carriage
from formsvc.documents.proof.marks import Proof
from formsvc.errors import FormsvcError
from formsvc.findings import Finding, Severity
from formsvc.forms import Form
from formsvc.writing import texts, words

MEDIA_TYPE: Final = "application/pdf"
# Stands in a draft for a character that no font has.
_GETA: Final = "〓"


@dataclass(frozen=True, slots=True)
class Press:
    """What an office prints with: its own font folders, searched first, and its signing key.

    `key` is a raw Ed25519 seed of 32 bytes; with it the printed codes are signed.
    """

    fonts: tuple[Path, ...] = ()
    key: bytes | None = None


class Unprintable(FormsvcError):
    """The data is sound but does not go on this paper; `findings` say where and why (Chinese)."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("；".join(finding.message for finding in findings))
        self.findings = findings


def fill(
    form: Form, data: object, press: Press, *, draft: bool = False, signature_fields: bool = False
) -> bytes:
    """The filled form, flat, with its proof code on every page and its submission attached.

    Raises Unprintable when a text does not fit or has a character without a glyph; a draft
    continues every text on extra sheets and prints 〓 instead.
    """
    template = prepared(form, press.fonts, draft)
    texts_ = printed(form, data)
    owner, unit = texts_[form.person.pointer], texts_[form.unit.pointer]
    values = {name: text for name, text in texts_.items() if name in template.field_names}
    if draft:
        values = {name: _showable(text, load(press.fonts)) for name, text in values.items()}
        owner = _showable(owner, load(press.fonts))
    proof = Proof(form, data, press.key)
    try:
        return template.fill(
            values,
            title=texts.clean(f"{form.title} {owner}".strip()),
            author=texts.clean(unit) or form.programme.title,
            owner=owner,
            draft=draft,
            code=proof.code,
            attachment=carriage.attachment(proof.record()),
            signature_fields=signature_fields,
        )
    except UnprintableError as error:
        findings = (_finding(form, data, problem) for problem in error.problems if problem.field)
        raise Unprintable(tuple(findings)) from error


def blank(form: Form) -> bytes:
    """The fillable form itself, for Acrobat, WPS, Foxit or a browser."""
    return form.pdf.read_bytes()


def pack(documents: list[Printed], press: Press, *, title: str, copies: int, duplex: bool) -> bytes:
    """Documents as one PDF, each several times, numbered and bookmarked; see printpack."""
    return pdf.pack(documents, load(press.fonts), title=title, copies=copies, duplex=duplex)


@cache
def load(folders: tuple[Path, ...]) -> FontSet:
    """The fonts to print with, read once a process."""
    return load_fonts(folders)


@cache
def prepared(form: Form, folders: tuple[Path, ...], draft: bool = False) -> PdfTemplate:
    """The form's template, prepared on first use. TemplateError when it cannot be."""
    fonts = load(folders)
    pages = PdfTemplate(form.pdf, fonts, names=form.pdf_names)
    continued = pages.field_names if draft else {field.pointer for field in form.continues}
    return PdfTemplate(
        form.pdf,
        fonts,
        {name: _label(form, name) for name in continued},
        optional=dict(_optional_pages(form, pages)),
        count=words.count,
        names=form.pdf_names,
    )


def _optional_pages(form: Form, template: PdfTemplate) -> Iterator[tuple[int, str]]:
    """Pages that print the rows of a list which need not be given."""
    for number, page in enumerate(template.pages):
        for field in page.fields:
            row = re.match(r"(.+?)/[0-9]+/", field.name)
            array = form.fields.get(row.group(1)) if row else None
            if array and not array.required:
                yield number, array.pointer
                break


def _showable(text: str, fonts: FontSet) -> str:
    shown = texts.clean(text)
    for missing in fonts.missing(shown):
        shown = shown.replace(missing.text, _GETA)
    return shown


def _finding(form: Form, data: object, problem: Problem) -> Finding:
    label, pointer = _label(form, problem.field), _pointer(form, data, problem)
    if problem.missing:
        named = "、".join(f"“{text}”（{_codes(text)}）" for text in problem.missing)
        message = (
            f"{label}中的{named}在现有字体中没有，印不出来；请改用通用的字，或请管理员添加字体。"
        )
        return Finding("print.glyph", Severity.ERROR, pointer, label, message)
    message = f"{label}在表格中写不下，约多出 {problem.excess} 字，请删减。"
    return Finding("print.overflow", Severity.ERROR, pointer, label, message, problem.excess, 0)


def _label(form: Form, name: str) -> str:
    """Of a field, or of a box in which several stand."""
    return next((box.label for box in form.boxes if box.name == name), None) or form.label(name)


def _pointer(form: Form, data: object, problem: Problem) -> str:
    """The place in the submission; in a box of several fields, the longest to blame."""
    parts = [part.pointer for box in form.boxes if box.name == problem.field
             for part, _ in box.parts]  # fmt: skip
    shown = printed(form, data) if parts else {}
    blamed = [part for part in parts if all(text in shown[part] for text in problem.missing)]
    return max(blamed or parts or [problem.field], key=lambda part: len(shown.get(part, "")))


def _codes(text: str) -> str:
    return " ".join(f"U+{ord(character):04X}" for character in text)
