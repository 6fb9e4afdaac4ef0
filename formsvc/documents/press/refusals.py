"""What of a submission does not go on its paper, as findings: where, why, and what to do."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from formsvc.documents.press.fonts import Fonts
from formsvc.documents.press.layouts import Layout, Site
from formsvc.findings import Finding, Severity
from formsvc.forms import Form
from formsvc.writing import words

GLYPH: Final = "print.glyph"
OVERFLOW: Final = "print.overflow"


def names_of(values: Mapping[str, str], pointer: str) -> Sequence[str]:
    """The places that a pointer of a layout stands for: one, or one in each row of its list."""
    array, in_rows, column = pointer.partition("/*/")
    if not in_rows:
        return (pointer,)
    return [f"{array}/{row}/{column}" for row in range(int(values.get(array) or 0))]


def worst(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding a place, where a text stands on the paper more than once."""
    worst: dict[str, Finding] = {}
    for finding in found:
        known = worst.setdefault(finding.pointer, finding)
        if (finding.value or 0) > (known.value or 0):
            worst[finding.pointer] = finding
    return tuple(worst.values())


def missing(
    form: Form, values: Mapping[str, str], fonts: Fonts, layout: Layout
) -> tuple[Finding, ...]:
    shown = [
        name
        for pointer in layout.pointers
        for name in names_of(values, pointer)
        if values.get(name)
    ]
    if not fonts.missing("\n".join(values[name] for name in shown)):
        return ()
    found = []
    for name in sorted(shown, key=form.place):
        if missing := fonts.missing(values[name]):
            named = "、".join(f"“{text}”（{_codes(text)}）" for text in missing)
            message = (
                f"{heading(form, name)}中的{named}在现有字体中没有，印不出来；"
                "请改用通用的字，或请管理员添加字体。"
            )
            pointer = _pointer(form, values, name, missing)
            found.append(Finding(GLYPH, Severity.ERROR, pointer, heading(form, name), message))
    return tuple(found)


def overflow(form: Form, values: Mapping[str, str], site: Site, rest: str) -> Finding:
    label, excess = heading(form, site.pointer), max(1, words.count(rest))
    room = max(0, words.count(values[site.pointer]) - excess)
    message = f"{label}在表格中写不下：约可写 {room} 字，多出 {excess} 字，请删减。"
    pointer = _pointer(form, values, site.pointer, ())
    return Finding(OVERFLOW, Severity.ERROR, pointer, label, message, excess, 0)


def heading(form: Form, name: str) -> str:
    """Of a field, or of a box in which several stand."""
    return next((box.label for box in form.boxes if box.name == name), None) or form.label(name)


def _pointer(form: Form, values: Mapping[str, str], name: str, missing: Sequence[str]) -> str:
    """The place in the submission; in a box of several fields, the longest to blame."""
    parts = [
        pointer
        for box in form.boxes
        if box.name == name
        for part, _ in box.parts
        for pointer in names_of(values, part.pointer)
    ]
    blamed = [part for part in parts if all(text in values[part] for text in missing)]
    return max(blamed or parts or [name], key=lambda part: len(values.get(part, "")))


def _codes(text: str) -> str:
    return " ".join(f"U+{ord(character):04X}" for character in text)
