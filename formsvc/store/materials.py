"""Files of a filing: proofs that its owner adds, and scans of the stamped paper.

A file lies sealed under a name that begins with its time, written before its row: a crash leaves a
file without a row, which `sweep` takes away, and never a row without its file. Its own key stands
in the row, sealed by the keyring: when that is rotated, files stay as they are.
"""

import hashlib
import io
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import PurePath
from typing import IO, Any, Final

from sqlalchemy import func, select

from formsvc.sealed import sealing, unsealed
from formsvc.store import access, life, readings
from formsvc.store.access import Actor
from formsvc.store.errors import Invalid, NotAllowed, NotNow, NotThere
from formsvc.store.keyring import Keyring, Unopenable
from formsvc.store.life import State
from formsvc.store.models import Filing, Material
from formsvc.store.sniffing import PAPERS, FileType, require_clean, sniffed
from formsvc.store.store import Store, Work

MOST_BYTES: Final = 20_000_000
MOST_BYTES_A_FILING: Final = 200_000_000
MOST_BYTES_IN_DRAFTS: Final = 1_000_000_000  # a person
MOST_FILES: Final = 50
_TITLE: Final = 120  # characters
_KEY: Final = 32
_BLOCK: Final = 1 << 16
_TIME: Final = "%Y%m%dT%H%M%S"
# How old a file without a row is when it is swept: nobody is still writing it.
_ORPHANED: Final = timedelta(hours=6)


class Purpose(StrEnum):
    """What a file is for."""

    PROOF = "proof"
    SCAN = "scan"

    @property
    def label(self) -> str:
        """What people call it."""
        return {"proof": "证明材料", "scan": "盖章扫描件"}[self.value]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent."""

    name: str
    raw: bytes
    kind: Purpose = Purpose.PROOF


def add(store: Store, actor: Actor, id: int, upload: Upload) -> int:
    """Keep a file; its id. Raises Invalid, NotAllowed or NotNow, and OSError without room.

    Its owner adds while a filing can be changed; who handles it, while it lies there.
    """
    with store.reading(actor) as work:
        types = _allowed(work, _addable(work, id, upload), upload)
    found = sniffed(upload.raw, types)
    require_clean(upload.raw, store.settings.scan_command)
    name, key = _written(store, upload.raw)
    try:
        with store.writing(actor) as work:
            # One after the other, so that limits hold.
            work.session.get(Filing, id, with_for_update=True)
            filing = _addable(work, id, upload)
            return _row(work, filing, upload, found, (name, key)).id
    except BaseException:
        with suppress(OSError):  # else it is swept
            store.files.remove(name)
        raise


def listed(work: Work, filing: Filing) -> Sequence[Material]:
    """The files of a filing that the actor may see, in the order in which they came."""
    query = select(Material).where(Material.filing_id == filing.id).order_by(Material.id)
    return [each for each in work.session.scalars(query) if _is_seen(work, filing, each)]


def find(work: Work, id: int, material: int) -> tuple[Filing, Material]:
    """A filing and a file of it. Raises NotThere."""
    filing = life.find(work, id)
    found = work.session.get(Material, material)
    if found is None or found.filing_id != filing.id or not _is_seen(work, filing, found):
        raise NotThere
    return filing, found


@contextmanager
def opened(work: Work, id: int, material: int) -> Iterator[tuple[Material, IO[bytes]]]:
    """A file with its content, a seekable stream; that it was read is an event."""
    filing, found = find(work, id, material)
    readings.note(work, filing, found.version, what="material", material=found.id)
    with content(work.store, found) as stream:
        yield found, stream


def title(keys: Keyring, material: Material) -> str:
    """What a file's owner called it, without an ending."""
    return keys.unseal(material.sealed_title, f"title/{material.name_there}").decode()


def content(store: Store, material: Material) -> IO[bytes]:
    """A file's content. Unopenable when it is not there, or was changed."""
    place = f"material/{material.name_there}"
    key = store.keys.unseal(material.sealed_key, place)
    try:
        return unsealed(store.files.open(material.name_there), key, material.name_there)
    except OSError as error:
        raise Unopenable(f"{place}: {type(error).__name__}") from error


