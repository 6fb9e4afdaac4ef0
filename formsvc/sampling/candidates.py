"""Values that a field may be tried with: one to begin with, and those that rules turn on."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from operator import mul
from typing import Any, Final

import jsonschema_rs

from formsvc.checks import formats
from formsvc.forms import Field

_CENT: Final = Decimal("0.01")
_SPANS: Final = (1, 14, 31, 61, 92, 182, 365, 500, 800, 1200, 2000)  # days
_COUNTS: Final = (1, 5, 20, 50, 100, 200, 500)  # what a total goes by may be far from its limit
_TEXTS: Final = (
    "示例文字", "张三", "示例单位", "13800138000", "0791-86386000", "330006", "example@example.com",
    "3600123412341234", "360000", "2024", "A1",
)  # fmt: skip
_LONGEST: Final = 20_000
_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

Constants = tuple[list[Any], list[str]]
"""The numbers and the texts that a rule is declared with."""


def first(field: Field, on: date, person: str, born: date) -> Any:
    """A value that the field's schema allows; None when none was found."""
    schema, kind = field.schema, field.kind
    if field.choices:
        return field.choices[0]
    options: Iterable[Any] = (*schema.get("examples", ()), *_TEXTS)
    match kind:
        case "date":
            early = born.isoformat() if "出生" in field.label else on.isoformat()
            options = (early,)
        case "money":
            options = (10000, schema.get("minimum", 0))
        case "integer":
            options = (on.year - 2, 1, schema.get("minimum", 0))
        case "number":
            options = (1, schema.get("minimum", 0))
        case "boolean":
            options = (False,)
        case "id-number":
            options = (person,)
        case "credit-code":
            options = (credit_code("9136000000000001X"[:17]),)
        case "paragraphs":
            options = ("示例内容。",)
        case "array":
            options = ([],)
    return next((each for each in options if allows(field, each)), None)


def allows(field: Field, value: Any) -> bool:
    """Whether the schema of one field, alone, allows a value."""
    own = {key: each for key, each in field.schema.items() if key not in ("items", "format")}
    try:
        if not jsonschema_rs.is_valid(own, value):
            return False
    except ValueError:
        return True
    explain = formats.FORMATS.get(str(field.schema.get("format")))
    return explain is None or not isinstance(value, str) or explain(value) is None


def id_number(born: date, order: int = 2, region: str = "360102") -> str:
    """An ID number with a right check character; an odd `order` is a man's."""
    digits = f"{region}{born:%Y%m%d}{order:03d}"
    return digits + "10X98765432"[sum(map(mul, _ID_WEIGHTS, map(int, digits))) % 11]


def credit_code(head: str) -> str:
    """A unified social credit code of 17 characters with its check character."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    codes = (head + letter for letter in alphabet)
    return next(code for code in codes if formats.credit_code(code) is None)


def constants(given: Any) -> Constants:
    """All numbers and texts in the parameters of a rule, policy values put in."""
    numbers: list[Any] = []
    words: list[str] = []
    todo = [given]
    while todo:
        each = todo.pop()
        if isinstance(each, Mapping):
            todo += [*each.values(), *each.keys()]
        elif isinstance(each, list | tuple):
            todo += each
        elif isinstance(each, str):
            words += [] if each.startswith("/") else [each]
        elif isinstance(each, int | Decimal) and not isinstance(each, bool):
            numbers.append(each)
    return numbers, words


def others(
    field: Field, now: Any, beside: Iterable[Any], told: Constants, on: date
) -> Iterator[Any]:
    """Values to try in a field that a rule reads: `beside` are those of the rule's other fields."""
    numbers, words = told
    beside = list(beside)
    if field.choices:
        yield from field.choices
        return
    match field.kind:
        case "money" | "number":
            yield from _amounts(numbers, beside, now)
        case "integer":
            yield from (field.schema[end] for end in ("maximum", "minimum") if end in field.schema)
            yield from _COUNTS
            near = [now] if isinstance(now, int) else [on.year]
            years = [date.fromisoformat(each).year for each in beside if _is_date(each)]
            for each in (*near, *years, *(b for b in beside if isinstance(b, int))):
                yield from (int(each) + step for step in range(-7, 8))
            yield from (int(each) + step for each in numbers for step in (-1, 0, 1))
        case "date":
            yield from _days(numbers, beside, now, on)
        case "boolean":
            yield from (True, False)
        case "id-number":
            yield from _people(numbers, beside, on)
        case "paragraphs" | "string":
            yield from words
            yield from (each for each in beside if isinstance(each, str))
            yield from ("另一处文字", *(f"{word}一处" for word in words))
            for each in numbers:
                yield from ("字" * size for size in (int(each), int(each) + 1) if size < _LONGEST)


def _amounts(numbers: Iterable[Any], beside: Iterable[Any], now: Any) -> Iterator[Any]:
    given = [each for each in beside if isinstance(each, int | Decimal)]
    flat = [each for listed in beside if isinstance(listed, list) for each in listed]
    given += [each for each in flat if isinstance(each, int | Decimal)]
    known = {*numbers, *given, sum(given), *([now] if isinstance(now, int | Decimal) else ())}
    shares = {Decimal(a) * Decimal(b) / 100 for a in given for b in numbers if 0 < b <= 100}
    shares |= {a / (1 - Decimal(b) / 100) for a in given for b in numbers if 0 < b < 100}
    for each in (*known, *shares):
        exact = Decimal(each).quantize(_CENT)
        for value in (exact, exact + _CENT, exact - _CENT, exact + 1, exact * 2, exact / 2):
            plain = value.quantize(_CENT)
            yield int(plain) if plain == int(plain) else plain
    yield from (0, 1)


def _days(numbers: Iterable[Any], beside: Iterable[Any], now: Any, on: date) -> Iterator[str]:
    known = [date.fromisoformat(each) for each in (now, *beside) if _is_date(each)]
    known += [on, *(date(each, 6, 1) for each in beside if _is_year(each))]
    spans = {*_SPANS, *(int(each) * 31 for each in numbers if 0 < each < 100)}
    for day in dict.fromkeys(known):
        yield day.isoformat()
        for span in sorted(spans):
            yield (day + timedelta(span)).isoformat()
            yield (day - timedelta(span)).isoformat()


def _people(numbers: Iterable[Any], beside: Iterable[Any], on: date) -> Iterator[str]:
    births = [date.fromisoformat(each) for each in beside if _is_date(each)]
    ages = {40, *(int(each) + step for each in numbers for step in (-2, 2) if 0 < each < 150)}
    births += [on.replace(year=on.year - age, day=1) for age in sorted(ages)]
    births.append(on + timedelta(400))
    for born in births:
        yield from (id_number(born, order) for order in (1, 2))
        yield id_number(born, 2, "990102")


def _is_date(value: object) -> bool:
    return isinstance(value, str) and bool(
        re.fullmatch(r"(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}", value)
    )


def _is_year(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1900 < value < 2100
