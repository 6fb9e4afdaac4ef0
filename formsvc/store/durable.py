"""The durable queue itself, DBOS: what was begun is worked on to its end, by whoever is there.

Imported only where there is work to do: it costs 0.15 s and 15 MB. A process has one queue. Its
rows hold ids and counts; what fails is told by its kind and place, never by what it says.
"""

import logging
from collections.abc import Callable
from typing import Final

from dbos import DBOS, DBOSConfig, SetWorkflowID
from sqlalchemy import Engine

from formsvc.store.errors import Unreachable

_VERSION: Final = "1"  # pinned: who is begun anew after an update goes on with what was begun
_SCHEMA: Final = "formsvc_jobs"
_AT_ONCE: Final = 2
_POLL: Final = 0.5  # seconds
_ATTEMPTS: Final = 9  # of a step while the database does not answer
_PAUSE: Final = 0.5  # seconds before the second attempt, then twice as long each time
_SELDOM: Final = 600.0  # what is not used here is not looked for
_OVER: Final = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_work: list[Callable[[str], None]] = []


@DBOS.workflow(name="job", max_recovery_attempts=10_000)  # `queue` counts for itself
def _job(turn: str) -> None:
    _work[0](turn)


def launch(engine: Engine, executor: str, name: str, work: Callable[[str], None]) -> None:
    """Begin to work: `work` is called with what `put` was given, until it returns.

    What an earlier process of this executor was at is begun again.
    """
    logging.getLogger("dbos").setLevel(logging.CRITICAL)
    _work[:] = [work]
    DBOS(
        config=DBOSConfig(
            name="formsvc-jobs",
            system_database_engine=engine,
            dbos_system_schema=_SCHEMA,
            application_version=_VERSION,
            executor_id=executor,
            enable_otlp=False,
            log_level="CRITICAL",
            console_log_level="CRITICAL",
            use_listen_notify=False,
            max_executor_threads=_AT_ONCE + 2,
            scheduler_polling_interval_sec=_SELDOM,
        )
    )
    DBOS.listen_queues([name])
    DBOS.launch()
    DBOS.register_queue(name, worker_concurrency=_AT_ONCE, polling_interval_sec=_POLL)


def put(name: str, turn: str) -> bool:
    """Queue a turn; the same one once, however often it is put. False when it is over already."""
    with SetWorkflowID(turn):
        handle = DBOS.enqueue_workflow(name, _job, turn)
    return handle.get_status().status not in _OVER


def step(name: str, act: Callable[[], int]) -> int:
    """Do a step of the work; when it was done in an earlier beginning, only what came of it.

    While the database does not answer it is done again, for a minute and more.
    """
    return DBOS.run_step(
        {
            "name": name,
            "retries_allowed": True,
            "max_attempts": _ATTEMPTS,
            "interval_seconds": _PAUSE,
            "backoff_rate": 2.0,
            "should_retry": lambda fault: isinstance(fault, Unreachable),
        },
        act,
    )


def recover(executor: str, name: str) -> int:
    """Take over what a process was at that is no more; how much that was."""
    left = DBOS.list_workflows(
        executor_id=executor, status="PENDING", load_input=False, load_output=False
    )
    for each in left:
        DBOS.resume_workflow(each.workflow_id, queue_name=name)
    return len(left)


def forget(turns: Callable[[str], bool]) -> None:
    """Delete what is over and of which `turns` says so."""
    over = DBOS.list_workflows(status=list(_OVER), load_input=False, load_output=False)
    ids = [each.workflow_id for each in over if turns(each.workflow_id)]
    if ids:
        DBOS.delete_workflows(ids)


def shut() -> None:
    """End the queue of this process."""
    DBOS.destroy()
    _work.clear()
