"""What an application with a store has beside the open desks: accounts, filings, jobs."""

from flask import Flask
from flask_smorest import Api

from formsvc.config import Settings
from formsvc.store import people
from formsvc.store.daily import Ticker
from formsvc.store.mailing import Mailer, Post
from formsvc.store.queue import Jobs
from formsvc.store.store import Store
from formsvc.web.accounts import installing as accounts
from formsvc.web.api import filings as interface
from formsvc.web.api.jobs import jobs
from formsvc.web.api.materials import materials
from formsvc.web.filings import jobs as products
from formsvc.web.filings import known, resuming
from formsvc.web.filings.materials import goods
from formsvc.web.filings.routes import filings
from formsvc.web.filings.work import performers


def install(app: Flask, described: Api, settings: Settings) -> None:
    """Open the store and put its pages and routes into an application. Raises ConfigError."""
    store = Store.open(settings)
    app.extensions["formsvc-store"] = store
    app.extensions["formsvc-jobs"] = background = Jobs(store, performers())
    ticker = Ticker(store)
    app.extensions["formsvc-behind"] = (background, ticker)
    app.extensions["formsvc-saving"] = resuming.saving
    app.extensions["formsvc-register"] = known.register
    app.extensions["formsvc-known"] = known
    mailer = Mailer.of(settings)
    app.extensions["formsvc-mail"] = Post(store, mailer, ticker.wake) if mailer else None
    interface.install(described)
    for routes in (jobs, materials):
        described.register_blueprint(routes)
    for pages in (filings, goods, products.background):
        app.register_blueprint(pages)
    accounts.install(app)


def first_link(settings: Settings, address: str) -> str:
    """The way in for the first admin of a store that has none; "" where there is one."""
    store = Store.open(settings)
    try:
        with store.writing() as work:
            return "" if people.has_admin(work) else people.first_link(work, address)
    finally:
        store.close()  # no connection goes along into the workers