def remove(store: Store, actor: Actor, id: int, material: int) -> None:
    """Take a file away as long as it may be added."""
    with store.writing(actor) as work:
        filing, found = find(work, id, material)
        _require_adder(work, filing, Purpose(found.kind), "remove-material")
        own = filing.state in life.EDITABLE or found.stage == filing.stage
        if not own or found.version < _version(filing):
            raise NotNow("这个文件随已经提交的那一版留存，不能删除。", "remove-material", id)
        name = found.name_there
        work.record("material-removed", filing, material=found.id, digest=found.digest)
        work.session.delete(found)
    with suppress(OSError):  # else it is swept
        store.files.remove(name)


def sweep(store: Store) -> int:
    """Take away files that have no row, left by a crash or a deletion; how many."""
    before = (store.clock() - _ORPHANED).astimezone(UTC)
    old = [name for name in store.files.names() if (at := _time(name)) and at < before]
    gone = 0
    for start in range(0, len(old), 500):
        some = old[start : start + 500]
        with store.reading() as work:
            query = select(Material.name_there).where(Material.name_there.in_(some))
            known = set(work.session.scalars(query))
        for name in some:
            if name not in known:
                store.files.remove(name)
                gone += 1
    return gone


def findings_place(material: Material) -> str:
    """The place at which what was found on a scan is sealed."""
    return f"scan/{material.id}"


# who may


def _is_seen(work: Work, filing: Filing, material: Material) -> bool:
    """What goes with a version to come is its owner's alone, as a draft is."""
    return filing.owner_id == work.actor.person or material.version <= filing.version


def _addable(work: Work, id: int, upload: Upload) -> Filing:
    filing = life.find(work, id)
    _require_adder(work, filing, upload.kind, "add-material")
    sums = select(func.count(), func.coalesce(func.sum(Material.size), 0))
    count, size = work.session.execute(sums.where(Material.filing_id == id)).one()
    if not filing.version:  # whoever has an account begins drafts: not as many files as they like
        drafts = sums.join(Filing, Filing.id == Material.filing_id).where(
            Filing.owner_id == filing.owner_id, Filing.version == 0
        )
        if work.session.execute(drafts).one()[1] + len(upload.raw) > MOST_BYTES_IN_DRAFTS:
            most = MOST_BYTES_IN_DRAFTS // 1_000_000
            raise Invalid(f"您的草稿所附的文件合计最大 {most} MB，请先提交或删除一些草稿。")
    if not upload.raw:
        raise Invalid("文件是空的，请重新选择。")
    if len(upload.raw) > MOST_BYTES:
        raise Invalid(f"每个文件最大 {MOST_BYTES // 1_000_000} MB，请压缩或分成几个文件。")
    if count >= MOST_FILES:
        raise Invalid(f"一份申报最多 {MOST_FILES} 个文件，请先删去一些或合成一个 PDF。")
    if size + len(upload.raw) > MOST_BYTES_A_FILING:
        most = MOST_BYTES_A_FILING // 1_000_000
        raise Invalid(f"一份申报的文件合计最大 {most} MB，请压缩后再上传。")
    return filing


def _require_adder(work: Work, filing: Filing, kind: Purpose, verb: str) -> None:
    """The owner while it can be changed; else who handles it where it lies."""
    if access.Scope.WRITE not in work.actor.scopes:
        raise NotAllowed("这个令牌只能读取。", verb, filing.id)
    if filing.state in life.EDITABLE:
        life.require_owner(work, filing, verb)
        if kind is Purpose.SCAN:
            raise NotNow("先提交，打印盖章后再上传扫描件。", verb, filing.id)
        return
    if filing.state != State.OPEN:
        raise NotNow("这份材料不在办理中，不能再增减文件。", verb, filing.id)
    if not work.actor.handles(filing.holder_id):
        raise NotAllowed("现在由别的机构办理，只有那里的经办人可以上传。", verb, filing.id)
    if kind is Purpose.SCAN and not stamped(work, filing):
        raise NotNow("这个环节不盖章，不用上传扫描件。", verb, filing.id)


