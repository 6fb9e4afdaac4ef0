"""Processes of our own beside threads: a fork server, whose socket has a short name.

A Unix socket's path has at most 107 bytes (sys/un.h), and multiprocessing puts the fork server's
into the temporary folder, whose name may be longer than that.
"""

import multiprocessing
import os
import shutil
import tempfile
import threading
from multiprocessing import process, util
from multiprocessing.context import ForkServerContext
from typing import Final

_LONGEST: Final = 60  # bytes of a temporary folder's name: 32 more follow it
_PLACES: Final = ("XDG_RUNTIME_DIR",)
_FOLDERS: Final = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108  # a folder of our own is made there
_SET: Final = "tempdir"
_context: Final = multiprocessing.get_context("forkserver")
_lock: Final = threading.Lock()


def preload(modules: list[str]) -> None:
    """Have modules imported by the fork server before the first process."""
    _context.set_forkserver_preload(modules)


def context() -> ForkServerContext:
    """What starts processes from the fork server."""
    with _lock:
        # Where multiprocessing looks first; there is no public name for it.
        known = process.current_process()._config  # type: ignore[attr-defined]
        if known.get(_SET) is None and _is_long(tempfile.gettempdir()):
            made = _made()
            if made is not None:
                known[_SET] = made
                util.Finalize(None, shutil.rmtree, (made, True), exitpriority=-100)
    return _context


def _made() -> str | None:
    """A private folder with a short name; None where none can be."""
    for place in (*(os.environ.get(name, "") for name in _PLACES), *_FOLDERS):
        if place and not _is_long(place) and os.path.isdir(place) and os.access(place, os.W_OK):
            try:
                return tempfile.mkdtemp(prefix="formsvc-fork-", dir=place)
            except OSError:
                continue
    return None


def _is_long(path: str) -> bool:
    return len(os.fsencode(path)) > _LONGEST
