"""Numbers that say who somebody is, taken out of what is written about other things."""

import re
from decimal import Decimal
from typing import Final

_APART: Final = "[\\s,，.．·_\u2010-\u2015－-]"
# Twelve digits and more, of any script, each apart from the next by at most two signs.
_NUMBER: Final = re.compile(rf"\d(?:{_APART}{{0,2}}\d){{11,}}(?: ?[XxＸｘ](?![A-Za-z]))?")
_DAY: Final = r"(?:19|20)[0-9]{2}[-.]?(?:0[1-9]|1[0-2])[-.]?(?:0[1-9]|[12][0-9]|3[01])"
_DAYS: Final = re.compile(rf"{_DAY}(?:[ _.-]{_DAY})+")
_FEWEST: Final = 12


def masked(text: str) -> str:
    """A text without what is shaped like an ID number or an account: 12 digits and more, also
    full-width or set apart. Days, such as 20240901-20241231, stay."""
    return text if len(text) < _FEWEST else _NUMBER.sub(_hidden, text)


def is_telling(number: object) -> bool:
    """Whether a number itself is so long that it may be an ID number or an account."""
    return isinstance(number, int | float | Decimal) and abs(number) >= 10 ** (_FEWEST - 1)


def _hidden(found: re.Match[str]) -> str:
    if _DAYS.fullmatch(found[0]):
        return found[0]
    count = sum(character.isalnum() for character in found[0])
    return f"（{count} 位的号码）"
