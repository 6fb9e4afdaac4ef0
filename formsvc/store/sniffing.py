"""What an uploaded file is, by its content, and whether it is clean."""

import io
import json
import subprocess
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import pikepdf

from formsvc import sandbox
from formsvc.documents.formats import is_picture
from formsvc.documents.pictures import opened
from formsvc.documents.proof import carriage, codes
from formsvc.errors import UnreadableDocument
from formsvc.store.errors import Invalid

_CPU: Final = 20  # seconds
_PATIENCE: Final = 120  # seconds that a virus scanner has
_CLEAN, _INFECTED = 0, 1
# Programs in a PDF, which no proof needs (ISO 32000-2, 12.6.4).
_ACTIVE: Final = ("/OpenAction", "/AA")
_PROGRAMS: Final = ("/JavaScript", "/Launch")

sandbox.preload(__name__)


class FileType(StrEnum):
    """What can be handed in beside a form."""

    PDF = "pdf"
    JPEG = "jpeg"
    PNG = "png"
    DOCX = "docx"
    XLSX = "xlsx"

    @property
    def media_type(self) -> str:
        """What a browser is told."""
        office = "application/vnd.openxmlformats-officedocument."
        return {
            "pdf": "application/pdf", "jpeg": "image/jpeg", "png": "image/png",
            "docx": f"{office}wordprocessingml.document",
            "xlsx": f"{office}spreadsheetml.sheet",
        }[self.value]  # fmt: skip

    @property
    def ending(self) -> str:
        """How its file's name ends."""
        return "jpg" if self is FileType.JPEG else self.value


PAPERS: Final = frozenset({FileType.PDF, FileType.JPEG, FileType.PNG})


def sniffed(raw: bytes, allowed: frozenset[FileType]) -> FileType:
    """The type of a file that can be opened. Invalid says what is wrong with it."""
    try:
        answer = json.loads(sandbox.run_limited(look, raw, cpu=_CPU, wall=2.0 * _CPU))
    except UnreadableDocument as unreadable:
        raise Invalid(str(unreadable)) from None
    found = FileType(answer)
    if found not in allowed:
        names = "、".join(sorted(each.value.upper() for each in allowed))
        raise Invalid(f"这里只收 {names} 文件，这个文件是 {found.value.upper()}。")
    return found


def look(raw: bytes) -> bytes:
    """The type as JSON; for a process that can be killed. UnreadableDocument for another file."""
    if is_picture(raw):
        codes.picture(raw)
        return json.dumps("png" if raw.startswith(b"\x89PNG") else "jpeg").encode()
    if raw.startswith(b"%PDF-"):
        _refuse_programs(raw)
        with opened(raw) as document:
            if not len(document):
                raise UnreadableDocument("PDF 里没有一页。")
        return b'"pdf"'
    if raw.startswith(b"PK\x03\x04"):
        return json.dumps(_office(raw)).encode()
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableDocument("这是旧版 Word、Excel 文件，请另存为 PDF 后再上传。")
    raise UnreadableDocument("认不出这个文件：请上传 PDF，或 JPG、PNG 图片。")


def _office(raw: bytes) -> str:
    members = carriage.package(raw)
    if any(name.lower().endswith("vbaproject.bin") for name in members):
        raise UnreadableDocument("文件里有宏，请去掉宏，或另存为 PDF 后再上传。")
    if "word/document.xml" in members:
        return "docx"
    if "xl/workbook.xml" in members:
        return "xlsx"
    raise UnreadableDocument("不收压缩包；请把其中的文件逐个上传。")


def _refuse_programs(raw: bytes) -> None:
    try:
        with pikepdf.open(io.BytesIO(raw)) as pdf:
            root = pdf.Root
            starts = [root.get(name) for name in _ACTIVE]
            is_active = any(
                isinstance(each, pikepdf.Dictionary) and str(each.get("/S")) in _PROGRAMS
                for each in starts
            )
            if is_active or "/JavaScript" in root.get("/Names", {}):
                raise UnreadableDocument("PDF 里有自动运行的程序，已拒绝；请重新打印成 PDF。")
    except pikepdf.PasswordError:
        raise UnreadableDocument("PDF 加了密，无法打开；请去掉密码后再上传。") from None
    except (pikepdf.PdfError, AttributeError, TypeError, ValueError) as error:
        raise UnreadableDocument("PDF 已损坏，无法打开。") from error


def require_clean(raw: bytes, command: Sequence[str]) -> None:
    """Have the operator's program look for viruses. Invalid for what has one, and when it is not
    known; nothing happens without a program."""
    if not command:
        return
    try:
        code = subprocess.run(  # noqa: S603  # the operator's own program
            [*command], input=raw, timeout=_PATIENCE, check=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ).returncode  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        code = -1
    if code == _INFECTED:
        raise Invalid("查毒程序在这个文件里发现了病毒，没有收下；请先在自己的电脑上查毒。")
    if code != _CLEAN:
        raise Invalid("暂时无法查毒，没有收下这个文件；请稍后再试，或与管理员联系。")
