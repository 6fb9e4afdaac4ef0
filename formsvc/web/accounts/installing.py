"""Put accounts into an application that has a store."""

from flask import Flask

from formsvc.config import Settings
from formsvc.web.accounts import security, sso
from formsvc.web.accounts.admin import admin
from formsvc.web.accounts.pages import accounts


def install(app: Flask) -> None:
    """Sign-in, one's own account, and the pages on which offices and members are kept."""
    settings: Settings = app.extensions["formsvc-settings"]
    security.install(app, app.extensions["formsvc-store"])
    if settings.sign_on is not None:
        sso.install(app, settings.sign_on)
    for pages in (accounts, sso.single, admin):
        app.register_blueprint(pages)
