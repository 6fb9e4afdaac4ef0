"""What became of the findings of an earlier batch: by employer, as a table, as letters."""

from collections import Counter
from itertools import chain

from flask import render_template, request
from werkzeug.exceptions import NotFound

from formsvc.bulk.changes import by_unit
from formsvc.web.desks.blueprint import batches
from formsvc.web.desks.products import LETTERS, SINCE, details, place
from formsvc.web.desks.queries import PAGE, Query
from formsvc.web.desks.uploads import changes_since, is_read, results
from formsvc.web.held import catalogue
from formsvc.web.runs.ownership import run_or_404


@batches.get("/<any(review, jobs):desk>/<id>/changes/<earlier>")
def changes(desk: str, id: str, earlier: str) -> str:
    """What became of the findings of an earlier batch; those that remain first."""
    run, before = run_or_404(desk, id), run_or_404(desk, earlier)
    if not (is_read(run) and is_read(before)):
        raise NotFound
    with results(run, catalogue()) as batch:
        found = changes_since(batch, before)
    units = by_unit(found)
    remaining = {unit: sum(each.goes_back for each in members) for unit, members in units.items()}
    ordered = sorted(units.items(), key=lambda each: (-remaining[each[0]], each[0]))
    listed = list(chain.from_iterable(members for _, members in ordered))
    query = Query.of(request.args)
    shown: dict[str, list[object]] = {}
    for each in query.shown(listed):
        shown.setdefault(each.who.unit, []).append(each)
    return render_template(
        "changes.html",
        desk=desk,
        run=run,
        earlier=before,
        units=shown,
        counts=Counter(change.kind for change in found),
        returned=sum(remaining.values()),
        remaining=remaining,
        page=query.page,
        pages=max(-(-len(listed) // PAGE), 1),
        forms=catalogue(),
        products=SINCE,
        letters=LETTERS,
        details=details(run.folder),
        made={name for name in SINCE if run.folder.exists(place(f"{name}@{earlier}"))},
    )
