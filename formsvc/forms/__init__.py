"""A form as data: schema, layout, citations and rules."""

from formsvc.forms.fields import EDITION, FORM, Field
from formsvc.forms.form import (
    APPLICANT,
    ComputedSpec,
    Does,
    Form,
    PaperPart,
    PrintBox,
    RuleSpec,
    Section,
    Signature,
    Stage,
    Step,
    SummarySpec,
)
from formsvc.forms.loading import library, read
from formsvc.forms.programme import (
    ComparisonSpec,
    OfficeKind,
    PolicyValue,
    Programme,
    Retention,
    Sees,
)
from formsvc.forms.shelves import Shelf, built_in
from formsvc.forms.summaries import REGISTER

__all__ = [
    "APPLICANT",
    "EDITION",
    "FORM",
    "REGISTER",
    "ComparisonSpec",
    "ComputedSpec",
    "Does",
    "Field",
    "Form",
    "OfficeKind",
    "PaperPart",
    "PolicyValue",
    "PrintBox",
    "Programme",
    "Retention",
    "RuleSpec",
    "Section",
    "Sees",
    "Shelf",
    "Signature",
    "Stage",
    "Step",
    "SummarySpec",
    "built_in",
    "library",
    "read",
]
