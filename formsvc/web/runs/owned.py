"""A person's job in the store, seen as a run: the same folder, shown by the same pages.

Who the person is opens it, on any computer, where a run is opened by its browser's key.
"""

from typing import Final

from formsvc.sealed import SealedFolder, derived
from formsvc.store import jobs
from formsvc.store.jobs import UNFINISHED, JobState
from formsvc.store.jobtables import BackgroundJob
from formsvc.store.queue import Jobs
from formsvc.store.store import Store
from formsvc.web.held import jobs as background
from formsvc.web.held import signed_in, store
from formsvc.web.runs.runs import OWNED, Run, RunState

_FILES: Final = "files"


def folder(store: Store, id: str) -> SealedFolder:
    """The sealed folder of a job."""
    return SealedFolder(jobs.place(store, id) / _FILES, derived(jobs.key(store), id))


def as_run(store: Store, job: BackgroundJob) -> Run:
    """The job as a run."""
    state = "running" if job.state in UNFINISHED else job.state
    told = RunState(OWNED, state, job.at.timestamp(), job.expires.timestamp(), job.label,
                    job.done, job.total)  # fmt: skip
    return Run(job.id, jobs.place(store, job.id), folder(store, job.id), told)


def found(id: str) -> Run:
    """The job, for its owner, as long as they see all that it read. Raises NotThere for others."""
    held = store()
    with held.reading(signed_in()) as work:
        job = jobs.find(work, id)
        jobs.require_seen(work, id)
        return as_run(held, job)


def reviews() -> list[Run]:
    """The owner's jobs that show a batch, newest first."""
    held = store()
    with held.reading(signed_in()) as work:
        return [as_run(held, job) for job in jobs.mine(work) if job.state == JobState.DONE]


def continue_(run: Run, product: str) -> None:
    """Make something of what was read. Raises Overloaded."""
    with store().writing(signed_in()) as work:
        jobs.again(work, run.id, f"make:{product}")
    queue().wake()


def wait(run: Run, seconds: float) -> bool:
    """Give it a moment; whether it is over."""
    return queue().wait(run.id, seconds)


def discard(id: str) -> None:
    """Delete it; what is being worked on ends by itself."""
    held = store()
    with held.writing(signed_in()) as work:
        jobs.discard(work, id)
    jobs.clear(held, id)


def queue() -> Jobs:
    """The background of this process."""
    return background()
