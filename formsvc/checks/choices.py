"""Rule kinds about choices, lists and what only a batch can tell."""

from datetime import date
from typing import Any

from formsvc.checks.operands import MET, Breach, Breaches, Evaluate, Place, Unjudged, says
from formsvc.writing.notation import identity_code


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
