"""A form as data: schema, layout, citations and rules."""

from formsvc.forms.fields import EDITION, FORM, Field
from formsvc.forms.form import (
    ComputedSpec,
    Form,
    PaperPart,
    PrintBox,
    RuleSpec,
    Section,
    Signature,
    Step,
)
from formsvc.forms.loading import Shelf, built_in, library, read
from formsvc.forms.programme import ComparisonSpec, PolicyValue, Programme

__all__ = [
    "EDITION",
    "FORM",
    "ComparisonSpec",
    "ComputedSpec",
    "Field",
    "Form",
    "PaperPart",
    "PolicyValue",
    "PrintBox",
    "Programme",
    "RuleSpec",
    "Section",
    "Shelf",
    "Signature",
    "Step",
    "built_in",
    "library",
    "read",
]
