"""Data → DOCX. docxtpl prepares a template once; a fill renders it and splices the ZIP."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import docx
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, Template, nodes
from jinja2 import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import etree
from markupsafe import Markup, escape

from formsvc import pointers, texts
from formsvc.documents import watermark
from formsvc.documents.archive import Archive
from formsvc.documents.printing import Values, printed
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
_LINE_BREAK = f"</w:t><w:br/>{_TEXT}"


@dataclass(frozen=True, slots=True)
class _Site:
    """Where a placeholder stands: what a tab and a new paragraph look like there."""

    tab: str
    paragraph: str


class DocxForm:
    """A form's DOCX template, prepared once; safe to share between threads."""

    def __init__(self, form: Form) -> None:
        self.form = form
        package = _read(form.docx)
        self._final = _Prepared(form, package)
        self._draft = _Prepared(form, watermark.marked(package))

    def fill(self, data: object, *, draft: bool = False) -> bytes:
        """The filled document; `draft` marks every page 草稿."""
        values = printed(self.form, data)
        if draft:
            values = {name: texts.clean(text) for name, text in values.items()}
        return (self._draft if draft else self._final).render(context(self.form, values))


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
    """One package: compiled parts that differ from fill to fill, and all others packed."""

    def __init__(self, form: Form, package: bytes) -> None:
        self._form = form
        self._sites: list[_Site] = []
        self._environment = environment()
        self._environment.filters["at"] = self._at
        template = DocxTemplate(io.BytesIO(package))
        template.init_docx()
        with zipfile.ZipFile(io.BytesIO(package)) as opened:
            static = {name: opened.read(name) for name in opened.namelist()}
        self._parts: dict[str, Template] = {}
        for name, source in _sources(template):
            if name == BODY or "{{" in source or "{%" in source:
                self._parts[name] = self._compile(name, source)
                static.pop(name)
        self._archive = Archive(static)

    def render(self, names: Mapping[str, Any]) -> bytes:
        return self._archive.with_members(
            {part: template.render(names).encode() for part, template in self._parts.items()}
        )

    def _compile(self, name: str, source: str) -> Template:
        where = f"{self._form.docx}: {name}"
        try:
            unknown = set(_names(self._environment.parse(source))) - _known(self._form)
            if unknown:
                raise TemplateError(f"{where}: placeholder {min(unknown)!r} is not in the form")
            return self._environment.from_string(_PARAGRAPH.sub(self._place, source))
        except JinjaError as error:
            raise TemplateError(f"{where}: {error}") from error

    def _place(self, paragraph: re.Match[str]) -> str:
        """Tell every placeholder in a paragraph the properties around it."""
        found = _PARAGRAPH_PROPERTIES.search(paragraph[0])
        properties = found[0] if found else ""

        def run(match: re.Match[str]) -> str:
            found = _RUN_PROPERTIES.search(match[0])
            own = found[0] if found else ""
            open_run = f"<w:r>{own}"
            close = "</w:t></w:r>"
            site = _Site(
                tab=f"{close}{open_run}<w:tab/></w:r>{open_run}{_TEXT}",
                paragraph=f"{close}</w:p><w:p>{properties}{open_run}{_TEXT}",
            )
            self._sites.append(site)
            number = len(self._sites) - 1
            return _PLACEHOLDER.sub(rf"{{{{ (\1) | at({number}) }}}}", match[0])

        return _RUN.sub(run, paragraph[0])

    def _at(self, value: object, number: int) -> Markup:
        text = str(escape(value))
        if "\n" in text or "\t" in text or "\a" in text:
            site = self._sites[number]
            text = text.replace("\t", site.tab).replace("\a", site.paragraph)
            text = text.replace("\n", _LINE_BREAK)
        return Markup(text)  # noqa: S704  # escaped above; the rest is our own template's XML


def placeholders(form: Form) -> tuple[str, ...]:
    """The pointers that a form's DOCX prints, in the order of the paper."""
    template: Any = DocxTemplate(form.docx)
    template.init_docx()
    sources = (environment().parse(source) for _, source in _sources(template))
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


def _sources(template: Any) -> Iterator[tuple[str, str]]:
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


def _known(form: Form) -> set[str]:
    return {*printed(form, {}), *map(pointers.format, _shape(form)[1])}


def _names(tree: nodes.Template) -> Iterator[str]:
    """The pointer of every name in a template: `a.b` and `a.0.b`."""
    inner: set[int] = set()
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        inner.add(id(node.node))  # type: ignore[attr-defined]  # find_all loses the union
    for node in tree.find_all((nodes.Getattr, nodes.Getitem, nodes.Name)):
        if id(node) not in inner:
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
