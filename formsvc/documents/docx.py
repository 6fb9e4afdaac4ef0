"""Data → DOCX. docxtpl prepares a template once; a fill renders it and splices the ZIP."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NoReturn

import docx
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import etree
from markupsafe import escape

from formsvc import pointers
from formsvc.documents import headers, tablerows
from formsvc.documents.archive import Archive
from formsvc.documents.printing import Values, printed
from formsvc.documents.proof import carriage
from formsvc.documents.proof.marks import Proof
from formsvc.documents.shrinking import Shrinks, marked, shrunk
from formsvc.errors import TemplateError
from formsvc.forms import Form
from formsvc.writing import texts

BODY: Final = "word/document.xml"
# Ends the place of a running number, and begins the comment where a part begins or ends.
NUMBER: Final = "/#"
PART: Final = "part "
MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_PARAGRAPH = re.compile(r"<w:p(?: [^<>]*)?>(?:(?!<w:p[ >]).)*?</w:p>", re.DOTALL)
_PARAGRAPH_PROPERTIES = re.compile(r"<w:pPr>(?:(?!<w:pPr>).)*?</w:pPr>", re.DOTALL)
_RUN = re.compile(r"<w:r(?: [^<>]*)?>(?:(?!<w:r[ >]).)*?</w:r>", re.DOTALL)
_RUN_PROPERTIES = re.compile(r"<w:rPr>(?:(?!<w:rPr>).)*?</w:rPr>", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
_CUT = re.compile(r"\ue000([0-9]+)\ue001|\{%\s*((?:if|for\s+\w+\s+in)\s+[\w.]+|endif|endfor)\s*%\}")
_TEXT = '<w:t xml:space="preserve">'
_CLOSE = "</w:t></w:r>"
_CODE_FORM, _CODE_DIGEST = "/_code/form", "/_code/digest"
_LINE_BREAK = f"</w:t><w:br/>{_TEXT}"


@dataclass(frozen=True, slots=True)
class _Slot:
    """A place for a value: what a tab and a newline look like there."""

    pointer: str
    tab: str
    newline: str

    def show(self, values: Values, row: int) -> bytes:
        """The value as XML; `row` is that of the list around it."""
        pointer = self.pointer.replace("*", str(row), 1)
        value = values.get(pointer, "")
        if not value and pointer.endswith(NUMBER):
            value = str(row + 1)
        text = str(escape(value))
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


class DocxForm:
    """A form's DOCX template, prepared once; safe to share between threads."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self._package = read(form.docx)
        self._coded = headers.with_code(self._package)
        self._final = _Prepared(form, self._coded, carries=True)

    @cached_property
    def _plain(self) -> "_Prepared":
        return _Prepared(self.form, self._package)

    @cached_property
    def _draft(self) -> "_Prepared":
        return _Prepared(self.form, headers.with_draft_mark(self._coded), carries=True)

    def fill(
        self,
        data: object,
        *,
        draft: bool = False,
        key: bytes | None = None,
        shrinks: Shrinks = MappingProxyType({}),
    ) -> bytes:
        """The filled document, with its proof code on every page and its submission inside.

        A `draft` is marked 草稿 on every page and shows any data as it stands. ValueError for
        data that is not JSON.
        """
        values = printed(self.form, data)
        if draft:
            values = {name: texts.clean(text) for name, text in values.items()}
        prepared = self._draft if draft else self._final
        return prepared.render(marked(values, shrinks), Proof(self.form, data, key), shrinks)

    @property
    def pointers(self) -> frozenset[str]:
        """All that the template has a place for, with `*` in the rows of lists."""
        return self._final.pointers

    def places(self, rows: Mapping[str, int]) -> frozenset[str]:
        """All that it has a place for when its lists have so many rows; a running number ends
        in NUMBER."""
        return frozenset(
            place
            for pointer in self._final.pointers | self._final.numbers
            for place in (
                [pointer.replace("*", str(row), 1) for row in range(rows[_list(pointer)])]
                if "/*/" in pointer
                else [pointer]
            )
        )

    def blank(self) -> bytes:
        """The empty official form, with all its parts, as the fillable PDF has them."""
        return self._plain.render(dict(printed(self.form, {})), whole=True)

    def shown(self, values: Values) -> bytes:
        """The form with a text for each of `places(form.blank_rows)`, all its parts, nothing of
        ours; comments stand where a part begins and ends."""
        return self._plain.render(dict(values), whole=True, comments=True)


