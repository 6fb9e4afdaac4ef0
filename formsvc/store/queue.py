"""The work in the background of a store: who does it, how far it is, and what becomes of it.

The rows of `jobs` say what is to be done. A thread looks for them, hands them to the durable queue
(`durable`, loaded when there is something to do for the first time), and deletes what has expired.
A process that works holds a slot: a file that it has locked, which is the executor that the queue
knows it by. A slot whose lock is free was left by a process that ended, however that came: whoever
sees it first takes over what was begun there, holding the lock meanwhile, so that nothing is worked
on twice.
"""

import fcntl
import logging
import os
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import select, update

from formsvc.errors import FormsvcError
from formsvc.store import database, jobs
from formsvc.store.errors import Unreachable
from formsvc.store.jobs import FOLDER, UNFINISHED, JobState
from formsvc.store.jobtables import BackgroundJob
from formsvc.store.store import Store

_LOOK: Final = 20.0  # seconds between two looks for what others left
_SOON: Final = 2.0  # seconds, when the look failed
_TELL: Final = 1.0  # seconds between two writings of how far it is
_BEGINNINGS: Final = (
    20  # of one step, before whatever ends its process is taken to be its own fault
)
_PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # seconds
_SLOTS: Final = "slots"
_ID: Final = "id"
_log = logging.getLogger(__name__)


_Given = TypeVar("_Given")


class Undone(FormsvcError):
    """A step failed. It says where and by what kind of fault, and quotes nothing."""


class _Deleted(Exception):
    """The job is no more: its owner deleted it."""


@dataclass
class Doing:
    """A job that is being worked on. `name` is what is done; it may be begun any number of times.

    Its work is a row of steps, of which each may be done twice but counts once; what it did in the
    database it marks with `jobs.items` in the same transaction.
    """

    store: Store
    id: str
    person: int
    name: str
    arguments: dict[str, Any]
    _step: Callable[[str, Callable[[], int]], int]
    _told: float = field(default=0.0)

    def step(self, name: str, act: Callable[[], int]) -> int:
        """Do a step; the number that it gives is remembered and given again."""

        def guarded() -> int:
            try:
                given = act()
            except (_Deleted, Unreachable):  # which is done again
                raise
            except Exception as fault:
                raise Undone(_described(fault)) from None
            self._set(beginnings=0)
            return given

        return self._step(name, guarded)

    def tell(self, label: str, done: int = 0, total: int = 0) -> None:
        """Say how far it is, at most once a second."""
        now = time.monotonic()
        if now - self._told >= _TELL:
            self._told = now
            self._set(label=label, done=done, total=total)

    def _set(self, **changes: object) -> None:
        with self.store.writing() as work:
            query = update(BackgroundJob).where(BackgroundJob.id == self.id).values(**changes)
            if work.session.execute(query).rowcount != 1:  # type: ignore[attr-defined]  # of an update
                raise _Deleted


Performer = Callable[[Doing], None]


