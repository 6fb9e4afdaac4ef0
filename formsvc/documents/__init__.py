"""Data → document, and what proves a document."""

from formsvc.documents.filling import HOUSE, MEDIA_TYPES, blank, blank_remarks, fill
from formsvc.documents.press import Bound, Press, Unprintable, findings, letter, pack
from formsvc.documents.proof.carriage import Format

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
