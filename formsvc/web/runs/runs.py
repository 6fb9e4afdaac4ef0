"""Work in the background whose results only the browser that began it can read.

A run is a sealed folder. Its key is derived from a cookie and is nowhere on this machine except in
the memory of the work itself; when its time is up the folder is deleted. What stands beside it in
the open is no one's data: state, counts and the time it ends.
"""

import json
import logging
import os
import re
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from formsvc.errors import ConfigError
from formsvc.storage import is_full
from formsvc.web.runs.sealed import SealedFolder, derived

KEY_BYTES: Final = 32
SECONDS: Final = 2 * 3600
_AT_ONCE: Final = 2
_WAITING: Final = 8
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_STATUS: Final = "status.json"
_PROOF: Final = "proof"
_log = logging.getLogger(__name__)


class Busy(Exception):
    """Too much work is waiting; come again later."""


@dataclass(frozen=True, slots=True)
class Status:
    """`state` is running, done or failed. Times are seconds since 1970."""

    kind: str
    state: str
    began: float
    expires: float
    label: str = ""
    done: int = 0
    total: int = 0
    process: str = ""


class Run:
    """One run, opened with its key."""

    def __init__(self, id: str, path: Path, folder: SealedFolder, status: Status) -> None:
        self.id = id
        self.path = path
        self.folder = folder
        self.status = status
        self._told = 0.0

    def tell(self, label: str, done: int = 0, total: int = 0) -> None:
        """Say how far the work is; written at most five times a second."""
        now = time.monotonic()
        if now - self._told >= 0.2 or done == total:
            self._told = now
            self.set_(label=label, done=done, total=total)

    def set_(self, **changes: object) -> None:
        self.status = Status(**{**asdict(self.status), **changes})
        _write(self.path / _STATUS, json.dumps(asdict(self.status)).encode())


Work = Callable[[Run], None]


class Runs:
    """All runs of a service, under one folder."""

    def __init__(self, root: Path | None = None, seconds: int = SECONDS) -> None:
        self.root = root or Path(tempfile.gettempdir()) / f"formsvc-runs-{os.getuid()}"
        self.seconds = seconds
        self._process = secrets.token_hex(8)
        self._workers = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="run")
        self._pending: dict[str, Future[None]] = {}
        self._lock = threading.Lock()
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.root.is_symlink() or self.root.stat().st_uid != os.getuid():
            raise ConfigError(f"FORMSVC_RUNS: {self.root} belongs to someone else")
        self.sweep()
        threading.Thread(target=self._keep_sweeping, daemon=True, name="runs-sweep").start()

    def start(self, key: bytes, kind: str, work: Work) -> Run:
        """Begin a run for the browser with this key. Raises Busy."""
        id = secrets.token_urlsafe(16)
        path = self._owner(key) / id
        now = time.time()
        status = Status(kind, "running", now, now + self.seconds, process=self._process)
        folder = SealedFolder(path / "files", derived(key, id))
        run = Run(id, path, folder, status)
        with self._lock:
            self._refuse_when_full()
            path.mkdir(mode=0o700, parents=True)
            folder.write(_PROOF, b"")
            run.set_()
            self._pending[id] = self._workers.submit(self._work, run, work)
        return run

    def again(self, run: Run, work: Work) -> None:
        """More work on a run that is done. Raises Busy."""
        with self._lock:
            self._refuse_when_full()
            run.set_(state="running", label="", done=0, total=0, process=self._process)
            self._pending[run.id] = self._workers.submit(self._work, run, work)

    def wait(self, run: Run, seconds: float) -> bool:
        """Give the work a moment; whether it is over."""
        future = self._pending.get(run.id)
        if future is None:
            return True
        try:
            future.result(seconds)
        except TimeoutError:
            return False
        return True

    def open(self, id: str, key: bytes) -> Run | None:
        """The run, if it is there and this is its key."""
        if not _ID.fullmatch(id):
            return None
        path = self._owner(key) / id
        status = self._status(path)
        folder = SealedFolder(path / "files", derived(key, id))
        try:
            folder.read(_PROOF)
        except OSError:
            return None
        return Run(id, path, folder, status) if status else None

    def of(self, key: bytes, kind: str) -> list[Run]:
        """The runs that this browser began, newest first."""
        owner = self._owner(key)
        ids = [path.name for path in owner.iterdir()] if owner.is_dir() else []
        runs = (self.open(id, key) for id in ids)
        own = [run for run in runs if run and run.status.kind == kind]
        return sorted(own, key=lambda run: -run.status.began)

    def delete(self, run: Run) -> None:
        shutil.rmtree(run.path, ignore_errors=True)

    @contextmanager
    def scratch(self) -> Iterator[SealedFolder]:
        """A folder for one request, sealed with a key that is nowhere; a crash leaves it to the
        sweep."""
        path = self.root / "scratch" / secrets.token_hex(16)
        path.mkdir(mode=0o700, parents=True)
        try:
            yield SealedFolder(path, os.urandom(KEY_BYTES))
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def sweep(self) -> None:
        """Delete what has expired, and what a crash left half made."""
        for path in list(self._folders()):
            status = self._status(path)
            if status is None and time.time() - path.stat().st_mtime < self.seconds:
                continue
            if status is None or status.expires <= time.time():
                shutil.rmtree(path, ignore_errors=True)
        for owner in self.root.iterdir():
            try:
                owner.rmdir()
            except OSError:
                continue

    def _keep_sweeping(self) -> None:
        while True:
            time.sleep(min(60, self.seconds))
            try:
                self.sweep()
            except OSError as error:
                _log.warning("runs: %s", error.strerror)

    def _folders(self) -> Iterator[Path]:
        for owner in self.root.iterdir():
            if owner.is_dir():
                yield from (path for path in owner.iterdir() if path.is_dir())

    def _work(self, run: Run, work: Work) -> None:
        """Raises only for want of room; the log tells the kind of a fault, not its data."""
        try:
            work(run)
            run.set_(state="done")
        except Exception as error:
            _log.error("run failed: %s", type(error).__name__)
            if is_full(error):  # then nothing can be told either, but to who still waits
                self.delete(run)
                raise
            if (run.path / _STATUS).exists():
                run.set_(state="failed")
            else:  # deleted meanwhile
                self.delete(run)
        finally:
            with self._lock:  # not before `start` has put it in
                self._pending.pop(run.id, None)

    def _refuse_when_full(self) -> None:
        if len(self._pending) >= _AT_ONCE + _WAITING:
            raise Busy

    def _status(self, path: Path) -> Status | None:
        """None for what is not there or has expired; a run of a process that ended has failed."""
        try:
            status = Status(**json.loads((path / _STATUS).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        if status.expires <= time.time():
            return None
        if status.state == "running" and status.process != self._process:
            return Status(**{**asdict(status), "state": "failed"})
        return status

    def _owner(self, key: bytes) -> Path:
        return self.root / derived(key, "owner").hex()[:32]


def _write(path: Path, content: bytes) -> None:
    hidden = path.with_name(f".{path.name}.{threading.get_ident()}")
    hidden.write_bytes(content)
    hidden.replace(path)
