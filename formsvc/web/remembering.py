"""What an application with a store has beside the open desks: accounts, filings, jobs."""

from flask import Flask
from flask_smorest import Api

from formsvc.config import Settings
from formsvc.store.queue import Jobs
from formsvc.store.store import Store
from formsvc.web.accounts import installing as accounts
from formsvc.web.api import filings as interface
from formsvc.web.api.jobs import jobs
from formsvc.web.api.materials import materials
from formsvc.web.filings.jobs import background
from formsvc.web.filings.materials import goods
from formsvc.web.filings.routes import filings
from formsvc.web.filings.work import performers


def install(app: Flask, described: Api, settings: Settings) -> None:
    """Open the store and put its pages and routes into an application. Raises ConfigError."""
    store = Store.open(settings)
    app.extensions["formsvc-store"] = store
    app.extensions["formsvc-jobs"] = Jobs(store, performers())
    interface.install(described)
    for routes in (jobs, materials):
        described.register_blueprint(routes)
    for pages in (filings, goods, background):
        app.register_blueprint(pages)
    accounts.install(app)
