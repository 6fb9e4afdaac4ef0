"""Data → DOCX. docxtpl prepares a template once; a fill renders it and splices the ZIP."""

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import docx
from docx.document import Document
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import etree

from formsvc.documents import headers
from formsvc.documents.archive import Archive
from formsvc.documents.controls import Controls, Hints
from formsvc.documents.printing import Values, pieces, printed
from formsvc.documents.proof import carriage
from formsvc.documents.proof.marks import Proof
from formsvc.documents.segments import (
    CODE_DIGEST,
    CODE_FORM,
    NUMBER,
    PLACEHOLDER,
    Segments,
    named,
)
from formsvc.documents.shrinking import Shrinks, marked, shrunk
from formsvc.documents.supplement import is_one_section, with_supplement
from formsvc.errors import TemplateError
from formsvc.forms import Form
from formsvc.writing import texts

BODY: Final = "word/document.xml"
_STORIES = ("word/header", "word/footer", "word/footnotes", "word/endnotes")
_BREAK = re.compile(r'<w:pageBreakBefore/>|<w:br w:type="page"/>')
# The number of pages up to its last result, which programs show that cannot count a section's.
_PAGES = re.compile(
    r'\bNUMPAGES\b((?:(?!fldCharType="end").)*?fldCharType="separate"'
    r'(?:(?!fldCharType="end").)*?<w:t(?: [^<>]*)?>)[^<]*', re.DOTALL,
)  # fmt: skip


class DocxForm:
    """A form's DOCX template, prepared once; safe to share between threads."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self._package = read(form.docx)
        self.digest = hashlib.sha256(self._package).hexdigest()  # of the template as it stands
        self._coded = headers.with_code(_opened(form.docx, self._package))
        self._final = _Prepared(form, self._coded, carries=True, controls=Controls(form))

    @cached_property
    def _plain(self) -> "_Prepared":
        return _Prepared(self.form, self._package, supplement=True)

    @cached_property
    def _draft(self) -> "_Prepared":
        marked = headers.with_draft_mark(self._coded)
        return _Prepared(self.form, marked, carries=True, controls=Controls(self.form))

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
        values = {**printed(self.form, data), **pieces(self.form, data)}
        if draft:
            values = {name: texts.clean(text) for name, text in values.items()}
        prepared = self._draft if draft else self._final
        return prepared.render(marked(values, shrinks), Proof(self.form, data, key), shrinks)

    @property
    def pointers(self) -> frozenset[str]:
        """All that the template has a place for, with `*` in the rows of lists."""
        return self._final.pointers

    @property
    def conditions(self) -> frozenset[str]:
        """What the template asks for: fields, boxes, lists and parts that may be there or not."""
        return self._final.conditions

    def parts(self, values: Values) -> dict[str, bytes]:
        """The body, headers and footers of a fill with texts for all that they show, by name."""
        return self._final.parts(values)

    def places(self, rows: Mapping[str, int]) -> frozenset[str]:
        """All that it has a place for when its lists have so many rows; a running number ends
        in NUMBER."""
        return self._final.places(rows)

    def blank(self, hints: Hints = MappingProxyType({}), pages: int = 0) -> bytes:
        """The empty official form to fill in, with all its parts and 填报信息.

        `hints` say what is allowed in a field, by pointer; `pages` is how many the form has,
        0 where only its page breaks tell.
        """
        controls = Controls(self.form, hints, is_blank=True)
        prepared = _Prepared(
            self.form, self._package, controls=controls, supplement=True, pages=pages
        )
        empty = {**printed(self.form, {}), **pieces(self.form, {}, whole=True)}
        return prepared.render({**empty, **dict.fromkeys(self.form.ticks, "")}, whole=True)

    def unfilled(self, pages: int = 0) -> bytes:
        """The empty form with all its parts and 填报信息, as the fillable PDF has it; `pages` as
        for a blank."""
        prepared = _Prepared(self.form, self._package, supplement=True, pages=pages)
        return prepared.render(printed(self.form, {}), whole=True)

    def drawn(self) -> frozenset[str]:
        """The places of a blank, 填报信息 included, with so many rows as it has."""
        return self._plain.places(self.form.blank_rows)

    def shown(self, values: Values) -> bytes:
        """The form with a text for each of `drawn()`, all its parts, nothing of ours; comments
        stand where a part begins and ends."""
        return self._plain.render(dict(values), whole=True, comments=True)


@cache
def prepared(form: Form) -> DocxForm:
    """The form's template, prepared on first use. TemplateError when it cannot be."""
    return DocxForm(form)


