"""Data → document, and what proves a document."""

from formsvc.documents.filling import (
    HOUSE,
    MEDIA_TYPES,
    Bound,
    Format,
    Press,
    Unprintable,
    blank,
    fill,
    findings,
    pack,
)

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
