"""What a document has that our own fill has not, and that no harmless editor adds.

Nothing here depends on who wrote the file: parts, relationships, fields, settings and legibility of
a DOCX (ISO/IEC 29500); catalogue, actions, annotations, names and attachments of a PDF (ISO 32000).
Each is named in Chinese; what an editor adds when it merely saves stands in the closed lists below.
"""

import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import pikepdf

from formsvc.documents.proof.carriage import NAMESPACE, xml
from formsvc.documents.proof.legibility import illegible
from formsvc.errors import UnreadableDocument


def _words(text: str, before: str = "") -> frozenset[str]:
    return frozenset(before + word for word in text.split())


_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PARTS: Final = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(?:app|core|custom)\.xml"
    r"|word/(?:document|styles|stylesWithEffects|settings|webSettings|fontTable|numbering)\.xml"
    r"|word/(?:footnotes|endnotes|header[0-9]*|footer[0-9]*)\.xml|word/theme/theme1\.xml"
    r"|word/(?:comments|commentsExtended|commentsIds|commentsExtensible|people)\.xml"
    r"|word/_rels/(?:document|header[0-9]*|footer[0-9]*)\.xml\.rels"
    r"|customXml/item(?:Props)?[0-9]+\.xml|customXml/_rels/item[0-9]+\.xml\.rels"
)
# What a relationship may lead to, by the last word of its type: the part that we read ourselves.
_TARGETS: Final = {
    kind: re.compile(pattern)
    for kind, pattern in {
        "officeDocument": r"word/document\.xml",
        "core-properties": r"docProps/core\.xml",
        "extended-properties": r"docProps/app\.xml",
        "custom-properties": r"docProps/custom\.xml",
        "styles": r"word/styles\.xml",
        "stylesWithEffects": r"word/stylesWithEffects\.xml",
        "settings": r"word/settings\.xml",
        "webSettings": r"word/webSettings\.xml",
        "fontTable": r"word/fontTable\.xml",
        "numbering": r"word/numbering\.xml",
        "theme": r"word/theme/theme1\.xml",
        "footnotes": r"word/footnotes\.xml",
        "endnotes": r"word/endnotes\.xml",
        "comments": r"word/comments\.xml",
        "commentsExtended": r"word/commentsExtended\.xml",
        "commentsIds": r"word/commentsIds\.xml",
        "commentsExtensible": r"word/commentsExtensible\.xml",
        "people": r"word/people\.xml",
        "header": r"word/header[0-9]*\.xml",
        "footer": r"word/footer[0-9]*\.xml",
        "image": r"word/media/[^/]+",
        "customXml": r"customXml/item[0-9]+\.xml",
        "customXmlProps": r"customXml/itemProps[0-9]+\.xml",
    }.items()
}
_STORY: Final = re.compile(
    r"word/(?:document|header[0-9]*|footer[0-9]*|footnotes|endnotes|comments)\.xml"
)
_MAIN: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
# What Word, WPS and LibreOffice put into a text when they save it.
_HARMLESS_TAGS: Final = _words(
    """
    bookmarkStart bookmarkEnd sizeRelH sizeRelV pctWidth pctHeight extLst ext useLocalDpi
    proofErr lastRenderedPageBreak noProof lang rFonts kern bCs iCs
    szCs sz color shd snapToGrid widowControl kinsoku overflowPunct topLinePunct autoSpaceDE
    autoSpaceDN adjustRightInd wordWrap textAlignment outlineLvl docGrid cols type formProt
    textDirection pgNumType start end left right top bottom suppressAutoHyphens
    suppressLineNumbers bidi tblLook tblLayout tblInd tblW tblCellMar tblBorders insideH
    insideV cnfStyle titlePg footnotePr endnotePr paperSrc rtl cs spacing ind jc pStyle rStyle
    keepNext keepLines pageBreakBefore contextualSpacing mirrorIndents pBdr pPr rPr tabs tab
    tcPr tcW tcBorders tcMar trPr vAlign hideMark cantSplit tblHeader fldChar instrText
    graphicFrameLocks picLocks footnote endnote separator continuationSeparator footnotes endnotes
    comments comment annotationRef sdt sdtPr sdtEndPr sdtContent alias tag id placeholder docPart
    appearance
    """
)
_HARMLESS_SETTINGS: Final = _words(
    """
    settings zoom proofState defaultTabStop autoHyphenation evenAndOddHeaders
    bordersDoNotSurroundHeader bordersDoNotSurroundFooter characterSpacingControl compat
    compatSetting rsids rsidRoot rsid mathPr mathFont brkBin brkBinSub smallFrac dispDef
    lMargin rMargin defJc wrapIndent wrapRight intLim naryLim themeFontLang clrSchemeMapping
    decimalSymbol listSeparator shapeDefaults shapedefaults shapelayout idmap hdrShapeDefaults
    footnotePr endnotePr footnote endnote drawingGridHorizontalSpacing
    drawingGridVerticalSpacing displayHorizontalDrawingGridEvery
    displayVerticalDrawingGridEvery doNotExpandShiftReturn spaceForUL
    balanceSingleByteDoubleByteWidth doNotLeaveBackslashAlone ulTrailSpace
    adjustLineHeightInTable useFELayout hideSpellingErrors hideGrammaticalErrors
    doNotTrackMoves doNotTrackFormatting embedSystemFonts saveSubsetFonts
    doNotUseIndentAsNumberingTabStop doNotDisplayPageBoundaries noPunctuationKerning
    removePersonalInformation chartTrackingRefBased docId doNotShadeFormData noLineBreaksAfter
    noLineBreaksBefore savePreviewPicture doNotValidateAgainstSchema doNotDemarcateInvalidXml
    view stylePaneFormatFilter splitPgBreakAndParaMark allowSpaceOfSameStyleInTable
    compatSettings alwaysMergeEmptyNamespace mirrorMargins gutterAtTop doNotEmbedSmartTags
    activeWritingStyle defaultTableStyle documentType
    """
)
_SYMBOL_FONTS: Final = re.compile(r"wingdings|webdings|symbol|dingbat", re.IGNORECASE)

