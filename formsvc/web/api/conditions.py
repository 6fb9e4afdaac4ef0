"""What a request to the store must bring along: who asks, on what it is based, and its content."""

import re
from typing import Any, ClassVar, Final

from flask import request
from marshmallow import Schema
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import (
    BadRequest,
    Forbidden,
    HTTPException,
    PreconditionRequired,
    Unauthorized,
    UnprocessableEntity,
)

from formsvc import submissions
from formsvc.findings import Report
from formsvc.store.errors import Overtaken
from formsvc.web.held import actor

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
OURS: Final = "X-Requested-With"
"""A page of another site cannot send this header: see `require_actor`."""
_TAG: Final = re.compile(r'"([1-9][0-9]{0,17})"')
_BEARER: Final = "bearer "


class NotOurs(Forbidden):
    """A browser's session changes something, and nothing shows that a page of ours asked."""

    data: ClassVar = {
        "message": f"用浏览器登录时，改动要带请求头 {OURS}（任意内容）；程序请用令牌。"
    }


class NotRead(HTTPException):
    """The body is no JSON that can be read; the report says where."""

    code = 400
    data: ClassVar = {"message": "内容无法读取，请看 report。"}

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


def require_actor() -> None:
    """Refuse who is nobody; and a change by a browser's session that another site may have made.

    A page of another site can make a browser send its cookies, but neither Authorization nor a
    header of one's own, as long as nothing here answers to CORS.
    """
    if actor() is None:
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer", {"realm": "formsvc"}))
    has_token = request.headers.get("Authorization", "").lower().startswith(_BEARER)
    if request.method not in SAFE and not has_token and not request.headers.get(OURS):
        raise NotOurs


def revision() -> int:
    """The revision that If-Match names. 428 without one; Overtaken for one that never was."""
    given = request.headers.get("If-Match", "").strip()
    if given in ("", "*"):
        error = PreconditionRequired()
        error.data = {"message": "请带上 If-Match：看到这份材料时的 ETag。"}  # type: ignore[attr-defined]  # as flask-smorest does
        raise error
    tag = _TAG.fullmatch(given)
    if tag is None:
        raise Overtaken
    return int(tag[1])


def content() -> Any:
    """The body as JSON, numbers exact. NotRead says where it is not."""
    parsed = submissions.parse(request.get_data(cache=False))
    if parsed.data is None and parsed.findings:
        raise NotRead(Report("", "", parsed.findings, unreadable=True))
    return parsed.data


def body(schema: Schema) -> dict[str, Any]:
    """The body as an envelope. 422 names what is wrong with it."""
    given = content()
    if not isinstance(given, dict):
        error = BadRequest()
        error.data = {"message": "请求内容应是一个 JSON 对象。"}  # type: ignore[attr-defined]  # as above
        raise error
    return loaded(schema, given)


def loaded(schema: Schema, given: dict[str, Any]) -> dict[str, Any]:
    """What an envelope holds. 422 names what is wrong with it."""
    if errors := schema.validate(given):
        refused = UnprocessableEntity()
        refused.data = {"messages": errors}  # type: ignore[attr-defined]  # as above
        raise refused
    found: dict[str, Any] = schema.load(given)
    return found
