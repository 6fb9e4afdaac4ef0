"""One PDF for the printer for each employer: its clean submissions, each in the copies it needs."""

from collections.abc import Iterator
from typing import Final

from formsvc import submissions
from formsvc.bulk import document_name, unit_folder
from formsvc.catalogue import Catalogue
from formsvc.documents import Bound, Press, carriage, pack
from formsvc.ledger import Ledger
from formsvc.storage import Folder

NAME: Final = "打印包.pdf"


def write(folder: Folder, ledger: Ledger, catalogue: Catalogue, press: Press) -> None:
    """`documents/<employer>/打印包.pdf`, in the order of the input; copies begin on a front."""
    for unit, _, passed, *_ in ledger.units():
        if passed:
            bound = list(_bound(folder, ledger, catalogue, unit))
            whole = pack(bound, press, title=f"{unit} 打印包", duplex=True)
            with folder.create(f"{unit_folder(unit)}/{NAME}", flush=False) as stream:
                stream.write(whole)


def _bound(folder: Folder, ledger: Ledger, catalogue: Catalogue, unit: str) -> Iterator[Bound]:
    """What the documents of an employer carry, to be printed in one."""
    for line in ledger.lines(unit):
        report = line["report"]
        if not report["ok"]:
            continue
        form = catalogue[report["form"]]
        with folder.open(document_name(form, unit, line["person"], line["number"], "pdf")) as made:
            data = submissions.parse(carriage.carried(made.read())).data
        yield Bound(f"{line['person']} {form.title}".strip(), form, data, form.copies)
