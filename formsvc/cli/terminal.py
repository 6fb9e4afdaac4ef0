"""What a long run shows on a terminal: progress while it goes on, a summary when it is done."""

import time
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import IO, Final

from formsvc.bulk.results import Results
from formsvc.cli.reporters import Style

_EVERY: Final = 0.2
_RULES: Final = 10


class Meter:
    """One line that is written over: submissions done, how many a second, the time left.

    `fraction` tells how much of the input has been read, None when it cannot be known. Silent
    where there is no terminal.
    """

    def __init__(self, stream: IO[str], fraction: Callable[[], float | None]) -> None:
        self._stream = stream
        self._fraction = fraction
        self._shown = stream.isatty()
        self._began = time.monotonic()
        self._last = 0.0

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        if self._shown and now - self._last >= _EVERY:
            self._last = now
            self._write(self._text(done, now - self._began))

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._write("")

    def _text(self, done: int, passed: float) -> str:
        text = f"已检查 {done:,} 份，每秒 {done / max(passed, 0.001):,.0f} 份"
        fraction = self._fraction()
        if fraction and passed > 1:
            text += f"，{fraction:.0%}，约剩 {duration(passed / fraction - passed)}"
        return text

    def _write(self, text: str) -> None:
        self._stream.write(f"\r{text}\x1b[K")
        self._stream.flush()


def duration(seconds: float) -> str:
    """75 → `1 分 15 秒`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} 秒"
    if whole < 3600:
        return f"{whole // 60} 分 {whole % 60} 秒"
    return f"{whole // 3600} 小时 {whole % 3600 // 60} 分"


def summary(results: Results, seconds: float, style: Style) -> str:
    """What was found, in a few tables."""
    totals = results.index.totals()
    rate = totals.submissions / max(seconds, 0.001)
    lines = [
        f"共 {totals.submissions:,} 份，{totals.units:,} 个单位，"
        f"用时 {duration(seconds)}（每秒 {rate:,.0f} 份）。",
        style(f"没有问题 {totals.passed:,} 份（{totals.share:.1%}）", "ok")
        + f"，其中要核对 {totals.warned:,} 份。",
        style(f"有问题   {totals.submissions - totals.passed:,} 份", "error")
        + f"，错误 {totals.errors:,} 处，请核对 {totals.warnings:,} 处，提示 {totals.notes:,} 处。",
    ]
    forms = [
        (results.catalogue.title(form) or "认不出是哪一种表", count, passed)
        for form, count, passed in results.index.forms()
    ]
    lines += ["", *table(("表", "份数", "没有问题"), forms, style)]
    rules = results.index.rules()
    if rules:
        titles = results.titles.rules([form for form, *_ in results.index.forms()],
                                      [rule for rule, *_ in rules[:_RULES]])  # fmt: skip
        shown = [(titles[rule], label, count, items)
                 for rule, _, label, count, items in rules[:_RULES]]  # fmt: skip
        lines += ["", *table(("规则", "多见于", "处数", "份数"), shown, style)]
    if len(rules) > _RULES:
        lines.append(style(f"另有 {len(rules) - _RULES} 条规则，见 report.xlsx。", "faint"))
    return "\n".join(lines)


def table(head: Sequence[str], rows: Iterable[Sequence[object]], style: Style) -> list[str]:
    """Columns aligned by the width that characters have on a terminal; numbers to the right."""
    body = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    columns = zip(*body, strict=True)
    numeric = [all(cell.replace(",", "").isdigit() for cell in column) for column in columns]
    widths = [max(map(width, column)) for column in zip(head, *body, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = []
        for cell, wide, right in zip(cells, widths, numeric or [False] * len(head), strict=True):
            blanks = " " * (wide - width(cell))
            padded.append(blanks + cell if right else cell + blanks)
        return "  ".join(padded).rstrip()

    return [style(line(head), "heading"), *map(line, body)]


def width(text: str) -> int:
    """How many columns a text takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
