"""A JSON list, cut by bytes into its elements, so that one bad element spoils no other.

Only ends are looked for: quotes, brackets and commas. The strict reader judges every element
later, as it judges a line or a file of its own.
"""

import re
from collections.abc import Iterator
from enum import Enum
from typing import IO, Final

from formsvc.submissions import MAX_BYTES

_BLOCK: Final = 1 << 16
_BLANK: Final = b" \t\r\n"
_DEEPEST: Final = 1000  # brackets in one another: nothing sensible follows
_OUTSIDE: Final = re.compile(rb'[^"\[\]{},]*+')


class Fault(Enum):
    """Why an element is not given: the rule of the finding, and its message."""

    SIZE = ("input.size", f"这一项超过 {MAX_BYTES:,} 字节的上限。")
    END = ("input.syntax", "列表到这里没有正常结束，请检查后面是否有遗漏。")


class _Patterns:
    """What is stepped over at once, in quotes and inside an element up to the next bracket, for
    one way of writing characters in bytes."""

    def __init__(self, plain: bytes, special: bytes) -> None:
        quoted = plain + rb"*+(?:" + special + plain + rb"*+)*+"
        self.quoted = re.compile(quoted, re.DOTALL)
        self.inside = re.compile(rb'(?:[^"\[\]{}]++|"' + quoted + rb'")*+', re.DOTALL)


_UTF8: Final = _Patterns(rb'[^"\\]', rb"\\.")
# In GB18030 the second byte of a character may be a backslash.
_GB18030: Final = _Patterns(
    rb'[^"\\\x81-\xfe]',
    rb"(?:\\.|[\x81-\xfe](?:[\x40-\x7e\x80-\xfe]|(?=[^\x40-\x7e\x80-\xfe])))",
)


def is_list(head: bytes) -> bool:
    """Whether a file that begins so, blanks aside, is a list."""
    return head.lstrip(_BLANK).startswith(b"[")


def elements(head: bytes, stream: IO[bytes]) -> Iterator[bytes | Fault]:
    """The elements of a list that begins with `head` and goes on in `stream`, as they stand.

    A fault for one that is longer than MAX_BYTES, and at last for a list that does not end, or
    behind whose end more follows.
    """
    return _Cutter(head.lstrip(_BLANK)[1:], stream, _patterns(head)).elements()


def _patterns(head: bytes) -> _Patterns:
    """By the encoding that most of the file is in."""
    good = bad = 0
    for character in head.decode("utf-8", "replace"):
        if character > "\x7f":
            good, bad = good + (character != "\ufffd"), bad + (character == "\ufffd")
    return _GB18030 if bad > good else _UTF8


class _Cutter:
    def __init__(self, head: bytes, stream: IO[bytes], patterns: _Patterns) -> None:
        self._stream = stream
        self._patterns = patterns
        self._window = head
        self._start = self._place = 0  # in the window: of the element, and where to look on
        self._earlier = bytearray()  # of the element, what stood in earlier windows
        self._size = 0  # of that
        self._depth = 0
        self._in_quotes = False

    def elements(self) -> Iterator[bytes | Fault]:
        number, mark = 0, b","
        while mark == b",":
            mark = self._end()
            element = self._taken()
            if element == b"" and (not mark or (mark == b"]" and not number)):
                break
            number += 1
            yield element
        if not mark or self._more_follows():
            yield Fault.END

    def _end(self) -> bytes:
        """Go to the mark behind an element, `,` or `]`; b"" when there is none."""
        while self._depth <= _DEEPEST:
            pattern = (
                self._patterns.quoted
                if self._in_quotes
                else self._patterns.inside
                if self._depth
                else _OUTSIDE
            )
            found = pattern.match(self._window, self._place)
            self._place = found.end() if found else self._place
            mark = self._window[self._place : self._place + 1]
            if not mark or (self._in_quotes and mark != b'"'):
                if not self._fill():
                    return b""
            elif mark == b'"':
                self._in_quotes = not self._in_quotes
                self._place += 1
            elif not self._depth and mark in (b",", b"]"):
                return mark
            else:
                self._depth = max(self._depth + (1 if mark in b"[{" else -1), 0)
                self._place += 1
        return b""

    def _taken(self) -> bytes | Fault:
        """The element before the mark; the next one begins behind it."""
        size = self._size + self._place - self._start
        element: bytes | Fault = Fault.SIZE
        if size <= MAX_BYTES:
            whole = self._earlier + self._window[self._start : self._place]
            element = bytes(whole).strip(_BLANK)
        self._start = self._place = self._place + 1
        self._earlier, self._size = bytearray(), 0
        return element

    def _fill(self) -> bool:
        """Take in more; of the element, no more is kept than it may have."""
        block = self._stream.read(_BLOCK)
        self._size += self._place - self._start
        if self._size <= MAX_BYTES:
            self._earlier += self._window[self._start : self._place]
        self._window = self._window[self._place :] + block
        self._start = self._place = 0
        return bool(block)

    def _more_follows(self) -> bool:
        rest = self._window[self._start :]
        while not rest.strip(_BLANK):
            if not (rest := self._stream.read(_BLOCK)):
                return False
        return True
