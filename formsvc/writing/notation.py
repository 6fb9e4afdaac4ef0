"""How money, dates and identity codes are written in Chinese official documents."""

from datetime import date, timedelta, timezone
from datetime import datetime as _datetime
from decimal import Decimal

# Full-width ASCII and the ideographic space → ASCII, for str.translate.
FULL_WIDTH = {0x3000: 0x20, **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}}
CHINA = timezone(timedelta(hours=8))


def today() -> date:
    """The date in China. Only shells call it: the core takes the day as an argument."""
    return _datetime.now(CHINA).date()


def cents(amount: int | float | Decimal) -> int:
    """An amount in 元 as whole 分; exact for at most two decimals, whatever the number type."""
    if isinstance(amount, int):
        return amount * 100
    return round(amount * 100)


def is_amount(value: object) -> bool:
    """Whether a value can be told as an amount: a number of at most 12 digits and two decimals."""
    return (
        isinstance(value, int | Decimal)
        and not isinstance(value, bool)
        and -(10**12) <= value <= 10**12
        and bool(value == round(value, 2))
    )


def yuan(amount: int | float | Decimal) -> str:
    """98000 → `98,000元`; 98000.5 → `98,000.50元`."""
    whole, part = divmod(abs(cents(amount)), 100)
    sign = "-" if cents(amount) < 0 else ""
    return f"{sign}{whole:,}.{part:02d}元" if part else f"{sign}{whole:,}元"


def yuan_in_words(amount: int | float | Decimal) -> str:
    """100000 → `壹拾万元整`, as cheques and receipts write it."""
    import cn2an  # noqa: PLC0415  # slow to load, and only filling needs it

    exact = Decimal(cents(amount)).scaleb(-2).quantize(Decimal("0.01"))
    return str(cn2an.an2cn(str(exact), "rmb"))


def long_date(day: date) -> str:
    """2024-09-01 → `2024年9月1日`."""
    return f"{day.year}年{day.month}月{day.day}日"


def folded(text: str) -> str:
    """A name as it is compared: blanks, punctuation, width and case aside."""
    code = identity_code(text)
    return (code if code.isalnum() else "".join(filter(str.isalnum, code))).casefold()


def identity_code(text: str) -> str:
    """An ID number or credit code with full-width characters narrowed and letters raised."""
    return (text if text.isascii() else text.translate(FULL_WIDTH)).strip().upper()
