"""The HTTP interface, described by OpenAPI."""

from typing import Any, Final

from flask import Response, current_app, request
from werkzeug.exceptions import NotFound

from formsvc import documents
from formsvc.checks.coverage import coverage
from formsvc.delivery import blank as blank_form
from formsvc.delivery import file_name
from formsvc.delivery import fill as filled
from formsvc.documents import Format
from formsvc.documents.proof.verification import verify as verified
from formsvc.documents.proof.verification import verify_code
from formsvc.errors import UnreadableDocument
from formsvc.forms import Form
from formsvc.intake import reading
from formsvc.submissions import MAX_BYTES
from formsvc.web.api import payloads
from formsvc.web.api.arguments import Routes
from formsvc.web.api.description import BINARY, PROBLEM, SUBMISSION, giving
from formsvc.web.api.lean import lean
from formsvc.web.attachments import attachment
from formsvc.web.held import catalogue, form_or_404, issuers, settings
from formsvc.web.problems import problem
from formsvc.writing import jsonl
from formsvc.writing.notation import today

# One byte more than a submission may have, so that the reader itself says what is wrong.
BODY_LIMIT = MAX_BYTES + 1
DOCUMENT_LIMIT = 10_000_000

api = Routes("api", __name__, url_prefix="/api/v1", description="检查申报内容，填写正式表格")

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "一份申报，JSON；字段见 GET /api/v1/forms/{form}/schema",
        "content": {"application/json": {"schema": SUBMISSION}},
    }
}
_MULTIPART: Final = {
    "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
}
_FILE: dict[str, Any] = {
    "requestBody": {
        "description": "文件内容，或只有一个文件的 multipart/form-data",
        "content": {"application/octet-stream": BINARY, "multipart/form-data": _MULTIPART},
    }
}


@api.get("/forms")
@api.response(200, payloads.FormPayload(many=True), description="各种表")
def list_forms() -> list[Form]:
    """各种表"""
    return list(catalogue().all_in_force(today()))


@api.get("/forms/<form>")
@api.response(200, payloads.FormDetailPayload, description="一种表")
@api.alt_response(404, **PROBLEM, description="没有这种表")
def show_form(form: str) -> Form:
    """一种表的栏目、限制和规则"""
    return form_or_404(form)


@api.get("/forms/<form>/schema")
@api.response(
    200,
    {"type": "object"},
    content_type="application/schema+json",
    description="JSON Schema 2020-12，公用定义一并带上",
)
@api.alt_response(404, **PROBLEM, description="没有这种表")
def show_schema(form: str) -> Response:
    """一种表的 JSON Schema"""
    chosen = form_or_404(form)
    bundled = {**chosen.schema, "$defs": {"common": chosen.common}}
    text = current_app.json.dumps(bundled)
    return current_app.response_class(text, mimetype="application/schema+json")


@api.get("/forms/<form>/blank.<format>")
@api.doc(**giving("空白的正式表格", *documents.MEDIA_TYPES.values()))
@api.alt_response(404, **PROBLEM, description="没有这种表或格式")
def blank(form: str, format: Format) -> Response:
    """空白的正式表格"""
    chosen = form_or_404(form)
    if format not in documents.MEDIA_TYPES:
        raise NotFound
    content = blank_form(chosen, format, today(), press=settings().press)
    name = file_name(chosen, None, format)
    return attachment(content, name, f"{chosen.id}.{format}", documents.MEDIA_TYPES[format])


@api.get("/coverage")
@api.response(200, payloads.CoveragePayload(many=True), description="各项办法")
def show_coverage() -> list[dict[str, Any]]:
    """各项办法逐条由什么核对，或软件为什么不能"""
    known = catalogue().all_in_force(today())
    return [
        coverage(programme, known, today()).to_dict()
        for programme in catalogue().programmes.values()
    ]


