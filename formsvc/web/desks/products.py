"""What can be taken away from a batch: documents by person, a print pack, tables, letters."""

import json
import shutil
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import IO, ClassVar, Final

from formsvc.bulk.outputs import documents, letters, packs, workbook
from formsvc.bulk.results import Results
from formsvc.config import Settings
from formsvc.documents import MEDIA_TYPES, Format
from formsvc.storage import Folder
from formsvc.web.desks import uploads
from formsvc.writing.notation import today

DRAFTS: Final = "drafts.json"
_DETAILS: Final = "letter-details"
_SINCE: Final = "made/since"
_DRAFTED: Final = (("序号", 8), ("来源", 30), ("姓名", 12), ("单位", 30), ("表", 40), ("错误", 8),
                   ("请核对", 8), ("结果", 30))  # fmt: skip


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
class Drafted:
    """What became of a submission of an import: a draft, or `why` there is none."""

    number: int
    filing: int | None
    why: str = ""

    UNREAD: ClassVar = "unread"
    LARGE: ClassVar = "large"
    FULL: ClassVar = "full"

    @property
    def said(self) -> str:
        """For people."""
        said = {self.UNREAD: "没有：认不出是哪一种表", self.LARGE: "没有：内容太大",
                self.FULL: "没有：草稿已满，或单位不符；请先提交或删除一些"}  # fmt: skip
        return said.get(self.why, "草稿已建")


def keep_drafts(folder: Folder, drafted: Iterable[Drafted]) -> None:
    """Keep what became of each, for the table."""
    with folder.create(DRAFTS) as stream:
        stream.write(
            json.dumps([(each.number, each.filing, each.why) for each in drafted]).encode()
        )


@dataclass(frozen=True, slots=True)
class Making:
    """What products are made from; `since` is the earlier batch that one is about, "" for none."""

    results: Results
    settings: Settings
    tell: Callable[[str, int, int], None]
    since: str = ""

    def told(self, done: int, whole: int) -> None:
        self.tell("正在生成", done, whole)


def _by_person(work: Making, out: IO[bytes]) -> None:
    """`单位/000001-表名-姓名.docx` and `.pdf`."""
    names = documents.write(work.results, tuple(MEDIA_TYPES), work.settings.press, work.told)
    _zip(work.results.folder, names, documents.FOLDER, out)


def _pack(work: Making, out: IO[bytes]) -> None:
    """All documents in as many copies as their form asks for, each starting on a front side."""
    out.write(packs.made(work.results, work.settings.press, "打印包", tell=work.told))


def _workbook(work: Making, out: IO[bytes]) -> None:
    """Summary, findings, submissions, rule by unit."""
    folder = work.results.folder
    workbook.write(work.results)
    with folder.open(workbook.NAME) as stream:
        shutil.copyfileobj(stream, out)
    folder.remove(workbook.NAME)


def _drafts(work: Making, out: IO[bytes]) -> None:
    """What became of each submission of an import."""
    rows = []
    with work.results.folder.open(DRAFTS) as stream:
        kept = [Drafted(*each) for each in json.load(stream)]
    for each in kept:
        row = work.results.index.row(each.number)
        form = work.results.form(row) if row else None
        if row:
            rows.append((row.number, row.source, row.person, row.unit, form.title if form else "",
                         row.errors, row.warnings, each.said))  # fmt: skip
    workbook.write_tables(out, None, work.results.on, [("导入结果", _DRAFTED, rows)])


def _letters(work: Making, out: IO[bytes]) -> None:
    """One 退回通知 for each employer with faulty submissions."""
    _letters_as("docx", work, out)


def _letters_to_print(work: Making, out: IO[bytes]) -> None:
    """The same as PDF."""
    _letters_as("pdf", work, out)


def _letters_as(format: Format, work: Making, out: IO[bytes]) -> None:
    settings, folder = work.settings, work.results.folder
    said = details(folder)
    if work.since:
        changed, title = uploads.kept_changes(folder, work.since)
        names = letters.write_remaining(
            work.results, changed, title, settings.shelves, (format,), settings.press, said
        )
    else:
        names = letters.write(work.results, settings.shelves, (format,), settings.press, said)
    _zip(folder, names.values(), letters.FOLDER, out)


