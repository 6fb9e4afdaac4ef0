"""The command line."""

from formsvc.cli.commands import main

__all__ = ["main"]
