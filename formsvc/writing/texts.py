"""Characters that no form may hold: they vanish, reorder the line or break the document."""

import re
import unicodedata
from collections.abc import Iterator

from formsvc import pointers

# Controls except newline and tab, lone surrogates, bidi embeddings, overrides and isolates,
# and the 66 noncharacters.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff"
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000)
    )
    + "]"
)


def is_clean(data: object) -> bool:
    """Whether no text and no name in a submission holds a forbidden character."""
    return are_clean("".join(strings(data)))


def are_clean(joined: str) -> bool:
    """Whether none of some texts, joined to one, holds a forbidden character."""
    # Every forbidden character is unprintable to str.isprintable, which is many times faster.
    return (
        joined.isprintable()
        or (lines := joined.replace("\n", "")).isprintable()
        or (lines := lines.replace("\u3000", "")).isprintable()
        or lines.replace("\t", "").replace("\xa0", "").isprintable()
        or _FORBIDDEN.search(joined) is None
    )


def forbidden(data: object, pointer: str = "") -> Iterator[tuple[str, str]]:
    """(pointer, Chinese description) of the first forbidden character in every text."""
    if isinstance(data, str):
        if found := _FORBIDDEN.search(data):
            yield pointer, _describe(data, found.start())
    elif isinstance(data, dict):
        for key, value in data.items():
            place = pointer + pointers.format([clean(str(key))])
            yield from ((place, f"的名称{problem}") for _, problem in forbidden(str(key)))
            yield from forbidden(value, place)
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from forbidden(value, f"{pointer}/{index}")


def clean(text: str) -> str:
    """Forbidden characters replaced by U+FFFD, for showing a broken text."""
    return text if text.isprintable() else _FORBIDDEN.sub("\ufffd", text)


def cleaned(data: object) -> object:
    """A copy of a submission with `clean` applied to every text and key."""
    if isinstance(data, str):
        return clean(data)
    if isinstance(data, dict):
        return {clean(str(key)): cleaned(value) for key, value in data.items()}
    if isinstance(data, list):
        return [cleaned(value) for value in data]
    return data


def strings(data: object) -> list[str]:
    """All texts of a submission, and all names."""
    found: list[str] = []
    waiting = [data]
    for value in waiting:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            found.extend(map(str, value))
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return found


def _describe(text: str, place: int) -> str:
    character = text[place]
    names = {"Cs": "不完整的代理字符", "Cf": "改变文字方向的字符", "Cn": "非字符"}
    name = names.get(unicodedata.category(character), "控制字符")
    return f"第 {place + 1} 个字符是{name} U+{ord(character):04X}，看不见也印不出，请删去"
