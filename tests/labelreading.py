"""Papers read by their labels, as the tests look at them."""

from formsvc.intake.labels import labelled

from . import wordforms as w


def found_in(descriptions, *blocks, **parts) -> tuple[dict, tuple]:
    paper = labelled(w.document(*blocks, **parts), descriptions)
    return {value.pointer: value for value in paper.found}, paper.leftovers
