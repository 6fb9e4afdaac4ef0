"""A store on each database that it runs on."""

from dataclasses import replace

import pytest

from formsvc.config import Settings
from formsvc.store.store import Store

from . import postgres
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
    opened.engine.dispose()


@pytest.fixture
def world(store) -> World:
    return jiangxi(store)


@pytest.fixture
def web(world):
    with served(world) as made:
        yield made
