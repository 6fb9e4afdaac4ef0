"""Who may do what: every route of the application × everybody, from one table.

A new route goes into TABLE: `METHOD /path  scene  codes`. `-` is the scene of what concerns no
filing. One code is everybody's; else there is one for each of ACTORS, in their order. To send
something with it, add to SENT what makes the body. What one may not see answers 404, as what does
not exist.
"""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from formsvc.config import Settings
from formsvc.store.access import Actor, Role, Scope
from formsvc.store.store import Store
from formsvc.web import create_app

from ..conftest import valid_samples
from .served import SUBMISSIONS, Served, served
from .signing import CSRF
from .world import SUMMARY, Clock, World, jiangxi

UNIT = "江西某大学"
# Whose: the applicant's own; another applicant's, clerk, manager, viewer of the same unit; a clerk
# of another unit; the department above; the department and the city of others; the province;
# finance; the admin; a token of the clerk's that only reads.
ACTORS = ["nobody", "owner", "other", "clerk", "manager", "viewer", "stranger", "department",
          "others", "city", "province", "finance", "admin", "reader"]  # fmt: skip
# A draft; one that was handed in and lies with the unit; one that came to finance.
SCENES = {"draft": (), "unit": (), "finance": ("单位", "部门", "省厅")}

# fmt: off
TABLE = """
#                                                         scene   nob own oth cle man vie str dep ots cit pro fin adm rea
GET    /                                                  -       200
GET    /static/<path:filename>                            -       200
GET    /.well-known/security.txt                          -       404
GET    /healthz                                           -       200
GET    /readyz                                            -       200
GET    /coverage                                          -       200
GET    /coverage/<programme>                              -       200
GET    /forms/<form>                                      -       200
POST   /forms/<form>                                      -       400
POST   /forms/<form>/live                                 -       200
GET    /forms/<form>/rules                                -       200
GET    /forms/<form>/sheet.xlsx                           -       200
GET    /<any(unit, review):desk>                          -       200
POST   /<any(unit, review):desk>                          -       400
GET    /<any(unit, review, jobs):desk>/<id>                     -       404
GET    /<any(unit, review, jobs):desk>/<id>/status              -       404
POST   /<any(unit, review, jobs):desk>/<id>/delete              -       400
GET    /<any(unit, review, jobs):desk>/<id>/<int:number>        -       404
GET    /<any(unit, review, jobs):desk>/<id>/<int:number>/document.<format>        -  404
GET    /<any(unit, review, jobs):desk>/<id>/<int:number>/page-<int:page>.png      -  404
GET    /<any(unit, review, jobs):desk>/<id>/<int:number>/submission.json          -  404
POST   /<any(unit, review, jobs):desk>/<id>/files/<name>        -       400
GET    /<any(unit, review, jobs):desk>/<id>/files/<name>        -       404
GET    /<any(review, jobs):desk>/<id>/changes/<earlier>                     -       404
GET    /verify                                            -       200
POST   /verify                                            -       400
GET    /api/docs                                          -       200
GET    /api/v1/openapi.json                               -       200
GET    /api/v1/forms                                      -       200
GET    /api/v1/forms/<form>                               -       200
GET    /api/v1/forms/<form>/schema                        -       200
GET    /api/v1/forms/<form>/blank.<format>                -       200
GET    /api/v1/coverage                                   -       200
POST   /api/v1/forms/<form>/check                         -       400
POST   /api/v1/forms/<form>/documents                     -       400
POST   /api/v1/read                                       -       422
POST   /api/v1/verify                                     -       200
POST   /api/v1/bulk                                       -       415

#                                                         scene   nob own oth cle man vie str dep ots cit pro fin adm rea
GET    /api/v1/submissions                                -       401 200 200 200 200 200 200 200 200 200 200 200 200 200
POST   /api/v1/submissions                                -       401 201 201 201 201 201 201 201 201 201 201 201 201 403
GET    /api/v1/offices                                    -       401 200 200 200 200 200 200 200 200 200 200 200 200 200
GET    /api/v1/notices                                    -       401 200 200 200 200 200 200 200 200 200 200 200 200 200

GET    /api/v1/submissions/<int:filing>                   draft   401 200 404 404 404 404 404 404 404 404 404 404 404 404
GET    /api/v1/submissions/<int:filing>                   unit    401 200 404 200 200 200 404 200 404 404 200 404 404 200
GET    /api/v1/submissions/<int:filing>                   finance 401 200 404 200 200 200 404 200 404 404 200 200 404 200
GET    /api/v1/submissions/<int:filing>/submission        draft   401 200 404 404 404 404 404 404 404 404 404 404 404 404
GET    /api/v1/submissions/<int:filing>/submission        unit    401 200 404 200 200 200 404 200 404 404 200 404 404 200
GET    /api/v1/submissions/<int:filing>/submission        finance 401 200 404 200 200 200 404 200 404 404 200 200 404 200
GET    /api/v1/submissions/<int:filing>/report            draft   401 200 404 404 404 404 404 404 404 404 404 404 404 404
GET    /api/v1/submissions/<int:filing>/report            unit    401 200 404 200 200 200 404 200 404 404 200 404 404 200
GET    /api/v1/submissions/<int:filing>/report            finance 401 200 404 200 200 200 404 200 404 404 200 200 404 200
GET    /api/v1/submissions/<int:filing>/documents         draft   401 200 404 404 404 404 404 404 404 404 404 404 404 404
GET    /api/v1/submissions/<int:filing>/documents         unit    401 200 404 200 200 200 404 200 404 404 200 404 404 200
GET    /api/v1/submissions/<int:filing>/documents         finance 401 200 404 200 200 200 404 200 404 404 200 200 404 200
GET    /api/v1/submissions/<int:filing>/versions          draft   401 200 404 404 404 404 404 404 404 404 404 404 404 404
GET    /api/v1/submissions/<int:filing>/versions          unit    401 200 404 200 200 200 404 200 404 404 200 404 404 200
GET    /api/v1/submissions/<int:filing>/versions          finance 401 200 404 200 200 200 404 200 404 404 200 200 404 200
GET    /api/v1/submissions/<int:filing>/versions/<int:version>/difference  draft    401 404 404 404 404 404 404 404 404 404 404 404 404 404
GET    /api/v1/submissions/<int:filing>/versions/<int:version>/difference  unit     401 200 404 200 200 200 404 200 404 404 200 404 404 200
GET    /api/v1/submissions/<int:filing>/versions/<int:version>/difference  finance  401 200 404 200 200 200 404 200 404 404 200 200 404 200

#                                                         scene   nob own oth cle man vie str dep ots cit pro fin adm rea
PUT    /api/v1/submissions/<int:filing>                   draft   401 200 404 404 404 404 404 404 404 404 404 404 404 404
PUT    /api/v1/submissions/<int:filing>                   unit    401 409 404 403 403 403 404 403 404 404 403 404 404 403
PUT    /api/v1/submissions/<int:filing>                   finance 401 409 404 403 403 403 404 403 404 404 403 403 404 403
DELETE /api/v1/submissions/<int:filing>                   draft   401 204 404 404 404 404 404 404 404 404 404 404 404 404
DELETE /api/v1/submissions/<int:filing>                   unit    401 409 404 403 403 403 404 403 404 404 403 404 404 403
DELETE /api/v1/submissions/<int:filing>                   finance 401 409 404 403 403 403 404 403 404 404 403 403 404 403
POST   /api/v1/submissions/<int:filing>/hand-in           draft   401 200 404 404 404 404 404 404 404 404 404 404 404 404
POST   /api/v1/submissions/<int:filing>/hand-in           unit    401 409 404 403 403 403 404 403 404 404 403 404 404 403
POST   /api/v1/submissions/<int:filing>/hand-in           finance 401 409 404 403 403 403 404 403 404 404 403 403 404 403
POST   /api/v1/submissions/<int:filing>/withdraw          draft   401 409 404 404 404 404 404 404 404 404 404 404 404 404
POST   /api/v1/submissions/<int:filing>/withdraw          unit    401 200 404 403 403 403 404 403 404 404 403 404 404 403
POST   /api/v1/submissions/<int:filing>/withdraw          finance 401 200 404 403 403 403 404 403 404 404 403 403 404 403
POST   /api/v1/submissions/<int:filing>/pass-on           draft   401 409 404 404 404 404 404 404 404 404 404 404 404 404
POST   /api/v1/submissions/<int:filing>/pass-on           unit    401 403 404 200 200 403 404 403 404 404 403 404 404 403
POST   /api/v1/submissions/<int:filing>/pass-on           finance 401 403 404 403 403 403 404 403 404 404 403 200 404 403
POST   /api/v1/submissions/<int:filing>/return            draft   401 409 404 404 404 404 404 404 404 404 404 404 404 404
POST   /api/v1/submissions/<int:filing>/return            unit    401 403 404 200 200 403 404 403 404 404 403 404 404 403
POST   /api/v1/submissions/<int:filing>/return            finance 401 403 404 403 403 403 404 403 404 404 403 200 404 403
POST   /api/v1/submissions/<int:filing>/refuse            draft   401 409 404 404 404 404 404 404 404 404 404 404 404 404
POST   /api/v1/submissions/<int:filing>/refuse            unit    401 403 404 200 200 403 404 403 404 404 403 404 404 403
POST   /api/v1/submissions/<int:filing>/refuse            finance 401 403 404 403 403 403 404 403 404 404 403 200 404 403
"""
# fmt: on