def stamped(work: Work, filing: Filing) -> tuple[str, ...]:
    """The boxes that are stamped at the stage where a filing lies."""
    if filing.state != State.OPEN:
        return ()
    form = life.form_of(work, filing, filing.edition)
    return next((stage.signatures for stage in form.stages if stage.id == filing.stage), ())


def _allowed(work: Work, filing: Filing, upload: Upload) -> frozenset[FileType]:
    if upload.kind is Purpose.SCAN:
        return PAPERS
    more = life.form_of(work, filing, filing.edition).materials
    return PAPERS | {FileType(each) for each in more}


# keeping


def _version(filing: Filing) -> int:
    """The version that a file goes with: the one to come while a filing can be changed."""
    return filing.version + (filing.state in life.EDITABLE)


def _written(store: Store, raw: bytes) -> tuple[str, bytes]:
    """The name of a new sealed file, and its sealed key."""
    at = store.clock().astimezone(UTC)
    name, key = f"{at.strftime(_TIME)}-{secrets.token_hex(16)}", secrets.token_bytes(_KEY)
    source = io.BytesIO(raw)
    with store.files.create(name) as stream, sealing(stream, key, name) as sealed:
        while block := source.read(_BLOCK):
            sealed.write(block)
    return name, store.keys.seal(key, f"material/{name}")


def arrived(
    work: Work, filing: Filing, given: Mapping[str, Any], raw: bytes, adder: int, findings: bytes
) -> Material:
    """A file that another store exported, its columns as given; `findings` is what a scan was found
    to be, b"" for nothing. Invalid when it is not the file of its digest."""
    if hashlib.sha256(raw).hexdigest() != given["digest"] or len(raw) != given["size"]:
        raise Invalid(f"附件 {given['digest'][:12]}：内容与摘要不符。")
    kind, found = Purpose(given["kind"]), sniffed(raw, frozenset(FileType))
    require_clean(raw, work.store.settings.scan_command)
    name, key = _written(work.store, raw)
    seal = work.store.keys.seal
    columns = ("version", "stage", "size", "digest")
    material = Material(
        **{column: given[column] for column in columns}, filing_id=filing.id, name_there=name,
        kind=kind, media_type=found.media_type,
        sealed_key=key, sealed_title=seal(str(given["title"]).encode(), f"title/{name}"),
        person_id=adder, at=datetime.fromisoformat(given["at"]),
    )  # fmt: skip
    work.session.add(material)
    work.session.flush()
    if findings:
        material.sealed = seal(findings, findings_place(material))
    _told(work, filing, material)
    return material


def _told(work: Work, filing: Filing, material: Material) -> None:
    work.record("material-added", filing, filing.holder_id, version=material.version,
                material=material.id, of=str(material.kind), digest=material.digest,
                size=material.size)  # fmt: skip


def _row(
    work: Work, filing: Filing, upload: Upload, found: FileType, file: tuple[str, bytes]
) -> Material:
    digest = hashlib.sha256(upload.raw).hexdigest()
    material = Material(
        filing_id=filing.id, version=_version(filing), kind=upload.kind,
        stage=filing.stage, media_type=found.media_type,
        size=len(upload.raw), digest=digest, name_there=file[0], sealed_key=file[1],
        sealed_title=work.store.keys.seal(_titled(upload).encode(), f"title/{file[0]}"),
        person_id=work.actor.person, at=work.now,
    )  # fmt: skip
    work.session.add(material)
    work.session.flush()
    _told(work, filing, material)
    return material


def _titled(upload: Upload) -> str:
    """A file's name without folders, controls and ending."""
    last = PurePath(upload.name.replace("\\", "/")).name
    stem = last.rpartition(".")[0] or last
    shown = " ".join("".join(c for c in stem if c.isprintable()).split())[:_TITLE]
    return shown or upload.kind.label


def _time(name: str) -> datetime | None:
    """When a file was begun, by its name; None for what is not ours."""
    try:
        return datetime.strptime(name.lstrip(".").partition("-")[0], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
