"""Where a run writes: a local folder or any fsspec address. A file is there whole or not at all."""

import errno
import os
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final, Protocol, cast

_SCRATCH: Final = ".formsvc-scratch-"
_DISK_FULL: Final = "53100"  # as PostgreSQL says it
_SWEEP: Final = 'cat > /dev/null; rm -rf -- "$1"'


class Folder(Protocol):
    """Files by relative names with `/`. `create` makes a file visible only when it is complete."""

    def create(self, name: str, *, flush: bool = True) -> Any:
        """A context manager that gives a binary stream to write.

        With `flush` the file outlasts a power failure; many small ones rather share one `flush`.
        """

    def flush(self) -> None:
        """See to it that everything written so far outlasts a power failure."""

    def open(self, name: str) -> IO[bytes]:
        """A seekable binary stream; FileNotFoundError when there is none."""

    def exists(self, name: str) -> bool:
        """Whether there is such a file or folder."""

    def remove(self, name: str) -> None:
        """Take away a file or a whole folder; nothing happens when there is none."""

    def scratch(self) -> AbstractContextManager[Path | None]:
        """Where to put together what is too large for memory, emptied after; None for nowhere."""


def folder(address: str) -> "LocalFolder | RemoteFolder":
    """The folder at a local path, or at an address such as `s3://bucket/run`."""
    return RemoteFolder(address) if is_remote(address) else LocalFolder(Path(address))


def is_remote(address: str) -> bool:
    """Whether fsspec is to open it."""
    return "://" in address


def filesystem(address: str) -> tuple[Any, str]:
    """(fsspec file system, path in it)."""
    from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # noqa: PLC0415  # when wanted

    return cast(tuple[Any, str], url_to_fs(address))


def is_full(error: BaseException) -> bool:
    """Whether something failed because there is no room left to write."""
    if getattr(error, "sqlstate", None) == _DISK_FULL:
        return True
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def keep_private(stream: IO[bytes]) -> None:
    """Let only its owner read a file that is being written, where the file system knows owners."""
    with suppress(OSError, AttributeError, ValueError):
        os.fchmod(stream.fileno(), 0o600)


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    """A private folder that goes with its process, killed or not; first what a crash left goes.

    A shell waits for this process to end: even SIGKILL closes the pipe that it reads.
    """
    for left in parent.glob(f"{_SCRATCH}*-*"):
        with suppress(OSError, ValueError):
            if left.stat().st_uid == os.getuid() and not _is_running(left.name):
                shutil.rmtree(left)
    name = tempfile.mkdtemp(prefix=f"{_SCRATCH}{os.getpid()}-", dir=parent)
    sweeper = ["/bin/sh", "-c", _SWEEP, "sh", name]
    with subprocess.Popen(sweeper, stdin=subprocess.PIPE, start_new_session=True):  # noqa: S603  # a name of our own
        yield Path(name)


def _is_running(name: str) -> bool:
    try:
        os.kill(int(name.removeprefix(_SCRATCH).partition("-")[0]), 0)
    except ProcessLookupError:
        return False
    return True


class LocalFolder:
    """Written to a hidden neighbour, flushed to the disk, then renamed."""

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        self.path = path
        self._shared = shared  # several may write the same file at once: the last one is there

    @contextmanager
    def create(self, name: str, *, flush: bool = True) -> Iterator[IO[bytes]]:
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if self._shared else 0o777)
        own = f".{secrets.token_hex(8)}" if self._shared else ""
        hidden = target.with_name(f".{target.name}{own}.part")
        try:
            with hidden.open("wb") as stream:
                yield stream
                if flush:
                    stream.flush()
                    os.fsync(stream.fileno())
            hidden.replace(target)
        finally:
            hidden.unlink(missing_ok=True)

    def flush(self) -> None:
        os.sync()

    def open(self, name: str) -> IO[bytes]:
        return (self.path / name).open("rb")

    def exists(self, name: str) -> bool:
        return (self.path / name).exists()

    def remove(self, name: str) -> None:
        target = self.path / name
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        """The files that lie here themselves, those half written too."""
        if self.path.is_dir():
            yield from (each.name for each in os.scandir(self.path) if each.is_file())

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        with _scratch(self.path) as folder:
            yield folder


class RemoteFolder:
    """An object store shows an object once its upload has ended."""

    def __init__(self, address: str) -> None:
        self._system, self._root = filesystem(address)

    @contextmanager
    def create(self, name: str, *, flush: bool = True) -> Iterator[IO[bytes]]:
        target = self._path(name)
        self._system.makedirs(target.rpartition("/")[0], exist_ok=True)
        hidden = f"{target}.part"
        with self._system.open(hidden, "wb") as stream:
            yield stream
        self._system.mv(hidden, target)

    def flush(self) -> None:
        """An object store has each object safe when its upload ends."""

    def open(self, name: str) -> IO[bytes]:
        return cast(IO[bytes], self._system.open(self._path(name), "rb"))

    def exists(self, name: str) -> bool:
        return bool(self._system.exists(self._path(name)))

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._system.rm(self._path(name), recursive=True)

    def names(self) -> Iterator[str]:
        """The files that lie here themselves, those half written too."""
        with suppress(FileNotFoundError):
            for path in self._system.ls(self._root, detail=False, refresh=True):
                yield str(path).rpartition("/")[2]

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        with _scratch(Path(tempfile.gettempdir())) as folder:
            yield folder

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"
