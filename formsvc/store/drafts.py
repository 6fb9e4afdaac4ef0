"""What an owner works on before handing it in: several a person, kept here, resumed anywhere."""

from typing import Final

from sqlalchemy import delete, func, select

from formsvc import submissions
from formsvc.forms import Form
from formsvc.store import access, contents, filed, life
from formsvc.store.errors import Invalid, NotAllowed, NotNow, Overtaken
from formsvc.store.models import Filing, Material, Notice, Office
from formsvc.store.store import Work

MOST: Final = 200  # drafts a person


def begin(work: Work, form: Form, data: object, office: int | None = None) -> Filing:
    """A new draft of the actor's. Invalid when there are too many or it is too large."""
    if work.actor.person is None or access.Scope.WRITE not in work.actor.scopes:
        raise NotAllowed("请先登录。", "draft")
    mine = Filing.owner_id == work.actor.person, Filing.state == life.State.DRAFT
    if (work.session.scalar(select(func.count()).where(*mine)) or 0) >= MOST:
        raise Invalid(f"草稿已有 {MOST} 份，请先提交或删除一些。")
    filing = Filing(programme=form.programme.id, form=form.id, owner_id=work.actor.person,
                    state=life.State.DRAFT, created=work.now, changed=work.now)  # fmt: skip
    work.session.add(filing)
    work.session.flush()
    _keep(work, filing, form, data, office)
    work.record("draft-begun", filing)
    return filing


def save(work: Work, id: int, revision: int, data: object, office: int | None = None) -> Filing:
    """Replace what the owner works on. Overtaken when another window saved meanwhile."""
    filing = _mine(work, id, revision, "save")
    _keep(work, filing, life.form_of(work, filing), data, office)
    filing.changed = work.now
    return filing


def discard(work: Work, id: int, revision: int) -> None:
    """Delete a draft that was never handed in; what was, stays."""
    filing = _mine(work, id, revision, "discard")
    if filing.version:
        raise NotNow("已经提交过的材料不能删除，可以改正后重新提交。", "discard", id)
    for table in (Material, Notice):
        work.session.execute(delete(table).where(table.filing_id == id))
    work.record("draft-discarded", filing)
    work.session.delete(filing)


def _mine(work: Work, id: int, revision: int, verb: str) -> Filing:
    filing = life.find(work, id, locked=True)
    life.require_owner(work, filing, verb)
    life.require_editable(filing, verb)
    if filing.revision != revision:
        raise Overtaken
    return filing


def _keep(work: Work, filing: Filing, form: Form, data: object, office: int | None) -> None:
    if len(submissions.encoded(data)) > submissions.MAX_BYTES:
        raise Invalid("内容太大，不能保存。")
    if office is not None and office != filing.office_id:
        chosen = work.session.get(Office, office)
        if chosen is None or not work.actor.is_of(office):
            raise Invalid("请选择您所在的单位。")
        if chosen.programme != filing.programme:
            raise Invalid(f"{chosen.name}不属于这项计划。")
        filing.office_id = office
    contents.seal_draft(work.store.keys, filing, data)
    if not filing.version:  # what others see is what was handed in
        filed.describe(filing, form, data)
    work.session.flush()
