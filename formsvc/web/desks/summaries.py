"""Counts over a batch, its filter and its order."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from formsvc.web.desks.held_batches import Batch, Row

PAGE: Final = 50
_LONGEST: Final = 200
_ORDERS: Final[Mapping[str, Callable[[Row], tuple[object, ...]]]] = {
    "number": lambda row: (row.number,),
    "person": lambda row: (row.person, row.number),
    "unit": lambda row: (row.unit, row.number),
    "form": lambda row: (row.form, row.number),
    "errors": lambda row: (-row.errors, -row.warnings, row.number),
}


@dataclass(frozen=True, slots=True)
class Share:
    """One bar: what it counts, how often, and how much of the longest bar or of a whole."""

    key: str
    count: int
    of: int
    bad: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of submissions."""

    all: int
    ok: int
    warned: int
    failed: int
    unread: int
    rules: tuple[Share, ...]
    units: tuple[Share, ...]
    forms: tuple[Share, ...]

    @property
    def passed(self) -> int:
        """Without errors."""
        return self.ok + self.warned

    @property
    def percent(self) -> int:
        """The pass rate, never rounded up to all."""
        return self.passed * 100 // self.all if self.all else 0


def summary(rows: Sequence[Row]) -> Summary:
    """Counts of a whole batch. Rules by how many submissions break them, units by how many fail."""
    states = Counter(row.state for row in rows)
    rules = Counter(rule for row in rows for rule in row.rules)
    return Summary(
        len(rows),
        states["ok"],
        states["warning"],
        states["error"],
        states["unread"],
        _bars(rules),
        _parts(row for row in rows if row.form),
        tuple(Share(form, count, len(rows)) for form, count in _by(rows, "form") if form),
    )


def _by(rows: Iterable[Row], name: str) -> list[tuple[str, int]]:
    return Counter(getattr(row, name) for row in rows).most_common()


def _bars(counts: Counter[str]) -> tuple[Share, ...]:
    most = max(counts.values(), default=0)
    return tuple(Share(key, count, most) for key, count in counts.most_common())


def _parts(rows: Iterable[Row]) -> tuple[Share, ...]:
    """Units with the most failing submissions first, those without any last."""
    every: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for row in rows:
        every[row.unit] += 1
        bad[row.unit] += bool(row.errors)
    order = sorted(every, key=lambda unit: (-bad[unit], -every[unit], unit))
    return tuple(Share(unit, every[unit], every[unit], bad[unit]) for unit in order)


@dataclass(frozen=True, slots=True)
class Query:
    """What a reviewer asked to see. "" asks for everything."""

    form: str = ""
    unit: str = ""
    rule: str = ""
    state: str = ""
    name: str = ""
    order: str = "number"
    page: int = 1

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "Query":
        page = sent.get("page", "")
        order = sent.get("order", "")
        return cls(
            form=sent.get("form", "")[:_LONGEST],
            unit=sent.get("unit", "")[:_LONGEST],
            rule=sent.get("rule", "")[:_LONGEST],
            state=sent.get("state", "")[:_LONGEST],
            name=sent.get("name", "")[:_LONGEST],
            order=order if order in _ORDERS else "number",
            page=int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
        )

    def terms(self, **changes: object) -> dict[str, object]:
        """The query as parameters of an address, with changes; defaults are left out."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        terms = {**plain, **({"page": 1} if "page" not in changes else {}), **changes}
        return {name: value for name, value in terms.items() if value != _DEFAULTS[name]}

    def rows(self, batch: Batch) -> list[Row]:
        """All rows asked for, in order."""
        return sorted((row for row in batch.rows if self._asks(row)), key=_ORDERS[self.order])

    def _asks(self, row: Row) -> bool:
        return (
            (not self.form or row.form == self.form)
            and (not self.unit or row.unit == self.unit)
            and (not self.rule or self.rule in row.rules)
            and (not self.state or row.state == self.state)
            and (not self.name or self.name in row.person or self.name in row.source)
        )


_DEFAULTS: Final = {name: getattr(Query(), name) for name in Query.__slots__}
