"""A batch by person: the employer's view of it. Whoever has something to mend comes first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from formsvc.bulk.index import Filter
from formsvc.bulk.lines import Row
from formsvc.bulk.results import Found, Results
from formsvc.checks.kinds import Enclosure
from formsvc.findings import Finding, Severity
from formsvc.forms import Form
from formsvc.web.desks.paper import materials


@dataclass(frozen=True, slots=True)
class PersonsPaper:
    """One submission of a person, with what it asks to enclose."""

    row: Row
    found: Found
    form: Form | None
    materials: Sequence[Enclosure]

    @property
    def findings(self) -> Sequence[Finding]:
        """Errors first."""
        return sorted(self.found.line.report.findings, key=lambda each: each.severity.rank)


@dataclass(frozen=True, slots=True)
class BatchPerson:
    """A person with all submissions, `rows` first; `papers` once it is opened, by form."""

    rows: tuple[Row, ...]
    papers: tuple[PersonsPaper, ...] = ()

    @property
    def name(self) -> str:
        return next((row.person for row in self.rows if row.person), "")

    @property
    def unit(self) -> str:
        return next((row.unit for row in self.rows if row.unit), "")

    @property
    def number(self) -> int:
        """The number of the first submission."""
        return self.rows[0].number

    @property
    def errors(self) -> int:
        return sum(row.errors for row in self.rows)

    @property
    def state(self) -> str:
        """The gravest state among the submissions."""
        states = {row.state for row in self.rows}
        return next(each for each in ("unread", "error", "warning", "ok") if each in states)

    @property
    def by_form(self) -> tuple[tuple[Form | None, tuple[PersonsPaper, ...]], ...]:
        """The papers by form; several of one form are the same thing twice."""
        ordered = sorted(self.papers, key=lambda each: (each.row.form, each.row.number))
        grouped = groupby(ordered, key=lambda each: each.row.form)
        found = (tuple(papers) for _, papers in grouped)
        return tuple((papers[0].form, papers) for papers in found)

    def opened(self, batch: Results) -> "BatchPerson":
        """The same with the papers."""
        papers = []
        for found in batch.found([row.number for row in self.rows]):
            form = batch.checked(found).form
            asked = tuple(materials(form, found.data, batch.on))
            papers.append(PersonsPaper(Row.of(found.line), found, form, asked))
        return BatchPerson(self.rows, tuple(papers))

    @property
    def message(self) -> str:
        """What the person has to mend, as a text to send; "" for nothing."""
        return "\n".join(self._message()) if self.name and self._findings() else ""

    def _findings(self) -> list[Finding]:
        found = [finding for paper in self.papers for finding in paper.findings]
        return [each for each in found if each.severity is not Severity.NOTE]

    def _message(self) -> Iterator[str]:
        count = sum(each.severity is Severity.ERROR for each in self._findings())
        asked = f"有 {count} 处要改" if count else "请核对下面几处"
        yield f"{self.name}，您好：您的申报{asked}，改好后请把新的文件发给我。"
        for form, papers in self.by_form:
            for paper in papers:
                told = [each for each in paper.findings if each.severity is not Severity.NOTE]
                if told and form:
                    which = f"（{paper.row.source}）" if len(papers) > 1 else ""
                    yield f"\n《{form.title}》{which}"
                    yield from (_line(number, each) for number, each in enumerate(told, 1))


def _line(number: int, finding: Finding) -> str:
    mild = "" if finding.severity is Severity.ERROR else "（请核对）"
    basis = f"（依据：{finding.citation.article}）" if finding.citation else ""
    message = finding.message if finding.message[-1:] in "。！？）" else f"{finding.message}。"
    return f"{number}. {mild}{message}{basis}"


def groups(batch: Results, wanted: Filter) -> list[BatchPerson]:
    """The people of what is asked for: by ID number, else by employer and name. Those whose papers
    cannot be read or have errors first, the most errors before fewer."""
    numbers = set(batch.index.numbers(wanted))
    known: dict[tuple[str, str], str] = {}
    for row in batch.index.rows():
        if row.identity and row.person:
            known.setdefault((row.unit, row.person), row.identity)
    found: dict[str, list[Row]] = {}
    for row in batch.index.rows():
        if row.number in numbers:
            # Without an ID number it is taken to be the one of the same name who has one.
            who = row.identity or known.get((row.unit, row.person), "")
            named = f"{row.unit}\0{row.person}" if row.person else f"\0\0{row.number}"
            found.setdefault(who or named, []).append(row)
    people = [BatchPerson(tuple(rows)) for rows in found.values()]
    return sorted(people, key=_place)


def _place(person: BatchPerson) -> tuple[bool, int, bool, int]:
    return (person.state != "unread", -person.errors, person.state == "ok", person.number)
