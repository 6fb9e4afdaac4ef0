"""What changed between two versions of a submission, field by field, as it stands on paper."""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from formsvc.documents.printing import printed
from formsvc.forms import Field, Form

# The texts of one row of a list, in the order of its columns.
Cells = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """A field in which two versions differ: the texts as printed, "" for nothing.

    `pointer` is a place in the later version; of a row that is gone, in the earlier one, and its
    label says so.
    """

    pointer: str
    label: str
    before: str
    after: str


def difference(form: Form, earlier: object, later: object) -> list[Changed]:
    """The fields in which two versions differ, in the order of the paper; none when they agree.

    `form` is that of the later version; what only another edition asked for is not compared. Rows
    are set beside those that they share most with, so that one put in between is one new row and
    not a change of all that follow. Never raises.
    """
    before, after = printed(form, earlier), printed(form, later)
    found = [
        Changed(field.pointer, field.label, old, new)
        for field in form.leaves
        if not field.list
        and (old := before.get(field.pointer, "")) != (new := after.get(field.pointer, ""))
    ]
    for array, columns in form.lists.items():
        found += _in_rows(form, array, columns, before, after)
    return sorted(found, key=lambda changed: form.place(changed.pointer))


def _in_rows(
    form: Form,
    array: str,
    columns: Sequence[Field],
    before: Mapping[str, str],
    after: Mapping[str, str],
) -> Iterator[Changed]:
    columns = [column for column in columns if column in form.leaves]
    old, new = (_rows(columns, int(values.get(array) or 0), values) for values in (before, after))
    nothing = ("",) * len(columns)
    for was, now in _aligned(old, new):
        texts = nothing if was is None else old[was]
        others = nothing if now is None else new[now]
        for column, text, other in zip(columns, texts, others, strict=True):
            if text != other:
                yield Changed(*_place(form, column, was, now), text, other)


def _place(form: Form, column: Field, was: int | None, now: int | None) -> tuple[str, str]:
    """Pointer and label of a cell of a row."""
    if now is not None:
        pointer = column.in_row(now)
        return pointer, form.label(pointer)
    gone = was or 0
    label = f"{form.fields[column.list].label}原第 {gone + 1} 行的{column.label}"
    return column.in_row(gone), label


def _rows(columns: Sequence[Field], count: int, values: Mapping[str, str]) -> list[Cells]:
    return [tuple(values.get(column.in_row(row), "") for column in columns) for row in range(count)]


def _aligned(old: Sequence[Cells], new: Sequence[Cells]) -> Iterator[tuple[int | None, int | None]]:
    """Pairs of rows that differ, by their numbers from 0; None beside a row that came or went."""
    weights = _weights(old, new)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            for was, now in _paired(old[a:b], new[c:d], weights):
                yield (None if was is None else a + was, None if now is None else c + now)


def _paired(
    old: Sequence[Cells], new: Sequence[Cells], weights: Mapping[tuple[int, str], float]
) -> Iterator[tuple[int | None, int | None]]:
    """The pairing in order that leaves most as it was; of equal ones, with most pairs."""
    best = [[(0.0, 0)] * (len(new) + 1) for _ in range(len(old) + 1)]
    kept = [[_kept(texts, others, weights) for others in new] for texts in old]
    for was in reversed(range(len(old))):
        for now in reversed(range(len(new))):
            alike, pairs = best[was + 1][now + 1]
            paired = (alike + kept[was][now], pairs + 1)
            best[was][now] = max(paired, best[was + 1][now], best[was][now + 1])
    was = now = 0
    while was < len(old) and now < len(new):
        if best[was][now] == best[was + 1][now]:
            yield was, None
            was += 1
        elif best[was][now] == best[was][now + 1]:
            yield None, now
            now += 1
        else:
            yield was, now
            was, now = was + 1, now + 1
    yield from ((row, None) for row in range(was, len(old)))
    yield from ((None, row) for row in range(now, len(new)))


def _weights(old: Sequence[Cells], new: Sequence[Cells]) -> dict[tuple[int, str], float]:
    """What a text in a column tells of which row it is: a name more than what all rows have."""
    counts = [
        Counter(cell for row in rows for cell in enumerate(row) if cell[1]) for rows in (old, new)
    ]
    return {cell: 1 / (count * counts[1][cell]) for cell, count in counts[0].items()
            if cell in counts[1]}  # fmt: skip


def _kept(old: Cells, new: Cells, weights: Mapping[tuple[int, str], float]) -> float:
    """What two rows share."""
    pairs = enumerate(zip(old, new, strict=True))
    return sum(weights[column, text] for column, (text, other) in pairs if text and text == other)