# Routes whose cells are still to be written, one for each of ACTORS: what holds of all of them is
# claimed below. A new route belongs into TABLE.
UNFINISHED = """
GET    /account/
GET    /account/again
POST   /account/again
GET    /account/code
POST   /account/code
GET    /account/first
GET    /account/join
POST   /account/join
GET    /account/login
POST   /account/login
POST   /account/logout
GET    /account/passkey
POST   /account/passkey
GET    /account/passkey-again
POST   /account/passkey-again
POST   /account/passkey-again/<token>
POST   /account/passkey/<token>
GET    /account/passkeys
POST   /account/passkeys
GET    /account/passkeys-delete
POST   /account/passkeys-delete
POST   /account/passkeys/<token>
GET    /account/password
POST   /account/password
GET    /account/recovery
POST   /account/recovery
GET    /account/recovery-codes
POST   /account/recovery-codes
GET    /account/register
POST   /account/register
GET    /account/rescue
POST   /account/rescue
GET    /account/reset
POST   /account/reset
GET    /account/reset/<token>
POST   /account/reset/<token>
GET    /account/second
POST   /account/second
POST   /account/second/<token>
GET    /account/select
POST   /account/select
POST   /account/sessions
GET    /account/sso/
GET    /account/sso/back
GET    /account/tokens
POST   /account/tokens
POST   /account/tokens/<int:id>/revoke
GET    /admin/
GET    /admin/admins
POST   /admin/admins/invite
GET    /admin/history
POST   /admin/history
GET    /admin/history/whole
POST   /admin/invitations/<int:id>/recall
POST   /admin/members/<int:id>/remove
POST   /admin/offices
GET    /admin/offices/<int:id>
POST   /admin/offices/<int:id>/add
POST   /admin/offices/<int:id>/close
POST   /admin/offices/<int:id>/invite
POST   /admin/offices/<int:id>/rename
POST   /admin/offices/<int:id>/reopen
POST   /admin/people/<int:id>/let-in
POST   /admin/people/<int:id>/reset
POST   /admin/people/<int:id>/shut-out
GET    /api/v1/jobs
POST   /api/v1/jobs
DELETE /api/v1/jobs/<id>
GET    /api/v1/jobs/<id>
GET    /api/v1/jobs/<id>/files/<name>
POST   /api/v1/jobs/<id>/files/<name>
POST   /api/v1/jobs/import
GET    /api/v1/submissions/<int:filing>/materials
POST   /api/v1/submissions/<int:filing>/materials
DELETE /api/v1/submissions/<int:filing>/materials/<int:material>
GET    /api/v1/submissions/<int:filing>/materials/<int:material>
GET    /api/v1/submissions/<int:filing>/receipt
GET    /api/v1/submissions/<int:filing>/receipt.<any(pdf, json):ending>
GET    /filings
POST   /filings
GET    /filings/<int:id>
POST   /filings/<int:id>/<any(pass, return, refuse, withdraw):verb>
POST   /filings/<int:id>/discard
GET    /filings/<int:id>/edit
GET    /filings/<int:id>/hand-in
POST   /filings/<int:id>/hand-in
POST   /filings/<int:id>/materials
GET    /filings/<int:id>/materials/<int:material>
POST   /filings/<int:id>/materials/<int:material>/remove
GET    /filings/<int:id>/receipt.<any(pdf, json):ending>
GET    /filings/<int:id>/versions/<int:version>
GET    /filings/<int:id>/versions/<int:version>/document.<format>
GET    /filings/all
POST   /filings/all/find
POST   /forms/<form>/save
GET    /funds
GET    /funds.xlsx
GET    /jobs
GET    /jobs/<id>/list.xlsx
POST   /jobs/import
POST   /jobs/list
GET    /notices
POST   /notices
GET    /start
GET    /todo
POST   /todo
POST   /todo/find
POST   /todo/review
"""
# Those of them that are there for who has not signed in, as what one signs in with.
DOORS = re.compile(
    r"/account/(code|first|join|login|logout|passkey|recovery|register|rescue|reset|second/|select|sso)"
    r"|/start$"
)

