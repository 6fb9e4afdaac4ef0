"""Putting work on filings into the background, for pages and programs alike."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sqlalchemy import select

from formsvc.sealed import SealedFolder
from formsvc.store import access, jobs
from formsvc.store.errors import Invalid
from formsvc.store.jobtables import BackgroundJob
from formsvc.store.models import Office
from formsvc.store.store import Work
from formsvc.web.desks import uploads
from formsvc.web.desks.products import OFFERED
from formsvc.web.filings import selections
from formsvc.web.filings.selections import Selection
from formsvc.web.filings.work import IMPORT, LIST, REVIEW
from formsvc.web.held import jobs as background
from formsvc.web.held import signed_in, store
from formsvc.web.runs import owned
from formsvc.web.runs.runs import OWNED

Files = list[tuple[str, bytes]]
_PRODUCTS: Final = OFFERED[OWNED]


def review(chosen: Selection | Sequence[int], products: Sequence[str] = ()) -> BackgroundJob:
    """A review of filings, given by number or as a list; `products` are made with it.

    Raises Invalid when there is nothing to review.
    """
    unknown = [name for name in products if name not in _PRODUCTS]
    if unknown:
        raise Invalid(f"没有 {unknown[0]} 这种结果；可选：{'、'.join(_PRODUCTS)}。")
    with store().reading(signed_in()) as work:
        ids = (
            selections.ids(work, chosen)
            if isinstance(chosen, Selection)
            else selections.known(work, chosen)
        )
        on = work.today
    if not ids:
        raise Invalid("没有选出已经提交的材料。")
    title = f"审核 {len(ids)} 份"
    arguments = {"filings": ids, "products": list(products), "on": on.isoformat()}
    return _begun(REVIEW, title, arguments, lambda id: uploads.name(_folder(id), title))


def listing(chosen: Selection) -> BackgroundJob:
    """A list of filings as XLSX."""
    with store().reading() as work:
        arguments = {"selection": selections.plain(chosen), "on": work.today.isoformat()}
    return _begun(LIST, "清单", arguments, lambda id: uploads.name(_folder(id), "清单"))


def import_(files: Files, office: int | None) -> BackgroundJob:
    """Drafts of the actor's from files of many submissions. Raises Invalid."""
    if not files:
        raise Invalid("请先选择文件。")
    with store().reading(signed_in()) as work:
        if office is not None and office not in {each.id for each in offices(work)}:
            raise Invalid("请选择您所在的单位。")
        arguments = {"office": office, "on": work.today.isoformat()}
    title = f"导入 {len(files)} 个文件"
    return _begun(IMPORT, title, arguments, lambda id: uploads.keep(_folder(id), files))


def offices(work: Work) -> list[Office]:
    """Where the actor can hand something in from."""
    ids = [seat.office for seat in work.actor.seats if seat.role is not access.Role.VIEWER]
    query = select(Office).where(Office.id.in_(ids), Office.closed.is_(False)).order_by(Office.name)
    return list(work.session.scalars(query)) if ids else []


def _begun(
    kind: str, title: str, arguments: Mapping[str, object], fill: Callable[[str], None]
) -> BackgroundJob:
    """What it works on is sealed before there is a job."""
    held, id = store(), jobs.new_id()
    try:
        fill(id)
        with held.writing(signed_in()) as work:
            job = jobs.begin(work, id, kind, title, arguments)
    except BaseException:
        jobs.clear(held, id)
        raise
    background().wake()
    return job


def _folder(id: str) -> SealedFolder:
    return owned.folder(store(), id)