# PDF
_ACTIONS: Final = _words(
    """
    JavaScript Launch URI SubmitForm ResetForm ImportData GoTo GoToR GoToE GoTo3DView
    Rendition Movie Sound RichMediaExecute Hide Named SetOCGState Thread Trans
    """,
    "/",
)
_TRIGGERS: Final = ("/OpenAction", "/AA", "/JS", "/XFA", "/OCProperties", "/RichMediaContent")
_HARMLESS_CATALOGUE: Final = _words(
    """
    Type Pages Version Extensions Metadata Lang AcroForm DSS Perms PageMode PageLayout
    ViewerPreferences MarkInfo StructTreeRoot OutputIntents Names AF PageLabels
    """,
    "/",
)
_HARMLESS_PAGE: Final = _words(
    """
    Type Parent Contents Resources MediaBox CropBox BleedBox TrimBox ArtBox Rotate Annots Tabs
    StructParents Group Metadata PieceInfo LastModified UserUnit
    """,
    "/",
)
_DEEPEST: Final = 64

Things = Counter[str]
Members = Mapping[str, bytes]


def foreign_in_docx(expected: Members, found: Members) -> tuple[str, ...]:
    """Chinese names of what a DOCX has more than our own fill; () for nothing.

    UnreadableDocument when it cannot be read.
    """
    return tuple(sorted(_in_docx(found) - _in_docx(expected)))


def foreign_in_pdf(expected: bytes, found: bytes) -> tuple[str, ...]:
    """Chinese names of what a PDF has more than our own fill, but not of notes, which stand
    somewhere; () for nothing. UnreadableDocument when it cannot be read."""
    return tuple(sorted(_in_pdf(found) - _in_pdf(expected)))


def is_look(thing: str) -> bool:
    """Whether a foreign thing only changes how a text looks, and leaves it to be read."""
    kind, _, name = thing.partition(" ")
    if kind == "底色":
        return name in _LIGHT or bool(_LIGHT_FILL.fullmatch(name))
    if kind == "页面大小":
        return all(int(side) >= _LEAST_PAGE for side in name.split() if side.isdecimal())
    return kind == "内容" and name in _LOOKS


