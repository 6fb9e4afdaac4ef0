"""What a run leaves for those after it: keys to compare by, and what was taken out of it."""

from pathlib import Path
from typing import Any, Final

from formsvc.errors import ConfigError
from formsvc.storage import Folder
from formsvc.writing import jsonl

KEYS: Final = "keys.jsonl"
SALT: Final = "keys.salt"
PEOPLE: Final = "people.salt"
WITHDRAWN: Final = "withdrawn"


def read_keys(path: str | Path) -> tuple[bytes, list[dict[str, Any]]]:
    """An earlier run's salt and keys; ConfigError when they are not those of a run."""
    keys = Path(path)
    keys = keys / KEYS if keys.is_dir() else keys
    try:
        secret = bytes.fromhex((keys.parent / SALT).read_text("ascii").strip())
        rows = [jsonl.read(line) for line in keys.read_text("utf-8").splitlines()]
    except ValueError as error:
        raise ConfigError(f"{keys}：不是批量审核留下的比对文件（{error}）") from None
    return secret, rows


def read_people(folder: Folder) -> bytes:
    """What keys the identities of an earlier run; b"" for one that has none."""
    if not folder.exists(PEOPLE):
        return b""
    with folder.open(PEOPLE) as stream:
        return bytes.fromhex(stream.read().decode("ascii").strip())


def withdrawn(folder: Folder) -> dict[int, str]:
    """The submissions that were taken out of a batch, by number: who they are."""
    if not folder.exists(WITHDRAWN):
        return {}
    with folder.open(WITHDRAWN) as stream:
        return {int(number): text for number, text in jsonl.read(stream.read()).items()}
