"""Where a paper of ours shows something else than it carries: field by field, in both readings."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from formsvc import pointers
from formsvc.documents import boxes
from formsvc.documents.printing import printed
from formsvc.documents.proof.alignment import UNCLEAR, merged
from formsvc.documents.proof.units import bare
from formsvc.findings import Finding, Severity
from formsvc.forms import Form, PrintBox, answers
from formsvc.writing.masking import masked
from formsvc.writing.texts import clean

_AROUND, _LONGEST = 12, 60  # characters before a difference, and of a text that is quoted


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that a paper shows differently than it carries it.

    `shown` and `carried` are the texts as on paper, "" for nothing; `value` is what the shown text
    means, None for nothing.
    """

    pointer: str
    label: str
    shown: str
    carried: str
    value: Any = field(default=None, compare=False)

    def finding(self) -> Finding:
        """The difference as a finding that stops a clean verdict."""
        shown, carried = excerpts(self.shown, self.carried)
        message = (
            f"{self.label}：纸面上是{shown}，文件带的数据是{carried}，两者不同；"
            "请核对以哪一个为准，改好后重新生成表格。"
        )
        return Finding("paper.differs", Severity.ERROR, self.pointer, self.label, message)


def of(
    form: Form, data: object, shown: Iterable[tuple[str, str]], *, strictly: bool = False
) -> tuple[Difference, ...]:
    """The differences that shown texts, (pointer or name of a box, text), make; each field once.

    A value that is only written in another way, 50000元 for 50,000元, is none, unless `strictly`.
    """
    values = printed(form, data)
    found: dict[str, Difference] = {}
    for name, text in shown:
        for difference in _differences(form, data, values, name, clean(text).replace("\r", "")):
            if strictly or not _means_the_same(data, difference):
                found.setdefault(difference.pointer, difference)
    return tuple(sorted(found.values(), key=lambda each: form.place(each.pointer)))


def _differences(
    form: Form, data: object, values: Mapping[str, str], name: str, text: str
) -> Iterator[Difference]:
    box = next((box for box in form.boxes if box.name == name), None)
    if box is None:
        yield from _difference(form, data, values, name, text)
        return
    if text == UNCLEAR:
        first = box.parts[0][0].pointer
        yield Difference(first, form.label(first), text, values[name], text)
        return
    # As it stands, or with the breaks between fields that a PDF does not tell from those of lines.
    split = [boxes.parts(form, name, each) for each in (text, merged(values[name], text))]
    standing = list(_standing(box, split, values))
    parts = min(
        split,
        key=lambda parts: sum(
            bare(parts.get(pointer, "")) != bare(values.get(pointer, "")) for pointer in standing
        ),
    )
    seen = False
    for pointer in dict.fromkeys(standing):
        for difference in _difference(form, data, values, pointer, parts.get(pointer, "")):
            seen = True
            yield difference
    if not seen and bare(text) != bare(values[name]):
        # Nothing but an amount in words, or a word between the values.
        blamed = next((part for part, in_words in box.parts if in_words), box.parts[0][0]).pointer
        yield Difference(blamed, form.label(blamed), text, values[name], text)


def _standing(
    box: PrintBox, split: Iterable[Mapping[str, str]], values: Mapping[str, str]
) -> Iterator[str]:
    """The pointers of what a box shows; of a list, in the rows that are carried or shown."""
    if not box.list:
        yield from (part.pointer for part, _ in box.parts)
        return
    for row in range(int(values.get(box.list) or 0)):
        yield from (part.in_row(row) for part, _ in box.parts)
    for parts in split:
        yield from parts


def _difference(
    form: Form, data: object, values: Mapping[str, str], pointer: str, text: str
) -> Iterator[Difference]:
    carried = values.get(pointer, "")
    if bare(text) == bare(carried):
        return
    meant = merged(carried, text)  # a PDF parts figures from characters beside them
    if not form.is_block(pointer):
        meant = " ".join(meant.split())
    value: Any = meant or None
    if meant and boxes.is_short(form, pointer, meant):
        value, _ = answers.read(form, pointer, meant)
    yield Difference(pointer, form.label(pointer), meant, carried, value)


def _means_the_same(data: object, difference: Difference) -> bool:
    known = pointers.get(data, difference.pointer)
    return difference.value is not None and difference.value == known


def excerpts(one: str, other: str) -> tuple[str, str]:
    """Two texts as they are quoted beside each other: around where they begin to differ, and an
    ID number or an account only by the place where it does."""
    start = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    if masked(one) != one or masked(other) != other:
        place = f"（从第 {start + 1} 个字符起不同）" if one else ""
        return _excerpt(masked(one), 0) + place, _excerpt(masked(other), 0)
    return _excerpt(one, start), _excerpt(other, start)


def _excerpt(text: str, start: int) -> str:
    if not text:
        return "空白"
    if len(text) <= _LONGEST:
        return f"“{' '.join(text.split())}”"
    first = max(0, start - _AROUND)
    piece = " ".join(text[first : first + _LONGEST].split())
    before, after = "…" if first else "", "…" if first + _LONGEST < len(text) else ""
    return f"“{before}{piece}{after}”"
