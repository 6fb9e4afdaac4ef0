"""One submission of a batch in the place of another: mended on the form page, or handed in anew.

It alone is checked; then all are compared again, since one may differ from the others by it. What
is to be put is written down first, so that it can be begun again wherever it was interrupted.
"""

import json
from contextlib import closing
from typing import Any, Final

from formsvc.bulk import marks
from formsvc.bulk.batch import Batch, Job
from formsvc.bulk.earlier import WITHDRAWN, withdrawn
from formsvc.bulk.lines import Line
from formsvc.bulk.results import Found, Results
from formsvc.catalogue import Catalogue
from formsvc.findings import Finding
from formsvc.intake.items import Item
from formsvc.sealed import SealedFolder
from formsvc.web.desks import uploads

_MENDED: Final = "mended"
_BEFORE: Final = "before"


def keep(folder: SealedFolder, number: int, raw: bytes) -> None:
    """Seal what the submission with this number is now, for `put_back`."""
    _keep(folder, number, {}, raw)


def keep_item(folder: SealedFolder, number: int, item: Item) -> None:
    """The same for one that was read from a file."""
    found = [finding.to_dict() for finding in item.findings]
    told = {"source": item.source, "unit": item.unit, "findings": found, "none": item.raw is None}
    _keep(folder, number, told, item.raw or b"")


def _keep(folder: SealedFolder, number: int, told: dict[str, Any], raw: bytes) -> None:
    with folder.create(f"{_MENDED}/{number}") as stream:
        stream.write(json.dumps(told, ensure_ascii=False).encode() + b"\n" + raw)


def put_back(
    folder: SealedFolder, number: int, job: Job, catalogue: Catalogue, tell: uploads.Tell
) -> None:
    """Put what was kept in the place of a submission, which stays to be seen as it was before."""
    name = f"{_MENDED}/{number}"
    if not folder.exists(name):
        return
    with folder.open(name) as stream:
        told, raw = json.loads(stream.readline()), stream.read()
    with Results.opened(folder, catalogue) as batch:
        (was,) = batch.found([number])
    if was.raw != raw:
        _keep_before(folder, number, was)
    findings = tuple(map(Finding.from_dict, told.get("findings", ())))
    source, unit = told.get("source", was.line.source), told.get("unit", was.line.unit)
    item = Item(source, None if told.get("none") else raw, findings, unit)
    batch_again = Batch(folder, job, resume=True)
    batch_again.put(number, item)
    _compare(batch_again, tell)
    marks.put(folder, [number], "", None)  # what was decided was about what it was
    _clear(folder, number)
    folder.remove(name)


def settle(
    folder: SealedFolder, number: int, job: Job, catalogue: Catalogue, tell: uploads.Tell
) -> None:
    """Take a submission out of the batch, or put it in again when it was taken out."""
    gone = withdrawn(folder)
    if number in gone:
        del gone[number]
    else:
        with Results.opened(folder, catalogue) as batch:
            row = batch.index.row(number)
        if row is None:
            return
        title = catalogue.title(row.form)
        gone[number] = "　".join(filter(None, (row.person or row.source, title, row.unit)))
    folder.write(WITHDRAWN, json.dumps(gone, ensure_ascii=False).encode())
    _compare(Batch(folder, job, resume=True), tell)
    _clear(folder, number)


def before(folder: SealedFolder, number: int) -> Found | None:
    """What a submission was before it was replaced; None when it was not."""
    name = f"{_BEFORE}/{number}"
    if not folder.exists(name):
        return None
    with folder.open(name) as stream:
        line = Line.from_json(stream.readline())
        return Found(stream.read(), line)


def _keep_before(folder: SealedFolder, number: int, was: Found) -> None:
    with folder.create(f"{_BEFORE}/{number}") as stream:
        stream.write(was.line.to_json() + was.raw)


def _compare(batch: Batch, tell: uploads.Tell) -> None:
    tell("正在比对", 0, 0)
    with closing(batch.again()) as done:
        done.keep()


def _clear(folder: SealedFolder, number: int) -> None:
    """Take away what was made of the batch as it was."""
    for name in ("made", "changes", f"shown/{number}.pdf"):
        folder.remove(name)
