"""Content controls of a DOCX: places that a person fills in, each tagged with its pointer.

ISO/IEC 29500-1, 17.5.2; check boxes are Word's own (MS-DOCX, w14). The same controls stand in the
blank and in filled documents: what was typed or corrected is read back by its tag, with certainty,
also after WPS or LibreOffice saved the file.

An empty control shows blanks, never a hint: a blank form is printed and filled by hand too, and what
is printed in a box reads as if somebody had written it there. What is allowed stands in the title,
which Word shows above the control while one types. `w:showingPlcHdr` says that the blanks are no
content: a click selects them, the first key replaces them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import quoteattr

from formsvc.forms import Field, Form

EMPTY: Final = "\u3000\u3000"
UNTICKED, TICKED = "☐", "☑"
_LONGEST: Final = 64  # of a tag or title; Word calls a file with a longer one damaged
_WORD_2010: Final = "http://schemas.microsoft.com/office/word/2010/wordml"
_DATE: Final = "yyyy'年'M'月'd'日'"  # as formsvc prints days
_SYMBOLS: Final = "MS Gothic"  # as Word itself sets its check boxes
_LOCKED: Final = '<w:lock w:val="sdtLocked"/>'  # can be filled in, not deleted
_SHOWS_BLANKS: Final = "<w:showingPlcHdr/>"
CLOSED: Final = "</w:sdtContent></w:sdt>"

Hints = Mapping[str, str]


@dataclass(slots=True)
class Controls:
    """Writes the controls of one document. `hints` say what is allowed, by pointer.

    An `is_blank` document offers what can be chosen; a filled one has plain controls.
    """

    form: Form
    hints: Hints = field(default_factory=dict)
    is_blank: bool = False
    _number: int = 0

    def has_room_for(self, pointer: str) -> bool:
        """Whether a pointer can be the tag of a control."""
        return len(pointer) <= _LONGEST

    def empty(self, pointer: str) -> str:
        """What a control shows before anything is in it."""
        if not (self.is_blank and self.has_room_for(pointer)):
            return ""
        return UNTICKED if pointer in self.form.ticks else EMPTY

    def opened(self, pointer: str, properties: str) -> str:
        """All before the content; `properties` is the `w:rPr` of what is typed, or ""."""
        self._number += 1
        title = self.form.label(pointer)
        if pointer in self.form.ticks:
            title = self.form.ticks[pointer][1]
        if hint := self.hints.get(pointer, ""):
            title = f"{title}：{hint}"
        blank = self.is_blank
        return (
            f"<w:sdt><w:sdtPr>{properties if blank else ''}"
            f"<w:alias w:val={quoteattr(_cut(title))}/><w:tag w:val={quoteattr(pointer)}/>"
            f'<w:id w:val="{self._number}"/>{_LOCKED if blank else ""}'
            f"{_SHOWS_BLANKS if blank and pointer not in self.form.ticks else ''}"
            f"{self._kind(pointer)}</w:sdtPr><w:sdtContent>"
        )

    def _kind(self, pointer: str) -> str:
        if pointer in self.form.ticks:
            return _CHECKBOX
        known = self.form.field(pointer)
        if known is None or not self.is_blank:
            return ""
        return _kind(known)


def _kind(known: Field) -> str:
    """What Word offers in a field: a list, a calendar, lines of text."""
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
    return "" if known.kind == "paragraphs" else "<w:text/>"


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
