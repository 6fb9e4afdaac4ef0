"""From one shape of the tables to another, by Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from formsvc.errors import ConfigError


def move(connection: Connection, at: str | None, to: str) -> None:
    """In the transaction of a connection. ConfigError when a revision is none of this program's."""
    folder = str(Path(__file__).parent)
    known = {None, *(each.revision for each in ScriptDirectory(folder).walk_revisions())}
    if newer := {at, to} - known:
        raise ConfigError(f"the store was made by a newer formsvc (its tables are at {newer})")
    config = Config()
    config.set_main_option("script_location", folder)
    config.attributes["connection"] = connection
    command.upgrade(config, to)
