"""Lists of filings, page by page: the one way in which pages, interface and jobs look for them.

A page begins after the last one of the page before (a keyset), so that the thousandth costs what
the first does, and nothing is shown twice when something moves up meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    func,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from formsvc.store.columns import iso
from formsvc.store.contents import comparable
from formsvc.store.errors import Invalid
from formsvc.store.models import Filing, Lookup
from formsvc.store.store import Work
from formsvc.writing.notation import identity_code

MOST: Final = 200  # filings a page
COUNTED: Final = 1_000  # beyond this a list only says that there are more
_LONGEST: Final = 100  # characters of a query
_WORDS: Final = 5
_DIGITS: Final = frozenset("0123456789-")
_NEVER: Final = "9999-12-31"


class Sorting(StrEnum):
    """Which comes first."""

    DUE = "due"  # the soonest due, those without a day last; then what lies longest
    CHANGED = "changed"  # the last changed


@dataclass(frozen=True, slots=True)
class Listing:
    """Filings with their holders loaded; `after` is where the next page begins, "" at the end;
    `among` is the condition for all pages together."""

    filings: tuple[Filing, ...]
    after: str
    among: ColumnElement[bool]


def listed(
    work: Work,
    *,
    where: ColumnElement[bool],
    query: str = "",
    state: str | None = None,
    form: str | None = None,
    office: int | None = None,
    order: Sorting = Sorting.CHANGED,
    after: str | None = None,
    limit: int = 50,
) -> Listing:
    """The filings that `where` allows, narrowed, in order. Invalid for an `after` of no page.

    `where` is `access.visible` or `access.waiting`, or a condition within them; `query` finds by
    the names of people and units, the number, an ID or account number; `office` is the holder's.
    """
    key = _key(order)
    among = and_(where, *_narrowed(work, query, state, form, office))
    asked = select(Filing).where(among)
    if after:
        asked = asked.where(_beyond(order, key, after))
    asked = asked.order_by(*(each.desc() if order is Sorting.CHANGED else each for each in key))
    asked = asked.options(joinedload(Filing.holder)).limit(min(limit, MOST) + 1)
    found = work.session.scalars(asked).all()
    shown = found[: min(limit, MOST)]
    mark = _mark(order, shown[-1]) if len(found) > len(shown) else ""
    return Listing(tuple(shown), mark, among)


def counted(work: Work, page: Listing) -> int:
    """How many there are, at most COUNTED + 1: who looks at more than that narrows the list."""
    some = select(Filing.id).where(page.among).limit(COUNTED + 1).subquery()
    return work.session.scalar(select(func.count()).select_from(some)) or 0


def _narrowed(
    work: Work, query: str, state: str | None, form: str | None, office: int | None
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if state:
        conditions.append(Filing.state == state)
    if form:
        conditions.append(Filing.form == form)
    if office is not None:
        conditions.append(Filing.holder_id == office)
    if text := " ".join(identity_code(query[:_LONGEST].replace("\0", " ")).split()):
        conditions.append(_matching(work, text))
    return conditions


def _matching(work: Work, text: str) -> ColumnElement[bool]:
    """Every word in the name of person or unit, or in the number; or the whole is a number that
    somebody is known by, however it was typed."""
    words = text.split()[:_WORDS]
    named = and_(*(or_(*(_holds(each, word) for each in _columns(word))) for word in words))
    # Looked for once, by themselves: an index holds the names and no more. What very many have is
    # found on the way instead, as the list is read in its order.
    found = {*work.session.scalars(select(Filing.id).where(named).limit(COUNTED + 1))}
    known: set[int] = set()
    if code := comparable(text):
        digest = work.store.keys.digest("number", code)
        query = select(Lookup.filing_id).where(Lookup.kind == "number", Lookup.digest == digest)
        known = {*work.session.scalars(query.limit(COUNTED))}
    if len(found) <= COUNTED:
        return Filing.id.in_(found | known)
    return named | Filing.id.in_(known) if known else named


def _holds(column: InstrumentedAttribute[Any], word: str) -> ColumnElement[bool]:
    """Chinese has no case: folding it would double what a search costs."""
    is_cased = word.lower() != word.upper()
    return (column.icontains if is_cased else column.contains)(word, autoescape=True)


def _columns(word: str) -> tuple[InstrumentedAttribute[Any], ...]:
    """Where a word may stand. Numbers of filings are digits and dashes."""
    names = (Filing.person_name, Filing.unit_name)
    return (*names, Filing.number) if set(word) <= _DIGITS else names


# Where a page ends: the texts that are compared, as the database keeps them.


def _key(order: Sorting) -> Sequence[ColumnElement[str] | ColumnElement[int]]:
    if order is Sorting.CHANGED:
        return type_coerce(Filing.changed, String), Filing.id.expression
    due = func.coalesce(type_coerce(Filing.due, String), _NEVER)
    came = func.coalesce(type_coerce(Filing.came, String), "")
    return due, came, Filing.id.expression


def _mark(order: Sorting, last: Filing) -> str:
    if order is Sorting.CHANGED:
        return f"{iso(last.changed)}~{last.id}"
    due = last.due.isoformat() if last.due else _NEVER
    return f"{due}~{iso(last.came) if last.came else ''}~{last.id}"


def _beyond(
    order: Sorting, key: Sequence[ColumnElement[str] | ColumnElement[int]], after: str
) -> ColumnElement[bool]:
    *texts, id = after.split("~")
    if len(texts) != len(key) - 1 or not (id.isascii() and id.isdigit() and len(id) < 19):
        raise Invalid("没有这一页，请从头看起。")
    mark = (*texts, int(id))
    if order is Sorting.CHANGED:
        return tuple_(*key) < mark
    return tuple_(*key) > mark
