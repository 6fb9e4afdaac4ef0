"""The life of a filing: handed in, passed on from office to office, sent back, withdrawn, closed.

Every verb checks who asks, in what state the filing is, and that it is as the asker saw it
(`revision`, and for an opinion the digest of the version); changes it; and records one event.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from formsvc.checks import stages
from formsvc.findings import Finding
from formsvc.forms import Form, Stage
from formsvc.forms.form import APPLICANT
from formsvc.store import access, comparing, contents, filed, notices, offices, standing
from formsvc.store.errors import (
    Invalid,
    NotAllowed,
    NotNow,
    NotReady,
    NotThere,
    Overtaken,
    Refused,
    Reused,
    Void,
)
from formsvc.store.models import (
    Filing,
    Material,
    Office,
    Passage,
    Repeat,
    Version,
)
from formsvc.store.store import Work
from formsvc.writing.notation import CHINA

MAX_WORDS: Final = 2_000
_BEYOND: Final = 1 << 63  # no database numbers its rows so far


class State(StrEnum):
    """Where a filing is in its life."""

    DRAFT = "draft"
    OPEN = "open"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    CONCLUDED = "concluded"

    @property
    def label(self) -> str:
        """What people call it."""
        return _LABELS[self]


_LABELS: Final = {
    State.DRAFT: "草稿",
    State.OPEN: "办理中",
    State.RETURNED: "已退回",
    State.WITHDRAWN: "已撤回",
    State.REFUSED: "不予通过",
    State.CONCLUDED: "已办结",
}
EDITABLE: Final = frozenset({State.DRAFT, State.RETURNED, State.WITHDRAWN})


class Outcome(StrEnum):
    """How a stay at a stage ended."""

    FILED = "filed"
    PASSED = "passed"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"

    @property
    def label(self) -> str:
        """What people call it."""
        return {"filed": "提交", "passed": "通过", "returned": "退回", "withdrawn": "撤回",
                "refused": "不予通过"}[self.value]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Opinion:
    """What an office says when it hands on, sends back or refuses; `digest` is of the version that
    it looked at, hexadecimal."""

    digest: str
    words: str = ""
    findings: Sequence[Finding] = ()


def find(work: Work, id: int, *, locked: bool = False) -> Filing:
    """A filing that the actor may see; `locked` to change it: nobody else does before this
    transaction ends. Raises NotThere."""
    if not 0 < id < _BEYOND:
        raise NotThere
    query = select(Filing).where(Filing.id == id, access.visible(work.actor))
    query = query.options(selectinload(Filing.versions), selectinload(Filing.passages))
    if locked:  # read anew, when it was read before the lock
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    filing = work.session.scalar(query)
    if filing is None:
        raise NotThere
    return filing


def form_of(work: Work, filing: Filing, edition: str = "") -> Form:
    """The form of a filing, in the edition of a version or else the one in force.

    Raises NotNow where it is not served any more: no other edition stands in for it.
    """
    catalogue = work.store.forms[0]
    form = (
        catalogue.edition(filing.form, edition)
        if edition
        else catalogue.in_force(filing.form, work.today)
    )
    if form is None:
        raise NotNow("本服务现在没有这种表的这一版，请与管理员联系。", filing=filing.id)
    return form


def current(filing: Filing) -> Version:
    """The version that was handed in last. Raises NotThere for a draft."""
    if not filing.version:
        raise NotThere
    return filing.versions[filing.version - 1]


def lying(filing: Filing) -> Passage:
    """Its stay at the stage where it lies. Raises NotNow when it lies nowhere."""
    for passage in reversed(filing.passages):
        if not passage.outcome:
            return passage
    raise NotNow("这份材料现在不在办理中。", filing=filing.id)


# by its owner


def hand_in(work: Work, id: int, revision: int, *, key: str = "", request: str = "") -> Version:
    """Freeze what the owner works on and send it on its way; the version.

    With a `key` (Idempotency-Key) the same `request` is done once, however often it comes. Raises
    NotReady with the report when there are errors.
    """
    filing = find(work, id, locked=True)
    if key and (given := work.session.get(Repeat, (work.actor.person, key))):
        if given.request != request or given.filing_id != id:
            raise Reused("同一个 Idempotency-Key 已用于另一次提交。", "hand-in", id)
        return filing.versions[given.version - 1]
    require_owner(work, filing, "hand-in")
    require_editable(filing, "hand-in")
    _unchanged(filing, revision)
    data = contents.draft(work.store.keys, filing)
    filed.in_turn(work)
    checked, entries = comparing.check(work, filing, data)
    if checked.form is None or not checked.report.ok:
        raise NotReady(checked.report, id)
    form, data = checked.form, checked.data
    unit, way = _begun(work, filing, form, data)
    number = filing.version + 1
    version = contents.frozen(work.store.keys, filing, number, data, checked.report)
    version.handed, version.person_id = work.now, filing.owner_id
    filing.versions.append(version)
    filing.number = filing.number or filed.number(work)
    filing.version, filing.edition, filing.handed = number, form.edition, work.now
    filing.errors, filing.warnings = checked.report.errors, checked.report.warnings
    filing.sealed, filing.amount = None, filed.amount(form, data, way)
    filed.index(work, filing, form, data, entries)
    _stay(work, filing, way[0].id, unit, Outcome.FILED, version)
    _move(work, filing, form, data, unit, way[1:])
    if key:
        work.session.add(Repeat(person_id=filing.owner_id, key=key, request=request, filing_id=id,
                                version=number, at=work.now))  # fmt: skip
    work.record("handed-in", filing, filing.office_id, version=number, digest=version.digest,
                edition=form.edition, errors=filing.errors, warnings=filing.warnings,
                to=filing.stage,
                **standing.found_by(work.session, work.store.keys, id))  # fmt: skip
    return version


def withdraw(work: Work, id: int, revision: int) -> Filing:
    """Take back what one handed in, to change it, as long as it is not over."""
    filing = find(work, id, locked=True)
    require_owner(work, filing, "withdraw")
    _open(filing, "withdraw")
    _unchanged(filing, revision)
    passage = lying(filing)
    passage.outcome, passage.left, passage.person_id = Outcome.WITHDRAWN, work.now, filing.owner_id
    _back(work, filing, State.WITHDRAWN)
    work.record("withdrawn", filing, passage.office_id, version=filing.version, stage=passage.stage)
    return filing


# by the office where it lies


def pass_on(work: Work, id: int, revision: int, opinion: Opinion) -> Filing:
    """Hand a filing on to the next stage; after the last one it is concluded."""
    filing, passage = _handled(work, id, revision, opinion, "pass-on")
    form = form_of(work, filing, current(filing).edition)
    data = contents.data(work.store.keys, current(filing))
    ahead = _ahead(form, data, passage, current(filing).handed)
    stamped = any(stage.id == passage.stage and stage.signatures for stage in form.stages)
    scan = has_scan(work, filing) if stamped else None
    mac = _settle(work, passage, Outcome.PASSED, opinion)
    unit = work.session.get_one(Office, filing.office_id)
    _move(work, filing, form, data, unit, ahead)
    work.record("passed-on", filing, passage.office_id, version=filing.version, opinion=mac,
                digest=passage.digest, stage=passage.stage, to=filing.stage, scan=scan)  # fmt: skip
    return filing


def has_scan(work: Work, filing: Filing) -> bool:
    """Whether a scan of the stamped paper was added at the stage where it lies."""
    query = select(Material.id).where(
        Material.filing_id == filing.id, Material.version == filing.version,
        Material.stage == filing.stage, Material.kind == "scan",
    )  # fmt: skip
    return work.session.scalar(query.limit(1)) is not None


def give_back(work: Work, id: int, revision: int, opinion: Opinion, until: date | None) -> Filing:
    """Send a filing back to its owner, with what is to be mended and until when."""
    if not opinion.words and not opinion.findings:
        raise Invalid("退回时请写明原因，或选出要改正的问题。")
    if until is not None and until < work.today:
        raise Invalid("改正期限不能早于今天。")
    filing, passage = _handled(work, id, revision, opinion, "return")
    mac = _settle(work, passage, Outcome.RETURNED, opinion)
    _back(work, filing, State.RETURNED)
    filing.due = until
    work.record("returned", filing, passage.office_id, version=filing.version, opinion=mac,
                digest=passage.digest, stage=passage.stage, findings=len(opinion.findings),
                until=until.isoformat() if until else None)  # fmt: skip
    notices.tell_owner(work, filing, f"“{filing.title}”被退回，请按意见改正后重新提交。")
    return filing


def refuse(work: Work, id: int, revision: int, opinion: Opinion) -> Filing:
    """End a filing without granting it."""
    if not opinion.words:
        raise Invalid("不予通过时请写明理由。")
    filing, passage = _handled(work, id, revision, opinion, "refuse")
    mac = _settle(work, passage, Outcome.REFUSED, opinion)
    _close(work, filing, State.REFUSED)
    work.record("not-granted", filing, passage.office_id, version=filing.version, opinion=mac,
                digest=passage.digest, stage=passage.stage)  # fmt: skip
    notices.tell_owner(work, filing, f"“{filing.title}”审核不予通过，请看理由。")
    return filing


# what is asked before anything is changed


def require_owner(work: Work, filing: Filing, verb: str) -> None:
    """Refused for anybody but whose filing it is."""
    if filing.owner_id != work.actor.person:
        raise NotAllowed("只有申报人本人可以这样做。", verb, filing.id)
    if access.Scope.WRITE not in work.actor.scopes:
        raise NotAllowed("这个令牌只能读取。", verb, filing.id)


def require_editable(filing: Filing, verb: str) -> None:
    """Refused while others have it, and when it is over."""
    if filing.erased is not None:
        raise NotNow("这份材料的内容已到期删除，请新建一份。", verb, filing.id)
    if filing.state not in EDITABLE:
        raise NotNow(f"这份材料{State(filing.state).label}，不能改动。", verb, filing.id)


def _open(filing: Filing, verb: str) -> None:
    if filing.state != State.OPEN:
        raise NotNow(f"这份材料{State(filing.state).label}，不在办理中。", verb, filing.id)


def _unchanged(filing: Filing, revision: int) -> None:
    if filing.revision != revision:
        raise Overtaken


def _handled(
    work: Work, id: int, revision: int, opinion: Opinion, verb: str
) -> tuple[Filing, Passage]:
    """The filing and its stay, when the actor handles it and saw it as it is."""
    filing = find(work, id, locked=True)
    if filing.state != State.DRAFT and opinion.digest == current(filing).digest:
        _unchanged(filing, revision)  # who was late by a moment is told so before all else
    _open(filing, verb)
    if not work.actor.handles(filing.holder_id):
        holder = filing.holder.name if filing.holder else ""
        raise NotAllowed(f"这份材料现在由{holder}办理，您不是那里的经办人。", verb, id)
    if access.Scope.WRITE not in work.actor.scopes:
        raise NotAllowed("这个令牌只能读取。", verb, id)
    if opinion.digest != current(filing).digest:
        raise Void("您看的不是现在这一版：内容已经变了，请看过新版再提意见。", verb, id)
    if len(opinion.words) > MAX_WORDS:
        raise Invalid(f"意见不超过 {MAX_WORDS:,} 字。")
    _unchanged(filing, revision)
    return filing, lying(filing)


def _ahead(form: Form, data: object, passage: Passage, handed: datetime) -> tuple[Stage, ...]:
    """The stages after the one of a stay, on the way as it was when the version was handed in."""
    known = [stage.id for stage in form.stages]
    if passage.stage not in known:
        raise NotNow("这种表现在没有这个环节，请与管理员联系。", "pass-on", passage.filing_id)
    way = stages.way(form, data, handed.astimezone(CHINA).date())
    return tuple(s for s in way if known.index(s.id) > known.index(passage.stage))


# what is changed


def _begun(
    work: Work, filing: Filing, form: Form, data: object
) -> tuple[Office, tuple[Stage, ...]]:
    """The unit that it is handed in through, and the stages that it will go through."""
    unit = filing.office
    way = stages.way(form, data, work.today)
    if len(way) < 2:
        raise Refused(
            "这种表没有规定办理的流程，不能在线提交；可以打印后报送。", "hand-in", filing.id
        )
    if unit is None or not work.actor.is_of(unit.id) or not offices.stays_open(work, unit):
        raise NotAllowed(
            "请先选择您所在的单位；没有可选的，请单位负责人发来邀请链接。", "hand-in", filing.id
        )
    if APPLICANT not in way[0].offices and not (
        work.actor.handles(unit.id) and unit.kind in way[0].offices
    ):
        titles = "、".join(form.programme.offices[kind].title for kind in way[0].offices)
        raise NotAllowed(f"《{form.title}》由{titles}的经办人填报。", "hand-in", filing.id)
    return unit, way


def _stay(
    work: Work, filing: Filing, stage: str, office: Office, outcome: str, version: Version
) -> Passage:
    over = bool(outcome)
    passage = Passage(version=filing.version, stage=stage, office_id=office.id, came=work.now,
                      outcome=outcome, left=work.now if over else None,
                      person_id=filing.owner_id if over else None,
                      digest=version.digest if over else "")  # fmt: skip
    filing.passages.append(passage)
    return passage


def _move(
    work: Work, filing: Filing, form: Form, data: object, unit: Office, ahead: tuple[Stage, ...]
) -> None:
    """Lay it before the first of the stages that are left; without one it is concluded."""
    if not ahead:
        _close(work, filing, State.CONCLUDED)
        notices.tell_owner(work, filing, f"“{filing.title}”已经办结。")
        return
    stage = ahead[0]
    office = offices.responsible(work.session, unit, stage, form.programme)
    if not offices.stays_open(work, office):
        raise NotNow(f"{office.name}刚刚停用，请再试一次。", filing=filing.id)
    passage = _stay(work, filing, stage.id, office, "", current(filing))
    passage.due = stages.due(form, stage, data, work.today)
    filing.state, filing.stage, filing.holder_id = State.OPEN, stage.id, office.id
    filing.came, filing.due, filing.changed = work.now, passage.due, work.now
    notices.tell_office(work, filing, office, f"“{filing.title}”到了“{stage.title}”，请办理。")


def _settle(work: Work, passage: Passage, outcome: Outcome, opinion: Opinion) -> str:
    """End a stay with an opinion; the opinion's keyed digest, hexadecimal."""
    passage.outcome, passage.left = outcome, work.now
    passage.person_id, passage.digest = work.actor.person, opinion.digest
    mac = contents.seal_opinion(work.store.keys, passage, opinion.words, list(opinion.findings))
    return mac.hex()


def _back(work: Work, filing: Filing, state: State) -> None:
    """Back in its owner's hands, with what was handed in last to go on from."""
    contents.seal_draft(work.store.keys, filing, contents.data(work.store.keys, current(filing)))
    filing.state, filing.stage, filing.holder_id = state, "", None
    filing.came, filing.due, filing.changed = None, None, work.now


def _close(work: Work, filing: Filing, state: State) -> None:
    filing.state, filing.stage, filing.holder_id = state, "", None
    filing.came, filing.due, filing.changed, filing.closed = None, None, work.now, work.now
