"""Very many submissions, to measure with: each after the likeness of one that really went its way.

Their contents are sealed, their events stand in the chain, and an audit holds for them; only the
order of their times is not that of a real life. They are written some hundred a transaction.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final, cast

from sqlalchemy import Table, func, insert, select
from sqlalchemy.orm import Session, selectinload

from formsvc import submissions
from formsvc.documents.proof.marks import canonical, digest
from formsvc.forms import Form
from formsvc.store import contents, filed, life, standing
from formsvc.store.demo import varied
from formsvc.store.events import Happened
from formsvc.store.models import Counter, Event, Filing, Lookup, Passage, Version
from formsvc.store.store import Store, Work

_BATCH: Final = 500
_DAYS: Final = 200  # that a likeness lies before its model

Row = dict[str, Any]


@dataclass(frozen=True)
class Model:
    """One that really went its way, with all that is opened of it."""

    form: Form
    filing: Filing
    draft: bytes | None
    contents: list[bytes]
    reports: list[bytes]
    opinions: dict[int, bytes]
    events: list[Event]


@dataclass
class Rows:
    """What a transaction writes."""

    filings: list[Row]
    versions: list[Row]
    passages: list[Row]
    lookups: list[Row]
    happened: list[Happened]


def grow(store: Store, count: int, progress: Callable[[int], None] = lambda _: None) -> None:
    """Add likenesses until there are `count` filings."""
    with store.reading() as work:
        there = work.session.scalar(select(func.count()).select_from(Filing)) or 0
        models = _models(work) if there < count else []
    if not models:
        return
    number = there
    while number < count:
        with store.writing() as work:
            number = _batch(work, models, number, min(_BATCH, count - number))
        progress(number)


def _models(work: Work) -> list[Model]:
    keys = work.store.keys
    loads = selectinload(Filing.versions), selectinload(Filing.passages)
    found = []
    for filing in work.session.scalars(select(Filing).order_by(Filing.id).options(*loads)):
        if not filing.version:
            continue
        listed = select(Event).where(Event.filing_id == filing.id).order_by(Event.number)
        found.append(Model(
            life.form_of(work, filing, filing.edition), filing,
            keys.unseal(filing.sealed, f"draft/{filing.id}") if filing.sealed else None,
            [contents.raw(keys, each) or b"" for each in filing.versions],
            [keys.unseal(each.sealed_report or b"", f"report/{filing.id}/{each.number}")
             for each in filing.versions],
            {each.id: keys.unseal(each.sealed, f"passage/{each.id}")
             for each in filing.passages if each.sealed},
            [*work.session.scalars(listed)],
        ))  # fmt: skip
    return found


def _batch(work: Work, models: list[Model], done: int, count: int) -> int:
    session = work.session
    filing, version, passage = (
        session.scalar(select(func.max(table.id))) or 0 for table in (Filing, Version, Passage)
    )
    made = Rows([], [], [], [], [])
    for number in range(done, done + count):
        filing += 1
        model = models[number % len(models)]
        _likeness(work, model, number, (filing, version, passage), made)
        version, passage = made.versions[-1]["id"], made.passages[-1]["id"]
    for table, rows in ((Filing, made.filings), (Version, made.versions),
                        (Passage, made.passages), (Lookup, made.lookups)):  # fmt: skip
        if rows:
            # As plain rows: the mapper would begin each one's revisions anew.
            session.execute(insert(cast(Table, table.__table__)), rows)
    work.happened += made.happened
    _numbering(session)
    return done + count


def _likeness(
    work: Work, model: Model, number: int, last: tuple[int, int, int], made: Rows
) -> None:
    keys, like = work.store.keys, model.filing
    id, version, passage = last
    back = timedelta(days=number % _DAYS, minutes=number % 600)
    filing = _shifted(like, back) | {"id": id, "number": _number(work, like, back)}
    digests: dict[str, str] = {}
    versions, data = [], None
    for each, content, report in zip(like.versions, model.contents, model.reports, strict=True):
        data = varied(model.form, submissions.parse(content).data, number)
        digests[each.digest] = digest(data).hex()
        place = f"{id}/{each.number}"
        versions.append(_shifted(each, back) | {
            "id": version + each.number, "filing_id": id, "digest": digests[each.digest],
            "sealed": keys.seal(canonical(data), f"version/{place}"),
            "sealed_report": keys.seal(report, f"report/{place}"),
        })  # fmt: skip
    shown = Filing()
    filed.describe(shown, model.form, data)
    filing |= {"person_name": shown.person_name, "unit_name": shown.unit_name,
               "title": shown.title, "sealed": None}  # fmt: skip
    if model.draft is not None:
        filing["sealed"] = keys.seal(canonical(data), f"draft/{id}")
    passages = []
    for at, stay in enumerate(like.passages, passage + 1):
        said = model.opinions.get(stay.id)
        passages.append(_shifted(stay, back) | {
            "id": at, "filing_id": id, "digest": digests.get(stay.digest, ""),
            "sealed": keys.seal(said, f"passage/{at}") if said is not None else None,
        })  # fmt: skip
    made.filings.append(filing)
    made.versions += versions
    made.passages += passages
    made.lookups += [
        {"filing_id": id, "kind": "number", "digest": keys.digest("number", code)}
        for code in dict.fromkeys(contents.numbers(model.form, data))
    ]
    _history(work, model, back, digests, filing, versions, passages, made)


def _history(
    work: Work, model: Model, back: timedelta, digests: dict[str, str], filing: Row,
    versions: list[Row], passages: list[Row], made: Rows,
) -> None:  # fmt: skip
    """The model's events as those of the likeness, the last one with how it stands."""
    as_rows = SimpleNamespace(
        **filing | {"versions": [SimpleNamespace(**each) for each in versions],
                    "passages": [SimpleNamespace(**each) for each in passages]}
    )  # fmt: skip
    stands = str(standing.of(work.store.keys, cast(Filing, as_rows)))
    happened = []
    for each in model.events:
        details = json.loads(each.details)
        for name in (standing.DETAIL, *standing.FOUND_BY):  # of other rows
            details.pop(name, None)
        if "digest" in details:
            details["digest"] = digests.get(details["digest"], "")
        happened.append(Happened(each.kind, each.at - back, each.person_id, each.office_id,
                                 filing["id"], details))  # fmt: skip
    cast(dict[str, Any], happened[-1].details)[standing.DETAIL] = stands
    made.happened += happened


def _shifted(row: object, back: timedelta) -> Row:
    """A row's columns, its times and days earlier."""
    found: Row = {}
    for column in row.__table__.columns:  # type: ignore[attr-defined]  # a mapped object
        value = getattr(row, column.name)
        if isinstance(value, datetime):
            value -= back
        elif isinstance(value, date):
            value -= timedelta(days=back.days)
        found[column.name] = value
    return found


def _number(work: Work, like: Filing, back: timedelta) -> str:
    year = ((like.handed or like.created) - back).year
    name = f"filing-{year}"
    counter = work.session.get(Counter, name) or Counter(name=name, value=0)
    work.session.add(counter)
    counter.value += 1
    return filed.number_of(year, counter.value)


def _numbering(session: Session) -> None:
    """PostgreSQL goes on numbering after the rows whose ids were given here."""
    if session.get_bind().dialect.name == "postgresql":
        for table in (Filing, Version, Passage):
            name = table.__tablename__
            highest = session.scalar(select(func.max(table.id)))
            session.execute(select(func.setval(func.pg_get_serial_sequence(name, "id"), highest)))
