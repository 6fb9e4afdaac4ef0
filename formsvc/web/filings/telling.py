"""Notices of the reader, and the history for administrators, in words."""

from typing import Any, Final

from flask import redirect, render_template, request, url_for

from formsvc.store import history as kept
from formsvc.store import notices
from formsvc.store.access import Role
from formsvc.store.errors import NotThere
from formsvc.store.history import Told
from formsvc.web import csrf
from formsvc.web.filings.blueprint import (
    filings,
    number,
    opened_query,
    sealed_query,
    stage_of,
    term,
)
from formsvc.web.held import catalogue, signed_in, store

_KINDS: Final = {
    "draft-begun": "新建草稿",
    "draft-discarded": "删除草稿",
    "handed-in": "提交",
    "withdrawn": "撤回",
    "passed-on": "通过并转下一步",
    "returned": "退回",
    "not-granted": "不予通过",
    "read": "查看内容",
    "refused": "被拒绝的操作",
    "office-added": "新设机构",
    "office-renamed": "机构改名",
    "office-closed": "停用机构",
    "office-reopened": "恢复机构",
    "invited": "发出邀请",
    "invitation-recalled": "收回邀请",
    "member-added": "加入成员",
    "member-removed": "移出成员",
    "person-added": "新增人员",
    "person-shut-out": "停用人员",
    "person-let-in": "恢复人员",
    "signed-in": "登录",
    "sign-in-failed": "登录失败",
    "signed-out-everywhere": "在所有设备退出",
    "sign-on-linked": "绑定单点登录",
    "locked": "锁定账号",
    "token-made": "新建令牌",
    "token-revoked": "收回令牌",
}
_WORDS: Final = {
    "digest": "内容摘要",
    "edition": "表的版次",
    "errors": "错误",
    "warnings": "请核对",
    "stage": "环节",
    "to": "转到",
    "findings": "附问题",
    "until": "改正期限",
    "opinion": "意见摘要",
    "why": "原因",
    "verb": "操作",
    "of": "类别",
    "role": "角色",
    "office": "机构",
    "person": "人员",
}
_VALUES: Final = {
    "why": {"role": "没有这个权限", "state": "现在的状态不能这样办", "errors": "材料有错误",
            "void": "内容已经变了", "reused": "重复的提交标识", "refused": "不能办理"},
    "verb": {"hand-in": "提交", "draft": "新建草稿", "save": "保存", "discard": "删除草稿",
             "withdraw": "撤回", "pass-on": "通过", "return": "退回", "refuse": "不予通过"},
    "role": {role.value: role.label for role in Role},
}  # fmt: skip
_SHORT: Final = 16


@filings.app_template_filter("event_kind")
def _kind(kind: str) -> str:
    return _KINDS.get(kind, kind)


def _said(told: Told) -> str:
    """An event's details in words; digests by their beginning."""
    parts: list[str] = []
    for name, value in told.details.items():
        if name == "version":
            parts.insert(0, f"第 {value} 版" if value else "草稿")
        elif value not in (None, "", [], 0):
            parts.append(f"{_WORDS.get(name, name)} {_value(told, name, value)}")
    return "；".join(parts)


def _value(told: Told, name: str, value: object) -> str:
    text = "、".join(map(str, value)) if isinstance(value, list) else str(value)
    if name in ("digest", "opinion"):
        return text[:_SHORT] + "…"
    if name in ("stage", "to"):
        stage = stage_of(form, text) if (form := catalogue().get(told.form)) else None
        return stage.title if stage else text
    if name == "of":
        kinds = (known.offices.get(text) for known in catalogue().programmes.values())
        return next((kind.title for kind in kinds if kind), text)
    return _VALUES.get(name, {}).get(text, text)


@filings.get("/admin/history")
def history() -> str:
    """What happened, the newest first."""
    return _history(None)


@filings.post("/admin/history")
def history_find() -> Any:
    """The history, narrowed; a name goes into the address sealed."""
    csrf.protect()
    if not signed_in().is_admin:
        raise NotThere
    terms = {name: term(request.form.get(name, "")) for name in ("filing", "kind")}
    terms["find"] = sealed_query(request.form.get("person", ""))
    given: dict[str, Any] = {name: text for name, text in terms.items() if text}
    return redirect(url_for("filings.history", **given), 303)


@filings.get("/admin/history/whole")
def history_whole() -> str:
    """Whether the history is whole."""
    with store().reading(signed_in()) as work:
        found = kept.faults(work)
    return _history(found)


def _history(faults: list[str] | None) -> str:
    sent = request.args
    terms = {name: term(sent.get(name, "")) for name in ("filing", "kind")}
    person = opened_query(sent.get("find", ""))
    before = number(sent.get("before", ""))
    with store().reading(signed_in()) as work:
        found = kept.told(work, person=person, before=before, **terms)
        kinds = kept.kinds(work)
    lines = [(each, _said(each)) for each in found[: kept.PAGE]]
    more = lines[-1][0].event.number if len(found) > kept.PAGE else None
    terms = {name: text for name, text in terms.items() if text}
    terms |= {"find": sent["find"]} if person else {}
    return render_template(
        "history.html",
        lines=lines,
        more=more,
        kinds=kinds,
        terms=terms,
        person=person,
        faults=faults,
        is_later=before is not None,
    )


@filings.get("/notices")
def told() -> str:
    """What the reader was told, the newest first."""
    with store().reading(signed_in()) as work:
        found = notices.latest(work)
    return render_template("notices.html", notices=found)


@filings.post("/notices")
def seen() -> Any:
    """Mark all as read, or one and go where it leads."""
    csrf.protect()
    with store().writing(signed_in()) as work:
        one = notices.seen(work, number(request.form.get("notice", "")))
    if one is not None and one.filing_id is not None:
        return redirect(url_for("filings.show", id=one.filing_id), 303)
    return redirect(url_for("filings.told"), 303)