# What stands for the parts of a path.
PLACES = {"filename": "site.css", "programme": "jiangxi", "form": SUMMARY, "format": "docx",
          "desk": "unit", "id": "0" * 32, "number": "1", "page": "1", "name": "report.xlsx",
          "earlier": "0" * 32, "version": "1"}  # fmt: skip
QUERIES = {"/api/v1/submissions/<int:filing>/versions/<int:version>/difference": "?with=1"}


@dataclass(frozen=True)
class Place:
    """The filing of a scene, as somebody saw it who may see it."""

    id: int
    revision: int
    digest: str
    data: dict


def _opinion(place: Place) -> dict:
    return {"digest": place.digest, "words": "看过了"}


SENT: dict[str, Callable[[Place], dict]] = {
    f"POST {SUBMISSIONS}": lambda place: place.data,
    f"PUT {SUBMISSIONS}/<int:filing>": lambda place: place.data,
    f"POST {SUBMISSIONS}/<int:filing>/pass-on": _opinion,
    f"POST {SUBMISSIONS}/<int:filing>/return": _opinion,
    f"POST {SUBMISSIONS}/<int:filing>/refuse": _opinion,
}


@dataclass(frozen=True)
class Cells:
    """One line of the table."""

    method: str
    path: str
    scene: str
    codes: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.scene}"

    @property
    def is_public(self) -> bool:
        return len(set(self.codes)) == 1


