"""What stands in a place of a paper → the texts of its fields, and whether they look like such."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from formsvc.intake.labels import ticks, words
from formsvc.intake.labels.sites import BoxShape, FieldShape
from formsvc.intake.labels.tree import UNKNOWN
from formsvc.writing import written

_IN_WORDS = re.compile(r"[(（][^()（）\n]{0,10}大写[^()（）\n]{0,60}[)）]")
_LONG: Final = 400  # characters of what is no paragraph
_BOX: Final = 2_000  # of a box of several fields
_ANY: Final = "某某"  # what a pattern that tells nothing takes
_CODES: Final = {"id-number": "[0-9]{17}[0-9Xx]", "credit-code": "[0-9A-Za-z]{18}"}
_NUMERAL: Final = "[0-9〇零○一二三四五六七八九十]"
_DAY = re.compile(
    rf"{_NUMERAL}{{4}}\s*(?:年|[-./])\s*{_NUMERAL}{{1,3}}\s*(?:月|[-./])\s*{_NUMERAL}{{1,3}}\s*[日号]?"
)
_BETWEEN_DAYS = re.compile(r"[\s至到—–―─\-~从自起止:()。,.]*")
_AMOUNT = re.compile(
    r"(?:人民币)?\s?[¥￥]?\s?[0-9][0-9,]{0,30}(?:\.[0-9]{1,9})?\s?(?:[万亿]?元[整正]?|[万亿])"
    r"|[¥￥]\s?[0-9][0-9,]{0,30}(?:\.[0-9]{1,9})?"
)
_PARTED = re.compile(r"[，,、·•/／\-—–;；]")
_EDGES: Final = " \t\n　，,、;；:：。/／"
_NAMED = re.compile(r"(?:^|(?<=[\s;；,，。]))([^\s:：;；,，。]{2,12})\s*[:：]")

_NAMELY: Final = 0.4  # how like a part's label what stands before it must be

# How well a text fits its field: 1 looks like one, 0 tells nothing, -1 is none.
Fit = int


def meant(shape: FieldShape, text: str) -> tuple[str, bool]:
    """(the text of a field, whether that is certain): choices by their ticks, else as written."""
    if shape["kind"] == "paragraphs":
        text = words.written_lines(text)
        return text, UNKNOWN not in text
    text = words.written(text)
    if shape["choices"] or shape["type"] in ("boolean", "array"):
        return _chosen(shape, text)
    if _BOXES.search(text) and (found := ticks.ticked(text)):
        chosen, _ = found
        return (chosen[0], True) if len(chosen) == 1 else ("", not chosen)
    if words.is_unwritten(text):
        return "", True
    return text, "\n" not in text and UNKNOWN not in text


_BOXES = re.compile("[☐□☑]")


def _chosen(shape: FieldShape, text: str) -> tuple[str, bool]:
    if ticks.has_marks(text) and text not in ("√", "✓", "✔"):
        found = ticks.ticked(text)
        if found is None:
            return text, False
        chosen = [_canonical(shape, option) for option in found[0]]
        if not chosen:
            return "", True
        if shape["type"] == "array":
            return "、".join(chosen), True
        return (chosen[0], True) if len(chosen) == 1 else (text, False)
    if words.is_unwritten(text):
        return "", True
    if shape["type"] == "array":
        items = [item for item in re.split(r"[、，,；;\n]", text) if item.strip()]
        numbered = [words.label(item)[0] for item in items]
        return "、".join(_canonical(shape, item) for item in numbered), True
    return _canonical(shape, text), "\n" not in text


def _canonical(shape: FieldShape, text: str) -> str:
    """The choice that a text is but for width and blanks, else the text."""
    plain = words.bare(text)
    return next((each for each in shape["choices"] if words.bare(each) == plain), text)


def same(shape: FieldShape, one: str, other: str) -> bool:
    """Whether two texts say one thing, as 200,000 and 20万元 do of an amount."""
    if words.bare(one) == words.bare(other):
        return True
    read = [written.value(text, type=shape["type"], kind=shape["kind"]) for text in (one, other)]
    return shape["kind"] != "paragraphs" and read[0].value == read[1].value


def fit(shape: FieldShape, text: str) -> Fit:
    """How well a text, as `meant` gives it, looks like a value of its field."""
    if shape["kind"] == "paragraphs":
        return 0
    if len(text) > _LONG:
        return -1
    if shape["type"] == "array":
        items = text.split("、")
        known = set(shape["choices"])
        return (1 if known.issuperset(items) else -1) if known else 0
    if shape["choices"]:
        return 1 if text in shape["choices"] else -1
    if shape["type"] in ("number", "integer", "boolean") or shape["kind"] == "date":
        read = written.value(text, type=shape["type"], kind=shape["kind"])
        is_read = not read.problem and (
            _DATE.fullmatch(str(read.value)) is not None
            if shape["kind"] == "date"
            else not isinstance(read.value, str)
        )
        return 1 if is_read else -1
    return _fits_pattern(shape, text)


_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _fits_pattern(shape: FieldShape, text: str) -> Fit:
    pattern = _CODES.get(shape["kind"]) or shape["pattern"]
    if not pattern:
        return 0
    plain = words.bare(text) if shape["kind"] in _CODES else text
    found = re.fullmatch(pattern, plain) if shape["kind"] in _CODES else re.search(pattern, plain)
    if not found:
        return -1
    return 0 if re.search(pattern, _ANY) else 1


def split(
    box: BoxShape, fields: Mapping[str, FieldShape], text: str, more: Sequence[str] = ()
) -> tuple[dict[str, str], bool]:
    """(pointer → text, whether that is certain) of the fields that stand in one box.

    `more` are the texts of the cells that go on beside it. {} when the parts cannot be told apart.
    """
    names = list(dict.fromkeys(box["fields"]))
    if len(names) != len(box["fields"]) or len(text) > _BOX:
        return {}, False
    texts = [part for part in (text, *more) if part.strip()]
    text = words.written(_IN_WORDS.sub("", text))
    if behind := named(names, fields, text):
        return behind
    ways = (
        _literal(box, text), _days(names, fields, text), _with_amount(names, fields, text),
        _parted(names, fields, text),
    )  # fmt: skip
    for way in ways:
        if parts := _checked(names, fields, way):
            return dict(zip(names, parts, strict=True)), True
    if more and (parts := _checked(names, fields, texts)):
        looks = all(fit(fields[name], part) > 0 for name, part in zip(names, parts, strict=True))
        return dict(zip(names, parts, strict=True)), looks
    return {}, False


def _checked(
    names: Sequence[str], fields: Mapping[str, FieldShape], found: Sequence[str] | None
) -> list[str] | None:
    """The parts when each may stand in its field."""
    if found is None or len(found) != len(names):
        return None
    parts = [words.written(part) for part in found]
    labels = [fields[name]["label"] for name in names]
    fits = all(
        part and "\n" not in part and fit(fields[name], part) >= 0
        for name, part in zip(names, parts, strict=True)
    )
    is_named = any(
        _alike(label, mark[1]) >= _NAMELY
        for part in parts
        for mark in _NAMED.finditer(part)
        for label in labels
    )
    return parts if fits and not is_named else None


def _literal(box: BoxShape, text: str) -> list[str] | None:
    """What stands between the form's own literals, where each of them is there once."""
    first, *between, last = (literal.strip(" ") for literal in box["literals"])
    if not text.startswith(first) or not text.endswith(last):
        return None
    rest = text.removeprefix(first)
    rest = rest.removesuffix(last) if last else rest
    parts = []
    for literal in between:
        head, found, tail = rest.partition(literal) if literal else _at_blank(rest)
        if not found or (literal and literal in tail):
            return None
        parts.append(head)
        rest = tail
    return [*parts, rest]


