"""Codes with a check character, and dates: each function says what is wrong, or None.

They are the schema's `format`s: `id-number`, `credit-code`, `date`, for jsonschema-rs and for the
plain jsonschema alike.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from operator import mul
from typing import Final

from formsvc.writing.notation import identity_code

_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_ZEROES: Final = sum(map(mul, _ID_WEIGHTS, b"0" * 17))
_ID_CHECKS: Final = "10X98765432"
_CREDIT_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_VALUES: Final = {letter: value for value, letter in enumerate(_CREDIT_ALPHABET)}
_CREDIT_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(17))
_ID_SHAPE = re.compile(r"[0-9]{17}[0-9X]")
_DATE_SHAPE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

# GB/T 2260: the first two digits of every province, of Taiwan, Hong Kong and Macao as regions,
# and 81–83 of the residence permits for their residents.
REGIONS: Final = frozenset(
    {"11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37"}
    | {"41", "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64"}
    | {"65", "71", "81", "82", "83"}
)


def id_number(text: str) -> str | None:
    """Citizen identity number, GB 11643-1999: shape, a real birth date, check character."""
    code = identity_code(text)
    if len(code) != 18:
        if re.fullmatch(r"[0-9]{15}", code):
            return "是 15 位的旧号码，请填写现在使用的 18 位公民身份号码"
        return f"应为 18 位，现在是 {len(code)} 位"
    if not _ID_SHAPE.fullmatch(code):
        return "前 17 位应为数字，末位为数字或 X"
    if id_birth_date(code) is None:
        return f"第 7 至 14 位“{code[6:14]}”不是真实的日期"
    weighed = sum(map(mul, _ID_WEIGHTS, code[:17].encode())) - _ID_ZEROES
    if _ID_CHECKS[weighed % 11] != code[17]:
        return "末位校验码不符，请逐位核对"
    return None


def id_birth_date(code: str) -> date | None:
    """The birth date inside a normalised 18-character ID number; None when it is not a date."""
    try:
        return date.fromisoformat(code[6:14])
    except ValueError:
        return None


def credit_code(text: str) -> str | None:
    """Unified social credit code, GB 32100-2015."""
    code = identity_code(text)
    if len(code) != 18:
        return f"应为 18 位，现在是 {len(code)} 位"
    try:
        values = [_CREDIT_VALUES[letter] for letter in code]
    except KeyError as wrong:
        return f"含有不使用的字符“{wrong.args[0]}”（代码不含 I、O、S、V、Z）"
    if (31 - sum(map(mul, _CREDIT_WEIGHTS, values))) % 31 != values[17]:
        return "末位校验码不符，请逐位核对"
    return None


def iso_date(text: str) -> str | None:
    """A real calendar date written YYYY-MM-DD."""
    if not _DATE_SHAPE.fullmatch(text):
        return "看不出是哪一天；请写年月日，如 2024-09-01"
    try:
        date.fromisoformat(text)
    except ValueError:
        return f"填的是“{text}”，没有这一天，请核对"
    return None


FORMATS: Final[Mapping[str, Callable[[str], str | None]]] = {
    "id-number": id_number,
    "credit-code": credit_code,
    "date": iso_date,
}