def _read(table: str) -> list[Cells]:
    found = []
    for line in table.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        given = re.fullmatch(r"(\S+)\s+(/.*?)\s+(-|\w+)\s+((?:\d{3}\s*)+)", line)
        assert given, line
        codes = tuple(map(int, given[4].split()))
        codes = codes * len(ACTORS) if len(codes) == 1 else codes
        assert len(codes) == len(ACTORS), f"{line}: a cell for each of {ACTORS}"
        assert given[3] == "-" or given[3] in SCENES, line
        found.append(Cells(given[1], given[2], given[3], codes))
    return found


ROWS = _read(TABLE)


class Stage:
    """A world with a filing in each scene, put back as it was after every change."""

    def __init__(self, folder) -> None:
        self._data, self._kept = folder / "data", folder / "kept"
        store = Store.open(Settings(data=self._data), Clock())
        self.world = jiangxi(store)
        self.actors = _people(self.world)
        self.places = {scene: self._filing(scene, number) for number, scene in enumerate(SCENES)}
        self.places["-"] = self.places["draft"]

    def keep(self) -> None:
        """What every change is put back to."""
        self.world.store.engine.dispose()
        shutil.copytree(self._data, self._kept)

    def _filing(self, scene: str, number: int) -> Place:
        """One person's each, so that none meets another."""
        data = json.loads(valid_samples(SUMMARY)[(0, 2, 5)[number]].read_text("utf-8-sig"))
        id, _ = self.world.draft(self.world.actor("申报人"), UNIT, data)
        if scene != "draft":
            self.world.hand_in_draft(id)
            for name in SCENES[scene]:
                self.world.passed(self.world.actor(name), id)
        filing = self.world.filing(id)
        digest = filing.versions[-1].digest if filing.versions else "0" * 64
        return Place(id, filing.revision, digest, data)

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
        "stranger": world.person("别的单位", ("南昌某厂", Role.CLERK)),
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
def stage(tmp_path_factory):
    return Stage(tmp_path_factory.mktemp("matrix"))


@pytest.fixture(scope="module")
def application(stage):
    with served(stage.world) as made:
        for actor in filter(None, stage.actors.values()):
            made.doors.token(actor)
            made.doors.session(actor.person)
        stage.keep()
        yield made


def _path(cells: Cells, place: Place) -> str:
    known = {**PLACES, "filing": str(place.id)}
    path = re.sub(r"<(?:[^:>]*:)?(\w+)>", lambda part: known[part[1]], cells.path)
    return path + QUERIES.get(cells.path, "")


