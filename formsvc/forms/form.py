"""One edition of a paper form, and what belongs to it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from formsvc import pointers
from formsvc.findings import Citation, Severity
from formsvc.forms.fields import EDITION, FORM, Field
from formsvc.forms.guards import Conditions, Guard
from formsvc.forms.programme import ComparisonSpec, Programme

APPLICANT: Final = "applicant"
"""Among the offices of a stage: the person whose form it is."""
_ROW = re.compile(r"/([0-9]+)(?=/|$)")


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of fields, in the order of the paper."""

    title: str
    fields: tuple[Field, ...]
    guard: Guard


@dataclass(frozen=True, slots=True)
class PrintBox:
    """Several fields that stand in one box: (field, in 大写) parts between literal texts.

    `list` is the list whose rows it prints, a line each; "" for a box of no list.
    """

    name: str
    label: str
    literals: tuple[str, ...]
    parts: tuple[tuple[Field, bool], ...]
    guard: Guard
    list: str = ""


@dataclass(frozen=True, slots=True)
class PaperPart:
    """A part of the paper, named in form.docx, that is there only where its guard holds."""

    name: str
    guard: Guard


@dataclass(frozen=True, slots=True)
class Step:
    """What to do with the printed form; formsvc.checks.steps fills in the `{…}` of the text."""

    title: str
    text: str
    guard: Guard


@dataclass(frozen=True, slots=True)
class Signature:
    """A place to sign electronically: in the box that the label `beside` names on paper."""

    name: str
    beside: str
    guard: Guard


class Does(StrEnum):
    """What happens to a submission at a stage."""

    FILL = "fill"
    OPINE = "opine"
    """An opinion is written, and sealed."""
    REVIEW = "review"
    """审核."""
    RECHECK = "recheck"
    """复核: what was reviewed is gone through once more."""
    PAY = "pay"
    CONCLUDE = "conclude"

    @property
    def ends(self) -> bool:
        """Whether a submission is over after it."""
        return self in (Does.PAY, Does.CONCLUDE)


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the way through the offices; formsvc.checks.stages says which a submission takes.

    `offices` are kinds of the programme, of which the nearest to the submission's unit does it, or
    APPLICANT for the person. It is due `days` after it came there, or on the last day that the
    `rule` asks for; None and "" where nothing says so. `signatures` are the boxes stamped at it.
    """

    id: str
    title: str
    does: Does
    offices: tuple[str, ...]
    citations: tuple[Citation, ...]
    days: int | None
    rule: str
    signatures: tuple[str, ...]
    guard: Guard


@dataclass(frozen=True, slots=True)
class ComputedSpec:
    """A computed field as declared; formsvc.forms.computed compiles it."""

    field: Field
    amount: Any
    when: Conditions = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """Where a value of a summary comes from: `name` is a pointer of the form that is summed up, or
    a column of the register."""

    target: Field
    name: str


@dataclass(frozen=True, slots=True)
class SummarySpec:
    """A summary: one row of `rows` for each submission of the form `of`, or person of the register.

    Submissions that agree in all that `head` takes over come into one summary.
    """

    of: str
    rows: Field
    row: tuple[Taken, ...]
    head: tuple[Taken, ...]


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A rule as declared; formsvc.checks compiles it. `parameters` are those of its kind.

    `title` and `demand` are "" where the kind's own words do.
    """

    id: str
    kind: str
    severity: Severity
    citations: tuple[Citation, ...]
    messages: Mapping[str, str]
    parameters: Mapping[str, Any]
    title: str = ""
    demand: str = ""
    when: Conditions = ()


