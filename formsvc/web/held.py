"""What the application holds from its start on."""

from typing import TYPE_CHECKING

from flask import current_app, g, request
from werkzeug.exceptions import NotFound, Unauthorized

from formsvc.bulk.batch import Loaded, loaded
from formsvc.catalogue import Catalogue
from formsvc.config import Settings
from formsvc.forms import Form
from formsvc.web.runs.runs import Runs
from formsvc.writing.notation import today

if TYPE_CHECKING:  # a service without a store loads no database
    from formsvc.store.access import Actor
    from formsvc.store.queue import Jobs
    from formsvc.store.store import Store


def runs() -> Runs:
    """The background runs."""
    held: Runs = current_app.extensions["formsvc-runs"]
    return held


def settings() -> Settings:
    """What the operator set."""
    held: Settings = current_app.extensions["formsvc-settings"]
    return held


def jobs() -> "Jobs":
    """The background of the store. NotFound where nothing is kept."""
    held: Jobs | None = current_app.extensions["formsvc-jobs"]
    if held is None:
        raise NotFound
    return held


def secure() -> bool:
    """Whether cookies are for TLS alone: the browser came over it, or the operator says so."""
    return request.is_secure or settings().secure_cookies


def forms() -> Loaded:
    """The forms and what compares them."""
    return loaded(settings().shelves, settings().press)


def catalogue() -> Catalogue:
    """The forms that this application serves."""
    return forms()[0]


def form_or_404(name: str) -> Form:
    """A form in the edition of today."""
    form = catalogue().in_force(name, today())
    if form is None:
        raise NotFound
    return form


def remembers() -> bool:
    """Whether this service has a store; without one, its pages and routes are not there."""
    return current_app.extensions["formsvc-store"] is not None


def store() -> "Store":
    """What people handed in. NotFound where nothing is kept."""
    held: Store | None = current_app.extensions["formsvc-store"]
    if held is None:
        raise NotFound
    return held


def issuers() -> tuple[bytes, ...]:
    """The public keys of this service's receipts."""
    return (store().keys.public_key,) if remembers() else ()


def actor() -> "Actor | None":
    """Who is asking, by session or token; None for nobody. Found once a request."""
    if "actor" not in g:
        g.actor = current_app.extensions["formsvc-actor"]() if remembers() else None
    found: Actor | None = g.actor
    return found


def signed_in() -> "Actor":
    """Who is asking. Unauthorized for nobody: a page then leads to where one signs in."""
    found = actor()
    if found is None:
        raise Unauthorized
    return found
