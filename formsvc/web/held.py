"""What the application holds from its start on, for the pages."""

from flask import current_app

from formsvc.across import Comparisons
from formsvc.config import Settings
from formsvc.documents import Press
from formsvc.web.runs import Runs


def runs() -> Runs:
    """The background runs."""
    held: Runs = current_app.extensions["formsvc-runs"]
    return held


def comparisons() -> Comparisons:
    """The rules across submissions."""
    held: Comparisons = current_app.extensions["formsvc-comparisons"]
    return held


def press() -> Press:
    """What the office prints with."""
    held: Settings = current_app.extensions["formsvc-settings"]
    return held.press
