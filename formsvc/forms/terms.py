"""Amounts as authors write them: numbers, fields, policy values, sums, shares, look-ups.

A term is compiled once and exact: int and Decimal, never binary fractions. It is data (tables and
lists), so there is nothing to parse. `docs/authoring.md` lists the forms under "Amounts".
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Final

from formsvc.forms import months
from formsvc.forms.fields import Field
from formsvc.forms.guards import Conditions, Guard, conditions, guard
from formsvc.forms.places import (
    ROW,
    Fields,
    Place,
    Speaker,
    Unjudged,
    Wrong,
    descend,
    in_row,
    listed_in,
    place,
)
from formsvc.forms.programme import Programme
from formsvc.forms.sure import Doubtful, Leaves, Sure, is_exact, is_plain, unsure
from formsvc.writing.notation import cents, yuan

Number = int | Decimal
Evaluate = Callable[[Any], Any]
Facts = Callable[[Any], Mapping[str, Any]]

_EXACT: Final = Context(prec=100)
_CENT: Final = Decimal("0.01")
_HUNDRED: Final = Decimal(100)
_LARGEST: Final = 10**15
# The tables that are terms, by their first key, and what else may stand in each.
_TABLES: Final[Mapping[str, set[str]]] = {
    "sum": {"where"}, "minus": set(), "times": {"per"}, "percent": {"of"}, "months": set(),
    "count": {"where"}, "table": {"by"},
}  # fmt: skip


def _no_facts(data: Any) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Term:
    """A compiled amount. `evaluate` raises Unjudged; `label` is what a message calls it, `pointer`
    where a finding about it stands.

    `sure` writes its value, or raises Doubtful.
    `constant` is its value where that never changes. `facts` are further words for messages, under
    the names `names`. `entries` are all that a look-up can find, each with what it is found by.
    """

    evaluate: Evaluate
    say: Callable[[Speaker], str]
    places: tuple[Place, ...] = ()
    label: str = ""
    pointer: str = ""
    money: bool = False
    constant: Any = None
    names: frozenset[str] = frozenset()
    facts: Facts = _no_facts
    entries: tuple[tuple[str, Any], ...] = ()
    sure: Sure = unsure

    def holds(self, kind: type) -> bool:
        """Whether its look-up finds texts (str) or pairs (tuple)."""
        return any(isinstance(value, kind) for _, value in self.entries)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the terms of one rule or computed value: the form's fields, the list whose rows it goes
    through ("" for none), and the day whose policy values hold where a guard names some."""

    fields: Fields
    programme: Programme
    rows: str = ""
    on: date = date.min

    def term(self, given: Any) -> Term:
        """A term, verified. Raises Wrong."""
        if isinstance(given, int | Decimal) and not isinstance(given, bool):
            if not -_LARGEST < given < _LARGEST:
                raise Wrong(f"{given} is too large a number")
            sure = (lambda leaves: leaves.bind(given)) if is_plain(given) else unsure
            return Term(lambda data: given, lambda speaker: str(given), constant=given, sure=sure)
        if isinstance(given, str):
            return self._field(given)
        if isinstance(given, list):
            return self._sum(given, ())
        if not isinstance(given, Mapping):
            raise Wrong("must be a number, a pointer, a list of these, or a table")
        for key, more in _TABLES.items():
            if key in given:
                if unknown := given.keys() - more - {key}:
                    raise Wrong(f"{min(unknown)!r} does not go with {key}")
                return self._table(key, given)
        raise Wrong(f"must have one of {', '.join(_TABLES)}, value")

    def number(self, given: Any) -> Term:
        """A term that is a number; texts and pairs are refused. Raises Wrong."""
        found = self.term(given)
        if found.holds(str) or found.holds(tuple):
            raise Wrong("must be a number, not a text or a pair")
        return found

    def _table(self, key: str, given: Mapping[str, Any]) -> Term:
        match key:
            case "sum":
                return self._sum(given["sum"], conditions(given.get("where")))
            case "minus":
                return self._minus(given["minus"])
            case "times":
                return self._times(given["times"], given.get("per", 1))
            case "percent":
                return self._percent(given["percent"], given.get("of"))
            case "months":
                return self._months(given["months"])
            case "count":
                return self._count(given["count"], conditions(given.get("where")))
            case _:
                return self.lookup(given["table"], given.get("by"))

    def _known(self, pointer: Any) -> Field:
        if not isinstance(pointer, str) or pointer not in self.fields:
            raise Wrong(f"pointer {pointer!r} is not in schema.json")
        return self.fields[pointer]

    def _cell(self, pointer: Any) -> Place:
        """A field outside of lists, or in the row at hand."""
        field = self._known(pointer)
        if field.list not in ("", self.rows):
            raise Wrong(f"{pointer} stands in the rows of a list; add them up with sum")
        return place(self.fields, field, self.rows)

    def _field(self, pointer: str) -> Term:
        found = self._cell(pointer)
        read = _number(found.field)
        return Term(
            lambda data: read(found.get(data)),
            lambda speaker: speaker(found.field),
            (found,),
            found.label,
            found.pointer,
            found.field.kind == "money",
            sure=lambda leaves: leaves.number(found),
        )

    def _sum(self, parts: Any, where: Conditions) -> Term:
        terms = tuple(self.part(each, where) for each in _several(parts, 1))
        evaluates = tuple(each.evaluate for each in terms)

        def evaluate(data: Any) -> Any:
            return sum(each(data) for each in evaluates)

        return _joined(terms, evaluate, "、", "合计" if len(terms) > 1 else "", "+")

    def part(self, given: Any, where: Conditions = ()) -> Term:
        """A part of a sum: any term, or a column of a list, added up over its rows (those for which
        `where` holds). Raises Wrong."""
        array = listed_in(self.fields, given)
        if array in ("", self.rows):
            if where:
                raise Wrong("where goes with rows of a list")
            return self.number(given)
        field, rows = self.fields[given], self.fields[array]
        read, cell = _number(field), place(self.fields, field, array)
        asked: Guard = guard(where, self.fields, self.programme, array)

        def evaluate(data: Any) -> Number:
            given = descend(data, rows.tokens, rows)
            if not where:
                return sum(read(cell.get({ROW: row})) for row in given)
            scopes = (in_row(data, row) for row in given)
            return sum(read(cell.get(each)) for each in scopes if not asked.why_not(each, self.on))

        def sure(leaves: Leaves) -> str:
            if where or not is_exact(field):
                raise Doubtful
            return f"sum({leaves.cells(rows, field)})"

        return Term(evaluate, lambda speaker: speaker(field), (cell, *asked.places),
                    rows.label, array, field.kind == "money",
                    sure=sure)  # fmt: skip

    def _minus(self, parts: Any) -> Term:
        first, *others = terms = tuple(self.number(each) for each in _several(parts, 2))

        def evaluate(data: Any) -> Any:
            return first.evaluate(data) - sum(each.evaluate(data) for each in others)

        return _joined(terms, evaluate, "减去", "", "-")

    def _times(self, parts: Any, per: Any) -> Term:
        terms = tuple(self.number(each) for each in _several(parts, 1))
        divisor = self.number(per)

        def evaluate(data: Any) -> Number:
            product = Decimal(1)
            for each in terms:
                product = _EXACT.multiply(product, Decimal(each.evaluate(data)))
            below = divisor.evaluate(data)
            if below == 0:
                raise Unjudged("除数为零，算不出来。")
            if below != 1:
                product = _EXACT.divide(product, Decimal(below))
            return plain(product.quantize(_CENT, ROUND_HALF_UP, _EXACT))

        return _joined((*terms, divisor), evaluate, "×", "", said=len(terms))

    def _percent(self, given: Any, base: Any) -> Term:
        share, whole = self.number(given), self.number(base)

        def evaluate(data: Any) -> Number:
            left, right = share.evaluate(data), whole.evaluate(data)
            if type(left) is int and type(right) is int and not left * right % 100:
                return left * right // 100
            return plain(_EXACT.scaleb(_EXACT.multiply(Decimal(left), Decimal(right)), -2))

        return Term(
            evaluate,
            lambda speaker: f"{whole.say(speaker)}的 {share.say(speaker)}%",
            (*share.places, *whole.places),
            whole.label,
            whole.pointer,
            whole.money,
            names=frozenset({"percent", "of"}),
            facts=lambda data: {"percent": share.evaluate(data), "of": whole.label},
            sure=lambda leaves: (
                f"({share.sure(leaves)} * {whole.sure(leaves)} / {leaves.bind(_HUNDRED)})"
            ),
        )

    def _months(self, given: Any) -> Term:
        if not isinstance(given, list) or len(given) != 2:
            raise Wrong("months: must be a list of two dates")
        start, end = map(self._cell, given)
        if {start.field.kind, end.field.kind} != {"date"}:
            raise Wrong("months: must be a list of two dates")

        def evaluate(data: Any) -> int:
            first, last = (date.fromisoformat(each.get(data)) for each in (start, end))
            return months.whole_months(first, last)

        return Term(evaluate, lambda speaker: f"{speaker(start.field)}至{speaker(end.field)}的月数",
                    (start, end), "月数", start.pointer)  # fmt: skip

    def _count(self, pointer: Any, where: Conditions) -> Term:
        """How many rows there are, or how many for which `where` holds."""
        field = self._known(pointer)
        if field.type != "array":
            raise Wrong(f"count: {pointer} is no list")
        found = place(self.fields, field)
        asked: Guard = guard(where, self.fields, self.programme, pointer)

        def evaluate(data: Any) -> int:
            if not where:
                return len(found.get(data))
            rows = descend(data, field.tokens, field)
            return sum(not asked.why_not(in_row(data, row), self.on) for row in rows)

        return Term(evaluate, lambda speaker: f"{speaker(field)}的项数",
                    (found, *asked.places), field.label, found.pointer)  # fmt: skip

    def lookup(self, table: Any, by: Any) -> Term:
        """What a table has for the values of one field, or of two: a number, a text or a pair."""
        places = tuple(map(self._cell, by if isinstance(by, list) else [by]))
        if not 1 <= len(places) <= 2:
            raise Wrong("by: must be one field, or two")
        entries = tuple(_entries(table, places))
        if len({(type(e) is str, type(e) is tuple) for _, e in entries}) > 1:
            raise Wrong("the table's entries must be all numbers, all texts or all pairs")

        def evaluate(data: Any) -> Any:
            found: Any = table
            for each in places:
                found = found[each.get(data)]
            return tuple(found) if isinstance(found, list) else found

        label = "、".join(each.label for each in places)
        return Term(
            evaluate, lambda speaker: f"按{'、'.join(speaker(p.field) for p in places)}规定的数额",
            places, label, places[0].pointer, names=frozenset({"by"}),
            facts=lambda data: {"by": "、".join(str(each.get(data)) for each in places)},
            entries=entries,
            sure=lambda leaves: leaves.bind(table) + "".join(
                f"[{leaves.value(each)}]" for each in places),
        )  # fmt: skip


