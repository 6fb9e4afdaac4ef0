"""A posted page must come from a page of ours: a token in it equals the one in a cookie."""

import secrets
from typing import ClassVar, Final

from flask import Blueprint, Flask, Response, g, request
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


def install(pages: Blueprint | Flask) -> None:
    """Give a desk's pages, or all, `csrf_token()`, and the browser its cookie."""
    pages.context_processor(lambda: {"csrf_field": FIELD, "csrf_token": token})

    @pages.after_request
    def remember(response: Response) -> Response:
        given = g.pop("csrf", None)  # once, though a page may be a desk's and the application's
        if given is not None and request.cookies.get(_COOKIE) != given:
            response.set_cookie(
                _COOKIE,
                given,
                httponly=True,
                samesite="Lax",
                secure=secure(),
                path=request.root_path or "/",
            )
        return response
