"""A submission as it reads on paper, with the findings at their places."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from formsvc.checks import checker
from formsvc.checks.kinds import Enclosure
from formsvc.documents.printing import printed
from formsvc.findings import Finding
from formsvc.forms import Form

Findings = Sequence[Finding]


@dataclass(frozen=True, slots=True)
class PaperLine:
    """One field: its label, its text as printed, what was found there."""

    pointer: str
    label: str
    text: str
    findings: Findings


@dataclass(frozen=True, slots=True)
class PaperSection:
    """One section of the paper."""

    title: str
    lines: tuple[PaperLine, ...]


def paper(form: Form, data: object, findings: Findings) -> tuple[PaperSection, ...]:
    """All sections in their order; rows of lists follow their list."""
    texts = printed(form, data)
    parts = []
    for section in form.sections:
        names = [
            name
            for field in section.fields
            for name in (field.pointer, *_cells(form, field.pointer, data))
        ]
        lines = [
            PaperLine(
                name,
                form.label(name),
                "" if name in form.lists else texts.get(name, ""),
                [finding for finding in findings if finding.pointer == name],
            )
            for name in names
        ]
        parts.append(PaperSection(section.title, tuple(lines)))
    return tuple(parts)


def changed(
    was: Form | None, before: object, form: Form | None, now: object
) -> tuple[tuple[str, str, str], ...]:
    """(label, text before, text now) for what reads differently on the two papers."""
    old, new = (
        {line.pointer: line for part in paper(each, data, ()) for line in part.lines}
        if each else {}
        for each, data in ((was, before), (form, now))
    )  # fmt: skip
    texts = {place: (old[place].text if place in old else "", new[place].text if place in new
             else "") for place in {**new, **old}}  # fmt: skip
    return tuple(
        ((new.get(place) or old[place]).label, *both)
        for place, both in texts.items() if both[0] != both[1]
    )  # fmt: skip


def loose(parts: tuple[PaperSection, ...], findings: Findings) -> Findings:
    """The findings that stand at no line."""
    shown = {line.pointer for part in parts for line in part.lines}
    return [finding for finding in findings if finding.pointer not in shown]


def materials(form: Form | None, data: object, on: date) -> tuple[Enclosure, ...]:
    """What the form asks to enclose; nothing when it asks for nothing."""
    rules = checker(form).rules(on) if form else ()
    return tuple(each for rule in rules for each in rule.kind.enclosures(data))


def _cells(form: Form, array: str, data: object) -> list[str]:
    """The pointers in the rows of a list that there are, row by row."""
    columns = [field.places(data) for field in form.lists.get(array, ())]
    return [name for row in zip(*columns, strict=True) for name in row]
