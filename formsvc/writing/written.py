"""What people write → what it means: money, numbers, years, dates, 是 and 否, lists, codes.

One reader for pages, tables and typed PDFs. What is plainly one value becomes that value, exactly;
what could mean several is a problem, never a guess; everything else stays as it was written, for
the schema check to point at.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from typing import Final

from formsvc.writing import codes
from formsvc.writing.notation import FULL_WIDTH, yuan_in_words

# No number or date is longer; what is, is not looked at.
_LONGEST: Final = 40
_BLANKS = dict.fromkeys((0xA0, 0x2009, 0x202F), " ")
_LISTED = re.compile(r"[、，,；;\n]")
_TRUTHS: Final = {
    **dict.fromkeys(("是", "true", "√", "✓", "✔"), True),
    **dict.fromkeys(("否", "false"), False),
}
_CROSSES: Final = frozenset("×✗✘")


@dataclass(frozen=True, slots=True)
class Written:
    """What a text means: None when it is blank, the text itself when it cannot be read.

    `problem` is Chinese, to stand after the field's label and before a full stop: what was found,
    what it could mean, how to write it. "" for none. `readings` are the values it could mean.
    """

    value: object
    problem: str = ""
    readings: tuple[object, ...] = ()


def value(text: str, *, type: str, kind: str) -> Written:
    """A text as its field wants it: `type` is the field's JSON type, `kind` its `Field.kind`.

    Numbers are int or Decimal, dates ISO texts (impossible ones too), lists lists of texts.
    Paragraphs are kept but for their line ends, which are \\n; other texts lose the blanks around
    them. Never raises.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    line = text.strip()
    if not line:
        return Written(None)
    if kind == "paragraphs":
        return Written(text)
    if type == "array":
        return Written([item.strip() for item in _LISTED.split(line) if item.strip()] or line)
    if len(line) > _LONGEST:
        return Written(line)
    meant = _read(line, type, kind) or Written(codes.plain(line, kind))
    if not meant.problem:
        return meant
    return Written(line, f"写作“{line}”，{meant.problem}", meant.readings)


def _read(line: str, type: str, kind: str) -> Written | None:
    """None for what cannot be read. A problem is here without the text that has it."""
    plain = re.sub(r"[ \t]+", " ", line.translate(FULL_WIDTH).translate(_BLANKS))
    if type == "boolean":
        return _truth(plain)
    if type == "integer":
        return _year(plain) or _number(plain, kind)
    if type == "number":
        return _number(plain, kind)
    return _date(plain) if kind == "date" else None


def _truth(text: str) -> Written | None:
    if text in _CROSSES:
        return Written(None, "可能是“否”，也可能是选中；请写“是”或“否”")
    truth = _TRUTHS.get(text.lower())
    return None if truth is None else Written(truth)


# Numbers

_MONEY: Final = frozenset("人民币¥￥元圆整正")
_SIGN = "((?:人民币)? ?(?:-[¥￥]?|[¥￥]-?)?) ?"
_UNIT = " ?([万亿]?) ?(?:[元圆][整正]?)?"
_AMOUNT = re.compile(
    _SIGN
    + r"([0-9]{1,20}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,6}|[1-9][0-9]{0,2}(?: [0-9]{3}){1,6})"
    + r"(\.[0-9]{1,10})?"
    + _UNIT
)
_GROUPED = re.compile(rf"{_SIGN}([0-9][0-9., ]*){_UNIT}")
_SHORTENED = re.compile(r"([0-9]{1,4})([万亿])([0-9])元?")
_TENS: Final = {"": 0, "万": 4, "亿": 8}
_EXACT = Context(prec=60)
_PLAINLY: Final = "请只写数字，小数点用“.”，如 12345.67"

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = {"拾": 10, "佰": 100, "仟": 1000}
_GREAT: Final = {"万": 10**4, "亿": 10**8}
_FORMAL = str.maketrans("〇○一二两三四五六七八九十百千圆正", "零零壹贰贰叁肆伍陆柒捌玖拾佰仟元整")
_WORDS = re.compile(
    rf"([{_DIGITS}拾佰仟万亿]+)(?:元零?(?:([{_DIGITS}])角)?零?(?:([{_DIGITS}])分)?整?)?"
)
_COUNTABLE: Final = 10**12


