"""What is wrong with a text that its schema's pattern refuses: what was found, and the mend."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from formsvc.forms import Field
from formsvc.writing import written
from formsvc.writing.masking import masked

_COUNTED = re.compile(r"\{([0-9]+)(?:,([0-9]+))?\}\$?$")


def complaint(field: Field, text: str, shown: str) -> str:
    """Chinese, to stand after the field's label; "" where only the schema's hint can say it.

    `shown` is the text as a message may quote it. Where it is plainly one value written in another
    way, that way is told; it is never changed unasked.
    """
    meant = written.value(text, type=field.type, kind=field.kind)
    if meant.problem:
        return meant.problem
    if isinstance(meant.value, str) and meant.value != text and _fits(field, meant.value):
        if masked(meant.value) != meant.value:  # a message does not quote it
            return f"填的是“{shown}”，请去掉空格、括号等，只写数字，区号和分机用“-”隔开"
        return f"填的是“{shown}”，请写成 {meant.value}"
    if not text.strip():
        return "不能空白，请补填"
    say = _KINDS.get(field.kind)
    if say:
        return say(field, text, shown)
    return "要写在一行里，请去掉换行" if "\n" in text or "\t" in text else ""


def _fits(field: Field, text: str) -> bool:
    return re.search(str(field.schema.get("pattern", "")), text) is not None


def _day(field: Field, text: str, shown: str) -> str:
    if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return f"填的是“{shown}”，年份应在 1900 至 2099 之间"
    return f"填的是“{shown}”，看不出是哪一天；请写年月日，如 2024-09-01"


def _digits(field: Field, text: str, shown: str) -> str:
    """How many digits there are, and how many there should be, by the pattern."""
    found = _COUNTED.search(str(field.schema.get("pattern", "")))
    if not found:
        return ""
    wanted = " 至 ".join(dict.fromkeys(filter(None, found.groups())))
    bare = re.sub("[ -]", "", text)
    if not re.fullmatch("[0-9]*", bare):
        return f"填的是“{shown}”，应为 {wanted} 位数字"
    return f"应为 {wanted} 位数字，现在是 {len(bare)} 位"


def _mobile(field: Field, text: str, shown: str) -> str:
    bare = re.sub("[ -]", "", text)
    if not re.fullmatch("[0-9]+", bare):
        return f"填的是“{shown}”，应为 11 位数字的手机号码"
    if len(bare) != 11:
        return f"应为 11 位，现在是 {len(bare)} 位"
    return f"填的是“{shown}”，手机号码以 13 至 19 开头，请核对"


def _telephone(field: Field, text: str, shown: str) -> str:
    return f"填的是“{shown}”，不是一个完整的电话号码，请核对区号和位数"


def _mail(field: Field, text: str, shown: str) -> str:
    missing = "缺少“@”" if "@" not in text else "不是完整的邮箱地址"
    return f"填的是“{shown}”，{missing}，请核对，如 zhangsan@example.cn"


_KINDS: Final[Mapping[str, Callable[[Field, str, str], str]]] = {
    "date": _day,
    "mobile": _mobile,
    "landline": _telephone,
    "phone": _telephone,
    "digits": _digits,
    "account": _digits,
    "mail-address": _mail,
}
