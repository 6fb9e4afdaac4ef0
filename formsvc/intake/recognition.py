"""Documents → readings; whatever parses an upload can be killed."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from formsvc import pointers, sandbox, submissions
from formsvc.catalogue import Catalogue
from formsvc.documents.formats import OLE, is_picture
from formsvc.documents.proof import bundles, differences, papers, scans
from formsvc.documents.proof.alignment import Shown
from formsvc.documents.proof.marks import canonical, matches
from formsvc.errors import UnreadableDocument
from formsvc.findings import Finding, Severity
from formsvc.forms import EDITION, FORM, Form
from formsvc.intake import controls, labels, tables, typed
from formsvc.intake.reading import Origin, Reading, Unsure
from formsvc.sandbox import run_limited
from formsvc.writing.masking import masked
from formsvc.writing.texts import clean

sandbox.preload(__name__)

_LONGEST_LEFT: Final = 40  # characters of a text left over


def recognised(content: bytes, catalogue: Catalogue) -> Reading:
    """A DOCX or PDF of ours carries its submission, or was typed into; a workbook has it in a row.

    Raises UnreadableDocument (Chinese, for the sender).
    """
    if content.startswith(OLE):
        raise UnreadableDocument(papers.OLD_FILE)
    if is_picture(content):
        raise _scanned(content, catalogue)
    if content.startswith(b"PK") and _WORKBOOK in content:
        return _in_sheet(content, catalogue)
    paper = papers.opened(content)
    if paper.record is not None and paper.record.data:
        return _carried(paper, catalogue)
    readers = (_typed,) if paper.format == "pdf" else (_filled_in, _labelled)
    for reader in readers:
        if found := reader(content, catalogue):
            return found
    if paper.format == "pdf":
        if pack := bundles.bundle(content):
            raise UnreadableDocument(
                f"这是打印包，里面有 {pack.count} 份申报；请提交各人的文件，一人一份。"
            )
        raise _scanned(content, catalogue)
    raise UnreadableDocument(_NOTHING)


def _scanned(content: bytes, catalogue: Catalogue) -> UnreadableDocument:
    """What a scan is, for whoever sent it instead of what it was printed from."""
    said = scans.told(scans.scanned(content), scans.by_name(catalogue.editions()))
    if not said:
        return UnreadableDocument(_NOTHING)
    return UnreadableDocument(
        f"这是扫描件，里面没有申报数据。{said}请提交打印前的 Word、PDF 或 JSON 文件。"
    )


_NOTHING: Final = (
    "这个文件里没有申报数据：只能读取本服务生成的 Word 或 PDF 表格，或填写过的空白表格。"
)


_WORKBOOK: Final = b"xl/workbook.xml"


def _in_sheet(content: bytes, catalogue: Catalogue) -> Reading:
    """The one submission in an XLSX. UnreadableDocument when there is none, or more than one."""
    found = [*islice(tables.items(content, "表格", catalogue), 2)]
    if len(found) != 1:
        said = "没有填写" if not found else "有不止一份申报，请在“单位汇总”或“批量审核”上传"
        raise UnreadableDocument(f"这个 Excel 表{said}。")
    (item,) = found
    if item.raw is None:
        raise UnreadableDocument("".join(finding.message for finding in item.findings))
    data = submissions.parse(item.raw).data
    form = catalogue.get(data.get(FORM[1:], "")) if isinstance(data, dict) else None
    if form is None:
        return Reading(item.raw, remarks=item.findings)
    origins = _origins(form, data, Origin.SHEET)
    return Reading(item.raw, form.id, form.edition, origins, remarks=item.findings)


# our own papers


def _carried(paper: papers.Paper, catalogue: Catalogue) -> Reading:
    """What a paper of ours carries, beside what it shows; of an older edition, with its name."""
    raw = paper.record.data if paper.record else b""
    data = submissions.parse(raw).data
    form = _form(paper, data, catalogue)
    if form is None or not isinstance(data, dict):
        return Reading(raw)
    named = catalogue[form.id] is form or EDITION[1:] in data
    whole = Reading(
        raw if named else canonical({**data, EDITION[1:]: form.edition}),
        form.id,
        form.edition,
        _origins(form, data, Origin.CARRIED),
    )
    shown = papers.differences(paper, form, data, catalogue.press)
    return replace(
        whole,
        differences=differences.of(form, data, shown.values),
        leftovers=tuple(_line(text) for text in shown.beside),
        remarks=(*_remarks(paper, form, data, shown), *map(_added, shown.more)),
    )


def _added(text: str) -> Finding:
    """What somebody has added to a table of a paper that carries its data, such as a row."""
    message = (
        f"表中多出了文件所带的数据里没有的内容：“{_line(text)}”；请核对，改好数据后重新生成表格。"
    )
    return Finding("paper.added", Severity.ERROR, "", "表格", message)


def _form(paper: papers.Paper, data: object, catalogue: Catalogue) -> Form | None:
    """The edition that the code names, else the newest of the form that the data names."""
    mark = paper.mark
    if mark and (known := catalogue.edition(mark.form, mark.edition)):
        return known
    name = data.get(FORM[1:]) if isinstance(data, dict) else None
    return catalogue.get(name) if isinstance(name, str) else None


def _remarks(paper: papers.Paper, form: Form, data: object, shown: Shown) -> tuple[Finding, ...]:
    mark = paper.mark
    is_own = mark is not None and matches(mark, form, data)
    if mark is not None and is_own and (shown.values or papers.are_right(shown.codes, mark)):
        return ()
    message = (
        "页上印的校验码与文件带的数据不符，可能换过其中之一；请用本服务重新生成表格。"
        if is_own
        else "文件带的数据与它自己的校验码不符，可能被改动过；请用本服务重新生成表格。"
    )
    return (Finding("paper.code", Severity.ERROR, "", "校验码", message),)


def _origins(form: Form, data: object, origin: Origin) -> dict[str, Origin]:
    return {
        pointer: origin
        for leaf in form.leaves
        for pointer in leaf.places(data)
        if pointers.get(data, pointer) is not pointers.MISSING
    }


def _line(text: str) -> str:
    return masked(" ".join(clean(text).split()))[:_LONGEST_LEFT]


# blank papers that somebody filled in


def _typed(content: bytes, catalogue: Catalogue) -> Reading | None:
    """What somebody typed into our fillable PDF; None when it is not one of ours."""
    source, texts = json.loads(run_limited(typed.fields, content))
    for form in reversed(catalogue.editions()):
        ours = source == hashlib.sha256(form.docx.read_bytes()).hexdigest()
        if texts and (ours or texts.keys() <= set(form.printable) | form.fields.keys()):
            data = typed.submission(form, texts)
            origins = _origins(form, data, Origin.BOX)
            if form is not catalogue[form.id]:
                data["edition"] = form.edition
            return Reading(canonical(data), form.id, form.edition, origins)
    return None


def _filled_in(content: bytes, catalogue: Catalogue) -> Reading | None:
    """What somebody wrote into our Word form; None when it is not one of ours, or empty."""
    found = json.loads(run_limited(controls.shown, content))
    form = controls.form_of(found, list(reversed(catalogue.editions())))
    if form is None:
        return None
    texts, conflicts = controls.settled(form, found)
    if not texts and not conflicts:
        return None
    data = typed.submission(form, texts)
    origins = _origins(form, data, Origin.CONTROL)
    if form is not catalogue[form.id]:
        data["edition"] = form.edition
    unsure = tuple(_conflict(finding, found[finding.pointer]) for finding in conflicts)
    return Reading(canonical(data), form.id, form.edition, origins, unsure=unsure)


def _labelled(content: bytes, catalogue: Catalogue) -> Reading | None:
    """A Word form from elsewhere, by its labels; None when it is no known form, or empty."""
    found = labels.read(content, list(reversed(catalogue.editions())))
    form = catalogue.edition(found.form, found.edition) if found.form else None
    if form is None or not any(value.text or value.seen for value in found.found):
        return None
    texts = {value.pointer: value.text for value in found.found if value.sure and value.text}
    data = typed.submission(form, texts)
    origins = _origins(form, data, Origin.LABEL)
    if form is not catalogue[form.id]:
        data["edition"] = form.edition
    unsure = tuple(
        Unsure(value.pointer, form.label(value.pointer), clean(text), value.place)
        for value in found.found
        if not value.sure and (text := value.text or next(iter(value.seen), ""))
    )
    leftovers = tuple(_line(text) for _, text in found.leftovers)
    return Reading(
        canonical(data), form.id, form.edition, origins, unsure=unsure, leftovers=leftovers
    )


def _conflict(finding: Finding, said: Sequence[str]) -> Unsure:
    """A field whose places on the paper say different things."""
    named = "、".join(f"“{masked(clean(text))[:_LONGEST_LEFT]}”" for text in said)
    reason = f"表中不止一处，各处填写的不一样：{named}"
    return Unsure(finding.pointer, finding.label, clean(said[0]), reason)
