"""The way of a submission through the offices, computed from its data and its form's stages."""

from datetime import date, timedelta

from formsvc.checks import checker
from formsvc.checks.dates import Due
from formsvc.errors import FormError
from formsvc.forms import Form, Stage


def way(form: Form, data: object, on: date) -> tuple[Stage, ...]:
    """The stages that one submission goes through, in order: those whose guard holds for it.

    None for a form that has none. A guard whose field is not filled in yet does not hold. Never
    raises, whatever the data.
    """
    data = checker(form).completed(data, on)
    return tuple(stage for stage in form.stages if stage.guard.holds(data, on))


def due(form: Form, stage: Stage, data: object, came: date) -> date | None:
    """The last day for a stage that a submission came to on a day.

    None where nothing asks for one, and where its rule does not: its guard is off, or what it
    counts from is missing or wrong. Never raises, whatever the data.
    """
    if stage.days is not None:
        return came + timedelta(days=stage.days)
    judge = checker(form)
    for rule in judge.rules(came):
        if rule.spec.id == stage.rule and isinstance(rule.kind, Due):
            data = judge.completed(data, came)
            return rule.kind.last_day(data) if rule.kind.guard.holds(data, came) else None
    return None


def verify(form: Form) -> None:
    """The rules by which stages are due can tell one day of a submission. FormError names it."""
    rules = {rule.spec.id: rule.kind for rule in checker(form).rules(form.since)}
    for stage in form.stages:
        kind = rules.get(stage.rule)
        if stage.rule and (not isinstance(kind, Due) or kind.rows):
            where = f"{form.toml}: [[stage]] {stage.id}: due"
            raise FormError(f"{where}: rule {stage.rule!r} is no due of the whole submission")
