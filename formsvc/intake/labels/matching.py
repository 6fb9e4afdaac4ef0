"""Which place on a paper holds which field: labels, ways, shapes, sections and order weighed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from formsvc.intake.labels import lines, values, words
from formsvc.intake.labels.assignment import assigned
from formsvc.intake.labels.grid import Square
from formsvc.intake.labels.occurrences import Blank, LabelReader, Occurrence, Piece
from formsvc.intake.labels.sites import Description, LabelSite

_LABEL: Final = 10.0
_WAY: Final = 4.0
_PLACES: Final = 60  # of one field
_CLOSE: Final = 1.0  # scores that differ by less are not told apart


@dataclass(frozen=True, slots=True)
class Match:
    """A field's text at a place. `is_sure`: nothing else on the paper could be meant as well.

    `text` is "" where the place is blank, or where what it holds (`seen`) cannot be told apart.
    """

    pointer: str
    text: str
    is_sure: bool
    square: Square
    seen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    site: int
    occurrence: Occurrence
    blank: Blank
    score: float
    texts: Mapping[str, str]
    is_plain: bool
    looks: float


def matches(reader: LabelReader, form: Description) -> tuple[list[Match], list[Piece]]:
    """What is found for each field, and all pieces of text that are so accounted for."""
    matcher = _Matcher(reader, form)
    found = [match for pair in matcher.chosen for match in matcher.read(pair)]
    pieces = [piece for pair in matcher.chosen for piece in _pieces(pair)]
    return found, pieces


class _Matcher:
    def __init__(self, reader: LabelReader, form: Description) -> None:
        self._reader = reader
        self._form = form
        self._in_ten_thousands = any(
            "万元" in square.text and words.label(square.text)[0] in ("单位:万元", "金额单位:万元")
            for square in reader.sheet.squares
        )
        self._labels = {
            label for site in form["sites"] for label in site["labels"] if len(label) > 1
        }
        self._printed = {line for line in form["printed"] if len(line) > 2}
        pairs = self._pairs()
        self._places = {key: n for n, key in enumerate(dict.fromkeys(p.blank.key for p in pairs))}
        best: dict[tuple[int, int], _Pair] = {}
        for pair in pairs:
            slot = (pair.site, self._places[pair.blank.key])
            if slot not in best or best[slot].score < pair.score:
                best[slot] = pair
        self._best = best
        self._scores = {slot: pair.score for slot, pair in best.items()}
        self._held = assigned(self._scores)
        self.chosen = [best[slot] for slot in sorted(self._held.items(), key=lambda slot: slot[1])]
        self._claimed = {number for pair in self.chosen for number, _, _ in _pieces(pair)}
        self._without_place = {
            occurrence.square.table
            for occurrence in reader.occurrences
            if occurrence.is_whole and occurrence.alike == 1 and not reader.blanks(occurrence)
        }

    # scores

    def _pairs(self) -> list[_Pair]:
        by_label: dict[str, list[int]] = {}
        for number, site in enumerate(self._form["sites"]):
            for label in site["labels"]:
                by_label.setdefault(label, []).append(number)
        found: dict[int, list[_Pair]] = {}
        for occurrence in self._reader.occurrences:
            numbers = by_label.get(occurrence.known, ())
            blanks = self._reader.blanks(occurrence)
            for number in numbers:
                for blank in blanks:
                    pair = self._pair(number, occurrence, blank)
                    if pair is not None and pair.score > 0:
                        found.setdefault(number, []).append(pair)
        return [
            pair
            for pairs in found.values()
            for pair in sorted(pairs, key=lambda each: -each.score)[:_PLACES]
        ]

    def _pair(self, number: int, occurrence: Occurrence, blank: Blank) -> _Pair | None:
        site = self._form["sites"][number]
        if ("*" in site["name"]) != (blank.way == "rows"):
            return None
        box = self._form["boxes"].get(site["name"])
        if blank.has_labels and box is None:
            return None
        has_lines = box is not None and bool(box["lines"])
        if blank.is_list if not has_lines else blank.more or blank.below:
            return None  # the rows of a list are read as such, all of them or none
        texts, is_plain, looks = self._meaning(site["name"], occurrence, blank)
        score = _LABEL * occurrence.alike + self._way(site, occurrence, blank) + looks
        score += _by_path(site["path"], occurrence.path) - 0.5 * (not site["way"])
        score -= 0.5 * abs(
            number / len(self._form["sites"])
            - occurrence.square.number / len(self._reader.sheet.squares)
        )
        return _Pair(number, occurrence, blank, score, texts, is_plain, looks)

    def _way(self, site: LabelSite, occurrence: Occurrence, blank: Blank) -> float:
        if blank.way == "in":
            return _WAY if not words.is_unwritten(blank.text) else 0.0
        if blank.way == "next":
            return 2.0
        way = "below" if blank.way == "rows" else blank.way
        plain = self._reader.way(occurrence)
        if plain:
            return _WAY if way == plain else 0.0
        return (3.0 if way == "right" else 2.0) + (1.5 if way == site["way"] else 0.0)

    def _meaning(
        self, name: str, occurrence: Occurrence, blank: Blank
    ) -> tuple[dict[str, str], bool, float]:
        """(pointer → text, whether that is certain, what the looks of it count for)."""
        box = self._form["boxes"].get(name)
        if box is not None:
            if words.is_unwritten(blank.text) and not blank.more:
                return {}, True, 0.0
            if box["lines"]:
                texts, is_sure = lines.rows(box, self._form["fields"], blank.text)
            else:
                texts, is_sure = values.split(box, self._form["fields"], blank.text, blank.more)
            is_sure = is_sure and not any(
                values.holds_label(text, self._labels) for text in texts.values()
            )
            return texts, is_sure, 1.5 if texts else -1.5
        shape = self._form["fields"].get(name)
        if shape is None:
            return {}, False, -_LABEL
        text, is_sure = values.meant(shape, blank.text)
        if not text:
            return {}, is_sure and not blank.more, 0.0
        if shape["kind"] == "money" and self._is_in_ten_thousands(occurrence):
            text, is_sure = text if set(text) & set("万元圆") else f"{text}万元", False
        if shape["kind"] != "paragraphs" and values.holds_label(text, self._labels):
            is_sure = False
        looks = values.fit(shape, text)
        if looks < 1 and (blank.more or blank.below or self._prints(text)):
            is_sure = False  # the value may go on there, or print be a part of it
        return {name: text}, is_sure and looks >= 0, (-3.0, 0.0, 1.5)[looks + 1]

    def _prints(self, text: str) -> bool:
        """Whether a line of a text is printed by the form."""
        return any(words.bare(line) in self._printed for line in text.split("\n")[1:])

    def _is_in_ten_thousands(self, occurrence: Occurrence) -> bool:
        return self._in_ten_thousands or "万元" in occurrence.note or "万元" in (
            occurrence.square.text if occurrence.is_whole else ""
        )  # fmt: skip

    # what is found

    def read(self, pair: _Pair) -> list[Match]:
        name = self._form["sites"][pair.site]["name"]
        if pair.blank.rows:
            return self._rows(pair, name)
        square = self._reader.sheet.squares[pair.blank.key[0]]
        is_sure = pair.is_plain and self._is_certain(pair)
        if pair.texts:
            seen = words.written(pair.blank.text)
            return [
                Match(pointer, text, is_sure, square, (text if name != pointer else seen,))
                for pointer, text in pair.texts.items()
            ]
        all_seen = tuple(text for text in (pair.blank.text, *pair.blank.more) if text.strip())
        if not all_seen or pair.is_plain:
            return []
        box = self._form["boxes"].get(name)
        pointers = dict.fromkeys(box["fields"]) if box else [name]
        return [Match(pointer, "", False, square, all_seen) for pointer in pointers]

    def _rows(self, pair: _Pair, name: str) -> list[Match]:
        """The column of a list; rows in which no column holds anything do not count."""
        listed = name.partition("/*")[0]
        columns = [
            each
            for each in self.chosen
            if self._form["sites"][each.site]["name"].partition("/*")[0] == listed
            and each.blank.rows
        ]
        filled = sorted(
            {
                (square.table, square.row)
                for column in columns
                for square in column.blank.rows
                if not words.is_unwritten(square.text)
            }
        )
        heads = {(each.occurrence.square.table, each.occurrence.square.row) for each in columns}
        certain = len(heads) == 1 and self._is_certain(pair)
        found = []
        for square in pair.blank.rows:
            if words.is_unwritten(square.text):
                continue
            row = filled.index((square.table, square.row))
            blank = replace(pair.blank, text=square.text, rows=())
            texts, is_plain, _ = self._meaning(name, pair.occurrence, blank)
            found += [
                Match(
                    pointer.replace("/*", f"/{row}", 1), text, certain and is_plain, square, (text,)
                )
                for pointer, text in texts.items()
            ]
        return found

    def _is_certain(self, pair: _Pair) -> bool:
        occurrence = pair.occurrence
        if occurrence.alike < 1 or not occurrence.is_firm or occurrence.is_cut:
            return False
        way = self._reader.way(occurrence)
        is_beside = pair.blank.way in ("right", "below")
        if is_beside and way != pair.blank.way and (way or pair.looks <= 0):
            return False
        ends_at = pair.blank.ends_at
        if ends_at is not None and not any(
            each.occurrence == ends_at and each.is_plain for each in self.chosen
        ):
            return False  # what looks like a label may be a part of the text
        if self._may_be_shifted(pair):
            return False
        place = self._places[pair.blank.key]
        return not any(self._rivals(pair, place, slot) for slot in self._near(pair, place))

    def _may_be_shifted(self, pair: _Pair) -> bool:
        """Whether values stand before their labels: what is there is nobody's, and at the end of
        the table is a label without a place."""
        square = pair.occurrence.square
        if square.table not in self._without_place or pair.blank.way not in ("right", "below"):
            return False
        sheet = self._reader.sheet
        before = sheet.left(square) if pair.blank.way == "right" else sheet.above(square)
        return (
            before is not None
            and before.number not in self._claimed
            and not words.is_unwritten(before.text)
            and self._reader.is_open(before)
        )

    def _near(self, pair: _Pair, place: int) -> list[tuple[int, int]]:
        """The places for this field and the fields for this place that come near in score, and
        other places behind the same label, whatever stands there."""
        return [
            slot
            for slot in self._scores
            if (slot[0] == pair.site) != (slot[1] == place)
            and (self._scores[slot] >= pair.score - _CLOSE or self._is_same_label(pair, slot))
        ]

    def _is_same_label(self, pair: _Pair, slot: tuple[int, int]) -> bool:
        other = self._best[slot]
        path = _by_path(self._form["sites"][pair.site]["path"], other.occurrence.path)
        way = self._reader.way(other.occurrence)
        return (
            slot[0] == pair.site
            and other.occurrence != pair.occurrence
            and other.occurrence.alike == 1
            and not other.looks < 0 < pair.looks
            and path > -1
            and (other.blank.way not in ("right", "below") or way in ("", other.blank.way))
        )

    def _rivals(self, pair: _Pair, place: int, slot: tuple[int, int]) -> bool:
        """Whether another field for this place, or another place for this field, is as good."""
        site, other = slot
        sites = self._form["sites"]
        if site != pair.site:  # another field wants this place
            if sites[site]["name"] == sites[pair.site]["name"]:
                return False
            held = self._held.get(site)
            if held is None:
                return (
                    sites[site]["way"] != "" or self._best[slot].texts.keys() != pair.texts.keys()
                )
            lost = pair.score + self._scores[site, held] - self._scores[slot]
            back = self._scores.get((pair.site, held))
            return back is not None and lost - back < _CLOSE
        holder = next((each for each, held in self._held.items() if held == other), None)
        if holder is not None:  # another place for this field, with a holder of its own
            if sites[holder]["name"] == sites[site]["name"]:
                return False
            back = self._scores.get((holder, place))
            gain = self._scores[slot] + (back or 0.0)
            lost = pair.score + self._scores[holder, other]
            return back is not None and lost - gain < _CLOSE
        rival = self._best[slot]
        return not words.is_unwritten(rival.blank.text) and not self._say_same(rival, pair)

    def _say_same(self, one: _Pair, other: _Pair) -> bool:
        fields = self._form["fields"]
        return one.texts.keys() == other.texts.keys() and all(
            values.same(fields[name], text, other.texts[name]) for name, text in one.texts.items()
        )


def _by_path(wanted: Sequence[str], found: Sequence[str]) -> float:
    if wanted and found:
        return 2.0 if set(wanted) & set(found) else -2.0
    return -0.5 if wanted or found else 0.0


def _pieces(pair: _Pair) -> list[Piece]:
    """The label and what stands at its place; a label that is not quite the form's, with no value
    beside it, may be one itself."""
    occurrence = pair.occurrence
    label = [(occurrence.square.number, occurrence.start, occurrence.end)]
    if occurrence.alike < 1 and words.is_unwritten(pair.blank.text):
        label = []
    if pair.blank.rows:
        return [*label, *((square.number, 0, len(square.text)) for square in pair.blank.rows)]
    return [*label, *pair.blank.pieces]
