"""The closed list of rule kinds. Each builds, once, a closure from its parameters in form.toml.

A kind's signature is its contract: `Place` parameters are JSON Pointers into the schema, the rest
are plain values. The closure answers with breaches, none when the rule is met, and raises
`Unjudged` when an operand is not there.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from formsvc import words
from formsvc.checks import months
from formsvc.checks.formats import REGIONS, id_birth_date
from formsvc.findings import Amount
from formsvc.forms import Field
from formsvc.notation import cents, identity_code, long_date, yuan


class Unjudged(Exception):
    """A rule cannot be judged; carries the reason (Chinese)."""


@dataclass(frozen=True, slots=True)
class Place:
    """A field as an operand. `get` raises Unjudged; `find` answers None instead."""

    field: Field
    get: Callable[[Any], Any]
    find: Callable[[Any], Any]

    @property
    def label(self) -> str:
        return self.field.label


class Breach(NamedTuple):
    """A rule not met: where, what was found and allowed, and the words for the message."""

    pointer: str
    words: Mapping[str, object]
    value: Amount | None = None
    limit: Amount | None = None
    message: str = "message"
    warning: bool = False


Breaches = Iterable[Breach]
Evaluate = Callable[[Any, date], Breaches]
MET: Final[tuple[Breach, ...]] = ()
MESSAGES: Final[dict[str, Mapping[str, frozenset[str]]]] = {}


def says(**names: str) -> Callable[[Callable[..., Evaluate]], Callable[..., Evaluate]]:
    """Declare a kind's messages in form.toml and the names that each may use in braces."""

    def declare(kind: Callable[..., Evaluate]) -> Callable[..., Evaluate]:
        MESSAGES[kind.__name__] = {key: frozenset(text.split()) for key, text in names.items()}
        return kind

    return declare


def place(field: Field, rows: str = "") -> Place:
    """Compile a field's pointer to getters; `*` gathers every row into a list called `rows`."""
    tokens = tuple(field.pointer[1:].split("/"))
    if "*" in tokens:
        star = tokens.index("*")
        outer, inner = tokens[:star], tokens[star + 1 :]

        def get(data: Any) -> Any:
            return [_descend(row, inner, field.label) for row in _descend(data, outer, rows)]

    elif len(tokens) == 2:
        first, second = tokens

        def get(data: Any) -> Any:
            try:
                return data[first][second]
            except (KeyError, TypeError):
                raise Unjudged(f"“{field.label}”没有填写。") from None

    else:

        def get(data: Any) -> Any:
            return _descend(data, tokens, field.label)

    def find(data: Any) -> Any:
        try:
            return get(data)
        except Unjudged:
            return None

    return Place(field, get, find)


def _descend(data: Any, tokens: Iterable[str], label: str) -> Any:
    for token in tokens:
        try:
            data = data[token]
        except (KeyError, TypeError):
            raise Unjudged(f"“{label}”没有填写。") from None
    return data


def _total(parts: Iterable[Place], data: Any) -> int:
    """The parts' sum in 分."""
    amount = 0
    for part in parts:
        value = part.get(data)
        if type(value) is list:
            amount += sum(map(cents, value))
        else:
            amount += cents(value)
    return amount


def _money(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)


def _day(place: Place, data: Any) -> date:
    return date.fromisoformat(place.get(data))


# Numbers and amounts


@says(message="label value limit excess")
def word_limit(field: Place, limit: int) -> Evaluate:
    """字数 of a text, counted as Word does, is at most `limit`."""

    def evaluate(data: Any, on: date) -> Breaches:
        text = field.get(data)
        if len(text) <= limit or (count := words.count(text)) <= limit:
            return MET
        said = {"label": field.label, "value": count, "limit": limit, "excess": count - limit}
        return [Breach(field.field.pointer, said, count, limit)]

    return evaluate


@says(message="label value limit")
def at_most(field: Place, limit: int) -> Evaluate:
    """An amount in 元 is at most `limit`."""

    def evaluate(data: Any, on: date) -> Breaches:
        value = field.get(data)
        if value <= limit:
            return MET
        said = {"label": field.label, "value": yuan(value), "limit": yuan(limit)}
        return [Breach(field.field.pointer, said, value, limit)]

    return evaluate


