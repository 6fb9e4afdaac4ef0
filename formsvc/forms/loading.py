"""Folders → forms, strictly: every fault is refused with file and place (FormError).

A shelf holds `<programme>/programme.toml`, and `<programme>/<form>/<edition>/` with `schema.json`
and `form.toml`. An office's own shelf may add forms to a programme that comes along.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NoReturn

import tomli

from formsvc import pointers
from formsvc.errors import FormError
from formsvc.findings import Citation, Severity
from formsvc.forms import schemas, stages, summaries
from formsvc.forms.fields import EDITION, FORM, Field
from formsvc.forms.form import (
    ComputedSpec,
    Form,
    PaperPart,
    PrintBox,
    RuleSpec,
    Section,
    Signature,
    Stage,
    Step,
)
from formsvc.forms.guards import Guard, conditions, guard
from formsvc.forms.places import Wrong
from formsvc.forms.programme import ComparisonSpec, Coverage, PolicyValue, Programme, alternatives
from formsvc.forms.shelves import Shelf, built_in
from formsvc.writing.messages import problem_in

_LONGEST: Final = 300  # of a complaint: jsonschema quotes whole tables
_COMPARED: Final = frozenset({"label", "others", "count", "where", "year"})
_TALLIED: Final = frozenset({"label", "total", "limit", "where", "year"})
_PRINTED: Final = re.compile(r"\{([^{}:]*)(?::(words))?\}")
_COMPUTED: Final = frozenset({"money", "integer", "string"})
_KEYS: Final = ("string", "integer")
_BLANK_ROWS: Final = 10  # of a list in an empty form, where form.toml says nothing
_RESERVED: Final = ("/_page", "/_code")
_NAMES: Final = {"rule": "id", "comparison": "id", "citation": "id", "value": "id",
                 "coverage": "article", "section": "title", "step": "title", "print": "name",
                 "part": "name", "signature": "name", "computed": "field", "office": "id",
                 "stage": "id"}  # fmt: skip
_ONCE: Final = _NAMES.keys() - {"value", "coverage", "section", "step"}
RULE: Final = frozenset({"id", "kind", "severity", "cite", "title", "demand", "when"})


def read(shelves: Iterable[Shelf]) -> list[Form]:
    """All editions of all forms, in the order of form and day. Templates are not looked at."""
    return library(shelves)[0]


def library(shelves: Iterable[Shelf]) -> tuple[list[Form], list[Programme]]:
    """The forms as `read` gives them, and all programmes, also those that have no form yet."""
    shelves = list(shelves)
    programmes: dict[str, _ProgrammeFile] = {}
    for shelf in shelves:
        for path in sorted(shelf.schemas.glob("*/programme.toml")):
            if path.parent.name in programmes:
                _fail(path, "programme", f"stands in {programmes[path.parent.name].path} too")
            programmes[path.parent.name] = _ProgrammeFile(path)
    _compare_once(programmes.values())
    forms: dict[tuple[str, str], Form] = {}
    for shelf in shelves:
        for form in _forms_of(shelf, programmes):
            key = (form.id, form.edition)
            if key in forms:
                _fail(form.toml, "edition", f"stands in {forms[key].toml} too")
            forms[key] = form
    ordered = sorted(forms.values(), key=lambda form: (form.id, form.since, form.edition))
    for programme in programmes.values():
        programme.verify([form for form in ordered if form.programme is programme.programme])
    return ordered, [file.programme for file in programmes.values()]


def _forms_of(shelf: Shelf, programmes: "Mapping[str, _ProgrammeFile]") -> Iterator[Form]:
    found = sorted(shelf.schemas.rglob("form.toml"))
    if not found:
        raise FormError(f"{shelf.schemas}: holds no form")
    common = schemas.common(shelf.schemas, built_in().schemas)
    for path in found:
        parts = path.relative_to(shelf.schemas).parts
        if len(parts) != 4:
            _fail(path, "place", "forms stand in <programme>/<form>/<edition>/")
        if parts[0] not in programmes:
            _fail(path, "programme", f"there is no {parts[0]}/programme.toml")
        yield _FormFile(path, common, programmes[parts[0]].programme).form(shelf)


def _compare_once(programmes: "Iterable[_ProgrammeFile]") -> None:
    """Keys of earlier batches name a comparison by its id alone."""
    seen: dict[str, Path] = {}
    for file in programmes:
        for comparison in file.programme.comparisons:
            if comparison.id in seen:
                what = f"stands in {seen[comparison.id]} too"
                file.fail(f"[[comparison]] {comparison.id}", what)
            seen[comparison.id] = file.path


def _fail(path: Path, place: str, what: str) -> NoReturn:
    raise FormError(f"{path}: {place}: {what}")


class TomlFile:
    """A TOML file that its JSON Schema allows."""

    kind: str
    programme: Programme

    def __init__(self, path: Path, text: str | None = None) -> None:
        self.path = path
        try:
            content = path.read_text("utf-8") if text is None else text
            raw = tomli.loads(content, parse_float=Decimal)
        except (OSError, ValueError, RecursionError) as error:
            raise FormError(f"{path}: {error}") from error
        self.table: dict[str, Any] = schemas.plain(raw)
        for path_in, complaint in schemas.faults(self.kind, self.table):
            self.fail(self._place(path_in), complaint[:_LONGEST])

    def fail(self, place: str, what: str) -> NoReturn:
        _fail(self.path, place, what)

    def entries(self, table: str) -> Iterator[tuple[dict[str, Any], str]]:
        """The tables of one kind, each with the place that a complaint names; no name twice."""
        seen: set[object] = set()
        for number, entry in enumerate(self.table.get(table, ())):
            place = self._place([table, number])
            name = entry[_NAMES[table]]
            if name in seen and table in _ONCE:
                self.fail(place, "is declared twice")
            seen.add(name)
            yield entry, place

    def _place(self, path: list[Any]) -> str:
        """`[[rule]] deadline: severity` for a path into the table."""
        if not path:
            return "the file"
        table, *rest = path
        if not rest or not isinstance(rest[0], int):
            return ": ".join([f"[{table}]", *map(str, rest)])
        entry = self.table[table][rest[0]]
        name = entry.get(_NAMES.get(table, "")) if isinstance(entry, dict) else None
        return ": ".join([f"[[{table}]] {name or f'number {rest[0] + 1}'}", *map(str, rest[1:])])

    def citation(self, cite: str | list[str], known: Mapping[str, Citation], place: str) -> Any:
        names = [cite] if isinstance(cite, str) else cite
        for name in names:
            if name not in known:
                self.fail(place, f"cite {name!r} is not declared in programme.toml")
        return tuple(known[name] for name in names)

    def comparisons(self, known: Mapping[str, Citation]) -> Iterator[ComparisonSpec]:
        for entry, place in self.entries("comparison"):
            yield self._comparison(entry, known, place)

    def _comparison(
        self, entry: Mapping[str, Any], known: Mapping[str, Citation], place: str
    ) -> ComparisonSpec:
        if problem := problem_in(entry["message"], _TALLIED if "limit" in entry else _COMPARED):
            self.fail(place, f"message: {problem}")
        keys, differs = (tuple(map(alternatives, entry.get(k, ()))) for k in ("keys", "differs"))
        fallback = entry.get("fallback")
        return ComparisonSpec(
            entry["id"], Severity(entry["severity"]),
            Citation.joined(self.citation(entry["cite"], known, place)),
            entry["title"], entry.get("demand", ""), entry["message"], keys, differs,
            conditions(entry.get("when")), entry.get("limit"), entry.get("sum", ""),
            self._comparison({**entry, **fallback, "fallback": None}, known, place)
            if fallback else None, entry.get("yearly", False),
        )  # fmt: skip

    def verify_compared(
        self, comparisons: Iterable[ComparisonSpec], known: Mapping[str, Field]
    ) -> None:
        """Comparisons read texts and whole numbers outside of lists; limits are numbers."""
        for comparison in comparisons:
            place = f"[[comparison]] {comparison.id}"
            for pointer in (p for names in (*comparison.keys, *comparison.differs)
                            for p in names):  # fmt: skip
                is_plain = pointer in known and not known[pointer].list
                if not is_plain or (known[pointer].type not in _KEYS and pointer != FORM):
                    self.fail(place, f"{pointer!r} is neither a text nor a whole number")
            self._verify_tally(comparison, known, place)
            if comparison.fallback:
                self.verify_compared((comparison.fallback,), known)

    def _verify_tally(
        self, comparison: ComparisonSpec, known: Mapping[str, Field], place: str
    ) -> None:
        summed = known.get(comparison.sum)
        if comparison.sum and (summed is None or summed.kind not in ("money", "integer")):
            self.fail(place, f"sum: {comparison.sum!r} is no amount")
        if comparison.sum and comparison.limit is None:
            self.fail(place, "sum: needs a limit")
        if comparison.limit is not None and (comparison.differs or comparison.fallback):
            self.fail(place, "limit: goes with neither differs nor fallback")
        try:
            for day in (date.min, *self.programme.epochs()):
                limit, _ = self.programme.resolved(comparison.limit, day)
                if limit is not None and type(limit) not in (int, Decimal):
                    raise Wrong("limit: must be a number")
            guard(comparison.when, known, self.programme)
        except Wrong as wrong:
            self.fail(place, str(wrong))


class _ProgrammeFile(TomlFile):
    kind = "programme"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        citations = {
            entry["id"]: Citation(entry["regulation"], entry["article"], entry["summary"])
            for entry, _ in self.entries("citation")
        }
        self.programme = Programme(
            id=path.parent.name,
            title=self.table["programme"]["title"],
            regulation=self.table["programme"]["regulation"],
            citations=citations,
            values=self._values(citations),
            comparisons=tuple(self.comparisons(citations)),
            coverage=tuple(
                Coverage(entry["article"], entry["summary"], tuple(entry.get("by", ())),
                         entry.get("reason", ""))
                for entry, _ in self.entries("coverage")
            ),
            register={
                attribute: tuple(names)
                for attribute, names in self.table.get("register", {}).items()
            },
            offices=stages.offices(self.entries("office"), self.fail),
            retention=stages.retention(self.table, self.fail),
        )  # fmt: skip

    def _values(self, citations: Mapping[str, Citation]) -> dict[str, tuple[PolicyValue, ...]]:
        values: dict[str, tuple[PolicyValue, ...]] = {}
        for entry, place in self.entries("value"):
            earlier = values.get(entry["id"], ())
            (citation,) = self.citation(entry["cite"], citations, place)
            before = earlier[-1] if earlier else None
            title, unit = (
                entry.get(key) or (getattr(before, key) if before else "")
                for key in ("title", "unit")
            )
            value = PolicyValue(
                date.fromisoformat(entry["since"]), entry["value"], citation,
                title, unit, entry.get("note", ""),
            )  # fmt: skip
            if earlier and earlier[-1].since >= value.since:
                self.fail(f"{place}: since", "must be later than that of the entry before")
            values[entry["id"]] = (*earlier, value)
        return values

    def verify(self, forms: list[Form]) -> None:
        """What the programme says about its forms holds for them."""
        known = {name: field for form in forms for name, field in form.fields.items()}
        if self.programme.comparisons:
            self.verify_compared(self.programme.comparisons, known)
        covering = {*self.programme.values, *(each.id for each in self.programme.comparisons)}
        for form in forms:
            rules = [*(rule.id for rule in form.rules), *(each.id for each in form.comparisons)]
            covering |= {form.id, *(form.id + name for name in form.fields)}
            covering |= {f"{form.id}#{step.title}" for step in form.steps}
            covering |= {f"{form.id}#{stage.id}" for stage in form.stages}
            covering |= {f"{form.id}/{rule}" for rule in rules}
        for each in self.programme.coverage:
            for name in each.by:
                if name not in covering:
                    self.fail(f"[[coverage]] {each.article}", f"{name!r} does not exist")


class _FormFile(TomlFile):
    kind = "form"

    def __init__(self, path: Path, common: Mapping[str, Any], programme: Programme) -> None:
        super().__init__(path)
        self.programme = programme
        self.schema = schemas.FormSchema(path.with_name("schema.json"), common)
        self.fields = self.schema.fields

    def form(self, shelf: Shelf) -> Form:
        head, citations = self.table["form"], self.programme.citations
        folder = self.path.parent.relative_to(shelf.schemas)
        comparisons = tuple(self.comparisons(citations))
        self.verify_compared(comparisons, self.fields)
        self.schema.verify_head(folder.parts[1], folder.parts[2])
        form = Form(
            id=folder.parts[1],
            edition=folder.parts[2],
            title=head["title"],
            about=head["about"],
            programme=self.programme,
            since=date.fromisoformat(head["since"]),
            day=self.field(head["day"], "[form]: day", "date") if "day" in head else None,
            copies=head.get("copies", 1),
            continues=tuple(
                self.field(name, "[form]: continues", "paragraphs")
                for name in head.get("continues", ())
            ),
            person=self.field(head["person"], "[form]: person", "string"),
            unit=self.field(head["unit"], "[form]: unit", "string"),
            grant=self.field(head["grant"], "[form]: grant", "money") if "grant" in head else None,
            schema=self.schema.content,
            common=self.schema.common,
            fields=self.fields,
            sections=tuple(self.sections()),
            boxes=tuple(self.boxes()),
            parts=tuple(self.parts()),
            blank_rows=self.blank_rows(),
            computed=tuple(self.computed()),
            rules=tuple(self.rules(citations)),
            comparisons=comparisons,
            steps=tuple(
                Step(entry["title"], entry["text"], self.guard(entry, place))
                for entry, place in self.entries("step")
            ),
            signatures=tuple(
                Signature(entry["name"], entry["beside"], self.guard(entry, place))
                for entry, place in self.entries("signature")
            ),
            stages=tuple(self.stages(citations)),
            materials=frozenset(head.get("materials", ())),
            summary=summaries.declared(self.table.get("summary"), self.fields, self.fail),
            pdf_names=self.pdf_names() if "pdf" in self.table else None,
            toml=self.path,
            templates=shelf.templates / folder,
            samples=shelf.samples / folder,
        )
        stages.verify(form, self.fail)
        return form

    def field(self, pointer: str, place: str, kind: str = "") -> Field:
        """The field at a pointer, outside of lists, of this kind or type."""
        if pointer not in self.fields:
            self.fail(place, f"pointer {pointer!r} is not in schema.json")
        field = self.fields[pointer]
        if kind and (kind not in (field.kind, field.type) or field.list):
            self.fail(place, f"{pointer} must be a {kind} that stands in no list")
        return field

    def sections(self) -> Iterator[Section]:
        placed: set[str] = set()
        for entry, place in self.entries("section"):
            for pointer in entry["fields"]:
                field = self.field(pointer, place)
                if pointer in placed:
                    self.fail(place, f"{pointer} stands in the layout more than once")
                if field.type == "object" or field.list or pointer in (FORM, EDITION):
                    self.fail(place, f"{pointer} has no place of its own in the layout")
                placed.add(pointer)
            fields = tuple(self.fields[name] for name in entry["fields"])
            yield Section(entry["title"], fields, self.guard(entry, place))
        for pointer, field in self.fields.items():
            inner = field.type == "object" or field.list or pointer in (FORM, EDITION)
            if not inner and pointer not in placed:
                self.fail("[[section]]", f"{pointer} is missing from the layout")

    def boxes(self) -> Iterator[PrintBox]:
        for entry, place in self.entries("print"):
            if entry["name"] in self.fields:
                self.fail(place, "must be a pointer that the schema does not have")
            pieces = _PRINTED.split(entry["text"])
            named = zip(pieces[1::3], pieces[2::3], strict=True)
            parts = [(self.field(pointer, place), style == "words") for pointer, style in named]
            lists = {field.list for field, _ in parts}
            if len(lists) > 1:
                self.fail(place, "prints the rows of one list, and nothing else beside them")
            for field, as_words in parts:
                if field.type == "object" or (as_words and field.kind != "money"):
                    self.fail(place, f"{field.pointer} cannot be printed so")
            yield PrintBox(entry["name"], entry["label"], tuple(pieces[::3]), tuple(parts),
                           self.guard(entry, place), *lists)  # fmt: skip

    def parts(self) -> Iterator[PaperPart]:
        for entry, place in self.entries("part"):
            name = entry["name"]
            if not name.isidentifier() or pointers.format([name]) in self.fields:
                self.fail(place, "must be one word that is no field's name")
            yield PaperPart(name, self.guard(entry, place))

    def blank_rows(self) -> dict[str, int]:
        """How many empty rows a form has of every list."""
        rooms, stated = self.schema.rooms, dict[str, int](self.table.get("rows", {}))
        for name in filter(lambda name: stated[name] > rooms.get(name, 0), stated):
            self.fail(f"[rows]: {name}", "must be a list with room for so many rows")
        return {name: min(room, _BLANK_ROWS) for name, room in rooms.items()} | stated

    def computed(self) -> Iterator[ComputedSpec]:
        """What computes each field that the schema marks as readOnly, and nothing else."""
        open_ = {pointer for pointer, field in self.fields.items() if field.computed}
        for entry, place in self.entries("computed"):
            field = self.fields.get(entry["field"])
            if field is None or not field.computed:
                self.fail(place, "is no field that schema.json marks as readOnly")
            if field.required or field.kind not in _COMPUTED:
                self.fail(place, "must be an optional amount, whole number or text")
            open_.discard(field.pointer)
            yield ComputedSpec(field, entry["is"], conditions(entry.get("when")))
        if open_:
            self.fail("[[computed]]", f"{min(open_)} is readOnly, but nothing computes it")

    def guard(self, entry: Mapping[str, Any], place: str) -> Guard:
        try:
            return guard(conditions(entry.get("when")), self.fields, self.programme)
        except Wrong as wrong:
            self.fail(place, str(wrong))

    def rules(self, citations: Mapping[str, Citation]) -> Iterator[RuleSpec]:
        compared = {entry["id"] for entry, _ in self.entries("comparison")}
        for entry, place in self.entries("rule"):
            if entry["id"] in compared:
                self.fail(place, "is declared twice")
            yield RuleSpec(
                id=entry["id"],
                kind=entry["kind"],
                severity=Severity(entry["severity"]),
                citations=self.citation(entry["cite"], citations, place),
                messages={key: entry[key] for key in entry if key.startswith("message")},
                parameters={
                    key: value
                    for key, value in entry.items()
                    if key not in RULE and not key.startswith("message")
                },
                title=entry.get("title", ""),
                demand=entry.get("demand", ""),
                when=conditions(entry.get("when")),
            )

    def stages(self, citations: Mapping[str, Citation]) -> Iterator[Stage]:
        for entry, place in self.entries("stage"):
            cited = self.citation(entry["cite"], citations, place)
            yield stages.declared(entry, cited, self.guard(entry, place))

    def pdf_names(self) -> Mapping[str, str]:
        """The field names of a PDF that an office made itself, and the pointers they stand for."""
        boxes = {box.name for box in self.boxes()}
        names: dict[str, str] = self.table["pdf"]
        for name, pointer in names.items():
            if pointer not in boxes and pointer not in _RESERVED:
                self.field(re.sub(r"/[0-9]+(?=/|$)", "/*", pointer), f"[pdf]: {name}")
        return names
