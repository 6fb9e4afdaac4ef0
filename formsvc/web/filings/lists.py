"""Lists: my own, what waits for my offices, all that I may see; and many handed on at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import redirect, render_template, request, url_for
from sqlalchemy import ColumnElement, select
from werkzeug.exceptions import BadRequest

from formsvc.findings import Severity
from formsvc.forms.form import APPLICANT
from formsvc.store import access, contents, life, search
from formsvc.store.access import HANDLING, SEEING, Actor
from formsvc.store.errors import (
    Full,
    Invalid,
    NotAllowed,
    NotNow,
    NotThere,
    Overtaken,
    Refused,
    StoreError,
    Unreachable,
    Void,
)
from formsvc.store.life import EDITABLE, Opinion, Outcome, State
from formsvc.store.models import Filing, Office, Person, Version
from formsvc.store.search import Sorting
from formsvc.store.store import Work
from formsvc.web import csrf
from formsvc.web.filings.blueprint import (
    filings,
    has_review,
    number,
    opened_query,
    sealed_query,
    seated,
    term,
    units,
)
from formsvc.web.filings.filing import decide, until, words
from formsvc.web.filings.resuming import came_back
from formsvc.web.held import catalogue, signed_in, store

_SAID: Final = {"discarded": "草稿已删除。"}
_WHY: Final = {
    "done": "已办",
    "overtaken": "没有办：刚被别人办过或改动过",
    "refused": "没有办：现在不能这样办",
    "gone": "没有办：已不在您可以查看的范围内",
    "unwritten": "没有办：数据库现在写不进去，请稍后再试",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is asked for, as an address says it."""

    query: str = ""
    state: str = ""
    form: str = ""
    office: int | None = None
    after: str = ""

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "Wanted":
        state = sent.get("state", "")
        return cls(
            opened_query(sent.get("find", "")),
            state if state in set(State) else "",
            term(sent.get("form", "")),
            number(sent.get("office", "")),
            term(sent.get("after", "")),
        )

    def terms(self, **changes: Any) -> dict[str, Any]:
        """The parameters of an address, the first page of the list unless said otherwise."""
        own = {
            "find": sealed_query(self.query),
            "state": self.state,
            "form": self.form,
            "office": self.office,
        }
        return {name: value for name, value in {**own, **changes}.items() if value}

    @property
    def narrowing(self) -> dict[str, Any]:
        """For `search`."""
        return {"query": self.query, "state": self.state, "form": self.form, "office": self.office}


@filings.get("/filings")
def mine() -> str:
    """The actor's own: drafts, what came back, what is on its way, what is over."""
    who = signed_in()
    wanted = Wanted.of(request.args)
    own = Filing.owner_id == who.person
    with store().reading(who) as work:
        working = search.listed(work, where=own & Filing.state.in_(EDITABLE), limit=search.MOST)
        handed = search.listed(
            work, where=own & Filing.state.not_in(EDITABLE), after=wanted.after, limit=20
        )
        back = {each.id: came_back(work, each) for each in working.filings}
        on = work.today
    return render_template(
        "filings_mine.html",
        working=working.filings,
        handed=handed,
        back=back,
        on=on,
        wanted=wanted,
        forms=_fillable(who),
        units=units(who),
        notice=_SAID.get(request.args.get("done", ""), ""),
    )


def _fillable(who: Actor) -> list[tuple[str, list[tuple[str, str]]]]:
    """(programme, [(id, title)]) of the forms that somebody can hand in here.

    Who has a place in a programme is shown its forms; who has none yet, all.
    """
    kinds: dict[str, set[str]] = {}
    for seat in who.seats:
        kinds.setdefault(seat.programme, set()).add(seat.kind)
    with store().reading(who) as work:
        groups = catalogue().by_programme(work.today)
    found = []
    for programme, forms in groups:
        if kinds and programme.id not in kinds:
            continue
        own = kinds.get(programme.id, set())
        fit = [(form.id, form.title) for form in forms if len(form.stages) > 1
               and (not own or {APPLICANT, *own} & set(form.stages[0].offices))]  # fmt: skip
        if fit:
            found.append((programme.title, fit))
    return found


@filings.get("/todo")
def todo() -> str:
    """What waits for the actor's offices, the soonest due first."""
    return _todo()


def _todo(notice: str = "") -> str:
    who = seated(HANDLING)
    return _list("todo.html", who, access.waiting(who), Sorting.DUE, notice)


@filings.post("/todo/find", defaults={"where": "filings.todo"})
@filings.post("/filings/all/find", defaults={"where": "filings.every"})
def find(where: str) -> Any:
    """The list, narrowed: what is looked for goes into the address sealed."""
    csrf.protect()
    seated(HANDLING if where == "filings.todo" else SEEING)
    sent = {"find": sealed_query(request.form.get("q", "")), **request.form}
    return redirect(url_for(where, **Wanted.of(sent).terms()), 303)


@filings.get("/filings/all")
def every() -> str:
    """All that the actor may see and was handed in, the last changed first."""
    who = seated(SEEING)
    return _list("filings_all.html", who, access.visible(who) & (Filing.version > 0),
                 Sorting.CHANGED)  # fmt: skip


