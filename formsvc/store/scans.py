"""The stamped paper: whether a scan is of this filing's version, whole, and stamped in its boxes.

What is found is said, and keeps nobody from passing a filing on: a seal may be pale, a scan grey,
and people see more than this does. `life.pass_on` says in its event whether there was a scan.
"""

import base64
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import select

from formsvc.documents.press import drawing
from formsvc.documents.press.areas import Box
from formsvc.documents.proof import stamps
from formsvc.documents.proof.marks import DIGEST_CHARS, Mark
from formsvc.documents.proof.stamps import LEAST_INK, ScannedPage
from formsvc.errors import FormsvcError, UnreadableDocument
from formsvc.store import access, contents, life, materials
from formsvc.store.access import Actor
from formsvc.store.keyring import Keyring
from formsvc.store.materials import Purpose, Upload
from formsvc.store.models import Filing, Material, Version
from formsvc.store.store import Store, Work

_HEX: Final = 25  # digits of a digest that a printed code surely says


class Seen(StrEnum):
    """What is said of a scan. Only RIGHT and SEALED are as they should be."""

    RIGHT = "right"
    SEALED = "sealed"
    UNREADABLE = "unreadable"
    NO_CODE = "no-code"
    OLD_VERSION = "old-version"
    OTHER = "other-filing"
    MISSING = "missing-pages"
    DOUBLED = "doubled-pages"
    UNSEALED = "no-seal"
    COLOURLESS = "no-colour"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is said of a scan; `text` is Chinese. `box` is a place to stamp."""

    what: Seen
    text: str
    box: str = ""

    @property
    def is_good(self) -> bool:
        """Whether nobody needs to do anything about it."""
        return self.what in (Seen.RIGHT, Seen.SEALED)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a scan should be."""

    version: int
    proofs: dict[str, int]  # version by the digest that codes print
    pages: int
    code: Box | None
    boxes: tuple[tuple[int, str, Box], ...]


def add(store: Store, actor: Actor, id: int, name: str, raw: bytes) -> int:
    """Keep a scan at the stage that stamps, and what it was found to be; its id. Raises as
    `materials.add` does."""
    material = materials.add(store, actor, id, Upload(name, raw, Purpose.SCAN))
    with store.reading(actor) as work:
        wanted = _wanted(work, life.find(work, id))
    try:
        pages = stamps.looked(raw, wanted.code or (0, 0, 1, 1), wanted.boxes, _proof(wanted))
    except UnreadableDocument as unreadable:
        pages, remarks = (), [Remark(Seen.UNREADABLE, str(unreadable))]
    with store.writing(actor) as work:
        filing, found = materials.find(work, id, material)
        if pages:
            remarks = [*_of_codes(work, filing, wanted, pages), *_of_seals(wanted, pages)]
        plain = json.dumps([asdict(remark) for remark in remarks], ensure_ascii=False)
        found.sealed = store.keys.seal(plain.encode(), materials.findings_place(found))
        work.record("scan-judged", filing, filing.holder_id, material=material,
                    found=sorted({remark.what.value for remark in remarks}))  # fmt: skip
    return material


def remarks(keys: Keyring, material: Material) -> tuple[Remark, ...]:
    """What was found on a scan; () for another file, and where nobody has looked."""
    if material.sealed is None:
        return ()
    plain = json.loads(keys.unseal(material.sealed, materials.findings_place(material)))
    return tuple(Remark(Seen(each["what"]), each["text"], each["box"]) for each in plain)


def warning(work: Work, filing: Filing) -> str:
    """What to tell who is about to pass a filing on, in Chinese; "" for nothing."""
    boxes = materials.stamped(work, filing)
    if not boxes:
        return ""
    if not life.has_scan(work, filing):
        named = "、".join(f"“{name}”" for name in boxes)
        return f"这个环节要在{named}处签字盖章，还没有上传盖章后的扫描件。"
    query = select(Material).where(
        Material.filing_id == filing.id, Material.version == filing.version,
        Material.stage == filing.stage, Material.kind == Purpose.SCAN,
    )  # fmt: skip
    best = min(
        ([r.text for r in remarks(work.store.keys, each) if not r.is_good]
         for each in work.session.scalars(query)), key=len,
    )  # fmt: skip
    return "".join(best)


