"""A Word document as its reader sees it: what is inserted, controlled or tagged stands there too.

Deletions, field codes, hidden text and prompts are not shown and so not read; of alternatives one
is; the text of a box is read once. Input is hostile: opened by documents.proof.carriage.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from posixpath import join, normpath
from typing import Any, Final

from formsvc.documents.formats import format_of
from formsvc.documents.proof import carriage
from formsvc.errors import UnreadableDocument
from formsvc.intake.labels.words import RULE

W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_W14: Final = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_MC: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_M: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_STRICT: Final = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
_LINKS: Final = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_TAGS: Final = 300_000  # a long form has 20,000; every one costs a few hundred bytes

_SEEN_THROUGH: Final = frozenset(
    W + name
    for name in (
        "sdt", "sdtContent", "smartTag", "customXml", "ins", "moveTo", "hyperlink", "fldSimple",
        "dir", "bdo", "ruby", "rubyBase",
    )
)  # fmt: skip
_UNSEEN: Final = frozenset(
    W + name
    for name in (
        "del", "moveFrom", "delText", "instrText", "delInstrText", "sdtPr", "sdtEndPr", "rt",
        "rubyPr", "smartTagPr", "customXmlPr",
    )
)  # fmt: skip
# What a reader of today understands of mc:Choice; anything else has a Fallback made for us.
_UNDERSTOOD: Final = frozenset(
    ["wps", "wpg", "wpc", "w14", "w15", "w16se", "w16cid", "a14", "wp14"]
)
_BREAKS: Final = {W + "tab": "\t", W + "ptab": "\t", W + "br": "\n", W + "cr": "\n"}
_HYPHENS: Final = {W + "noBreakHyphen": "-", W + "softHyphen": ""}
_DRAWN: Final = frozenset((W + "drawing", W + "pict", W + "object"))

# Characters of symbol fonts that forms are ticked with.
_WINGDINGS: Final = {
    0xFE: "☑", 0xFD: "☒", 0xFC: "✓", 0xFB: "✗", 0xA8: "☐", 0x6F: "☐", 0x71: "☐", 0x72: "☐",
    0x6E: "■", 0x6C: "●", 0xA1: "○", 0x78: "☒",
}  # fmt: skip
_WINGDINGS_2: Final = {0x52: "☑", 0x53: "☒", 0x54: "☒", 0x50: "✓", 0x4F: "✗", 0xA3: "☐", 0x2A: "☐"}
_SYMBOLS: Final = {"wingdings": _WINGDINGS, "wingdings 2": _WINGDINGS_2}
UNKNOWN: Final = "\ufffd"  # for a symbol that is none of these


@dataclass(frozen=True, slots=True)
class Opened:
    """The body of a document; `aside` is what stands outside of it: (where, its root)."""

    body: Any
    aside: tuple[tuple[str, Any], ...]


def opened(raw: bytes) -> Opened:
    """A DOCX taken apart. UnreadableDocument (Chinese, for the sender) when that is not safe."""
    if format_of(raw) != "docx":
        raise UnreadableDocument("这个文件不是 Word 文档（.docx）。")
    members = carriage.package(raw)
    name = _main(members)
    body = _parsed(members[name]).find(W + "body")
    if body is None:
        raise UnreadableDocument("这个 Word 文档里没有正文。")
    folder = name.rpartition("/")[0]
    aside = tuple(
        (where, _parsed(content))
        for member, content in sorted(members.items())
        for pattern, where in _ASIDE
        if member.startswith(f"{folder}/") and pattern.fullmatch(member[len(folder) + 1 :])
    )
    return Opened(body, aside)


_ASIDE: Final = (
    (re.compile(r"header[0-9]*\.xml"), "页眉"),
    (re.compile(r"footer[0-9]*\.xml"), "页脚"),
    (re.compile(r"footnotes[0-9]*\.xml"), "脚注"),
    (re.compile(r"endnotes[0-9]*\.xml"), "尾注"),
    (re.compile(r"comments[0-9]*\.xml"), "批注"),
)


def _main(members: Mapping[str, bytes]) -> str:
    """The name of the part that is the document."""
    for link in carriage.xml(members.get("_rels/.rels", b"<none/>")).iter(_LINKS + "Relationship"):
        target = normpath(join("/", link.get("Target", ""))).lstrip("/")
        if link.get("Type", "").endswith("/officeDocument") and target in members:
            return target
    raise UnreadableDocument("这个文件不是 Word 文档（.docx）。")


def _parsed(content: bytes) -> Any:
    if content.count(b"<") > 2 * _TAGS:  # beginnings and ends
        raise UnreadableDocument("Word 文档的内容太多，已拒绝读取：请只填写表格本身。")
    root = carriage.xml(content.replace(_STRICT, W[1:-1].encode()))
    for control in root.iter(W + "sdt"):
        _settle(control)
    return root


def _settle(control: Any) -> None:
    """A prompt is no text, and a tick box is the tick that it holds."""
    properties, content = control.find(W + "sdtPr"), control.find(W + "sdtContent")
    if properties is None or content is None:
        return
    box = properties.find(_W14 + "checkbox")
    if box is not None:
        checked = box.find(_W14 + "checked")
        truth = None if checked is None else checked.get(_W14 + "val", "1")
        _say(content, "☑" if truth in ("1", "true", "on") else "☐")
    elif _is_on(properties, "showingPlcHdr"):
        _say(content, "")


def _say(content: Any, text: str) -> None:
    """Put a text in the place of all that is shown."""
    for each in [*content.iter(W + "t", W + "sym")]:
        if each.tag == W + "sym":
            each.tag = W + "t"
        each.text, text = text, ""


def parts(element: Any) -> Iterator[Any]:
    """The children that are shown, with what merely wraps them seen through."""
    for child in element:
        tag = child.tag
        if tag in _SEEN_THROUGH:
            yield from parts(child)
        elif tag == _MC + "AlternateContent":
            if (branch := _branch(child)) is not None:
                yield from parts(branch)
        elif tag not in _UNSEEN and isinstance(tag, str):
            yield child


def _branch(alternatives: Any) -> Any:
    fallback = alternatives.find(_MC + "Fallback")
    for choice in alternatives.findall(_MC + "Choice"):
        if fallback is None or set(choice.get("Requires", "").split()) <= _UNDERSTOOD:
            return choice
    return fallback


def text_of(paragraph: Any) -> tuple[str, list[Any], str]:
    """The text of a paragraph, the contents of the boxes anchored in it, what is struck out."""
    texts: list[str] = []
    boxes: list[Any] = []
    struck: list[str] = []
    for part in parts(paragraph):
        if part.tag == W + "r":
            _read_run(part, texts, boxes, struck)
        elif part.tag.startswith(_M):
            texts.extend(each.text or "" for each in part.iter(_M + "t"))
    return "".join(texts), boxes, "".join(struck)


def _read_run(run: Any, texts: list[str], boxes: list[Any], struck: list[str]) -> None:
    properties = run.find(W + "rPr")
    font, is_ruled = "", False
    if properties is not None:
        if _is_on(properties, "vanish"):
            return
        if _is_on(properties, "strike") or _is_on(properties, "dstrike"):
            texts = struck
        is_ruled = _is_on(properties, "u") and properties.find(W + "u").get(W + "val") != "none"
        fonts = properties.find(W + "rFonts")
        if fonts is not None:
            font = str(fonts.get(W + "ascii") or fonts.get(W + "hAnsi") or "").lower()
    for part in parts(run):
        if part.tag == W + "t":
            text = _in_font(part.text or "", font)
            texts.append(RULE * len(text) if is_ruled and text.isspace() else text)
        elif part.tag == W + "sym":
            texts.append(_symbol(part))
        elif part.tag == W + "r":  # of a ruby's base
            _read_run(part, texts, boxes, struck)
        elif part.tag == W + "fldChar":
            texts.append(_old_tick_box(part))
        elif part.tag in _DRAWN:
            boxes.extend(_boxes(part))
        else:
            text = _BREAKS.get(part.tag) or _HYPHENS.get(part.tag, "")
            texts.append(RULE * 4 if is_ruled and text == "\t" else text)


def _in_font(text: str, font: str) -> str:
    known = _SYMBOLS.get(font)
    if not known or any(ord(each) > 0xFF and not 0xF000 <= ord(each) <= 0xF0FF for each in text):
        return text
    return "".join(each if each == " " else known.get(ord(each) & 0xFF, UNKNOWN) for each in text)


def _symbol(part: Any) -> str:
    known = _SYMBOLS.get(str(part.get(W + "font", "")).lower(), {})
    try:
        return known.get(int(part.get(W + "char", ""), 16) & 0xFF, UNKNOWN)
    except ValueError:
        return UNKNOWN


def _old_tick_box(mark: Any) -> str:
    """The tick of a FORMCHECKBOX, which stands in the field's own mark."""
    box = mark.find(f"{W}ffData/{W}checkBox")
    if box is None:
        return ""
    checked = box.find(W + "checked")
    which = "checked" if checked is not None else "default"
    return "☑" if _is_on(box, which) else "☐"


def _boxes(element: Any) -> Iterator[Any]:
    for part in parts(element):
        if part.tag == W + "txbxContent":
            yield part
        else:
            yield from _boxes(part)


def _is_on(properties: Any, name: str) -> bool:
    found = properties.find(W + name)
    return found is not None and found.get(W + "val", "1") not in ("0", "false", "off")


def number(element: Any, name: str, default: int, most: int) -> int:
    """A number among an element's properties, within 0 and `most`."""
    found = None if element is None else element.find(W + name)
    value = "" if found is None else str(found.get(W + "val", ""))
    return (
        min(int(value), most)
        if re.fullmatch("[0-9]{1,9}", value)
        else (most if re.fullmatch("[0-9]{10,}", value) else default)
    )


def is_deleted(properties: Any) -> bool:
    """Whether tracked changes take a row, a cell or the end of a paragraph away."""
    return properties is not None and any(
        properties.find(W + name) is not None for name in ("del", "cellDel", "moveFrom")
    )
