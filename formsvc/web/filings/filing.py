"""The page of a filing: where it is, what was said of it, what it holds, and what may be done."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from flask import Response, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from formsvc import documents
from formsvc.catalogue import Checked
from formsvc.checks import stages
from formsvc.checks.explain import asked_by
from formsvc.delivery import fill
from formsvc.documents import Format
from formsvc.findings import Finding
from formsvc.forms import Form, Stage
from formsvc.store import access, contents, life, versions
from formsvc.store.errors import Invalid, NotAllowed, NotThere, Overtaken, Refused
from formsvc.store.life import EDITABLE, Opinion, Outcome, State
from formsvc.store.models import Filing, Passage, Person, Version
from formsvc.store.store import Work
from formsvc.web import csrf
from formsvc.web.attachments import attachment, inline
from formsvc.web.desks.paper import loose, paper
from formsvc.web.filings.blueprint import filings, form_of, note_reading, number, stage_of
from formsvc.web.held import settings, signed_in, store
from formsvc.writing import written

_SAID: Final = {
    "handed-in": "已提交。办到哪一步，在这一页和“我的申报”里都能看到。",
    "pass": "已签署意见，转到下一步。",
    "concluded": "已签署意见，这份申报办结了。",
    "return": "已退回申报人。",
    "refuse": "已办为不予通过。",
    "withdraw": "已撤回，可以修改后重新提交。",
}
DIGEST: Final = "digest"


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay at a stage as the page tells it. `void` says that its opinion was on an earlier
    version than the last; `person` is who gave it."""

    passage: Passage
    stage: Stage | None
    office: str
    person: str
    words: str
    findings: list[Finding]
    void: bool

    @property
    def outcome(self) -> str:
        """What came of it, "" while it lies there."""
        return Outcome(self.passage.outcome).label if self.passage.outcome else ""


@filings.get("/filings/<int:id>")
def show(id: int) -> Any:
    """A filing as it is now."""
    return _page(id, notice=_SAID.get(request.args.get("done", ""), ""))


@filings.get("/filings/<int:id>/versions/<int:version>")
def version(id: int, version: int) -> Any:
    """One version, and what is different from another one."""
    return _page(id, version)


def _page(id: int, chosen: int = 0, *, notice: str = "", alarm: bool = False) -> Any:
    who = signed_in()
    with store().reading(who) as work:
        filing = life.find(work, id)
        if not filing.version:  # a draft has no page but that where it is filled in
            return redirect(url_for("filings.edit", id=id), 303)
        shown = _version(filing, chosen)
        form = form_of(filing, shown.edition)
        data = contents.data(work.store.keys, shown)
        report = contents.report(work.store.keys, shown)
        other = number(request.args.get("with", "")) or (shown.number - 1 if chosen else 0)
        differing = _differing(work, filing, form, data, other) if other else []
        stays = _way(work, filing)
        ahead = _ahead(work, filing, form, data)
        parts = paper(form, data, report.findings if report else []) if data is not None else ()
        holder = filing.holder
        handles = filing.state == State.OPEN and who.handles(filing.holder_id)
    note_reading(filing, shown.number, *filter(None, (other,)))
    page: str = render_template(
        "filing.html",
        filing=filing,
        holder=holder,
        state=State(filing.state).label,
        form=form,
        shown=shown,
        report=report,
        asked=asked_by(form, work.today),
        paper=parts,
        loose=loose(parts, report.findings) if report else (),
        stays=stays,
        ahead=ahead,
        other=other,
        differing=differing,
        formats=documents.MEDIA_TYPES,
        handles=handles and access.Scope.WRITE in who.scopes,
        owns=filing.owner_id == who.person,
        is_open=filing.state == State.OPEN,
        is_editable=filing.state in EDITABLE,
        today=work.today,
        typed=request.form,
        notice=notice,
        alarm=alarm,
    )
    return page


def _version(filing: Filing, chosen: int) -> Version:
    if chosen > filing.version:
        raise NotThere
    return filing.versions[(chosen or filing.version) - 1]


def _differing(
    work: Work, filing: Filing, form: Form, data: object, other: int
) -> list[versions.Changed]:
    earlier = _version(filing, other)
    before = contents.data(work.store.keys, earlier)
    return versions.difference(form, before, data) if before and data else []


