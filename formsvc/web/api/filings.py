"""/api/v1/submissions: what is handed in, on its way through the offices. Only with a store.

Who asks is known by a browser's session or a token (Authorization: Bearer fs_…). Every change names
by If-Match what it is based on. What one may not see answers as what does not exist.
"""

import hashlib
from datetime import date
from typing import Any, Final

from flask import Response, request
from flask_smorest import Api
from sqlalchemy import ColumnElement, select
from werkzeug.exceptions import Gone

from formsvc import delivery, documents, submissions
from formsvc.documents import Format
from formsvc.store import access, drafts, life, readings, search, versions
from formsvc.store.errors import Invalid
from formsvc.store.life import Opinion
from formsvc.store.models import Filing, Notice, Office
from formsvc.store.store import Work
from formsvc.web.api import conditions, envelopes, payloads, renderings
from formsvc.web.api.arguments import Routes
from formsvc.web.api.description import PROBLEM, giving
from formsvc.web.attachments import attachment
from formsvc.web.held import settings, signed_in, store
from formsvc.web.problems import problem

_ONE: Final = "/submissions/<int:filing>"
_ENVELOPE: Final = frozenset({"form", "unit", "submission"})
_JSON: Final = "application/json"
_TOKEN: Final = "token"  # the name of the way to sign in, in OpenAPI


class SignedIn(Routes):
    """Routes for which one signs in, and that say so."""

    def route(self, rule: str, **options: Any) -> Any:
        added = super().route(rule, **options)

        def decorate(view: Any) -> Any:
            view = self.doc(security=[{_TOKEN: []}])(view)
            return added(
                self.alt_response(401, **PROBLEM, description="没有登录，或令牌无效")(view)
            )

        return decorate


filings = SignedIn(
    "submissions", __name__, url_prefix="/api/v1", description="申报的提交、办理和查询"
)
filings.before_request(conditions.require_actor)


def install(described: Api) -> None:
    """Add the routes to an application that has a store."""
    how = {"type": "http", "scheme": "bearer",
           "description": "在“我的账户”中生成的令牌（fs_…）；浏览器登录后也可以用会话，改动时另带"
           f"请求头 {conditions.OURS}"}  # fmt: skip
    described.spec.components.security_scheme(_TOKEN, how)
    described.register_blueprint(filings)


def _taking(description: str, *schemas: Any) -> dict[str, Any]:
    """What a route takes and how one signs in, for OpenAPI."""
    schema = schemas[0] if len(schemas) == 1 else {"anyOf": list(schemas)}
    content = {"required": True, "description": description, "content": {_JSON: {"schema": schema}}}
    return {"requestBody": content}


_DRAFT: Final = _taking(
    "一份草稿：submission 外可加 form、unit；也可以只是申报数据本身，单位用 ?office=",
    envelopes.DraftBody, {"type": "object"},
)  # fmt: skip
_OPINION: Final = _taking("意见，针对 digest 那一版", envelopes.OpinionBody)
_RETURN: Final = _taking("退回的原因和要改正的问题，至少写一样", envelopes.ReturnBody)


# lists


@filings.get("/submissions")
@filings.arguments(envelopes.ListQuery, location="query")
@filings.response(200, envelopes.FilingsPayload, description="一页")
@filings.alt_response(422, **PROBLEM, description="参数不对，或没有这一页")
def list_submissions(query: dict[str, Any]) -> dict[str, Any]:
    """我申报的、等我办理的，或我能看到的"""
    which = query["which"]
    order = search.Sorting.DUE if which == "waiting" else search.Sorting.CHANGED
    with store().reading(signed_in()) as work:
        page = search.listed(work, where=_where(work, which), query=query["q"],
                             state=query.get("state"), form=query.get("form"), order=order,
                             after=query["after"], limit=query["limit"])  # fmt: skip
        return {"items": [renderings.filing(each) for each in page.filings], "next": page.after}


def _where(work: Work, which: str) -> ColumnElement[bool]:
    match which:
        case "mine":
            return Filing.owner_id == work.actor.person
        case "waiting":
            return access.waiting(work.actor)
        case _:
            return access.visible(work.actor)


@filings.get("/offices")
@filings.response(200, envelopes.MyOfficePayload(many=True), description="机构")
def list_offices() -> list[dict[str, Any]]:
    """我所在的机构，和可以经那里申报的表"""
    with store().reading(signed_in()) as work:
        mine = [seat.office for seat in work.actor.seats]
        query = select(Office).where(Office.id.in_(mine)).order_by(Office.path)
        return renderings.my_offices(work, work.session.scalars(query))


