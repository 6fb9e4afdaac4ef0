"""Settings from the environment, with defaults that serve on this machine alone."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from formsvc.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may set. Sizes in bytes.

    FORMSVC_SCHEMAS, FORMSVC_TEMPLATES: folders to use instead of the forms that come along.
    FORMSVC_HOST, FORMSVC_PORT: where `formsvc serve` listens.
    FORMSVC_THREADS: requests worked on at once; FORMSVC_BACKLOG: how many more may wait.
    FORMSVC_TRUSTED_HOSTS: comma-separated host names that requests may be addressed to.
    """

    schemas: Path | None = None
    templates: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    threads: int = 4
    backlog: int = 128
    trusted_hosts: tuple[str, ...] = ("127.0.0.1", "localhost")


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Read FORMSVC_… variables; ConfigError names a wrong one."""
    given = os.environ if environment is None else environment
    defaults = Settings()
    return Settings(
        schemas=_folder(given, "FORMSVC_SCHEMAS"),
        templates=_folder(given, "FORMSVC_TEMPLATES"),
        host=given.get("FORMSVC_HOST", defaults.host),
        port=_number(given, "FORMSVC_PORT", defaults.port, 65535),
        threads=_number(given, "FORMSVC_THREADS", defaults.threads, 64),
        backlog=_number(given, "FORMSVC_BACKLOG", defaults.backlog, 4096),
        trusted_hosts=_names(given, "FORMSVC_TRUSTED_HOSTS", defaults.trusted_hosts),
    )


def _folder(given: Mapping[str, str], name: str) -> Path | None:
    value = given.get(name)
    if not value:
        return None
    if not Path(value).is_dir():
        raise ConfigError(f"{name}: {value} is not a folder")
    return Path(value)


def _number(given: Mapping[str, str], name: str, default: int, highest: int) -> int:
    value = given.get(name)
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= highest):
        raise ConfigError(f"{name}: {value!r} is not a whole number from 1 to {highest}")
    return int(value)


def _names(given: Mapping[str, str], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = given.get(name)
    return tuple(part.strip() for part in value.split(",") if part.strip()) if value else default
