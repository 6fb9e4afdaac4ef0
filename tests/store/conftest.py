"""A store on each database that it runs on."""

from dataclasses import replace

import pytest

from formsvc.config import Settings
from formsvc.store.store import Store
from formsvc.web import create_app

from . import postgres
from .browsing import Desks
from .served import served
from .world import Clock, World, jiangxi


@pytest.fixture(scope="session")
def cluster():
    with postgres.server() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request, tmp_path) -> Settings:
    made = Settings(data=tmp_path / "data")
    if request.param == "postgresql":
        address = postgres.database(request.getfixturevalue("cluster"))
        made = replace(made, database=address)
    return made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(settings, clock):
    opened = Store.open(settings, clock)
    yield opened
    opened.close()


@pytest.fixture
def world(store) -> World:
    return jiangxi(store)


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
