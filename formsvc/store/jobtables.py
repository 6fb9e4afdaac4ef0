"""The tables of the work in the background: see `models` for how they are kept."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from formsvc.store.columns import Base


class BackgroundJob(Base):
    """What a person had done in the background: see `jobs`. Its results lie in a sealed folder.

    `state` is one of `jobs.JobState`; `doing` names what is done, the `turn`th time that something
    is done in its folder; `beginnings` counts how often that was begun without a step being done.
    """

    __tablename__ = "job"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    doing: Mapped[str] = mapped_column(String(40))
    turn: Mapped[int] = mapped_column(Integer, default=1)
    title: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(10), index=True)
    label: Mapped[str] = mapped_column(String(40), default="")
    done: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[int] = mapped_column(Integer, default=0)
    beginnings: Mapped[int] = mapped_column(Integer, default=0)
    at: Mapped[datetime]
    finished: Mapped[datetime | None]
    expires: Mapped[datetime] = mapped_column(index=True)
    sealed: Mapped[bytes]


class JobItem(Base):
    """What a job did with one thing, written in the transaction that did it: so it is done once.

    `filing_id` is what was read (its `version`) or made; `why` a code of why nothing was made.
    """

    __tablename__ = "job_item"

    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    filing_id: Mapped[int | None]
    version: Mapped[int] = mapped_column(Integer, default=0)
    why: Mapped[str] = mapped_column(String(20), default="")
