"""Files and receipts of a submission, under /api/v1/submissions. Only with a store."""

from typing import Any, Final

from flask import Response, request
from marshmallow import Schema, fields, validate

from formsvc.store import life, scans
from formsvc.store import materials as kept
from formsvc.store.materials import Purpose
from formsvc.store.models import Material
from formsvc.store.scans import Seen
from formsvc.store.sniffing import FileType
from formsvc.store.store import Work
from formsvc.web.api import conditions
from formsvc.web.api.description import PROBLEM, giving, taking
from formsvc.web.api.envelopes import VersionQuery
from formsvc.web.api.filings import SignedIn
from formsvc.web.filings.materials import BODY_LIMIT, file_of, keep_file, receipt_of
from formsvc.web.held import signed_in, store

_ONE: Final = "/submissions/<int:filing>"
_BODY: Final = taking("文件本身", "application/octet-stream")

materials = SignedIn(
    "materials", __name__, url_prefix="/api/v1", description="申报的证明材料、盖章扫描件和回执"
)
materials.before_request(conditions.require_actor)


class FileQuery(Schema):
    name = fields.String(
        load_default="",
        validate=validate.Length(max=400),
        metadata={"description": "文件名，给人看"},
    )
    kind = fields.String(
        load_default=Purpose.PROOF.value,
        validate=validate.OneOf([each.value for each in Purpose], error="只能是 {choices}"),
        metadata={"description": "proof 证明材料；scan 盖章扫描件"},
    )


class RemarkPayload(Schema):
    what = fields.String(required=True, validate=validate.OneOf([each.value for each in Seen]))
    ok = fields.Boolean(required=True)
    box = fields.String(required=True, metadata={"description": "哪一处签字盖章，没有则为空"})
    message = fields.String(required=True)


class MaterialPayload(Schema):
    id = fields.Integer(required=True)
    kind = fields.String(required=True)
    title = fields.String(required=True, metadata={"description": "文件名，不带扩展名"})
    version = fields.Integer(required=True, metadata={"description": "随哪一版"})
    stage = fields.String(required=True, metadata={"description": "在哪个环节加的"})
    media_type = fields.String(required=True)
    size = fields.Integer(required=True, metadata={"description": "字节"})
    sha256 = fields.String(required=True)
    at = fields.AwareDateTime(required=True)
    findings = fields.List(
        fields.Nested(RemarkPayload), required=True, metadata={"description": "扫描件查出的"}
    )


@materials.get(f"{_ONE}/materials")
@materials.response(200, MaterialPayload(many=True), description="文件")
@materials.alt_response(404, **PROBLEM, description="没有，或看不到")
def list_materials(filing: int) -> list[dict[str, Any]]:
    """一份申报的文件，按先后"""
    with store().reading(signed_in()) as work:
        found = life.find(work, filing)
        return [_told(work, each) for each in kept.listed(work, found)]


@materials.post(f"{_ONE}/materials")
@materials.doc(**_BODY)
@materials.arguments(FileQuery, location="query")
@materials.response(201, MaterialPayload, description="已收下")
@materials.alt_response(403, **PROBLEM, description="不由您加，或令牌只能读取，或不是本站的页面")
@materials.alt_response(404, **PROBLEM, description="没有，或看不到")
@materials.alt_response(409, **PROBLEM, description="现在不能加文件")
@materials.alt_response(413, **PROBLEM, description="内容太大")
@materials.alt_response(422, **PROBLEM, description="文件不是可以收的种类，或太多")
def add_material(query: dict[str, Any], filing: int) -> dict[str, Any]:
    """加一个文件：请求内容就是文件本身"""
    request.max_content_length = BODY_LIMIT
    raw = request.get_data(cache=False)
    added = keep_file(filing, query["name"], raw, query["kind"])
    with store().reading(signed_in()) as work:
        return _told(work, kept.find(work, filing, added)[1])


@materials.get(f"{_ONE}/materials/<int:material>")
@materials.doc(**giving("文件", *sorted({each.media_type for each in FileType})))
@materials.alt_response(404, **PROBLEM, description="没有，或看不到")
def open_material(filing: int, material: int) -> Response:
    """一个文件的内容；查看会记录下来"""
    return file_of(filing, material)


@materials.delete(f"{_ONE}/materials/<int:material>")
@materials.response(204, description="已删除")
@materials.alt_response(403, **PROBLEM, description="不由您删，或令牌只能读取，或不是本站的页面")
@materials.alt_response(404, **PROBLEM, description="没有，或看不到")
@materials.alt_response(409, **PROBLEM, description="已随提交的那一版留存")
def remove_material(filing: int, material: int) -> None:
    """删除一个还可以删的文件"""
    kept.remove(store(), signed_in(), filing, material)


@materials.get(f"{_ONE}/receipt")
@materials.arguments(VersionQuery, location="query")
@materials.doc(**giving("文件", "application/json"))
@materials.alt_response(404, **PROBLEM, description="没有，或看不到，或没有这一版")
@materials.alt_response(409, **PROBLEM, description="内容已按保存期限删除")
def show_receipt(query: dict[str, Any], filing: int) -> Response:
    """提交的回执，由本服务签名；查看会记录下来"""
    return receipt_of(filing, query.get("version"), "json")


@materials.get(f"{_ONE}/receipt.<any(pdf, json):ending>")
@materials.arguments(VersionQuery, location="query")
@materials.doc(**giving("文件", "application/json", "application/pdf"))
@materials.alt_response(404, **PROBLEM, description="没有，或看不到，或没有这一版")
@materials.alt_response(409, **PROBLEM, description="内容已按保存期限删除")
def print_receipt(query: dict[str, Any], filing: int, ending: str) -> Response:
    """提交的回执，PDF 或 JSON；查看会记录下来"""
    return receipt_of(filing, query.get("version"), ending)


def _told(work: Work, material: Material) -> dict[str, Any]:
    said = scans.remarks(work.store.keys, material)
    return {
        "id": material.id, "kind": material.kind, "title": kept.title(work.store.keys, material),
        "version": material.version, "stage": material.stage,
        "media_type": material.media_type, "size": material.size, "sha256": material.digest,
        "at": material.at,
        "findings": [{"what": each.what.value, "ok": each.is_good, "box": each.box,
                      "message": each.text} for each in said],
    }  # fmt: skip
