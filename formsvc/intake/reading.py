"""Documents → submissions. Whatever parses an upload runs where it can be killed."""

import hashlib
import json

from formsvc import sandbox, submissions
from formsvc.catalogue import Catalogue
from formsvc.documents.proof import carriage
from formsvc.documents.proof.marks import canonical, parse_mark
from formsvc.errors import UnreadableDocument
from formsvc.forms import EDITION
from formsvc.intake import controls, typed
from formsvc.sandbox import run_limited
from formsvc.submissions import Submission

sandbox.preload(__name__)


def submission_in(content: bytes, catalogue: Catalogue) -> bytes:
    """A JSON file is its submission; a DOCX or PDF of ours carries it, or was typed into.

    A paper of an older edition names it. Raises UnreadableDocument (Chinese, for the sender).
    """
    try:
        format = carriage.format_of(content)
    except UnreadableDocument:
        return content
    form, edition, data = json.loads(run_limited(_carried, content))
    if data:
        return _of_its_edition(data.encode(), form, edition, catalogue)
    found = (_typed if format == "pdf" else _filled_in)(content, catalogue)
    if found:
        return found
    raise UnreadableDocument(
        "这个文件里没有申报数据：只能读取本服务生成的 Word 或 PDF 表格，或在空白表格中填写过的。"
    )


def read(content: bytes, catalogue: Catalogue) -> Submission:
    """The data in a JSON, DOCX or PDF file. Raises UnreadableDocument as `submission_in` does."""
    return submissions.parse(submission_in(content, catalogue))


def _carried(raw: bytes) -> bytes:
    """Form, edition and data of what a document carries, as JSON, "" where it carries none."""
    record = carriage.extract(raw)
    if record is None:
        return json.dumps(["", "", ""]).encode()
    try:
        mark = parse_mark(record.code)
        form, edition = mark.form, mark.edition
    except UnreadableDocument:
        form = edition = ""
    return json.dumps([form, edition, record.data.decode()]).encode()


def _of_its_edition(raw: bytes, form: str, edition: str, catalogue: Catalogue) -> bytes:
    """What an old paper carries, with the edition that its code names."""
    known = catalogue.edition(form, edition)
    if known is None or known is catalogue[known.id]:
        return raw
    data = submissions.parse(raw).data
    if not isinstance(data, dict) or EDITION[1:] in data:
        return raw
    return canonical({**data, EDITION[1:]: known.edition})


def _typed(content: bytes, catalogue: Catalogue) -> bytes | None:
    """What somebody typed into our fillable PDF; None when it is not one of ours."""
    source, texts = json.loads(run_limited(typed.fields, content))
    for form in reversed(catalogue.editions()):
        ours = source == hashlib.sha256(form.docx.read_bytes()).hexdigest()
        if texts and (ours or texts.keys() <= set(form.printable) | form.fields.keys()):
            data = typed.submission(form, texts)
            return canonical(
                data if form is catalogue[form.id] else {**data, "edition": form.edition}
            )
    return None


def _filled_in(content: bytes, catalogue: Catalogue) -> bytes | None:
    """What somebody wrote into our Word form; None when it is not one of ours, or empty.

    UnreadableDocument where one field says different things in different places.
    """
    found = json.loads(run_limited(controls.shown, content))
    form = controls.form_of(found, list(reversed(catalogue.editions())))
    if form is None:
        return None
    texts, findings = controls.settled(form, found)
    if findings:
        raise UnreadableDocument("".join(finding.message for finding in findings))
    if not texts:
        return None
    data = typed.submission(form, texts)
    return canonical(data if form is catalogue[form.id] else {**data, EDITION[1:]: form.edition})