def _number(text: str, kind: str) -> Written | None:
    if kind != "money" and not _MONEY.isdisjoint(text):
        return None
    if found := _AMOUNT.fullmatch(text):
        sign, whole, fraction, unit = found.groups()
        digits = "-" * ("-" in sign) + re.sub("[, ]", "", whole) + (fraction or "")
        return Written(_exact(digits, _TENS[unit]))
    if found := _SHORTENED.fullmatch(text):
        head, unit, digit = found.groups()
        great, rest = int(head) * _GREAT[unit], int(digit)
        return _either((great + rest * _GREAT[unit] // 10, great + rest), _PLAINLY)
    if found := _GROUPED.fullmatch(text):
        return _ungrouped(found[2].strip(), found[3])
    return _in_words(text)


def _exact(digits: str, tens: int) -> int | Decimal:
    number = Decimal(digits).scaleb(tens, context=_EXACT)
    is_whole = "." not in digits or (tens and number == number.to_integral_value())
    return int(number) if is_whole else number


def _ungrouped(digits: str, unit: str) -> Written | None:
    """The problem of commas and blanks that do not part thousands."""
    if not re.search("[, ]", digits):
        return None
    readings = [
        f"{reading}{unit}"
        for reading in (digits.replace(".", "").replace(",", "."), digits.replace(",", ""))
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?", reading)
    ]
    if "," in digits and len(readings) > 1:
        found = _either(readings, _PLAINLY)
        amounts = (_exact(each.removesuffix(unit), _TENS[unit]) for each in readings)
        return Written(None, found.problem, tuple(amounts))
    return Written(None, f"逗号或空格的位置不对，看不出是多少；{_PLAINLY}")


def _in_words(text: str) -> Written | None:
    """叁万元整, 三万, 十万元: the amount whose words these are, by the printer's own words."""
    words = text.translate(_FORMAL).removeprefix("人民币")
    words = "壹" * words.startswith("拾") + words
    found = _WORDS.fullmatch(words)
    if not found or _sum(found[1]) >= _COUNTABLE:
        return None
    whole, *parts = _sum(found[1]), *found.groups(default="零")[1:]
    jiao, fen = (_DIGITS.find(digit) for digit in parts)
    amount = Decimal(whole) + Decimal(jiao * 10 + fen).scaleb(-2)
    if _is_said(amount, words):
        return Written(int(amount) if amount == whole else amount)
    return None if jiao or fen else _shortened(found[1])


def _is_said(amount: Decimal | int, words: str) -> bool:
    said = words if "元" in words else f"{words}元"
    return yuan_in_words(amount).removesuffix("整") == said.removesuffix("整")


def _shortened(words: str) -> Written | None:
    """The problem of 三万五, which is 35000 to most and 30005 to some."""
    head, last = words[:-1], _DIGITS.find(words[-1])
    unit = {**_PLACES, **_GREAT}.get(head[-1:], 0)
    if last < 1 or unit < 100 or not _is_said(_sum(head), head):
        return None
    return _either((_sum(head) + last * unit // 10, _sum(head) + last), _PLAINLY)


def _sum(words: str) -> int:
    """What numerals add up to, in whatever order they stand."""
    total = section = digit = 0
    for word in words:
        if word in _PLACES:
            section, digit = section + digit * _PLACES[word], 0
        elif word == "亿":
            total, section, digit = (total + section + digit) * 10**8, 0, 0
        elif word == "万":
            total, section, digit = total + (section + digit) * 10**4, 0, 0
        else:
            digit = _DIGITS.index(word)
    return total + section + digit


# Years and dates

_DAY = re.compile(
    r"([0-9]{4}) ?(?:([-/.]) ?([0-9]{1,2}) ?\2 ?([0-9]{1,2})"
    r"|年 ?([0-9]{1,2}) ?月 ?([0-9]{1,2}) ?[日号]?)"
    r"|((?:19|20)[0-9]{2})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"
)
_SHORT = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2}|[0-9])")
_SHORT_YEAR = re.compile(r"([0-9]{2}) ?年 ?([0-9]{1,2}) ?月 ?([0-9]{1,2}) ?[日号]?")
_SIX_DIGITS = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})")
_MISSING: Final = (
    (re.compile(r"[0-9]{4} ?年?"), "缺少月和日"),
    (re.compile(r"[0-9]{4} ?(?:[-/.] ?[0-9]{1,2}|年 ?[0-9]{1,2} ?月?)"), "缺少日"),
    (re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])"), "缺少日"),
    (re.compile(r"[0-9]{1,2} ?(?:[-/.] ?[0-9]{1,2}|月 ?[0-9]{1,2} ?[日号]?)"), "缺少年"),
)
_WHOLE_DAY: Final = "请写全年月日，如 2024-09-01"
_YEAR_DIGITS = str.maketrans("〇零○一二三四五六七八九", "000123456789")
_NUMERALS = re.compile("[〇零○一二三四五六七八九十]+")


