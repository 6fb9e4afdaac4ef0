"""/api/v1/jobs: work in the background over filings, for programs. Only with a store."""

from typing import Any, Final, get_args

from flask import Response, request, url_for
from marshmallow import Schema, fields, validate
from werkzeug.exceptions import NotFound

from formsvc.bulk.outputs.workbook import MEDIA_TYPE as XLSX
from formsvc.store import jobs as store_jobs
from formsvc.store.jobtables import BackgroundJob
from formsvc.web.api import conditions
from formsvc.web.api.description import PROBLEM, giving
from formsvc.web.api.envelopes import OfficeQuery
from formsvc.web.api.filings import SignedIn
from formsvc.web.attachments import attachment
from formsvc.web.desks.products import OFFERED, PRODUCTS, place
from formsvc.web.desks.uploads import is_read
from formsvc.web.filings import beginnings
from formsvc.web.filings.selections import MOST, Selection, Where
from formsvc.web.filings.work import LIST, REVIEW
from formsvc.web.held import signed_in, store
from formsvc.web.runs import owned
from formsvc.web.runs.runs import OWNED

UPLOAD_LIMIT: Final = 64_000_000
_FILES: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "多份申报：XLSX、CSV、JSONL、ZIP 或本服务生成的表格",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                        }
                    },
                }
            }
        },
    }
}

# Exactly as long as ids are, so that /jobs/import is no job's address.
_ONE: Final = "/jobs/<string(length=32):id>"

jobs = SignedIn("background", __name__, url_prefix="/api/v1", description="后台任务")
jobs.before_request(conditions.require_actor)


class JobBody(Schema):
    kind = fields.String(
        required=True,
        validate=validate.OneOf([REVIEW, LIST], error="只能是 {choices}"),
        metadata={"description": "review 审核；list 清单（XLSX）"},
    )
    filings = fields.List(
        fields.Integer(validate=validate.Range(1, (1 << 63) - 1)),
        validate=validate.Length(max=MOST),
        metadata={"description": "审核哪些（编号）；不写则为下面所说的一个列表"},
    )
    where = fields.String(
        load_default="waiting",
        validate=validate.OneOf(get_args(Where), error="只能是 {choices}"),
        metadata={"description": "waiting 等我办理的；seen 我能看到的；own 我申报的"},
    )
    q = fields.String(load_default="", validate=validate.Length(max=100))
    state = fields.String(load_default="", validate=validate.Length(max=12))
    form = fields.String(load_default="", validate=validate.Length(max=64))
    products = fields.List(
        fields.String(validate=validate.OneOf(OFFERED[OWNED], error="只能是 {choices}")),
        load_default=list,
        metadata={"description": "审核后接着生成的文件"},
    )


class JobPayload(Schema):
    id = fields.String(required=True)
    kind = fields.String(required=True)
    title = fields.String(required=True)
    state = fields.String(
        required=True, metadata={"description": "waiting、running、done 或 failed"}
    )
    label = fields.String(required=True, metadata={"description": "正在做什么，给人看"})
    done = fields.Integer(required=True)
    total = fields.Integer(required=True)
    at = fields.DateTime(required=True)
    expires = fields.DateTime(required=True, metadata={"description": "到时自动删除"})
    files = fields.List(
        fields.String(), required=True, metadata={"description": "已经可以下载的文件"}
    )


@jobs.get("/jobs")
@jobs.response(200, JobPayload(many=True), description="任务")
def list_jobs() -> list[dict[str, Any]]:
    """我的后台任务，新的在前"""
    with store().reading(signed_in()) as work:
        return [_rendered(job) for job in store_jobs.mine(work)]


@jobs.post("/jobs")
@jobs.arguments(JobBody)
@jobs.response(202, JobPayload, description="已接受；进度在 Location 处")
@jobs.alt_response(403, **PROBLEM, description="令牌只能读取")
@jobs.alt_response(422, **PROBLEM, description="没有选出已经提交的材料，或参数不对")
@jobs.alt_response(503, **PROBLEM, description="后台太忙；Retry-After")
def begin_job(body: dict[str, Any]) -> Any:
    """开始审核或导出清单"""
    chosen = Selection(body["where"], body["q"], body["state"], body["form"])
    if body["kind"] == LIST:
        job = beginnings.listing(chosen)
    else:
        job = beginnings.review(body.get("filings", chosen), body["products"])
    return _accepted(job)


