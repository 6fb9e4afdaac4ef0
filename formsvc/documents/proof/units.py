"""What a reader sees of a DOCX as units: cells of tables, lines outside them, headers and footers.

A unit of our own form consists of parts, a pointer's value or a literal text; one of a document
that came back is a text. Fields that an editor works out (PAGE, NUMPAGES) count as nothing, and so
do texts that nobody is shown: deleted or moved away, or the second branch of an AlternateContent.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from formsvc.documents import docx
from formsvc.documents.printing import piece, printed
from formsvc.documents.printing import pieces as box_pieces
from formsvc.documents.proof.carriage import xml
from formsvc.documents.proof.marks import Proof
from formsvc.documents.segments import CODE_DIGEST, CODE_FORM, NUMBER
from formsvc.errors import UnreadableDocument
from formsvc.forms import Form
from formsvc.writing import texts

CODES: Final = (CODE_FORM, CODE_DIGEST)
CELL, LINE, BOX, EDGE = "cell", "line", "box", "edge"
_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_EDGES: Final = re.compile(r"word/(?:header|footer|footnotes|endnotes|comments)[0-9]*\.xml")
_COMMENT: Final = "批注："
_PAGES: Final = re.compile(r"\b(?:PAGE|NUMPAGES|SECTIONPAGES)\b")
_SIGNS: Final = {
    f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-",
    f"{_W}sym": "\ufffd",
}  # fmt: skip
_UNSEEN: Final = frozenset({f"{_W}del", f"{_W}moveFrom", f"{_W}tabs", f"{_W}pPrChange", _FALLBACK})
_SPACE: Final = re.compile(r"\s+")
# Noncharacters: allowed in XML, never in a submission.
_MARK: Final = re.compile("\ufdd2([0-9]+)\ufdd3")
_MOST: Final = 5_000  # units; a form has some hundred


@dataclass(frozen=True, slots=True)
class Unit:
    """A cell, line or edge of our own form: (pointer, text) parts, "" the pointer of a literal."""

    kind: str
    parts: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        return "".join(text for _, text in self.parts)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A cell, line or edge of a document as it came."""

    kind: str
    text: str


def bare(text: str) -> str:
    """A text without its spaces and line breaks, which editors change as they save."""
    return _SPACE.sub("", text)


# of a document


def pieces(members: Mapping[str, bytes]) -> tuple[Stretch, ...]:
    """All that a document shows: the body in its order, then every header, footer and note.

    UnreadableDocument without a body, or with more than any form has.
    """
    if docx.BODY not in members:
        raise UnreadableDocument("Word 文档没有正文，无法读取。")
    found = list(_pieces(xml(members[docx.BODY])))
    edges = {
        _COMMENT * ("comments" in name) + text
        for name, content in members.items()
        if _EDGES.fullmatch(name)
        if bare(text := "\n".join(piece.text for piece in _pieces(xml(content))))
    }
    found += [Stretch(EDGE, text) for text in sorted(edges)]
    if len(found) > _MOST:
        raise UnreadableDocument("Word 文档的内容比任何一种表都多，已拒绝读取。")
    return tuple(found)


def _pieces(root: Any) -> Iterator[Stretch]:
    """The texts of cells with their paragraphs together, and of other paragraphs one by one."""
    held: dict[Any, list[str]] = {}
    kinds: dict[Any, str] = {}
    shown = _texts(root)
    for paragraph in root.iter(f"{_W}p"):
        around = _around(paragraph)
        if around is None:
            continue
        kind, place = around
        key = place if place is not None else paragraph
        kinds.setdefault(key, kind)
        held.setdefault(key, []).append(shown.get(paragraph, ""))
    for key, lines in held.items():
        text = "\n".join(lines).strip("\n")
        if kinds[key] == CELL or bare(text):
            yield Stretch(kinds[key], text)


def _around(paragraph: Any) -> tuple[str, Any] | None:
    """The cell or text box that a paragraph stands in; None when nobody is shown it."""
    kind, place = LINE, None
    for node in paragraph.iterancestors():
        if node.tag in _UNSEEN:
            return None
        if place is None and node.tag == f"{_W}tc":
            kind, place = CELL, node
        elif place is None and node.tag == f"{_W}txbxContent":
            kind, place = BOX, node
    return kind, place


