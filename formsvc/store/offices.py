"""Offices as a tree, and which of them a stage is done by."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from formsvc.forms import Programme, Stage
from formsvc.store.errors import Invalid, Refused
from formsvc.store.models import Office
from formsvc.store.store import Work


def add(
    work: Work, programme: Programme, kind: str, name: str, parent: Office | None, code: str = ""
) -> Office:
    """A new office under another one, or at the top. Invalid says why it cannot stand there."""
    known = programme.offices.get(kind)
    if known is None:
        raise Invalid(f"“{kind}”不是{programme.title}的机构类别。")
    name = " ".join(name.split())
    if not name or len(name) > 200:
        raise Invalid("机构名称应为 1 至 200 个字符。")
    if (parent.kind if parent else None) not in (known.below or (None,)):
        titles = "、".join(programme.offices[each].title for each in known.below) or "最上层"
        raise Invalid(f"{known.title}“{name}”应设在{titles}之下。")
    same = select(Office).where(
        Office.programme == programme.id, Office.kind == kind, Office.name == name
    )
    if work.session.scalar(same):
        raise Invalid(f"{known.title}“{name}”已经有了。")
    office = Office(programme=programme.id, kind=kind, name=name, code=code,
                    parent_id=parent.id if parent else None)  # fmt: skip
    work.session.add(office)
    work.session.flush()
    office.path = f"{parent.path if parent else '/'}{office.id}/"
    work.record("office-added", office=office.id, of=kind)
    return office


def responsible(session: Session, unit: Office, stage: Stage, programme: Programme) -> Office:
    """Who does a stage for a unit: the nearest office of the stage's kinds, Refused for none.

    That is the unit itself, else an office beside it, else the one above and those beside that one,
    and so on: a finance office stands beside the office that it pays for.
    """
    at: Office | None = unit
    while at is not None:
        beside = select(Office).where(
            Office.programme == programme.id,
            Office.parent_id.is_not_distinct_from(at.parent_id),
            Office.kind.in_(stage.offices),
            Office.closed.is_(False),
        )  # fmt: skip
        near = session.scalars(beside.order_by(Office.id != at.id, Office.id)).first()
        if near is not None:
            return near
        at = at.parent
    titles = "或".join(programme.offices[kind].title for kind in stage.offices)
    raise Refused(
        f"“{unit.name}”之上还没有设{titles}，“{stage.title}”没有人办；请管理员先设好机构。"
    )
