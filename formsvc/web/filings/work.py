"""What is done in the background of the store, told so that any process can begin it anew.

A job over submissions leaves a batch in its folder, as a run of the open desks does: what came of
each, what they have in common, what can be made of them.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import func, select, tuple_

from formsvc import submissions
from formsvc.bulk.batch import Job
from formsvc.bulk.outputs import workbook
from formsvc.bulk.results import INDEX, Results
from formsvc.config import Settings
from formsvc.intake import registers
from formsvc.intake.items import Item, refused
from formsvc.sealed import derived
from formsvc.store import access, comparing, contents, drafts, jobs
from formsvc.store.access import SYSTEM, Actor
from formsvc.store.errors import Invalid, NotThere
from formsvc.store.jobtables import JobItem
from formsvc.store.models import Filing, Office, Version
from formsvc.store.queue import Doing, Performer
from formsvc.store.store import Store, Work
from formsvc.web.desks.products import Drafted, Making, keep_drafts, make, place
from formsvc.web.desks.uploads import check, read
from formsvc.web.filings.selections import Selection, listing
from formsvc.web.runs.owned import folder
from formsvc.writing.notation import CHINA

REVIEW: Final = "review"
IMPORT: Final = "import"
LIST: Final = "list"
MAKE: Final = "make"
TITLES: Final[Mapping[str, str]] = {REVIEW: "审核", IMPORT: "导入", LIST: "清单"}
_AT_ONCE: Final = 100  # filings that are marked as read in one transaction
_DRAFTS_AT_ONCE: Final = 20
# Below this many submissions starting processes takes longer than the work.
_HERE: Final = 200


def performers() -> Mapping[str, Performer]:
    """Who does which kind of job."""
    return {REVIEW: _review, IMPORT: _import, LIST: _list, MAKE: _make_asked}


# a review


def _review(doing: Doing) -> None:
    """Check a selection of filings as they were handed in, and compare them with each other."""
    doing.step("read", lambda: _read_filings(doing))
    for name in doing.arguments["products"]:
        doing.step(name, lambda name=name: _make(doing, name))  # type: ignore[misc]  # a default


def _read_filings(doing: Doing) -> int:
    files = folder(doing.store, doing.id)
    if not files.exists(INDEX):
        actor = _actor(doing)
        while _mark_as_read(doing, actor):
            pass
        with doing.store.reading() as work:
            taken = [each for each in jobs.items(work, doing.id) if each.filing_id]
            people = registers.packed(_register(work, taken))
            on = _last_received(work, taken)
        task = replace(_task(doing, people), on=on or _on(doing))
        workers = 1 if len(taken) < _HERE else None
        check(files, _handed_in(doing.store, taken), task, workers, doing.tell, len(taken))
    return 0


def _mark_as_read(doing: Doing, actor: Actor) -> bool:
    """An event for each filing whose content will be read, before it is: who read whose data."""
    wanted: list[int] = doing.arguments["filings"]
    with doing.store.writing(actor) as work:
        at = jobs.reached(work, doing.id)
        some = wanted[at : at + _AT_ONCE]
        query = select(Filing).where(Filing.id.in_(some), Filing.version > 0, access.visible(actor))
        there = {filing.id: filing for filing in work.session.scalars(query)}
        for number, id in enumerate(some, at + 1):
            filing = there.get(id)
            item = JobItem(job_id=doing.id, number=number)
            if filing:
                item.filing_id, item.version = filing.id, filing.version
                work.record("read", filing, version=filing.version, job=doing.id)
            work.session.add(item)
    return bool(some)


def _handed_in(store: Store, taken: list[JobItem]) -> Iterator[Item]:
    """The submissions in the order of the selection, in the version that was marked."""
    for at in range(0, len(taken), _AT_ONCE):
        some = taken[at : at + _AT_ONCE]
        query = select(Version, Filing.number).join(Filing, Filing.id == Version.filing_id)
        query = query.where(Version.filing_id.in_([each.filing_id for each in some]))
        with store.reading() as work:
            rows = work.session.execute(query)
            found = {(version.filing_id, version.number): (version, number)
                     for version, number in rows}  # fmt: skip
        for each in some:
            version, number = found[each.filing_id or 0, each.version]
            raw = contents.raw(store.keys, version)
            if raw is None:
                yield refused(f"{number}", "input.erased", "内容保存期满，已经删除。")
            else:
                # As on the day of receipt, whenever it is looked at.
                yield Item(f"{number}", raw, on=version.handed.astimezone(CHINA).date())


def _last_received(work: Work, taken: list[JobItem]) -> date | None:
    """The day in China on which the last of them was handed in."""
    last: datetime | None = None
    for at in range(0, len(taken), _AT_ONCE):
        some = [(each.filing_id, each.version) for each in taken[at : at + _AT_ONCE]]
        handed = select(func.max(Version.handed)).where(
            tuple_(Version.filing_id, Version.number).in_(some)
        )
        found = work.session.scalar(handed)
        last = max((each for each in (last, found) if each), default=None)
    return last.astimezone(CHINA).date() if last else None


def _register(work: Work, taken: list[JobItem]) -> Any:
    """The lists of people of the programmes concerned, as one; None when there is none."""
    ids = [each.filing_id for each in taken]
    programmes: set[str] = set()
    for at in range(0, len(ids), _AT_ONCE):
        query = select(Filing.programme).where(Filing.id.in_(ids[at : at + _AT_ONCE]))
        programmes |= set(work.session.scalars(query))
    lists = [comparing.register(work, programme) for programme in sorted(programmes)]
    held = [each for each in lists if each]
    return registers.joined(held) if held else None


# an import


def _import(doing: Doing) -> None:
    """Check what was handed in at once, and begin a draft of each submission."""
    doing.step("read", lambda: _read_upload(doing))
    doing.step("drafts", lambda: _begin_drafts(doing))


def _read_upload(doing: Doing) -> int:
    read(folder(doing.store, doing.id), _task(doing), doing.store.forms[0], doing.tell)
    return 0


def _begin_drafts(doing: Doing) -> int:
    files, actor = folder(doing.store, doing.id), _actor(doing)
    with Results.opened(files, doing.store.forms[0]) as batch:
        whole = batch.index.totals().submissions
        while (at := _some_drafts(doing, actor, batch, whole)) < whole:
            doing.tell("正在建立草稿", at, whole)
    with doing.store.reading() as work:
        done = jobs.items(work, doing.id)
    keep_drafts(files, [Drafted(each.number, each.filing_id, each.why) for each in done])
    return sum(each.filing_id is not None for each in done)


def _some_drafts(doing: Doing, actor: Actor, batch: Results, whole: int) -> int:
    """Drafts of the next submissions, each marked with its number; the number of the last one."""
    with doing.store.writing(actor) as work:
        at = jobs.reached(work, doing.id)
        numbers = range(at + 1, min(at + _DRAFTS_AT_ONCE, whole) + 1)
        for number in numbers:
            item = JobItem(job_id=doing.id, number=number)
            item.filing_id, item.why = _draft(work, batch, number, doing.arguments["office"])
            work.session.add(item)
        return numbers.stop - 1


def _draft(work: Work, batch: Results, number: int, office: int | None) -> tuple[int | None, str]:
    """A draft of one submission, or why there is none."""
    row = batch.index.row(number)
    form = work.store.forms[0].in_force(row.form, work.today) if row and row.form else None
    if form is None:
        return None, Drafted.UNREAD
    (found,) = batch.found([number])
    chosen = work.session.get(Office, office) if office else None
    ours = chosen.id if chosen and chosen.programme == form.programme.id else None
    if len(found.raw) > submissions.MAX_BYTES:
        return None, Drafted.LARGE
    with suppress(Invalid), work.session.begin_nested():
        return drafts.begin(work, form, found.data, ours).id, ""
    return None, Drafted.FULL


# a list


_HEAD: Final = (
    ("编号", 16), ("姓名", 12), ("单位", 30), ("表", 40), ("状态", 10), ("现在办理", 24),
    ("提交日期", 12), ("期限", 12), ("申请金额（元）", 16),
)  # fmt: skip


def _list(doing: Doing) -> None:
    """A list of filings as a workbook."""
    doing.step("list", lambda: _write_list(doing))


def _write_list(doing: Doing) -> int:
    actor = _actor(doing)
    chosen = Selection(**doing.arguments["selection"])
    with doing.store.reading(actor) as work:
        rows = list(listing(work, chosen))
    table = ("清单", _HEAD, rows)
    files, on = folder(doing.store, doing.id), _on(doing)
    with files.create(place(LIST)) as out:
        workbook.write_tables(out, None, on, [table])
    with doing.store.writing(actor) as work:
        if not jobs.reached(work, doing.id):
            work.session.add(JobItem(job_id=doing.id, number=1))
            work.record("exported", job=doing.id, filings=len(rows))
    return len(rows)


# what is made of a batch


def _make_asked(doing: Doing) -> None:
    name = doing.name.partition(":")[2]
    doing.step(name, lambda: _make(doing, name))


def _make(doing: Doing, name: str) -> int:
    files = folder(doing.store, doing.id)
    if not files.exists(place(name)):
        catalogue = doing.store.forms[0]
        with Results.opened(files, catalogue) as batch, files.create(place(name)) as out:
            make(name, Making(batch, doing.store.settings, doing.tell), out)
    return 0


# what they share


def _task(doing: Doing, people: bytes = b"") -> Job:
    settings: Settings = doing.store.settings
    # A person's own batches are compared with each other, by digests that are theirs alone.
    secret = derived(jobs.key(doing.store), f"people {doing.person}")
    return Job(_on(doing), settings.shelves, press=settings.press, keeps=True, people=secret,
               register=people)  # fmt: skip


def _on(doing: Doing) -> date:
    return date.fromisoformat(doing.arguments["on"])


def _actor(doing: Doing) -> Actor:
    """The owner with the memberships of now. NotThere when shut out meanwhile."""
    with doing.store.reading(SYSTEM) as work:
        actor = doing.store.actor(work.session, doing.person)
    if actor is None:
        raise NotThere
    return actor
