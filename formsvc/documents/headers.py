"""What stands in the headers of a DOCX beside its own: the proof code, and 草稿 on drafts."""

import copy
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import docx
from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn

from formsvc.documents.pictures import png

DRAFT: Final = "草稿"
# Modules (0 light, 1 dark) to the digits of pixels (1 white, 0 black).
_PIXELS: Final = bytes.maketrans(b"\0\1", b"10")
_PER_MM: Final = 36_000  # EMU
# Placed on the page, in the upper right corner, clear of the text area (mm).
_CODE_SIDE, _CODE_RIGHT, _CODE_TOP = 14, 12, 6
_TEXT_WIDTH, _TEXT_HEIGHT, _GAP = 75, 8, 4
_PAGE_NUMBER: Final = re.compile(r"\b(?:PAGE|NUMPAGES)\b")
_TWIPS_PER_MM: Final = 1440 / 25.4
_OFFICE: Final = "urn:schemas-microsoft-com"
_NAMESPACES: Final = (
    f'{nsdecls("w", "r", "wp", "a", "pic")} xmlns:v="{_OFFICE}:vml"'
    f' xmlns:o="{_OFFICE}:office:office" xmlns:w10="{_OFFICE}:office:word"'
)


def with_code(document: Document) -> bytes:
    """The DOCX with room for a proof code on every page.

    `{{ _code.form }}` and `{{ _code.digest }}` stand for the text, the part whose content is
    PLACEHOLDER for the picture: a fill puts in both. The document is changed.
    """
    for number, (header, width) in enumerate(_headers(document), 1):
        link, _ = header.part.get_or_add_image(io.BytesIO(PLACEHOLDER))
        paragraph = _paragraph(header)
        paragraph._p.append(parse_xml(_picture(link, number, width)))
        # A paragraph in a frame comes before the one that it is anchored to.
        for line in _text(width):
            paragraph._p.addprevious(parse_xml(line))
    return _saved(document)


def with_draft_mark(package: bytes) -> bytes:
    """The same DOCX with 草稿 across every page, as Word itself writes a text watermark."""
    document = docx.Document(io.BytesIO(package))
    for number, (header, _) in enumerate(_headers(document), 1):
        _paragraph(header)._p.append(parse_xml(_watermark(number)))
    return _saved(document)


def is_page_number(paragraph: Any) -> bool:
    """Whether a paragraph holds the page's number or the number of pages."""
    fields = [node.text or "" for node in paragraph.iter(qn("w:instrText"))]
    fields += [node.get(qn("w:instr"), "") for node in paragraph.iter(qn("w:fldSimple"))]
    return any(_PAGE_NUMBER.search(field) for field in fields)


