"""Input bytes → submission, in one place for every shell, so that they all say the same.

Strict JSON (RFC 8259): no NaN or infinities, no lone surrogates, no duplicate keys, at most
MAX_DEPTH levels, numbers exact (int or Decimal). UTF-8 with or without a BOM; other bytes are
tried as GB18030, with a notice.
"""

import codecs
import json
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import jiter
import msgspec

from formsvc import pointers
from formsvc.findings import Finding, Severity

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
_MAX_EXPONENT = 20
_BEYOND = 10 ** (_MAX_EXPONENT + 1)
_POSITION = re.compile(r" at line ([0-9]+) column ([0-9]+)$")
_CONSTANT = re.compile(r"-?(?:NaN|Infinity|nan|inf)")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)

# What is most often sent by mistake, by its first bytes.
_KINDS = {
    b"\x89PNG": " PNG 图片",
    b"\xff\xd8\xff": " JPEG 图片",
    b"GIF8": " GIF 图片",
    b"%PDF-": " PDF 文件",
    b"PK\x03\x04": " Word、Excel 或 ZIP 文件",
    b"\xd0\xcf\x11\xe0": "旧版 Word 或 Excel 文件",
    b"<": "网页或 XML",
}


@dataclass(frozen=True, slots=True)
class Submission:
    """What the bytes hold. `data` is None when `findings` has an error."""

    data: object
    findings: tuple[Finding, ...] = ()


def parse(raw: bytes, keys: Callable[[object], int] = lambda data: 0) -> Submission:
    """Read one submission. Never raises: what cannot be read is a finding that names the place.

    `keys` may say how many keys there are in data that is surely modest, 0 where it does not know.
    """
    if len(raw) > MAX_BYTES:
        return _refused(
            "input.size", f"提交的内容有 {len(raw):,} 字节，超过 {MAX_BYTES:,} 字节的上限。"
        )
    notices: tuple[Finding, ...] = ()
    raw = raw.removeprefix(codecs.BOM_UTF8)
    data = _quickly(raw, keys)
    if data is not None:
        return Submission(data)
    try:
        data = _load(raw)
    except ValueError as error:
        if refusal := _of_another_kind(raw):
            return refusal
        converted = _from_gb18030(raw)
        if converted is None:
            return _unreadable(raw, str(error))
        try:
            data = _load(converted)
        except ValueError as second:
            return _unreadable(converted, str(second))
        notices = (_GB18030_NOTICE,)
    if not _is_modest(data, 1) and (refusal := _excess(data, "", 1)):
        return refusal
    return Submission(data, notices)


def encoded(data: object, *, indent: int | None = None) -> bytes:
    """A submission as JSON that `parse` reads back: its numbers written exactly as they are."""
    mark = secrets.token_hex()

    def stand_in(value: object) -> str:
        if not isinstance(value, Decimal):
            raise TypeError(f"not JSON: {type(value).__name__}")
        return f"{mark}{value:f}"

    text = json.dumps(data, ensure_ascii=False, indent=indent, default=stand_in)
    if mark in text:
        text = re.sub(rf'"{mark}([-.0-9]+)"', r"\1", text)
    return text.encode("utf-8", "surrogatepass")


def _quickly(raw: bytes, keys: Callable[[object], int]) -> object:
    """What the bytes hold where they are surely in order; None where `_load` has to say."""
    try:
        data = _DECODER.decode(raw)
        return data if _names_once(raw, keys(data) or _keys(data, 1)) else None
    except (msgspec.DecodeError, ValueError, ArithmeticError, RecursionError):
        return None


def _names_once(raw: bytes, keys: int) -> bool:
    """Whether no key surely stands twice: of those msgspec keeps the last alone, and then there are
    fewer `keys` than colons. Colons may stand in texts too, but no quotation mark before them."""
    if keys == raw.count(b":"):
        return True
    *before, _ = raw.split(b":")
    return keys == raw.count(b'":') and not any(part[-1:].isspace() for part in before)


def _keys(value: object, depth: int) -> int:
    """How many keys there are in it and below; ValueError where it is not modest."""
    children: Iterable[Any]
    if type(value) is dict:
        count, children = len(value), value.values()
    elif type(value) is list:
        count, children = 0, value
    elif _is_modest(value, depth):
        return 0
    else:
        raise ValueError
    if depth > MAX_DEPTH:
        raise ValueError
    for child in children:
        kind = type(child)
        if (
            kind is not str
            and kind is not bool
            and (kind is not int or not -_BEYOND < child < _BEYOND)
        ):
            count += _keys(child, depth + 1)
    return count


