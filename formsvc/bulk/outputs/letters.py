"""退回通知: one letter for each employer, with every person's findings, articles and remedies.

The letter is templates/letters/return-notice.docx, for clerks to edit; its placeholders are
`unit`, `on`, `sent`, `returned`, `people` (name, form, number, source, findings), and for a
finding `number`, `label`, `mark`, `message`, `basis`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import TemplateError as JinjaError

from formsvc import documents
from formsvc.bulk.index import Filter
from formsvc.bulk.lines import Line
from formsvc.bulk.results import NO_UNIT, Results
from formsvc.delivery import safe_name
from formsvc.documents import HOUSE, Format, Press
from formsvc.documents.archive import Archive
from formsvc.documents.docx import environment, read, split
from formsvc.errors import TemplateError
from formsvc.findings import Severity
from formsvc.forms import Shelf, built_in
from formsvc.writing.notation import long_date

FOLDER: Final = "letters"
TEMPLATE: Final = "letters/return-notice.docx"
_NO_CITATION: Final = "表格填写要求"


def write(
    results: Results,
    shelves: tuple[Shelf, ...] = (),
    formats: Sequence[Format] = ("docx",),
    press: Press = HOUSE,
) -> dict[str, str]:
    """Write the letters into the batch's folder; each employer's path there, by its name, in the
    first of the formats."""
    notice = notice_of(shelves)
    written: dict[str, str] = {}
    taken: set[str] = set()
    for unit, sent, passed, *_ in sorted(results.index.units()):
        if sent == passed:
            continue
        stem = _stem(unit, taken)
        people = results.lines(Filter(unit=unit, state="faulty"))
        letter = notice.render(unit, sent, people, results.catalogue.title, results.on)
        for format in formats:
            content = letter if format == "docx" else as_pdf(letter, unit, press)
            with results.folder.create(f"{stem}.{format}", flush=False) as stream:
                stream.write(content)
        written[unit] = f"{stem}.{formats[0]}"
    return written


def as_pdf(letter: bytes, unit: str, press: Press) -> bytes:
    """A letter with the same words as PDF."""
    return documents.letter(letter, f"退回通知 {unit or NO_UNIT}", press)


def _stem(unit: str, taken: set[str]) -> str:
    name = stem = f"{FOLDER}/退回通知-{safe_name(unit).replace('#', '＃') or NO_UNIT}"
    number = 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    taken.add(name)
    return name


@cache
def notice_of(shelves: tuple[Shelf, ...] = ()) -> "LetterForm":
    """The office's own letter, else the one that comes along. TemplateError when it is wrong."""
    own = (shelf.templates / TEMPLATE for shelf in (*shelves, built_in()))
    return LetterForm(next(path for path in own if path.exists()))


class LetterForm:
    """The letter's template, prepared once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            static, sources = split(read(path))
            self._parts = {name: environment().from_string(text) for name, text in sources.items()}
        except JinjaError as error:
            raise TemplateError(f"{path}: {error}") from error
        self._archive = Archive(static)

    def render(
        self, unit: str, sent: int, lines: Iterable[Line], titles: Callable[[str], str], on: date
    ) -> bytes:
        """The letter about these lines, of `sent` that the employer sent; `titles` names forms."""
        people = [_person(line, titles(line.report.form)) for line in lines]
        names = {
            "unit": unit or NO_UNIT,
            "on": long_date(on),
            "sent": sent,
            "returned": len(people),
            "people": people,
        }
        try:
            parts = {name: part.render(names).encode() for name, part in self._parts.items()}
        except JinjaError as error:
            raise TemplateError(f"{self._path}: {error}") from error
        return self._archive.with_members(parts)


def _person(line: Line, title: str) -> dict[str, object]:
    return {
        "name": line.person or "姓名不详",
        "form": title or "认不出是哪一种表",
        "number": line.number,
        "source": line.source,
        "findings": list(_findings(line)),
    }


def _findings(line: Line) -> Iterator[dict[str, object]]:
    """Errors first: they are why the paper comes back."""
    ordered = sorted(line.report.findings, key=lambda found: found.severity.rank)
    for number, finding in enumerate(ordered, 1):
        cited = finding.citation
        basis = f"《{cited.regulation}》{cited.article}：{cited.summary}" if cited else _NO_CITATION
        yield {
            "number": number,
            "label": finding.label,
            "mark": "" if finding.severity is Severity.ERROR else f"（{finding.severity.label}）",
            "message": finding.message,
            "basis": basis,
        }
