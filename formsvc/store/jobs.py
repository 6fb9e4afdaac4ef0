"""What people have done in the background: begun, looked at, done once more, deleted.

A job is a row that its owner alone sees, and a sealed folder of its own in the data folder, for
what it works on and what comes of it. Whoever begins one writes the row and is done; `queue` finds
it and works on it, in this process or another.
"""

import json
import shutil
import uuid
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Select, delete, func, not_, select, update

from formsvc.store import access
from formsvc.store.access import Scope
from formsvc.store.errors import NotAllowed, NotNow, NotThere, Overloaded
from formsvc.store.jobtables import BackgroundJob, JobItem
from formsvc.store.models import Filing
from formsvc.store.store import Store, Work

FOLDER: Final = "jobs"
MOST: Final = 40  # unfinished ones, of everybody
MOST_OWN: Final = 4  # of one person


class JobState(StrEnum):
    """How far a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def label(self) -> str:
        """What people call it."""
        return {"waiting": "等待开始", "running": "正在处理", "done": "已完成",
                "failed": "没有完成"}[self.value]  # fmt: skip


UNFINISHED: Final = (JobState.WAITING, JobState.RUNNING)


def new_id() -> str:
    """An id, before there is a row: its folder is filled first."""
    return uuid.uuid4().hex


def begin(
    work: Work, id: str, kind: str, title: str, arguments: Mapping[str, Any]
) -> BackgroundJob:
    """Put a job of the actor in the queue. Raises Overloaded.

    `title` is read in the clear and names nobody; the `arguments`, as JSON has them, are sealed.
    """
    require_writing(work)
    _refuse_when_full(work)
    job = BackgroundJob(
        id=id, person_id=work.actor.person, kind=kind, doing=kind, title=title,
        state=JobState.WAITING, at=work.now,
        expires=work.now + timedelta(days=work.store.settings.job_days),
        sealed=work.store.keys.seal(json.dumps(arguments).encode(), _place(id)),
    )  # fmt: skip
    work.session.add(job)
    work.record("job-begun", job=id, job_kind=kind)
    return job


def again(work: Work, id: str, doing: str) -> BackgroundJob:
    """Something more in the folder of a job that is over, named `doing`. Raises Overloaded."""
    require_writing(work)
    job = find(work, id)
    if job.state in UNFINISHED:
        raise NotNow("这件事还在处理，请等它完成。", "job")
    _refuse_when_full(work)
    job.doing, job.turn, job.state, job.beginnings = doing, job.turn + 1, JobState.WAITING, 0
    job.label, job.done, job.total = "", 0, 0
    return job


def find(work: Work, id: str) -> BackgroundJob:
    """A job of the actor's own. Raises NotThere for another's, and when its time is over."""
    query = _own(work).where(BackgroundJob.id == id)
    job: BackgroundJob | None = work.session.scalar(query)
    if job is None:
        raise NotThere
    return job


def mine(work: Work) -> list[BackgroundJob]:
    """The actor's jobs, newest first."""
    return list(work.session.scalars(_own(work).order_by(BackgroundJob.at.desc())))


def require_seen(work: Work, id: str) -> None:
    """NotThere when a job read what the actor does not see any more: who left an office takes no
    results along."""
    hidden = (
        select(JobItem.number)
        .join(Filing, Filing.id == JobItem.filing_id)
        .where(JobItem.job_id == id, not_(access.visible(work.actor)))
    )
    if work.session.scalar(hidden.limit(1)) is not None:
        raise NotThere


def discard(work: Work, id: str) -> None:
    """Delete a job; `clear` its folder when that is committed. One that runs ends by itself."""
    require_writing(work)
    remove(work, [find(work, id).id])


def remove(work: Work, ids: list[str]) -> None:
    """Delete rows of jobs."""
    work.session.execute(delete(JobItem).where(JobItem.job_id.in_(ids)))
    work.session.execute(delete(BackgroundJob).where(BackgroundJob.id.in_(ids)))


def arguments(store: Store, job: BackgroundJob) -> dict[str, Any]:
    """What a job was begun with."""
    plain: dict[str, Any] = json.loads(store.keys.unseal(job.sealed, _place(job.id)))
    return plain


def items(work: Work, id: str) -> list[JobItem]:
    """What a job did so far, in its order."""
    query = select(JobItem).where(JobItem.job_id == id).order_by(JobItem.number)
    return list(work.session.scalars(query))


def reached(work: Work, id: str) -> int:
    """The number of the last thing that a job did, 0 for none; holds the job until the commit.

    Whoever calls it does the next things in this transaction. Raises NotThere when it was deleted.
    """
    held = update(BackgroundJob).where(BackgroundJob.id == id)
    done = work.session.execute(held.values(state=JobState.RUNNING, beginnings=0))
    if done.rowcount != 1:  # type: ignore[attr-defined]  # of an update
        raise NotThere
    return work.session.scalar(select(func.max(JobItem.number)).where(JobItem.job_id == id)) or 0


def place(store: Store, id: str) -> Path:
    """Where a job's sealed files lie."""
    return store.data / FOLDER / id


def key(store: Store) -> bytes:
    """What the keys of the jobs' folders are derived from; it outlasts a rotation."""
    return store.keys.derived("jobs")


def clear(store: Store, id: str) -> None:
    """Delete a job's files."""
    shutil.rmtree(place(store, id), ignore_errors=True)


def _own(work: Work) -> Select[BackgroundJob]:
    own = BackgroundJob.person_id == work.actor.person
    return select(BackgroundJob).where(own, BackgroundJob.expires > work.now)


def require_writing(work: Work) -> None:
    """NotAllowed for nobody, and for a token that only reads."""
    if work.actor.person is None or Scope.WRITE not in work.actor.scopes:
        raise NotAllowed("请先登录，或使用可以办理的令牌。", "job")


def _refuse_when_full(work: Work) -> None:
    unfinished = select(func.count()).where(BackgroundJob.state.in_(UNFINISHED))
    own = unfinished.where(BackgroundJob.person_id == work.actor.person)
    if (work.session.scalar(unfinished) or 0) >= MOST or (
        work.session.scalar(own) or 0
    ) >= MOST_OWN:
        raise Overloaded


def _place(id: str) -> str:
    return f"job/{id}"
