"""One PDF for the printer: clean submissions, each in the copies that its form asks for."""

from collections.abc import Iterator
from typing import Final

from formsvc.bulk.index import Filter
from formsvc.bulk.outputs.documents import Tell, unit_folder
from formsvc.bulk.results import Results
from formsvc.documents import Bound, Press, pack

NAME: Final = "打印包.pdf"


def write(results: Results, press: Press) -> None:
    """`documents/<employer>/打印包.pdf` for each employer."""
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
    """The pack of one employer or of all, by form and person; copies begin on a front side."""
    return pack(list(_bound(results, unit, tell)), press, title=title, duplex=True)


def _bound(results: Results, unit: str | None, tell: Tell) -> Iterator[Bound]:
    """What can be printed; what does not go on paper is left out."""
    clean = results.in_paper_order(Filter(unit=unit, state="clean"))
    for done, found in enumerate(results.found(clean)):
        tell(done, len(clean))
        form, data = results.checked(found).form, found.data
        if form is not None:
            yield Bound(f"{found.line.person} {form.title}".strip(), form, data, form.copies)
