"""Red seals on a scan: where the boxes to stamp are on its pages, and whether there is red ink.

A page's QR code says which page it is, where it lies, how large and how askew. Boxes are left,
top, right, bottom in points on the paper, y from the top. What is opened here is hostile.
"""

import io
import json
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import zxingcpp
from PIL import Image, ImageChops, UnidentifiedImageError

from formsvc import sandbox
from formsvc.documents.formats import is_picture
from formsvc.documents.pictures import opened
from formsvc.documents.press.areas import Box
from formsvc.documents.proof import codes
from formsvc.documents.proof.marks import MAX_CODE, Mark, parse_mark
from formsvc.errors import UnreadableDocument

MOST_PAGES: Final = 60
_DPI: Final = 200
_PAGE_PIXELS: Final = 10_000_000
_CPU: Final = 90  # seconds: a page takes up to one
_MEMORY: Final = 1_500_000_000
_QR: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_SAMPLED: Final = 2.0  # pixels a point, of a box that is looked at
# Seals are put on by hand and stand over the edge; and far from the code a place is known less
# exactly. Points.
_AROUND: Final = 14.0
# Red ink, as Pillow counts hue, saturation and value: cinnabar to crimson, also when it is faint.
_HUES: Final = (16, 228)
_SATURATION: Final = 60
_VALUE: Final = 70
_MM: Final = 72 / 25.4
# Of a round seal of 42 mm (国发〔1999〕25号), ring, star and characters cover 250 mm² and more; of
# a name stamp of 15 mm, 60 mm² and more. Half of a faint one is left.
LEAST_INK: Final = 30.0  # mm²
_COLOURLESS: Final = 0.0002  # of a page's pixels

sandbox.preload(__name__)


@dataclass(frozen=True, slots=True)
class ScannedPage:
    """A page of a scan: the codes on it; and for each box that belongs on it, by name, how much red
    ink is there, in mm². `has_colour` is false for a page that is all grey."""

    marks: tuple[Mark, ...]
    ink: dict[str, float]
    has_colour: bool


def looked(
    raw: bytes, code: Box, boxes: Sequence[tuple[int, str, Box]], proof: str
) -> tuple[ScannedPage, ...]:
    """A PNG, JPEG or PDF, page by page. `boxes` are (page from 1, name, box); they are looked at
    where a page's code has the digest `proof`. UnreadableDocument when it cannot be opened."""
    head = json.dumps({"code": code, "boxes": boxes, "proof": proof}).encode()
    answer = sandbox.run_limited(
        look, head + b"\n" + raw, memory=_MEMORY, cpu=_CPU, wall=2.0 * _CPU
    )
    return tuple(
        ScannedPage(tuple(map(parse_mark, page["codes"])), page["ink"], page["colour"])
        for page in json.loads(answer)
    )


def look(payload: bytes) -> bytes:
    """What `looked` returns, as JSON; for a process that can be killed."""
    line, _, raw = payload.partition(b"\n")
    head = json.loads(line)
    return json.dumps([_page(image, head) for image in _images(raw)]).encode()


def _images(raw: bytes) -> Iterator[Any]:
    """The pages of a scan in colour."""
    if is_picture(raw):
        codes.picture(raw)  # refuses what is broken or too large
        try:
            with Image.open(io.BytesIO(raw), formats=("PNG", "JPEG")) as picture:
                image = picture.convert("RGB")
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
            raise UnreadableDocument("图片已损坏，无法读取。") from error
        if (shrink := math.sqrt(_PAGE_PIXELS / (image.width * image.height))) < 1:
            image = image.resize((int(image.width * shrink), int(image.height * shrink)))
        yield image
        return
    with opened(raw) as document:
        if len(document) > MOST_PAGES:
            raise UnreadableDocument(f"扫描件超过 {MOST_PAGES} 页，请分成几个文件。")
        for page in document:
            width, height = page.get_size()
            scale = min(_DPI / 72, (_PAGE_PIXELS / max(width * height, 1)) ** 0.5)
            yield page.render(scale=scale).to_pil().convert("RGB")


