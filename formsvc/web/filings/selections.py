"""Which filings somebody chose: one by one, or all that a list shows."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, select

from formsvc.store import access, search
from formsvc.store.errors import Invalid
from formsvc.store.life import State
from formsvc.store.models import Filing
from formsvc.store.store import Work

MOST: Final = 20_000
Where = Literal["waiting", "seen", "own"]
"""With the actor's offices to be worked on; all that the actor sees; the actor's own."""
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Selection:
    """A list as it was narrowed."""

    where: Where = "waiting"
    query: str = ""
    state: str = ""
    form: str = ""
    office: int | None = None

    def condition(self, work: Work) -> ColumnElement[bool]:
        """The filings that this actor's list holds."""
        match self.where:
            case "waiting":
                return access.waiting(work.actor)
            case "own":
                return Filing.owner_id == work.actor.person
            case _:
                return access.visible(work.actor)


def filings(work: Work, chosen: Selection) -> Iterator[Filing]:
    """All of a list, in its order. Raises Invalid for too many."""
    after: str | None = None
    count = 0
    while after != "":
        page = search.listed(
            work, where=chosen.condition(work), query=chosen.query, state=chosen.state or None,
            form=chosen.form or None, office=chosen.office, after=after, limit=search.MOST,
        )  # fmt: skip
        count += len(page.filings)
        if count > MOST:
            raise Invalid(f"一次最多 {MOST:,} 份，请缩小范围。")
        yield from page.filings
        after = page.after


def ids(work: Work, chosen: Selection) -> list[int]:
    """Those of a list that were handed in."""
    return [filing.id for filing in filings(work, chosen) if filing.version]


def known(work: Work, given: Sequence[int]) -> list[int]:
    """Those of the given that the actor sees and that were handed in, in their order."""
    if len(given) > MOST:
        raise Invalid(f"一次最多 {MOST:,} 份，请缩小范围。")
    there: set[int] = set()
    for at in range(0, len(given), _AT_ONCE):
        some = Filing.id.in_(given[at : at + _AT_ONCE])
        query = select(Filing.id).where(some, Filing.version > 0, access.visible(work.actor))
        there |= set(work.session.scalars(query))
    return [id for id in dict.fromkeys(given) if id in there]


def listing(work: Work, chosen: Selection) -> Iterator[Sequence[object]]:
    """A row of a table for each filing of a list."""
    catalogue = work.store.forms[0]
    for filing in filings(work, chosen):
        form = catalogue.in_force(filing.form, work.today)
        handed, due = filing.handed, filing.due
        yield (
            filing.number or "", filing.person_name, filing.unit_name,
            form.title if form else filing.form, State(filing.state).label,
            filing.holder.name if filing.holder else "",
            handed.date().isoformat() if handed else "", due.isoformat() if due else "",
            None if filing.amount is None else filing.amount / 100,
        )  # fmt: skip


def plain(chosen: Selection) -> dict[str, Any]:
    """The selection as JSON keeps it."""
    return asdict(chosen)
