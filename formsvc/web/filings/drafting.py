"""A draft of the store on the form page: begun, opened, saved, handed in once, or thrown away."""

import hashlib
import secrets
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest

from formsvc.checks import stages
from formsvc.checks.explain import asked_by
from formsvc.forms import FORM
from formsvc.store import comparing, contents, drafts, life, versions
from formsvc.store.errors import NotReady, NotThere, Overtaken, StoreError
from formsvc.store.life import EDITABLE
from formsvc.web import csrf
from formsvc.web.desks import applicant, entries
from formsvc.web.desks.desk import Desk, noticed, opened, posted
from formsvc.web.filings.blueprint import filings, note_reading, number
from formsvc.web.filings.resuming import FILING, REVISION, UNIT
from formsvc.web.held import actor, catalogue, form_or_404, signed_in, store
from formsvc.web.problems import status_of

_SAID = {
    "begun": "已建好草稿。随时可以保存，换一台电脑登录也能接着填。",
    "saved": "已保存到“我的申报”。",
}


@filings.post("/filings")
def begin() -> Any:
    """A new, empty draft of a form."""
    csrf.protect()
    form = form_or_404(request.form.get("form", ""))
    with store().writing(signed_in()) as work:
        made = drafts.begin(work, form, {FORM[1:]: form.id}, number(request.form.get(UNIT, "")))
        work.session.flush()
        id = made.id
    return redirect(url_for("filings.edit", id=id, done="begun"), 303)


@filings.get("/filings/<int:id>/edit")
def edit(id: int) -> Any:
    """The draft on the form page."""
    with store().reading(signed_in()) as work:
        filing = _own(work, id)
        if filing.state not in EDITABLE:
            return redirect(url_for("filings.show", id=id), 303)
        data = contents.draft(work.store.keys, filing)
    note_reading(filing, 0)
    form = catalogue().edition(filing.form, str(data.get("edition", ""))) or form_or_404(
        filing.form
    )
    notice = _SAID.get(request.args.get("done", ""), "")
    return applicant.page(opened(form, entries.entered(form, data), notice=notice))


@filings.post("/forms/<form>/save")
def save(form: str) -> Any:
    """Keep what was typed as a draft of the store; then stay there, or go on to handing in."""
    desk = posted(form)
    if not csrf.is_ours():
        notice = "页面停留过久，没有保存；内容还在，请再按一次。"
        return applicant.page(noticed(desk, notice)), 400
    if desk.choices:
        notice = "载入的文件纸面与数据不同，请先选定以哪一个为准，再保存。"
        return applicant.page(noticed(desk, notice)), 422
    id, unit = number(request.form.get(FILING, "")), number(request.form.get(UNIT, ""))
    if actor() is None:
        notice = "登录已过期，没有保存；内容还在。请在新窗口登录后，回到这一页再按一次。"
        return applicant.page(noticed(desk, notice)), 401
    try:
        with store().writing(signed_in()) as work:
            if id:
                revision = number(request.form.get(REVISION, "")) or 0
                drafts.save(work, id, revision, desk.data, unit)
            else:
                made = drafts.begin(work, desk.form, desk.data, unit)
                work.session.flush()
                id = made.id
    except Overtaken:
        return _both(id or 0, desk), 412
    except StoreError as problem:  # what was typed stays on the page
        notice = f"没有保存：{problem}"
        return applicant.page(noticed(desk, notice)), status_of(problem) if status_of(
            problem
        ) >= 500 else 422
    if "hand-in" in request.form:
        return redirect(url_for("filings.confirm", id=id), 303)
    return redirect(url_for("filings.edit", id=id, done="saved"), 303)


def _both(id: int, desk: Desk) -> str:
    """What this window has and what another one saved meanwhile, to choose from."""
    with store().reading(signed_in()) as work:
        filing = _own(work, id)
        theirs = contents.draft(work.store.keys, filing) if filing.sealed else {}
    note_reading(filing, 0)
    differing = versions.difference(desk.form, theirs, desk.data)
    return render_template(
        "filing_both.html",
        filing=filing,
        desk=desk,
        differing=differing,
        editable=filing.state in EDITABLE,
        unit=request.form.get(UNIT, ""),
    )


@filings.get("/filings/<int:id>/hand-in")
def confirm(id: int) -> Any:
    """What will be handed in, and what is found in it, before it is."""
    with store().reading(signed_in()) as work:
        filing = _own(work, id)
        if filing.state not in EDITABLE:
            return redirect(url_for("filings.show", id=id), 303)
        checked, _ = comparing.check(work, filing, contents.draft(work.store.keys, filing))
        form = checked.form or life.form_of(work, filing)
        way = stages.way(form, checked.data, work.today)
        unit = filing.office
    note_reading(filing, 0)
    return render_template("filing_confirm.html", filing=filing, form=form, report=checked.report,
                           asked=asked_by(form, work.today),
                           way=way, unit=unit, key=secrets.token_hex(16))  # fmt: skip


@filings.post("/filings/<int:id>/hand-in")
def hand_in(id: int) -> Any:
    """Hand the draft in, once, however often the button is pressed."""
    csrf.protect()
    key, revision = request.form.get("key", ""), number(request.form.get(REVISION, ""))
    if not 16 <= len(key) <= 64 or revision is None:
        raise BadRequest
    asked = hashlib.sha256(f"{id}:{revision}".encode()).hexdigest()
    try:
        with store().writing(signed_in()) as work:
            life.hand_in(work, id, revision, key=key, request=asked)
    except (NotReady, Overtaken):
        # The page before shows it as it is now, with what is found in it.
        return redirect(url_for("filings.confirm", id=id, done="changed"), 303)
    return redirect(url_for("filings.show", id=id, done="handed-in"), 303)


@filings.post("/filings/<int:id>/discard")
def discard(id: int) -> Any:
    """Throw away a draft that was never handed in."""
    csrf.protect()
    with store().writing(signed_in()) as work:
        drafts.discard(work, id, number(request.form.get(REVISION, "")) or 0)
    return redirect(url_for("filings.mine", done="discarded"), 303)


def _own(work: Any, id: int) -> Any:
    """The actor's own filing. Raises NotThere for anybody else's."""
    filing = life.find(work, id)
    if filing.owner_id != work.actor.person:
        raise NotThere
    return filing
