"""One PDF for the printer: clean submissions, each in the copies that its form asks for."""

from collections.abc import Iterator
from typing import Final

from formsvc import documents
from formsvc.bulk.outputs.documents import Tell, unit_folder
from formsvc.bulk.results import Results
from formsvc.documents import Press, Printed, Unprintable, pack

NAME: Final = "打印包.pdf"


def write(results: Results, press: Press) -> None:
    """`documents/<employer>/打印包.pdf` for each employer, in the order of the input."""
    for unit, _, passed, *_ in results.index.units():
        if passed:
            whole = made(results, press, f"{unit} 打印包", unit)
            with results.folder.create(f"{unit_folder(unit)}/{NAME}", flush=False) as stream:
                stream.write(whole)


def made(
    results: Results,
    press: Press,
    title: str,
    unit: str | None = None,
    tell: Tell = lambda done, whole: None,
) -> bytes:
    """The pack of one employer or of all; copies begin on a front side."""
    printed = list(_printed(results, press, unit, tell))
    return pack(printed, press, title=title, copies=1, duplex=True)


def _printed(results: Results, press: Press, unit: str | None, tell: Tell) -> Iterator[Printed]:
    clean = results.index.clean(unit)
    for done, found in enumerate(results.found(clean)):
        tell(done, len(clean))
        checked = results.checked(found)
        form = checked.form
        if form is None:
            continue
        try:
            document = documents.fill(form, checked.data, "pdf", press=press)
        except Unprintable:
            continue
        one = Printed(f"{found.line.person} {form.title}".strip(), document)
        if form.copies > 1:
            copies = pack([one], press, title=one.title, copies=form.copies, duplex=True)
            one = Printed(one.title, copies)
        yield one
