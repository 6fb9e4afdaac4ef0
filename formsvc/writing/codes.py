"""Numbers people are known, reached and paid by → the one way in which a form writes them.

Blanks, hyphens, brackets, full width and marks that nobody sees are a way of writing; which digits
stand there is not. What is not plainly one such number stays as it was written.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

from formsvc.writing.notation import FULL_WIDTH

_HYPHENS: Final[Mapping[int, int]] = dict.fromkeys(map(ord, "‐‑‒–—―−﹣"), ord("-"))
_NARROW: Final[Mapping[int, int]] = {**FULL_WIDTH, **_HYPHENS, ord("〇"): ord("0")}
_ABROAD = r"(?:\+ ?86|0086)[ -]*"
_MOBILE = re.compile(rf"(?:{_ABROAD}|86[ -]*)?(1[3-9][0-9]{{9}})")
_LANDLINE = re.compile(r"(0[0-9]{2,3}-?)?[1-9][0-9]{6,7}(-[0-9]{1,6})?")
_EXTENSION = re.compile(r"(?:转|分机|ext|#)[ :.-]*([0-9]{1,6})", re.IGNORECASE)
_GROUPED = re.compile("[0-9 ()-]+")
_SHORT_AREAS = re.compile("010|02[0-9]")


def plain(text: str, kind: str) -> str:
    """A text as its kind of number is written, or the text itself where it is not plainly one.

    `kind` is a field's: mobile, landline, phone, digits, account, id-number, credit-code,
    mail-address; texts of other kinds stay.
    """
    write = KINDS.get(kind)
    if write is None:
        return text
    seen = "".join(c for c in text.translate(_NARROW) if unicodedata.category(c) != "Cf")
    return write(" ".join(seen.split())) or text


def _mobile(text: str) -> str:
    found = _MOBILE.fullmatch(re.sub("[ ().-]", "", text))
    return found[1] if found else ""


def _landline(text: str) -> str:
    """（0791）8638 6000 转 8001 → 0791-86386000-8001."""
    if _LANDLINE.fullmatch(text):
        return text
    extension, numbers = "", re.sub(f"^{_ABROAD}", "", text).replace("(0)", "0")
    from_abroad = text.startswith(("+", "0086"))
    if found := _EXTENSION.search(numbers):
        if found.end() != len(numbers):
            return ""
        extension, numbers = found[1], numbers[: found.start()].rstrip(" ,-")
    groups = re.findall("[0-9]+", numbers)
    if not groups or not _GROUPED.fullmatch(numbers):
        return ""
    area = _area(groups, numbers, from_abroad=from_abroad)
    number = ""
    while groups and len(number) < 7:
        number += groups.pop(0)
    if groups and not extension and numbers.endswith(f"-{groups[0]}"):
        extension = groups.pop(0)
    written = "-".join(filter(None, (area, number, extension)))
    return written if not groups and _LANDLINE.fullmatch(written) else ""


def _area(groups: list[str], text: str, *, from_abroad: bool) -> str:
    """The area code, taken out of the groups; "" for none."""
    first = groups[0]
    if from_abroad and not first.startswith("0") and (len(groups) > 1 and len(first) < 4):
        groups[0] = first = f"0{first}"
    if not first.startswith("0"):
        return ""
    size = 3 if _SHORT_AREAS.match(first) else 4
    area, rest = first[:size], first[size:]
    groups[:1] = [rest] if rest else []
    return area


def _phone(text: str) -> str:
    return _mobile(text) or _landline(text)


def _digits(text: str) -> str:
    """Nothing but digits, whatever stands between them."""
    bare = re.sub("[ -]", "", text)
    return bare if re.fullmatch("[0-9]+", bare) else ""


def _account(text: str) -> str:
    """Grouped as it was written: groups help whoever copies it."""
    return text if re.fullmatch("[0-9 -]+", text) else ""


def _identity(text: str) -> str:
    """Without what parts it into groups; case does not matter to these codes."""
    bare = re.sub("[ -]", "", text)
    if not re.fullmatch("[0-9A-Za-z]{18}", bare):
        return ""
    return bare if bare == text else bare.upper()


def _mail(text: str) -> str:
    bare = text.replace(" ", "").replace("。", ".")
    return bare if bare.isascii() and bare.count("@") == 1 else ""


# By a field's kind, the `format` of its schema.
KINDS: Final[Mapping[str, Callable[[str], str]]] = {
    "mobile": _mobile,
    "landline": _landline,
    "phone": _phone,
    "digits": _digits,
    "account": _account,
    "id-number": _identity,
    "credit-code": _identity,
    "mail-address": _mail,
}
