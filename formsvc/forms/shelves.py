"""Where forms lie: folders of schemas, templates and samples."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Shelf:
    """Three folders with forms: their schemas, templates and samples."""

    schemas: Path
    templates: Path
    samples: Path


def built_in() -> Shelf:
    """The forms that come along: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent.parent
    root = package if (package / "schemas").is_dir() else package.parent
    return Shelf(root / "schemas", root / "templates", root / "samples")
