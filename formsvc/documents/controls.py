"""Content controls of a DOCX: places that a person fills in, each tagged with its pointer.

ISO/IEC 29500-1, 17.5.2; check boxes are Word's own (MS-DOCX, w14). The same controls stand in the
blank and in filled documents: what was typed or corrected is read back by its tag, with certainty.

An empty control shows blanks, never a hint: a blank form is printed and filled by hand too, and
what is printed in a box reads as if somebody had written it there. What is allowed stands in the
title, which Word shows above the control while one types. `w:showingPlcHdr` says that the blanks
are no content: a click selects them, the first key replaces them.

As LibreOffice 7.4 saves controls, tags and titles are gone; those that hold paragraphs, or are
declared as plain text, become input fields, and their text is written two and three times over. So
every control stands inside a paragraph and is declared as no kind of text, one a paragraph where a
field has several; and a bookmark named after the pointer is around it, which every program keeps.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from formsvc import pointers
from formsvc.forms import Field, Form

EMPTY: Final = "\u3000\u3000"
# Stands for the number of a row until the row is there.
ROW: Final = "\ue002"
UNTICKED, TICKED = "☐", "☑"
TICKS: Final = frozenset(f"{TICKED}☒✓✔√■")  # ours, and what people and programs put in its place
_LONGEST: Final = 64  # of a tag or title; Word calls a file with a longer one damaged
_WORD_2010: Final = "http://schemas.microsoft.com/office/word/2010/wordml"
_DATE: Final = "yyyy'年'M'月'd'日'"  # as formsvc prints days
_SYMBOLS: Final = "MS Gothic"  # as Word itself sets its check boxes
_LOCKED: Final = '<w:lock w:val="sdtLocked"/>'  # can be filled in, not deleted
_COMPUTED: Final = '<w:lock w:val="sdtContentLocked"/>'  # the form works it out itself
_SHOWS_BLANKS: Final = "<w:showingPlcHdr/>"
_CLOSED: Final = "</w:sdtContent></w:sdt>"
_BOOKMARKS: Final = 5000  # their numbers; those of a template are lower
_NAME: Final = re.compile(r"__\w{1,38}", re.ASCII)  # Word allows 40 characters
_SECTION: Final = "__"
_ROW_DIGITS: Final = "000"  # at most
# Before the name of a bookmark whose field fills its cell, and after one that is not the first.
WHOLE, AGAIN = "_p", "___"

Hints = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ContentControl:
    """What stands before and after a control's content, and around the ends of paragraphs in it."""

    opened: str
    closed: str
    ended: str
    reopened: str


class Controls:
    """The controls of one document. `hints` say what is allowed, by pointer.

    An `is_blank` document offers what can be chosen; a filled one has plain controls.
    """

    def __init__(
        self, form: Form, hints: Hints = MappingProxyType({}), *, is_blank: bool = False
    ) -> None:
        self._form, self._hints, self._is_blank = form, hints, is_blank
        self._number = 0
        self._often: Counter[str] = Counter()

    def empty(self, pointer: str) -> str:
        """What a control shows before anything is in it."""
        if not self._is_blank:
            return ""
        return UNTICKED if pointer in self._form.ticks else EMPTY

    def control(self, pointer: str, properties: str, *, is_whole: bool = False) -> ContentControl:
        """The next control. `properties` is the `w:rPr` of what is typed, or ""; a control that
        `is_whole` fills its cell."""
        self._number += 1
        pointer = pointer.replace("/*/", f"/{ROW}/")
        start, end = self._bookmark(pointer, is_whole=is_whole)
        head = f"<w:sdt><w:sdtPr>{self._properties(pointer, properties)}</w:sdtPr><w:sdtContent>"
        return ContentControl(f"{start}{head}", f"{_CLOSED}{end}", _CLOSED, head)

    def _properties(self, pointer: str, properties: str) -> str:
        if len(pointer) > _LONGEST:
            return ""
        tagged = (
            f"<w:alias w:val={quoteattr(_cut(self._title(pointer)))}/>"
            f"<w:tag w:val={quoteattr(pointer)}/>"
        )
        if not self._is_blank:
            return tagged
        if pointer in self._form.ticks:
            return f"{properties}{tagged}{_LOCKED}{_CHECKBOX}"
        known = self._form.field(_first(pointer))
        if known and known.computed:
            return f"{properties}{tagged}{_COMPUTED}{_SHOWS_BLANKS}"
        kind = _kind(known) if known else ""
        return f"{properties}{tagged}{_LOCKED}{_SHOWS_BLANKS}{kind}"

    def _title(self, pointer: str) -> str:
        if pointer in self._form.ticks:
            return self._form.ticks[pointer][1]
        first = _first(pointer)
        known = self._form.field(first)
        # In a row the column's label; the row is told by where it is.
        label = known.label if known and known.list else self._form.label(first)
        hint = self._hints.get(first, "")
        return f"{label}：{hint}" if hint else label

    def _bookmark(self, pointer: str, *, is_whole: bool) -> tuple[str, str]:
        """Its start and end; "" for a pointer that is no name."""
        name = bookmark(pointer)
        self._often[name] += 1
        if self._often[name] > 1:
            name += f"{AGAIN}{self._often[name]}"
        name = f"{WHOLE if is_whole else ''}{name}"
        if not _NAME.fullmatch(
            name.removeprefix(WHOLE).replace(ROW, _ROW_DIGITS)
        ) or not self._may_name(pointer):
            return "", ""
        number = f"{_BOOKMARKS + self._number}{ROW if ROW in name else ''}"
        return (
            f'<w:bookmarkStart w:id="{number}" w:name="{name}"/>',
            f'<w:bookmarkEnd w:id="{number}"/>',
        )

    def _may_name(self, pointer: str) -> bool:
        return pointer_of(bookmark(pointer)) == pointer


