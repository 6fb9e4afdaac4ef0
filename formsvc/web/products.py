"""What can be taken away from a batch: documents by person, a print pack, tables, letters."""

import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import IO, Final

from formsvc import letters, workbooks
from formsvc.catalogue import Catalogue
from formsvc.config import Settings
from formsvc.delivery import deliver, file_name, safe_name
from formsvc.documents import MEDIA_TYPES, Bound, Format, findings, pack
from formsvc.forms import Form
from formsvc.ledger import Ledger
from formsvc.web.batches import Batch, Found


@dataclass(frozen=True, slots=True)
class Product:
    """A file to take away. `make` writes it; the rest says what it is, for people.

    With `needs_clean` it is made of the submissions without errors alone.
    """

    title: str
    hint: str
    suffix: str
    media_type: str
    needs_clean: bool
    make: Callable[["Making", IO[bytes]], None]


@dataclass(frozen=True, slots=True)
class Making:
    """What products are made from."""

    batch: Batch
    catalogue: Catalogue
    settings: Settings
    tell: Callable[[str, int, int], None]


def _filled(work: Making, format: Format) -> Iterator[tuple[Found, Form, bytes]]:
    """Every submission without errors, filled; what does not go on paper is left out."""
    clean = work.batch.clean
    for done, found in enumerate(work.batch.found(clean)):
        work.tell("正在生成", done, len(clean))
        form = work.catalogue[found.row.form]
        delivery = deliver(
            work.catalogue,
            found.raw,
            format,
            on=work.batch.on,
            form=form,
            press=work.settings.press,
        )
        if delivery.document is not None:
            yield found, form, delivery.document


def _by_person(work: Making, out: IO[bytes]) -> None:
    """`单位/姓名/表名-姓名.docx` and `.pdf`; a name that comes twice gets a number."""
    taken: set[str] = set()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for format in MEDIA_TYPES:
            for found, form, document in _filled(work, format):
                unit = safe_name(found.row.unit) or "未写明单位"
                person = safe_name(found.row.person) or f"第{found.row.number}份"
                stem = f"{unit}/{person}/{file_name(form, found.data, format)[: -len(format) - 1]}"
                name, again = f"{stem}.{format}", 1
                while name in taken:
                    again += 1
                    name = f"{stem}-{again}.{format}"
                taken.add(name)
                archive.writestr(name, document)


def _pack(work: Making, out: IO[bytes]) -> None:
    """All documents in as many copies as their form asks for, each starting on a front side."""
    bound = []
    for found in work.batch.found(work.batch.clean):
        form = work.catalogue[found.row.form]
        if not findings(form, found.data, work.settings.press):
            title = " ".join(filter(None, (found.row.person, form.title)))
            bound.append(Bound(title, form, found.data, form.copies))
    work.tell("正在生成", 0, 0)
    out.write(pack(bound, work.settings.press, title="打印包", duplex=True))


def _workbook(work: Making, out: IO[bytes]) -> None:
    """Summary, findings, submissions, rule by unit."""
    folder = work.batch.run.folder
    with closing(Ledger(folder)) as ledger:
        workbooks.write(folder, ledger, work.catalogue, work.batch.on)
    out.write(folder.read(workbooks.NAME))
    folder.remove(workbooks.NAME)


def _letters(work: Making, out: IO[bytes]) -> None:
    """One 退回通知 for each employer with faulty submissions."""
    folder = work.batch.run.folder
    with closing(Ledger(folder)) as ledger:
        names = letters.write(
            folder, ledger, work.catalogue, work.settings.templates, work.batch.on
        )
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in names.values():
            archive.writestr(name.rpartition("/")[2], folder.read(name))
    folder.remove(letters.FOLDER)


PRODUCTS: Final[Mapping[str, Product]] = {
    "documents": Product(
        "各人表格",
        "没有问题的各份，按单位和姓名分文件夹，Word 和 PDF 都有。",
        "zip",
        "application/zip",
        True,
        _by_person,
    ),
    "pack": Product(
        "打印包",
        "没有问题的各份合成一个 PDF，按各表要求的份数，可双面打印，每份从新的一张纸开始。",
        "pdf",
        "application/pdf",
        True,
        _pack,
    ),
    "report": Product(
        "审核结果",
        "汇总、每处问题及其依据、每份申报、规则与单位对照，用 Excel 或 WPS 打开。",
        "xlsx",
        workbooks.MEDIA_TYPE,
        False,
        _workbook,
    ),
    "letters": Product(
        "退回通知",
        "每个有问题的单位一份（Word），列明各人的问题、依据和改法。",
        "zip",
        "application/zip",
        False,
        _letters,
    ),
}


def place(name: str) -> str:
    """Where a product lies in its run's folder."""
    return f"made/{name}"


# Which of them each desk offers, in this order.
OFFERED: Final[Mapping[str, tuple[str, ...]]] = {
    "unit": ("documents", "pack"),
    "review": ("report", "letters", "documents", "pack"),
}