@cache
def prepared(form: Form) -> DocxForm:
    """The form's template, prepared on first use. TemplateError when it cannot be."""
    return DocxForm(form)


class _Prepared:
    """One package: parts that differ from fill to fill cut into segments, all others packed."""

    def __init__(self, form: Form, package: bytes, *, carries: bool = False) -> None:
        static, sources = split(package)
        self._parts = {name: _Part(form, name, source) for name, source in sources.items()}
        if carries:
            static, self._data = carriage.prepared(static)
            self._image = next(n for n, part in static.items() if part == headers.PLACEHOLDER)
            static.pop(self._image)
        self._archive = Archive(static)
        found = frozenset().union(*(part.pointers for part in self._parts.values()))
        self.numbers = frozenset(pointer for pointer in found if pointer.endswith(NUMBER))
        self.pointers = found - self.numbers

    def render(
        self,
        values: dict[str, str],
        proof: Proof | None = None,
        shrinks: Shrinks = MappingProxyType({}),
        *,
        whole: bool = False,
        comments: bool = False,
    ) -> bytes:
        extra = {}
        if proof:
            code = proof.code(0, 0)
            values[_CODE_FORM], values[_CODE_DIGEST] = code.text.split("\n")
            part = carriage.part(proof.record())
            extra = {self._data: part, self._image: headers.code_picture(code.modules)}
        parts = {name: part.render(values, whole, comments) for name, part in self._parts.items()}
        if shrinks:
            parts = {name: shrunk(part, shrinks if name == BODY else None)
                     for name, part in parts.items()}  # fmt: skip
        return self._archive.with_members(parts | extra)


class _Part:
    """A part of the package, cut once: ready bytes, slots for values, and blocks."""

    def __init__(self, form: Form, name: str, source: str) -> None:
        self._form = form
        self._where = f"{form.docx}: {name}"
        self._slots: list[_Slot] = []
        source = tablerows.kept_whole(source)
        self._loops = list(self._rows_in(source))
        self._known = {*(field.pointer for field in form.leaves if not field.list),
                       *(box.name for box in form.boxes), _CODE_FORM, _CODE_DIGEST}  # fmt: skip
        pieces = _CUT.split(_PARAGRAPH.sub(self._placed, source))
        self._pieces = self._cut(pieces)
        self.pointers = {slot.pointer for slot in self._slots}

    def _rows_in(self, source: str) -> Iterator[_Loop]:
        """The loops over lists; each holds one row of a table."""
        opened: re.Match[str] | None = None
        for tag in tablerows.LOOP.finditer(source):
            if tag[1] is None:
                if opened is None:
                    self._fail("an endfor without its for")
                if not tablerows.ROW.fullmatch(source[opened.end() : tag.start()].strip()):
                    self._fail(f"{opened[0]}: one row of a table stands between it and its endfor")
                yield _Loop(opened.end(), tag.start(), opened[1], _pointer(opened[2]))
                opened = None
                continue
            if opened is not None:
                self._fail(f"{opened[0]} has no {{%tr endfor %}} before {tag[0]}")
            if _pointer(tag[2]) not in self._form.lists:
                self._fail(f"{tag[0]}: {_pointer(tag[2])!r} is no list of rows")
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
        pointer = _pointer(name)
        if kind == "for":
            return _Block(pointer, is_loop=True, pieces=[])
        if name in {part.name for part in self._form.parts}:
            return _Block(name, is_loop=False, pieces=[])
        if pointer not in self._known and pointer not in self._form.lists:
            self._fail(
                f"{tag!r}: a condition asks whether a field, a list or a box is given,"
                " or names a [[part]] of form.toml"
            )
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

        def show(pieces: list[_Piece], row: int) -> None:
            for piece in pieces:
                if isinstance(piece, bytes):
                    shown.append(piece)
                elif isinstance(piece, _Slot):
                    shown.append(piece.show(values, row))
                elif piece.is_loop:
                    given = self._form.blank_rows[piece.name] if whole else 0
                    for each in range(given or int(values.get(piece.name) or 0)):
                        show(piece.pieces, each)
                elif whole or values.get(piece.name):
                    shown.append(f"<!--{PART}{piece.name}-->".encode() if comments else b"")
                    show(piece.pieces, row)
                    shown.append(f"<!--{PART}-->".encode() if comments else b"")

        show(self._pieces, 0)
        return b"".join(shown)

    def _named(self, name: str, at: int) -> str:
        """The pointer of a placeholder at a place of the source."""
        pointer = _pointer(name)
        around = next((loop for loop in self._loops if loop.start <= at < loop.end), None)
        variable, _, column = name.partition(".")
        if around is not None and name == "loop.index":
            return f"{around.list}/*{NUMBER}"
        if around is not None and variable == around.variable:
            pointer = f"{around.list}/*{_pointer(column)}"
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

        def run(match: re.Match[str]) -> str:
            found = _RUN_PROPERTIES.search(match[0])
            opened = f"<w:r>{found[0] if found else ''}"

            def slot(placeholder: re.Match[str]) -> str:
                pointer = self._named(placeholder[1], paragraph.start())
                ended = f"{_CLOSE}</w:p><w:p>{properties}{opened}{_TEXT}"
                self._slots.append(
                    _Slot(
                        pointer,
                        tab=f"{_CLOSE}{opened}<w:tab/></w:r>{opened}{_TEXT}",
                        newline=ended if self._form.is_block(pointer) else _LINE_BREAK,
                    )
                )
                return f"\ue000{len(self._slots) - 1}\ue001"

            return _PLACEHOLDER.sub(slot, match[0])

        return _RUN.sub(run, paragraph[0])


