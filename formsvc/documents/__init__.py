"""Data → document, and what proves a document."""

from formsvc.documents.filling import HOUSE, blank, blank_remarks, fill, letter, pack
from formsvc.documents.formats import MEDIA_TYPES, Format
from formsvc.documents.press import Bound, Press, Unprintable, findings

__all__ = [
    "HOUSE",
    "MEDIA_TYPES",
    "Bound",
    "Format",
    "Press",
    "Unprintable",
    "blank",
    "blank_remarks",
    "fill",
    "findings",
    "letter",
    "pack",
]
