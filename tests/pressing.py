"""Helpers: a page with one field on it, set by the press's own parts, and readers of PDF."""

import io
import re
import subprocess

import pypdf
import pypdfium2

from formsvc.documents.authoring.rectangles import Box
from formsvc.documents.press import fitting, layouts, shapes, sheets, typesetter
from formsvc.documents.press.fitting import Fitter
from formsvc.documents.proof.marks import Code

NO_CODE = Code("甲\n乙", (b"\1",))
POINTER = "/text"


def one_field(**keys) -> layouts.Layout:
    """A4 with one field; `box` is left, top, width, height on the page."""
    field = {"field": POINTER, "box": [72, 72, 451, 698], "size": 12, "font": "仿宋",
             "align": "left", "vertical": "top", "pitch": 18, **keys}  # fmt: skip
    page = {"size": [595.28, 841.89], "top": 0, "bottom": 0, "signatures": [],
            "code": [300, 10, 200, 50], "bands": [{"height": 800, "items": [field]}]}  # fmt: skip
    return layouts.of({"source": "", "pages": [page]})


PARAGRAPHS = {"block": True, "indent": True, "justify": True}


class Set:
    """A text set in one field; `sheets` say how, `pdf` draws it."""

    def __init__(self, text: str, *, continues: bool = False, **keys) -> None:
        self.layout = one_field(**keys)
        self.site = self.layout.site(1)
        self.setter = typesetter(())
        self.fitter = Fitter(self.setter)
        self.sheets = sheets.compose(
            self.layout, {POINTER: text}, self.fitter, lambda pointer: continues
        )

    @property
    def setting(self) -> fitting.Setting:
        return self.sheets.settings[1]

    @property
    def lines(self) -> int:
        return self.fitter.lines(self.site, self.setting)

    def pdf(self) -> bytes:
        whole = sheets.drawn(
            self.sheets, self.layout, self.fitter, code=lambda page, pages: NO_CODE,
            heading=lambda pointer: "研修成效", owner="张三",
        )  # fmt: skip
        document = {**whole, "form": "x", "title": "表", "draft": False, "copies": [None],
                    "pad": False, "file": None, "flow": None}  # fmt: skip
        job = {"title": "表", "author": "某单位", "documents": [document]}
        return self.setter.compile(job, {"x": self.layout.json}, strict=True)


def pdfium_pages(pdf: bytes) -> list[str]:
    with pypdfium2.PdfDocument(pdf) as document:
        pages = [page.get_textpage().get_text_range() for page in document]
    return list(map(from_pdfium, pages))


def from_pdfium(text: str) -> str:
    """pdfium gives half characters, and U+0002 or U+FFFE for a hyphen at the end of a line."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16")
    return whole.translate({2: "-", 0xFFFE: "-"})


def pypdf_pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def poppler_pages(pdf: bytes) -> list[str]:
    command = ["pdftotext", "-raw", "-", "-"]
    result = subprocess.run(command, input=pdf, capture_output=True, check=False)
    assert result.stderr == b""
    return result.stdout.decode().split("\f")[:-1]


READERS = {"pdfium": pdfium_pages, "pypdf": pypdf_pages, "poppler": poppler_pages}


def squeezed(text: str) -> str:
    """Without spaces, which a PDF does not have: readers guess them."""
    return re.sub(r"[\s\x00]|\u00ad", "", text)


def bare(pages: list[str]) -> str:
    """The text of pages without spaces and without the code's two lines."""
    return "".join(squeezed(page).removesuffix("甲乙") for page in pages)


def places(form, values) -> list[list[tuple[str, Box]]]:
    """Every field of every page of a form's layout for printed values, and where it stands; y
    grows upwards."""
    _, layout = shapes.shaped(form, values)
    return [list(_places(page)) for page in layout.json["pages"]]


def _places(page):
    height, y = page["size"][1], page["top"]
    for band in page["bands"]:
        if table := band.get("table"):
            for cell in table["cells"]:
                row, column = cell["at"][:2]
                left = table["x"] + sum(table["columns"][:column])
                top = y + sum(table["rows"][:row])
                yield from _fields(cell["items"], left, top, height)
            y += sum(table["rows"])
        else:
            yield from _fields(band["items"], 0, y, height)
            y += band["height"]


def _fields(items, left, top, height):
    for item in items:
        if "field" in item:
            x, y, w, h = item["box"]
            right, bottom = left + x + w, height - top - y - h
            yield item["field"], Box(left + x, bottom, right, bottom + h)
