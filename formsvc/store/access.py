"""Who may see and do what: the one place where that is decided.

A person sees their own; a unit what was handed in through it; a department or city that of the
units below; a province the whole programme; an office that `sees = "here"` (finance) only what lies
with it or passed through it. What one may not see is not there. Drafts are their owner's alone.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, and_, false, or_, select, true

from formsvc.store.models import Filing, Office, Passage


class Role(StrEnum):
    """What somebody is in an office. An admin runs the service and has no office."""

    APPLICANT = "applicant"  # hands in what is their own
    CLERK = "clerk"  # handles what lies with the office
    MANAGER = "manager"  # a clerk who also invites people and looks after the office
    VIEWER = "viewer"  # sees what the office sees, changes nothing
    ADMIN = "admin"

    @property
    def label(self) -> str:
        """What people call it."""
        return _LABELS[self]


_LABELS: Final = {
    Role.APPLICANT: "申报人",
    Role.CLERK: "经办人",
    Role.MANAGER: "负责人",
    Role.VIEWER: "查看",
    Role.ADMIN: "系统管理员",
}
HANDLING: Final = frozenset({Role.CLERK, Role.MANAGER})
_HANDING_IN: Final = HANDLING | {Role.APPLICANT}
SEEING: Final = frozenset({Role.CLERK, Role.MANAGER, Role.VIEWER})


class Scope(StrEnum):
    """What a program's token may do for its person."""

    READ = "read"
    WRITE = "write"

    @property
    def label(self) -> str:
        """What people call it."""
        return "读取" if self is Scope.READ else "读取和办理"


@dataclass(frozen=True, slots=True)
class Seat:
    """One membership: a role in an office; `sees` is that of the office's kind."""

    role: Role
    office: int
    path: str
    kind: str
    programme: str
    sees: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking. `person` is None for the program's own work, which sees nothing of people.

    `scopes` are narrowed when a token asks.
    """

    person: int | None = None
    name: str = ""
    seats: tuple[Seat, ...] = ()
    is_admin: bool = False
    scopes: frozenset[Scope] = frozenset(Scope)

    def seats_at(self, office: int | None, roles: Collection[Role]) -> tuple[Seat, ...]:
        """The memberships in an office with one of the roles."""
        return tuple(s for s in self.seats if s.office == office and s.role in roles)

    def handles(self, office: int | None) -> bool:
        """Whether this person works on what lies with an office."""
        return office is not None and bool(self.seats_at(office, HANDLING))

    def manages(self, office: Office) -> bool:
        """Whether this person looks after an office: its own, or one below."""
        return self.is_admin or any(
            seat.role is Role.MANAGER and office.path.startswith(seat.path) for seat in self.seats
        )

    def is_of(self, office: int | None) -> bool:
        """Whether this person hands in through an office: anybody there but who only looks."""
        return office is not None and bool(self.seats_at(office, _HANDING_IN))


SYSTEM: Final = Actor()


def visible(actor: Actor) -> ColumnElement[bool]:
    """A condition on Filing: what this actor sees."""
    ways: list[ColumnElement[bool]] = []
    if actor.person is not None:
        ways.append(Filing.owner_id == actor.person)
    handed = Filing.version > 0
    for seat in actor.seats:
        if seat.role in SEEING:
            ways.append(and_(handed, _seen_from(seat)))
    return or_(*ways) if ways else false()


def _seen_from(seat: Seat) -> ColumnElement[bool]:
    if seat.sees == "all":
        return Filing.programme == seat.programme
    passed = Filing.id.in_(select(Passage.filing_id).where(Passage.office_id == seat.office))
    if seat.sees == "here":
        return passed
    below = select(Office.id).where(Office.path.startswith(seat.path, autoescape=True))
    return or_(Filing.office_id.in_(below), passed)


def waiting(actor: Actor) -> ColumnElement[bool]:
    """A condition on Filing: what lies with this actor's offices to be worked on."""
    offices = [seat.office for seat in actor.seats if seat.role in HANDLING]
    return Filing.holder_id.in_(offices) if offices else false()


def manageable(actor: Actor) -> ColumnElement[bool]:
    """A condition on Office: those that this actor looks after."""
    if actor.is_admin:
        return true()
    ways = [
        Office.path.startswith(seat.path, autoescape=True)
        for seat in actor.seats
        if seat.role is Role.MANAGER
    ]
    return or_(*ways) if ways else false()