@says(message="label by value range")
def between_by(field: Place, by: Place, ranges: dict[str, list[int]]) -> Evaluate:
    """An amount in 元 lies in the range, both ends included, that another field's value selects."""

    def evaluate(data: Any, on: date) -> Breaches:
        value, chosen = field.get(data), by.get(data)
        low, high = ranges[chosen]
        if low <= value <= high:
            return MET
        allowed = yuan(low) if low == high else f"{yuan(low)}至{yuan(high)}"
        said = {"label": field.label, "by": chosen, "value": yuan(value), "range": allowed}
        return [Breach(field.field.pointer, said, value, low if value < low else high)]

    return evaluate


@says(message="label value limit gap")
def sum_equals(parts: list[Place], total: Place) -> Evaluate:
    """Amounts add up to a total, to the 分."""

    def evaluate(data: Any, on: date) -> Breaches:
        stated, added = total.get(data), _total(parts, data)
        gap = cents(stated) - added
        if gap == 0:
            return MET
        said = {
            "label": total.label,
            "value": yuan(stated),
            "limit": yuan(_money(added)),
            "gap": yuan(_money(abs(gap))),
        }
        return [Breach(total.field.pointer, said, stated, _money(added))]

    return evaluate


@says(message="label value limit gap")
def sum_covers(parts: list[Place], total: Place) -> Evaluate:
    """Amounts add up to at least a total."""

    def evaluate(data: Any, on: date) -> Breaches:
        stated, added = total.get(data), _total(parts, data)
        gap = cents(stated) - added
        if gap <= 0:
            return MET
        said = {
            "label": total.label,
            "value": yuan(_money(added)),
            "limit": yuan(stated),
            "gap": yuan(_money(gap)),
        }
        return [Breach(parts[0].field.pointer, said, _money(added), stated)]

    return evaluate


@says(message="label value limit percent")
def surplus_at_most(parts: list[Place], spent: Place, base: Place, percent: int) -> Evaluate:
    """What the parts leave over after `spent` is at most a percentage of `base`."""

    def evaluate(data: Any, on: date) -> Breaches:
        surplus = _total(parts, data) - cents(spent.get(data))
        granted = cents(base.get(data))
        if surplus * 100 <= granted * percent or surplus <= 0:
            return MET
        allowed = _money(granted * percent) / 100
        said = {
            "label": base.label,
            "value": yuan(_money(surplus)),
            "limit": yuan(allowed),
            "percent": percent,
        }
        return [Breach(parts[0].field.pointer, said, _money(surplus), allowed)]

    return evaluate


# Dates


@says(message="start end")
def dates_ordered(start: Place, end: Place) -> Evaluate:
    """The start comes before the end."""

    def evaluate(data: Any, on: date) -> Breaches:
        first, last = _day(start, data), _day(end, data)
        if first < last:
            return MET
        return [Breach(end.field.pointer, {"start": long_date(first), "end": long_date(last)})]

    return evaluate


@says(message="start end months needed")
def at_least_months(start: Place, end: Place, months_: int) -> Evaluate:
    """A stay lasts that many calendar months, first and last day counted."""

    def evaluate(data: Any, on: date) -> Breaches:
        first, last = _day(start, data), _day(end, data)
        needed = months.last_day_of_stay(first, months_)
        if last >= needed:
            return MET
        said = {
            "start": long_date(first),
            "end": long_date(last),
            "months": months_,
            "needed": long_date(needed),
        }
        return [Breach(end.field.pointer, said, months.whole_months(first, last), months_)]

    return evaluate


