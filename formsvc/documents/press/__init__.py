"""Data → PDF: the official form drawn by typst, as PDF/A-3a and PDF/UA-1.

The same data, fonts and key give the same bytes, in any process and thread.
"""

import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import pikepdf

from formsvc.documents import pictures
from formsvc.documents.press import layouts, letters, receipts, shapes, signing
from formsvc.documents.press.areas import Areas, Box, of_sheets, qr_square
from formsvc.documents.press.bounds import Bounds, limited, surely_fits
from formsvc.documents.press.fitting import Fitter, Setting, plainly_fits
from formsvc.documents.press.fonts import FontError, Fonts, installed
from formsvc.documents.press.layouts import Layout, SignatureBox, Site
from formsvc.documents.press.sheets import compose, drawn, flowing, level
from formsvc.documents.press.typesetter import Typesetter
from formsvc.documents.printing import printed, signed
from formsvc.documents.proof import carriage
from formsvc.documents.proof.marks import Proof, public_key
from formsvc.documents.proof.receipts import Receipt
from formsvc.documents.shrinking import Shrink, Shrinks
from formsvc.errors import FormsvcError
from formsvc.findings import Finding, Severity, Skipped
from formsvc.forms import Form
from formsvc.writing import texts, words

__all__ = [
    "MEDIA_TYPE",
    "Areas",
    "Bound",
    "FontError",
    "Fonts",
    "Press",
    "Stamping",
    "Unprintable",
    "fill",
    "findings",
    "installed",
    "letter",
    "pack",
    "placed",
    "receipt",
    "shrinks",
    "stamping",
]

MEDIA_TYPE: Final = "application/pdf"
GLYPH: Final = "print.glyph"
OVERFLOW: Final = "print.overflow"


@dataclass(frozen=True, slots=True)
class Press:
    """What an office prints with: its own font folders, searched first, and its signing key.

    `key` is a raw Ed25519 seed of 32 bytes; with it the printed codes are signed. `public_key`,
    raw as well, checks signatures where the key itself is not.
    """

    fonts: tuple[Path, ...] = ()
    key: bytes | None = None
    public_key: bytes | None = None

    @property
    def verifier(self) -> bytes | None:
        """The public key that signatures are checked with."""
        return public_key(self.key) if self.key else self.public_key


@dataclass(frozen=True, slots=True)
class Stamping:
    """How many pages a filled form has, the square of the QR code on each of them (None where they
    have none), and the places to sign, each with its page, counted from 0."""

    pages: int
    code: Box | None
    places: tuple[tuple[int, SignatureBox], ...]


