"""Whether a document shows the data that it carries, and nothing else.

A document is opened in a process that can be killed; then the form is filled again with what the
document holds, and the two are compared.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum

from formsvc import sandbox, submissions
from formsvc.documents.filling import HOUSE, Press, fill
from formsvc.documents.printing import printed
from formsvc.documents.proof import carriage, comparison
from formsvc.documents.proof.carriage import Record
from formsvc.documents.proof.marks import Mark, is_signed, matches, parse_mark, public_key
from formsvc.errors import FormsvcError, UnreadableDocument
from formsvc.forms import Form
from formsvc.writing.masking import masked
from formsvc.writing.texts import clean

_MOST, _NAMED = 8, 60  # things that a verdict names, and characters of each

sandbox.preload(__name__)


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
    """What a document carries, code and data, as JSON; null for nothing.

    Bytes to bytes, for a process that can be killed. UnreadableDocument when it cannot be read.
    """
    carried = carriage.extract(raw)
    return json.dumps(carried and [carried.code, carried.data.decode("utf-8", "replace")]).encode()


def verify(raw: bytes, forms: Iterable[Form], press: Press = HOUSE) -> Verdict:
    """Whether a document shows the data that it carries, and nothing else.

    `forms` are all editions that there are. Where the press has a key, an unsigned or wrongly
    signed document counts as changed. Never raises for what is in `raw`.
    """
    try:
        parts = json.loads(sandbox.run_limited(look, raw))
        if parts is None:
            return Verdict(Status.NOT_OURS, "这个文件不是本系统生成的：其中没有填报数据。")
        code, data = parts
        return _judged(raw, Record(code, data.encode()), forms, press)
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
        return Verdict(
            Status.NOT_OURS, masked(f"没有“{mark.form}”这种表（版次 {mark.edition}）。"), mark
        )
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


def _judged(raw: bytes, carried: Record, forms: Iterable[Form], press: Press) -> Verdict:
    try:
        code = parse_mark(carried.code)
    except UnreadableDocument:
        return Verdict(Status.CHANGED, "文件中的校验码被改动。")
    form = _edition(forms, code)
    if form is None:
        name = masked(f"{code.form}（版次 {code.edition}）")
        return Verdict(Status.NOT_OURS, f"本系统没有这份文件所用的表单：{name}。", code)
    data = submissions.parse(carried.data).data
    if not isinstance(data, dict) or data.get("form") != form.id:
        return Verdict(Status.CHANGED, "文件中的填报数据被改动。", code)
    # As it was made: whether it should have been signed is another question.
    used = replace(press, key=press.key if code.signature else None)
    differing, things = _differing(raw, form, data, used) or (None, ())
    if not matches(code, form, data):
        message = "文件中的填报数据被改动，与校验码不符。"
        return Verdict(Status.CHANGED, message, code, differing or (), data)
    if differing is not None:
        named = [*map(form.label, differing), *(masked(clean(thing))[:_NAMED] for thing in things)]
        labels = "、".join(named[:_MOST]) or "文字或外观"
        return Verdict(Status.CHANGED, f"文件被改动：{labels}。", code, differing, data)
    if press.key and not is_signed(code, public_key(press.key)):
        return Verdict(Status.CHANGED, "文件没有有效的签名。", code, (), data)
    return Verdict(Status.UNCHANGED, "文件未被改动，与填报数据一致。", code, (), data)


def _differing(
    raw: bytes, form: Form, data: object, press: Press
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Where a document differs from our own, final or draft, and what it has more; None for
    nothing, nothing named when ours cannot be made."""
    format = carriage.format_of(raw)
    ours = []
    for draft in (False, True):
        with suppress(FormsvcError):
            ours.append(fill(form, data, format, draft=draft, press=press))
    if raw in ours:
        return None
    if not ours:
        return (), ()
    payload = comparison.beside(raw, ours, format, form, printed(form, data))
    answer = json.loads(sandbox.run_limited(comparison.compared, payload))
    if answer is None:
        return None
    pointers, things = answer
    return tuple(sorted(pointers, key=form.place)), tuple(things)