def _pointer(name: str) -> str:
    """`a.b` → `/a/b`."""
    return pointers.format(name.strip().split("."))


def _list(pointer: str) -> str:
    return pointer.partition("/*")[0]


def environment() -> ImmutableSandboxedEnvironment:
    """The sandbox that our templates are rendered in."""
    return ImmutableSandboxedEnvironment(
        autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )


def read(path: Path) -> bytes:
    """A DOCX as bytes. TemplateError when it is none, or not there."""
    if not path.is_file():
        raise TemplateError(
            f"{path}: is missing; draw the form in Word, with placeholders, and save it here"
            " (docs/authoring.md says how), then run: formsvc template build"
        )
    try:
        package = path.read_bytes()
        docx.Document(io.BytesIO(package))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise TemplateError(f"{path}: {error}") from error
    return package


def split(package: bytes) -> tuple[dict[str, bytes], dict[str, str]]:
    """The members that are the same in every fill, and the Jinja sources of the body and of the
    headers and footers that are not."""
    template = DocxTemplate(io.BytesIO(package))
    template.init_docx()
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        static = {name: opened.read(name) for name in opened.namelist()}
    sources = {
        name: source
        for name, source in _part_sources(template)
        if name == BODY or "{{" in source or "{%" in source
    }
    for name in sources:
        static.pop(name)
    return static, sources


def _part_sources(template: Any) -> Iterator[tuple[str, str]]:
    """(part name, Jinja source) of the body and of every header and footer, as docxtpl sees it."""
    root = etree.fromstring(etree.tostring(template.docx._element))
    for body in root.iterfind("{*}body"):
        body.clear()
    shell = etree.tostring(root, encoding="unicode")
    head, tail = re.split(r"<w:body\s*/>", shell)
    yield BODY, _DECLARATION + head + template.patch_xml(template.get_xml()) + tail
    for uri in (template.HEADER_URI, template.FOOTER_URI):
        for _, part in template.get_headers_footers(uri):
            source = template.patch_xml(template.get_part_xml(part))
            yield part.partname.lstrip("/"), _DECLARATION + source


_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
