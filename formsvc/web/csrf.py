"""A posted page must come from a page of ours: a token in it equals the one in a cookie."""

import secrets
from typing import ClassVar, Final

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import BadRequest

from formsvc.web.held import secure

FIELD: Final = "token"
_COOKIE: Final = "formsvc_token"
_LENGTH: Final = 43


class StalePage(BadRequest):
    """The token is missing or of another browser session."""

    data: ClassVar = {"message": "页面已经过期，请返回上一页刷新后再试。"}


def token() -> str:
    """The token that this response's forms carry."""
    if "csrf" not in g:
        sent = request.cookies.get(_COOKIE, "")
        g.csrf = sent if len(sent) == _LENGTH else secrets.token_urlsafe(32)
    return str(g.csrf)


def is_ours() -> bool:
    """Whether the request was posted from one of our pages. Reads the body."""
    sent = request.cookies.get(_COOKIE, "")
    given = request.form.get(FIELD, "")
    return len(sent) == _LENGTH and secrets.compare_digest(sent.encode(), given.encode())


def protect() -> None:
    """Refuse a post that did not come from our pages."""
    if not is_ours():
        raise StalePage


def install(blueprint: Blueprint) -> None:
    """Give a desk's pages `csrf_token()`, and the browser its cookie."""
    blueprint.context_processor(lambda: {"csrf_field": FIELD, "csrf_token": token})

    @blueprint.after_request
    def remember(response: Response) -> Response:
        if "csrf" in g and request.cookies.get(_COOKIE) != g.csrf:
            response.set_cookie(
                _COOKIE,
                g.csrf,
                httponly=True,
                samesite="Lax",
                secure=secure(),
                path=request.root_path or "/",
            )
        return response
