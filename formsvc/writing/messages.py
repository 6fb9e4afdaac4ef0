"""Texts with names in braces, as authors of forms write them."""

import string
from collections.abc import Set


def problem_in(message: str, known: Set[str]) -> str:
    """What is wrong with a message that may use these names, plainly in braces; "" for nothing."""
    try:
        pieces = list(string.Formatter().parse(message))
    except ValueError as error:
        return str(error)
    for _, name, form, conversion in pieces:
        if name is not None and (name not in known or form or conversion):
            return f"{{{name}}} is not one of {', '.join(sorted(known))}"
    return ""
