"""A parser gone wrong reaches no file, no network, no other process and no right."""

import ctypes
import os
import platform
import socket
import subprocess
import sys

import pytest

from formsvc import confinement, sandbox
from formsvc.sandbox import run_limited


def attempt(payload: bytes) -> bytes:
    """Do what the payload names; "done", or the kind of refusal."""
    what, _, argument = payload.decode().partition(" ")
    try:
        _ATTEMPTS[what](argument)
    except OSError as error:
        return type(error).__name__.encode()
    return b"done"


def _kill(pid: str) -> None:
    os.kill(int(pid), 0)


def _look(pid: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(16, int(pid), 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


_ATTEMPTS = {
    "read": lambda path: open(path).close(),
    "list": os.listdir,
    "write": lambda path: open(path, "w").close(),
    "connect": lambda port: socket.create_connection(("127.0.0.1", int(port)), 1).close(),
    "datagram": lambda _: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
    "run": lambda path: subprocess.run([path]),
    "replace": lambda path: os.execv(path, [path]),
    "kill": _kill,
    "look": _look,
    "root": lambda _: os.setuid(0),
    "namespace": lambda _: _unshare(),
}


def _unshare() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x10000000) < 0:
        raise OSError(ctypes.get_errno(), "unshare")


def landlock() -> bool:
    return ctypes.CDLL(None).syscall(444, None, 0, 1) >= 1


needs_landlock = pytest.mark.skipif(not landlock(), reason="the kernel has no landlock")
needs_seccomp = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"),
    reason="no filter for this machine",
)


@needs_landlock
def test_no_key_and_no_run_is_within_reach(tmp_path):
    key = tmp_path / "key"
    key.write_bytes(bytes(32))
    assert run_limited(attempt, f"read {key}".encode()) == b"PermissionError"
    assert run_limited(attempt, f"list {tmp_path}".encode()) == b"PermissionError"
    assert run_limited(attempt, f"write {tmp_path / 'new'}".encode()) == b"PermissionError"
    assert run_limited(attempt, b"read /etc/passwd") == b"PermissionError"
    assert run_limited(attempt, f"read /proc/{os.getpid()}/environ".encode()) == b"PermissionError"


def test_what_python_needs_can_still_be_read():
    assert run_limited(attempt, f"read {os.__file__}".encode()) == b"done"


@needs_seccomp
@pytest.mark.parametrize(
    "what", ["datagram", "run /bin/true", "replace /bin/true", "root", "namespace"]
)
def test_nothing_leaves_and_nothing_is_started(what):
    assert run_limited(attempt, what.encode()) == b"PermissionError"


@needs_seccomp
def test_no_connection_is_made():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert run_limited(attempt, f"connect {port}".encode()) == b"PermissionError"


@needs_seccomp
@pytest.mark.parametrize("what", ["kill", "look"])
def test_no_other_process_is_touched(what):
    assert run_limited(attempt, f"{what} {os.getpid()}".encode()) == b"PermissionError"


def test_a_kernel_that_refuses_leaves_the_other_limits(monkeypatch):
    monkeypatch.setattr(confinement.platform, "machine", lambda: "sparc64")
    assert not confinement._deny_calls()


def test_what_is_counted_is_how_it_ended():
    told = []
    sandbox.watchers.append(told.append)
    try:
        run_limited(attempt, f"read {os.__file__}".encode())
        with pytest.raises(sandbox.UnreadableDocument):
            run_limited(_spin, b"", cpu=1)
    finally:
        sandbox.watchers.remove(told.append)
    assert told == ["answered", "stopped"]


def _spin(payload: bytes) -> bytes:
    while True:
        pass
