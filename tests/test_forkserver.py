"""Processes of our own are begun whatever the temporary folder is called."""

import os
import subprocess
import sys

import pytest

from .conftest import ROOT

READ = """
import binascii
from multiprocessing import process
from formsvc import sandbox
assert sandbox.run_limited(binascii.hexlify, b"read") == b"72656164"
print(process.current_process()._config["tempdir"])
"""


@pytest.mark.parametrize("length", [20, 61, 76, 108, 255])
def test_a_file_is_read_however_long_the_name_of_the_temporary_folder_is(tmp_path, length):
    temporary = tmp_path / "临时".ljust(length - 4, "x")
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    environment.pop("XDG_RUNTIME_DIR", None)
    command = [sys.executable, "-c", READ]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    place = done.stdout.strip()
    assert place
    assert not os.path.exists(place), "what was made for the socket is taken away"
