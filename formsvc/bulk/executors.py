"""Where chunks are worked on: in this process, in processes beside it, or on a Dask cluster."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, cast

from formsvc import forkserver
from formsvc.errors import ConfigError

# How often a chunk may be lost with its worker before the run gives up.
_RETRIES = 5
# Tasks done at once before processes are started at all: a small batch needs none.
_FIRST = 4


class HereExecutor(Executor):
    """Does each task at once, in the calling thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


class _Growing(HereExecutor):
    """Does the first tasks in the calling thread and starts processes only for more than these."""

    def __init__(self, count: int, first: int) -> None:
        self._count = count
        self._first = first
        self._pool: ProcessPoolExecutor | None = None

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        if self._first > 0:
            self._first -= 1
            return super().submit(fn, *args, **kwargs)
        if self._pool is None:
            # A fork has the forms loaded already; where there are threads it is not safe.
            alone = threading.active_count() == 1
            context = multiprocessing.get_context("fork") if alone else forkserver.context()
            self._pool = ProcessPoolExecutor(
                self._count, mp_context=context, initializer=_end_with_parent
            )
        return self._pool.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        if self._pool:
            self._pool.shutdown(wait, cancel_futures=cancel_futures)


def _end_with_parent() -> None:
    """Have this process end when the one that gives it work is killed."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


@contextmanager
def opened(workers: int | None, scheduler: str | None) -> Iterator[tuple[Executor, int]]:
    """(executor, how many chunks to have under way at once).

    `workers` processes, by default one a core; or the cluster at `scheduler`, such as
    `tcp://host:8786`. ConfigError when the cluster cannot be reached.
    """
    if scheduler:
        yield from _cluster(scheduler)
        return
    count = workers or len(os.sched_getaffinity(0))
    here = HereExecutor() if count == 1 else _Growing(count, 0 if workers else _FIRST)
    with here:
        yield here, count * 3 if count > 1 else 1


def _cluster(scheduler: str) -> Iterator[tuple[Executor, int]]:
    try:
        import distributed  # noqa: PLC0415  # comes with the extra `cluster`
    except ImportError:
        raise ConfigError("--scheduler needs `pip install formsvc[cluster]`") from None
    try:
        connect: Any = distributed.Client
        client = connect(scheduler, timeout=10, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise ConfigError(f"--scheduler {scheduler}：连不上（{error}）") from None
    with client:
        threads = sum(client.nthreads().values())
        executor = client.get_executor(retries=_RETRIES)
        yield cast(Executor, executor), max(threads, 2) * 3
