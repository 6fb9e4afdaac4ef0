"""The command line: every verb of formsvc for people and scripts."""

from importlib import import_module
from typing import Final

import click

from formsvc.cli.shell import Commands

__all__ = ["main"]

# Where each command stands; a module is loaded when its command is wanted.
_COMMANDS: Final = {
    "forms": "listing", "check": "papers", "fill": "papers", "blank": "papers", "read": "papers",
    "verify": "papers", "fonts": "papers", "bulk": "bulk", "replay": "replay",
    "summary": "summary", "template": "template", "serve": "serving", "admin": "admin",
}  # fmt: skip


class _Verbs(Commands):
    """The commands by their names."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(import_module(f"formsvc.cli.{_COMMANDS[cmd_name]}"), cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101  # of the table above
        return command


@click.group(cls=_Verbs)
@click.version_option(package_name="formsvc")
def main() -> None:
    """检查人才项目申报表，填写正式表格。"""