def _asked(application: Served, cells: Cells, place: Place):
    send = SENT.get(f"{cells.method} {cells.path}")
    given = {"json": send(place)} if send else {}
    if "filing>" in cells.path:
        given["headers"] = {"If-Match": f'"{place.revision}"'}
    return application.request(cells.method, _path(cells, place), **given)


@pytest.mark.parametrize("cells", ROWS, ids=str)
def test_everybody_gets_what_the_table_says(application, stage, cells):
    place, found = stage.places[cells.scene], {}
    for name in ACTORS:
        answer = _asked(application.as_(stage.actors[name]), cells, place)
        found[name] = answer.status_code
        if cells.method != "GET" and answer.status_code < 300:
            stage.put_back()
    assert found == dict(zip(ACTORS, cells.codes, strict=True))


@pytest.mark.parametrize("cells", [cells for cells in ROWS if cells.scene == "unit"], ids=str)
def test_what_one_may_not_see_answers_as_what_does_not_exist(application, stage, cells):
    place = stage.places[cells.scene]
    for name in ("other", "stranger", "others", "city", "admin"):
        application.as_(stage.actors[name])
        hidden = _asked(application, cells, place)
        missing = _asked(application, cells, replace(place, id=987_654))
        assert (hidden.status_code, hidden.data) == (missing.status_code, missing.data)


def _routes(app) -> set[tuple[str, str]]:
    return {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


def _unfinished() -> list[tuple[str, str]]:
    return [(line[:6].strip(), line[7:]) for line in UNFINISHED.strip().splitlines()]


def test_every_route_stands_in_the_table_or_waits_for_its_cells(application):
    finished = {(cells.method, cells.path) for cells in ROWS}
    assert finished & set(_unfinished()) == set()
    assert finished | set(_unfinished()) == _routes(application.app)


@pytest.mark.parametrize(("method", "path"), _unfinished(), ids=str)
def test_nobody_gets_through_where_one_signs_in(application, stage, method, path):
    answer = _tried(application.as_(None), method, path, stage.places["unit"])
    if DOORS.match(path):
        assert answer.status_code < 500
    elif answer.status_code == 302:
        assert answer.location.startswith("/account/login")
    else:
        assert answer.status_code in (400, 401, 404)


FILINGS = [
    (method, path) for method, path in _unfinished() if re.search(r"/(filings|submissions)/<", path)
]


@pytest.mark.parametrize(("method", "path"), FILINGS, ids=str)
def test_a_page_of_a_filing_one_may_not_see_answers_as_one_that_is_not_there(
    application, stage, method, path
):
    for scene in SCENES:
        for name in ("other", "stranger", "others", "city", "admin"):
            application.as_(stage.actors[name])
            hidden = _tried(application, method, path, stage.places[scene])
            missing = _tried(application, method, path, replace(stage.places[scene], id=987_654))
            assert hidden.status_code == missing.status_code, (scene, name)
            assert hidden.status_code in (400, 404, 422), (scene, name)


def _tried(application: Served, method: str, path: str, place: Place):
    """Asked for a filing, or for the first of anything else; posted with the page's token."""
    known = {**PLACES, "filing": str(place.id), "material": "1", "ending": "json", "token": "x",
             "verb": "pass", "id": str(place.id) if path.startswith("/filings") else "1"}  # fmt: skip
    address = re.sub(r"<(?:[^:>]*:)?(\w+)>", lambda part: known[part[1]], path)
    sent = {"data": {"token": CSRF}} if method == "POST" and "/api/" not in path else {}
    headers = {"If-Match": f'"{place.revision}"'} if "/api/" in path else {}
    return application.request(method, address, headers=headers, **sent)


def test_what_concerns_filings_is_asked_in_every_scene():
    scenes: dict[tuple[str, str], set[str]] = {}
    for cells in ROWS:
        scenes.setdefault((cells.method, cells.path), set()).add(cells.scene)
    for (_, path), known in scenes.items():
        assert known == (set(SCENES) if "filing>" in path else {"-"}), path


def test_without_a_store_the_open_routes_answer_alike_and_the_others_are_not_there():
    app = create_app(Settings())
    assert _routes(app) == {(c.method, c.path) for c in ROWS if c.is_public}
    nowhere = Place(1, 1, "0" * 64, {})
    for cells in ROWS:
        answer = app.test_client().open(_path(cells, nowhere), method=cells.method, buffered=True)
        assert answer.status_code == (cells.codes[0] if cells.is_public else 404), cells
