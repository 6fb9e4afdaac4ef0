"""Who may do what: every route of the application × everybody × what it names, from one table.

A new route goes into rights.txt: `METHOD /path  scene  codes`, and what is sent with it into SENT.
Everybody comes in as they do: programs with a token, pages in a browser that signed in. What one
may not see answers as what does not exist.
"""

import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import select

from formsvc.config import Settings
from formsvc.store import materials, people, tokens
from formsvc.store.access import Actor, Role, Scope
from formsvc.store.materials import Upload
from formsvc.store.models import Membership
from formsvc.store.store import Store
from formsvc.web import create_app
from formsvc.web.desks import blueprint
from formsvc.web.filings import jobs as job_pages

from ..conftest import valid_samples
from .rights import ACTORS, ALONE, FILINGS, KEPT, OPEN, SCENES, Cells
from .served import SUBMISSIONS, Served, served
from .signing import CSRF
from .test_goods_http import picture
from .world import SUMMARY, Clock, World, jiangxi

UNIT, BELOW = "江西某大学", "南昌某厂"
# What stands for the parts of a path that name nothing of a scene's.
PLACES = {"filename": "site.css", "programme": "jiangxi", "form": SUMMARY, "format": "docx",
          "desk": "unit", "id": "0" * 32, "number": "1", "page": "1", "name": "report",
          "earlier": "0" * 32, "version": "1", "ending": "json", "token": "x",
          "material": "1", "who": "applicant"}  # fmt: skip
QUERIES = {
    f"{SUBMISSIONS}/<int:filing>/versions/<int:version>/difference": "?with=1",
    f"{SUBMISSIONS}/<int:filing>/materials": "?name=a.png",
}
# What one comes in by, which leads elsewhere too.
DOORS = re.compile(r"/account/(first|logout|passkey/<token>|reset/<token>)$")
MISSING = {"id": "987654", "filing": "987654"}
NO_JOB = {"id": "f" * 32}


@dataclass(frozen=True)
class Place:
    """What a scene is about, as somebody saw it who may see it; `parts` of paths that name it."""

    parts: dict[str, str] = field(default_factory=dict)
    revision: int = 1
    digest: str = "0" * 64
    data: dict[str, Any] = field(default_factory=dict)


def _opinion(place: Place) -> dict[str, Any]:
    return {"digest": place.digest, "words": "看过了"}


def _upload(_: Place) -> dict[str, Any]:
    return {"file": (io.BytesIO(picture()), "a.png")}


def _lines(place: Place) -> tuple[io.BytesIO, str]:
    return io.BytesIO(json.dumps(place.data).encode() + b"\n"), "一批.jsonl"


ONE, PAGE, OFFICE = f"{SUBMISSIONS}/<int:filing>", "/filings/<int:id>", "/admin/offices/<int:id>"
# What a program sends, as JSON or as it is; what a page sends, beside its token.
BODIES: dict[str, Callable[[Place], Any]] = {
    f"POST {SUBMISSIONS}": lambda place: place.data,
    f"PUT {ONE}": lambda place: place.data,
    f"POST {ONE}/pass-on": _opinion,
    f"POST {ONE}/return": _opinion,
    f"POST {ONE}/refuse": _opinion,
    f"POST {ONE}/materials": lambda _: picture(),
    "POST /api/v1/jobs": lambda _: {"kind": "list", "where": "seen"},
}
FIELDS: dict[str, Callable[[Place], dict[str, Any]]] = {
    "POST /api/v1/jobs/import": lambda place: {"files": _lines(place)},
    "POST /filings": lambda _: {"form": SUMMARY},
    "POST /todo": lambda place: {"do": "return", "words": "请改",
                                 "pick": f"{place.parts['id']}.{place.revision}.{place.digest}"},
    "POST /todo/review": lambda place: {"pick": f"{place.parts['id']}.1."},
    "POST /jobs/list": lambda _: {"where": "seen"},
    "POST /jobs/import": lambda place: {"files": _lines(place)},
    "POST /forms/<form>/save": lambda place: {"filing": place.parts.get("id", ""),
                                              "revision": place.revision},
    f"POST {PAGE}/hand-in": lambda place: {"revision": place.revision, "key": "k" * 32},
    f"POST {PAGE}/discard": lambda place: {"revision": place.revision},
    f"POST {PAGE}/<any(pass, return, refuse, withdraw):verb>":
        lambda place: {"revision": place.revision, **_opinion(place)},
    f"POST {PAGE}/materials": _upload,
    "POST /account/tokens": lambda _: {"title": "对接", "scope": "read", "days": "30"},
    "POST /admin/offices": lambda _: {"programme": "jiangxi", "kind": "province", "name": "另一省厅"},
    f"POST {OFFICE}/add": lambda _: {"kind": "unit", "name": "新单位"},
    f"POST {OFFICE}/rename": lambda _: {"name": "新名称"},
    f"POST {OFFICE}/invite": lambda _: {"role": "clerk", "days": "7"},
    "POST /admin/admins/invite": lambda _: {"days": "7"},
}  # fmt: skip


