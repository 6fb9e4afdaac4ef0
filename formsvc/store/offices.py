"""Offices as a tree, and which of them a stage is done by."""

from typing import Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, selectinload

from formsvc.forms import Programme, Stage
from formsvc.store import access, notices, standing
from formsvc.store.errors import Invalid, NotNow, Refused
from formsvc.store.events import Plain
from formsvc.store.models import Filing, Office
from formsvc.store.store import Work

_SUCCESSORS: Final = 500  # that a page offers


def add(
    work: Work, programme: Programme, kind: str, name: str, parent: Office | None, code: str = ""
) -> Office:
    """A new office under another one, or at the top. Invalid says why it cannot stand there."""
    known = programme.offices.get(kind)
    if known is None:
        raise Invalid(f"“{kind}”不是{programme.title}的机构类别。")
    name = _name(name)
    if (parent.kind if parent else None) not in (known.below or (None,)):
        titles = "、".join(programme.offices[each].title for each in known.below) or "最上层"
        raise Invalid(f"{known.title}“{name}”应设在{titles}之下。")
    if parent is not None and not stays_open(work, parent):
        raise NotNow(f"“{parent.name}”已经关闭，不能在它之下新设机构。", "add-office")
    _is_new(work, programme, kind, name)
    office = Office(programme=programme.id, kind=kind, name=name, code=code,
                    parent_id=parent.id if parent else None)  # fmt: skip
    work.session.add(office)
    work.session.flush()
    office.path = f"{parent.path if parent else '/'}{office.id}/"
    record(work, "office-added", office, of=kind)
    return office


def record(work: Work, kind: str, office: Office, **details: Plain) -> None:
    """An event that changed an office's row, with a keyed digest over what it is then."""
    row = {standing.OFFICE: standing.of_office(work.store.keys, office)}
    work.record(kind, None, office.id, **details, **row)


def rename(work: Work, office: Office, programme: Programme, name: str) -> None:
    """Give an office another name. Invalid when it cannot have it."""
    name = _name(name)
    if name != office.name:
        _is_new(work, programme, office.kind, name)
        office.name = name
        record(work, "office-renamed", office)


def stays_open(work: Work, office: Office) -> bool:
    """Whether an office is open; it is then not closed before this transaction ends."""
    work.session.refresh(office, with_for_update={"read": True})
    return not office.closed


def close(work: Work, office: Office, successor: Office | None = None) -> None:
    """Nothing comes to an office any more; what is not over there goes to its successor, also from
    one that is closed already. NotNow while there is something and no successor, or offices below.
    """
    # Whoever brings something here holds it open: they are waited for, or see it closed. What only
    # names the office (a draft, an event) need not wait.
    work.session.refresh(office, with_for_update={"key_share": True})
    if successor is not None:
        hand_over(work, office, successor)
    if office.closed:
        return
    below = select(func.count()).where(Office.parent_id == office.id, Office.closed.is_(False))
    if number := work.session.scalar(below):
        raise NotNow(f"“{office.name}”之下还有 {number} 个机构，请先关闭它们。", "close-office")
    if number := unfinished(work, office):
        raise NotNow(
            f"“{office.name}”还有 {number} 份材料没有办完，不能关闭：请选一个接办的机构，"
            "关闭时一并转过去；或者先办完。", "close-office",
        )  # fmt: skip
    office.closed = True
    record(work, "office-closed", office)


def unfinished(work: Work, office: Office) -> int:
    """How many submissions lie with an office, or were handed in through it and are not over."""
    return work.session.scalar(select(func.count()).select_from(Filing).where(_left(office))) or 0


def _left(office: Office) -> ColumnElement[bool]:
    handed = (Filing.office_id == office.id) & Filing.closed.is_(None) & (Filing.version > 0)
    return or_(Filing.holder_id == office.id, handed)


def successors(work: Work, office: Office) -> list[Office]:
    """The offices that may go on with what an office leaves: open ones of its kind, and those of
    the actor's."""
    query = select(Office).where(
        Office.programme == office.programme, Office.kind == office.kind, Office.id != office.id,
        Office.closed.is_(False), access.manageable(work.actor),
    )  # fmt: skip
    return list(work.session.scalars(query.order_by(Office.name).limit(_SUCCESSORS)))


