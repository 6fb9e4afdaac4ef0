"""The list of a programme's people, kept sealed; the last one given is the one that holds."""

from formsvc.checks.register import Register
from formsvc.forms import Programme
from formsvc.intake import registers
from formsvc.store.models import Roster
from formsvc.store.store import Work


def keep(work: Work, programme: Programme, register: Register, title: str) -> Roster:
    """Keep a list of people; what is handed in from now on is judged by it."""
    roster = Roster(programme=programme.id, title=title[:200], people=len(register.people),
                    at=work.now, person_id=work.actor.person, sealed=b"")  # fmt: skip
    work.session.add(roster)
    work.session.flush()
    roster.sealed = work.store.keys.seal(registers.packed(register), f"roster/{roster.id}")
    work.record("roster-kept", of=programme.id, people=roster.people, roster=roster.id)
    return roster
