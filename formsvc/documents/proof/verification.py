"""Whether a document shows the data that it carries, and nothing else.

A document is opened in a process that can be killed; then the form is filled again with what the
document holds, and the two are compared: values first, then other texts, then what else there is.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from formsvc import sandbox, submissions
from formsvc.documents.filling import HOUSE, fill
from formsvc.documents.formats import OLE, is_picture
from formsvc.documents.press import Bound, Press, drawing
from formsvc.documents.proof import (
    beyond,
    bundles,
    carriage,
    differences,
    papers,
    receipts,
    scans,
    sheets,
)
from formsvc.documents.proof.alignment import Shown
from formsvc.documents.proof.beyond import Beyond
from formsvc.documents.proof.differences import Difference, excerpts
from formsvc.documents.proof.marks import DIGEST_CHARS, Mark, is_signed, matches, parse_mark
from formsvc.documents.proof.papers import Paper
from formsvc.errors import FormsvcError, UnreadableDocument
from formsvc.forms import Form
from formsvc.writing.masking import masked
from formsvc.writing.texts import clean

_MOST, _NAMED = 8, 60  # things that a verdict names, and characters of each

sandbox.preload(__name__)


class Status(StrEnum):
    """What became of a paper. UNCHANGED, WRITTEN, LAYOUT, UNCHECKED and SCANNED accuse nobody."""

    UNCHANGED = "unchanged"
    WRITTEN = "written"
    LAYOUT = "layout"
    UNCHECKED = "unchecked"
    VALUES = "values"
    TEXT = "text"
    CHANGED = "changed"
    SCANNED = "scanned"
    INCOMPLETE = "incomplete"
    NOT_OURS = "not_ours"
    UNSIGNED = "unsigned"
    UNREADABLE = "unreadable"


GOOD: Final = frozenset(
    {Status.UNCHANGED, Status.WRITTEN, Status.LAYOUT, Status.UNCHECKED, Status.SCANNED}
)
# From what accuses nobody to what is worst, for several documents in one file.
_WORST: Final = (
    Status.UNCHANGED, Status.UNCHECKED, Status.LAYOUT, Status.WRITTEN, Status.UNSIGNED,
    Status.TEXT, Status.VALUES, Status.CHANGED, Status.NOT_OURS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found. `message` is Chinese; `differences` are the fields that differ, with
    both values; `data` is the submission that the document carries, None when there is none.
    """

    status: Status
    message: str
    code: Mark | None = None
    differences: tuple[Difference, ...] = ()
    data: object = None

    @property
    def pointers(self) -> tuple[str, ...]:
        return tuple(each.pointer for each in self.differences)

    @property
    def is_good(self) -> bool:
        """Whether it accuses nobody of anything."""
        return self.status in GOOD


def verify(
    raw: bytes, forms: Iterable[Form], press: Press = HOUSE, issuers: Collection[bytes] = ()
) -> Verdict:
    """Whether a document shows the data that it carries, and nothing else.

    `forms` are all editions that there are. Where a key is known, a document without a signature
    is told apart from one whose signature is wrong. `issuers` are public keys of stores, whose
    receipts are verified here too. Never raises for what is in `raw`.
    """
    try:
        if raw.startswith(OLE):
            return Verdict(Status.UNREADABLE, papers.OLD_FILE)
        known = tuple(forms)
        if receipts.looks_like(raw):
            return _of_receipt(raw, press, issuers)
        if is_picture(raw):
            return _of_scan(raw, known, press)
        paper = papers.opened(raw)
        if paper.record is not None:
            return _judged(paper, known, press)
        if paper.format == "docx":
            return Verdict(Status.NOT_OURS, "这个文件不是本系统生成的：其中没有填报数据。")
        if carried := sandbox.run_limited(carriage.receipt, raw):
            return _of_receipt(carried, press, issuers, raw)
        pack = bundles.bundle(raw)
        return _of_pack(raw, pack, known, press) if pack else _of_scan(raw, known, press)
    except UnreadableDocument as unreadable:
        return Verdict(Status.UNREADABLE, str(unreadable))


