"""Data → PDF: the official form drawn by typst, as PDF/A-3a and PDF/UA-1.

The same data, fonts and key give the same bytes, in any process and thread.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pikepdf

from formsvc.documents import pictures
from formsvc.documents.press import (
    Bound,
    Press,
    Unprintable,
    letters,
    receipts,
    shapes,
    signing,
    typesetter,
)
from formsvc.documents.press.areas import Areas, Box, of_sheets, qr_square
from formsvc.documents.press.fitting import Fitter, Setting, plainly_fits
from formsvc.documents.press.fonts import FontError
from formsvc.documents.press.layouts import Layout, SignatureBox
from formsvc.documents.press.refusals import heading, missing, overflow, worst
from formsvc.documents.press.sheets import compose, drawn, flowing, level
from formsvc.documents.printing import printed, signed
from formsvc.documents.proof import carriage
from formsvc.documents.proof.marks import Proof
from formsvc.documents.proof.receipts import Receipt
from formsvc.documents.shrinking import Shrink, Shrinks
from formsvc.findings import Finding
from formsvc.forms import Form
from formsvc.writing import texts


@dataclass(frozen=True, slots=True)
class Stamping:
    """How many pages a filled form has, the square of the QR code on each of them (None where they
    have none), and the places to sign, each with its page, counted from 0."""

    pages: int
    code: Box | None
    places: tuple[tuple[int, SignatureBox], ...]


def fill(
    form: Form, data: object, press: Press, *, draft: bool = False, signature_fields: bool = False
) -> bytes:
    """The filled form, flat, with its proof code on every page and its submission attached.

    Raises Unprintable when a text does not fit or has a character without a glyph; a draft
    continues every text on extra sheets and prints 〓 instead.
    """
    whole, layout, made = _made(form, data, press, draft)
    if signature_fields:
        places, names = _to_sign(whole, layout, made), signed(form, data)
        return signing.with_fields(made, [place for place in places if place[2].name in names])
    return made


def placed(
    form: Form, data: object, press: Press, *, draft: bool = False
) -> tuple[bytes, tuple[Areas, ...]]:
    """The filled form, and where on each page its values stand and one writes by hand. Raises as
    `fill` does."""
    whole, layout, made = _made(form, data, press, draft)
    areas = [*of_sheets(layout, whole["sheets"], whole["flow"])]
    if _has_moved(whole):
        for page, _, place in _to_sign(whole, layout, made):
            if not areas[page].values:
                areas[page] = areas[page].with_hand(place.box)
    return made, tuple(areas)


def stamping(form: Form, data: object, press: Press) -> Stamping:
    """Where on the filled form one signs and stamps. Raises as `fill` does."""
    whole, layout, made = _made(form, data, press, draft=False)
    places = _to_sign(whole, layout, made)
    return Stamping(
        pictures.count(made), qr_square(layout), tuple((at, box) for at, _, box in places)
    )


def _has_moved(whole: Mapping[str, Any]) -> bool:
    """Whether what stands below rows may stand elsewhere than in the layout."""
    return bool(whole["flow"]) or any(sheet.get("flows") for sheet in whole["sheets"])


def _to_sign(whole: Mapping[str, Any], layout: Layout, made: bytes) -> list[signing.Place]:
    pages = [None if "value" in sheet else sheet["page"] for sheet in whole["sheets"]]
    if _has_moved(whole):
        return signing.found(made, layout, pages)
    return signing.placed(layout, pages)


def receipt(given: Receipt, press: Press) -> bytes:
    """A receipt as a page that carries it. FontError without fonts."""
    return receipts.draw(given, typesetter(press.fonts))


def _made(
    form: Form, data: object, press: Press, draft: bool
) -> tuple[dict[str, Any], Layout, bytes]:
    whole, layout = _document(Bound("", form, data, 1, draft), press, copies=[None], pad=False)
    author = texts.clean(printed(form, data)[form.unit.pointer]) or form.programme.title
    made = _drawn(whole, layout, press, author)
    return whole, layout, _packed(made) if whole["flow"] else made


def pack(documents: Sequence[Bound], press: Press, *, title: str, duplex: bool = False) -> bytes:
    """Documents as one PDF for the printer, with a bookmark for each.

    Copies are numbered at the page edge when there are several; with `duplex` each is padded to
    whole sheets, so that the next one starts on a front side. What they carry is attached, named
    with their number. Raises Unprintable with the findings of all that cannot be printed.
    """
    setter = typesetter(press.fonts)
    used: dict[str, Layout] = {}
    wholes: list[dict[str, Any]] = []
    refused: list[Finding] = []
    for number, bound in enumerate(documents, 1):
        labels = [_copy_label(n, bound.copies) for n in range(1, bound.copies + 1)]
        try:
            whole, layout = _document(bound, press, copies=labels, pad=duplex)
        except Unprintable as unprintable:
            refused += unprintable.findings
            continue
        whole["file"]["name"] = f"{number}-{whole['file']['name']}"
        wholes.append(whole)
        used[whole["form"]] = layout
    if refused:
        raise Unprintable(tuple(refused))
    job = {
        "title": title,
        "author": list(dict.fromkeys(bound.form.programme.title for bound in documents)),
        "documents": wholes,
    }
    drawings = {name: layout.json for name, layout in used.items()}
    strict = not any(layout.is_foreign for layout in used.values())
    return _packed(setter.compile(job, drawings, strict=strict))


def letter(package: bytes, title: str, press: Press) -> bytes:
    """A filled letter, given as DOCX, as PDF; 〓 stands for what no font has. FontError without
    fonts, TemplateError for a letter that is more than paragraphs and tables."""
    return letters.draw(package, title, typesetter(press.fonts))


def shrinks(form: Form, data: object, press: Press) -> Shrinks:
    """The values that Word has to set smaller than the form says, as the press would.

    Word ends some lines earlier, so here widths decide. {} where no fonts are installed.
    """
    values = printed(form, data)
    _, layout = shapes.shaped(form, values)
    if layout.is_foreign:
        return {}
    pages = [
        page
        for page in layout.pages
        if not all(plainly_fits(site, values.get(site.pointer, "")) for site in page.sites)
    ]
    if not pages:
        return {}
    try:
        fitter = Fitter(typesetter(press.fonts))
    except FontError:
        return {}
    settings: dict[int, Setting] = {}
    for page in pages:
        settings |= {
            site.number: fitter.fit(site, values[site.pointer], measures=False)
            for site in page.sites
            if values.get(site.pointer)
        }
        level(page, settings)
    found: dict[str, list[Shrink | None]] = {}
    for site in (site for page in layout.pages for site in page.sites):
        setting = settings.get(site.number)
        is_smaller = setting is not None and setting.size < site.size
        shrink = Shrink(setting.size, setting.pitch) if setting and is_smaller else None
        found.setdefault(site.pointer, []).append(shrink)
    return {pointer: places for pointer, places in found.items() if any(places)}


def _document(
    bound: Bound, press: Press, *, copies: Sequence[str | None], pad: bool
) -> tuple[dict[str, Any], Layout]:
    """A document of program.typ, and its layout. Raises Unprintable."""
    form, data = bound.form, bound.data
    setter = typesetter(press.fonts)
    values = printed(form, data)
    name, layout = shapes.shaped(form, values)
    if bound.draft:
        values = {name: setter.fonts.showable(text) for name, text in values.items()}
    elif found := missing(form, values, setter.fonts, layout):
        raise Unprintable(found)
    owner = values[layout.owner or form.person.pointer]
    fitter, proof = Fitter(setter), Proof(form, data, press.key)
    continued = {field.pointer for field in form.continues}
    sheets = compose(layout, values, fitter, lambda name: bound.draft or name in continued)
    if sheets.overflowing:
        raise Unprintable(worst(
            overflow(form, values, site, rest) for site, rest in sheets.overflowing
        ))  # fmt: skip
    whole = drawn(
        sheets, layout, fitter, code=proof.code, owner=owner,
        heading=lambda name: heading(form, name),
    )  # fmt: skip
    record = proof.record()
    document = {
        **whole,
        "form": name,
        "title": bound.title or texts.clean(f"{form.title} {owner}".strip()),
        "draft": bound.draft,
        "copies": list(copies),
        "pad": pad and sheets.count % 2 == 1,
        "file": {"name": carriage.ATTACHMENT, "data": record.data.decode(), "code": record.code},
    }
    if sheets.has_grown:
        count = pictures.count(_drawn({**document, "copies": [None], "pad": False}, layout, press))
        if count != sheets.count:
            document |= {"pad": pad and count % 2 == 1}
            return flowing(document, count, owner, proof.code), layout
    return document, layout


def _drawn(whole: dict[str, Any], layout: Layout, press: Press, author: str = "") -> bytes:
    job = {"title": whole["title"], "author": author or whole["title"], "documents": [whole]}
    drawing = {whole["form"]: layout.json}
    return typesetter(press.fonts).compile(job, drawing, strict=not layout.is_foreign)


def _packed(made: bytes) -> bytes:
    """The same PDF with its small objects compressed together: half the size, for 4 ms each."""
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(made)) as whole:
        whole.save(
            output, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True
        )
    return output.getvalue()


def _copy_label(copy: int, copies: int) -> str | None:
    return f"第 {copy} 份 / 共 {copies} 份" if copies > 1 else None
