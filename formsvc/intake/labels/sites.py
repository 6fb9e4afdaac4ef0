"""Where a form prints its fields, and under which labels: read from the form's own template."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations
from typing import Any, Final, TypedDict

from formsvc import pointers
from formsvc.documents import filling
from formsvc.documents.printing import without_empty
from formsvc.forms import Field, Form, PrintBox
from formsvc.intake.labels import words
from formsvc.intake.labels.grid import Sheet, Square, sheet
from formsvc.intake.labels.sections import path

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z0-9_.]+)\s*\}\}")
_STATEMENT = re.compile(r"\{%.*?%\}")
_LOOP = re.compile(r"\{%\s*(?:tr\s+)?for\s+(\w+)\s+in\s+([\w.]+)\s*%\}")
_UP: Final = 60  # rows of a list
_MARK: Final = "\ufdd0"  # a noncharacter: in no form
_PARTS: Final = 6  # of a line, of which any may be missing


class FieldShape(TypedDict):
    """What may stand in a field; `choices` are those of its items for a list of choices."""

    label: str
    type: str
    kind: str
    choices: list[str]
    pattern: str


class LineShape(TypedDict):
    """Fields between literals, one more of these."""

    literals: list[str]
    fields: list[str]


class BoxShape(LineShape):
    """A print box without its amounts in words. `lines` is empty but for a box of a list: how the
    line of a row may be printed, the fullest first, as what is missing goes with its marks."""

    lines: list[LineShape]


class LabelSite(TypedDict):
    """A place where a field or print box is printed: `name` has * for the rows of a list.

    `way` is where the value stands from the label: in, right, below, "" when it is not printed.
    """

    name: str
    labels: list[str]
    path: list[str]
    way: str
    outside: bool


class Description(TypedDict):
    """All that reading by labels needs of a form, as JSON.

    `printed` is what its paper shows besides values, `blank` what the delivered blank shows more.
    """

    form: str
    edition: str
    title: str
    sites: list[LabelSite]
    fields: dict[str, FieldShape]
    boxes: dict[str, BoxShape]
    printed: list[str]
    blank: list[str]


@lru_cache(64)
def description(form: Form) -> Description:
    """A form as its paper shows it. UnreadableDocument when its template cannot be read."""
    template = sheet(form.docx.read_bytes())
    known = {field.pointer for field in form.leaves} | {box.name for box in form.boxes}
    loops: dict[str, str] = {}
    printing = [site for square in template.squares for site in _sites(template, square, loops)]
    sites = [site for site in printing if site["name"] in known]
    sites += _titles(form, sites)
    printed = _printed(template)
    choices = {words.bare(choice) for field in form.fields.values() for choice in field.choices}
    return {
        "form": form.id,
        "edition": form.edition,
        "title": words.bare(form.title),
        "sites": _once(sites),
        "fields": {field.pointer: _shape(form, field) for field in form.leaves},
        "boxes": {box.name: _box(box) for box in form.boxes},
        "printed": sorted(printed),
        "blank": sorted(_printed(sheet(filling.blank(form, "docx"))) - printed - choices),
    }


def _shape(form: Form, field: Field) -> FieldShape:
    items = form.fields.get(f"{field.pointer}/*")
    choices = field.choices or (items.choices if items else ())
    return {
        "label": field.label,
        "type": field.type,
        "kind": field.kind,
        "choices": list(choices),
        "pattern": str(field.schema.get("pattern", "")),
    }


def _box(box: PrintBox) -> BoxShape:
    literals, fields = [box.literals[0]], []
    for (field, as_words), literal in zip(box.parts, box.literals[1:], strict=True):
        if as_words:
            literals[-1] += literal
        else:
            fields.append(field.pointer)
            literals.append(literal)
    return {"literals": literals, "fields": fields, "lines": [*_lines(box)] if box.list else []}


def _lines(box: PrintBox) -> Iterator[LineShape]:
    fields = [field for field, _ in box.parts]
    optional = [at for at, field in enumerate(fields) if at and not field.required]
    for count in range(len(optional) + 1 if len(fields) <= _PARTS else 1):
        for missing in combinations(optional, count):
            marks = ["" if at in missing else _MARK for at in range(len(fields))]
            there = [field.pointer for at, field in enumerate(fields) if at not in missing]
            yield {"literals": without_empty(box, marks).split(_MARK), "fields": there}


def _sites(template: Sheet, square: Square, loops: dict[str, str]) -> Iterator[LabelSite]:
    """The placeholders of a square, each with its label, its way from there and its sections.

    `loops` are the lists whose rows have begun, by the name of a row.
    """
    end = 0
    loops |= dict(_LOOP.findall(square.text))
    for found in _PLACEHOLDER.finditer(square.text):
        before = _STATEMENT.sub("", square.text[end : found.start()])
        end = found.end()
        row, _, column = found[1].partition(".")
        whole = f"{loops[row]}.*.{column}" if row in loops else found[1]
        name = pointers.format(whole.split("."))
        label, way = _beside(template, square, before)
        if label:
            yield {
                "name": name,
                "labels": list(words.forms_of(label)),
                "path": list(path(template, square)),
                "way": way,
                "outside": not square.table,
            }


def _beside(template: Sheet, square: Square, before: str) -> tuple[str, str]:
    if words.bare(before):
        return before.rstrip("\n").rpartition("\n")[2], "in"
    left = template.left(square)
    if left is not None and _is_label(left):
        return left.text, "right"
    above = template.above(square)
    for _ in range(_UP):
        if above is None:
            break
        if _is_label(above):
            return above.text, "below"
        above = template.above(above)
    return "", ""


def _is_label(square: Square) -> bool:
    plain = words.bare(square.text)
    return bool(plain) and not plain.isdecimal() and not _PLACEHOLDER.search(square.text)


def _titles(form: Form, printed: Sequence[LabelSite]) -> Iterator[LabelSite]:
    """The labels that people know fields by, where the paper has others or none."""
    known = {(site["name"], label) for site in printed for label in site["labels"]}
    boxes = [(box.name, box.label) for box in form.boxes]
    beside = {box.list: words.label(box.label)[0] for box in form.boxes if box.list}
    for name, title in [*((field.pointer, field.label) for field in form.leaves), *boxes]:
        labels = words.forms_of(title)
        if (name, labels[0]) not in known:
            around = form.fields.get(name.rpartition("/")[0])
            sections = [words.label(around.label)[0]] if around is not None else []
            sections += filter(None, [beside.get(name.partition("/*")[0])] if "*" in name else [])
            yield {
                "name": name, "labels": list(labels), "path": sections, "way": "",
                "outside": False,
            }  # fmt: skip


def _once(sites: Sequence[LabelSite]) -> list[LabelSite]:
    found: dict[Any, LabelSite] = {}
    for site in sites:
        key = (site["name"], *site["labels"], *site["path"], site["way"], site["outside"])
        found.setdefault(key, site)
    return list(found.values())


def _printed(template: Sheet) -> set[str]:
    """What the form itself prints, line by line and square by square, without blanks."""
    texts = [square.text for square in template.squares] + [text for _, text in template.aside]
    pieces = {
        words.bare(piece)
        for text in texts
        for whole in _PLACEHOLDER.split(_STATEMENT.sub("", text))[::2]
        for piece in (whole, *whole.split("\n"))
    }
    return pieces - {""}
