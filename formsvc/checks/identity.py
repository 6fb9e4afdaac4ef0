"""Rule kinds about citizen identity numbers (GB 11643-1999)."""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any

from formsvc.checks.formats import REGIONS, id_birth_date, id_number
from formsvc.checks.kinds import MET, Aside, Breach, Breaches, Kind
from formsvc.checks.parameters import Age, Day, IdNumber, Place, Text
from formsvc.findings import Severity
from formsvc.forms.sure import Leaves
from formsvc.writing.notation import identity_code, long_date


class IdAgrees(Kind):
    """they differ from what the ID number says"""

    id_number: IdNumber
    birth_date: Day
    gender: Text

    messages = {"message": "stated encoded", "message_gender": "stated encoded"}
    title = "{birth_date}或{gender}与{id_number}不一致"
    demand = "{birth_date}、{gender}与{id_number}一致"

    def check(self, data: Any, on: date) -> Breaches:
        code = identity_code(self.id_number.get(data))
        breaches = []
        born, stated = id_birth_date(code), self.birth_date.find(data)
        if stated and born and stated != born.isoformat():
            days = {"stated": date.fromisoformat(stated), "encoded": born}
            breaches.append(Breach(self.birth_date.pointer, days))
        encoded, chosen = _gender(code), self.gender.find(data)
        if chosen and chosen != encoded:
            said = {"stated": chosen, "encoded": encoded}
            breaches.append(Breach(self.gender.pointer, said, message="message_gender"))
        return breaches

    def surely(self, leaves: Leaves) -> str:
        code = leaves.value(self.id_number)
        born, gender = leaves.spare(self.birth_date), leaves.spare(self.gender)
        odd = leaves.bind(_gender)
        return (
            f"{_is_plain(code)} and {code}[6:14] == {born}.replace('-', '')"
            f" and {gender} == {odd}({code})"
        )

    def leads(self) -> Iterator[tuple[Place, Place]]:
        yield self.id_number, self.birth_date
        yield self.id_number, self.gender

    def asides(self, data: object) -> Iterator[Aside]:
        given = self.id_number.find(data)
        code = identity_code(given) if isinstance(given, str) else ""
        born = id_birth_date(code)
        if id_number(code) or born is None:
            return
        said = f"按{self.id_number.label}："
        for place, put, shown in ((self.birth_date, born.isoformat(), long_date(born)),
                                  (self.gender, _gender(code), _gender(code))):  # fmt: skip
            if place.find(data) != put:
                yield Aside(place.pointer, f"{said}{shown}", "offer", put)


def _gender(code: str) -> str:
    return "男" if int(code[16]) % 2 else "女"


class IdAge(Kind):
    """the age on the day of the check is out of bounds, in whole years; a birth date still to come
    is always an error"""

    id_number: IdNumber
    youngest: Age
    oldest: Age

    messages = {"message": "value youngest oldest", "message_future": "encoded"}
    title = "{id_number}的年龄不合"
    demand = "按{id_number}计算的年龄在 {youngest} 至 {oldest} 岁之间"

    def check(self, data: Any, on: date) -> Breaches:
        born = id_birth_date(identity_code(self.id_number.get(data)))
        if born is None:
            return MET
        if born > on:
            return [Breach(self.id_number.pointer, {"encoded": born}, message="message_future",
                           severity=Severity.ERROR)]  # fmt: skip
        age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
        if self.youngest <= age <= self.oldest:
            return MET
        said = {"value": age, "youngest": self.youngest, "oldest": self.oldest}
        limit = self.youngest if age < self.youngest else self.oldest
        return [Breach(self.id_number.pointer, said, age, limit)]

    def surely(self, leaves: Leaves) -> str:
        code, born = leaves.value(self.id_number), leaves.bind(self._born)
        after, until = (f"{born}(on)[{end}]" for end in (0, 1))
        return f"{_is_plain(code)} and {after} < {code}[6:14] <= {until}"

    def _born(self, on: date) -> tuple[str, str]:
        """The day after which and that until which those of a right age were born: 20240901."""
        return _births(on, self.youngest, self.oldest)


@lru_cache(256)
def _births(on: date, youngest: int, oldest: int) -> tuple[str, str]:
    day = on.year * 10_000 + on.month * 100 + on.day
    return f"{day - (oldest + 1) * 10_000:08d}", f"{day - youngest * 10_000:08d}"


def _is_plain(code: str) -> str:
    """Whether an ID number that meets its format is written without anything around it."""
    return f"len({code}) == 18 and {code}.isascii()"


class IdRegion(Kind):
    """the first two digits are no known region; abolished counties stay valid"""

    id_number: IdNumber

    messages = {"message": "region"}
    title = "{id_number}的地区代码不明"
    demand = "{id_number}开头两位是省级行政区代码"

    def check(self, data: Any, on: date) -> Breaches:
        region = identity_code(self.id_number.get(data))[:2]
        return MET if region in REGIONS else [Breach(self.id_number.pointer, {"region": region})]

    def surely(self, leaves: Leaves) -> str:
        return f"{leaves.value(self.id_number)}[:2] in {leaves.bind(REGIONS)}"