def _year(text: str) -> Written | None:
    """2024年, 二〇二四; 24年 is a problem; None for what is not plainly a year."""
    plain = _NUMERALS.sub(_in_digits, text)
    if re.fullmatch(r"[0-9]{4} ?年?", plain):
        return Written(int(plain[:4]))
    if found := re.fullmatch(r"([0-9]{2}) ?年", plain):
        readings = (int(f"20{found[1]}"), int(f"19{found[1]}"))
        return _either(readings, "请把年份写全，如 2024")
    return None


def _date(text: str) -> Written | None:
    plain = _NUMERALS.sub(_in_digits, text)
    if found := _DAY.fullmatch(plain):
        year, month, day = (part for part in found.groups() if part and part not in "-/.")
        return Written(f"{year}-{int(month):02d}-{int(day):02d}")
    for pattern, missing in _MISSING:
        if pattern.fullmatch(plain):
            return Written(None, f"{missing}；{_WHOLE_DAY}")
    readings = list(dict.fromkeys(_days(plain)))
    return _either(readings, _WHOLE_DAY) if readings else None


def _days(text: str) -> Iterable[str]:
    """The days that a date with a short year, or with its year last, could mean."""
    if found := _SHORT_YEAR.fullmatch(text) or _SIX_DIGITS.fullmatch(text):
        orders = [found.groups()]
    elif found := _SHORT.fullmatch(text):
        first, _, second, third = found.groups()
        orders = [(third, second, first), (third, first, second)]
        orders = orders if len(third) > 2 else [(first, second, third), *orders]
    else:
        return
    for year, month, day in orders:
        for century in ("20", "19") if len(year) < 4 else ("",):
            try:
                yield date(int(f"{century}{year:0>2}"), int(month), int(day)).isoformat()
            except ValueError:
                continue


def _in_digits(found: re.Match[str]) -> str:
    """二〇二四 → 2024, 三十一 → 31; what is neither a year nor up to 99 stays."""
    numerals = found[0]
    if "十" not in numerals:
        # A year digit by digit, or one numeral.
        return numerals.translate(_YEAR_DIGITS) if len(numerals) in (1, 4) else numerals
    tens, _, ones = numerals.partition("十")
    if len(tens) > 1 or len(ones) > 1 or set(tens + ones) & set("〇零○十"):
        return numerals
    return f"{(tens or '一').translate(_YEAR_DIGITS)}{(ones or '〇').translate(_YEAR_DIGITS)}"


def _either(readings: Iterable[object], remedy: str) -> Written:
    known = tuple(readings)
    meant = "，也可能是 ".join(map(str, known))
    return Written(None, f"可能是 {meant}；{remedy}", known)
