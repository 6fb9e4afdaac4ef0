"""The labels of any blank Word form, each with the place that is left to write in."""

import re
import string
from collections.abc import Iterator
from typing import Final, NamedTuple

from formsvc.intake.labels import ticks, words
from formsvc.intake.labels.grid import Sheet, Square, sheet

_LABEL: Final = 80  # characters
# Bounded, so that no run of blanks is gone through from each of its places to its end.
_BLANK: Final = r"[^\S\n]{0,9}_[_\s]{0,99}|[^\S\n]{2,99}"
# Where a label may begin: behind a gap, a rule, or the end of a sentence.
_BEGINNING = re.compile(rf"{_BLANK}|[;；。!！?？:：☐□]|(?<=[)）])[^\S\n]+")
_COLON = re.compile("[:：]")
_OPTION = re.compile(r"[☐□]\S{1,4}$")  # the choice before a colon, as in □无 □有：
_DATE = re.compile(r"年[^\S\n]{0,99}月[^\S\n]{0,99}日")


class LabelPair(NamedTuple):
    """A label without blanks, numbering and notes, and the place of its blank."""

    label: str
    place: str


def pairs(raw: bytes) -> list[LabelPair]:
    """The label–blank pairs of a blank form, in reading order; for a list, its first row.

    UnreadableDocument when it cannot or may not be read; to be run where it can be killed.
    """
    paper = sheet(raw)
    return [pair for square in paper.squares for pair in _pairs(paper, square)]


def _pairs(paper: Sheet, square: Square) -> Iterator[LabelPair]:
    text = square.text
    if not words.bare(text) or words.is_unwritten(text):
        return
    if _heads_list(paper, square):
        return
    inside = list(_inside(text))
    if not square.table and inside and text.rstrip()[-1] in ":：" and _says_on(paper, square):
        inside.pop()
    yield from (LabelPair(label, square.place) for label in inside)
    last = text.rstrip().rpartition("\n")[2] if inside else text
    if not square.table or any(_inside(last)) or ticks.has_marks(last):
        return
    label = words.label(last)[0]
    if not label or len(label) > _LABEL or not _is_label(label):
        return
    blank = _beside(paper, square, only_below=bool(inside))
    if blank is not None:
        yield LabelPair(label, blank.place)


def _says_on(paper: Sheet, square: Square) -> bool:
    """Whether a paragraph only announces the text of the next one."""
    following = paper.squares[square.number + 1 : square.number + 2]
    return any(not each.table and words.bare(each.text) for each in following) and not any(
        _inside(following[0].text)
    )


def _is_label(label: str) -> bool:
    return re.search("[一-龥A-Za-z]", label) is not None


def _beside(paper: Sheet, square: Square, *, only_below: bool) -> Square | None:
    right, below = paper.right(square), paper.below(square)
    if right is not None and not only_below and _is_blank(right):
        return right
    if below is None or not _is_blank(below):
        return None
    aligned = (below.column, below.columns) == (square.column, square.columns)
    return below if aligned else None


def _is_blank(square: Square) -> bool:
    text = square.text
    if words.is_unwritten(text):
        return True
    chosen = ticks.ticked(text) is not None or text.lstrip()[:1] in "☐□(（"
    return chosen and ticks.is_unticked(text)


def _heads_list(paper: Sheet, square: Square) -> bool:
    """Whether a square says only what the list below it is about."""
    below = paper.below(square)
    if below is None or below.columns >= square.columns or words.label(square.text)[0] == "":
        return False
    heads = list(paper.row(below))
    return len(heads) > 2 and all(
        not words.is_unwritten(head.text)
        and (under := paper.below(head)) is not None
        and words.is_unwritten(under.text)
        for head in heads
    )


def _inside(text: str) -> Iterator[str]:
    """The labels with a blank behind them in their own square."""
    for line in text.split("\n"):
        end = 0
        for colon in _COLON.finditer(line):
            behind = line[colon.end() :]
            before = line[end : colon.start()]
            if _begins_blank(behind) and not _OPTION.search(before) and (label := _before(before)):
                yield label
            end = colon.end()
        yield from _without_colon(line)


def _begins_blank(behind: str) -> bool:
    """Whether there is room behind a colon: a gap, a rule, a blank date, boxes, the line's end."""
    if not behind.strip():
        return True
    blank = re.match(rf"{_BLANK}|[^\S\n]*[☐□]|[^\S\n]*年[^\S\n]*月", behind)
    return blank is not None


def _before(text: str) -> str:
    """The label that ends a text: 其他 目的地 ends with 目的地, but 姓 名 is one label."""
    piece = _BEGINNING.split(text)[-1] if _spread(text) is None else text
    spread = _spread(piece)
    tokens = piece.split()
    label = spread if spread is not None else (tokens[-1] if tokens else "")
    plain = words.label(label)[0]
    return plain if _is_label(plain) and len(plain) <= _LABEL else ""


def _spread(text: str) -> str | None:
    """A label whose characters stand apart, as 姓　　名 does."""
    tokens = text.split()
    count = 0
    while count < len(tokens) and len(tokens[-1 - count]) == 1:
        count += 1
    if count < 2:
        return None
    return "".join(tokens[-count:])


def _without_colon(line: str) -> Iterator[str]:
    """学生签字　　年 月 日; 试用期__个月; 是否…？ 是□ 否□."""
    for found in _DATE.finditer(line):
        before = line[: found.start()]
        label = before.rstrip(f"_{string.whitespace}\u3000\xa0")
        blank = before[len(label) :]
        if blank[:1].isspace() and (len(blank) > 1 or "_" in blank) and (said := _no_colon(label)):
            yield said
    for found in re.finditer(rf"[{words.RULE}_]{{1,99}}(?=[个万元天])", line):
        if label := _no_colon(line[: found.start()]):
            yield label
    asked = re.match(r"(.*[?？])[^\S\n]*(.*)$", line)
    if asked and ticks.has_marks(asked[2]):
        question = _COLON.split(asked[1])[-1]
        yield words.bare(question)


def _no_colon(text: str) -> str:
    """The label right before a blank, unless a colon stands between or another blank does."""
    if not text.strip() or text.rstrip()[-1] in ":：至到-—,，.。" or text != text.rstrip():
        return ""
    return _before(text)
