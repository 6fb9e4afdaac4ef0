"""Whether a document shows the data that it carries, and nothing else.

A document is opened in a process that can be killed; then the form is filled again with what the
document holds, and the two are compared.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from formsvc import sandbox, submissions
from formsvc.documents.filling import HOUSE, Press, fill
from formsvc.documents.printing import printed
from formsvc.documents.proof import carriage, comparison
from formsvc.documents.proof.carriage import Record
from formsvc.documents.proof.comparison import Appearance
from formsvc.documents.proof.marks import Mark, is_signed, matches, parse_mark, public_key
from formsvc.errors import FormsvcError, UnreadableDocument
from formsvc.forms import Form


class Status(StrEnum):
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    NOT_OURS = "not_ours"
    UNSIGNED = "unsigned"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found. `message` is Chinese; `pointers` are the fields that differ, as far as
    they can be told; `data` is the submission that the document carries, None when there is none.
    """

    status: Status
    message: str
    code: Mark | None = None
    pointers: tuple[str, ...] = ()
    data: object = None


def look(raw: bytes) -> bytes:
    """All that `verify` needs of a document, as JSON: what it carries and how it looks.

    Bytes to bytes, for a process that can be killed. UnreadableDocument when it cannot be read.
    """
    format, carried = carriage.format_of(raw), carriage.extract(raw)
    if carried is None:
        return b"null"
    seen = comparison.appearance(raw, format)
    parts = [carried.code, carried.data.decode(), seen.text, dict(seen.marks), seen.pages]
    return json.dumps(parts).encode()


def verify(raw: bytes, forms: Iterable[Form], press: Press = HOUSE) -> Verdict:
    """Whether a document shows the data that it carries, and nothing else.

    `forms` are all editions that there are. Where the press has a key, an unsigned or wrongly
    signed document counts as changed. Never raises for what is in `raw`.
    """
    try:
        parts = json.loads(sandbox.run_limited(look, raw))
        if parts is None:
            return Verdict(Status.NOT_OURS, "这个文件不是本系统生成的：其中没有填报数据。")
        code, data, text, marks, pages = parts
        seen = Appearance(text, marks, tuple(pages))
        return _judged(raw, seen, Record(code, data.encode()), forms, press)
    except UnreadableDocument as unreadable:
        return Verdict(Status.UNREADABLE, str(unreadable))


def verify_code(text: str, forms: Iterable[Form], press: Press = HOUSE) -> Verdict:
    """What a printed code alone says. Only a signed code can be trusted without its document."""
    try:
        mark = parse_mark(text)
    except UnreadableDocument as unreadable:
        return Verdict(Status.UNREADABLE, str(unreadable))
    form = _edition(forms, mark)
    if form is None:
        return Verdict(Status.NOT_OURS, f"没有“{mark.form}”这种表（版次 {mark.edition}）。", mark)
    if press.key and is_signed(mark, public_key(press.key)):
        message = f"签名有效：{form.title}，版次 {mark.edition}，由本服务签发。"
        return Verdict(Status.UNCHANGED, message, mark)
    if mark.signature:
        return Verdict(Status.CHANGED, "签名无效：不是本服务签发的校验码。", mark)
    message = "这个校验码没有签名，单凭它不能判断真假；请用 Word 或 PDF 文件核对。"
    return Verdict(Status.UNSIGNED, message, mark)


def _edition(forms: Iterable[Form], mark: Mark) -> Form | None:
    """The edition that a code names, in any case of letters."""
    named = (mark.form.lower(), mark.edition.upper())
    return next((form for form in forms if (form.id, form.edition.upper()) == named), None)


def _judged(
    raw: bytes, seen: Appearance, carried: Record, forms: Iterable[Form], press: Press
) -> Verdict:
    try:
        code = parse_mark(carried.code)
    except UnreadableDocument:
        return Verdict(Status.CHANGED, "文件中的校验码被改动。")
    form = _edition(forms, code)
    if form is None:
        name = f"{code.form}（版次 {code.edition}）"
        return Verdict(Status.NOT_OURS, f"本系统没有这份文件所用的表单：{name}。", code)
    data = submissions.parse(carried.data).data
    if not isinstance(data, dict) or data.get("form") != form.id:
        return Verdict(Status.CHANGED, "文件中的填报数据被改动。", code)
    # As it was made: whether it should have been signed is another question.
    used = replace(press, key=press.key if code.signature else None)
    differing = _differing(raw, seen, form, data, used)
    if not matches(code, form, data):
        message = "文件中的填报数据被改动，与校验码不符。"
        return Verdict(Status.CHANGED, message, code, differing or (), data)
    if differing is not None:
        labels = "、".join(map(form.label, differing)) or "文字或外观"
        return Verdict(Status.CHANGED, f"文件被改动：{labels}。", code, differing, data)
    if press.key and not is_signed(code, public_key(press.key)):
        return Verdict(Status.CHANGED, "文件没有有效的签名。", code, (), data)
    return Verdict(Status.UNCHANGED, "文件未被改动，与填报数据一致。", code, (), data)


def _differing(
    raw: bytes, seen: Appearance, form: Form, data: object, press: Press
) -> tuple[str, ...] | None:
    """Where a document differs from our own, final or draft; () when ours cannot be made."""
    found: tuple[str, ...] | None = None
    values = printed(form, data)
    format = carriage.format_of(raw)
    for draft in (False, True):
        try:
            expected = fill(form, data, format, draft=draft, press=press)
        except FormsvcError:
            continue
        if expected == raw:
            return None
        shown = comparison.appearance(expected, format)
        differing = comparison.differences(shown, seen, form, values)
        if differing is None:
            return None
        found = differing if found is None else found
    return found or ()
