"""People in front of the store's pages, through Flask's test client."""

import re
from dataclasses import dataclass

from flask import Flask

from formsvc.web.desks import entries

from .signing import Doors


class Desks:
    """The application, and the people of the world at their browsers."""

    def __init__(self, app: Flask, world) -> None:
        self.app, self.world = app, world
        self.doors = Doors(app, world.store)

    def of(self, name: str) -> "Visitor":
        """The browser of a person, signed in; "" for one that is not."""
        return Visitor(name, self.doors.browser(self.world.people[name] if name else None))


@dataclass
class Visitor:
    """A browser: pages as texts."""

    name: str
    client: object
    page: str = ""
    status: int = 0
    path: str = ""
    query: str = ""

    def get(self, path: str) -> str:
        return self._took(self.client.get(path, follow_redirects=True))

    def post(self, path: str, fields: dict, *, of: str = "") -> str:
        """Post fields, with the token of the page that is open, or of the page `of`."""
        if of:
            self.get(of)
        sent = {"token": self.hidden("token"), **fields}
        return self._took(self.client.post(path, data=sent, follow_redirects=True))

    def hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page)
        return found[1] if found else ""

    def decide(self, id: int, verb: str, **fields) -> str:
        """Press a button on the page of a filing."""
        self.get(f"/filings/{id}")
        kept = {name: self.hidden(name) for name in ("revision", "digest")}
        return self.post(f"/filings/{id}/{verb}", {**kept, **fields})

    def saved(self, form, data: dict, **fields) -> str:
        """Save the form page, with what is open on it."""
        kept = {name: self.hidden(name) for name in ("filing", "revision", "unit")}
        typed = entries.entered(form, data)
        return self.post(f"/forms/{form.id}/save", {**typed, **kept, **fields})

    def _took(self, answer) -> str:
        self.page, self.status, self.path = answer.text, answer.status_code, answer.request.path
        self.query = answer.request.query_string.decode()
        return self.page