@jobs.post("/jobs/import")
@jobs.doc(**_FILES)
@jobs.arguments(OfficeQuery, location="query")
@jobs.response(202, JobPayload, description="已接受；进度在 Location 处")
@jobs.alt_response(403, **PROBLEM, description="令牌只能读取")
@jobs.alt_response(413, **PROBLEM, description="内容太大")
@jobs.alt_response(422, **PROBLEM, description="没有文件，或不是自己的单位")
@jobs.alt_response(503, **PROBLEM, description="后台太忙；Retry-After")
def import_many(query: dict[str, Any]) -> Any:
    """导入多份申报，每份一份草稿"""
    request.max_content_length = UPLOAD_LIMIT
    files = [
        (file.filename, file.read()) for file in request.files.getlist("files") if file.filename
    ]
    return _accepted(beginnings.import_(files, query.get("office")))


@jobs.get(f"{_ONE}")
@jobs.response(200, JobPayload, description="任务")
@jobs.alt_response(404, **PROBLEM, description="没有这个任务，或不是自己的")
def show_job(id: str) -> dict[str, Any]:
    """一个任务的进度和结果"""
    with store().reading(signed_in()) as work:
        return _rendered(store_jobs.find(work, id))


@jobs.delete(f"{_ONE}")
@jobs.response(204, description="已删除")
@jobs.alt_response(404, **PROBLEM, description="没有这个任务，或不是自己的")
def delete_job(id: str) -> None:
    """立即删除任务和它的结果"""
    owned.discard(id)


@jobs.post(f"{_ONE}/files/<name>")
@jobs.response(202, JobPayload, description="已接受，或早已生成")
@jobs.alt_response(403, **PROBLEM, description="令牌只能读取")
@jobs.alt_response(404, **PROBLEM, description="没有这个任务或文件")
@jobs.alt_response(409, **PROBLEM, description="任务还在处理")
@jobs.alt_response(503, **PROBLEM, description="后台太忙；Retry-After")
def make_file(id: str, name: str) -> Any:
    """从审核结果生成一个文件"""
    with store().reading(signed_in()) as work:
        store_jobs.require_writing(work)
    run = owned.found(id)
    if name not in PRODUCTS or not is_read(run):
        raise NotFound
    if not run.folder.exists(place(name)):
        owned.continue_(run, name)
    return show_job(id), 202


@jobs.get(f"{_ONE}/files/<name>")
@jobs.doc(**giving("文件", *sorted({each.media_type for each in PRODUCTS.values()} | {XLSX})))
@jobs.alt_response(404, **PROBLEM, description="没有这个任务，或文件还没有生成")
def take_file(id: str, name: str) -> Response:
    """下载一个已经生成的文件"""
    run, product = owned.found(id), PRODUCTS.get(name)
    if (product is None and name != LIST) or not run.folder.exists(place(name)):
        raise NotFound
    suffix = product.suffix if product else "xlsx"
    title = product.title if product else "清单"
    media_type = product.media_type if product else XLSX
    content = run.folder.read(place(name))
    return attachment(content, f"{title}-{id[:6]}.{suffix}", f"{name}.{suffix}", media_type)


def _accepted(job: BackgroundJob) -> Any:
    where = url_for("background.show_job", id=job.id)
    return _rendered(job), 202, {"Location": where}


def _rendered(job: BackgroundJob) -> dict[str, Any]:
    folder = owned.folder(store(), job.id)
    made = [name for name in (*PRODUCTS, LIST) if folder.exists(place(name))]
    return {**{name: getattr(job, name) for name in _TOLD}, "files": made}


_TOLD: Final = ("id", "kind", "title", "state", "label", "done", "total", "at", "expires")
