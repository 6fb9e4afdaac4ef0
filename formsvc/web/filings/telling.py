"""Notices of the reader, and the history for administrators, in words."""

from typing import Any, Final

from flask import redirect, render_template, request, url_for

from formsvc.store import history as kept
from formsvc.store import notices
from formsvc.store.access import Role
from formsvc.store.history import Told
from formsvc.store.materials import Purpose
from formsvc.web import csrf
from formsvc.web.filings.blueprint import (
    filings,
    number,
    opened_query,
    sealed_query,
    stage_of,
    term,
)
from formsvc.web.filings.work import TITLES
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
    "access-reset": "重设登录",
    "password-changed": "修改密码",
    "second-step-on": "开启两步验证",
    "second-step-off": "关闭两步验证",
    "passkey-added": "登记通行密钥",
    "passkey-removed": "删除通行密钥",
    "recovery-codes-made": "生成恢复码",
    "recovery-code-used": "使用恢复码",
    "person-imported": "导入人员",
    "office-changed": "导入机构",
    "roster-kept": "存入名册",
    "material-added": "上传文件",
    "material-removed": "删除文件",
    "scan-judged": "核对扫描件",
    "job-begun": "开始后台任务",
    "exported": "导出",
    "imported": "迁入",
    "restored": "恢复备份",
    "loss-accepted": "确认缺失",
    "key-added": "新建密钥",
    "keys-dropped": "销毁旧密钥",
    "erasure-announced": "预告删除内容",
    "erased": "到期删除内容",
    "demo-filled": "放入演示内容",
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
    "member": "成员",
    "how": "方式",
    "job": "任务",
    "job_kind": "种类",
    "filings": "份数",
    "count": "个数",
    "people": "人员",
    "uses": "可用次数",
    "scopes": "权限",
    "token": "令牌",
    "material": "文件",
    "scan": "扫描件",
    "size": "字节",
    "files": "文件",
    "on": "日期",
    "key": "密钥",
    "keys": "密钥",
    "hash": "摘要",
    "had": "原有",
    "found": "现有",
    "sealed": "密封",
    "opinions": "意见",
    "what": "内容",
    "roster": "名册",
    "manifest": "清单摘要",
    "origin": "来源",
    "installation": "来自",
}
_VALUES: Final = {
    "why": {"role": "没有这个权限", "state": "现在的状态不能这样办", "errors": "材料有错误",
            "void": "内容已经变了", "reused": "重复的提交标识", "refused": "不能办理"},
    "verb": {"hand-in": "提交", "draft": "新建草稿", "save": "保存", "discard": "删除草稿",
             "withdraw": "撤回", "pass-on": "通过", "return": "退回", "refuse": "不予通过"},
    "role": {role.value: role.label for role in Role},
    "how": {"password": "密码", "two-factor": "密码和验证码", "authenticator": "密码和验证码",
            "webauthn": "通行密钥", "reset": "重设链接", "invitation": "邀请链接",
            "recovery": "恢复码", "sign-on": "单位账号"},
    "job_kind": {**TITLES, "make": "打包"},
    "what": {"receipt": "回执", "material": "文件", "opinions": "意见"},
    "scopes": {"read": "查看", "write": "办理"},
}  # fmt: skip
_SHORT: Final = 16


@filings.app_template_filter("event_kind")
def kind_title(kind: str) -> str:
    """What people call a kind of event."""
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
    if name in ("digest", "opinion", "job", "hash", "manifest"):
        return text[:_SHORT] + "…"
    if name in ("stage", "to"):
        stage = stage_of(form, text) if (form := catalogue().get(told.form)) else None
        return stage.title if stage else text
    if name == "of":
        kinds = (known.offices.get(text) for known in catalogue().programmes.values())
        titles = [kind.title for kind in kinds if kind]
        return titles[0] if titles else Purpose(text).label if text in set(Purpose) else text
    return _VALUES.get(name, {}).get(text, text)


@filings.get("/admin/history")
def history() -> str:
    """What happened, the newest first."""
    return _history(None)


@filings.post("/admin/history")
def history_find() -> Any:
    """The history, narrowed; a name goes into the address sealed."""
    csrf.protect()
    signed_in()
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
