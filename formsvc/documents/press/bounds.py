"""What surely can be printed, told from a submission's own values: nothing is made for paper.

A value is compared with how many characters its place holds whatever they are; only what is longer
is shown as on paper and measured by widths. Where a bound does not say yes, nothing is said.
"""

import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from math import floor
from typing import Any, Final

from formsvc import pointers
from formsvc.documents import printing
from formsvc.documents.press import layouts
from formsvc.documents.press.breaks import SPACING
from formsvc.documents.press.fitting import Fitter, plainly_fits, safe_width
from formsvc.documents.press.fonts import WIDE
from formsvc.documents.press.layouts import Site
from formsvc.documents.press.typesetter import Typesetter
from formsvc.forms import Field, Form, PrintBox
from formsvc.writing import texts

# What printing adds to a value of its own.
_ADDED: Final = "0123456789,.-年月日元是否、（大写：）负零壹贰叁肆伍陆柒捌玖拾佰仟万亿整角分"
# An amount nearer to 0 takes at most so many characters, in figures and in words.
_AMOUNT: Final = 10**7
_FIGURES, _WORDS = 14, 24
_SETS: Final = re.compile(r"\[[^\[\]]*\]")
_DATE: Final = 10
_DATE_GROWS: Final = 1  # 2024-10-11 → 2024年10月11日

Close = tuple[str, Sequence[Site], str]
"""A pointer, its places, and a text that its length does not answer for."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A field with the places where its text has to fit: at most `letters` narrow characters of
    one line surely do, and amounts nearer to 0 than `below`: whole ones, and others."""

    field: Field
    pointer: str
    sites: tuple[Site, ...]
    letters: int
    below: tuple[int, int]

    @property
    def is_decided(self) -> bool:
        """Whether all values that meet the field's schema surely fit."""
        field, schema = self.field, self.field.schema
        if field.computed:
            return False
        if not self.sites:
            return True
        if field.choices:
            return max(map(len, field.choices)) <= self.letters
        if field.kind == "date":
            return self.letters >= _DATE
        if field.type == "string":
            most = schema.get("maxLength", sys.maxsize)
            return most <= self.letters and is_one_line(str(schema.get("pattern", "")))
        below = self.below[field.type != "integer"]
        bounds = (schema.get("minimum", -below), schema.get("maximum", below))
        return all(-below < bound < below for bound in bounds)

    def holds(self, value: object) -> bool:
        """Whether an amount surely fits, by its size alone."""
        whole, parts = self.below
        if isinstance(value, Decimal):
            return value.is_finite() and -parts < value < parts
        return type(value) is int and -whole < value < whole


Groups = Sequence[tuple[tuple[str, ...], Mapping[str, _Leaf]]]
"""Fields by key, and where the group is that they stand in."""
Lists = Sequence[tuple[tuple[str, ...], Sequence[Groups]]]
"""The fields of every row, by the list."""
Sites = Mapping[str, tuple[Site, ...]]


@dataclass(frozen=True, slots=True)
class _Boxed:
    """A box with the places where it has to fit; an amount among its parts takes so much."""

    box: PrintBox
    sites: tuple[Site, ...]
    letters: int
    parts: tuple[tuple[tuple[str, ...], int], ...]

    def holds(self, data: object) -> bool:
        """Whether all parts surely fit, by their length alone."""
        free = self.letters
        for tokens, amount in self.parts:
            value = printing.at(data, tokens)
            if isinstance(value, str) and "\n" not in value:
                free -= len(value) + _DATE_GROWS
            elif _is_small(value):
                free -= amount
            elif value is not None:
                return False
        return free >= 0