def _at_blank(text: str) -> tuple[str, str, str]:
    parts = text.split(None, 1)
    return (parts[0], " ", parts[1]) if len(parts) == 2 else (text, "", "")


def _days(names: Sequence[str], fields: Mapping[str, FieldShape], text: str) -> list[str] | None:
    """2024.9.1-2025.3.1: the days of a box that holds nothing else."""
    if any(fields[name]["kind"] != "date" for name in names):
        return None
    plain = words.same_length(text)
    rest = _DAY.sub("", plain)
    return _DAY.findall(plain) if _BETWEEN_DAYS.fullmatch(rest) else None


def _with_amount(
    names: Sequence[str], fields: Mapping[str, FieldShape], text: str
) -> list[str] | None:
    """A text and the one amount at its end."""
    kinds = [fields[name]["kind"] for name in names]
    if len(names) != 2 or kinds[1] != "money" or fields[names[0]]["type"] != "string":
        return None
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) == 2 and fit(fields[names[1]], lines[1].strip()) > 0:
        return lines
    plain = words.same_length(text)
    amounts = list(_AMOUNT.finditer(plain))
    if len(amounts) != 1 or plain[amounts[0].end() :].strip(_EDGES):
        return None
    head = text[: amounts[0].start()]
    if head and head[-1] not in _EDGES:
        return None
    return [head.strip(_EDGES), amounts[0][0].strip()]


def _parted(names: Sequence[str], fields: Mapping[str, FieldShape], text: str) -> list[str] | None:
    """德国，慕尼黑: two texts parted by one mark where the form has a blank."""
    marks = _PARTED.findall(text)
    is_text = all(fields[name]["type"] == "string" for name in names)
    return _PARTED.split(text) if len(marks) == 1 and len(names) == 2 and is_text else None


def named(
    names: Sequence[str], fields: Mapping[str, FieldShape], text: str
) -> tuple[dict[str, str], bool] | None:
    """项目名称：… 经费：…: each part behind its own label."""
    marks = list(_NAMED.finditer(text))
    if len(marks) != len(names) or text[: marks[0].start()].strip(_EDGES):
        return None
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    found: dict[str, str] = {}
    sure = True
    for mark, end in zip(marks, ends, strict=True):
        part = words.written(text[mark.end() : end].strip(_EDGES))
        left = [name for name in names if name not in found]
        alike = {name: _alike(fields[name]["label"], mark[1]) for name in left}
        name = max(left, key=lambda each: alike[each])
        if alike[name] < _NAMELY or fit(fields[name], part) < 0 or not part:
            return None
        sure = sure and (alike[name] == 1 or fit(fields[name], part) > 0)
        found[name] = part
    return found, sure


def holds_label(text: str, labels: Iterable[str]) -> bool:
    """Whether a value has a label in it: one of the form's, or any at its beginning or a gap."""
    if ":" not in text and "：" not in text:
        return False
    plain = words.bare(text)
    return _LABELLED.search(text) is not None or any(f"{label}:" in plain for label in labels)


# Behind a gap; at the beginning; 备  注：.
_LABELLED = re.compile(
    r"\S\s+[一-龥]{2,12}\s*[:：]|\S[^\S\n]{2,9}[^:：\n]{0,20}[:：]|^(?:[一-龥]\s{0,9}){2,6}[:：]"
)


def _alike(label: str, said: str) -> float:
    return words.likeness(words.label(label)[0], words.label(said)[0])