def verify_code(text: str, forms: Iterable[Form], press: Press = HOUSE) -> Verdict:
    """What a printed code alone says. Only a signed code can be trusted without its document."""
    try:
        mark = parse_mark(text)
    except UnreadableDocument as unreadable:
        return Verdict(Status.UNREADABLE, str(unreadable))
    form = edition(forms, mark)
    if form is None:
        return Verdict(
            Status.NOT_OURS, masked(f"没有“{mark.form}”这种表（版次 {mark.edition}）。"), mark
        )
    title = f"{form.title}，版次 {mark.edition}"
    if not mark.signature:
        message = "这个校验码没有签名，单凭它不能判断真假；请用 Word 或 PDF 文件核对。"
        return Verdict(Status.UNSIGNED, message, mark)
    if press.verifier is None:
        message = f"这是{title}的签名校验码；本机没有公钥，不能核对签名。"
        return Verdict(Status.UNCHECKED, message, mark)
    if is_signed(mark, press.verifier):
        return Verdict(Status.UNCHANGED, f"签名有效：{title}，由本服务签发。", mark)
    return Verdict(Status.CHANGED, "签名无效：不是本服务签发的校验码。", mark)


def edition(forms: Iterable[Form], mark: Mark) -> Form | None:
    """The edition that a code names, in any case of letters."""
    named = (mark.form.lower(), mark.edition.upper())
    return next((form for form in forms if (form.id, form.edition.upper()) == named), None)


def _of_receipt(
    raw: bytes, press: Press, issuers: Collection[bytes], page: bytes | None = None
) -> Verdict:
    """The verdict on a receipt: its JSON, and beside it the PDF that carries it."""
    receipt = receipts.parsed(raw)
    found = receipts.faults(receipt)
    if not found and page is not None and not _shows(page, receipt, press):
        found = ["纸面上的与它所带的回执不同"]
    if found:
        return Verdict(Status.CHANGED, f"回执有问题：{'；'.join(found)}。")
    said, key = receipts.told(receipt), receipts.fingerprint(receipt.key)
    known = {*issuers, *((press.public_key,) if press.public_key else ())}
    if receipts.is_from(receipt, known):
        return Verdict(Status.UNCHANGED, f"回执有效，由本服务签发：{said}。")
    if known:
        message = f"回执完整，但不是用本机所知的公钥签发的（它的公钥开头为 {key}）：{said}。"
        return Verdict(Status.UNSIGNED, message)
    message = f"回执完整，签名与它所载的公钥相符（开头为 {key}，请与受理机构公布的核对）：{said}。"
    return Verdict(Status.UNCHECKED, message)


def _shows(page: bytes, receipt: receipts.Receipt, press: Press) -> bool:
    ours = drawing.receipt(receipt, press)
    if ours == page:
        return True
    shown = Shown.from_json(
        sandbox.run_limited(sheets.differing, sheets.payload(page, ours, (), {}))
    )
    return not (shown.beside or shown.written or shown.values or shown.codes)


def _of_scan(raw: bytes, forms: Sequence[Form], press: Press) -> Verdict:
    """What the codes of a scan say; its picture is not compared with anything."""
    scan = scans.scanned(raw)
    said = scans.told(scan, scans.by_name(forms))
    marks = scan.marks
    if not said:
        message = (
            "没有找到本系统的校验码：不是本系统生成的，或者扫描得不清楚（请用 150 dpi 以上）。"
        )
        return Verdict(Status.NOT_OURS, message)
    if any(edition(forms, mark) is None for mark in marks):
        return Verdict(Status.NOT_OURS, said, marks[0])
    signed = [mark for mark in marks if mark.signature]
    if press.verifier and not all(is_signed(mark, press.verifier) for mark in signed):
        return Verdict(Status.CHANGED, f"{said}签名无效：校验码不是本服务签发的。", marks[0])
    whole = all(leaf.is_whole for leaf in scans.leaves(scan))
    if not signed:
        proof = "校验码没有签名，单凭扫描件不能判断真假。"
    elif press.verifier is None:
        proof = "校验码有签名，本机没有公钥，没有核对。"
    else:
        proof = "签名有效，校验码由本服务签发。"
    message = f"{said}{proof}扫描件上的字没有逐一核对；要核对内容，请用 Word 或 PDF 文件。"
    return Verdict(Status.SCANNED if whole else Status.INCOMPLETE, message, marks[0])


