"""Work in the background whose results only the browser that began it can read.

A run is a sealed folder. Its key is derived from a cookie and is nowhere on this machine except in
the memory of the work itself; when its time is up the folder is deleted. What stands beside it in
the open is no one's data: state, counts and the time it ends.

What was handed in and what is to be done with it are sealed before a run is acknowledged. A process
that works on a run holds a lock in its folder, which the kernel takes away when the process ends,
however that came. A run that is still to be done and that nobody holds begins again as soon as its
browser asks for it, at whichever process: only then is there a key to open it with.
"""

import errno
import fcntl
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
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from formsvc.errors import ConfigError
from formsvc.sealed import SealedFolder, derived
from formsvc.storage import is_full

KEY_BYTES: Final = 32
OWNED: Final = "jobs"  # the kind of a job of the store, shown as a run
SECONDS: Final = 2 * 3600
SHARED: Final = "shared"  # in every run of a browser, a secret that they have in common
# How long it is remembered that there was a run, so that whoever comes back is told what became
# of it: an empty folder, named by its id and one of these.
REMEMBERED: Final = 30 * 86_400
EXPIRED: Final = "expired"
DELETED: Final = "deleted"
_AT_ONCE: Final = 2
_WAITING: Final = 8
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_STATUS: Final = "status.json"
_PROOF: Final = "proof"
_TASK: Final = "task"
_LOCK: Final = "lock"
_DESK: Final = "desk"
_KEPT: Final = "answers"
# Pages of some hundred kilobytes, so that they do not fill the disk.
_MOST_KEPT: Final = 2_000
# How often a run is begun before whatever ends its process is taken to be its own fault.
_BEGINNINGS: Final = 4
_log = logging.getLogger(__name__)


class Busy(Exception):
    """Too much work is waiting; come again later."""


@dataclass(frozen=True, slots=True)
class RunState:
    """`state` is running, done or failed. Times are seconds since 1970."""

    kind: str
    state: str
    began: float
    expires: float
    label: str = ""
    done: int = 0
    total: int = 0
    beginnings: int = 1


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done with a run, as JSON keeps it. It may be begun any number of times."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


class Run:
    """One run, opened with its key."""

    def __init__(self, id: str, path: Path, folder: SealedFolder, status: RunState) -> None:
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
        self.status = RunState(**{**asdict(self.status), **changes})
        _write(self.path / _STATUS, json.dumps(asdict(self.status)).encode())

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While one request changes what is kept with the run, others wait. OSError when gone."""
        descriptor = os.open(self.path / _DESK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


Perform = Callable[[Run, Task], None]
Fill = Callable[[SealedFolder], None]


def is_id(text: str) -> bool:
    """Whether this may be a run's id."""
    return _ID.fullmatch(text) is not None


