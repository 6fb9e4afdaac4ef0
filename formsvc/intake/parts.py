"""What a file, a list or a ZIP consists of: submissions, and files to be taken apart by themselves.

Lists and ZIPs are cut in a process of their own (formsvc.sandbox), which sends every part as one
message; a document or table in a ZIP comes back as it is, and gets a process of its own then.
"""

import codecs
import json
import os
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import IO, Final

from formsvc import sandbox
from formsvc.errors import UnreadableDocument
from formsvc.intake import lists, zipfiles
from formsvc.intake.items import Item, refused
from formsvc.intake.zipfiles import Member, ZipReader
from formsvc.submissions import MAX_BYTES
from formsvc.writing.texts import clean

STANDARD_INPUT: Final = "标准输入"
MAX_TABLE: Final = 50_000_000
MAX_PAPER: Final = 10_000_000
MAX_BLANK: Final = 10_000
TABLES: Final = (".xlsx", ".csv")
_BLOCK: Final = 1 << 16
_LINES: Final = (".jsonl", ".ndjson")
_SCANS: Final = (".png", ".jpg", ".jpeg")
_OLD: Final = (".doc", ".wps")  # to be told what to send instead
_PAPERS: Final = (".docx", ".pdf", *_SCANS, *_OLD)
_LONGEST: Final = dict.fromkeys(_PAPERS, MAX_PAPER) | dict.fromkeys(TABLES, MAX_TABLE)
JUNK: Final = re.compile(
    r"(^|/)(\.[^/]*|~\$[^/]*|__MACOSX/.*|Thumbs\.db|desktop\.ini|[^/]*\.findings\.json)$",
    re.IGNORECASE,
)
_BLANK: Final = b" \t\r\n"
_RULE: Final = re.compile(r"input\.[a-z]{1,20}")
_ITEM, _REFUSED, _FILE = b"i", b"r", b"f"

sandbox.preload(__name__)


@dataclass(frozen=True, slots=True)
class File:
    """A document or table, as its name's ending says, that is still to be taken apart."""

    name: str
    content: bytes


Part = Item | File


def of(stream: IO[bytes], name: str) -> Iterator[Part]:
    """The parts of one opened file; its name's ending says what it is.

    A ZIP needs a stream that can seek. Raises UnreadableDocument, after what came before, where
    the rest cannot be read.
    """
    kind = _kind(name)
    if kind == ".zip":
        size = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        work = min(size * zipfiles.MAX_RATIO, zipfiles.MAX_BYTES)
        yield from _received(_zip_messages, stream, name, work)
    elif kind == ".json":
        yield from _json(stream, name)
    else:
        yield from _of_kind(stream, name, kind)


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


def _kind(name: str) -> str:
    kind = os.path.splitext(name.lower())[1]
    return ".jsonl" if kind in _LINES or name == STANDARD_INPUT else kind


def _of_kind(stream: IO[bytes], name: str, kind: str) -> Iterator[Part]:
    if kind == ".jsonl":
        yield from lines(stream, name)
    elif most := _LONGEST.get(kind):
        content = stream.read(most + 1)
        if len(content) > most:
            yield refused(name, "input.size", f"文件超过 {most:,} 字节的上限。")
        else:
            yield File(name, content)
    else:
        kinds = "、".join((".json", *_LINES, *TABLES, ".docx", ".pdf", ".zip"))
        yield refused(name, "input.kind", f"不是可以读取的文件，应为 {kinds} 之一。")


def _json(stream: IO[bytes], name: str) -> Iterator[Part]:
    """A JSON file: one submission, or an array of them."""
    if not stream.seekable():
        with sandbox.with_descriptor(stream) as copy:
            yield from _json(copy, name)
        return
    head = stream.read(MAX_BYTES + 1)
    if not lists.is_list(head.removeprefix(codecs.BOM_UTF8)):
        yield Item(name, head)
        return
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    yield from _received(_list_messages, stream, name, size)


# In the process


def _zip_messages(stream: IO[bytes]) -> Iterator[bytes]:
    reader = ZipReader(stream)
    for member in reader.members:
        if not JUNK.search(member.name):
            yield from map(_packed, _in_member(reader, member))


def _in_member(reader: ZipReader, member: Member) -> Iterator[Part]:
    name = f"/{member.name}"
    if member.fault:
        yield refused(name, "input.archive", member.fault)
        return
    try:
        with reader.open(member) as content:
            # What a ZIP in a ZIP would be, its name has been refused for.
            if (kind := _kind(name)) == ".json":
                yield from _cut(content, name)
            else:
                yield from _of_kind(content, name, kind)
    except UnreadableDocument as refusal:
        yield refused(name, "input.archive", str(refusal))


def _list_messages(stream: IO[bytes]) -> Iterator[bytes]:
    return map(_packed, _cut(stream, ""))


def _cut(stream: IO[bytes], name: str) -> Iterator[Item]:
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


# Between the two


def _packed(part: Part) -> bytes:
    """A kind, a line of JSON (where, and why it is refused), and the bytes."""
    if isinstance(part, File):
        return b"%b%b\n%b" % (_FILE, json.dumps([part.name]).encode(), part.content)
    if part.raw is None:
        head = [part.source, part.findings[0].rule, part.findings[0].message]
        return b"%b%b\n" % (_REFUSED, json.dumps(head).encode())
    return b"%b%b\n%b" % (_ITEM, json.dumps([part.source]).encode(), part.raw)


def _unpacked(message: bytes, name: str) -> Part:
    """A part of what is called `name`. The process may send anything once it has gone wrong."""
    kind, (head, _, content) = message[:1], message[1:].partition(b"\n")
    try:
        place, *why = _texts(head)
        place = name + clean(place)
        if kind == _REFUSED and len(why) == 2 and _RULE.fullmatch(why[0]):
            return refused(place, why[0], clean(why[1]))
        if kind == _ITEM and not why:
            return Item(place, content)
        if kind == _FILE and not why:
            return File(place, content)
    except (ValueError, RecursionError):
        pass
    raise UnreadableDocument("文件已损坏，无法读取。")


def _texts(head: bytes) -> list[str]:
    texts = json.loads(head)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError
    return texts


def _received(function: sandbox.Cutter, stream: IO[bytes], name: str, work: int) -> Iterator[Part]:
    last = ""
    try:
        with closing(sandbox.stream_limited(function, stream, work)) as messages:
            for message in messages:
                part = _unpacked(message, name)
                last = part.name if isinstance(part, File) else part.source
                yield part
    except UnreadableDocument as refusal:
        said = f"{refusal}在“{last}”之后没有读取。" if last else str(refusal)
        raise UnreadableDocument(said) from None
