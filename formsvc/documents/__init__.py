"""Data → document, for every format that a form has a template for."""

from typing import Final, Literal

from formsvc.documents import docx
from formsvc.errors import FormsvcError
from formsvc.findings import Finding
from formsvc.forms import Form

Format = Literal["docx"]
MEDIA_TYPES: Final[dict[str, str]] = {"docx": docx.MEDIA_TYPE}


class Unprintable(FormsvcError):
    """The data is sound but does not go on this paper; `findings` say where and why (Chinese)."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("；".join(finding.message for finding in findings))
        self.findings = findings


def fill(form: Form, data: object, format: Format, *, draft: bool = False) -> bytes:
    """The official document with the submission's values; `draft` marks every page 草稿.

    Fills what it is given: `formsvc.delivery` refuses data with errors first.
    """
    return docx.prepared(form).fill(data, draft=draft)


def blank(form: Form, format: Format) -> bytes:
    """The empty official form."""
    return docx.prepared(form).fill({})