def _of_pack(raw: bytes, pack: bundles.Bundle, forms: Sequence[Form], press: Press) -> Verdict:
    """The worst of the verdicts on the documents of a print pack, and what is said of each; a pack
    of more documents than are looked at is never called whole."""
    is_whole = pack.count == len(pack.records)
    if is_whole and (things := _foreign_in_pack(raw, pack, forms, press)):
        return Verdict(Status.CHANGED, f"文件被改动，有表样没有的内容：{_listed(things)}。")
    found: list[tuple[str, Verdict]] = []
    looked = 0
    for looked, record in enumerate(pack.records, 1):
        paper = Paper(raw, "pdf", record)
        found += [(f"第 {looked} 份", each) for each in _of_bound(paper, pack, forms, press)]
        if len(found) > bundles.MOST:
            break
    left = pack.count - looked
    rest = f"一次只核对这么多，其余 {left} 份没有核对，请分开上传。" if left else ""
    worst = max((verdict for _, verdict in found), key=lambda each: _WORST.index(each.status))
    bad = [(name, each) for name, each in found if not each.is_good]
    if bad:
        said = "".join(f"{name}：{each.message}" for name, each in bad[:_MOST])
        differing = tuple(each for _, verdict in bad for each in verdict.differences)
        message = f"打印包有 {pack.count} 份，有问题的是：{said}{rest}"
        return Verdict(worst.status, message, worst.code, differing)
    if left:
        message = f"打印包有 {pack.count} 份，前 {looked} 份与填报数据一致；{rest}"
        return Verdict(Status.INCOMPLETE, message, worst.code)
    if pack.strays:
        message = f"打印包里有 {pack.strays} 页不属于其中的任何一份。"
        return Verdict(Status.TEXT, message, worst.code)
    message = f"打印包有 {pack.count} 份，都与填报数据一致。"
    return Verdict(worst.status, message, worst.code)


def _foreign_in_pack(
    raw: bytes, pack: bundles.Bundle, forms: Sequence[Form], press: Press
) -> list[str]:
    """What a pack has more than one of the same documents and copies would have."""
    bound: list[Bound] = []
    for record in pack.records:
        mark = Paper(raw, "pdf", record).mark
        form = edition(forms, mark) if mark else None
        data = submissions.parse(record.data).data
        if mark and form and isinstance(data, dict):
            copies = max(len(pack.copies(mark.proof[:DIGEST_CHARS])), 1)
            bound.append(Bound("", form, data, copies, draft=True))
    if not bound:
        return []
    ours = drawing.pack(bound, press, title="打印包", duplex=True)
    payload = beyond.payload(ours, raw, "pdf", (), "")
    found = Beyond.from_json(sandbox.run_limited(beyond.seen, payload))
    return [masked(clean(thing))[:_NAMED] for thing in found.things]


def _of_bound(
    paper: Paper, pack: bundles.Bundle, forms: Sequence[Form], press: Press
) -> Iterator[Verdict]:
    """The verdict on every copy of one document of a pack."""
    code = paper.mark
    form = edition(forms, code) if code else None
    data = submissions.parse(paper.record.data).data if paper.record else None
    if code is None or form is None or not isinstance(data, dict):
        yield Verdict(Status.NOT_OURS, "本系统没有这份文件所用的表单。", code)
        return
    used = replace(press, key=press.key if code.signature else None)
    copies = pack.copies(code.proof[:DIGEST_CHARS])
    if not copies:
        yield Verdict(Status.TEXT, "缺这一份的所有页。", code)
    for pages in copies:
        try:
            ours, areas = drawing.placed(form, data, used)
        except FormsvcError:
            ours, areas = drawing.placed(form, data, used, draft=True)
        shown = papers.compared(paper.raw, ours, areas, form, data, pages)
        yield judged(form, data, code, shown, Beyond(), press)


def _judged(paper: Paper, forms: Iterable[Form], press: Press) -> Verdict:
    code = paper.mark
    if code is None or paper.record is None:
        return Verdict(Status.CHANGED, "文件中的校验码被改动。")
    form = edition(forms, code)
    if form is None:
        name = masked(f"{code.form}（版次 {code.edition}）")
        return Verdict(Status.NOT_OURS, f"本系统没有这份文件所用的表单：{name}。", code)
    data = submissions.parse(paper.record.data).data
    if not isinstance(data, dict) or data.get("form") != form.id:
        return Verdict(Status.CHANGED, "文件中的填报数据被改动。", code)
    shown = papers.differences(paper, form, data, press)
    return judged(form, data, code, shown, _beyond(paper, form, data, press), press)


