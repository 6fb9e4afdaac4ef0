"""Where submissions come from: JSON, JSONL, tables, documents, folders, ZIP → a stream of items.

One unreadable item is one item with a finding, never the end of the stream. Only what an operator
gets wrong (no such file) raises.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from formsvc import storage
from formsvc.catalogue import Catalogue
from formsvc.errors import UnreadableDocument
from formsvc.intake import parts, reading, tables
from formsvc.intake.items import Item, refused
from formsvc.intake.parts import JUNK, STANDARD_INPUT, File
from formsvc.writing.texts import clean


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

    A ZIP needs a stream that can seek. The stream is not closed.
    """
    try:
        for part in parts.of(stream, name):
            if isinstance(part, Item):
                yield part
            else:
                yield from _apart(part, catalogue)
    except UnreadableDocument as refusal:
        yield refused(name, "input.archive", str(refusal))


def _apart(file: File, catalogue: Catalogue) -> Iterator[Item]:
    """A table holds a submission a row, a document that this service made holds one."""
    is_table = file.name.lower().endswith(parts.TABLES)
    try:
        if is_table:
            yield from tables.items(file.content, file.name, catalogue)
        else:
            paper = reading.read(file.content, catalogue)
            yield Item(file.name, paper.raw, paper.findings)
    except UnreadableDocument as refusal:
        yield refused(file.name, "input.table" if is_table else "input.document", str(refusal))


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
            if not JUNK.search(shown) and path.is_file() and not path.is_symlink():
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
        if not JUNK.search(shown):
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