def hand_over(work: Work, office: Office, successor: Office) -> int:
    """Lay all that an office has not finished before another one of its kind; how much that was.

    Each is an event. Drafts go along: their owners hand them in through the successor, once they
    are invited there.
    """
    same = (successor.programme, successor.kind) == (office.programme, office.kind)
    if successor.id == office.id or not same:
        raise Invalid("接办的机构应是同一计划、同一类别的另一个机构。")
    if not stays_open(work, successor):
        raise NotNow(f"“{successor.name}”已经关闭，不能接办。", "close-office")
    drafts = (Filing.office_id == office.id) & (Filing.version == 0)
    query = select(Filing).where(or_(_left(office), drafts)).order_by(Filing.id)
    loads = selectinload(Filing.versions), selectinload(Filing.passages)
    found = work.session.scalars(query.options(*loads).with_for_update(key_share=True)).all()
    for filing in found:
        if filing.office_id == office.id:
            filing.office_id = successor.id
        if filing.holder_id == office.id:
            filing.holder_id = successor.id
            for passage in filing.passages:
                if not passage.outcome:
                    passage.office_id = successor.id
            text = f"“{filing.title}”由{office.name}转来，请办理。"
            notices.tell_office(work, filing, successor, text)
        filing.changed = work.now
        work.record("handed-over", filing, office.id, successor=successor.id)
        notices.tell_owner(work, filing, f"“{filing.title}”改由{successor.name}接办。")
    return len(found)


def reopen(work: Work, office: Office) -> None:
    """What was closed works again. NotNow while the office above it is closed."""
    if office.parent is not None and not stays_open(work, office.parent):
        raise NotNow(f"请先重新启用上级机构“{office.parent.name}”。", "reopen-office")
    if office.closed:
        office.closed = False
        record(work, "office-reopened", office)


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > 200 or not name.isprintable():
        raise Invalid("机构名称应为 1 至 200 个字符。")
    return name


def _is_new(work: Work, programme: Programme, kind: str, name: str) -> None:
    same = select(Office).where(
        Office.programme == programme.id, Office.kind == kind, Office.name == name
    )
    if work.session.scalar(same):
        raise Invalid(f"{programme.offices[kind].title}“{name}”已经有了。")


def responsible(session: Session, unit: Office, stage: Stage, programme: Programme) -> Office:
    """Who does a stage for a unit: the nearest office of the stage's kinds above it, or itself.

    Where none above is of such a kind, the one office beside them that is: a finance office stands
    beside the office that it pays for. Refused where there is none, or it is closed: the work of
    one office is never laid before another that happens to be of its kind.
    """
    above = _above(session, unit)
    for at in above:
        if at.kind in stage.offices:
            if at.closed:
                raise Refused(f"{at.name}已停用，“{stage.title}”没有人办；请管理员先设好机构。")
            return at
    for at in above:
        beside = select(Office).where(
            Office.programme == programme.id,
            Office.parent_id.is_not_distinct_from(at.parent_id),
            Office.kind.in_(stage.offices),
            Office.closed.is_(False),
        )
        near = session.scalars(beside.limit(2)).all()
        if len(near) == 1:
            return near[0]
        if near:
            names = "、".join(each.name for each in near)
            raise Refused(f"“{stage.title}”该由谁办定不下来（{names}）；请管理员先设好机构。")
    titles = "或".join(programme.offices[kind].title for kind in stage.offices)
    raise Refused(
        f"“{unit.name}”之上还没有设{titles}，“{stage.title}”没有人办；请管理员先设好机构。"
    )


def _above(session: Session, unit: Office) -> list[Office]:
    """An office and those above it, up to the top."""
    ids = [int(each) for each in unit.path.split("/") if each]
    known = {each.id: each for each in session.scalars(select(Office).where(Office.id.in_(ids)))}
    return [known[id] for id in reversed(ids)]
