"""What people write into a field of a form → its value, and what is unclear about it."""

from typing import Any

from formsvc.findings import Finding, Severity
from formsvc.forms.form import Form
from formsvc.writing import written


def read(form: Form, pointer: str, text: str) -> tuple[Any, tuple[Finding, ...]]:
    """The value of the field at a concrete pointer of the form; None when the text is blank.

    What could mean several values stays text and has an `input.written` finding; what cannot be
    read at all stays text without one, for the schema check to point at. KeyError for a pointer
    that the form does not have.
    """
    field = form.field(pointer)
    if field is None:
        raise KeyError(pointer)
    meant = written.value(text, type=field.type, kind=field.kind)
    if not meant.problem:
        return meant.value, ()
    label = form.label(pointer)
    message = f"{label}{meant.problem}。"
    return meant.value, (Finding("input.written", Severity.ERROR, pointer, label, message),)