def _way(work: Work, filing: Filing) -> list[Stay]:
    ids = {each.person_id for each in filing.passages if each.person_id is not None}
    query = select(Person.id, Person.name).where(Person.id.in_(ids))
    names = {each[0]: each[1] for each in work.session.execute(query)}
    digest = life.current(filing).digest
    found = []
    for passage in filing.passages:
        words, findings = contents.opinion(work.store.keys, passage)
        edition = filing.versions[passage.version - 1].edition
        void = passage.outcome == Outcome.PASSED and passage.digest != digest
        stage = stage_of(form_of(filing, edition), passage.stage)
        person = names.get(passage.person_id or 0, "")
        office = passage.office.name if passage.office else ""
        found.append(Stay(passage, stage, office, person, words, findings, void))
    return found


def _ahead(work: Work, filing: Filing, form: Form, data: object) -> tuple[Stage, ...]:
    """The stages that are still before it."""
    if filing.state != State.OPEN or data is None:
        return ()
    way = stages.way(form, data, work.today)
    known = [stage.id for stage in way]
    return way[known.index(filing.stage) + 1 :] if filing.stage in known else ()


@filings.get("/filings/<int:id>/versions/<int:version>/document.<format>")
def document(id: int, version: int, format: Format) -> Response:
    """The document of a version, by the edition it was handed in; `?show` opens a PDF."""
    if format not in documents.MEDIA_TYPES:
        raise NotFound
    with store().reading(signed_in()) as work:
        filing = life.find(work, id)
        shown = _version(filing, version)
        form = form_of(filing, shown.edition)
        data = contents.data(work.store.keys, shown)
        report = contents.report(work.store.keys, shown)
    note_reading(filing, shown.number)
    if data is None or report is None:
        raise NotFound
    made = fill(Checked(data, report, form), format, press=settings().press)
    if made.document is None:
        raise NotFound
    media_type = documents.MEDIA_TYPES[format]
    if "show" in request.args and format == "pdf":
        return inline(made.document, media_type)
    return attachment(made.document, made.name, f"{form.id}.{format}", media_type)


@filings.post("/filings/<int:id>/<any(pass, return, refuse, withdraw):verb>")
def act(id: int, verb: str) -> Any:
    """What the button says, for the filing and version that the page showed."""
    csrf.protect()
    revision, done = number(request.form.get("revision", "")) or 0, verb
    try:
        with store().writing(signed_in()) as work:
            if verb == "withdraw":
                life.withdraw(work, id, revision)
            else:
                # What is ticked says why it comes back: it is no part of another opinion.
                chosen = _ticked(work, id) if verb == "return" else []
                given = Opinion(request.form.get(DIGEST, ""), words(), chosen)
                filing = decide(work, id, revision, verb, given, until())
                done = State.CONCLUDED if filing.state == State.CONCLUDED else verb
    except (Overtaken, Refused, Invalid) as problem:
        status = 422 if isinstance(problem, Invalid) else 409
        status = 403 if isinstance(problem, NotAllowed) else status
        return _page(id, notice=f"没有办理：{problem}", alarm=True), status
    return redirect(url_for("filings.show", id=id, done=done), 303)


def decide(
    work: Work, id: int, revision: int, verb: str, given: Opinion, until: date | None
) -> Filing:
    """Hand on, give back or, by any other verb, refuse."""
    if verb == "pass":
        return life.pass_on(work, id, revision, given)
    if verb == "return":
        return life.give_back(work, id, revision, given, until)
    return life.refuse(work, id, revision, given)


def _ticked(work: Work, id: int) -> list[Finding]:
    """The findings of the report that were ticked on the page."""
    filing = life.find(work, id)
    report = contents.report(work.store.keys, life.current(filing)) if filing.version else None
    ticked = {number(each) for each in request.form.getlist("finding")}
    findings = report.findings if report else ()
    return [each for place, each in enumerate(findings) if place in ticked]


def words() -> str:
    """An office's own words, as typed."""
    return request.form.get("words", "").replace("\r\n", "\n").strip()


def until() -> date | None:
    """The day by which it is to be mended. Invalid for what is no day."""
    text = request.form.get("until", "").strip()
    if not text:
        return None
    day = written.value(text, type="string", kind="date").value
    try:
        return date.fromisoformat(str(day))
    except ValueError:
        said = f"改正期限“{text[:20]}”不是日期，请写成 2026-09-01 这样。"
        raise Invalid(said) from None
