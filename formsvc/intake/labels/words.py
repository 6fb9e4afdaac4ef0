"""Labels as they are compared: without blanks, numbering, colons, and with their notes apart."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from formsvc.writing.notation import FULL_WIDTH

_NUMBERING: Final = (
    r"(?:[(（【\[]\s*(?:[0-9]{1,2}|[一二三四五六七八九十]{1,3})\s*[)）】\]]"
    r"|[0-9]{1,2}\s*[.、．)）](?![0-9])|[一二三四五六七八九十]{1,3}\s*[、.．]|[①-⑳])[\s、.]*"
)
_NUMBERED = re.compile(rf"(?:{_NUMBERING})+|[*＊★●◆■]+")
_NOTE = re.compile(r"[(（【\[]([^()（）【】\[\]]{0,60})[)）】\]]$")
RULE: Final = "\u2002"  # how intake.labels.tree gives a blank that is underlined
_FILLER: Final = "_＿﹍﹎—"  # what a line to write on is made of
_BLANK = re.compile(rf"[\s{_FILLER}]+")
_ENDS: Final = "：:;；。.，,、"
# What stands in a blank for a date or a choice before anybody has written there.
_UNWRITTEN = re.compile(
    r"(?:[自从起]\s*)?(?:至|到|-|~|～|共|第|年|月|日|时|元|万元|个|[□☐○()（）\[\]〔〕/／:：.．·…]"
    rf"|[\s{_FILLER}])+止?"
)


def bare(text: str) -> str:
    """A text without blanks and lines to write on, full-width characters narrowed."""
    return _BLANK.sub("", unicodedata.normalize("NFKC", text))


def same_length(text: str) -> str:
    """A text in which labels are looked for: each character narrowed, none added or taken."""
    return text.translate(FULL_WIDTH)


@lru_cache(8192)
def label(text: str) -> tuple[str, str]:
    """(label, its notes in brackets): `1．研 修 成 效（可另附纸）：` → 研修成效, 可另附纸."""
    plain = bare(text[:400])
    if numbering := _NUMBERED.match(plain):
        plain = plain[numbering.end() :] or plain
    notes: list[str] = []
    while True:
        plain = plain.rstrip(_ENDS)
        note = _NOTE.search(plain)
        if note is None or not plain[: note.start()]:
            return plain, "".join(reversed(notes))
        notes.append(note[1])
        plain = plain[: note.start()]


def forms_of(text: str) -> tuple[str, ...]:
    """What a printed label may be recognised by: with its notes, and without."""
    plain, note = label(text)
    whole = bare(text).rstrip(_ENDS)
    return (plain, whole) if note and whole != plain else (plain,)


def is_unwritten(text: str) -> bool:
    """Whether a place holds only what is printed to write on: lines, 年 月 日, empty boxes."""
    return not text.strip() or _UNWRITTEN.fullmatch(text) is not None


def written(text: str) -> str:
    """A value without the blanks and lines around it; its own lines stay."""
    return text.replace(RULE, " ").strip().strip("_＿").strip()


def written_lines(text: str) -> str:
    """A text of several paragraphs without the blanks around it; indents of two characters stay."""
    return text.replace(RULE, " ").strip(" \t\n_＿").rstrip() if text.strip() else ""


def likeness(one: str, other: str) -> float:
    """How alike two labels are, 0 to 1: 身份证号 and 身份证号码 are, 姓名 and 地址 are not."""
    if not one or not other:
        return 0.0
    if one == other:
        return 1.0
    mine, others = frozenset(one), frozenset(other)
    alike = 2 * len(mine & others) / (len(mine) + len(others))
    short, long = sorted((one, other), key=len)
    if len(short) > 1 and short in long:
        return max(alike, 0.6)
    return alike


def pattern(labels: Iterable[str]) -> re.Pattern[str]:
    """Finds labels in a text of `same_length`: at a line's or a gap's beginning, blanks inside.

    Groups: label, note, colon. Linear in the text.
    """
    ordered = sorted({each for each in labels if each}, key=lambda each: (-len(each), each))
    either = "|".join(r"\s{0,20}".join(map(re.escape, same_length(each))) for each in ordered)
    return re.compile(
        rf"(?<![^\s_;,.、。☑☐□√✓✔])(?:{_NUMBERING})?(?P<label>{either or '(?!)'})"
        r"[^\S\n]*(?P<note>\([^()\n]{0,60}\))?[^\S\n]*(?P<colon>:|(?=[^\S\n]{2}|[\t\u2002]|_|\n|$))"
    )
