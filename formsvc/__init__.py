"""Forms with rules behind them: check a submission, fill the official document, read it back.

>>> catalogue = load_forms()
>>> form = catalogue["jiangxi-training-summary"]
>>> check(form, data, on=date(2026, 3, 1)).ok
"""

from formsvc.catalogue import Catalogue, load_forms
from formsvc.checks import check
from formsvc.documents import Press, Unprintable, blank, fill
from formsvc.findings import Citation, Finding, Report, Severity, Skipped
from formsvc.forms import Form, Shelf
from formsvc.intake.reading import Reading, read
from formsvc.submissions import Submission

__all__ = [
    "Catalogue",
    "Citation",
    "Finding",
    "Form",
    "Press",
    "Reading",
    "Report",
    "Severity",
    "Shelf",
    "Skipped",
    "Submission",
    "Unprintable",
    "blank",
    "check",
    "fill",
    "load_forms",
    "read",
]
