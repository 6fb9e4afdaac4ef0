"""A Word form from elsewhere → its form and the texts of its fields, by their labels.

Nothing is guessed in silence: a text is sure only where its label is exactly the form's and nothing
else could be meant as well; what is neither a label, nor a value, nor printed by the form is told.
"""

import json
import re
import struct
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Final

from formsvc import sandbox
from formsvc.documents.proof.marks import parse_mark
from formsvc.errors import UnreadableDocument
from formsvc.forms import Form
from formsvc.intake.labels import values, words
from formsvc.intake.labels.grid import Sheet, Square, sheet
from formsvc.intake.labels.matching import Match, matches
from formsvc.intake.labels.occurrences import LabelReader, Piece
from formsvc.intake.labels.sites import Description, description
from formsvc.sandbox import run_limited

sandbox.preload(__name__)

_ENOUGH: Final = 0.55  # of a form's printed labels, where its title is there too
_PLENTY: Final = 0.8  # without the title
_AHEAD: Final = 0.15
_LEFT: Final = 400  # characters of a text left over that are told
_MOST_LEFT: Final = 500
_ROW_NUMBER = re.compile("[0-9]{1,2}")
_PAGES = re.compile(r"第?[0-9]*页|共[0-9]*页|[0-9]+/[0-9]+|-?[0-9]+-?")
_LENGTH: Final = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class LabelledValue:
    """What a paper says of a field: `text` as written there, "" where it cannot be told.

    `seen` is what stands there, and where a field stands several times all that differs.
    """

    pointer: str
    text: str
    sure: bool
    place: str
    seen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A paper read by its labels; `form` is None when no known form is surely meant.

    `leftovers`: (place, text) of what is no label, no value, and not printed by the form.
    """

    form: str | None
    edition: str
    found: tuple[LabelledValue, ...]
    leftovers: tuple[tuple[str, str], ...]


def read(raw: bytes, forms: Sequence[Form]) -> Labelled:
    """A DOCX read by the labels of the forms, within the sandbox's limits.

    Of editions that a paper might equally be, the first one is taken: give the newest first.

    UnreadableDocument (Chinese, for the sender) when it cannot or may not be read.
    """
    known = json.dumps([description(form) for form in forms]).encode()
    answer = json.loads(run_limited(parsed, _LENGTH.pack(len(known)) + known + raw))
    found = tuple(
        LabelledValue(**{**value, "seen": tuple(value["seen"])}) for value in answer["found"]
    )
    leftovers = tuple((place, text) for place, text in answer["leftovers"])
    return Labelled(answer["form"], answer["edition"], found, leftovers)


def parsed(payload: bytes) -> bytes:
    """`labelled` for the sandbox: descriptions and document in, JSON out."""
    (length,) = _LENGTH.unpack_from(payload)
    known = json.loads(payload[_LENGTH.size : _LENGTH.size + length])
    return json.dumps(asdict(labelled(payload[_LENGTH.size + length :], known))).encode()


def labelled(raw: bytes, forms: Sequence[Description]) -> Labelled:
    """A DOCX read by the labels of the forms described; to be run where it can be killed."""
    paper = sheet(raw)
    form = recognised(paper, forms)
    if form is None:
        return Labelled(None, "", (), ())
    reader = LabelReader(paper, form)
    found, pieces = matches(reader, form)
    united = _united(found, form)
    print_ = _Print(form, united, _surplus(reader, form, pieces))
    pieces += _repeated(reader, united)
    leftovers = tuple(_leftovers(paper, print_, pieces))
    return Labelled(form["form"], form["edition"], united, leftovers)


def recognised(paper: Sheet, forms: Sequence[Description]) -> Description | None:
    """The form that a paper is; None when none or several might be meant."""
    text = "\n".join(words.bare(square.text) for square in paper.squares)
    joined = text.replace("\n", "")
    ranked = sorted(
        (
            (_share(form, text), form["title"] in joined, -number)
            for number, form in enumerate(forms)
        ),
        key=lambda rank: (rank[0] + 0.5 * rank[1], rank[2]),
        reverse=True,
    )
    if not ranked:
        return None
    share, has_title, number = ranked[0]
    best = forms[-number]
    others = [rank for rank in ranked[1:] if forms[-rank[2]]["form"] != best["form"]]
    ahead = share + 0.5 * has_title - max((rank[0] + 0.5 * rank[1] for rank in others), default=0.0)
    return best if ahead >= _AHEAD and share >= (_ENOUGH if has_title else _PLENTY) else None


def _share(form: Description, text: str) -> float:
    """How many of the labels that a form prints stand on a paper."""
    labels = {
        site["labels"][0] for site in form["sites"] if site["way"] and "*" not in site["name"]
    }
    return sum(label in text for label in labels) / len(labels) if labels else 0.0


def _united(found: Sequence[Match], form: Description) -> tuple[LabelledValue, ...]:
    """One value a field: what a paper says twice, and differently, is not sure."""
    by_pointer: dict[str, list[Match]] = {}
    for match in found:
        by_pointer.setdefault(match.pointer, []).append(match)
    united = []
    for pointer, said in by_pointer.items():
        first = next((match for match in said if match.is_sure), said[0])
        shape = form["fields"][_ROW.sub("/*", pointer)]
        agree = all(values.same(shape, first.text, match.text) for match in said)
        seen = dict.fromkeys(text for match in said for text in match.seen)
        united.append(
            LabelledValue(
                pointer, first.text, first.is_sure and agree, first.square.place, tuple(seen)
            )
        )
    return tuple(united)


_ROW = re.compile(r"/[0-9]+(?=/|$)")


def _repeated(reader: LabelReader, found: Sequence[LabelledValue]) -> Iterator[Piece]:
    """Labels, and the places of labels that say once more what has been found."""
    said = {words.bare(text) for value in found for text in (value.text, *value.seen)}
    for occurrence in reader.occurrences:
        if occurrence.alike < 1:
            continue
        yield (occurrence.square.number, occurrence.start, occurrence.end)
        for blank in reader.blanks(occurrence):
            if words.bare(blank.text) in said:
                yield from blank.pieces


def _surplus(reader: LabelReader, form: Description, pieces: Sequence[Piece]) -> set[int]:
    """The squares that repeat a label more often than the form prints it, with nothing to say.

    They may be values: a speciality that is called as a label is.
    """
    printed = Counter(label for site in form["sites"] for label in site["labels"])
    met = Counter(each.known for each in reader.occurrences if each.alike == 1)
    spoken = {number for number, start, _ in pieces if start == 0}
    return {
        each.square.number
        for each in reader.occurrences
        if each.is_whole and each.alike == 1 and met[each.known] > printed[each.known]
        and each.square.number not in spoken
    }  # fmt: skip


def _leftovers(
    paper: Sheet, print_: "_Print", pieces: Sequence[Piece]
) -> Iterator[tuple[str, str]]:
    taken: dict[int, list[tuple[int, int]]] = {}
    for number, start, end in pieces:
        taken.setdefault(number, []).append((start, end))
    texts = [
        *((square.place, print_.left_of(square, taken.get(square.number, ())))
          for square in paper.squares),
        *((where, print_.left_aside(text)) for where, text in paper.aside),
    ]  # fmt: skip
    left = [(place, text[:_LEFT]) for place, text in texts if text]
    yield from left[:_MOST_LEFT]
    if len(left) > _MOST_LEFT:
        yield "其余", f"还有 {len(left) - _MOST_LEFT} 处"


def _rest(square: Square, taken: Sequence[tuple[int, int]]) -> str:
    """The text of a square without what is accounted for."""
    if not taken:
        return square.text
    kept, end = [], 0
    for start, until in sorted(taken):
        kept.append(square.text[end : max(start, end)])
        end = max(end, until)
    return "\n".join([*kept, square.text[end:]])


class _Print:
    """What a form prints itself, and so is nothing that somebody has written."""

    def __init__(
        self, form: Description, found: Sequence[LabelledValue], surplus: Collection[int]
    ) -> None:
        printed = [line for line in form["printed"] if not line.isdecimal()]
        self._surplus = surplus
        self._said = [words.bare(value.text) for value in found if len(value.text) > 1]
        self._printed = frozenset(printed) | frozenset(form["blank"])
        self._labels = {words.label(line)[0] for line in printed}
        self._all = "\0".join(printed)
        self._choices = {
            words.bare(choice) for shape in form["fields"].values() for choice in shape["choices"]
        }
        self._long = sorted((each for each in printed if len(each) > 1), key=len, reverse=True)
        self._longest = 2 * max(map(len, self._long), default=0)

    def left_of(self, square: Square, taken: Sequence[tuple[int, int]]) -> str:
        if square.number in self._surplus:
            return square.text.strip()
        if square.table and square.column == 0 and _ROW_NUMBER.fullmatch(square.text.strip()):
            return ""
        rest = _rest(square, taken)
        if not square.table and self._is_part(rest):
            return ""
        return self._without(rest)

    def left_aside(self, text: str) -> str:
        """What a header, footer or note says besides page numbers, codes, and values once more."""
        with suppress(UnreadableDocument):
            parse_mark(text)
            return ""
        plain = _PAGES.sub("", words.bare(text))
        for said in self._said:
            plain = plain.replace(said, "")
        return self._without(text) if plain else ""

    def _without(self, text: str) -> str:
        """The lines of a text that are not print."""
        if self._is_print(text):
            return ""
        return "\n".join(line.strip() for line in text.split("\n") if not self._is_print(line))

    def _is_part(self, text: str) -> bool:
        """Whether a paragraph is a part of a printed one: titles are parted at other places."""
        plain = words.bare(text)
        return len(plain) > 3 and plain in self._all and plain not in self._choices

    def _is_print(self, text: str) -> bool:
        plain = words.bare(text)
        if words.is_unwritten(plain) or plain in self._printed:
            return True
        if len(plain) > 1 and words.label(text)[0] in self._labels:
            return True
        if len(plain) > self._longest:
            return False
        for each in self._long:
            plain = plain.replace(each, " ")
        return words.is_unwritten(plain)
