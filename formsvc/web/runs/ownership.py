"""Whose run it is: the key in the browser's cookie, and nowhere else, opens it."""

import base64
import secrets
from types import ModuleType
from typing import Any, ClassVar, Final, cast

from flask import g, request
from werkzeug.exceptions import HTTPException, NotFound, ServiceUnavailable

from formsvc.web.held import runs, secure
from formsvc.web.runs.runs import (
    DELETED,
    EXPIRED,
    KEY_BYTES,
    OWNED,
    REMEMBERED,
    Busy,
    Fill,
    Run,
    Task,
)

_COOKIE: Final = "formsvc_runs"
_RETRY: Final = 30


class NoSuchRun(NotFound):
    """It is another browser's, or was this one's long ago."""

    data: ClassVar = {
        "message": "这一批不是用这个浏览器上传的，或者很久以前就到期删除了；请重新上传。"
    }


class RunExpired(NoSuchRun):
    """Its time was up."""

    code = 410
    data: ClassVar = {"message": "这一批已经到期，自动删除了；还要用的，请重新上传。"}


class RunDeleted(NoSuchRun):
    """Its browser deleted it."""

    code = 410
    data: ClassVar = {"message": "这一批已经按您的要求删除；还要用的，请重新上传。"}


class TooMuchWork(ServiceUnavailable):
    """What waits already is enough."""

    data: ClassVar = {"message": "正在处理的批次太多，请过半分钟再试。"}


class DiskFull(HTTPException):
    """A run could not be begun; nothing was acknowledged."""

    code = 507
    data: ClassVar = {"message": "存放批次的地方满了，没有上传；请稍后再试，或与管理员联系。"}


def own(kind: str) -> list[Run]:
    """The runs of one kind that this browser began, or the jobs of who asks; newest first."""
    if kind == OWNED:
        return cast(list[Run], _owned().reviews())
    key = browser_key()
    return runs().of(key, kind) if key else []


def run_or_404(kind: str, id: str) -> Run:
    """The run, for the browser that began it; the job, for its owner; for others there is none."""
    if kind == OWNED:
        return cast(Run, _owned().found(id))
    key = browser_key()
    run = runs().open(id, key) if key else None
    if run is None or run.status.kind != kind:
        known = runs().became(id, key) if key else ""
        raise {EXPIRED: RunExpired, DELETED: RunDeleted}.get(known, NoSuchRun)
    return run


def started(kind: str, task: Task, fill: Fill) -> Run:
    """A new run of this browser, which `with_key` must then tell its key; `fill` seals files."""
    try:
        return runs().start(new_key(), kind, task, fill)
    except Busy:
        raise TooMuchWork(retry_after=_RETRY) from None
    except OSError:
        raise DiskFull from None


def continued(run: Run, task: Task) -> bool:
    """More work on a run; False when something else is worked on."""
    if run.status.kind == OWNED:
        _owned().continue_(run, task.arguments["product"])
        return True
    try:
        return runs().again(run, task)
    except Busy:
        raise TooMuchWork(retry_after=_RETRY) from None
    except OSError:
        raise DiskFull from None


def waited(run: Run, seconds: float) -> bool:
    """Give the work a moment; whether it is over."""
    if run.status.kind == OWNED:
        return bool(_owned().wait(run, seconds))
    return runs().wait(run, seconds)


def discarded(run: Run) -> None:
    """Delete a run and all that came of it."""
    if run.status.kind == OWNED:
        _owned().discard(run.id)
    else:
        runs().discard(run)


def new_key() -> bytes:
    """That key, or a new one, which `with_key` is then to tell the browser."""
    g.key = browser_key() or secrets.token_bytes(KEY_BYTES)
    return bytes(g.key)


def with_key(response: Any) -> Any:
    """The response, with the cookie that opens what was started."""
    key = base64.urlsafe_b64encode(g.key).decode()
    response.set_cookie(
        _COOKIE,
        key,
        max_age=max(runs().seconds, REMEMBERED),
        httponly=True,
        samesite="Lax",
        secure=secure(),
        path=request.root_path or "/",
    )
    return response


def _owned() -> ModuleType:
    from formsvc.web.runs import owned  # noqa: PLC0415  # without a store no database is loaded

    return owned


def browser_key() -> bytes | None:
    """The key in the browser's cookie, which opens its runs."""
    try:
        key = base64.urlsafe_b64decode(request.cookies.get(_COOKIE, ""))
    except ValueError:
        return None
    return key if len(key) == KEY_BYTES else None
