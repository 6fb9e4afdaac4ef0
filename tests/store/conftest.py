"""A store on each database that it runs on."""

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from formsvc.config import Settings
from formsvc.store.store import Store
from formsvc.web import create_app
from formsvc.web.accounts import security

from . import postgres
from .browsing import Desks
from .served import served
from .world import Clock, World, jiangxi


@pytest.fixture(scope="session", autouse=True)
def password_cost():
    """What a password costs outside; here, where hundreds of people sign in, next to nothing."""
    outside = security.HASHING
    with pytest.MonkeyPatch.context() as patched:
        cost = {"argon2__time_cost": 1, "argon2__memory_cost": 64, "argon2__parallelism": 1}
        patched.setattr(security, "HASHING", cost)
        yield outside


@pytest.fixture(scope="session")
def cluster():
    with postgres.server() as address:
        yield address


@dataclass(frozen=True)
class Origin:
    """A store that nobody has open: what tests begin with is a copy of it."""

    settings: Settings
    now: datetime
    offices: dict[str, int]
    people: dict[str, int]

    def copy(self, to: Path) -> "Origin":
        shutil.copytree(self.settings.data, to)
        made = replace(self.settings, data=to)
        if made.database:
            made = replace(made, database=postgres.copy(made.database))
        return replace(self, settings=made)


@pytest.fixture(scope="session")
def origins(request, tmp_path_factory) -> Callable[[str, bool], Origin]:
    """A new store on "sqlite" or "postgresql", with a world in it or not: made once."""

    @cache
    def made(kind: str, peopled: bool) -> Origin:
        settings = Settings(data=tmp_path_factory.mktemp("origin") / "data")
        if kind == "postgresql":
            settings = replace(
                settings, database=postgres.database(request.getfixturevalue("cluster"))
            )
        clock = Clock()
        with closing(Store.open(settings, clock)) as opened:
            world = jiangxi(opened) if peopled else World(opened)
        return Origin(settings, clock.now, world.offices, world.people)

    return made


def pytest_generate_tests(metafunc):
    """On each database; a module whose claims no database can change names one, DATABASES."""
    own = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if "origin" in metafunc.fixturenames and "origin" not in own:
        kinds = getattr(metafunc.module, "DATABASES", ("sqlite", "postgresql"))
        metafunc.parametrize("origin", kinds, indirect=True)


@pytest.fixture
def origin(request, origins, tmp_path) -> Origin:
    return origins(request.param, "world" in request.fixturenames).copy(tmp_path / "data")


@pytest.fixture
def settings(origin) -> Settings:
    return origin.settings


@pytest.fixture
def clock(origin) -> Clock:
    return Clock(origin.now)


@pytest.fixture
def store(settings, clock):
    with closing(Store.open(settings, clock)) as opened:
        yield opened


@pytest.fixture
def world(store, origin) -> World:
    return World(store, dict(origin.offices), dict(origin.people))


@pytest.fixture
def desks(store, settings, world):
    """The pages over the store; `desks.of("单位")` is that person's browser."""
    app = create_app(settings)
    app.extensions["formsvc-store"].engine.dispose()
    app.extensions["formsvc-store"] = store
    return Desks(app, world)


@pytest.fixture
def web(world):
    with served(world) as made:
        yield made
