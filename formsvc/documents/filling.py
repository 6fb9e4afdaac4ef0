"""Data → document, for every format that a form has a template for.

What makes a format is loaded when the first document of it is made: most submissions are checked,
and loading it all takes longer than a check.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from formsvc.documents.formats import Format
from formsvc.documents.press import Bound, Press, layouts
from formsvc.forms import Form

__all__ = ["HOUSE", "blank", "blank_remarks", "fill", "letter", "pack"]

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
    from formsvc.documents.press import drawing  # noqa: PLC0415  # as said above

    if format == "pdf":
        return drawing.fill(form, data, press, draft=draft, signature_fields=signature_fields)
    from formsvc.documents import docx  # noqa: PLC0415  # as above

    shrinks = drawing.shrinks(form, data, press)
    return docx.prepared(form).fill(data, draft=draft, key=press.key, shrinks=shrinks)


def blank(
    form: Form,
    format: Format,
    *,
    press: Press = HOUSE,
    hints: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """The empty official form, to print or to fill in on screen, with 填报信息 behind it.

    `hints` say what is allowed in a field, by pointer: programs show them while one types.
    """
    if format == "pdf":
        from formsvc.documents.press import typing  # noqa: PLC0415  # as above

        return typing.blank(form, press.fonts, hints)
    from formsvc.documents import docx  # noqa: PLC0415  # as above

    return docx.prepared(form).blank(hints, layouts.pages(form))


def blank_remarks(form: Form, format: Format, press: Press = HOUSE) -> tuple[str, ...]:
    """What the person who takes a blank should know, in Chinese."""
    if format != "pdf":
        return ()
    from formsvc.documents.press import typing  # noqa: PLC0415  # as above

    return typing.remarks(form, press.fonts)


def pack(documents: Sequence[Bound], press: Press, *, title: str, duplex: bool = False) -> bytes:
    """Documents as one PDF for the printer; see `formsvc.documents.press.drawing.pack`."""
    from formsvc.documents.press import drawing  # noqa: PLC0415  # as above

    return drawing.pack(documents, press, title=title, duplex=duplex)


def letter(package: bytes, title: str, press: Press) -> bytes:
    """A letter as PDF; see `formsvc.documents.press.drawing.letter`."""
    from formsvc.documents.press import drawing  # noqa: PLC0415  # as above

    return drawing.letter(package, title, press)