@says(message="anchor limit day days", message_early="anchor day")
def within_months_after(day: Place, anchor: Place, months_: int) -> Evaluate:
    """A day is not before another and at most that many months after it.

    When the day is absent, the day of the check stands in for it and may be early.
    """

    def evaluate(data: Any, on: date) -> Breaches:
        base = _day(anchor, data)
        stated = day.find(data)
        sent = date.fromisoformat(stated) if stated else on
        limit = months.add(base, months_)
        if stated and sent < base:
            said: dict[str, object] = {"anchor": long_date(base), "day": long_date(sent)}
            return [Breach(day.field.pointer, said, message="message_early")]
        if sent <= limit:
            return MET
        said = {
            "anchor": long_date(base),
            "limit": long_date(limit),
            "day": long_date(sent),
            "days": (sent - limit).days,
        }
        return [Breach(day.field.pointer, said, (sent - limit).days, 0)]

    return evaluate


@says(message="start end first last", message_longer="start end first last")
def within_years(
    start: Place, end: Place, year: Place, years: int, longer_if: Place, longer_years: int
) -> Evaluate:
    """A stay falls in the calendar years `year` to `year + years` (longer when a flag is set)."""

    def evaluate(data: Any, on: date) -> Breaches:
        first, last = _day(start, data), _day(end, data)
        begin, longer = int(year.get(data)), longer_if.find(data) is True
        until = begin + years + (longer_years if longer else 0)
        if begin <= first.year and last.year <= until:
            return MET
        said = {
            "start": long_date(first),
            "end": long_date(last),
            "first": begin,
            "last": until,
        }
        message = "message_longer" if longer else "message"
        return [Breach(start.field.pointer, said, message=message)]

    return evaluate


# Choices and lists


@says(message="label value")
def not_starting_with(field: Place, refused: list[str], allowed: list[str]) -> Evaluate:
    """A name begins with none of `refused`, unless with one of `allowed`.

    Blanks, punctuation, width and case aside. A list of beginnings cannot know every town.
    """
    bad = tuple(map(_folded, refused))
    good = tuple(map(_folded, allowed))

    def evaluate(data: Any, on: date) -> Breaches:
        value = field.get(data)
        name = _folded(value)
        if not name.startswith(bad) or name.startswith(good):
            return MET
        return [Breach(field.field.pointer, {"label": field.label, "value": value})]

    return evaluate


def _folded(text: str) -> str:
    return "".join(filter(str.isalnum, identity_code(text))).casefold()


@says(message="label")
def refused_if(field: Place, equals: bool) -> Evaluate:
    """A field does not hold this value; absent is fine."""

    def evaluate(data: Any, on: date) -> Breaches:
        if field.find(data) is not equals:
            return MET
        return [Breach(field.field.pointer, {"label": field.label})]

    return evaluate


@says(message="label missing")
def contains_all(field: Place, values: list[str]) -> Evaluate:
    """A list holds all of these values."""

    def evaluate(data: Any, on: date) -> Breaches:
        given = field.get(data)
        missing = [value for value in values if value not in given]
        if not missing:
            return MET
        said = {"label": field.label, "missing": "、".join(missing)}
        return [Breach(field.field.pointer, said, len(values) - len(missing), len(values))]

    return evaluate


@says(message="value allowed", message_repeated="value allowed")
def items_among(field: Place, values: list[str]) -> Evaluate:
    """Every row's value is one of these, and none comes twice."""

    def evaluate(data: Any, on: date) -> Breaches:
        breaches: list[Breach] = []
        given = field.get(data)
        for row, value in enumerate(given):
            said = {"value": value, "allowed": "、".join(values)}
            pointer = field.field.pointer.replace("*", str(row))
            if value not in values:
                breaches.append(Breach(pointer, said))
            elif value in given[:row]:
                breaches.append(Breach(pointer, said, message="message_repeated"))
        return breaches

    return evaluate


@says(message="value")
def none_contains(field: Place, words_: list[str]) -> Evaluate:
    """No row's value contains one of these words."""

    def evaluate(data: Any, on: date) -> Breaches:
        return [
            Breach(field.field.pointer.replace("*", str(row)), {"value": value})
            for row, value in enumerate(field.get(data))
            if any(word in value for word in words_)
        ]

    return evaluate


