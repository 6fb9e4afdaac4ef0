"""Data → document, for every format that a form has a template for."""

from types import MappingProxyType
from typing import Final

from formsvc.documents import docx
from formsvc.documents import press as printing_press
from formsvc.documents.controls import Hints
from formsvc.documents.press import Press, layouts, typing
from formsvc.documents.proof.carriage import Format
from formsvc.forms import Form

__all__ = ["HOUSE", "MEDIA_TYPES", "Press", "blank", "blank_remarks", "fill"]

MEDIA_TYPES: Final[dict[Format, str]] = {"docx": docx.MEDIA_TYPE, "pdf": printing_press.MEDIA_TYPE}
HOUSE: Final = Press()


def fill(
    form: Form,
    data: object,
    format: Format,
    *,
    draft: bool = False,
    press: Press = HOUSE,
    signature_fields: bool = False,
) -> bytes:
    """The official document with the submission's values; `draft` marks every page 草稿.

    Fills what it is given: `formsvc.delivery` refuses data with errors first. Raises Unprintable
    when a PDF cannot show a text. `signature_fields` is for PDF: empty fields to sign in.
    """
    if format == "pdf":
        return printing_press.fill(
            form, data, press, draft=draft, signature_fields=signature_fields
        )
    shrinks = printing_press.shrinks(form, data, press)
    return docx.prepared(form).fill(data, draft=draft, key=press.key, shrinks=shrinks)


def blank(
    form: Form,
    format: Format,
    *,
    press: Press = HOUSE,
    hints: Hints = MappingProxyType({}),
) -> bytes:
    """The empty official form, to print or to fill in on screen, with 填报信息 behind it.

    `hints` say what is allowed in a field, by pointer: programs show them while one types.
    """
    if format == "pdf":
        return typing.blank(form, press.fonts, hints)
    return docx.prepared(form).blank(hints, layouts.pages(form))


def blank_remarks(form: Form, format: Format, press: Press = HOUSE) -> tuple[str, ...]:
    """What the person who takes a blank should know, in Chinese."""
    return typing.remarks(form, press.fonts) if format == "pdf" else ()