_LOOKS: Final = _words(
    """
    b i u em emboss imprint outline shadow smallCaps caps vertAlign position w fitText highlight
    color ins del rPrChange pPrChange tcPrChange trPrChange tblPrChange sectPrChange delText
    commentRangeStart commentRangeEnd commentReference
    """
)
_LIGHT: Final = frozenset({"yellow", "green", "cyan", "magenta", "lightGray", "white"})
_LIGHT_FILL: Final = re.compile("[89A-Fa-f][0-9A-Fa-f][89A-Fa-f][0-9A-Fa-f][89A-Fa-f][0-9A-Fa-f]")
_LEAST_PAGE: Final = 9_000  # twips; the shorter side of A4 has 11,906


# DOCX


def _in_docx(members: Members) -> Things:
    things: Things = Counter()
    for name, content in members.items():
        if name.startswith("word/media/"):
            things[f"图片 {hashlib.sha256(content).hexdigest()[:16]}"] = 1
        elif not _PARTS.fullmatch(name):
            things[f"部分 {name}"] += 1
        if name.startswith("customXml/") and NAMESPACE.encode() in content and "Props" not in name:
            things["填报数据"] += 1
    roots = {name: xml(content) for name, content in members.items() if _is_xml(name)}
    things.update(_links(roots))
    things.update(_types(roots))
    things.update(_settings(roots))
    # How often one of these stands in a text depends on the editor; that it does, is ours or not.
    things.update(set(_in_stories(roots)))
    things.update(illegible(roots))
    return things


def _is_xml(name: str) -> bool:
    return name.endswith((".xml", ".rels")) and bool(_PARTS.fullmatch(name))


def _tag(node: Any) -> str:
    return str(node.tag).rpartition("}")[2] if isinstance(node.tag, str) else ""


def _links(roots: Mapping[str, Any]) -> Iterator[str]:
    """Relationships that lead out of the file, or anywhere but to the part that we read."""
    for name, root in roots.items():
        if not name.endswith(".rels"):
            continue
        folder = name.replace("_rels/", "").rpartition("/")[0]
        for link in root:
            kind = link.get("Type", "").rpartition("/")[2]
            target = _target(folder, link.get("Target", ""))
            wanted = _TARGETS.get(kind)
            inside = link.get("TargetMode", "Internal") == "Internal"
            if not (inside and wanted and wanted.fullmatch(target)):
                yield f"链接 {kind}"


def _target(folder: str, target: str) -> str:
    """The part that a relationship in a folder names, by its whole name."""
    if target.startswith("/"):
        return target[1:]
    parts = folder.split("/") if folder else []
    for part in target.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _types(roots: Mapping[str, Any]) -> Iterator[str]:
    """Parts said to be what their names do not say: macros, objects, another body."""
    for entry in roots.get("[Content_Types].xml", ()):
        kind, part = entry.get("ContentType", ""), entry.get("PartName", "")
        is_body = part == "/word/document.xml"
        if is_body != (kind == _MAIN) or not re.fullmatch(
            r"image/[a-z+]+|application/(?:xml|vnd\.openxmlformats-[a-zA-Z.+-]+|inkml\+xml)", kind
        ):
            yield f"类型 {kind}"


def _settings(roots: Mapping[str, Any]) -> Iterator[str]:
    for name in ("word/settings.xml", "word/webSettings.xml"):
        known = _HARMLESS_SETTINGS if name == "word/settings.xml" else _HARMLESS_WEB
        for node in roots[name].iter() if name in roots else ():
            if _tag(node) and _tag(node) not in known:
                yield f"设置 {_tag(node)}"


_HARMLESS_WEB: Final = _words(
    """
    webSettings optimizeForBrowser allowPNG relyOnVML doNotRelyOnCSS doNotSaveAsSingleFile
    doNotUseLongFileNames encoding targetScreenSz pixelsPerInch divs div bodyDiv marLeft
    marRight marTop marBottom divBdr top left bottom right divsChild
    """
)


