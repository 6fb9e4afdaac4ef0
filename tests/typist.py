"""Types into Word documents through LibreOffice, as a person does: a click into each place, then
keys, a choice from a list or a day of a calendar; a click on a box ticks it.

Run as a program of its own, for LibreOffice stays in the process that loaded it: reads from stdin
`[[source, target, [[bookmark, text, choice], …]], …]`, where what is neither text nor choice is a
box to tick, and is given a profile that LibreOffice has started with once. What is already there
as a target is not typed again. This is LibreOfficeKit (its C header is its reference), which the
programs that embed LibreOffice use: clicks and keys take the way that those of a window take.
"""

import ctypes
import json
import os
import queue
import re
import sys
from ctypes import POINTER, Structure, c_char_p, c_int, c_size_t, c_void_p
from pathlib import Path

PROGRAM = "/usr/lib/libreoffice/program"
# Where functions stand in the tables of LibreOfficeKit, which only ever grow.
DESTROY, SAVE, RENDERED, CALL_BACK, KEY, MOUSE, COMMAND, VISIBLE = 0, 1, 12, 13, 14, 15, 16, 24
INPUT, CHOOSE = 40, 64
LOAD, ERROR = 1, 2
CURSOR_AT, DONE, CONTROL = 1, 16, 55  # what it reports
DOWN, UP = 0, 1
COMPOSED, ENDED = 0, 2
RETURN = 1280
BEYOND = 150  # twentieths of a point right of where a place begins, in its first blank
REPORT = ctypes.CFUNCTYPE(None, c_int, c_char_p, c_void_p)


class Table(Structure):
    _fields_ = [("size", c_size_t), ("functions", c_void_p * 80)]


class Object(Structure):
    _fields_ = [("table", POINTER(Table))]


def call(object_, function, result, *arguments):
    """A call of one of the functions of an object of LibreOfficeKit."""
    kinds = [c_int if isinstance(each, int) else type(each) for each in arguments]
    kinds = [c_char_p if kind in (bytes, type(None)) else kind for kind in kinds]
    address = object_.contents.table.contents.functions[function]
    return ctypes.CFUNCTYPE(result, POINTER(Object), *kinds)(address)(object_, *arguments)


class Desk:
    """One document that is open."""

    def __init__(self, office, source: str) -> None:
        self.document = call(office, LOAD, POINTER(Object), Path(source).as_uri().encode())
        if not self.document:
            raise SystemExit(call(office, ERROR, c_char_p).decode())
        self.reports: queue.Queue[tuple[int, str]] = queue.Queue()
        self.last: dict[int, str] = {}
        self._reported = REPORT(lambda kind, said, _: self.reports.put((kind, said.decode())))
        call(self.document, RENDERED, None, b"{}")
        call(self.document, CALL_BACK, None, self._reported, None)
        call(self.document, VISIBLE, None, 0, 0, 20_000, 2_000_000)

    def command(self, name: str, **arguments: str) -> None:
        """One of the commands of a menu. It is done once LibreOffice says so; it says so only
        after whatever was posted before it."""
        sent = {key: {"type": "string", "value": value} for key, value in arguments.items()}
        call(self.document, COMMAND, None, name.encode(), json.dumps(sent).encode(), True)
        while name not in self.next(DONE):
            pass

    def next(self, kind: int) -> str:
        """The next report of a kind; what else comes in is kept as the last of its kind."""
        while True:
            try:
                found, said = self.reports.get(timeout=20)
            except queue.Empty:
                sys.exit("LibreOffice does not answer any more")
            self.last[found] = said
            if found == kind:
                return said

    def settle(self) -> None:
        """Until all is reported that was posted: reports come in bundles, the first of two
        commands may be in the midst of one."""
        self.command(".uno:Repaginate")
        self.command(".uno:Repaginate")

    def click(self, bookmark: str) -> str:
        """Into the control behind a bookmark; what LibreOffice says that this one is."""
        self.command(".uno:JumpToMark", Bookmark=bookmark)
        self.settle()
        x, y, _, height = map(int, re.findall(r"\d+", self.last[CURSOR_AT])[:4])
        for kind in (DOWN, UP):
            call(self.document, MOUSE, None, kind, x + BEYOND, y + height // 2, 1, 1, 0)
        self.settle()
        return self.last[CONTROL]

    def write(self, text: str) -> None:
        """As an input method does it; the lines with Enter between them."""
        for number, line in enumerate(text.split("\n")):
            for kind in (DOWN, UP) if number else ():
                call(self.document, KEY, None, kind, ord("\r"), RETURN)
            self.settle()
            for kind in (COMPOSED, ENDED) if line else ():
                call(self.document, INPUT, None, 0, kind, line.encode())
        self.settle()

    def choose(self, choice: dict[str, str]) -> None:
        """From the list of the control in which the cursor is, or a day of its calendar."""
        call(self.document, CHOOSE, None, json.dumps(choice).encode())
        self.settle()


def main(profile: str) -> None:
    library = ctypes.CDLL(f"{PROGRAM}/libmergedlo.so")
    library.libreofficekit_hook_2.restype = POINTER(Object)
    office = library.libreofficekit_hook_2(PROGRAM.encode(), Path(profile).as_uri().encode())
    for source, target, places in json.load(sys.stdin):
        if Path(target).exists():
            continue
        desk = Desk(office, source)
        for bookmark, text, choice in places:
            desk.click(bookmark)
            if choice:
                desk.choose(choice)
            elif text:
                desk.write(text)
        half = Path(target).with_suffix(".half")
        call(desk.document, SAVE, c_int, half.as_uri().encode(), b"docx", None)
        call(desk.document, DESTROY, None)
        half.rename(target)
    os._exit(0)  # LibreOffice does not end by itself


if __name__ == "__main__":
    main(sys.argv[1])
