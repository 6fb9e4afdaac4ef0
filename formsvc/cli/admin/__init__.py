"""The store's administration: history, keys, backup, moving, offices, a store to try."""

from collections.abc import MutableMapping

import click

__all__ = ["admin"]


class _Later(click.Group):
    """Its commands are loaded when one is wanted: checking a file needs no database."""

    @property
    def commands(self) -> MutableMapping[str, click.Command]:
        """The commands by name."""
        from formsvc.cli.admin.commands import COMMANDS  # noqa: PLC0415  # as said above

        return COMMANDS

    @commands.setter
    def commands(self, _given: MutableMapping[str, click.Command]) -> None:
        """What click makes at first is empty."""


@click.group(cls=_Later)
def admin() -> None:
    """管理数据：核对历史、密钥、备份、迁移、机构、演示。"""
