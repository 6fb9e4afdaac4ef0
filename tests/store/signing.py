"""People who sign in, by Flask's test client: with a password at the page, or with a token."""

import re
from dataclasses import replace

from flask_security import hash_password

from formsvc.store import tokens
from formsvc.store.access import Actor, Scope
from formsvc.store.models import Event, Person

PASSWORD = "a sentence of some length"


class Visitor:
    """Somebody in front of the service; what was answered last is in `page` and `status`."""

    def __init__(self, app) -> None:
        self.app = app
        self.client = app.test_client()
        self.page, self.status, self.path = "", 0, ""
        self.headers = {}

    def get(self, address: str, follow: bool = True, **more):
        return self._keep(self.client.get(address, follow_redirects=follow, **more))

    def post(self, address: str, follow: bool = True, **fields):
        found = re.search(r'name="token" value="([^"]+)"', self.page)
        if found is None:
            self.get("/account/login")
            found = re.search(r'name="token" value="([^"]+)"', self.page)
        if found is not None:
            fields = {"token": found[1], **fields}
        return self._keep(self.client.post(address, data=fields, follow_redirects=follow))

    def sign_in(self, email: str, password: str = PASSWORD, onward: str = ""):
        self.get("/account/login")
        return self.post("/account/login", email=email, password=password, next=onward)

    @property
    def is_in(self) -> bool:
        return self.client.get("/account/").status_code == 200

    @property
    def secret(self) -> str:
        return re.search(r'id="secret">([^<]+)<', self.page)[1].replace("&amp;", "&")

    def _keep(self, answer):
        self.page, self.status = answer.text, answer.status_code
        self.path, self.headers = answer.request.path, answer.headers
        return answer


def events(store, *, of: int | None = None) -> list[str]:
    """The kinds of what happened, in order."""
    with store.reading() as work:
        found = work.session.query(Event).order_by(Event.number)
        return [each.kind for each in found if of is None or each.person_id == of]


def with_password(app, store, id: int, password: str = PASSWORD) -> str:
    """Give somebody a password, and an address that can be typed; the address."""
    with app.test_request_context(), store.writing() as work:
        person = work.session.get_one(Person, id)
        person.password = hash_password(password)
        person.email = f"person{id}@example.cn"
        return person.email


SESSION = "formsvc_session"
CSRF = "c" * 43  # what a browser of ours holds, and sends with what it posts


class Doors:
    """The two ways into an application, for the people of its store: each is gone once, and kept.

    A session is had by the login page; a token is one that the person made.
    """

    def __init__(self, app, store) -> None:
        self.app, self.store = app, store
        self._hash = ""
        self._sessions: dict[int, str] = {}
        self._tokens: dict[tuple[int, frozenset[Scope]], str] = {}

    def browser(self, person: int | None):
        """A browser in which somebody is signed in; None for nobody."""
        client = self.app.test_client()
        client.set_cookie("formsvc_token", CSRF)
        if person is not None:
            client.set_cookie(SESSION, self.session(person))
        return client

    def session(self, person: int) -> str:
        """The cookie of somebody who signed in."""
        if person not in self._sessions:
            client = self.browser(None)
            sent = {"token": CSRF, "email": self.admitted(person), "password": PASSWORD}
            answer = client.post("/account/login", data=sent)
            assert answer.status_code == 302, answer.text
            self._sessions[person] = client.get_cookie(SESSION).value
        return self._sessions[person]

    def token(self, actor: Actor) -> str:
        """A token of somebody's, with their scopes."""
        key = actor.person, actor.scopes
        if key not in self._tokens:
            with self.store.writing(replace(actor, scopes=frozenset(Scope))) as work:
                self._tokens[key] = tokens.make(work, "测试", actor.scopes, tokens.LONGEST_DAYS)
        return self._tokens[key]

    def admitted(self, person: int) -> str:
        """The address of somebody who has a password now."""
        if not self._hash:
            with self.app.test_request_context():
                self._hash = hash_password(PASSWORD)
        with self.store.writing() as work:
            found = work.session.get_one(Person, person)
            found.password, found.email = self._hash, f"person{person}@example.cn"
            return found.email
