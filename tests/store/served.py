"""The store through the real application, as somebody who signed in: one place for all tests."""

import contextlib
from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from formsvc.store.access import Actor
from formsvc.web import create_app

from .world import World

BASE = "/api/v1"
SUBMISSIONS = f"{BASE}/submissions"
OURS = {"X-Requested-With": "test"}


@dataclass
class Served:
    """An application over a world's store. `as_` says who asks from here on."""

    world: World
    app: Flask
    who: Actor | None = None

    def as_(self, who: Actor | str | None) -> "Served":
        self.who = self.world.actor(who) if isinstance(who, str) else who
        return self

    def request(self, method: str, path: str, **given: Any) -> TestResponse:
        headers = {**OURS, **given.pop("headers", {})}
        path = path if path.startswith("/") else f"{SUBMISSIONS}/{path}"
        return self.app.test_client().open(
            path, method=method, headers=headers, buffered=True, **given
        )

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
    app.extensions["formsvc-store"] = world.store
    made = Served(world, app)
    app.extensions["formsvc-actor"] = lambda: made.who
    app.testing = True
    yield made