@filings.get("/notices")
@filings.arguments(envelopes.NoticesQuery, location="query")
@filings.response(200, envelopes.NoticesPayload, description="一页")
def list_notices(query: dict[str, Any]) -> dict[str, Any]:
    """给我的通知，新的在前"""
    with store().reading(signed_in()) as work:
        asked = select(Notice).where(Notice.person_id == work.actor.person)
        if after := query.get("after"):
            asked = asked.where(Notice.id < after)
        asked = asked.order_by(Notice.id.desc()).limit(query["limit"] + 1)
        found = work.session.scalars(asked).all()
        shown = found[: query["limit"]]
        return {"items": shown, "next": shown[-1].id if len(found) > len(shown) else None}


# drafts


@filings.post("/submissions")
@filings.doc(**_DRAFT)
@filings.arguments(envelopes.OfficeQuery, location="query")
@filings.response(201, envelopes.FilingDetailPayload, description="新的草稿；ETag、Location")
@filings.alt_response(400, **PROBLEM, description="内容不是可读的 JSON；报告在 report 中")
@filings.alt_response(403, **PROBLEM, description="令牌只能读取，或不是本站的页面")
@filings.alt_response(413, **PROBLEM, description="内容太大")
@filings.alt_response(422, **PROBLEM, description="没有这种表，或单位不对")
def begin(query: dict[str, Any]) -> Response:
    """新的草稿"""
    form, data, unit = _draft(query)
    with store().writing(signed_in()) as work:
        known = work.store.forms[0].in_force(form, work.today)
        if known is None:
            raise Invalid("请在 form 中写明是哪一种表，见 /api/v1/forms。")
        made = drafts.begin(work, known, data, unit)
        made = life.find(work, made.id)
        answer = _told(work, made, 201)
        answer.headers["Location"] = f"{request.root_path}/api/v1/submissions/{made.id}"
        return answer


@filings.put(_ONE)
@filings.doc(**_DRAFT)
@filings.arguments(envelopes.OfficeQuery, location="query")
@filings.arguments(envelopes.ConditionHeaders, location="headers")
@filings.response(200, envelopes.FilingDetailPayload, description="已保存；新的 ETag")
@filings.alt_response(400, **PROBLEM, description="内容不是可读的 JSON；报告在 report 中")
@filings.alt_response(403, **PROBLEM, description="不是申报人本人")
@filings.alt_response(404, **PROBLEM, description="没有，或看不到")
@filings.alt_response(409, **PROBLEM, description="别人正在办理，或已经办完")
@filings.alt_response(412, **PROBLEM, description="刚被改动过")
@filings.alt_response(413, **PROBLEM, description="内容太大")
@filings.alt_response(422, **PROBLEM, description="单位不对")
@filings.alt_response(428, **PROBLEM, description="没有 If-Match")
def save(query: dict[str, Any], headers: dict[str, Any], filing: int) -> Response:
    """保存草稿，整份替换"""
    _, data, unit = _draft(query)
    with store().writing(signed_in()) as work:
        life.find(work, filing)
        return _told(work, drafts.save(work, filing, conditions.revision(), data, unit))


@filings.delete(_ONE)
@filings.arguments(envelopes.ConditionHeaders, location="headers")
@filings.response(204, description="草稿已删除")
@filings.alt_response(403, **PROBLEM, description="不是申报人本人")
@filings.alt_response(404, **PROBLEM, description="没有，或看不到")
@filings.alt_response(409, **PROBLEM, description="提交过的不能删除")
@filings.alt_response(412, **PROBLEM, description="刚被改动过")
@filings.alt_response(428, **PROBLEM, description="没有 If-Match")
def discard(headers: dict[str, Any], filing: int) -> None:
    """删除从未提交的草稿"""
    with store().writing(signed_in()) as work:
        life.find(work, filing)
        drafts.discard(work, filing, conditions.revision())


def _draft(query: dict[str, Any]) -> tuple[str, Any, int | None]:
    """The form's id, the data and the unit's number that a draft's request holds."""
    data: Any = conditions.content()
    unit: int | None = query.get("office")
    form = ""
    if isinstance(data, dict) and "submission" in data and data.keys() <= _ENVELOPE:
        given = conditions.loaded(envelopes.DraftBody(), data)
        form, data = given.get("form", ""), given["submission"]
        unit = given.get("unit") or unit
    if not isinstance(data, dict):
        raise Invalid("申报数据应是一个 JSON 对象。")
    own = data.get("form")
    return form or (own if isinstance(own, str) else ""), data, unit


# one


@filings.get(_ONE)
@filings.response(200, envelopes.FilingDetailPayload, description="ETag 为 revision")
@filings.alt_response(404, **PROBLEM, description="没有，或看不到")
def show(filing: int) -> Response:
    """一份申报：到了哪里、经过哪些环节、各自的意见"""
    with store().writing(signed_in()) as work:
        return _told(work, life.find(work, filing))