@api.post("/forms/<form>/check")
@lean
@api.doc(**_BODY)
@api.arguments(payloads.OnQuery, location="query")
@api.response(200, payloads.ReportPayload, description="报告，有无问题都是 200")
@api.alt_response(400, **PROBLEM, description="内容不是可读的 JSON；报告在 report 中")
@api.alt_response(404, **PROBLEM, description="没有这种表")
@api.alt_response(413, **PROBLEM, description="内容太大")
def check(query: dict[str, Any], form: str) -> Any:
    """检查一份申报：全部问题、依据和改法"""
    chosen = form_or_404(form)
    report = catalogue().check(_body(), on=query["on"], form=chosen.id).report
    if report.unreadable:
        return problem(400, "内容无法读取，请看 report。", report=report)
    text = jsonl.line(report.to_dict())
    return current_app.response_class(text, mimetype="application/json")


@api.post("/forms/<form>/documents")
@lean
@api.doc(**_BODY, **giving("填好的正式表格", *documents.MEDIA_TYPES.values()))
@api.arguments(payloads.FillQuery, location="query")
@api.alt_response(400, **PROBLEM, description="内容不是可读的 JSON；报告在 report 中")
@api.alt_response(404, **PROBLEM, description="没有这种表")
@api.alt_response(413, **PROBLEM, description="内容太大")
@api.alt_response(422, **PROBLEM, description="内容有问题，不予填写；报告在 report 中")
def fill(query: dict[str, Any], form: str) -> Response:
    """填写正式表格；有问题时不填，除非 draft"""
    chosen = form_or_404(form)
    format: Format = query.pop("format")
    checked = catalogue().check(_body(), on=query.pop("on"), form=chosen.id)
    delivery = filled(checked, format, press=settings().press, **query)
    if delivery.document is None:
        status, detail = (
            (400, "内容无法读取，请看 report。")
            if delivery.report.unreadable
            else (422, "内容有问题，改正后再填写，请看 report。")
        )
        return problem(status, detail, report=delivery.report)
    media_type = documents.MEDIA_TYPES[format]
    return attachment(delivery.document, delivery.name, f"{chosen.id}.{format}", media_type)


@api.post("/read")
@api.doc(**_FILE)
@api.arguments(payloads.OnQuery, location="query")
@api.response(200, payloads.SubmissionPayload, description="取出的申报数据和报告")
@api.alt_response(413, **PROBLEM, description="文件太大")
@api.alt_response(422, **PROBLEM, description="文件里没有申报数据，或无法读取")
def read(query: dict[str, Any]) -> Any:
    """取出 DOCX、PDF 或 JSON 文件中的申报数据，并检查；纸面与所带数据不同的栏目逐一列出"""
    try:
        found = reading.read(_body(DOCUMENT_LIMIT), catalogue())
    except UnreadableDocument as unreadable:
        return problem(422, str(unreadable))
    checked = reading.check(found, catalogue(), on=query["on"])
    if checked.report.unreadable:
        return problem(422, "文件里的内容无法读取，请看 report。", report=checked.report)
    return {
        "submission": checked.data,
        "report": checked.report.to_dict(),
        "origins": found.origins,
        "differences": found.differences,
        "unsure": found.unsure,
        "leftovers": found.leftovers,
    }


@api.post("/verify")
@api.doc(**_FILE)
@api.arguments(payloads.CodeQuery, location="query")
@api.response(200, payloads.VerdictPayload, description="核对的结果")
@api.alt_response(413, **PROBLEM, description="文件太大")
@api.alt_response(422, **PROBLEM, description="没有文件，也没有校验码")
def verify(query: dict[str, Any]) -> Any:
    """核对文件是否与其中的数据一致；有签名的，也可只核对印出的校验码"""
    if "code" in query:
        return verify_code(query["code"], catalogue().editions(), settings().press)
    content = _body(DOCUMENT_LIMIT)
    if not content:
        return problem(422, "请附上文件，或在 code 中写出校验码。")
    return verified(content, catalogue().editions(), settings().press, issuers())


def _body(limit: int = BODY_LIMIT) -> bytes:
    """The request's bytes, or those of its one file when it is a multipart form."""
    request.max_content_length = limit
    if request.mimetype == "multipart/form-data":
        files = list(request.files.values())
        return files[0].read() if files else b""
    return request.get_data(cache=False)
