"""A submission as it reads on paper, with the findings at their places."""

from dataclasses import dataclass
from typing import Any

from formsvc import pointers
from formsvc.documents.printing import printed
from formsvc.forms import Form
from formsvc.web.desks.widgets import rules_of, widgets

Findings = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Line:
    """One field: its label, its text as printed, what was found there."""

    pointer: str
    label: str
    text: str
    findings: Findings


@dataclass(frozen=True, slots=True)
class Part:
    """One section of the paper."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """One thing to enclose, and whether the submission says that it is there."""

    name: str
    given: bool


def paper(form: Form, data: object, findings: Findings) -> tuple[Part, ...]:
    """All sections in their order; rows of lists follow their list."""
    texts = printed(form, data)
    return tuple(
        Part(
            title,
            tuple(
                Line(name, form.label(name), texts.get(name, ""), _at(findings, name))
                for widget in group
                for name in (widget.pointer, *_cells(data, widget.pointer, widget.columns))
            ),
        )
        for title, group in widgets(form)
    )


def loose(parts: tuple[Part, ...], findings: Findings) -> Findings:
    """The findings that stand at no line."""
    shown = {line.pointer for part in parts for line in part.lines}
    return [finding for finding in findings if finding["pointer"] not in shown]


def materials(form: Form | None, data: object) -> tuple[Material, ...]:
    """What the form asks to enclose; nothing when it asks for nothing."""
    found = []
    for rule in rules_of(form, "contains_all") if form else ():
        given = pointers.get(data, rule.parameters["field"])
        listed = given if isinstance(given, list) else []
        found += [Material(name, name in listed) for name in rule.parameters["values"]]
    return tuple(found)


def _at(findings: Findings, pointer: str) -> Findings:
    return [finding for finding in findings if finding["pointer"] == pointer]


def _cells(data: object, pointer: str, columns: tuple[Any, ...]) -> list[str]:
    rows = pointers.get(data, pointer)
    count = len(rows) if isinstance(rows, list) else 0
    return [column.pointer.replace("*", str(row)) for row in range(count) for column in columns]
