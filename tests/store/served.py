"""The store through the real application, as somebody who signed in: one place for all tests."""

import contextlib
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from formsvc.store.access import Actor
from formsvc.web import create_app

from .signing import Doors
from .world import World

BASE = "/api/v1"
SUBMISSIONS = f"{BASE}/submissions"
OURS = {"X-Requested-With": "test"}


@dataclass
class Served:
    """An application over a world's store. `as_` says who asks from here on.

    The interface is asked with a token of theirs, or, `by_session`, as a page of ours asks it;
    pages are always asked by a browser in which they signed in.
    """

    world: World
    app: Flask
    who: Actor | None = None
    by_session: bool = False
    doors: Doors = field(init=False)

    def __post_init__(self) -> None:
        self.doors = Doors(self.app, self.world.store)

    def as_(self, who: Actor | str | None) -> "Served":
        self.who = self.world.actor(who) if isinstance(who, str) else who
        return self

    def request(self, method: str, path: str, **given: Any) -> TestResponse:
        path = path if path.startswith("/") else f"{SUBMISSIONS}/{path}"
        by_token = path.startswith("/api/") and not self.by_session
        person = None if self.who is None else self.who.person
        headers = {**OURS, **given.pop("headers", {})}
        if by_token and self.who is not None:
            headers.setdefault("Authorization", f"Bearer {self.doors.token(self.who)}")
        client = self.doors.browser(None if by_token else person)
        return client.open(path, method=method, headers=headers, buffered=True, **given)

    def get(self, path: str, **given: Any) -> TestResponse:
        return self.request("GET", path, **given)

    def post(self, path: str, match: object = None, **given: Any) -> TestResponse:
        if match is not None:
            given["headers"] = {"If-Match": f'"{match}"', **given.get("headers", {})}
        return self.request("POST", path, **given)


@contextlib.contextmanager
def served(world: World):
    """The application, with the world's own store and clock."""
    app = create_app(world.store.settings)
    app.extensions["formsvc-store"].engine.dispose()
    app.extensions["formsvc-store"] = app.extensions["formsvc-jobs"].store = world.store
    app.testing = True
    yield Served(world, app)
