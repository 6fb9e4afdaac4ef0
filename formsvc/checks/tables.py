"""Parameters that are tables: ranges, allowed pairs, days of the calendar, waivers."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from formsvc.checks.parameters import (
    TEXTS,
    Arguments,
    Parameter,
    Place,
    Speaker,
    Wrong,
    refuse_unknown,
    whole,
)
from formsvc.forms.guards import Conditions, Guard, conditions, guard
from formsvc.forms.terms import Reader, Term, amount_said, bound_rows, pair


@dataclass(frozen=True)
class Range(Parameter):
    """A lowest and a highest number, or a table of such pairs by the values of a field."""

    schema = {"$ref": "#/$defs/range"}

    def read(self, value: Any, reader: Reader, earlier: Arguments) -> Term:
        if isinstance(value, Mapping) and value.keys() == {"table", "by"}:
            found = reader.lookup(value["table"], value["by"])
        elif isinstance(value, list):
            low_high = pair(value)
            found = Term(lambda data: low_high, lambda speaker: "", entries=(("", low_high),))
        else:
            raise Wrong("must be a lowest and a highest number, or a table of these with its field")
        if not found.holds(tuple):
            raise Wrong("every entry must be a lowest and a highest number")
        return found

    def rows(self, value: Any, reader: Reader) -> str:
        return bound_rows(reader.fields, value)

    def say(self, value: Term, speaker: Speaker, arguments: Arguments) -> str:
        money = any(isinstance(each, Term) and each.money for each in arguments.values())
        by = "、".join(speaker(each.field) for each in value.places)
        said = (f"{name} {said_range(*each, money=money)}".strip() for name, each in value.entries)
        return (f"按{by}核定：" if by else "") + "；".join(said)

    def places(self, value: Term) -> Iterator[Place]:
        yield from value.places


@dataclass(frozen=True)
class Allowed(Parameter):
    """For each value of the field of `by` those that the field of `of` may then have."""

    of: str
    by: str

    schema = {"type": "object", "minProperties": 1, "additionalProperties": TEXTS.schema}

    def read(self, value: Any, reader: Reader, earlier: Arguments) -> dict[str, list[str]]:
        if not isinstance(value, dict):
            raise Wrong("must be a table")
        choices = earlier[self.by].field.choices
        refuse_unknown(value, choices)
        if missing := [choice for choice in choices if choice not in value]:
            raise Wrong(f"nothing is said for {missing[0]!r}")
        for names in value.values():
            refuse_unknown(TEXTS.read(names, reader, {}), earlier[self.of].field.choices)
        return value

    def say(self, value: Mapping[str, list[str]], speaker: Speaker, arguments: Arguments) -> str:
        return "；".join(f"{choice}的为{'、'.join(names)}" for choice, names in value.items())


@dataclass(frozen=True)
class Calendar(Parameter):
    """A day of the calendar: (years after, month, day), the last of a month that is shorter."""

    schema = {
        "type": "object", "required": ["month", "day"], "additionalProperties": False,
        "properties": {
            "years": {"type": "integer", "minimum": 0, "maximum": 100},
            "month": {"type": "integer", "minimum": 1, "maximum": 12},
            "day": {"type": "integer", "minimum": 1, "maximum": 31},
        },
    }  # fmt: skip

    def read(self, value: Any, reader: Reader, earlier: Arguments) -> tuple[int, int, int]:
        if not isinstance(value, dict) or not {"month", "day"} <= value.keys() <= {
            "years", "month", "day",
        }:  # fmt: skip
            raise Wrong("must be a table of month and day, and of years after")
        limits = (("years", 0, 100), ("month", 1, 12), ("day", 1, 31))
        years, month, day = (whole(a, b).read(value.get(n, 0), reader, {}) for n, a, b in limits)
        return years, month, day

    def say(self, value: tuple[int, int, int], speaker: Speaker, arguments: Arguments) -> str:
        return calendar_said(value)


def calendar_said(value: tuple[int, int, int]) -> str:
    """次年2月底, 当年12月31日, 其后第 2 年3月1日."""
    years, month, day = value
    after = {0: "当年", 1: "次年"}.get(years, f"其后第 {years} 年")
    return f"{after}{month}月{'底' if day >= 28 and month == 2 else f'{day}日'}"


@dataclass(frozen=True)
class Waivers(Parameter):
    """What of the list of the parameter `of` is not asked for, and when."""

    of: str

    schema = {
        "type": "array", "minItems": 1,
        "items": {
            "type": "object", "required": ["values", "when"], "additionalProperties": False,
            "properties": {"values": TEXTS.schema, "when": {"$ref": "#/$defs/when"}},
        },
    }  # fmt: skip

    def read(
        self, value: Any, reader: Reader, earlier: Arguments
    ) -> tuple[tuple[list[str], Guard], ...]:
        if not isinstance(value, list) or not value:
            raise Wrong("must be a list of tables")
        return tuple(self._waiver(each, reader, earlier[self.of]) for each in value)

    def _waiver(self, given: Any, reader: Reader, known: list[str]) -> tuple[list[str], Guard]:
        if not isinstance(given, dict) or given.keys() != {"values", "when"}:
            raise Wrong("must have values and when")
        names: list[str] = TEXTS.read(given["values"], reader, {})
        for name in names:
            if name not in known:
                raise Wrong(f"{name!r} is not asked for")
        return names, read_guard(given["when"], reader)

    def say(self, value: Iterable[Any], speaker: Speaker, arguments: Arguments) -> str:
        return "；".join(
            f"{'且'.join(c.said for c in asked.conditions)}的不要求{'、'.join(names)}"
            for names, asked in value
        )

    def places(self, value: Iterable[Any]) -> Iterator[Place]:
        for _, asked in value:
            yield from asked.places


def read_guard(when: Any, reader: Reader) -> Guard:
    """A guard of a rule: in its rows, where it goes row by row. Raises Wrong."""
    declared: Conditions = conditions(when)
    if not declared or not all(isinstance(each, Mapping) for each in declared):
        raise Wrong("when: must be a condition, or a list of them")
    return guard(declared, reader.fields, reader.programme, reader.rows)


def said_range(low: Any, high: Any, *, money: bool = True) -> str:
    """Two amounts as a range, or as one amount where they are the same."""
    first, last = amount_said(low, money=money), amount_said(high, money=money)
    return first if low == high else f"{first}至{last}"


@dataclass(frozen=True)
class Assigned(Parameter):
    """Some of the values that the field of `by` may have → a name in the table of `among`."""

    by: str
    among: str

    schema = {"type": "object", "additionalProperties": {"type": "string"}}

    def read(self, value: Any, reader: Reader, earlier: Arguments) -> dict[str, str]:
        if not isinstance(value, dict):
            raise Wrong("must be a table")
        refuse_unknown(value, earlier[self.by].field.choices)
        for choice, name in value.items():
            if not isinstance(name, str) or name not in earlier[self.among]:
                raise Wrong(f"{choice}: {name!r} is none of {', '.join(earlier[self.among])}")
        return value

    def say(self, value: Mapping[str, str], speaker: Speaker, arguments: Arguments) -> str:
        groups: dict[str, list[str]] = {}
        for choice, name in value.items():
            groups.setdefault(name, []).append(choice)
        return "；".join(
            f"{'、'.join(choices)}填写{speaker(arguments[self.among][name].field)}"
            for name, choices in groups.items()
        )


CalendarDay = Annotated[tuple[int, int, int], Calendar()]
Bounds = Annotated[Term, Range()]
