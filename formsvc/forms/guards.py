"""Guards: the conditions under which a rule, step, box or computed value speaks at all."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from formsvc.forms.places import Fields, Place, Unjudged, Wrong, listed_in, place
from formsvc.forms.programme import Programme
from formsvc.forms.sure import Leaves, unsure
from formsvc.writing.notation import folded, yuan

Conditions = Sequence[Mapping[str, Any]]
"""Conditions as declared: each a field and one test."""

_NUMBERS: Final = frozenset({"money", "integer"})
NOT_YET: Final = "申报的日期早于规定开始执行的日期。"


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of one field. `said` is when it holds, in Chinese: “申请事项”为“终止”."""

    place: Place
    test: str
    holds: Callable[[Any, date], bool]
    said: str
    sure: Callable[[Leaves], str] = unsure

    @property
    def off(self) -> str:
        """Why what it guards is not checked where it does not hold."""
        return f"只在{self.said}时检查。"


@dataclass(frozen=True, slots=True)
class Guard:
    """Conditions that must all hold; without any it always holds."""

    conditions: tuple[Condition, ...] = ()

    def why_not(self, data: Any, on: date) -> str:
        """Why it does not hold, "" when it does; the policy values are those of the day.

        Raises Unjudged where a field that it names is missing.
        """
        for each in self.conditions:
            value = each.place.find(data) if each.test == "present" else each.place.get(data)
            if not each.holds(value, on):
                return each.off
        return ""

    def holds(self, data: Any, on: date) -> bool:
        """Whether it surely holds. Never raises, whatever the data."""
        try:
            return not self.conditions or not self.why_not(data, on)
        except (Unjudged, TypeError, ValueError, ArithmeticError):
            return False

    @property
    def places(self) -> Iterator[Place]:
        return (each.place for each in self.conditions)


def conditions(when: Any) -> Conditions:
    """A `when` as it is written, one table or a list of them, as a list."""
    return (when,) if isinstance(when, Mapping) else tuple(when or ())


def guard(declared: Conditions, fields: Fields, programme: Programme, rows: str = "") -> Guard:
    """Compile conditions, verified against the form. Raises Wrong.

    With `rows` the guard is asked in the scope of a row of that list, and may name its cells.
    """
    return Guard(tuple(_condition(each, fields, programme, rows) for each in declared))


def _condition(
    declared: Mapping[str, Any], fields: Fields, programme: Programme, rows: str
) -> Condition:
    pointer = declared.get("field")
    if not isinstance(pointer, str) or pointer not in fields:
        raise Wrong(f"when: pointer {pointer!r} is not in schema.json")
    if listed_in(fields, pointer) not in ("", rows):
        raise Wrong(f"when: {pointer} stands in the rows of a list")
    operand = place(fields, fields[pointer], rows)
    tests = declared.keys() - {"field"}
    if len(tests) != 1:
        raise Wrong("when: a condition has one field and one test")
    test = tests.pop()
    wanted = declared[test]
    sure = unsure
    if test == "present":
        said = "已填写" if wanted else "没有填写"
        holds: Callable[[Any, date], bool] = lambda value, on: is_given(value) is wanted  # noqa: E731
        sure = lambda leaves: f"{leaves.bind(is_given)}({leaves.find(operand)}) is {wanted is True}"  # noqa: E731
    elif test == "at_least":
        holds, said = _at_least(operand, wanted, programme)
        if not isinstance(wanted, Mapping):
            sure = lambda leaves: f"{leaves.number(operand)} >= {leaves.bind(wanted)}"  # noqa: E731
    else:
        names = wanted if isinstance(wanted, list) else [wanted]
        _verify(operand, test, names)
        said = f"为{'、'.join(map(_said, names))}"
        if test == "starts_with":
            # A long list of spellings is for the machine; a few of them say what is meant.
            shown = "、".join(map(_said, names[:3])) + ("等" if len(names) > 3 else "")
            said = f"以{shown}开头"
            heads = tuple(map(folded, names))
            holds = lambda value, on: folded(value).startswith(heads)  # noqa: E731
            sure = lambda leaves: f"{leaves.bind(holds)}({leaves.value(operand)}, on)"  # noqa: E731
        else:
            holds = lambda value, on: value in names  # noqa: E731
            sure = lambda leaves: f"{leaves.value(operand)} in {leaves.bind(frozenset(names))}"  # noqa: E731
    return Condition(operand, test, holds, f"“{operand.label}”{said}", sure)


def _at_least(
    operand: Place, wanted: Any, programme: Programme
) -> tuple[Callable[[Any, date], bool], str]:
    if operand.field.kind not in _NUMBERS:
        raise Wrong(f"when: {operand.pointer} is no amount and no whole number")
    if not isinstance(wanted, Mapping):
        shown = yuan(wanted) if operand.field.kind == "money" else str(wanted)
        return (lambda value, on: bool(value >= wanted)), f"达到{shown}"
    name = wanted.get("value")
    entries = programme.values.get(str(name), ())
    if not entries or not all(type(each.value) in (int, Decimal) for each in entries):
        raise Wrong(f"when: the programme has no value {name!r} that is a number")

    def holds(value: Any, on: date) -> bool:
        limit = programme.value(str(name), on)
        if limit is None:
            raise Unjudged(NOT_YET)
        return bool(value >= limit.value)

    return holds, "达到规定的数额"


def _verify(operand: Place, test: str, names: Iterable[Any]) -> None:
    """What a field is compared with is what it can hold."""
    field = operand.field
    wanted = {"string": str, "integer": int, "boolean": bool}.get(field.type)
    if wanted is None or (test == "starts_with" and wanted is not str):
        raise Wrong(f"when: {field.pointer} cannot be compared so")
    for name in names:
        if test == "starts_with" and not folded(str(name)):
            raise Wrong(f"when: {name!r} is no name")
        if type(name) is not wanted or (field.choices and test != "starts_with"
                                        and name not in field.choices):  # fmt: skip
            raise Wrong(f"when: {name!r} is no value of {field.pointer}")


def is_given(value: Any) -> bool:
    """Whether a field is filled in: not absent, not blank, not an empty list or group."""
    return (
        bool(value.strip())
        if isinstance(value, str)
        else value is not None and value not in ([], {})
    )


def _said(value: Any) -> str:
    text = ("是" if value else "否") if isinstance(value, bool) else value
    return f"“{text}”"
