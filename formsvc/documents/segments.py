"""A part of a Word template, cut once: ready bytes, places for values, rows and parts.

Placeholders are {{ pointer.with.dots }}; `{%tr for row in list %}` begins the rows of a list,
`{%p if name %}` or `{%tr if name %}` what is there only where something is given.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

from markupsafe import escape

from formsvc import pointers
from formsvc.documents import tablerows
from formsvc.documents.controls import ROW, ContentControl, Controls
from formsvc.documents.printing import Values, piece, whole_of
from formsvc.errors import TemplateError
from formsvc.forms import Form, PrintBox

CODE_FORM, CODE_DIGEST = "/_code/form", "/_code/digest"
PLACEHOLDER: Final = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
# Ends the place of a running number, and begins the comment where a part begins or ends.
NUMBER: Final = "/#"
PART: Final = "part "
_PARAGRAPH = re.compile(r"<w:p(?: [^<>]*)?>(?:(?!<w:p[ >]).)*?</w:p>", re.DOTALL)
_PARAGRAPH_PROPERTIES = re.compile(r"<w:pPr>(?:(?!<w:pPr>).)*?</w:pPr>", re.DOTALL)
_RUN = re.compile(r"<w:r(?: [^<>]*)?>(?:(?!<w:r[ >]).)*?</w:r>", re.DOTALL)
_RUN_PROPERTIES = re.compile(r"<w:rPr>(?:(?!<w:rPr>).)*?</w:rPr>", re.DOTALL)
_CUT = re.compile(r"\ue000([0-9]+)\ue001|\{%\s*((?:if|for\s+\w+\s+in)\s+[\w.]+|endif|endfor)\s*%\}")
_WRITTEN = re.compile(r"<w:t(?: [^<>]*)?>([^<]*)</w:t>")
_TEXT = '<w:t xml:space="preserve">'
_CLOSE = "</w:t></w:r>"
_IN_ROW = ROW.encode()
_LINE_BREAK = f"</w:t><w:br/>{_TEXT}"


@dataclass(frozen=True, slots=True)
class _Slot:
    """A place for a value: what a tab, a newline and nothing look like there."""

    pointer: str
    tab: str
    newline: str
    empty: str = ""

    def show(self, values: Values, row: int) -> bytes:
        """The value as XML; `row` is that of the list around it."""
        pointer = self.pointer.replace("*", str(row), 1)
        value = values.get(pointer, "")
        if not value and pointer.endswith(NUMBER):
            value = str(row + 1)
        text = str(escape(value)) or self.empty
        if "\n" in text or "\t" in text:
            text = text.replace("\t", self.tab).replace("\n", self.newline)
        return text.encode()


@dataclass(frozen=True, slots=True)
class _Block:
    """What is there once for each row of a list, or only where something is given."""

    name: str
    is_loop: bool
    pieces: "list[_Piece]"


_Piece = bytes | _Slot | _Block


@dataclass(frozen=True, slots=True)
class _Loop:
    """Where the rows of a list stand in a source, and by which name they are called there."""

    start: int
    end: int
    variable: str
    list: str


class Segments:
    """A part of the package, cut once: ready bytes, slots for values, and blocks."""

    def __init__(
        self, form: Form, name: str, source: str, controls: Controls | None = None
    ) -> None:
        self._form = form
        self._boxes = {box.name: box for box in form.boxes}
        self._controls = controls
        self._where = f"{form.docx}: {name}"
        self._slots: list[_Slot] = []
        source = tablerows.kept_whole(source)
        self._loops = list(self._rows_in(source))
        fields = (field.pointer for field in form.leaves if not field.list)
        self._known = {*fields, *self._boxes, *form.ticks, CODE_FORM, CODE_DIGEST}
        self.conditions: set[str] = set()
        pieces = _CUT.split(_PARAGRAPH.sub(self._placed, source))
        self._pieces = self._cut(pieces)
        self.pointers = {whole_of(slot.pointer) for slot in self._slots}

    def _rows_in(self, source: str) -> Iterator[_Loop]:
        """The loops over lists; each holds one row of a table."""
        opened: re.Match[str] | None = None
        for tag in tablerows.LOOP.finditer(source):
            if tag[1] is None:
                if opened is None:
                    self._fail("an endfor without its for")
                if not tablerows.ROW.fullmatch(source[opened.end() : tag.start()].strip()):
                    self._fail(f"{opened[0]}: one row of a table stands between it and its endfor")
                yield _Loop(opened.end(), tag.start(), opened[1], named(opened[2]))
                opened = None
                continue
            if opened is not None:
                self._fail(f"{opened[0]} has no {{%tr endfor %}} before {tag[0]}")
            if named(tag[2]) not in self._form.lists:
                self._fail(f"{tag[0]}: {named(tag[2])!r} is no list of rows")
            opened = tag
        if opened is not None:
            self._fail(f"{opened[0]} has no {{%tr endfor %}} after it")

    def _cut(self, pieces: list[str]) -> list[_Piece]:
        whole: list[_Piece] = []
        open_: list[_Block] = []
        inner = whole
        for ready, slot, tag in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=False):
            inner.append(self._ready(ready))
            if slot:
                inner.append(self._slots[int(slot)])
            elif tag.startswith("end"):
                if not open_ or open_[-1].is_loop is not (tag == "endfor"):
                    self._fail(f"an {tag} without its {tag[3:]}")
                open_.pop()
                inner = open_[-1].pieces if open_ else whole
            else:
                open_.append(self._block(tag))
                inner.append(open_[-1])
                inner = open_[-1].pieces
        if open_:
            self._fail(f"{open_[-1].name}: an if without its endif")
        return [*whole, self._ready(pieces[-1])]

    def _block(self, tag: str) -> _Block:
        kind, *_, name = tag.split()
        pointer = named(name)
        if kind == "for":
            return _Block(pointer, is_loop=True, pieces=[])
        if name in {part.name for part in self._form.parts}:
            pointer = name
        elif pointer not in self._known and pointer not in self._form.lists:
            self._fail(
                f"{tag!r}: a condition asks whether a field, a list or a box is given,"
                " or names a [[part]] of form.toml"
            )
        self.conditions.add(pointer)
        return _Block(pointer, is_loop=False, pieces=[])

    def _ready(self, text: str) -> bytes:
        if "{{" in text or "{%" in text:
            self._fail("only names can be placeholders, and only names or lists in conditions")
        return text.encode()

    def _fail(self, what: str) -> NoReturn:
        raise TemplateError(f"{self._where}: {what}")

    def render(self, values: Values, whole: bool, comments: bool) -> bytes:
        """With the rows and parts that are given, or, for a `whole` form, all of them and the rows
        of a blank."""
        shown: list[bytes] = []

        def show(found: list[_Piece], row: int | None = None) -> None:
            for each in found:
                if isinstance(each, bytes):
                    shown.append(each if row is None else each.replace(_IN_ROW, b"%d" % row))
                elif isinstance(each, _Slot):
                    shown.append(each.show(values, row or 0))
                elif each.is_loop:
                    given = self._form.blank_rows[each.name] if whole else 0
                    for number in range(given or int(values.get(each.name) or 0)):
                        show(each.pieces, number)
                elif whole or values.get(each.name):
                    shown.append(f"<!--{PART}{each.name}-->".encode() if comments else b"")
                    show(each.pieces, row)
                    shown.append(f"<!--{PART}-->".encode() if comments else b"")

        show(self._pieces)
        return b"".join(shown)

    def _named(self, name: str, at: int) -> str:
        """The pointer of a placeholder at a place of the source."""
        pointer = named(name)
        around = next((loop for loop in self._loops if loop.start <= at < loop.end), None)
        variable, _, column = name.partition(".")
        if around is not None and name == "loop.index":
            return f"{around.list}/*{NUMBER}"
        if around is not None and variable == around.variable:
            pointer = f"{around.list}/*{named(column)}"
            if pointer not in {field.pointer for field in self._form.lists[around.list]}:
                self._fail(f"{{{{ {name} }}}}: the rows of {around.list} have no {column!r}")
        elif pointer not in self._known:
            rows = {loop.variable for loop in self._loops} | {"loop"}
            known = self._form.field(pointer)
            if variable in rows:
                self._fail(f"{{{{ {name} }}}} stands outside of the rows of its list")
            if known is not None and known.list:
                array = ".".join(pointers.parse(known.list))
                self._fail(
                    f"{{{{ {name} }}}}: rows are written once, between"
                    f" {{%tr for row in {array} %}} and {{%tr endfor %}}"
                )
            self._fail(f"placeholder {pointer!r} is not in the form")
        return pointer

    def _placed(self, paragraph: re.Match[str]) -> str:
        """A paragraph with a numbered mark in the place of every placeholder, and the slots told
        the properties around them."""
        if "{%" in paragraph[0]:
            self._fail("a condition stands alone in a paragraph, as {%p … %}, or row, as {%tr … %}")
        found = _PARAGRAPH_PROPERTIES.search(paragraph[0])
        properties = found[0] if found else ""
        text = "".join(_WRITTEN.findall(paragraph[0])).strip()
        is_alone = bool(PLACEHOLDER.fullmatch(text))

        def run(match: re.Match[str]) -> str:
            found = _RUN_PROPERTIES.search(match[0])
            look = found[0] if found else ""
            opened = f"<w:r>{look}{_TEXT}"

            def place(placeholder: re.Match[str]) -> str:
                pointer = self._named(placeholder[1], paragraph.start())
                box = self._boxes.get(pointer)
                if box and self._controls and not box.list:
                    return self._pieces_of(box, look)
                is_block = self._form.is_block(pointer)
                control = self._control(pointer, look, is_whole=is_alone and is_block)
                newline = f"</w:p><w:p>{properties}".join(_between(control, opened))
                slot = self._slot(pointer, look, newline if is_block else _LINE_BREAK, pointer)
                return _within(control, opened, slot)

            filled = PLACEHOLDER.sub(place, match[0])
            return filled.replace(f"{opened}{_CLOSE}", "") if self._controls else filled

        return _RUN.sub(run, paragraph[0])

    def _control(self, pointer: str, look: str, *, is_whole: bool = False) -> ContentControl | None:
        if self._controls is None or pointer.endswith(NUMBER):
            return None
        return self._controls.control(pointer, look, is_whole=is_whole)

    def _slot(self, name: str, look: str, newline: str, pointer: str = "") -> str:
        """The mark of a new slot in a run with these properties; `pointer` is its control's."""
        tab = f"{_CLOSE}<w:r>{look}<w:tab/></w:r><w:r>{look}{_TEXT}"
        empty = self._controls.empty(pointer) if self._controls and pointer else ""
        self._slots.append(_Slot(name, tab, newline, empty))
        return f"\ue000{len(self._slots) - 1}\ue001"

    def _pieces_of(self, box: PrintBox, look: str) -> str:
        """A print box: a control for every field, literals and amounts in words between them."""
        shown = []
        for number, literal in enumerate(box.literals):
            if number:
                field, as_words = box.parts[number - 1]
                pointer = "" if as_words else field.pointer
                slot = self._slot(piece(box.name, 2 * number - 1), look, _LINE_BREAK, pointer)
                control = self._control(pointer, look) if pointer else None
                shown.append(_within(control, f"<w:r>{look}{_TEXT}", slot))
            if literal:
                shown.append(self._slot(piece(box.name, 2 * number), look, _LINE_BREAK))
        return "".join(shown)


def _within(control: ContentControl | None, opened: str, slot: str) -> str:
    """A slot in its control, between what stands before and after it in its run."""
    if control is None:
        return slot
    return f"{_CLOSE}{control.opened}{opened}{slot}{_CLOSE}{control.closed}{opened}"


def _between(control: ContentControl | None, opened: str) -> tuple[str, str]:
    """What ends a paragraph in the middle of a value, and begins the next one."""
    if control is None:
        return _CLOSE, opened
    return f"{_CLOSE}{control.ended}", f"{control.reopened}{opened}"


def named(name: str) -> str:
    """`a.b` → `/a/b`."""
    return pointers.format(name.strip().split("."))
