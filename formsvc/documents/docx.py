"""Data → DOCX. docxtpl prepares a template once; a fill renders it and splices the ZIP."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import docx
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, nodes
from jinja2 import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import etree
from markupsafe import Markup, escape

from formsvc import pointers, texts
from formsvc.documents import carriage, headers
from formsvc.documents.archive import Archive
from formsvc.documents.printing import Values, printed
from formsvc.documents.proof import Proof
from formsvc.documents.shrinking import Shrinks, marked, shrunk
from formsvc.errors import TemplateError
from formsvc.forms import Form

BODY: Final = "word/document.xml"
MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_PARAGRAPH = re.compile(r"<w:p(?: [^>]*)?>.*?</w:p>", re.DOTALL)
_PARAGRAPH_PROPERTIES = re.compile(r"<w:pPr>.*?</w:pPr>", re.DOTALL)
_RUN = re.compile(r"<w:r(?: [^>]*)?>.*?</w:r>", re.DOTALL)
_RUN_PROPERTIES = re.compile(r"<w:rPr>.*?</w:rPr>", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_TEXT = '<w:t xml:space="preserve">'
_CLOSE = "</w:t></w:r>"
_MARK = re.compile("\ue000([0-9]+) ([^\ue001]*)\ue001")
_CODE_FORM, _CODE_DIGEST = "/_code/form", "/_code/digest"
_LINE_BREAK = f"</w:t><w:br/>{_TEXT}"


@dataclass(frozen=True, slots=True)
class _Slot:
    """A place for a value: what a tab, a newline and a new paragraph look like there."""

    pointer: str
    tab: str
    newline: str
    paragraph: str

    def show(self, value: str) -> str:
        """The value as XML."""
        text = str(escape(value))
        if "\n" in text or "\t" in text or "\a" in text:
            text = text.replace("\t", self.tab).replace("\a", self.paragraph)
            text = text.replace("\n", self.newline)
        return text


class DocxForm:
    """A form's DOCX template, prepared once; safe to share between threads."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self._package = _read(form.docx)
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

    def blank(self) -> bytes:
        """The empty official form, with the sheets for its lists, as the fillable PDF has them."""
        return self._plain.render(printed(self.form, {}), whole=True)


@cache
def prepared(form: Form) -> DocxForm:
    """The form's template, prepared on first use. TemplateError when it cannot be."""
    return DocxForm(form)


def context(form: Form, values: Values) -> dict[str, Any]:
    """Values by pointer as the nested names that a template uses: `/a/b` is `{{ a.b }}`.

    Paragraphs are separated by "\\a", which docxtpl turns into a new paragraph. A list stands
    under its name with every row that the paper has room for, and is false when none is given.
    """
    tree: dict[str, Any] = {}
    paragraphs, arrays = _shape(form)
    for pointer, text in values.items():
        *parents, last = pointer[1:].split("/")
        place = tree
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = text.replace("\n", "\a") if pointer in paragraphs else text
    for *parents, last in arrays:
        place = tree
        for parent in parents:
            place = place[parent]
        place[last] = _Rows(place[last].values())
    return tree


@cache
def _shape(form: Form) -> tuple[frozenset[str], tuple[tuple[str, ...], ...]]:
    """The pointers of texts with paragraphs, and the tokens of every list of objects."""
    arrays = {pointer.partition("/*")[0] for pointer in form.fields if "/*/" in pointer}
    return (
        frozenset(name for name, field in form.fields.items() if field.kind == "paragraphs"),
        tuple(pointers.parse(array) for array in sorted(arrays)),
    )


class _Rows(list[Mapping[str, str]]):
    """All printed rows of a list; true when any of them holds something."""

    def __bool__(self) -> bool:
        return any(any(row.values()) for row in self)


