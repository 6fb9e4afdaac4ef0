"""A form made from many submissions of another form, or from the register: JSON, ready to fill."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from formsvc import pointers
from formsvc.bulk.index import Filter
from formsvc.bulk.results import Results
from formsvc.catalogue import Catalogue
from formsvc.checks import checker
from formsvc.checks.register import Register
from formsvc.delivery import safe_name
from formsvc.errors import ConfigError
from formsvc.findings import Report
from formsvc.forms import FORM, Form, SummarySpec, answers
from formsvc.storage import Folder
from formsvc.submissions import encoded

Row = dict[str, Any]
Head = tuple[tuple[str, Any], ...]
_ALL: Final = "汇总"


@dataclass(frozen=True, slots=True)
class Summary:
    """One summary that was written: its file, how many rows it has, and the report on it."""

    name: str
    rows: int
    report: Report


def given(form: Form, texts: Iterable[str]) -> dict[str, Any]:
    """`/year=2026` … as pointer → value, read as people write; `/rows/*/months` is for every row.

    Raises ConfigError (Chinese) for what is no field, is computed, or cannot be read.
    """
    found = {}
    for text in texts:
        pointer, mark, written = text.partition("=")
        field = form.fields.get(pointer)
        if not mark or field is None or field.type == "object" or field.computed:
            raise ConfigError(
                f"--set {text}：应写作 位置=内容，如 /year=2026，位置是这种表可填的栏目。"
            )
        value, problems = answers.read(form, pointer, written)
        if problems:
            raise ConfigError(f"--set {text}：{problems[0].message}")
        if value is not None:
            found[pointer] = value
    return found


def of_results(results: Results, form: Form, spec: SummarySpec) -> Iterator[tuple[Head, Row]]:
    """Head and row of every submission of the summed form without an error, in their order.

    The batch keeps its submissions.
    """
    numbers = results.index.numbers(Filter(form=spec.of, state="clean"))
    for found in results.found(numbers):
        source = results.catalogue.edition(found.line.report.form, found.line.report.edition)
        data = checker(source).completed(found.data, results.on) if source else None
        head, row = (
            {taken.target.pointer: value for taken in each
             if (value := pointers.get(data, taken.name)) is not pointers.MISSING}
            for each in (spec.head, spec.row)
        )  # fmt: skip
        yield tuple(head.items()), row


def of_register(register: Register, spec: SummarySpec) -> Iterator[tuple[Head, Row]]:
    """A row for every person of the register whose title was not withdrawn."""
    for person in register.people:
        if not person.withdrawn:
            values = {taken.target.pointer: getattr(person, taken.name) for taken in spec.row}
            yield (), {name: value for name, value in values.items() if value not in (None, "")}


def write(
    form: Form,
    rows: Iterable[tuple[Head, Row]],
    more: Mapping[str, Any],
    folder: Folder,
    catalogue: Catalogue,
    *,
    on: date,
    register: Register | None = None,
) -> Iterator[Summary]:
    """Write a submission of the form for every head, and check it; `more` is what `given` gave.

    Where there are more rows than the form has, what follows comes into a further one.
    """
    if form.summary is None:
        return
    groups: dict[Head, list[Row]] = {}
    for head, row in rows:
        groups.setdefault(head, []).append(row)
    room, used = form.room(form.summary.rows.pointer), set[str]()
    for head, members in groups.items():
        for start in range(0, len(members), room):
            data = _submission(form, head, members[start : start + room], more)
            raw = encoded(data, indent=2) + b"\n"
            name = _name(form, head, used)
            with folder.create(name) as stream:
                stream.write(raw)
            report = catalogue.check(raw, on=on, register=register).report
            yield Summary(name, len(members[start : start + room]), report)


def _submission(
    form: Form, head: Head, rows: Iterable[Row], more: Mapping[str, Any]
) -> dict[str, Any]:
    data: dict[str, Any] = {FORM[1:]: form.id}
    for pointer, value in (*head, *more.items()):
        if "/*" not in pointer:
            pointers.set_(data, pointer, value)
    common = {pointer: value for pointer, value in more.items() if "/*" in pointer}
    for number, row in enumerate(rows):
        for pointer, value in {**row, **common}.items():
            pointers.set_(data, pointer.replace("/*", f"/{number}", 1), value)
    return data


def _name(form: Form, head: Head, used: set[str]) -> str:
    """A file's name from the texts that it is put together by, each used once."""
    texts = [safe_name(str(value)) for _, value in head]
    stem = "-".join([safe_name(form.title), *filter(None, texts)] if texts else [form.title, _ALL])
    name, number = f"{safe_name(stem)}.json", 1
    while name in used:
        number += 1
        name = f"{safe_name(stem)}-{number}.json"
    used.add(name)
    return name
