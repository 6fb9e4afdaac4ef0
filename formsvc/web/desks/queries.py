"""What a reviewer asked to see of a batch, as an address says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from formsvc.bulk.index import ORDERS, Filter

PAGE: Final = 50
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Query:
    """A filter, an order and a page of the list. "" asks for everything."""

    form: str = ""
    unit: str = ""
    rule: str = ""
    state: str = ""
    name: str = ""
    order: str = "number"
    page: int = 1

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "Query":
        page, order = sent.get("page", ""), sent.get("order", "")
        texts = {key: sent.get(key, "")[:_LONGEST] for key in _TEXTS}
        return cls(
            **texts,
            order=order if order in ORDERS else "number",
            page=int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
        )

    def terms(self, **changes: object) -> dict[str, object]:
        """The query as parameters of an address, with changes; defaults are left out."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        terms = {**plain, **({"page": 1} if "page" not in changes else {}), **changes}
        return {name: value for name, value in terms.items() if value != _DEFAULTS[name]}

    @property
    def filter(self) -> Filter:
        """The same for the index."""
        return Filter(self.form, self.unit or None, self.rule, self.state, self.name, self.order)

    def shown(self, numbers: list[int]) -> list[int]:
        """Those of one page."""
        return numbers[(self.page - 1) * PAGE : self.page * PAGE]


_TEXTS: Final = ("form", "unit", "rule", "state", "name")
_DEFAULTS: Final = {name: getattr(Query(), name) for name in Query.__slots__}
