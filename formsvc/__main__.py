"""`python -m formsvc` is the command `formsvc`."""

from formsvc.cli.commands import main

main(prog_name="formsvc")
