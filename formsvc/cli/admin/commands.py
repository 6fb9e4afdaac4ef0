"""All commands of `formsvc admin`, by name."""

from typing import Final

import click

from formsvc.cli.admin import audit, backups, demo, keys, moving, offices, upkeep

COMMANDS: Final[dict[str, click.Command]] = {
    "audit": audit.audit,
    "keys": keys.keys,
    "backup": backups.backup,
    "restore": backups.restore,
    "offices": offices.offices,
    "export": moving.export,
    "import": moving.import_,
    "demo": demo.demo,
    "link": upkeep.link,
    "retention": upkeep.retention,
    "register": offices.register,
}