@filings.get(f"{_ONE}/submission")
@filings.arguments(envelopes.VersionQuery, location="query")
@filings.response(200, {"type": "object"}, description="申报数据；ETag 为 revision")
@filings.alt_response(404, **PROBLEM, description="没有，或看不到，或没有这一版")
@filings.alt_response(410, **PROBLEM, description="已按保存期限删除")
def show_submission(query: dict[str, Any], filing: int) -> Response:
    """申报数据；查看会记录下来"""
    with store().writing(signed_in()) as work:
        found = life.find(work, filing)
        content = readings.content(work, found, query.get("version"))
        raw = submissions.encoded(_kept(content.data))
        return _tagged(Response(raw, mimetype=_JSON), found)


@filings.get(f"{_ONE}/report")
@filings.arguments(envelopes.VersionQuery, location="query")
@filings.response(200, payloads.ReportPayload, description="提交时的报告；草稿按今天检查")
@filings.alt_response(404, **PROBLEM, description="没有，或看不到，或没有这一版")
@filings.alt_response(410, **PROBLEM, description="已按保存期限删除")
def show_report(query: dict[str, Any], filing: int) -> Any:
    """检查报告；草稿还没有与别的申报比对"""
    with store().writing(signed_in()) as work:
        checked = readings.checked(work, life.find(work, filing), query.get("version"))
        _kept(checked.data)
        return checked.report.to_dict()


@filings.get(f"{_ONE}/documents")
@filings.arguments(envelopes.DocumentQuery, location="query")
@filings.doc(**giving("填好的正式表格；草稿每页标“草稿”", *documents.MEDIA_TYPES.values()))
@filings.alt_response(404, **PROBLEM, description="没有，或看不到，或没有这一版")
@filings.alt_response(410, **PROBLEM, description="已按保存期限删除")
@filings.alt_response(422, **PROBLEM, description="印不出来；报告在 report 中")
def document(query: dict[str, Any], filing: int) -> Response:
    """正式表格；查看会记录下来"""
    format: Format = query["format"]
    with store().writing(signed_in()) as work:
        found = life.find(work, filing)
        number = query.get("version")
        checked = readings.checked(work, found, number)
        is_draft = number is None and readings.is_draft(work, found)
    _kept(checked.data)
    made = delivery.fill(checked, format, draft=is_draft, copies=query["copies"],
                         press=settings().press)  # fmt: skip
    if made.document is None:
        return problem(422, "内容有问题，印不出来，请看 report。", report=made.report)
    name = f"{found.form}-{found.number or found.id}.{format}"
    return attachment(made.document, made.name, name, documents.MEDIA_TYPES[format])


@filings.get(f"{_ONE}/versions")
@filings.response(200, envelopes.VersionPayload(many=True), description="各版，按先后")
@filings.alt_response(404, **PROBLEM, description="没有，或看不到")
def list_versions(filing: int) -> list[dict[str, Any]]:
    """提交过的各版"""
    with store().reading(signed_in()) as work:
        return renderings.versions(life.find(work, filing))


@filings.get(f"{_ONE}/versions/<int:version>/difference")
@filings.arguments(envelopes.WithQuery, location="query")
@filings.response(200, envelopes.ChangedPayload(many=True), description="不同的栏目")
@filings.alt_response(404, **PROBLEM, description="没有，或看不到，或没有这一版")
@filings.alt_response(410, **PROBLEM, description="已按保存期限删除")
@filings.alt_response(422, **PROBLEM, description="没有写明 with")
def show_difference(query: dict[str, Any], filing: int, version: int) -> Any:
    """两版逐栏的不同，按纸面的写法，从较早的一版到较晚的一版；查看会记录下来"""
    first, last = sorted((version, query["with_"]))
    with store().writing(signed_in()) as work:
        found = life.find(work, filing)
        earlier, later = (readings.content(work, found, number) for number in (first, last))
    return versions.difference(later.form, _kept(earlier.data), _kept(later.data))


# verbs