@says(message="by wanted label", message_neither="by", message_extra="by wanted label")
def one_of_by(by: Place, choices: dict[str, Place], wanted: dict[str, str]) -> Evaluate:
    """Another field's value says which choice must be filled; the others are then a warning.

    A value that `wanted` does not list calls for at least one choice.
    """

    def evaluate(data: Any, on: date) -> Breaches:
        kind = by.get(data)
        given = [name for name, choice in choices.items() if choice.find(data)]
        if kind not in wanted:
            return MET if given else [_neither(kind)]
        if given == [wanted[kind]]:
            return MET
        needed = choices[wanted[kind]]
        breaches = [] if wanted[kind] in given else [_lacking(kind, needed, needed)]
        others = [choices[name] for name in given if name != wanted[kind]]
        return breaches + [
            _lacking(kind, needed, other)._replace(message="message_extra", warning=True)
            for other in others
        ]

    def _neither(kind: str) -> Breach:
        first = next(iter(choices.values()))
        return Breach(first.field.pointer, {"by": kind}, message="message_neither")

    def _lacking(kind: str, needed: Place, place: Place) -> Breach:
        said = {"by": kind, "wanted": needed.label, "label": place.label}
        return Breach(place.field.pointer, said)

    return evaluate


@says(message="label")
def unique_across(keys: list[Place]) -> Evaluate:
    """No other submission of a batch has the same keys: judged in bulk, never on one alone."""

    def evaluate(data: Any, on: date) -> Breaches:
        for key in keys:
            key.get(data)
        raise Unjudged("需与其他人的申报一并比对，批量审核时检查。")

    return evaluate


# Identity numbers (GB 11643-1999)


@says(message="stated encoded", message_gender="stated encoded")
def id_agrees(id_number: Place, birth_date: Place, gender: Place) -> Evaluate:
    """Birth date and gender agree with the ID number."""

    def evaluate(data: Any, on: date) -> Breaches:
        code = identity_code(id_number.get(data))
        breaches = []
        born, stated = id_birth_date(code), birth_date.find(data)
        if stated and born and stated != born.isoformat():
            said = {"stated": long_date(date.fromisoformat(stated)), "encoded": long_date(born)}
            breaches.append(Breach(birth_date.field.pointer, said))
        encoded, chosen = "男" if int(code[16]) % 2 else "女", gender.find(data)
        if chosen and chosen != encoded:
            said = {"stated": chosen, "encoded": encoded}
            breaches.append(Breach(gender.field.pointer, said, message="message_gender"))
        return breaches

    return evaluate


@says(message="value youngest oldest", message_future="encoded")
def id_age(id_number: Place, youngest: int, oldest: int) -> Evaluate:
    """The age by the ID number on the day of the check is within bounds, in whole years."""

    def evaluate(data: Any, on: date) -> Breaches:
        born = id_birth_date(identity_code(id_number.get(data)))
        if born is None:
            return MET
        if born > on:
            said: dict[str, object] = {"encoded": long_date(born)}
            return [Breach(id_number.field.pointer, said, message="message_future")]
        age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
        if youngest <= age <= oldest:
            return MET
        said = {"value": age, "youngest": youngest, "oldest": oldest}
        limit = youngest if age < youngest else oldest
        return [Breach(id_number.field.pointer, said, age, limit)]

    return evaluate


@says(message="region")
def id_region(id_number: Place) -> Evaluate:
    """The first two digits are a known region; abolished counties stay valid."""

    def evaluate(data: Any, on: date) -> Breaches:
        region = identity_code(id_number.get(data))[:2]
        return MET if region in REGIONS else [Breach(id_number.field.pointer, {"region": region})]

    return evaluate


KINDS: Final[Mapping[str, Callable[..., Evaluate]]] = {
    kind.__name__: kind
    for kind in (
        word_limit, at_most, between_by, sum_equals, sum_covers, surplus_at_most,
        dates_ordered, at_least_months, within_months_after, within_years,
        not_starting_with, refused_if, contains_all, items_among, none_contains,
        one_of_by, unique_across, id_agrees, id_age, id_region,
    )
}  # fmt: skip