class Stage:
    """An application over a world with what the scenes name, put back as it was after a change."""

    def __init__(self, folder, world: World, application: Served) -> None:
        self._data, self._kept = folder / "data", folder / "kept"
        self.world, self.application = world, application
        self.actors = _people(world)
        self.places = {scene: self._filing(scene, at) for at, scene in enumerate(FILINGS)}
        self.places |= self._others() | self._jobs()
        self.places[ALONE] = self.places["unit"]
        for actor in filter(None, self.actors.values()):
            application.doors.token(actor)
            application.doors.session(actor.person)
        world.store.engine.dispose()
        shutil.copytree(self._data, self._kept)

    def _filing(self, scene: str, at: int) -> Place:
        """One person's each, so that none meets another; with a file."""
        data = json.loads(valid_samples(SUMMARY)[(0, 2, 5)[at]].read_text("utf-8-sig"))
        owner = self.world.actor("申报人")
        id, _ = self.world.draft(owner, UNIT, data)
        material = materials.add(self.world.store, owner, id, Upload("a.png", picture()))
        if scene != "draft":
            self.world.hand_in_draft(id)
            for name in FILINGS[scene]:
                self.world.passed(self.world.actor(name), id)
        filing = self.world.filing(id)
        digest = filing.versions[-1].digest if filing.versions else "0" * 64
        parts = {"id": str(id), "filing": str(id), "material": str(material)}
        return Place(parts, filing.revision, digest, data)

    def _others(self) -> dict[str, Place]:
        store, viewer = self.world.store, self.world.people["单位查看"]
        with store.writing(self.world.actor("管理员")) as work:
            people.invite(work, self.world.offices[UNIT], Role.CLERK)
            (link,) = people.open_invitations(work, self.world.offices[UNIT])
            member = work.session.scalar(select(Membership).where(Membership.person_id == viewer))
            ids = {"office": self.world.offices[UNIT], "below": self.world.offices[BELOW],
                   "member": member.id, "person": viewer, "link": link.id}  # fmt: skip
        with store.writing(self.actors["clerk"]) as work:
            tokens.make(work, "要作废的", {Scope.READ}, 30)
            ids["token"] = tokens.owned(work)[0].id
        return {scene: Place({"id": str(id)}) for scene, id in ids.items()}

    def _jobs(self) -> dict[str, Place]:
        """Reviews and a list of the clerk's, done as they are."""
        queue = self.application.app.extensions["formsvc-jobs"]
        self.application.as_(self.actors["clerk"])
        queue.start()
        ids = []
        for asked in ({"kind": "review", "products": ["report"]}, {"kind": "review"},
                      {"kind": "list"}):  # fmt: skip
            begun = self.application.post("/api/v1/jobs", json=asked)
            assert begun.status_code == 202, begun.text
            assert queue.wait(begun.json["id"], 60)
            ids.append(begun.json["id"])
        queue.stop()
        jobs_of_mine = {"id": ids[0], "earlier": ids[1], "desk": "jobs"}
        return {"job": Place(jobs_of_mine), "list": Place({"id": ids[2]})}

    def put_back(self) -> None:
        self.world.store.engine.dispose()
        shutil.rmtree(self._data)
        shutil.copytree(self._kept, self._data)


def _people(world: World) -> dict[str, Actor | None]:
    world.office("省科技厅", "department", "省人社厅")
    found = {
        "owner": world.actor("申报人"),
        "other": world.person("同事", (UNIT, Role.APPLICANT)),
        "clerk": world.person("单位经办", (UNIT, Role.CLERK)),
        "manager": world.actor("单位"),
        "viewer": world.person("单位查看", (UNIT, Role.VIEWER)),
        "stranger": world.person("别的单位", (BELOW, Role.CLERK)),
        "department": world.actor("部门"),
        "others": world.person("别的部门", ("省科技厅", Role.CLERK)),
        "city": world.person("别的市", ("南昌市人社局", Role.MANAGER)),
        "province": world.actor("省厅"),
        "finance": world.actor("财政"),
        "admin": world.actor("管理员"),
    }
    reader = replace(found["clerk"], scopes=frozenset({Scope.READ}))
    return {"nobody": None, **found, "reader": reader}