def _wanted(work: Work, filing: Filing) -> _Wanted:
    version = life.current(filing)
    form = life.form_of(work, filing, version.edition)
    names = materials.stamped(work, filing)
    proofs = {_printed(each.digest): each.number for each in filing.versions}
    try:
        data = contents.data(work.store.keys, version)
        place = drawing.stamping(form, data, work.store.settings.press)
    except FormsvcError:  # without fonts, or for a layout that is not there: codes alone tell
        return _Wanted(version.number, proofs, 0, None, ())
    boxes = tuple(
        (at + 1, each.name, (left, top, left + width, top + height))
        for at, each in place.places
        if each.name in names
        for left, top, width, height in (each.box,)
    )
    return _Wanted(version.number, proofs, place.pages, place.code, boxes if place.code else ())


def _proof(wanted: _Wanted) -> str:
    return next(proof for proof, number in wanted.proofs.items() if number == wanted.version)


def _printed(digest: str) -> str:
    """A version's digest as codes print it."""
    return base64.b32encode(bytes.fromhex(digest)).decode()[:DIGEST_CHARS]


def _of_codes(
    work: Work, filing: Filing, wanted: _Wanted, pages: Sequence[ScannedPage]
) -> list[Remark]:
    """Which papers these are, and which pages of the right one."""
    marks = [mark for page in pages for mark in page.marks]
    if not marks:
        return [Remark(Seen.NO_CODE, "没有找到页上的校验码：不是本系统打印的，或者扫描得不清楚"
                       "（请用 150 dpi 以上，页面上方不要遮住）。")]  # fmt: skip
    found, right = [], []
    for mark in {mark.proof[:DIGEST_CHARS]: mark for mark in marks}.values():
        number = wanted.proofs.get(mark.proof[:DIGEST_CHARS])
        if number == wanted.version:
            right = [m for m in marks if m.proof[:DIGEST_CHARS] == mark.proof[:DIGEST_CHARS]]
        elif number is not None:
            found.append(Remark(Seen.OLD_VERSION, f"扫描件里有第 {number} 版，现在办理的是第 "
                                f"{wanted.version} 版：请打印现在这一版盖章。"))  # fmt: skip
        else:
            found.append(Remark(Seen.OTHER, _other(work, filing, mark)))
    return [*_of_pages(right, wanted), *found]


def _of_pages(marks: Sequence[Mark], wanted: _Wanted) -> list[Remark]:
    if not marks:
        return []
    found = [Remark(Seen.RIGHT, f"是现在办理的第 {wanted.version} 版。")]
    counts = Counter(mark.page for mark in marks if mark.page)
    pages = max(wanted.pages, *(mark.pages for mark in marks))
    if missing := [n for n in range(1, pages + 1) if n not in counts]:
        found.append(Remark(Seen.MISSING, f"共 {pages} 页，缺第 {_listed(missing)} 页。"))
    if doubled := sorted(n for n, count in counts.items() if count > 1):
        found.append(Remark(Seen.DOUBLED, f"第 {_listed(doubled)} 页重复。"))
    return found


def _other(work: Work, filing: Filing, mark: Mark) -> str:
    """That it is another paper; which one, where the actor may see it."""
    digest = base64.b32decode(mark.proof[:DIGEST_CHARS] + "=" * 4).hex()[:_HEX]
    query = (
        select(Filing)
        .join(Version, Version.filing_id == Filing.id)
        .where(Version.digest.startswith(digest), access.visible(work.actor))
        .where(Filing.id != filing.id)
        .limit(1)
    )
    other = work.session.scalar(query)
    named = f"是编号 {other.number} 的那一份" if other else "校验码不同"
    return f"扫描件里有别的表格（{named}），请放进它自己的申报里。"


def _of_seals(wanted: _Wanted, pages: Sequence[ScannedPage]) -> list[Remark]:
    """Whether there is red ink in each box that lies on a page of the scan."""
    ink: dict[str, float] = {}
    for page in pages:
        for name, area in page.ink.items():
            ink[name] = max(ink.get(name, 0.0), area)
    found = []
    grey = [page for page in pages if page.ink and not page.has_colour]
    if grey and all(not page.has_colour for page in pages if page.ink):
        text = "扫描件是黑白的，看不出红章：请用彩色扫描，或由经办人核对原件。"
        return [Remark(Seen.COLOURLESS, text)]
    for _, name, _ in wanted.boxes:
        if name not in ink:
            continue  # its page is missing, which is said already
        if ink[name] >= LEAST_INK:
            found.append(Remark(Seen.SEALED, f"“{name}”处有红色印章。", name))
        else:
            text = f"“{name}”处没有看到红色印章；只需签字的，请经办人看一下。"
            found.append(Remark(Seen.UNSEALED, text, name))
    return found


def _listed(numbers: Sequence[int]) -> str:
    return "、".join(map(str, numbers))