def judged(
    form: Form, data: object, code: Mark, shown: Shown, more: Beyond, press: Press
) -> Verdict:
    """The verdict on a document of the data, by how it differs from our own."""
    found = differences.of(form, data, shown.values, strictly=True)

    def verdict(status: Status, message: str) -> Verdict:
        return Verdict(status, message, code, found, data)

    things = [masked(clean(thing))[:_NAMED] for thing in more.things]
    if not matches(code, form, data):
        named = f"纸面与数据不同的有：{_listed(each.label for each in found)}。" if found else ""
        return verdict(Status.CHANGED, f"文件中的填报数据被改动，与校验码不符。{named}")
    if shown.more:
        too_much = _listed(masked(clean(" ".join(text.split())))[:_NAMED] for text in shown.more)
        also = f"栏目被改动的有：{_both(found)}" if found else ""
        return verdict(Status.CHANGED, f"表中多出了填报数据里没有的内容：{too_much}。{also}")
    if found and not differences.of(form, data, shown.values):
        message = f"各栏的意思与填报数据一致，但写法被改过：{_both(found)}"
        return verdict(Status.TEXT, message)
    if found:
        also = f"另有表样没有的内容：{_listed(things)}。" if things else ""
        return verdict(Status.VALUES, f"栏目被改动：{_both(found)}{also}")
    if things:
        return verdict(Status.CHANGED, f"文件被改动，有表样没有的内容：{_listed(things)}。")
    if shown.beside:
        said = _listed(masked(clean(" ".join(text.split())))[:_NAMED] for text in shown.beside)
        return verdict(Status.TEXT, f"各栏与数据一致，但栏目以外的文字被改动：{said}。")
    if not papers.are_right(shown.codes, code):
        return verdict(Status.CHANGED, "页上印的校验码与文件不符。")
    if press.verifier and code.signature and not is_signed(code, press.verifier):
        return verdict(Status.CHANGED, "文件没有有效的签名：不是本服务签发的。")
    return verdict(*_good(code, shown, more, press))


def _good(code: Mark, shown: Shown, more: Beyond, press: Press) -> tuple[Status, str]:
    """What is said of a paper that nobody is accused for."""
    if press.verifier and not code.signature:
        return Status.UNSIGNED, "文件与填报数据一致，但没有签名，不能证明由本服务签发。"
    if shown.written or more.seals:
        texts = [masked(clean(text))[:_NAMED] for text in shown.written]
        said = _listed([*texts, *(["印章或图片"] if more.seals else [])])
        message = f"各栏与填报数据一致；意见、签名、日期栏里写了或盖了：{said}。"
        return Status.WRITTEN, message
    if shown.is_restyled or more.looks:
        return Status.LAYOUT, "各栏与填报数据一致，文字没有改动，只有字体或版式不同。"
    if code.signature and press.verifier is None:
        message = "文件未被改动，与填报数据一致；它有签名，但本机没有公钥，没有核对签名。"
        return Status.UNCHECKED, message
    return Status.UNCHANGED, "文件未被改动，与填报数据一致。"


def _both(found: Iterable[Difference]) -> str:
    """Fields with both texts, quoted."""
    all_ = list(found)
    said = []
    for each in all_[:_MOST]:
        shown, carried = excerpts(each.shown, each.carried)
        said.append(f"{each.label}（纸面{shown}，数据{carried}）")
    rest = f"等 {len(all_)} 处" if len(all_) > _MOST else ""
    return "、".join(said) + rest + "。"


def _listed(texts: Iterable[str]) -> str:
    all_ = [text for text in texts if text]
    rest = f"等 {len(all_)} 处" if len(all_) > _MOST else ""
    return "、".join(all_[:_MOST]) + rest


def _beyond(paper: Paper, form: Form, data: object, press: Press) -> Beyond:
    """What a document has more than our own, final or draft."""
    signed = paper.mark is not None and bool(paper.mark.signature)
    code = paper.record.code if paper.record else ""
    used = replace(press, key=press.key if signed else None)
    found: list[Beyond] = []
    for draft in (False, True):
        with suppress(FormsvcError):
            ours = fill(form, data, paper.format, draft=draft, press=used)
            if ours == paper.raw:
                return Beyond()
            labels = [place.beside for place in form.signatures]
            payload = beyond.payload(ours, paper.raw, paper.format, labels, code)
            found.append(Beyond.from_json(sandbox.run_limited(beyond.seen, payload)))
            if not found[-1].things:
                return found[-1]
    return min(found, key=lambda each: len(each.things), default=Beyond())
