"""A browser at the pages of accounts, without one: Flask's test client, with the forms' tokens."""

import re

from flask_security import hash_password

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
