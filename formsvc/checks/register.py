"""An office's list of its people, as rules look people up in it.

Reading a file into one is intake's work; whoever has one gives it to `check(…, register=…)`.
"""

from dataclasses import dataclass
from functools import cached_property

from formsvc.writing.notation import identity_code


@dataclass(frozen=True, slots=True)
class Registered:
    """One person on the list; "" and None stand for a cell that the list leaves empty.

    `category` is the category or the level, as the list calls it; `withdrawn` says that the title
    was taken back.
    """

    name: str
    id_number: str = ""
    category: str = ""
    selected_year: int | None = None
    legacy: bool | None = None
    withdrawn: bool = False


@dataclass(frozen=True)
class Register:
    """The people of a programme, in the order of the list."""

    people: tuple[Registered, ...]

    def find(self, name: str, id_number: str = "") -> tuple[Registered, ...]:
        """Who may be meant: by ID number where both sides have one, else by name.

        Several namesakes without ID numbers are several answers; none means not on the list.
        """
        code = identity_code(id_number)
        if code and (same := self._by_code.get(code)):
            return same
        namesakes = self._by_name.get(_plain(name), ())
        return tuple(each for each in namesakes if not (code and each.id_number))

    @cached_property
    def _by_code(self) -> dict[str, tuple[Registered, ...]]:
        found: dict[str, tuple[Registered, ...]] = {}
        for each in self.people:
            if code := identity_code(each.id_number):
                found[code] = (*found.get(code, ()), each)
        return found

    @cached_property
    def _by_name(self) -> dict[str, tuple[Registered, ...]]:
        found: dict[str, tuple[Registered, ...]] = {}
        for each in self.people:
            name = _plain(each.name)
            found[name] = (*found.get(name, ()), each)
        return found


def _plain(name: str) -> str:
    return "".join(identity_code(name).split())
