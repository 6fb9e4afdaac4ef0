"""Rows of tables in a Word template: which make a list, stay whole, and are repeated.

ISO/IEC 29500-1, 17.4.1 (cantSplit), 17.4.49 (tblHeader).
"""

import itertools
import re
from typing import Final

LOOP: Final = re.compile(r"\{%\s*(?:for\s+(\w+)\s+in\s+([\w.]+)|endfor)\s*%\}")
ROW: Final = re.compile(r"<w:tr(?: [^<>]*)?>(?:(?!<w:tr[ >]).)*?</w:tr>", re.DOTALL)
_ROW_OPENING: Final = re.compile(r"<w:tr(?: [^<>]*)?>(?:<w:trPr/>|(<w:trPr>))?")
_SEAL: Final = re.compile(r"盖\s*章")
_TAG: Final = re.compile(r"<[^<>]*>")


def kept_whole(source: str) -> str:
    """Rows of lists, and rows for a seal, are not split over pages; those above a list that only
    have labels are repeated on the next page."""
    loops = [tag for tag in LOOP.finditer(source) if tag[1]]
    rows = [(row.start(), row.end()) for row in ROW.finditer(source)] if loops else []
    heads: set[int] = set()
    lists: set[int] = set()
    for loop in loops:
        table = source.rfind("<w:tbl>", 0, loop.start())
        above = [row for row in rows if table < row[0] < loop.start()]
        labels = itertools.takewhile(lambda row: "{{" not in source[slice(*row)], above)
        heads |= {start for start, _ in labels}
        lists |= set([start for start, _ in rows if start >= loop.end()][:1])

    def row(match: re.Match[str]) -> str:
        marks = ["cantSplit"] if match.start() in lists | heads or _is_seal(match[0]) else []
        marks += ["tblHeader"] if match.start() in heads else []
        wanted = "".join(f"<w:{mark}/>" for mark in marks if f"<w:{mark}" not in match[0])
        if not wanted:
            return match[0]
        opening = _ROW_OPENING.match(match[0])
        assert opening  # noqa: S101  # every row has one
        start = opening[0].removesuffix("<w:trPr/>").removesuffix("<w:trPr>")
        end = "" if opening[1] else "</w:trPr>"
        return f"{start}<w:trPr>{wanted}{end}{match[0][opening.end() :]}"

    return ROW.sub(row, source)


def _is_seal(row: str) -> bool:
    return _SEAL.search(_TAG.sub("", row)) is not None
