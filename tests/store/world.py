"""A small world to test a store in: offices, people, and submissions that are in order."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from formsvc.store import drafts, life, offices, people
from formsvc.store.access import Actor, Role
from formsvc.store.life import Opinion
from formsvc.store.models import Filing, Office
from formsvc.store.store import Store

from ..conftest import valid_samples

# The samples were made for this day.
BEGINNING = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)
SUMMARY = "jiangxi-training-summary"


class Clock:
    """A clock that goes on a second with every look, and can be moved."""

    def __init__(self, now: datetime = BEGINNING) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def submission(form: str = SUMMARY, **changed) -> dict:
    """A valid sample of a form; `changed` replaces fields, named `person__name`."""
    data = json.loads(valid_samples(form)[0].read_bytes())
    for name, value in changed.items():
        *path, last = name.split("__")
        place = data
        for part in path:
            place = place[part]
        place[last] = value
    return data


@dataclass
class World:
    """A store with Jiangxi's offices: `people` by a short name."""

    store: Store
    offices: dict[str, int] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)

    def office(self, name: str, kind: str, above: str = "", programme: str = "jiangxi") -> int:
        with self.store.writing() as work:
            parent = work.session.get(Office, self.offices[above]) if above else None
            known = self.store.forms[0].programmes[programme]
            self.offices[name] = offices.add(work, known, kind, name, parent).id
        return self.offices[name]

    def person(self, name: str, *roles: tuple[str, Role] | Role) -> Actor:
        """Somebody with roles: (office, role), or ADMIN."""
        with self.store.writing() as work:
            places = [(None, role) if isinstance(role, Role) else
                      (self.offices[role[0]], Role(role[1])) for role in roles]  # fmt: skip
            self.people[name] = people.enter(work, f"{name}@example.cn", name, places).id
        return self.actor(name)

    def actor(self, name: str) -> Actor:
        with self.store.reading() as work:
            found = self.store.actor(work.session, self.people[name])
            assert found is not None
            return found

    def draft(self, actor: Actor, unit: str, data: dict | None = None) -> tuple[int, int]:
        """(id, revision) of a new draft."""
        data = submission() if data is None else data
        with self.store.writing(actor) as work:
            form = self.store.forms[0].in_force(data["form"], work.today)
            made = drafts.begin(work, form, data, self.offices[unit])
            work.session.flush()
            return made.id, made.revision

    def hand_in_draft(self, id: int) -> None:
        """Hand in what its owner has there."""
        filing = self.filing(id)
        with self.store.reading() as work:
            owner = self.store.actor(work.session, filing.owner_id)
            assert owner is not None
        with self.store.writing(owner) as work:
            life.hand_in(work, id, filing.revision)

    def handed_in(self, actor: Actor, unit: str, data: dict | None = None) -> int:
        id, revision = self.draft(actor, unit, data)
        with self.store.writing(actor) as work:
            life.hand_in(work, id, revision)
        return id

    def filing(self, id: int) -> Filing:
        with self.store.reading() as work:
            found = work.session.get_one(Filing, id)
            work.session.refresh(found, ["versions", "passages", "holder", "office"])
            return found

    def passed(self, actor: Actor, id: int, words: str = "同意") -> Filing:
        with self.store.writing(actor) as work:
            filing = life.find(work, id)
            opinion = Opinion(life.current(filing).digest, words)
            return life.pass_on(work, id, filing.revision, opinion)


def jiangxi(store: Store) -> World:
    """The offices of Jiangxi, and somebody in each."""
    world = World(store)
    world.office("省人社厅", "province")
    world.office("省财政厅", "finance")
    world.office("省教育厅", "department", "省人社厅")
    world.office("南昌市人社局", "city", "省人社厅")
    world.office("江西某大学", "unit", "省教育厅")
    world.office("南昌某厂", "unit", "南昌市人社局")
    world.person("申报人", ("江西某大学", Role.APPLICANT))
    world.person("单位", ("江西某大学", Role.MANAGER))
    world.person("部门", ("省教育厅", Role.CLERK))
    world.person("省厅", ("省人社厅", Role.CLERK))
    world.person("财政", ("省财政厅", Role.CLERK))
    world.person("管理员", Role.ADMIN)
    return world
