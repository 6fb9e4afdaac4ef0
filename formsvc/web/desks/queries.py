"""What a reviewer asked to see of a batch, as an address says it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final, TypeVar

from formsvc.bulk.index import ORDERS, Filter

PAGE: Final = 50
_Each = TypeVar("_Each")
_LONGEST: Final = 200
_TERMS: Final = tuple(field.name for field in fields(Filter))


@dataclass(frozen=True)
class Query(Filter):
    """A filter and a page of its list."""

    order: str = "errors"
    page: int = 1

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "Query":
        page, given = sent.get("page", ""), {name: sent.get(name, "")[:_LONGEST] for name in _TERMS}
        if given["order"] not in ORDERS:
            del given["order"]
        whole = page.isascii() and page.isdigit() and len(page) < 6
        wanted = {name: text for name, text in given.items() if text}
        return cls(**wanted, page=int(page) if whole else 1)

    def terms(self, **changes: object) -> dict[str, object]:
        """The query as parameters of an address, with changes; defaults are left out."""
        terms = {**asdict(self), "page": 1, **changes}
        defaults = asdict(Query())
        return {name: value for name, value in terms.items() if value not in ("", defaults[name])}

    def shown(self, listed: list[_Each]) -> list[_Each]:
        """Those of one page."""
        return listed[(self.page - 1) * PAGE : self.page * PAGE]
