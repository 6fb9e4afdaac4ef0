"""What can be taken away from a batch: documents by person, a print pack, tables, letters."""

import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Final

from formsvc.catalogue import Catalogue
from formsvc.delivery import deliver, file_name, safe_name
from formsvc.documents import MEDIA_TYPES, Format, Press, Printed, pack
from formsvc.forms import Form
from formsvc.web.batches import Batch, Found

Tell = Callable[[str, int, int], None]


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
    make: Callable[["Making", IO[bytes], Tell], None]


@dataclass(frozen=True, slots=True)
class Making:
    """What products are made from."""

    batch: Batch
    catalogue: Catalogue
    press: Press


def _filled(
    work: Making, format: Format, tell: Tell, *, each_copy: bool = False
) -> Iterator[tuple[Found, Form, bytes]]:
    """Every submission without errors, filled; what does not go on paper is left out."""
    clean = work.batch.clean
    for done, found in enumerate(work.batch.found(clean)):
        tell("正在生成", done, len(clean))
        form = work.catalogue[found.row.form]
        delivery = deliver(
            work.catalogue,
            found.raw,
            format,
            on=work.batch.on,
            form=form,
            copies=form.copies if each_copy else 1,
            press=work.press,
        )
        if delivery.document is not None:
            yield found, form, delivery.document


def _by_person(work: Making, out: IO[bytes], tell: Tell) -> None:
    """`单位/姓名/表名-姓名.docx` and `.pdf`; a name that comes twice gets a number."""
    taken: set[str] = set()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for format in MEDIA_TYPES:
            for found, form, document in _filled(work, format, tell):
                unit = safe_name(found.row.unit) or "未写明单位"
                person = safe_name(found.row.person) or f"第{found.row.number}份"
                stem = f"{unit}/{person}/{file_name(form, found.data, format)[: -len(format) - 1]}"
                name, again = f"{stem}.{format}", 1
                while name in taken:
                    again += 1
                    name = f"{stem}-{again}.{format}"
                taken.add(name)
                archive.writestr(name, document)


def _pack(work: Making, out: IO[bytes], tell: Tell) -> None:
    """All documents in as many copies as their form asks for, each starting on a front side."""
    printed = [
        Printed(" ".join(filter(None, (found.row.person, form.title))), document)
        for found, form, document in _filled(work, "pdf", tell, each_copy=True)
    ]
    tell("正在合并", 0, 0)
    out.write(pack(printed, work.press, title="打印包", copies=1, duplex=True))


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
}
