"""One PDF for the printer for each employer: its clean submissions, each in the copies it needs."""

from collections.abc import Iterator
from typing import Final

from formsvc.bulk.batch import document_name, unit_folder
from formsvc.bulk.index import Ledger
from formsvc.catalogue import Catalogue
from formsvc.documents import Press, Printed, pack
from formsvc.storage import Folder

NAME: Final = "打印包.pdf"


def write(folder: Folder, ledger: Ledger, catalogue: Catalogue, press: Press) -> None:
    """`documents/<employer>/打印包.pdf`, in the order of the input; copies begin on a front."""
    for unit, _, passed, *_ in ledger.units():
        if passed:
            printed = list(_printed(folder, ledger, catalogue, press, unit))
            whole = pack(printed, press, title=f"{unit} 打印包", copies=1, duplex=True)
            with folder.create(f"{unit_folder(unit)}/{NAME}", flush=False) as stream:
                stream.write(whole)


def _printed(
    folder: Folder, ledger: Ledger, catalogue: Catalogue, press: Press, unit: str
) -> Iterator[Printed]:
    for line in ledger.lines(unit):
        report = line["report"]
        if not report["ok"]:
            continue
        form = catalogue[report["form"]]
        with folder.open(document_name(form, unit, line["person"], line["number"], "pdf")) as made:
            one = Printed(f"{line['person']} {form.title}".strip(), made.read())
        if form.copies == 1:
            yield one
        else:
            copies = pack([one], press, title=one.title, copies=form.copies, duplex=True)
            yield Printed(one.title, copies)