def _list(
    template: str, who: Actor, where: ColumnElement[bool], order: Sorting, notice: str = ""
) -> str:
    wanted = Wanted.of(request.values)
    with store().reading(who) as work:
        page = search.listed(work, where=where, order=order, after=wanted.after, **wanted.narrowing)
        whole = not (page.after or wanted.after)
        count = len(page.filings) if whole else search.counted(work, page)
        digests = _digests(work, page.filings)
        held = [seat.office for seat in who.seats if seat.role in HANDLING]
        query = select(Office.id, Office.name).where(Office.id.in_(held))
        offices = [tuple(each) for each in work.session.execute(query.order_by(Office.name))]
        on = work.today
    return render_template(
        template,
        page=page,
        count=count,
        counted=search.COUNTED,
        digests=digests,
        wanted=wanted,
        states=[state for state in State if state is not State.DRAFT],
        forms=[each for each in catalogue().values()
               if each.stages and each.programme.id in {seat.programme for seat in who.seats}],
        offices=offices,
        on=on,
        result=_result(who),
        notice=notice,
        typed=request.form,
        has_review=has_review(),
    )  # fmt: skip


def _digests(work: Work, shown: tuple[Filing, ...]) -> dict[int, str]:
    """The digest of the last version of each: an opinion is bound to it."""
    ids = [filing.id for filing in shown]
    query = select(Version.filing_id, Version.digest).join(Filing).where(
        Version.filing_id.in_(ids), Version.number == Filing.version
    )  # fmt: skip
    return {each[0]: each[1] for each in work.session.execute(query)}


# many at once


@filings.post("/todo")
def settle() -> Any:
    """Hand on or give back the ticked ones, each for itself; what became of each is said."""
    csrf.protect()
    who, verb = seated(HANDLING), request.form.get("do", "")
    if verb not in ("pass", "return"):
        raise BadRequest
    try:
        day, ticked = until(), _ticked()
    except Invalid as problem:
        return _todo(str(problem)), 422
    told = "-".join(f"{id}.{_one(who, verb, id, revision, digest, day)}"
                    for id, revision, digest in ticked)  # fmt: skip
    terms = Wanted.of(request.form).terms(did=verb, result=told, mac=_mac(who, verb, told))
    return redirect(url_for("filings.todo", **terms, _anchor="result"), 303)


def _ticked() -> list[tuple[int, int, str]]:
    found = []
    for each in request.form.getlist("pick")[: search.MOST]:
        id, _, rest = each.partition(".")
        revision, _, digest = rest.partition(".")
        if (known := number(id)) is not None and (at := number(revision)) is not None:
            found.append((known, at, digest))
    if not found:
        raise Invalid("请先在列表里勾选要办的材料。")
    return found


def _one(who: Actor, verb: str, id: int, revision: int, digest: str, day: Any) -> str:
    """What became of one: a key of _WHY."""
    try:
        with store().writing(who) as work:
            findings = []
            if verb == "return":
                report = contents.report(work.store.keys, life.current(life.find(work, id)))
                findings = [each for each in (report.findings if report else ())
                            if each.severity is not Severity.NOTE]  # fmt: skip
            decide(work, id, revision, verb, Opinion(digest, words(), findings), day)
    except Invalid:
        return "refused"
    except NotThere:
        return "gone"
    except (Overtaken, NotAllowed, NotNow, Void):
        return "overtaken"
    except Refused:
        return "refused"
    except (Full, Unreachable):  # of what was done before it is told all the same
        return "unwritten"
    return "done"


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one of many; `last` says who did what with it last."""

    filing: Filing
    is_done: bool
    said: str
    last: str


def _result(who: Actor) -> list[Settled]:
    """What the page before did, of what the actor may still see; nothing for a made-up address."""
    told, verb = request.args.get("result", ""), request.args.get("did", "")
    if not told or request.args.get("mac") != _mac(who, verb, told):
        return []
    found = []
    with store().reading(who) as work:
        for each in told.split("-"):
            id, _, why = each.partition(".")
            try:
                filing = life.find(work, int(id))
            except StoreError:
                continue
            passed = "已办结" if filing.state == State.CONCLUDED else "已转下一步"
            said = passed if verb == "pass" else "已退回"
            is_done = why == "done"
            found.append(Settled(filing, is_done, said if is_done else _WHY[why],
                                 "" if is_done else _last(work, filing)))  # fmt: skip
    return found


def _last(work: Work, filing: Filing) -> str:
    for passage in reversed(filing.passages):
        if passage.outcome and passage.left:
            person = work.session.get(Person, passage.person_id) if passage.person_id else None
            office = passage.office.name if passage.office else ""
            return f"{office}{person.name if person else ''}已办：{Outcome(passage.outcome).label}"
    return ""


def _mac(who: Actor, verb: str, told: str) -> str:
    return store().keys.mac(f"todo\n{who.person}\n{verb}\n{told}".encode()).hex()[:24]
