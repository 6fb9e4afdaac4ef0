"""What the application holds from its start on, for the pages."""

from flask import current_app

from formsvc.config import Settings
from formsvc.web.runs.runs import Runs


def runs() -> Runs:
    """The background runs."""
    held: Runs = current_app.extensions["formsvc-runs"]
    return held


def settings() -> Settings:
    """What the operator set."""
    held: Settings = current_app.extensions["formsvc-settings"]
    return held