def _page(image: Any, head: dict[str, Any]) -> dict[str, Any]:
    found, ink = [], {}
    for text, corners in _codes(image):
        with suppress(UnreadableDocument):
            mark = parse_mark(text)
            found.append(text)
            if mark.proof.startswith(head["proof"]):
                place = _Place(head["code"], corners)
                for number, name, box in head["boxes"]:
                    if number == mark.page:
                        ink[name] = round(_ink(place.cut(image, box)), 1)
    return {"codes": found, "ink": ink, "colour": _has_colour(image)}


def _codes(image: Any) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    """Each QR code's text and its corners: from the top left one on, clockwise as it is read."""
    grey = image.convert("L")
    for scale in (1, 2):
        if scale == 2:
            size = (grey.width * 2, grey.height * 2)
            grey = grey.resize(size, Image.Resampling.BICUBIC)
        seen = [
            (code.text, [(p.x / scale, p.y / scale) for p in _corners(code.position)])
            for code in zxingcpp.read_barcodes(grey, formats=_QR)
            if 0 < len(code.text) <= MAX_CODE
        ]
        if seen or grey.width * grey.height > _PAGE_PIXELS / 2:
            yield from seen
            return


def _corners(position: Any) -> tuple[Any, ...]:
    return (position.top_left, position.top_right, position.bottom_right, position.bottom_left)


class _Place:
    """How a paper lies on a scan: turned, enlarged and moved, so that the code's corners meet.

    The similarity with the least squares: x + iy on the scan = a (x + iy on the paper) + b.
    """

    def __init__(self, code: Sequence[float], corners: Sequence[tuple[float, float]]) -> None:
        left, top, right, bottom = code
        square = ((left, top), (right, top), (right, bottom), (left, bottom))
        paper = [complex(*corner) for corner in square]
        scan = [complex(*corner) for corner in corners]
        middle, seen = sum(paper) / 4, sum(scan) / 4
        spread = sum(abs(p - middle) ** 2 for p in paper)
        self._a = sum((s - seen) * (p - middle).conjugate()
                      for p, s in zip(paper, scan, strict=True)) / spread  # fmt: skip
        self._b = seen - self._a * middle

    def cut(self, image: Any, box: Sequence[float]) -> Any:
        """What is in a box and around it, upright, _SAMPLED pixels a point."""
        left, top, right, bottom = (box[0] - _AROUND, box[1] - _AROUND,
                                    box[2] + _AROUND, box[3] + _AROUND)  # fmt: skip
        size = (int((right - left) * _SAMPLED), int((bottom - top) * _SAMPLED))
        step = self._a / _SAMPLED
        start = self._a * complex(left, top) + self._b
        affine = (step.real, -step.imag, start.real, step.imag, step.real, start.imag)
        return image.transform(size, Image.Transform.AFFINE, affine,
                               Image.Resampling.BILINEAR, fillcolor=(255, 255, 255))  # fmt: skip


def _ink(image: Any) -> float:
    """How much of a cut is red, in mm²."""
    hue, saturation, value = image.convert("HSV").split()
    red = ImageChops.multiply(
        hue.point([255 if h <= _HUES[0] or h >= _HUES[1] else 0 for h in range(256)]),
        ImageChops.multiply(
            saturation.point([255 if s >= _SATURATION else 0 for s in range(256)]),
            value.point([255 if v >= _VALUE else 0 for v in range(256)]),
        ),
    )
    return float(red.histogram()[255] / (_SAMPLED * _MM) ** 2)


def _has_colour(image: Any) -> bool:
    """Whether a page was scanned in colour: paper, lamp and seal leave some on a real one."""
    saturation = image.convert("HSV").split()[1]
    coloured = sum(saturation.histogram()[_SATURATION:])
    # Dark noise counts as coloured to the eye of no one: only bright saturation does.
    return bool(coloured > _COLOURLESS * image.width * image.height)