@dataclass(frozen=True, eq=False)
class Form:
    """One edition of a form. Compared and hashed by identity: a catalogue holds one of each.

    `about` says in a line who fills it when; `since` is the day from which it is in force; `day`
    the field that says on which day a submission is handed in; `grant` the amount that the
    programme would pay; `blank_rows` how many rows of each list an empty form has. `stages` are all
    that there are; a form that is not carried through offices has none. `materials` are what proofs
    may be beside PDF, JPEG and PNG.
    """

    id: str
    edition: str
    title: str
    about: str
    programme: Programme
    since: date
    day: Field | None
    copies: int
    continues: tuple[Field, ...]
    person: Field
    unit: Field
    grant: Field | None
    schema: Mapping[str, Any]
    common: Mapping[str, Any]
    fields: Mapping[str, Field]
    sections: tuple[Section, ...]
    boxes: tuple[PrintBox, ...]
    parts: tuple[PaperPart, ...]
    blank_rows: Mapping[str, int]
    computed: tuple[ComputedSpec, ...]
    rules: tuple[RuleSpec, ...]
    comparisons: tuple[ComparisonSpec, ...]
    steps: tuple[Step, ...]
    signatures: tuple[Signature, ...]
    stages: tuple[Stage, ...]
    materials: frozenset[str]
    summary: SummarySpec | None
    pdf_names: Mapping[str, str] | None
    toml: Path
    templates: Path
    samples: Path

    @property
    def docx(self) -> Path:
        return self.templates / "form.docx"

    @property
    def pdf(self) -> Path:
        return self.templates / "form.pdf"

    @property
    def layout(self) -> Path:
        return self.templates / "layout.json"

    @cached_property
    def identity(self) -> Field | None:
        """The ID number of the person: that which stands beside the name; None where none does."""
        beside = self.person.pointer.rpartition("/")[0]
        return next(
            (field for field in self.fields.values()
             if field.kind == "id-number" and field.pointer.rpartition("/")[0] == beside),
            None,
        )  # fmt: skip

    @cached_property
    def lists(self) -> Mapping[str, tuple[Field, ...]]:
        """The lists of rows by their pointer, each with the fields of one row."""
        columns: dict[str, tuple[Field, ...]] = {}
        for field in self.fields.values():
            if "/*/" in field.pointer:
                columns[field.list] = (*columns.get(field.list, ()), field)
        return columns

    @cached_property
    def leaves(self) -> tuple[Field, ...]:
        """The fields that hold a value, in the order of the schema; those of rows with `*`."""
        return tuple(
            field
            for field in self.fields.values()
            if field.type != "object"
            and field.pointer not in (FORM, EDITION)
            and field.pointer not in self.lists
            and not field.pointer.endswith("/*")
        )

    @cached_property
    def printable(self) -> tuple[str, ...]:
        """All that can stand on paper: a pointer for every leaf in every row, every print box."""
        names = [
            name
            for field in self.leaves
            for name in (map(field.in_row, range(self.room(field.list))) if field.list
                         else (field.pointer,))
        ]  # fmt: skip
        return (*names, *(box.name for box in self.boxes))

    @cached_property
    def ticks(self) -> Mapping[str, tuple[Field, str]]:
        """Places to tick, where a list of choices is not written in one line: the pointer of each
        choice's place in its list → the list and the choice. The first choice is `/list/0`.
        """
        return {
            f"{field.pointer}/{number}": (field, choice)
            for field in self.leaves
            if field.type == "array"
            for number, choice in enumerate(self.fields[f"{field.pointer}/*"].choices)
        }

    def room(self, array: str) -> int:
        """How many rows a list may have."""
        return int(self.fields[array].schema["maxItems"])

    def rows_of(self, array: str) -> tuple[str, ...]:
        """What of a list can stand on paper: the pointers of all its rows."""
        return tuple(
            field.in_row(row) for row in range(self.room(array)) for field in self.lists[array]
        )

    def in_any_row(self, pointer: str) -> str:
        """A concrete pointer with `*` for its row: `/a/2/b` is `/a/*/b`."""
        return _ROW.sub("/*", pointer)

    def field(self, pointer: str) -> Field | None:
        """The field a concrete pointer names: `/a/2/b` finds `/a/*/b`."""
        return self.fields.get(pointer) or self.fields.get(_ROW.sub("/*", pointer))

    def is_block(self, pointer: str) -> bool:
        """Whether a place takes paragraphs."""
        field = self.field(pointer)
        return field is not None and field.kind == "paragraphs"

    def label(self, pointer: str) -> str:
        """The label people know a place or a print box by; rows are numbered from 1."""
        field = self.field(pointer)
        if field is None:
            boxes = {box.name: box.label for box in self.boxes}
            last = pointers.parse(pointer)[-1:]
            return boxes.get(pointer) or (last[0] if last else self.title)
        row = _ROW.search(pointer)
        if row is None:
            return field.label
        inner = "" if field.pointer.endswith("/*") else f"的{field.label}"
        return f"{self.fields[field.list].label}第 {int(row[1]) + 1} 行{inner}"

    def is_required(self, field: Field) -> bool:
        """Whether a field and every object around it must be given."""
        around = (pointers.format(field.tokens[:end]) for end in range(1, len(field.tokens) + 1))
        return all(self.fields[name].required for name in around)

    @cached_property
    def _places(self) -> Mapping[str, int]:
        ordered = [field.pointer for section in self.sections for field in section.fields]
        places = {pointer: number for number, pointer in enumerate(ordered)}
        for name in self.fields:
            inside = [places[p] for p in ordered if pointers.within(p, name)]
            around = [places[p] for p in ordered if pointers.within(name, p)]
            places.setdefault(name, min(inside or around or [-1]))
        return places

    def place(self, pointer: str) -> tuple[int, tuple[int, ...]]:
        """A sort key: where on paper a pointer stands; unknown places come last."""
        rows = tuple(int(token) for token in pointers.parse(pointer) if token.isdecimal())
        known = pointer
        while known and self.field(known) is None:
            known = known.rpartition("/")[0]
        field = self.field(known)
        if field is None:
            return (-1 if pointer == "" else len(self.fields), rows)
        return self._places[field.pointer], rows
