"""What the store's pages have in common: their blueprint, their links, the words they use."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Final

from flask import Blueprint, Response, current_app, redirect, request, url_for
from werkzeug.exceptions import NotFound

from formsvc.forms import Form, Stage
from formsvc.store import funds, notices, readings
from formsvc.store.access import HANDLING, SEEING, Actor, Role
from formsvc.store.errors import NotThere
from formsvc.store.keyring import Unopenable
from formsvc.store.models import Filing, Office
from formsvc.web import csrf
from formsvc.web.accounts.pages import is_manager
from formsvc.web.held import actor, catalogue, signed_in, store
from formsvc.writing.notation import CHINA, long_date, today, yuan

filings = Blueprint("filings", __name__)
csrf.install(filings)

_QUERY: Final = "query"
_LONGEST: Final = 100
_LONGEST_SEALED: Final = 1_000
# Selections of the store are reviewed there.
REVIEW: Final = "/todo/review"


@filings.app_context_processor
def _site() -> dict[str, object]:
    """Links of the store for the head of every page, by what somebody may do."""
    who = actor()
    if who is None or who.person is None:
        return {"store_links": []}
    with store().reading(who) as work:
        unread = notices.unread(work)
    here = request.root_path + request.path
    links = []
    for name, label in _links(who):
        address = url_for(name)
        # What is below /filings belongs to several desks; the page itself says to which.
        near = name != "filings.mine" and here.startswith(f"{address.rstrip('/')}/")
        links.append((address, label, here == address, near))
    return {"store_links": links, "unread": unread}


def _links(who: Actor) -> list[tuple[str, str]]:
    """(endpoint, label), first where somebody's work begins: who only applies sees nothing of the
    offices' desks."""
    links = []
    if any(seat.role in HANDLING for seat in who.seats):
        links.append(("filings.todo", "待办"))
    if any(seat.role in SEEING for seat in who.seats):
        links.append(("filings.every", "查询"))
    if funds.may_see(who):
        links.append(("filings.money", "经费"))
    links += [("filings.mine", "我的申报"), ("jobs.mine", "后台任务")]
    if is_manager(who):
        place = len(links) if who.seats else 0  # all that who only runs the service has to do
        links.insert(place, ("admin.index", "管理"))
    return links


@filings.get("/start")
def start() -> Response:
    """To where somebody's work begins: here one comes when signed in."""
    return redirect(url_for(_links(signed_in())[0][0]), 303)  # type: ignore[return-value]  # a Response of Flask's


def seated(roles: Collection[Role]) -> Actor:
    """Who asks, with one of the roles anywhere: for others the page is not there."""
    who = signed_in()
    if not any(seat.role in roles for seat in who.seats):
        raise NotThere
    return who


def stage_title(filing: Filing, stage: str, edition: str = "") -> str:
    """What a stage of a filing's form is called."""
    found = stage_of(form_of(filing, edition), stage)
    return found.title if found else stage


def stage_of(form: Form, id: str) -> Stage | None:
    """A stage of a form by its id."""
    return next((stage for stage in form.stages if stage.id == id), None)


def form_of(filing: Filing, edition: str = "") -> Form:
    """The form of a filing: in the edition given, in that of its last version, or of today."""
    known, edition = catalogue(), edition or filing.edition
    form = (known.edition(filing.form, edition) if edition else None) or known.in_force(
        filing.form, today()
    )
    if form is None:
        raise NotFound
    return form


def form_title(id: str) -> str:
    """What people call a form."""
    return catalogue().title(id)


def units(who: Actor) -> list[tuple[int, str, str]]:
    """(id, name, programme) of the offices that somebody may hand in through."""
    ids = {seat.office: seat for seat in who.seats if seat.role is not Role.VIEWER}
    with store().reading(who) as work:
        found = [work.session.get(Office, id) for id in ids]
        return [(each.id, each.name, each.programme) for each in found if each and not each.closed]


def term(text: str) -> str:
    """What an address or a posted page asks for, without what no name holds."""
    return "".join(filter(str.isprintable, text)).strip()[:_LONGEST]


def note_reading(filing: Filing, *versions: int) -> None:
    """Record that the reader was shown the content of versions, 0 for a draft: before it is."""
    with store().reading(signed_in()) as work:
        fresh = [each for each in versions
                 if not readings.is_noted(work, filing, {"version": each})]  # fmt: skip
    if fresh:
        with store().writing(signed_in()) as work:
            for each in fresh:
                readings.note(work, filing, each)


def number(text: str) -> int | None:
    """A whole number of an address or a posted page; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def sealed_query(text: str) -> str:
    """What somebody looks for, as an address carries it: no name or ID number is read there."""
    text = term(" ".join(text.split()))
    sealed = store().keys.seal(text.encode(), _QUERY) if text else b""
    return urlsafe_b64encode(sealed).decode().rstrip("=")


def opened_query(sealed: str) -> str:
    """What `sealed_query` sealed; "" for anything else."""
    try:
        raw = urlsafe_b64decode(sealed[:_LONGEST_SEALED] + "===")
        return store().keys.unseal(raw, _QUERY).decode() if raw else ""
    except (ValueError, Unopenable):
        return ""


def has_review() -> bool:
    """Whether this service has the desk where a selection is reviewed."""
    return any(rule.rule == REVIEW for rule in current_app.url_map.iter_rules())


@filings.app_template_filter("moment")
def _moment(at: datetime | None) -> str:
    """A time in China: 2026年3月1日 09:05."""
    if at is None:
        return ""
    here = at.astimezone(CHINA)
    return f"{long_date(here.date())} {here:%H:%M}"


@filings.app_template_filter("yuan")
def _yuan(cents: int) -> str:
    """分 as 元, exactly: `1,234.50元`."""
    return yuan(Decimal(cents).scaleb(-2))


filings.add_app_template_filter(long_date, "long_date")
filings.add_app_template_filter(form_title, "form_title")
filings.add_app_template_global(stage_title, "stage_title")