@pytest.fixture(scope="module")
def stage(tmp_path_factory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("matrix")
    store = Store.open(Settings(data=folder / "data"), Clock())
    with pytest.MonkeyPatch.context() as patch, served(jiangxi(store)) as application:
        for pages in (blueprint, job_pages):  # nothing works in the background: nothing to wait for
            patch.setattr(pages, "MOMENT", 0)
        yield Stage(folder, application.world, application)
    store.close()


def _path(cells: Cells, place: Place) -> str:
    known = {**PLACES, **(place.parts if cells.scene != ALONE else {})}
    if cells.choice:
        known["verb"] = cells.choice
    path = re.sub(r"<(?:[^:>]*:)?(\w+)>", lambda part: known[part[1]], cells.path)
    return path + QUERIES.get(cells.path, "")


def _sent(cells: Cells, place: Place) -> dict[str, Any]:
    """What a request brings along: all that it needs but the right."""
    name, given = f"{cells.method} {cells.path}", {}
    if cells.path == "/forms/<form>/save" and cells.scene == ALONE:
        place = replace(place, parts={})
    if name in BODIES:
        body = BODIES[name](place)
        given = {"data": body} if isinstance(body, bytes) else {"json": body}
    elif name in FIELDS or (cells.method == "POST" and not cells.is_interface):
        fields = FIELDS[name](place) if name in FIELDS else {}
        given = {"data": {"token": CSRF, **fields}}
    if "filing>" in cells.path:
        given["headers"] = {"If-Match": f'"{place.revision}"'}
    return given


def _asked(stage: Stage, who: Actor | None, cells: Cells, place: Place):
    """The answer: a program's with a token, a page's in a browser; a token opens no page."""
    asking, given = stage.application.as_(who), _sent(cells, place)
    if not cells.is_interface and who is stage.actors["reader"]:
        asking.as_(None)
        given["headers"] = {"Authorization": f"Bearer {asking.doors.token(who)}"}
    return asking.request(cells.method, _path(cells, place), **given)


def _answers(stage: Stage, cells: Cells) -> dict[str, int]:
    found = {}
    for name in ACTORS:
        answer = _asked(stage, stage.actors[name], cells, stage.places[cells.scene])
        found[name] = answer.status_code
        if cells.method != "GET" and answer.status_code < 400:
            stage.put_back()
    return found


@pytest.mark.parametrize("cells", [*OPEN, *KEPT], ids=str)
def test_everybody_gets_what_the_table_says(stage, cells):
    assert _answers(stage, cells) == cells.by


@pytest.mark.parametrize(
    "cells", [each for each in KEPT if each.scene == "unit" and each.is_interface], ids=str
)
def test_a_browser_is_answered_by_the_interface_as_a_token_is(stage, cells):
    stage.application.by_session = True
    try:
        found = _answers(stage, cells)
    finally:
        stage.application.by_session = False
    assert {**found, "reader": 0} == {**cells.by, "reader": 0}


@pytest.mark.parametrize("cells", [each for each in KEPT if each.scene in SCENES], ids=str)
def test_what_one_may_not_see_answers_as_what_does_not_exist(stage, cells):
    place = stage.places[cells.scene]
    none = {**place.parts, **(NO_JOB if cells.scene in ("job", "list") else MISSING)}
    for name in (
        each for each, code in cells.by.items() if code == 404 or _is_kept_from(each, cells)
    ):
        who = stage.actors[name]
        hidden = _asked(stage, who, cells, place)
        missing = _asked(stage, who, cells, replace(place, parts=none))
        assert (hidden.status_code, hidden.data) == (missing.status_code, missing.data), name


def _is_kept_from(name: str, cells: Cells) -> bool:
    """Of the form page, which says 422 of all that it cannot save."""
    return cells.path == "/forms/<form>/save" and name in ("other", "stranger", "others", "admin")


@pytest.mark.parametrize("cells", [each for each in KEPT if each.by["nobody"] == 302], ids=str)
def test_who_has_not_signed_in_is_led_to_where_one_does(stage, cells):
    answer = _asked(stage, None, cells, stage.places[cells.scene])
    where = answer.location.partition("?")[0]
    assert where == "/account/login" or DOORS.match(cells.path), where


def _routes(app) -> set[tuple[str, str]]:
    return {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


def test_every_route_stands_in_the_tables_and_nothing_else(stage):
    assert {cells.route for cells in [*OPEN, *KEPT]} == _routes(stage.application.app)


def test_what_names_something_is_asked_in_every_scene():
    scenes: dict[tuple[str, str], set[str]] = {}
    for cells in [*OPEN, *KEPT]:
        scenes.setdefault(cells.route, set()).add(cells.scene)
    for (_, path), known in scenes.items():
        if "/submissions/<" in path or "/filings/<" in path:
            assert known == set(FILINGS), path
        elif path.startswith("/admin/offices/<"):
            assert known == {"office", "below"}, path
        elif "jobs" in path and "<id>" in path:
            assert known & {"job", "list"}, path


def test_without_a_store_the_open_routes_answer_alike_and_the_others_are_not_there():
    app = create_app(Settings())
    assert _routes(app) == {cells.route for cells in OPEN}
    client = app.test_client()
    client.set_cookie("formsvc_token", CSRF)
    parts = {"id": "1", "filing": "1", "desk": "jobs", "earlier": "1"}
    for cells in [*OPEN, *KEPT]:
        place = Place({} if cells.scene == ALONE else parts)
        sent = (
            {"data": {"token": CSRF}} if cells.method == "POST" and not cells.is_interface else {}
        )
        answer = client.open(_path(cells, place), method=cells.method, buffered=True, **sent)
        # `/jobs/list` is an address of the desks, to which nothing is posted.
        codes = cells.codes[:1] if cells in OPEN else (404, 405)
        assert answer.status_code in codes, cells
