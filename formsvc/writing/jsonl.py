"""JSON Lines of our own: written by msgspec, and read back."""

import json
from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder()


def value(plain: Any) -> bytes:
    """JSON in UTF-8 of dicts, lists, tuples, texts and plain numbers; half a character is `?`."""
    try:
        return _ENCODER.encode(plain)
    except UnicodeEncodeError:
        text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")


def line(plain: Any) -> bytes:
    """The same as a line, with its end."""
    return value(plain) + b"\n"


def read(raw: bytes | str) -> Any:
    """What `value` or `line` gave; ValueError where it is none of them."""
    try:
        return _DECODER.decode(raw)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None
