"""Receipts, proofs and scans of a filing: the part of its page, downloads, and the API's routes.

A page includes `materials.html` with `filing` in its context.
"""

from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.exceptions import RequestEntityTooLarge

from formsvc.store import life, materials, receipts, scans
from formsvc.store.columns import iso
from formsvc.store.errors import Invalid
from formsvc.store.materials import MOST_BYTES, Purpose, Upload
from formsvc.store.models import Filing, Material
from formsvc.store.scans import Remark
from formsvc.store.sniffing import FileType
from formsvc.store.store import Work
from formsvc.web import csrf
from formsvc.web.attachments import attachment
from formsvc.web.held import settings, signed_in, store

_BODY: Final = MOST_BYTES + 100_000  # with what a form has around a file
_API: Final = "/api/v1/submissions/<int:id>"
_PAGE: Final = "/filings/<int:id>"

goods = Blueprint("goods", __name__)
csrf.install(goods)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file as the page shows it."""

    material: Material
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
    return Attached(material, Purpose(material.kind).label, size, said, own)


# pages


@goods.post(f"{_PAGE}/materials")
def keep(id: int) -> Any:
    """Add a file, and back to the page."""
    request.max_content_length = _BODY
    csrf.protect()
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid("请先选择文件，再按“上传”。")
    _kept(id, file.filename, file.read(), request.form.get("kind", Purpose.PROOF))
    return redirect(f"{request.root_path}/filings/{id}#materials", 303)


@goods.get(f"{_PAGE}/materials/<int:material>")
def get(id: int, material: int) -> Response:
    """A file, to be saved."""
    with (
        store().writing(signed_in()) as work,
        materials.opened(work, id, material) as (found, stream),
    ):
        content, name, media_type = stream.read(), found.title, found.media_type
    ending = next(each.ending for each in FileType if each.media_type == media_type)
    return attachment(content, f"{name}.{ending}", f"material-{material}.{ending}", media_type)


@goods.post(f"{_PAGE}/materials/<int:material>/remove")
def drop(id: int, material: int) -> Any:
    """Take a file away, and back to the page."""
    csrf.protect()
    materials.remove(store(), signed_in(), id, material)
    return redirect(f"{request.root_path}/filings/{id}#materials", 303)


@goods.get(f"{_PAGE}/receipt.<any(pdf, json):ending>", endpoint="receipt")
@goods.get(f"{_API}/receipt.<any(pdf, json):ending>", endpoint="receipt_api")
def receipt(id: int, ending: str) -> Response:
    """The receipt for the last version, or for another one by `?version=`."""
    return _receipt(id, ending)


@goods.get(f"{_API}/receipt")
def receipt_json(id: int) -> Response:
    """The receipt as JSON."""
    return _receipt(id, "json")


def _receipt(id: int, ending: str) -> Response:
    with store().writing(signed_in()) as work:
        found = receipts.receipt(work, id, request.args.get("version", type=int))
    name = f"回执 {found.plain['number']}"
    if ending == "json":
        return attachment(found.raw, f"{name}.json", "receipt.json", "application/json")
    page = receipts.paper(found, settings().press)
    return attachment(page, f"{name}.pdf", "receipt.pdf", "application/pdf")


# interface


@goods.get(f"{_API}/materials")
def list_materials(id: int) -> Response:
    """The files of a submission."""
    with store().reading(signed_in()) as work:
        filing = life.find(work, id)
        return jsonify([_told(work, each) for each in materials.listed(work, filing)])


@goods.post(f"{_API}/materials")
def add_material(id: int) -> Any:
    """Add a file: the body itself, with `?name=…&kind=proof|scan`. For programs with a token."""
    if not request.headers.get("Authorization"):
        csrf.protect()  # a browser's session alone does not post here from elsewhere
    request.max_content_length = _BODY
    name = request.args.get("name", "")
    added = _kept(id, name, request.get_data(cache=False), request.args.get("kind", Purpose.PROOF))
    with store().reading(signed_in()) as work:
        _, found = materials.find(work, id, added)
        return jsonify(_told(work, found)), 201


@goods.get(f"{_API}/materials/<int:material>")
def open_material(id: int, material: int) -> Response:
    """A file's content."""
    return get(id, material)


@goods.delete(f"{_API}/materials/<int:material>")
def remove_material(id: int, material: int) -> Any:
    """Take a file away."""
    if not request.headers.get("Authorization"):
        csrf.protect()
    materials.remove(store(), signed_in(), id, material)
    return "", 204


def _kept(id: int, name: str, raw: bytes, kind: str) -> int:
    if len(raw) > MOST_BYTES:
        raise RequestEntityTooLarge
    if kind == Purpose.SCAN:
        return scans.add(store(), signed_in(), id, name, raw)
    if kind != Purpose.PROOF:
        raise Invalid("文件的种类（kind）应为 proof 或 scan。")
    return materials.add(store(), signed_in(), id, Upload(name, raw))


def _told(work: Work, material: Material) -> dict[str, Any]:
    said = scans.remarks(work.store.keys, material)
    return {
        "id": material.id, "kind": material.kind, "title": material.title,
        "version": material.version, "stage": material.stage,
        "media_type": material.media_type, "size": material.size, "sha256": material.digest,
        "at": iso(material.at),
        "findings": [{"what": each.what.value, "ok": each.is_good, "box": each.box,
                      "message": each.text} for each in said],
    }  # fmt: skip
