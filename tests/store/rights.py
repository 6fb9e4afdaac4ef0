"""Who may do what, as a table: how it is written, and what stands for the parts of a path."""

import re
from dataclasses import dataclass
from pathlib import Path

# Whose: the applicant's own; another applicant's, clerk, manager, viewer of the same unit; a clerk
# of another unit; the department above; the department and the city of others (the city's is a
# manager, above another unit); the province; finance; the admin; a token of the clerk's that only
# reads.
ACTORS = ["nobody", "owner", "other", "clerk", "manager", "viewer", "stranger", "department",
          "others", "city", "province", "finance", "admin", "reader"]  # fmt: skip
# A draft; one that was handed in and lies with the unit; one that came to finance.
FILINGS = {"draft": (), "unit": (), "finance": ("单位", "部门", "省厅")}
# What else an id names: a review of the clerk's that is done, and a list; the unit; a unit below
# the city; a membership and an account in the unit, a link to it, and the clerk's token.
SCENES = [*FILINGS, "job", "list", "office", "below", "member", "person", "link", "token"]
# Routes whose answer does not depend on whose the thing is that they name.
ALONE = "-"


@dataclass(frozen=True)
class Cells:
    """One line of the table. `choice` stands for a part of the path that is one of several."""

    method: str
    path: str
    scene: str
    choice: str
    codes: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.scene}{self.choice and ':'}{self.choice}"

    @property
    def route(self) -> tuple[str, str]:
        return self.method, self.path

    @property
    def by(self) -> dict[str, int]:
        """The code of each of ACTORS."""
        return dict(zip(ACTORS, self.codes, strict=True))

    @property
    def is_interface(self) -> bool:
        return self.path.startswith("/api/")


_LINE = re.compile(r"(\S+)\s+(/.*?)\s+(-|[a-z]+)(?::([a-z]+))?\s+((?:\d{3}\s*)+)")


def read(name: str) -> list[Cells]:
    """The lines of a table beside this module: `METHOD /path  scene  codes`.

    One code is everybody's; else there is one for each of ACTORS, in their order.
    """
    found = []
    for line in (Path(__file__).parent / name).read_text("utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        given = _LINE.fullmatch(line)
        assert given, line
        codes = tuple(map(int, given[5].split()))
        codes = codes * len(ACTORS) if len(codes) == 1 else codes
        assert len(codes) == len(ACTORS), f"{line}: a cell for each of {ACTORS}"
        assert given[3] in (ALONE, *SCENES), line
        found.append(Cells(given[1], given[2], given[3], given[4] or "", codes))
    return found


# There without a store, alike for everybody; and what only a store has.
OPEN = read("rights_open.txt")
KEPT = read("rights.txt")