class _Prepared:
    """One package: parts that differ from fill to fill cut into segments, all others packed."""

    def __init__(self, form: Form, package: bytes, *, carries: bool = False) -> None:
        template = DocxTemplate(io.BytesIO(package))
        template.init_docx()
        with zipfile.ZipFile(io.BytesIO(package)) as opened:
            static = {name: opened.read(name) for name in opened.namelist()}
        self._parts: dict[str, _Part] = {}
        for name, source in part_sources(template):
            if name == BODY or "{{" in source or "{%" in source:
                self._parts[name] = _Part(form, name, source)
                static.pop(name)
        if carries:
            static, self._data = carriage.prepared(static)
            self._image = next(n for n, part in static.items() if part == headers.PLACEHOLDER)
            static.pop(self._image)
        self._archive = Archive(static)

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
    """A part of the package, rendered by Jinja once for each set of lists that are given.

    What Jinja leaves are segments: ready bytes and the slots between them, which a fill joins.
    """

    def __init__(self, form: Form, name: str, source: str) -> None:
        self._form = form
        self._paragraphs, self._arrays = _shape(form)
        self._slots: list[_Slot] = []
        self._segments: dict[frozenset[str], list[tuple[bytes, _Slot | None]]] = {}
        where = f"{form.docx}: {name}"
        sandbox = environment()
        sandbox.filters["slot"] = lambda value, number: Markup(  # noqa: S704  # our own marks
            f"\ue000{number} {value}\ue001"
        )
        try:
            _verify(sandbox.parse(source), form, where)
            self._template = sandbox.from_string(_PARAGRAPH.sub(self._place, source))
        except JinjaError as error:
            raise TemplateError(f"{where}: {error}") from error
        self._cut(frozenset())

    def render(self, values: Mapping[str, str], whole: bool) -> bytes:
        """With the lists that are given, or, for a `whole` form, with all."""
        given = frozenset(
            array
            for array in map(pointers.format, self._arrays)
            if whole or any(values[name] for name in _rows(self._form, array))
        )
        segments = self._segments.get(given) or self._cut(given)
        pieces = []
        for ready, slot in segments:
            pieces.append(ready)
            if slot:
                text = values[slot.pointer]
                if slot.pointer in self._paragraphs:
                    text = text.replace("\n", "\a")
                pieces.append(slot.show(text).encode())
        return b"".join(pieces)

    def _cut(self, given: frozenset[str]) -> list[tuple[bytes, _Slot | None]]:
        names = {name: name for name in (*printed(self._form, {}), _CODE_FORM, _CODE_DIGEST)}
        for array in map(pointers.format, self._arrays):
            if array not in given:
                names |= dict.fromkeys(_rows(self._form, array), "")
        pieces = _MARK.split(self._template.render(context(self._form, names)))
        slots = [
            replace(self._slots[int(number)], pointer=pointer)
            for number, pointer in zip(pieces[1::3], pieces[2::3], strict=True)
        ]
        ready = [piece.encode() for piece in pieces[::3]]
        self._segments[given] = list(zip(ready, [*slots, None], strict=True))
        return self._segments[given]

    def _place(self, paragraph: re.Match[str]) -> str:
        """Tell every placeholder in a paragraph the properties around it."""
        found = _PARAGRAPH_PROPERTIES.search(paragraph[0])
        properties = found[0] if found else ""

        def run(match: re.Match[str]) -> str:
            found = _RUN_PROPERTIES.search(match[0])
            opened = f"<w:r>{found[0] if found else ''}"
            slot = _Slot(
                pointer="",
                tab=f"{_CLOSE}{opened}<w:tab/></w:r>{opened}{_TEXT}",
                newline=_LINE_BREAK,
                paragraph=f"{_CLOSE}</w:p><w:p>{properties}{opened}{_TEXT}",
            )
            self._slots.append(slot)
            return _PLACEHOLDER.sub(rf"{{{{ \1 | slot({len(self._slots) - 1}) }}}}", match[0])

        return _RUN.sub(run, paragraph[0])


def _verify(tree: nodes.Template, form: Form, where: str) -> None:
    """Placeholders are names of the form, conditions are lists of it, and there is nothing else."""
    arrays = set(map(pointers.format, _shape(form)[1]))
    known = {*printed(form, {}), *arrays, _CODE_FORM, _CODE_DIGEST}
    if unknown := set(_names(tree)) - known:
        raise TemplateError(f"{where}: placeholder {min(unknown)!r} is not in the form")
    for condition in tree.find_all(nodes.If):
        if set(_names(condition.test)) - arrays:
            raise TemplateError(f"{where}: a condition can only ask whether a list is given")
    for other in tree.find_all((nodes.Filter, nodes.Call, nodes.CondExpr, nodes.BinExpr)):
        raise TemplateError(f"{where}: line {other.lineno}: only names can be placeholders")


@cache
def _rows(form: Form, array: str) -> tuple[str, ...]:
    return tuple(name for name in printed(form, {}) if name.startswith(f"{array}/"))


def placeholders(form: Form) -> tuple[str, ...]:
    """The pointers that a form's DOCX prints, in the order of the paper."""
    template: Any = DocxTemplate(form.docx)
    template.init_docx()
    sources = (environment().parse(source) for _, source in part_sources(template))
    return tuple(dict.fromkeys(name for tree in sources for name in _names(tree)))


def environment() -> ImmutableSandboxedEnvironment:
    """The sandbox that our templates are rendered in."""
    return ImmutableSandboxedEnvironment(
        autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )


def _read(path: Path) -> bytes:
    try:
        package = path.read_bytes()
        docx.Document(io.BytesIO(package))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise TemplateError(f"{path}: {error}") from error
    return package


def part_sources(template: Any) -> Iterator[tuple[str, str]]:
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


def _names(tree: nodes.Node) -> Iterator[str]:
    """The pointer of every name in a template: `a.b` and `a.0.b`."""
    found = [tree, *tree.find_all((nodes.Getattr, nodes.Getitem, nodes.Name))]
    chains = [node for node in found if isinstance(node, nodes.Getattr | nodes.Getitem)]
    inner = {id(node.node) for node in chains}
    for node in found:
        if isinstance(node, nodes.Getattr | nodes.Getitem | nodes.Name) and id(node) not in inner:
            yield pointers.format(_chain(node))


def _chain(node: nodes.Node) -> tuple[str, ...]:
    match node:
        case nodes.Name(name=name):
            return (name,)
        case nodes.Getattr(node=parent, attr=attribute):
            return (*_chain(parent), attribute)
        case nodes.Getitem(node=parent, arg=nodes.Const(value=index)):
            return (*_chain(parent), str(index))
    return ("?",)
