"""What the reviewer decides about submissions: 通过, 退回, 备注; kept with the batch.

What lies in the store is decided there (filings), not here.
"""

from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest

from formsvc.bulk import marks
from formsvc.bulk.index import Filter
from formsvc.web import csrf
from formsvc.web.desks.blueprint import batches, item_of, read_run, to_batch, to_item
from formsvc.web.desks.products import LETTERS, outdate
from formsvc.web.desks.queries import Query
from formsvc.web.desks.uploads import results
from formsvc.web.held import catalogue
from formsvc.web.runs.runs import Run

_REVIEW = "review"


@batches.post(f"/<any({_REVIEW}):desk>/<id>/<int:number>/mark")
def mark(desk: str, id: str, number: int) -> Any:
    """Decide about one, say something about it; then to the next of the list, or stay."""
    csrf.protect()
    run = read_run(desk, id)
    decision = _decision()
    remark = " ".join(request.form.get("remark", "").split())[: marks.LONGEST]
    query = Query.of(request.args)
    with results(run, catalogue()) as batch:
        item_of(batch, number)
        numbers = batch.index.numbers(query)  # as it is before the mark may take this one out
    _put(run, [number], decision, remark)
    at = numbers.index(number) + 1 if number in numbers else len(numbers)
    if "next" in request.form and at < len(numbers):
        return to_item(run, numbers[at], done="next")
    return to_item(run, number, done="marked")


@batches.post(f"/<any({_REVIEW}):desk>/<id>/mark")
def mark_all(desk: str, id: str) -> Any:
    """Decide about all of the list as it is narrowed that nobody decided about yet, or take back
    what was decided. What has errors passes only when it is looked at by itself."""
    csrf.protect()
    run = read_run(desk, id)
    decision = _decision()
    query = Query.of(request.args)
    with results(run, catalogue()) as batch:
        listed = batch.index.numbers(query)
        decided = {number for number, each in batch.marks.items() if each.decision}
        clean = set(batch.index.numbers(Filter(state="clean")))
        if decision:
            wanted = [number for number in listed if number not in decided]
        else:
            wanted = [number for number in listed if number in decided]
        if decision == marks.PASS:
            wanted = [number for number in wanted if number in clean]
    _put(run, wanted, decision, None)
    return to_batch(run, "list", done="marked" if wanted else "unmarked", **query.terms())


def _decision() -> str:
    decision = request.form.get("decision", "")
    if decision and decision not in marks.DECISIONS:
        raise BadRequest
    return decision


def _put(run: Run, numbers: list[int], decision: str, remark: str | None) -> None:
    with run.alone():
        marks.put(run.folder, numbers, decision, remark)
    outdate(run.folder, ("report", *LETTERS))