@filings.post(f"{_ONE}/hand-in")
@filings.arguments(envelopes.HandInHeaders, location="headers")
@filings.response(200, envelopes.FilingDetailPayload, description="已提交；新的 ETag")
@filings.alt_response(403, **PROBLEM, description="不是申报人本人，或不在所选单位")
@filings.alt_response(404, **PROBLEM, description="没有，或看不到")
@filings.alt_response(409, **PROBLEM, description="已在办理或办完，或没有办理的机构")
@filings.alt_response(412, **PROBLEM, description="刚被改动过")
@filings.alt_response(422, **PROBLEM, description="还有错误，报告在 report 中；或换了请求的旧 key")
@filings.alt_response(428, **PROBLEM, description="没有 If-Match")
def hand_in(headers: dict[str, Any], filing: int) -> Response:
    """提交：冻结这一版，送往下一个环节"""
    with store().writing(signed_in()) as work:
        life.find(work, filing)
        revision = conditions.revision()
        request_ = hashlib.sha256(f"hand-in\n{filing}\n{revision}".encode()).hexdigest()
        life.hand_in(work, filing, revision, key=headers.get("key", ""), request=request_)
        return _told(work, life.find(work, filing))


@filings.post(f"{_ONE}/withdraw")
@filings.arguments(envelopes.ConditionHeaders, location="headers")
@filings.response(200, envelopes.FilingDetailPayload, description="已撤回；新的 ETag")
@filings.alt_response(403, **PROBLEM, description="不是申报人本人")
@filings.alt_response(404, **PROBLEM, description="没有，或看不到")
@filings.alt_response(409, **PROBLEM, description="不在办理中")
@filings.alt_response(412, **PROBLEM, description="刚被改动过")
@filings.alt_response(428, **PROBLEM, description="没有 If-Match")
def withdraw(headers: dict[str, Any], filing: int) -> Response:
    """撤回还没有办完的，以便改正"""
    with store().writing(signed_in()) as work:
        life.find(work, filing)
        return _told(work, life.withdraw(work, filing, conditions.revision()))


def _handled(verb: Any) -> Any:
    """What all routes of an office that handles a filing may answer."""
    for status, said in (
        (200, None),
        (403, "不由您办理"),
        (404, "没有，或看不到"),
        (409, "不在办理中，或看的不是现在这一版"),
        (412, "刚被改动过"),
        (422, "缺少意见，或选的问题不在报告中"),
        (428, "没有 If-Match"),
    ):
        verb = (
            filings.alt_response(status, **PROBLEM, description=said)(verb)
            if said
            else filings.response(
                200, envelopes.FilingDetailPayload, description="已办理；新的 ETag"
            )(verb)
        )
    return filings.arguments(envelopes.ConditionHeaders, location="headers")(verb)


@filings.post(f"{_ONE}/pass-on")
@filings.doc(**_OPINION)
@_handled
def pass_on(headers: dict[str, Any], filing: int) -> Response:
    """通过，送往下一个环节；最后一个环节之后办结"""
    with store().writing(signed_in()) as work:
        opinion, _ = _opinion(work, filing, envelopes.OpinionBody())
        return _told(work, life.pass_on(work, filing, conditions.revision(), opinion))


@filings.post(f"{_ONE}/return")
@filings.doc(**_RETURN)
@_handled
def give_back(headers: dict[str, Any], filing: int) -> Response:
    """退回申报人改正"""
    with store().writing(signed_in()) as work:
        opinion, until = _opinion(work, filing, envelopes.ReturnBody())
        return _told(work, life.give_back(work, filing, conditions.revision(), opinion, until))


@filings.post(f"{_ONE}/refuse")
@filings.doc(**_OPINION)
@_handled
def refuse(headers: dict[str, Any], filing: int) -> Response:
    """不予通过，就此结束"""
    with store().writing(signed_in()) as work:
        opinion, _ = _opinion(work, filing, envelopes.OpinionBody())
        return _told(work, life.refuse(work, filing, conditions.revision(), opinion))


def _opinion(work: Work, id: int, schema: envelopes.OpinionBody) -> tuple[Opinion, date | None]:
    """The opinion in the body, and until when what it sends back is to be mended.

    NotThere comes first, then what the body lacks.
    """
    found = life.find(work, id)
    conditions.revision()
    given = conditions.body(schema)
    chosen = [(each["rule"], each["pointer"]) for each in given["findings"]]
    findings = readings.chosen(work, found, chosen) if chosen else ()
    return Opinion(given["digest"], given["words"], findings), given.get("until")


# answers


def _told(work: Work, found: Filing, status: int = 200) -> Response:
    """A filing as it is after what this transaction did."""
    work.session.flush()
    told = envelopes.FilingDetailPayload().dumps(renderings.detail(work, found), ensure_ascii=False)
    return _tagged(Response(told, status=status, mimetype=_JSON), found)


def _tagged(response: Response, found: Filing) -> Response:
    response.set_etag(str(found.revision))
    return response


def _kept(data: Any) -> Any:
    if data is None:
        error = Gone()
        error.data = {"message": "内容已按保存期限删除，只留下它的校验值。"}  # type: ignore[attr-defined]  # as flask-smorest does
        raise error
    return data