def _changes(work: Making, out: IO[bytes]) -> None:
    """What became of the findings of an earlier batch, by employer."""
    changed, _ = uploads.kept_changes(work.results.folder, work.since)
    workbook.of_changes(out, changed, work.results.titles, work.results.on)


def details(folder: Folder) -> letters.LetterDetails:
    """What the office adds to its letters, as it was asked for last; the letter is of today."""
    if not folder.exists(_DETAILS):
        return letters.LetterDetails(dated=today())
    with folder.open(_DETAILS) as stream:
        reference, contact, due = json.load(stream)
    return letters.LetterDetails(
        reference, contact, date.fromisoformat(due) if due else None, dated=today()
    )


def keep_details(folder: Folder, said: letters.LetterDetails) -> None:
    """Remember it with the batch; letters that say something else are made again."""
    if said == details(folder):
        return
    with folder.create(_DETAILS) as stream:
        due = said.due.isoformat() if said.due else ""
        stream.write(json.dumps([said.reference, said.contact, due]).encode())
    outdate(folder, ("letters", "letters-pdf"))


def outdate(folder: Folder, names: Iterable[str]) -> None:
    """Take away what was made and does not hold any more, and all about earlier batches."""
    for name in (*map(place, names), _SINCE):
        folder.remove(name)


def _zip(folder: Folder, names: Iterable[str], below: str, out: IO[bytes]) -> None:
    """Files of the folder `below` as a ZIP; there they are then no more."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in names:
            with folder.open(name) as stream:
                archive.writestr(name.removeprefix(f"{below}/"), stream.read())
    folder.remove(below)


PRODUCTS: Final[Mapping[str, Product]] = {
    "documents": Product(
        "各人表格",
        "没有问题的各份，按单位分文件夹，Word 和 PDF 都有。",
        "zip",
        "application/zip",
        True,
        _by_person,
    ),
    "pack": Product(
        "打印包",
        "没有问题的各份合成一个 PDF，先按表、再按单位和姓名排，各表要求几份就有几份，"
        "可双面打印，每份从新的一张纸开始。",
        "pdf",
        "application/pdf",
        True,
        _pack,
    ),
    "report": Product(
        "审核结果",
        "汇总、每处问题及其依据、每份申报和您的标注、规则与单位对照，用 Excel 或 WPS 打开。",
        "xlsx",
        workbook.MEDIA_TYPE,
        False,
        _workbook,
    ),
    "drafts": Product(
        "导入结果",
        "每份建成了草稿没有，没有的说明原因。",
        "xlsx",
        workbook.MEDIA_TYPE,
        False,
        _drafts,
    ),
    "letters": Product(
        "退回通知",
        "每个要退回的单位一份（Word），列明各人的问题、依据和改法，可再修改。",
        "zip",
        "application/zip",
        False,
        _letters,
    ),
    "letters-pdf": Product(
        "退回通知 PDF",
        "内容相同，可直接打印、存档。",
        "zip",
        "application/zip",
        False,
        _letters_to_print,
    ),
}
# What is asked for with a letter's details.
LETTERS: Final = ("letters", "letters-pdf")
# What there is about an earlier batch: `letters@<its id>`.
SINCE: Final[Mapping[str, Product]] = {
    "changes": Product(
        "变化表",
        "仍未改正的、新发现的、已改正的和没有再报的，按单位逐处列出，用 Excel 或 WPS 打开。",
        "xlsx",
        workbook.MEDIA_TYPE,
        False,
        _changes,
    ),
    **{name: PRODUCTS[name] for name in LETTERS},
}


def product(asked: str) -> Product | None:
    """A product by what it is asked for as; None for what is none."""
    name, _, since = asked.partition("@")
    return (SINCE if since else PRODUCTS).get(name)


def make(asked: str, work: Making, out: IO[bytes]) -> None:
    """Make a product, which there is. About an earlier batch, its changes are kept already."""
    made = product(asked)
    if made is not None:
        made.make(replace(work, since=asked.partition("@")[2]), out)


def place(asked: str) -> str:
    """Where a product lies in its run's folder."""
    name, _, since = asked.partition("@")
    return f"{_SINCE}/{since}/{name}" if since else f"made/{name}"


# Which of them each desk offers, in this order.
OFFERED: Final[Mapping[str, tuple[str, ...]]] = {
    "unit": ("documents", "pack"),
    "review": ("report", *LETTERS, "documents", "pack"),
    "jobs": ("report", *LETTERS, "documents", "pack"),
}
