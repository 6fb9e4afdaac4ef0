"""Reading Word forms from elsewhere by their labels."""

from formsvc.intake.labels.pairs import LabelPair, pairs
from formsvc.intake.labels.reading import Labelled, LabelledValue, labelled, parsed, read
from formsvc.intake.labels.sites import Description, description

__all__ = [
    "Description",
    "LabelPair",
    "Labelled",
    "LabelledValue",
    "description",
    "labelled",
    "pairs",
    "parsed",
    "read",
]
