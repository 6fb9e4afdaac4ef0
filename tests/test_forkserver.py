"""Processes of our own are begun whatever the temporary folder is called."""

import os
import subprocess
import sys

import pytest

from .conftest import ROOT

READ = """
import binascii, os, sys
from formsvc import sandbox
assert sandbox.run_limited(binascii.hexlify, b"read") == b"72656164"
print(*os.listdir(sys.argv[1]))
"""


@pytest.mark.parametrize("length", [20, 61, 76, 108, 255])
def test_a_file_is_read_however_long_the_name_of_the_temporary_folder_is(tmp_path, length):
    temporary = tmp_path / "临时".ljust(length - 4, "x")
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    environment.pop("XDG_RUNTIME_DIR", None)
    command = [sys.executable, "-c", READ, "/tmp"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    mine = {name for name in done.stdout.split() if name.startswith("formsvc-fork-")}
    assert not mine & set(os.listdir("/tmp")), "what was made for the socket is taken away"
