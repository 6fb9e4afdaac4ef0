"""`python -m formsvc` is the command `formsvc`."""

from formsvc.cli import main

main(prog_name="formsvc")