class Jobs:
    """The background of one process. `performers` are by the kind that a job names, or by what
    stands before a `:` there."""

    def __init__(self, store: Store, performers: Mapping[str, Performer]) -> None:
        self.store = store
        self._performers = performers
        self._folder = store.data / FOLDER
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._launched = threading.Event()
        self._put: set[str] = set()
        self._at: set[str] = set()
        self._slot: int | None = None
        self._queue = ""

    def start(self) -> None:
        """Begin to look for work. After a fork: it makes threads."""
        (self._folder / _SLOTS).mkdir(mode=0o700, parents=True, exist_ok=True)
        self._thread = threading.Thread(target=self._look, daemon=True, name="jobs")
        self._thread.start()

    def wake(self) -> None:
        """There is something new."""
        self._wake.set()

    def wait(self, id: str, seconds: float) -> bool:
        """Give a job a moment; whether it is over. Without a queue here nothing is waited for."""
        deadline = time.monotonic() + (seconds if self._thread else 0)
        while True:
            with self.store.reading() as work:
                job = work.session.get(BackgroundJob, id)
                if job is None or job.state not in UNFINISHED:
                    return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.1)

    def stop(self) -> None:
        """End it. What is being worked on ends with the process; the next one goes on with it."""
        self._stopping.set()
        self._wake.set()
        if self._thread:
            self._thread.join()
        if self._launched.is_set() and not self._at:
            from formsvc.store import durable  # noqa: PLC0415  # costs time, see there

            durable.shut()
            self._engine.dispose()
            self._launched.clear()
            os.close(self._held)

    # looking for work

    def _look(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self._sweep()
                self._hand_over()
                pause = _LOOK
            except Exception as fault:
                _log.error("jobs: %s", _described(fault))
                pause = _SOON
            self._wake.wait(pause)

    def _sweep(self) -> None:
        """Delete what has expired, and folders without a job."""
        with self.store.writing() as work:
            query = select(BackgroundJob.id).where(BackgroundJob.expires <= work.now)
            over = list(work.session.scalars(query))
            if over:
                jobs.remove(work, over)
        for id in over:
            jobs.clear(self.store, id)
        with self.store.reading() as work:
            known = set(work.session.scalars(select(BackgroundJob.id)))
        for path in self._folder.iterdir():
            with suppress(OSError):
                old = time.time() - path.stat().st_mtime > 60 * _LOOK
                if old and path.name not in known and path.name not in (_SLOTS, _ID):
                    jobs.clear(self.store, path.name)
        if over and self._launched.is_set():
            from formsvc.store import durable  # noqa: PLC0415  # costs time, see there

            durable.forget(lambda turn: turn.partition("-")[0] not in known)

    def _hand_over(self) -> None:
        """Put what is to be done into the queue, and take over what others left."""
        with self.store.reading() as work:
            query = select(BackgroundJob.id, BackgroundJob.turn)
            waiting = [
                f"{id}-{turn}"
                for id, turn in work.session.execute(
                    query.where(BackgroundJob.state.in_(UNFINISHED)).order_by(BackgroundJob.at)
                )
            ]
        self._put &= set(waiting)
        if not waiting:
            return
        from formsvc.store import durable  # noqa: PLC0415  # costs time, see there

        if not self._launched.is_set():
            self._launch()
        for executor, slot in self._others():
            with _locked(slot) as held:
                if held is not None and durable.recover(executor, self._queue):
                    _log.warning("jobs: taken over from a process that ended")
        for turn in waiting:
            if turn not in self._put and not durable.put(self._queue, turn):
                self._fail(turn)
            self._put.add(turn)

    def _launch(self) -> None:
        from formsvc.store import durable  # noqa: PLC0415  # costs time, see there

        self._home = _identity(self._folder)
        self._queue = f"jobs-{self._home}"
        slot = 0
        while (held := _lock(self._folder / _SLOTS / str(slot))) is None:
            slot += 1
        self._slot, self._held = slot, held
        self._engine = database.queue_engine(self.store.settings.database, self.store.data)
        try:
            durable.launch(self._engine, f"{self._home}-{slot}", self._queue, self._work)
        except BaseException:
            durable.shut()
            self._engine.dispose()
            os.close(held)
            raise
        self._launched.set()

    def _others(self) -> Iterator[tuple[str, Path]]:
        for path in sorted((self._folder / _SLOTS).iterdir()):
            if path.name != str(self._slot):
                yield f"{self._home}-{path.name}", path

    # working

    def _work(self, turn: str) -> None:
        """One beginning of a turn. It raises nothing: what became of it stands in the row."""
        from formsvc.store import durable  # noqa: PLC0415  # loaded already

        id, _, number = turn.partition("-")
        self._at.add(turn)
        try:
            doing = _patiently(lambda: self._begun(id, int(number), durable.step))
            if doing is None:
                return
            self._performers[doing.name.partition(":")[0]](doing)
            self._end(turn, JobState.DONE)
        except _Deleted:
            jobs.clear(self.store, id)
        except Exception as fault:
            _log.error("job failed: %s", _described(fault))
            with suppress(Exception):
                self._fail(turn)
        finally:
            self._at.discard(turn)

    def _begun(
        self, id: str, number: int, step: Callable[[str, Callable[[], int]], int]
    ) -> Doing | None:
        """The job, counted as begun; None when there is nothing to do any more."""
        with self.store.writing() as work:
            job = work.session.get(BackgroundJob, id, with_for_update=True)
            if job is None:
                raise _Deleted
            if job.turn != number or job.state not in UNFINISHED:
                return None
            if job.beginnings >= _BEGINNINGS:
                raise Undone("it ended its process again and again")
            job.beginnings += 1
            job.state = JobState.RUNNING
            arguments = jobs.arguments(self.store, job)
            return Doing(self.store, id, job.person_id, job.doing, arguments, step)

    def _fail(self, turn: str) -> None:
        self._end(turn, JobState.FAILED)

    def _end(self, turn: str, state: JobState) -> None:
        _patiently(lambda: self._ended(turn, state))

    def _ended(self, turn: str, state: JobState) -> None:
        id, _, number = turn.partition("-")
        with self.store.writing() as work:
            query = update(BackgroundJob).where(
                BackgroundJob.id == id, BackgroundJob.turn == int(number),
                BackgroundJob.state.in_(UNFINISHED),
            )  # fmt: skip
            work.session.execute(query.values(state=state, finished=work.now))
            gone = work.session.get(BackgroundJob, id) is None
        if gone:
            jobs.clear(self.store, id)


def _identity(folder: Path) -> str:
    """The name of this data folder, made once: who works in it can go on with what lies there."""
    path = folder / _ID
    if not path.exists():
        hidden = folder / f".{uuid.uuid4().hex}"
        hidden.write_text(uuid.uuid4().hex[:12], "ascii")
        with suppress(FileExistsError):
            os.link(hidden, path)
        hidden.unlink()
    return path.read_text("ascii")


def _lock(path: Path) -> int | None:
    """The lock of a slot as a descriptor to close; None while another holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def _locked(path: Path) -> Iterator[int | None]:
    held = _lock(path)
    try:
        yield held
    finally:
        if held is not None:
            os.close(held)


def _patiently(act: Callable[[], _Given]) -> _Given:
    """Do what may be done twice, again while the database does not answer."""
    for pause in _PAUSES:
        try:
            return act()
        except Unreachable:
            time.sleep(pause)
    return act()


def _described(fault: BaseException) -> str:
    """The kind of a fault and where it happened: its text may quote a submission."""
    if isinstance(fault, Undone):
        return str(fault)
    frames = traceback.extract_tb(fault.__traceback__)[-4:]
    places = " < ".join(f"{Path(each.filename).name}:{each.lineno}" for each in reversed(frames))
    return f"{type(fault).__name__} at {places}"
