"""Receipts, proofs and scans of a filing: the part of its page, and downloads.

A page includes `materials.html` with `filing` in its context.
"""

from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, redirect, request
from werkzeug.exceptions import RequestEntityTooLarge

from formsvc.store import life, materials, receipts, scans
from formsvc.store.errors import Invalid
from formsvc.store.materials import MOST_BYTES, Purpose, Upload
from formsvc.store.models import Filing, Material
from formsvc.store.scans import Remark
from formsvc.store.sniffing import FileType
from formsvc.store.store import Work
from formsvc.web import csrf
from formsvc.web.attachments import attachment
from formsvc.web.held import settings, signed_in, store

BODY_LIMIT: Final = MOST_BYTES + 100_000  # with what a form has around a file
_PAGE: Final = "/filings/<int:id>"

goods = Blueprint("goods", __name__)
csrf.install(goods)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file as the page shows it."""

    material: Material
    title: str
    label: str
    size: str
    remarks: tuple[Remark, ...]
    is_removable: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """All files of a filing, what may be added, and what to mind before it is passed on."""

    files: tuple[Attached, ...]
    kinds: tuple[Purpose, ...]
    boxes: tuple[str, ...]
    warning: str


@goods.app_context_processor
def _given() -> dict[str, object]:
    return {"materials_of": panel, "upload_megabytes": MOST_BYTES // 1_000_000}


def panel(id: int) -> Panel:
    """What the page of a filing shows of its files."""
    who = signed_in()
    with store().reading(who) as work:
        filing = life.find(work, id)
        is_mine = filing.owner_id == who.person and filing.state in life.EDITABLE
        is_here = filing.state == life.State.OPEN and who.handles(filing.holder_id)
        boxes = materials.stamped(work, filing) if is_here else ()
        kinds = (
            *((Purpose.SCAN,) if boxes else ()),
            *((Purpose.PROOF,) if is_mine or is_here else ()),
        )
        files = tuple(_attached(work, filing, each, is_mine=is_mine, is_here=is_here)
                      for each in materials.listed(work, filing))  # fmt: skip
        return Panel(files, kinds, boxes, scans.warning(work, filing) if is_here else "")


def _attached(
    work: Work, filing: Filing, material: Material, *, is_mine: bool, is_here: bool
) -> Attached:
    size = f"{max(material.size // 1000, 1):,} KB"
    own = material.version > filing.version if is_mine else (
        is_here and material.stage == filing.stage and material.version == filing.version
    )  # fmt: skip
    said = scans.remarks(work.store.keys, material)
    title = materials.title(work.store.keys, material)
    return Attached(material, title, Purpose(material.kind).label, size, said, own)


# pages


@goods.post(f"{_PAGE}/materials")
def keep(id: int) -> Any:
    """Add a file, and back to the page."""
    request.max_content_length = BODY_LIMIT
    csrf.protect()
    signed_in()
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid("请先选择文件，再按“上传”。")
    keep_file(id, file.filename, file.read(), request.form.get("kind", Purpose.PROOF))
    return _back(id)


@goods.get(f"{_PAGE}/materials/<int:material>")
def get(id: int, material: int) -> Response:
    """A file, to be saved."""
    return file_of(id, material)


@goods.post(f"{_PAGE}/materials/<int:material>/remove")
def drop(id: int, material: int) -> Any:
    """Take a file away, and back to the page."""
    csrf.protect()
    materials.remove(store(), signed_in(), id, material)
    return _back(id)


@goods.get(f"{_PAGE}/receipt.<any(pdf, json):ending>")
def receipt(id: int, ending: str) -> Response:
    """The receipt for the last version, or for another one by `?version=`."""
    return receipt_of(id, request.args.get("version", type=int), ending)


def _back(id: int) -> Any:
    """To the page that was open: that before handing in, or that of the filing."""
    page = "/hand-in" if request.form.get("at") == "hand-in" else ""
    return redirect(f"{request.root_path}/filings/{id}{page}#materials", 303)


# what pages and interface share


def receipt_of(id: int, version: int | None, ending: str) -> Response:
    """A receipt as `json` or `pdf`, to be saved; without a version the last one's."""
    with store().writing(signed_in()) as work:
        found = receipts.receipt(work, id, version)
    name = f"回执 {found.plain['number']}"
    if ending == "json":
        return attachment(found.raw, f"{name}.json", "receipt.json", "application/json")
    page = receipts.paper(found, settings().press)
    return attachment(page, f"{name}.pdf", "receipt.pdf", "application/pdf")


def file_of(id: int, material: int) -> Response:
    """A file, to be saved."""
    with (
        store().writing(signed_in()) as work,
        materials.opened(work, id, material) as (found, stream),
    ):
        content, media_type = stream.read(), found.media_type
        name = materials.title(work.store.keys, found)
    ending = next(each.ending for each in FileType if each.media_type == media_type)
    return attachment(content, f"{name}.{ending}", f"material-{material}.{ending}", media_type)


def keep_file(id: int, name: str, raw: bytes, kind: str) -> int:
    """Keep a file as `kind` proof or scan; its id. Raises what `materials.add` does."""
    if len(raw) > MOST_BYTES:
        raise RequestEntityTooLarge
    if kind == Purpose.SCAN:
        return scans.add(store(), signed_in(), id, name, raw)
    if kind != Purpose.PROOF:
        raise Invalid("文件的种类（kind）应为 proof 或 scan。")
    return materials.add(store(), signed_in(), id, Upload(name, raw))
