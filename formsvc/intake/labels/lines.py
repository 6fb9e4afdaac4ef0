"""A box in which the rows of a list stand, a line each → the texts of the rows' fields."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from formsvc.intake.labels import values, words
from formsvc.intake.labels.occurrences import CELL
from formsvc.intake.labels.sites import BoxShape, FieldShape, LineShape

_MOST: Final = 60  # lines
_LONG: Final = 600  # characters of one
_OFTEN: Final = 4  # how often a literal may stand in a line
_NUMERALS: Final = "一二三四五六七八九十"
_NUMBER = re.compile(rf"[(（]?([0-9]{{1,2}}|[{_NUMERALS}])[)）.．、]{{1,2}}(?!\s*[0-9])")
_MARKS = re.compile(r"[\t，,、;；|]")

Row = dict[str, str]


def rows(box: BoxShape, fields: Mapping[str, FieldShape], text: str) -> tuple[dict[str, str], bool]:
    """(pointer → text, whether that is certain) of a box of a list: `/projects/0/name` → ….

    Certain is a line as the form itself would print it, with or without a number before it, or
    with each part behind its label. Of any other one the parts that can be told are given, else
    all of it as the first part.
    """
    lines = _lines(text)
    read = [row for line in lines[:_MOST] for row in _rows(box, fields, line)]
    found = {
        name.replace("/*", f"/{number}", 1): part
        for number, (parts, _) in enumerate(read)
        for name, part in parts.items()
    }
    sure = len(lines) <= _MOST and all(is_sure for _, is_sure in read)
    return found, sure and _are_whole(box, lines, [parts for parts, _ in read])


def _end(box: BoxShape) -> str:
    """What a line with all its parts ends with."""
    return words.same_length(box["literals"][-1].strip())


def _lines(text: str) -> list[str]:
    """The lines, without the numbers before them where these count from 1."""
    lines = [
        line.strip(" ;；\t")
        for line in text.replace(words.RULE, " ").split("\n")
        if not words.is_unwritten(_MARKS.sub("", line))
    ]
    numbers = [_NUMBER.match(line) for line in lines]
    is_counted = all(
        number is not None and number[1] in (str(at), _NUMERALS[at - 1 : at])
        for at, number in enumerate(numbers, 1)
    )
    if not is_counted:
        return lines
    return [
        line[number.end() :].lstrip() for line, number in zip(lines, numbers, strict=True) if number
    ]


def _rows(box: BoxShape, fields: Mapping[str, FieldShape], line: str) -> list[tuple[Row, bool]]:
    """The row of a line, or those of one that holds several: 甲（国家级，1）；乙（省部级，2）."""
    row, is_sure = _row(box, fields, line)
    several = [_printed(box, fields, each) for each in _parted(line, _end(box))]
    if is_sure or len(several) < 2 or not all(several):
        return [(row, is_sure)]
    return [(each, True) for each in several if each]


def _parted(line: str, end: str) -> Iterator[str]:
    start = 0
    for mark in _between(end).finditer(words.same_length(line)) if end else ():
        yield line[start : mark.end() - 1]
        start = mark.end()
    yield line[start:]


@lru_cache(64)
def _between(end: str) -> re.Pattern[str]:
    """What stands between two rows in one line."""
    return re.compile(rf"{re.escape(end)}\s{{0,9}}[;,、]")


def _are_whole(box: BoxShape, lines: Sequence[str], read: Sequence[Row]) -> bool:
    """Whether no line can be a piece of the one before: all have the same parts, or end as a line
    does that has all of them."""
    end = _end(box)
    is_alike = len({tuple(parts) for parts in read}) < 2
    return is_alike or (bool(end) and all(words.same_length(line).endswith(end) for line in lines))


def _row(box: BoxShape, fields: Mapping[str, FieldShape], line: str) -> tuple[Row, bool]:
    names = box["fields"]
    whole = {names[0]: words.written(line.replace(CELL, " "))}
    if len(line) > _LONG:
        return whole, False
    if exact := _printed(box, fields, line):
        return exact, True
    if named := values.named(names, fields, line):
        return named
    parts = [words.written(part) for part in _MARKS.split(line)]
    if len(parts) != len(names):
        return whole, False
    row = dict(zip(names, parts, strict=True))
    has_choice = any(fields[name]["choices"] for name in names)
    return (row if has_choice and _fit(fields, row) else whole), False


def _printed(box: BoxShape, fields: Mapping[str, FieldShape], line: str) -> Row | None:
    """The parts of a line as the form prints it, if that could not mean others."""
    plain = words.same_length(line)
    found: list[Row] = []
    parts = 0
    if len(line) > _LONG or (_end(box) and _between(_end(box)).search(plain)):
        return None
    for shape in box["lines"]:
        if found and len(shape["fields"]) < parts:
            break  # a line in which less is missing says it better
        parts = len(shape["fields"])
        found += [row for row in _ways(shape, fields, line, plain) if row not in found]
    return found[0] if len(found) == 1 else None


def _ways(
    shape: LineShape, fields: Mapping[str, FieldShape], line: str, plain: str
) -> Iterator[Row]:
    first, *between, last = (words.same_length(each).strip(" ") for each in shape["literals"])
    if not plain.startswith(first) or not plain.endswith(last):
        return
    if any(not literal or plain.count(literal) > _OFTEN for literal in between):
        return
    end = len(line) - len(last)
    for cuts in _cuts(plain, between, len(first), end):
        starts = (len(first), *(at + len(each) for at, each in zip(cuts, between, strict=True)))
        parts = (
            words.written(line[start:stop])
            for start, stop in zip(starts, (*cuts, end), strict=True)
        )
        row = dict(zip(shape["fields"], parts, strict=True))
        if _fit(fields, row):
            yield row


def _cuts(plain: str, literals: Sequence[str], start: int, end: int) -> Iterator[tuple[int, ...]]:
    """All places where literals may stand one behind the other."""
    if not literals:
        yield ()
        return
    literal, *others = literals
    at = plain.find(literal, start, end)
    while at >= 0:
        for more in _cuts(plain, others, at + len(literal), end):
            yield (at, *more)
        at = plain.find(literal, at + 1, end)


def _fit(fields: Mapping[str, FieldShape], row: Row) -> bool:
    return all(part and values.fit(fields[name], part) >= 0 for name, part in row.items())
