"""A Word form from elsewhere → its form and the texts of its fields, by their labels.

Nothing is guessed in silence: a text is sure only where its label is exactly the form's and nothing
else could be meant as well; what is neither a label, nor a value, nor printed by the form is told.
"""

import json
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from formsvc import sandbox
from formsvc.forms import Form
from formsvc.intake.labels import words
from formsvc.intake.labels.grid import Sheet, Square, sheet
from formsvc.intake.labels.matching import Match, matches
from formsvc.intake.labels.occurrences import Piece, Reader
from formsvc.intake.labels.sites import Description, description
from formsvc.sandbox import run_limited

sandbox.preload(__name__)

_ENOUGH: Final = 0.55  # of a form's printed labels, where its title is there too
_PLENTY: Final = 0.8  # without the title
_AHEAD: Final = 0.15
_LEFT: Final = 400  # characters of a text left over that are told
_MOST_LEFT: Final = 500
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
    """A DOCX read by the labels of the forms, those in force first, within the sandbox's limits.

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
    reader = Reader(paper, form)
    found, pieces = matches(reader, form)
    values = _united(found)
    pieces += _repeated(reader, values)
    return Labelled(form["form"], form["edition"], values, tuple(_leftovers(paper, form, pieces)))


def recognised(paper: Sheet, forms: Sequence[Description]) -> Description | None:
    """The form that a paper is; None when none or several might be meant."""
    text = "\n".join(words.bare(square.text) for square in paper.squares)
    joined = text.replace("\n", "")
    ranked = sorted(
        ((_share(form, text), form["title"] in joined, -number) for number, form in enumerate(forms)),
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
    labels = {site["labels"][0] for site in form["sites"] if site["way"] and "*" not in site["name"]}
    return sum(label in text for label in labels) / len(labels) if labels else 0.0


def _united(found: Sequence[Match]) -> tuple[LabelledValue, ...]:
    """One value a field: what a paper says twice, and differently, is not sure."""
    by_pointer: dict[str, list[Match]] = {}
    for match in found:
        by_pointer.setdefault(match.pointer, []).append(match)
    values = []
    for pointer, said in by_pointer.items():
        texts = {words.bare(match.text): match for match in reversed(said)}
        first = next((match for match in said if match.is_sure), said[0])
        seen = dict.fromkeys(text for match in said for text in match.seen)
        sure = len(texts) == 1 and any(match.is_sure for match in said)
        values.append(
            LabelledValue(pointer, first.text, sure, first.square.place, tuple(seen))
        )
    return tuple(values)


def _repeated(reader: Reader, values: Sequence[LabelledValue]) -> Iterator[Piece]:
    """Labels, and the places of labels that say once more what has been found."""
    said = Counter(words.bare(text) for value in values for text in (value.text, *value.seen))
    for occurrence in reader.occurrences:
        if occurrence.alike < 1:
            continue
        yield (occurrence.square.number, occurrence.start, occurrence.end)
        for blank in reader.blanks(occurrence):
            if words.bare(blank.text) in said:
                yield from blank.pieces


def _leftovers(
    paper: Sheet, form: Description, pieces: Sequence[Piece]
) -> Iterator[tuple[str, str]]:
    taken: dict[int, list[tuple[int, int]]] = {}
    for number, start, end in pieces:
        taken.setdefault(number, []).append((start, end))
    printed = _Print(form["printed"])
    found = 0
    for place, text in [
        *((square.place, _rest(square, taken.get(square.number, []))) for square in paper.squares),
        *paper.aside,
    ]:
        left = printed.without(text)
        if left and found < _MOST_LEFT:
            found += 1
            yield place, left[:_LEFT]


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
    """What a form prints itself."""

    def __init__(self, printed: Sequence[str]) -> None:
        self._printed = frozenset(printed)
        self._labels = {words.label(line)[0] for line in printed}
        self._all = "\0".join(printed)
        self._long = sorted((each for each in printed if len(each) > 1), key=len, reverse=True)

    def without(self, text: str) -> str:
        """The lines of a text that are not print."""
        if self._is_print(text):
            return ""
        return "\n".join(line.strip() for line in text.split("\n") if not self._is_print(line))

    def _is_print(self, text: str) -> bool:
        plain = words.bare(text)
        if words.is_unwritten(plain) or plain in self._printed:
            return True
        if len(plain) > 1 and (plain in self._all or words.label(text)[0] in self._labels):
            return True
        if len(plain) > max(map(len, self._long), default=0) * 2:
            return False
        for each in self._long:
            plain = plain.replace(each, " ")
        return words.is_unwritten(plain)
