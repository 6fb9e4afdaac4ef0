"""A batch that is done, for reading: its reports, its index, and the submissions where kept."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Final

from formsvc import submissions
from formsvc.bulk import marks
from formsvc.bulk.index import ALL, Filter, Index
from formsvc.bulk.lines import Line, Row
from formsvc.bulk.marks import Decision
from formsvc.bulk.titles import Titles
from formsvc.catalogue import Catalogue, Checked
from formsvc.forms import Form
from formsvc.storage import Folder

REPORTS: Final = "reports.jsonl"
INDEX: Final = "index"
KEPT: Final = "submissions"
NO_UNIT: Final = "未写明单位"


@dataclass(frozen=True, slots=True)
class Found:
    """One submission of a batch: its bytes as they came, and its line."""

    raw: bytes
    line: Line

    @property
    def data(self) -> object:
        return submissions.parse(self.raw).data


class Results:
    """What came of a batch, in the folder that it was written to."""

    def __init__(
        self,
        folder: Folder,
        catalogue: Catalogue,
        on: date,
        index: Index | None = None,
        reports: str = REPORTS,
    ) -> None:
        self.folder = folder
        self.catalogue = catalogue
        self.on = on
        self.index = index or Index()
        self.reports = reports
        self.titles = Titles(catalogue, on)
        self.marks: Mapping[int, Decision] = {}

    def close(self) -> None:
        self.index.close()

    def keep(self) -> None:
        """Write the index down too, for `opened`."""
        with self.folder.create(INDEX) as stream:
            head = {"on": self.on.isoformat(), "reports": self.reports}
            stream.write(json.dumps(head).encode() + b"\n")
            stream.write(self.index.kept())

    @classmethod
    @contextmanager
    def opened(cls, folder: Folder, catalogue: Catalogue) -> Iterator["Results"]:
        """A batch whose index was kept."""
        with folder.open(INDEX) as stream:
            head = json.loads(stream.readline())
            index = Index(stream.read())
        on, reports = date.fromisoformat(head["on"]), head.get("reports", REPORTS)
        results = cls(folder, catalogue, on, index, reports)
        results.marks = marks.read(folder)
        index.mark(results.marks)
        try:
            yield results
        finally:
            results.close()

    def form(self, row: Row) -> Form | None:
        """The edition that a submission was judged by."""
        return self.catalogue.edition(row.form, row.edition)

    def in_paper_order(self, wanted: Filter) -> list[int]:
        """Their numbers by form, in the order of the catalogue, then by employer and person."""
        forms = [*self.catalogue]
        rows = filter(None, map(self.index.row, self.index.numbers(wanted)))

        def place(row: Row) -> tuple[int, str, str, int]:
            rank = forms.index(row.form) if row.form in forms else len(forms)
            return rank, row.unit, row.person, row.number

        return [row.number for row in sorted(rows, key=place)]

    def lines(self, wanted: Filter = ALL) -> Iterator[Line]:
        """The lines asked for, in the order asked for."""
        with self.folder.open(self.reports) as stream:
            for place in self.index.places(wanted):
                stream.seek(place.report_at)
                yield Line.from_json(stream.read(place.report_size))

    def found(self, numbers: Iterable[int]) -> Iterator[Found]:
        """Kept submissions by their numbers, in that order."""
        with self.folder.open(KEPT) as raws, self.folder.open(self.reports) as reports:
            for number in numbers:
                place = self.index.place(number)
                raws.seek(place.raw_at)
                reports.seek(place.report_at)
                line = Line.from_json(reports.read(place.report_size))
                yield Found(raws.read(place.raw_size), line)

    def checked(self, found: Found) -> Checked:
        """A kept submission as it was checked."""
        report = found.line.report
        return Checked(found.data, report, self.catalogue.edition(report.form, report.edition))


def reports_of(folder: Folder) -> str:
    """The name of a batch's reports: where its index is kept, that says so."""
    if not folder.exists(INDEX):
        return REPORTS
    with folder.open(INDEX) as stream:
        return str(json.loads(stream.readline()).get("reports", REPORTS))