def code_picture(modules: Sequence[bytes]) -> bytes:
    """QR modules, a byte each, 1 is dark, as a PNG with a pixel a module."""
    width = len(modules[0])
    size = -(-width // 8)
    rows = (
        int(row.translate(_PIXELS).ljust(size * 8, b"1"), 2).to_bytes(size, "big")
        for row in modules
    )
    return png(width, 1, rows)


PLACEHOLDER: Final = code_picture([b"\1"])


def _headers(document: Any) -> Iterator[tuple[Any, float]]:
    """Every header that a page can show, with a part of its own, and the page's width in mm.

    Pages of another width have headers of their own, with the same in them.
    """
    before: Any = None
    for index, section in enumerate(document.sections):
        headers = [section.header]
        if section.different_first_page_header_footer:
            headers.append(section.first_page_header)
        if document.settings.odd_and_even_pages_header_footer:
            headers.append(section.even_page_header)
        is_wider = before is not None and before.page_width != section.page_width
        for header in headers:
            if is_wider and header.is_linked_to_previous:
                shown = [copy.deepcopy(node) for node in header._element]
                header.is_linked_to_previous = False
                header._element[:] = shown
                yield header, section.page_width.mm
            elif not (index and header.is_linked_to_previous):
                header.is_linked_to_previous = False
                yield header, section.page_width.mm
        before = section


def _paragraph(header: Any) -> Any:
    return header.paragraphs[-1] if header.paragraphs else header.add_paragraph()


def _saved(document: Any) -> bytes:
    output = io.BytesIO()
    document.save(output)
    return output.getvalue()


def _text(width: float) -> Iterator[str]:
    left = width - _CODE_RIGHT - _CODE_SIDE - _TEXT_WIDTH - _GAP
    frame = (
        f'<w:framePr w:w="{_twips(_TEXT_WIDTH)}" w:h="{_twips(_TEXT_HEIGHT)}" w:hRule="exact"'
        f' w:wrap="around" w:vAnchor="page" w:hAnchor="page" w:x="{_twips(left)}"'
        f' w:y="{_twips(_CODE_TOP + 3)}"/>'
    )
    style = (
        '<w:rPr><w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman"'
        ' w:cs="Times New Roman"/><w:sz w:val="12"/><w:szCs w:val="12"/></w:rPr>'
    )

    def run(content: str) -> str:
        return f"<w:r>{style}{content}</w:r>"

    def field(name: str) -> str:
        return (
            run('<w:fldChar w:fldCharType="begin"/>')
            + run(f'<w:instrText xml:space="preserve"> {name} </w:instrText>')
            + run('<w:fldChar w:fldCharType="separate"/>')
            + run("<w:t>1</w:t>")
            + run('<w:fldChar w:fldCharType="end"/>')
        )

    pages = run('<w:t xml:space="preserve"> </w:t>') + field("PAGE") + run("<w:t>/</w:t>")
    for runs in (
        run("<w:t>{{ _code.form }}</w:t>"),
        run("<w:t>{{ _code.digest }}</w:t>") + pages + field("NUMPAGES"),
    ):
        yield (
            f'<w:p {_NAMESPACES}><w:pPr>{frame}<w:spacing w:line="160" w:lineRule="exact"/>'
            f'<w:jc w:val="right"/></w:pPr>{runs}</w:p>'
        )


def _picture(link: str, number: int, width: float) -> str:
    side = _CODE_SIDE * _PER_MM
    left = round((width - _CODE_RIGHT - _CODE_SIDE) * _PER_MM)
    return (
        f'<w:r {_NAMESPACES}><w:drawing><wp:anchor distT="0" distB="0" distL="0" distR="0"'
        ' simplePos="0" relativeHeight="1" behindDoc="1" locked="1" layoutInCell="1"'
        ' allowOverlap="1"><wp:simplePos x="0" y="0"/>'
        f'<wp:positionH relativeFrom="page"><wp:posOffset>{left}</wp:posOffset></wp:positionH>'
        f'<wp:positionV relativeFrom="page"><wp:posOffset>{_CODE_TOP * _PER_MM}</wp:posOffset>'
        f'</wp:positionV><wp:extent cx="{side}" cy="{side}"/>'
        '<wp:effectExtent l="0" t="0" r="0" b="0"/><wp:wrapNone/>'
        f'<wp:docPr id="{9000 + number}" name="code{number}" descr="校验码"/>'
        "<wp:cNvGraphicFramePr/><a:graphic>"
        '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture">'
        f'<pic:pic><pic:nvPicPr><pic:cNvPr id="{9000 + number}" name="code"/><pic:cNvPicPr/>'
        f'</pic:nvPicPr><pic:blipFill><a:blip r:embed="{link}"/><a:stretch><a:fillRect/>'
        '</a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/>'
        f'<a:ext cx="{side}" cy="{side}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/>'
        "</a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:anchor>"
        "</w:drawing></w:r>"
    )


def _watermark(number: int) -> str:
    return (
        f"<w:r {_NAMESPACES}><w:rPr><w:noProof/></w:rPr><w:pict>"
        '<v:shapetype id="_x0000_t136" coordsize="21600,21600" o:spt="136" adj="10800" '
        'path="m@7,l@8,m@5,21600l@6,21600e"><v:formulas><v:f eqn="sum #0 0 10800"/>'
        '<v:f eqn="prod #0 2 1"/><v:f eqn="sum 21600 0 @1"/><v:f eqn="sum 0 0 @2"/>'
        '<v:f eqn="sum 21600 0 @3"/><v:f eqn="if @0 @3 0"/><v:f eqn="if @0 21600 @1"/>'
        '<v:f eqn="if @0 0 @2"/><v:f eqn="if @0 @4 21600"/></v:formulas>'
        '<v:path textpathok="t" o:connecttype="rect"/><v:textpath on="t" fitshape="t"/>'
        '<o:lock v:ext="edit" text="t" shapetype="t"/></v:shapetype>'
        f'<v:shape id="DraftMark{number}" o:spid="_x0000_s{2048 + number}" type="#_x0000_t136" '
        'style="position:absolute;margin-left:0;margin-top:0;width:360pt;height:180pt;'
        "rotation:315;z-index:-251658752;mso-position-horizontal:center;"
        "mso-position-horizontal-relative:margin;mso-position-vertical:center;"
        'mso-position-vertical-relative:margin" o:allowincell="f" fillcolor="silver" '
        f'stroked="f"><v:fill opacity=".5"/><v:textpath style="font-family:宋体" string="{DRAFT}"/>'
        '<w10:wrap anchorx="margin" anchory="margin"/></v:shape></w:pict></w:r>'
    )


def _twips(millimetres: float) -> int:
    return round(millimetres * _TWIPS_PER_MM)
