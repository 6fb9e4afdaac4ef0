"""Which of the printed choices are ticked: □男 ☑女, 是√否□, （√）有（ ）无."""

import re
from typing import Final

_BRACKETS = re.compile(r"[(（\[【〔]\s*([√✓✔☑■●×✗☒]?)\s*[)）\]】〕]")
_CHOSEN: Final = "☑√✓✔■●"
_FREE: Final = "☐□○"
# A cross in a box is how Word ticks; beside other ticks it may mean the opposite.
_CROSSED: Final = "☒×✗✘"
_MARKS = re.compile(f"[{_CHOSEN}{_FREE}{_CROSSED}]")
_OTHERS: Final = " \t\n　,，;；、/／"
_BETWEEN = re.compile(rf"[{_OTHERS}]+")


def has_marks(text: str) -> bool:
    return _MARKS.search(_plain(text)) is not None


def is_mark(text: str) -> bool:
    """Whether a text is one box, ticked or not."""
    return _MARKS.fullmatch(_plain(text).strip()) is not None


def is_unticked(text: str) -> bool:
    """Whether a text has boxes to tick, and none of them is."""
    marks = _MARKS.findall(_plain(text))
    return bool(marks) and all(mark in _FREE for mark in marks)


def ticked(text: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """(chosen, all) choices of a text in which marks stand before or after each choice.

    None when there are no marks, or when it cannot be told what they say.
    """
    plain = _plain(text)
    marks = _MARKS.findall(plain)
    if not marks:
        return None
    has_crosses = any(mark in _CROSSED for mark in marks)
    if has_crosses and any(mark in _CHOSEN for mark in marks):
        return None
    if len(marks) == 1 and marks[0] in "√✓✔":
        return _one_tick(plain)
    texts = [part.strip(_OTHERS) for part in _MARKS.split(plain)]
    if not texts[0] and all(texts[1:]):
        options = texts[1:]
    elif not texts[-1] and all(texts[:-1]):
        options = texts[:-1]
    else:
        return None
    if len(marks) == 1 and has_crosses:
        return None
    options = [" ".join(option.split()) for option in options]
    chosen = [option for mark, option in zip(marks, options, strict=True) if mark not in _FREE]
    return tuple(chosen), tuple(options)


def _one_tick(plain: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """√是 否, 是√ 否: the choice that the only tick touches, where blanks part the choices."""
    found = _BETWEEN.split(plain.strip())
    (touched,) = (option for option in found if _MARKS.search(option))
    chosen = _MARKS.sub("", touched)
    if not chosen or not (_MARKS.match(touched[0]) or _MARKS.match(touched[-1])):
        return None
    return (chosen,), tuple(_MARKS.sub("", option) for option in found)


def _plain(text: str) -> str:
    """Brackets to tick in as boxes: （√） is ☑ and （ ） is ☐."""
    return _BRACKETS.sub(lambda found: (found[1] or "☐") if found[1] else "☐", text)
