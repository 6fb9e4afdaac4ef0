"""Data → document, and what proves a document."""

from formsvc.documents.filling import (
    HOUSE,
    MEDIA_TYPES,
    Format,
    Press,
    Printed,
    Unprintable,
    blank,
    fill,
    pack,
)

__all__ = [
    "HOUSE",
    "MEDIA_TYPES",
    "Format",
    "Press",
    "Printed",
    "Unprintable",
    "blank",
    "fill",
    "pack",
]
