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
from formsvc.documents import headers
from formsvc.documents.archive import Archive
from formsvc.documents.printing import Values, printed
from formsvc.documents.proof import carriage
from formsvc.documents.proof.marks import Proof
from formsvc.documents.shrinking import Shrinks, marked, shrunk
from formsvc.errors import TemplateError
from formsvc.forms import Form
from formsvc.writing import texts

BODY: Final = "word/document.xml"
MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_PARAGRAPH = re.compile(r"<w:p(?: [^<>]*)?>(?:(?!<w:p[ >]).)*?</w:p>", re.DOTALL)
_PARAGRAPH_PROPERTIES = re.compile(r"<w:pPr>(?:(?!<w:pPr>).)*?</w:pPr>", re.DOTALL)
_RUN = re.compile(r"<w:r(?: [^<>]*)?>(?:(?!<w:r[ >]).)*?</w:r>", re.DOTALL)
_RUN_PROPERTIES = re.compile(r"<w:rPr>(?:(?!<w:rPr>).)*?</w:rPr>", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
_CUT = re.compile(r"\ue000([0-9]+)\ue001|\{%\s*(if\s+[\w.]+|endif)\s*%\}")
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

    def show(self, value: str) -> str:
        """The value as XML."""
        text = str(escape(value))
        if "\n" in text or "\t" in text:
            text = text.replace("\t", self.tab).replace("\n", self.newline)
        return text


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
        """All that the template has a place for."""
        return self._final.pointers

    def blank(self) -> bytes:
        """The empty official form, with the sheets for its lists, as the fillable PDF has them."""
        return self.shown(printed(self.form, {}))

    def shown(self, values: Values) -> bytes:
        """The form with a text for each of `form.printable`, all its sheets, nothing of ours."""
        return self._plain.render(dict(values), whole=True)


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
        self.pointers = frozenset().union(*(part.pointers for part in self._parts.values()))

    def render(
        self,
        values: dict[str, str],
        proof: Proof | None = None,
        shrinks: Shrinks = MappingProxyType({}),
        *,
        whole: bool = False,
    ) -> bytes:
        extra = {}
        if proof:
            code = proof.code(0, 0)
            values[_CODE_FORM], values[_CODE_DIGEST] = code.text.split("\n")
            part = carriage.part(proof.record())
            extra = {self._data: part, self._image: headers.code_picture(code.modules)}
        parts = {name: part.render(values, whole) for name, part in self._parts.items()}
        if shrinks:
            parts = {name: shrunk(part, shrinks if name == BODY else None)
                     for name, part in parts.items()}  # fmt: skip
        return self._archive.with_members(parts | extra)


class _Part:
    """A part of the package, cut once: ready bytes, slots for values, and conditions on lists."""

    def __init__(self, form: Form, name: str, source: str) -> None:
        self._form = form
        self._where = f"{form.docx}: {name}"
        self._slots: list[_Slot] = []
        pieces = _CUT.split(_PARAGRAPH.sub(self._placed, source))
        self._pieces = list(self._cut(pieces))
        self.pointers = {slot.pointer for slot in self._slots}

    def _cut(self, pieces: list[str]) -> Iterator[tuple[bytes, _Slot | str | None]]:
        """(ready bytes, what follows): a slot, a list's pointer where its part begins, "" at its
        end, None at the end of all."""
        depth = 0
        for ready, slot, tag in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=False):
            yield self._ready(ready), self._slots[int(slot)] if slot else self._condition(tag)
            depth += 0 if slot else -1 if tag == "endif" else 1
            if depth < 0:
                self._fail("an endif without its if")
        if depth:
            self._fail("an if without its endif")
        yield self._ready(pieces[-1]), None

    def _ready(self, text: str) -> bytes:
        if "{{" in text or "{%" in text:
            self._fail("only names can be placeholders, only `if` of a list a condition")
        return text.encode()

    def _condition(self, tag: str) -> str:
        if tag == "endif":
            return ""
        pointer = _pointer(tag.removeprefix("if"))
        if pointer not in self._form.lists:
            self._fail(f"{tag!r}: a condition can only ask whether a list is given")
        return pointer

    def _fail(self, what: str) -> NoReturn:
        raise TemplateError(f"{self._where}: {what}")

    def render(self, values: Mapping[str, str], whole: bool) -> bytes:
        """With the lists that are given, or, for a `whole` form, with all."""
        shown: list[bytes] = []
        hidden = 0
        for ready, then in self._pieces:
            if not hidden:
                shown.append(ready)
            if then is None:
                break
            if isinstance(then, _Slot):
                if not hidden:
                    shown.append(then.show(values[then.pointer]).encode())
            elif hidden:
                hidden += 1 if then else -1
            elif then and not whole and not any(values[name] for name in self._form.rows_of(then)):
                hidden = 1
        return b"".join(shown)

    def _placed(self, paragraph: re.Match[str]) -> str:
        """A paragraph with a numbered mark in the place of every placeholder, and the slots told
        the properties around them."""
        found = _PARAGRAPH_PROPERTIES.search(paragraph[0])
        properties = found[0] if found else ""
        known = {*self._form.printable, _CODE_FORM, _CODE_DIGEST}

        def run(match: re.Match[str]) -> str:
            found = _RUN_PROPERTIES.search(match[0])
            opened = f"<w:r>{found[0] if found else ''}"

            def slot(placeholder: re.Match[str]) -> str:
                pointer = _pointer(placeholder[1])
                if pointer not in known:
                    self._fail(f"placeholder {pointer!r} is not in the form")
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
