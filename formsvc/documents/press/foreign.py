"""An office's own fillable PDF as a layout: its pages are drawn as they are, values over them.

Field names are JSON Pointers, or mapped to them by [pdf] in form.toml; `/_page` is where the
page's number is printed, `/_code` where the proof code is. AcroForm: ISO 32000-1, 12.7. A page
drawn as a picture has no structure, so what is filled from such a PDF is not PDF/A.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pikepdf

from formsvc.errors import TemplateError

PAGE_FIELD: Final = "/_page"
CODE_FIELD: Final = "/_code"
_MULTILINE: Final = 1 << 12
_APPEARANCE: Final = re.compile(r"([\d.]{1,20})\s{1,20}Tf")
_DEFAULT_SIZE: Final = 10.5  # 五号, for a field whose size is "auto"
_DEEPEST: Final = 32
_MANY_LINES: Final = 4  # a place for so many is for paragraphs: indented, filled from the top
_PITCH: Final = 1.5
_FONT: Final = "仿宋"


def layout(path: Path, names: Mapping[str, str]) -> dict[str, Any]:
    """The PDF in the terms of layout.json. TemplateError names the file and the place."""
    try:
        with pikepdf.open(path) as pdf:
            pages = [_page(pdf, path, number, page.obj, page.mediabox, names)
                     for number, page in enumerate(pdf.pages, 1)]  # fmt: skip
    except (pikepdf.PdfError, OSError, KeyError, ValueError, TypeError) as fault:
        raise TemplateError(f"{path}: {fault}") from fault
    return {"source": "", "pages": pages}


def _page(
    pdf: Any, path: Path, number: int, page: Any, media: Any, names: Mapping[str, str]
) -> dict[str, Any]:
    if int(page.get("/Rotate", 0)) % 360:
        raise TemplateError(f"{path}: page {number} is rotated")
    left, bottom, right, top = map(float, media)
    whole: dict[str, Any] = {
        "size": [right - left, top - bottom], "top": 0, "bottom": 0, "signatures": [],
        "background": {"file": path.absolute().as_posix(), "page": number},
    }  # fmt: skip
    items = []
    for widget in page.get("/Annots", []):
        if widget.get("/Subtype") != "/Widget":
            continue
        own = _name(widget)
        name, kind = names.get(own, own), _inherited(widget, "/FT")
        x, y, x2, y2 = map(float, widget["/Rect"])
        box = [min(x, x2) - left, top - max(y, y2), abs(x2 - x), abs(y2 - y)]
        if kind == "/Sig":
            whole["signatures"].append({"name": name, "box": box})
        elif kind != "/Tx":
            raise TemplateError(f"{path}: page {number}: field {own} is not a text field")
        elif name == PAGE_FIELD:
            size = _size(pdf, widget)
            baseline = box[1] + box[3] / 2 + 0.38 * size
            whole["number"] = {"x": box[0] + box[2] / 2, "y": baseline, "size": size, "font": _FONT}
        elif name == CODE_FIELD:
            whole["code"] = box
        else:
            items.append({"field": name, "box": box, **_style(pdf, widget, box)})
    whole["bands"] = [{"height": top - bottom - 1, "items": items}]
    return whole


def _style(pdf: Any, widget: Any, box: list[float]) -> dict[str, Any]:
    size = _size(pdf, widget)
    is_block = bool(int(_inherited(widget, "/Ff") or 0) & _MULTILINE)
    is_large = is_block and box[3] >= _MANY_LINES * _PITCH * size
    return {
        "size": size,
        "font": _FONT,
        "align": ("left", "center", "right")[int(_inherited(widget, "/Q") or 0)],
        "vertical": "top" if is_large else "horizon",
        "block": is_block,
        "indent": is_large,
        "justify": is_block,
    }


def _size(pdf: Any, widget: Any) -> float:
    form = pdf.Root.get("/AcroForm", {})
    found = _APPEARANCE.search(str(_inherited(widget, "/DA") or form.get("/DA", "")))
    return (float(found[1]) if found else 0.0) or _DEFAULT_SIZE


def _ancestors(widget: Any) -> Iterator[Any]:
    node = widget
    for _ in range(_DEEPEST):
        if node is None:
            return
        yield node
        node = node.get("/Parent")


def _inherited(widget: Any, key: str) -> Any:
    return next((node[key] for node in _ancestors(widget) if key in node), None)


def _name(widget: Any) -> str:
    return ".".join(str(node["/T"]) for node in reversed(list(_ancestors(widget))) if "/T" in node)