def _in_stories(roots: Mapping[str, Any]) -> Iterator[str]:
    """Fields, elements and looks in body, headers, footers and notes."""
    for name, root in roots.items():
        if name == "word/styles.xml":
            yield from (f"样式 {_tag(node)}" for node in root.iter(f"{_W}numPr", f"{_W}framePr"))
        if not _STORY.fullmatch(name):
            continue
        for node in root.iter():
            tag = _tag(node)
            if tag == "instrText":
                yield f"域 {_instruction(node.text)}"
            elif tag == "fldSimple":
                yield f"域 {_instruction(node.get(f'{_W}instr'))}"
            elif tag and tag not in _HARMLESS_TAGS:
                yield f"内容 {tag}"
            yield from _looks(tag, node)


def _instruction(text: str | None) -> str:
    return " ".join((text or "").upper().replace("\\* MERGEFORMAT", "").split())[:60]


def _looks(tag: str, node: Any) -> Iterator[str]:
    """What hides a text without being a property of it."""

    def value(name: str) -> str:
        return str(node.get(f"{_W}{name}", ""))

    if tag in ("shd", "highlight") and (value("fill") or value("val")).lower() not in _CLEAR:
        yield f"底色 {value('fill') or value('val')}"
    elif tag == "pgSz":
        yield f"页面大小 {value('w')} {value('h')}"
    elif tag == "trHeight" and value("hRule") == "exact":
        yield f"行高 {value('val')}"
    elif tag == "rFonts" and _SYMBOL_FONTS.search(" ".join(node.attrib.values())):
        yield "符号字体"


_CLEAR: Final = frozenset({"", "auto", "ffffff", "clear", "nil", "none"})


# PDF


def _in_pdf(raw: bytes) -> Things:
    things: Things = Counter()
    if not raw.startswith(b"%PDF-") or b"%%EOF" not in raw[-_TAIL:]:
        things["PDF 之外的内容"] += 1
    try:
        with pikepdf.open(io.BytesIO(raw)) as pdf:
            things.update(f"目录项 {key}" for key in _keys(pdf.Root) - _HARMLESS_CATALOGUE)
            names = pdf.Root.get("/Names", pikepdf.Dictionary())
            things.update(f"名称 {key}" for key in _keys(names))
            for page in pdf.pages:
                things.update(f"页面项 {key}" for key in _keys(page.obj) - _HARMLESS_PAGE)
            for node in _dictionaries(pdf.objects):
                things.update(_of_dictionary(node))
    except (
        pikepdf.PdfError, AttributeError, TypeError, ValueError, KeyError, RecursionError,
    ) as error:  # fmt: skip
        raise UnreadableDocument("PDF 已损坏，无法读取。") from error
    return things


_TAIL: Final = 64


def _keys(node: Any) -> set[str]:
    return set(node.keys())


def _dictionaries(objects: Iterable[Any]) -> Iterator[Any]:
    """Every dictionary of a file once: the indirect ones, and those that stand inside them."""
    for each in objects:
        level = [(each, 0)]
        while level:
            node, depth = level.pop()
            if depth > _DEEPEST:
                raise ValueError("depth")
            if isinstance(node, pikepdf.Dictionary | pikepdf.Stream):
                yield node
                inside: Iterable[Any] = (value for _, value in node.items())
            elif isinstance(node, pikepdf.Array):
                inside = node
            else:
                continue
            level += [
                (child, depth + 1)
                for child in inside
                if isinstance(child, pikepdf.Object) and not child.is_indirect
            ]


def _of_dictionary(node: Any) -> Iterator[str]:
    """Actions, attachments, notes and fields; a signature, added later, is allowed."""
    yield from (f"动作 {key}" for key in _TRIGGERS if key in node)
    if str(node.get("/S")) in _ACTIONS:
        yield f"动作 {node.get('/S')}"
    if "/EF" in node:
        yield f"附件 {node.get('/UF', node.get('/F', ''))}"
    if node.get("/Type") == pikepdf.Name.EmbeddedFile:
        yield "附件内容"
    if _is_seal(node):
        return
    if "/FT" in node:
        yield f"表单域 {node.get('/FT')}"


def _is_seal(node: Any) -> bool:
    """Whether a field or its widget is for a signature."""
    parent = node.get("/Parent", None)
    inherited = parent.get("/FT") if isinstance(parent, pikepdf.Dictionary) else None
    return bool(node.get("/FT", inherited) == pikepdf.Name.Sig)
