"""One submission of a batch, mended on the form page, put back in its place.

The whole batch is judged anew, since one submission is compared with the others. What it is judged
from is written down first, so that it can be begun again wherever it was interrupted.
"""

import json
from collections.abc import Iterator
from typing import Final

from formsvc.bulk.batch import Job
from formsvc.bulk.results import INDEX, KEPT, REPORTS, Results
from formsvc.catalogue import Catalogue
from formsvc.findings import Finding
from formsvc.intake.items import Item
from formsvc.sealed import SealedFolder
from formsvc.web.desks import uploads
from formsvc.web.desks.products import PRODUCTS, place

_MENDED: Final = "mended"
_ITEMS: Final = "items"
# What reading a file found, which checking its data again would not find.
_OF_READING: Final = ("paper.", "input.written", "input.number-cell")


def keep(folder: SealedFolder, number: int, raw: bytes) -> None:
    """Seal what the submission with this number is now, for `put_back`."""
    folder.write(f"{_MENDED}/{number}", raw)


def put_back(
    folder: SealedFolder, number: int, job: Job, catalogue: Catalogue, tell: uploads.Tell
) -> None:
    """Judge the batch anew with what was kept in the place of a submission."""
    mended = f"{_MENDED}/{number}"
    if not folder.exists(_ITEMS):
        with Results.opened(folder, catalogue) as batch:
            rows = list(_packed(batch, number, folder.read(mended)))
            _clear(folder, [row["number"] for row in rows])
        with folder.create(_ITEMS) as stream:
            stream.writelines(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
    for name in (INDEX, REPORTS, KEPT):
        folder.remove(name)
    with folder.open(_ITEMS) as stream:
        items = map(_unpacked, map(json.loads, stream))
        uploads.check(folder, items, job, 1, tell)
    folder.remove(_ITEMS)
    folder.remove(mended)


def _packed(batch: Results, number: int, raw: bytes) -> Iterator[dict[str, object]]:
    for found in batch.found(sorted(batch.index.numbers())):
        line = found.line
        kept = [each.to_dict() for each in line.report.findings
                if not found.raw or each.rule.startswith(_OF_READING)]  # fmt: skip
        row: dict[str, object] = {
            "number": line.number, "source": line.source, "unit": line.unit,
            "raw": found.raw.decode("utf-8", "surrogateescape"), "findings": kept,
        }  # fmt: skip
        if line.number == number:
            row |= {"raw": raw.decode(), "findings": []}
        yield row


def _unpacked(row: dict[str, str]) -> Item:
    findings = tuple(Finding.from_dict(each) for each in row["findings"])  # type: ignore[arg-type]  # as `_packed` wrote them
    raw = row["raw"].encode("utf-8", "surrogateescape")
    return Item(row["source"], raw or None, findings, row["unit"])


def _clear(folder: SealedFolder, numbers: list[object]) -> None:
    """Take away what was made of the batch as it was."""
    for name in (*map(place, PRODUCTS), *(f"shown/{number}.pdf" for number in numbers)):
        if folder.exists(name):
            folder.remove(name)
