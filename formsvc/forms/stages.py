"""The kinds of offices of a programme and the stages of a form, as declared and verified."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from formsvc.findings import Citation
from formsvc.forms.form import APPLICANT, Does, Form, Stage
from formsvc.forms.guards import Guard
from formsvc.forms.programme import OfficeKind, Retention, Sees

Fail = Callable[[str, str], NoReturn]
"""(place, what): refuses a file."""


def offices(entries: Iterable[tuple[Mapping[str, Any], str]], fail: Fail) -> dict[str, OfficeKind]:
    """The [[office]] entries of a programme.toml by id. Each stands somewhere below a top."""
    found = {
        entry["id"]: OfficeKind(
            entry["id"],
            entry["title"],
            Sees(entry.get("sees", Sees.BELOW)),
            tuple(entry.get("below", ())),
        )
        for entry, _ in entries
    }
    for kind in found.values():
        if kind.id == APPLICANT:
            fail(f"[[office]] {kind.id}", "is the name of the person whose form it is")
        for name in kind.below:
            if name not in found:
                fail(f"[[office]] {kind.id}: below", f"there is no [[office]] {name!r}")
    hung = {kind.id for kind in found.values() if not kind.below}
    for _ in found:
        hung |= {kind.id for kind in found.values() if hung & {*kind.below}}
    for name in found:
        if name not in hung:
            fail(f"[[office]] {name}: below", "leads to no office at the top")
    return found


def retention(table: Mapping[str, Any], fail: Fail) -> Retention | None:
    """[retention] of a programme.toml; None where there is none, and none is needed."""
    given = table.get("retention")
    if given is None and table.get("office"):
        fail("[retention]", "is missing: say how long the offices keep what they were handed")
    return Retention(given["years"], given.get("note", "")) if given else None


def declared(entry: Mapping[str, Any], citations: tuple[Citation, ...], guard: Guard) -> Stage:
    """A [[stage]] of a form.toml."""
    due = entry.get("due", {})
    return Stage(
        id=entry["id"],
        title=entry["title"],
        does=Does(entry["does"]),
        offices=tuple(entry["offices"]),
        citations=citations,
        days=due.get("days"),
        rule=due.get("rule", ""),
        signatures=tuple(entry.get("signatures", ())),
        guard=guard,
    )


def verify(form: Form, fail: Fail) -> None:
    """The stages make a way from filling to an end, and all that they name is there.

    Whether the rule of a `due` can tell its day is verified where kinds are known.
    """
    if form.stages:
        _verify_order(form.stages, fail)
    stamped: dict[str, str] = {}
    for stage in form.stages:
        place = f"[[stage]] {stage.id}"
        for name in stage.offices:
            if name == APPLICANT and stage.does is not Does.FILL:
                fail(f"{place}: offices", f"{name!r} does nothing but fill")
            if name != APPLICANT and name not in form.programme.offices:
                fail(f"{place}: offices", f"programme.toml has no [[office]] {name!r}")
        if stage.rule and stage.rule not in {rule.id for rule in form.rules}:
            fail(f"{place}: due", f"there is no [[rule]] {stage.rule!r}")
        for name in stage.signatures:
            if name not in {signature.name for signature in form.signatures}:
                fail(f"{place}: signatures", f"there is no [[signature]] {name!r}")
            if name in stamped:
                fail(f"{place}: signatures", f"{name!r} is stamped at {stamped[name]} already")
            stamped[name] = stage.id


def _verify_order(stages: tuple[Stage, ...], fail: Fail) -> None:
    """The first stage fills, for every submission; after what ends nothing but another end."""
    first, *others = stages
    place = f"[[stage]] {first.id}"
    if first.does is not Does.FILL:
        fail(f"{place}: does", "the first stage must be fill")
    if first.guard.conditions:
        fail(f"{place}: when", "every submission is filled in")
    ended = ""
    for stage in others:
        place = f"[[stage]] {stage.id}"
        if stage.does is Does.FILL:
            fail(f"{place}: does", "only the first stage may be fill")
        if ended and not stage.does.ends:
            fail(f"{place}: does", f"comes after {ended}, which ends the way")
        ended = stage.id if stage.does.ends else ""
    if not ended:
        fail(f"[[stage]] {stages[-1].id}: does", "the last stage must be pay or conclude")
