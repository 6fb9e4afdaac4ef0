"""Several processes on one listening socket: begun anew when they end, ended with their parent."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Final, NoReturn

# Exit code of a worker that cannot start at all: a wrong setting, a faulty form.
HOPELESS: Final = 2
# A worker that ended sooner than this is begun anew only after a moment.
_SOON: Final = 2.0
_SIGNALS: Final = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})

Work = Callable[[int], None]


def supervise(count: int, work: Work, grace: float) -> int:
    """Run `work(place)` in `count` forked processes until SIGTERM or SIGINT; the exit code.

    Forks, so the caller has no threads yet. Who ends is begun anew at its place, 0 to count - 1.
    After the signal the processes have `grace` seconds.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    alive, held = os.pipe()
    begun: dict[int, tuple[int, float]] = {}
    code: int | None = None
    for place in range(count):
        begun[_begin(place, work, alive, held)] = place, time.monotonic()
    while code is None:
        if signal.sigwait(_SIGNALS) != signal.SIGCHLD:
            code = 0
            break
        for pid, status in _ended():
            place, since = begun.pop(pid)
            if os.waitstatus_to_exitcode(status) == HOPELESS:
                code = HOPELESS
                break
            if time.monotonic() - since < _SOON:
                time.sleep(1)
            begun[_begin(place, work, alive, held)] = place, time.monotonic()
    _end(set(begun), grace)
    return code


def _begin(place: int, work: Work, alive: int, held: int) -> int:
    pid = os.fork()
    if not pid:
        os.close(held)
        threading.Thread(target=_end_with_parent, args=(alive,), daemon=True).start()
        _work(place, work)
    return pid


def _work(place: int, work: Work) -> NoReturn:
    """The child. It leaves at once when its work is over: background runs begin again elsewhere."""
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        work(place)
    except SystemExit as leaving:
        os._exit(leaving.code if isinstance(leaving.code, int) else 1)
    except BaseException as fault:
        os.write(2, f"formsvc: a worker ended: {type(fault).__name__}\n".encode())
        os._exit(1)
    os._exit(0)


def _end_with_parent(alive: int) -> None:
    """Nobody writes to this pipe: it ends when the parent does, however that came."""
    os.read(alive, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _ended() -> list[tuple[int, int]]:
    found = []
    with contextlib.suppress(ChildProcessError):
        while (one := os.waitpid(-1, os.WNOHANG))[0]:
            found.append(one)
    return found


def _end(pids: set[int], grace: float) -> None:
    deadline = time.monotonic() + grace
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    while pids and time.monotonic() < deadline:
        signal.sigtimedwait(_SIGNALS, 0.5)
        pids -= {pid for pid, _ in _ended()}
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
