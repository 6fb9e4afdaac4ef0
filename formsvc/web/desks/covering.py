"""A sheet to put on top of the papers that an employer hands in: who, how many, what with, where to
stamp, until when. All of it stands in the forms."""

from dataclasses import dataclass
from datetime import date

from flask import render_template

from formsvc.bulk.index import Filter
from formsvc.bulk.results import Results
from formsvc.checks import stages
from formsvc.forms import Form
from formsvc.web.desks.blueprint import batches, read_run
from formsvc.web.desks.paper import materials
from formsvc.web.desks.uploads import results
from formsvc.web.held import catalogue
from formsvc.writing.notation import today


@dataclass(frozen=True, slots=True)
class Covered:
    """One paper: whose, in how many copies, what goes with it (and whether the form says that it is
    there), the boxes to sign or stamp, and the last day to hand it in."""

    number: int
    person: str
    form: Form
    materials: tuple[tuple[str, bool], ...]
    boxes: tuple[str, ...]
    due: date | None


@batches.get("/<any(unit):desk>/<id>/cover")
def cover(desk: str, id: str) -> str:
    """The sheet, to print from the browser; one table for each employer."""
    run = read_run(desk, id)
    with results(run, catalogue()) as batch:
        units = _covered(batch)
        left = batch.index.totals()
        on = batch.on
    return render_template("cover.html", desk=desk, run=run, units=units, on=on, today=today(),
                           left=left.submissions - left.passed)  # fmt: skip


def _covered(batch: Results) -> dict[str, list[Covered]]:
    units: dict[str, list[Covered]] = {}
    for found in batch.found(batch.in_paper_order(Filter(state="clean"))):
        form, line = batch.checked(found).form, found.line
        if form is not None:
            enclosed = materials(form, found.data, batch.on)
            units.setdefault(line.unit, []).append(
                Covered(
                    line.number,
                    line.person,
                    form,
                    tuple((each.name, each.given) for each in enclosed),
                    tuple(each.beside.rstrip("：:") for each in form.signatures),
                    _due(form, found.data, batch.on),
                )
            )
    return dict(sorted(units.items()))


def _due(form: Form, data: object, on: date) -> date | None:
    """The first last day that a rule gives a stage of it."""
    days = [
        day for stage in stages.way(form, data, on)
        if stage.rule and (day := stages.due(form, stage, data, on))
    ]  # fmt: skip
    return min(days, default=None)
