"""ZIP files from strangers: names shown right, nothing extracted by name, bytes counted.

Limits are those of docs/operating: a refusal never costs more than the limit it names.
"""

import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final, cast

from formsvc.errors import UnreadableDocument
from formsvc.writing.texts import clean

MAX_MEMBERS: Final = 10_000
MAX_BYTES: Final = 1_000_000_000
MAX_RATIO: Final = 100
# What is small may compress better than that: the ratio counts from here on, in one member and
# in all that were opened.
_RATIO_FROM: Final = 1_000_000
# A directory entry with a long name and extra fields, in bytes.
_ENTRY: Final = 1_000
_LOCAL: Final = struct.Struct("<4s22xHH")
_UTF8: Final = 0x800
_ENCRYPTED: Final = 0x1
_NESTED = re.compile(r"\.(zip|rar|7z|gz|bz2|xz|tar|tgz)$", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True, slots=True)
class Member:
    """One file in a ZIP. `fault` (Chinese) says why it is not to be opened, or is None."""

    name: str
    info: zipfile.ZipInfo
    fault: str | None = None


class ZipReader:
    """A ZIP whose directory has been checked. Raises UnreadableDocument for the ZIP as a whole."""

    def __init__(self, stream: IO[bytes], max_bytes: int = MAX_BYTES) -> None:
        try:
            _refuse_long_directory(stream)
            self._zip = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, struct.error):
            raise UnreadableDocument("不是完整的 ZIP 文件，请重新压缩。") from None
        self._left = max_bytes
        self._packed = self._seen = 0
        infos = [info for info in self._zip.infolist() if not info.is_dir()]
        if len(infos) > MAX_MEMBERS:
            raise UnreadableDocument(f"压缩包里有 {len(infos):,} 个文件，最多 {MAX_MEMBERS:,} 个。")
        _refuse_overlaps(stream, infos, self._zip.start_dir)
        self.members = tuple(sorted(_members(infos), key=lambda member: member.name))

    def open(self, member: Member) -> IO[bytes]:
        """The member's bytes; reading raises UnreadableDocument at a limit or a broken stream."""
        try:
            counted = _Counted(self, self._zip.open(member.info), member.info)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError):
            raise UnreadableDocument("压缩数据已损坏，请重新压缩。") from None
        self._packed += member.info.compress_size
        return cast(IO[bytes], counted)

    def _spend(self, count: int) -> None:
        self._left -= count
        self._seen += count
        if self._left < 0:
            raise UnreadableDocument("压缩包解开后超过允许的总大小，已经停止。")
        _refuse_bomb(self._packed, self._seen)


class _Counted:
    """A member's stream with `read`, `readline` and iteration by blocks, counting every byte."""

    def __init__(self, reader: ZipReader, stream: IO[bytes], info: zipfile.ZipInfo) -> None:
        self._reader = reader
        self._stream = stream
        self._packed = max(info.compress_size, 1)
        self._seen = 0

    def read(self, size: int = -1) -> bytes:
        return self._counted(self._stream.read, size)

    def readline(self, size: int = -1) -> bytes:
        return self._counted(self._stream.readline, size)

    def close(self) -> None:
        self._stream.close()

    def __enter__(self) -> "_Counted":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _counted(self, take: object, size: int) -> bytes:
        try:
            block: bytes = take(size)  # type: ignore[operator]  # read or readline
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError):
            raise UnreadableDocument("压缩数据已损坏，请重新压缩。") from None
        self._seen += len(block)
        self._reader._spend(len(block))
        _refuse_bomb(self._packed, self._seen)
        return block


def _refuse_bomb(packed: int, seen: int) -> None:
    if seen > max(_RATIO_FROM, packed * MAX_RATIO):
        raise UnreadableDocument(f"压缩率超过 {MAX_RATIO} 倍，像是压缩炸弹，已经停止。")


def _members(infos: list[zipfile.ZipInfo]) -> Iterator[Member]:
    seen: set[str] = set()
    for info in infos:
        name = _name(info)
        folded = unicodedata.normalize("NFC", name)
        fault = _fault(name, info)
        if folded in seen:
            fault = "压缩包里有两个同名的文件，请改名后重新压缩。"
        seen.add(folded)
        yield Member(clean(name), info, fault)


def _name(info: zipfile.ZipInfo) -> str:
    """The name as its author saw it: UTF-8 by flag or by its bytes, else GB18030."""
    if info.flag_bits & _UTF8:
        return info.orig_filename
    raw = info.orig_filename.encode("cp437")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.orig_filename


def _fault(name: str, info: zipfile.ZipInfo) -> str | None:
    if info.flag_bits & _ENCRYPTED:
        return "文件加了密码，请去掉密码后重新压缩。"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "是一个链接而不是文件，不予读取。"
    # zipfile cuts a name at a NUL and turns no backslash on this system, so both are looked for.
    if "\\" in name or "\0" in name or name.startswith("/") or _DRIVE.match(name):
        return "文件名含有路径符号，不予读取；请重新压缩。"
    if ".." in name.split("/"):
        return "文件名指向压缩包之外，不予读取；请重新压缩。"
    if _NESTED.search(name):
        return "压缩包里还有压缩包，请解开后直接放入。"
    if info.compress_type not in _METHODS:
        return "使用了不常见的压缩方法，请用普通 ZIP 重新压缩。"
    return None


def _refuse_long_directory(stream: IO[bytes]) -> None:
    """Before zipfile makes an object of every entry."""
    record = zipfile._EndRecData(stream)  # type: ignore[attr-defined]  # has no public way
    if record and record[zipfile._ECD_SIZE] > MAX_MEMBERS * _ENTRY:  # type: ignore[attr-defined]
        raise UnreadableDocument(f"压缩包的目录太长，最多 {MAX_MEMBERS:,} 个文件。")


def _refuse_overlaps(stream: IO[bytes], infos: list[zipfile.ZipInfo], directory: int) -> None:
    """No two members may share bytes: overlapping ones are how small bombs get big."""
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        stream.seek(info.header_offset)
        header = stream.read(_LOCAL.size)
        if info.header_offset < end or len(header) < _LOCAL.size or header[:4] != b"PK\3\4":
            raise UnreadableDocument("压缩包的目录与内容不符，不予读取；请重新压缩。")
        _, name, extra = _LOCAL.unpack(header)
        end = info.header_offset + _LOCAL.size + name + extra + info.compress_size
    if end > directory:
        raise UnreadableDocument("压缩包的目录与内容不符，不予读取；请重新压缩。")
