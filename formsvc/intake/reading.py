"""Documents → submissions and verdicts. Whatever parses an upload runs where it can be killed."""

import hashlib
import json
from collections.abc import Mapping

from formsvc import documents, submissions
from formsvc.documents import Format, Press
from formsvc.documents.proof import carriage
from formsvc.documents.proof import verification as proof
from formsvc.documents.proof.verification import Verdict
from formsvc.errors import UnreadableDocument
from formsvc.forms.form import Form
from formsvc.intake import typed
from formsvc.sandbox import run_limited
from formsvc.submissions import Submission


def submission_in(content: bytes, forms: Mapping[str, Form]) -> bytes:
    """A JSON file is its submission; a DOCX or PDF of ours carries it, or was typed into.

    Raises UnreadableDocument (Chinese, for the sender).
    """
    try:
        format = carriage.format_of(content)
    except UnreadableDocument:
        return content
    if carried := run_limited(carriage.carried, content):
        return carried
    if format == "pdf" and (found := _typed(content, forms)):
        return found
    raise UnreadableDocument(
        "这个文件里没有申报数据：只能读取本服务生成的 Word 或 PDF 表格，或填写过的空白 PDF 表格。"
    )


def read(content: bytes, forms: Mapping[str, Form]) -> Submission:
    """The data in a JSON, DOCX or PDF file. Raises UnreadableDocument as `submission_in` does."""
    return submissions.parse(submission_in(content, forms))


def _typed(content: bytes, forms: Mapping[str, Form]) -> bytes | None:
    """What somebody typed into our fillable PDF; None when it is not one of ours."""
    source, texts = json.loads(run_limited(typed.fields, content))
    for form in forms.values():
        names = form.fields.keys() | {box.name for box in form.printed}
        ours = source == hashlib.sha256(form.docx.read_bytes()).hexdigest()
        if texts and (ours or texts.keys() <= names):
            return proof.canonical(typed.submission(form, texts))
    return None


def verify(content: bytes, forms: Mapping[str, Form], press: Press) -> Verdict:
    """Whether a document shows the data that it carries, and nothing else; see `proof.verify`."""

    def refill(form: Form, data: object, format: Format, draft: bool) -> bytes:
        return documents.fill(form, data, format, draft=draft, press=press)

    signer = proof.public_key(press.key) if press.key else None
    look = lambda raw: run_limited(proof.look, raw)  # noqa: E731  # a name for one use
    return proof.verify(content, forms, refill, signer=signer, look=look)


def verify_code(text: str, forms: Mapping[str, Form], press: Press) -> Verdict:
    """What a printed code alone says. Only a signed code can be trusted without its document."""
    try:
        mark = proof.parse_mark(text)
    except UnreadableDocument as unreadable:
        return Verdict(proof.Status.UNREADABLE, str(unreadable))
    form = forms.get(mark.form)
    if form is None:
        return Verdict(proof.Status.NOT_OURS, f"没有“{mark.form}”这种表。", mark)
    if press.key and proof.is_signed(mark, proof.public_key(press.key)):
        message = f"签名有效：{form.title}，版次 {mark.edition}，由本服务签发。"
        return Verdict(proof.Status.UNCHANGED, message, mark)
    if mark.signature:
        return Verdict(proof.Status.CHANGED, "签名无效：不是本服务签发的校验码。", mark)
    message = "这个校验码没有签名，单凭它不能判断真假；请用 Word 或 PDF 文件核对。"
    return Verdict(proof.Status.UNSIGNED, message, mark)
