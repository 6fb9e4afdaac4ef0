"""The official forms of the submissions without errors, by employer."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from formsvc import documents
from formsvc.bulk.index import Filter
from formsvc.bulk.lines import Line
from formsvc.bulk.results import NO_UNIT, Results
from formsvc.delivery import safe_name
from formsvc.documents import Format, Press, Unprintable
from formsvc.forms import Form

FOLDER: Final = "documents"

Tell = Callable[[int, int], None]
"""Told how many are done, of how many."""


def filled(
    line: Line, form: Form, data: object, formats: Iterable[Format], press: Press
) -> tuple[Line, list[tuple[str, bytes]]]:
    """The documents of a clean submission by their paths.

    What does not go on paper has none, and its line then says why.
    """
    try:
        return line, [
            (path(line, form, format), documents.fill(form, data, format, press=press))
            for format in formats
        ]
    except Unprintable as unprintable:
        return replace(line, report=line.report.preceded_by(unprintable.findings)), []


def path(line: Line, form: Form, format: Format) -> str:
    """Where a submission's document lies: its number keeps it apart from all others."""
    stem = "-".join(
        filter(None, (f"{line.number:06d}", safe_name(form.title), safe_name(line.person)))
    )
    return f"{unit_folder(line.unit)}/{stem}.{format}"


def unit_folder(unit: str) -> str:
    """The folder of an employer's documents, safe on every file system."""
    return f"{FOLDER}/{safe_name(unit) or NO_UNIT}"


def write(results: Results, formats: Iterable[Format], press: Press, tell: Tell) -> list[str]:
    """Fill the documents of a batch whose submissions are kept; the paths of all that were made."""
    names: list[str] = []
    clean = results.index.numbers(Filter(state="clean"))
    for done, found in enumerate(results.found(clean)):
        tell(done, len(clean))
        checked = results.checked(found)
        if checked.form is None:
            continue
        _, made = filled(found.line, checked.form, checked.data, formats, press)
        for name, content in made:
            with results.folder.create(name, flush=False) as stream:
                stream.write(content)
            names.append(name)
    return names
