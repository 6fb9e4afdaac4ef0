"""Rule kinds about choices, names and lists."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from formsvc import pointers
from formsvc.checks.kinds import MET, Aside, Breach, Breaches, Enclosure, Evaluate, Hint, Kind
from formsvc.checks.parameters import (
    Assigned,
    Cells,
    Choice,
    Fields,
    Flag,
    Listed,
    Members,
    Place,
    Text,
    Words,
    Yes,
)
from formsvc.writing.notation import identity_code


class NotStartingWith(Kind):
    """the text begins with a refused name and with no allowed one; blanks, punctuation, width and
    case aside"""

    # A list of beginnings cannot know every town.
    field: Text
    refused: Words
    allowed: Words

    messages = {"message": "label value"}
    title = "{field}不在允许之列"
    demand = "{field}不以这些名称开头：{refused}；但可以是：{allowed}"

    def compile(self) -> Evaluate:
        field = self.field
        bad, good = tuple(map(_folded, self.refused)), tuple(map(_folded, self.allowed))

        def evaluate(data: Any, on: date) -> Breaches:
            value = field.get(data)
            name = _folded(value)
            if not name.startswith(bad) or name.startswith(good):
                return MET
            return [Breach(field.pointer, {"label": field.label, "value": value})]

        return evaluate


def _folded(text: str) -> str:
    return "".join(filter(str.isalnum, identity_code(text))).casefold()


class RefusedIf(Kind):
    """the field holds this value"""

    field: Flag
    equals: Yes

    messages = {"message": "label"}
    title = "{field}不能申请"
    demand = "{field}为“{equals}”的不能申请"

    def compile(self) -> Evaluate:
        field, equals = self.field, self.equals

        def evaluate(data: Any, on: date) -> Breaches:
            if field.get(data) is not equals:
                return MET
            return [Breach(field.pointer, {"label": field.label})]

        return evaluate


class ContainsAll(Kind):
    """the list lacks one of them"""

    field: Listed
    values: Annotated[list[str], Members("field")]

    messages = {"message": "label missing"}
    title = "{field}不齐"
    demand = "{field}齐全：{values}"

    def compile(self) -> Evaluate:
        field, values = self.field, self.values

        def evaluate(data: Any, on: date) -> Breaches:
            given = field.get(data)
            missing = [value for value in values if value not in given]
            if not missing:
                return MET
            said = {"label": field.label, "missing": "、".join(missing)}
            return [Breach(field.pointer, said, len(values) - len(missing), len(values))]

        return evaluate

    def enclosures(self, data: object) -> Iterator[Enclosure]:
        given = pointers.get(data, self.field.pointer)
        listed = given if isinstance(given, list) else []
        return (Enclosure(name, name in listed) for name in self.values)

    def asks(self, data: object) -> str:
        return "、".join(self.values)


class ItemsAmong(Kind):
    """a row is none of them, or repeats one"""

    field: Cells
    values: Annotated[list[str], Members("field")]

    messages = {"message": "value allowed", "message_repeated": "value allowed"}
    title = "{field}不在可选之内"
    demand = "{field}限于{values}，各列一次"

    def compile(self) -> Evaluate:
        field, values = self.field, self.values
        allowed = "、".join(values)

        def evaluate(data: Any, on: date) -> Breaches:
            breaches: list[Breach] = []
            given = field.get(data)
            for row, value in enumerate(given):
                said = {"value": value, "allowed": allowed}
                if value not in values:
                    breaches.append(Breach(field.field.in_row(row), said))
                elif value in given[:row]:
                    breach = Breach(field.field.in_row(row), said, message="message_repeated")
                    breaches.append(breach)
            return breaches

        return evaluate


class NoneContains(Kind):
    """a row contains one of the words"""

    field: Cells
    words: Words

    messages = {"message": "value"}
    title = "{field}有{words}"
    demand = "{field}中不得有{words}"

    def compile(self) -> Evaluate:
        field, words = self.field, self.words

        def evaluate(data: Any, on: date) -> Breaches:
            return [
                Breach(field.field.in_row(row), {"value": value})
                for row, value in enumerate(field.get(data))
                if any(word in value for word in words)
            ]

        return evaluate


class OneOfBy(Kind):
    """the wanted choice is empty; another one filled in is a warning; a value that `wanted` lacks
    calls for at least one"""

    by: Choice
    choices: Fields
    wanted: Annotated[dict[str, str], Assigned("by", among="choices")]

    messages = {
        "message": "by wanted label", "message_neither": "by", "message_extra": "by wanted label",
    }  # fmt: skip
    title = "{choices}与{by}不符"
    demand = "{wanted}；其他至少填写其中一项"

    def compile(self) -> Evaluate:
        by, choices, wanted = self.by, self.choices, self.wanted

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
            return Breach(first.pointer, {"by": kind}, message="message_neither")

        def _lacking(kind: str, needed: Place, place: Place) -> Breach:
            said = {"by": kind, "wanted": needed.label, "label": place.label}
            return Breach(place.pointer, said)

        return evaluate

    def hints(self) -> Iterator[Hint]:
        for choice in self.choices.values():
            yield Hint(choice.pointer, decided_by=self.by.label)

    def asides(self, data: object) -> Iterator[Aside]:
        chosen = pointers.get(data, self.by.pointer)
        wanted = self.wanted.get(chosen) if isinstance(chosen, str) else None
        for name, choice in self.choices.items():
            if wanted == name:
                yield Aside(choice.pointer, f"{chosen}应填写此项", "wanted")
            elif wanted:
                yield Aside(choice.pointer, f"{chosen}不必填写此项", "unneeded")