class Bounds:
    """What surely can be printed of a form, in one set of fonts; safe to share between threads."""

    def __init__(self, form: Form, setter: Typesetter) -> None:
        self._form = form
        self._setter, self._fonts = setter, setter.fonts
        sites: dict[str, tuple[Site, ...]] = {}
        for site in limited(form):
            sites[site.pointer] = (*sites.get(site.pointer, ()), site)
        self._boxes = [self._boxed(box, sites[box.name]) for box in form.boxes if box.name in sites]
        self._used = sorted({site.font for each in sites.values() for site in each})
        outside = [field.pointer for field in form.leaves if not field.list]
        self._leaves = self._groups(outside, sites)
        self._open = _undecided(self._leaves)
        self._rows = tuple(self._list(array, sites) for array in form.lists)
        self._open_rows = tuple((array, tuple(map(_undecided, rows))) for array, rows in self._rows)
        added = _ADDED + "".join(literal for box in form.boxes for literal in box.literals)
        self._is_ready = self._are_narrow(added)
        choices = "".join(choice for field in form.fields.values() for choice in field.choices)
        worded = (spec.field for spec in form.computed if spec.field.type == "string")
        self._is_usual = self._are_narrow(choices) and all(field.choices for field in worded)

    def hold(self, data: object, spoken: Collection[str], text: str | None = None) -> bool:
        """Whether all characters can be printed, and all texts fit but those at `spoken`.

        `text` has all texts, choices aside, of data that meets its schema but at `spoken`. Computed
        values are in the data.
        """
        given: list[str] = []
        if text is not None and self._is_usual:
            close = list(self._close(data, given, self._open, self._open_rows))
            whole = text
        else:
            given += texts.strings(data)
            close = list(self._close(data, given, self._leaves, self._rows))
            whole = "\n".join(given)
        if "\r" in whole or not self._are_narrow(whole):
            if self._fonts.missing(whole):
                return False
            close = list(self._close(data, given, self._leaves, self._rows, are_narrow=False))
        fitter = Fitter(self._setter)
        return self._is_ready and all(
            pointer in spoken or all(surely_fits(site, text, fitter) for site in places)
            for pointer, places, text in close
        )

    def _close(
        self,
        data: object,
        given: list[str],
        leaves: Groups,
        lists: Lists,
        *,
        are_narrow: bool = True,
    ) -> Iterator[Close]:
        """What has to be measured; what is shown otherwise than it stands is added to `given`."""
        yield from _long(data, leaves, given, are_narrow=are_narrow)
        for array, rows in lists:
            found = printing.at(data, array)
            for row, cells in zip(found if isinstance(found, list) else (), rows, strict=False):
                yield from _long(row, cells, given, are_narrow=are_narrow)
        for boxed in self._boxes:
            if not (are_narrow and boxed.holds(data)):
                text = printing.boxed(boxed.box, data)
                given.append(text)
                yield boxed.box.name, boxed.sites, text

    def _groups(self, names: Iterable[str], sites: Sites, array: str = "") -> Groups:
        """Leaves by the group that they stand in; `array` is the pointer of their list's rows."""
        groups: dict[tuple[str, ...], dict[str, _Leaf]] = {}
        for name in names:
            places = sites.get(name) or sites.get(self._form.in_any_row(name), ())
            if not array or places:
                *around, key = pointers.parse(name)[len(pointers.parse(array)) :]
                leaf = self._leaf(self._form, name, places)
                groups.setdefault(tuple(around), {})[key] = leaf
        return tuple(groups.items())

    def _list(self, array: str, sites: Sites) -> tuple[tuple[str, ...], tuple[Groups, ...]]:
        rows = (
            [field.in_row(row) for field in self._form.lists[array]]
            for row in range(self._form.room(array))
        )
        made = (self._groups(names, sites, f"{array}/*") for names in rows)
        return pointers.parse(array), tuple(made)

    def _are_narrow(self, text: str) -> bool:
        return all(self._fonts.are_narrow(text, font) for font in self._used)

    def _leaf(self, form: Form, name: str, sites: tuple[Site, ...]) -> _Leaf:
        field = form.field(name)
        assert field is not None  # noqa: S101  # it is a field's pointer
        letters = min((self._letters(site, 1) for site in sites), default=0)
        if field.kind == "date":
            letters -= _DATE_GROWS
        whole = min((self._below(site, "元") for site in sites), default=0)
        parts = min((self._below(site, ".99元") for site in sites), default=0)
        return _Leaf(field, name, sites, letters, (whole, parts if field.kind == "money" else 0))

    def _boxed(self, box: PrintBox, sites: tuple[Site, ...]) -> _Boxed:
        literals = "".join(box.literals)
        letters = min(self._letters(site, 1 + literals.count("\n")) for site in sites)
        parts = tuple((field.tokens, _WORDS if in_words else _FIGURES)
                      for field, in_words in box.parts)  # fmt: skip
        # Of rows nothing is told by length.
        return _Boxed(box, sites, -1 if box.list else letters - len(literals), parts)

    def _letters(self, site: Site, paragraphs: int) -> int:
        return floor(safe_width(site, paragraphs) / (WIDE + SPACING))

    def _below(self, site: Site, end: str) -> int:
        """A power of ten such that every amount a whole below it fits, however it ends."""
        digit = max("0123456789", key=lambda each: self._fonts.widths(each, site.font))
        for power in range(9, 0, -1):
            text = f"-{10**power - 1:,}{end}".replace("9", digit)
            if sum(self._fonts.widths(text, site.font)) + 2 * SPACING <= safe_width(site):
                return int(10**power - 1)
        return 0


@cache
def limited(form: Form) -> tuple[Site, ...]:
    """The places whose text has to fit: it does not go on on a 附页."""
    continued = {field.pointer for field in form.continues}
    return tuple(
        site
        for page in layouts.load(form).pages
        for site in page.sites
        if site.pointer not in continued and not site.pointer.endswith("/#")
    )


def surely_fits(site: Site, text: str, fitter: Fitter) -> bool:
    """Whether widths alone say that a text fits."""
    return (site.block and plainly_fits(site, text)) or fitter.surely_fits(site, text)


def _undecided(groups: Groups) -> Groups:
    """What has to be looked at of data that meets its schema."""
    kept = (
        (around, {key: leaf for key, leaf in leaves.items() if not leaf.is_decided})
        for around, leaves in groups
    )
    return tuple((around, leaves) for around, leaves in kept if leaves)


def is_one_line(pattern: str) -> bool:
    """Whether nothing with the end of a line in it surely matches: the pattern is of plain
    characters and sets, from end to end, and none of these has one."""
    sets = _SETS.findall(pattern)
    rest = _SETS.sub("", pattern)
    return (
        pattern.startswith("^")
        and pattern.endswith("$")
        and "|" not in rest
        and not set(rest) & set(".\\[]")
        and all(("\\n" in each) is each.startswith("[^") for each in sets)
    )


def _long(data: Any, groups: Groups, given: list[str], *, are_narrow: bool) -> Iterator[Close]:
    """The texts that their length does not answer for."""
    for around, leaves in groups:
        node = data
        for token in around:
            node = node.get(token) if isinstance(node, dict) else None
        if not isinstance(node, dict):
            continue
        for key, value in node.items():
            leaf = leaves.get(key)
            if leaf is None or value is None:
                continue
            if are_narrow:
                kind = type(value)
                if kind is str:
                    if len(value) <= leaf.letters and "\n" not in value:
                        continue
                elif (kind is bool and leaf.letters) or (kind is not list and leaf.holds(value)):
                    continue
            if leaf.sites:
                text = printing.shown(leaf.field, value)
                given.append(text)
                yield leaf.pointer, leaf.sites, text


def _is_small(value: object) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite() and 1 - _AMOUNT < value < _AMOUNT - 1
    return type(value) is int and -_AMOUNT < value < _AMOUNT
