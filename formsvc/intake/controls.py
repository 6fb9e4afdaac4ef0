"""A DOCX whose controls somebody filled in → what it shows, field by field.

A field is found by the tag of its control and by the bookmark around it: Word keeps both,
LibreOffice the bookmark, a program that knows neither only the text. What is read is hostile: the
package is opened as `carriage` does, in a process that can be killed.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from formsvc.documents.controls import TICKED, TICKS, UNTICKED, WHOLE, pointer_of
from formsvc.documents.proof.carriage import package, xml
from formsvc.errors import UnreadableDocument
from formsvc.findings import Finding, Severity
from formsvc.forms import EDITION, FORM, Form

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BODY, _STYLES = "word/document.xml", "word/styles.xml"
_BREAKS: Final = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
# What is not shown, or not any more.
_UNSEEN: Final = frozenset(("del", "moveFrom", "Fallback", "pPr", "rPr", "instrText"))
_MOST: Final = 20_000  # characters of a text, as in every field
_MOST_PLACES: Final = 5_000
# Private codes of Wingdings and its sequels, as Word and WPS write boxes and ticks.
_SYMBOLS: Final = {
    **dict.fromkeys(("F0FE", "F0FD", "F0FC", "F052", "F053", "F054", "F050"), TICKED),
    **dict.fromkeys(("F0A8", "F06F", "F0A3", "F02A"), UNTICKED),
}
# What Word itself writes into a control that was emptied.
_PROMPT: Final = re.compile(r"\s{0,9}(?:单击|点击|请?选择一|Click|Tap|Choose|Enter)[^\n]{0,60}")
_PROMPT_STYLE: Final = "placeholder text"

Shown = Mapping[str, list[str]]
"""Pointer → what its places show: each text once, none where all are empty."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a field's text stands among the pieces of the body."""

    pointer: str
    start: int
    end: int


def shown(raw: bytes) -> bytes:
    """Pointer → the texts that its places show, as JSON; for the sandbox.

    Empty for a document without our controls. UnreadableDocument when it cannot be read.
    """
    members = package(raw)
    if _BODY not in members:
        raise UnreadableDocument("Word 文档没有正文，无法读取。")
    body = _Body(xml(members[_BODY]), _prompts(members))
    found: dict[str, list[str]] = {}
    for place in body.places():
        text = body.text(place)
        if len(text) > _MOST:
            raise UnreadableDocument(f"文档中有一栏超过 {_MOST:,} 个字符，请删减后再提交。")
        texts = found.setdefault(place.pointer, [])
        if text.strip() and _bare(text) not in map(_bare, texts):
            texts.append(text)
    return json.dumps(found).encode()


def form_of(found: Shown, forms: Sequence[Form]) -> Form | None:
    """The form whose blank this is: the one it names, or the first that has all that it shows."""
    named = [(found.get(name) or [""])[0].strip() for name in (FORM, EDITION)]
    for form in forms:
        if named == [form.id, form.edition]:
            return form
    places = found.keys() - {FORM, EDITION}
    return next((form for form in forms if places and places <= _known(form)), None)


def settled(form: Form, found: Shown) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """Pointer → text of what is shown, and a finding for every field whose places differ.

    Such a field has no text: nobody can know which is meant. What is no field is left out.
    """
    texts, findings = {}, []
    for pointer in sorted(found.keys() & _known(form), key=form.place):
        said = found[pointer]
        if pointer in form.ticks and TICKS.isdisjoint("".join(said)):
            continue
        if len(said) == 1:
            texts[pointer] = said[0]
        elif said:
            label = form.label(pointer)
            message = f"{label}在表中不止一处，各处填写的不一样；请改成一样的再提交。"
            findings.append(Finding("paper.differs", Severity.ERROR, pointer, label, message))
    return texts, tuple(findings)


def _known(form: Form) -> set[str]:
    return {*form.fields, *form.printable, *form.ticks} - {FORM, EDITION}