class Unprintable(FormsvcError):
    """The data is sound but does not go on this paper; `findings` say where and why (Chinese)."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("；".join(finding.message for finding in findings))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Bound:
    """A submission in a print pack: the bookmark that leads to it, and how many copies of it."""

    title: str
    form: Form
    data: object
    copies: int = 1
    draft: bool = False


def fill(
    form: Form, data: object, press: Press, *, draft: bool = False, signature_fields: bool = False
) -> bytes:
    """The filled form, flat, with its proof code on every page and its submission attached.

    Raises Unprintable when a text does not fit or has a character without a glyph; a draft
    continues every text on extra sheets and prints 〓 instead.
    """
    whole, layout, made = _made(form, data, press, draft)
    if signature_fields:
        pages = [None if "value" in sheet else sheet["page"] for sheet in whole["sheets"]]
        is_placed = not whole["flow"]
        places = signing.placed(layout, pages) if is_placed else signing.found(made, layout, pages)
        names = signed(form, data)
        return signing.with_fields(made, [place for place in places if place[2].name in names])
    return made


def placed(
    form: Form, data: object, press: Press, *, draft: bool = False
) -> tuple[bytes, tuple[Areas, ...]]:
    """The filled form, and where on each page its values stand. Raises as `fill` does."""
    whole, layout, made = _made(form, data, press, draft)
    return made, of_sheets(layout, whole["sheets"], whole["flow"] is not None)


def stamping(form: Form, data: object, press: Press) -> Stamping:
    """Where on the filled form one signs and stamps. Raises as `fill` does."""
    whole, layout, made = _made(form, data, press, draft=False)
    pages = [None if "value" in sheet else sheet["page"] for sheet in whole["sheets"]]
    places = signing.found(made, layout, pages) if whole["flow"] else signing.placed(layout, pages)
    return Stamping(
        pictures.count(made), qr_square(layout), tuple((at, box) for at, _, box in places)
    )


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


def receipt(given: Receipt, press: Press) -> bytes:
    """A receipt as a page that carries it. FontError without fonts."""
    return receipts.draw(given, typesetter(press.fonts))


def findings(
    form: Form, data: object, press: Press, spoken: Collection[str] = ()
) -> tuple[Finding, ...] | Skipped:
    """What of a submission cannot be printed, but at places `spoken` of already: `print.overflow`
    and `print.glyph`.

    Lengths decide for nearly all texts, widths of characters for most others; only what is close
    is typeset. Skipped, with the reason, where no fonts for Chinese are installed.
    """
    try:
        setter = typesetter(press.fonts)
    except FontError as error:
        return Skipped("print", f"没有可用的中文字体，无法判断能否打印：{error}")
    if _bounds(form, setter).hold(data, spoken):
        return ()
    return tuple(f for f in _unprintable(form, data, setter) if f.pointer not in spoken)


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


@cache
def typesetter(folders: tuple[Path, ...]) -> Typesetter:
    """The typesetter of an office, ready once a process."""
    return Typesetter(installed(folders))


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
    elif found := _missing(form, values, setter.fonts, layout):
        raise Unprintable(found)
    owner = values[layout.owner or form.person.pointer]
    fitter, proof = Fitter(setter), Proof(form, data, press.key)
    continued = {field.pointer for field in form.continues}
    sheets = compose(layout, values, fitter, lambda name: bound.draft or name in continued)
    if sheets.overflowing:
        raise Unprintable(_worst(
            _overflow(form, values, site, rest) for site, rest in sheets.overflowing
        ))  # fmt: skip
    whole = drawn(
        sheets, layout, fitter, code=proof.code, owner=owner,
        heading=lambda name: _label(form, name),
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


# what cannot be printed


def _unprintable(form: Form, data: object, setter: Typesetter) -> tuple[Finding, ...]:
    layout, fitter = layouts.load(form), Fitter(setter)
    values = printed(form, data)
    found = _missing(form, values, setter.fonts, layout)
    if found:
        return found
    close = [
        replace(site, pointer=name)
        for site in limited(form)
        if not site.when or values.get(site.when)
        for name in _names(values, site.pointer)
        if (text := values.get(name)) and not surely_fits(site, text, fitter)
    ]
    settings = [(site, fitter.fit(site, values[site.pointer])) for site in close]
    return _worst(
        _overflow(form, values, site, fitter.excess(site, setting))
        for site, setting in settings
        if not setting.fits
    )


@cache
def _bounds(form: Form, setter: Typesetter) -> Bounds:
    return Bounds(form, setter)


def _names(values: Mapping[str, str], pointer: str) -> Sequence[str]:
    """The places that a pointer of a layout stands for: one, or one in each row of its list."""
    array, in_rows, column = pointer.partition("/*/")
    if not in_rows:
        return (pointer,)
    return [f"{array}/{row}/{column}" for row in range(int(values.get(array) or 0))]


def _worst(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding a place, where a text stands on the paper more than once."""
    worst: dict[str, Finding] = {}
    for finding in found:
        known = worst.setdefault(finding.pointer, finding)
        if (finding.value or 0) > (known.value or 0):
            worst[finding.pointer] = finding
    return tuple(worst.values())


def _missing(
    form: Form, values: Mapping[str, str], fonts: Fonts, layout: Layout
) -> tuple[Finding, ...]:
    shown = [
        name for pointer in layout.pointers for name in _names(values, pointer) if values.get(name)
    ]
    if not fonts.missing("\n".join(values[name] for name in shown)):
        return ()
    found = []
    for name in sorted(shown, key=form.place):
        if missing := fonts.missing(values[name]):
            named = "、".join(f"“{text}”（{_codes(text)}）" for text in missing)
            message = (
                f"{_label(form, name)}中的{named}在现有字体中没有，印不出来；"
                "请改用通用的字，或请管理员添加字体。"
            )
            pointer = _pointer(form, values, name, missing)
            found.append(Finding(GLYPH, Severity.ERROR, pointer, _label(form, name), message))
    return tuple(found)


def _overflow(form: Form, values: Mapping[str, str], site: Site, rest: str) -> Finding:
    label, excess = _label(form, site.pointer), max(1, words.count(rest))
    room = max(0, words.count(values[site.pointer]) - excess)
    message = f"{label}在表格中写不下：约可写 {room} 字，多出 {excess} 字，请删减。"
    pointer = _pointer(form, values, site.pointer, ())
    return Finding(OVERFLOW, Severity.ERROR, pointer, label, message, excess, 0)


def _label(form: Form, name: str) -> str:
    """Of a field, or of a box in which several stand."""
    return next((box.label for box in form.boxes if box.name == name), None) or form.label(name)


def _pointer(form: Form, values: Mapping[str, str], name: str, missing: Sequence[str]) -> str:
    """The place in the submission; in a box of several fields, the longest to blame."""
    parts = [
        pointer
        for box in form.boxes
        if box.name == name
        for part, _ in box.parts
        for pointer in _names(values, part.pointer)
    ]
    blamed = [part for part in parts if all(text in values[part] for text in missing)]
    return max(blamed or parts or [name], key=lambda part: len(values.get(part, "")))


def _codes(text: str) -> str:
    return " ".join(f"U+{ord(character):04X}" for character in text)