def _entries(
    table: Any, places: tuple[Place, ...], found_by: str = ""
) -> Iterable[tuple[str, Any]]:
    """All that a table holds; every value of each field's enum has an entry, and nothing else."""
    if not places:
        yield found_by, _entry(table)
        return
    choices = places[0].field.choices
    if not choices:
        raise Wrong(f"by: {places[0].pointer} has no enum")
    if not isinstance(table, Mapping):
        raise Wrong(f"must be a table by the values of {places[0].pointer}")
    for name in table:
        if name not in choices:
            raise Wrong(f"{name!r} is no value of that field")
    for choice in choices:
        if choice not in table:
            raise Wrong(f"nothing is said for {choice!r}")
        try:
            yield from _entries(table[choice], places[1:], f"{found_by}{choice}")
        except Wrong as wrong:
            raise Wrong(f"{choice}: {wrong}") from None


def _entry(value: Any) -> Any:
    """An entry of a table: a number, a text, or a lowest and a highest number."""
    if isinstance(value, list):
        return pair(value)
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    if not (is_number and abs(value) < _LARGEST) and not (isinstance(value, str) and value.strip()):
        raise Wrong(f"{value!r} is no number and no text")
    return value


def pair(value: Any) -> tuple[Number, Number]:
    """A lowest and a highest number. Raises Wrong."""
    if not isinstance(value, list) or len(value) != 2:
        raise Wrong("must be a lowest and a highest number")
    low, high = map(_entry, value)
    if isinstance(low, str | tuple) or isinstance(high, str | tuple):
        raise Wrong("must be a lowest and a highest number")
    if low > high:
        raise Wrong("the lowest amount is above the highest")
    return low, high


