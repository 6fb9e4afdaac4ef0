"""A submission as the texts that stand on paper: one for every field and every printed box."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Final

from formsvc import pointers
from formsvc.forms import Field, Form, PrintBox
from formsvc.forms.computed import completed, stated_day
from formsvc.writing.notation import identity_code, long_date, yuan, yuan_in_words

Values = Mapping[str, str]

_EMPTY: Final = "\ue000"
_MARK: Final = "[，、；：,;: ]{1,4}"
# An empty value, with the mark before it or after it, or all in brackets that hold no other.
_LEFT_OUT: Final = re.compile(
    f"{_MARK}{_EMPTY}|{_EMPTY}{_MARK}|[（(]{_EMPTY}(?:{_MARK}{_EMPTY}){{0,9}}[）)]|{_EMPTY}"
)


def printed(form: Form, data: object) -> dict[str, str]:
    """Pointer → text for leaves, those of the rows that are given up to maxItems, and print boxes.

    Also what conditions ask for: how many rows a list has by its pointer, and by its name whether
    a part of the paper is there. What is missing is "", and so is a box or part whose guard does
    not hold. Computed values that the data lacks are worked out, by the policy values of its own
    day, else by the newest. Dates read 2024年9月1日, money 98,000元. Never raises: in a draft a
    value of the wrong type is shown as it stands. Lines are separated by "\\n".
    """
    values: dict[str, str] = {}
    day = stated_day(form, data, date.max)
    data = completed(form, data, day)
    for write in _writers(form):
        write(data, values)
    for box in form.boxes:
        values[box.name] = boxed(box, data) if box.guard.holds(data, day) else ""
    for array in form.lists:
        values[array] = str(_count(form, array, data) or "")
    for part in form.parts:
        values[part.name] = "是" if part.guard.holds(data, day) else ""
    return values


def pieces(form: Form, data: object, *, whole: bool = False) -> dict[str, str]:
    """The texts of every print box one by one: its literals and parts in turn, by `piece`'s names.

    All "" where its guard does not hold or none of its fields is given, unless the `whole` form is
    asked for.
    """
    if not form.boxes:
        return {}
    day = stated_day(form, data, date.max)
    data = completed(form, data, day)
    return {
        piece(box.name, number): text if whole or box.guard.holds(data, day) else ""
        for box in form.boxes
        if not box.list
        for number, text in enumerate(_pieces(box, data, whole))
    }


def piece(box: str, number: int) -> str:
    """The name of a piece of a print box: its literals are 0, 2, 4 …, its parts 1, 3, 5 …"""
    return f"{box}{_PIECE}{number}"


def whole_of(name: str) -> str:
    """The print box whose piece this is; any other name is its own."""
    return name.partition(_PIECE)[0]


_PIECE: Final = "\x1f"  # in no pointer of a form


def signed(form: Form, data: object) -> frozenset[str]:
    """The names of the places to sign that a submission calls for."""
    day = stated_day(form, data, date.max)
    data = completed(form, data, day)
    return frozenset(place.name for place in form.signatures if place.guard.holds(data, day))


def is_text(form: Form, name: str) -> bool:
    """Whether what is printed under a name is a text, and not how much of something there is."""
    return name.startswith("/") and name not in form.lists


def _count(form: Form, array: str, data: object) -> int:
    given = at(data, form.fields[array].tokens)
    return min(len(given), form.room(array)) if isinstance(given, list) else 0


@cache
def _writers(form: Form) -> tuple[Callable[[object, dict[str, str]], None], ...]:
    return tuple(
        _rows_writer(field, form.fields[field.list], form.room(field.list))
        if field.list
        else _writer(field)
        for field in form.leaves
    )


def _writer(field: Field) -> Callable[[object, dict[str, str]], None]:
    pointer, tokens, show = field.pointer, field.tokens, _shower(field)

    def write(data: object, values: dict[str, str]) -> None:
        values[pointer] = show(at(data, tokens))

    return write


def _rows_writer(field: Field, array: Field, room: int) -> Callable[[object, dict[str, str]], None]:
    tokens, cell = array.tokens, field.tokens[len(array.tokens) + 1 :]
    names = tuple(map(field.in_row, range(room)))
    show = _shower(field)

    def write(data: object, values: dict[str, str]) -> None:
        given = at(data, tokens)
        if isinstance(given, list):
            for name, row in zip(names, given, strict=False):
                values[name] = show(at(row, cell))

    return write


def text_of(field: Field, value: object) -> str:
    """A value as it stands on paper."""
    return _shower(field)(value)


def at(data: Any, tokens: tuple[str, ...]) -> object:
    """The value at a place that is in no list; None where nothing stands."""
    for token in tokens:
        if not isinstance(data, dict):
            return None
        data = data.get(token)
    return data


def shown(field: Field, value: object) -> str:
    """A field's value as on paper."""
    return _shower(field)(value)


def _shower(field: Field) -> Callable[[object], str]:
    return {"money": _yuan, "date": _date, "id-number": _code, "credit-code": _code}.get(
        field.kind, _plain
    )


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, dict):
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(_plain(item) for item in value if not isinstance(item, dict))
    return str(value)


def _yuan(value: object) -> str:
    try:
        return yuan(value)  # type: ignore[arg-type]  # a draft may hold anything
    except (TypeError, ValueError, ArithmeticError):
        return _plain(value)


def _date(value: object) -> str:
    try:
        return long_date(date.fromisoformat(value))  # type: ignore[arg-type]  # as above
    except (TypeError, ValueError):
        return _plain(value)


def _code(value: object) -> str:
    return identity_code(value) if isinstance(value, str) else _plain(value)


def _words(value: object) -> str:
    if value is None:
        return ""
    try:
        return f"（大写：{yuan_in_words(value)}）"  # type: ignore[arg-type]  # as above
    except (TypeError, ValueError, ArithmeticError):
        return ""


def boxed(box: PrintBox, data: object) -> str:
    """The box's text, whatever its guard says; "" when none of its fields is given."""
    if box.list:
        return _list_box(box, data)
    return "".join(_pieces(box, data)).strip()


def _pieces(box: PrintBox, data: object, whole: bool = False) -> Iterator[str]:
    """Literals and parts of a box in turn, all "" when none of its fields is given."""
    shown = [
        (_words if as_words else _shower(field))(at(data, field.tokens))
        for field, as_words in box.parts
    ]
    is_given = whole or any(shown)
    yield box.literals[0] if is_given else ""
    for part, literal in zip(shown, box.literals[1:], strict=True):
        yield part
        yield literal if is_given else ""


def _list_box(box: PrintBox, data: object) -> str:
    """A line for every row that has something: what is empty goes with the mark beside it and
    the brackets around it."""
    array = pointers.parse(box.list)
    given = at(data, array)
    lines = []
    for row in given if isinstance(given, list) else ():
        shown = [
            (_words if as_words else _shower(field))(at(row, field.tokens[len(array) + 1 :]))
            for field, as_words in box.parts
        ]
        if any(shown):
            lines.append(without_empty(box, [" ".join(part.split()) for part in shown]))
    return "\n".join(lines)


def without_empty(box: PrintBox, parts: Sequence[str]) -> str:
    """A line of a box of a list; empty parts are left out with the mark beside them and the
    brackets around them."""
    text = box.literals[0] + "".join(
        f"{part or _EMPTY}{literal}" for part, literal in zip(parts, box.literals[1:], strict=True)
    )
    return _LEFT_OUT.sub("", text).strip()
