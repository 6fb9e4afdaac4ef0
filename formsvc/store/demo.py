"""A store to look around in: offices and people of every programme, and submissions made from the
samples of its forms in all states, over some years, by the very verbs that people use."""

import heapq
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select

from formsvc import submissions
from formsvc.checks import formats, stages
from formsvc.forms import Form, OfficeKind, Programme
from formsvc.forms.form import APPLICANT
from formsvc.pointers import get, set_
from formsvc.store import drafts, life, offices, people
from formsvc.store.access import Actor, Role
from formsvc.store.errors import Invalid, NotReady, Refused, StoreError
from formsvc.store.life import Opinion, State
from formsvc.store.models import Event, Filing, Office, Person
from formsvc.store.store import Store, Work

REAL: Final = 300  # submissions by real verbs; more are made after their likeness
Progress = Callable[[int], None]

_EACH: Final = 2  # offices of a kind under each one above
_UNITS: Final = 3  # of those that nobody stands under
_ORDINALS: Final = "一二三四五六七八九十"
_FAMILY: Final = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
_GIVEN: Final = (
    "文博", "思远", "若兰", "子涵", "明轩", "雨桐", "嘉禾", "知行", "景行", "云舒", "晓东", "致远",
    "清扬", "修竹", "安然", "长青", "砚秋", "望舒", "怀瑾", "书白", "见山", "听澜", "牧之",
)  # fmt: skip
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_WORDS: Final = ("同意。", "情况属实，同意上报。", "经审核，符合规定。", "")
_WRONG: Final = ("请补充说明成效。", "附件与所填金额不一致，请核对。", "请写明起止日期。")


class MovedClock:
    """A clock that stands where it was put, and goes on a second with every look."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class Cast:
    """Who plays: offices by programme and kind, and the people of an office by role."""

    offices: dict[tuple[str, str], list[Office]] = field(default_factory=dict)
    people: dict[tuple[int, Role], list[int]] = field(default_factory=dict)
    actors: dict[int, Actor] = field(default_factory=dict)


def fill(store: Store, clock: MovedClock, hashed: str, count: int,
         progress: Progress = lambda _: None) -> Cast:  # fmt: skip
    """Fill an empty store with `count` submissions, or REAL where there are to be more; the same
    every time. All have the password of that hash. Invalid when the store holds anything."""
    with store.writing() as work:
        for table in (Event, Person, Office, Filing):
            if work.session.scalar(select(func.count()).select_from(table)):
                raise Invalid("数据库中已经有内容：演示只能放进空的数据库。")
        made = _people(work, hashed)
    done = 0
    for done in _played(store, clock, made, min(count, REAL)):
        progress(done)
    return made


# offices and people


def _people(work: Work, hashed: str) -> Cast:
    made = Cast()
    for programme in work.store.forms[0].programmes.values():
        for kind in sorted(programme.offices.values(), key=lambda each: _depth(programme, each)):
            _offices(work, programme, kind, made)
    for place in [each for listed in made.offices.values() for each in listed]:
        mail = f"{place.programme}-{place.kind}-{place.id}"
        for role in (Role.MANAGER, Role.CLERK, Role.VIEWER, Role.APPLICANT, Role.APPLICANT):
            known = made.people.setdefault((place.id, role), [])
            person = _person(work, f"{mail}-{role}{len(known) or ''}@demo.example", place.id, role)
            person.password = hashed
            known.append(person.id)
    admin = _person(work, "admin@demo.example", None, Role.ADMIN)
    admin.password = hashed
    work.record("demo-filled", people=admin.id)
    return made


def _depth(programme: Programme, kind: OfficeKind) -> int:
    above = [programme.offices[each] for each in kind.below if each != kind.id]
    return 1 + max((_depth(programme, each) for each in above), default=0)


def _offices(work: Work, programme: Programme, kind: OfficeKind, made: Cast) -> None:
    """One at the top; some under each office of the kinds above; more where nothing is below."""
    listed = made.offices.setdefault((programme.id, kind.id), [])
    if not kind.below:
        listed.append(offices.add(work, programme, kind.id, f"示例{kind.title}", None))
        return
    is_last = not any(kind.id in each.below for each in programme.offices.values())
    many = 1 if kind.sees == "here" else _UNITS if is_last else _EACH
    for above in kind.below:
        for parent in made.offices.get((programme.id, above), ()) if above != kind.id else ():
            for _ in range(many):
                name = f"示例{kind.title}{_ordinal(len(listed))}"
                listed.append(offices.add(work, programme, kind.id, name, parent))


def _ordinal(number: int) -> str:
    tens, ones = divmod(number, 10)
    return ("" if not tens else "十" if tens == 1 else _ORDINALS[tens - 1] + "十") + _ORDINALS[ones]


def _person(work: Work, email: str, office: int | None, role: Role) -> Person:
    number = work.session.scalar(select(func.count()).select_from(Person)) or 0
    return people.enter(work, email, name_of(number), [(office, role)])


def name_of(number: int) -> str:
    """A person's name, another one for 460 numbers."""
    return _FAMILY[number % len(_FAMILY)] + _GIVEN[number % len(_GIVEN)]