def _first(pointer: str) -> str:
    """A pointer with the first row for any."""
    return pointer.replace(ROW, "0")


def fixed(pointer: str, text: str, properties: str) -> str:
    """A text that says which form this is, to be read back and not to be changed."""
    number = _BOOKMARKS - len(pointer)
    return (
        f'<w:bookmarkStart w:id="{number}" w:name="{bookmark(pointer)}"/><w:sdt><w:sdtPr>'
        f'<w:tag w:val="{pointer}"/><w:lock w:val="sdtContentLocked"/></w:sdtPr><w:sdtContent>'
        f"<w:r>{properties}<w:t>{escape(text)}</w:t></w:r>{_CLOSED}"
        f'<w:bookmarkEnd w:id="{number}"/>'
    )


def bookmark(pointer: str) -> str:
    """`/a/b` → `__a__b`."""
    return "".join(f"{_SECTION}{token}" for token in pointers.parse(pointer))


def pointer_of(name: str) -> str:
    """The pointer that a bookmark is named after; "" when it is not one of ours."""
    plain = name.removeprefix(WHOLE).partition(AGAIN)[0]
    if not plain.startswith(_SECTION):
        return ""
    return pointers.format(plain.split(_SECTION)[1:])


def _kind(known: Field) -> str:
    """What Word offers in a field: a list or a calendar."""
    if known.choices:
        return _list("dropDownList", known.choices)
    if known.type == "boolean":
        return _list("dropDownList", ("是", "否"))
    if suggested := tuple(map(str, known.schema.get("examples", ()))):
        return _list("comboBox", suggested)
    if known.kind == "date":
        return (
            f'<w:date><w:dateFormat w:val="{_DATE}"/><w:lid w:val="zh-CN"/>'
            '<w:storeMappedDataAs w:val="text"/><w:calendar w:val="gregorian"/></w:date>'
        )
    return ""


def _list(kind: str, choices: tuple[str, ...]) -> str:
    items = "".join(
        f"<w:listItem w:displayText={quoteattr(choice)} w:value={quoteattr(choice)}/>"
        for choice in choices
    )
    return f"<w:{kind}>{items}</w:{kind}>"


def _cut(title: str) -> str:
    return title if len(title) <= _LONGEST else f"{title[: _LONGEST - 1]}…"


_CHECKBOX: Final = (
    f'<w14:checkbox xmlns:w14="{_WORD_2010}"><w14:checked w14:val="0"/>'
    f'<w14:checkedState w14:val="{ord(TICKED):04X}" w14:font="{_SYMBOLS}"/>'
    f'<w14:uncheckedState w14:val="{ord(UNTICKED):04X}" w14:font="{_SYMBOLS}"/></w14:checkbox>'
)