class Runs:
    """All runs of a service, under one folder."""

    def __init__(self, perform: Perform, root: Path | None = None, seconds: int = SECONDS) -> None:
        self.perform = perform
        self.root = root or Path(tempfile.gettempdir()) / f"formsvc-runs-{os.getuid()}"
        self.seconds = seconds
        self.watcher: Callable[[str, int], None] = lambda outcome, pending: None
        self._workers = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="run")
        self._pending: dict[str, Future[None]] = {}
        self._lock = threading.Lock()
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.root.is_symlink() or self.root.stat().st_uid != os.getuid():
            raise ConfigError(f"FORMSVC_RUNS: {self.root} belongs to someone else")
        self.sweep()
        threading.Thread(target=self._keep_sweeping, daemon=True, name="runs-sweep").start()

    def start(self, key: bytes, kind: str, task: Task, fill: Fill = lambda folder: None) -> Run:
        """Begin a run for the browser with this key; `fill` seals what it works on.

        Raises Busy, or OSError when not all of it could be sealed: then nothing is left.
        """
        self._refuse_when_full()
        id = secrets.token_urlsafe(16)
        path = self._owner(key) / id
        now = time.time()
        status = RunState(kind, "running", now, now + self.seconds)
        run = Run(id, path, SealedFolder(path / "files", derived(key, id)), status)
        path.mkdir(mode=0o700, parents=True)
        held = _hold(path)
        try:
            fill(run.folder)
            run.folder.write(SHARED, derived(key, SHARED))
            run.folder.write(_PROOF, b"")
            run.folder.write(_TASK, json.dumps(asdict(task)).encode())
            run.set_()
            self._submit(run, task, held)
        except BaseException:
            self.delete(run)
            _release(held)
            raise
        self._tell("begun")
        return run

    def again(self, run: Run, task: Task) -> bool:
        """More work on a run that is done; False when something else is worked on. Raises Busy."""
        held = _hold(run.path)
        if held is None:
            return False
        try:
            self._refuse_when_full()
            run.folder.write(_TASK, json.dumps(asdict(task)).encode())
            run.set_(state="running", label="", done=0, total=0, beginnings=1)
            self._submit(run, task, held)
        except BaseException:
            _release(held)
            raise
        self._tell("begun")
        return True

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
        """The run, if it is there and this is its key; begun again if it was interrupted."""
        if not is_id(id):
            return None
        path = self._owner(key) / id
        status = self._status(path)
        folder = SealedFolder(path / "files", derived(key, id))
        try:
            folder.read(_PROOF)
        except OSError:
            return None
        if not status:
            return None
        run = Run(id, path, folder, status)
        if status.state == "running":
            self._begin_again(run)
        return run

    def _begin_again(self, run: Run) -> None:
        """Begin an interrupted run anew. When there is too much work it waits for the next time."""
        held = _hold(run.path)
        if held is None:
            return None
        run.status = self._status(run.path) or run.status  # it may have ended meanwhile
        began_so_often = run.status.beginnings
        if run.status.state != "running" or len(self._pending) >= _AT_ONCE + _WAITING:
            return _release(held)
        try:
            task = Task(**json.loads(run.folder.read(_TASK)))
            if began_so_often >= _BEGINNINGS:
                raise ValueError
            run.set_(label="", done=0, total=0, beginnings=began_so_often + 1)
            self._submit(run, task, held)
            self._tell("again")
        except (OSError, ValueError):
            with suppress(OSError):
                run.set_(state="failed")
            _release(held)

    def of(self, key: bytes, kind: str) -> list[Run]:
        """The runs that this browser began, newest first."""
        owner = self._owner(key)
        ids = [path.name for path in owner.iterdir()] if owner.is_dir() else []
        runs = (self.open(id, key) for id in ids)
        own = [run for run in runs if run and run.status.kind == kind]
        return sorted(own, key=lambda run: -run.status.began)

    def delete(self, run: Run) -> None:
        shutil.rmtree(run.path, ignore_errors=True)

    def discard(self, run: Run) -> None:
        """Delete it, and remember that its browser did."""
        self.delete(run)
        _remember(run.path, DELETED)

    def became(self, id: str, key: bytes) -> str:
        """What became of a run of this browser: EXPIRED, DELETED, or "" where nothing is known."""
        path = self._owner(key) / id
        if not is_id(id):
            return ""
        if (path / _STATUS).exists() and self._status(path) is None:
            return EXPIRED  # not swept yet
        known = (each for each in (EXPIRED, DELETED) if path.with_suffix(f".{each}").exists())
        return next(known, "")

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

    def keep(self, key: bytes) -> tuple[str, SealedFolder]:
        """A folder for what is to be shown to the browser with this key again, and its id.

        Raises OSError where there are enough of them. It is left to the sweep.
        """
        place = self.root / _KEPT
        if place.is_dir() and sum(1 for _ in place.iterdir()) >= _MOST_KEPT:
            raise OSError(errno.ENOSPC, "too many answers are kept")
        id = secrets.token_urlsafe(16)
        path = place / id
        path.mkdir(mode=0o700, parents=True)
        return id, SealedFolder(path, derived(key, id))

    def kept(self, id: str, key: bytes) -> SealedFolder | None:
        """Such a folder, while its time is not up."""
        path = self.root / _KEPT / id
        if not is_id(id) or not path.is_dir():
            return None
        is_over = time.time() - path.stat().st_mtime >= self.seconds
        return None if is_over else SealedFolder(path, derived(key, id))

    def sweep(self) -> None:
        """Delete what has expired, and what a crash left half made."""
        for path in list(self._folders()):
            if path.suffix:
                if time.time() - path.stat().st_mtime > REMEMBERED:
                    shutil.rmtree(path, ignore_errors=True)
                continue
            status = self._status(path)
            if status is None and time.time() - path.stat().st_mtime < self.seconds:
                continue
            if status is None or status.expires <= time.time():
                is_over = (path / _STATUS).exists()
                shutil.rmtree(path, ignore_errors=True)
                if is_over:
                    _remember(path, EXPIRED)
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

    def _submit(self, run: Run, task: Task, held: int | None) -> None:
        with self._lock:
            self._pending[run.id] = self._workers.submit(self._work, run, task, held)

    def _work(self, run: Run, task: Task, held: int | None) -> None:
        """Raises only for want of room; the log tells the kind of a fault, not its data."""
        outcome = "failed"
        try:
            self._perform(run, task)
            run.set_(state="done")
            outcome = "done"
        except Exception as error:
            _log.error("run failed: %s", type(error).__name__)
            if (run.path / _STATUS).exists():
                with suppress(OSError):
                    run.set_(state="failed")
            else:  # deleted meanwhile
                self.delete(run)
            if is_full(error):  # who still waits is told
                raise
        finally:
            with self._lock:  # not before `_submit` has put it in
                self._pending.pop(run.id, None)
            _release(held)
            self._tell(outcome)

    def _perform(self, run: Run, task: Task) -> None:
        """Begins anew when a process that helps is killed."""
        while True:
            try:
                return self.perform(run, task)
            except BrokenExecutor:
                if run.status.beginnings >= _BEGINNINGS:
                    raise
                self._tell("again")
                run.set_(beginnings=run.status.beginnings + 1)

    def _tell(self, outcome: str) -> None:
        self.watcher(outcome, len(self._pending))

    def _refuse_when_full(self) -> None:
        if len(self._pending) >= _AT_ONCE + _WAITING:
            raise Busy

    def _status(self, path: Path) -> RunState | None:
        """None for what is not there or has expired."""
        try:
            status = RunState(**json.loads((path / _STATUS).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        return status if status.expires > time.time() else None

    def _owner(self, key: bytes) -> Path:
        return self.root / derived(key, "owner").hex()[:32]


def _write(path: Path, content: bytes) -> None:
    hidden = path.with_name(f".{path.name}.{threading.get_ident()}")
    hidden.write_bytes(content)
    hidden.replace(path)


def _remember(path: Path, became: str) -> None:
    """That there was a run; only for its own browser, to tell it what became of it."""
    with suppress(OSError):
        path.with_suffix(f".{became}").mkdir(mode=0o700, exist_ok=True)


def _hold(path: Path) -> int | None:
    """The lock of a run, as a descriptor to close; None while another holds it."""
    try:
        descriptor = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:  # deleted meanwhile
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _release(held: int | None) -> None:
    if held is not None:
        os.close(held)
