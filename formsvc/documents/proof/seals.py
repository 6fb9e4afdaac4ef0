"""What people put into a DOCX where there is room for it, taken out before it is compared.

A picture in an opinion or signature box is a seal; the small frames that LibreOffice makes of the
code's lines stay at the top of the page. All else stays in, for `foreign` to name.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from lxml import etree

from formsvc.documents.docx import BODY
from formsvc.documents.proof.carriage import xml
from formsvc.documents.proof.units import CELL, Unit, bare, is_open

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_WP: Final = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_MC: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_A: Final = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_R: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_V: Final = "{urn:schemas-microsoft-com:vml}"
_PICTURE: Final = "http://schemas.openxmlformats.org/drawingml/2006/picture"
_MM: Final = 36_000
_LARGEST: Final = 65 * _MM  # a seal is 40 to 42 mm across
_RISES, _FALLS, _ASIDE = 10 * _MM, 70 * _MM, 140 * _MM  # from the paragraph that it belongs to
_FRAME_WIDTH, _FRAME_HEIGHT, _FRAME_TOP = 80 * _MM, 12 * _MM, 25 * _MM
_EDGE: Final = re.compile(r"word/header[0-9]*\.xml")
_LENGTH: Final = re.compile(r"(?:^|;)(width|height|margin-top):(-?[0-9.]{1,8})pt")
_NEAR: Final = frozenset({"paragraph", "line", "character", "column"})
_OPC: Final = "http://schemas.openxmlformats.org/package/2006/relationships"


def without(members: Mapping[str, bytes], labels: Iterable[str]) -> tuple[dict[str, bytes], int]:
    """The members without seals and header frames, and how many seals there were."""
    kept = dict(members)
    body = xml(members[BODY])
    seals = [drawing for cell in _open_cells(body, [*labels])
             for drawing in cell.iter(f"{_W}drawing", f"{_W}pict")
             if (_is_seal if drawing.tag == f"{_W}drawing" else _is_old_seal)(drawing)]  # fmt: skip
    links = {link for seal in seals for link in _links(seal)}
    for seal in seals:
        seal.getparent().remove(seal)
    if seals:
        kept[BODY] = etree.tostring(body)
        _unlink(kept, links - {*_links(body)})
    for name, content in members.items():
        if _EDGE.fullmatch(name) and b"AlternateContent" in content:
            kept[name] = _without_frames(content)
    return kept, len(seals)


def _open_cells(body: Any, labels: list[str]) -> list[Any]:
    found, before = [], None
    for cell in body.iter(f"{_W}tc"):
        if cell.find(f".//{_W}tc") is not None:
            continue
        text = bare("".join(node.text or "" for node in cell.iter(f"{_W}t")))
        unit = Unit(CELL, (("", text),))
        if is_open(unit, before, labels):
            found.append(cell)
        before = unit
    return found


def _is_seal(drawing: Any) -> bool:
    """Whether a drawing is one picture, no larger than a seal, near the place that it is in."""
    (frame,) = [*drawing][:1] or [None]
    if frame is None or frame.find(f".//{_A}graphicData[@uri='{_PICTURE}']") is None:
        return False
    extent = frame.find(f"{_WP}extent")
    size = [_number(extent.get(name)) for name in ("cx", "cy")] if extent is not None else [-1]
    if not all(0 < length <= _LARGEST for length in size):
        return False
    if frame.tag == f"{_WP}inline":
        return True
    places = [(frame.find(f"{_WP}position{axis}"), low, high)
              for axis, low, high in (("V", -_RISES, _FALLS), ("H", -_ASIDE, _ASIDE))]  # fmt: skip
    return frame.tag == f"{_WP}anchor" and all(
        place is not None
        and place.get("relativeFrom") in _NEAR
        and (offset := place.find(f"{_WP}posOffset")) is not None
        and low <= _number(offset.text) <= high
        for place, low, high in places
    )


def _links(node: Any) -> Iterator[str | None]:
    """The ids of the pictures below a node."""
    yield from (blip.get(f"{_R}embed") for blip in node.iter(f"{_A}blip"))
    yield from (data.get(f"{_R}id") for data in node.iter(f"{_V}imagedata"))


def _is_old_seal(pict: Any) -> bool:
    """The same of a picture as Word up to 2007 and WPS write it: one VML shape with an image and
    without a text of its own, its lengths in points."""
    shapes = [node for node in pict if node.tag != f"{_V}shapetype"]
    if len(shapes) != 1 or shapes[0].tag != f"{_V}shape":
        return False
    (shape,) = shapes
    others = [node for node in shape if node.tag in (f"{_V}textbox", f"{_V}textpath")]
    lengths = {name: float(text) * 12_700 for name, text in _LENGTH.findall(shape.get("style", ""))}
    return (
        shape.find(f"{_V}imagedata") is not None
        and not others
        and all(0 < lengths.get(name, -1) <= _LARGEST for name in ("width", "height"))
        and -_RISES <= lengths.get("margin-top", 0) <= _FALLS
        and "-relative:page" not in shape.get("style", "")
    )


def _number(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"-?[0-9]{1,10}", text) else -(10**12)


def _unlink(members: dict[str, bytes], links: set[str | None]) -> None:
    """Take away the pictures that only seals had."""
    name = "word/_rels/document.xml.rels"
    if name not in members or not links:
        return
    root = xml(members[name])
    for link in root.findall(f"{{{_OPC}}}Relationship"):
        target = f"word/{link.get('Target', '')}"
        if link.get("Id") in links and re.fullmatch(r"word/media/[^/]+", target):
            root.remove(link)
            members.pop(target, None)
    members[name] = etree.tostring(root)


def _without_frames(content: bytes) -> bytes:
    root = xml(content)
    for choice in list(root.iter(f"{_MC}AlternateContent")):
        anchors = list(choice.iter(f"{_WP}anchor"))
        if anchors and all(map(_is_small_frame, anchors)) and _has_small_fallback(choice):
            choice.getparent().remove(choice)
    return etree.tostring(root)


def _is_small_frame(anchor: Any) -> bool:
    extent, place = anchor.find(f"{_WP}extent"), anchor.find(f"{_WP}positionV")
    if extent is None or place is None or place.get("relativeFrom") != "page":
        return False
    offset = place.find(f"{_WP}posOffset")
    return (
        0 <= _number(extent.get("cx")) <= _FRAME_WIDTH
        and 0 <= _number(extent.get("cy")) <= _FRAME_HEIGHT
        and offset is not None
        and 0 <= _number(offset.text) <= _FRAME_TOP
    )


def _has_small_fallback(choice: Any) -> bool:
    """Whether what old programs show instead is as small, and at the top as well."""
    for shape in choice.iter(f"{_V}rect"):
        lengths = dict(_LENGTH.findall(shape.get("style", "")))
        most = (("width", _FRAME_WIDTH), ("height", _FRAME_HEIGHT), ("margin-top", _FRAME_TOP))
        if not all(0 <= float(lengths.get(name, -1)) * 12_700 <= limit for name, limit in most):
            return False
    return True