class _Body:
    """The text of a body piece by piece, and where its controls, bookmarks and cells are."""

    def __init__(self, root: Any, prompts: frozenset[str]) -> None:
        self._prompts = prompts
        self._pieces: list[str] = []
        self._controls: list[_Place] = []
        self._bookmarks: list[_Place] = []
        self._cells: list[tuple[int, int]] = []
        self._walk(root)

    def text(self, place: _Place) -> str:
        """Paragraphs on lines of their own, without the end of the last."""
        return "".join(self._pieces[place.start : place.end]).removesuffix("\n")

    def places(self) -> list[_Place]:
        """Every place once, in the order of the text: what is a bookmark and a control is one."""
        ordered = sorted([*self._bookmarks, *self._controls], key=lambda place: place.start)
        if len(ordered) > _MOST_PLACES:
            raise UnreadableDocument("Word 文档中的填写处太多，已拒绝读取。")
        last: dict[str, _Place] = {}
        found: list[_Place] = []
        for place in ordered:
            before = last.get(place.pointer)
            if before and self._is_one(before, place):
                found.remove(before)
                end = max(before.end, place.end)
                place = _Place(place.pointer, before.start, end)  # noqa: PLW2901  # the wider one
            last[place.pointer] = place
            found.append(place)
        return found

    def _is_one(self, before: _Place, place: _Place) -> bool:
        """Whether two places of a field overlap, or are paragraphs that follow each other."""
        if place.start <= before.end:
            return True
        between = "".join(self._pieces[before.end : place.start])
        return not between.strip() and self._cell(before.end - 1) == self._cell(place.start)

    def _cell(self, at: int) -> tuple[int, int] | None:
        """The innermost cell around a piece."""
        around = [cell for cell in self._cells if cell[0] <= at < cell[1]]
        return max(around, default=None)

    def _walk(self, root: Any) -> None:
        starts: dict[Any, int] = {}
        opened: dict[str, tuple[str, int]] = {}
        marks: list[tuple[str, int, int]] = []
        prompting = 0  # inside of how many controls that show what to do
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, node in walk:
            tag, here = _tag(node), len(self._pieces)
            if event == "end":
                if tag == "p":
                    self._pieces.append("\n")
                elif tag == "tc":
                    self._cells.append((starts.pop(node), here))
                elif tag == "sdtContent":
                    prompting -= self._is_prompt(node)
                    start = starts.pop(node)
                    if pointer := _tagged(node.getparent()):
                        self._controls.append(_Place(pointer, start, here))
            elif tag in _UNSEEN or (tag == "r" and _is_hidden(node)):
                walk.skip_subtree()
            elif tag in ("tc", "sdtContent"):
                starts[node] = here
                prompting += tag == "sdtContent" and self._is_prompt(node)
            elif tag == "bookmarkStart":
                opened[node.get(f"{_W}id", "")] = (node.get(f"{_W}name", ""), here)
            elif tag == "bookmarkEnd":
                marks.append((*opened.pop(node.get(f"{_W}id", ""), ("", here)), here))
            elif text := "" if prompting else _written(tag, node):
                self._pieces.append(text)
        self._bookmarks = [
            self._bounded(_Place(pointer, start, end), is_whole=name.startswith(WHOLE))
            for name, start, end in marks
            if (pointer := pointer_of(name))
        ]

    def _bounded(self, place: _Place, *, is_whole: bool) -> _Place:
        """A bookmark within its cell, or all of the cell that it fills."""
        start, end = self._cell(place.start) or (place.start, place.end)
        return _Place(
            place.pointer,
            start if is_whole else place.start,
            end if is_whole else min(end, place.end),
        )

    def _is_prompt(self, content: Any) -> bool:
        """Whether a control says that it is empty, and so it is.

        LibreOffice can leave the mark in a control that was filled in.
        """
        properties = content.getparent().find(f"{_W}sdtPr")
        if properties is None or properties.find(f"{_W}showingPlcHdr") is None:
            return False
        text = "".join(node.text or "" for node in content.iter(f"{_W}t"))
        styles = {node.get(f"{_W}val") for node in content.iter(f"{_W}rStyle")}
        return not text.strip() or bool(styles & self._prompts) or bool(_PROMPT.fullmatch(text))


def _tag(node: Any) -> str:
    """The name of a node of WordprocessingML, or of what stands there for older programs."""
    tag = node.tag if isinstance(node.tag, str) else ""
    return "Fallback" if tag == _FALLBACK else tag[len(_W) :] if tag.startswith(_W) else ""


def _written(tag: str, node: Any) -> str:
    """What a node of a run shows."""
    if tag == "t":
        return str(node.text or "")
    if tag == "sym":
        return _SYMBOLS.get(node.get(f"{_W}char", "").upper(), "\ufffd")
    is_in_run = tag in _BREAKS and _tag(node.getparent()) == "r"
    return _BREAKS[tag] if is_in_run else ""


def _tagged(control: Any) -> str:
    """The pointer that a control is tagged with; "" for none."""
    tag = control.find(f"{_W}sdtPr/{_W}tag")
    value = "" if tag is None else str(tag.get(f"{_W}val", ""))
    return value if value.startswith("/") else ""


def _is_hidden(run: Any) -> bool:
    mark = run.find(f"{_W}rPr/{_W}vanish")
    return mark is not None and mark.get(f"{_W}val", "1") not in ("0", "false", "off")


def _prompts(members: Mapping[str, bytes]) -> frozenset[str]:
    """The ids of the character style in which Word sets what to do: editors number them anew."""
    if _STYLES not in members:
        return frozenset()
    return frozenset(
        style.get(f"{_W}styleId")
        for style in xml(members[_STYLES]).iter(f"{_W}style")
        for name in style.iterfind(f"{_W}name")
        if name.get(f"{_W}val", "").lower() == _PROMPT_STYLE
    )


def _bare(text: str) -> str:
    return "".join(text.split())