def _load(raw: bytes) -> object:
    return jiter.from_json(
        raw, allow_inf_nan=False, catch_duplicate_keys=True, float_mode="decimal", cache_mode="keys"
    )


def _from_gb18030(raw: bytes) -> bytes | None:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        try:
            return raw.decode("gb18030").encode()
        except (UnicodeDecodeError, UnicodeEncodeError):
            return None
    return None


def _is_modest(value: object, depth: int) -> bool:
    """Whether nesting and exponents stay within bounds."""
    if type(value) is dict:
        children: Iterable[object] = value.values()
    elif type(value) is list:
        children = value
    else:
        if type(value) is int:
            return bool(-_BEYOND < value < _BEYOND)
        return not isinstance(value, Decimal) or abs(value.adjusted()) <= _MAX_EXPONENT
    if depth > MAX_DEPTH:
        return False
    for child in children:
        if type(child) is not str and not _is_modest(child, depth + 1):
            return False
    return True


def _excess(value: object, pointer: str, depth: int) -> Submission | None:
    """The refusal for the first place that is not modest."""
    if not isinstance(value, dict | list):
        message = f"{pointer} 处的数字过大或过小，请写出普通的十进制数。"
        return None if _is_modest(value, depth) else _refused("input.number", message, pointer)
    if depth > MAX_DEPTH:
        message = f"嵌套超过 {MAX_DEPTH} 层（{pointer[:20]}…），请检查括号。"
        return _refused("input.depth", message, pointer)
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        if found := _excess(child, pointer + pointers.format((key,)), depth + 1):
            return found
    return None


_GB18030_NOTICE = Finding(
    "input.encoding",
    Severity.WARNING,
    "",
    "文件编码",
    "文件不是 UTF-8 编码，已按 GB18030 读取；请核对文字是否正确，最好另存为 UTF-8。",
)


def _refused(rule: str, message: str, pointer: str = "") -> Submission:
    return Submission(None, (Finding(rule, Severity.ERROR, pointer, "提交的文件", message),))


def _of_another_kind(raw: bytes) -> Submission | None:
    """The refusal of what is not even meant as JSON."""
    if not raw:
        return _refused("input.syntax", "内容是空的（0 字节），请检查文件。")
    for start, kind in _KINDS.items():
        if raw.startswith(start):
            message = f"这不是 JSON，像是{kind}；请提交 JSON，或本服务生成的 Word、PDF 表格。"
            return _refused("input.syntax", message)
    return None


def _unreadable(raw: bytes, complaint: str) -> Submission:
    """Turn the parser's complaint into a Chinese finding with line and column (characters)."""
    position = _POSITION.search(complaint)
    if not position:
        return _refused("input.syntax", "不是完整的 JSON。")
    line, column = int(position.group(1)), int(position.group(2))
    lines = raw.split(b"\n")
    text = lines[line - 1] if line <= len(lines) else b""
    shown = len(text[:column].decode("utf-8", "replace"))
    place = f"第 {line} 行第 {max(shown, 1)} 列"
    rest = text[max(column - 1, 0) :].decode("utf-8", "replace")
    rule, message = _explain(complaint, rest)
    return _refused(rule, f"{place}{message}")


def _explain(complaint: str, rest: str) -> tuple[str, str]:
    if duplicate := re.match(r'Detected duplicate key "(.*)" at', complaint, re.DOTALL):
        name = "".join(c if c.isprintable() else "\ufffd" for c in duplicate.group(1)[:50])
        return "input.duplicate-key", f"：项目“{name}”出现了两次，请只留一个。"
    if "recursion limit" in complaint:
        return "input.depth", f"：嵌套超过 {MAX_DEPTH} 层，请检查括号。"
    if "number out of range" in complaint:
        return "input.number", "：数字过大，请写出普通的十进制数。"
    if "hex escape" in complaint or "surrogate" in complaint:
        return "input.surrogate", "：\\u 转义不成对或不完整，不是有效的文字。"
    if "unicode code point" in complaint:
        return "input.encoding", "：不是有效的 UTF-8 或 GB18030 文字，请另存为 UTF-8。"
    if "control character" in complaint:
        return "input.control", "：文字里有未转义的换行、制表或控制字符，换行请写作 \\n。"
    if _CONSTANT.match(rest):
        return "input.number", "：NaN 和 Infinity 不是数字，请填写具体数值。"
    if "EOF" in complaint:
        return "input.syntax", "：内容不完整，JSON 没有结束。"
    return "input.syntax", "：不是正确的 JSON，请检查引号、逗号和括号。"
