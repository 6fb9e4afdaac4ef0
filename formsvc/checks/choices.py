"""Rule kinds about choices, names and lists."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any

from formsvc import pointers
from formsvc.checks.kinds import MET, Aside, Breach, Breaches, Enclosure, Hint, Kind
from formsvc.checks.parameters import (
    Anything,
    Cells,
    Choice,
    Columns,
    Fields,
    Flag,
    IdNumbers,
    Listed,
    Members,
    Place,
    Text,
    Words,
    Wrong,
    Yes,
)
from formsvc.checks.tables import Allowed, Assigned, Waivers
from formsvc.findings import Severity
from formsvc.forms.guards import Guard, is_given
from formsvc.forms.sure import Leaves
from formsvc.writing.notation import folded, identity_code


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
            tuple(map(folded, names)) for names in (self.refused, self.allowed)
        )

    def check(self, data: Any, on: date) -> Breaches:
        value = self.field.get(data)
        name = folded(value)
        if not name.startswith(self._bad) or name.startswith(self._good):
            return MET
        return [Breach(self.field.pointer, {"label": self.field.label, "value": value})]

    def surely(self, leaves: Leaves) -> str:
        return f"{leaves.bind(self._is_allowed)}({leaves.value(self.field)})"

    def _is_allowed(self, text: str) -> bool:
        name = folded(text)
        return not name.startswith(self._bad) or name.startswith(self._good)


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

    def surely(self, leaves: Leaves) -> str:
        return f"{leaves.value(self.field)} is {not self.equals}"


class Pairs(Kind):
    """the value is not among those that `allowed` has for the value of `by`"""

    field: Choice
    by: Choice
    allowed: Annotated[dict[str, list[str]], Allowed("field", by="by")]

    messages = {"message": "label value by allowed"}
    title = "{field}与{by}不符"
    demand = "{field}与{by}相符：{allowed}"

    def check(self, data: Any, on: date) -> Breaches:
        value, chosen = self.field.get(data), self.by.get(data)
        allowed = self.allowed[chosen]
        if value in allowed:
            return MET
        said = {"label": self.field.label, "value": value, "by": chosen}
        return [Breach(self.field.pointer, {**said, "allowed": "、".join(allowed)})]

    def surely(self, leaves: Leaves) -> str:
        value, chosen = leaves.value(self.field), leaves.value(self.by)
        return f"{value} in {leaves.bind(self.allowed)}[{chosen}]"

    def hints(self) -> Iterator[Hint]:
        yield Hint(self.field.pointer, f"按{self.by.label}选择")

    def leads(self) -> Iterator[tuple[Place, Place]]:
        yield self.by, self.field


class SameAs(Kind):
    """the two texts differ; blanks, punctuation, width and case aside"""

    field: Text
    other: Text

    messages = {"message": "label value other"}
    title = "{field}与{other}不一致"
    demand = "{field}与{other}一致"

    def check(self, data: Any, on: date) -> Breaches:
        value, other = self.field.get(data), self.other.get(data)
        if value == other or folded(value) == folded(other):
            return MET
        return [Breach(self.field.pointer,
                       {"label": self.field.label, "value": value, "other": other})]  # fmt: skip

    def surely(self, leaves: Leaves) -> str:
        return f"{leaves.value(self.field)} == {leaves.value(self.other)}"

    def leads(self) -> Iterator[tuple[Place, Place]]:
        yield self.other, self.field

    def asides(self, data: object) -> Iterator[Aside]:
        value, other = self.field.find(data), self.other.find(data)
        if not isinstance(other, str) or not is_given(other):
            return
        if not isinstance(value, str) or folded(value) != folded(other):
            said = f"与{self.other.label}一致：{other.strip()}"
            yield Aside(self.field.pointer, said, "offer", other.strip())


class Note(Kind):
    """always; say by `when` where it speaks"""

    field: Anything

    messages = {"message": "label"}
    title = "{field}：提示"
    demand = "对{field}的提示"

    def check(self, data: Any, on: date) -> Breaches:
        return [Breach(self.field.pointer, {"label": self.field.label})]

    def surely(self, leaves: Leaves) -> str:
        return "False"


class Required(Kind):
    """the field is empty; say by `when` where it is asked for"""

    field: Anything

    messages = {"message": "label"}
    title = "{field}没有填写"
    demand = "填写{field}"

    def check(self, data: Any, on: date) -> Breaches:
        if is_given(self.field.find(data)):
            return MET
        return [Breach(self.field.pointer, {"label": self.field.label})]

    def surely(self, leaves: Leaves) -> str:
        return f"{leaves.bind(is_given)}({leaves.find(self.field)})"

    def hints(self) -> Iterator[Hint]:
        first, *_ = (*self.guard.places, self.field)
        yield Hint(self.field.pointer, decided_by=first.label)

    def asides(self, data: object) -> Iterator[Aside]:
        if self.guard.conditions and not is_given(self.field.find(data)):
            said = "，".join(each.said for each in self.guard.conditions)
            yield Aside(self.field.pointer, f"{said}，现在必须填写此项", "wanted")


class UniqueRows(Kind):
    """the rows agree in all these columns with an earlier row; where both say their `code`, an ID
    number, that alone decides"""

    fields: Columns
    code: IdNumbers | None = None

    messages = {"message": "label value row", "message_code": "label row"}
    title = "{fields}重复"
    demand = "{fields}各行不重复"

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        super().__init__(arguments)
        columns = (*self.fields, *([self.code] if self.code else []))
        if len({each.field.list for each in columns}) > 1:
            raise Wrong("fields: must stand in one list")

    @property
    def spoken(self) -> Mapping[str, str]:
        return {key: names for key, names in self.messages.items() if self.code or key == "message"}

    def check(self, data: Any, on: date) -> Breaches:
        seen: list[tuple[list[str], str]] = []
        breaches, first = [], self.fields[0]
        for row, cells in enumerate(zip(*(each.get(data) for each in self.fields), strict=True)):
            names, code = [folded(str(cell)) for cell in cells], self._code(data, row)
            for earlier, (others, other) in enumerate(seen):
                if code and code == other and self.code:
                    said = {"label": self.code.label, "row": earlier + 1}
                    pointer = self.code.field.in_row(row)
                    breaches.append(Breach(pointer, said, message="message_code"))
                elif names == others and not (code and other):
                    said = {"label": first.label, "value": "、".join(map(str, cells)),
                            "row": earlier + 1}  # fmt: skip
                    breaches.append(Breach(first.field.in_row(row), said))
                else:
                    continue
                break
            seen.append((names, code))
        return breaches

    def _code(self, data: Any, row: int) -> str:
        found = pointers.get(data, self.code.field.in_row(row)) if self.code else ""
        return identity_code(found) if isinstance(found, str) else ""


class ContainsAll(Kind):
    """the list lacks one of them; `waived = [{ values = […], when = … }]` are not asked for where
    that guard holds"""

    field: Listed
    values: Annotated[list[str], Members("field")]
    waived: Annotated[tuple[tuple[list[str], Guard], ...], Waivers("values")] | None = None

    messages = {"message": "label missing"}
    title = "{field}不齐"

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        super().__init__(arguments)
        self.demand = "{field}齐全：{values}" + ("；{waived}" if self.waived else "")

    def check(self, data: Any, on: date) -> Breaches:
        given, wanted = self.field.get(data), self._wanted(data)
        missing = [value for value in wanted if value not in given]
        if not missing:
            return MET
        said = {"label": self.field.label, "missing": "、".join(missing)}
        return [Breach(self.field.pointer, said, len(wanted) - len(missing), len(wanted))]

    def surely(self, leaves: Leaves) -> str:
        return f"{leaves.bind(frozenset(self.values))}.issubset({leaves.value(self.field)})"

    def _wanted(self, data: Any) -> list[str]:
        if not self.waived:
            return self.values
        spared = {
            name for names, asked in self.waived if asked.holds(data, date.max) for name in names
        }
        return [value for value in self.values if value not in spared]

    def enclosures(self, data: object) -> Iterator[Enclosure]:
        given = self.field.find(data)
        listed = given if isinstance(given, list) else []
        return (Enclosure(name, name in listed) for name in self._wanted(data))

    def asides(self, data: object) -> Iterator[Aside]:
        wanted, given = self._wanted(data), self.field.find(data)
        if any(name not in (given or ()) for name in wanted):
            yield Aside(self.field.pointer, "要求的都备齐了：勾选全部", "all", "、".join(wanted))

    def asks(self, data: object) -> str:
        return "、".join(self._wanted(data))


class ItemsAmong(Kind):
    """the rows have one that is none of them, or repeat one"""

    field: Cells
    values: Annotated[list[str], Members("field")]

    messages = {"message": "value allowed", "message_repeated": "value allowed"}
    title = "{field}不在可选之内"
    demand = "{field}限于{values}，各列一次"

    def check(self, data: Any, on: date) -> Breaches:
        breaches: list[Breach] = []
        seen: list[str] = []
        for row, value in enumerate(self.field.get(data)):
            known = value in self.values
            if not known or value in seen:
                pointer = self.field.field.in_row(row)
                said = {"value": value, "allowed": "、".join(self.values)}
                message = "message_repeated" if known else "message"
                breaches.append(Breach(pointer, said, message=message))
            seen.append(value)
        return breaches


class NoneContains(Kind):
    """the text contains one of the words"""

    field: Text
    words: Words

    messages = {"message": "value"}
    title = "{field}有{words}"
    demand = "{field}中不得有{words}"

    def check(self, data: Any, on: date) -> Breaches:
        value = self.field.get(data)
        if not any(word in value for word in self.words):
            return MET
        return [Breach(self.field.pointer, {"value": value})]

    def surely(self, leaves: Leaves) -> str:
        text = leaves.value(self.field)
        return " and ".join(f"{leaves.bind(word)} not in {text}" for word in self.words)


class OneOfBy(Kind):
    """the wanted choice is empty (with `either = true` only a warning where another one is filled
    in); another one filled in as well is a warning; a value that `wanted` lacks calls for at least
    one"""

    by: Choice
    choices: Fields
    wanted: Annotated[dict[str, str], Assigned("by", among="choices")]
    either: Yes | None = None

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
        if self.either and wanted not in given:
            choice = self.choices[wanted]
            breach = Breach(choice.pointer, {**said, "label": choice.label})
            neither = breach._replace(message="message_neither")
            return [breach._replace(severity=Severity.WARNING)] if given else [neither]
        breaches = []
        for name, choice in self.choices.items():
            breach = Breach(choice.pointer, {**said, "label": choice.label})
            if name == wanted and name not in given:
                breaches.append(breach)
            elif name != wanted and name in given:
                breaches.append(breach._replace(message="message_extra", severity=Severity.WARNING))
        return breaches

    def surely(self, leaves: Leaves) -> str:
        kind, given = leaves.value(self.by), [leaves.find(each) for each in self.choices.values()]
        right = leaves.bind({
            kind: tuple(name == wanted for name in self.choices)
            for kind, wanted in self.wanted.items()
        })  # fmt: skip
        shown = "".join(f"not not {name}, " for name in given)
        return f"({shown}) == {right}[{kind}] if {kind} in {right} else {' or '.join(given)}"

    def hints(self) -> Iterator[Hint]:
        for choice in self.choices.values():
            yield Hint(choice.pointer, decided_by=self.by.label)

    def leads(self) -> Iterator[tuple[Place, Place]]:
        for choice in self.choices.values():
            yield self.by, choice

    def asides(self, data: object) -> Iterator[Aside]:
        chosen = self.by.find(data)
        wanted = self.wanted.get(chosen) if isinstance(chosen, str) else None
        for name, choice in self.choices.items():
            if wanted == name:
                yield Aside(choice.pointer, f"{chosen}应填写此项", "wanted")
            elif wanted:
                yield Aside(choice.pointer, f"{chosen}不必填写此项", "unneeded")
