"""Documents → submissions, one way for every shell; whatever parses an upload can be killed.

What a paper of ours shows is compared with what it carries on every reading. Where the two part,
where a text is not surely read, where something is left over, the reading says so, and nobody's
shell may go on as if it did not.
"""

import copy
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from itertools import islice
from typing import Any, Final

from formsvc import pointers, sandbox, submissions
from formsvc.catalogue import Catalogue, Checked
from formsvc.checks.register import Register
from formsvc.documents.proof import bundles, carriage, codes, differences, papers, scans
from formsvc.documents.proof.alignment import Shown
from formsvc.documents.proof.differences import Difference
from formsvc.documents.proof.marks import canonical, matches
from formsvc.errors import UnreadableDocument
from formsvc.findings import Finding, Severity
from formsvc.forms import EDITION, FORM, Form
from formsvc.intake import controls, labels, tables, typed
from formsvc.sandbox import run_limited
from formsvc.submissions import encoded
from formsvc.writing.masking import masked
from formsvc.writing.texts import clean

sandbox.preload(__name__)

_MOST_LEFT, _LONGEST_LEFT = 8, 40  # texts left over that are named, and characters of each


class Origin(StrEnum):
    """Where a value was read from."""

    CARRIED = "carried"
    SHOWN = "shown"
    CONTROL = "control"
    BOX = "box"
    LABEL = "label"
    SHEET = "sheet"


@dataclass(frozen=True, slots=True)
class Unsure:
    """A text that was read, but may mean something else, or belong elsewhere: (Chinese) why."""

    pointer: str
    label: str
    text: str
    reason: str

    def finding(self) -> Finding:
        message = f"{self.label}：读到“{self.text[:60]}”，但不能确定（{self.reason}），请核对。"
        return Finding("paper.unsure", Severity.ERROR, self.pointer, self.label, message)


@dataclass(frozen=True, slots=True)
class Reading:
    """A submission as it was read. `raw` is its JSON; of a paper, `form` and `edition` are what it
    is, and `origins` says by pointer where each value comes from.

    `differences` are fields that a paper shows differently than it carries them, `unsure` those
    that have to be asked about, `leftovers` texts beside the fields that belong to none.
    `remarks` say what else stops a clean verdict.
    """

    raw: bytes
    form: str = ""
    edition: str = ""
    origins: Mapping[str, Origin] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    unsure: tuple[Unsure, ...] = ()
    leftovers: tuple[str, ...] = ()
    remarks: tuple[Finding, ...] = ()

    @property
    def data(self) -> object:
        """The submission; None when it is no readable JSON."""
        return submissions.parse(self.raw).data

    @property
    def is_sure(self) -> bool:
        """Whether nobody has to be asked."""
        return not (self.differences or self.unsure or self.remarks)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the reading itself found, in the terms of a report."""
        found = [
            *self.remarks,
            *(each.finding() for each in self.differences),
            *(each.finding() for each in self.unsure),
        ]
        if self.leftovers:
            named = "；".join(f"“{text}”" for text in self.leftovers[:_MOST_LEFT])
            more = f"，等 {len(self.leftovers)} 处" if len(self.leftovers) > _MOST_LEFT else ""
            message = f"栏目以外的文字与表样不同，没有读取：{named}{more}。"
            found.append(Finding("paper.leftover", Severity.WARNING, "", "表样文字", message))
        return tuple(found)

    def taking(self, chosen: Collection[str]) -> "Reading":
        """The reading once somebody has chosen: of the `chosen` differences what the paper shows,
        of all others what it carries."""
        data = copy.deepcopy(self.data)
        origins = dict(self.origins)
        for each in self.differences:
            if each.pointer in chosen and isinstance(data, dict):
                _put(data, each.pointer, each.value)
                origins[each.pointer] = Origin.SHOWN
        return replace(self, raw=encoded(data), origins=origins, differences=())


def _put(data: dict[str, Any], pointer: str, value: Any) -> None:
    if value is not None:
        pointers.set_(data, pointer, value)
        return
    parent, _, last = pointer.rpartition("/")
    around = pointers.get(data, parent)
    if isinstance(around, dict):
        around.pop(pointers.parse(f"/{last}")[0], None)


def read(content: bytes, catalogue: Catalogue) -> Reading:
    """A JSON file is its submission; a DOCX or PDF of ours carries it, or was typed into.

    Raises UnreadableDocument (Chinese, for the sender).
    """
    if content.startswith(papers.OLE):
        raise UnreadableDocument(papers.OLD_FILE)
    if codes.is_picture(content):
        raise _scanned(content, catalogue)
    try:
        carriage.format_of(content)
    except UnreadableDocument:
        return Reading(content)
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


def check(
    reading: Reading,
    catalogue: Catalogue,
    *,
    on: date,
    form: str | None = None,
    register: Register | None = None,
) -> Checked:
    """What was read, checked; the findings of the reading come first."""
    checked = catalogue.check(reading.raw, on=on, form=form, register=register)
    return replace(checked, report=checked.report.preceded_by(reading.findings))


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
        remarks=_remarks(paper, form, data, shown),
    )


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
