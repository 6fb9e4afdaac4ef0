"""Rule kinds about choices, names and lists."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any

from formsvc import pointers
from formsvc.checks.kinds import MET, Aside, Breach, Breaches, Enclosure, Hint, Kind
from formsvc.checks.parameters import (
    Assigned,
    Cells,
    Choice,
    Fields,
    Flag,
    Listed,
    Members,
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

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        super().__init__(arguments)
        self._bad, self._good = (
            tuple(map(_folded, names)) for names in (self.refused, self.allowed)
        )

    def check(self, data: Any, on: date) -> Breaches:
        value = self.field.get(data)
        name = _folded(value)
        if not name.startswith(self._bad) or name.startswith(self._good):
            return MET
        return [Breach(self.field.pointer, {"label": self.field.label, "value": value})]


def _folded(text: str) -> str:
    return "".join(filter(str.isalnum, identity_code(text))).casefold()


class RefusedIf(Kind):
    """the field holds this value"""

    field: Flag
    equals: Yes

    messages = {"message": "label"}
    title = "{field}不能申请"
    demand = "{field}为“{equals}”的不能申请"

    def check(self, data: Any, on: date) -> Breaches:
        if self.field.get(data) is not self.equals:
            return MET
        return [Breach(self.field.pointer, {"label": self.field.label})]


class ContainsAll(Kind):
    """the list lacks one of them"""

    field: Listed
    values: Annotated[list[str], Members("field")]

    messages = {"message": "label missing"}
    title = "{field}不齐"
    demand = "{field}齐全：{values}"

    def check(self, data: Any, on: date) -> Breaches:
        given = self.field.get(data)
        missing = [value for value in self.values if value not in given]
        if not missing:
            return MET
        said = {"label": self.field.label, "missing": "、".join(missing)}
        return [Breach(self.field.pointer, said, len(self.values) - len(missing), len(self.values))]

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

    def check(self, data: Any, on: date) -> Breaches:
        breaches: list[Breach] = []
        given = self.field.get(data)
        for row, value in enumerate(given):
            breach = Breach(
                self.field.field.in_row(row),
                {"value": value, "allowed": "、".join(self.values)},
            )
            if value not in self.values:
                breaches.append(breach)
            elif value in given[:row]:
                breaches.append(breach._replace(message="message_repeated"))
        return breaches


class NoneContains(Kind):
    """a row contains one of the words"""

    field: Cells
    words: Words

    messages = {"message": "value"}
    title = "{field}有{words}"
    demand = "{field}中不得有{words}"

    def check(self, data: Any, on: date) -> Breaches:
        return [
            Breach(self.field.field.in_row(row), {"value": value})
            for row, value in enumerate(self.field.get(data))
            if any(word in value for word in self.words)
        ]


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

    def check(self, data: Any, on: date) -> Breaches:
        kind = self.by.get(data)
        given = [name for name, choice in self.choices.items() if choice.find(data)]
        wanted = self.wanted.get(kind)
        if wanted is None:
            first = next(iter(self.choices.values()))
            neither = Breach(first.pointer, {"by": kind}, message="message_neither")
            return MET if given else [neither]
        said = {"by": kind, "wanted": self.choices[wanted].label}
        breaches = []
        for name, choice in self.choices.items():
            breach = Breach(choice.pointer, {**said, "label": choice.label})
            if name == wanted and name not in given:
                breaches.append(breach)
            elif name != wanted and name in given:
                breaches.append(breach._replace(message="message_extra", warning=True))
        return breaches

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