def _texts(root: Any) -> dict[Any, str]:
    """Paragraph → its own text."""
    found: dict[Any, list[str]] = {}
    hidden = _results(root)
    for node in root.iter(f"{_W}t", *_SIGNS):
        paragraph = None
        for around in node.iterancestors():
            if around.tag in _UNSEEN or around in hidden:
                paragraph = None
                break
            if paragraph is None and around.tag == f"{_W}p":
                paragraph = around
        if paragraph is not None:
            found.setdefault(paragraph, []).append(_SIGNS.get(node.tag) or node.text or "")
    return {paragraph: "".join(parts) for paragraph, parts in found.items()}


def _results(root: Any) -> set[Any]:
    """The runs, and simple fields, that show the page's number or the number of pages."""
    found = {
        node for node in root.iter(f"{_W}fldSimple") if _PAGES.search(node.get(f"{_W}instr", ""))
    }
    for paragraph in {next(n.iterancestors(f"{_W}p"), None) for n in root.iter(f"{_W}fldChar")}:
        if paragraph is None:
            continue
        instruction, depth, inside = "", 0, False
        for run in paragraph.iter(f"{_W}r"):
            for node in run:
                if node.tag == f"{_W}fldChar":
                    kind = node.get(f"{_W}fldCharType")
                    depth += {"begin": 1, "end": -1}.get(kind, 0)
                    instruction = "" if kind == "begin" else instruction
                    inside = kind == "separate" and bool(_PAGES.search(instruction))
                elif node.tag == f"{_W}instrText":
                    instruction += node.text or ""
            if inside and depth == 1:
                found.add(run)
    return found


# of our own form


def expected(form: Form, data: object, *, draft: bool = False) -> tuple[Unit, ...]:
    """What our own DOCX of the data shows. ValueError for data that is not JSON."""
    values = printed(form, data)
    if draft:
        values = {name: texts.clean(text) for name, text in values.items()}
    head, digest = Proof(form, data).code(0, 0).text.split("\n")
    values |= {CODE_FORM: head, CODE_DIGEST: digest}
    template = docx.prepared(form)
    rows = tuple((name, int(values[name] or 0)) for name in form.lists)
    given = frozenset(name for name in template.conditions if values[name])
    return tuple(
        Unit(unit.kind, tuple((name, values[name] if name else text) for name, text in unit.parts))
        for unit in _outline(form, rows, given)
    )


@lru_cache(256)
def _outline(
    form: Form, rows: tuple[tuple[str, int], ...], given: frozenset[str]
) -> tuple[Unit, ...]:
    """The units of a form whose lists have so many rows, and that has what is given of the parts
    that may be missing; the texts of their values are ""."""
    template = docx.prepared(form)
    counts = dict(rows)
    places = template.places(counts)
    names = tuple(sorted(name for name in places if not name.endswith(NUMBER)))
    missing = template.conditions - given
    values = {
        name: "" if name in missing else f"\ufdd2{number}\ufdd3"
        for number, name in enumerate(names)
    }
    # A print box is one value here; in the template its first part stands for all of it.
    values |= dict.fromkeys(box_pieces(form, {}, whole=True), "")
    values |= {piece(box.name, 1): values.get(box.name, "") for box in form.boxes if not box.list}
    values |= {name: str(count or "") for name, count in rows}
    values |= dict.fromkeys(given - values.keys(), "是")
    return tuple(
        Unit(each.kind, tuple(_parts(each.text, names))) for each in pieces(template.parts(values))
    )


def _parts(text: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    literals = _MARK.split(text)
    for number, part in enumerate(literals):
        if number % 2:
            yield names[int(part)], ""
        elif part:
            yield "", part


def is_open(unit: Unit, before: Unit | None, labels: Iterable[str]) -> bool:
    """Whether one writes, signs or stamps in a unit by hand: an opinion, a signature, a date."""
    if any(name for name, _ in unit.parts):
        return False
    text = bare(unit.text)
    above = bare(before.text) if before else ""
    named = [bare(label) for label in labels]
    return (
        any(label in text for label in named)
        or any(above.startswith(label) for label in named)
        or bool(_OPEN.search(text))
    )


_OPEN: Final = re.compile("盖章|签名|签字|签章|年月日$")
