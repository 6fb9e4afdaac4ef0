"""Rule kinds that look people up in an office's register."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from formsvc.checks.kinds import MET, Aside, Breach, Breaches, Kind
from formsvc.checks.parameters import Flag, IdNumber, Place, Text, Unjudged, Year, Yes
from formsvc.checks.register import Register, Registered
from formsvc.writing.notation import folded

NO_REGISTER: Final = "没有提供名册。"


class Listed(Kind):
    """the office's register does not have the person, has the title withdrawn, or says something
    else; with `withdrawn = true` only that the title is withdrawn"""

    name: Text
    id_number: IdNumber | None = None
    category: Text | None = None
    selected_year: Year | None = None
    legacy: Flag | None = None
    withdrawn: Yes | None = None

    messages = {
        "message": "label value", "message_withdrawn": "label value",
        "message_differs": "label value listed",
    }  # fmt: skip
    unsaid = frozenset({"message_withdrawn"})
    title = "{name}与名册不符"
    demand = "{name}在名册上，所填与名册一致（有名册时检查）"

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        super().__init__(arguments)
        if self.withdrawn:
            self.title = "{name}的资格在名册上已取消"
            self.demand = "{name}的资格没有取消（有名册时检查）"

    @property
    def spoken(self) -> Mapping[str, str]:
        return {"message": self.messages["message"]} if self.withdrawn else self.messages

    def leads(self) -> Iterator[tuple[Place, Place]]:
        """An ID number names the person, and the person the rest."""
        if self.id_number:
            yield self.id_number, self.name

    def check(self, data: Any, on: date) -> Breaches:
        raise Unjudged(NO_REGISTER)

    def against(self, register: Register, data: Any, on: date) -> Breaches:
        """Breaches of one submission, by a register. May raise Unjudged."""
        name = self.name.get(data)
        code = self.id_number.find(data) if self.id_number else None
        known = register.find(name, code or "")
        said = {"label": self.name.label, "value": name}
        gone = bool(known) and all(each.withdrawn for each in known)
        if self.withdrawn:
            return [Breach(self.name.pointer, said)] if gone else MET
        if not known:
            return [Breach(self.name.pointer, said)]
        if gone:
            return [Breach(self.name.pointer, said, message="message_withdrawn")]
        found = [self._differing(each, data) for each in known if not each.withdrawn]
        _, _, fewest = min((len(each), number, each) for number, each in enumerate(found))
        return fewest

    def offers(self, register: Register, data: Any) -> Iterator[Aside]:
        """What the list says of a person whom the form names by name and ID number alike."""
        name, code = self.name.find(data), self.id_number.find(data) if self.id_number else None
        if self.withdrawn or not isinstance(name, str) or not isinstance(code, str):
            return
        known = [
            each
            for each in register.find(name, code)
            if each.id_number and folded(each.name) == folded(name) and not each.withdrawn
        ]
        if len(known) != 1:
            return
        for place, listed in ((self.category, known[0].category or None),
                              (self.selected_year, known[0].selected_year)):  # fmt: skip
            if place and listed is not None and place.find(data) != listed:
                said = f"名册中是：{_said(listed)}"
                yield Aside(place.pointer, said, "offer", str(listed))

    def _differing(self, person: Registered, data: Any) -> list[Breach]:
        """What the form says otherwise than the list; cells that either leaves empty agree."""
        pairs: tuple[tuple[Place | None, Any], ...] = (
            (self.name, person.name),
            (self.category, person.category or None),
            (self.selected_year, person.selected_year),
            (self.legacy, person.legacy),
        )
        return [
            Breach(
                place.pointer,
                {"label": place.label, "value": _said(given), "listed": _said(listed)},
                message="message_differs",
            )
            for place, listed in pairs
            if place and listed is not None
            for given in [place.find(data)]
            if given is not None and folded(_said(given)) != folded(_said(listed))
        ]


def _said(value: Any) -> str:
    return ("是" if value else "否") if isinstance(value, bool) else str(value)
