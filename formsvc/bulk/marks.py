"""What a reviewer decided about the submissions of a batch: passed, returned, a remark."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from formsvc.storage import Folder

NAME: Final = "marks"
PASS: Final = "pass"
RETURN: Final = "return"
DECISIONS: Final[Mapping[str, str]] = {PASS: "通过", RETURN: "退回"}
LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Decision:
    """A key of DECISIONS, "" for none yet, and the reviewer's own words."""

    decision: str = ""
    remark: str = ""

    @property
    def label(self) -> str:
        """The decision for people."""
        return DECISIONS.get(self.decision, "")


def read(folder: Folder) -> dict[int, Decision]:
    """The marks that are kept with a batch, by the number of the submission."""
    if not folder.exists(NAME):
        return {}
    with folder.open(NAME) as stream:
        return {int(number): Decision(*mark) for number, mark in json.load(stream).items()}


def put(folder: Folder, numbers: Iterable[int], decision: str | None, remark: str | None) -> None:
    """Mark submissions; None leaves what was decided, or said, as it is. Not for two at a time."""
    kept = read(folder)
    for number in numbers:
        was = kept.get(number, Decision())
        now = Decision(was.decision if decision is None else decision,
                   was.remark if remark is None else remark)  # fmt: skip
        kept[number] = now
        if now == Decision():
            del kept[number]
    plain = {str(number): [mark.decision, mark.remark] for number, mark in sorted(kept.items())}
    with folder.create(NAME) as stream:
        stream.write(json.dumps(plain, ensure_ascii=False).encode())
