"""Data → document, for every format that a form has a template for."""

from typing import Final

from formsvc.documents import docx
from formsvc.documents import press as printing_press
from formsvc.documents.press import Bound, Press, Unprintable, findings, pack
from formsvc.documents.proof.carriage import Format
from formsvc.forms import Form

__all__ = [
    "HOUSE",
    "MEDIA_TYPES",
    "Bound",
    "Format",
    "Press",
    "Unprintable",
    "blank",
    "fill",
    "findings",
    "pack",
]

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


def blank(form: Form, format: Format) -> bytes:
    """The empty official form; as PDF it can be filled in on screen."""
    return printing_press.blank(form) if format == "pdf" else docx.prepared(form).blank()
