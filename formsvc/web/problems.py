"""Every error as one documented payload (RFC 9457), or as a page for people who browse."""

from http import HTTPStatus
from typing import Any, ClassVar, Final

from flask import Response, current_app, json, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException, SecurityError, ServiceUnavailable

from formsvc.findings import Report
from formsvc.storage import is_full
from formsvc.store.errors import (
    Full,
    Invalid,
    NotAllowed,
    NotReady,
    NotThere,
    Overloaded,
    Overtaken,
    Reused,
    StoreError,
)
from formsvc.web.held import remembers

MEDIA_TYPE = "application/problem+json"
_TITLES = {
    400: "请求无法读取",
    401: "请先登录",
    403: "不能这样做",
    404: "没有这个地址",
    405: "这个地址不支持这种请求方法",
    408: "等得太久，请重新提交",
    409: "现在不能这样办",
    410: "已经不在了",
    412: "刚被别人改动过",
    413: "提交的内容太大",
    415: "不支持这种内容类型",
    422: "内容有问题，不能办理",
    428: "请求要带上它所依据的版本",
    429: "请求太多，请稍后再试",
    500: "服务内部出错",
    503: "服务正忙，请稍后再试",
    507: "存放的地方满了",
}


def problem(
    status: int,
    detail: str,
    *,
    report: Report | None = None,
    errors: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """An error response; `report` and `errors` are RFC 9457 extension members."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": title(status),
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = errors
    if report:
        body["report"] = report.to_dict()
    text = json.dumps(body, ensure_ascii=False)
    return current_app.response_class(
        text, status=status, mimetype=MEDIA_TYPE, headers=headers or {}
    )


def from_exception(error: HTTPException) -> Response:
    """The one handler: problem+json under /api, a page elsewhere."""
    status = error.code or 500
    data = getattr(error, "data", None) or {}
    messages = data.get("messages")
    errors = messages.get("query", messages) if isinstance(messages, dict) else None
    detail = data.get("message") or _details(status)
    if isinstance(error, SecurityError):
        detail = "这个主机名不在允许之列；管理员可用 FORMSVC_TRUSTED_HOSTS 添加。"
    headers = {
        name: value
        for name, value in error.get_headers()
        if name in {"Allow", "Retry-After", "WWW-Authenticate"}
    }
    if status == 401 and remembers() and not request.path.startswith("/api/"):
        # Whoever only looked comes back to the page; what was posted is not sent a second time.
        onward = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("security.login", next=onward))  # type: ignore[return-value]  # a Response of Flask's
    if status == 401:
        headers = {**headers, "WWW-Authenticate": "Bearer"}
    # A page cannot be made for a host that is not trusted: it has no addresses.
    if request.path.startswith("/api/") or isinstance(error, SecurityError):
        report = getattr(error, "report", None)
        return problem(status, detail, report=report, errors=errors, headers=headers)
    page = render_template("error.html", title=title(status), detail=detail, status=status)
    return current_app.response_class(page, status=status, headers=headers)


def full(error: Exception) -> Response:
    """507 where there is no room left; any other fault of the system stays one."""
    if not is_full(error):
        raise error
    return from_exception(_Full())


def undone(error: StoreError) -> Response:
    """What the store did not do, and why."""
    made = HTTPException(str(error))
    if isinstance(error, Overloaded):
        made = ServiceUnavailable(str(error), retry_after=error.seconds)
    made.code = status_of(error)
    made.data = {"message": str(error)}  # type: ignore[attr-defined]  # as flask-smorest does
    if isinstance(error, NotReady) and request.path.startswith("/api/"):
        return problem(made.code, str(error), report=error.report)
    return from_exception(made)


def status_of(error: StoreError) -> int:
    """The status that says why the store did not do something."""
    return next((code for kind, code in _STATUSES if isinstance(error, kind)), 409)


_STATUSES: Final = (
    (Full, 507),
    (NotThere, 404),
    (Overloaded, 503),
    (Overtaken, 412),
    (NotAllowed, 403),
    (NotReady, 422),
    (Reused, 422),
    (Invalid, 422),
)


class _Full(HTTPException):
    code = 507
    data: ClassVar = {"message": str(Full())}


def title(status: int) -> str:
    """What a status means, for people."""
    return _TITLES.get(status, HTTPStatus(status).phrase)


def _details(status: int) -> str:
    match status:
        case 401:
            return "请登录后再试；程序请带上令牌（Authorization: Bearer …）。"
        case 404 if not request.path.startswith("/api/"):
            return "请核对网址，或从上面的链接找到要去的页面。"
        case 404:
            return "请核对网址；接口说明见 /api/docs。"
        case 413:
            limit = (request.max_content_length or 0) // 1000 * 1000
            return f"最多 {limit:,} 字节，请减小后再提交。"
        case 422:
            return "请求的参数不对，请看 errors。"
        case 500:
            return "已经记录，请稍后再试；仍不行请与管理员联系。"
        case _ if not request.path.startswith("/api/"):
            return "请返回上一页再试；仍不行请与管理员联系。"
        case _:
            return "请核对请求；接口说明见 /api/docs。"
