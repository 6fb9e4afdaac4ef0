"""退回通知: one letter for each employer, with every person's findings, articles and remedies.

The letter is templates/letters/return-notice.docx, for clerks to edit; its placeholders are
`unit`, `on` (the day of receipt), `dated`, `reference` (文号), `due`, `contact`, `sent`,
`returned`, `since` (the earlier batch that it is compared with), `people` (name, form, number,
remark, findings), and for a finding `number`, `label`, `mark`, `message`, `basis`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import TemplateError as JinjaError

from formsvc import documents
from formsvc.bulk.changes import Change, ChangedItem, by_unit
from formsvc.bulk.index import Filter
from formsvc.bulk.lines import Line, file_title
from formsvc.bulk.marks import Decision
from formsvc.bulk.results import NO_UNIT, Results
from formsvc.delivery import safe_name
from formsvc.documents import HOUSE, Format, Press
from formsvc.documents.archive import Archive
from formsvc.documents.docx import environment, read, split
from formsvc.errors import TemplateError
from formsvc.findings import Finding, Severity
from formsvc.forms import Shelf, built_in
from formsvc.writing.notation import long_date

FOLDER: Final = "letters"
TEMPLATE: Final = "letters/return-notice.docx"
_NO_CITATION: Final = "表格填写要求"
_OPEN_DAY: Final = "　　年　　月　　日"
_STATES: Final = {"open": "（仍未改正）", "new": "（新问题）"}


@dataclass(frozen=True, slots=True)
class LetterDetails:
    """What the office adds to its letters: 文号, whom to ask, until when, and the letter's own day.

    A day that is not given is left open for a pen.
    """

    reference: str = ""
    contact: str = ""
    due: date | None = None
    dated: date | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter to one employer about `people`, of `sent` submissions that it sent.

    `since` names the earlier batch, "" for none.
    """

    unit: str
    sent: int
    people: Sequence[Mapping[str, object]]
    since: str = ""


def write(
    results: Results,
    shelves: tuple[Shelf, ...] = (),
    formats: Sequence[Format] = ("docx",),
    press: Press = HOUSE,
    details: LetterDetails | None = None,
) -> dict[str, str]:
    """Write the letters about what goes back into the batch's folder; each employer's path there,
    by its name, in the first of the formats."""
    return _write(results, _returned(results), shelves, formats, press, details)


def write_remaining(
    results: Results, changes: Iterable[Change], since: str,
    shelves: tuple[Shelf, ...] = (),
    formats: Sequence[Format] = ("docx",),
    press: Press = HOUSE,
    details: LetterDetails | None = None,
) -> dict[str, str]:  # fmt: skip
    """The same about what remains of an earlier batch, which `since` names."""
    return _write(results, _remaining(results, changes, since), shelves, formats, press, details)


def _write(
    results: Results, letters: Iterable[Letter], shelves: tuple[Shelf, ...],
    formats: Sequence[Format], press: Press, details: LetterDetails | None,
) -> dict[str, str]:  # fmt: skip
    notice = notice_of(shelves)
    written: dict[str, str] = {}
    taken: set[str] = set()
    for letter in letters:
        stem = _stem(letter.unit, taken)
        word = notice.render(letter, results.on, details or LetterDetails(dated=results.on))
        for format in formats:
            content = word if format == "docx" else as_pdf(word, letter.unit, press)
            with results.folder.create(f"{stem}.{format}", flush=False) as stream:
                stream.write(content)
        written[letter.unit] = f"{stem}.{formats[0]}"
    return written


def _returned(results: Results) -> Iterator[Letter]:
    """What has an error goes back, unless the reviewer decided otherwise."""
    for unit, sent, *_ in sorted(results.index.units()):
        people = [
            about(line, results.titles.form(line.report.form), results.marks.get(line.number))
            for line in results.lines(Filter(unit=unit, state="returned"))
        ]
        if people:
            yield Letter(unit, sent, people)


def _remaining(results: Results, changes: Iterable[Change], since: str) -> Iterator[Letter]:
    sent = {unit: count for unit, count, *_ in results.index.units()}
    for unit, members in by_unit(changes).items():
        people = [_still(each, results) for each in members if each.goes_back]
        if people:
            yield Letter(unit, sent.get(unit, 0), people, since)


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

    def render(self, letter: Letter, on: date, details: LetterDetails) -> bytes:
        """The letter as DOCX; `on` is the day of receipt."""
        names = {
            "unit": letter.unit or NO_UNIT,
            "on": long_date(on),
            "dated": long_date(details.dated) if details.dated else _OPEN_DAY,
            "due": long_date(details.due) if details.due else _OPEN_DAY,
            "reference": details.reference,
            "contact": details.contact,
            "sent": letter.sent,
            "returned": len(letter.people),
            "since": letter.since,
            "people": letter.people,
        }
        try:
            parts = {name: part.render(names).encode() for name, part in self._parts.items()}
        except JinjaError as error:
            raise TemplateError(f"{self._path}: {error}") from error
        return self._archive.with_members(parts)


def about(line: Line, title: str, mark: Decision | None = None) -> dict[str, object]:
    """A submission in a letter, errors first: they are why it comes back."""
    ordered = sorted(line.report.findings, key=lambda found: found.severity.rank)
    found = [_finding(number, finding, _mild(finding)) for number, finding in enumerate(ordered, 1)]
    return _person(line, title, line.number, found, mark)


def _still(changed: ChangedItem, results: Results) -> dict[str, object]:
    """A submission in a letter about what remains."""
    who = changed.who
    found = [
        _finding(number, each.finding, _STATES[each.kind] + _mild(each.finding))
        for number, each in enumerate(changed.remains, 1)
        if each.finding
    ]
    number = 0 if changed.is_absent else who.number
    title, mark = results.titles.form(who.form), results.marks.get(number)
    return _person(who, title, number, found, mark)


def _person(
    who: Line | Change, title: str, number: int, found: list[dict[str, Any]], mark: Decision | None
) -> dict[str, object]:
    return {
        # A file that cannot be read has nothing but its name to be known by.
        "name": who.person or f"姓名不详（{file_title(who.source)}）",
        "form": title or "认不出是哪一种表",
        "number": number,
        "remark": mark.remark if mark else "",
        "findings": found,
        # For letters of an office's own that name it; ours do not: a path means nothing to others.
        "source": who.source,
    }


def _mild(finding: Finding) -> str:
    return "" if finding.severity is Severity.ERROR else f"（{finding.severity.label}）"


def _finding(number: int, finding: Finding, mark: str) -> dict[str, Any]:
    cited = finding.citation
    basis = f"{cited.source}：{cited.summary}" if cited else _NO_CITATION
    return {"number": number, "label": finding.label, "mark": mark, "message": finding.message,
            "basis": basis}  # fmt: skip