# submissions


def varied(form: Form, data: Any, number: int) -> Any:
    """A sample as somebody else's: another name and other ID numbers, the same birth dates."""
    if isinstance(get(data, form.person.pointer), str):
        set_(data, form.person.pointer, name_of(number))
    for leaf in form.leaves:
        for place in leaf.places(data):
            value = get(data, place)
            if isinstance(value, str) and len(value) == 18 and not formats.id_number(value):
                set_(data, place, _code(value, number))
    return data


def _code(code: str, number: int) -> str:
    """Another ID number of the same day and sex: the district and the order of birth differ."""
    order = number % 499 * 2 + int(code[16]) % 2
    body = f"{code[:4]}{number // 499 % 99 + 1:02d}{code[6:14]}{order:03d}"
    total = sum(int(each) * weight for each, weight in zip(body, _WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def _samples(store: Store) -> Iterator[tuple[Form, Any, date]]:
    """(form, sample, a day on which it is in order), form by form in turn."""
    catalogue = store.forms[0]
    found: dict[str, list[tuple[Form, Any, date]]] = {}
    for form in catalogue.editions():
        for path in sorted((form.samples / "valid").glob("*.json")):
            data = submissions.parse(path.read_bytes()).data
            for day in _DAYS:
                known = catalogue.in_force(form.id, day)
                if form is known and catalogue.check_data(data, on=day, form=form.id).report.ok:
                    found.setdefault(form.id, []).append((form, data, day))
    turn = 0
    while any(found.values()):
        turn += 5  # from here and there: the samples and years of a form follow each other
        for listed in found.values():
            if listed:
                yield listed.pop(turn % len(listed))


_DAYS: Final = tuple(date(year, month, 1) for year in range(2023, 2027) for month in (3, 9))


def _played(store: Store, clock: MovedClock, made: Cast, count: int) -> Iterator[int]:
    """All lives side by side, in the order of their days; how many have ended."""
    known = [*_samples(store)]
    acts: list[tuple[datetime, int, Iterator[timedelta]]] = []
    for number in range(count if known else 0):
        form, data, day = known[number % len(known)]
        begins = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
        copy = submissions.parse(submissions.encoded(data)).data
        lived = _life(store, made, form, varied(form, copy, number), number)
        acts.append((begins + timedelta(minutes=number), number, lived))
    heapq.heapify(acts)
    done = 0
    while acts:
        clock.now, number, lived = heapq.heappop(acts)
        pause = next(lived, None)
        if pause is None:
            done += 1
            yield done
        else:
            heapq.heappush(acts, (clock.now + pause, number, lived))


def _life(store: Store, made: Cast, form: Form, data: Any, number: int) -> Iterator[timedelta]:
    """One submission from draft to end, or to where it is to lie; yields the time between."""
    way = stages.way(form, data, store.clock().date())
    where = _owner(store, made, form, way, number) if way else None
    if where is None:
        return
    owner, unit = where
    with store.writing(owner) as work:
        filing = drafts.begin(work, form, data, unit.id)
        work.session.flush()
        id = filing.id
    yield timedelta(minutes=7)
    ends = number % 12
    if ends == 0 or not _hand_in(store, owner, id):
        return
    if ends == 1:
        with store.writing(owner) as work:
            life.withdraw(work, id, life.find(work, id).revision)
        return
    steps = number % 5 if ends in (2, 3) else len(way)
    for step in range(steps):
        yield timedelta(days=1 + (number + step) % 6, minutes=step)
        if ends in (4, 5, 6) and step == (number % 2):
            _judged(store, made, id, ends, number)
            if ends != 6:
                return
            yield timedelta(days=2)
            with suppress(NotReady), store.writing(owner) as work:
                life.hand_in(work, id, life.find(work, id).revision)
        else:
            _judged(store, made, id, 0, number)


def _owner(
    store: Store, made: Cast, form: Form, way: tuple[Any, ...], number: int
) -> tuple[Actor, Office] | None:
    """Somebody who may hand it in, in an office above which each of its stages is done."""
    programme, first = form.programme, way[0].offices
    kinds = [kind for kind in programme.offices if kind in first]
    role = Role.MANAGER
    if APPLICANT in first:
        kinds = _lowest(programme)
        role = Role.APPLICANT
    fitting = [each for kind in kinds for each in made.offices[programme.id, kind]]
    with store.reading() as work:
        for turn in range(len(fitting)):
            office = fitting[(number + turn) % len(fitting)]
            with suppress(Refused):
                for stage in way[1:]:
                    offices.responsible(work.session, office, stage, programme)
                who = made.people[office.id, role]
                return _actor(store, made, who[number % len(who)]), office
    return None


def _lowest(programme: Programme) -> list[str]:
    """The kinds that people belong to: nothing stands under them."""
    above = {each for kind in programme.offices.values() for each in kind.below}
    return [kind.id for kind in programme.offices.values()
            if kind.id not in above and kind.below and kind.sees != "here"]  # fmt: skip


def _hand_in(store: Store, owner: Actor, id: int) -> bool:
    try:
        with store.writing(owner) as work:
            life.hand_in(work, id, life.find(work, id).revision)
    except StoreError:
        return False  # it stays a draft: somebody else's says the same
    return True


def _judged(store: Store, made: Cast, id: int, how: int, number: int) -> None:
    """What the office does where it lies: pass on, send back (4, 6) or refuse (5)."""
    with store.reading() as work:
        filing = work.session.get_one(Filing, id)
        if filing.state != State.OPEN or filing.holder_id is None:
            return
        role = Role.MANAGER if number % 2 else Role.CLERK
        who = _actor(store, made, made.people[filing.holder_id, role][0])
    with store.writing(who) as work:
        filing = life.find(work, id)
        version = life.current(filing)
        if how in (4, 6):
            until = work.today + timedelta(days=14)
            said = Opinion(version.digest, _WRONG[number % len(_WRONG)])
            life.give_back(work, id, filing.revision, said, until)
        elif how:
            life.refuse(work, id, filing.revision, Opinion(version.digest, "不符合申报条件。"))
        else:
            said = Opinion(version.digest, _WORDS[number % len(_WORDS)])
            life.pass_on(work, id, filing.revision, said)


def _actor(store: Store, made: Cast, person: int) -> Actor:
    if person not in made.actors:
        with store.reading() as work:
            found = store.actor(work.session, person)
        if found is None:
            raise Invalid("演示中的人不在了。")
        made.actors[person] = found
    return made.actors[person]
