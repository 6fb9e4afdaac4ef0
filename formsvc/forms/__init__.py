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
    SummarySpec,
)
from formsvc.forms.loading import library, read
from formsvc.forms.programme import ComparisonSpec, PolicyValue, Programme
from formsvc.forms.shelves import Shelf, built_in
from formsvc.forms.summaries import REGISTER

__all__ = [
    "EDITION",
    "FORM",
    "REGISTER",
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
    "SummarySpec",
    "built_in",
    "library",
    "read",
]