def _several(parts: Any, least: int) -> list[Any]:
    if not isinstance(parts, list) or len(parts) < least:
        raise Wrong(f"must be a list of at least {least}")
    return parts


def _joined(
    terms: tuple[Term, ...],
    evaluate: Evaluate,
    between: str,
    after: str,
    sign: str = "",
    *,
    said: int | None = None,
) -> Term:
    def sure(leaves: Leaves) -> str:
        if not sign:
            raise Doubtful
        return f"({f' {sign} '.join(each.sure(leaves) for each in terms)})"

    return Term(
        evaluate,
        lambda speaker: between.join(each.say(speaker) for each in terms[:said]) + after,
        tuple(found for each in terms for found in each.places),
        next((each.label for each in terms if each.label), ""),
        next((each.pointer for each in terms if each.pointer), ""),
        any(each.money for each in terms),
        sure=sure,
    )


def _number(field: Field) -> Callable[[Any], Number]:
    """How a field's value is read as an exact number."""
    if field.kind not in ("money", "integer"):
        raise Wrong(f"{field.pointer} is no amount and no whole number")

    def read(value: Any) -> Number:
        if type(value) is int and abs(value) < _LARGEST:
            return value
        if isinstance(value, bool | str | list | dict | None) or not abs(value) < _LARGEST:
            raise Unjudged(f"“{field.label}”有误，改正后再检查。")
        return exact(value)

    return read


def exact(value: int | float | Decimal) -> Number:
    """A number of at most two decimals, whatever its type, without binary fractions."""
    return value if isinstance(value, int) else plain(Decimal(cents(value)).scaleb(-2))


def plain(value: Decimal) -> Number:
    """A whole number as int."""
    return int(value) if value == int(value) else value


def bound_rows(fields: Fields, given: Any) -> str:
    """The list that a term goes through row by row, by a cell outside of `sum`; "" for none."""
    if isinstance(given, str):
        return listed_in(fields, given)
    if not isinstance(given, Mapping) or "count" in given or "sum" in given:
        return ""
    inside = (given.get(key) for key in ("minus", "times", "per", "percent", "of", "months", "by"))
    found = (
        bound_rows(fields, each)
        for part in inside
        for each in (part if isinstance(part, list) else [part])
    )
    return next(filter(None, found), "")


def amount_said(value: Any, *, money: bool) -> str:
    """A number as it is printed: 98,000元, or 12 where it counts something."""
    return yuan(value) if money else str(value)
