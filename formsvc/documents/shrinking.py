"""Values in a DOCX as small as the press sets them, so that no row grows and no page spills.

A value to be shrunk goes through the template with a mark before every paragraph; afterwards the
runs and paragraphs with marks get their size and distance of lines. ISO/IEC 29500-1, 17.3.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from formsvc.documents.printing import Values, whole_of

# Noncharacters: allowed in XML, never in a submission.
_MARK: Final = re.compile("\ufdd0([0-9]+)\ufdd1")
_OPENED: Final = ("<w:p>", "<w:p ")
_CLOSED: Final = "</w:p>"
_RUN: Final = re.compile(r"<w:r(?: [^<>]*)?>(?:(?!<w:r[ >]).)*?</w:r>", re.DOTALL)
_SIZE: Final = re.compile(r'<w:(sz|szCs) w:val="[0-9]+"/>')
_SPACING: Final = re.compile(r"<w:spacing [^>]*w:line=[^>]*/>")
_STYLE: Final = re.compile(r"<w:pStyle [^>]*/>")
_TEXT: Final = re.compile(r"<w:t[ >]")


@dataclass(frozen=True, slots=True)
class Shrink:
    """Size and distance of lines in points."""

    size: float
    pitch: float


# Pointer → for each place where it stands, in their order, how to shrink it there, or None.
Shrinks = Mapping[str, Sequence[Shrink | None]]


def marked(values: Values, shrinks: Shrinks) -> dict[str, str]:
    """The values with marks before every paragraph of those to be shrunk."""
    numbers = {pointer: number for number, pointer in enumerate(shrinks)}
    return {
        name: "\n".join(f"\ufdd0{number}\ufdd1{line}" for line in text.split("\n"))
        if (number := numbers.get(whole_of(name))) is not None
        else text
        for name, text in values.items()
    }


def shrunk(part: bytes, shrinks: Shrinks | None) -> bytes:
    """A part of the package that was made with marked values; the body has shrinks, others None."""
    source = part.decode()
    if shrinks is None:
        return _MARK.sub("", source).encode()
    return "".join(_pieces(source, list(shrinks.values()))).encode()


def _pieces(source: str, shrinks: Sequence[Sequence[Shrink | None]]) -> Iterator[str]:
    seen: dict[int, int] = {}
    ended: dict[int, int] = {}
    at = 0
    while found := _MARK.search(source, at):
        number = int(found[1])
        start = max(source.rfind(opened, at, found.start()) for opened in _OPENED)
        end = source.index(_CLOSED, found.end()) + len(_CLOSED)
        # Further paragraphs of the same cell are the same place.
        if number not in ended or "</w:tc>" in source[ended[number] : start]:
            seen[number] = seen.get(number, -1) + 1
        ended[number] = end
        places = shrinks[number]
        shrink = places[seen[number]] if seen[number] < len(places) else None
        paragraph = source[start:end]
        yield source[at:start]
        yield _MARK.sub("", paragraph if shrink is None else _paragraph(paragraph, shrink))
        at = end
    yield source[at:]


def _paragraph(paragraph: str, shrink: Shrink) -> str:
    def run(match: re.Match[str]) -> str:
        if "\ufdd0" not in match[0]:
            return match[0]
        return _SIZE.sub(rf'<w:\1 w:val="{round(shrink.size * 2)}"/>', match[0])

    is_alone = "\ufdd0" in paragraph[_TEXT.search(paragraph).start() :][:60]  # type: ignore[union-attr]
    resized = _RUN.sub(run, paragraph)
    if not is_alone:
        return resized
    spacing = f'<w:spacing w:line="{round(shrink.pitch * 20)}" w:lineRule="exact"/>'
    if _SPACING.search(resized):
        return _SPACING.sub(spacing, resized, count=1)
    return _STYLE.sub(lambda style: style[0] + spacing, resized, count=1)
