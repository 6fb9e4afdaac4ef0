"""Where submissions come from: JSON, JSONL, tables, documents, folders, ZIP → a stream of items.

One unreadable item is one item with a finding, never the end of the stream. Only what an operator
gets wrong (no such file) raises.
"""

import codecs
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

from formsvc import storage
from formsvc.catalogue import Catalogue
from formsvc.errors import UnreadableDocument
from formsvc.intake import lists, reading, tables
from formsvc.intake.items import Item, refused
from formsvc.intake.zipfiles import Member, ZipReader
from formsvc.submissions import MAX_BYTES
from formsvc.writing.texts import clean

STANDARD_INPUT: Final = "标准输入"
MAX_TABLE: Final = 50_000_000
MAX_PAPER: Final = 10_000_000
MAX_BLANK: Final = 10_000
_BLOCK: Final = 1 << 16
_LINES = (".jsonl", ".ndjson")
_TABLES = (".xlsx", ".csv")
_DOCUMENTS = (".docx", ".pdf")
_JUNK = re.compile(
    r"(^|/)(\.[^/]*|~\$[^/]*|__MACOSX/.*|Thumbs\.db|desktop\.ini|[^/]*\.findings\.json)$",
    re.IGNORECASE,
)
_BLANK = b" \t\r\n"


