"""Every post of a page ends where one can go back to and forward again: at an address of its own.

What a browser gets as a page in answer to a post (a report, a verdict, an error) is kept for a
while, as batches are: sealed with a key that is in the browser's cookie alone, and for whom was
signed in then. A script that posts gets its answer at once, as programs do, and nothing is kept.
"""

import json
import zlib
from collections.abc import Callable
from typing import ClassVar, Final

from flask import Blueprint, Flask, Response, current_app, render_template, request, url_for
from werkzeug.exceptions import Gone

from formsvc.web.held import actor, runs
from formsvc.web.problems import title
from formsvc.web.runs.ownership import browser_key, new_key, with_key

# Pages that show a secret once, or what a passkey is to answer: they are kept nowhere.
_ONCE: Final = frozenset({
    "accounts.make_token", "admin.invite", "admin.invite_admin", "admin.reset",
    "security.mf_recovery_codes", "security.two_factor_setup", "security.wan_register",
    "security.wan_signin", "security.wan_verify",
})  # fmt: skip
# Whoever is told to ask less is not to fill the disk with it.
_TOO_MANY: Final = 429
# What the server refuses before the application hears of it.
_REFUSED: Final = {
    "413": "没有收下。请减小文件，或者分几次提交。",
    "503": "没有收下：现在上传大文件的太多。请过半分钟，返回上一页再试。",
    "507": "没有收下：存放的地方满了。请稍后再试，或与管理员联系。",
}
_HEAD: Final = "head"
_PAGE: Final = "page"
_MINUTE: Final = 60

answers = Blueprint("answers", __name__)


class AnswerGone(Gone):
    """Its time was up, it is another browser's, or somebody else is signed in."""

    data: ClassVar = {
        "message": "这一页是按键的结果，只留一段时间，已经删除，或者不是您的；请返回上一页再办。"
    }


@answers.app_context_processor
def _minutes() -> dict[str, Callable[[], int]]:
    return {"kept_minutes": lambda: runs().seconds // _MINUTE}


@answers.get("/answers/<id>")
def show(id: str) -> Response:
    """What a post of this browser was answered with; what the server itself refuses, by its status.

    Raises AnswerGone.
    """
    if id in _REFUSED:
        about = {"status": int(id), "title": title(int(id)), "detail": _REFUSED[id]}
        return current_app.response_class(render_template("error.html", **about), status=int(id))
    key = browser_key()
    folder = runs().kept(id, key) if key else None
    if folder is None:
        raise AnswerGone
    try:
        head = json.loads(folder.read(_HEAD))
        page = zlib.decompress(folder.read(_PAGE))
    except OSError:
        raise AnswerGone from None
    if head["whose"] != _whose():
        raise AnswerGone
    return current_app.response_class(page, status=head["status"], mimetype="text/html")


def lead(response: Response) -> Response:
    """The answer to a browser's post: where its page is; the page itself where it is not kept."""
    if not _is_page(response):
        return response
    head = {"status": response.status_code, "whose": _whose()}
    try:
        id, folder = runs().keep(new_key())
        folder.write(_PAGE, zlib.compress(response.get_data(), 1))
        folder.write(_HEAD, json.dumps(head).encode())
    except OSError:  # no room, or enough of them: the page can be read, if not come back to
        return response
    response.set_data(b"")
    response.status_code = 303
    response.headers["Location"] = url_for("answers.show", id=id)
    del response.headers["Retry-After"]
    led: Response = with_key(response)
    return led


def _is_page(response: Response) -> bool:
    return (
        request.method == "POST"
        and request.endpoint is not None
        and request.endpoint not in _ONCE
        and "text/html" in request.headers.get("Accept", "")  # a script's fetch asks for anything
        and response.mimetype == "text/html"
        and not 300 <= response.status_code < 400
        and response.status_code != _TOO_MANY
    )


def _whose() -> int | None:
    who = actor()
    return who.person if who else None


def install(app: Flask) -> None:
    """Keep and show them in an application."""
    app.register_blueprint(answers)
    app.after_request(lead)
