"""Values that a form works out itself: balances, totals, allowances. Nobody types them in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from formsvc import pointers
from formsvc.errors import FormError
from formsvc.findings import Finding, Severity
from formsvc.forms.fields import Field
from formsvc.forms.form import Form
from formsvc.forms.guards import Guard, guard
from formsvc.forms.places import Unjudged, Wrong, in_row
from formsvc.forms.terms import Reader, Term, exact
from formsvc.writing.notation import yuan

DIFFERS: Final = "computed.differs"


@dataclass(frozen=True, slots=True)
class Computation:
    """One computed field: what it comes to, and when. `operands` are tokens, those of computed
    operands among them."""

    field: Field
    term: Term
    guard: Guard
    on: date
    operands: tuple[tuple[str, ...], ...]

    def values(self, data: Any) -> Iterator[tuple[str, Any]]:
        """(pointer, value) in a submission; None where it cannot be computed."""
        if not self.field.list:
            yield self.field.pointer, self._value(data)
            return
        rows = pointers.get(data, self.field.list)
        for number, row in enumerate(rows if isinstance(rows, list) else ()):
            if isinstance(row, dict):
                yield self.field.in_row(number), self._value(in_row(data, row))

    def _value(self, data: Any) -> Any:
        try:
            return None if self.guard.why_not(data, self.on) else self.term.evaluate(data)
        except (Unjudged, TypeError, ValueError, LookupError, ArithmeticError):
            return None


@lru_cache(256)
def computations(form: Form, on: date) -> tuple[Computation, ...]:
    """A form's computed fields in the order in which they can be computed, with the policy values
    of a day. FormError names the file and the field."""
    return tuple(_ordered(form, on)) if form.computed else ()


def _ordered(form: Form, on: date) -> Iterator[Computation]:
    made: dict[str, Computation] = {}
    waiting = {spec.field.pointer: _computation(form, spec.field, on) for spec in form.computed}
    while waiting:
        ready = [
            name for name, each in waiting.items()
            if not any(p.pointer in waiting for p in (*each.term.places, *each.guard.places))
        ]  # fmt: skip
        if not ready:
            raise FormError(f"{form.toml}: [[computed]] {min(waiting)}: is computed in a circle")
        for name in ready:
            each = waiting.pop(name)
            deeper = tuple(
                tokens
                for place in (*each.term.places, *each.guard.places)
                for tokens in (place.field.tokens, *(
                    made[place.pointer].operands if place.pointer in made else ()))
            )  # fmt: skip
            made[name] = Computation(each.field, each.term, each.guard, on, deeper)
            yield made[name]


def _computation(form: Form, field: Field, on: date) -> Computation:
    (spec,) = (each for each in form.computed if each.field is field)
    try:
        given, pending = form.programme.resolved(spec.amount, on)
        term = Reader(form.fields, form.programme, field.list, on).term(given)
        is_text = term.holds(str)
        if term.holds(tuple):
            raise Wrong("is: must be a number or a text, not a pair")
        if is_text and any(each not in field.choices for _, each in term.entries if field.choices):
            raise Wrong("is: gives a text that the field's enum lacks")
        if is_text is not (field.type == "string"):
            raise Wrong(f"is: gives a {'text' if is_text else 'number'}")
        condition = guard(spec.when, form.fields, form.programme, field.list)
    except Wrong as wrong:
        raise FormError(f"{form.toml}: [[computed]] {field.pointer}: {wrong}") from None
    if pending:
        term = Term(_not_yet, term.say, term.places)
    return Computation(field, term, condition, on, ())


def _not_yet(data: Any) -> Any:
    raise Unjudged("")


def completed(form: Form, data: Any, on: date, *, afresh: bool = False) -> Any:
    """The submission with its computed values; the one given is never changed.

    A value that it holds already is kept, or with `afresh` worked out again. `on` is the day whose
    policy values hold.
    """
    if not form.computed or not isinstance(data, dict):
        return data
    made: dict[str, Any] = _copied(data)
    for each in computations(form, epoch(form, on)):
        for pointer, value in each.values(made):
            parent, _, name = pointer.rpartition("/")
            group = pointers.get(made, parent)
            if isinstance(group, dict):
                _put(group, pointers.parse("/" + name)[0], value, afresh=afresh)
            elif group is pointers.MISSING and value is not None and _is_free(form, parent):
                pointers.set_(made, pointer, value)
    return made


def _put(group: dict[str, Any], name: str, value: Any, *, afresh: bool) -> None:
    if afresh and value is None:
        group.pop(name, None)
    elif value is not None and (afresh or name not in group):
        group[name] = value


def _is_free(form: Form, parent: str) -> bool:
    """Whether a group that is not given may come into being for a computed value alone."""
    around = form.fields.get(parent)
    return around is not None and not around.schema.get("required") and parent.count("/") == 1


def _copied(node: Any) -> Any:
    """Lists and groups copied, so that the one given stays as it is."""
    if isinstance(node, dict):
        return {name: _copied(each) for name, each in node.items()}
    return [_copied(each) for each in node] if isinstance(node, list) else node


def states_any(form: Form, data: object) -> bool:
    """Whether a submission has computed values of its own."""
    return any(
        pointers.get(data, pointer) is not pointers.MISSING
        for spec in form.computed
        for pointer in spec.field.places(data)
    )


def differing(form: Form, field: Field, given: Any, data: Any) -> Iterator[Finding]:
    """Findings where a submission holds another value than is computed (in `data`)."""
    for pointer in field.places(given):
        stated, computed = pointers.get(given, pointer), pointers.get(data, pointer)
        if stated is pointers.MISSING or _agree(stated, computed):
            continue
        label = form.label(pointer)
        what = f"{label}填的是{_said(field, stated)}，"
        if computed is pointers.MISSING:
            what += "但依据的内容不全，算不出来；此项由系统计算，请删去或补全。"
        else:
            what += (
                f"计算得{_said(field, computed)}；此项由系统计算，请改正依据的内容，或删去此项。"
            )
        limit = computed if isinstance(computed, int | Decimal) else None
        value = stated if limit is not None and isinstance(stated, int | float | Decimal) else None
        yield Finding(DIFFERS, Severity.ERROR, pointer, label, what, value, limit)


def _agree(stated: Any, computed: Any) -> bool:
    numbers = (int, float, Decimal)
    if type(stated) in numbers and type(computed) in numbers:
        return bool(stated == computed or exact(stated) == computed)
    return bool(stated == computed)


def _said(field: Field, value: Any) -> str:
    return yuan(value) if field.kind == "money" else f"“{value}”"


@lru_cache(1024)
def epoch(form: Form, on: date) -> date:
    """The day from which the policy values of a day hold: few days stand for all."""
    return max((each for each in form.programme.epochs() if each <= on), default=date.min)


def stated_day(form: Form, data: Any, default: date) -> date:
    """The day that a submission says it is handed in on, else the default."""
    stated = pointers.get(data, form.day.pointer) if form.day else None
    try:
        return date.fromisoformat(stated) if isinstance(stated, str) else default
    except ValueError:
        return default