class _Prepared:
    """One package: parts that differ from fill to fill cut into segments, all others packed."""

    def __init__(
        self,
        form: Form,
        package: bytes,
        *,
        carries: bool = False,
        controls: Controls | None = None,
        supplement: bool = False,
        pages: int = 0,
    ) -> None:
        static, sources = split(package)
        if supplement:
            sources = _supplemented(form, sources, pages)
        self._parts = {
            name: Segments(form, name, source, controls if name == BODY else None)
            for name, source in sources.items()
        }
        if carries:
            static, self._data = carriage.prepared(static)
            self._image = next(n for n, part in static.items() if part == headers.PLACEHOLDER)
            static.pop(self._image)
        self._static = static
        self._archive = Archive(static)
        found = frozenset().union(*(part.pointers for part in self._parts.values()))
        self.numbers = frozenset(pointer for pointer in found if pointer.endswith(NUMBER))
        self.pointers = found - self.numbers
        self.conditions = frozenset().union(*(part.conditions for part in self._parts.values()))

    def places(self, rows: Mapping[str, int]) -> frozenset[str]:
        return frozenset(
            place
            for pointer in self.pointers | self.numbers
            for place in (
                [pointer.replace("*", str(row), 1) for row in range(rows[_list(pointer)])]
                if "/*/" in pointer
                else [pointer]
            )
        )

    def parts(self, values: Values) -> dict[str, bytes]:
        return {name: part.render(values, False, False) for name, part in self._parts.items()} | {
            name: content for name, content in self._static.items() if name.startswith(_STORIES)
        }

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
            values[CODE_FORM], values[CODE_DIGEST] = code.text.split("\n")
            part = carriage.part(proof.record())
            extra = {self._data: part, self._image: headers.code_picture(code.modules)}
        parts = {name: part.render(values, whole, comments) for name, part in self._parts.items()}
        if shrinks:
            parts = {name: shrunk(part, shrinks if name == BODY else None)
                     for name, part in parts.items()}  # fmt: skip
        return self._archive.with_members(parts | extra)


def _supplemented(form: Form, sources: Mapping[str, str], pages: int) -> dict[str, str]:
    """The parts of a blank, with 填报信息 behind it, which the number of pages leaves out."""
    body = sources[BODY]
    whole = with_supplement(form, body, {named(n) for n in PLACEHOLDER.findall(body)})
    if whole == body or not is_one_section(body):
        return {**sources, BODY: whole}
    pages = pages or 1 + len(_BREAK.findall(body))
    counted = {
        name: _PAGES.sub(rf"SECTIONPAGES\g<1>{pages}", part) for name, part in sources.items()
    }
    return {**counted, BODY: whole}


def _list(pointer: str) -> str:
    return pointer.partition("/*")[0]


def environment() -> ImmutableSandboxedEnvironment:
    """The sandbox that our templates are rendered in."""
    return ImmutableSandboxedEnvironment(
        autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )


def read(path: Path) -> bytes:
    """A template's bytes. TemplateError when there is none."""
    if not path.is_file():
        raise TemplateError(
            f"{path}: is missing; draw the form in Word, with placeholders, and save it here"
            " (docs/authoring.md says how), then run: formsvc template build"
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise TemplateError(f"{path}: {error}") from error


def _opened(path: Path, package: bytes) -> Document:
    """A template as python-docx has it. TemplateError when it is no DOCX."""
    try:
        return docx.Document(io.BytesIO(package))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise TemplateError(f"{path}: {error}") from error


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
            source = template.get_part_xml(part)
            if "{" in source:  # most have no placeholder, and patching is slow
                yield part.partname.lstrip("/"), _DECLARATION + template.patch_xml(source)


_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
