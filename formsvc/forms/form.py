"""A form as data: its schema, layout, citations and rules, read strictly from schemas/<form>/."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import jsonschema
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable

from formsvc import pointers
from formsvc.errors import FormError
from formsvc.findings import Citation, Severity

COMMON = "common.schema.json"
_TABLES = frozenset({"form", "section", "print", "citation", "rule", "step", "signature", "pdf"})
_RESERVED = ("/_page", "/_code")
_PRINTED = re.compile(r"\{([^{}:]*)(?::(words))?\}")


@dataclass(frozen=True, slots=True)
class Field:
    """One node of a schema below the root. `pointer` has `*` where an array is entered.

    `schema` is the node with its `$ref` resolved and merged; `kind` is the format that says what
    the value means (date, money, paragraphs, id-number …) or else its JSON type.
    """

    pointer: str
    label: str
    schema: Mapping[str, Any]
    required: bool

    @property
    def kind(self) -> str:
        return str(self.schema.get("format") or self.schema.get("type") or "string")

    @property
    def hint(self) -> str:
        """What is allowed, for people; "" when the schema does not say."""
        return str(self.schema.get("description", ""))


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of fields, in the order of the paper."""

    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Printed:
    """Several fields that stand in one box: (pointer, as_words) parts between literal texts."""

    name: str
    label: str
    literals: tuple[str, ...]
    parts: tuple[tuple[Field, bool], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What to do with the printed form; formsvc.checks.steps fills in the `{…}` of the text."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Signature:
    """A place to sign electronically: in the box that the label `beside` names on paper."""

    name: str
    beside: str


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A rule as declared; formsvc.checks compiles it. `parameters` are those of its kind."""

    id: str
    kind: str
    severity: Severity
    citations: tuple[Citation, ...]
    messages: Mapping[str, str]
    parameters: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Form:
    """One paper form. Compared and hashed by identity: a catalogue holds one of each."""

    id: str
    title: str
    programme: str
    edition: str
    copies: int
    continues: tuple[Field, ...]
    person: Field
    unit: Field
    schema: Mapping[str, Any]
    common: Mapping[str, Any]
    fields: Mapping[str, Field]
    sections: tuple[Section, ...]
    printed: tuple[Printed, ...]
    rules: tuple[RuleSpec, ...]
    steps: tuple[Step, ...]
    signatures: tuple[Signature, ...]
    pdf_names: Mapping[str, str] | None
    templates: Path

    @property
    def docx(self) -> Path:
        return self.templates / "form.docx"

    @property
    def pdf(self) -> Path:
        return self.templates / "form.pdf"

    def field(self, pointer: str) -> Field | None:
        """The field a concrete pointer names: `/a/2/b` finds `/a/*/b`."""
        return self.fields.get(pointer) or self.fields.get(re.sub(r"/[0-9]+(?=/|$)", "/*", pointer))

    def label(self, pointer: str) -> str:
        """The label people know a place by; rows are numbered from 1."""
        field = self.field(pointer)
        if field is None:
            return self.title if pointer == "" else pointers.parse(pointer)[-1]
        row = re.search(r"/([0-9]+)(?=/|$)", pointer)
        if row is None:
            return field.label
        array = self.fields[field.pointer.partition("/*")[0]]
        inner = "" if field.pointer.endswith("/*") else f"的{field.label}"
        return f"{array.label}第 {int(row.group(1)) + 1} 行{inner}"

    @cached_property
    def _places(self) -> Mapping[str, int]:
        ordered = [field.pointer for section in self.sections for field in section.fields]
        places = {pointer: number for number, pointer in enumerate(ordered)}
        for name in self.fields:
            inside = [places[p] for p in ordered if pointers.within(p, name)]
            around = [places[p] for p in ordered if pointers.within(name, p)]
            places.setdefault(name, min(inside or around or [-1]))
        return places

    def place(self, pointer: str) -> tuple[int, tuple[int, ...]]:
        """A sort key: where on paper a pointer stands; unknown places come last."""
        rows = tuple(int(token) for token in pointers.parse(pointer) if token.isdecimal())
        known = pointer
        while known and self.field(known) is None:
            known = known.rpartition("/")[0]
        field = self.field(known)
        if field is None:
            return (-1 if pointer == "" else len(self.fields), rows)
        return self._places[field.pointer], rows


def load(folder: Path, common: Mapping[str, Any], templates: Path) -> Form:
    """Read and verify one form's schema.json and form.toml. FormError names file and place."""
    return _Reader(folder, common).form(templates)


def load_common(schemas: Path) -> Mapping[str, Any]:
    """The definitions that all schemas share."""
    return _json(schemas / COMMON)


def registry(common: Mapping[str, Any]) -> Registry[Any]:
    """The only place `$ref` may lead to: nothing is ever fetched."""
    resource: Resource[Any] = Resource.from_contents(common)
    known: Registry[Any] = Registry().with_resource(str(common["$id"]), resource)
    return known


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise FormError(f"{path}: {error}") from error
    if not isinstance(value, dict):
        raise FormError(f"{path}: must hold one JSON object")
    return value


class _Reader:
    """Reads one form's folder; every complaint names file and place."""

    def __init__(self, folder: Path, common: Mapping[str, Any]) -> None:
        self.folder = folder
        self.common = common
        self.toml = folder / "form.toml"
        self.schema_path = folder / "schema.json"

    def fail(self, place: str, what: str) -> NoReturn:
        raise FormError(f"{self.toml}: {place}: {what}")

    def form(self, templates: Path) -> Form:
        schema = _json(self.schema_path)
        self.check_schema(schema)
        self.fields = {field.pointer: field for field in self.walk(schema, "")}
        table = self.read_toml()
        head = self.table(table, "form")
        if head.get("id") != self.folder.name:
            self.fail("[form] id", f"must be the folder's name, {self.folder.name!r}")
        if schema.get("properties", {}).get("form", {}).get("const") != self.folder.name:
            raise FormError(f"{self.schema_path}: /properties/form: const must be the form's id")
        if schema.get("$id") != f"urn:formsvc:{self.folder.name}":
            raise FormError(f"{self.schema_path}: $id must be urn:formsvc:{self.folder.name}")
        citations = self.citations(table)
        form = Form(
            id=self.folder.name,
            title=self.text(head, "title", "[form]"),
            programme=self.text(head, "programme", "[form]"),
            edition=self.text(head, "edition", "[form]"),
            copies=int(head.get("copies", 1)),
            continues=tuple(
                self.field(pointer, "[form] continues") for pointer in head.get("continues", [])
            ),
            person=self.field(head.get("person"), "[form] person"),
            unit=self.field(head.get("unit"), "[form] unit"),
            schema=schema,
            common=self.common,
            fields=self.fields,
            sections=self.sections(table),
            printed=tuple(self.prints(table)),
            rules=tuple(self.rules(table, citations)),
            steps=tuple(self.steps(table)),
            signatures=tuple(self.signatures(table)),
            pdf_names=self.pdf_names(table) if "pdf" in table else None,
            templates=templates,
        )
        unknown = set(table) - _TABLES
        if unknown:
            self.fail(min(unknown), "unknown table")
        return form

    # schema

    def check_schema(self, schema: dict[str, Any]) -> None:
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            raise FormError(f"{self.schema_path}: {error.json_path}: {error.message}") from error

    def resolve(self, node: Mapping[str, Any], place: str) -> dict[str, Any]:
        """Follow `$ref`; keywords beside it win. Every hop must stay inside the registry."""
        merged = dict(node)
        resolver = registry(self.common).resolver(str(self.common["$id"]))
        while reference := merged.pop("$ref", None):
            try:
                target = resolver.lookup(reference).contents
            except Unresolvable as error:
                raise FormError(f"{self.schema_path}: {place}: {error}") from error
            merged = {**target, **merged}
        return merged

    def walk(self, node: Mapping[str, Any], pointer: str) -> Iterator[Field]:
        required = node.get("required", [])
        for name, child in node.get("properties", {}).items():
            yield from self.node(child, f"{pointer}{pointers.format([name])}", name in required)
        if "items" in node:
            yield from self.node(node["items"], f"{pointer}/*", False)

    def node(self, raw: Mapping[str, Any], pointer: str, required: bool) -> Iterator[Field]:
        schema = self.resolve(raw, pointer)
        if not schema.get("title"):
            raise FormError(f"{self.schema_path}: {pointer}: has no title (the label on paper)")
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
            raise FormError(f"{self.schema_path}: {pointer}: additionalProperties must be false")
        if schema.get("type") == "string" and not schema.keys() & {"not", "pattern", "format"}:
            where = f"{self.schema_path}: {pointer}"
            raise FormError(f"{where}: a free text must refer to one of the common text types")
        yield Field(pointer, str(schema["title"]), schema, required)
        yield from self.walk(schema, pointer)

    # form.toml

    def read_toml(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.toml.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise FormError(f"{self.toml}: {error}") from error

    def table(self, table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        value = table.get(name)
        if not isinstance(value, dict):
            self.fail(f"[{name}]", "is missing")
        return value

    def tables(self, table: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
        value = table.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fail(f"[[{name}]]", "must be an array of tables")
        return value

    def text(self, table: Mapping[str, Any], key: str, place: str) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value.strip():
            self.fail(f"{place} {key}", "must be a text")
        return value

    def field(self, pointer: object, place: str) -> Field:
        if not isinstance(pointer, str) or pointer not in self.fields:
            self.fail(place, f"pointer {pointer!r} is not in {self.schema_path.name}")
        return self.fields[pointer]

    def sections(self, table: Mapping[str, Any]) -> tuple[Section, ...]:
        sections = []
        for entry in self.tables(table, "section"):
            title = self.text(entry, "title", "[[section]]")
            place = f"[[section]] {title}"
            fields = tuple(self.field(pointer, place) for pointer in entry.get("fields", []))
            sections.append(Section(title, fields))
        placed = [field.pointer for section in sections for field in section.fields]
        for pointer in placed:
            if placed.count(pointer) > 1:
                self.fail("[[section]]", f"{pointer} stands in the layout more than once")
        for pointer, field in self.fields.items():
            inner = field.schema.get("type") == "object" or "/*" in pointer or pointer == "/form"
            if not inner and pointer not in placed:
                self.fail("[[section]]", f"{pointer} is missing from the layout")
        return tuple(sections)

    def prints(self, table: Mapping[str, Any]) -> Iterator[Printed]:
        for entry in self.tables(table, "print"):
            name = self.text(entry, "name", "[[print]]")
            place = f"[[print]] {name}"
            if name in self.fields or not name.startswith("/"):
                self.fail(place, "must be a pointer that the schema does not have")
            pieces = _PRINTED.split(self.text(entry, "text", place))
            parts = tuple(
                (self.field(pointer, place), style == "words")
                for pointer, style in zip(pieces[1::3], pieces[2::3], strict=True)
            )
            yield Printed(name, self.text(entry, "label", place), tuple(pieces[::3]), parts)

    def steps(self, table: Mapping[str, Any]) -> Iterator[Step]:
        for entry in self.tables(table, "step"):
            title = self.text(entry, "title", "[[step]]")
            yield Step(title, self.text(entry, "text", f"[[step]] {title}"))

    def signatures(self, table: Mapping[str, Any]) -> Iterator[Signature]:
        seen: set[str] = set()
        for entry in self.tables(table, "signature"):
            name = self.text(entry, "name", "[[signature]]")
            place = f"[[signature]] {name}"
            if name in seen:
                self.fail(place, "is declared twice")
            if set(entry) - {"name", "beside"}:
                self.fail(place, "has keys other than name and beside")
            seen.add(name)
            yield Signature(name, self.text(entry, "beside", place))

    def pdf_names(self, table: Mapping[str, Any]) -> Mapping[str, str]:
        """The field names of a PDF that an office made itself, and the pointers they stand for."""
        boxes = {box.name for box in self.prints(table)}
        names = self.table(table, "pdf")
        for name, pointer in names.items():
            place = f"[pdf] {name}"
            if not isinstance(pointer, str):
                self.fail(place, "must be a pointer")
            if pointer not in boxes and pointer not in _RESERVED:
                self.field(re.sub(r"/[0-9]+(?=/|$)", "/*", pointer), place)
        return names

    def citations(self, table: Mapping[str, Any]) -> dict[str, Citation]:
        citations: dict[str, Citation] = {}
        for entry in self.tables(table, "citation"):
            name = self.text(entry, "id", "[[citation]]")
            place = f"[[citation]] {name}"
            if name in citations:
                self.fail(place, "is declared twice")
            keys = ("regulation", "article", "summary")
            citations[name] = Citation(*(self.text(entry, key, place) for key in keys))
        return citations

    def rules(
        self, table: Mapping[str, Any], citations: Mapping[str, Citation]
    ) -> Iterator[RuleSpec]:
        seen: set[str] = set()
        for entry in self.tables(table, "rule"):
            name = self.text(entry, "id", "[[rule]]")
            place = f"[[rule]] {name}"
            if name in seen:
                self.fail(place, "is declared twice")
            seen.add(name)
            yield self.rule(entry, name, place, citations)

    def rule(
        self,
        entry: dict[str, Any],
        name: str,
        place: str,
        citations: Mapping[str, Citation],
    ) -> RuleSpec:
        cite = entry.get("cite")
        cites = [cite] if isinstance(cite, str) else cite or self.fail(place, "cites nothing")
        for key in cites:
            if key not in citations:
                self.fail(place, f"cite {key!r} is not declared")
        if entry.get("severity") not in set(Severity):
            self.fail(place, 'severity must be "error" or "warning"')
        self.text(entry, "message", place)
        head = {"id", "kind", "severity", "cite"}
        return RuleSpec(
            id=name,
            kind=self.text(entry, "kind", place),
            severity=Severity(entry["severity"]),
            citations=tuple(citations[key] for key in cites),
            messages={key: entry[key] for key in entry if key.startswith("message")},
            parameters={
                key: value
                for key, value in entry.items()
                if key not in head and not key.startswith("message")
            },
        )
