"""What people call the forms and rules of a batch: in every output but JSON, ids mean nothing."""

from collections.abc import Iterable
from datetime import date

from formsvc.catalogue import Catalogue
from formsvc.checks import explain
from formsvc.forms import Form


class Titles:
    """Titles as of a day, each found once."""

    def __init__(self, catalogue: Catalogue, on: date) -> None:
        self._catalogue = catalogue
        self._on = on
        self._rules: dict[tuple[str, str], str] = {}

    def form(self, id: str) -> str:
        """A form's title; "" for one that is not known."""
        return self._catalogue.title(id)

    def rule(self, form: str, rule: str) -> str:
        """What is wrong where a rule of this form is broken; the id only where nobody knows it."""
        known = (form, rule)
        if known not in self._rules:
            self._rules[known] = explain.rule_title(self._editions([form]), rule, self._on)
        return self._rules[known]

    def rules(self, forms: Iterable[str], rules: Iterable[str]) -> dict[str, str]:
        """The same for rules of several forms; those that sound alike name their form."""
        return explain.rule_titles(self._editions(forms), rules, self._on)

    def _editions(self, forms: Iterable[str]) -> list[Form]:
        wanted = set(forms)
        return [form for form in self._catalogue.editions() if form.id in wanted]