class Sources:
    """The items of several addresses, in their order; names within a folder or ZIP are sorted.

    An address is a path, an fsspec address, or `-` for standard input. May be read again, except
    for standard input. Raises OSError or ConfigError for an address that is not there.
    """

    def __init__(self, addresses: Iterable[str], catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._files = [file for address in addresses for file in _files(address)]
        self._size = sum(file.size for file in self._files)
        self._read = 0
        self._current: IO[bytes] | None = None

    @property
    def fraction(self) -> float | None:
        """How much of the input has been read, 0 to 1; None for standard input."""
        if any(file.address == "-" for file in self._files) or not self._size:
            return None
        try:
            inside = self._current.tell() if self._current else 0
        except (OSError, ValueError):
            inside = 0
        return min((self._read + inside) / self._size, 1.0)

    def __iter__(self) -> Iterator[Item]:
        self._read = 0
        for file in self._files:
            with _open(file) as stream:
                self._current = stream
                for item in items(stream, file.name, self._catalogue):
                    yield replace(item, unit=file.unit) if file.unit else item
                self._current = None
            self._read += file.size


def items(stream: IO[bytes], name: str, catalogue: Catalogue) -> Iterator[Item]:
    """The items of one opened file; its name's ending says what it is.

    A ZIP or table needs a stream that can seek. The stream is not closed.
    """
    try:
        if name.lower().endswith(".zip"):
            yield from _zip(stream, name, catalogue)
        else:
            yield from _file(stream, name, catalogue)
    except UnreadableDocument as refusal:
        yield refused(name, "input.archive", str(refusal))


def lines(stream: IO[bytes], name: str) -> Iterator[Item]:
    """The lines of a JSONL file; empty ones are passed over but counted, to a limit."""
    number = blank = 0
    while line := stream.readline(MAX_BYTES + 2):
        number += 1
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if raw := line.strip(_BLANK):
            yield _line(stream, line, raw, f"{name} 第 {number} 行")
        elif (blank := blank + 1) > MAX_BLANK:
            message = f"空行超过 {MAX_BLANK:,} 行，从这里起没有读取。"
            yield refused(f"{name} 第 {number} 行", "input.many", message)
            return


def _line(stream: IO[bytes], line: bytes, raw: bytes, source: str) -> Item:
    if len(line) <= MAX_BYTES or line.endswith(b"\n"):
        return Item(source, raw)
    while (rest := stream.readline(_BLOCK)) and not rest.endswith(b"\n"):
        pass
    return refused(source, "input.size", f"这一行超过 {MAX_BYTES:,} 字节的上限。")


# Addresses


@dataclass(frozen=True, slots=True)
class _File:
    address: str
    name: str
    size: int
    inside: bool = False

    @property
    def unit(self) -> str:
        """The folder below the given one: where every employer has a folder, the employer's."""
        parts = self.name.split("/") if self.inside else []
        return parts[1] if len(parts) > 2 else ""


def _files(address: str) -> Iterator[_File]:
    if address == "-":
        yield _File(address, STANDARD_INPUT, 0)
    elif storage.is_remote(address):
        yield from _remote_files(address)
    elif not Path(address).is_dir():
        yield _File(address, clean(address), Path(address).stat().st_size)
    else:
        yield from _local_files(Path(address))


def _local_files(root: Path) -> Iterator[_File]:
    for folder, below, names in os.walk(root):
        below.sort()
        for name in sorted(names):
            path = Path(folder, name)
            shown = clean(str(Path(root.resolve().name) / path.relative_to(root)))
            if not _JUNK.search(shown) and path.is_file() and not path.is_symlink():
                yield _File(str(path), shown, path.stat().st_size, inside=True)


def _remote_files(address: str) -> Iterator[_File]:
    system, path = storage.filesystem(address)
    if not system.exists(path):
        raise FileNotFoundError(2, "没有这个文件", address)
    if not system.isdir(path):
        yield _File(address, path.rpartition("/")[2], int(system.size(path) or 0))
        return
    parent = path.rstrip("/").rpartition("/")[0]
    for found in sorted(system.find(path)):
        shown = clean(found.removeprefix(parent).lstrip("/"))
        if not _JUNK.search(shown):
            size = int(system.size(found) or 0)
            yield _File(system.unstrip_protocol(found), shown, size, inside=True)


def _open(file: _File) -> IO[bytes]:
    if file.address == "-":
        return sys.stdin.buffer
    if storage.is_remote(file.address):
        system, path = storage.filesystem(file.address)
        opened: IO[bytes] = system.open(path, "rb")
        return opened
    return Path(file.address).open("rb")


# Kinds of files


def _file(stream: IO[bytes], name: str, catalogue: Catalogue) -> Iterator[Item]:
    kind = os.path.splitext(name.lower())[1]
    if kind in _LINES or name == STANDARD_INPUT:
        yield from lines(stream, name)
    elif kind == ".json":
        yield from _json(stream, name)
    elif kind in _TABLES:
        yield from _table(stream, name, catalogue)
    elif kind in _DOCUMENTS:
        yield _document(stream, name, catalogue)
    else:
        kinds = "、".join((".json", *_LINES, *_TABLES, *_DOCUMENTS, ".zip"))
        yield refused(name, "input.kind", f"不是可以读取的文件，应为 {kinds} 之一。")


def _document(stream: IO[bytes], name: str, catalogue: Catalogue) -> Item:
    """A document that this service made holds one submission."""
    content = stream.read(MAX_PAPER + 1)
    if len(content) > MAX_PAPER:
        return refused(name, "input.size", f"文件超过 {MAX_PAPER:,} 字节的上限。")
    try:
        return Item(name, reading.submission_in(content, catalogue))
    except UnreadableDocument as refusal:
        return refused(name, "input.document", str(refusal))


def _table(stream: IO[bytes], name: str, catalogue: Catalogue) -> Iterator[Item]:
    content = stream.read(MAX_TABLE + 1)
    if len(content) > MAX_TABLE:
        yield refused(name, "input.size", f"文件超过 {MAX_TABLE:,} 字节的上限。")
        return
    try:
        yield from tables.items(content, name, catalogue)
    except UnreadableDocument as refusal:
        yield refused(name, "input.table", str(refusal))


def _zip(stream: IO[bytes], name: str, catalogue: Catalogue) -> Iterator[Item]:
    reader = ZipReader(stream)
    for member in reader.members:
        if not _JUNK.search(member.name):
            yield from _member(reader, member, f"{name}/{member.name}", catalogue)


def _member(reader: ZipReader, member: Member, name: str, catalogue: Catalogue) -> Iterator[Item]:
    if member.fault:
        yield refused(name, "input.archive", member.fault)
        return
    try:
        with reader.open(member) as content:
            yield from _file(content, name, catalogue)
    except UnreadableDocument as refusal:
        yield refused(name, "input.archive", str(refusal))


# A JSON file: one submission, or an array of them


def _json(stream: IO[bytes], name: str) -> Iterator[Item]:
    head = stream.read(MAX_BYTES + 1)
    text = head.removeprefix(codecs.BOM_UTF8)
    if not lists.is_list(text):
        yield Item(name, head)
        return
    for number, element in enumerate(lists.elements(text, stream), 1):
        place = f"{name} 第 {number} 项"
        if isinstance(element, lists.Fault):
            yield refused(place, *element.value)
        else:
            yield Item(place, element)
